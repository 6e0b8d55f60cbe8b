//! Eight numbers side by side, one for each start that is climbed at once.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// Starts climbed at once: the doubles of the widest vectors.
pub(crate) const LANES: usize = 8;

/// One number a start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Lanes(pub(crate) [f64; LANES]);

impl Lanes {
    pub(crate) const ZERO: Lanes = Lanes([0.0; LANES]);

    #[inline(always)]
    pub(crate) fn all(x: f64) -> Self {
        Self([x; LANES])
    }

    /// Every lane through f.
    #[inline(always)]
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let mut out = self;
        for x in &mut out.0 {
            *x = f(*x);
        }
        out
    }

    /// `self` where the mask holds, `other` elsewhere.
    #[inline(always)]
    pub(crate) fn or(self, mask: Mask, other: Self) -> Self {
        let mut out = other;
        for ((x, y), keep) in out.0.iter_mut().zip(self.0).zip(mask) {
            if keep {
                *x = y;
            }
        }
        out
    }
}

/// One yes or no a start.
pub(crate) type Mask = [bool; LANES];

macro_rules! lanewise {
    ($trait:ident, $name:ident, $assign:tt) => {
        impl $trait for Lanes {
            type Output = Lanes;
            #[inline(always)]
            fn $name(self, other: Lanes) -> Lanes {
                let mut out = self;
                for i in 0..LANES {
                    out.0[i] $assign other.0[i];
                }
                out
            }
        }
    };
}
lanewise!(Add, add, +=);
lanewise!(Sub, sub, -=);
lanewise!(Mul, mul, *=);

impl Mul<f64> for Lanes {
    type Output = Lanes;
    #[inline(always)]
    fn mul(self, x: f64) -> Lanes {
        self * Lanes::all(x)
    }
}

impl Neg for Lanes {
    type Output = Lanes;
    #[inline(always)]
    fn neg(self) -> Lanes {
        self * -1.0
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Lanes) {
        *self = *self + other;
    }
}

/// Σ x y over the coordinates, lane by lane.
#[inline(always)]
pub(crate) fn dot(x: &[Lanes], y: &[Lanes]) -> Lanes {
    let mut sum = Lanes::ZERO;
    for (a, b) in x.iter().zip(y) {
        sum += *a * *b;
    }
    sum
}

/// x + a·y, lane by lane.
#[inline(always)]
pub(crate) fn add_scaled(x: &mut [Lanes], a: Lanes, y: &[Lanes]) {
    for (p, q) in x.iter_mut().zip(y) {
        *p += a * *q;
    }
}

/// Takes from x what lies along the unit vectors w.
#[inline(always)]
pub(crate) fn make_tangent(x: &mut [Lanes], w: &[Lanes]) {
    let along = dot(x, w);
    add_scaled(x, -along, w);
}

/// One lane as a vector.
pub(crate) fn lane(x: &[Lanes], i: usize) -> Vec<f64> {
    x.iter().map(|v| v.0[i]).collect()
}

/// Puts a vector into one lane.
pub(crate) fn set_lane(x: &mut [Lanes], i: usize, values: &[f64]) {
    for (v, value) in x.iter_mut().zip(values) {
        v.0[i] = *value;
    }
}
