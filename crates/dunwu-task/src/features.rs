//! Functions on tokens, split into the parts that a network can learn one by one.

use crate::abelian::Coordinates;
use crate::error::TaskError;
use crate::group::Group;
use crate::irreps::{Irrep, Kind, irreps};
use crate::number::{digits, primitive_root, undigits};
use std::f64::consts::SQRT_2;
use std::ops::Range;

/// The real isotypic decomposition of functions on the tokens.
///
/// A complex irreducible representation and its conjugate count as one feature. The rows of `basis`
/// are orthonormal; those in `ranges[k]` span feature k, so that Π_k = Σ b bᵀ over them is
/// (d/M) Σ_g χ̄_k(g) R_g, plus its conjugate for a complex pair.
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
    /// Feature by feature ‖Π_k w‖², the parts of ‖w‖², of a function w on the tokens.
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

    /// Π_k w, the part of a function w on the tokens in feature k, a function on the tokens.
    ///
    /// # Panics
    /// If there is no feature k or `w` has another length than M.
    ///
    /// ```
    /// use dunwu_task::{NO_FILES, Options, Task};
    /// let task = Task::parse("Z4", &Options::default(), NO_FILES).unwrap();
    /// let mean = task.features().unwrap().project(0, &[1.0, 2.0, 3.0, 6.0]);
    /// assert!(mean.iter().all(|x| (x - 3.0).abs() < 1e-12));
    /// ```
    pub fn project(&self, k: usize, w: &[f64]) -> Vec<f64> {
        assert_eq!(w.len(), self.tokens, "a function has a value per token");
        let mut part = vec![0.0; self.tokens];
        for row in self.ranges[k].clone() {
            let line = &self.basis[row * self.tokens..(row + 1) * self.tokens];
            let along: f64 = line.iter().zip(w).map(|(b, x)| b * x).sum();
            part.iter_mut().zip(line).for_each(|(p, b)| *p += along * b);
        }
        part
    }

    /// Index of the feature of the constant function (multiplicative: constant off 0), the first.
    pub fn trivial(&self) -> usize {
        0
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none; there never is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Features of functions on a group.
    ///
    /// # Errors
    /// Those of [`irreps`].
    pub(crate) fn of_group(group: &Group) -> Result<Self, TaskError> {
        match Coordinates::of(group) {
            Some(coordinates) => Ok(Self::of_abelian(&coordinates)),
            None => Self::of_irreps(group),
        }
    }

    /// Fourier modes on Z_n.
    pub(crate) fn of_cyclic(n: usize) -> Self {
        Self::of_abelian(&Coordinates::written(vec![n]))
    }

    /// cos and sin of each frequency, a frequency and its negative being one feature.
    fn of_abelian(coordinates: &Coordinates) -> Self {
        let orders = &coordinates.orders;
        let tokens = coordinates.positions.len();
        let mut features = Self::empty(tokens);
        for k in 0..tokens {
            let frequency = digits(k, orders);
            let negative = frequency.iter().zip(orders).map(|(f, n)| (n - f) % n);
            let conjugate = undigits(negative, orders);
            if conjugate < k {
                continue;
            }
            let angles = coordinates.angles(&frequency);
            let wave = |f: fn(f64) -> f64, scale: f64| {
                angles
                    .iter()
                    .map(|a| scale / (tokens as f64).sqrt() * f(*a))
                    .collect()
            };
            let (kind, rows) = if conjugate == k {
                (Kind::Real, vec![wave(f64::cos, 1.0)])
            } else {
                (
                    Kind::Complex,
                    vec![wave(f64::cos, SQRT_2), wave(f64::sin, SQRT_2)],
                )
            };
            features.push(coordinates.name(&frequency), 1, kind, rows);
        }
        features
    }

    fn of_irreps(group: &Group) -> Result<Self, TaskError> {
        let all = irreps(group)?;
        let mut features = Self::empty(group.order());
        for (i, irrep) in all.iter().enumerate() {
            let is_complex = irrep.kind == Kind::Complex;
            if is_complex && all[..i].iter().any(|earlier| irrep.is_conjugate(earlier)) {
                continue;
            }
            let rank = irrep.dim * irrep.dim * if is_complex { 2 } else { 1 };
            let rows = orthonormal(rank, group.order(), |h| projector_column(group, irrep, h));
            features.push(irrep.name.clone(), irrep.dim, irrep.kind, rows);
        }
        Ok(features)
    }

    /// Multiplicative characters of the integers mod a prime, with the indicator of 0 apart.
    pub(crate) fn multiplicative(p: usize) -> Self {
        let (order, root) = (p - 1, primitive_root(p));
        let mut logarithm = vec![0; p];
        (0..order).fold(1, |x, e| {
            logarithm[x] = e;
            x * root % p
        });
        let cyclic = Self::of_cyclic(order);
        let mut features = Self::empty(p);
        for (k, rows) in cyclic.ranges.iter().enumerate() {
            let spread = |row: usize| {
                let off_zero = (1..p).map(|x| cyclic.basis[row * order + logarithm[x]]);
                std::iter::once(0.0).chain(off_zero).collect()
            };
            let rows = rows.clone().map(spread).collect();
            features.push(cyclic.names[k].clone(), 1, cyclic.kinds[k], rows);
        }
        let zero = (0..p).map(|x| if x == 0 { 1.0 } else { 0.0 }).collect();
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

/// Column h of Π, x ↦ (d/M) Re χ(h⁻¹x), twice that for a pair of conjugates.
fn projector_column(group: &Group, irrep: &Irrep, h: usize) -> Vec<f64> {
    let pair = if irrep.kind == Kind::Complex {
        2.0
    } else {
        1.0
    };
    let scale = pair * irrep.dim as f64 / group.order() as f64;
    let inverse = group.inverse(h);
    (0..group.order())
        .map(|x| scale * irrep.character[group.mul(inverse, x)].0)
        .collect()
}

/// Shares of a column that must be new, from strict to lax: lax ones only where strict ones fail.
const NEW: [f64; 3] = [0.3, 1e-2, 1e-5];

/// Orthonormal basis of the span of n columns, of known rank, by Gram–Schmidt done twice.
pub(crate) fn orthonormal(
    rank: usize,
    n: usize,
    column: impl Fn(usize) -> Vec<f64>,
) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(rank);
    for (share, j) in NEW
        .into_iter()
        .flat_map(|share| (0..n).map(move |j| (share, j)))
    {
        if basis.len() == rank {
            break;
        }
        let mut new = column(j);
        let before = norm(&new);
        remove(&basis, &mut new);
        if norm(&new) > share * before {
            remove(&basis, &mut new);
            let left = norm(&new);
            new.iter_mut().for_each(|x| *x /= left);
            basis.push(new);
        }
    }
    assert_eq!(
        basis.len(),
        rank,
        "the columns of a projector span a space of its rank"
    );
    basis
}

fn remove(basis: &[Vec<f64>], x: &mut [f64]) {
    for b in basis {
        let along: f64 = b.iter().zip(&*x).map(|(p, q)| p * q).sum();
        x.iter_mut().zip(b).for_each(|(p, q)| *p -= along * q);
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}
