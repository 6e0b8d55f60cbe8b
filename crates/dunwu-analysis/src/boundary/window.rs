//! What is known of a border before the first run.

use std::fmt;

/// Why an input cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundaryError(String);

impl BoundaryError {
    pub(crate) fn of(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for BoundaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BoundaryError {}

/// What is known of a border before the first run: between which fractions it lies, and between which
/// widths its transition.
///
/// The border is uniform in log p between `low` and `high`, the width of its transition uniform in its
/// logarithm. The width is the distance from 10 to 90 % of runs that generalise, in log p: about a share
/// of the border itself. Its default range, 0.01 to 0.6, is wide: we measured 0.04 to 0.1 at M = 23 and 41.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    low: f64,
    high: f64,
    narrowest: f64,
    widest: f64,
}

impl Window {
    /// The window between two training fractions.
    ///
    /// ```
    /// use dunwu_analysis::boundary::Window;
    /// assert!(Window::new(0.2, 0.5).is_ok());
    /// let error = Window::new(0.5, 0.2).unwrap_err().to_string();
    /// assert!(error.contains("0.5") && error.contains("smaller first"));
    /// ```
    ///
    /// # Errors
    /// If they are not 0 < low < high ≤ 1.
    pub fn new(low: f64, high: f64) -> Result<Self, BoundaryError> {
        if 0.0 < low && low < high && high <= 1.0 {
            return Ok(Self {
                low,
                high,
                narrowest: 0.01,
                widest: 0.6,
            });
        }
        Err(BoundaryError::of(format!(
            "no border lies between the fractions {low} and {high}; expected two of (0, 1], the smaller first"
        )))
    }

    /// The same window with another range of widths, both in log p.
    ///
    /// # Errors
    /// If they are not 0 < narrowest < widest, both finite.
    pub fn with_widths(self, narrowest: f64, widest: f64) -> Result<Self, BoundaryError> {
        if 0.0 < narrowest && narrowest < widest && widest.is_finite() {
            return Ok(Self {
                narrowest,
                widest,
                ..self
            });
        }
        Err(BoundaryError::of(format!(
            "no transition is {narrowest} to {widest} wide; expected two finite numbers above 0, the smaller first"
        )))
    }

    /// Smallest fraction.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Largest fraction.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Narrowest and widest transition, in log p.
    pub fn widths(&self) -> (f64, f64) {
        (self.narrowest, self.widest)
    }
}
