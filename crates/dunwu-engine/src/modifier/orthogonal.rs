//! Removes the gradient's part along the weights.

use super::Modifier;
use crate::real::Real;

/// Added to the denominators, as published.
const FLOOR: f64 = 1e-30;

/// ⊥Grad (arXiv 2501.04697): h = g − (w·g)/(w·w) w, g ← h·‖g‖/‖h‖, over the whole matrix. No state.
///
/// Sums are in double precision, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Orthogonal;

impl<T: Real> Modifier<T> for Orthogonal {
    fn modify(&mut self, weight: &[T], grad: &mut [T]) {
        let along = T::of(dot(weight, grad) / (dot(weight, weight) + FLOOR));
        let before = dot(grad, grad).sqrt();
        grad.iter_mut()
            .zip(weight)
            .for_each(|(g, w)| *g -= along * *w);
        let scale = T::of(before / (dot(grad, grad).sqrt() + FLOOR));
        grad.iter_mut().for_each(|g| *g *= scale);
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        Vec::new()
    }

    fn restore(&mut self, _: &str, _: &[T]) -> bool {
        false
    }
}

/// a·b, in eight interleaved sums.
fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a.f64() * b.f64();
        }
    }
    sums.iter().sum()
}
