//! Cross-entropy of the softmax.

use super::{RowLoss, one_hot};
use crate::maths::{fold, map, sweep};
use crate::real::Real;

/// log Σ_j exp(o_j) − o_y; gradient softmax(o) − e_y.
///
/// The largest output is subtracted first, so nothing overflows. In finite precision the sum absorbs
/// terms below half a unit in its last place: once the margin is large the loss and the gradient at
/// the label are exactly 0. That collapse (arXiv 2501.04697) is kept as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy;

impl<T: Real> RowLoss<T> for CrossEntropy {
    #[inline(always)]
    fn gradient(&self, outputs: &mut [T], label: usize) -> T {
        assert!(label < outputs.len(), "label {label} has no output");
        let top = largest(outputs);
        let margin = top - outputs[label];
        let pad = T::of(f64::NEG_INFINITY);
        let exponential = |sum, _, o: T| {
            let e = (o - top).exp();
            (sum + e, e)
        };
        let total = sweep(outputs, pad, T::ZERO, exponential, |a, b| a + b);
        let share = T::ONE / total;
        map(outputs, |i, e| e * share - one_hot(i, label));
        total.ln() + margin
    }

    #[inline(always)]
    fn value(&self, outputs: &[T], label: usize) -> T {
        assert!(label < outputs.len(), "label {label} has no output");
        let top = largest(outputs);
        let pad = T::of(f64::NEG_INFINITY);
        let total = fold(
            outputs,
            pad,
            T::ZERO,
            |sum, _, o| sum + (o - top).exp(),
            |a, b| a + b,
        );
        total.ln() + (top - outputs[label])
    }
}

/// max_j o_j; NaN is passed over.
#[inline(always)]
fn largest<T: Real>(outputs: &[T]) -> T {
    let low = T::of(f64::NEG_INFINITY);
    let larger = |a: T, b: T| if b > a { b } else { a };
    fold(outputs, low, low, |a, _, b| larger(a, b), larger)
}
