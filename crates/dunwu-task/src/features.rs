//! Functions on tokens, split into the parts that a network can learn one by one.

use crate::error::TaskError;
use crate::group::Group;
use crate::irreps::{Kind, irreps};
use std::f64::consts::TAU;
use std::ops::Range;

/// The real isotypic decomposition of functions on the tokens.
///
/// A complex irreducible representation and its conjugate count as one feature. The rows of `basis`
/// are orthonormal; those in `ranges[k]` span feature k.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Number of tokens M, the length of a function.
    pub tokens: usize,
    /// Name of each feature, such as `k=3`, `(1,2)`, `sign`, `standard`.
    pub names: Vec<String>,
    /// Dimension d of its irreducible representation.
    pub dims: Vec<usize>,
    /// Type of its irreducible representation.
    pub kinds: Vec<Kind>,
    /// Rows of `basis` that span it.
    pub ranges: Vec<Range<usize>>,
    /// M × M, row-major.
    pub basis: Vec<f64>,
}

impl Features {
    /// Feature by feature ‖Π_k w‖², the parts of ‖w‖².
    ///
    /// ```
    /// use dunwu_task::{NO_FILES, Options, Task};
    /// let task = Task::parse("Z5", &Options::default(), NO_FILES).unwrap();
    /// let features = task.features().unwrap();
    /// let wave: Vec<f64> = (0..5).map(|i| (std::f64::consts::TAU * 2.0 * i as f64 / 5.0).cos()).collect();
    /// assert_eq!(features.names, ["k=0", "k=1", "k=2"]);
    /// assert!(features.masses(&wave)[..2].iter().all(|m| *m < 1e-12));
    /// ```
    pub fn masses(&self, w: &[f64]) -> Vec<f64> {
        let mass = |row: usize| {
            let line = &self.basis[row * self.tokens..(row + 1) * self.tokens];
            line.iter().zip(w).map(|(b, x)| b * x).sum::<f64>().powi(2)
        };
        self.ranges
            .iter()
            .map(|rows| rows.clone().map(mass).sum())
            .collect()
    }

    /// Index of the constant function's feature.
    pub fn trivial(&self) -> usize {
        self.names
            .iter()
            .position(|n| n == "trivial" || n.trim_matches(|c| "k=(0,)".contains(c)).is_empty())
            .expect("constants are a feature of every decomposition")
    }

    /// Features of functions on a group.
    pub(crate) fn of_group(group: &Group) -> Result<Self, TaskError> {
        match group.cyclic_factors() {
            Some(orders) => Ok(Self::of_cyclic(orders)),
            None => Self::of_characters(group),
        }
    }

    /// Fourier modes on a product of cyclic groups, the last varying fastest: cos and sin of each frequency.
    pub(crate) fn of_cyclic(orders: &[usize]) -> Self {
        let tokens: usize = orders.iter().product();
        let mut features = Self::empty(tokens);
        for k in 0..tokens {
            let frequency = digits(k, orders);
            let conjugate = frequency
                .iter()
                .zip(orders)
                .fold(0, |i, (f, n)| i * n + (n - f) % n);
            if conjugate < k {
                continue;
            }
            let angle = |token: usize| {
                let parts = digits(token, orders);
                // Whole turns are dropped in integers, so that the angle is exact to rounding.
                let turns = parts
                    .iter()
                    .zip(&frequency)
                    .zip(orders)
                    .map(|((x, f), n)| ((x * f) % n) as f64 / *n as f64);
                TAU * turns.sum::<f64>()
            };
            let real = conjugate == k;
            let scale = if real { 1.0 } else { 2f64.sqrt() } / (tokens as f64).sqrt();
            let mut rows: Vec<Vec<f64>> =
                vec![(0..tokens).map(|x| scale * angle(x).cos()).collect()];
            if !real {
                rows.push((0..tokens).map(|x| scale * angle(x).sin()).collect());
            }
            let words: Vec<String> = frequency.iter().map(usize::to_string).collect();
            let name = if orders.len() == 1 {
                format!("k={k}")
            } else {
                format!("({})", words.join(","))
            };
            features.push(name, 1, if real { Kind::Real } else { Kind::Complex }, rows);
        }
        features
    }

