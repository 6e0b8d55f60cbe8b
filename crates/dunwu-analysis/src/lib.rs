//! What a series of readings means: crossings, stages, verdicts.
//!
//! Everything here is a pure function of a [`Curve`](dunwu_core::Curve). Borders are causal: each is
//! fixed by readings up to a stated number of epochs after it, so a prefix gives the same border as
//! the whole run, or none yet.

mod account;
mod crossing;
mod detect;
mod spread;
mod stages;
mod words;

pub use account::{Account, Context, Fate, account};
pub use crossing::{Crossing, crossing};
pub use detect::{Rule, Signal, confirmation};
pub use spread::{Spread, Summary, spread};
pub use stages::{current_stage, stages};
