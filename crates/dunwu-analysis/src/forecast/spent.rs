//! Runs whose learning rate has run out: nothing moves any more but noise.
//!
//! A weight moves by the rate times something bounded, so that a rate of nothing leaves a loss where it is; no curve that
//! the head learned from goes on beyond the end of its schedule, and it would let such a loss fall on.

use super::delayed::{Points, normal_quantile};
use super::metric::Metric;
use super::quantiles::{LEVELS, Quantiles};

/// Share of its largest up to which a rate counts as none.
const NONE: f64 = 1e-3;
/// Share of the rate's sum so far that may be still to come, at most.
const LEFT: f64 = 0.01;
/// Readings that were made since it ran out, at least.
const FEWEST: usize = 4;
/// A rate of 0 may be a small one that was printed with few digits: smaller ones than this share of the largest must have
/// been seen before.
const FINE: f64 = 0.05;
/// Standard errors that the later half of those readings may lie beside the earlier one.
const STILL: f64 = 2.5;
/// The same in shares of the range of the whole curve, for readings without noise.
const STILL_RANGE: f64 = 1e-4;

/// The level at which a run stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spent {
    /// The step from which on there was no rate left.
    pub since: f64,
    level: f64,
    deviation: f64,
    freedom: f64,
}

impl Spent {
    /// None where the rate has not run out, will come back as far as is known, or the readings move all the same.
    pub(crate) fn new(
        steps: &[f64],
        values: &[f64],
        (at, rates): Points<'_>,
        horizon: f64,
    ) -> Option<Self> {
        let now = *steps.last()?;
        let seen = at.partition_point(|s| *s <= now);
        let known = at.partition_point(|s| *s <= horizon);
        let peak = rates[..seen].iter().copied().fold(0.0, f64::max);
        let none = |rate: &f64| rate.abs() <= NONE * peak;
        let from = rates[..seen].iter().rposition(|r| !none(r))? + 1;
        let is_over = from < seen && rates[seen..known].iter().all(none);
        if !is_over || !is_fine(&rates[..seen], peak) {
            return None;
        }
        let most = rates[from..known]
            .iter()
            .fold(0.0, |a: f64, r| a.max(r.abs()));
        let share = most * (horizon - now) / sum(&at[..seen], &rates[..seen]);
        let rest = &values[steps.partition_point(|s| *s < at[from])..];
        let range = spread(values);
        if rest.len() < FEWEST || share.is_nan() || share > LEFT || !is_still(rest, range) {
            return None;
        }
        let (level, variance) = moments(rest);
        let n = rest.len() as f64;
        let drift = range * share;
        Some(Self {
            since: at[from],
            level,
            deviation: (variance * (1.0 + 1.0 / n) + drift * drift).sqrt(),
            freedom: n - 1.0,
        })
    }

    /// What a reading will be, whenever it is made: Student's t about the mean of those since.
    pub(crate) fn quantiles(&self, metric: &Metric) -> Quantiles {
        Quantiles(LEVELS.map(|l| self.level + self.deviation * student(l, self.freedom)))
            .map(|v| metric.bounded(v))
    }
}

/// Whether the rate was logged with digits enough for small ones.
fn is_fine(rates: &[f64], peak: f64) -> bool {
    let least = rates.iter().filter(|r| **r > 0.0).copied();
    least.fold(f64::INFINITY, f64::min) <= FINE * peak
}

/// ∫ rate over steps.
fn sum(at: &[f64], rates: &[f64]) -> f64 {
    let pieces = at.windows(2).zip(rates.windows(2));
    pieces
        .map(|(s, r)| 0.5 * (s[1] - s[0]) * (r[0] + r[1]))
        .sum()
}

fn spread(values: &[f64]) -> f64 {
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
            (a.min(*v), b.max(*v))
        });
    most - least
}

/// Mean and variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    (mean, square / (n - 1.0))
}

