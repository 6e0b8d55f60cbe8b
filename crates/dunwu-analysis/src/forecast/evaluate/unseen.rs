//! What the shipped head tells of curves that it was not fitted to, and what stopping by it loses.

use crate::forecast::decide::{Decision, is_better};
use crate::forecast::learn::{KnownCurve, seen};
use crate::forecast::metric::Metric;
use crate::forecast::tell::{FEWEST, Question, forecast};

/// Share of a curve's range by which it must still improve for a stop to be too soon.
const TOO_SOON: f64 = 0.05;

/// Forecasts after one share of the steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnseenScore {
    /// Share of the steps seen.
    pub cut: f64,
    /// Curves that were asked about, and those of them of which nothing could be told.
    pub curves: (usize, usize),
    /// Mean CRPS over the mean distance of the last value seen from the end, both in ranges of the curve.
    pub ratio: f64,
    /// Share of ends within the 90 % interval.
    pub within: f64,
    /// Curves that were to be stopped, and those of them that still got better by more than 5 % of their range.
    pub stopped: (usize, usize),
    /// Mean of what was still to be gained of those that were to be stopped, in ranges of the curve.
    pub lost: f64,
}

/// What came of one curve.
struct Told {
    can_tell: bool,
    crps: f64,
    last: f64,
    within: bool,
    /// What a stop loses, if it was to be stopped.
    lost: Option<f64>,
}

/// Asks about every curve at a share of its steps, by its readings alone: without the learning rate and without
/// other metrics. Curves that have not moved by then are left out.
///
/// None where no curve could be asked about.
pub fn evaluate_unseen(curves: &[KnownCurve], cut: f64) -> Option<UnseenScore> {
    let told: Vec<Told> = curves.iter().filter_map(|c| ask(c, cut)).collect();
    if told.is_empty() {
        return None;
    }
    let n = told.len() as f64;
    let sum = |of: &dyn Fn(&Told) -> f64| told.iter().map(of).sum::<f64>();
    let lost: Vec<f64> = told.iter().filter_map(|t| t.lost).collect();
    Some(UnseenScore {
        cut,
        curves: (told.len(), told.iter().filter(|t| !t.can_tell).count()),
        ratio: sum(&|t| t.crps) / sum(&|t| t.last),
        within: sum(&|t| f64::from(u8::from(t.within))) / n,
        stopped: (lost.len(), lost.iter().filter(|l| **l > TOO_SOON).count()),
        // A sum of nothing would be −0.
        lost: (0.0 + lost.iter().sum::<f64>()) / (lost.len() as f64).max(1.0),
    })
}

fn ask(curve: &KnownCurve, cut: f64) -> Option<Told> {
    let n = seen(curve, cut, FEWEST)?;
    let (steps, values) = (&curve.steps[..n], &curve.values[..n]);
    if extent(values) <= 0.0 {
        return None;
    }
    let metric = Metric::of(&curve.metric, values);
    let told = forecast(&Question {
        steps,
        values,
        metric: &metric,
        horizon: *curve.steps.last()?,
        better_than: None,
        rate: None,
        companions: None,
        broken: false,
    });
    let (end, outcome) = (told.last?, curve.values[curve.values.len() - 1]);
    let range = extent(&curve.values);
    let stop = told.decision == Decision::Stop;
    // What comes counts as far as it is better than the best that was seen.
    let gain = || (best(&metric, &curve.values) - best(&metric, values)).abs() / range;
    Some(Told {
        can_tell: told.can_tell,
        crps: end.crps(outcome) / range,
        last: (values[n - 1] - outcome).abs() / range,
        within: end.at(0.05) <= outcome && outcome <= end.at(0.95),
        lost: stop.then(gain),
    })
}

/// The largest value less the least.
fn extent(values: &[f64]) -> f64 {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most - values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The best of at least one value.
fn best(metric: &Metric, values: &[f64]) -> f64 {
    let better = |a: f64, b: f64| if is_better(metric, b, a) { b } else { a };
    values[1..].iter().copied().fold(values[0], better)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(height: impl Fn(f64) -> f64) -> KnownCurve {
        let steps: Vec<f64> = (1..=200).map(f64::from).collect();
        KnownCurve {
            family: "made".into(),
            group: "one".into(),
            metric: "val_loss".into(),
            values: steps.iter().map(|s| height(*s)).collect(),
            steps,
            rate: Default::default(),
        }
    }

    #[test]
    fn a_stop_is_too_soon_where_a_settled_curve_falls_again() {
        let noise = |s: f64| 0.002 * libm::sin(7.0 * s);
        let settled = |s: f64| 0.3 + 2.0 * libm::exp(-s / 4.0) + noise(s);
        let again = |s: f64| settled(s) - if s > 150.0 { 0.25 } else { 0.0 };
        let one = evaluate_unseen(&[curve(settled)], 0.6).unwrap();
        assert_eq!((one.curves, one.stopped), ((1, 0), (1, 0)));
        assert!(one.lost < 0.01 && one.within == 1.0, "{one:?}");
        let both = evaluate_unseen(&[curve(settled), curve(again)], 0.6).unwrap();
        assert_eq!((both.curves.0, both.stopped), (2, (2, 1)));
        assert!((both.lost - 0.06).abs() < 0.02, "{both:?}");
    }

    #[test]
    fn what_has_not_moved_or_is_too_short_is_not_asked_about() {
        assert_eq!(evaluate_unseen(&[curve(|_| 1.0)], 0.5), None);
        assert_eq!(evaluate_unseen(&[curve(|s| 1.0 / s)], 0.01), None);
        assert_eq!(evaluate_unseen(&[], 0.5), None);
    }
}
