//! The hot loops: products of a layer made on the fly with a matrix, in registers.
//!
//! Every sum runs over its inner index in ascending order with one fused multiply-add a term, or so
//! in each of sixteen lanes that are then joined pairwise: neither the width of the vectors nor the
//! number of threads changes a bit.

pub(crate) mod fused;
pub(crate) mod peak;
pub(crate) mod tile;

use pulp::{Arch, Simd, WithSimd};

/// Runs a loop that the compiler turns into vectors by itself, with the widest that the machine has.
///
/// The closure must be `#[inline(always)]`, or it is compiled without them.
pub(crate) fn widest(arch: Arch, work: impl FnMut()) {
    arch.dispatch(Widest(work));
}

struct Widest<F>(F);

impl<F: FnMut()> WithSimd for Widest<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        // By reference: a call by value goes through a function that is not inlined.
        (self.0)();
    }
}
