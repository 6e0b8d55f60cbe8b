//! Attention over a block of sequences: from queries, keys and values to what each head found, and back.

use super::lanes::{add, add_times, dot};
use super::shape::Shape;
use super::weigh::{unweigh, weigh};
use crate::real::Real;

/// Positions from which on products of whole heads are faster than loops.
const WIDE: usize = 16;

/// Attention of one layer of a block.
#[derive(Clone, Copy)]
pub(crate) struct Heads<'a, T> {
    pub shape: &'a Shape,
    pub sequences: usize,
    /// Positions at the end of each sequence that ask.
    pub queries: usize,
    /// Row of each position of each sequence; None if they stand in order.
    pub at: Option<&'a [u32]>,
    /// Trained logits of the sinks.
    pub logits: Option<&'a [T]>,
}

/// Queries, keys and values, rows `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub q: &'a [T],
    pub k: &'a [T],
    pub v: &'a [T],
}

/// Gradients at queries, keys, values and logits, to which is added.
pub(crate) struct RowGrads<'a, T> {
    pub q: &'a mut [T],
    pub k: &'a mut [T],
    pub v: &'a mut [T],
    pub logits: Option<&'a mut [T]>,
}

/// What attention leaves behind: weights, sequence by head by query by position, and those of the sinks.
pub(crate) struct Weighed<T> {
    pub weights: Vec<T>,
    pub sinks: Vec<T>,
}

/// One sequence's rows, side by side, with their gradients.
pub(crate) struct Side<T> {
    rows: [Vec<T>; 3],
    grads: [Vec<T>; 3],
    weights: Vec<T>,
}

impl<T: Real> Weighed<T> {
    pub(crate) fn new(s: &Shape, l: usize) -> Self {
        let rows = s.block() * s.heads * s.queries(l);
        Self {
            weights: vec![T::ZERO; rows * s.sequence],
            sinks: vec![T::ZERO; rows],
        }
    }
}

impl<T: Real> Side<T> {
    pub(crate) fn new(s: &Shape) -> Self {
        let long = s.sequence >= WIDE;
        let rows = || vec![T::ZERO; if long { s.sequence * s.stride } else { 0 }];
        Self {
            rows: std::array::from_fn(|_| rows()),
            grads: std::array::from_fn(|_| rows()),
            weights: vec![T::ZERO; s.sequence * s.sequence.max(WIDE)],
        }
    }
}

#[cfg(test)]
impl<T> Side<T> {
    pub(crate) fn numbers(&self) -> usize {
        let all = self.rows.iter().chain(&self.grads);
        all.map(Vec::len).sum::<usize>() + self.weights.len()
    }
}

