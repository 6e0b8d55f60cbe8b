//! Means and slopes with their intervals.

use serde::Serialize;

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    fn around(value: f64, half: f64) -> Self {
        Self {
            value,
            low: value - half,
            high: value + half,
        }
    }

    /// Whether a number lies within.
    pub fn contains(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }
}

/// Mean of independent draws, with Student's interval; infinite for fewer than two.
///
/// ```
/// use dunwu_analysis::known::mean;
/// let m = mean(&[1.0, 2.0, 3.0]);
/// // t = 4.303 with two degrees of freedom, standard error 1/√3.
/// assert!(((m.high - 2.0) / (4.303 / 3f64.sqrt()) - 1.0).abs() < 0.01);
/// ```
pub fn mean(draws: &[f64]) -> Interval {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let square = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let error = (square / (n - 1.0) / n).sqrt();
    Interval::around(mean, half(error, n - 1.0))
}

/// Slope of the line of least squares through points (x, y), with Student's interval; infinite for fewer
/// than three points.
///
/// ```
/// use dunwu_analysis::known::slope;
/// let line = slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (3.0, 7.0)]);
/// assert!((line.value - 2.0).abs() < 1e-12 && line.contains(2.0));
/// ```
pub fn slope(points: &[(f64, f64)]) -> Interval {
    let n = points.len() as f64;
    let centre = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / n;
    let (x0, y0) = (centre(|p| p.0), centre(|p| p.1));
    let xx: f64 = points.iter().map(|(x, _)| (x - x0).powi(2)).sum();
    let xy: f64 = points.iter().map(|(x, y)| (x - x0) * (y - y0)).sum();
    let slope = xy / xx;
    let left = |(x, y): &(f64, f64)| (y - y0 - slope * (x - x0)).powi(2);
    let variance = points.iter().map(left).sum::<f64>() / (n - 2.0);
    Interval::around(slope, half((variance / xx).sqrt(), n - 2.0))
}

/// Half of a 95 % interval: the error times Student's quantile.
fn half(error: f64, freedom: f64) -> f64 {
    if freedom >= 1.0 {
        error * student(freedom)
    } else {
        f64::INFINITY
    }
}

/// 97.5 % quantile of Student's t, by four terms in 1/ν of Cornish and Fisher: 1 % low at ν = 2, 11 % at ν = 1.
fn student(freedom: f64) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    let third = (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0;
    let fourth = (79.0 * Z.powi(9) + 776.0 * Z.powi(7) + 1482.0 * Z.powi(5)
        - 1920.0 * Z.powi(3)
        - 945.0 * Z)
        / 92160.0;
    let series = [Z, first, second, third, fourth];
    series.iter().rev().fold(0.0, |sum, x| sum / freedom + x)
}

#[cfg(test)]
mod tests {
    use super::student;

    #[test]
    fn quantiles_are_those_of_tables() {
        for (freedom, want) in [(2.0, 4.303), (5.0, 2.571), (10.0, 2.228), (100.0, 1.984)] {
            let share = student(freedom) / want;
            assert!((share - 1.0).abs() < 0.01, "{freedom}: {share}");
        }
    }
}
