//! A forecast from a prefix.

use super::calibration::Calibration;
use super::clock::Clock;
use super::decide::{Decision, better, decide, short};
use super::delayed::{Companions, Jump, Points, delayed};
use super::expert::{Experts, View};
use super::features::Prepared;
use super::metric::Metric;
use super::network::{BANK, Network, width};
use super::quantiles::Quantiles;
use super::shape::Shape;
use super::spent::Spent;
use std::sync::LazyLock;

/// Novelty from which on the bank begins to be listened to.
const FAMILIAR: f64 = 1.0;
/// Largest share of the bank.
const MOST_BANK: f64 = 0.5;
/// Readings below which nothing can be told.
pub(crate) const FEWEST: usize = 4;
/// Novelty from which on nothing can be told.
const UNKNOWN: f64 = 2.0;
/// Steps of the future curve.
const PATH: usize = 16;

/// The head that is shipped.
pub(crate) static HEAD: LazyLock<Network> = LazyLock::new(|| {
    Network::from_bytes(include_bytes!("head.bin")).expect("the shipped head is whole")
});

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Steps seen, strictly ascending and finite.
    pub steps: &'a [f64],
    /// A finite value for each.
    pub values: &'a [f64],
    /// What is forecast.
    pub metric: &'a Metric,
    /// The step at which the run ends.
    pub horizon: f64,
    /// What it is to beat.
    pub better_than: Option<f64>,
    /// The learning rate over steps, as far as it is known: up to now, or of a schedule up to the horizon.
    pub rate: Option<Points<'a>>,
    /// Other metrics of the run, by which delayed generalisation is known.
    pub companions: Option<&'a Companions<'a>>,
    /// Whether the newest reading was NaN or infinite.
    pub broken: bool,
}

/// What is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The value at the horizon; None where there is nothing to go by.
    pub last: Option<Quantiles>,
    /// The values at steps on the way.
    pub path: Vec<(f64, Quantiles)>,
    /// Whether and when it generalises, of a run that memorised.
    pub jump: Option<Jump>,
    /// P(better than the incumbent at the horizon).
    pub p_better: Option<f64>,
    /// What to do.
    pub decision: Decision,
    /// Why, in words.
    pub reason: String,
    /// How far the prefix lies from those that were learned from: up to 1 as near as 95 % of those lie to each other.
    pub novelty: f64,
    /// Whether the forecast is to be relied on; if not, `reason` says so.
    pub can_tell: bool,
}

/// Forecasts the end of a run. Pure: the same question has the same answer.
///
/// ```
/// use dunwu_analysis::forecast::{Metric, Question, forecast};
/// let steps: Vec<f64> = (1..=40).map(f64::from).collect();
/// let values: Vec<f64> = steps.iter().map(|s| 1.0 + 2.0 / s.sqrt()).collect();
/// let metric = Metric::of("val_loss", &values);
/// let question = Question { steps: &steps, values: &values, metric: &metric, horizon: 80.0, better_than: None, rate: None, companions: None, broken: false };
/// let told = forecast(&question);
/// let end = told.last.unwrap();
/// assert!(end.at(0.05) < 1.0 + 2.0 / 80f64.sqrt() && 1.0 + 2.0 / 80f64.sqrt() < end.at(0.95));
/// ```
pub fn forecast(question: &Question<'_>) -> Forecast {
    match spent(question) {
        Some(spent) => stays(question, &spent),
        None => forecast_with(&HEAD, question, None),
    }
}

/// [`forecast`], calibrated by finished runs of the same metric; with how many they were, 0 if they are too few.
pub fn forecast_calibrated(
    question: &Question<'_>,
    calibration: &Calibration,
    metric: &str,
) -> (Forecast, usize) {
    if let Some(spent) = spent(question) {
        return (stays(question, &spent), 0);
    }
    let ends = question.steps.first().zip(question.steps.last());
    let experts = ends.and_then(|(first, now)| {
        let share = (now - first) / (question.horizon - first);
        calibration.experts(metric, share)
    });
    let count = experts.map_or(0, |_| calibration.count(metric));
    (forecast_with(&HEAD, question, experts), count)
}

