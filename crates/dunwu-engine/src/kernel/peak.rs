//! The machine's rate of fused multiply-adds.

use crate::real::Real;
use pulp::{Simd, WithSimd};
use std::hint::black_box;

/// Chains in flight: latency times ports of every processor known.
const CHAINS: usize = 16;

/// Runs `turns` rounds of independent multiply-adds in registers.
pub(crate) struct MultiplyAdds {
    pub turns: usize,
}

impl WithSimd for MultiplyAdds {
    /// Floating-point operations done.
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let x = f32::splat(simd, black_box(1.0));
        let mut chains = [f32::splat(simd, black_box(0.0)); CHAINS];
        for _ in 0..self.turns {
            for chain in &mut chains {
                *chain = f32::fma(simd, x, x, *chain);
            }
        }
        black_box(chains);
        (2 * self.turns * CHAINS * f32::lanes::<S>()) as f64
    }
}
