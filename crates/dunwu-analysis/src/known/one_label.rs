//! Nodes on rows of a single label: they focus on one row, or spread over all.
//!
//! All rows are the pairs (g, g⁻¹h) of one product h, with weights p_g ≥ 0. A node w = [u; v] of length 1
//! climbs, *uncentred* (centred, one label leaves no target at all),
//!
//! F = Σ_g p_g σ(s_g), s_g = u(g) + v(g⁻¹h), Σ s_g² ≤ 2, with equality for u(g) = v(g⁻¹h).
//!
//! At a maximum p_g φ(s_g) = 2λ wherever s_g ≠ 0, with φ(x) = σ′(x)/x. Let g* be the row of largest weight.
//!
//! | φ on (0, √2] | maximum |
//! |---|---|
//! | does not fall (x², max(x, 0)²) | focused: s = √2 e_{g*}, w = (e_{g*} + e_{g*⁻¹h})/√2; for x², F = 2p_{g*} |
//! | falls strictly (relu, silu, tanh, gelu) | spreading: all s_g > 0, ordered as p; for relu s = √2 p/‖p‖ |
//!
//! An ascent ends there from any start, but for max(x, 0)², whose slope at 0 is 0: a row with s_g < 0 at the
//! start is dead, and the node ends on the heaviest row that is not. Relu has its slope from the right here;
//! with 0 in its place, it too would spread over the rows alive at the start alone.
//!
//! Source: arXiv 2509.21519, Theorem 5 and Lemma 6.

use super::KnownError;
use super::regime::{Regime, curvature, grid, phi, regime, slope, value};
use crate::landscape::sigma::Kind;
use dunwu_core::{Activation, Seed};
use dunwu_task::Group;
use rayon::prelude::*;
use serde::Serialize;
use std::f64::consts::SQRT_2;

/// Most steps of one ascent.
const STEPS: usize = 500_000;
/// Change of a weight below which an ascent has arrived.
const STILL: f64 = 1e-15;
/// Halvings of a bracket that leave nothing of a double.
const HALVINGS: usize = 200;

/// Rows of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct OneLabel {
    /// p_g.
    weights: Vec<f64>,
    /// g⁻¹h.
    partner: Vec<usize>,
    kind: Kind,
    regime: Regime,
}

/// The worst of many ascents, against the maximum that theory gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ascents {
    /// What theory expects.
    pub regime: Regime,
    /// Number of starts.
    pub starts: usize,
    /// Least overlap |w·w*| with the maximum of theory.
    pub overlap: f64,
    /// Largest distance of an s_g from that of theory; of an even activation, up to sign.
    pub distance: f64,
    /// Largest distance of F from that of theory.
    pub value: f64,
    /// Largest |p_g φ(s_g) − 2λ|/2λ over rows with |s_g| > 10⁻⁶.
    pub stationarity: f64,
    /// Ascents whose s is strictly ordered as p.
    pub ordered: usize,
}

impl OneLabel {
    /// The pairs whose product is `product`, with weights by first operand.
    ///
    /// # Errors
    /// Weights of another number than the group has elements, or not above 0; a largest one that occurs twice;
    /// a product that is no element; an activation that neither focuses nor spreads.
    pub fn new(
        group: &Group,
        product: usize,
        weights: &[f64],
        activation: Activation,
        coefficients: [f64; 2],
    ) -> Result<Self, KnownError> {
        let order = group.order();
        if weights.len() != order || product >= order {
            let have = weights.len();
            return Err(KnownError::of(format!(
                "{have} weights and product {product}: expected {order} and an element below {order}"
            )));
        }
        if let Some(p) = weights.iter().find(|p| !(**p > 0.0 && p.is_finite())) {
            return Err(KnownError::of(format!("weight {p} is not above 0")));
        }
        let most = weights.iter().copied().fold(0.0, f64::max);
        if weights.iter().filter(|p| **p == most).count() > 1 {
            let why = format!("the largest weight {most} occurs twice; no maximum is alone then");
            return Err(KnownError::of(why));
        }
        let regime = regime(activation, coefficients);
        if regime == Regime::Neither {
            let why = format!("σ′(x)/x of {activation} both rises and falls");
            return Err(KnownError::of(why));
        }
        let [a, b] = coefficients;
        Ok(Self {
            weights: weights.to_vec(),
            partner: (0..order)
                .map(|g| group.mul(group.inverse(g), product))
                .collect(),
            kind: Kind::of(activation, a, b),
            regime,
        })
    }

    /// s of the maximum by theory: √2 e_{g*}, or the solution of p_g φ(s_g) = 2λ, Σs_g² = 2, by bisection.
    pub fn predicted(&self) -> Vec<f64> {
        match self.regime {
            Regime::Spreading => {
                let square = |l: f64| self.spread(l).iter().map(|s| s * s).sum::<f64>();
                let (mut low, mut high) = (1e-12f64, 1e12f64);
                for _ in 0..HALVINGS {
                    let middle = (low * high).sqrt();
                    let side = if square(middle) > 2.0 {
                        &mut low
                    } else {
                        &mut high
                    };
                    *side = middle;
                }
                self.spread((low * high).sqrt())
            }
            Regime::Focused | Regime::Neither => {
                let best = (0..self.weights.len())
                    .max_by(|i, j| self.weights[*i].total_cmp(&self.weights[*j]))
                    .expect("a group has an element");
                let mut s = vec![0.0; self.weights.len()];
                s[best] = SQRT_2;
                s
            }
        }
    }

