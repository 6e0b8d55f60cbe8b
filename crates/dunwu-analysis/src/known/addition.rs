//! A network in closed form that adds modulo p.
//!
//! Node k has a frequency f and three phases, drawn at random:
//!
//! o_c(a, b) = (1/N) Σ_k cos(C) (cos(A) + cos(B))², A = 2πfa/p + φ₁, B = 2πfb/p + φ₂, C = 2πfc/p + φ₃.
//!
//! By products of cosines a node gives cos(C)·(1 + ½cos 2A + ½cos 2B + cos(A+B) + cos(A−B)), and of that
//! only ½cos(A + B − C) has no random phase, if φ₃ = φ₁ + φ₂. Its mean over frequencies is ½ where
//! c = a + b and −1/(2(p − 1)) elsewhere. Of the rest, the variance of a node is 9/8 off the target, so
//! the noise of a logit is √(9/8N) (sources: arXiv 2301.02679, Claim I; arXiv 2310.13061, appendix D).
//!
//! The five terms depend on c and on nothing, a, b, a + b and a − b. So five p × p tables hold the network:
//! it costs O(N p²) to make them and O(p³) to read all p² pairs, in place of O(N p³).

use super::estimate::{Interval, slope};
use super::{KnownError, mean};
use dunwu_core::Seed;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rayon::prelude::*;
use serde::Serialize;
use std::f64::consts::{PI, TAU};

/// Everything that the network depends on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Addition {
    /// The modulus p.
    pub modulus: usize,
    /// Number of nodes N.
    pub width: usize,
    /// δ in φ₃ = φ₁ + φ₂ + a uniform draw from [−δ, δ): 0 keeps the constraint, π breaks it.
    pub jitter: f64,
    /// Seed of frequencies and phases.
    pub seed: u64,
}

/// The answers over all p² pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// Share of pairs whose largest logit is that of a + b.
    pub accuracy: f64,
    /// Least logit of a + b less the largest other one.
    pub margin: f64,
    /// Root mean square, over all pairs and classes, of the logit less its expectation over draws.
    pub noise: f64,
}

/// Frequencies and phases.
#[derive(Clone, Debug)]
struct Nodes {
    frequency: Vec<usize>,
    /// φ₁, φ₂, φ₃.
    phases: Vec<[f64; 3]>,
}

impl Addition {
    /// All answers of the network.
    ///
    /// ```
    /// use dunwu_analysis::known::addition::Addition;
    /// let network = Addition { modulus: 23, width: 4000, jitter: 0.0, seed: 0 };
    /// assert_eq!(network.answers().unwrap().accuracy, 1.0);
    /// ```
    ///
    /// # Errors
    /// A modulus below 2, no node, a jitter outside [0, π].
    pub fn answers(&self) -> Result<Answers, KnownError> {
        let tables = Tables::of(self.modulus, &self.draw()?);
        let p = self.modulus;
        let kept = if self.jitter > 0.0 {
            libm::sin(self.jitter) / self.jitter
        } else {
            1.0
        };
        let each = (0..p).into_par_iter().map(|a| tables.row(a, kept));
        let rows: Vec<(usize, f64, f64)> = each.collect();
        let hits: usize = rows.iter().map(|r| r.0).sum();
        let square: f64 = rows.iter().map(|r| r.2).sum();
        Ok(Answers {
            accuracy: hits as f64 / (p * p) as f64,
            margin: rows.iter().map(|r| r.1).fold(f64::INFINITY, f64::min),
            noise: (square / (p * p * p) as f64).sqrt(),
        })
    }

    /// The logit of class c for the pair (a, b), summed node by node: slow, to check against.
    ///
    /// # Errors
    /// Those of [`answers`](Self::answers).
    pub fn logit(&self, a: usize, b: usize, c: usize) -> Result<f64, KnownError> {
        let nodes = self.draw()?;
        let wave = |f: usize, x: usize, phase: f64| {
            libm::cos(TAU * (f * x % self.modulus) as f64 / self.modulus as f64 + phase)
        };
        let one = |(f, phase): (&usize, &[f64; 3])| {
            let hidden = wave(*f, a, phase[0]) + wave(*f, b, phase[1]);
            wave(*f, c, phase[2]) * hidden * hidden
        };
        let sum: f64 = nodes.frequency.iter().zip(&nodes.phases).map(one).sum();
        Ok(sum / self.width as f64)
    }

    /// The logit of class c for the pair (a, b), by the tables.
    ///
    /// # Errors
    /// Those of [`answers`](Self::answers).
    pub fn tabled_logit(&self, a: usize, b: usize, c: usize) -> Result<f64, KnownError> {
        let tables = Tables::of(self.modulus, &self.draw()?);
        let mut out = vec![0.0; self.modulus];
        tables.logits(a, b, &mut out);
        Ok(out[c])
    }

    fn draw(&self) -> Result<Nodes, KnownError> {
        if self.modulus < 2 || self.width == 0 {
            let (p, n) = (self.modulus, self.width);
            let why = format!("modulus {p} and width {n}: expected at least 2 and 1");
            return Err(KnownError::of(why));
        }
        if !(0.0..=PI).contains(&self.jitter) {
            let why = format!("jitter is {}; expected 0 to π", self.jitter);
            return Err(KnownError::of(why));
        }
        let mut draws = Seed(self.seed).draws("modular addition");
        let (mut frequency, mut phases) = (Vec::new(), Vec::new());
        for _ in 0..self.width {
            frequency.push(1 + draws.below(self.modulus as u64 - 1) as usize);
            let (first, second) = (TAU * draws.unit(), TAU * draws.unit());
            let off = self.jitter * (2.0 * draws.unit() - 1.0);
            phases.push([first, second, first + second + off]);
        }
        Ok(Nodes { frequency, phases })
    }
}

