//! Checks on trained networks.

pub(super) mod compare;
pub(super) mod fit;
pub(super) mod network;
pub(super) mod number;

use super::row::Point;
use crate::trial::Trial;
use number::{Number, Value};
use std::sync::Arc;

/// A number of every run that has it.
pub(super) fn numbers_of(number: &Number, trials: &[Arc<Trial>]) -> Vec<f64> {
    let there = |value: Value| match value {
        Value::Number(x) => Some(x),
        Value::NotBy(_) | Value::Missing => None,
    };
    values(number, trials)
        .into_iter()
        .filter_map(there)
        .collect()
}

/// Whether every key that both vary has one value.
pub(super) fn shared(a: &Point, b: &Point) -> bool {
    b.at.iter()
        .all(|(key, value)| a.get(key).is_none_or(|mine| mine == value))
}

/// A number of every run, by seed.
fn values(number: &Number, trials: &[Arc<Trial>]) -> Vec<Value> {
    trials.iter().map(|trial| number.of(trial)).collect()
}

/// The median, what did not come being later than anything: the lower of the two in the middle.
fn median(values: &[Value]) -> Value {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.rank().total_cmp(&b.rank()));
    let middle = sorted.len().saturating_sub(1) / 2;
    sorted.get(middle).cloned().unwrap_or(Value::Missing)
}

/// Probability of at least `wins` of `trials` fair coins.
fn sign_test(wins: usize, trials: usize) -> f64 {
    let mut term = 0.5f64.powi(trials as i32);
    let mut tail = 0.0;
    for k in 0..=trials {
        if k >= wins {
            tail += term;
        }
        term *= (trials - k) as f64 / (k + 1) as f64;
    }
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_test_is_the_binomial_tail() {
        assert_eq!(sign_test(0, 5), 1.0);
        assert!((sign_test(5, 5) - 1.0 / 32.0).abs() < 1e-15);
        assert!((sign_test(4, 5) - 6.0 / 32.0).abs() < 1e-15);
        // scipy.stats.binomtest(36, 60, alternative="greater").pvalue
        assert!((sign_test(36, 60) - 0.077_500_952).abs() < 1e-9);
    }

    #[test]
    fn what_did_not_come_is_later_than_anything() {
        let all = [Value::Number(7.0), Value::NotBy(400), Value::Number(3.0)];
        assert_eq!(median(&all), Value::Number(7.0));
        assert_eq!(median(&all[..2]), Value::Number(7.0));
        assert_eq!(median(&all[1..2]), Value::NotBy(400));
        assert_eq!(median(&[]), Value::Missing);
    }
}
