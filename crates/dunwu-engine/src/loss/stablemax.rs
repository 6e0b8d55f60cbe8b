//! Cross-entropy of StableMax.

use super::RowLoss;
use crate::maths::{fold, map};
use crate::real::Real;

/// log Σ_j s(o_j) − log s(o_y) with s(x) = x + 1 for x ≥ 0 and 1/(1 − x) below (arXiv 2501.04697).
///
/// Gradient s′(o_j)/Σs − δ_jy s′(o_y)/s(o_y), where s′ is 1 for x ≥ 0 and s² below.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stablemax;

impl<T: Real> RowLoss<T> for Stablemax {
    #[inline(always)]
    fn gradient(&self, outputs: &mut [T], label: usize) -> T {
        let (own, total) = parts(outputs, label);
        let at_label = slope(outputs[label]) / own;
        let share = T::ONE / total;
        map(outputs, |i, o| {
            slope(o) * share - if i == label as u32 { at_label } else { T::ZERO }
        });
        (total / own).ln()
    }

    #[inline(always)]
    fn value(&self, outputs: &[T], label: usize) -> T {
        let (own, total) = parts(outputs, label);
        (total / own).ln()
    }
}

/// s(o_y) and Σ s(o).
#[inline(always)]
fn parts<T: Real>(outputs: &[T], label: usize) -> (T, T) {
    assert!(label < outputs.len(), "label {label} has no output");
    // s(−∞) = 0: padding adds nothing.
    let pad = T::of(f64::NEG_INFINITY);
    let total = fold(
        outputs,
        pad,
        T::ZERO,
        |sum, _, o| sum + stable(o),
        |a, b| a + b,
    );
    (stable(outputs[label]), total)
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
