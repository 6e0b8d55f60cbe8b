//! How good forecasts are, on curves whose ends are known.
//!
//! *Warm*: the curve's group (task, record, model) was left out when the head was fitted, its family was not, and the
//! finished runs of its metric in other groups are known to the experts. *Cold*: the whole family was left out. Each
//! curve is cut at 10, 20, 50 and 80 % of its steps, and the prefix keeps all its readings, 20, or 12; where the
//! learning rate is logged, its schedule is known. The head is fitted anew for every fold, and what is calibrated
//! is calibrated on the *other* folds.

mod delayed;
mod lcpfn;
mod pools;
mod power;
mod score;
mod stopping;
mod unseen;

pub use delayed::{DelayedScore, evaluate_delayed};
pub use pools::{PoolRule, PoolScore, pools};
pub use score::{Score, coverage, interval, mean_ratio, pit, scores};
pub use stopping::{StopRule, StopScore, evaluate_stopping, is_turn};
pub use unseen::{UnseenScore, evaluate_unseen};

use super::expert::{Case, Experts, View};
use super::features::Prepared;
use super::learn::{KnownCurve, Learning, learn, prefix};
use super::metric::Metric;
use super::network::Network;
use super::prior::prior;
use super::quantiles::{COUNT, LEVELS, MEDIAN, Quantiles};
use super::spent::Spent;
use super::tell::pooled;
use dunwu_core::Seed;
use lcpfn::LcPfn;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Shares of the steps that are seen.
pub const CUTS: [f64; 4] = [0.1, 0.2, 0.5, 0.8];
/// Readings that are kept; [`usize::MAX`] is all.
pub const KEPT: [usize; 3] = [usize::MAX, 20, 12];
/// Folds of the warm mode.
const FOLDS: usize = 5;
/// Curves of a family that the prior of LC-PFN is asked about at most: it takes some thousand times as long.
const ASKED: usize = 100;

/// One forecast beside what came.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Family of the curve.
    pub family: String,
    /// Group within it.
    pub group: String,
    /// Share of the steps seen.
    pub cut: f64,
    /// Readings kept at most.
    pub kept: usize,
    /// What came.
    pub outcome: f64,
    /// The forecast.
    pub forecast: Quantiles,
    /// The last value with the residuals of other curves of the family at this cut.
    pub baseline: Quantiles,
    /// A power law by least squares.
    pub power: Quantiles,
    /// The prior of LC-PFN, whole curves weighed by likelihood and shapes alone; of a part of the curves.
    pub lcpfn: Option<[Quantiles; 2]>,
    /// How far it lay from what was learned from.
    pub novelty: f64,
    /// Least width that a likelihood tells apart.
    pub(crate) grain: f64,
    metric_name: String,
    /// The stretch that would have reached the outcome, of the head as it was fitted.
    need: f64,
    prepared: Prepared,
    last: f64,
    metric: Metric,
    time: f64,
    fold: usize,
    /// Whether its learning rate had run out: neither known runs nor a stretch move that forecast.
    spent: bool,
}

/// Which curves are left out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Groups of a family.
    Warm,
    /// Whole families.
    Cold,
}

/// Heads fitted with a fold left out, and what they forecast of it.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Every forecast.
    pub judged: Vec<Judged>,
    pub(crate) networks: Vec<Option<Network>>,
    /// Fold of each curve.
    pub(crate) fold: Vec<usize>,
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
    let of = |c: &KnownCurve| fold[&(c.family.as_str(), c.group.as_str())];
    (curves.iter().map(of).collect(), FOLDS)
}

