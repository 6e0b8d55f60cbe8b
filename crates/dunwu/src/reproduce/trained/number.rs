//! One number of one run.

use super::super::kinds::{Found, Measure, Statistic};
use super::super::stage::{Halt, Stage};
use super::super::verdict::Reading;
use super::{median, values};
use crate::trial::Trial;
use dunwu_analysis::{Crossing, Rule, Signal, crossing};
use serde::Deserialize;

pub(in super::super) const BEST: &[&str] = &["least", "most"];
pub(in super::super) const OVER_SEEDS: &[&str] = &["least", "median", "most", "share", "variation"];

/// What is read off a run.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub(in super::super) enum Number {
    /// First epoch at which a column is at least `at`.
    Crossing { column: String, at: f64 },
    /// Epochs from training accuracy 0.99 to held-out accuracy 0.99.
    Delay {},
    /// First epoch of the steady growth of `sigma23` (arXiv 2605.08119).
    Detector {},
    /// First epoch at which a column is half of the way from its first value to its largest.
    HalfWay { column: String },
    /// Epoch of held-out accuracy 0.99 over that of training accuracy 0.99.
    Lateness {},
    /// Last value of a column.
    Last { column: String },
    /// Least value of a column.
    Least { column: String },
    /// Largest value of a column.
    Most { column: String },
    /// Norm of all weights, (‖V‖² + ‖W‖²)^½, at the first epoch at which a column is at least `at`.
    NormAt { event: String, at: f64 },
    /// Last value of a column over the last one of another.
    Over { column: String, other: String },
    /// Epoch of the largest value of a column, from `from` on.
    Peak {
        column: String,
        #[serde(default)]
        from: u64,
    },
    /// Last value of a column over that at the first epoch at which another is at least `at`.
    Since {
        column: String,
        event: String,
        at: f64,
    },
    /// First epoch from which a column stays at or above `at`.
    Sustained { column: String, at: f64 },
    /// Epochs from held-out accuracy 0.5 to 0.99, over the epoch of 0.99: small where the change is sharp.
    Width {},
    /// Value of a column at an epoch.
    Value { column: String, epoch: u64 },
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// An epoch that did not come up to the last one.
    NotBy(u64),
    /// No such reading.
    Missing,
}

impl Value {
    fn epoch(epoch: Option<u64>, budget: u64) -> Self {
        epoch.map_or(Value::NotBy(budget), |e| Value::Number(e as f64))
    }

    fn some(value: Option<f64>) -> Self {
        let finite = value.filter(|v| v.is_finite());
        finite.map_or(Value::Missing, Value::Number)
    }

    /// For sorting: what did not come is last.
    pub(super) fn rank(&self) -> f64 {
        match self {
            Value::Number(x) => *x,
            Value::NotBy(_) | Value::Missing => f64::INFINITY,
        }
    }

    pub(super) fn reading(&self) -> Reading {
        match self {
            Value::Number(x) => Reading::Number(*x),
            Value::NotBy(budget) => Reading::NotBy(*budget),
            Value::Missing => Reading::Missing("there is no such reading".into()),
        }
    }
}