/// Whether the later half lies where the earlier one does. The noise is taken from neighbours, which a trend hardly
/// moves apart.
fn is_still(values: &[f64], range: f64) -> bool {
    let (early, late) = values.split_at(values.len() / 2);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let squares = values.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0]));
    let noise = 0.5 * squares.sum::<f64>() / (values.len() - 1) as f64;
    let error = (noise / early.len() as f64 + noise / late.len() as f64).sqrt();
    (mean(late) - mean(early)).abs() <= STILL * error + STILL_RANGE * range
}

/// Quantiles of Student's t, by the expansion of Cornish and Fisher (Abramowitz and Stegun 26.7.5).
fn student(level: f64, freedom: f64) -> f64 {
    let z = normal_quantile(level);
    let (z2, n) = (z * z, freedom);
    z * (1.0
        + (z2 + 1.0) / (4.0 * n)
        + ((5.0 * z2 + 16.0) * z2 + 3.0) / (96.0 * n * n)
        + (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / (384.0 * n * n * n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cosine that runs out at step 60, and the loss of a run under it.
    fn run(n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let steps: Vec<f64> = (0..n).map(|s| s as f64).collect();
        let cosine = |s: &f64| 5e-4 * (1.0 + libm::cos(std::f64::consts::PI * (s / 60.0).min(1.0)));
        let rates: Vec<f64> = steps.iter().map(cosine).collect();
        let noise = |i: usize| 0.004 * ((i * 7919 % 13) as f64 / 6.0 - 1.0);
        let values = (0..n).map(|i| 2.0 + 2.0 / (1.0 + i.min(60) as f64) + noise(i));
        let values = values.collect();
        (steps, rates, values)
    }

    #[test]
    fn students_quantiles_are_those_of_tables() {
        for (level, freedom, known) in
            [(0.95, 3.0, 2.353), (0.75, 5.0, 0.7267), (0.95, 30.0, 1.697)]
        {
            assert!(
                (student(level, freedom) - known).abs() < 0.01 * known,
                "{level} {freedom}"
            );
        }
    }

    #[test]
    fn a_rate_that_ran_out_is_told_from_one_that_did_not() {
        let (steps, rates, values) = run(100);
        let ask = |n: usize, rates: &[f64], values: &[f64], horizon: f64| {
            Spent::new(
                &steps[..n],
                &values[..n],
                (&steps[..rates.len()], rates),
                horizon,
            )
        };
        let spent = ask(80, &rates[..80], &values, 200.0).unwrap();
        assert!((57.0..=60.0).contains(&spent.since), "{spent:?}");
        assert!(
            (spent.level - 2.033).abs() < 0.003 && spent.deviation < 0.01,
            "{spent:?}"
        );
        // Before its end, right at its end, and much later than the rest of the rate allows.
        assert_eq!(ask(50, &rates[..50], &values, 200.0), None);
        assert_eq!(ask(61, &rates[..61], &values, 200.0), None);
        let mut small = rates.clone();
        small[60..].fill(0.9e-6);
        assert!(ask(80, &small[..80], &values, 200.0).is_some());
        assert_eq!(ask(80, &small[..80], &values, 5000.0), None);
        // A schedule that is known to come back.
        let mut back = rates.clone();
        back[95] = 1e-3;
        assert_eq!(ask(80, &back, &values, 99.0), None);
        // A rate that was printed with few digits.
        let coarse: Vec<f64> = rates.iter().map(|r| (r * 2e3).round() / 2e3).collect();
        assert_eq!(ask(80, &coarse[..80], &values, 200.0), None);
        // A loss that falls all the same.
        let falls: Vec<f64> = (0..100).map(|i| values[i] - 0.002 * i as f64).collect();
        assert_eq!(ask(80, &rates[..80], &falls, 200.0), None);
        assert_eq!(ask(80, &[1e-3; 80], &values, 200.0), None);
        assert_eq!(ask(80, &[0.0; 80], &values, 200.0), None);
        assert_eq!(ask(80, &[], &values, 200.0), None);
    }
}
