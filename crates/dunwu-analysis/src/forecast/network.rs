//! The quantile head: a small network from features to quantiles.
//!
//! 43 features, two layers of [`WIDE`] SiLU nodes, 17 quantiles of what the bank misses of asinh((value − level)/scale), in
//! units of [`width`]: the median and, on either side, softplus steps away from it, so that quantiles cannot cross. The mean of
//! [`MEMBERS`] such networks.

use super::features::FEATURES;
use super::quantiles::{COUNT, MEDIAN};

/// Nodes of a hidden layer.
pub(crate) const WIDE: usize = 32;
/// Networks that are averaged.
pub(crate) const MEMBERS: usize = 4;
/// Prefixes that stand for those that were learned from.
pub(crate) const PROTOTYPES: usize = 64;
/// Features that do not depend on when is asked about.
pub(crate) const OF_PREFIX: usize = 26;

/// The bank's forecast among the features, what it says of its uncertainty, and the logarithm of the time ahead.
pub(crate) const BANK: usize = 28;
const DEVIATION: usize = 29;
const AHEAD: usize = 26;

/// How far the bank may miss, in units of asinh: what it says of itself, and what grows with the time ahead. What is left to be
/// learned is of about the same size at all times.
pub(crate) fn width(features: &[f64; FEATURES]) -> f64 {
    let own = features[DEVIATION] * features[DEVIATION];
    (own + 0.02 * features[AHEAD] + 0.0009).sqrt()
}

/// Numbers of one member: weights and biases of three layers.
pub(crate) const PARAMETERS: usize = (FEATURES + 1) * WIDE + (WIDE + 1) * WIDE + (WIDE + 1) * COUNT;
/// Places of the second and the third layer.
pub(crate) const SECOND: usize = (FEATURES + 1) * WIDE;
pub(crate) const THIRD: usize = SECOND + (WIDE + 1) * WIDE;

/// Numbers of a whole [`Network`].
pub(crate) const NUMBERS: usize =
    2 * FEATURES + MEMBERS * PARAMETERS + PROTOTYPES * OF_PREFIX + 1 + 1 + COUNT;

/// A trained head, with what it needs to know how far a prefix lies from those it was trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub(crate) centre: [f32; FEATURES],
    pub(crate) spread: [f32; FEATURES],
    pub(crate) members: Vec<Vec<f32>>,
    /// Standardised features of prefixes, row by row.
    pub(crate) prototypes: Vec<f32>,
    /// Distance to the nearest prototype below which 95 % of the known prefixes lie.
    pub(crate) near: f32,
    /// By what the distance from the median is multiplied, so that 90 % intervals cover 90 %.
    pub(crate) stretch: f32,
    /// Quantiles of what the bank misses, in widths.
    pub(crate) residuals: [f32; COUNT],
}

/// What one member computes on its way.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub input: [f32; FEATURES],
    pub sums: [[f32; WIDE]; 2],
    pub hidden: [[f32; WIDE]; 2],
    pub raw: [f32; COUNT],
    pub out: [f32; COUNT],
}

pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

pub(crate) fn softplus(x: f32) -> f32 {
    if x > 20.0 {
        x
    } else {
        libm::log1pf(libm::expf(x))
    }
}

/// `bias + inputᵀ·weights` of a layer that begins with its biases.
fn layer<const N: usize>(layer: &[f32], input: &[f32]) -> [f32; N] {
    let mut out: [f32; N] = layer[..N]
        .try_into()
        .expect("a layer begins with its biases");
    for (x, row) in input.iter().zip(layer[N..].chunks_exact(N)) {
        for (o, w) in out.iter_mut().zip(row) {
            *o += x * w;
        }
    }
    out
}

/// Quantiles from what the last layer says.
pub(crate) fn unfold(raw: &[f32; COUNT]) -> [f32; COUNT] {
    let mut out = *raw;
    for i in MEDIAN + 1..COUNT {
        out[i] = out[i - 1] + softplus(raw[i]);
    }
    for i in (0..MEDIAN).rev() {
        out[i] = out[i + 1] - softplus(raw[i]);
    }
    out
}

