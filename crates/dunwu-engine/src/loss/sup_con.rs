//! Supervised contrastive loss.

use super::{BatchLoss, dense};
use crate::real::Real;

/// Anchors whose similarities are held at once.
const BLOCK: usize = 64;
/// Least norm that an output is divided by.
const NORM_FLOOR: f64 = 1e-12;

/// Supervised contrastive loss on normalised outputs z = o/‖o‖ (arXiv 2004.11362, Eq. 2):
///
/// mean over rows i of mean over positives p of `log Σ_{a≠i} exp(z_i·z_a/τ) − z_i·z_p/τ`,
/// where positives share the row's label. A row without positives adds 0.
#[derive(Clone, Copy, Debug)]
pub struct SupCon {
    temperature: f64,
}

impl SupCon {
    /// The loss at temperature τ > 0.
    pub fn new(temperature: f64) -> Self {
        Self { temperature }
    }

    /// The mean loss, and n times its gradient with respect to z if that is asked.
    fn pass<T: Real>(
        &self,
        unit: &[T],
        dim: usize,
        labels: &[u32],
        mut gradient: Option<&mut [T]>,
    ) -> f64 {
        let n = labels.len();
        let scale = T::of(1.0 / self.temperature);
        let mut similar = vec![T::ZERO; BLOCK.min(n) * n];
        let mut total = 0.0;
        for first in (0..n).step_by(BLOCK) {
            let rows = BLOCK.min(n - first);
            let anchors = &unit[first * dim..(first + rows) * dim];
            let similar = &mut similar[..rows * n];
            T::matmul(
                [rows, dim, n],
                (anchors, [dim, 1]),
                (unit, [1, dim]),
                (similar, [n, 1]),
                scale,
                T::ZERO,
            );
            for (i, row) in similar.chunks_exact_mut(n).enumerate() {
                total += anchor(row, first + i, labels);
            }
            if let Some(grad) = gradient.as_deref_mut() {
                let own = &mut grad[first * dim..(first + rows) * dim];
                T::matmul(
                    [rows, n, dim],
                    (similar, [n, 1]),
                    (unit, [dim, 1]),
                    (own, [dim, 1]),
                    scale,
                    T::ONE,
                );
                T::matmul(
                    [n, rows, dim],
                    (similar, [1, n]),
                    (anchors, [dim, 1]),
                    (grad, [dim, 1]),
                    scale,
                    T::ONE,
                );
            }
        }
        total / n.max(1) as f64
    }
}

impl<T: Real> BatchLoss<T> for SupCon {
    fn gradient(&self, outputs: &mut [T], stride: usize, classes: usize, labels: &[u32]) -> f64 {
        let (unit, norms) = normalised(outputs, stride, classes, labels.len());
        let mut grad = vec![T::ZERO; unit.len()];
        let loss = self.pass(&unit, classes, labels, Some(&mut grad));
        for (i, norm) in norms.iter().enumerate() {
            let (z, g) = (
                &unit[i * classes..][..classes],
                &grad[i * classes..][..classes],
            );
            let radial: T = z.iter().zip(g).map(|(z, g)| *z * *g).sum();
            let out = &mut outputs[i * stride..][..classes];
            for ((o, z), g) in out.iter_mut().zip(z).zip(g) {
                *o = (*g - radial * *z) / *norm;
            }
        }
        loss
    }

    fn value(&self, outputs: &[T], stride: usize, classes: usize, labels: &[u32]) -> f64 {
        let (unit, _) = normalised(outputs, stride, classes, labels.len());
        self.pass(&unit, classes, labels, None)
    }
}

/// Dense rows of length 1, and the lengths they had.
fn normalised<T: Real>(outputs: &[T], stride: usize, dim: usize, rows: usize) -> (Vec<T>, Vec<T>) {
    let mut unit = dense(outputs, stride, dim, rows);
    let norms = unit.chunks_exact_mut(dim).map(|row| {
        let square: f64 = row.iter().map(|x| x.f64() * x.f64()).sum();
        let norm = T::of(square.sqrt().max(NORM_FLOOR));
        row.iter_mut().for_each(|x| *x = *x / norm);
        norm
    });
    let norms = norms.collect();
    (unit, norms)
}

/// Loss of anchor i, whose similarities s become dℓ/ds: the softmax over others less the mean of its positives.
fn anchor<T: Real>(row: &mut [T], i: usize, labels: &[u32]) -> f64 {
    let positive = |a: usize| a != i && labels[a] == labels[i];
    let positives = (0..row.len()).filter(|a| positive(*a)).count();
    if positives == 0 {
        row.fill(T::ZERO);
        return 0.0;
    }
    row[i] = T::of(f64::NEG_INFINITY);
    let top = row
        .iter()
        .fold(T::of(f64::NEG_INFINITY), |a, b| if *b > a { *b } else { a });
    let share = 1.0 / positives as f64;
    let mean: f64 = (0..row.len())
        .filter(|a| positive(*a))
        .map(|a| (top - row[a]).f64())
        .sum::<f64>()
        * share;
    row.iter_mut().for_each(|s| *s = (*s - top).exp());
    let total: f64 = row.iter().map(|e| e.f64()).sum();
    for (a, s) in row.iter_mut().enumerate() {
        let target = if positive(a) { share } else { 0.0 };
        *s = T::of(s.f64() / total - target);
    }
    libm::log(total) + mean
}
