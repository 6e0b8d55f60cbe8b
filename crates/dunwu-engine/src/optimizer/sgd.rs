//! Gradient descent with momentum.

use super::{Rule, Shape, Step, restore};
use crate::real::Real;
use dunwu_core::RunPlan;

/// g ← g + λw, m ← μm + g, w ← w − lr·m (Polyak 1964). State `m`.
#[derive(Clone, Debug)]
pub struct Sgd<T> {
    velocity: Vec<T>,
    momentum: f64,
    decay: f64,
}

impl<T: Real> Sgd<T> {
    /// Reads `momentum`, `weight_decay`.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        Self {
            velocity: vec![T::ZERO; shape.len()],
            momentum: plan.momentum,
            decay: plan.weight_decay,
        }
    }
}

impl<T: Real> Rule<T> for Sgd<T> {
    fn step(&mut self, step: &Step, weight: &mut [T], grad: &mut [T]) {
        let (momentum, decay, lr) = (T::of(self.momentum), T::of(self.decay), T::of(step.lr));
        for ((w, g), m) in weight.iter_mut().zip(grad).zip(&mut self.velocity) {
            *m = (momentum * *m + (*g + decay * *w)).settled(T::DUST * T::DUST);
            *w = (*w - lr * *m).settled(T::DUST);
        }
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("m", &self.velocity)]
    }

    fn restore(&mut self, name: &str, data: &[T]) -> bool {
        restore(&mut [("m", &mut self.velocity)], name, data)
    }
}
