//! How much memory a run takes.

use crate::loss::{Objective, objective};
use crate::transformer::{self, Shape, Tensors};
use crate::weights::Dims;
use dunwu_core::{
    Dataset, GradientFilter, Interaction, Optimizer, Precision, Readout, RunPlan, Weights as Field,
};

/// Bytes of one run, before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Weights.
    pub weights: u64,
    /// State of the optimiser and of the gradient filter.
    pub optimizer: u64,
    /// Gradients, activations, outputs and the rows themselves.
    pub work: u64,
}

impl Memory {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.weights
            .saturating_add(self.optimizer)
            .saturating_add(self.work)
    }
}

/// What one run of the plan takes with `threads` workers, to within a few percent.
pub fn memory(plan: &RunPlan, data: &Dataset, threads: usize) -> Memory {
    memory_of_rows(plan, data, [data.len(), data.train.len()], threads)
}

/// [`memory`] for a data set that is not made yet: `shape` has the operands and classes, and there would be so
/// many rows in all, and so many of them to train on.
pub fn memory_of_rows(
    plan: &RunPlan,
    shape: &Dataset,
    [all, rows]: [usize; 2],
    threads: usize,
) -> Memory {
    if let Some(t) = &plan.transformer {
        return of_transformer(plan, &Shape::new(t, shape), [all, rows], threads);
    }
    let d = Dims::new(plan, shape);
    let size = size(plan);
    let product = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
    let inputs = d.embedding.map_or(d.tokens, |e| e * d.operands);
    let deep = (d.layers as u64 - 1).saturating_mul(product(d.stride, d.stride));
    let embedding = d.embedding.map_or(0, |e| product(d.vocab, e));
    let weights = [
        product(inputs, d.stride),
        deep,
        product(d.stride, d.pitch),
        embedding,
    ]
    .iter()
    .fold(0u64, |a, b| a.saturating_add(*b));
    let (moments, filter) = states(plan);
    let plain =
        plan.weights == Field::Real && plan.interaction == Interaction::Sum && d.layers == 1;
    let table = product(d.tokens, d.stride);
    let mut work =
        weights.saturating_add(table.saturating_mul(if d.embedding.is_some() { 3 } else { 1 }));
    work = work
        .saturating_add(product(rows, 3 * d.pitch))
        .saturating_add(product(d.stride, d.pitch));
    if !plain {
        let block = (2 * d.layers as u64 + 2)
            .saturating_mul(product(256, d.stride))
            .saturating_mul(threads as u64);
        work = work
            .saturating_add(block)
            .saturating_add(weights.saturating_mul(2));
    }
    if plan.eval_every > 1 {
        work = work.saturating_add(weights.saturating_mul(1 + moments + filter));
    }
    let mut work = work.saturating_mul(size);
    if plan.readout == Readout::Ridge {
        let gram = rows.min(d.width);
        let doubles = product(rows, d.width)
            .saturating_mul(2)
            .saturating_add(product(gram, gram).saturating_mul(3));
        work = work.saturating_add(doubles.saturating_mul(8));
    }
    let per_row = 4 * d.operands as u64 * 3 + 32;
    Memory {
        weights: weights.saturating_mul(size),
        optimizer: weights
            .saturating_mul(moments + filter)
            .saturating_mul(size),
        work: work.saturating_add((all as u64).saturating_mul(per_row)),
    }
}

/// Bytes of a number.
fn size(plan: &RunPlan) -> u64 {
    match plan.precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    }
}

/// Numbers that optimiser and filter keep for a weight.
fn states(plan: &RunPlan) -> (u64, u64) {
    let moments = match plan.optimizer {
        Optimizer::Adam | Optimizer::Adamw => 2,
        Optimizer::Sgd | Optimizer::Lion => 1,
        Optimizer::Muon => 2,
    };
    let filter = match plan.gradient_filter {
        GradientFilter::None => 0,
        GradientFilter::Ema => 1,
        GradientFilter::Ma => plan.filter_window as u64,
    };
    (moments, filter)
}

/// The same of a transformer: gradients, the parts that they are added up from, and each worker's room.
fn of_transformer(plan: &RunPlan, s: &Shape, [all, rows]: [usize; 2], threads: usize) -> Memory {
    let size = size(plan);
    let (moments, filter) = states(plan);
    let weights = Tensors::new(s).numbers().saturating_mul(size);
    let optimizer = weights.saturating_mul(moments + filter);
    let rooms = transformer::room(s).saturating_mul(threads as u64);
    let mut work = rooms;
    // What probes see of the labels.
    let seen = 2 * s.pitch + s.stride;
    work = work.saturating_add((rows as u64).saturating_mul(seen as u64));
    let rows_alone = matches!(objective::<f32>(plan), Objective::Rows(_));
    if plan.readout == Readout::Ridge || !rows_alone {
        let kept = (all + rows).saturating_mul(s.answers).saturating_mul(2);
        work = work.saturating_add((kept as u64).saturating_mul((s.pitch + s.stride) as u64));
    }
    work = work.saturating_mul(size);
    work = work.saturating_add(weights.saturating_mul(1 + transformer::PARTS as u64));
    if plan.eval_every > 1 {
        work = work.saturating_add(weights.saturating_add(optimizer));
    }
    // Tokens, places and labels of both orders and of the data set, and each answer's loss.
    let per_row = 12 * s.sequence as u64 + 34 * s.answers as u64;
    Memory {
        weights,
        optimizer,
        work: work.saturating_add((all as u64).saturating_mul(per_row)),
    }
}
