//! Whether the curves of several sizes are one curve, seen at different scales.

mod master;

use super::laws::Point;
use super::window::BoundaryError;
use crate::known::Interval;
use dunwu_core::{Draws, Seed};
use master::{Dot, Master};
use serde::Serialize;

/// Exponents that are tried, before the best is refined between its neighbours.
const EXPONENTS: (f64, f64, usize) = (-1.0, 3.0, 81);
const RESAMPLES: usize = 200;
/// A 95 % interval is this many standard errors wide.
const WIDE: f64 = 2.0 * 1.959_963_984_540_054;

/// What came of runs of one size at one fraction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// Order of the group.
    pub size: f64,
    /// Training fraction.
    pub share: f64,
    /// Share of runs that generalised, or their mean final accuracy.
    pub value: f64,
}

/// How distance from the border is measured before it is scaled by M^a.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Scaling {
    /// (p − p_c(M)) · M^a.
    Difference,
    /// (p/p_c(M) − 1) · M^a.
    Ratio,
}

/// A reading at its scaled place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scaled {
    /// The reading.
    pub reading: Reading,
    /// Scaled distance from the border.
    pub x: f64,
}

/// The scale at which curves of several sizes are most nearly one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Collapse {
    /// How distance was measured.
    pub scaling: Scaling,
    /// a, with its 95 % interval.
    pub exponent: Interval,
    /// Root mean square of a reading minus the curve of the other sizes, at the best a.
    pub residual: f64,
    /// The same at a = 0, without scaling.
    pub unscaled: f64,
    /// The same for every a that was tried.
    pub profile: Vec<(f64, f64)>,
    /// All readings at the best a, ascending in x.
    pub points: Vec<Scaled>,
}

/// Finite-size scaling: the exponent a for which the curves of several sizes, against their scaled distance
/// from the border, fall onto one.
///
/// Quality is the root mean square of each reading minus the rising curve of least squares through the
/// readings of all *other* sizes, so that no size explains itself and curves pulled apart gain nothing (after
/// Houdayer and Hartmann, Phys. Rev. B 70, 014418, with a rising curve for their local line). The least of
/// 81 exponents from −1 to 3 is refined by a parabola. The interval is of 200 resamples of the readings
/// within each size, each with borders drawn from their intervals: 2.5 to 97.5 %.
///
/// A width that shrinks like M^(−a) in p has exponent a under [`Scaling::Difference`]. That curves collapse
/// says that one scale explains them, not which law moves the border: the borders are put in.
///
/// # Errors
/// If there are fewer than two sizes, fewer than four readings of one of them, or a size without its border.
pub fn collapse(
    readings: &[Reading],
    borders: &[Point],
    scaling: Scaling,
    seed: Seed,
) -> Result<Collapse, BoundaryError> {
    let curves = curves(readings, borders)?;
    let profile = profile(&curves, scaling);
    let best = lowest(&profile);
    let mut draws = seed.draws("boundary collapse");
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| lowest(&self::profile(&resample(&curves, &mut draws), scaling)))
        .collect();
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| resampled[(share * (RESAMPLES - 1) as f64).round() as usize];
    Ok(Collapse {
        scaling,
        exponent: Interval {
            value: best,
            low: at(0.025).min(best),
            high: at(0.975).max(best),
        },
        residual: residual(&curves, scaling, best),
        unscaled: residual(&curves, scaling, 0.0),
        profile,
        points: scaled(&curves, scaling, best),
    })
}

/// The readings of one size.
#[derive(Clone, Debug)]
struct SizeCurve {
    border: Point,
    readings: Vec<Reading>,
}

