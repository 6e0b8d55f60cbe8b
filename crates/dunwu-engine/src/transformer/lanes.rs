//! Sums over short rows in a fixed order that vectorises.

use crate::maths::{LANES, joined};
use crate::real::Real;

/// Folds pairs of numbers in lanes, then the lanes pairwise.
#[inline(always)]
fn fold<T: Real>(
    a: &[T],
    b: &[T],
    start: T,
    f: impl Fn(T, T, T) -> T,
    join: impl Fn(T, T) -> T,
) -> T {
    let mut acc = [start; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            acc[i] = f(acc[i], a[i], b[i]);
        }
    }
    for (acc, (a, b)) in acc.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *acc = f(*acc, *a, *b);
    }
    joined(acc, join)
}

/// Σ a_i b_i.
#[inline(always)]
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    fold(a, b, T::ZERO, |sum, a, b| sum + a * b, |x, y| x + y)
}

/// Σ a_i.
#[inline(always)]
pub(crate) fn total<T: Real>(a: &[T]) -> T {
    fold(a, a, T::ZERO, |sum, a, _| sum + a, |x, y| x + y)
}

/// max a_i, at least `floor`; NaN is passed over.
#[inline(always)]
pub(crate) fn largest<T: Real>(a: &[T], floor: T) -> T {
    let larger = |x: T, y: T| if y > x { y } else { x };
    fold(a, a, floor, |most, a, _| larger(most, a), larger)
}

/// to ← to + x·from.
#[inline(always)]
pub(crate) fn add_times<T: Real>(to: &mut [T], x: T, from: &[T]) {
    for (t, f) in to.iter_mut().zip(from) {
        *t += x * *f;
    }
}

/// to ← to + from.
#[inline(always)]
pub(crate) fn add<T: Real>(to: &mut [T], from: &[T]) {
    for (t, f) in to.iter_mut().zip(from) {
        *t += *f;
    }
}
