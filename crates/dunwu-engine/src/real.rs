//! Numbers that the engine computes with, and their vectors.

use crate::maths::{LANES, joined};
use pulp::Simd;
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// Single or double precision.
pub trait Real:
    Copy
    + Send
    + Sync
    + Default
    + PartialOrd
    + Debug
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + pulp::bytemuck::Pod
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Weights smaller than this become 0 in an update, and moments smaller than its square.
    ///
    /// Decay shrinks dead nodes without end; the squares and gradients of such numbers are
    /// denormal, which slows an epoch several times over and changes nothing.
    const DUST: Self;
    /// A vector register of these numbers.
    type Vector<S: Simd>: Copy + pulp::bytemuck::Pod + Send;

    /// Rounds from double precision.
    fn of(x: f64) -> Self;
    /// Widens to double precision.
    fn f64(self) -> f64;
    /// √x.
    fn sqrt(self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// The larger; the other if one is NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller; the other if one is NaN.
    fn min(self, other: Self) -> Self;
    /// self·a + b, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// 0 if smaller than `floor` in magnitude.
    #[inline(always)]
    fn settled(self, floor: Self) -> Self {
        if self.abs() < floor { Self::ZERO } else { self }
    }
    /// Whether neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// The magnitude of self with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// The largest whole number that is not larger.
    fn floor(self) -> Self;
    /// eˣ, the same bits on every machine.
    fn exp(self) -> Self;
    /// log x, the same bits on every machine.
    fn ln(self) -> Self;
    /// tanh x, the same bits on every machine.
    fn tanh(self) -> Self;
    /// The error function, the same bits on every machine.
    fn erf(self) -> Self;

    /// All lanes equal.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// a·b + c in each lane, rounded once.
    fn fma<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// a + b in each lane.
    fn add_lanes<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Sum of the lanes, halves first, in the order of `maths::joined`.
    fn sum_lanes<S: Simd>(simd: S, lanes: &[Self; LANES]) -> Self;
    /// The numbers as consecutive vectors; the length must be a multiple of the lanes.
    #[inline(always)]
    fn vectors<S: Simd>(numbers: &[Self]) -> &[Self::Vector<S>] {
        pulp::bytemuck::cast_slice(numbers)
    }
    /// As `vectors`, to write to.
    #[inline(always)]
    fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [Self::Vector<S>] {
        pulp::bytemuck::cast_slice_mut(numbers)
    }
    /// Numbers in a vector.
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }

    /// c ← alpha·a·b + beta·c on one thread; strides in elements, (row, column).
    #[doc(hidden)]
    fn matmul(
        shape: [usize; 3],
        a: (&[Self], [usize; 2]),
        b: (&[Self], [usize; 2]),
        c: (&mut [Self], [usize; 2]),
        alpha: Self,
        beta: Self,
    );
    /// A borrowed view of either precision.
    fn data(numbers: &[Self]) -> dunwu_core::TensorData<'_>;
}

macro_rules! real {
    ($t:ident, $dust:literal, $vector:ident, $splat:ident, $fma:ident, $add:ident, $sum:ident, $variant:ident, $maths:ident) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const DUST: Self = $t::EPSILON * $dust;
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $t::max(self, other)
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                $t::min(self, other)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                $t::copysign(self, sign)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $t::floor(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                crate::maths::$maths::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                crate::maths::$maths::ln(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                crate::maths::$maths::tanh(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                crate::maths::$maths::erf(self)
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$fma(a, b, c)
            }
            #[inline(always)]
            fn add_lanes<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn sum_lanes<S: Simd>(simd: S, lanes: &[Self; LANES]) -> Self {
                // Narrower vectors than these are not summed by halves on every machine.
                if const { size_of::<S::$vector>() < 32 } {
                    return joined(*lanes, |a, b| a + b);
                }
                match *Self::vectors::<S>(lanes) {
                    [a] => simd.$sum(a),
                    [a, b] => simd.$sum(simd.$add(a, b)),
                    [a, b, c, d] => simd.$sum(simd.$add(simd.$add(a, c), simd.$add(b, d))),
                    _ => unreachable!("16 numbers fill 1, 2 or 4 vectors"),
                }
            }
            fn data(numbers: &[Self]) -> dunwu_core::TensorData<'_> {
                dunwu_core::TensorData::$variant(numbers)
            }
            fn matmul(
                [m, k, n]: [usize; 3],
                a: (&[Self], [usize; 2]),
                b: (&[Self], [usize; 2]),
                c: (&mut [Self], [usize; 2]),
                alpha: Self,
                beta: Self,
            ) {
                let spans = |rows: usize, cols: usize, [rs, cs]: [usize; 2], len: usize| {
                    rows == 0 || cols == 0 || (rows - 1) * rs + (cols - 1) * cs < len
                };
                assert!(
                    spans(m, k, a.1, a.0.len())
                        && spans(k, n, b.1, b.0.len())
                        && spans(m, n, c.1, c.0.len())
                );
                // SAFETY: the assertion above bounds every element that the product touches.
                unsafe {
                    gemm::gemm(
                        m,
                        n,
                        k,
                        c.0.as_mut_ptr(),
                        c.1[1] as isize,
                        c.1[0] as isize,
                        beta != 0.0,
                        a.0.as_ptr(),
                        a.1[1] as isize,
                        a.1[0] as isize,
                        b.0.as_ptr(),
                        b.1[1] as isize,
                        b.1[0] as isize,
                        beta,
                        alpha,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            }
        }
    };
}

real!(
    f32,
    2.328_306_4e-10,
    f32s,
    splat_f32s,
    mul_add_f32s,
    add_f32s,
    reduce_sum_f32s,
    F32,
    single
);
real!(
    f64,
    1e-100,
    f64s,
    splat_f64s,
    mul_add_f64s,
    add_f64s,
    reduce_sum_f64s,
    F64,
    double
);
