//! Changes to the gradient before the optimiser sees it. They compose, and go with any optimiser.

mod ema;
mod ma;
mod orthogonal;
#[cfg(test)]
mod tests;

pub use ema::Ema;
pub use ma::Ma;
pub use orthogonal::Orthogonal;

use crate::optimizer::Shape;
use crate::real::Real;
use dunwu_core::{GradientFilter, RunPlan};

/// A change to the gradient of one weight matrix, with its state. Padding of zeros stays so.
pub trait Modifier<T: Real>: Send {
    /// Changes the gradient.
    fn modify(&mut self, weight: &[T], grad: &mut [T]);

    /// The state by name, in a fixed order.
    fn state(&self) -> Vec<(&'static str, &[T])>;

    /// Replaces the state of that name; false if there is none of that name and length.
    fn restore(&mut self, name: &str, data: &[T]) -> bool;

    /// Numbers in the state.
    fn state_len(&self) -> usize {
        self.state().iter().map(|(_, data)| data.len()).sum()
    }
}

/// One row of the table of modifiers.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Name: that of the gradient filter, or of the key that turns the modifier on.
    pub name: &'static str,
    /// What becomes of the gradient, as documentation prints it.
    pub formula: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Whether the plan asks for it.
    pub chosen: fn(&RunPlan) -> bool,
    /// Numbers of state that it keeps.
    pub states: fn(&RunPlan, Shape) -> usize,
}

/// Every modifier, sorted by name.
pub static ALL: &[Entry] = &[
    Entry {
        name: "ema",
        formula: "h ← α h + (1 − α) g; g ← g + λ h",
        source: "arXiv 2405.20233",
        chosen: |plan| plan.gradient_filter == GradientFilter::Ema,
        states: |_, shape| shape.len() + 1,
    },
    Entry {
        name: "ma",
        formula: "g ← g + λ · mean of the last window gradients, once there are so many",
        source: "arXiv 2405.20233",
        chosen: |plan| plan.gradient_filter == GradientFilter::Ma,
        states: |plan, shape| plan.filter_window * shape.len() + 2,
    },
    Entry {
        name: "orthogonal_gradient",
        formula: "h = g − (w·g)/(w·w) w; g ← h ‖g‖/‖h‖",
        source: "arXiv 2501.04697",
        chosen: |plan| plan.orthogonal_gradient,
        states: |_, _| 0,
    },
];

/// The modifiers that the plan asks for, in the order of application: the projection, then the filter.
pub fn modifiers<T: Real>(plan: &RunPlan, shape: Shape) -> Vec<Box<dyn Modifier<T>>> {
    let mut out: Vec<Box<dyn Modifier<T>>> = Vec::new();
    if plan.orthogonal_gradient {
        out.push(Box::new(Orthogonal));
    }
    match plan.gradient_filter {
        GradientFilter::Ema => out.push(Box::new(Ema::new(plan, shape))),
        GradientFilter::Ma => out.push(Box::new(Ma::new(plan, shape))),
        GradientFilter::None => {}
    }
    out
}

/// Numbers of state that the plan's modifiers will keep for one weight matrix, without making them.
pub fn state_len(plan: &RunPlan, shape: Shape) -> usize {
    ALL.iter()
        .filter(|e| (e.chosen)(plan))
        .map(|e| (e.states)(plan, shape))
        .sum()
}
