//! What the page of borders is made from: plain data that a JSON file holds.

use serde::{Deserialize, Serialize};

/// Everything that the page of borders draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BorderPage {
    /// What was looked for, such as `Z23, Z31 and Z41`.
    pub title: String,
    /// The command that runs it again.
    pub command: String,
    /// Names and values of the keys that all runs share, the budget of epochs among them.
    pub plan: Vec<(String, String)>,
    /// Each group and setting, smallest first.
    pub settings: Vec<BorderSetting>,
    /// How the border changes with size, where there are several.
    pub laws: Option<BorderLaws>,
    /// Whether the transitions of all sizes are one curve.
    pub collapse: Option<BorderCollapse>,
    /// Names and values: version, commit, host, hash of the plan, start.
    pub provenance: Vec<(String, String)>,
    /// Wall-clock time.
    pub seconds: f64,
}

/// A number and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The border of one group and setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BorderSetting {
    /// Its name, such as `Z23`.
    pub name: String,
    /// What is special about it, such as `weight decay 2e-4`; may be empty.
    pub note: String,
    /// The order M of the group.
    pub order: usize,
    /// Every run.
    pub runs: Vec<BorderRun>,
    /// What is believed of the share of runs that generalise, by rising fraction.
    pub curve: Vec<TransitionPoint>,
    /// The fraction at which half of the runs generalise; None if the runs do not bracket it.
    pub border: Option<Estimate>,
    /// The full grid that would have answered the same.
    pub grid: Option<BorderGrid>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BorderRun {
    /// Training fraction.
    pub fraction: f64,
    /// Seed.
    pub seed: u64,
    /// Whether it generalised.
    pub generalised: bool,
    /// Epochs trained.
    pub epochs: u64,
    /// Why it was stopped before its last epoch; empty if it was not.
    pub stopped: String,
}

/// The share of runs that generalise at a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitionPoint {
    /// Training fraction.
    pub fraction: f64,
    /// Median of what is believed.
    pub share: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A grid of fractions and seeds, every run trained to its last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BorderGrid {
    /// Fractions.
    pub fractions: usize,
    /// Seeds at each.
    pub seeds: usize,
    /// Epochs of all its runs.
    pub epochs: u64,
    /// The border that it found, if it was really run.
    pub border: Option<Estimate>,
}

/// Borders against size, and the laws that were held to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BorderLaws {
    /// Measured borders, by rising order.
    pub points: Vec<LawPoint>,
    /// Candidates, the shortest description first.
    pub laws: Vec<BorderLaw>,
    /// Borders said before training there.
    pub predictions: Vec<BorderPrediction>,
    /// How settings follow the size, and what follows from that; may be empty.
    pub note: String,
}

/// A measured border.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LawPoint {
    /// The group.
    pub name: String,
    /// Its order M.
    pub order: usize,
    /// The border.
    pub border: Estimate,
    /// Whether it was held back from the fit, to test it.
    pub held_back: bool,
}

/// A candidate law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BorderLaw {
    /// Its form, such as `c·log M/M`.
    pub form: String,
    /// Its free numbers by name, fitted on the small sizes.
    pub parameters: Vec<(String, Estimate)>,
    /// Bits to say all borders with its help.
    pub bits: f64,
    /// What it said of each size that was held back.
    pub misses: Vec<LawMiss>,
    /// Whether it is left.
    pub survives: bool,
    /// Why.
    pub why: String,
    /// Order and border along the law, by rising order.
    pub line: Vec<(f64, f64)>,
}

/// What a law said of a size that it had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LawMiss {
    /// The group.
    pub name: String,
    /// Measured minus predicted border.
    pub miss: f64,
    /// In standard errors.
    pub errors: f64,
}

/// A border said before training there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BorderPrediction {
    /// The group.
    pub name: String,
    /// Its order M.
    pub order: usize,
    /// What was said.
    pub predicted: Estimate,
    /// What came out, once it was trained.
    pub measured: Option<Estimate>,
}

/// Finite-size scaling: the transitions of all sizes, as they are and against their scaled distance from the border.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BorderCollapse {
    /// The scaled distance, such as `(p − p_c)·M^a`.
    pub scaling: String,
    /// The exponent a.
    pub exponent: Estimate,
    /// Root mean square distance of a reading from the curve of the other sizes, as they are.
    pub apart: f64,
    /// The same after scaling.
    pub apart_scaled: f64,
    /// By rising size.
    pub curves: Vec<CollapseCurve>,
}

/// The transition of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollapseCurve {
    /// The group.
    pub name: String,
    /// Training fraction, scaled distance from the border, and share that generalised, by rising fraction.
    pub points: Vec<(f64, f64, f64)>,
}

impl Estimate {
    /// Whether all three are finite and in order.
    pub(crate) fn is_sound(&self) -> bool {
        [self.value, self.low, self.high]
            .iter()
            .all(|v| v.is_finite())
            && self.low <= self.value
            && self.value <= self.high
    }

    /// Whether a number lies in the interval.
    pub(crate) fn holds(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }
}

impl BorderSetting {
    /// Epochs of all runs.
    pub(crate) fn epochs(&self) -> u64 {
        self.runs.iter().map(|r| r.epochs).sum()
    }

    pub(crate) fn is_consistent(&self) -> bool {
        let rising = self.curve.windows(2).all(|p| p[0].fraction < p[1].fraction);
        let points = self.curve.iter().all(|p| {
            [p.fraction, p.share, p.low, p.high]
                .iter()
                .all(|v| v.is_finite())
        });
        let grid = self.grid.and_then(|g| g.border);
        let runs = self.runs.iter().all(|r| r.fraction.is_finite());
        rising && points && runs && self.border.iter().chain(&grid).all(Estimate::is_sound)
    }
}

impl BorderLaws {
    pub(crate) fn is_consistent(&self) -> bool {
        let sound = |order: usize, e: &Estimate| order > 0 && e.is_sound() && e.low > 0.0;
        let measured = |p: &BorderPrediction| p.measured.is_none_or(|m| sound(p.order, &m));
        self.points.iter().all(|p| sound(p.order, &p.border))
            && self
                .predictions
                .iter()
                .all(|p| sound(p.order, &p.predicted) && measured(p))
            && self
                .laws
                .iter()
                .flat_map(|l| &l.line)
                .all(|(m, p)| m.is_finite() && p.is_finite() && *m > 0.0 && *p > 0.0)
    }
}

impl BorderCollapse {
    pub(crate) fn is_consistent(&self) -> bool {
        let mut points = self.curves.iter().flat_map(|c| &c.points);
        self.exponent.is_sound() && points.all(|p| [p.0, p.1, p.2].iter().all(|v| v.is_finite()))
    }
}

impl BorderPage {
    /// Whether all numbers drawn are finite and in order, and those on logarithmic axes positive.
    pub fn is_consistent(&self) -> bool {
        self.settings.iter().all(BorderSetting::is_consistent)
            && self.laws.as_ref().is_none_or(BorderLaws::is_consistent)
            && self
                .collapse
                .as_ref()
                .is_none_or(BorderCollapse::is_consistent)
    }
}