impl<T: Real> Heads<'_, T> {
    /// Where the numbers of head `h` of the position stand.
    #[inline(always)]
    fn place(&self, sequence: usize, position: usize, h: usize) -> std::ops::Range<usize> {
        let i = sequence * self.shape.sequence + position;
        let row = self.at.map_or(i, |at| at[i] as usize);
        let first = row * self.shape.stride + h * self.shape.head();
        first..first + self.shape.head()
    }

    /// First position that asks.
    #[inline(always)]
    fn first(&self) -> usize {
        self.shape.sequence - self.queries
    }

    /// 1/√(numbers of a head).
    #[inline(always)]
    fn scale(&self) -> T {
        T::of(1.0 / (self.shape.head() as f64).sqrt())
    }

    #[inline(always)]
    fn logit(&self, h: usize) -> T {
        self.logits.map_or(T::ZERO, |logits| logits[h])
    }

    /// Row of `weights` of a query.
    #[inline(always)]
    fn row(&self, sequence: usize, h: usize, query: usize) -> usize {
        (sequence * self.shape.heads + h) * self.queries + query
    }

    /// `found ← Σ_j a_ij v_j` for each query i of each sequence, head by head.
    #[inline(always)]
    pub(crate) fn forward(
        &self,
        rows: Rows<'_, T>,
        to: &mut Weighed<T>,
        found: &mut [T],
        side: &mut Side<T>,
    ) {
        let s = self.shape;
        for (b, found) in found
            .chunks_exact_mut(self.queries * s.stride)
            .take(self.sequences)
            .enumerate()
        {
            if s.sequence < WIDE {
                self.small(b, rows, to, found);
            } else {
                self.wide(b, rows, to, found, side);
            }
        }
    }

    #[inline(always)]
    fn small(&self, b: usize, rows: Rows<'_, T>, to: &mut Weighed<T>, found: &mut [T]) {
        let (s, scale) = (self.shape, self.scale());
        for query in 0..self.queries {
            let position = self.first() + query;
            let visible = s.visible(position);
            for h in 0..s.heads {
                let row = self.row(b, h, query);
                let weights = &mut to.weights[row * s.sequence..][..s.sequence];
                let q = &rows.q[self.place(b, position, h)];
                for j in visible.clone() {
                    weights[j] = dot(q, &rows.k[self.place(b, j, h)]) * scale;
                }
                to.sinks[row] = weigh(s.attention, &mut weights[visible.clone()], self.logit(h));
                let found = &mut found[query * s.stride + h * s.head()..][..s.head()];
                found.fill(T::ZERO);
                for j in visible.clone() {
                    add_times(found, weights[j], &rows.v[self.place(b, j, h)]);
                }
            }
        }
    }

    /// The rows of one sequence, from its first asking position on for queries.
    #[inline(always)]
    fn gather(&self, b: usize, rows: Rows<'_, T>, side: &mut Side<T>) {
        let s = self.shape;
        let from = [(rows.q, self.first()), (rows.k, 0), (rows.v, 0)];
        for (side, (rows, first)) in side.rows.iter_mut().zip(from) {
            for (to, position) in side.chunks_exact_mut(s.stride).zip(first..s.sequence) {
                let place = self.place(b, position, 0).start;
                to.copy_from_slice(&rows[place..place + s.stride]);
            }
        }
    }

    #[inline(always)]
    fn wide(
        &self,
        b: usize,
        rows: Rows<'_, T>,
        to: &mut Weighed<T>,
        found: &mut [T],
        side: &mut Side<T>,
    ) {
        let (s, n, head) = (self.shape, self.shape.sequence, self.shape.head());
        self.gather(b, rows, side);
        let [q, k, v] = &side.rows;
        for h in 0..s.heads {
            let (first, row) = (h * head, self.row(b, h, 0));
            let weights = &mut to.weights[row * n..][..self.queries * n];
            let (across, down) = ([s.stride, 1], [1, s.stride]);
            let shape = [self.queries, head, n];
            T::matmul(
                shape,
                (&q[first..], across),
                (&k[first..], down),
                (weights, [n, 1]),
                self.scale(),
                T::ZERO,
            );
            for (query, weights) in weights.chunks_exact_mut(n).enumerate() {
                let visible = s.visible(self.first() + query);
                weights[..visible.start].fill(T::ZERO);
                weights[visible.end..].fill(T::ZERO);
                to.sinks[row + query] = weigh(s.attention, &mut weights[visible], self.logit(h));
            }
            let found = (&mut found[first..], across);
            T::matmul(
                [self.queries, n, head],
                (weights, [n, 1]),
                (&v[first..], across),
                found,
                T::ONE,
                T::ZERO,
            );
        }
    }

    /// Adds the gradients of queries, keys, values and logits from that of what the heads found.
    #[inline(always)]
    pub(crate) fn backward(
        &self,
        rows: Rows<'_, T>,
        of: &Weighed<T>,
        grad: &[T],
        mut to: RowGrads<'_, T>,
        side: &mut Side<T>,
    ) {
        let s = self.shape;
        for (b, grad) in grad
            .chunks_exact(self.queries * s.stride)
            .take(self.sequences)
            .enumerate()
        {
            if s.sequence < WIDE {
                self.small_back(b, rows, of, grad, &mut to, &mut side.weights);
            } else {
                self.wide_back(b, rows, of, grad, &mut to, side);
            }
        }
    }

    #[inline(always)]
    fn small_back(
        &self,
        b: usize,
        rows: Rows<'_, T>,
        of: &Weighed<T>,
        grad: &[T],
        to: &mut RowGrads<'_, T>,
        space: &mut [T],
    ) {
        let (s, scale) = (self.shape, self.scale());
        for query in 0..self.queries {
            let position = self.first() + query;
            let visible = s.visible(position);
            for h in 0..s.heads {
                let row = self.row(b, h, query);
                let weights = &of.weights[row * s.sequence..][..s.sequence];
                let grad = &grad[query * s.stride + h * s.head()..][..s.head()];
                for j in visible.clone() {
                    let place = self.place(b, j, h);
                    space[j] = dot(grad, &rows.v[place.clone()]);
                    add_times(&mut to.v[place], weights[j], grad);
                }
                let scores = &mut space[visible.clone()];
                let logit = unweigh(
                    s.attention,
                    &weights[visible.clone()],
                    scores,
                    of.sinks[row],
                );
                if let Some(logits) = &mut to.logits {
                    logits[h] += logit;
                }
                let asking = self.place(b, position, h);
                for j in visible.clone() {
                    let (place, slope) = (self.place(b, j, h), space[j] * scale);
                    add_times(&mut to.q[asking.clone()], slope, &rows.k[place.clone()]);
                    add_times(&mut to.k[place], slope, &rows.q[asking.clone()]);
                }
            }
        }
    }

    #[inline(always)]
    fn wide_back(
        &self,
        b: usize,
        rows: Rows<'_, T>,
        of: &Weighed<T>,
        grad: &[T],
        to: &mut RowGrads<'_, T>,
        side: &mut Side<T>,
    ) {
        let (s, n, head) = (self.shape, self.shape.sequence, self.shape.head());
        self.gather(b, rows, side);
        let (across, down) = ([s.stride, 1], [1, s.stride]);
        for h in 0..s.heads {
            let (first, row) = (h * head, self.row(b, h, 0));
            let weights = &of.weights[row * n..][..self.queries * n];
            let [q, k, v] = &side.rows;
            let [to_q, to_k, to_v] = &mut side.grads;
            let grad = (&grad[first..], across);
            let turned = (weights, [1, n]);
            T::matmul(
                [n, self.queries, head],
                turned,
                grad,
                (&mut to_v[first..], across),
                T::ONE,
                T::ZERO,
            );
            let scores = &mut side.weights[..self.queries * n];
            T::matmul(
                [self.queries, head, n],
                grad,
                (&v[first..], down),
                (scores, [n, 1]),
                T::ONE,
                T::ZERO,
            );
            let pairs = scores.chunks_exact_mut(n).zip(weights.chunks_exact(n));
            for (query, (scores, weights)) in pairs.enumerate() {
                let visible = s.visible(self.first() + query);
                scores[..visible.start].fill(T::ZERO);
                scores[visible.end..].fill(T::ZERO);
                let sink = of.sinks[row + query];
                let logit = unweigh(
                    s.attention,
                    &weights[visible.clone()],
                    &mut scores[visible],
                    sink,
                );
                if let Some(logits) = &mut to.logits {
                    logits[h] += logit;
                }
            }
            let scale = self.scale();
            T::matmul(
                [self.queries, n, head],
                (scores, [n, 1]),
                (&k[first..], across),
                (&mut to_q[first..], across),
                scale,
                T::ZERO,
            );
            T::matmul(
                [n, self.queries, head],
                (scores, [1, n]),
                (&q[first..], across),
                (&mut to_k[first..], across),
                scale,
                T::ZERO,
            );
        }
        self.scatter(b, to, side);
    }

    /// Adds the gradients of one sequence's rows to those of all.
    #[inline(always)]
    fn scatter(&self, b: usize, to: &mut RowGrads<'_, T>, side: &Side<T>) {
        let s = self.shape;
        let all = [(&mut *to.q, self.first()), (&mut *to.k, 0), (&mut *to.v, 0)];
        for (side, (to, first)) in side.grads.iter().zip(all) {
            for (from, position) in side.chunks_exact(s.stride).zip(first..s.sequence) {
                let place = self.place(b, position, 0).start;
                add(&mut to[place..place + s.width], &from[..s.width]);
            }
        }
    }
}
