//! How many nodes, learning one after another, it takes until every feature has one.
//!
//! Each node runs the [race](super::race) with q = 2 from amplitudes of its own, so it ends in feature l with
//! probability p_l = μ_l^a/Σμ^a: the coupon collector's problem. With T0 its expected number of nodes,
//!
//! T0 = Σ_{S ≠ ∅} (−1)^{|S|+1} / Σ_{l ∈ S} p_l, which is L·H_L for equal rates.
//!
//! If learned features grow at c times their rate, they win with c^a times their weight. The order in which
//! the missing ones are found stays what it was, and a step with missing probability p takes
//! 1 + c^a(1 − p)/p nodes in place of 1/p. So, for any rates,
//!
//! T = c^a T0 + (1 − c^a) L.
//!
//! The number that arXiv 2509.21519, Theorem 8, gives for Muon is this T with c = ½. Muon replaces the
//! gradients G of all nodes by their polar factor. If each learned feature ζ_l has a node with gradient m ζ_l,
//! and the new node's gradient is g, its column of the polar factor of [m ζ₁, …, m ζ_k, g] is parallel to
//!
//! g_learned + (1 + m/s) g_missing, s = ‖g_missing‖,
//!
//! so c = s/(s + m), which is at most ½ while s ≤ m: the theorem's number is an upper bound. It is far from
//! sharp on the sphere with m = μ: where a learned feature takes over, s and with it c tend to 0, and the missing
//! ones grow at a rate that does not. No learned feature is an end, and L nodes are enough. With m well below μ
//! nodes end in mixtures, which count as no feature here.

use super::race::{Race, frechet, normalise, shares};
use super::{Interval, KnownError, check_positive, mean};
use dunwu_core::Seed;
use rayon::prelude::*;
use serde::Serialize;

/// Most features whose subsets are summed over.
const MOST: usize = 20;
/// Most nodes of one run: a thousand times more than any sensible expectation.
const NODES: usize = 1_000_000;

/// How learned features hold back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Learned features grow at this share of their rate, 1 for nodes that do not see each other; the winner is
    /// argmax of rate times amplitude.
    Slowed(f64),
    /// The polar factor of all gradients, those of learned nodes having this length; the flow is integrated
    /// from the unit sphere.
    Muon(f64),
}

/// The nodes that were needed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Collected {
    /// Mean number of nodes, with its interval.
    pub nodes: Interval,
    /// T0.
    pub independent: f64,
    /// c^a T0 + (1 − c^a) L; for Muon with c = ½, as the theorem has it.
    pub predicted: f64,
}

/// T0 of the coupon collector's problem.
///
/// ```
/// use dunwu_analysis::known::collection::coupons;
/// assert!((coupons(&[0.5, 0.5]).unwrap() - 3.0).abs() < 1e-12);
/// ```
///
/// # Errors
/// No probability, more than 20, or one that is not positive.
pub fn coupons(chances: &[f64]) -> Result<f64, KnownError> {
    if chances.is_empty() || chances.len() > MOST {
        let why = format!("{} features: expected 1 to {MOST}", chances.len());
        return Err(KnownError::of(why));
    }
    chances
        .iter()
        .try_for_each(|p| check_positive("a probability", *p))?;
    let subset = |bits: u32| {
        let inside = (0..chances.len()).filter(|l| bits >> l & 1 == 1);
        let sum: f64 = inside.map(|l| chances[l]).sum();
        let sign = if bits.count_ones() % 2 == 1 {
            1.0
        } else {
            -1.0
        };
        sign / sum
    };
    Ok((1..1u32 << chances.len()).map(subset).sum())
}

/// Monte Carlo over runs: nodes until every feature has one, in a race with q = 2.
///
/// ```
/// use dunwu_analysis::known::collection::{Optimizer, collect};
/// let found = collect(&[1.0; 3], 2.0, Optimizer::Slowed(0.5), 20_000, 0).unwrap();
/// assert!((found.independent - 5.5).abs() < 1e-12 && (found.predicted - 3.625).abs() < 1e-12);
/// assert!((found.nodes.value - found.predicted).abs() < 0.05);
/// ```
///
/// # Errors
/// Fewer than two rates or more than 20; a rate, the shape or the optimizer's number that is not positive.
pub fn collect(
    rates: &[f64],
    shape: f64,
    optimizer: Optimizer,
    runs: usize,
    seed: u64,
) -> Result<Collected, KnownError> {
    let race = Race {
        rates: rates.to_vec(),
        shape,
        power: 2,
    };
    race.check()?;
    let slowness = match optimizer {
        Optimizer::Slowed(c) => c,
        Optimizer::Muon(_) => 0.5,
    };
    let (Optimizer::Slowed(number) | Optimizer::Muon(number)) = optimizer;
    check_positive("the optimizer's number", number)?;
    let independent = coupons(&shares(rates, shape))?;
    let kept = libm::pow(slowness, shape);
    let run = |i: usize| one(&race, optimizer, Seed(seed), i) as f64;
    let nodes: Vec<f64> = (0..runs).into_par_iter().map(run).collect();
    Ok(Collected {
        nodes: mean(&nodes),
        independent,
        predicted: kept * independent + (1.0 - kept) * rates.len() as f64,
    })
}

/// Nodes of one run.
fn one(race: &Race, optimizer: Optimizer, seed: Seed, i: usize) -> usize {
    let mut draws = seed.draws(&format!("collection {i}"));
    let mut learned = vec![false; race.rates.len()];
    for node in 1..NODES {
        let mut start: Vec<f64> = (0..learned.len())
            .map(|_| frechet(draws.unit(), race.shape))
            .collect();
        let winner = match optimizer {
            Optimizer::Slowed(c) => slowed(race, c, &learned, &start),
            Optimizer::Muon(m) => {
                normalise(&mut start);
                let turn = |g: &mut [f64]| polar(g, &learned, m);
                race.integrate(&start, &turn)
            }
        };
        if let Some(l) = winner {
            learned[l] = true;
        }
        if learned.iter().all(|l| *l) {
            return node;
        }
    }
    NODES
}

/// argmax c μ_l α_l, c only for learned features.
fn slowed(race: &Race, c: f64, learned: &[bool], start: &[f64]) -> Option<usize> {
    let pace = |l: &usize| race.rates[*l] * start[*l] * if learned[*l] { c } else { 1.0 };
    (0..start.len()).max_by(|i, j| pace(i).total_cmp(&pace(j)))
}

/// Turns a gradient to its column of the polar factor of itself and m ζ_l of every learned feature, up to
/// its length.
///
/// The learned columns may be rotated among themselves so that one lies along g_learned and the rest
/// take no part: what remains is a 2 × 2 matrix, whose polar factor is the sum with its cofactors.
///
/// ```
/// use dunwu_analysis::known::collection::polar;
/// let mut g = [0.6, 0.8];
/// polar(&mut g, &[true, false], 1.0);
/// assert!((g[0] - 0.6).abs() < 1e-15 && (g[1] - 1.8).abs() < 1e-15);
/// ```
pub fn polar(g: &mut [f64], learned: &[bool], m: f64) {
    let missing = g.iter().zip(learned).filter(|(_, l)| !**l);
    let s = missing.map(|(g, _)| g * g).sum::<f64>().sqrt();
    // With no learned feature, or all, there is nothing to turn from or to.
    if s > 0.0 && learned.contains(&true) {
        let ratio = 1.0 + m / s;
        let missing = g.iter_mut().zip(learned).filter(|(_, l)| !**l);
        missing.for_each(|(g, _)| *g *= ratio);
    }
}
