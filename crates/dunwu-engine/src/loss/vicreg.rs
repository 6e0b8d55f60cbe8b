//! Variance, invariance, covariance: a loss without negatives.

use super::{BatchLoss, dense};
use crate::real::Real;

/// Weights of invariance, variance and covariance, as published.
const WEIGHTS: [f64; 3] = [25.0, 25.0, 1.0];
/// Added to the variance under the root, as published.
const FLOOR: f64 = 1e-4;

/// VICReg (arXiv 2105.04906) with same-label rows in the place of augmented views, D outputs z, n rows:
///
/// - 25 × invariance: mean over rows i of the mean over positives p of ‖z_i − z_p‖²;
/// - 25 × variance: mean over outputs of max(0, 1 − √(Var + 10⁻⁴)), Var with n − 1;
/// - covariance: Σ over pairs of different outputs of Cov², over D.
///
/// A row without positives adds nothing to the invariance. Sums are in double precision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vicreg;

impl<T: Real> BatchLoss<T> for Vicreg {
    fn gradient(&self, outputs: &mut [T], stride: usize, classes: usize, labels: &[u32]) -> f64 {
        let rows = wide(outputs, stride, classes, labels.len());
        let mut grad = vec![0.0; rows.len()];
        let loss = pass(&rows, classes, labels, Some(&mut grad));
        for (out, g) in outputs.chunks_mut(stride).zip(grad.chunks_exact(classes)) {
            out.iter_mut().zip(g).for_each(|(o, g)| *o = T::of(*g));
        }
        loss
    }

    fn value(&self, outputs: &[T], stride: usize, classes: usize, labels: &[u32]) -> f64 {
        pass(
            &wide(outputs, stride, classes, labels.len()),
            classes,
            labels,
            None,
        )
    }
}

fn wide<T: Real>(outputs: &[T], stride: usize, classes: usize, rows: usize) -> Vec<f64> {
    dense(outputs, stride, classes, rows)
        .iter()
        .map(|x| x.f64())
        .collect()
}

/// The loss, and n times its gradient added to `grad` if that is asked.
fn pass(z: &[f64], dim: usize, labels: &[u32], mut grad: Option<&mut [f64]>) -> f64 {
    if labels.is_empty() {
        return 0.0;
    }
    let mut centred = z.to_vec();
    centre(&mut centred, dim);
    let invariance = invariance(z, dim, labels, grad.as_deref_mut());
    let spread = labels.len().saturating_sub(1).max(1) as f64;
    let mut covariance = vec![0.0; dim * dim];
    let shape = [dim, labels.len(), dim];
    f64::matmul(
        shape,
        (&centred, [1, dim]),
        (&centred, [dim, 1]),
        (&mut covariance, [dim, 1]),
        1.0 / spread,
        0.0,
    );
    let variance = variance(&covariance, &centred, dim, grad.as_deref_mut());
    (0..dim).for_each(|j| covariance[j * dim + j] = 0.0);
    let squares: f64 = covariance.iter().map(|c| c * c).sum();
    if let Some(grad) = grad {
        let factor = WEIGHTS[2] * 4.0 * labels.len() as f64 / (dim as f64 * spread);
        let shape = [labels.len(), dim, dim];
        f64::matmul(
            shape,
            (&centred, [dim, 1]),
            (&covariance, [dim, 1]),
            (grad, [dim, 1]),
            factor,
            1.0,
        );
    }
    invariance + variance + WEIGHTS[2] * squares / dim as f64
}

/// Subtracts each column's mean.
fn centre(z: &mut [f64], dim: usize) {
    let n = (z.len() / dim) as f64;
    for j in 0..dim {
        let mean = z.iter().skip(j).step_by(dim).sum::<f64>() / n;
        z.iter_mut().skip(j).step_by(dim).for_each(|x| *x -= mean);
    }
}

/// A class of m rows with mean c adds 2m/(m−1) Σ ‖z − c‖².
fn invariance(z: &[f64], dim: usize, labels: &[u32], mut grad: Option<&mut [f64]>) -> f64 {
    let classes = labels.iter().max().map_or(0, |top| *top as usize + 1);
    let mut counts = vec![0usize; classes];
    let mut means = vec![0.0; classes * dim];
    for (row, label) in z.chunks_exact(dim).zip(labels) {
        counts[*label as usize] += 1;
        means[*label as usize * dim..][..dim]
            .iter_mut()
            .zip(row)
            .for_each(|(m, x)| *m += x);
    }
    for (mean, count) in means.chunks_exact_mut(dim).zip(&counts) {
        mean.iter_mut().for_each(|m| *m /= (*count).max(1) as f64);
    }
    let mut total = 0.0;
    for (i, label) in labels.iter().enumerate() {
        let count = counts[*label as usize] as f64;
        let factor = if count > 1.0 {
            WEIGHTS[0] * 2.0 * count / (count - 1.0)
        } else {
            0.0
        };
        for j in 0..dim {
            let gap = z[i * dim + j] - means[*label as usize * dim + j];
            total += factor * gap * gap;
            if let Some(grad) = grad.as_deref_mut() {
                grad[i * dim + j] += 2.0 * factor * gap;
            }
        }
    }
    total / labels.len() as f64
}

/// The hinge on each output's standard deviation, from the diagonal of the covariance.
fn variance(covariance: &[f64], centred: &[f64], dim: usize, mut grad: Option<&mut [f64]>) -> f64 {
    let n = (centred.len() / dim) as f64;
    let mut total = 0.0;
    for j in 0..dim {
        let deviation = (covariance[j * dim + j] + FLOOR).sqrt();
        if deviation >= 1.0 {
            continue;
        }
        total += WEIGHTS[1] * (1.0 - deviation) / dim as f64;
        let factor = WEIGHTS[1] * n / (dim as f64 * (n - 1.0).max(1.0) * deviation);
        if let Some(grad) = grad.as_deref_mut() {
            let column = grad.iter_mut().zip(centred).skip(j).step_by(dim);
            column.for_each(|(g, z)| *g -= factor * z);
        }
    }
    total
}
