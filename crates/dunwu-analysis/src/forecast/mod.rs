//! Where a training curve ends, from a part of it.
//!
//! The answer is a distribution, a decision and a reason, never a bare number, and where nothing can be told that is said.
//!
//! - `bank`: the analytic head, a bank of bases with conjugate priors, averaged by evidence.
//! - `network`, `learn`: the quantile head, which sees 43 numbers without units (those of the bank among them) and was
//!   fitted to known curves and to made-up ones (`prior`). Its weights, 55 kB, are shipped as `head.bin`.
//! - `relaxation`: how a loss follows falls of the learning rate.
//! - `clock`: time as the learning rate tells it, where its schedule is known.
//! - `course`: how a logged rate goes on, where its beginning has the form of a schedule.
//! - `spent`: a run whose learning rate has run out, which stays where it is.
//! - `expert`, `calibration`: what other runs of the same metric teach, whose ends are known.
//! - `tell`: both pooled by how far a prefix lies from those that were learned from; within hard bounds.
//! - `delayed`: of a run that memorised, whether and when it generalises; shipped as `delayed.bin`.
//! - `decide`: continue, pause or stop, with a reason in words.
//! - [`evaluate`]: how good all that is, on curves whose ends are known.

mod bank;
mod calibration;
mod clock;
mod course;
mod decide;
mod delayed;
pub mod evaluate;
mod expert;
mod features;
mod learn;
mod metric;
mod network;
mod prior;
mod quantiles;
mod relaxation;
mod schedule;
mod shape;
mod spent;
mod tell;
#[cfg(test)]
mod tests;
pub use calibration::Calibration;
pub use course::{Course, Form};
pub use decide::{Decision, short, step_words};
pub use delayed::{
    Companions, DelayedModel, Jump, KnownRun, LeftOut, Points, delayed, learn_delayed,
};
pub use evaluate::{DelayedScore, evaluate_delayed};
pub use learn::{KnownCurve, Learning, learn};
pub use metric::{Measured, Metric, Sense};
pub use network::Network;
pub use prior::prior;
pub use quantiles::{COUNT, LEVELS, Quantiles};
pub use tell::{Forecast, Question, forecast, forecast_calibrated};
