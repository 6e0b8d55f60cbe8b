//! Orthogonalised momentum.

use super::{Rule, Shape, Step, restore};
use crate::real::Real;
use dunwu_core::{MuonCoefficients, RunPlan};

/// (a, b, c) of p(X) = aX + b(XXᵀ)X + c(XXᵀ)²X at each of five steps.
type Polynomials = [[f64; 3]; 5];

/// One polynomial a step, from coarse to fine: Jiacheng You's schedule of 2025, used by Dion (arXiv 2504.05295).
const PUBLISHED: Polynomials = [
    [4.0848, -6.8946, 2.9270],
    [3.9505, -6.3029, 2.6377],
    [3.7418, -5.5913, 2.3037],
    [2.8769, -3.1427, 1.2046],
    [2.8366, -3.0525, 1.2012],
];
/// The same polynomial at each step (Jordan et al., Muon, 2024).
const STANDARD: Polynomials = [[3.4445, -4.7750, 2.0315]; 5];
/// Added to the norm that the momentum is divided by.
const NORM_FLOOR: f64 = 1e-7;

fn polynomials(which: MuonCoefficients) -> &'static Polynomials {
    match which {
        MuonCoefficients::Published => &PUBLISHED,
        MuonCoefficients::Standard => &STANDARD,
    }
}

/// Muon for one hidden layer: m ← m + (1−μ)(g − m), w ← (1 − lr·λ) w − lr·O(m). State `m`.
///
/// O brings the singular values of m near 1 by five polynomials. There is no Nesterov step, and no factor for
/// the shape of the matrix. `momentum=0.99` is the published grokking code's lerp of 0.01. Decay is decoupled,
/// because the orthogonalisation would hide the size of a coupled one.
#[derive(Clone, Debug)]
pub struct Muon<T> {
    momentum: Vec<T>,
    shape: Shape,
    rate: f64,
    decay: f64,
    coefficients: MuonCoefficients,
}

impl<T: Real> Muon<T> {
    /// Reads `momentum`, `weight_decay`, `muon_coefficients`.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        Self {
            momentum: vec![T::ZERO; shape.len()],
            shape,
            rate: plan.momentum,
            decay: plan.weight_decay,
            coefficients: plan.muon_coefficients,
        }
    }
}

impl<T: Real> Rule<T> for Muon<T> {
    fn step(&mut self, step: &Step, weight: &mut [T], grad: &mut [T]) {
        let fresh = T::of(1.0 - self.rate);
        for (m, g) in self.momentum.iter_mut().zip(grad.iter()) {
            *m = (*m + fresh * (*g - *m)).settled(T::DUST * T::DUST);
        }
        grad.copy_from_slice(&self.momentum);
        orthogonalise(grad, self.shape, self.coefficients);
        let (keep, lr) = (T::of(1.0 - step.lr * self.decay), T::of(step.lr));
        for (w, o) in weight.iter_mut().zip(grad) {
            *w = (*w * keep - lr * *o).settled(T::DUST);
        }
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("m", &self.momentum)]
    }

    fn restore(&mut self, name: &str, data: &[T]) -> bool {
        restore(&mut [("m", &mut self.momentum)], name, data)
    }
}

/// Replaces the matrix by UV ᵀ-like UΣ′Vᵀ with Σ′ near the identity, by five Newton–Schulz polynomials.
///
/// The Gram matrix is that of the shorter side, which is the same as transposing tall matrices.
pub fn orthogonalise<T: Real>(matrix: &mut [T], shape: Shape, which: MuonCoefficients) {
    let Shape { rows, cols, stride } = shape;
    let tall = rows > cols;
    // X is short × long; element (i, j) lies at i·step + j·jump of the storage.
    let (short, long) = if tall { (cols, rows) } else { (rows, cols) };
    let lie = if tall { [1, stride] } else { [stride, 1] };
    let flip = [lie[1], lie[0]];
    let square: f64 = matrix.iter().map(|x| x.f64() * x.f64()).sum();
    let scale = T::of(1.0 / (square.sqrt() + NORM_FLOOR));
    matrix.iter_mut().for_each(|x| *x *= scale);
    let mut gram = vec![T::ZERO; short * short];
    let mut poly = gram.clone();
    let mut next = matrix.to_vec();
    for [a, b, c] in polynomials(which).map(|p| p.map(T::of)) {
        let dense = [short, 1];
        T::matmul(
            [short, long, short],
            (matrix, lie),
            (matrix, flip),
            (&mut gram, dense),
            T::ONE,
            T::ZERO,
        );
        poly.copy_from_slice(&gram);
        T::matmul(
            [short, short, short],
            (&gram, dense),
            (&gram, dense),
            (&mut poly, dense),
            c,
            b,
        );
        next.copy_from_slice(matrix);
        T::matmul(
            [short, short, long],
            (&poly, dense),
            (matrix, lie),
            (&mut next, lie),
            T::ONE,
            a,
        );
        matrix.copy_from_slice(&next);
    }
}
