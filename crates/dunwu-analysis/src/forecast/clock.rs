//! Time as the learning rate tells it.
//!
//! Where the rate η is known up to the end of the run, the time of a step is S(step) = ∫ η / max η rather than the step
//! itself: a loss falls as a power of S, and by a kick that goes with η where a schedule cools down (Tissue et al. 2024,
//! arXiv 2408.11029; the multi-power law of Luo et al. 2025, arXiv 2503.12811).

use super::delayed::Points;
use super::relaxation::{Followers, NODES, kernel};
use std::sync::LazyLock;

/// Kernels by which a loss follows the rate.
pub(crate) const KERNELS: usize = 3;
/// C·S(now) and β of each: published fits have about 300 to 3000 and 0.4 to 0.9 at a tenth to all of 72,000 steps.
static FELT: LazyLock<[[f64; NODES]; KERNELS]> =
    LazyLock::new(|| [100.0, 600.0, 3000.0].map(|c| kernel(c, 0.6)));

/// The sum of the learning rate over steps, and what is left of the schedule.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    steps: Vec<f64>,
    /// S at each of the steps.
    sums: Vec<f64>,
    /// η/max η at each of them.
    rates: Vec<f64>,
    /// What follows the rate there; empty unless the rate is known up to the end, and changes.
    followers: Vec<Followers>,
    /// S now.
    unit: f64,
    /// Whether the rate is known up to the end of the run.
    pub whole: bool,
    /// η/max η now.
    pub now: f64,
    /// (η now − η at the end)/max η, if that is known.
    pub falls: f64,
}

/// Readings of the rate that are kept at most.
const MOST: usize = 512;
/// Share of the largest rate that counts at least: time stands nowhere still.
const LEAST: f64 = 1e-3;
/// Share of what is to come up to which the rate must be known for the schedule to count as known.
const WHOLE: f64 = 0.9;

impl Clock {
    /// The clock of a run that is at `now` and ends at `horizon`; None if the rate says nothing.
    pub(crate) fn new(rate: Points<'_>, now: f64, horizon: f64) -> Option<Self> {
        let (steps, rates) = thinned(rate);
        let known = steps.iter().zip(&rates).filter(|(s, _)| **s <= horizon);
        let peak = known.map(|(_, r)| *r).fold(0.0, f64::max);
        let first = *steps.first()?;
        if steps.len() < 2 || first > now || !peak.is_finite() || peak <= 0.0 {
            return None;
        }
        let rates: Vec<f64> = rates.iter().map(|r| (r / peak).clamp(LEAST, 1.0)).collect();
        let mut sums = vec![0.0];
        for (s, r) in steps.windows(2).zip(rates.windows(2)) {
            sums.push(sums[sums.len() - 1] + 0.5 * (s[1] - s[0]) * (r[0] + r[1]));
        }
        let whole = steps[steps.len() - 1] >= now + WHOLE * (horizon - now);
        let mut out = Self {
            steps,
            sums,
            rates,
            followers: vec![],
            unit: 1.0,
            whole,
            now: 1.0,
            falls: 0.0,
        };
        out.now = out.rate(now);
        out.falls = if whole {
            out.now - out.rate(horizon)
        } else {
            0.0
        };
        // Before the first reading the rate was what it was there.
        let before = first.max(0.0) * out.rates[0];
        out.sums.iter_mut().for_each(|s| *s += before);
        out.unit = out.at(now).max(f64::MIN_POSITIVE);
        if whole && out.rates.iter().any(|r| *r != out.rates[0]) {
            out.follow();
        }
        Some(out)
    }

    fn follow(&mut self) {
        let mut at = Followers::new(self.rates[0]);
        self.followers.push(at);
        for (s, r) in self.sums.windows(2).zip(self.rates.windows(2)) {
            at = at.after(0.5 * (r[0] + r[1]), (s[1] - s[0]) / self.unit);
            self.followers.push(at);
        }
    }

