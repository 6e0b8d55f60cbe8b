//! The sign of interpolated momentum.

use super::{Rule, Shape, Step, restore};
use crate::real::Real;
use dunwu_core::RunPlan;

/// Lion (arXiv 2302.06675): w ← (1 − lr·λ) w − lr·sign(β₁m + (1−β₁)g), then m ← β₂m + (1−β₂)g. State `m`.
#[derive(Clone, Debug)]
pub struct Lion<T> {
    momentum: Vec<T>,
    betas: [f64; 2],
    decay: f64,
}

impl<T: Real> Lion<T> {
    /// Reads `betas`, `weight_decay`.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        Self {
            momentum: vec![T::ZERO; shape.len()],
            betas: plan.betas,
            decay: plan.weight_decay,
        }
    }
}

impl<T: Real> Rule<T> for Lion<T> {
    fn step(&mut self, step: &Step, weight: &mut [T], grad: &mut [T]) {
        let [beta1, beta2] = self.betas.map(T::of);
        let [fresh1, fresh2] = self.betas.map(|beta| T::of(1.0 - beta));
        let (keep, lr) = (T::of(1.0 - step.lr * self.decay), T::of(step.lr));
        for ((w, g), m) in weight.iter_mut().zip(grad).zip(&mut self.momentum) {
            *w = (*w * keep - lr * sign(beta1 * *m + fresh1 * *g)).settled(T::DUST);
            *m = (beta2 * *m + fresh2 * *g).settled(T::DUST * T::DUST);
        }
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("m", &self.momentum)]
    }

    fn restore(&mut self, name: &str, data: &[T]) -> bool {
        restore(&mut [("m", &mut self.momentum)], name, data)
    }
}

/// −1, 0 or 1; NaN stays NaN.
#[inline(always)]
fn sign<T: Real>(x: T) -> T {
    let below = if x < T::ZERO { -T::ONE } else { x };
    if x > T::ZERO { T::ONE } else { below }
}
