//! The hot loops: products of a layer made on the fly with a matrix, in registers.
//!
//! Every sum runs over its inner index in ascending order with one fused multiply-add a term,
//! so neither the width of the vectors nor the number of threads changes a bit.

pub(crate) mod fused;
pub(crate) mod peak;
pub(crate) mod tile;