fn curves(readings: &[Reading], borders: &[Point]) -> Result<Vec<SizeCurve>, BoundaryError> {
    for r in readings {
        let finite = r.share.is_finite() && r.value.is_finite();
        if !finite || !borders.iter().any(|b| b.size == r.size) {
            return Err(BoundaryError::of(format!(
                "the reading {} at fraction {} of size {} has no place; expected finite numbers and a border for each size",
                r.value, r.share, r.size
            )));
        }
    }
    let of = |border: &Point| SizeCurve {
        border: *border,
        readings: readings
            .iter()
            .filter(|r| r.size == border.size)
            .copied()
            .collect(),
    };
    let curves: Vec<SizeCurve> = borders
        .iter()
        .map(of)
        .filter(|c| !c.readings.is_empty())
        .collect();
    let few = curves.iter().find(|c| c.readings.len() < 4);
    match few {
        Some(c) => Err(BoundaryError::of(format!(
            "size {} has {} readings; expected at least 4 to draw its curve",
            c.border.size,
            c.readings.len()
        ))),
        None if curves.len() < 2 => Err(BoundaryError::of(format!(
            "{} sizes do not show whether curves collapse; expected at least two",
            curves.len()
        ))),
        None => Ok(curves),
    }
}

/// Scaled distance from the border.
fn place(border: &Point, share: f64, scaling: Scaling, exponent: f64) -> f64 {
    let distance = match scaling {
        Scaling::Difference => share - border.border,
        Scaling::Ratio => share / border.border - 1.0,
    };
    distance * libm::pow(border.size, exponent)
}

fn scaled(curves: &[SizeCurve], scaling: Scaling, exponent: f64) -> Vec<Scaled> {
    let mut out: Vec<Scaled> = curves
        .iter()
        .flat_map(|c| c.readings.iter().map(move |r| (c, r)))
        .map(|(c, r)| Scaled {
            reading: *r,
            x: place(&c.border, r.share, scaling, exponent),
        })
        .collect();
    out.sort_by(|a, b| a.x.total_cmp(&b.x));
    out
}

/// Root mean square of readings minus the curve of the other sizes.
fn residual(curves: &[SizeCurve], scaling: Scaling, exponent: f64) -> f64 {
    let points = scaled(curves, scaling, exponent);
    let mut sum = 0.0;
    for curve in curves {
        let own = |p: &&Scaled| p.reading.size == curve.border.size;
        let others = points.iter().filter(|p| !own(p)).map(|p| Dot {
            x: p.x,
            y: p.reading.value,
        });
        let master = Master::through(others);
        sum += points
            .iter()
            .filter(own)
            .map(|p| (p.reading.value - master.at(p.x)).powi(2))
            .sum::<f64>();
    }
    (sum / points.len() as f64).sqrt()
}

fn profile(curves: &[SizeCurve], scaling: Scaling) -> Vec<(f64, f64)> {
    let (from, to, many) = EXPONENTS;
    (0..many)
        .map(|i| from + (to - from) * i as f64 / (many - 1) as f64)
        .map(|a| (a, residual(curves, scaling, a)))
        .collect()
}

/// The exponent of the least residual: the lowest point of the parabola through it and its neighbours.
fn lowest(profile: &[(f64, f64)]) -> f64 {
    let best = (0..profile.len()).fold(0, |b, i| if profile[i].1 < profile[b].1 { i } else { b });
    if best == 0 || best + 1 == profile.len() {
        return profile[best].0;
    }
    let [left, middle, right] = [best - 1, best, best + 1].map(|i| profile[i]);
    let bend = left.1 - 2.0 * middle.1 + right.1;
    if bend <= 0.0 {
        return middle.0;
    }
    middle.0 + 0.25 * (right.0 - left.0) * (left.1 - right.1) / bend
}

/// Readings drawn anew within each size, and borders within their intervals.
fn resample(curves: &[SizeCurve], draws: &mut Draws) -> Vec<SizeCurve> {
    let one = |curve: &SizeCurve| {
        let error = libm::log(curve.border.high / curve.border.low) / WIDE;
        let moved = curve.border.border * libm::exp(error * draws.normal());
        let n = curve.readings.len();
        SizeCurve {
            border: Point {
                border: moved,
                ..curve.border
            },
            readings: (0..n)
                .map(|_| curve.readings[draws.below(n as u64) as usize])
                .collect(),
        }
    };
    curves.iter().map(one).collect()
}
