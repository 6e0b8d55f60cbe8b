//! Squared distance to the one-hot label.

use super::{RowLoss, one_hot};
use crate::maths::{Chunks, fold, sweep};
use crate::real::Real;

/// ‖o − e_y‖², summed over classes; gradient 2(o − e_y).
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

impl<T: Real> RowLoss<T> for Mse {
    #[inline(always)]
    fn gradient(&self, outputs: &mut Chunks<T>, classes: usize, label: usize) -> T {
        assert!(label < classes, "label {label} has no output");
        let residual = |sum, i, o: T| {
            let r = o - one_hot(i, label);
            (sum + r * r, r + r)
        };
        sweep(outputs, classes, T::ZERO, residual, |a, b| a + b)
    }

    #[inline(always)]
    fn value(&self, outputs: &Chunks<T>, classes: usize, label: usize) -> T {
        assert!(label < classes, "label {label} has no output");
        let square = |sum, i, o: T| {
            let r = o - one_hot(i, label);
            sum + r * r
        };
        fold(outputs, classes, T::ZERO, square, |a, b| a + b)
    }
}
