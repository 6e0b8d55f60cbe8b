//! Numbers that remember what they were made from: gradients of any formula, by the chain rule.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Sub};

/// For each number the numbers that it was made from, and how it depends on each.
#[derive(Default)]
pub(crate) struct Tape(RefCell<Vec<[(usize, f64); 2]>>);

/// A number on a tape.
#[derive(Clone, Copy)]
pub(crate) struct Var<'t> {
    tape: &'t Tape,
    index: usize,
    pub(crate) value: f64,
}

impl Tape {
    pub(crate) fn var(&self, value: f64) -> Var<'_> {
        self.push(value, [(0, 0.0); 2])
    }

    fn push(&self, value: f64, from: [(usize, f64); 2]) -> Var<'_> {
        let mut all = self.0.borrow_mut();
        all.push(from);
        Var {
            tape: self,
            index: all.len() - 1,
            value,
        }
    }

    /// Derivatives of a number by every number on the tape.
    pub(crate) fn gradient(&self, of: Var<'_>) -> Vec<f64> {
        let all = self.0.borrow();
        let mut out = vec![0.0; all.len()];
        out[of.index] = 1.0;
        for i in (0..=of.index).rev() {
            for (from, slope) in all[i] {
                if slope != 0.0 {
                    out[from] += slope * out[i];
                }
            }
        }
        out
    }
}

impl<'t> Var<'t> {
    pub(crate) fn index(self) -> usize {
        self.index
    }

    /// f(x) with its slope there.
    pub(crate) fn map(self, value: f64, slope: f64) -> Var<'t> {
        self.tape.push(value, [(self.index, slope), (0, 0.0)])
    }

    pub(crate) fn exp(self) -> Var<'t> {
        self.map(self.value.exp(), self.value.exp())
    }

    pub(crate) fn ln(self) -> Var<'t> {
        self.map(self.value.ln(), 1.0 / self.value)
    }

    pub(crate) fn sqrt(self) -> Var<'t> {
        self.map(self.value.sqrt(), 0.5 / self.value.sqrt())
    }

    fn with(self, other: Var<'t>, value: f64, slopes: [f64; 2]) -> Var<'t> {
        let from = [(self.index, slopes[0]), (other.index, slopes[1])];
        self.tape.push(value, from)
    }
}

impl<'t> Add for Var<'t> {
    type Output = Var<'t>;
    fn add(self, other: Var<'t>) -> Var<'t> {
        self.with(other, self.value + other.value, [1.0, 1.0])
    }
}

impl<'t> Sub for Var<'t> {
    type Output = Var<'t>;
    fn sub(self, other: Var<'t>) -> Var<'t> {
        self.with(other, self.value - other.value, [1.0, -1.0])
    }
}

impl<'t> Mul for Var<'t> {
    type Output = Var<'t>;
    fn mul(self, other: Var<'t>) -> Var<'t> {
        self.with(other, self.value * other.value, [other.value, self.value])
    }
}

impl<'t> Div for Var<'t> {
    type Output = Var<'t>;
    fn div(self, other: Var<'t>) -> Var<'t> {
        let slopes = [1.0 / other.value, -self.value / (other.value * other.value)];
        self.with(other, self.value / other.value, slopes)
    }
}

#[test]
fn slopes_are_those_of_finite_differences() {
    let f = |x: f64, y: f64| {
        let tape = Tape::default();
        let (x, y) = (tape.var(x), tape.var(y));
        let z = (x * y - y.exp() / x).sqrt() + (x + y).ln();
        (z.value, tape.gradient(z)[..2].to_vec())
    };
    let (x, y, h) = (3.0, 0.7, 1e-6);
    let (_, slopes) = f(x, y);
    assert!(((f(x + h, y).0 - f(x - h, y).0) / (2.0 * h) - slopes[0]).abs() < 1e-8);
    assert!(((f(x, y + h).0 - f(x, y - h).0) / (2.0 * h) - slopes[1]).abs() < 1e-8);
}
