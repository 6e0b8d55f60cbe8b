//! What the page of a sweep is made from: cells and groups, never single runs, so that a million runs fit.

use serde::{Deserialize, Serialize};

/// Everything that the page of a sweep draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPage {
    /// What was swept, such as `Z23: training fraction × weight decay`.
    pub title: String,
    /// The command that runs it again.
    pub command: String,
    /// How many runs there are and what became of them.
    pub counts: SweepCounts,
    /// Names and values of the keys that all runs share.
    pub plan: Vec<(String, String)>,
    /// What was varied, without the seed.
    pub axes: Vec<SweepAxis>,
    /// What was measured. A share called `generalised` is what the headline speaks of.
    pub measures: Vec<Measure>,
    /// Diagrams of one measure over one axis or two, the most telling first.
    pub phases: Vec<PhaseDiagram>,
    /// Accuracy over epochs, by group.
    pub curves: Vec<CurveSet>,
    /// Share of runs that have not generalised yet, by group.
    pub survival: Vec<SurvivalSet>,
    /// Names and values: version, commit, host, hash of the plan, start.
    pub provenance: Vec<(String, String)>,
}

/// What became of the runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepCounts {
    /// Runs that the plan asks for.
    pub wanted: usize,
    /// Runs with a result, those that were stopped early among them.
    pub finished: usize,
    /// Runs that ended without a result: errors, numbers that stopped being finite.
    pub failed: usize,
    /// Finished runs that generalised; None if that was not measured.
    pub generalised: Option<usize>,
    /// Why runs were stopped before their last epoch, and how many.
    pub stopped: Vec<(String, usize)>,
    /// Wall-clock time of all runs together.
    pub seconds: f64,
    /// Epochs trained, over all runs.
    pub epochs: u64,
    /// Epochs that they would have taken without stopping early.
    pub epochs_planned: u64,
}

/// How the values of an axis or a measure are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SweepSpread {
    /// Names without an order.
    Category,
    /// Evenly.
    Linear,
    /// By logarithm.
    Log,
}

/// A key that was varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepAxis {
    /// The key of the plan.
    pub name: String,
    /// In words, such as `training fraction`.
    pub label: String,
    /// Linear or log only where every value is a number.
    pub spread: SweepSpread,
    /// The values in order: rising, where they are numbers.
    pub values: Vec<AxisValue>,
}

/// A value of an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisValue {
    /// As the plan writes it.
    pub text: String,
    /// As a number, if it is one.
    pub number: Option<f64>,
}

/// What a run is measured by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Its name in the parts of the sweep.
    pub name: String,
    /// In words, such as `epochs until 99 % of unseen examples are right`.
    pub label: String,
    /// Whether it is a share, written in percent from 0 to 1.
    pub share: bool,
    /// How its values are spread over the colours; a category counts as linear.
    pub spread: SweepSpread,
    /// What to look for.
    pub help: String,
}

/// One measure over one axis or two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseDiagram {
    /// Index of the axis from left to right.
    pub x: usize,
    /// Index of the axis from below to above; None for a line.
    pub y: Option<usize>,
    /// Index of the measure.
    pub measure: usize,
    /// What was pooled or held fixed, such as `pooled over 4 learning rates`; may be empty.
    pub note: String,
    /// Cells that have runs, in any order.
    pub cells: Vec<PhaseCell>,
}

/// The runs of one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseCell {
    /// Index of the value on the axis x.
    pub x: usize,
    /// Index of the value on the axis y; 0 without one.
    pub y: usize,
    /// Finished runs, one a seed as a rule.
    pub runs: usize,
    /// Median over them, or the share for a measure that each run either has or not; None if the median run never got there.
    pub value: Option<f64>,
    /// Lower quantile, or lower end of a share's interval.
    pub low: Option<f64>,
    /// Upper one; None beside a lower one if the runs there never got that far.
    pub high: Option<f64>,
    /// Runs that never got there.
    pub censored: usize,
}

/// Accuracy over epochs by the values of one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveSet {
    /// What tells the groups apart, such as `training fraction`.
    pub by: String,
    /// In order.
    pub groups: Vec<GroupCurve>,
}

/// The runs of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupCurve {
    /// Its value.
    pub name: String,
    /// Runs in it.
    pub runs: usize,
    /// On the training examples.
    pub train: CurveBand,
    /// On those held out.
    pub test: CurveBand,
}

