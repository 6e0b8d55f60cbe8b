//! The first hidden layer where operands meet in another way than a real sum.

use crate::activation::Function;
use crate::real::Real;
use crate::weights::Dims;
use dunwu_core::{Activation, Interaction, RunPlan, Weights as Field};

/// The rows of the table that one tuple of operands names.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub table: &'a [T],
    pub d: Dims,
    pub inputs: &'a [u32],
}

impl<'a, T: Real> Rows<'a, T> {
    #[inline(always)]
    fn all(self) -> impl Iterator<Item = &'a [T]> {
        self.inputs
            .iter()
            .map(move |t| &self.table[*t as usize * self.d.stride..][..self.d.width])
    }
}

/// How the operands' rows become activations.
#[derive(Clone, Copy)]
pub(crate) struct First<T> {
    function: Function<T>,
    interaction: Interaction,
    /// Rows hold real parts, then imaginary parts.
    complex: bool,
}

impl<T: Real> First<T> {
    pub(crate) fn new(plan: &RunPlan, function: Function<T>) -> Self {
        Self {
            function,
            interaction: plan.interaction,
            complex: plan.weights == Field::Complex,
        }
    }

    /// Activations of one row from its operands' rows; `pre` keeps the sum or stays unused.
    #[inline(always)]
    pub(crate) fn apply(&self, rows: Rows<'_, T>, pre: &mut [T], out: &mut [T]) {
        match self.interaction {
            Interaction::Sum => {
                pre.fill(T::ZERO);
                for row in rows.all() {
                    pre.iter_mut().zip(row).for_each(|(p, x)| *p += *x);
                }
                if self.complex {
                    self.apply_complex(pre, out)
                } else {
                    self.function.apply(pre, out)
                }
            }
            Interaction::Product => {
                for (j, row) in rows.all().enumerate() {
                    if j == 0 {
                        out.copy_from_slice(row)
                    } else {
                        self.multiply(out, row)
                    }
                }
            }
        }
    }

    /// `grad`, at the activations, becomes the gradient at the sum; for a sum only.
    #[inline(always)]
    pub(crate) fn sum_gradient(&self, pre: &[T], grad: &mut [T]) {
        if !self.complex {
            return self.function.apply_slope(pre, grad);
        }
        let half = pre.len() / 2;
        let ((x, y), (g, h)) = (pre.split_at(half), grad.split_at_mut(half));
        let (a, b) = self.coefficients();
        for i in 0..half {
            // g·conj σ′(z), σ′(z) = a + 2bz: the steepest ascent of a real function of z.
            let (re, im) = (a + (b + b) * x[i], (b + b) * y[i]);
            (g[i], h[i]) = (g[i] * re + h[i] * im, h[i] * re - g[i] * im);
        }
    }

    /// Gradient at operand `j`'s row from `grad` at the activations; for a product only.
    #[inline(always)]
    pub(crate) fn product_gradient(&self, rows: Rows<'_, T>, j: usize, grad: &[T], out: &mut [T]) {
        out.copy_from_slice(grad);
        for (_, row) in rows.all().enumerate().filter(|(i, _)| *i != j) {
            if self.complex {
                multiply_conjugate(out, row)
            } else {
                self.multiply(out, row)
            }
        }
    }

    pub(crate) fn is_sum(&self) -> bool {
        self.interaction == Interaction::Sum
    }

    /// σ(z) = a z + b z² in real and imaginary parts.
    #[inline(always)]
    fn apply_complex(&self, pre: &[T], out: &mut [T]) {
        let half = pre.len() / 2;
        let ((x, y), (u, v)) = (pre.split_at(half), out.split_at_mut(half));
        let (a, b) = self.coefficients();
        for i in 0..half {
            u[i] = a * x[i] + b * (x[i] * x[i] - y[i] * y[i]);
            v[i] = a * y[i] + (b + b) * x[i] * y[i];
        }
    }

    fn coefficients(&self) -> (T, T) {
        match self.function.kind {
            Activation::Square => (T::ZERO, T::ONE),
            _ => (self.function.a, self.function.b),
        }
    }

    #[inline(always)]
    fn multiply(&self, out: &mut [T], row: &[T]) {
        if !self.complex {
            return out.iter_mut().zip(row).for_each(|(o, x)| *o *= *x);
        }
        let half = row.len() / 2;
        let ((x, y), (u, v)) = (row.split_at(half), out.split_at_mut(half));
        for i in 0..half {
            (u[i], v[i]) = (u[i] * x[i] - v[i] * y[i], u[i] * y[i] + v[i] * x[i]);
        }
    }
}

/// `out ← out · conj(row)`.
#[inline(always)]
fn multiply_conjugate<T: Real>(out: &mut [T], row: &[T]) {
    let half = row.len() / 2;
    let ((x, y), (u, v)) = (row.split_at(half), out.split_at_mut(half));
    for i in 0..half {
        (u[i], v[i]) = (u[i] * x[i] + v[i] * y[i], v[i] * x[i] - u[i] * y[i]);
    }
}
