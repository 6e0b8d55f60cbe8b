//! Activations that focus nodes on one row of a label, and those that spread them over all.
//!
//! What decides is φ(x) = σ′(x)/x on (0, √2] (arXiv 2509.21519, Theorem 5); see
//! [`one_label`](super::one_label).

use crate::landscape::sigma::{Kind, Sigma};
use dunwu_core::Activation;
use serde::Serialize;
use std::f64::consts::SQRT_2;

/// Points of (0, √2] at which φ and σ″ are looked at.
const GRID: usize = 4000;

/// What an activation does with one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// φ never falls.
    Focused,
    /// φ falls strictly.
    Spreading,
    /// It does both.
    Neither,
}

/// That of an activation, by φ on (0, √2]; `a` and `b` are the coefficients of `quadratic`.
///
/// ```
/// use dunwu_analysis::known::regime::{Regime, regime};
/// use dunwu_core::Activation;
/// assert_eq!(regime(Activation::Square, [0.0, 1.0]), Regime::Focused);
/// assert_eq!(regime(Activation::Tanh, [0.0, 1.0]), Regime::Spreading);
/// ```
pub fn regime(activation: Activation, [a, b]: [f64; 2]) -> Regime {
    let kind = Kind::of(activation, a, b);
    let values: Vec<f64> = grid().map(|x| phi(kind, x)).collect();
    let falls = |w: &[f64]| w[1] < w[0] - 1e-12 * w[0].abs();
    match values.windows(2).filter(|w| falls(w)).count() {
        0 => Regime::Focused,
        n if n == GRID - 1 => Regime::Spreading,
        _ => Regime::Neither,
    }
}

/// Points of (0, √2].
pub(super) fn grid() -> impl Iterator<Item = f64> {
    (1..=GRID).map(|i| SQRT_2 * i as f64 / GRID as f64)
}

pub(super) fn value(kind: Kind, x: f64) -> f64 {
    match kind {
        Kind::Polynomial(s) => s.value(x),
        Kind::Smooth(s) => s.value(x),
    }
}

/// σ′, from the right at 0: with 0 there, relu would keep a row for ever that a start left dead.
pub(super) fn slope(kind: Kind, x: f64) -> f64 {
    let x = if x == 0.0 { f64::MIN_POSITIVE } else { x };
    match kind {
        Kind::Polynomial(s) => s.slope(x),
        Kind::Smooth(s) => s.slope(x),
    }
}

pub(super) fn curvature(kind: Kind, x: f64) -> f64 {
    match kind {
        Kind::Polynomial(s) => s.curvature(x),
        Kind::Smooth(s) => s.curvature(x),
    }
}

/// φ(x) = σ′(x)/x.
pub(super) fn phi(kind: Kind, x: f64) -> f64 {
    slope(kind, x) / x
}
