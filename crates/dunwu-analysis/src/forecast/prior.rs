//! Made-up curves, so that the head knows more kinds than it was shown.
//!
//! Power laws, stretched exponentials and inverse logarithms (the families of Domhan et al. 2015 that the prior of
//! LC-PFN, Adriaensen et al. 2023, is made of), and what those leave out: pretraining under a schedule ([`super::schedule`]),
//! the kick of a cooldown, a U, a sudden drop, a divergence, a random walk, and nothing but noise.

use super::learn::KnownCurve;
use super::schedule::pretraining;
use dunwu_core::{Draws, Seed};

/// Kinds of curves, in turn; from `PRETRAINING` on they have a learning rate.
const KINDS: usize = 13;
const PRETRAINING: usize = 9;

/// `count` curves of the family `prior`, the same for the same seed.
pub fn prior(count: usize, seed: Seed) -> Vec<KnownCurve> {
    let mut draws = seed.draws("forecast prior");
    (0..count).map(|i| curve(i, &mut draws)).collect()
}

/// Log-uniform.
fn between(draws: &mut Draws, low: f64, high: f64) -> f64 {
    low * libm::exp(draws.unit() * libm::log(high / low))
}

fn curve(i: usize, draws: &mut Draws) -> KnownCurve {
    let n = between(draws, 16.0, 200.0) as usize;
    let (shape, rates) = if i % KINDS >= PRETRAINING {
        pretraining(n, draws)
    } else {
        (shape(i % KINDS, n, draws), vec![])
    };
    let noise = between(draws, 1e-6, 0.1);
    // Residuals of neighbours go together in some logs.
    let memory = if draws.unit() < 0.3 { 0.8 } else { 0.0 };
    let (base, size) = (between(draws, 0.05, 5.0), between(draws, 0.1, 3.0));
    let mut carried = 0.0;
    let mut values: Vec<f64> = shape
        .iter()
        .map(|y| {
            carried = memory * carried + noise * draws.normal();
            base + size * (y + carried)
        })
        .collect();
    let score = draws.unit() < 0.4;
    if score {
        let (least, most) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
                (a.min(*v), b.max(*v))
            });
        let (low, top) = (0.5 * draws.unit(), 0.5 + 0.5 * draws.unit());
        let scale = (top - low) / (most - least).max(1e-12);
        values
            .iter_mut()
            .for_each(|v| *v = top - (*v - least) * scale);
    }
    let start = if draws.unit() < 0.5 {
        0.0
    } else {
        between(draws, 0.1, 10.0)
    };
    let steps: Vec<f64> = (0..n).map(|k| start + k as f64).collect();
    KnownCurve {
        rate: if rates.is_empty() {
            Default::default()
        } else {
            (steps.clone(), rates)
        },
        family: "prior".to_owned(),
        group: i.to_string(),
        metric: if score { "val_acc" } else { "val_loss" }.to_owned(),
        steps,
        values,
    }
}

/// Heights about 1 at first, at times k/n.
fn shape(kind: usize, n: usize, draws: &mut Draws) -> Vec<f64> {
    let (early, power) = (between(draws, 0.002, 0.1), between(draws, 0.1, 2.0));
    let falls = |t: f64| libm::pow(1.0 + t / early, -power);
    let (rate, bend) = (between(draws, 0.5, 30.0), between(draws, 0.5, 1.5));
    let (when, sharp, deep) = (draws.unit(), between(draws, 0.005, 0.1), draws.unit());
    let mut walk = 0.0;
    let step = 1.0 / (n as f64).sqrt();
    let mut at = |t: f64| match kind {
        0 | 1 => falls(t),
        2 => libm::exp(-rate * libm::pow(t, bend)),
        3 => 1.0 / libm::log(t / early + std::f64::consts::E),
        // A rate that falls to zero over the last part takes the noise of the weights away.
        4 => {
            falls(t) - 0.3 * deep * ((t - (0.6 + 0.3 * when)) / (0.4 - 0.3 * when)).clamp(0.0, 1.0)
        }
        5 => falls(t) + deep * (t - when).max(0.0),
        6 => 0.3 * falls(t) + 0.7 / (1.0 + libm::exp((t - when) / sharp)),
        7 => {
            walk += step * draws.normal();
            walk
        }
        _ => {
            falls(t) * 0.1
                + if t > when {
                    deep * (t - when) / sharp.max(0.03)
                } else {
                    0.0
                }
        }
    };
    (0..n).map(|k| at(k as f64 / n as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_curves_are_finite_and_the_same_again() {
        let curves = prior(200, Seed(4));
        assert!(
            curves.iter().all(|c| c.values.iter().all(|v| v.is_finite())
                && c.steps.windows(2).all(|w| w[0] < w[1]))
        );
        let shares = curves.iter().filter(|c| c.metric == "val_acc");
        assert!(
            shares.clone().count() > 40
                && shares
                    .flat_map(|c| &c.values)
                    .all(|v| (0.0..=1.0).contains(v))
        );
        assert_eq!(curves, prior(200, Seed(4)));
    }
}
