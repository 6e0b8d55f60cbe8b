//! What stopping saves: pools of runs of one task, of which the best is wanted.
//!
//! All runs of a pool go on together. At every check a rule ends some of them. What is chosen is the run that was best when it
//! ended; regret is how much worse it was than the best end of the pool, in units of the metric; what is saved is the share of
//! all steps that was not made. Each rule has one knob: the setting that saves most while the mean regret over all *other*
//! pools stays within the bound is used for a pool.

use super::{Evaluation, KnownCurve};
use crate::forecast::features::Prepared;
use crate::forecast::metric::{Metric, Sense};
use crate::forecast::network::Network;
use crate::forecast::quantiles::{LEVELS, Quantiles};
use crate::forecast::tell::pooled;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Runs of a pool at least, and at most.
const RUNS: (usize, usize) = (40, 60);
/// Checks of a pool.
const CHECKS: usize = 24;
/// Mean regret that is allowed.
const REGRET: f64 = 1e-3;

/// A rule that ends runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolRule {
    /// Those whose forecast is unlikely to beat that of the best.
    Forecast,
    /// Those worse than the median of the running means (Golovin et al. 2017).
    Median,
    /// All but the best 1/η at rungs that are η apart (successive halving; Li et al. 2020).
    Asha,
    /// The same, by the median of the forecast in place of the value.
    ForecastHalving,
    /// Those that have not improved for so long.
    Patience,
}

impl PoolRule {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Forecast, "forecast"),
        (Self::Median, "median stopping"),
        (Self::Asha, "successive halving"),
        (Self::ForecastHalving, "halving by forecast"),
        (Self::Patience, "patience"),
    ];

    /// Settings of the knob.
    fn knobs(self) -> Vec<f64> {
        match self {
            // P(better) below which a run ends; the tenth is that which is shipped.
            Self::Forecast => (0..=20).map(|i| 0.05 * f64::from(i * i) / 100.0).collect(),
            // The share of the steps before which nothing ends.
            Self::Median => (0..=20).map(|i| f64::from(i) / 20.0).collect(),
            // η, with rungs from 1/η^k on: coded as 10·η + k.
            Self::Asha | Self::ForecastHalving => [2.0, 3.0, 4.0]
                .into_iter()
                .flat_map(|e| (0..=4).map(move |k| 10.0 * e + f64::from(k)))
                .collect(),
            Self::Patience => (1..=20).map(|i| f64::from(i) / 20.0).collect(),
        }
    }
}

/// What a rule saved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolScore {
    /// The rule.
    pub rule: PoolRule,
    /// Pools.
    pub pools: usize,
    /// Share of all steps that was not made.
    pub saved: f64,
    /// Mean regret.
    pub regret: f64,
    /// Both with the one setting that saves most of all pools, which is chosen with hindsight.
    pub hindsight: (f64, f64),
}

/// A pool: heights that are to be small, at shares of the steps, and forecasts of the end at the checks.
struct Pool {
    heights: Vec<Vec<f64>>,
    told: Vec<Vec<Option<Quantiles>>>,
}

/// What every rule saves, on the pools among the curves: families and groups with at least 40 curves of one metric.
pub fn pools(curves: &[KnownCurve], of: &Evaluation) -> Vec<PoolScore> {
    let mut by: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (i, c) in curves.iter().enumerate() {
        by.entry((&c.family, &c.group, &c.metric))
            .or_default()
            .push(i);
    }
    let pools: Vec<Pool> = by
        .into_values()
        .filter(|of| of.len() >= RUNS.0)
        .collect::<Vec<_>>()
        .par_iter()
        .filter_map(|members| {
            let network = of.networks[of.fold[members[0]]].as_ref()?;
            let most = members.len().min(RUNS.1);
            Some(Pool::new(
                members[..most].iter().map(|i| &curves[*i]),
                network,
            ))
        })
        .collect();
    if pools.is_empty() {
        return vec![];
    }
    PoolRule::ALL
        .iter()
        .map(|(rule, _)| score(*rule, &pools))
        .collect()
}

