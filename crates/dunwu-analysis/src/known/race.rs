//! Which of several features a node ends in.
//!
//! A node w = Σ_l α_l ζ_l of length 1 over orthonormal features climbs with super-linear growth
//!
//! α̇_l = μ_l α_l^q, kept on the sphere, q ≥ 2.
//!
//! Off the sphere α_l^{1−q} falls at the constant rate (q − 1)μ_l, so the first to blow up is
//! argmax μ_l α_l(0)^{q−1}. If the α_l(0) are independent with Pr(α ≤ x) = exp(−x^{−a}) (Fréchet), then
//! μ_l α_l^{q−1} is Fréchet with exponent a/(q − 1) and scale μ_l, and
//!
//! Pr(l wins) = μ_l^{a/(q−1)} / Σ_j μ_j^{a/(q−1)}.
//!
//! arXiv 2509.21519, Lemmas 7 and 8, has these for q = 2: ẇ = A(w)w, A having the eigenvalues μ_l α_l. With a fixed
//! A, q = 1, the start decides nothing: argmax μ_l wins. The energy of σ = x² is of fourth order in w: there q = 3.

use super::{Interval, KnownError, check_positive};
use crate::landscape::wilson;
use dunwu_core::Seed;
use rayon::prelude::*;
use serde::Serialize;

/// Share of the sphere's mass at which a feature has won.
const WON: f64 = 1.0 - 1e-9;
/// Most steps of one flow.
const STEPS: usize = 20_000;
/// Step, in units of the fastest growth.
const STRIDE: f64 = 0.2;
/// Runs that share a stream of draws.
const CHUNK: usize = 1000;

/// A draw with Pr(α ≤ x) = exp(−x^{−a}), from a uniform one in [0, 1).
///
/// ```
/// use dunwu_analysis::known::race::frechet;
/// let median = frechet(0.5, 2.0);
/// assert!((median.powi(-2) - 2f64.ln()).abs() < 1e-12);
/// ```
pub fn frechet(uniform: f64, shape: f64) -> f64 {
    // 1 − u lies in (0, 1], where the logarithm is finite.
    libm::pow(-libm::log1p(-uniform), -1.0 / shape)
}

/// A race between features.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Race {
    /// μ, the rate of each feature.
    pub rates: Vec<f64>,
    /// a, the shape of the distribution of initial amplitudes.
    pub shape: f64,
    /// q, the power of growth.
    pub power: u32,
}

/// How often one feature won.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// Its rate μ_l.
    pub rate: f64,
    /// Share of the runs that it won, with Wilson's interval.
    pub share: Interval,
    /// μ_l^{a/(q−1)}/Σ; 0 or 1 for q = 1.
    pub predicted: f64,
}

/// The winners of many runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Winners {
    /// Runs of the integrated flow.
    pub runs: usize,
    /// Runs won by argmax μ_l α_l(0)^{q−1}.
    pub foretold: usize,
    /// Runs won by argmax μ_l α_l(0), the paper's rule, which is the same for q = 2.
    pub by_product: usize,
    /// Runs in which no feature had won at the end.
    pub undecided: usize,
    /// Feature by feature.
    pub chances: Vec<Chance>,
}

/// One run.
struct Outcome {
    /// argmax μ_l α_l(0)^{q−1}, and argmax μ_l α_l(0).
    rules: [usize; 2],
    won: Option<usize>,
}

impl Race {
    pub(super) fn check(&self) -> Result<(), KnownError> {
        if self.rates.len() < 2 || self.power == 0 {
            let (l, q) = (self.rates.len(), self.power);
            let why = format!("{l} rates and power {q}: expected at least 2 and 1");
            return Err(KnownError::of(why));
        }
        check_positive("the shape", self.shape)?;
        self.rates
            .iter()
            .try_for_each(|mu| check_positive("a rate", *mu))
    }

