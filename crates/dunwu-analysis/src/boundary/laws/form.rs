//! Candidate laws of the border across sizes.

use super::Point;

/// A candidate: ln p(M) = shape(M) + level − slope · ln(M/31), level and slope fitted where free.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Name, as recorded.
    pub name: &'static str,
    /// As it is written, c and a the free numbers.
    pub formula: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Log of the law with c = 1 and a = 0.
    shape: fn(&Point) -> f64,
    /// Whether c is free.
    pub(super) level: bool,
    /// What a is expected to be, give or take 0.5, where it is free.
    pub(super) slope: Option<f64>,
}

/// Every candidate, sorted by name.
pub const ALL: &[Form] = &[
    Form {
        name: "constant",
        formula: "c",
        source: "nothing depends on the size",
        shape: |_| 0.0,
        level: true,
        slope: None,
    },
    Form {
        name: "cube root",
        formula: "c·M^(−1/3)",
        source: "n ∝ M^(5/3), arXiv 2407.12332",
        shape: |p| -libm::log(p.size) / 3.0,
        level: true,
        slope: None,
    },
    Form {
        name: "inverse",
        formula: "c/M",
        source: "n ∝ M: as many rows a token at every size",
        shape: |p| -libm::log(p.size),
        level: true,
        slope: None,
    },
    Form {
        name: "log",
        formula: "c·f·log M/M",
        source: "n ∝ f·M·log M, Theorem 4 of arXiv 2509.21519",
        shape: |p| libm::log(p.factor * libm::log(p.size) / p.size),
        level: true,
        slope: None,
    },
    Form {
        name: "power",
        formula: "c·M^(−a)",
        source: "any power",
        shape: |_| 0.0,
        level: true,
        slope: Some(0.5),
    },
    Form {
        name: "power log",
        formula: "c·f·log M·M^(−a)",
        source: "any power, with the logarithm of collecting every token",
        shape: |p| libm::log(p.factor * libm::log(p.size)),
        level: true,
        slope: Some(1.0),
    },
    Form {
        name: "root",
        formula: "c·√(1/M)",
        source: "n ∝ M^(3/2)",
        shape: |p| -0.5 * libm::log(p.size),
        level: true,
        slope: None,
    },
    Form {
        name: "root of 2",
        formula: "√(2/M)",
        source: "where the cross-term energy of a memorised pair is that of a Fourier feature; nothing is fitted",
        shape: |p| 0.5 * libm::log(2.0 / p.size),
        level: false,
        slope: None,
    },
];

impl Form {
    /// The candidate of that name.
    pub fn of(name: &str) -> Option<&'static Form> {
        ALL.iter().find(|f| f.name == name)
    }

    /// Log of the law with c = 1 and a = 0.
    pub(super) fn shape(&self, point: &Point) -> f64 {
        (self.shape)(point)
    }

    /// Number of free parameters.
    pub fn free(&self) -> usize {
        usize::from(self.level) + usize::from(self.slope.is_some())
    }
}