    /// The s_g ≤ √2 with p_g φ(s_g) = 2λ.
    fn spread(&self, twice_lambda: f64) -> Vec<f64> {
        let one = |p: &f64| {
            let (mut low, mut high) = (0.0, SQRT_2);
            for _ in 0..HALVINGS {
                let middle = 0.5 * (low + high);
                let side = if p * phi(self.kind, middle) > twice_lambda {
                    &mut low
                } else {
                    &mut high
                };
                *side = middle;
            }
            0.5 * (low + high)
        };
        self.weights.iter().map(one).collect()
    }

    /// Climbs from random points of the unit sphere and gives the worst of the ends.
    ///
    /// ```
    /// use dunwu_analysis::known::one_label::OneLabel;
    /// use dunwu_core::Activation;
    /// use dunwu_task::{NO_FILES, Options, Task};
    /// let task = Task::parse("Z3", &Options::default(), NO_FILES).unwrap();
    /// let p = [0.2, 0.5, 0.3];
    /// let rows = OneLabel::new(task.group().unwrap(), 0, &p, Activation::Square, [0.0, 1.0]).unwrap();
    /// let ends = rows.ascents(10, 0);
    /// assert!(ends.overlap > 1.0 - 1e-9 && ends.value < 1e-9);
    /// ```
    pub fn ascents(&self, starts: usize, seed: u64) -> Ascents {
        let (predicted, dim) = (self.predicted(), 2 * self.weights.len());
        let climb = |i: usize| {
            let mut draws = Seed(seed).draws(&format!("one label {i}"));
            self.climb((0..dim).map(|_| draws.normal()).collect())
        };
        let ends: Vec<Vec<f64>> = (0..starts).into_par_iter().map(climb).collect();
        let mut worst = Ascents {
            regime: self.regime,
            starts,
            overlap: 1.0,
            distance: 0.0,
            value: 0.0,
            stationarity: 0.0,
            ordered: 0,
        };
        let height = self.value(&predicted);
        for w in &ends {
            let s = self.sums(w);
            let overlap = self.overlap(w, &predicted);
            let sign = overlap.signum();
            let gaps = s.iter().zip(&predicted).map(|(s, t)| (sign * s - t).abs());
            worst.overlap = worst.overlap.min(overlap.abs());
            worst.distance = gaps.fold(worst.distance, f64::max);
            worst.value = worst.value.max((self.value(&s) - height).abs());
            worst.stationarity = worst.stationarity.max(self.stationarity(&s));
            worst.ordered += usize::from(self.is_ordered(&s));
        }
        worst
    }

    /// F.
    pub fn value(&self, s: &[f64]) -> f64 {
        let terms = self.weights.iter().zip(s);
        terms.map(|(p, x)| p * value(self.kind, *x)).sum()
    }

    /// w·w*, with w* = [t/2; t/2 moved to partners] and |t|² = 2.
    fn overlap(&self, w: &[f64], predicted: &[f64]) -> f64 {
        let sums = self.sums(w);
        let dot: f64 = sums.iter().zip(predicted).map(|(s, t)| s * t).sum();
        0.5 * dot
    }

    fn sums(&self, w: &[f64]) -> Vec<f64> {
        let (u, v) = w.split_at(self.weights.len());
        u.iter()
            .zip(&self.partner)
            .map(|(x, j)| x + v[*j])
            .collect()
    }

    /// w ← (∇F + c w)/‖·‖ with c ≥ −λ_min(∇²F): F + ½c‖w‖² is convex, so no step lowers F.
    fn climb(&self, mut w: Vec<f64>) -> Vec<f64> {
        normalise(&mut w);
        let (m, shift) = (self.weights.len(), self.shift());
        let mut next = vec![0.0; 2 * m];
        for _ in 0..STEPS {
            for (g, j) in self.partner.iter().enumerate() {
                let pull = self.weights[g] * slope(self.kind, w[g] + w[m + j]);
                next[g] = pull + shift * w[g];
                next[m + j] = pull + shift * w[m + j];
            }
            // Where all rows are dead, the origin has a slope to follow.
            normalise(&mut next);
            let moved = next.iter().zip(&w).map(|(a, b)| (a - b).abs());
            let moved = moved.fold(0.0, f64::max);
            std::mem::swap(&mut w, &mut next);
            if moved < STILL {
                break;
            }
        }
        w
    }

    /// 2 max p · max(0, −min σ″): the Hessian of a row in w is p σ″ [1 1; 1 1].
    fn shift(&self) -> f64 {
        let bends = grid()
            .flat_map(|x| [x, -x])
            .map(|x| curvature(self.kind, x));
        let least = bends.fold(0.0, f64::min);
        let most = self.weights.iter().copied().fold(0.0, f64::max);
        // A hundredth more, for what lies between the points of the grid.
        -2.02 * most * least
    }

    fn stationarity(&self, s: &[f64]) -> f64 {
        let rows = self.weights.iter().zip(s).filter(|(_, x)| x.abs() > 1e-6);
        let forces: Vec<f64> = rows.map(|(p, x)| p * phi(self.kind, *x)).collect();
        let mean = forces.iter().sum::<f64>() / forces.len() as f64;
        let gaps = forces.iter().map(|f| (f - mean).abs() / mean.abs());
        gaps.fold(0.0, f64::max)
    }

    fn is_ordered(&self, s: &[f64]) -> bool {
        let mut rows: Vec<(f64, f64)> = self
            .weights
            .iter()
            .copied()
            .zip(s.iter().copied())
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        rows.windows(2).all(|r| r[0].0 == r[1].0 || r[0].1 < r[1].1)
    }
}

/// Scales to length 1; leaves 0 as it is.
fn normalise(w: &mut [f64]) {
    let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
    if norm > 0.0 {
        w.iter_mut().for_each(|x| *x /= norm);
    }
}
