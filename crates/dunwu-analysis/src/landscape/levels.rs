//! Maxima gathered into families, each with its curvature and the share of starts that end there.

use super::climb::Summit;
use super::kernel::Point;
use super::lanes::{LANES, Lanes};
use super::problem::{LandscapeError, Problem};
use crate::microscope::Type;
use dunwu_task::{Features, Kind};
use faer::{Mat, Side};
use rayon::prelude::*;
use serde::Serialize;

/// Energies nearer than this share of the larger are one height.
const SAME: f64 = 1e-7;
/// Share of a node's mass in one feature from which it counts as that feature.
pub(crate) const PURE: f64 = 0.5;
/// Curvatures below this share of w·∇E are flat.
const FLAT: f64 = 1e-6;

/// A family of maxima: one height, one feature.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// E.
    pub energy: f64,
    /// E over the unit of height: M for the rows of a task.
    pub energy_over_order: f64,
    /// The feature that holds most of the node's mass, if one holds more than half.
    pub irrep: Option<String>,
    /// Its number.
    #[serde(skip)]
    pub feature: Option<usize>,
    /// Dimension of its irreducible representation.
    pub dim: Option<usize>,
    /// `real`, `complex` or `quaternionic`.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
    /// Share of the mass of the highest of them in that feature.
    pub purity: Option<f64>,
    /// Flat directions on the sphere.
    pub nullity: usize,
    /// Smallest curvature that is not flat, |λ|/(w·∇E).
    pub softest: f64,
    /// Directions along which the energy rises, 0 at a maximum.
    pub rising: usize,
    /// Points that were found, w and −w as one if they are alike; None for a family with flat directions.
    pub places: Option<usize>,
    /// Starts that ended here.
    pub count: usize,
    /// Share of all starts.
    pub basin: f64,
    /// Lower end of the 95 % interval of that share (Wilson).
    pub basin_low: f64,
    /// Upper end.
    pub basin_high: f64,
    /// What theory says, where it says something.
    pub expected: Option<super::theory::Peak>,
    /// One of them, of length 1.
    #[serde(skip)]
    pub w: Vec<f64>,
}

/// Wilson's interval of a share, 95 %.
///
/// ```
/// let (low, high) = dunwu_analysis::landscape::wilson(5, 10);
/// assert!((low - 0.2366).abs() < 1e-4 && (high - 0.7634).abs() < 1e-4);
/// ```
pub fn wilson(hits: usize, count: usize) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (count as f64, hits as f64 / count as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (
        ((middle - half) / scale).max(0.0),
        ((middle + half) / scale).min(1.0),
    )
}

/// Masses of w in each feature, summed over its operands, as shares.
pub fn shares(w: &[f64], features: &Features) -> Vec<f64> {
    let mut out = vec![0.0; features.len()];
    for block in w.chunks_exact(features.tokens) {
        let masses = features.masses(block);
        out.iter_mut().zip(masses).for_each(|(x, m)| *x += m);
    }
    let total: f64 = out.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    out.iter_mut().for_each(|x| *x /= total);
    out
}

/// The feature with the largest share, and the share.
pub(crate) fn favourite(w: &[f64], features: &Features) -> (usize, f64) {
    let shares = shares(w, features);
    (0..shares.len()).fold((0, 0.0), |best, k| {
        if shares[k] > best.1 {
            (k, shares[k])
        } else {
            best
        }
    })
}

/// The families that converged summits belong to, highest first, then by feature; heights also over `unit`.
///
/// # Errors
/// If the eigenvalues of a Hessian were not found.
pub fn levels(
    problem: &Problem,
    summits: &[Summit],
    unit: f64,
    features: Option<&Features>,
) -> Result<Vec<Level>, LandscapeError> {
    let favourites: Vec<Option<(usize, f64)>> = summits
        .par_iter()
        .map(|s| features.map(|f| favourite(&s.w, f)))
        .collect();
    let key = |i: usize| favourites[i].filter(|f| f.1 > PURE).map(|f| f.0);
    let mut sorted: Vec<usize> = (0..summits.len())
        .filter(|i| summits[*i].converged)
        .collect();
    sorted.sort_by(|i, j| {
        let energy = summits[*j].energy.total_cmp(&summits[*i].energy);
        key(*i).cmp(&key(*j)).then(energy)
    });
    let mut families: Vec<Vec<usize>> = Vec::new();
    for i in sorted {
        match families.last_mut() {
            Some(family) if key(family[0]) == key(i) && same(summits, family[0], i) => {
                family.push(i)
            }
            _ => families.push(vec![i]),
        }
    }
    let level = |family: &Vec<usize>| {
        let pure = favourites[family[0]].filter(|f| f.1 > PURE);
        level(problem, summits, family, unit, features.zip(pure))
    };
    let mut levels = families
        .par_iter()
        .map(level)
        .collect::<Result<Vec<_>, _>>()?;
    levels.sort_by(|a, b| {
        let apart = (a.energy - b.energy).abs() > SAME * a.energy.abs();
        let energy = if apart {
            b.energy.total_cmp(&a.energy)
        } else {
            std::cmp::Ordering::Equal
        };
        energy.then(a.feature.cmp(&b.feature))
    });
    Ok(levels)
}

fn same(summits: &[Summit], i: usize, j: usize) -> bool {
    let (a, b) = (summits[i].energy, summits[j].energy);
    (a - b).abs() <= SAME * a.abs().max(b.abs())
}

/// Points nearer than this are one.
const NEAR: f64 = 1e-4;

