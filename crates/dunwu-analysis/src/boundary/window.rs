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

/// What is known of a border before the first run: between which fractions it lies, and how wide transitions
/// are.
///
/// The border is uniform in log p between `low` and `high`. The width is the distance from 10 to 90 % of runs
/// that generalise, in log p: about a share of the border itself. Its logarithm is normal, by default around
/// a width of 0.08 with standard deviation log 2.5, which puts 95 % of widths between 0.013 and 0.48. At
/// M = 23 and 41 we saw none generalise at one fraction and nearly all 0.01 above it: about 0.03 to 0.04.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    low: f64,
    high: f64,
    width: f64,
    factor: f64,
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
                width: 0.08,
                factor: 2.5,
            });
        }
        Err(BoundaryError::of(format!(
            "no border lies between the fractions {low} and {high}; expected two of (0, 1], the smaller first"
        )))
    }

    /// The same window with transitions usually `width` wide in log p, give or take a `factor`.
    ///
    /// # Errors
    /// If they are not finite, the width above 0 and the factor above 1.
    pub fn with_width(self, width: f64, factor: f64) -> Result<Self, BoundaryError> {
        if 0.0 < width && width.is_finite() && 1.0 < factor && factor.is_finite() {
            return Ok(Self {
                width,
                factor,
                ..self
            });
        }
        Err(BoundaryError::of(format!(
            "no transition is {width} wide give or take a factor of {factor}; expected a finite width above 0 and a factor above 1"
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

    /// Usual width of the transition in log p, and the factor that is a standard deviation of its logarithm.
    pub fn width(&self) -> (f64, f64) {
        (self.width, self.factor)
    }
}