fn forecast_with(network: &Network, q: &Question<'_>, experts: Option<&Experts>) -> Forecast {
    if q.broken {
        return nothing(
            Decision::Stop,
            "the newest reading is no finite number: the run has diverged",
        );
    }
    if q.steps.len() < 2 {
        return nothing(Decision::Continue, "cannot tell: fewer than two readings");
    }
    let now = q.steps[q.steps.len() - 1];
    if q.horizon <= now {
        return over(q);
    }
    let clock = q.rate.and_then(|r| Clock::new(r, now, q.horizon));
    let prepared = Prepared::new(q.steps, q.values, q.metric, clock);
    let time = prepared.time(q.horizon);
    let (mut end, novelty) = pooled(network, &prepared, q.metric, time);
    let jump = q.companions.and_then(|c| delayed(c, q.horizon));
    let flat = prepared.shape.range <= 0.0;
    let can_tell = q.steps.len() >= FEWEST && (novelty < UNKNOWN || experts.is_some()) && !flat;
    let mut path: Vec<(f64, Quantiles)> = (1..=PATH)
        .map(|i| {
            let step = on_the_way(q.steps, q.horizon, i as f64 / PATH as f64);
            let to = prepared.time(step);
            (step, pooled(network, &prepared, q.metric, to).0)
        })
        .collect();
    if let Some(experts) = experts {
        let view = View::new(&prepared, q.values[q.values.len() - 1], end);
        let taught = experts.forecast(&view).map(|v| q.metric.bounded(v));
        for (i, (_, p)) in path.iter_mut().enumerate() {
            *p = moved(p, &end, &taught, (i + 1) as f64 / PATH as f64).map(|v| q.metric.bounded(v));
        }
        end = taught;
        path[PATH - 1].1 = end;
    }
    if !can_tell {
        end = wide(&end, &prepared, q.metric);
        path.iter_mut()
            .for_each(|(_, p)| *p = wide(p, &prepared, q.metric));
    }
    if let Some(jump) = &jump {
        path.iter_mut()
            .for_each(|(step, p)| *p = jump.mixed(p, *step, q.metric));
        end = jump.mixed(&end, q.horizon, q.metric);
    }
    let told = decide(
        q,
        &prepared,
        &end,
        jump.as_ref(),
        if can_tell {
            None
        } else {
            Some(why(q, novelty, flat))
        },
    );
    Forecast {
        last: Some(end),
        path,
        p_better: told.p_better,
        decision: told.decision,
        reason: told.reason,
        novelty,
        can_tell: can_tell && jump.is_none_or(|j| j.can_tell),
        jump,
    }
}

/// Quantiles on the way, moved by a share of what moves those of the end.
fn moved(of: &Quantiles, end: &Quantiles, taught: &Quantiles, share: f64) -> Quantiles {
    let mut out = of.0;
    for ((o, a), b) in out.iter_mut().zip(&end.0).zip(&taught.0) {
        *o += share * (b - a);
    }
    Quantiles::new(out)
}

/// The step at a share of the way from now to the horizon, evenly on a logarithmic scale.
fn on_the_way(steps: &[f64], horizon: f64, share: f64) -> f64 {
    if share >= 1.0 {
        return horizon;
    }
    let origin = steps[0].min(0.0);
    let now = steps[steps.len() - 1] - origin;
    origin + now * libm::exp(libm::log((horizon - origin) / now) * share)
}

fn why(q: &Question<'_>, novelty: f64, flat: bool) -> String {
    match (q.steps.len(), flat) {
        (n, _) if n < FEWEST => format!("cannot tell: {n} readings are too few"),
        (_, true) => "cannot tell: it has not moved yet".to_owned(),
        _ => format!("cannot tell: it is like no curve that is known (novelty {novelty:.1})"),
    }
}