    fn of_characters(group: &Group) -> Result<Self, TaskError> {
        let n = group.order();
        let all = irreps(group)?;
        let mut features = Self::empty(n);
        for (i, irrep) in all.iter().enumerate() {
            let conjugates = |other: &crate::Irrep| {
                other
                    .character
                    .iter()
                    .zip(&irrep.character)
                    .all(|(a, b)| (a.0 - b.0).abs() + (a.1 + b.1).abs() < 1e-5)
            };
            if irrep.kind == Kind::Complex && all[..i].iter().any(conjugates) {
                continue;
            }
            let twice = if irrep.kind == Kind::Complex {
                2.0
            } else {
                1.0
            };
            let scale = twice * irrep.dim as f64 / n as f64;
            // Π(h, h') = (d/M) Re χ(h⁻¹h'), twice for a pair of conjugates.
            let column = |h: usize| -> Vec<f64> {
                (0..n)
                    .map(|x| scale * irrep.character[group.mul(group.inverse(h), x)].0)
                    .collect()
            };
            let rank = irrep.dim * irrep.dim * twice as usize;
            features.push(
                irrep.name.clone(),
                irrep.dim,
                irrep.kind,
                orthonormal((0..n).map(column), rank),
            );
        }
        Ok(features)
    }

    /// Multiplicative characters of the integers mod a prime, with the indicator of 0 apart.
    pub(crate) fn multiplicative(p: usize) -> Self {
        let order = p - 1;
        let root = (1..p)
            .find(|g| (1..order).all(|e| crate::build::power_mod(*g, e, p) != 1))
            .expect("a prime has a primitive root");
        let mut logarithm = vec![0; p];
        (0..order).fold(1, |x, e| {
            logarithm[x] = e;
            x * root % p
        });
        let cyclic = Self::of_cyclic(&[order]);
        let mut features = Self::empty(p);
        let mut zero = vec![0.0; p];
        zero[0] = 1.0;
        for (k, rows) in cyclic.ranges.iter().enumerate() {
            let spread = |row: usize| -> Vec<f64> {
                (0..p)
                    .map(|x| {
                        if x == 0 {
                            0.0
                        } else {
                            cyclic.basis[row * order + logarithm[x]]
                        }
                    })
                    .collect()
            };
            features.push(
                cyclic.names[k].clone(),
                1,
                cyclic.kinds[k],
                rows.clone().map(spread).collect(),
            );
        }
        features.push("zero".into(), 1, Kind::Real, vec![zero]);
        features
    }

    fn empty(tokens: usize) -> Self {
        Self {
            tokens,
            names: vec![],
            dims: vec![],
            kinds: vec![],
            ranges: vec![],
            basis: vec![],
        }
    }

    fn push(&mut self, name: String, dim: usize, kind: Kind, rows: Vec<Vec<f64>>) {
        let first = self.basis.len() / self.tokens;
        self.ranges.push(first..first + rows.len());
        self.names.push(name);
        self.dims.push(dim);
        self.kinds.push(kind);
        rows.iter()
            .for_each(|row| self.basis.extend_from_slice(row));
    }
}

/// The number in mixed radix, most significant first.
fn digits(mut i: usize, orders: &[usize]) -> Vec<usize> {
    let mut out = vec![0; orders.len()];
    for (digit, n) in out.iter_mut().zip(orders).rev() {
        (*digit, i) = (i % n, i / n);
    }
    out
}

/// Orthonormal basis of the span of `columns`, of known rank, by Gram–Schmidt done twice.
fn orthonormal(columns: impl Iterator<Item = Vec<f64>>, rank: usize) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(rank);
    for mut column in columns {
        if basis.len() == rank {
            break;
        }
        let before = norm(&column);
        for _ in 0..2 {
            for b in &basis {
                let along: f64 = b.iter().zip(&column).map(|(x, y)| x * y).sum();
                column.iter_mut().zip(b).for_each(|(x, y)| *x -= along * y);
            }
        }
        let left = norm(&column);
        if left > 1e-6 * before {
            column.iter_mut().for_each(|x| *x /= left);
            basis.push(column);
        }
    }
    basis
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}