/// Forecasts the ends of all curves, each by a head that did not see it.
pub fn evaluate(curves: &[KnownCurve], mode: Mode, learning: &Learning) -> Evaluation {
    let made_up = prior(learning.made_up, learning.seed);
    let (fold, count) = folds(curves, mode);
    let networks: Vec<Option<Network>> = (0..count)
        .into_par_iter()
        .map(|f| {
            let rest = curves.iter().zip(&fold).filter(|(_, of)| **of != f);
            let known: Vec<&KnownCurve> = rest.map(|(c, _)| c).chain(&made_up).collect();
            learn(&known, learning)
        })
        .collect();
    let asked = asked(curves);
    let lcpfn = LcPfn::new(learning.seed);
    let mut judged: Vec<Judged> = Vec::new();
    for cut in CUTS {
        for kept in KEPT {
            let seen = cut_all(curves, &fold, &networks, cut, kept, learning.seed);
            let mut at = judge(curves, &seen);
            if kept != 20 {
                ask(&mut at, &seen, &asked, curves, &lcpfn);
            }
            if mode == Mode::Warm {
                teach(&mut at);
            }
            judged.extend(at);
        }
    }
    if mode == Mode::Cold {
        calibrate(&mut judged, &networks);
    }
    Evaluation {
        judged,
        networks,
        fold,
    }
}

/// Which curves the prior of LC-PFN is asked about: evenly over each family.
fn asked(curves: &[KnownCurve]) -> Vec<bool> {
    let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, c) in curves.iter().enumerate() {
        of.entry(&c.family).or_default().push(i);
    }
    let mut out = vec![false; curves.len()];
    for all in of.values() {
        let n = all.len().min(ASKED);
        (0..n).for_each(|i| out[all[i * all.len() / n]] = true);
    }
    out
}

/// A curve that was cut, with what is forecast of it.
struct Seen {
    curve: usize,
    steps: Vec<f64>,
    values: Vec<f64>,
    judged: Judged,
}

fn cut_all(
    curves: &[KnownCurve],
    fold: &[usize],
    networks: &[Option<Network>],
    cut: f64,
    kept: usize,
    seed: Seed,
) -> Vec<Seen> {
    let mut draws = seed.draws(&format!("forecast evaluation {cut} {kept}"));
    let mut out = Vec::new();
    for (i, (c, f)) in curves.iter().zip(fold).enumerate() {
        let Some((steps, values)) = prefix(c, cut, kept, &mut draws) else {
            continue;
        };
        let Some(network) = &networks[*f] else {
            continue;
        };
        let metric = Metric::of(&c.metric, &values);
        let (now, end) = (steps[steps.len() - 1], c.steps[c.steps.len() - 1]);
        let prepared = Prepared::new(&steps, &values, &metric, c.clock(now, end, true));
        let time = prepared.time(end);
        let spent = Spent::new(&steps, &values, (&c.rate.0, &c.rate.1), end);
        let (pooled, novelty) = pooled(network, &prepared, &metric, time);
        let forecast = spent.map_or(pooled, |s| s.quantiles(&metric));
        let judged = Judged {
            family: c.family.clone(),
            group: c.group.clone(),
            cut,
            kept,
            outcome: c.values[c.values.len() - 1],
            forecast,
            baseline: forecast,
            power: power::fitted(&steps, &values, end).map(|v| metric.bounded(v)),
            lcpfn: None,
            novelty,
            grain: 1e-4 * prepared.scale,
            metric_name: c.metric.clone(),
            need: 1.0,
            last: values[values.len() - 1],
            prepared,
            metric,
            time,
            fold: *f,
            spent: spent.is_some(),
        };
        out.push(Seen {
            curve: i,
            steps,
            values,
            judged,
        });
    }
    out
}

/// Puts the baseline of the last value beside every forecast.
fn judge(curves: &[KnownCurve], seen: &[Seen]) -> Vec<Judged> {
    let gone = |s: &Seen| s.judged.outcome - s.judged.last;
    let base = |s: &Seen| {
        // A family of several metrics has residuals of each.
        let (c, of) = (&curves[s.curve], |o: &&Seen| {
            let o = &curves[o.curve];
            let c = &curves[s.curve];
            o.family == c.family && o.metric == c.metric && o.group != c.group
        });
        debug_assert_eq!(c.family, s.judged.family);
        let mut d: Vec<f64> = seen.iter().filter(of).map(gone).collect();
        d.sort_by(f64::total_cmp);
        let at = |l: f64| {
            if d.is_empty() {
                0.0
            } else {
                d[((d.len() - 1) as f64 * l).round() as usize]
            }
        };
        Quantiles(LEVELS.map(|l| s.judged.last + at(l)))
    };
    seen.iter()
        .map(|s| Judged {
            baseline: base(s),
            ..s.judged.clone()
        })
        .collect()
}