/// A forecast without numbers.
fn nothing(decision: Decision, reason: &str) -> Forecast {
    Forecast {
        last: None,
        path: vec![],
        jump: None,
        p_better: None,
        decision,
        reason: reason.to_owned(),
        novelty: f64::INFINITY,
        can_tell: false,
    }
}

/// The forecast of a run that is at its end.
fn over(q: &Question<'_>) -> Forecast {
    let last = q.values[q.values.len() - 1];
    let mut out = nothing(Decision::Stop, "the run is at its end");
    out.last = Some(Quantiles([last; super::quantiles::COUNT]));
    out.p_better = q
        .better_than
        .map(|b| f64::from(u8::from(super::decide::is_better(q.metric, last, b))));
    (out.novelty, out.can_tell) = (0.0, true);
    out
}

/// Whether the learning rate of a run that can be told of has run out.
fn spent(q: &Question<'_>) -> Option<Spent> {
    let open = !q.broken && q.steps.last().is_some_and(|now| q.horizon > *now);
    q.rate
        .filter(|_| open)
        .and_then(|rate| Spent::new(q.steps, q.values, rate, q.horizon))
}

/// The forecast of a run whose learning rate has run out: flat, whatever was learned of others.
fn stays(q: &Question<'_>, spent: &Spent) -> Forecast {
    let end = spent.quantiles(q.metric);
    let step = |i: usize| on_the_way(q.steps, q.horizon, i as f64 / PATH as f64);
    let p_better = q.better_than.map(|than| better(q.metric, &end, than));
    let against = q
        .better_than
        .zip(p_better)
        .map_or_else(String::new, |(than, p)| {
            format!(
                "; better than {} with a probability of {:.0} %",
                short(than),
                100.0 * p
            )
        });
    Forecast {
        last: Some(end),
        path: (1..=PATH).map(|i| (step(i), end)).collect(),
        jump: None,
        p_better,
        decision: Decision::Stop,
        reason: format!(
            "its learning rate has run out by step {}: it stays at {} ({} to {}){against}",
            short(spent.since),
            short(end.at(0.5)),
            short(end.at(0.05)),
            short(end.at(0.95))
        ),
        // It follows from the rate, not from what other curves do.
        novelty: 0.0,
        can_tell: true,
    }
}

/// What might come where nothing can be told: as far again as it has moved, either way.
fn wide(end: &Quantiles, prepared: &Prepared, metric: &Metric) -> Quantiles {
    let reach = prepared.shape.range.max(prepared.scale);
    let level = prepared.shape.sign * prepared.level;
    let far = Quantiles(super::quantiles::LEVELS.map(|l| level + 4.0 * (l - 0.5) * reach));
    end.mixed(&far, 0.5).map(|v| metric.bounded(v))
}

/// The head's quantiles, mixed with the bank's as far as the prefix lies from what was learned from; within bounds.
pub(crate) fn pooled(
    network: &Network,
    prepared: &Prepared,
    metric: &Metric,
    time: f64,
) -> (Quantiles, f64) {
    let features = prepared.features(time);
    let novelty = network.novelty(&features);
    let head = Quantiles::new(network.quantiles(&features));
    let share = (0.5 * (novelty - FAMILIAR)).clamp(0.0, MOST_BANK);
    let units = if share > 0.0 {
        let width = width(&features);
        let bank = Quantiles::new(
            network
                .residuals
                .map(|r| features[BANK] + f64::from(r) * width),
        );
        head.mixed(&bank, share)
    } else {
        head
    };
    let highest = highest(&prepared.shape, time);
    let near = |u: f64| {
        let sign = prepared.shape.sign;
        sign * (sign * prepared.value(u, time)).min(highest)
    };
    let values = Quantiles::new(units.0.map(near)).over(prepared.shape.grain);
    (values.map(|v| metric.bounded(v)), novelty)
}

/// The height above which no curve is taken to be at a time: above all that was seen by as much as a walk goes
/// that had its range.
fn highest(shape: &Shape, time: f64) -> f64 {
    shape.most + 2.0 * shape.noise + shape.range * (time - 1.0).max(0.0).sqrt()
}
