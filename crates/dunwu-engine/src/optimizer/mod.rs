//! Rules of the weight update.

mod adam;
mod adamw;
mod lion;
mod muon;
mod sgd;
#[cfg(test)]
mod tests;

pub use adam::{Adam, Moments};
pub use adamw::Adamw;
pub use lion::Lion;
pub use muon::{Muon, orthogonalise};
pub use sgd::Sgd;

use crate::real::Real;
use dunwu_core::{Optimizer, RunPlan};

/// A weight matrix in storage: rows `stride` apart, columns from `cols` on are padding.
///
/// Padding of weights and gradients is zero, and every rule leaves it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns that count.
    pub cols: usize,
    /// Distance of consecutive rows.
    pub stride: usize,
}

impl Shape {
    /// Numbers in storage.
    pub fn len(&self) -> usize {
        self.rows * self.stride
    }

    /// Whether the storage is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What changes from update to update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Learning rate.
    pub lr: f64,
    /// Number of this update, from 1.
    pub t: u64,
}

/// What a weight matrix is in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A hidden layer.
    Hidden,
    /// The last layer.
    Readout,
    /// The vectors that stand for tokens or positions.
    Embedding,
    /// A scale, shift, bias or logit.
    Vector,
}

/// A rule of the update of one weight matrix, with its state. All slices have the storage's length.
pub trait Rule<T: Real>: Send {
    /// Updates the weights. The gradient is spent: what it holds afterwards is unspecified, but zero in padding.
    fn step(&mut self, step: &Step, weight: &mut [T], grad: &mut [T]);

    /// The state by name, in a fixed order.
    fn state(&self) -> Vec<(&'static str, &[T])>;

    /// Replaces the state of that name; false if there is none of that name and length.
    fn restore(&mut self, name: &str, data: &[T]) -> bool;

    /// Numbers in the state.
    fn state_len(&self) -> usize {
        self.state().iter().map(|(_, data)| data.len()).sum()
    }
}

/// One row of the table of optimisers.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which one.
    pub kind: Optimizer,
    /// The update, as documentation prints it.
    pub formula: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Vectors of state that it keeps for one weight matrix of that role.
    pub states: fn(Role) -> usize,
}

/// Every optimiser, sorted by name.
pub static ALL: &[Entry] = &[
    Entry {
        kind: Optimizer::Adam,
        formula: "g ← g + λw; w ← w − lr · m̂ / (√v̂ + ε)",
        source: "arXiv 1412.6980",
        states: |_| 2,
    },
    Entry {
        kind: Optimizer::Adamw,
        formula: "w ← (1 − lr·λ) w − lr · m̂ / (√v̂ + ε)",
        source: "arXiv 1711.05101",
        states: |_| 2,
    },
    Entry {
        kind: Optimizer::Lion,
        formula: "w ← (1 − lr·λ) w − lr · sign(β₁ m + (1 − β₁) g)",
        source: "arXiv 2302.06675",
        states: |_| 1,
    },
    Entry {
        kind: Optimizer::Muon,
        formula: "w ← (1 − lr·λ) w − lr · NewtonSchulz(m); Adam on readout, embedding and vectors",
        source: "Jordan et al., Muon, 2024; arXiv 2502.16982",
        states: |role| if role == Role::Hidden { 1 } else { 2 },
    },
    Entry {
        kind: Optimizer::Sgd,
        formula: "g ← g + λw; m ← μ m + g; w ← w − lr · m",
        source: "Polyak 1964",
        states: |_| 1,
    },
];

/// The rule that the plan names, for one weight matrix.
pub fn rule<T: Real>(plan: &RunPlan, role: Role, shape: Shape) -> Box<dyn Rule<T>> {
    match plan.optimizer {
        Optimizer::Adam => Box::new(Adam::new(plan, shape)),
        Optimizer::Adamw => Box::new(Adamw::new(plan, shape)),
        Optimizer::Lion => Box::new(Lion::new(plan, shape)),
        Optimizer::Muon if role == Role::Hidden => Box::new(Muon::new(plan, shape)),
        Optimizer::Muon => Box::new(Adam::new(plan, shape)),
        Optimizer::Sgd => Box::new(Sgd::new(plan, shape)),
    }
}

/// Numbers of state that the plan's rule will keep for one weight matrix, without making it.
pub fn state_len(plan: &RunPlan, role: Role, shape: Shape) -> usize {
    let entry = ALL
        .iter()
        .find(|e| e.kind == plan.optimizer)
        .expect("the table has every optimiser");
    (entry.states)(role) * shape.len()
}

/// Copies saved state over the slot of that name.
pub(crate) fn restore<T: Copy>(slots: &mut [(&str, &mut [T])], name: &str, data: &[T]) -> bool {
    let slot = slots
        .iter_mut()
        .find(|(known, slot)| *known == name && slot.len() == data.len());
    slot.map(|(_, slot)| slot.copy_from_slice(data)).is_some()
}
