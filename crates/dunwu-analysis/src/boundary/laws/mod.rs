//! The law of the border across sizes: candidates, what is left of them, and what they predict.

mod belief;
mod fit;
mod form;
mod line;
mod mixture;
mod predict;

pub use fit::{LawFit, MARGIN_BITS, Miss, laws};
pub use form::{ALL, Form};
pub use predict::{Prediction, Voice, predict};

use super::window::BoundaryError;
use serde::Serialize;

/// The border of one group.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Order of the group: the number of tokens.
    pub size: f64,
    /// What the theory multiplies M log M by: 1 for abelian groups, half of the largest dimension of an
    /// irreducible representation for others.
    pub factor: f64,
    /// Training fraction of the border.
    pub border: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Point {
    /// The border of an abelian group.
    pub fn abelian(size: f64, border: f64, low: f64, high: f64) -> Self {
        Self {
            size,
            factor: 1.0,
            border,
            low,
            high,
        }
    }

    fn check(&self) -> Result<(), BoundaryError> {
        let ordered = 0.0 < self.low && self.low < self.high && self.high.is_finite();
        let inside = self.low <= self.border && self.border <= self.high;
        let group = self.size > 1.0
            && self.size.is_finite()
            && self.factor > 0.0
            && self.factor.is_finite();
        if ordered && inside && group {
            return Ok(());
        }
        Err(BoundaryError::of(format!(
            "a border of {} between {} and {} at size {} with factor {} fits no law; expected 0 < low ≤ border ≤ high with low < high, a size above 1 and a factor above 0",
            self.border, self.low, self.high, self.size, self.factor
        )))
    }
}
