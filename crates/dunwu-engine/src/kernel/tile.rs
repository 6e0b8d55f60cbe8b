//! One register tile of a product.

use crate::real::Real;
use pulp::Simd;

/// `acc[b][v] += Σ_i scalars[i][b] · vectors[i][v]`, i ascending.
///
/// NB·NV accumulators, NV vectors and one broadcast must fit the registers.
#[inline(always)]
pub(crate) fn across<T: Real, S: Simd, const NB: usize, const NV: usize>(
    simd: S,
    scalars: &[[T; NB]],
    vectors: &[[T::Vector<S>; NV]],
    acc: &mut [[T::Vector<S>; NV]; NB],
) {
    let mut local = *acc;
    for (scalars, vectors) in scalars.iter().zip(vectors) {
        for b in 0..NB {
            let x = T::splat(simd, scalars[b]);
            for v in 0..NV {
                local[b][v] = T::fma(simd, x, vectors[v], local[b][v]);
            }
        }
    }
    *acc = local;
}

/// `acc[b][v] += Σ_i rows[b·pitch + i] · vectors[i][v]`, i ascending.
#[inline(always)]
pub(crate) fn along<T: Real, S: Simd, const NB: usize, const NV: usize>(
    simd: S,
    rows: &[T],
    pitch: usize,
    vectors: &[[T::Vector<S>; NV]],
    acc: &mut [[T::Vector<S>; NV]; NB],
) {
    let depth = vectors.len();
    let lines: [&[T]; NB] = std::array::from_fn(|b| &rows[b * pitch..][..depth]);
    let mut local = *acc;
    for i in 0..depth {
        let vectors = &vectors[i];
        for b in 0..NB {
            let x = T::splat(simd, lines[b][i]);
            for v in 0..NV {
                local[b][v] = T::fma(simd, x, vectors[v], local[b][v]);
            }
        }
    }
    *acc = local;
}
