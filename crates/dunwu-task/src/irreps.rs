//! Irreducible representations of any Cayley table.

use crate::abelian::Coordinates;
use crate::commutant;
use crate::error::TaskError;
use crate::group::{Family, Group};
use crate::names;
use crate::number::digits;
use crate::real::realise;
use faer::c64;

/// Type of an irreducible representation, by its Frobenius–Schur indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Indicator +1: equivalent to one over the real numbers.
    Real,
    /// Indicator 0: not equivalent to its conjugate.
    Complex,
    /// Indicator −1: equivalent to its conjugate, but to none over the real numbers.
    Quaternionic,
}

/// An irreducible representation, up to equivalence.
#[derive(Clone, Debug, PartialEq)]
pub struct Irrep {
    /// Dimension d.
    pub dim: usize,
    /// Type.
    pub kind: Kind,
    /// Name, such as `trivial`, `sign`, `standard`, `k=3`, `[3,1,1]`, `d=2 #1`.
    pub name: String,
    /// χ(g) as (real, imaginary), by element, to a few units of the last place; parts that are whole
    /// or half whole are exact.
    pub character: Vec<(f64, f64)>,
    /// Orthonormal functions on the group, column by column, whose span right translations keep;
    /// empty for d = 1, real for the real type.
    pub(crate) space: Vec<c64>,
}

/// Values of a character, by element.
pub(crate) type Character = Vec<(f64, f64)>;

/// Largest order whose representations are found numerically: half a second at 720, up to 8 at 1400.
pub(crate) const MOST: usize = 1500;

impl Irrep {
    pub(crate) fn new(group: &Group, character: Character, space: Vec<c64>) -> Self {
        let e = group.identity().expect("a group has a neutral element");
        let dim = character[e].0.round() as usize;
        let kind = kind(group, &character);
        let space = match kind {
            Kind::Real => realise(group, dim, space),
            Kind::Complex | Kind::Quaternionic => space,
        };
        Self {
            dim,
            kind,
            name: String::new(),
            character,
            space,
        }
    }

    /// The unitary matrix D(g), d × d, row-major, as (real, imaginary).
    ///
    /// `D(g) D(h) = D(gh)`; its trace is `character[g]`. Of the real type all of it is real.
    ///
    /// ```
    /// use dunwu_task::{NO_FILES, Options, Task, irreps};
    /// let task = Task::parse("S3", &Options::default(), NO_FILES).unwrap();
    /// let group = task.group().unwrap();
    /// let standard = &irreps(group).unwrap()[2];
    /// let d = standard.matrix(group, 1);
    /// assert!((d[0].0 + d[3].0 - standard.character[1].0).abs() < 1e-12);
    /// ```
    pub fn matrix(&self, group: &Group, g: usize) -> Vec<(f64, f64)> {
        if self.dim == 1 {
            return vec![self.character[g]];
        }
        let n = group.order();
        let column = |i: usize| &self.space[i * n..(i + 1) * n];
        let entry = |i: usize, j: usize| {
            let (left, right) = (column(i), column(j));
            let sum: c64 = (0..n)
                .map(|h| left[h].conj() * right[group.mul(h, g)])
                .sum();
            (sum.re, sum.im)
        };
        (0..self.dim * self.dim)
            .map(|ij| entry(ij / self.dim, ij % self.dim))
            .collect()
    }

    /// Whether the other is the complex conjugate of this one.
    pub(crate) fn is_conjugate(&self, other: &Irrep) -> bool {
        let pairs = self.character.iter().zip(&other.character);
        self.dim == other.dim
            && pairs
                .into_iter()
                .all(|(a, b)| (a.0 - b.0).abs() + (a.1 + b.1).abs() < 1e-5)
    }
}

/// All irreducible representations, the trivial one first.
///
/// Of abelian groups and of direct products by closed forms, in the order of frequencies and of
/// dimensions; of others numerically, by dimension and then by character.
///
/// # Errors
/// A quasigroup, which has no representations, and a group that is too large.
pub fn irreps(group: &Group) -> Result<Vec<Irrep>, TaskError> {
    check(group)?;
    if let Some(coordinates) = Coordinates::of(group) {
        return Ok(abelian(group, &coordinates));
    }
    if let Family::Product(factors) = group.family() {
        return product(group, factors);
    }
    let mut found = commutant::irreps(group)?;
    names::assign(group, &mut found);
    Ok(found)
}

