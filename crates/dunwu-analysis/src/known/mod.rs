//! Published statements that are exact, measured: each takes general inputs and gives the numbers.
//!
//! | module | statement | source |
//! |---|---|---|
//! | [`addition`] | a network in closed form adds mod p, with errors ∝ N^−½ | arXiv 2301.02679, 2310.13061 |
//! | [`backprop`] | what the loss sends back to hidden nodes while the readout learns | arXiv 2509.21519, Prop. 1, Eq. 4, Lemma 1 |
//! | [`collection`] | how many nodes it takes until every feature has one | arXiv 2509.21519, Theorem 8 |
//! | [`missing`] | the residual energy peaks on missing features only | arXiv 2509.21519, Theorem 7 |
//! | [`one_label`] | with one label, nodes focus or spread | arXiv 2509.21519, Theorem 5 |
//! | [`race`] | which feature a node ends in | arXiv 2509.21519, Lemmas 7 and 8 |
//! | [`reconstruction`] | nodes of characters give the whole table | arXiv 2509.21519, Theorem 3 |
//! | [`regime`] | which activations focus and which spread | arXiv 2509.21519, Theorem 5 |
//! | [`repulsion`] | nodes that are alike repel | arXiv 2509.21519, Theorem 6 |
//!
//! What was measured, and where a statement does not hold as printed, is in `docs/reproductions.md`.

pub mod addition;
pub mod backprop;
pub mod collection;
mod estimate;
pub mod missing;
pub mod one_label;
pub mod race;
pub mod reconstruction;
pub mod regime;
pub mod repulsion;

pub use estimate::{Interval, mean, slope};

use std::fmt;

/// Why a statement cannot be measured on an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownError(String);

impl KnownError {
    fn of(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for KnownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KnownError {}

impl From<crate::landscape::LandscapeError> for KnownError {
    fn from(error: crate::landscape::LandscapeError) -> Self {
        Self::of(error.to_string())
    }
}

/// Refuses a number that is not positive and finite.
fn check_positive(name: &str, value: f64) -> Result<(), KnownError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(KnownError::of(format!(
        "{name} is {value}; expected a finite number above 0"
    )))
}