    /// The rate that a loss feels at a sum, by each kernel; None unless the rate is known up to the end, and changes.
    pub(crate) fn felt(&self, sum: f64) -> Option<[f64; KERNELS]> {
        let first = *self.followers.first()?;
        let i = self.sums.partition_point(|s| *s <= sum);
        let at = if i == 0 {
            first
        } else {
            let rate = if i == self.sums.len() {
                self.rates[i - 1]
            } else {
                0.5 * (self.rates[i - 1] + self.rates[i])
            };
            self.followers[i - 1].after(rate, (sum - self.sums[i - 1]) / self.unit)
        };
        Some(FELT.each_ref().map(|kernel| at.mixed(kernel)))
    }

    fn piece(&self, step: f64) -> (usize, f64) {
        let i = self
            .steps
            .partition_point(|s| *s <= step)
            .clamp(1, self.steps.len() - 1);
        (
            i,
            (step - self.steps[i - 1]) / (self.steps[i] - self.steps[i - 1]),
        )
    }

    fn rate(&self, step: f64) -> f64 {
        let (i, share) = self.piece(step);
        self.rates[i - 1] + share.clamp(0.0, 1.0) * (self.rates[i] - self.rates[i - 1])
    }

    /// S at a step; beyond the readings the rate stays as it is.
    pub(crate) fn at(&self, step: f64) -> f64 {
        let (n, first) = (self.steps.len() - 1, self.steps[0]);
        if step <= first {
            return self.sums[0] - (first - step) * self.rates[0];
        }
        if step >= self.steps[n] {
            return self.sums[n] + (step - self.steps[n]) * self.rates[n];
        }
        let (i, share) = self.piece(step);
        self.sums[i - 1] + share * (self.sums[i] - self.sums[i - 1])
    }

    /// The step at which S is reached.
    pub(crate) fn step(&self, sum: f64) -> f64 {
        let n = self.steps.len() - 1;
        if sum >= self.sums[n] {
            return self.steps[n] + (sum - self.sums[n]) / self.rates[n];
        }
        let i = self.sums.partition_point(|s| *s <= sum).clamp(1, n);
        let share = (sum - self.sums[i - 1]) / (self.sums[i] - self.sums[i - 1]);
        self.steps[i - 1] + share * (self.steps[i] - self.steps[i - 1])
    }
}

fn thinned((steps, rates): Points<'_>) -> (Vec<f64>, Vec<f64>) {
    let stride = steps.len().div_ceil(MOST).max(1);
    let last = steps.len().saturating_sub(1);
    let kept = (0..steps.len()).filter(|i| i % stride == 0 || *i == last);
    kept.map(|i| (steps[i], rates[i])).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_schedule_has_its_closed_form() {
        let steps: Vec<f64> = (0..=1000).map(f64::from).collect();
        let rates: Vec<f64> = steps.iter().map(|s| 0.3 * (1.0 - s / 1000.0)).collect();
        let clock = Clock::new((&steps, &rates), 400.0, 1000.0).unwrap();
        assert!(
            clock.whole && (clock.now - 0.6).abs() < 1e-9 && (clock.falls - 0.599).abs() < 1e-9
        );
        for t in [100.0, 405.5, 900.0] {
            // ∫₀ᵗ (1 − s/1000) ds.
            assert!(
                (clock.at(t) - (t - t * t / 2000.0)).abs() < 0.5,
                "{t}: {}",
                clock.at(t)
            );
        }
        assert!(clock.at(999.0) < clock.at(1000.0));
        assert!(
            [10.0, 700.5, 1200.0]
                .iter()
                .all(|t| (clock.step(clock.at(*t)) - t).abs() < 1e-6)
        );
        let part = Clock::new((&steps[..401], &rates[..401]), 400.0, 1000.0).unwrap();
        assert!(!part.whole && part.falls == 0.0);
        assert!(Clock::new((&steps[..1], &rates[..1]), 400.0, 1000.0).is_none());
        assert!(Clock::new((&steps, &vec![0.0; 1001]), 400.0, 1000.0).is_none());
    }
}
