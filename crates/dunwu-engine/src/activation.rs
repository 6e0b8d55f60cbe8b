//! The functions σ of the hidden layers, with slope σ′ and curvature σ″.

use crate::real::Real;
use dunwu_core::{Activation, RunPlan};

/// One row of the table of activations.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which one.
    pub kind: Activation,
    /// σ(x), as documentation prints it.
    pub formula: &'static str,
    /// Where it comes from, or who published this use.
    pub source: &'static str,
}

/// Every activation, sorted by name.
pub static ALL: &[Entry] = &[
    Entry {
        kind: Activation::Gelu,
        formula: "x Φ(x)",
        source: "arXiv 1606.08415",
    },
    Entry {
        kind: Activation::Quadratic,
        formula: "b x² + a x",
        source: "arXiv 2410.01779",
    },
    Entry {
        kind: Activation::Relu,
        formula: "max(x, 0)",
        source: "Nair and Hinton, ICML 2010",
    },
    Entry {
        kind: Activation::ReluSquare,
        formula: "max(x, 0)²",
        source: "arXiv 2109.08668",
    },
    Entry {
        kind: Activation::Silu,
        formula: "x / (1 + e⁻ˣ)",
        source: "arXiv 1702.03118",
    },
    Entry {
        kind: Activation::Square,
        formula: "x²",
        source: "arXiv 2301.02679",
    },
    Entry {
        kind: Activation::Tanh,
        formula: "tanh x",
        source: "LeCun et al., Efficient BackProp, 1998",
    },
];

/// An activation with its coefficients.
///
/// ```
/// use dunwu_core::Activation;
/// use dunwu_engine::activation::Function;
/// let sigma = Function::<f64>::new(Activation::Quadratic, 3.0, 2.0);
/// assert_eq!((sigma.value(5.0), sigma.slope(5.0), sigma.curvature(5.0)), (65.0, 23.0, 4.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Function<T> {
    /// Which one.
    pub kind: Activation,
    /// a of the quadratic.
    pub a: T,
    /// b of the quadratic.
    pub b: T,
}

/// Runs the body once with `$f` a copy of the function whose kind the compiler knows.
macro_rules! specialise {
    ($function:expr, $f:ident => $body:expr) => {
        specialise!(@ $function, $f, $body, Gelu Quadratic Relu ReluSquare Silu Square Tanh)
    };
    (@ $function:expr, $f:ident, $body:expr, $($kind:ident)+) => {
        match $function.kind {
            $(dunwu_core::Activation::$kind => {
                let $f = $crate::activation::Function { kind: dunwu_core::Activation::$kind, ..$function };
                $body
            })+
        }
    };
}
pub(crate) use specialise;

impl<T: Real> Function<T> {
    /// The activation with `a` and `b` of the quadratic; the others ignore them.
    pub fn new(kind: Activation, a: f64, b: f64) -> Self {
        Self {
            kind,
            a: T::of(a),
            b: T::of(b),
        }
    }

    /// The activation that the plan names.
    pub fn from_plan(plan: &RunPlan) -> Self {
        Self::new(plan.activation, plan.activation_a, plan.activation_b)
    }

    /// σ(x).
    #[inline(always)]
    pub fn value(&self, x: T) -> T {
        match self.kind {
            Activation::Gelu => x * normal_cdf(x),
            Activation::Quadratic => (self.b * x + self.a) * x,
            Activation::Relu => positive(x),
            Activation::ReluSquare => positive(x) * positive(x),
            Activation::Silu => x * logistic(x),
            Activation::Square => x * x,
            Activation::Tanh => x.tanh(),
        }
    }

    /// σ′(x); 0 at the kink of relu.
    #[inline(always)]
    pub fn slope(&self, x: T) -> T {
        match self.kind {
            Activation::Gelu => normal_cdf(x) + x * normal_density(x),
            Activation::Quadratic => self.b * (x + x) + self.a,
            Activation::Relu => above_zero(x, T::ONE),
            Activation::ReluSquare => positive(x) + positive(x),
            Activation::Silu => {
                let s = logistic(x);
                s * (T::ONE + x * (T::ONE - s))
            }
            Activation::Square => x + x,
            Activation::Tanh => {
                let t = x.tanh();
                T::ONE - t * t
            }
        }
    }

    /// σ″(x) where it exists; 0 at the kinks.
    #[inline(always)]
    pub fn curvature(&self, x: T) -> T {
        let two = T::ONE + T::ONE;
        match self.kind {
            Activation::Gelu => normal_density(x) * (two - x * x),
            Activation::Quadratic => self.b + self.b,
            Activation::Relu => T::ZERO,
            Activation::ReluSquare => above_zero(x, two),
            Activation::Silu => {
                let s = logistic(x);
                s * (T::ONE - s) * (two + x * (T::ONE - s - s))
            }
            Activation::Square => two,
            Activation::Tanh => {
                let t = x.tanh();
                -two * t * (T::ONE - t * t)
            }
        }
    }

