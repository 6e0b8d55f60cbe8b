//! What the page of forecasts is made from: plain data that a JSON file holds.

use serde::{Deserialize, Serialize};

/// Everything that the page of forecasts draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastPage {
    /// What was forecast, such as a file's name.
    pub title: String,
    /// The command that makes it again.
    pub command: String,
    /// The value to beat.
    pub better_than: Option<f64>,
    /// Every run, in the order in which they were read.
    pub runs: Vec<ForecastRow>,
    /// Runs that were left out, and why.
    pub left_out: Vec<String>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastRow {
    /// Its name.
    pub id: String,
    /// What is forecast.
    pub metric: String,
    /// Readings seen.
    pub points: usize,
    /// Steps and values that were seen, thinned for drawing.
    pub seen: Vec<(f64, f64)>,
    /// The step at which it ends.
    pub horizon: f64,
    /// What may come, by rising step, the last at the horizon.
    pub fan: Vec<ForecastFan>,
    /// Whether and when it generalises, of a run that memorised.
    pub jump: Option<ForecastJump>,
    /// P(better than the value to beat).
    pub p_better: Option<f64>,
    /// `continue`, `pause` or `stop`.
    pub decision: String,
    /// Why, in words.
    pub reason: String,
    /// How far it lies from known curves; None if nothing can be told of that.
    pub novelty: Option<f64>,
    /// Whether the forecast is to be relied on.
    pub can_tell: bool,
    /// What was odd about the log.
    pub notes: Vec<String>,
}

/// Quantiles 0.05, 0.25, 0.5, 0.75, 0.95 at a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastFan {
    /// The step.
    pub step: f64,
    /// The five values, ascending.
    pub values: [f64; 5],
}

/// Generalisation that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastJump {
    /// P(it comes by the horizon).
    pub p: f64,
    /// When, if it does: quantiles 0.05, 0.5, 0.95.
    pub step: [f64; 3],
}

impl ForecastPage {
    /// Whether all that is drawn is numbers in their order.
    pub fn is_consistent(&self) -> bool {
        self.runs.iter().all(ForecastRow::is_consistent)
    }
}

impl ForecastRow {
    /// Whether its numbers are numbers, and in their order.
    pub(crate) fn is_consistent(&self) -> bool {
        let seen = self.seen.iter().all(|p| p.0.is_finite() && p.1.is_finite());
        let ordered = |f: &ForecastFan| {
            f.step.is_finite()
                && f.values.iter().all(|v| v.is_finite())
                && f.values.windows(2).all(|w| w[0] <= w[1])
        };
        let rising = self.seen.windows(2).all(|w| w[0].0 < w[1].0)
            && self.fan.windows(2).all(|w| w[0].step < w[1].step);
        seen && rising && self.horizon.is_finite() && self.fan.iter().all(ordered)
    }
}
