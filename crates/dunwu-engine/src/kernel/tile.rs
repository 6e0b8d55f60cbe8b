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

/// `acc[b][v] += Σ_i rows[b][i] · vectors[i][v]`, i ascending, with as many i as vectors.
///
/// P is a constant so that one address serves all rows.
#[inline(always)]
pub(crate) fn along<T: Real, S: Simd, const NB: usize, const NV: usize, const P: usize>(
    simd: S,
    rows: &[[T; P]; NB],
    vectors: &[[T::Vector<S>; NV]],
    acc: &mut [[T::Vector<S>; NV]; NB],
) {
    assert!(vectors.len() <= P);
    let mut local = *acc;
    for i in 0..vectors.len() {
        let vectors = &vectors[i];
        for b in 0..NB {
            let x = T::splat(simd, rows[b][i]);
            for v in 0..NV {
                local[b][v] = T::fma(simd, x, vectors[v], local[b][v]);
            }
        }
    }
    *acc = local;
}

/// `acc[r][c] += Σ_i rows[r·pitch + i] ∘ columns[i][c]` lane by lane, i ascending.
#[inline(always)]
pub(crate) fn dots<T: Real, S: Simd, const C: usize, const NR: usize, const NV: usize>(
    simd: S,
    rows: &[[T::Vector<S>; NV]],
    pitch: usize,
    columns: &[[[T::Vector<S>; NV]; C]],
    acc: &mut [[[T::Vector<S>; NV]; C]; NR],
) {
    let n = columns.len();
    let lines: [&[[T::Vector<S>; NV]]; NR] = std::array::from_fn(|r| &rows[r * pitch..][..n]);
    let mut local = *acc;
    for i in 0..n {
        let columns = &columns[i];
        for r in 0..NR {
            let x = lines[r][i];
            for c in 0..C {
                for v in 0..NV {
                    local[r][c][v] = T::fma(simd, x[v], columns[c][v], local[r][c][v]);
                }
            }
        }
    }
    *acc = local;
}
