//! Delayed generalisation: a run that has memorised stays where it is, or jumps.
//!
//! A mixture cure model. Logistic: P(held-out accuracy ever reaches 0.9). Log-normal: the time from now until then, of
//! those that do. Each is a small network (`network`) of the same few numbers of the run (`numbers`), fitted to runs
//! whose end is known (`fit`).

mod fit;
mod network;
mod numbers;

use super::metric::Metric;
use super::quantiles::{LEVELS, Quantiles};
pub use fit::{LeftOut, learn_delayed};
pub use network::DelayedModel;
use numbers::numbers;
use std::sync::LazyLock;

/// Accuracy from which on a run has memorised, and from which on it has generalised.
const MEMORISED: f64 = 0.99;
const GENERALISED: f64 = 0.9;

/// Steps and values of a series.
pub type Points<'a> = (&'a [f64], &'a [f64]);

/// The series of a run by which delayed generalisation is known, as far as they are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Companions<'a> {
    /// Accuracy on the rows trained on, in [0, 1].
    pub train_score: Option<Points<'a>>,
    /// Accuracy on the rows held out, in [0, 1].
    pub held_score: Option<Points<'a>>,
    /// Loss on the rows trained on.
    pub train_loss: Option<Points<'a>>,
    /// Loss on the rows held out.
    pub held_loss: Option<Points<'a>>,
    /// Norm of the weights.
    pub weight_norm: Option<Points<'a>>,
    /// The newest step of the run.
    pub now: f64,
}

/// Whether and when a run that memorised generalises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// P(it does by the horizon).
    pub p: f64,
    /// When, if it does: quantiles 0.05, 0.5, 0.95.
    pub step: (f64, f64, f64),
    /// Whether the run is like those that the model was fitted to.
    pub can_tell: bool,
    now: f64,
    /// Mean and deviation of ln(step − now), and P(it ever does).
    log_wait: (f64, f64),
    ever: f64,
}

static MODEL: LazyLock<DelayedModel> = LazyLock::new(|| {
    DelayedModel::from_bytes(include_bytes!("delayed.bin")).expect("the shipped model is whole")
});

/// The part of a series up to a step.
fn until(points: Points<'_>, step: f64) -> Points<'_> {
    let n = points.0.partition_point(|s| *s <= step);
    (&points.0[..n], &points.1[..n])
}

/// The value at the last reading up to a step.
fn at(points: Points<'_>, step: f64) -> Option<f64> {
    until(points, step).1.last().copied()
}

fn first_at_least(points: Points<'_>, level: f64) -> Option<f64> {
    points
        .1
        .iter()
        .position(|v| *v >= level)
        .map(|i| points.0[i])
}

/// Whether and when a run jumps; None if it has not memorised, or has generalised already.
pub fn delayed(companions: &Companions<'_>, horizon: f64) -> Option<Jump> {
    delayed_with(&MODEL, companions, horizon)
}

pub(crate) fn delayed_with(model: &DelayedModel, c: &Companions<'_>, horizon: f64) -> Option<Jump> {
    let told = model.tell(&numbers(c)?);
    let memorised = first_at_least(c.train_score?, MEMORISED)?.max(1.0);
    let ever = 1.0 / (1.0 + libm::exp(-told.ever));
    let wait = (
        told.wait + libm::log(unit(c.now, memorised)),
        told.deviation,
    );
    let by_horizon = normal((libm::log((horizon - c.now).max(1e-9)) - wait.0) / wait.1).max(1e-6);
    let step =
        |level: f64| c.now + libm::exp(wait.0 + wait.1 * normal_quantile(level * by_horizon));
    Some(Jump {
        p: ever * by_horizon,
        step: (step(0.05), step(0.5), step(0.95)),
        can_tell: told.distance < FARTHEST,
        now: c.now,
        log_wait: wait,
        ever,
    })
}

/// The time in units of which a wait is foreseen: that since memorising, and where this is short, that of memorising.
fn unit(now: f64, memorised: f64) -> f64 {
    now - memorised + 0.25 * memorised
}

/// Distance from the known runs beyond which nothing can be told: one in a hundred of them lies there.
const FARTHEST: f64 = 3.0;

impl Jump {
    /// P(it ever does), whatever the horizon.
    pub fn ever(&self) -> f64 {
        self.ever
    }

    /// A quantile of when, if it ever does, whatever the horizon.
    pub fn step_if_ever(&self, level: f64) -> f64 {
        self.now + libm::exp(self.log_wait.0 + self.log_wait.1 * normal_quantile(level))
    }

    /// P(it has jumped by a step).
    pub fn by(&self, step: f64) -> f64 {
        if step <= self.now {
            return 0.0;
        }
        self.ever * normal((libm::log(step - self.now) - self.log_wait.0) / self.log_wait.1)
    }

    /// A forecast of one who does not know of jumps, mixed with where a jump leads: near the upper bound of a score. Of
    /// other metrics it is left as it is.
    pub(crate) fn mixed(&self, stays: &Quantiles, step: f64, metric: &Metric) -> Quantiles {
        let Some(top) = metric
            .upper
            .filter(|_| metric.sense == super::metric::Sense::Score)
        else {
            return *stays;
        };
        // Where runs that jumped were found: between 0.9 and 1 of the bound, most at the bound.
        let jumped =
            Quantiles(LEVELS.map(|l| top * (1.0 - 0.1 * (1.0 - l) * (1.0 - l) * (1.0 - l))));
        let p = self.by(step).clamp(0.0, 1.0);
        stays.mixed(&jumped, p).map(|v| metric.bounded(v))
    }
}

/// The standard normal distribution function.
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Its inverse, by bisection.
pub(crate) fn normal_quantile(level: f64) -> f64 {
    let (mut a, mut b) = (-8.0, 8.0);
    for _ in 0..50 {
        let middle = 0.5 * (a + b);
        if normal(middle) < level {
            a = middle
        } else {
            b = middle
        }
    }
    0.5 * (a + b)
}

/// A run whose end is known, with all its series.
#[derive(Clone, Debug, Default)]
pub struct KnownRun {
    /// What is left out together: all of the setting but the seed.
    pub cell: String,
    /// Steps and values of train_acc, test_acc, train_loss, test_loss and, if logged, weight_norm.
    pub series: std::collections::BTreeMap<String, (Vec<f64>, Vec<f64>)>,
}

impl KnownRun {
    pub(crate) fn points(&self, name: &str) -> Option<Points<'_>> {
        self.series
            .get(name)
            .map(|(s, v)| (s.as_slice(), v.as_slice()))
    }

    /// The run as it was at a step.
    pub fn at(&self, now: f64) -> Companions<'_> {
        Companions {
            train_score: self.points("train_acc"),
            held_score: self.points("test_acc"),
            train_loss: self.points("train_loss"),
            held_loss: self.points("test_loss"),
            weight_norm: self.points("weight_norm"),
            now,
        }
    }

    /// When it memorised, when it generalised, and its last step; None if it never memorised.
    pub fn times(&self) -> Option<(f64, Option<f64>, f64)> {
        let memorised = first_at_least(self.points("train_acc")?, MEMORISED)?.max(1.0);
        let held = self.points("test_acc")?;
        Some((
            memorised,
            first_at_least(held, GENERALISED),
            *held.0.last()?,
        ))
    }
}
