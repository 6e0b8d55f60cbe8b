//! The Kaplan–Meier curve.

use super::Observed;
use serde::{Deserialize, Serialize};

/// 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// What happens at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KaplanMeierStep {
    /// Epoch.
    pub time: u64,
    /// Runs that were still watched and without the event just before.
    pub at_risk: usize,
    /// Events at this time.
    pub events: usize,
    /// Runs that were watched no longer.
    pub censored: usize,
    /// Estimated probability of no event up to and including this time.
    pub survival: f64,
    /// Lower end of its pointwise 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Estimated probability that the event has not come, over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KaplanMeier {
    /// Runs.
    pub runs: usize,
    /// Every time at which an event came or a run was censored, ascending.
    pub steps: Vec<KaplanMeierStep>,
}

/// Mean of the time, cut off at a horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestrictedMean {
    /// E min(T, horizon), in epochs.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

/// The Kaplan–Meier estimate Ŝ(t) = Π_{t_i ≤ t} (1 − d_i / n_i), with d_i events among n_i runs at risk.
///
/// Runs censored at the time of an event count as at risk there. The interval is that of log(−log S) with
/// Greenwood's variance Σ d/(n(n − d)), which stays within [0, 1]; where Ŝ is 0 or 1 the variance says nothing
/// and the interval is that point (Kalbfleisch and Prentice 1980, § 1.4).
///
/// ```
/// use dunwu_analysis::survival::{Observed, kaplan_meier};
/// let curve = kaplan_meier(&[Observed::by(Some(10), 50), Observed::by(Some(30), 50), Observed::by(None, 50)]);
/// assert_eq!(curve.steps.iter().map(|s| s.at_risk).collect::<Vec<_>>(), [3, 2, 1]);
/// assert_eq!((curve.survival_at(9), curve.median()), (1.0, Some(30)));
/// ```
pub fn kaplan_meier(runs: &[Observed]) -> KaplanMeier {
    let mut sorted = runs.to_vec();
    sorted.sort_by_key(|r| r.time);
    let (mut survival, mut greenwood) = (1.0, 0.0);
    let (mut at_risk, mut steps) = (runs.len(), Vec::new());
    for same in sorted.chunk_by(|a, b| a.time == b.time) {
        let events = same.iter().filter(|r| r.event).count();
        let (n, d) = (at_risk as f64, events as f64);
        survival *= 1.0 - d / n;
        greenwood += d / (n * (n - d));
        let (low, high) = interval(survival, greenwood);
        steps.push(KaplanMeierStep {
            time: same[0].time,
            at_risk,
            events,
            censored: same.len() - events,
            survival,
            low,
            high,
        });
        at_risk -= same.len();
    }
    KaplanMeier {
        runs: runs.len(),
        steps,
    }
}

fn interval(survival: f64, greenwood: f64) -> (f64, f64) {
    if survival <= 0.0 || survival >= 1.0 {
        return (survival, survival);
    }
    let log = libm::log(survival);
    let half = Z * greenwood.sqrt() / log.abs();
    let at = |shift: f64| libm::exp(log * libm::exp(shift));
    (at(half), at(-half))
}

impl KaplanMeier {
    /// Ŝ(t): 1 before the first event.
    pub fn survival_at(&self, time: u64) -> f64 {
        let after = self.steps.partition_point(|s| s.time <= time);
        after.checked_sub(1).map_or(1.0, |i| self.steps[i].survival)
    }

    /// First time at which the event has come to half of the runs or more; None if it never does.
    pub fn median(&self) -> Option<u64> {
        self.first(|s| s.survival)
    }

    /// Interval of the median, 95 %: where the pointwise interval of the curve reaches one half. An end that is
    /// None is later than anything that was seen (Brookmeyer and Crowley 1982).
    pub fn median_interval(&self) -> (Option<u64>, Option<u64>) {
        (self.first(|s| s.low), self.first(|s| s.high))
    }

    fn first(&self, value: impl Fn(&KaplanMeierStep) -> f64) -> Option<u64> {
        // Products of 1 − d/n may miss one half by rounding.
        let step = self.steps.iter().find(|s| value(s) <= 0.5 + 1e-12);
        step.map(|s| s.time)
    }

    /// E min(T, horizon) = ∫₀^horizon Ŝ, with variance Σ (∫_{t_i}^horizon Ŝ)² d_i / (n_i (n_i − d_i)).
    ///
    /// None if runs were watched for less than the horizon and the curve has not come to 0: then it is not
    /// known. Source: Irwin 1949; Klein and Moeschberger 2003, § 4.5.
    pub fn restricted_mean(&self, horizon: u64) -> Option<RestrictedMean> {
        let last = self.steps.last()?;
        if last.time < horizon && last.survival > 0.0 {
            return None;
        }
        let (mut area, mut variance) = (0.0, 0.0);
        let mut until = horizon;
        for step in self.steps.iter().rev().filter(|s| s.time < horizon) {
            area += step.survival * (until - step.time) as f64;
            until = step.time;
            let (n, d) = (step.at_risk as f64, step.events as f64);
            // Where all remaining runs have the event the area behind it is 0.
            if n > d {
                variance += area * area * d / (n * (n - d));
            }
        }
        Some(RestrictedMean {
            mean: area + until as f64,
            error: variance.sqrt(),
        })
    }
}