fn score(rule: PoolRule, pools: &[Pool]) -> PoolScore {
    let knobs = rule.knobs();
    // By knob, by pool: what was saved, and the regret.
    let all: Vec<Vec<(f64, f64)>> = knobs
        .iter()
        .map(|k| pools.iter().map(|p| p.run(rule, *k)).collect())
        .collect();
    let mean = |of: &[(f64, f64)], skip: Option<usize>| {
        let kept = of.iter().enumerate().filter(|(i, _)| Some(*i) != skip);
        let (sum, n) = kept.fold(((0.0, 0.0), 0.0), |(s, n), (_, x)| {
            ((s.0 + x.0, s.1 + x.1), n + 1.0)
        });
        (sum.0 / n, sum.1 / n)
    };
    let best = |skip: Option<usize>| {
        let fits = (0..knobs.len()).filter(|k| mean(&all[*k], skip).1 <= REGRET);
        fits.max_by(|a, b| mean(&all[*a], skip).0.total_cmp(&mean(&all[*b], skip).0))
    };
    let nested: Vec<(f64, f64)> = (0..pools.len())
        .map(|p| best(Some(p)).map_or((0.0, 0.0), |k| all[k][p]))
        .collect();
    let (saved, regret) = mean(&nested, None);
    PoolScore {
        rule,
        pools: pools.len(),
        saved,
        regret,
        hindsight: best(None).map_or((0.0, 0.0), |k| mean(&all[k], None)),
    }
}