/// Asks the prior of LC-PFN about some of the curves.
fn ask(at: &mut [Judged], seen: &[Seen], asked: &[bool], curves: &[KnownCurve], lcpfn: &LcPfn) {
    let told: Vec<Option<[Quantiles; 2]>> = seen
        .par_iter()
        .map(|s| {
            let c = &curves[s.curve];
            let span = (c.steps[0], c.steps[c.steps.len() - 1]);
            asked[s.curve].then(|| lcpfn.forecast(&s.steps, &s.values, span, &s.judged.metric))
        })
        .collect();
    at.iter_mut().zip(told).for_each(|(j, t)| j.lcpfn = t);
}

/// Lets the experts of each fold, family and metric speak, who know the runs of the other folds.
fn teach(at: &mut [Judged]) {
    let mut groups: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut by: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    let group: Vec<usize> = at
        .iter()
        .map(|j| {
            let next = groups.len();
            *groups
                .entry((j.family.clone(), j.group.clone()))
                .or_insert(next)
        })
        .collect();
    for (i, j) in at.iter().enumerate() {
        by.entry((j.family.clone(), j.metric_name.clone()))
            .or_default()
            .push(i);
    }
    let view = |j: &Judged| View::new(&j.prepared, j.last, j.forecast);
    let told: Vec<Vec<(usize, Quantiles)>> = by
        .into_values()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|of| {
            let mut out = Vec::new();
            for fold in 0..FOLDS {
                let case = |i: &usize| Case {
                    view: view(&at[*i]),
                    outcome: at[*i].outcome,
                    group: group[*i],
                };
                let rest = of.iter().filter(|i| at[**i].fold != fold);
                let Some(experts) = Experts::new(&rest.map(case).collect::<Vec<_>>()) else {
                    continue;
                };
                let own = of.iter().filter(|i| at[**i].fold == fold);
                out.extend(own.map(|i| {
                    let q = experts.forecast(&view(&at[*i]));
                    (*i, q.map(|v| at[*i].metric.bounded(v)))
                }));
            }
            out
        })
        .collect();
    let told = told.into_iter().flatten().filter(|(i, _)| !at[*i].spent);
    for (i, q) in told.collect::<Vec<_>>() {
        at[i].forecast = q;
    }
}

/// Sets the stretch of each family by the forecasts of the others.
fn calibrate(judged: &mut [Judged], networks: &[Option<Network>]) {
    judged.iter_mut().for_each(|j| j.need = needed_stretch(j));
    let stretches: Vec<f64> = (0..networks.len())
        .map(|fold| {
            let others = judged.iter().filter(|o| o.fold != fold);
            unknown(others.map(|o| (o.family.as_str(), o.need)))
        })
        .collect();
    for j in judged.iter_mut().filter(|j| !j.spent) {
        if let Some(network) = &networks[j.fold] {
            let network = network.clone().with_stretch(stretches[j.fold]);
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
fn stretch<'a>(needs: impl Iterator<Item = (&'a str, f64)>) -> f64 {
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

/// The stretch for curves of families never seen, from forecasts in the cold mode.
pub fn cold_stretch(of: &Evaluation) -> f64 {
    unknown(of.judged.iter().map(|j| (j.family.as_str(), j.need)))
}

/// Never below 1, because a mean over families narrows those that need it least.
fn unknown<'a>(needs: impl Iterator<Item = (&'a str, f64)>) -> f64 {
    stretch(needs).max(1.0)
}
