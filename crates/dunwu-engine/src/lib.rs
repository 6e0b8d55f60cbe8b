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

use dunwu_core::{Dataset, Interaction, RunPlan, Weights};

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
