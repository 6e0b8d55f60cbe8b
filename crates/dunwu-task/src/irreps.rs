//! Irreducible representations of any Cayley table.

use crate::error::TaskError;
use crate::group::Group;
use dunwu_core::Seed;
use faer::{Mat, Side, c64};

/// Type of an irreducible representation, by its Frobenius–Schur indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Indicator +1.
    Real,
    /// Indicator 0.
    Complex,
    /// Indicator −1.
    Quaternionic,
}

/// An irreducible representation, up to equivalence.
#[derive(Clone, Debug, PartialEq)]
pub struct Irrep {
    /// Dimension d.
    pub dim: usize,
    /// Type.
    pub kind: Kind,
    /// Name, such as `trivial`, `sign`, `standard`, `d=2 #1`.
    pub name: String,
    /// χ(g) as (real, imaginary), by element.
    pub character: Vec<(f64, f64)>,
}

/// Two eigenvalues nearer than this times the spread are one; clusters must be further apart than 100 times it.
const SAME: f64 = 1e-9;
/// Redraws before giving up: clusters nearly touch about once in 10⁵ draws.
const DRAWS: u64 = 20;

/// All irreducible representations, the trivial one first, then by dimension.
///
/// A random Hermitian element of the left group algebra commutes with right translation; its eigenspaces
/// are irreducible under it. Characters are traces on them.
///
/// # Errors
/// A quasigroup, which has no representations.
pub fn irreps(group: &Group) -> Result<Vec<Irrep>, TaskError> {
    if group.identity().is_none() || group.associative().is_err() {
        return Err(TaskError::value(
            group.name(),
            "is no group, so it has no irreducible representations",
        ));
    }
    for draw in 0..DRAWS {
        if let Some(characters) = characters(group, draw) {
            return Ok(named(group, characters));
        }
    }
    Err(TaskError::value(
        group.name(),
        "has eigenvalues that no draw could tell apart",
    ))
}

type Character = Vec<(f64, f64)>;

/// Distinct characters of the eigenspaces of one random commutant; None if clusters nearly touch.
fn characters(group: &Group, draw: u64) -> Option<Vec<Character>> {
    let n = group.order();
    let mut draws = Seed(draw).draws("commutant");
    let mut c = vec![c64::new(0.0, 0.0); n];
    for g in 0..n {
        let h = group.inverse(g);
        if g <= h {
            let z = c64::new(draws.normal(), if g == h { 0.0 } else { draws.normal() });
            c[g] = z;
            c[h] = z.conj();
        }
    }
    // (L_g f)(h) = f(g⁻¹h), so row h, column g⁻¹h.
    let mut a = Mat::<c64>::zeros(n, n);
    for g in 0..n {
        for h in 0..n {
            a[(h, group.mul(group.inverse(g), h))] += c[g];
        }
    }
    let eigen = a.self_adjoint_eigen(Side::Lower).ok()?;
    let values: Vec<f64> = (0..n).map(|i| eigen.S()[i].re).collect();
    let spread = (values[n - 1] - values[0]).max(1.0);
    let mut found: Vec<(usize, Character)> = Vec::new();
    let mut start = 0;
    while start < n {
        let end = (start + 1..n)
            .find(|i| values[*i] - values[i - 1] > SAME * spread)
            .unwrap_or(n);
        if end < n && values[end] - values[end - 1] < 100.0 * SAME * spread {
            return None;
        }
        let character = trace(group, eigen.U(), start..end);
        let same = |other: &Character| {
            other
                .iter()
                .zip(&character)
                .all(|(x, y)| (x.0 - y.0).abs() + (x.1 - y.1).abs() < 1e-5)
        };
        if !found.iter().any(|(_, other)| same(other)) {
            found.push((end - start, character));
        }
        start = end;
    }
    // A cluster that holds two irreducible spaces has a character of norm above 1.
    let total: usize = found.iter().map(|(d, _)| d * d).sum();
    (total == n).then(|| found.into_iter().map(|(_, c)| c).collect())
}

/// χ(g) = tr(E* R_g E) with (R_g f)(h) = f(hg).
fn trace(
    group: &Group,
    vectors: faer::MatRef<'_, c64>,
    columns: std::ops::Range<usize>,
) -> Character {
    (0..group.order())
        .map(|g| {
            let mut sum = c64::new(0.0, 0.0);
            for i in columns.clone() {
                let column = vectors.col(i);
                for h in 0..group.order() {
                    sum += column[h].conj() * column[group.mul(h, g)];
                }
            }
            (sum.re, sum.im)
        })
        .collect()
}

fn named(group: &Group, mut characters: Vec<Character>) -> Vec<Irrep> {
    let e = group.identity().expect("a group");
    let round = |x: f64| {
        if (x - x.round()).abs() < 1e-9 {
            x.round()
        } else {
            x
        }
    };
    characters
        .iter_mut()
        .flatten()
        .for_each(|z| *z = (round(z.0), round(z.1)));
    let dim = |c: &Character| c[e].0.round() as usize;
    // By dimension, then by values from large to small: the trivial one comes first.
    characters.sort_by(|a, b| {
        dim(a)
            .cmp(&dim(b))
            .then_with(|| b.partial_cmp(a).expect("characters are finite"))
    });
    let mut unnamed = 0;
    characters
        .into_iter()
        .map(|character| {
            let (d, kind) = (dim(&character), kind(group, &character));
            let name = name(group, &character, d).unwrap_or_else(|| {
                unnamed += 1;
                format!("d={d} #{unnamed}")
            });
            Irrep {
                dim: d,
                kind,
                name,
                character,
            }
        })
        .collect()
}

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

/// Names that a person knows.
fn name(group: &Group, character: &Character, dim: usize) -> Option<String> {
    if character.iter().all(|z| *z == (1.0, 0.0)) {
        return Some("trivial".into());
    }
    let symmetric = group
        .name()
        .strip_prefix('S')
        .or_else(|| group.name().strip_prefix('A'))?;
    let n: usize = symmetric.parse().ok()?;
    if dim == 1 && group.name().starts_with('S') {
        return Some("sign".into());
    }
    let moved = |g: usize| {
        group
            .element_name(g)
            .split(|c: char| !c.is_ascii_digit())
            .filter(|w| !w.is_empty())
            .count()
    };
    let standard = |g: usize| n as f64 - moved(g) as f64 - 1.0;
    let is_standard = (0..group.order()).all(|g| (character[g].0 - standard(g)).abs() < 1e-6);
    (dim + 1 == n && is_standard).then(|| "standard".into())
}
