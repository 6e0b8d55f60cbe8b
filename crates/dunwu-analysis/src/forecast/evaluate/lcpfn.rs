//! A baseline: the prior of LC-PFN (Adriaensen et al. 2023, arXiv 2310.20447), weighed by likelihood.
//!
//! A curve is w₁·pow3 + w₂·ilog2 + w₃·janoschek on x = 1 … 100, w uniform on [0, 1], with
//! pow3 = c − a·x^−α (a uniform on ±0.6, c on [0, 1.25], ln α normal 0, 2), ilog2 = c − a/ln(x + 1) (c uniform on [0, 1],
//! a on ±0.5), janoschek = a − (a − b)·exp(−k·x^δ) (a uniform on [0, 1], b on [0, 2], ln k normal −2, 1, ln δ normal 0,
//! 0.5). Curves that leave [0, 1] or do not rise are drawn again. Noise: ln σ normal −4, 1. The network of that paper
//! approximates the posterior under this prior. Here it is computed twice: by weighing whole curves with their
//! likelihood, of which few fit a long smooth prefix; and by weighing α, k, δ and σ alone, the four coefficients that the
//! curve is linear in integrated out under the normal distribution with the moments that they have in the kept curves.
//! The second is the stronger baseline.

use crate::forecast::expert::dot;
use crate::forecast::metric::{Metric, Sense};
use crate::forecast::quantiles::{LEVELS, Quantiles};
use dunwu_core::{Draws, Seed};

/// Curves that are drawn, and those of them whose shapes are weighed alone.
const DRAWN: usize = 20_000;
const SHAPES: usize = 3000;
/// Places of a curve.
const PLACES: usize = 100;
/// Readings of a prefix that are weighed at most, evenly chosen.
const MOST: usize = 50;
/// Coefficients that a curve is linear in: of 1, x^−α, 1/ln(x + 1), exp(−k·x^δ).
const LINEAR: usize = 4;

type Row = [f64; LINEAR];

/// Draws of the prior.
pub(crate) struct LcPfn {
    /// Heights of each draw, place by place.
    heights: Vec<f32>,
    /// Bases of the first draws, place by place.
    bases: Vec<[Row; PLACES]>,
    noise: Vec<f64>,
    /// A standard normal number for each, for its outcome.
    at_the_end: Vec<f64>,
    /// Mean and precision of the coefficients.
    mean: Row,
    precision: [Row; LINEAR],
}

fn uniform(draws: &mut Draws, low: f64, high: f64) -> f64 {
    low + (high - low) * draws.unit()
}

fn log_normal(draws: &mut Draws, mean: f64, deviation: f64) -> f64 {
    libm::exp(mean + deviation * draws.normal())
}

/// One curve of the prior before what is drawn again: its coefficients, and its bases at the places.
fn curve(draws: &mut Draws) -> (Row, [Row; PLACES]) {
    let w = [draws.unit(), draws.unit(), draws.unit()];
    let pow3 = (uniform(draws, -0.6, 0.6), uniform(draws, 0.0, 1.25));
    let power = log_normal(draws, 0.0, 2.0);
    let ilog2 = (uniform(draws, 0.0, 1.0), uniform(draws, -0.5, 0.5));
    let (top, bottom) = (draws.unit(), uniform(draws, 0.0, 2.0));
    let (rate, bend) = (log_normal(draws, -2.0, 1.0), log_normal(draws, 0.0, 0.5));
    let linear = [
        w[0] * pow3.1 + w[1] * ilog2.0 + w[2] * top,
        -w[0] * pow3.0,
        -w[1] * ilog2.1,
        -w[2] * (top - bottom),
    ];
    let at = |p: usize| {
        let x = (p + 1) as f64;
        let bent = libm::exp(-rate * libm::pow(x, bend));
        [1.0, libm::pow(x, -power), 1.0 / libm::log(x + 1.0), bent]
    };
    (linear, std::array::from_fn(at))
}

