//! Adam with decoupled decay.

use super::{Moments, Rule, Shape, Step};
use crate::real::Real;
use dunwu_core::RunPlan;

/// AdamW (arXiv 1711.05101): w ← (1 − lr·λ) w, then the update of [`Moments`]. State `m`, `v`.
#[derive(Clone, Debug)]
pub struct Adamw<T> {
    moments: Moments<T>,
    decay: f64,
}

impl<T: Real> Adamw<T> {
    /// Reads `betas`, `eps`, `weight_decay`.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        Self {
            moments: Moments::new(plan, shape),
            decay: plan.weight_decay,
        }
    }
}

impl<T: Real> Rule<T> for Adamw<T> {
    fn step(&mut self, step: &Step, weight: &mut [T], grad: &mut [T]) {
        self.moments
            .step(step, 0.0, 1.0 - step.lr * self.decay, weight, grad);
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        self.moments.state()
    }

    fn restore(&mut self, name: &str, data: &[T]) -> bool {
        self.moments.restore(name, data)
    }
}