    /// Integrates the flow from random starts.
    ///
    /// ```
    /// use dunwu_analysis::known::race::Race;
    /// let race = Race { rates: vec![1.0, 2.0], shape: 2.0, power: 2 };
    /// let winners = race.winners(2000, 0).unwrap();
    /// assert_eq!(winners.foretold, 2000);
    /// assert!((winners.chances[1].predicted - 0.8).abs() < 1e-12);
    /// ```
    ///
    /// # Errors
    /// Fewer than two rates, a rate or a shape that is not positive, power 0.
    pub fn winners(&self, runs: usize, seed: u64) -> Result<Winners, KnownError> {
        self.check()?;
        let chunks: Vec<usize> = (0..runs).step_by(CHUNK).collect();
        let run = |first: &usize| -> Vec<Outcome> {
            let mut draws = Seed(seed).draws(&format!("race {first}"));
            let mut one = |_| {
                let start: Vec<f64> = self
                    .rates
                    .iter()
                    .map(|_| frechet(draws.unit(), self.shape))
                    .collect();
                let rules = [self.power - 1, 1].map(|e| self.first(&start, e));
                Outcome {
                    rules,
                    won: self.flow(&start),
                }
            };
            (*first..runs.min(first + CHUNK)).map(&mut one).collect()
        };
        let all: Vec<Outcome> = chunks.par_iter().flat_map_iter(run).collect();
        let count = |keep: &dyn Fn(&Outcome) -> bool| all.iter().filter(|r| keep(r)).count();
        let predicted = self.chances();
        let chance = |(l, predicted): (usize, f64)| {
            let won = count(&|r| r.won == Some(l));
            let (low, high) = wilson(won, runs);
            Chance {
                rate: self.rates[l],
                share: Interval {
                    value: won as f64 / runs as f64,
                    low,
                    high,
                },
                predicted,
            }
        };
        Ok(Winners {
            runs,
            foretold: count(&|r| r.won == Some(r.rules[0])),
            by_product: count(&|r| r.won == Some(r.rules[1])),
            undecided: count(&|r| r.won.is_none()),
            chances: predicted.into_iter().enumerate().map(chance).collect(),
        })
    }

    /// Pr(l wins) by the formula.
    pub fn chances(&self) -> Vec<f64> {
        if self.power == 1 {
            let fastest = self.first(&vec![1.0; self.rates.len()], 1);
            let won = |l| if l == fastest { 1.0 } else { 0.0 };
            return (0..self.rates.len()).map(won).collect();
        }
        let exponent = self.shape / f64::from(self.power - 1);
        shares(&self.rates, exponent)
    }

    /// argmax μ_l α_l^e.
    fn first(&self, start: &[f64], e: u32) -> usize {
        let value = |l: &usize| self.rates[*l] * start[*l].powi(e as i32);
        (0..start.len())
            .max_by(|i, j| value(i).total_cmp(&value(j)))
            .expect("a race has features")
    }

    /// The feature in which the flow on the sphere ends, by Runge and Kutta's steps of fourth order.
    pub fn flow(&self, start: &[f64]) -> Option<usize> {
        self.integrate(start, &|_| {})
    }

    /// The same with growth μ_l α_l^q changed by `turn`.
    pub(super) fn integrate(&self, start: &[f64], turn: &dyn Fn(&mut [f64])) -> Option<usize> {
        let mut x = start.to_vec();
        normalise(&mut x);
        for _ in 0..STEPS {
            if let Some(l) = x.iter().position(|v| v * v > WON) {
                return Some(l);
            }
            let h = STRIDE / self.fastest(&x, turn);
            let step = |by: f64, k: &[f64]| -> Vec<f64> {
                x.iter().zip(k).map(|(v, k)| v + by * k).collect()
            };
            let k1 = self.velocity(&x, turn);
            let k2 = self.velocity(&step(0.5 * h, &k1), turn);
            let k3 = self.velocity(&step(0.5 * h, &k2), turn);
            let k4 = self.velocity(&step(h, &k3), turn);
            for (l, v) in x.iter_mut().enumerate() {
                *v += h / 6.0 * (k1[l] + 2.0 * k2[l] + 2.0 * k3[l] + k4[l]);
            }
            normalise(&mut x);
        }
        None
    }

    /// Largest relative growth of an amplitude.
    fn fastest(&self, x: &[f64], turn: &dyn Fn(&mut [f64])) -> f64 {
        let mut g = self.growth(x);
        turn(&mut g);
        let relative = g.iter().zip(x).map(|(g, v)| g / v);
        relative.fold(0.0, f64::max)
    }

    fn growth(&self, x: &[f64]) -> Vec<f64> {
        let pairs = x.iter().zip(&self.rates);
        pairs
            .map(|(v, mu)| mu * v.powi(self.power as i32))
            .collect()
    }

    /// (I − xxᵀ) A(x) x.
    fn velocity(&self, x: &[f64], turn: &dyn Fn(&mut [f64])) -> Vec<f64> {
        let mut g = self.growth(x);
        turn(&mut g);
        let along: f64 = g.iter().zip(x).map(|(g, v)| g * v).sum();
        g.iter_mut().zip(x).for_each(|(g, v)| *g -= along * v);
        g
    }
}

/// μ_l^e/Σ_j μ_j^e.
pub(super) fn shares(rates: &[f64], e: f64) -> Vec<f64> {
    let powers: Vec<f64> = rates.iter().map(|mu| libm::pow(*mu, e)).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}

pub(super) fn normalise(x: &mut [f64]) {
    let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt();
    x.iter_mut().for_each(|v| *v /= norm);
}
