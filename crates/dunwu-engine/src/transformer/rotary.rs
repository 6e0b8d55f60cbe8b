//! Rotary positions.

use super::shape::Shape;
use crate::real::Real;

/// Number whose powers are the slowest turns (arXiv 2104.09864).
const BASE: f64 = 10_000.0;

/// Cosine and sine of every angle: position by pair of numbers of a head.
pub(crate) struct Rotary<T> {
    turns: Vec<[T; 2]>,
    heads: usize,
    pairs: usize,
}

impl<T: Real> Rotary<T> {
    pub(crate) fn new(s: &Shape) -> Self {
        let pairs = s.head() / 2;
        let angle = |i: usize| {
            let (position, pair) = ((i / pairs) as f64, (i % pairs) as f64);
            position * libm::pow(BASE, -pair / pairs as f64)
        };
        let turn = |i: usize| [T::of(libm::cos(angle(i))), T::of(libm::sin(angle(i)))];
        Self {
            turns: (0..s.sequence * pairs).map(turn).collect(),
            heads: s.heads,
            pairs,
        }
    }

    /// Turns number i of each head with number i + half of it by the position's angles, or back.
    #[inline(always)]
    pub(crate) fn turn(&self, row: &mut [T], position: usize, back: bool) {
        let turns = &self.turns[position * self.pairs..][..self.pairs];
        for head in row.chunks_exact_mut(2 * self.pairs).take(self.heads) {
            let (first, second) = head.split_at_mut(self.pairs);
            for ((x, y), [cos, sin]) in first.iter_mut().zip(second).zip(turns) {
                let sin = if back { -*sin } else { *sin };
                (*x, *y) = (*x * *cos - *y * sin, *x * sin + *y * *cos);
            }
        }
    }
}