/// Whether the representations can be found at all.
///
/// # Errors
/// Those of [`irreps`].
pub(crate) fn check(group: &Group) -> Result<(), TaskError> {
    if !group.is_group() {
        let why = "is no group, so it has no irreducible representations";
        return Err(TaskError::value(group.name(), why));
    }
    if let Family::Product(factors) = group.family() {
        return factors.iter().try_for_each(check);
    }
    if group.order() > MOST && Coordinates::of(group).is_none() {
        let why = format!(
            "has {} elements; representations of groups that do not commute are found up to {MOST}",
            group.order()
        );
        return Err(TaskError::value(group.name(), why));
    }
    Ok(())
}

/// χ_k(x) = exp(2πi Σ k_j x_j / n_j).
fn abelian(group: &Group, coordinates: &Coordinates) -> Vec<Irrep> {
    let one = |k: usize| {
        let frequency = digits(k, &coordinates.orders);
        let angles = coordinates.angles(&frequency);
        let character = angles
            .iter()
            .map(|a| (snap(a.cos()), snap(a.sin())))
            .collect();
        let name = coordinates.name(&frequency);
        Irrep {
            name,
            ..Irrep::new(group, character, Vec::new())
        }
    };
    (0..group.order()).map(one).collect()
}

/// Tensor products of the factors' representations.
fn product(group: &Group, factors: &[Group]) -> Result<Vec<Irrep>, TaskError> {
    let lists: Vec<Vec<Irrep>> = factors.iter().map(irreps).collect::<Result<_, _>>()?;
    let counts: Vec<usize> = lists.iter().map(Vec::len).collect();
    let tensor = |i: usize| {
        let parts: Vec<&Irrep> = digits(i, &counts)
            .into_iter()
            .zip(&lists)
            .map(|(j, l)| &l[j])
            .collect();
        let one = (vec![(1.0, 0.0)], vec![c64::new(1.0, 0.0)]);
        let (character, space) = parts.iter().fold(one, |(character, space), part| {
            (
                kronecker(&character, &part.character),
                columns(&space, character.len(), part),
            )
        });
        let words: Vec<&str> = parts
            .iter()
            .map(|p| p.name.trim_start_matches("k="))
            .collect();
        let irrep = Irrep::new(group, character, space);
        let space = if irrep.dim == 1 {
            Vec::new()
        } else {
            irrep.space
        };
        Irrep {
            name: format!("({})", words.join(",")),
            space,
            ..irrep
        }
    };
    let mut out: Vec<Irrep> = (0..counts.iter().product()).map(tensor).collect();
    out.sort_by_key(|irrep| irrep.dim);
    Ok(out)
}

fn kronecker(a: &[(f64, f64)], b: &[(f64, f64)]) -> Character {
    let times = |x: &(f64, f64), y: &(f64, f64)| {
        // Irrational values may have a whole product.
        (snap(x.0 * y.0 - x.1 * y.1), snap(x.0 * y.1 + x.1 * y.0))
    };
    a.iter()
        .flat_map(|x| b.iter().map(move |y| times(x, y)))
        .collect()
}

/// The columns of `a`, each `rows` long, times those of the representation.
fn columns(a: &[c64], rows: usize, part: &Irrep) -> Vec<c64> {
    let order = part.character.len();
    let scale = 1.0 / (order as f64).sqrt();
    // The one function of a character χ is χ itself: χ(hg) = χ(h)χ(g).
    let own: Vec<c64> = match part.dim {
        1 => part
            .character
            .iter()
            .map(|z| c64::new(z.0 * scale, z.1 * scale))
            .collect(),
        _ => part.space.clone(),
    };
    let pairs = a
        .chunks(rows)
        .flat_map(|x| own.chunks(order).map(move |y| (x, y)));
    pairs
        .flat_map(|(x, y)| x.iter().flat_map(move |p| y.iter().map(move |q| p * q)))
        .collect()
}

/// The Frobenius–Schur indicator (1/M) Σ χ(g²).
fn kind(group: &Group, character: &Character) -> Kind {
    let sum: f64 = (0..group.order())
        .map(|g| character[group.mul(g, g)].0)
        .sum();
    match (sum / group.order() as f64).round() as i64 {
        1 => Kind::Real,
        -1 => Kind::Quaternionic,
        _ => Kind::Complex,
    }
}

/// The nearest whole or half whole number, if it is within rounding.
pub(crate) fn snap(x: f64) -> f64 {
    let twice = (2.0 * x).round();
    if (2.0 * x - twice).abs() < 1e-11 {
        twice / 2.0 + 0.0
    } else {
        x
    }
}
