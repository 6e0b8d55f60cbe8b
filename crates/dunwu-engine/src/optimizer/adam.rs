//! Adam with coupled decay.

use super::{Rule, Shape, Step, restore};
use crate::buffer::Buffer;
use crate::real::Real;
use dunwu_core::RunPlan;

/// The two moments of Adam and AdamW, and the rates at which they forget.
#[derive(Clone, Debug)]
pub struct Moments<T> {
    first: Buffer<T>,
    second: Buffer<T>,
    betas: [f64; 2],
    eps: f64,
}

/// The numbers of one update, rounded once.
#[derive(Clone, Copy)]
struct Constants<T> {
    /// λ added to the gradient.
    coupled: T,
    /// Factor on the weights before the update.
    keep: T,
    fresh: T,
    beta2: T,
    fresh2: T,
    /// 1/√(1−β₂ᵗ).
    root: T,
    eps: T,
    size: T,
}

impl<T: Real> Moments<T> {
    /// Moments of zero.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        let zeros = Buffer::zeros(shape.len());
        Self {
            first: zeros.clone(),
            second: zeros,
            betas: plan.betas,
            eps: plan.eps,
        }
    }

    /// One update with `coupled`·w added to the gradient and w scaled by `keep` first.
    ///
    /// m ← m + (1−β₁)(g − m), v ← β₂v + (1−β₂)g², w ← w − (lr/(1−β₁ᵗ)) m / (√v/√(1−β₂ᵗ) + ε),
    /// as in PyTorch; see [`Real::DUST`] for what becomes of very small numbers.
    pub(super) fn step(
        &mut self,
        step: &Step,
        coupled: f64,
        keep: f64,
        weight: &mut [T],
        grad: &[T],
    ) {
        let [beta1, beta2] = self.betas;
        let left = |beta: f64| 1.0 - libm::pow(beta, step.t as f64);
        let constants = Constants {
            coupled: T::of(coupled),
            keep: T::of(keep),
            fresh: T::of(1.0 - beta1),
            beta2: T::of(beta2),
            fresh2: T::of(1.0 - beta2),
            root: T::of(1.0 / left(beta2).sqrt()),
            eps: T::of(self.eps),
            size: T::of(step.lr / left(beta1)),
        };
        let Self { first, second, .. } = self;
        pulp::Arch::new().dispatch(Update {
            constants,
            weight,
            grad,
            first,
            second,
        });
    }

    /// The moments, as state of a rule.
    pub(super) fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("m", &self.first), ("v", &self.second)]
    }

    /// Restores a moment.
    pub(super) fn restore(&mut self, name: &str, data: &[T]) -> bool {
        restore(
            &mut [("m", &mut self.first), ("v", &mut self.second)],
            name,
            data,
        )
    }
}

/// The fused loop, compiled once for each width of vectors.
struct Update<'a, T> {
    constants: Constants<T>,
    weight: &'a mut [T],
    grad: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
}

impl<T: Real> pulp::WithSimd for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let c = self.constants;
        let n = self.weight.len();
        let (grad, first, second) = (&self.grad[..n], &mut self.first[..n], &mut self.second[..n]);
        for i in 0..n {
            let w = self.weight[i];
            let g = grad[i] + c.coupled * w;
            let m = first[i] + c.fresh * (g - first[i]);
            let v = second[i] * c.beta2 + c.fresh2 * g * g;
            first[i] = m.settled(T::DUST * T::DUST);
            second[i] = v.settled(T::DUST * T::DUST);
            let w = w * c.keep - c.size * m / (v.sqrt() * c.root + c.eps);
            self.weight[i] = w.settled(T::DUST);
        }
    }
}

/// Adam (arXiv 1412.6980): g ← g + λw, then the update of [`Moments`]. State `m`, `v`.
#[derive(Clone, Debug)]
pub struct Adam<T> {
    moments: Moments<T>,
    decay: f64,
}

impl<T: Real> Adam<T> {
    /// Reads `betas`, `eps`, `weight_decay`.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        Self {
            moments: Moments::new(plan, shape),
            decay: plan.weight_decay,
        }
    }
}

impl<T: Real> Rule<T> for Adam<T> {
    fn step(&mut self, step: &Step, weight: &mut [T], grad: &mut [T]) {
        self.moments.step(step, self.decay, 1.0, weight, grad);
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        self.moments.state()
    }

    fn restore(&mut self, name: &str, data: &[T]) -> bool {
        self.moments.restore(name, data)
    }
}
