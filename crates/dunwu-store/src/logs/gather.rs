//! Series by run and metric, as rows are read.

use super::error::LogProblem;
use super::series::{Log, Raw};
use std::collections::BTreeMap;

/// Most series of a file.
const MOST_SERIES: usize = 1 << 20;
/// Most points of one series, and of all together.
const MOST_POINTS: usize = 1 << 18;
const MOST_TOGETHER: usize = 1 << 26;
/// Fewest points that a series may be thinned to.
const FEWEST_POINTS: usize = 64;

/// Gathers points.
#[derive(Default)]
pub(crate) struct Gathering {
    places: BTreeMap<String, BTreeMap<String, usize>>,
    series: Vec<Raw>,
    pub notes: Vec<String>,
    /// The step at which the run is to end.
    pub planned: Option<f64>,
}

impl Gathering {
    /// The place of a series, which is made if it is new.
    pub(crate) fn place(&mut self, run: &str, metric: &str) -> Result<usize, LogProblem> {
        if let Some(place) = self.places.get(run).and_then(|of| of.get(metric)) {
            return Ok(*place);
        }
        if self.series.len() == MOST_SERIES {
            return Err(LogProblem::TooManySeries { most: MOST_SERIES });
        }
        let place = self.series.len();
        self.series.push(Raw::default());
        self.places
            .entry(run.to_owned())
            .or_default()
            .insert(metric.to_owned(), place);
        Ok(place)
    }

    /// Takes a reading of the series at `place`.
    pub(crate) fn push(&mut self, place: usize, step: f64, value: f64) {
        let share = MOST_TOGETHER / self.series.len().max(1);
        self.series[place].push(step, value, share.clamp(FEWEST_POINTS, MOST_POINTS));
    }

    /// Takes a reading by name.
    pub(crate) fn take(
        &mut self,
        run: &str,
        metric: &str,
        step: f64,
        value: f64,
    ) -> Result<(), LogProblem> {
        let place = self.place(run, metric)?;
        self.push(place, step, value);
        Ok(())
    }

    /// A log for each run, sorted by name; a run without a name has that of the file.
    pub(crate) fn finish(mut self, file: &str, notes: Vec<String>) -> Vec<Log> {
        let places = std::mem::take(&mut self.places);
        let mut series = std::mem::take(&mut self.series);
        self.named(&places, file, notes, |place| {
            std::mem::take(&mut series[place])
        })
    }

    /// The same as long as more may come.
    pub(crate) fn logs(&self, file: &str, notes: Vec<String>) -> Vec<Log> {
        self.named(&self.places, file, notes, |place| {
            self.series[place].clone()
        })
    }

    fn named(
        &self,
        places: &BTreeMap<String, BTreeMap<String, usize>>,
        file: &str,
        notes: Vec<String>,
        mut raw: impl FnMut(usize) -> Raw,
    ) -> Vec<Log> {
        let notes = [self.notes.clone(), notes].concat();
        let log = |(run, metrics): (&String, &BTreeMap<String, usize>)| Log {
            id: if run.is_empty() { file } else { run }.to_owned(),
            series: metrics
                .iter()
                .map(|(name, place)| (name.clone(), raw(*place).tidy()))
                .filter(|(_, s)| !s.steps.is_empty() || s.not_finite > 0)
                .collect(),
            planned: self.planned,
            schedule: None,
            notes: notes.clone(),
        };
        places.iter().map(log).collect()
    }
}

/// Which part of a row a column or a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Step,
    Run,
    Metric,
    Value,
    /// Clocks and counters, which are no metrics.
    Clock,
    Other,
}

/// Names of steps, the surest first.
const STEPS: &[&str] = &[
    "step",
    "global_step",
    "_step",
    "trainer/global_step",
    "steps",
    "iteration",
    "iter",
    "it",
    "training_iteration",
    "num_updates",
    "batch",
    "epoch",
    "epochs",
];
const RUNS: &[&str] = &[
    "run_id",
    "run",
    "run_uuid",
    "run_name",
    "trial_id",
    "trial",
    "config_id",
    "experiment_id",
];
const METRICS: &[&str] = &["metric", "metric_name", "key", "tag", "name", "variable"];
const VALUES: &[&str] = &["value", "metric_value", "y"];
const CLOCKS: &[&str] = &[
    "wall time",
    "wall_time",
    "walltime",
    "timestamp",
    "_timestamp",
    "_runtime",
    "time",
    "relative",
    "relative time (wall)",
    "relative time (process)",
    "elapsed",
    "seconds",
    "date",
    "created_at",
];

/// The role that a name has by itself.
pub(crate) fn role(name: &str) -> Role {
    let name = name.trim().to_ascii_lowercase();
    let among = |names: &[&str]| names.contains(&name.as_str());
    match () {
        () if among(STEPS) => Role::Step,
        () if among(RUNS) => Role::Run,
        () if among(METRICS) => Role::Metric,
        () if among(VALUES) => Role::Value,
        () if among(CLOCKS) => Role::Clock,
        () => Role::Other,
    }
}

/// How sure a name is that of the step: the less, the surer.
pub(crate) fn step_rank(name: &str) -> Option<usize> {
    let name = name.trim().to_ascii_lowercase();
    STEPS.iter().position(|s| *s == name)
}

/// A number as logs write them; None for anything else.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    text.parse().ok().or_else(|| match text {
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            // Tensors that were printed, and percents.
            let inside = match text.strip_prefix("tensor(") {
                Some(rest) => rest.split([',', ')']).next()?,
                None => text.strip_suffix('%')?,
            };
            inside.trim().parse().ok()
        }
    })
}

/// Whether a text looks like a number with something beside it, such as `0,53` or `12ms`.
pub(crate) fn is_nearly_number(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['+', '-']);
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
    let is_unit = |c: char| c.is_alphabetic() || c == ' ' || c == '%';
    digits.starts_with(|c: char| c.is_ascii_digit())
        && unit.chars().count() <= 3
        && unit.chars().all(is_unit)
}
