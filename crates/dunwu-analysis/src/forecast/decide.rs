//! Whether to go on.

use super::delayed::Jump;
use super::features::Prepared;
use super::learn::EARLIEST;
use super::metric::{Metric, Sense};
use super::quantiles::Quantiles;
use super::tell::Question;

/// What to do with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Let it run.
    Continue,
    /// Let others go first.
    Pause,
    /// End it.
    Stop,
}

impl Decision {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Pause => "pause",
            Self::Stop => "stop",
        }
    }
}

/// A decision with its reason.
pub(crate) struct Told {
    pub decision: Decision,
    pub reason: String,
    pub p_better: Option<f64>,
}

/// P(better than the incumbent) below which a run is ended, and below which it waits.
pub(crate) const HOPELESS: f64 = 0.05;
const DOUBTFUL: f64 = 0.25;
/// P(it generalises in time) below which a run that memorised is ended. It is asked again and again: of the rules of one look
/// that `forecaster delayed` measures, that which trains the fewest epochs of those that give up at most one in twenty of the
/// runs that generalise.
pub(crate) const NEVER: f64 = 0.01;
/// Share of the way gone so far below which what is still to come does not matter.
const SETTLED: f64 = 0.005;

/// Whether a value is better than another; of a metric whose sense is unknown less is taken to be better.
pub(crate) fn is_better(metric: &Metric, value: f64, than: f64) -> bool {
    if metric.sense == Sense::Score {
        value > than
    } else {
        value < than
    }
}

/// P(a value of the distribution is better).
pub(crate) fn better(metric: &Metric, end: &Quantiles, than: f64) -> f64 {
    if metric.sense == Sense::Score {
        1.0 - end.below(than)
    } else {
        end.below(than)
    }
}

pub(crate) fn decide(
    q: &Question<'_>,
    prepared: &Prepared,
    end: &Quantiles,
    jump: Option<&Jump>,
    cannot_tell: Option<String>,
) -> Told {
    let p_better = q.better_than.map(|than| better(q.metric, end, than));
    let (decision, reason) = match (cannot_tell, jump) {
        (_, Some(jump)) => of_jump(jump, q.horizon),
        (Some(why), None) => (Decision::Continue, why),
        (None, None) => {
            let told = match q.better_than.zip(p_better) {
                Some((than, p)) => against(q.metric, end, than, p),
                None => alone(q, prepared, end),
            };
            unless_early(q, told)
        }
    };
    Told {
        decision,
        reason,
        p_better,
    }
}

fn of_jump(jump: &Jump, horizon: f64) -> (Decision, String) {
    let percent = percent_words(jump.p);
    if !jump.can_tell {
        let why = "cannot tell: it has memorised and not generalised, in a way that is like no run that is known";
        return (Decision::Continue, why.to_owned());
    }
    if jump.p < NEVER {
        let why = format!(
            "it has memorised; that it generalises by step {horizon:.0} has a probability of {percent}"
        );
        return (Decision::Stop, why);
    }
    let why = format!(
        "it has memorised, and generalises with a probability of {percent}, then around step {:.0} ({:.0} to {:.0})",
        jump.step.1, jump.step.0, jump.step.2
    );
    (
        if jump.p < DOUBTFUL {
            Decision::Pause
        } else {
            Decision::Continue
        },
        why,
    )
}

/// A probability in words: one below which something is decided is not rounded up to it.
fn percent_words(p: f64) -> String {
    if p < NEVER {
        return format!("less than {:.0} %", 100.0 * NEVER);
    }
    format!("{:.0} %", 100.0 * p)
}

/// Nothing is stopped on so little as no known curve was asked about with.
fn unless_early(q: &Question<'_>, (decision, reason): (Decision, String)) -> (Decision, String) {
    let (first, now) = (q.steps[0], q.steps[q.steps.len() - 1]);
    let early = now - first < EARLIEST * (q.horizon - first);
    if decision == Decision::Stop && early {
        let percent = 100.0 * EARLIEST;
        let why =
            format!("{reason}; not to be stopped before {percent:.0} % of the steps are seen");
        return (Decision::Pause, why);
    }
    (decision, reason)
}

/// Beside an incumbent.
fn against(metric: &Metric, end: &Quantiles, than: f64, p: f64) -> (Decision, String) {
    let gain = end
        .0
        .iter()
        .map(|v| {
            if is_better(metric, *v, than) {
                (v - than).abs()
            } else {
                0.0
            }
        })
        .sum::<f64>()
        / end.0.len() as f64;
    let words = format!(
        "it ends at {} ({} to {}); better than {} with a probability of {:.0} %, by {} on average over all",
        short(end.at(0.5)),
        short(end.at(0.05)),
        short(end.at(0.95)),
        short(than),
        100.0 * p,
        short(gain)
    );
    let decision = match p {
        p if p < HOPELESS => Decision::Stop,
        p if p < DOUBTFUL => Decision::Pause,
        _ => Decision::Continue,
    };
    (decision, words)
}

