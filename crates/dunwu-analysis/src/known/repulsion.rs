//! Nodes that are alike push each other away.
//!
//! F̃ is the n × K matrix of activations, centred over rows, and B = (F̃ᵀF̃ + ηI)⁻¹. For two nodes j ≠ l let
//! P = I − F̃ᵣ(F̃ᵣᵀF̃ᵣ + ηI)⁻¹F̃ᵣᵀ be what the readout of the other K − 2 nodes leaves. By the inverse of a
//! 2 × 2 Schur complement S = [f̃_j f̃_l]ᵀP[f̃_j f̃_l] + ηI, whose determinant is positive,
//!
//! b_jl = −f̃_jᵀP f̃_l / det S,
//!
//! so the sign of b_jl is that of −f̃_jᵀP f̃_l (arXiv 2509.21519, Theorem 6).

use super::{KnownError, check_positive};
use faer::linalg::solvers::{DenseSolveCore, SolveLstsq};
use faer::{Mat, MatRef, Side};
use rayon::prelude::*;
use serde::Serialize;

/// B and what the theorem says of its signs.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// B, K × K.
    pub b: Mat<f64>,
    /// f̃_jᵀP_{η,−jl}f̃_l, K × K; 0 on the diagonal.
    pub coupling: Mat<f64>,
}

/// How often the sign rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Signs {
    /// Pairs of nodes with |b_jl| and |f̃_jᵀP f̃_l| both above the threshold.
    pub pairs: usize,
    /// Those among them of opposite signs.
    pub opposite: usize,
    /// Pairs below it.
    pub skipped: usize,
}

impl Interaction {
    /// Of activations n × K, any of them; the coupling of each pair is found by itself, by a QR
    /// decomposition of the other nodes' [F̃ᵣ; √η I], not from B.
    ///
    /// ```
    /// use dunwu_analysis::known::repulsion::Interaction;
    /// // Two nodes that fire on the same row, and one that does not.
    /// let f = faer::mat![[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.1, 0.0], [0.2, 0.0, 0.0]];
    /// let found = Interaction::of(f.as_ref(), 0.1).unwrap();
    /// assert!(found.b[(0, 1)] < 0.0 && found.coupling[(0, 1)] > 0.0);
    /// ```
    ///
    /// # Errors
    /// η that is not positive, activations that are not finite, fewer than two nodes.
    pub fn of(activations: MatRef<'_, f64>, eta: f64) -> Result<Self, KnownError> {
        check_positive("eta", eta)?;
        let (n, k) = activations.shape();
        if k < 2 || n == 0 {
            let why = format!("{n} rows of {k} nodes: expected a row and two nodes");
            return Err(KnownError::of(why));
        }
        if !activations.is_all_finite() {
            return Err(KnownError::of("an activation is not finite"));
        }
        let f = centred(activations);
        let gram = Mat::from_fn(k, k, |i, j| {
            let dot = f.col(i).transpose() * f.col(j);
            if i == j { dot + eta } else { dot }
        });
        let b = gram
            .llt(Side::Lower)
            .map_err(|_| KnownError::of(format!("eta {eta} is lost to rounding; raise it")))?
            .inverse();
        Ok(Self {
            b,
            coupling: couplings(&f, eta),
        })
    }

    /// Counts the pairs whose numbers both exceed a threshold in modulus, and those of opposite signs.
    pub fn signs(&self, threshold: f64) -> Signs {
        let k = self.b.nrows();
        let pairs = (0..k).flat_map(|j| (0..j).map(move |l| (j, l)));
        let is_large = |(j, l): &(usize, usize)| {
            self.b[(*j, *l)].abs() > threshold && self.coupling[(*j, *l)].abs() > threshold
        };
        let large: Vec<(usize, usize)> = pairs.filter(is_large).collect();
        let is_opposite =
            |(j, l): &&(usize, usize)| (self.b[(*j, *l)] > 0.0) != (self.coupling[(*j, *l)] > 0.0);
        Signs {
            pairs: large.len(),
            opposite: large.iter().filter(is_opposite).count(),
            skipped: k * (k - 1) / 2 - large.len(),
        }
    }
}

/// F̃ = PF.
fn centred(f: MatRef<'_, f64>) -> Mat<f64> {
    let n = f.nrows() as f64;
    let means: Vec<f64> = f.col_iter().map(|c| c.iter().sum::<f64>() / n).collect();
    Mat::from_fn(f.nrows(), f.ncols(), |i, j| f[(i, j)] - means[j])
}

fn couplings(f: &Mat<f64>, eta: f64) -> Mat<f64> {
    let k = f.ncols();
    let pairs: Vec<(usize, usize)> = (0..k).flat_map(|j| (0..j).map(move |l| (j, l))).collect();
    let values: Vec<f64> = pairs
        .par_iter()
        .map(|(j, l)| coupling(f, eta, *j, *l))
        .collect();
    let mut out = Mat::zeros(k, k);
    for ((j, l), value) in pairs.into_iter().zip(values) {
        out[(j, l)] = value;
        out[(l, j)] = value;
    }
    out
}

/// f̃_jᵀ(f̃_l − F̃ᵣx), x the ridge solution of the other nodes.
fn coupling(f: &Mat<f64>, eta: f64, j: usize, l: usize) -> f64 {
    let (n, others) = (
        f.nrows(),
        (0..f.ncols())
            .filter(|i| *i != j && *i != l)
            .collect::<Vec<_>>(),
    );
    let r = others.len();
    let padded = Mat::from_fn(n + r, r, |i, c| match i.checked_sub(n) {
        None => f[(i, others[c])],
        Some(row) if row == c => eta.sqrt(),
        Some(_) => 0.0,
    });
    let target = Mat::from_fn(n + r, 1, |i, _| if i < n { f[(i, l)] } else { 0.0 });
    let left = if r == 0 {
        target
    } else {
        let x = padded.qr().solve_lstsq(&target);
        target - padded * x
    };
    (0..n).map(|i| f[(i, j)] * left[(i, 0)]).sum()
}