/// The lower triangle L of A = L·Lᵀ.
fn root(a: &[Row; LINEAR]) -> [Row; LINEAR] {
    let mut l = [[0.0; LINEAR]; LINEAR];
    for i in 0..LINEAR {
        for j in 0..=i {
            let rest = a[i][j] - (0..j).map(|k| l[i][k] * l[j][k]).sum::<f64>();
            l[i][j] = if i == j {
                rest.max(1e-300).sqrt()
            } else {
                rest / l[j][j]
            };
        }
    }
    l
}

/// L⁻¹·b.
fn forward(l: &[Row; LINEAR], b: &Row) -> Row {
    let mut x = [0.0; LINEAR];
    for i in 0..LINEAR {
        x[i] = (b[i] - (0..i).map(|k| l[i][k] * x[k]).sum::<f64>()) / l[i][i];
    }
    x
}

impl LcPfn {
    pub(crate) fn new(seed: Seed) -> Self {
        let mut draws = seed.draws("prior of LC-PFN");
        let (mut linear, mut bases, mut noise) = (vec![], vec![], vec![]);
        let mut heights = vec![0.0; DRAWN * PLACES];
        while noise.len() < DRAWN {
            let (c, b) = curve(&mut draws);
            let height = |p: usize| dot(&c, &b[p]);
            let inside = |p: usize| (0.0..=1.0).contains(&height(p));
            if height(PLACES - 1) > height(0) && (0..PLACES).all(inside) {
                (0..PLACES).for_each(|p| heights[p * DRAWN + noise.len()] = height(p) as f32);
                linear.push(c);
                if bases.len() < SHAPES {
                    bases.push(b);
                }
                noise.push(log_normal(&mut draws, -4.0, 1.0));
            }
        }
        let n = DRAWN as f64;
        let mean: Row = std::array::from_fn(|i| linear.iter().map(|c| c[i]).sum::<f64>() / n);
        let moment = |i: usize, j: usize| {
            linear
                .iter()
                .map(|c| (c[i] - mean[i]) * (c[j] - mean[j]))
                .sum::<f64>()
                / n
        };
        let l = root(&std::array::from_fn(|i| {
            std::array::from_fn(|j| moment(i, j))
        }));
        // Columns of L⁻¹.
        let unit = |i: usize| std::array::from_fn(|j| f64::from(u8::from(i == j)));
        let inverse: [Row; LINEAR] = std::array::from_fn(|i| forward(&l, &unit(i)));
        Self {
            heights,
            bases,
            noise,
            at_the_end: (0..DRAWN).map(|_| draws.normal()).collect(),
            mean,
            precision: std::array::from_fn(|i| {
                std::array::from_fn(|j| dot(&inverse[i], &inverse[j]))
            }),
        }
    }

    /// The last value of a run over a span of steps: by whole curves, and by shapes. A score with bounds is put onto
    /// [0, 1] by them; a loss is turned, 0 the largest that was seen and 1 its lower bound, or as far below the least as
    /// the range that was seen.
    pub(crate) fn forecast(
        &self,
        steps: &[f64],
        values: &[f64],
        span: (f64, f64),
        metric: &Metric,
    ) -> [Quantiles; 2] {
        let (zero, one) = ends(values, metric);
        let place = |s: f64| ((s - span.0) / (span.1 - span.0) * (PLACES - 1) as f64).round();
        let n = steps.len();
        let chosen = (0..n.min(MOST)).map(|i| i * n / n.min(MOST));
        let seen: Vec<(usize, f64)> = chosen
            .map(|i| {
                let p = (place(steps[i]).max(0.0) as usize).min(PLACES - 1);
                (p, (values[i] - zero) / (one - zero))
            })
            .collect();
        let shapes = (0..SHAPES).map(|i| self.outcome(i, &seen)).collect();
        [self.whole(&seen), shapes].map(|told| {
            weighed(told).map(|y| metric.bounded(zero + y.clamp(0.0, 1.0) * (one - zero)))
        })
    }

