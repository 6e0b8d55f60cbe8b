//! The analytic head: a bank of bases, averaged.
//!
//! For each basis φ the curve is c + a·φ(t) + noise, with conjugate (normal–inverse-gamma) priors: c is vague, a has
//! standard deviation 3 × range / (extent of φ), the noise is pulled to that from reading to reading. Bases are
//! weighed by their evidence, tempered to 24 readings because neighbouring residuals go together.
//! Bases: t^−α, e^−κt, ln t, t, and none.

use super::shape::Shape;

/// Mean and standard deviation of a forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Guess {
    pub mean: f64,
    pub deviation: f64,
}

#[derive(Clone, Copy, Debug)]
enum Basis {
    Power(f64),
    Exponential(f64),
    Log,
    Line,
    Constant,
}

const BASES: [Basis; 14] = [
    Basis::Constant,
    Basis::Exponential(1.5),
    Basis::Exponential(3.0),
    Basis::Exponential(6.0),
    Basis::Exponential(12.0),
    Basis::Exponential(30.0),
    Basis::Line,
    Basis::Log,
    Basis::Power(0.2),
    Basis::Power(0.4),
    Basis::Power(0.7),
    Basis::Power(1.0),
    Basis::Power(1.6),
    Basis::Power(3.0),
];
/// Families of bases: those that level off soon, late, and not.
pub(crate) const FAMILIES: usize = 3;

impl Basis {
    fn at(self, time: f64) -> f64 {
        // Early times would rule the powers.
        let t = time.max(0.02);
        match self {
            Self::Power(a) => libm::pow(t, -a),
            Self::Exponential(k) => libm::exp(-k * time),
            Self::Log => -libm::log(t),
            Self::Line => -time,
            Self::Constant => 0.0,
        }
    }

    fn family(self) -> usize {
        match self {
            Self::Exponential(_) | Self::Constant => 0,
            Self::Power(_) => 1,
            Self::Log | Self::Line => 2,
        }
    }
}

/// A fit of one basis.
#[derive(Clone, Copy, Debug)]
struct Fit {
    basis: Basis,
    /// c and a, with their covariance before the noise.
    c: f64,
    a: f64,
    covariance: [f64; 3],
    /// Variance of the noise.
    variance: f64,
    weight: f64,
}

/// The bank, fitted to a shape.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    fits: [Fit; BASES.len()],
}

/// Readings that the evidence counts at most.
const MOST_EVIDENCE: f64 = 24.0;

impl Bank {
    pub(crate) fn new(shape: &Shape) -> Self {
        let mut fits = BASES.map(|basis| fit(basis, shape));
        let best = fits
            .iter()
            .map(|f| f.weight)
            .fold(f64::NEG_INFINITY, f64::max);
        fits.iter_mut()
            .for_each(|f| f.weight = libm::exp(f.weight - best));
        let sum: f64 = fits.iter().map(|f| f.weight).sum();
        fits.iter_mut().for_each(|f| f.weight /= sum);
        Self { fits }
    }

    /// The forecast at a time, of the mixture.
    pub(crate) fn at(&self, time: f64) -> Guess {
        let mut guess = (0.0, 0.0);
        for f in &self.fits {
            let (mean, variance) = f.at(time);
            guess.0 += f.weight * mean;
            guess.1 += f.weight * (variance + mean * mean);
        }
        Guess {
            mean: guess.0,
            deviation: (guess.1 - guess.0 * guess.0).max(0.0).sqrt(),
        }
    }

    /// The mean of each family of bases, and its weight.
    pub(crate) fn families(&self, time: f64) -> [(f64, f64); FAMILIES] {
        let mut out = [(0.0, 1e-12); FAMILIES];
        for f in &self.fits {
            let of = &mut out[f.basis.family()];
            // A family that has no weight still says what its best members think.
            let weight = f.weight + 1e-12;
            of.0 += weight * f.at(time).0;
            of.1 += weight;
        }
        out.map(|(mean, weight)| (mean / weight, weight))
    }
}

impl Fit {
    fn at(&self, time: f64) -> (f64, f64) {
        let x = self.basis.at(time);
        let [cc, ca, aa] = self.covariance;
        (
            self.c + self.a * x,
            self.variance * (1.0 + cc + 2.0 * ca * x + aa * x * x),
        )
    }
}

fn fit(basis: Basis, shape: &Shape) -> Fit {
    let n = shape.times.len() as f64;
    // Later readings say more of what is to come.
    let mass: f64 = shape.times.iter().map(|t| weight(*t)).sum();
    let (mut s, mut sx, mut sxx, mut sy, mut sxy, mut syy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let centre = shape.heights[shape.heights.len() - 1];
    for (t, h) in shape.times.iter().zip(&shape.heights) {
        let (w, x, y) = (weight(*t) * n / mass, basis.at(*t), h - centre);
        s += w;
        sx += w * x;
        sxx += w * x * x;
        sy += w * y;
        sxy += w * x * y;
        syy += w * y * y;
    }
    let floor = (1e-4 * shape.range)
        .max(1e-12 * centre.abs())
        .max(f64::MIN_POSITIVE);
    let noise = (shape.noise * shape.noise).max(floor * floor);
    let extent = (basis.at(shape.times[0]) - basis.at(1.0)).abs();
    let spread = 3.0 * shape.range / extent.max(1e-9);
    // Precisions of the priors, in units of the noise.
    let (pc, pa) = (
        noise / (16.0 * (shape.range * shape.range + noise)),
        noise / (spread * spread + noise),
    );
    let (a11, a12, a22) = (s + pc, sx, sxx + pa);
    let det = (a11 * a22 - a12 * a12).max(1e-300);
    let covariance = [a22 / det, -a12 / det, a11 / det];
    let (c, a) = (
        covariance[0] * sy + covariance[1] * sxy,
        covariance[1] * sy + covariance[2] * sxy,
    );
    let misfit = (syy - c * sy - a * sxy).max(0.0);
    let (shape0, scale0) = (1.0, noise);
    let variance = (scale0 + 0.5 * misfit) / (shape0 + 0.5 * n);
    let evidence = 0.5 * libm::log(pc * pa / det) - (shape0 + 0.5 * n) * libm::log(variance);
    let weight = evidence * (MOST_EVIDENCE / n).min(1.0);
    Fit {
        basis,
        c: c + centre,
        a,
        covariance,
        variance,
        weight,
    }
}

fn weight(time: f64) -> f64 {
    0.1 + time
}
