//! Numbers of many forecasts.

use super::Judged;
use crate::forecast::quantiles::Quantiles;
use dunwu_core::Seed;
use std::collections::BTreeMap;

/// Numbers of one family.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Forecasts.
    pub count: usize,
    /// Mean CRPS over that of the last value with the residuals of the family.
    pub ratio: f64,
    /// The same of a power law by least squares, beside that baseline.
    pub power: f64,
    /// Mean CRPS over that of the prior of LC-PFN, where it was asked: by whole curves, and by shapes.
    pub lcpfn: Option<[f64; 2]>,
    /// That of the baseline over it.
    pub baseline_over_lcpfn: Option<[f64; 2]>,
    /// Share of outcomes within the 50 % and the 90 % interval.
    pub covered: (f64, f64),
    /// Share within the 90 % interval of the power law, and of the prior of LC-PFN both ways.
    pub others: [f64; 3],
    /// Mean log-likelihood above that of the baseline, in nats; none counts for more than ten either way.
    pub likelihood: f64,
}

/// Scores by family of the forecasts with one cut and so many readings.
pub fn scores(judged: &[Judged], cut: f64, kept: usize) -> BTreeMap<String, Score> {
    by_family(judged, cut, kept)
        .into_iter()
        .map(|(family, of)| (family, score(&of)))
        .collect()
}

fn by_family(judged: &[Judged], cut: f64, kept: usize) -> BTreeMap<String, Vec<&Judged>> {
    let mut by: BTreeMap<String, Vec<&Judged>> = BTreeMap::new();
    for j in judged.iter().filter(|j| j.cut == cut && j.kept == kept) {
        by.entry(j.family.clone()).or_default().push(j);
    }
    by
}

fn within(q: &Quantiles, outcome: f64, level: f64) -> f64 {
    let inside = q.at(0.5 - 0.5 * level) <= outcome && outcome <= q.at(0.5 + 0.5 * level);
    f64::from(u8::from(inside))
}

fn score(of: &[&Judged]) -> Score {
    let sum = |f: &dyn Fn(&Judged) -> f64| of.iter().map(|j| f(j)).sum::<f64>();
    let n = of.len() as f64;
    let base = sum(&|j| j.baseline.crps(j.outcome));
    let asked: Vec<(&Judged, &[Quantiles; 2])> = of
        .iter()
        .filter_map(|j| Some((*j, j.lcpfn.as_ref()?)))
        .collect();
    let part = |f: &dyn Fn(&Judged, &[Quantiles; 2]) -> f64| {
        asked.iter().map(|(j, q)| f(j, q)).sum::<f64>()
    };
    let prior = [0, 1].map(|i| part(&|j, q| q[i].crps(j.outcome)));
    let over = |sum: f64| (!asked.is_empty()).then(|| prior.map(|p| sum / p));
    let covered =
        |i: usize| part(&|j, q| within(&q[i], j.outcome, 0.9)) / asked.len().max(1) as f64;
    Score {
        count: of.len(),
        ratio: sum(&|j| j.forecast.crps(j.outcome)) / base,
        power: sum(&|j| j.power.crps(j.outcome)) / base,
        lcpfn: over(part(&|j, _| j.forecast.crps(j.outcome))),
        baseline_over_lcpfn: over(part(&|j, _| j.baseline.crps(j.outcome))),
        covered: (
            sum(&|j| within(&j.forecast, j.outcome, 0.5)) / n,
            sum(&|j| within(&j.forecast, j.outcome, 0.9)) / n,
        ),
        others: [
            sum(&|j| within(&j.power, j.outcome, 0.9)) / n,
            covered(0),
            covered(1),
        ],
        likelihood: sum(&|j| {
            let log = |q: &Quantiles| q.log_density(j.outcome, j.grain);
            (log(&j.forecast) - log(&j.baseline)).clamp(-10.0, 10.0)
        }) / n,
    }
}

/// Geometric mean over families of a number of each.
pub fn mean_ratio(scores: &BTreeMap<String, Score>, of: impl Fn(&Score) -> Option<f64>) -> f64 {
    let logs: Vec<f64> = scores.values().filter_map(of).map(libm::log).collect();
    libm::exp(logs.iter().sum::<f64>() / logs.len().max(1) as f64)
}

/// Share of outcomes within the 90 % interval of each family, over all cuts and all numbers of readings.
pub fn coverage(judged: &[Judged]) -> BTreeMap<String, f64> {
    let mut by: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for j in judged {
        let of = by.entry(j.family.clone()).or_default();
        of.0 += within(&j.forecast, j.outcome, 0.9);
        of.1 += 1.0;
    }
    by.into_iter().map(|(f, (a, n))| (f, a / n)).collect()
}

/// Share of outcomes in each tenth of their forecasts, families weighed alike, with one cut and all readings.
pub fn pit(judged: &[Judged], cut: f64) -> [f64; 10] {
    let by = by_family(judged, cut, usize::MAX);
    let mut out = [0.0; 10];
    for of in by.values() {
        for j in of {
            let tenth = (10.0 * j.forecast.below(j.outcome)) as usize;
            out[tenth.min(9)] += 1.0 / (of.len() * by.len()) as f64;
        }
    }
    out
}

/// Draws of the bootstrap.
const DRAWN: usize = 400;

/// The 90 % interval of the geometric mean of the CRPS ratios, groups of a family drawn with replacement.
pub fn interval(judged: &[Judged], cut: f64, kept: usize) -> (f64, f64) {
    let by = by_family(judged, cut, kept);
    let groups: Vec<Vec<(f64, f64)>> = by
        .values()
        .map(|of| {
            let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
            for j in of {
                let sum = sums.entry(&j.group).or_default();
                sum.0 += j.forecast.crps(j.outcome);
                sum.1 += j.baseline.crps(j.outcome);
            }
            sums.into_values().collect()
        })
        .collect();
    let mut draws = Seed(0).draws("forecast bootstrap");
    let mut means: Vec<f64> = (0..DRAWN)
        .map(|_| {
            let logs = groups.iter().map(|of| {
                let drawn = (0..of.len()).map(|_| of[draws.below(of.len() as u64) as usize]);
                let (a, b) = drawn.fold((0.0, 0.0), |s, g| (s.0 + g.0, s.1 + g.1));
                libm::log(a / b)
            });
            logs.sum::<f64>() / groups.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |l: f64| libm::exp(means[((DRAWN - 1) as f64 * l) as usize]);
    (at(0.05), at(0.95))
}
