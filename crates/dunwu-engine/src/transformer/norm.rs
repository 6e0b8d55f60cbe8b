//! LayerNorm and RMSNorm.

use super::lanes::{add, dot, total};
use crate::buffer::Buffer;
use crate::matrix::Matrix;
use crate::real::Real;
use dunwu_core::Norm;

/// Added to the variance.
const EPS: f64 = 1e-5;

/// What a normalisation of some rows leaves behind.
pub(crate) struct Normed<T> {
    /// x̂ = (x − mean)/σ, the mean only of LayerNorm.
    hat: Buffer<T>,
    /// 1/σ of each row.
    rate: Vec<T>,
    /// γ x̂ + β.
    pub out: Buffer<T>,
}

impl<T: Real> Normed<T> {
    /// Room for so many rows.
    pub(crate) fn new(rows: usize, stride: usize) -> Self {
        Self {
            hat: Buffer::zeros(rows * stride),
            rate: vec![T::ZERO; rows],
            out: Buffer::zeros(rows * stride),
        }
    }

    #[cfg(test)]
    pub(crate) fn numbers(&self) -> usize {
        self.hat.len() + self.rate.len() + self.out.len()
    }

    /// Normalises rows; `vectors` are γ and, of LayerNorm, β.
    #[inline(always)]
    pub(crate) fn forward(&mut self, kind: Norm, vectors: &Matrix<T>, x: &[T]) {
        let (d, stride) = (vectors.cols, vectors.stride);
        let size = T::of(d as f64);
        let (gamma, beta) = vectors.data.split_at(stride);
        let rows = x.chunks_exact(stride);
        let to = self.hat.chunks_exact_mut(stride);
        let out = self.out.chunks_exact_mut(stride);
        for (((x, hat), out), rate) in rows.zip(to).zip(out).zip(&mut self.rate) {
            let (x, hat, out) = (&x[..d], &mut hat[..d], &mut out[..d]);
            let mean = if kind == Norm::Layer {
                total(x) / size
            } else {
                T::ZERO
            };
            for (h, x) in hat.iter_mut().zip(x) {
                *h = *x - mean;
            }
            *rate = T::ONE / (dot(hat, hat) / size + T::of(EPS)).sqrt();
            for ((h, o), g) in hat.iter_mut().zip(out.iter_mut()).zip(gamma) {
                *h *= *rate;
                *o = *g * *h;
            }
            if kind == Norm::Layer {
                add(out, beta);
            }
        }
    }

    /// Replaces the gradient at the normalised rows by that at the rows, and adds that of the vectors.
    #[inline(always)]
    pub(crate) fn backward(&self, kind: Norm, vectors: &Matrix<T>, grad: &mut [T], to: &mut [T]) {
        let (d, stride) = (vectors.cols, vectors.stride);
        let size = T::of(d as f64);
        let (to_gamma, to_beta) = to.split_at_mut(stride);
        let rows = self.hat.chunks_exact(stride).zip(&self.rate);
        for (grad, (hat, rate)) in grad.chunks_exact_mut(stride).zip(rows) {
            let (grad, hat) = (&mut grad[..d], &hat[..d]);
            if kind == Norm::Layer {
                add(to_beta, grad);
            }
            let gammas = vectors.data.iter().zip(to_gamma.iter_mut());
            for ((g, h), (gamma, to)) in grad.iter_mut().zip(hat).zip(gammas) {
                *to += *g * *h;
                *g *= *gamma;
            }
            let along = dot(grad, hat) / size;
            let mean = if kind == Norm::Layer {
                total(grad) / size
            } else {
                T::ZERO
            };
            for (g, h) in grad.iter_mut().zip(hat) {
                *g = (*g - mean - *h * along) * *rate;
            }
        }
    }
}
