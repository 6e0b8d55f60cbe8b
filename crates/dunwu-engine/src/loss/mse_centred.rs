//! The loss of the published grokking code.

use super::{RowLoss, one_hot};
use crate::maths::{Chunks, fold, sum, sweep};
use crate::real::Real;

/// ‖õ‖² − 2 õ_y + 1 − 1/M with õ = o − mean(o); gradient 2(õ + 1/M − e_y).
///
/// That is ‖õ − (e_y − 1/M)‖², which is how it is computed: no digits cancel when the loss is small.
#[derive(Clone, Copy, Debug, Default)]
pub struct MseCentred;

impl<T: Real> RowLoss<T> for MseCentred {
    #[inline(always)]
    fn gradient(&self, outputs: &mut Chunks<T>, classes: usize, label: usize) -> T {
        assert!(label < classes, "label {label} has no output");
        let shift = shift(outputs, classes);
        let residual = |sum, i, o: T| {
            let r = (o - shift) - one_hot(i, label);
            (sum + r * r, r + r)
        };
        sweep(outputs, classes, T::ZERO, residual, |a, b| a + b)
    }

    #[inline(always)]
    fn value(&self, outputs: &Chunks<T>, classes: usize, label: usize) -> T {
        assert!(label < classes, "label {label} has no output");
        let shift = shift(outputs, classes);
        let square = |sum, i, o: T| {
            let r = (o - shift) - one_hot(i, label);
            sum + r * r
        };
        fold(outputs, classes, T::ZERO, square, |a, b| a + b)
    }
}

/// mean(o) − 1/M.
#[inline(always)]
fn shift<T: Real>(outputs: &Chunks<T>, classes: usize) -> T {
    (sum(outputs, classes) - T::ONE) / T::of(classes as f64)
}
