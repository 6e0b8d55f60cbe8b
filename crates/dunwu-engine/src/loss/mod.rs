//! Losses and their gradients with respect to the network's outputs.

mod centroids;
mod cross_entropy;
mod mse;
mod mse_centred;
mod stablemax;
mod sup_con;
#[cfg(test)]
mod tests;
mod vicreg;

pub use centroids::Centroids;
pub use cross_entropy::CrossEntropy;
pub use mse::Mse;
pub use mse_centred::MseCentred;
pub use stablemax::Stablemax;
pub use sup_con::SupCon;
pub use vicreg::Vicreg;

use crate::maths::Chunks;
use crate::real::Real;
use dunwu_core::{Loss, RunPlan};

/// A loss that is a mean over samples, each depending on its own row of outputs.
pub trait RowLoss<T: Real>: Sync {
    /// This sample's loss; `outputs`, one row of M = `classes` numbers, becomes its gradient (not divided by n).
    ///
    /// Panics if `label` is not below M. What lies beyond M is neither read nor changed.
    fn gradient(&self, outputs: &mut Chunks<T>, classes: usize, label: usize) -> T;

    /// This sample's loss: the same bits as `gradient` returns.
    fn value(&self, outputs: &Chunks<T>, classes: usize, label: usize) -> T;
}

/// A loss of the whole batch. Outputs are n rows, `stride` apart, of which the first `classes` numbers count.
pub trait BatchLoss<T: Real>: Send + Sync {
    /// The mean loss; outputs become n times its gradient, so that every caller divides by n.
    fn gradient(&self, outputs: &mut [T], stride: usize, classes: usize, labels: &[u32]) -> f64;

    /// The mean loss: the same bits as `gradient` returns.
    fn value(&self, outputs: &[T], stride: usize, classes: usize, labels: &[u32]) -> f64;
}

/// Any of the row losses, without indirection, so that a loop over rows is compiled as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// [`CrossEntropy`].
    CrossEntropy,
    /// [`Mse`].
    Mse,
    /// [`MseCentred`].
    MseCentred,
    /// [`Stablemax`].
    Stablemax,
}

impl<T: Real> RowLoss<T> for Row {
    #[inline(always)]
    fn gradient(&self, outputs: &mut Chunks<T>, classes: usize, label: usize) -> T {
        match self {
            Row::CrossEntropy => CrossEntropy.gradient(outputs, classes, label),
            Row::Mse => Mse.gradient(outputs, classes, label),
            Row::MseCentred => MseCentred.gradient(outputs, classes, label),
            Row::Stablemax => Stablemax.gradient(outputs, classes, label),
        }
    }

    #[inline(always)]
    fn value(&self, outputs: &Chunks<T>, classes: usize, label: usize) -> T {
        match self {
            Row::CrossEntropy => CrossEntropy.value(outputs, classes, label),
            Row::Mse => Mse.value(outputs, classes, label),
            Row::MseCentred => MseCentred.value(outputs, classes, label),
            Row::Stablemax => Stablemax.value(outputs, classes, label),
        }
    }
}

/// What a run descends.
pub enum Objective<T> {
    /// A mean over samples; accuracy is that of the largest output.
    Rows(Row),
    /// A loss of the whole batch; accuracy is that of the nearest of [`Centroids`].
    Batch(Box<dyn BatchLoss<T>>),
}

/// One row of the table of losses.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which one.
    pub kind: Loss,
    /// The loss of one sample, or of the batch, as documentation prints it.
    pub formula: &'static str,
    /// Where it was published.
    pub source: &'static str,
}

/// Every loss, sorted by name.
pub static ALL: &[Entry] = &[
    Entry {
        kind: Loss::CrossEntropy,
        formula: "log Σ exp o − o_y",
        source: "maximum likelihood",
    },
    Entry {
        kind: Loss::Mse,
        formula: "‖o − e_y‖²",
        source: "least squares",
    },
    Entry {
        kind: Loss::MseCentred,
        formula: "‖õ‖² − 2 õ_y + 1 − 1/M",
        source: "code of arXiv 2509.21519",
    },
    Entry {
        kind: Loss::Stablemax,
        formula: "log Σ s(o) − log s(o_y)",
        source: "arXiv 2501.04697",
    },
    Entry {
        kind: Loss::SupCon,
        formula: "mean over p of log Σ_a exp(z·z_a/τ) − z·z_p/τ",
        source: "arXiv 2004.11362",
    },
    Entry {
        kind: Loss::Vicreg,
        formula: "25 invariance + 25 variance + covariance",
        source: "arXiv 2105.04906",
    },
];

/// The loss that the plan names.
pub fn objective<T: Real>(plan: &RunPlan) -> Objective<T> {
    match plan.loss {
        Loss::CrossEntropy => Objective::Rows(Row::CrossEntropy),
        Loss::Mse => Objective::Rows(Row::Mse),
        Loss::MseCentred => Objective::Rows(Row::MseCentred),
        Loss::Stablemax => Objective::Rows(Row::Stablemax),
        Loss::SupCon => Objective::Batch(Box::new(SupCon::new(plan.temperature))),
        Loss::Vicreg => Objective::Batch(Box::new(Vicreg)),
    }
}

/// Copies the columns that count into a dense matrix.
fn dense<T: Real>(outputs: &[T], stride: usize, cols: usize, rows: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(rows * cols);
    outputs
        .chunks(stride)
        .take(rows)
        .for_each(|row| out.extend_from_slice(&row[..cols]));
    out
}

/// δ_iy.
#[inline(always)]
fn one_hot<T: Real>(i: u32, label: usize) -> T {
    if i == label as u32 { T::ONE } else { T::ZERO }
}