pub(crate) fn forward(member: &[f32], input: [f32; FEATURES]) -> Activity {
    let first: [f32; WIDE] = layer(&member[..SECOND], &input);
    let a = first.map(|s| s * sigmoid(s));
    let second: [f32; WIDE] = layer(&member[SECOND..THIRD], &a);
    let b = second.map(|s| s * sigmoid(s));
    let raw = layer(&member[THIRD..], &b);
    Activity {
        input,
        sums: [first, second],
        hidden: [a, b],
        raw,
        out: unfold(&raw),
    }
}

impl Network {
    /// The head with another stretch of its intervals.
    #[must_use]
    pub fn with_stretch(self, stretch: f64) -> Self {
        Self {
            stretch: stretch as f32,
            ..self
        }
    }

    /// The features around 0, in units of their spread.
    pub(crate) fn standard(&self, features: &[f64; FEATURES]) -> [f32; FEATURES] {
        std::array::from_fn(|i| {
            ((features[i] as f32 - self.centre[i]) / self.spread[i]).clamp(-3.0, 3.0)
        })
    }

    /// Quantiles, calibrated, in the units of asinh((value − level)/scale).
    pub(crate) fn quantiles(&self, features: &[f64; FEATURES]) -> [f64; COUNT] {
        let input = self.standard(features);
        let mut sum = [0.0_f64; COUNT];
        for member in &self.members {
            for (s, o) in sum.iter_mut().zip(forward(member, input).out) {
                *s += f64::from(o) / MEMBERS as f64;
            }
        }
        let (median, width) = (sum[MEDIAN], width(features));
        sum.map(|q| features[BANK] + width * (median + f64::from(self.stretch) * (q - median)))
    }

    /// Root mean square distance to the nearest prototype, in units of [`Self::near`].
    pub(crate) fn novelty(&self, features: &[f64; FEATURES]) -> f64 {
        let near = f64::from(nearest(&self.standard(features), &self.prototypes));
        near / f64::from(self.near)
    }

    /// Reads the numbers of [`Self::to_bytes`]; None if they are not as many.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != 4 * NUMBERS {
            return None;
        }
        let numbers: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|c| f32::from_le_bytes(c.try_into().expect("four bytes")))
            .collect();
        let (centre, rest) = numbers.split_at(FEATURES);
        let (spread, rest) = rest.split_at(FEATURES);
        let (members, rest) = rest.split_at(MEMBERS * PARAMETERS);
        let (prototypes, rest) = rest.split_at(PROTOTYPES * OF_PREFIX);
        Some(Self {
            centre: centre.try_into().expect("split there"),
            spread: spread.try_into().expect("split there"),
            members: members
                .chunks_exact(PARAMETERS)
                .map(<[f32]>::to_vec)
                .collect(),
            prototypes: prototypes.to_vec(),
            near: rest[0],
            stretch: rest[1],
            residuals: rest[2..].try_into().expect("the rest"),
        })
    }

    /// All numbers, single precision, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let members = self.members.iter().flatten();
        let ends = [self.near, self.stretch];
        let numbers = self
            .centre
            .iter()
            .chain(&self.spread)
            .chain(members)
            .chain(&self.prototypes)
            .chain(&ends)
            .chain(&self.residuals);
        numbers.flat_map(|x| x.to_le_bytes()).collect()
    }
}

/// Root mean square distance of a prefix to the nearest prototype.
pub(crate) fn nearest(prefix: &[f32; FEATURES], prototypes: &[f32]) -> f32 {
    let square = |p: &[f32]| {
        p.iter()
            .zip(prefix)
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>()
    };
    let least = prototypes
        .chunks_exact(OF_PREFIX)
        .map(square)
        .fold(f32::INFINITY, f32::min);
    (least / OF_PREFIX as f32).sqrt()
}
