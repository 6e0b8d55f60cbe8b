//! Amplifies the exponential mean of the gradients.

use super::Modifier;
use crate::optimizer::{Shape, restore};
use crate::real::Real;
use dunwu_core::RunPlan;

/// Grokfast-EMA (arXiv 2405.20233): h ← αh + (1−α)g, g ← g + λh, where h starts as the first gradient.
///
/// State `ema`, and `ema.started`, which is 1 after the first gradient.
#[derive(Clone, Debug)]
pub struct Ema<T> {
    mean: Vec<T>,
    started: [T; 1],
    alpha: f64,
    lambda: f64,
}

impl<T: Real> Ema<T> {
    /// Reads `filter_alpha`, `filter_lambda`.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        Self {
            mean: vec![T::ZERO; shape.len()],
            started: [T::ZERO],
            alpha: plan.filter_alpha,
            lambda: plan.filter_lambda,
        }
    }
}

impl<T: Real> Modifier<T> for Ema<T> {
    fn modify(&mut self, _: &[T], grad: &mut [T]) {
        if self.started[0] == T::ZERO {
            self.mean.copy_from_slice(grad);
            self.started[0] = T::ONE;
        }
        let (alpha, fresh, lambda) = (
            T::of(self.alpha),
            T::of(1.0 - self.alpha),
            T::of(self.lambda),
        );
        for (h, g) in self.mean.iter_mut().zip(grad) {
            *h = (alpha * *h + fresh * *g).settled(T::DUST * T::DUST);
            *g += lambda * *h;
        }
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("ema", &self.mean), ("ema.started", &self.started)]
    }

    fn restore(&mut self, name: &str, data: &[T]) -> bool {
        restore(
            &mut [("ema", &mut self.mean), ("ema.started", &mut self.started)],
            name,
            data,
        )
    }
}