/// The network as functions of (nothing, a, b, a + b, a − b) and c; column x holds those of x, by c.
struct Tables {
    p: usize,
    constant: Vec<f64>,
    parts: [Mat<f64>; 4],
}

impl Tables {
    fn of(p: usize, nodes: &Nodes) -> Self {
        let n = nodes.frequency.len();
        let turns: Vec<(f64, f64)> = (0..p)
            .map(|j| TAU * j as f64 / p as f64)
            .map(|x| (libm::cos(x), libm::sin(x)))
            .collect();
        // cos(2π m f x/p + φ) for every x, one row a node: times p, N × p.
        let waves = |m: usize, phase: &dyn Fn(&[f64; 3]) -> f64| {
            let shift: Vec<(f64, f64)> = nodes
                .phases
                .iter()
                .map(|p| (libm::cos(phase(p)), libm::sin(phase(p))))
                .collect();
            Mat::from_fn(n, p, |k, x| {
                let (cos, sin) = turns[m * nodes.frequency[k] * x % p];
                cos * shift[k].0 - sin * shift[k].1
            })
        };
        let readout = waves(1, &|f| f[2]);
        let part = |scale: f64, hidden: Mat<f64>| {
            let mut out = Mat::zeros(p, p);
            let (left, right) = (readout.transpose(), hidden.as_ref());
            let factor = scale / n as f64;
            // On one thread, so that bits do not depend on threads.
            matmul(out.as_mut(), Accum::Replace, left, right, factor, Par::Seq);
            out
        };
        let constant = (0..p).map(|c| readout.col(c).iter().sum::<f64>() / n as f64);
        Self {
            p,
            constant: constant.collect(),
            parts: [
                part(0.5, waves(2, &|f| 2.0 * f[0])),
                part(0.5, waves(2, &|f| 2.0 * f[1])),
                part(1.0, waves(1, &|f| f[0] + f[1])),
                part(1.0, waves(1, &|f| f[0] - f[1])),
            ],
        }
    }

    fn logits(&self, a: usize, b: usize, out: &mut [f64]) {
        out.copy_from_slice(&self.constant);
        let at = [a, b, (a + b) % self.p, (a + self.p - b) % self.p];
        for (part, x) in self.parts.iter().zip(at) {
            out.iter_mut()
                .zip(part.col(x).iter())
                .for_each(|(o, v)| *o += v);
        }
    }

    /// Of all pairs (a, ·): right answers, least margin, Σ (logit − expectation)².
    fn row(&self, a: usize, kept: f64) -> (usize, f64, f64) {
        let mut out = vec![0.0; self.p];
        let (mut hits, mut margin, mut square) = (0, f64::INFINITY, 0.0);
        let other = -0.5 * kept / (self.p - 1) as f64;
        for b in 0..self.p {
            self.logits(a, b, &mut out);
            let right = (a + b) % self.p;
            let mut best = f64::NEG_INFINITY;
            for (c, o) in out.iter().enumerate() {
                let expected = if c == right { 0.5 * kept } else { other };
                square += (o - expected) * (o - expected);
                if c != right {
                    best = best.max(*o);
                }
            }
            hits += usize::from(out[right] > best);
            margin = margin.min(out[right] - best);
        }
        (hits, margin, square)
    }
}

/// How the noise falls with the width.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scaling {
    /// Width, seed and answers of every network.
    pub networks: Vec<(usize, u64, Answers)>,
    /// Slope of ln noise against ln N; the claim is −½.
    pub slope: Interval,
    /// Noise times √N; theory says √(9/8) = 1.061 up to terms in 1/p.
    pub level: Interval,
}

/// Networks of several widths, each drawn `seeds` times.
///
/// # Errors
/// Those of [`Addition::answers`]; fewer than two different widths.
pub fn scaling(modulus: usize, widths: &[usize], seeds: u64) -> Result<Scaling, KnownError> {
    if widths.iter().all(|w| *w == widths[0]) {
        return Err(KnownError::of(
            "a slope needs networks of two different widths; add one",
        ));
    }
    let pairs = widths.iter().flat_map(|w| (0..seeds).map(move |s| (*w, s)));
    let network = |(width, seed): (usize, u64)| {
        let network = Addition {
            modulus,
            width,
            jitter: 0.0,
            seed,
        };
        Ok((width, seed, network.answers()?))
    };
    let networks = pairs.map(network).collect::<Result<Vec<_>, KnownError>>()?;
    let points: Vec<(f64, f64)> = networks
        .iter()
        .map(|(n, _, a)| (libm::log(*n as f64), libm::log(a.noise)))
        .collect();
    let levels: Vec<f64> = networks
        .iter()
        .map(|(n, _, a)| a.noise * (*n as f64).sqrt())
        .collect();
    Ok(Scaling {
        slope: slope(&points),
        level: mean(&levels),
        networks,
    })
}
