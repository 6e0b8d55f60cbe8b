//! Cross-entropy of the softmax.

use super::{RowLoss, one_hot};
use crate::maths::{Chunks, fold, map, sweep};
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
    fn gradient(&self, outputs: &mut Chunks<T>, classes: usize, label: usize) -> T {
        assert!(label < classes, "label {label} has no output");
        let top = largest(outputs, classes);
        let margin = top - outputs.as_flattened()[label];
        let exponential = |sum, _, o: T| {
            let e = (o - top).exp();
            (sum + e, e)
        };
        let total = sweep(outputs, classes, T::ZERO, exponential, |a, b| a + b);
        let share = T::ONE / total;
        map(outputs, classes, |i, e| e * share - one_hot(i, label));
        total.ln() + margin
    }

    #[inline(always)]
    fn value(&self, outputs: &Chunks<T>, classes: usize, label: usize) -> T {
        assert!(label < classes, "label {label} has no output");
        let top = largest(outputs, classes);
        let total = fold(
            outputs,
            classes,
            T::ZERO,
            |sum, _, o| sum + (o - top).exp(),
            |a, b| a + b,
        );
        total.ln() + (top - outputs.as_flattened()[label])
    }
}

/// max_j o_j; NaN is passed over.
#[inline(always)]
fn largest<T: Real>(outputs: &Chunks<T>, classes: usize) -> T {
    let low = T::of(f64::NEG_INFINITY);
    let larger = |a: T, b: T| if b > a { b } else { a };
    fold(outputs, classes, low, |a, _, b| larger(a, b), larger)
}
