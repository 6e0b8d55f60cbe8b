//! How good forecasts are, on curves whose ends are known.
//!
//! *Warm*: the curve's group (task, record, model) was left out when the head was fitted, its family was not. *Cold*:
//! the whole family was left out. Each curve is cut at 10, 20, 50 and 80 % of its steps, and the prefix keeps all its
//! readings, 20, or 12. The head is fitted anew for every fold; the stretch of a fold is that which makes the 90 %
//! intervals of the *other* folds cover 90 %, for a family seen before shrunk from its own to that of all.

use super::features::Prepared;
use super::learn::{KnownCurve, Learning, learn, prefix};
use super::metric::Metric;
use super::network::Network;
use super::prior::prior;
use super::quantiles::{COUNT, LEVELS, MEDIAN, Quantiles};
use super::tell::pooled;
use dunwu_core::Seed;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Shares of the steps that are seen.
pub const CUTS: [f64; 4] = [0.1, 0.2, 0.5, 0.8];
/// Readings that are kept; [`usize::MAX`] is all.
pub const KEPT: [usize; 3] = [usize::MAX, 20, 12];
/// Folds of the warm mode.
const FOLDS: usize = 5;

/// One forecast beside what came.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Family of the curve.
    pub family: String,
    /// Group within it.
    pub group: String,
    /// Share of the steps seen, and readings kept.
    pub cut: f64,
    /// Readings kept at most.
    pub kept: usize,
    /// What came.
    pub outcome: f64,
    /// The forecast.
    pub forecast: Quantiles,
    /// The last value with the residuals of other curves of the family at this cut.
    pub baseline: Quantiles,
    /// How far it lay from what was learned from.
    pub novelty: f64,
    /// The stretch that would have reached the outcome, of the head as it was fitted.
    need: f64,
    prepared: Prepared,
    metric: Metric,
    time: f64,
    network: usize,
    fold: usize,
}

/// Which curves are left out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Groups of a family.
    Warm,
    /// Whole families.
    Cold,
}

/// Numbers of one family.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Forecasts.
    pub count: usize,
    /// Mean CRPS over that of the baseline.
    pub ratio: f64,
    /// Share of outcomes within the 50 % and the 90 % interval.
    pub covered: (f64, f64),
}

