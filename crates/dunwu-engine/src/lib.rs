//! Kernels, models, losses, optimisers and ensembles.

pub mod activation;
pub mod loss;
pub mod maths;
pub mod modifier;
pub mod optimizer;
pub mod real;
pub mod schedule;
