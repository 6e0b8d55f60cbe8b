//! Series as few blocks, and tests on them that hold against random walks.

use super::belief::{binomial_upper, student_upper};

/// Fewest increments that say anything of a trend.
const FEWEST_STEPS: usize = 4;

/// Means over blocks of readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Coarse {
    /// Mean step of each block.
    pub steps: Vec<f64>,
    /// Mean value of each block.
    pub values: Vec<f64>,
    /// Readings of a block, at most.
    pub size: usize,
}

/// The stretch from the least value to the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turn {
    /// Block of the least value.
    pub at: usize,
    /// Rise from there to the end.
    pub rise: f64,
    /// The largest earlier rise above the least value so far, which was undone.
    pub earlier: f64,
    /// How likely a random walk with these steps rises as far from its least value.
    pub p: f64,
}

/// What averaging over blocks adds to the variance of the increments' sum: neighbouring means of a random walk have
/// increments with a correlation of 1/4.
const AVERAGED: f64 = 1.5;

impl Coarse {
    /// At most so many blocks of equally many readings.
    pub(crate) fn new(steps: &[f64], values: &[f64], most: usize) -> Self {
        let size = steps.len().div_ceil(most.max(1)).max(1);
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        Self {
            steps: steps.chunks(size).map(mean).collect(),
            values: values.chunks(size).map(mean).collect(),
            size,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Each value times a factor.
    pub(crate) fn times(mut self, factor: f64) -> Self {
        self.values.iter_mut().for_each(|v| *v *= factor);
        self
    }

    /// Blocks from a step on.
    pub(crate) fn from(&self, step: f64) -> Self {
        self.tail(self.steps.partition_point(|s| *s < step))
    }

    fn tail(&self, at: usize) -> Self {
        Self {
            steps: self.steps[at..].to_vec(),
            values: self.values[at..].to_vec(),
            size: self.size,
        }
    }

    /// Largest less least value.
    pub(crate) fn range(&self) -> f64 {
        let (low, high) = self
            .values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
                (a.min(*v), b.max(*v))
            });
        (high - low).max(0.0)
    }

    /// The turn from falling to rising. None with fewer than two blocks.
    pub(crate) fn turn(&self) -> Option<Turn> {
        let n = self.values.len();
        let at = (0..n).min_by(|a, b| self.values[*a].total_cmp(&self.values[*b]))?;
        let rise = self.values[n - 1] - self.values[at];
        let (mut least, mut earlier) = (f64::INFINITY, 0.0_f64);
        for v in &self.values[..=at] {
            earlier = earlier.max(v - least);
            least = least.min(*v);
        }
        (n >= 2).then(|| Turn {
            at,
            rise,
            earlier: earlier.max(0.0),
            // Either may say it: two looks.
            p: (2.0 * self.surprise(at, true).min(self.tail(at).rises())).min(1.0),
        })
    }

    /// How likely a random walk rises from a block to the end as it does.
    ///
    /// From a block that was not chosen by looking, the mean of the increments over its error is Student's t. Seen from its least
    /// value a random walk is a Brownian meander, whose end z, in deviations, is Rayleigh: P(end ≥ z) = exp(−z²/2), with ν
    /// degrees of freedom for the deviation E exp(−z²χ²/2ν) = (1 + z²/ν)^(−ν/2). Increments that resemble their neighbours add to
    /// the error. Never less than 2^(−increments): as many coins fall the same way as often.
    fn surprise(&self, from: usize, chosen: bool) -> f64 {
        let steps: Vec<f64> = self.values[from..]
            .windows(2)
            .map(|w| w[1] - w[0])
            .collect();
        let (n, sum) = (steps.len(), steps.iter().sum::<f64>());
        if n < FEWEST_STEPS || sum <= 0.0 {
            return 1.0;
        }
        let mean = sum / n as f64;
        let square: f64 = steps.iter().map(|d| (d - mean) * (d - mean)).sum();
        let alike: f64 = steps
            .windows(2)
            .map(|w| (w[0] - mean) * (w[1] - mean))
            .sum();
        let r = resemblance(alike, square);
        let averaged = if self.size > 1 { AVERAGED } else { 1.0 };
        let freedom = (n - 1) as f64;
        let variance = square / freedom * averaged.max((1.0 + r) / (1.0 - r));
        let z2 = sum * sum / (n as f64 * variance.max(1e-300));
        let p = if chosen {
            libm::pow(1.0 + z2 / freedom, -0.5 * freedom)
        } else {
            student_upper(z2.sqrt(), n - 1)
        };
        p.max(libm::exp2(-(n as f64)))
    }

