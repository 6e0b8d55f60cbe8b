//! Representations of a group as linear maps on functions of a token.

use super::network::complex_matrix;
use dunwu_task::{Features, Group, Irrep, Kind, irreps};
use faer::{Mat, c64};
use serde::Serialize;

/// Type of an irreducible representation, for JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Frobenius–Schur indicator +1.
    Real,
    /// Indicator 0: a pair of conjugates is one feature.
    Complex,
    /// Indicator −1.
    Quaternionic,
}

impl Type {
    /// As text and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Type::Real => "real",
            Type::Complex => "complex",
            Type::Quaternionic => "quaternionic",
        }
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Real => Type::Real,
            Kind::Complex => Type::Complex,
            Kind::Quaternionic => Type::Quaternionic,
        }
    }
}

/// The part of a function in a one-dimensional feature, `amplitude · cos(arg χ(g) + phase)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Wave {
    /// In units of the function, never negative.
    pub amplitude: f64,
    /// In (−π, π]; 0 or π for a real character.
    pub phase: f64,
}

/// What is needed of the representations, computed once for a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Transforms {
    /// Number of tokens M.
    pub tokens: usize,
    pub(crate) parts: Vec<Part>,
}

/// One feature.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) dim: usize,
    pub(crate) kind: Type,
    /// Re and Im of the character of a one-dimensional feature; 0 on tokens outside it.
    wave: Option<(Vec<f64>, Vec<f64>)>,
    /// D(g), g by g, row-major; empty if d = 1 or without a group.
    matrices: Vec<c64>,
    /// χ(g); empty without a group.
    pub(crate) character: Vec<(f64, f64)>,
}

impl Transforms {
    /// Those of a task; without a group only one-dimensional features have a transform.
    pub fn of(group: Option<&Group>, features: &Features) -> Self {
        let all = group.and_then(|g| irreps(g).ok()).unwrap_or_default();
        let part = |k: usize| {
            let irrep = all.iter().find(|i| i.name == features.names[k]);
            match (group, irrep) {
                (Some(group), Some(irrep)) => Part::of_irrep(group, irrep),
                _ => Part::of_basis(features, k),
            }
        };
        Self {
            tokens: features.tokens,
            parts: (0..features.len()).map(part).collect(),
        }
    }

    /// The part of w in a one-dimensional feature; None for others.
    pub fn wave(&self, feature: usize, w: &[f64]) -> Option<Wave> {
        let (cos, sin) = self.parts[feature].wave.as_ref()?;
        let along = |wave: &[f64]| {
            let length: f64 = wave.iter().map(|x| x * x).sum();
            let inner: f64 = wave.iter().zip(w).map(|(x, y)| x * y).sum();
            if length > 1e-9 { inner / length } else { 0.0 }
        };
        let (even, odd) = (along(cos), along(sin));
        Some(Wave {
            amplitude: even.hypot(odd),
            phase: libm::atan2(0.0 - odd, even),
        })
    }

    /// `Û = Σ_g w(g) D(g)`, d × d; None without a group or for d = 1.
    ///
    /// ‖Π_k w‖² = (d/M) ‖Û‖_F², twice that for a complex pair.
    pub fn matrix(&self, feature: usize, w: &[f64]) -> Option<Mat<c64>> {
        let part = &self.parts[feature];
        let size = part.dim * part.dim;
        if part.matrices.is_empty() {
            return None;
        }
        let mut sum = vec![c64::new(0.0, 0.0); size];
        for (x, d) in w.iter().zip(part.matrices.chunks_exact(size)) {
            sum.iter_mut().zip(d).for_each(|(s, z)| *s += z * *x);
        }
        Some(complex_matrix(part.dim, |i, j| sum[i * part.dim + j]))
    }

    /// Number of singular values that a node uses: 1, or 2 for a quaternionic feature.
    pub(crate) fn rank(&self, feature: usize) -> usize {
        match self.parts[feature].kind {
            Type::Quaternionic => 2,
            _ => 1,
        }
    }
}

impl Part {
    fn of_irrep(group: &Group, irrep: &Irrep) -> Self {
        let matrices = |g| {
            irrep
                .matrix(group, g)
                .into_iter()
                .map(|(x, y)| c64::new(x, y))
        };
        let is_wave = irrep.dim == 1;
        let pick = |f: fn(&(f64, f64)) -> f64| irrep.character.iter().map(f).collect();
        Self {
            name: irrep.name.clone(),
            dim: irrep.dim,
            kind: irrep.kind.into(),
            wave: is_wave.then(|| (pick(|z| z.0), pick(|z| z.1))),
            matrices: match is_wave {
                true => Vec::new(),
                false => (0..group.order()).flat_map(matrices).collect(),
            },
            character: irrep.character.clone(),
        }
    }

    /// Without a group the rows of the basis are the cosine and the sine, scaled.
    fn of_basis(features: &Features, k: usize) -> Self {
        let row = |i: usize| &features.basis[i * features.tokens..(i + 1) * features.tokens];
        let rows: Vec<&[f64]> = features.ranges[k].clone().map(row).collect();
        let wave = match rows.as_slice() {
            [cos] => scaled(cos, &vec![0.0; features.tokens]),
            [cos, sin] if features.dims[k] == 1 => scaled(cos, sin),
            _ => None,
        };
        Self {
            name: features.names[k].clone(),
            dim: features.dims[k],
            kind: features.kinds[k].into(),
            wave,
            matrices: Vec::new(),
            character: Vec::new(),
        }
    }
}

/// The two waves as real and imaginary parts of numbers of modulus 1 or 0; None if they are not.
fn scaled(cos: &[f64], sin: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let length = |(x, y): (&f64, &f64)| x.hypot(*y);
    let most = cos.iter().zip(sin).map(length).fold(0.0, f64::max);
    let mut pairs = cos.iter().zip(sin).map(length);
    let is_wave = pairs.all(|l| l < 1e-9 * most || (l - most).abs() < 1e-6 * most);
    let scale = |wave: &[f64]| wave.iter().map(|x| x / most).collect();
    is_wave.then(|| (scale(cos), scale(sin)))
}
