//! One candidate law after some borders.

use super::Point;
use super::form::Form;
use super::line::{Line, Spot};
use super::mixture::Normal;
use crate::known::Interval;

/// The size at which priors of all candidates agree: a border of 0.25, within a factor of e.
const SIZE: f64 = 31.0;
const BORDER: f64 = 0.25;
const LEVEL_VARIANCE: f64 = 1.0;
const SLOPE_VARIANCE: f64 = 0.25;
/// Scatter of borders about a law beyond their intervals, in log p; its prior falls as e^{−scatter/0.02}.
/// Not 0, or a law without free numbers would claim to be exact.
const SCATTERS: [f64; 4] = [0.01, 0.02, 0.04, 0.08];
const USUAL_SCATTER: f64 = 0.02;
/// A 95 % interval is this many standard errors wide.
const WIDE: f64 = 2.0 * 1.959_963_984_540_054;

/// One candidate after some borders: for each scatter its weight and what is believed of level and slope.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Belief {
    parts: Vec<(f64, f64, Line)>,
    /// Log of the probability density of the logs of the borders.
    pub log_evidence: f64,
}

/// Log of a border with the variance of its measurement.
fn spot(form: &Form, point: &Point) -> Spot {
    let error = libm::log(point.high / point.low) / WIDE;
    Spot {
        x: along(point),
        y: libm::log(point.border) - form.shape(point),
        variance: error * error,
    }
}

fn along(point: &Point) -> f64 {
    -libm::log(point.size / SIZE)
}

impl Belief {
    pub(super) fn of(form: &Form, points: &[Point]) -> Self {
        let prior = prior(form);
        let sum: f64 = SCATTERS.iter().map(|s| libm::exp(-s / USUAL_SCATTER)).sum();
        let fit = |scatter: f64| {
            points.iter().fold(prior, |line, point| {
                let mut spot = spot(form, point);
                spot.variance += scatter * scatter;
                line.after(&spot)
            })
        };
        let logs: Vec<(f64, f64, Line)> = SCATTERS
            .iter()
            .map(|s| (*s, fit(*s)))
            .map(|(s, line)| {
                (
                    s,
                    line.log_evidence - s / USUAL_SCATTER - libm::log(sum),
                    line,
                )
            })
            .collect();
        let most = logs.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.iter().map(|p| libm::exp(p.1 - most)).sum();
        let parts = logs
            .into_iter()
            .map(|(s, log, line)| (s, libm::exp(log - most) / total, line))
            .collect();
        Self {
            parts,
            log_evidence: most + libm::log(total),
        }
    }

    /// The log of the border of a size; `measured`: as its measurement would give it.
    pub(super) fn at(&self, form: &Form, point: &Point, measured: bool) -> Vec<Normal> {
        let (x, shape) = (along(point), form.shape(point));
        let error = if measured {
            spot(form, point).variance
        } else {
            0.0
        };
        let one = |(scatter, weight, line): &(f64, f64, Line)| {
            let (mean, variance) = line.at(x);
            Normal {
                weight: *weight,
                mean: shape + mean,
                variance: variance + scatter * scatter + error,
            }
        };
        self.parts.iter().map(one).collect()
    }

    /// Scatter beyond the intervals, expected.
    pub(super) fn scatter(&self) -> f64 {
        self.parts.iter().map(|(s, w, _)| s * w).sum()
    }

    /// c, if it is free.
    pub(super) fn level(&self, form: &Form) -> Option<Interval> {
        let x = form.slope.map_or(0.0, |_| libm::log(SIZE));
        let log = self.interval(|line| line.at(x));
        form.level.then(|| Interval {
            value: libm::exp(log.value),
            low: libm::exp(log.low),
            high: libm::exp(log.high),
        })
    }

    /// a, if it is free.
    pub(super) fn slope(&self, form: &Form) -> Option<Interval> {
        form.slope
            .map(|_| self.interval(|line| (line.mean[1], line.covariance[1][1])))
    }

    fn interval(&self, of: impl Fn(&Line) -> (f64, f64)) -> Interval {
        let normals: Vec<Normal> = self
            .parts
            .iter()
            .map(|(_, weight, line)| {
                let (mean, variance) = of(line);
                Normal {
                    weight: *weight,
                    mean,
                    variance,
                }
            })
            .collect();
        let at = |q| super::mixture::quantile(&normals, q);
        Interval {
            value: at(0.5),
            low: at(0.025),
            high: at(0.975),
        }
    }
}

/// Before any border: 0.25 at order 31 within a factor of e; the slope as the form has it.
fn prior(form: &Form) -> Line {
    let cyclic = Point {
        size: SIZE,
        factor: 1.0,
        border: BORDER,
        low: BORDER,
        high: BORDER,
    };
    let free = |is: bool, variance: f64| if is { variance } else { 0.0 };
    let level = if form.level {
        libm::log(BORDER) - form.shape(&cyclic)
    } else {
        0.0
    };
    // A free slope turns about order 31, where it changes nothing.
    Line::prior(
        [level, form.slope.unwrap_or(0.0)],
        [
            free(form.level, LEVEL_VARIANCE),
            free(form.slope.is_some(), SLOPE_VARIANCE),
        ],
    )
}