/// How many points the members of a family are, up to sign where the energy does not see it.
fn places(problem: &Problem, summits: &[Summit], family: &[usize]) -> usize {
    let first = &summits[family[0]];
    let mirrored: Vec<f64> = first.w.iter().map(|x| -x).collect();
    let even = (problem.energy(&mirrored) - first.energy).abs() <= SAME * first.energy.abs();
    let near = |a: &[f64], b: &[f64]| {
        let (mut same, mut opposite) = (0.0, 0.0);
        for (x, y) in a.iter().zip(b) {
            same += (x - y) * (x - y);
            opposite += (x + y) * (x + y);
        }
        same < NEAR * NEAR || (even && opposite < NEAR * NEAR)
    };
    let mut found: Vec<&[f64]> = Vec::new();
    for i in family {
        let w = &summits[*i].w;
        if !found.iter().any(|f| near(f, w)) {
            found.push(w);
        }
    }
    found.len()
}

fn level(
    problem: &Problem,
    summits: &[Summit],
    family: &[usize],
    unit: f64,
    of: Option<(&Features, (usize, f64))>,
) -> Result<Level, LandscapeError> {
    let (summit, count, starts) = (&summits[family[0]], family.len(), summits.len());
    let curvature = curvature(problem, &summit.w)?;
    let (basin_low, basin_high) = wilson(count, starts);
    Ok(Level {
        energy: summit.energy,
        energy_over_order: summit.energy / unit,
        irrep: of.map(|(f, (k, _))| f.names[k].clone()),
        feature: of.map(|(_, (k, _))| k),
        dim: of.map(|(f, (k, _))| f.dims[k]),
        kind: of.map(|(f, (k, _))| kind_name(f.kinds[k])),
        purity: of.map(|(_, (_, p))| p),
        nullity: curvature.nullity,
        softest: curvature.softest,
        rising: curvature.rising,
        places: (curvature.nullity == 0).then(|| places(problem, summits, family)),
        count,
        basin: count as f64 / starts as f64,
        basin_low,
        basin_high,
        expected: None,
        w: summit.w.clone(),
    })
}

/// Name of a type.
pub fn kind_name(kind: Kind) -> &'static str {
    Type::from(kind).name()
}

/// Signature of the Hessian on the sphere.
#[derive(Clone, Debug, PartialEq)]
pub struct Curvature {
    /// Eigenvalues within 10⁻⁶ of 0.
    pub nullity: usize,
    /// Eigenvalues above.
    pub rising: usize,
    /// Smallest absolute value of the others.
    pub softest: f64,
    /// Eigenvalues of P_w H P_w − (w·∇E)P_w on the tangent space, over |w·∇E|, ascending.
    pub eigenvalues: Vec<f64>,
}

/// Eigenvalues of the Hessian on the sphere at w, of length 1.
///
/// # Errors
/// If they were not found.
pub fn curvature(problem: &Problem, w: &[f64]) -> Result<Curvature, LandscapeError> {
    let d = problem.dim();
    let radial: f64 = w.iter().zip(problem.gradient(w)).map(|(x, g)| x * g).sum();
    let scale = if radial == 0.0 { 1.0 } else { radial.abs() };
    let mut tangent = hessian(problem, w);
    project(&mut tangent, w);
    for i in 0..d {
        for j in 0..d {
            let delta = if i == j { 1.0 } else { 0.0 };
            // w itself is no direction of the sphere: it goes far below all others.
            tangent[(i, j)] =
                (tangent[(i, j)] - radial * (delta - w[i] * w[j])) / scale - FAR * w[i] * w[j];
        }
    }
    let values = tangent
        .self_adjoint_eigenvalues(Side::Lower)
        .map_err(|_| LandscapeError("the eigenvalues of the Hessian were not found".into()))?;
    let eigenvalues: Vec<f64> = values.into_iter().filter(|x| *x > -0.5 * FAR).collect();
    let bent = eigenvalues.iter().filter(|x| x.abs() > FLAT);
    Ok(Curvature {
        nullity: eigenvalues.iter().filter(|x| x.abs() <= FLAT).count(),
        rising: eigenvalues.iter().filter(|x| **x > FLAT).count(),
        softest: bent.map(|x| x.abs()).fold(f64::INFINITY, f64::min),
        eigenvalues,
    })
}

/// Where the direction of w itself is moved to.
const FAR: f64 = 1e6;

/// H, column by column, eight at a time.
fn hessian(problem: &Problem, w: &[f64]) -> Mat<f64> {
    let d = problem.dim();
    let at: Vec<Lanes> = w.iter().map(|x| Lanes::all(*x)).collect();
    let (mut point, mut out) = (Point::new(problem), Mat::zeros(d, d));
    for first in (0..d).step_by(LANES) {
        let mut s = vec![Lanes::ZERO; d];
        for i in 0..LANES.min(d - first) {
            s[first + i].0[i] = 1.0;
        }
        point.bend(problem, &at, &s);
        for i in 0..LANES.min(d - first) {
            (0..d).for_each(|row| out[(row, first + i)] = point.bent[row].0[i]);
        }
    }
    out
}

/// P_w H P_w.
fn project(h: &mut Mat<f64>, w: &[f64]) {
    let d = w.len();
    let hw: Vec<f64> = (0..d)
        .map(|i| (0..d).map(|j| h[(i, j)] * w[j]).sum())
        .collect();
    let whw: f64 = w.iter().zip(&hw).map(|(a, b)| a * b).sum();
    for j in 0..d {
        for i in 0..d {
            h[(i, j)] += whw * w[i] * w[j] - w[i] * hw[j] - hw[i] * w[j];
        }
    }
}
