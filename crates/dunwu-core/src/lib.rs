//! The nouns of dunwu: plans, data sets, snapshots, readings, events and findings.
//!
//! No input or output, no mathematics beyond keyed random draws.
//! Every other crate sees this one; this one sees none of them.

mod curve;
mod dataset;
mod error;
mod event;
mod finding;
mod keys;
mod names;
mod plan;
mod probe;
mod seed;
mod shell;
mod snapshot;
mod spec;

pub use curve::Curve;
pub use dataset::{Dataset, Rows};
pub use error::PlanError;
pub use event::{Flow, Metrics, Observer, RunEvent, Score, StopReason};
pub use finding::{Evidence, Finding};
pub use keys::{KEYS, Key, TRANSFORMER_DEFAULTS};
pub use plan::{
    Activation, Attention, Embedding, GradientFilter, Init, Interaction, Loss, LossAt, Model,
    MuonCoefficients, Norm, NormPlace, Optimizer, Positions, Precision, Readout, RunPlan, Schedule,
    SplitKind, Stop, TrainShare, Transformer, Weights,
};
pub use probe::{Cost, Needs, Probe, Reading};
pub use seed::{Draws, Seed};
pub use shell::shell_word;
pub use snapshot::{NamedTensor, Snapshot, TensorData, TensorView, Values, is_weight};
pub use spec::{RunSpec, key_value};
