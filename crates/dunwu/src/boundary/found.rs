//! What a search for borders found.

use dunwu_analysis::boundary::{Border, Collapse, LawFit, Observation, Prediction};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that is known of the borders of a directory. Its names are a contract.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Found {
    /// The directory.
    pub dir: String,
    /// Borders, in the order in which they were asked for.
    pub settings: Vec<Setting>,
    /// Candidates of the law across sizes, the shortest description first; empty below three sizes.
    pub laws: Vec<LawFit>,
    /// Why there is no law, where there is none.
    pub no_laws: Option<String>,
    /// Borders predicted from other sizes, with the measured ones where they are known.
    pub predictions: Vec<SizePrediction>,
    /// Finite-size scaling, by the distance in p and by its ratio.
    pub collapse: Vec<Collapse>,
    /// Whether it was stopped before its end and can go on.
    pub interrupted: bool,
    /// Whether workers go on without this process.
    pub detached: bool,
    /// Seconds of this sitting.
    pub seconds: f64,
}

/// The border of one task under one setting.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// The task.
    pub task: String,
    /// What its runs share, as overrides.
    pub words: Vec<String>,
    /// Order M: the number of labels.
    pub order: usize,
    /// 1 for abelian groups and formulas, half of the largest dimension of a representation for others.
    pub factor: f64,
    /// Rows of the table.
    pub rows: u64,
    /// Epochs a run may take.
    pub budget: u64,
    /// The border; None before the first run.
    pub border: Option<Border>,
    /// The multiplier c of c·log M/M that the border is.
    pub multiplier: Option<f64>,
    /// The border where runs had but a half or a quarter of the budget, from the same runs.
    pub shorter_budgets: Vec<(u64, Border)>,
    /// Whether the interval is as narrow as was asked.
    pub precise: bool,
    /// Whether it was measured after its prediction was recorded.
    pub held_back: bool,
    /// The runs.
    pub observations: Vec<Observation>,
    /// Fractions between which the border was sought.
    pub window: (f64, f64),
    /// How runs ended.
    pub stops: Stops,
    /// Epochs trained, of those that a grid of 20 fractions and 20 seeds would have taken.
    pub epochs: u64,
    /// Those of the grid.
    pub grid_epochs: u64,
    /// Seconds of all runs together, on the machines that did them.
    pub run_seconds: f64,
}

/// How runs ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stops {
    /// At their last epoch.
    pub completed: usize,
    /// When they had generalised.
    pub generalised: usize,
    /// When it was settled that they would not.
    pub settled: usize,
    /// When a number stopped being finite.
    pub diverged: usize,
    /// Examples of each reason.
    pub reasons: BTreeMap<String, String>,
}

/// A prediction of a border, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct SizePrediction {
    /// The task.
    pub task: String,
    /// Its order M.
    pub order: usize,
    /// What was predicted, before it was trained.
    pub predicted: Prediction,
    /// The measured border, once it is known.
    pub measured: Option<Border>,
    /// Measured minus predicted, in training fraction.
    pub miss: Option<f64>,
    /// Whether the measured interval and the predicted one overlap.
    pub overlaps: Option<bool>,
}
