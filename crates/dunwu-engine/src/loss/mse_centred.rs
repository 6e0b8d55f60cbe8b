//! The loss of the published grokking code.

use super::{RowLoss, one_hot};
use crate::maths::{fold, sum, sweep};
use crate::real::Real;

/// ‖õ‖² − 2 õ_y + 1 − 1/M with õ = o − mean(o); gradient 2(õ + 1/M − e_y).
///
/// That is ‖õ − (e_y − 1/M)‖², which is how it is computed: no digits cancel when the loss is small.
#[derive(Clone, Copy, Debug, Default)]
pub struct MseCentred;

impl<T: Real> RowLoss<T> for MseCentred {
    #[inline(always)]
    fn gradient(&self, outputs: &mut [T], label: usize) -> T {
        assert!(label < outputs.len(), "label {label} has no output");
        let shift = shift(outputs);
        let residual = |sum, i, o: T| {
            let r = (o - shift) - one_hot(i, label);
            (sum + r * r, r + r)
        };
        sweep(outputs, shift, T::ZERO, residual, |a, b| a + b)
    }

    #[inline(always)]
    fn value(&self, outputs: &[T], label: usize) -> T {
        distance(outputs, label, shift(outputs))
    }
}

/// mean(o) − 1/M.
#[inline(always)]
fn shift<T: Real>(outputs: &[T]) -> T {
    (sum(outputs) - T::ONE) / T::of(outputs.len() as f64)
}

/// ‖o − shift − e_y‖².
#[inline(always)]
fn distance<T: Real>(outputs: &[T], label: usize, shift: T) -> T {
    assert!(label < outputs.len(), "label {label} has no output");
    let square = |sum, i, o: T| {
        let r = (o - shift) - one_hot(i, label);
        sum + r * r
    };
    // Padding equal to the shift adds nothing.
    fold(outputs, shift, T::ZERO, square, |a, b| a + b)
}
