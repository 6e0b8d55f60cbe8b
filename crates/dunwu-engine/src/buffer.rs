//! Numbers in memory that begins on a line of the cache.

use crate::real::Real;
use pulp::bytemuck::{self, Pod, Zeroable};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector register.
const LINE: usize = 64;

#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
struct Line([u8; LINE]);

// SAFETY: plain bytes, without padding, valid in every state.
unsafe impl Zeroable for Line {}
// SAFETY: as above; the type is `Copy`, `'static` and `repr(C)`.
unsafe impl Pod for Line {}

/// A vector of numbers aligned to 64 bytes, so that no load of a vector register straddles two lines.
#[derive(Clone, Debug)]
pub(crate) struct Buffer<T> {
    lines: Vec<Line>,
    len: usize,
    numbers: PhantomData<T>,
}

impl<T: Real> Buffer<T> {
    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let bytes = len.checked_mul(size_of::<T>());
        let lines = bytes.expect("sizes are bounded by the plan").div_ceil(LINE);
        Self {
            lines: vec![Line::zeroed(); lines],
            len,
            numbers: PhantomData,
        }
    }

    /// Cuts off the end, or adds zeros.
    pub(crate) fn resize(&mut self, len: usize) {
        let old = self.len;
        let lines = (len * size_of::<T>()).div_ceil(LINE);
        self.lines.resize(lines, Line::zeroed());
        self.len = len;
        if len > old {
            self[old..].fill(T::ZERO);
        }
    }
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self {
            lines: vec![],
            len: 0,
            numbers: PhantomData,
        }
    }
}

impl<T: Real> Deref for Buffer<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl<T: Real> DerefMut for Buffer<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl<T: Real> PartialEq for Buffer<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn aligned_and_zero_also_after_growing_again() {
        let mut buffer = Buffer::<f32>::zeros(37);
        assert_eq!(buffer.as_ptr() as usize % 64, 0);
        buffer.fill(3.0);
        buffer.resize(5);
        buffer.resize(50);
        assert_eq!(buffer.as_ptr() as usize % 64, 0);
        assert_eq!(&buffer[..5], &[3.0; 5]);
        assert_eq!(&buffer[5..], &[0.0; 45]);
    }
}
