//! Amplifies the mean of the last gradients.

use super::Modifier;
use crate::optimizer::{Shape, restore};
use crate::real::Real;
use dunwu_core::RunPlan;

/// Numbers summed at once, so that the running sums stay in the nearest cache.
const BLOCK: usize = 1024;

/// Grokfast-MA (arXiv 2405.20233): g ← g + λ·mean of the last `filter_window` gradients, this one included.
///
/// As published, nothing is added before the window is full. The sum is made anew at each step: a running
/// one would drift. State `ma`, window × storage, and `ma.place`: gradients held, and the next one's slot.
#[derive(Clone, Debug)]
pub struct Ma<T> {
    window: Vec<T>,
    place: [T; 2],
    len: usize,
    lambda: f64,
}

impl<T: Real> Ma<T> {
    /// Reads `filter_window`, `filter_lambda`.
    pub fn new(plan: &RunPlan, shape: Shape) -> Self {
        Self {
            window: vec![T::ZERO; plan.filter_window * shape.len()],
            place: [T::ZERO; 2],
            len: plan.filter_window,
            lambda: plan.filter_lambda,
        }
    }

    /// Puts the gradient in the place of the oldest; whether the window is full.
    fn push(&mut self, grad: &[T]) -> bool {
        let [held, slot] = self.place.map(|x| x.f64() as usize);
        self.window[slot * grad.len()..][..grad.len()].copy_from_slice(grad);
        let held = (held + 1).min(self.len);
        self.place = [held, (slot + 1) % self.len].map(|x| T::of(x as f64));
        held == self.len
    }
}

impl<T: Real> Modifier<T> for Ma<T> {
    fn modify(&mut self, _: &[T], grad: &mut [T]) {
        if !self.push(grad) || grad.is_empty() {
            return;
        }
        let factor = T::of(self.lambda / self.len as f64);
        let size = grad.len();
        for (block, grad) in grad.chunks_mut(BLOCK).enumerate() {
            let mut sums = [T::ZERO; BLOCK];
            for past in self.window.chunks_exact(size) {
                let past = &past[block * BLOCK..][..grad.len()];
                sums.iter_mut().zip(past).for_each(|(sum, g)| *sum += *g);
            }
            grad.iter_mut()
                .zip(&sums)
                .for_each(|(g, sum)| *g += factor * *sum);
        }
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("ma", &self.window), ("ma.place", &self.place)]
    }

    fn restore(&mut self, name: &str, data: &[T]) -> bool {
        let whole = |x: &T| x.f64() >= 0.0 && x.f64() <= self.len as f64 && x.f64().fract() == 0.0;
        if name == "ma.place"
            && !(data.iter().all(whole) && data.get(1) < Some(&T::of(self.len as f64)))
        {
            return false;
        }
        restore(
            &mut [("ma", &mut self.window), ("ma.place", &mut self.place)],
            name,
            data,
        )
    }
}