    /// Outcomes of whole curves, and the logarithms of their likelihoods.
    fn whole(&self, seen: &[(usize, f64)]) -> Vec<(f64, f64)> {
        let mut square = vec![0.0_f32; DRAWN];
        for (p, y) in seen {
            let row = &self.heights[p * DRAWN..(p + 1) * DRAWN];
            for (s, h) in square.iter_mut().zip(row) {
                *s += (*y as f32 - h) * (*y as f32 - h);
            }
        }
        let end = &self.heights[(PLACES - 1) * DRAWN..];
        let told = |i: usize| {
            let noise = self.noise[i];
            let log = -0.5 * f64::from(square[i]) / (noise * noise)
                - seen.len() as f64 * libm::log(noise);
            (f64::from(end[i]) + noise * self.at_the_end[i], log)
        };
        (0..DRAWN).map(told).collect()
    }

    /// A draw of the outcome under one draw of the shape, and the logarithm of its likelihood.
    fn outcome(&self, draw: usize, seen: &[(usize, f64)]) -> (f64, f64) {
        let (bases, noise) = (&self.bases[draw], self.noise[draw]);
        let sure = 1.0 / (noise * noise);
        let (mut a, mut b, mut square) = (self.precision, [0.0; LINEAR], 0.0);
        for (p, y) in seen {
            let (row, off) = (&bases[*p], y - dot(&bases[*p], &self.mean));
            square += off * off;
            for i in 0..LINEAR {
                b[i] += sure * row[i] * off;
                for j in 0..=i {
                    a[i][j] += sure * row[i] * row[j];
                }
            }
        }
        let l = root(&a);
        let half = forward(&l, &b);
        let end = forward(&l, &bases[PLACES - 1]);
        let middle = dot(&bases[PLACES - 1], &self.mean) + dot(&half, &end);
        let deviation = (dot(&end, &end) + noise * noise).sqrt();
        let volume: f64 = (0..LINEAR).map(|i| libm::log(l[i][i])).sum();
        let fit = 0.5 * (dot(&half, &half) - sure * square);
        let log = fit - volume - seen.len() as f64 * libm::log(noise);
        (middle + deviation * self.at_the_end[draw], log)
    }
}

/// The values that become 0 and 1.
fn ends(values: &[f64], metric: &Metric) -> (f64, f64) {
    let range = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
            (a.min(*v), b.max(*v))
        });
    let room = (range.1 - range.0).max(1e-9 * range.1.abs()).max(1e-30);
    if metric.sense == Sense::Score {
        let zero = metric.lower.unwrap_or(range.0);
        (zero, metric.upper.unwrap_or(range.1 + room))
    } else {
        (
            range.1.max(metric.lower.unwrap_or(range.1) + 1e-9),
            metric.lower.unwrap_or(range.0 - room),
        )
    }
}

/// Quantiles of values that have logarithms of weights.
fn weighed(told: Vec<(f64, f64)>) -> Quantiles {
    let most = told.iter().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max);
    let weights = told.into_iter().map(|(y, log)| (y, libm::exp(log - most)));
    let mut all: Vec<(f64, f64)> = weights.filter(|o| o.1 > 1e-12).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = all.iter().map(|v| v.1).sum();
    let mut sum = 0.0;
    let sums: Vec<f64> = all
        .iter()
        .map(|v| {
            sum += v.1;
            sum / total
        })
        .collect();
    Quantiles(LEVELS.map(|l| all[sums.partition_point(|s| *s < l).min(all.len() - 1)].0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_of_the_prior_is_found_again() {
        let lcpfn = LcPfn::new(Seed(0));
        let mut draws = Seed(1).draws("test");
        let f = |x: f64| 0.85 - 0.5 * libm::pow(x, -0.6);
        let steps: Vec<f64> = (1..=50).map(f64::from).collect();
        let values: Vec<f64> = steps
            .iter()
            .map(|x| f(*x) + 0.01 * draws.normal())
            .collect();
        let metric = Metric::of("val_acc", &values);
        for q in lcpfn.forecast(&steps, &values, (1.0, 100.0), &metric) {
            assert!((q.at(0.5) - f(100.0)).abs() < 0.03, "{q:?}");
        }
        // The same curve as a loss.
        let turned: Vec<f64> = values.iter().map(|v| 1.0 - v).collect();
        let metric = Metric::of("val_loss", &turned);
        for q in lcpfn.forecast(&steps, &turned, (1.0, 100.0), &metric) {
            assert!((q.at(0.5) - (1.0 - f(100.0))).abs() < 0.05, "{q:?}");
        }
    }
}