    /// How likely a random walk rises as far as this from beginning to end.
    pub(crate) fn drift(&self) -> f64 {
        self.surprise(0, false)
    }

    /// How likely as many of the increments, or more, of a random walk are rises: a sign test, which does not ask for steps of one
    /// size. Averages over blocks count for fewer increments.
    pub(crate) fn rises(&self) -> f64 {
        let steps = self.values.windows(2).filter(|w| w[1] != w[0]);
        let (ups, n) = steps.fold((0, 0), |(u, n), w| (u + u64::from(w[1] > w[0]), n + 1));
        let averaged = if self.size > 1 { AVERAGED } else { 1.0 };
        let (ups, n) = (
            (ups as f64 / averaged) as u64,
            (f64::from(n) / averaged) as u64,
        );
        if n < FEWEST_STEPS as u64 {
            return 1.0;
        }
        binomial_upper(ups, n, 0.5)
    }

    /// Mean over the blocks, with its error.
    pub(crate) fn level(&self) -> Level {
        let n = self.values.len() as f64;
        let mean = self.values.iter().sum::<f64>() / n;
        let square: f64 = self.values.iter().map(|v| (v - mean) * (v - mean)).sum();
        let alike = self
            .values
            .windows(2)
            .map(|w| (w[0] - mean) * (w[1] - mean))
            .sum::<f64>();
        let r = resemblance(alike, square);
        // Effective number of independent values (Bartlett 1935, first-order autocorrelation).
        let effective = (n * (1.0 - r) / (1.0 + r)).max(1.0);
        Level {
            mean,
            error: (square / (n - 1.0).max(1.0) / effective).sqrt(),
            degrees: (effective - 1.0).floor().max(1.0) as usize,
            readings: self.values.len(),
        }
    }

    /// Least-squares slope per step, with its error.
    pub(crate) fn slope(&self) -> Option<Level> {
        let n = self.values.len();
        if n < 4 {
            return None;
        }
        let mean = |x: &[f64]| x.iter().sum::<f64>() / n as f64;
        let (x0, y0) = (mean(&self.steps), mean(&self.values));
        let xx: f64 = self.steps.iter().map(|x| (x - x0) * (x - x0)).sum();
        let pairs = self.steps.iter().zip(&self.values);
        let slope = pairs.map(|(x, y)| (x - x0) * (y - y0)).sum::<f64>() / xx;
        let rest: Vec<f64> = self
            .steps
            .iter()
            .zip(&self.values)
            .map(|(x, y)| y - y0 - slope * (x - x0))
            .collect();
        let square: f64 = rest.iter().map(|e| e * e).sum();
        let alike: f64 = rest.windows(2).map(|w| w[0] * w[1]).sum();
        let r = resemblance(alike, square);
        let error = (square / (n - 2) as f64 / xx * (1.0 + r) / (1.0 - r)).sqrt();
        let degrees = ((n as f64 * (1.0 - r) / (1.0 + r)) - 2.0).floor().max(1.0) as usize;
        Some(Level {
            mean: slope,
            error,
            degrees,
            readings: n,
        })
    }
}

/// First-order autocorrelation where it is positive, from sums of products of neighbours and of squares.
fn resemblance(alike: f64, square: f64) -> f64 {
    if square > 0.0 {
        (alike / square).clamp(0.0, 0.95)
    } else {
        0.0
    }
}

/// A quantity with its error: Student's t about `mean`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Level {
    pub mean: f64,
    pub error: f64,
    pub degrees: usize,
    pub readings: usize,
}

impl Level {
    /// P(the quantity lies above x), every value having been as likely before.
    pub(crate) fn above(&self, x: f64) -> f64 {
        if self.error <= 0.0 || !self.error.is_finite() {
            return f64::from(u8::from(self.mean > x));
        }
        student_upper((x - self.mean) / self.error, self.degrees)
    }

    /// P(it lies between).
    pub(crate) fn between(&self, low: f64, high: f64) -> f64 {
        (self.above(low) - self.above(high)).max(0.0)
    }

    /// This less another, independent one.
    pub(crate) fn minus(&self, other: &Level) -> Level {
        let (a, b) = (self.error * self.error, other.error * other.error);
        // Welch–Satterthwaite.
        let down = a * a / self.degrees as f64 + b * b / other.degrees as f64;
        let degrees = if down > 0.0 {
            ((a + b) * (a + b) / down).floor().max(1.0) as usize
        } else {
            self.degrees.min(other.degrees)
        };
        Level {
            mean: self.mean - other.mean,
            error: (a + b).sqrt(),
            degrees,
            readings: self.readings.min(other.readings),
        }
    }
}

