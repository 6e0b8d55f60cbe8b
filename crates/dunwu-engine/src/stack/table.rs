//! The first layer as a table of rows by token: the weights themselves, or an embedding times them.

use crate::buffer::Buffer;
use crate::real::Real;
use crate::weights::{Dims, Weights};

/// Rows by token, for trained embeddings; empty for one-hot, where the weights are the table.
pub(crate) struct Table<T> {
    d: Dims,
    /// First token and number of tokens of each operand.
    spans: Vec<(usize, usize)>,
    rows: Buffer<T>,
    grad: Buffer<T>,
}

impl<T: Real> Table<T> {
    pub(crate) fn new(d: Dims, vocab: &[usize]) -> Self {
        let spans = vocab.iter().scan(0, |first, n| {
            *first += n;
            Some((*first - n, *n))
        });
        let size = if d.embedding.is_some() {
            d.tokens * d.stride
        } else {
            0
        };
        Self {
            d,
            spans: spans.collect(),
            rows: Buffer::zeros(size),
            grad: Buffer::zeros(size),
        }
    }

    /// Brings the rows up to date with the weights.
    pub(crate) fn refresh(&mut self, weights: &Weights<T>) {
        let (Some(embedding), Some(size)) = (weights.embedding(), self.d.embedding) else {
            return;
        };
        let hidden = &weights.hidden(0).data;
        let stride = self.d.stride;
        for (j, (first, tokens)) in self.spans.iter().enumerate() {
            let block = &hidden[j * size * stride..][..size * stride];
            let rows = &mut self.rows[first * stride..];
            let a = (&embedding.data[..], [embedding.stride, 1]);
            T::matmul(
                [*tokens, size, stride],
                a,
                (block, [stride, 1]),
                (rows, [stride, 1]),
                T::ONE,
                T::ZERO,
            );
        }
    }

    /// The rows, `stride` apart.
    pub(crate) fn rows<'a>(&'a self, weights: &'a Weights<T>) -> &'a [T] {
        if self.d.embedding.is_some() {
            &self.rows
        } else {
            &weights.hidden(0).data
        }
    }

    /// Takes the place where the gradient of the rows is to be written; give it back with `descend`.
    pub(crate) fn take_grad(&mut self, grads: &mut Weights<T>) -> Buffer<T> {
        std::mem::take(if self.d.embedding.is_some() {
            &mut self.grad
        } else {
            &mut grads.hidden_mut(0).data
        })
    }

    /// Turns the gradient of the rows into gradients of what they are made of.
    pub(crate) fn descend(
        &mut self,
        rows_grad: Buffer<T>,
        weights: &Weights<T>,
        grads: &mut Weights<T>,
    ) {
        let (Some(embedding), Some(size)) = (weights.embedding(), self.d.embedding) else {
            grads.hidden_mut(0).data = rows_grad;
            return;
        };
        self.grad = rows_grad;
        let stride = self.d.stride;
        grads.all[0].data.fill(T::ZERO);
        for (j, (first, tokens)) in self.spans.iter().enumerate() {
            let rows = (&self.grad[first * stride..], [stride, 1]);
            let block = j * size * stride..(j + 1) * size * stride;
            let hidden = (&weights.hidden(0).data[block.clone()], [1, stride]);
            let to = (&mut grads.all[0].data[..], [embedding.stride, 1]);
            T::matmul([*tokens, stride, size], rows, hidden, to, T::ONE, T::ONE);
            let a = (&embedding.data[..], [1, embedding.stride]);
            let to = (&mut grads.hidden_mut(0).data[block], [stride, 1]);
            T::matmul([size, *tokens, stride], a, rows, to, T::ONE, T::ZERO);
        }
    }
}