/// Readings that say where a curve is now: an eighth of all, so many at least and at most.
const RECENT: (usize, usize) = (4, 32);

/// Where the curve is at its last reading: on the line through the recent ones, among them; of fewer than four the last.
fn level_now(q: &Question<'_>) -> f64 {
    let n = q.values.len();
    let count = (n / 8).clamp(RECENT.0, RECENT.1);
    if n < count {
        return q.values[n - 1];
    }
    let (x, y) = (&q.steps[n - count..], &q.values[n - count..]);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (x0, y0) = (mean(x), mean(y));
    let square: f64 = x.iter().map(|x| (x - x0) * (x - x0)).sum();
    let pairs = x.iter().zip(y);
    let slope = pairs.map(|(x, y)| (x - x0) * (y - y0)).sum::<f64>() / square;
    let least = y.iter().copied().fold(f64::INFINITY, f64::min);
    let most = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (y0 + slope * (x[count - 1] - x0)).clamp(least, most)
}

/// Step and value of the best reading.
fn best(q: &Question<'_>, up: bool) -> (f64, f64) {
    let pairs = q.steps.iter().copied().zip(q.values.iter().copied());
    let better = |a: (f64, f64), b: (f64, f64)| {
        if up == (b.1 > a.1) && a.1 != b.1 {
            b
        } else {
            a
        }
    };
    pairs.reduce(better).expect("there are two readings")
}

/// Without one: is there anything to come?
fn alone(q: &Question<'_>, prepared: &Prepared, end: &Quantiles) -> (Decision, String) {
    let now = level_now(q);
    // A turned metric improves as it rises.
    let unknown = q.metric.sense == Sense::Unknown;
    let up = q.metric.sense == Sense::Score || (unknown && prepared.shape.sign < 0.0);
    let gain = |level: f64, from: f64| {
        if up {
            end.at(level) - from
        } else {
            from - end.at(1.0 - level)
        }
    };
    let (likely, most) = (gain(0.5, now), gain(0.95, now));
    let matters = SETTLED * prepared.shape.range + 0.5 * prepared.shape.noise;
    let to = format!(
        "{} ({} to {})",
        short(end.at(0.5)),
        short(end.at(0.05)),
        short(end.at(0.95))
    );
    let (at, here) = (
        short(now),
        format!("it ends at {to}, and is at {} now", short(now)),
    );
    if likely < -matters && most < 2.0 * matters {
        return (
            Decision::Stop,
            format!("it gets worse rather than better: {here}"),
        );
    }
    if most < matters {
        return (Decision::Stop, format!("it has settled: {here}"));
    }
    // Of many readings the best is that with the luckiest noise.
    let (step, value) = best(q, up);
    if !unknown && gain(0.95, value) < -matters - 2.0 * prepared.shape.noise {
        let why = format!(
            "it is past its best, {} at step {}: {here}",
            short(value),
            step_words(step)
        );
        return (Decision::Pause, why);
    }
    let words = match likely {
        l if l < -matters => "it may come back, but gets worse",
        l if l < matters => "what comes is too uncertain to stop it",
        _ => "it still moves",
    };
    (
        Decision::Continue,
        format!("{words}: from {at} now to {to}"),
    )
}

/// A step in words: whole from 100 on, as means of some steps lie between them.
pub fn step_words(step: f64) -> String {
    let whole = step.fract() == 0.0 || step.abs() >= 100.0;
    if whole && step.abs() < 1e15 {
        format!("{step:.0}")
    } else {
        let words = short(step);
        let digits = words.trim_end_matches('0').trim_end_matches('.');
        if words.contains('.') && !words.contains('e') {
            digits.to_owned()
        } else {
            words
        }
    }
}

/// A number with four digits that say something.
pub fn short(x: f64) -> String {
    let size = if x == 0.0 {
        0
    } else {
        libm::log10(x.abs()).floor() as i32
    };
    match size {
        _ if x == 0.0 => "0".to_owned(),
        -4..=-1 => format!("{x:.*}", (3 - size) as usize),
        0..=3 => format!("{x:.*}", (3 - size) as usize),
        4..=8 => format!("{x:.0}"),
        _ => format!("{x:.3e}"),
    }
}