impl Number {
    /// Of one run.
    pub(super) fn of(&self, trial: &Trial) -> Value {
        let curve = &trial.curve;
        let cross = |column: &str, at: f64| crossing(curve, column, at);
        let budget = trial.epoch;
        match self {
            Number::Crossing { column, at } => Value::epoch(cross(column, *at).first, budget),
            Number::Sustained { column, at } => Value::epoch(cross(column, *at).sustained, budget),
            Number::Delay {} => Value::epoch(trial.account.delay, budget),
            Number::Detector {} => Value::epoch(DETECTOR.fires(curve).map(|f| f.epoch), budget),
            Number::HalfWay { column } => {
                let first = curve.points(column).next().map(|p| p.1);
                let most = curve.points(column).map(|p| p.1).reduce(f64::max);
                let half = first.zip(most).map(|(first, most)| 0.5 * (first + most));
                let there = |half: f64| curve.points(column).find(|p| p.1 >= half);
                Value::some(half.and_then(there).map(|p| p.0 as f64))
            }
            Number::Lateness {} => {
                let train = cross("train_acc", 0.99).first.filter(|e| *e > 0);
                match (train, cross("test_acc", 0.99).first) {
                    (Some(train), Some(test)) => Value::some(Some(test as f64 / train as f64)),
                    _ => Value::NotBy(budget),
                }
            }
            Number::Last { column } => Value::some(curve.points(column).last().map(|p| p.1)),
            Number::Least { column } => {
                Value::some(curve.points(column).map(|p| p.1).reduce(f64::min))
            }
            Number::Most { column } => {
                Value::some(curve.points(column).map(|p| p.1).reduce(f64::max))
            }
            Number::NormAt { event, at } => {
                let Some(epoch) = cross(event, *at).first else {
                    return Value::NotBy(budget);
                };
                let there = |column| curve.points(column).find(|p| p.0 == epoch);
                let both = there("weight_norm.V").zip(there("weight_norm.W"));
                Value::some(both.map(|(v, w)| v.1.hypot(w.1)))
            }
            Number::Over { column, other } => {
                let last = |column: &str| curve.points(column).last().map(|p| p.1);
                let both = last(column).zip(last(other));
                Value::some(both.map(|(a, b)| a / b))
            }
            Number::Peak { column, from } => {
                let late = curve.points(column).filter(|p| p.0 >= *from);
                // The first of equals.
                let best = late.reduce(|a, b| if b.1 > a.1 { b } else { a });
                Value::some(best.map(|p| p.0 as f64))
            }
            Number::Since { column, event, at } => {
                let Crossing { first, .. } = cross(event, *at);
                let last = curve.points(column).last();
                let there = first.and_then(|e| curve.points(column).find(|p| p.0 >= e));
                Value::some(last.zip(there).map(|(last, there)| last.1 / there.1))
            }
            Number::Width {} => {
                let (half, full) = (cross("test_acc", 0.5).first, cross("test_acc", 0.99).first);
                let width = half.zip(full);
                match width {
                    Some((half, full)) => Value::some(Some((full - half) as f64 / full as f64)),
                    None => Value::NotBy(budget),
                }
            }
            Number::Value { column, epoch } => {
                Value::some(curve.points(column).find(|p| p.0 == *epoch).map(|p| p.1))
            }
        }
    }
}

/// The growth of the ratio of singular values, as the stages hear it.
const DETECTOR: Signal = Signal {
    column: "sigma23",
    rule: Rule::Growing(0.5),
    weight: 1.0,
    says: "the updates follow one direction more and more",
};

/// A number of every run, over the seeds of each point.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct OverSeeds {
    #[serde(default)]
    arm: String,
    number: Number,
}

impl Measure for OverSeeds {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (point, trials) in stage.all(&self.arm)? {
            found.push(Found {
                at: point.label(),
                statistics: over_seeds(&values(&self.number, &trials)),
            });
        }
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }
}

/// The smallest and the largest median over all points of a grid, where one of them is enough.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Best {
    #[serde(default)]
    arm: String,
    number: Number,
}

impl Measure for Best {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let all = stage.all(&self.arm)?;
        let middles = all
            .iter()
            .map(|(_, trials)| median(&values(&self.number, trials)));
        let mut statistics = over_seeds(&middles.collect::<Vec<_>>());
        statistics.retain(|s| BEST.contains(&s.name));
        Ok(vec![Found::of(statistics)])
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }
}

/// Standard deviation over mean of numbers; None of fewer than two.
fn variation(numbers: &[f64]) -> Option<f64> {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    (numbers.len() > 1).then(|| (squares / (n - 1.0)).sqrt() / mean.abs())
}

/// Least, median, most, the share of runs that have the number, and how much it varies over those.
pub(super) fn over_seeds(values: &[Value]) -> Vec<Statistic> {
    let mut ranked = values.to_vec();
    ranked.sort_by(|a, b| a.rank().total_cmp(&b.rank()));
    let there: Vec<f64> = values
        .iter()
        .map(Value::rank)
        .filter(|r| r.is_finite())
        .collect();
    let end = |v: Option<&Value>| v.unwrap_or(&Value::Missing).reading();
    let with = |name, reading| Statistic {
        seeds: there.clone(),
        ..Statistic::of(name, reading)
    };
    vec![
        with("least", end(ranked.first())),
        with("median", median(values).reading()),
        with("most", end(ranked.last())),
        Statistic::number("share", there.len() as f64 / values.len().max(1) as f64),
        Statistic::of(
            "variation",
            Reading::number(variation(&there), "fewer than two runs have it"),
        ),
    ]
}