    /// `out ← σ(pre)`.
    #[inline(always)]
    pub fn apply(&self, pre: &[T], out: &mut [T]) {
        specialise!(*self, f => for (o, x) in out.iter_mut().zip(pre) {
            *o = f.value(*x);
        });
    }

    /// `x ← σ(x)`.
    #[inline(always)]
    pub fn apply_in_place(&self, x: &mut [T]) {
        specialise!(*self, f => for x in x.iter_mut() {
            *x = f.value(*x);
        });
    }

    /// `grad ← grad · σ′(pre)`.
    #[inline(always)]
    pub fn apply_slope(&self, pre: &[T], grad: &mut [T]) {
        specialise!(*self, f => for (g, x) in grad.iter_mut().zip(pre) {
            *g *= f.slope(*x);
        });
    }
}

/// max(x, 0), NaN where x is.
#[inline(always)]
fn positive<T: Real>(x: T) -> T {
    if x < T::ZERO { T::ZERO } else { x }
}

#[inline(always)]
fn above_zero<T: Real>(x: T, value: T) -> T {
    if x > T::ZERO { value } else { T::ZERO }
}

#[inline(always)]
fn logistic<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}

/// Φ(x).
#[inline(always)]
fn normal_cdf<T: Real>(x: T) -> T {
    T::of(0.5) * (T::ONE + (x * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// Φ′(x).
#[inline(always)]
fn normal_density<T: Real>(x: T) -> T {
    T::of(0.398_942_280_401_432_7) * (-(x * x) * T::of(0.5)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions<T: Real>() -> impl Iterator<Item = Function<T>> {
        Activation::ALL
            .iter()
            .map(|kind| Function::new(*kind, -0.7, 1.3))
    }

    #[test]
    fn the_table_has_every_activation_sorted() {
        let kinds: Vec<_> = ALL.iter().map(|e| e.kind).collect();
        assert_eq!(kinds, Activation::ALL);
    }

    #[test]
    fn slope_and_curvature_are_the_derivatives() {
        for f in functions::<f64>() {
            for i in -40..40 {
                let (x, h) = (f64::from(i) * 0.2 + 0.07, 1e-5);
                let slope = (f.value(x + h) - f.value(x - h)) / (2.0 * h);
                let curvature = (f.slope(x + h) - f.slope(x - h)) / (2.0 * h);
                assert!(
                    (slope - f.slope(x)).abs() < 1e-8,
                    "{:?} slope at {x}: {slope}",
                    f.kind
                );
                assert!(
                    (curvature - f.curvature(x)).abs() < 1e-8,
                    "{:?} curvature at {x}",
                    f.kind
                );
            }
        }
    }

    #[test]
    fn known_values() {
        let at = |kind, x| Function::<f64>::new(kind, 0.0, 0.0).value(x);
        assert!((at(Activation::Gelu, 1.0) - 0.841_344_746_068_542_9).abs() < 1e-15);
        assert!((at(Activation::Silu, 1.0) - 0.731_058_578_630_004_9).abs() < 1e-15);
        assert_eq!(at(Activation::ReluSquare, 3.0), 9.0);
        assert_eq!(at(Activation::Relu, -3.0), 0.0);
    }

    #[test]
    fn single_precision_follows_double_also_far_out() {
        for (narrow, wide) in functions::<f32>().zip(functions::<f64>()) {
            for x in [
                -1e4_f32, -200.0, -30.0, -3.5, -0.9, -1e-4, 0.0, 1e-4, 0.9, 3.5, 30.0, 200.0, 1e4,
            ] {
                let pairs = [
                    (narrow.value(x).f64(), wide.value(x.into())),
                    (narrow.slope(x).f64(), wide.slope(x.into())),
                    (narrow.curvature(x).f64(), wide.curvature(x.into())),
                ];
                for (a, b) in pairs {
                    assert!(
                        (a - b).abs() <= 1e-6 * b.abs().max(1.0),
                        "{:?} at {x}: {a} {b}",
                        wide.kind
                    );
                }
            }
        }
    }

    #[test]
    fn slices_agree_with_scalars_and_nan_is_never_hidden() {
        for f in functions::<f32>() {
            let pre: Vec<f32> = (-20..21).map(|i| i as f32 * 0.17).collect();
            let mut out = vec![0.0; pre.len()];
            f.apply(&pre, &mut out);
            let mut place = pre.clone();
            f.apply_in_place(&mut place);
            let mut grad: Vec<f32> = vec![3.0; pre.len()];
            f.apply_slope(&pre, &mut grad);
            for (i, x) in pre.iter().enumerate() {
                assert_eq!((out[i], place[i]), (f.value(*x), f.value(*x)));
                assert_eq!(grad[i], 3.0 * f.slope(*x));
            }
            assert!(f.value(f32::NAN).is_nan(), "{:?}", f.kind);
        }
    }
}