/// Spearman's rank correlation of two lists of the same length, ties at their mean rank; 0 where either is constant.
pub(crate) fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let middle = (a.len() as f64 + 1.0) / 2.0;
    let dot = |x: &[f64], y: &[f64]| -> f64 {
        x.iter()
            .zip(y)
            .map(|(p, q)| (p - middle) * (q - middle))
            .sum()
    };
    let scale = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if scale > 0.0 {
        dot(&a, &b) / scale
    } else {
        0.0
    }
}

fn ranks(x: &[f64]) -> Vec<f64> {
    let below = |v: f64| x.iter().filter(|o| **o < v).count() as f64;
    let same = |v: f64| x.iter().filter(|o| **o == v).count() as f64;
    x.iter()
        .map(|v| below(*v) + (same(*v) + 1.0) / 2.0)
        .collect()
}

/// The value of a series at a step, by straight lines between readings; None outside.
pub(crate) fn at(steps: &[f64], values: &[f64], step: f64) -> Option<f64> {
    let i = steps.partition_point(|s| *s < step);
    if steps.get(i) == Some(&step) {
        return Some(values[i]);
    }
    let j = i.checked_sub(1)?;
    let (right, left) = (*steps.get(i)?, steps[j]);
    Some(values[j] + (values[i] - values[j]) * (step - left) / (right - left))
}

/// The middle value; NaN of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::Seed;

    fn walk(n: usize, seed: u64) -> Vec<f64> {
        let mut draws = Seed(seed).draws("walk");
        let mut at = 0.0;
        (0..n)
            .map(|_| {
                at += draws.normal();
                at
            })
            .collect()
    }

    /// Of random walks no more are found to have turned, at any level, than the level says.
    #[test]
    fn the_turn_of_a_random_walk_is_as_surprising_as_it_says() {
        for (n, most) in [(30, 40), (2000, 40), (12, 40)] {
            let steps: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let ps: Vec<f64> = (0..1000)
                .filter_map(|s| Some(Coarse::new(&steps, &walk(n, s), most).turn()?.p))
                .collect();
            for level in [0.2, 0.05, 0.01] {
                let share = ps.iter().filter(|p| **p <= level).count() as f64 / 1000.0;
                assert!(share <= 1.2 * level + 0.006, "{n}: {share} at {level}");
            }
        }
    }

    #[test]
    fn a_steady_rise_is_found_and_noise_about_a_level_is_not() {
        let steps: Vec<f64> = (0..60).map(f64::from).collect();
        let mut draws = Seed(1).draws("noise");
        let v: Vec<f64> = steps.iter().map(|s| (s - 20.0).abs()).collect();
        let turn = Coarse::new(&steps, &v, 40).turn().unwrap();
        assert!(turn.p < 1e-5 && turn.earlier == 0.0, "{turn:?}");
        let flat: Vec<f64> = steps.iter().map(|_| draws.normal()).collect();
        assert!(Coarse::new(&steps, &flat, 40).turn().unwrap().p > 0.3);
        assert_eq!(
            Coarse::new(&steps, &vec![1.0; 60], 40).turn().unwrap().p,
            1.0
        );
    }

    #[test]
    fn ranks_correlate_as_they_should() {
        assert!((rank_correlation(&[1.0, 2.0, 3.0], &[9.0, 4.0, 1.0]) + 1.0).abs() < 1e-12);
        assert_eq!(rank_correlation(&[1.0, 1.0], &[2.0, 3.0]), 0.0);
        assert_eq!(at(&[0.0, 2.0], &[1.0, 3.0], 1.0), Some(2.0));
        assert_eq!(at(&[0.0, 2.0], &[1.0, 3.0], 2.5), None);
    }

    #[test]
    fn a_level_is_as_sure_as_its_readings_allow() {
        let c = Coarse {
            steps: vec![0.0, 1.0, 2.0, 3.0],
            values: vec![1.0, 3.0, 1.0, 3.0],
            size: 1,
        };
        let level = c.level();
        assert!((level.mean - 2.0).abs() < 1e-12 && (level.above(2.0) - 0.5).abs() < 1e-12);
        assert!(level.above(0.0) > 0.9 && level.above(0.0) < 1.0);
    }
}
