//! The activations of the energy, with slope and curvature.

use dunwu_core::Activation;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// A twice differentiable function of one number, lane by lane.
pub(crate) trait Sigma: Copy + Sync {
    fn value(self, x: f64) -> f64;
    fn slope(self, x: f64) -> f64;
    fn curvature(self, x: f64) -> f64;
}

/// `square·y² + linear·y` with y = max(x, floor): square, quadratic, relu and relu_square.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Polynomial {
    pub(crate) square: f64,
    pub(crate) linear: f64,
    pub(crate) floor: f64,
}

impl Sigma for Polynomial {
    #[inline(always)]
    fn value(self, x: f64) -> f64 {
        let y = if x > self.floor { x } else { 0.0 };
        (self.square * y + self.linear) * y
    }

    #[inline(always)]
    fn slope(self, x: f64) -> f64 {
        let s = 2.0 * self.square * x + self.linear;
        if x > self.floor { s } else { 0.0 }
    }

    #[inline(always)]
    fn curvature(self, x: f64) -> f64 {
        if x > self.floor {
            2.0 * self.square
        } else {
            0.0
        }
    }
}

/// Activations with an exponential in them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Smooth {
    Gelu,
    Silu,
    Tanh,
}

/// 1/(1 + e⁻ˣ).
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// Density of the normal distribution.
fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * PI).sqrt()
}

/// Distribution function of the normal distribution.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

impl Sigma for Smooth {
    fn value(self, x: f64) -> f64 {
        match self {
            Smooth::Gelu => x * normal(x),
            Smooth::Silu => x * logistic(x),
            Smooth::Tanh => libm::tanh(x),
        }
    }

    fn slope(self, x: f64) -> f64 {
        match self {
            Smooth::Gelu => normal(x) + x * density(x),
            Smooth::Silu => {
                let s = logistic(x);
                s * (1.0 + x * (1.0 - s))
            }
            Smooth::Tanh => 1.0 - libm::tanh(x).powi(2),
        }
    }

    fn curvature(self, x: f64) -> f64 {
        match self {
            Smooth::Gelu => (2.0 - x * x) * density(x),
            Smooth::Silu => {
                let s = logistic(x);
                s * (1.0 - s) * (2.0 + x * (1.0 - 2.0 * s))
            }
            Smooth::Tanh => {
                let t = libm::tanh(x);
                -2.0 * t * (1.0 - t * t)
            }
        }
    }
}

/// An activation as the energy knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Polynomial(Polynomial),
    Smooth(Smooth),
}

impl Kind {
    /// With the coefficients of `quadratic`: b·x² + a·x.
    pub(crate) fn of(activation: Activation, a: f64, b: f64) -> Self {
        let polynomial = |square, linear, floor| {
            Kind::Polynomial(Polynomial {
                square,
                linear,
                floor,
            })
        };
        match activation {
            Activation::Gelu => Kind::Smooth(Smooth::Gelu),
            Activation::Quadratic => polynomial(b, a, f64::NEG_INFINITY),
            Activation::Relu => polynomial(0.0, 1.0, 0.0),
            Activation::ReluSquare => polynomial(1.0, 0.0, 0.0),
            Activation::Silu => Kind::Smooth(Smooth::Silu),
            Activation::Square => polynomial(1.0, 0.0, f64::NEG_INFINITY),
            Activation::Tanh => Kind::Smooth(Smooth::Tanh),
        }
    }

    /// The coefficient of x², if σ is b·x² + a·x.
    pub(crate) fn square(self) -> Option<f64> {
        match self {
            Kind::Polynomial(p) if p.floor < 0.0 => Some(p.square),
            _ => None,
        }
    }
}
