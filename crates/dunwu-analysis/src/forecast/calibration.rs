//! Finished runs of a user, by which forecasts of the same metric are calibrated.

use super::expert::{Case, Experts, View};
use super::features::Prepared;
use super::learn::KnownCurve;
use super::metric::Metric;
use super::tell::{HEAD, pooled};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Shares of the steps at which known runs are looked at, evenly on a logarithmic scale.
const SHARES: usize = 24;
const FIRST: f64 = 0.03;
const LAST: f64 = 0.95;
/// Known runs of a metric that are looked at, the newest.
const MOST: usize = 400;

/// Finished runs of a metric, and the experts that learned from them, made when they are first asked.
#[derive(Debug, Default)]
struct OfMetric {
    runs: Vec<KnownCurve>,
    experts: [OnceLock<Option<Experts>>; SHARES],
}

/// What finished runs teach of the metrics that they share with a run in progress.
///
/// Where at least six runs of the metric are known, the shipped head, the last value with the residuals of those runs and
/// a regression of those residuals are weighed by how well each would have done for them, and the interval is stretched
/// so that it would have covered them.
#[derive(Debug, Default)]
pub struct Calibration {
    metrics: BTreeMap<String, OfMetric>,
}

impl Calibration {
    /// Takes finished runs, oldest first. Curves that are too short to be cut teach nothing.
    pub fn new(runs: impl IntoIterator<Item = KnownCurve>) -> Self {
        let mut out = Self::default();
        for run in runs {
            let of = out.metrics.entry(run.metric.clone()).or_default();
            of.runs.push(run);
        }
        for of in out.metrics.values_mut() {
            let over = of.runs.len().saturating_sub(MOST);
            of.runs.drain(..over);
        }
        out
    }

    /// Runs that are known of a metric.
    pub fn count(&self, metric: &str) -> usize {
        self.metrics.get(metric).map_or(0, |of| of.runs.len())
    }

    /// The experts for a run of which a share of the steps was seen; None if too few runs are known.
    pub(crate) fn experts(&self, metric: &str, share: f64) -> Option<&Experts> {
        let of = self.metrics.get(metric)?;
        let place = libm::log(share.clamp(FIRST, LAST) / FIRST) / libm::log(LAST / FIRST);
        let i = (place * (SHARES - 1) as f64).round() as usize;
        of.experts[i].get_or_init(|| taught(&of.runs, i)).as_ref()
    }
}

fn taught(runs: &[KnownCurve], place: usize) -> Option<Experts> {
    let share = FIRST * libm::pow(LAST / FIRST, place as f64 / (SHARES - 1) as f64);
    let case = |(group, run): (usize, &KnownCurve)| {
        let (first, end) = (*run.steps.first()?, *run.steps.last()?);
        let n = run
            .steps
            .partition_point(|s| *s <= first + share * (end - first));
        if n < 2 || n == run.steps.len() {
            return None;
        }
        let (steps, values) = (&run.steps[..n], &run.values[..n]);
        let metric = Metric::of(&run.metric, values);
        let clock = run.clock(steps[n - 1], end, true);
        let prepared = Prepared::new(steps, values, &metric, clock);
        let head = pooled(&HEAD, &prepared, &metric, prepared.time(end)).0;
        Some(Case {
            view: View::new(&prepared, values[n - 1], head),
            outcome: *run.values.last()?,
            group,
        })
    };
    let cases: Vec<Case> = runs.iter().enumerate().filter_map(case).collect();
    Experts::new(&cases)
}
