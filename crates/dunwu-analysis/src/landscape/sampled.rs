//! Two kinds of peaks on a sample of the table: those that generalise and those that memorise.

use super::climb::Summit;
use super::levels::{PURE, favourite, wilson};
use super::problem::Problem;
use super::search::{search, search_from};
use dunwu_core::Seed;
use dunwu_task::Features;
use serde::Serialize;

/// Participation ratio 1/Σw⁴ up to which a node is one token, and up to which a pair.
const TOKEN: f64 = 1.5;
const PAIR: f64 = 4.0;

/// Heights below this are those of nodes that no row moves.
const LOWEST: f64 = 1e-9;

/// What kind of peak a node stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// More than half of its mass in one feature that is not trivial: it generalises.
    Feature(usize),
    /// One token: 1/Σw⁴ ≤ 1.5.
    Token,
    /// A few tokens, such as the two of one row: 1/Σw⁴ ≤ 4.
    Pair,
    /// Neither.
    Spread,
}

impl Nature {
    /// That of a node of length 1.
    pub fn of(w: &[f64], features: &Features) -> Self {
        let (k, share) = favourite(w, features);
        if share > PURE && k != features.trivial() {
            return Nature::Feature(k);
        }
        let ratio = 1.0 / w.iter().map(|x| x.powi(4)).sum::<f64>();
        match ratio {
            r if r <= TOKEN => Nature::Token,
            r if r <= PAIR => Nature::Pair,
            _ => Nature::Spread,
        }
    }

    /// Whether it is a feature.
    pub fn generalises(self) -> bool {
        matches!(self, Nature::Feature(_))
    }
}

/// The peaks of one energy on one sample.
#[derive(Clone, Debug, Serialize)]
pub struct Heights {
    /// Highest peak that generalises; None if none is left.
    pub generalising: Option<f64>,
    /// Highest peak that memorises.
    pub memorising: Option<f64>,
    /// Highest peak that is a token, a pair, or spread.
    pub token: Option<f64>,
    /// See `token`.
    pub pair: Option<f64>,
    /// See `token`.
    pub spread: Option<f64>,
    /// Share of the full table's maxima from which an ascent stays in their feature.
    pub survival: f64,
    /// Where those that did not survive went: to another feature, a token, a pair, or spread.
    pub moved_to: [usize; 4],
    /// Share of random starts that end on a peak that generalises.
    pub basin: f64,
    /// Its 95 % interval (Wilson).
    pub basin_low: f64,
    /// See `basin_low`.
    pub basin_high: f64,
    /// Starts that did not converge, of all.
    pub unconverged: usize,
}

/// Where the climbs on a sample begin.
#[derive(Clone, Debug)]
pub struct Starts {
    /// Maxima of the full table, with their feature.
    pub features: Vec<(usize, Vec<f64>)>,
    /// Tokens and pairs.
    pub memorising: Vec<Vec<f64>>,
    /// How many random ones.
    pub random: usize,
    /// Seed of the random ones.
    pub seed: u64,
}

/// Climbs the full table's energy from `each` random points of every feature: where a sample's climbs begin.
pub fn feature_maxima(
    full: &Problem,
    features: &Features,
    each: usize,
    seed: u64,
) -> Vec<(usize, Vec<f64>)> {
    let mut draws = Seed(seed).draws("feature maxima");
    let mut starts: Vec<Vec<f64>> = Vec::new();
    let kept: Vec<usize> = (0..features.len())
        .filter(|k| *k != features.trivial())
        .flat_map(|k| std::iter::repeat_n(k, each))
        .collect();
    for k in &kept {
        let m = features.tokens;
        let mut w = vec![0.0; full.dim()];
        for row in features.ranges[*k].clone() {
            for block in w.chunks_exact_mut(m) {
                let amount = draws.normal();
                let line = &features.basis[row * m..(row + 1) * m];
                block
                    .iter_mut()
                    .zip(line)
                    .for_each(|(x, b)| *x += amount * b);
            }
        }
        let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
        starts.push(w.into_iter().map(|x| x / norm).collect());
    }
    let summits = search_from(full, &starts, seed);
    let same = |(k, s): &(usize, Summit)| Nature::of(&s.w, features) == Nature::Feature(*k);
    let found = kept.into_iter().zip(summits).filter(same);
    found.map(|(k, s)| (k, s.w)).collect()
}

/// Climbs one energy of a sample from everywhere; heights are times `scale`.
pub fn heights(problem: &Problem, features: &Features, starts: &Starts, scale: f64) -> Heights {
    let from: Vec<Vec<f64>> = starts.features.iter().map(|(_, w)| w.clone()).collect();
    let kept = search_from(problem, &from, starts.seed);
    let memorising = search_from(problem, &starts.memorising, starts.seed);
    let random = search(problem, starts.random, starts.seed);
    let nature = |s: &Summit| Nature::of(&s.w, features);
    let mut moved_to = [0; 4];
    let mut survived = 0;
    for ((k, _), summit) in starts.features.iter().zip(&kept) {
        match nature(summit) {
            Nature::Feature(j) if j == *k => survived += 1,
            Nature::Feature(_) => moved_to[0] += 1,
            Nature::Token => moved_to[1] += 1,
            Nature::Pair => moved_to[2] += 1,
            Nature::Spread => moved_to[3] += 1,
        }
    }
    let all: Vec<(Nature, f64)> = kept
        .iter()
        .chain(&memorising)
        .chain(&random)
        .filter(|s| s.converged)
        .map(|s| (nature(s), s.energy * scale))
        .collect();
    let best = |keep: &dyn Fn(Nature) -> bool| {
        let kept = all
            .iter()
            .filter(|(n, e)| keep(*n) && *e > LOWEST)
            .map(|(_, e)| *e);
        kept.reduce(f64::max)
    };
    let hits = random.iter().filter(|s| nature(s).generalises()).count();
    let (basin_low, basin_high) = wilson(hits, random.len());
    let total = kept.len() + memorising.len() + random.len();
    Heights {
        generalising: best(&|n| n.generalises()),
        memorising: best(&|n| !n.generalises()),
        token: best(&|n| n == Nature::Token),
        pair: best(&|n| n == Nature::Pair),
        spread: best(&|n| n == Nature::Spread),
        survival: survived as f64 / starts.features.len().max(1) as f64,
        moved_to,
        basin: hits as f64 / random.len().max(1) as f64,
        basin_low,
        basin_high,
        unconverged: total - all.len(),
    }
}

/// Where a series of values first passes a level, by linear interpolation between neighbours.
///
/// ```
/// let at = dunwu_analysis::landscape::passes(&[(0.2, 0.0), (0.4, 1.0)], 0.5);
/// assert!((at.unwrap() - 0.3).abs() < 1e-12);
/// ```
pub fn passes(points: &[(f64, f64)], level: f64) -> Option<f64> {
    let pair = points
        .windows(2)
        .find(|p| p[0].1 < level && p[1].1 >= level)?;
    let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
    Some(x0 + (x1 - x0) * (level - y0) / (y1 - y0))
}
