//! The analytic head: a bank of bases, averaged.
//!
//! For each basis φ the curve is c + a·φ(t) + noise, with conjugate (normal–inverse-gamma) priors: c is vague, a has
//! standard deviation 3 × range / (extent of φ), the noise is pulled to that from reading to reading. Bases are
//! weighed by their evidence, tempered to 24 readings because neighbouring residuals go together.
//! Bases: t^−α, e^−κt, ln t, t, none, and 1/(1 + (t/τ)^k), which stays, falls, and slows down; these are believed in e⁴ times
//! less before anything is seen.
//!
//! Where the learning rate is known up to the end and changes, powers and the logarithm are fitted with b·η̃(t) too, η̃ the rate
//! that the loss feels ([`super::relaxation`]). b is a priori 0.8 ± 1.2 times the slope −a·dφ/dln t now.

use super::clock::KERNELS;
use super::expert::dot;
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
    /// τ and k.
    Hill(f64, f64),
}

const BASES: [Basis; 28] = [
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
    Basis::Hill(0.25, 4.0),
    Basis::Hill(0.35, 4.0),
    Basis::Hill(0.45, 4.0),
    Basis::Hill(0.55, 4.0),
    Basis::Hill(0.67, 4.0),
    Basis::Hill(0.8, 4.0),
    Basis::Hill(0.95, 4.0),
    Basis::Hill(0.25, 9.0),
    Basis::Hill(0.35, 9.0),
    Basis::Hill(0.45, 9.0),
    Basis::Hill(0.55, 9.0),
    Basis::Hill(0.67, 9.0),
    Basis::Hill(0.8, 9.0),
    Basis::Hill(0.95, 9.0),
];
/// Logarithm of the weight that each of the last has before anything is seen, beside 0.
const RARE: f64 = -4.0;
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
            Self::Hill(middle, steep) => 1.0 / (1.0 + libm::pow(time / middle, steep)),
        }
    }

    /// Logarithm of its weight before anything is seen.
    fn believed(self) -> f64 {
        if matches!(self, Self::Hill(..)) {
            RARE
        } else {
            0.0
        }
    }

    /// −dφ/dln t now, of bases that are fitted with the rate.
    fn steepness(self) -> f64 {
        match self {
            Self::Power(a) => a,
            Self::Log => 1.0,
            Self::Exponential(_) | Self::Line | Self::Constant | Self::Hill(..) => 0.0,
        }
    }

    fn family(self) -> usize {
        match self {
            Self::Exponential(_) | Self::Constant | Self::Hill(..) => 0,
            Self::Power(_) => 1,
            Self::Log | Self::Line => 2,
        }
    }
}

/// A fit of one basis, by itself or with one kernel of the rate.
#[derive(Clone, Copy, Debug)]
struct Fit {
    basis: usize,
    kernel: Option<usize>,
    /// c, a and b, with their covariance before the noise.
    mean: [f64; 3],
    covariance: [[f64; 3]; 3],
    /// Variance of the noise.
    variance: f64,
    weight: f64,
}

/// The bank, fitted to a shape.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    fits: Vec<Fit>,
}

/// What the fall of the rate will do to the height, by the kernels alone, and their weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Kick {
    pub moved: f64,
    pub weight: f64,
}

/// Readings that the evidence counts at most.
const MOST_EVIDENCE: f64 = 24.0;

/// The rate felt by each kernel; None where it is not known or does not change.
pub(crate) type Felt = Option<[f64; KERNELS]>;

