//! From attention scores to weights and back: one row of visible positions at a time.

use super::lanes::{dot, largest, total};
use crate::real::Real;
use dunwu_core::Attention;

/// Replaces the scores of the visible positions by weights, and gives the weight of the sink, the share that goes
/// to no position. `logit` is the sink's, where it is a trained one.
#[inline(always)]
pub(crate) fn weigh<T: Real>(kind: Attention, scores: &mut [T], logit: T) -> T {
    let low = T::of(f64::NEG_INFINITY);
    match kind {
        Attention::Softmax => normalise(scores, low),
        Attention::OffByOne => normalise(scores, T::ZERO),
        Attention::Sink => normalise(scores, logit),
        Attention::Sigmoid => {
            let shift = T::of(scores.len() as f64).ln();
            for s in scores.iter_mut() {
                *s = T::ONE / (T::ONE + (shift - *s).exp());
            }
            T::ZERO
        }
        Attention::Relu => {
            let share = T::ONE / T::of(scores.len() as f64);
            for s in scores.iter_mut() {
                *s = if *s < T::ZERO { T::ZERO } else { *s * share };
            }
            T::ZERO
        }
    }
}

/// exp s_j / (exp c + Σ exp s) in place of s_j, and exp c / (exp c + Σ exp s).
#[inline(always)]
fn normalise<T: Real>(scores: &mut [T], logit: T) -> T {
    let top = largest(scores, logit);
    for s in scores.iter_mut() {
        *s = (*s - top).exp();
    }
    let sink = (logit - top).exp();
    let share = T::ONE / (total(scores) + sink);
    for s in scores.iter_mut() {
        *s *= share;
    }
    sink * share
}

/// Replaces the gradient at the weights by that at the scores, and gives that at the sink's logit.
#[inline(always)]
pub(crate) fn unweigh<T: Real>(kind: Attention, weights: &[T], grad: &mut [T], sink: T) -> T {
    match kind {
        Attention::Softmax | Attention::OffByOne | Attention::Sink => {
            let mean = dot(weights, grad);
            let pairs = grad.iter_mut().zip(weights);
            pairs.for_each(|(g, a)| *g = *a * (*g - mean));
            -(sink * mean)
        }
        Attention::Sigmoid => {
            let pairs = grad.iter_mut().zip(weights);
            pairs.for_each(|(g, a)| *g *= *a * (T::ONE - *a));
            T::ZERO
        }
        Attention::Relu => {
            let share = T::ONE / T::of(weights.len() as f64);
            let pairs = grad.iter_mut().zip(weights);
            pairs.for_each(|(g, a)| *g = if *a > T::ZERO { *g * share } else { T::ZERO });
            T::ZERO
        }
    }
}
