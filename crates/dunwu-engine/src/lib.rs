//! The training engine of dunwu: kernels, models, losses, optimisers.
//!
//! One call, [`train`], trains one network on one data set and pushes events to an
//! [`Observer`](dunwu_core::Observer). The engine never prints, writes, reads the clock or the
//! environment, and its bits depend on the plan and the seed alone, not on the number of threads.

pub mod activation;
pub mod bench;
mod buffer;
mod error;
mod kernel;
pub mod loss;
pub mod maths;
mod matrix;
mod memory;
mod model;
pub mod modifier;
pub mod optimizer;
mod order;
mod perceptron;
mod pool;
mod real;
mod ridge;
pub mod schedule;
mod score;
mod stack;
mod table;
mod train;
mod trainer;
mod transformer;
mod weights;

pub use error::EngineError;
pub use memory::{Memory, memory, memory_of_rows};
pub use real::Real;
pub use table::table_bytes;
pub use train::{Outcome, Resume, train};

use dunwu_core::{Dataset, Interaction, RunPlan, Snapshot, Weights, is_weight};

/// Whether weights are those of a network of the plan: every tensor there, in its shape, and no other.
///
/// # Errors
/// A plan that the engine does not run, or the first tensor that is missing, has another shape, or is none of the
/// network's.
///
/// ```
/// use dunwu_core::{RunSpec, Snapshot};
/// let plan = RunSpec::from_overrides(["task=Z5", "width=16"]).unwrap().resolve().unwrap();
/// let task = dunwu_task::Task::from_plan(&plan, dunwu_task::NO_FILES).unwrap();
/// let data = task.dataset(&plan, 0, dunwu_task::NO_FILES).unwrap();
/// let error = dunwu_engine::fits(&plan, &data, &Snapshot::default()).unwrap_err();
/// assert!(error.to_string().contains("`hidden.0` is missing"));
/// ```
pub fn fits(plan: &RunPlan, data: &Dataset, weights: &Snapshot<'_>) -> Result<(), EngineError> {
    check(plan, data)?;
    let mut own = weights::Weights::<f32>::shaped(plan, data);
    own.restore(weights)?;
    let strange = |name: &str| is_weight(name) && own.all.iter().all(|m| m.name != name);
    match weights.tensors.iter().find(|t| strange(&t.name)) {
        Some(t) => Err(EngineError::state(&t.name, "is none of the network's")),
        None => Ok(()),
    }
}

/// Whether this engine runs the plan on the data.
fn check(plan: &RunPlan, data: &Dataset) -> Result<(), EngineError> {
    if let Some(t) = &plan.transformer {
        return transformer::check(t, data);
    }
    if plan.weights == Weights::Complex && plan.hidden_layers > 1 {
        let why = "complex weights have one hidden layer; write hidden_layers=1 or weights=real";
        return Err(EngineError::unsupported("hidden_layers", why));
    }
    if plan.interaction == Interaction::Product && plan.operands < 2 {
        return Err(EngineError::unsupported(
            "interaction",
            "a product needs two operands or more",
        ));
    }
    Ok(())
}
