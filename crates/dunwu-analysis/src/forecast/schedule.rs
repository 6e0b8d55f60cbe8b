//! Made-up pretraining: a power law of the summed learning rate, and a kick that goes with the rate.
//!
//! L(t) = c + a·(S(t) + s₀)^−α + b·η̃(t), S the sum of the rate η and η̃ what follows it ([`super::relaxation`]): the multi-power law,
//! and the form of Tissue et al. 2024 (arXiv 2408.11029). b is 0.3 to 4 times the slope at the end, over ln S; published fits
//! have about 2.5.

use super::relaxation::{Followers, kernel};
use dunwu_core::Draws;

/// A learning rate over shares of a run, at most 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    kind: u64,
    warm: f64,
    /// Share of the run at which it begins to fall.
    from: f64,
    least: f64,
}

impl Schedule {
    pub(crate) fn new(draws: &mut Draws) -> Self {
        Self {
            kind: draws.below(7),
            warm: 0.03 * draws.unit(),
            from: 0.3 + 0.65 * draws.unit(),
            least: if draws.unit() < 0.5 {
                0.0
            } else {
                0.3 * draws.unit()
            },
        }
    }

    pub(crate) fn at(&self, share: f64) -> f64 {
        if share < self.warm {
            return share / self.warm;
        }
        let whole = ((share - self.warm) / (1.0 - self.warm)).clamp(0.0, 1.0);
        let late = ((share - self.from) / (1.0 - self.from)).clamp(0.0, 1.0);
        let gone = match self.kind {
            0 => 0.0,
            1 => 0.5 * (1.0 - libm::cos(std::f64::consts::PI * whole)),
            2 => whole,
            3 | 4 => late,
            5 => late.sqrt(),
            _ => f64::from(u8::from(late > 0.0)),
        };
        1.0 - (1.0 - self.least) * gone
    }
}

/// Heights at times k/n, and the rates there.
pub(crate) fn pretraining(n: usize, draws: &mut Draws) -> (Vec<f64>, Vec<f64>) {
    let schedule = Schedule::new(draws);
    let between =
        |draws: &mut Draws, a: f64, b: f64| a * libm::exp(draws.unit() * libm::log(b / a));
    let early = between(draws, 2e-4, 0.02);
    let power = between(draws, 0.15, 1.0);
    let falls = |sum: f64| libm::pow(1.0 + sum / early, -power);
    let kick = between(draws, 0.3, 4.0) * power * falls(1.0);
    let kernel = kernel(between(draws, 30.0, 10_000.0), 0.3 + 0.6 * draws.unit());
    let (mut sum, mut felt) = (0.0, Followers::new(1.0));
    let (mut heights, mut rates) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for k in 0..n {
        heights.push(falls(sum) + kick * felt.mixed(&kernel));
        rates.push(schedule.at(k as f64 / n as f64));
        for j in 0..FINE {
            let dt = 1.0 / (n * FINE) as f64;
            let rate = schedule.at(k as f64 / n as f64 + j as f64 * dt).max(1e-3);
            sum += rate * dt;
            felt = felt.after(rate, rate * dt);
        }
    }
    (heights, rates)
}

/// Pieces of a step.
const FINE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::Seed;

    #[test]
    fn schedules_stay_within_their_bounds_and_curves_are_finite() {
        let mut draws = Seed(1).draws("schedules");
        for _ in 0..200 {
            let schedule = Schedule::new(&mut draws);
            let rates: Vec<f64> = (0..=50).map(|k| schedule.at(f64::from(k) / 50.0)).collect();
            assert!(
                rates.iter().all(|r| (0.0..=1.0).contains(r)),
                "{schedule:?}"
            );
            assert!(
                rates[2..].windows(2).all(|w| w[1] <= w[0] + 1e-12),
                "{schedule:?}"
            );
            let (heights, rates) = pretraining(60, &mut draws);
            assert!(heights.iter().chain(&rates).all(|x| x.is_finite()));
            assert!(heights[59] < heights[0]);
        }
    }

    #[test]
    fn a_cooldown_kicks_the_loss_down() {
        let mut draws = Seed(2).draws("schedules");
        // Of all curves with a late fall of the rate, the loss falls more for as much rate there.
        let quick = (0..300).filter_map(|_| {
            let (h, r) = pretraining(100, &mut draws);
            let late = r[70] > 0.999 && r[99] < 0.2;
            let fall = |a: usize, b: usize| (h[a] - h[b]) / r[a..b].iter().sum::<f64>();
            late.then(|| fall(70, 99) / fall(41, 70))
        });
        let mut quick: Vec<f64> = quick.collect();
        quick.sort_by(f64::total_cmp);
        assert!(
            quick.len() > 10 && quick[quick.len() / 2] > 1.0,
            "{quick:?}"
        );
    }
}
