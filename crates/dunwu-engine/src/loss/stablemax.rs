//! Cross-entropy of StableMax.

use super::RowLoss;
use crate::maths::{Chunks, fold, map};
use crate::real::Real;

/// log Σ_j s(o_j) − log s(o_y) with s(x) = x + 1 for x ≥ 0 and 1/(1 − x) below (arXiv 2501.04697).
///
/// Gradient s′(o_j)/Σs − δ_jy s′(o_y)/s(o_y), where s′ is 1 for x ≥ 0 and s² below.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stablemax;

impl<T: Real> RowLoss<T> for Stablemax {
    #[inline(always)]
    fn gradient(&self, outputs: &mut Chunks<T>, classes: usize, label: usize) -> T {
        let (own, total) = parts(outputs, classes, label);
        let at_label = slope(outputs.as_flattened()[label]) / own;
        let share = T::ONE / total;
        map(outputs, classes, |i, o| {
            slope(o) * share - if i == label as u32 { at_label } else { T::ZERO }
        });
        (total / own).ln()
    }

    #[inline(always)]
    fn value(&self, outputs: &Chunks<T>, classes: usize, label: usize) -> T {
        let (own, total) = parts(outputs, classes, label);
        (total / own).ln()
    }
}

/// s(o_y) and Σ s(o).
#[inline(always)]
fn parts<T: Real>(outputs: &Chunks<T>, classes: usize, label: usize) -> (T, T) {
    assert!(label < classes, "label {label} has no output");
    let total = fold(
        outputs,
        classes,
        T::ZERO,
        |sum, _, o| sum + stable(o),
        |a, b| a + b,
    );
    (stable(outputs.as_flattened()[label]), total)
}

/// s(x).
#[inline(always)]
fn stable<T: Real>(x: T) -> T {
    let below = T::ONE / (T::ONE - x);
    if x < T::ZERO { below } else { x + T::ONE }
}

/// s′(x).
#[inline(always)]
fn slope<T: Real>(x: T) -> T {
    let below = T::ONE / (T::ONE - x);
    if x < T::ZERO { below * below } else { T::ONE }
}
