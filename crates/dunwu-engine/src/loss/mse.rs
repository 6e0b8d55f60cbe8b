//! Squared distance to the one-hot label.

use super::{RowLoss, one_hot};
use crate::maths::{fold, sweep};
use crate::real::Real;

/// ‖o − e_y‖², summed over classes; gradient 2(o − e_y).
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

impl<T: Real> RowLoss<T> for Mse {
    #[inline(always)]
    fn gradient(&self, outputs: &mut [T], label: usize) -> T {
        assert!(label < outputs.len(), "label {label} has no output");
        let residual = |sum, i, o: T| {
            let r = o - one_hot(i, label);
            (sum + r * r, r + r)
        };
        sweep(outputs, T::ZERO, T::ZERO, residual, |a, b| a + b)
    }

    #[inline(always)]
    fn value(&self, outputs: &[T], label: usize) -> T {
        assert!(label < outputs.len(), "label {label} has no output");
        let square = |sum, i, o: T| {
            let r = o - one_hot(i, label);
            sum + r * r
        };
        fold(outputs, T::ZERO, T::ZERO, square, |a, b| a + b)
    }
}