impl Bank {
    /// The bank of a shape, with the rate that was felt at each of its times, in order.
    pub(crate) fn new(shape: &Shape, felt: &[Felt]) -> Self {
        let readings = Readings::new(shape);
        let mut fits = Vec::with_capacity(BASES.len() * (1 + KERNELS));
        for (basis, of) in BASES.iter().enumerate() {
            let column = readings.column(*of);
            let alone = readings.fit(basis, &column, None, felt);
            fits.push(alone);
            if of.steepness() > 0.0 && felt.iter().all(Option::is_some) {
                let known = (alone.mean[1].abs(), alone.variance);
                fits.extend(
                    (0..KERNELS).map(|k| readings.fit(basis, &column, Some((k, known)), felt)),
                );
            }
        }
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
    pub(crate) fn at(&self, time: f64, felt: Felt) -> Guess {
        self.guess(&BASES.map(|b| b.at(time)), felt)
    }

    /// The same, with the mean of each family of bases and its weight.
    pub(crate) fn told(&self, time: f64, felt: Felt) -> (Guess, [(f64, f64); FAMILIES]) {
        let bases = BASES.map(|b| b.at(time));
        (self.guess(&bases, felt), self.families(&bases, felt))
    }

    fn guess(&self, bases: &[f64; BASES.len()], felt: Felt) -> Guess {
        let mut guess = (0.0, 0.0);
        for f in &self.fits {
            let (mean, variance) = f.at(bases, felt);
            guess.0 += f.weight * mean;
            guess.1 += f.weight * (variance + mean * mean);
        }
        Guess {
            mean: guess.0,
            deviation: (guess.1 - guess.0 * guess.0).max(0.0).sqrt(),
        }
    }

    fn families(&self, bases: &[f64; BASES.len()], felt: Felt) -> [(f64, f64); FAMILIES] {
        let mut out = [(0.0, 1e-12); FAMILIES];
        for f in &self.fits {
            let of = &mut out[BASES[f.basis].family()];
            // A family that has no weight still says what its best members think.
            let weight = f.weight + 1e-12;
            of.0 += weight * f.at(bases, felt).0;
            of.1 += weight;
        }
        out.map(|(mean, weight)| (mean / weight, weight))
    }

    /// What falls of the rate will have done between two moments.
    pub(crate) fn kick(&self, now: Felt, then: Felt) -> Kick {
        let (Some(now), Some(then)) = (now, then) else {
            return Kick::default();
        };
        let mut out = Kick::default();
        for (f, k) in self.fits.iter().filter_map(|f| Some((f, f.kernel?))) {
            let weight = f.weight + 1e-12;
            out.moved += weight * f.mean[2] * (then[k] - now[k]);
            out.weight += weight;
        }
        out.moved /= out.weight.max(1e-12);
        out
    }
}

impl Fit {
    fn at(&self, bases: &[f64; BASES.len()], felt: Felt) -> (f64, f64) {
        let kick = self.kernel.zip(felt).map_or(0.0, |(k, felt)| felt[k]);
        let x = [1.0, bases[self.basis], kick];
        let spread = dot(&x, &self.covariance.map(|row| dot(&row, &x)));
        (dot(&self.mean, &x), self.variance * (1.0 + spread))
    }
}

/// The readings of a shape, with what their priors are made of.
struct Readings<'a> {
    shape: &'a Shape,
    /// Weight of each, of mean 1: later readings say more of what is to come.
    weights: Vec<f64>,
    centre: f64,
    /// Variance of the noise from reading to reading.
    noise: f64,
}

/// b over the slope a·|φ′(now)|, φ over ln t, before anything is seen: mean and deviation.
const KICK: (f64, f64) = (0.8, 1.2);

impl<'a> Readings<'a> {
    fn new(shape: &'a Shape) -> Self {
        let mass: f64 = shape.times.iter().map(|t| weight(*t)).sum();
        let share = shape.times.len() as f64 / mass;
        let centre = shape.heights[shape.heights.len() - 1];
        let floor = (1e-4 * shape.range)
            .max(1e-12 * centre.abs())
            .max(f64::MIN_POSITIVE);
        Self {
            shape,
            weights: shape.times.iter().map(|t| share * weight(*t)).collect(),
            centre,
            noise: (shape.noise * shape.noise).max(floor * floor),
        }
    }

    fn column(&self, basis: Basis) -> Vec<f64> {
        self.shape.times.iter().map(|t| basis.at(*t)).collect()
    }

    /// The fit of a basis whose heights are given, by itself or with a kernel, a and the noise of the basis alone, by which
    /// the kick is measured.
    fn fit(
        &self,
        basis: usize,
        column: &[f64],
        kernel: Option<(usize, (f64, f64))>,
        felt: &[Felt],
    ) -> Fit {
        let (mut a, mut b, mut square) = ([[0.0; 3]; 3], [0.0; 3], 0.0);
        let kick = |i: usize| kernel.zip(felt[i]).map_or(0.0, |((k, _), felt)| felt[k]);
        for (i, (w, h)) in self.weights.iter().zip(&self.shape.heights).enumerate() {
            let (x, y) = ([1.0, column[i], kick(i)], h - self.centre);
            for r in 0..3 {
                b[r] += w * x[r] * y;
                (0..3).for_each(|c| a[r][c] += w * x[r] * x[c]);
            }
            square += w * y * y;
        }
        let (prior, before) = self.prior(BASES[basis], column[0], kernel.map(|k| k.1));
        a.iter_mut().zip(prior).for_each(|(row, p)| {
            row.iter_mut().zip(p).for_each(|(a, p)| *a += p);
        });
        let (covariance, after) = inverse(&a);
        let mut mean = covariance.map(|row| dot(&row, &b));
        let n = self.shape.times.len() as f64;
        let misfit = (square - dot(&mean, &b)).max(0.0);
        let (shape0, scale0) = (1.0, self.noise);
        let variance = (scale0 + 0.5 * misfit) / (shape0 + 0.5 * n);
        let evidence = 0.5 * (before - after) - (shape0 + 0.5 * n) * libm::log(variance);
        mean[0] += self.centre;
        Fit {
            basis,
            kernel: kernel.map(|k| k.0),
            mean,
            covariance,
            variance,
            weight: evidence * (MOST_EVIDENCE / n).min(1.0) + BASES[basis].believed(),
        }
    }