/// Fold of each curve, and how many there are.
fn folds(curves: &[KnownCurve], mode: Mode) -> (Vec<usize>, usize) {
    let mut names: Vec<&str> = curves.iter().map(|c| c.family.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if mode == Mode::Cold {
        let of = |c: &KnownCurve| {
            names
                .iter()
                .position(|n| *n == c.family)
                .expect("it is one of them")
        };
        return (curves.iter().map(of).collect(), names.len());
    }
    let mut fold: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut next = BTreeMap::new();
    for c in curves {
        let next: &mut usize = next.entry(c.family.as_str()).or_default();
        fold.entry((&c.family, &c.group)).or_insert_with(|| {
            *next += 1;
            (*next - 1) % FOLDS
        });
    }
    (
        curves
            .iter()
            .map(|c| fold[&(c.family.as_str(), c.group.as_str())])
            .collect(),
        FOLDS,
    )
}

/// Forecasts the ends of all curves, each by a head that did not see it. Networks come with them, by fold.
pub fn evaluate(curves: &[KnownCurve], mode: Mode, learning: &Learning) -> Vec<Judged> {
    let made_up = prior(learning.made_up, learning.seed);
    let (fold, count) = folds(curves, mode);
    let networks: Vec<Option<Network>> = (0..count)
        .into_par_iter()
        .map(|f| {
            let known: Vec<&KnownCurve> = curves
                .iter()
                .zip(&fold)
                .filter(|(_, of)| **of != f)
                .map(|(c, _)| c)
                .chain(&made_up)
                .collect();
            learn(&known, learning)
        })
        .collect();
    let mut judged: Vec<Judged> = Vec::new();
    for cut in CUTS {
        for kept in KEPT {
            judged.extend(judge(curves, &fold, &networks, cut, kept, learning.seed));
        }
    }
    calibrate(&mut judged, mode, &networks);
    judged
}

fn judge(
    curves: &[KnownCurve],
    fold: &[usize],
    networks: &[Option<Network>],
    cut: f64,
    kept: usize,
    seed: Seed,
) -> Vec<Judged> {
    let mut draws = seed.draws(&format!("forecast evaluation {cut} {kept}"));
    let mut out = Vec::new();
    let mut residuals = Vec::new();
    for (c, f) in curves.iter().zip(fold) {
        let Some((steps, values)) = prefix(c, cut, kept, &mut draws) else {
            continue;
        };
        let outcome = c.values[c.values.len() - 1];
        residuals.push((c, outcome - values[values.len() - 1]));
        let metric = Metric::of(&c.metric, &values);
        let prepared = Prepared::new(&steps, &values, &metric);
        let time = prepared.shape.time(c.steps[c.steps.len() - 1]);
        let Some(network) = &networks[*f] else {
            continue;
        };
        let (forecast, novelty) = pooled(network, &prepared, &metric, time);
        out.push((
            values[values.len() - 1],
            Judged {
                family: c.family.clone(),
                group: c.group.clone(),
                cut,
                kept,
                outcome,
                forecast,
                baseline: forecast,
                novelty,
                need: 1.0,
                prepared,
                metric,
                time,
                network: *f,
                fold: *f,
            },
            c,
        ));
    }
    let base = |last: f64, c: &KnownCurve| {
        // A family of several metrics has residuals of each.
        let of = |d: &&(&KnownCurve, f64)| {
            d.0.family == c.family && d.0.metric == c.metric && d.0.group != c.group
        };
        let mut d: Vec<f64> = residuals.iter().filter(of).map(|d| d.1).collect();
        d.sort_by(f64::total_cmp);
        let at = |l: f64| {
            if d.is_empty() {
                0.0
            } else {
                d[((d.len() - 1) as f64 * l).round() as usize]
            }
        };
        Quantiles(LEVELS.map(|l| last + at(l)))
    };
    out.into_iter()
        .map(|(last, mut j, c)| {
            j.baseline = base(last, c);
            j
        })
        .collect()
}

/// Sets the stretch of each fold by the forecasts of the others.
fn calibrate(judged: &mut [Judged], mode: Mode, networks: &[Option<Network>]) {
    let need: Vec<f64> = judged.iter().map(needed_stretch).collect();
    let mut known: BTreeMap<(usize, String), f64> = BTreeMap::new();
    for j in judged.iter() {
        known.entry((j.fold, j.family.clone())).or_insert_with(|| {
            let others = || judged.iter().zip(&need).filter(|(o, _)| o.fold != j.fold);
            let all = stretch(others().map(|(o, n)| (o.family.as_str(), *n)));
            if mode == Mode::Cold {
                return all;
            }
            let own: Vec<f64> = others()
                .filter(|(o, _)| o.family == j.family)
                .map(|(_, n)| *n)
                .collect();
            let share = own.len() as f64 / (own.len() as f64 + 200.0);
            all + share * (quantile(own, 0.9) - all)
        });
    }
    for (j, need) in judged.iter_mut().zip(need) {
        j.need = need;
        let stretch = known[&(j.fold, j.family.clone())];
        if let Some(network) = &networks[j.network] {
            let network = Network {
                stretch: stretch as f32,
                ..network.clone()
            };
            (j.forecast, j.novelty) = pooled(&network, &j.prepared, &j.metric, j.time);
        }
    }
}

/// By what the 90 % interval would have to be stretched about the median to reach the outcome.
fn needed_stretch(j: &Judged) -> f64 {
    let q = |i: usize| j.prepared.unit_of(j.forecast.0[i]) * j.prepared.shape.sign;
    let sorted = |a: f64, b: f64| (a.min(b), a.max(b));
    let (low, high) = sorted(q(1), q(COUNT - 2));
    let (median, outcome) = (
        q(MEDIAN),
        j.prepared.unit_of(j.outcome) * j.prepared.shape.sign,
    );
    let reach = if outcome >= median {
        high - median
    } else {
        median - low
    };
    ((outcome - median).abs() / reach.max(1e-9)).min(100.0)
}

/// The stretch that covers 90 % of every family alike.
pub(crate) fn stretch<'a>(needs: impl Iterator<Item = (&'a str, f64)>) -> f64 {
    let mut by: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    needs.for_each(|(family, need)| by.entry(family).or_default().push(need));
    let n = by.len().max(1) as f64;
    by.into_values()
        .map(|needs| quantile(needs, 0.9))
        .sum::<f64>()
        / n
}

fn quantile(mut values: Vec<f64>, level: f64) -> f64 {
    if values.is_empty() {
        return 1.0;
    }
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * level).ceil() as usize]
}

/// The stretch for curves of families never seen, from forecasts in the cold mode; never below 1, because a mean over
/// families narrows those that need it least.
pub fn cold_stretch(judged: &[Judged]) -> f64 {
    stretch(judged.iter().map(|j| (j.family.as_str(), j.need))).max(1.0)
}

/// Scores by family of the forecasts with one cut and so many readings.
pub fn scores(judged: &[Judged], cut: f64, kept: usize) -> BTreeMap<String, Score> {
    let mut by: BTreeMap<String, Vec<&Judged>> = BTreeMap::new();
    for j in judged.iter().filter(|j| j.cut == cut && j.kept == kept) {
        by.entry(j.family.clone()).or_default().push(j);
    }
    by.into_iter()
        .map(|(family, of)| (family, score(&of)))
        .collect()
}

fn score(of: &[&Judged]) -> Score {
    let sum = |f: &dyn Fn(&Judged) -> f64| of.iter().map(|j| f(j)).sum::<f64>();
    let within = |j: &Judged, low: f64, high: f64| {
        f64::from(u8::from(
            j.forecast.at(low) <= j.outcome && j.outcome <= j.forecast.at(high),
        ))
    };
    let n = of.len() as f64;
    Score {
        count: of.len(),
        ratio: sum(&|j| j.forecast.crps(j.outcome)) / sum(&|j| j.baseline.crps(j.outcome)),
        covered: (
            sum(&|j| within(j, 0.25, 0.75)) / n,
            sum(&|j| within(j, 0.05, 0.95)) / n,
        ),
    }
}

/// Geometric mean of the ratios of all families.
pub fn mean_ratio(scores: &BTreeMap<String, Score>) -> f64 {
    let logs = scores.values().map(|s| libm::log(s.ratio)).sum::<f64>();
    libm::exp(logs / scores.len().max(1) as f64)
}