/// A median and a band over epochs; all four have one length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurveBand {
    /// Rising.
    pub epochs: Vec<u64>,
    /// Median over runs.
    pub median: Vec<f64>,
    /// Lower quartile.
    pub low: Vec<f64>,
    /// Upper quartile.
    pub high: Vec<f64>,
}

/// Share of runs to which something has not happened yet, by group (Kaplan and Meier 1958).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurvivalSet {
    /// What tells the groups apart.
    pub by: String,
    /// What happens, such as `generalised`.
    pub event: String,
    /// What was tested between the groups and found, such as a log-rank test; may be empty.
    pub note: String,
    /// In order.
    pub groups: Vec<SurvivalGroup>,
}

/// The runs of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurvivalGroup {
    /// Its value.
    pub name: String,
    /// Runs in it.
    pub runs: usize,
    /// Runs to which it happened.
    pub events: usize,
    /// The share from each epoch on at which it falls; 1 before the first.
    pub steps: Vec<SurvivalStep>,
    /// Epochs at which runs ended without it, one a run or one an epoch.
    pub censored: Vec<u64>,
    /// Epochs, and how many runs were still being watched.
    pub at_risk: Vec<(u64, usize)>,
}

/// The share from an epoch on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurvivalStep {
    /// Epoch.
    pub epoch: u64,
    /// Share to which it has not happened.
    pub share: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl SweepPage {
    /// Whether every index is one, the lengths of all parts agree and all numbers drawn are finite.
    pub fn is_consistent(&self) -> bool {
        self.axes.iter().all(SweepAxis::is_consistent)
            && self.phases.iter().all(|p| self.fits(p))
            && self
                .curves
                .iter()
                .flat_map(|c| &c.groups)
                .all(GroupCurve::is_consistent)
            && self
                .survival
                .iter()
                .flat_map(|s| &s.groups)
                .all(SurvivalGroup::is_consistent)
    }

    /// Whether a diagram's axes, measure and cells are there, no cell twice.
    pub(crate) fn fits(&self, phase: &PhaseDiagram) -> bool {
        let axis = |i: usize| self.axes.get(i).filter(|a| a.is_consistent());
        let Some(x) = axis(phase.x) else {
            return false;
        };
        let height = match phase.y {
            None => 1,
            Some(y) if y == phase.x => return false,
            Some(y) => axis(y).map_or(0, |a| a.values.len()),
        };
        let mut places: Vec<(usize, usize)> = phase.cells.iter().map(|c| (c.x, c.y)).collect();
        places.sort_unstable();
        let once = places.windows(2).all(|p| p[0] != p[1]);
        let inside = phase
            .cells
            .iter()
            .all(|c| c.x < x.values.len() && c.y < height && c.is_consistent());
        phase.measure < self.measures.len() && once && inside
    }
}

impl SweepAxis {
    fn is_consistent(&self) -> bool {
        let known = self.numbers();
        let rising = |n: &Vec<f64>| n.windows(2).all(|p| p[0] < p[1]);
        self.spread == SweepSpread::Category || known.is_some_and(|n| rising(&n))
    }

    /// The values as numbers, if all are.
    pub(crate) fn numbers(&self) -> Option<Vec<f64>> {
        let finite = |v: &AxisValue| v.number.filter(|n| n.is_finite());
        self.values.iter().map(finite).collect()
    }
}

impl PhaseCell {
    fn is_consistent(&self) -> bool {
        let known = [self.value, self.low, self.high];
        known.iter().flatten().all(|v| v.is_finite()) && self.censored <= self.runs
    }
}

impl GroupCurve {
    pub(crate) fn is_consistent(&self) -> bool {
        self.train.is_consistent() && self.test.is_consistent()
    }
}

impl CurveBand {
    fn is_consistent(&self) -> bool {
        let values = [&self.median, &self.low, &self.high];
        values
            .iter()
            .all(|v| v.len() == self.epochs.len() && v.iter().all(|x| x.is_finite()))
            && self.epochs.windows(2).all(|e| e[0] < e[1])
    }
}

impl SurvivalGroup {
    pub(crate) fn is_consistent(&self) -> bool {
        let finite = |s: &SurvivalStep| [s.share, s.low, s.high].iter().all(|v| v.is_finite());
        self.steps.iter().all(finite) && self.steps.windows(2).all(|s| s[0].epoch < s[1].epoch)
    }
}