impl Pool {
    fn new<'a>(curves: impl Iterator<Item = &'a KnownCurve>, network: &Network) -> Self {
        let (mut heights, mut told) = (Vec::new(), Vec::new());
        for c in curves {
            let metric = Metric::of(&c.metric, &c.values);
            let sign = if metric.sense == Sense::Score {
                -1.0
            } else {
                1.0
            };
            let (first, end) = (c.steps[0], c.steps[c.steps.len() - 1]);
            let seen = |check: usize| {
                let step = first + (end - first) * (check + 1) as f64 / CHECKS as f64;
                c.steps
                    .partition_point(|s| *s <= step + 1e-9 * end.abs())
                    .max(1)
            };
            heights.push((0..CHECKS).map(|k| sign * c.values[seen(k) - 1]).collect());
            let tell = |check: usize| {
                let n = seen(check);
                if n < 3 || n == c.steps.len() {
                    return None;
                }
                let (steps, values) = (&c.steps[..n], &c.values[..n]);
                let metric = Metric::of(&c.metric, values);
                let clock = c.clock(steps[n - 1], end, true);
                let prepared = Prepared::new(steps, values, &metric, clock);
                let q = pooled(network, &prepared, &metric, prepared.time(end)).0;
                Some(q.map(|v| sign * v))
            };
            told.push((0..CHECKS).map(tell).collect());
        }
        Self { heights, told }
    }

    /// Share of the steps that a rule saves, and its regret.
    fn run(&self, rule: PoolRule, knob: f64) -> (f64, f64) {
        let n = self.heights.len();
        let mut ended = vec![CHECKS - 1; n];
        let mut alive: Vec<usize> = (0..n).collect();
        for check in 0..CHECKS - 1 {
            let gone = match rule {
                PoolRule::Forecast => self.unlikely(&alive, check, knob),
                PoolRule::Median => self.below_median(&alive, &ended, check, knob),
                PoolRule::Asha => self.halved(&alive, check, knob, &|i| self.heights[i][check]),
                PoolRule::ForecastHalving => {
                    let told = |i: usize| self.told[i][check].as_ref().map(|q| q.at(0.5));
                    self.halved(&alive, check, knob, &|i| {
                        told(i).unwrap_or(self.heights[i][check])
                    })
                }
                PoolRule::Patience => self.tired(&alive, check, knob),
            };
            gone.iter().for_each(|i| ended[*i] = check);
            alive.retain(|i| !gone.contains(i));
        }
        let used: f64 = ended.iter().map(|e| (e + 1) as f64 / CHECKS as f64).sum();
        let at_end = |i: usize| self.heights[i][ended[i]];
        let got = (0..n).map(at_end).fold(f64::INFINITY, f64::min);
        let best = (0..n)
            .map(|i| self.heights[i][CHECKS - 1])
            .fold(f64::INFINITY, f64::min);
        (1.0 - used / n as f64, (got - best).max(0.0))
    }

    fn unlikely(&self, alive: &[usize], check: usize, least: f64) -> Vec<usize> {
        let told: Vec<(usize, &Quantiles)> = alive
            .iter()
            .filter_map(|i| Some((*i, self.told[*i][check].as_ref()?)))
            .collect();
        let best = told
            .iter()
            .min_by(|a, b| a.1.at(0.5).total_cmp(&b.1.at(0.5)));
        let Some((of_best, incumbent)) = best else {
            return vec![];
        };
        let beats = |q: &Quantiles| {
            let levels = (1..LEVELS.len()).map(|l| {
                let middle = 0.5 * (q.0[l - 1] + q.0[l]);
                (LEVELS[l] - LEVELS[l - 1]) * (1.0 - incumbent.below(middle))
            });
            levels.sum::<f64>() / (LEVELS[LEVELS.len() - 1] - LEVELS[0])
        };
        let gone = told
            .iter()
            .filter(|(i, q)| i != of_best && beats(q) < least);
        gone.map(|(i, _)| *i).collect()
    }

    fn below_median(
        &self,
        alive: &[usize],
        ended: &[usize],
        check: usize,
        grace: f64,
    ) -> Vec<usize> {
        if ((check + 1) as f64) < grace * CHECKS as f64 {
            return vec![];
        }
        let mean = |i: usize| self.heights[i][..=check].iter().sum::<f64>() / (check + 1) as f64;
        // Of those that came so far.
        let mut means: Vec<f64> = (0..ended.len())
            .filter(|i| ended[*i] >= check)
            .map(mean)
            .collect();
        means.sort_by(f64::total_cmp);
        let median = means[means.len() / 2];
        let best = |i: usize| {
            self.heights[i][..=check]
                .iter()
                .copied()
                .fold(f64::INFINITY, f64::min)
        };
        alive
            .iter()
            .copied()
            .filter(|i| best(*i) > median)
            .collect()
    }

    fn halved(
        &self,
        alive: &[usize],
        check: usize,
        knob: f64,
        height: &dyn Fn(usize) -> f64,
    ) -> Vec<usize> {
        let eta = (knob / 10.0).floor();
        let rungs = (knob - 10.0 * eta).round() as i32;
        let rung = |k: i32| ((CHECKS as f64 / eta.powi(k)).round() as usize).max(1);
        if !(1..=rungs).any(|k| rung(k) == check + 1) {
            return vec![];
        }
        let mut order = alive.to_vec();
        order.sort_by(|a, b| height(*a).total_cmp(&height(*b)));
        let keep = ((alive.len() as f64 / eta).ceil() as usize).max(1);
        order.split_off(keep.min(order.len()))
    }

    fn tired(&self, alive: &[usize], check: usize, patience: f64) -> Vec<usize> {
        let span = (patience * CHECKS as f64).round().max(1.0) as usize;
        let stale = |i: usize| {
            let h = &self.heights[i][..=check];
            let best = (0..h.len())
                .min_by(|a, b| h[*a].total_cmp(&h[*b]))
                .unwrap_or(0);
            check - best >= span
        };
        alive.iter().copied().filter(|i| stale(*i)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines that fall from 1 to their ends; the forecast knows them.
    fn pool(ends: &[f64]) -> Pool {
        let at = |e: f64, k: usize| 1.0 - (1.0 - e) * (k + 1) as f64 / CHECKS as f64;
        Pool {
            heights: ends
                .iter()
                .map(|e| (0..CHECKS).map(|k| at(*e, k)).collect())
                .collect(),
            told: ends
                .iter()
                .map(|e| vec![Some(Quantiles(LEVELS.map(|l| e + 0.01 * (l - 0.5)))); CHECKS])
                .collect(),
        }
    }

    #[test]
    fn who_knows_the_end_saves_all_but_one_run() {
        let p = pool(&[0.9, 0.5, 0.1, 0.8, 0.7, 0.3, 0.2, 0.6]);
        let (saved, regret) = p.run(PoolRule::Forecast, 0.05);
        assert!((saved - 7.0 / 8.0 * (1.0 - 1.0 / CHECKS as f64)).abs() < 1e-12 && regret == 0.0);
        // Halving twice: half of the runs end at a quarter, a quarter of them at half.
        let (saved, regret) = p.run(PoolRule::Asha, 22.0);
        assert!(
            (saved - (0.5 * 0.75 + 0.25 * 0.5)).abs() < 1e-12 && regret == 0.0,
            "{saved}"
        );
        assert!(p.run(PoolRule::Median, 0.0).0 > 0.3);
        assert_eq!(p.run(PoolRule::Patience, 0.5), (0.0, 0.0));
    }

    #[test]
    fn a_wrong_stop_costs_what_it_loses() {
        let mut p = pool(&[0.9, 0.1]);
        p.told.swap(0, 1);
        let (_, regret) = p.run(PoolRule::Forecast, 0.05);
        assert!((regret - (0.9 - 0.1)).abs() < 1e-12, "{regret}");
    }
}