    /// Precisions of the priors in units of the noise, and the logarithm of their determinant.
    fn prior(&self, basis: Basis, first: f64, known: Option<(f64, f64)>) -> ([[f64; 3]; 3], f64) {
        let (range, noise) = (self.shape.range, self.noise);
        let extent = (first - basis.at(1.0)).abs().max(1e-9);
        let spread = 3.0 * range / extent;
        let (c, a) = (
            noise / (16.0 * (range * range + noise)),
            noise / (spread * spread + noise),
        );
        // Without a kernel b stands alone, and is 0.
        let (ratio, b) = known.map_or((0.0, 1.0), |(slope, variance)| {
            let steep = basis.steepness();
            let spread = KICK.1 * steep * slope.max(1e-3 * range / extent);
            // Nothing may be seen of it: its spread must not grow with what the basis misses.
            (KICK.0 * steep, variance / (spread * spread + variance))
        });
        let out = [
            [c, 0.0, 0.0],
            [0.0, a + b * ratio * ratio, -b * ratio],
            [0.0, -b * ratio, b],
        ];
        (out, libm::log(c * a * b))
    }
}

/// The inverse of a positive definite matrix, and the logarithm of its determinant.
fn inverse(a: &[[f64; 3]; 3]) -> ([[f64; 3]; 3], f64) {
    // a = L·D·Lᵀ.
    let least = |d: f64| d.max(1e-300);
    let d0 = least(a[0][0]);
    let (l1, l2) = (a[1][0] / d0, a[2][0] / d0);
    let d1 = least(a[1][1] - l1 * a[1][0]);
    let m = (a[2][1] - l2 * a[1][0]) / d1;
    let d2 = least(a[2][2] - l2 * a[2][0] - m * m * d1);
    // Rows of L⁻¹.
    let rows = [[1.0, 0.0, 0.0], [-l1, 1.0, 0.0], [m * l1 - l2, -m, 1.0]];
    let mut out = [[0.0; 3]; 3];
    for (row, d) in rows.iter().zip([d0, d1, d2]) {
        for i in 0..3 {
            (0..3).for_each(|j| out[i][j] += row[i] * row[j] / d);
        }
    }
    (out, libm::log(d0) + libm::log(d1) + libm::log(d2))
}

fn weight(time: f64) -> f64 {
    0.1 + time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_gives_the_identity_and_the_determinant() {
        let a = [[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 2.0]];
        let (inverse, log) = inverse(&a);
        for (i, row) in a.iter().enumerate() {
            for j in 0..3 {
                let product = dot(row, &inverse.map(|of| of[j]));
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        // By the first row: 4·(6 − 1/16) − (2 + 1/8) − ½·(¼ + 3/2).
        let determinant = 4.0 * (6.0 - 0.0625) - (2.0 + 0.125) - 0.5 * (0.25 + 1.5);
        assert!((log - libm::log(determinant)).abs() < 1e-12);
    }

    #[test]
    fn a_curve_that_stays_falls_and_slows_down_is_followed() {
        let height = |t: f64| 0.1 + 0.5 / (1.0 + libm::pow(t / 0.6, 6.0));
        let times: Vec<f64> = (1..=60).map(|i| f64::from(i) / 60.0).collect();
        let heights: Vec<f64> = times.iter().map(|t| height(*t)).collect();
        let bank = Bank::new(&Shape::new(&times, &heights), &[None; 60]);
        for time in [1.0, 1.5, 3.0] {
            // A line and powers would take it 0.4 too far by 1.5, and 1.4 by 3.
            let guess = bank.at(time, None);
            assert!(
                (guess.mean - height(time)).abs() < 0.12,
                "{time}: {guess:?}"
            );
        }
    }

    #[test]
    fn a_fall_of_the_rate_that_was_seen_tells_what_the_next_one_does() {
        let felt = |t: f64| if t < 0.5 { 1.0 } else { 0.4 };
        let height = |t: f64, felt: f64| 2.0 + libm::pow(t, -0.4) + 0.3 * felt;
        let times: Vec<f64> = (1..=60).map(|i| f64::from(i) / 60.0).collect();
        let heights: Vec<f64> = times.iter().map(|t| height(*t, felt(*t))).collect();
        let shape = Shape::new(&times, &heights);
        let seen: Vec<Felt> = times.iter().map(|t| Some([felt(*t); KERNELS])).collect();
        let then = Some([0.1; KERNELS]);
        let told = Bank::new(&shape, &seen);
        let wanted = height(1.5, 0.1);
        let guess = told.at(1.5, then);
        assert!((guess.mean - wanted).abs() < 0.01, "{guess:?} {wanted}");
        let kick = told.kick(seen[59], then);
        assert!(
            (kick.moved + 0.09).abs() < 0.01 && kick.weight > 0.9,
            "{kick:?}"
        );
        let blind = Bank::new(&shape, &[None; 60]).at(1.5, None);
        assert!((blind.mean - wanted).abs() > 0.05, "{blind:?}");
    }
}
