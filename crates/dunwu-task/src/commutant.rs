//! Irreducible representations by one eigendecomposition.
//!
//! H = Σ c_g L_g with random complex c, c of g⁻¹ the conjugate of c of g, is Hermitian and
//! commutes with right translations. For almost every c each of its eigenspaces is irreducible
//! under them, and a representation of dimension d appears in d of them.

use crate::error::TaskError;
use crate::exact::Cycles;
use crate::group::Group;
use crate::irreps::{Character, Irrep};
use dunwu_core::Seed;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par, c64, diag::Diag};
use std::ops::Range;

/// Eigenvalues nearer than this times the spread are one.
const SAME: f64 = 1e-10;
/// Different ones must be further apart than this times the spread.
const APART: f64 = 1e-8;
/// Redraws before giving up; one in a hundred draws fails at order 1000.
const DRAWS: u64 = 20;

/// The irreducible representations of a group, by dimension, then by character, without names.
///
/// # Errors
/// If every draw had eigenvalues that nearly touch.
pub(crate) fn irreps(group: &Group) -> Result<Vec<Irrep>, TaskError> {
    let classes = Classes::of(group);
    let found = (0..DRAWS).find_map(|draw| decompose(group, &classes, draw));
    let mut found = found.ok_or_else(|| {
        TaskError::value(
            group.name(),
            "has eigenvalues that no draw could tell apart",
        )
    })?;
    found.sort_by_cached_key(|irrep| (irrep.dim, order_key(&irrep.character)));
    Ok(found)
}

/// Sorts characters from large values to small, blind to rounding: the trivial one comes first.
fn order_key(character: &Character) -> Vec<(i64, i64)> {
    let grid = |x: f64| -(x * 1e6).round() as i64;
    character.iter().map(|z| (grid(z.0), grid(z.1))).collect()
}

struct Classes {
    /// By element.
    class: Vec<usize>,
    /// One element of each class.
    first: Vec<usize>,
    /// Class by class, with that element g, h ↦ hg.
    moves: Vec<Vec<u32>>,
    cycles: Cycles,
}

impl Classes {
    fn of(group: &Group) -> Self {
        let class = group.conjugacy_classes();
        let count = class.iter().max().map_or(0, |c| c + 1);
        let first = (0..count).map(|c| class.iter().position(|k| *k == c));
        let first: Vec<usize> = first
            .map(|g| g.expect("every class has an element"))
            .collect();
        let cycles = Cycles::of(group, &class, &first);
        let all = 0..group.order();
        let moves = |g: &usize| all.clone().map(|h| group.mul(h, *g) as u32).collect();
        let moves = first.iter().map(moves).collect();
        Self {
            class,
            first,
            moves,
            cycles,
        }
    }
}

/// One draw; None if eigenvalues nearly touch.
fn decompose(group: &Group, classes: &Classes, draw: u64) -> Option<Vec<Irrep>> {
    let (values, vectors) = eigen(random_commutant(group, draw).as_ref())?;
    let mut found: Vec<Irrep> = Vec::new();
    for columns in clusters(&values)? {
        let at_first = traces(classes, vectors.as_ref(), columns.clone());
        let norm = classes
            .class
            .iter()
            .map(|c| at_first[*c].norm_sqr())
            .sum::<f64>();
        // A reducible space means that two eigenvalues met within SAME.
        if (norm / group.order() as f64 - 1.0).abs() > 1e-6 {
            return None;
        }
        let differs = |irrep: &Irrep| {
            let pairs = classes.first.iter().zip(&at_first);
            pairs
                .map(|(g, z)| c64::new(irrep.character[*g].0, irrep.character[*g].1) - z)
                .any(|d| d.norm() > 1e-5)
        };
        if found.iter().all(differs) {
            let character = classes.cycles.character(&at_first)?;
            let space = columns
                .flat_map(|j| vectors.col(j).iter().copied())
                .collect();
            found.push(Irrep::new(group, character, space));
        }
    }
    (found.len() == classes.first.len()).then_some(found)
}

/// H as a matrix on functions: (L_g f)(h) = f(g⁻¹h), so row h, column j holds c of h j⁻¹.
fn random_commutant(group: &Group, draw: u64) -> Mat<c64> {
    let n = group.order();
    let mut draws = Seed(draw).draws("commutant");
    let mut c = vec![c64::new(0.0, 0.0); n];
    for g in 0..n {
        let inverse = group.inverse(g);
        if g <= inverse {
            let imaginary = if g == inverse { 0.0 } else { draws.normal() };
            c[g] = c64::new(draws.normal(), imaginary);
            c[inverse] = c[g].conj();
        }
    }
    Mat::from_fn(n, n, |h, j| c[group.mul(h, group.inverse(j))])
}

/// Eigenvalues, ascending, and eigenvectors; on one thread, so that bits do not depend on threads.
fn eigen(a: MatRef<'_, c64>) -> Option<(Vec<f64>, Mat<c64>)> {
    let n = a.nrows();
    let (mut vectors, mut values) = (Mat::zeros(n, n), Diag::<c64>::zeros(n));
    let par = Par::Seq;
    let scratch =
        self_adjoint_evd_scratch::<c64>(n, ComputeEigenvectors::Yes, par, Default::default());
    let mut buffer = MemBuffer::new(scratch);
    self_adjoint_evd(
        a,
        values.as_mut(),
        Some(vectors.as_mut()),
        par,
        MemStack::new(&mut buffer),
        Default::default(),
    )
    .ok()?;
    Some(((0..n).map(|i| values[i].re).collect(), vectors))
}

/// Runs of equal eigenvalues; None if two runs nearly touch.
fn clusters(values: &[f64]) -> Option<Vec<Range<usize>>> {
    let spread = (values[values.len() - 1] - values[0]).max(1.0);
    let mut out = Vec::new();
    let mut start = 0;
    for i in 1..=values.len() {
        let gap = values
            .get(i)
            .map_or(f64::INFINITY, |v| (v - values[i - 1]) / spread);
        if gap > SAME {
            if gap < APART {
                return None;
            }
            out.push(start..i);
            start = i;
        }
    }
    Some(out)
}

/// χ(g) = tr(E* R_g E) with (R_g f)(h) = f(hg), at one g of each class.
fn traces(classes: &Classes, vectors: MatRef<'_, c64>, columns: Range<usize>) -> Vec<c64> {
    let columns: Vec<Vec<c64>> = columns
        .map(|j| vectors.col(j).iter().copied().collect())
        .collect();
    let trace = |moves: &Vec<u32>| -> c64 {
        let mut sum = c64::new(0.0, 0.0);
        for column in &columns {
            for (z, hg) in column.iter().zip(moves) {
                sum += z.conj() * column[*hg as usize];
            }
        }
        sum
    };
    classes.moves.iter().map(trace).collect()
}
