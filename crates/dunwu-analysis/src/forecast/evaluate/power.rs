//! A baseline: one power law, by least squares.

use crate::forecast::delayed::normal_quantile;
use crate::forecast::quantiles::{LEVELS, Quantiles};

/// c + a·t^−b at a step, b on a grid, with the interval that least squares gives.
pub(crate) fn fitted(steps: &[f64], values: &[f64], horizon: f64) -> Quantiles {
    let origin = steps[0].min(0.0);
    let time = |s: f64| ((s - origin) / (steps[steps.len() - 1] - origin)).max(1e-3);
    let n = steps.len() as f64;
    let mean_y = values.iter().sum::<f64>() / n;
    let fit = |i: i32| {
        let b = 0.05 * libm::pow(1.08, f64::from(i));
        let x: Vec<f64> = steps.iter().map(|s| libm::pow(time(*s), -b)).collect();
        let mean_x = x.iter().sum::<f64>() / n;
        let (mut xx, mut xy) = (0.0, 0.0);
        for (x, y) in x.iter().zip(values) {
            xx += (x - mean_x) * (x - mean_x);
            xy += (x - mean_x) * (y - mean_y);
        }
        let a = if xx > 0.0 { xy / xx } else { 0.0 };
        let miss = x.iter().zip(values).map(|(x, y)| {
            let off = y - mean_y - a * (x - mean_x);
            off * off
        });
        let variance = miss.sum::<f64>() / (n - 2.0).max(1.0);
        let far = libm::pow(time(horizon), -b) - mean_x;
        let of_mean = 1.0 / n + if xx > 0.0 { far * far / xx } else { 0.0 };
        (
            variance,
            mean_y + a * far,
            (variance * (1.0 + of_mean)).sqrt(),
        )
    };
    let best = (0..57).map(fit).min_by(|a, b| a.0.total_cmp(&b.0));
    let (_, middle, deviation) = best.expect("there are powers to try");
    Quantiles(LEVELS.map(|l| middle + deviation * normal_quantile(l)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_is_continued() {
        let steps: Vec<f64> = (1..=50).map(f64::from).collect();
        let values: Vec<f64> = steps
            .iter()
            .map(|s| 1.0 + 2.0 * libm::pow(*s, -0.5))
            .collect();
        let q = fitted(&steps, &values, 200.0);
        assert!(
            (q.at(0.5) - (1.0 + 2.0 / 200f64.sqrt())).abs() < 0.01,
            "{q:?}"
        );
        assert!(q.at(0.05) <= q.at(0.95));
    }
}
