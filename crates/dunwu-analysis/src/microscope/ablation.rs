//! What the answers lose without a feature.

use super::logits::{Scores, centred, check};
use super::network::{product, transposed};
use super::parts::{ALL, EXCLUDED, Parts, REMOVED, RESTRICTED};
use dunwu_core::Dataset;
use dunwu_task::Features;
use serde::Serialize;

/// Part of the centred outputs' energy that the key features have together, where none are named.
pub const KEY: f64 = 0.95;

/// Where a feature is cut out of the outputs o(a, b)_c.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Π_k on operand 1 and Π_k on operand 2: the functions of (a, b) with frequency k in both.
    Operands,
    /// Π_k on the class c.
    Label,
}

/// The scores without one feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Removed {
    /// Index of the feature.
    pub feature: usize,
    /// Its name.
    pub name: String,
    /// Its part of the energy Σ õ² of the centred outputs.
    pub energy: f64,
    /// The scores of what is left.
    pub scores: Scores,
}

/// Features cut out of the outputs.
///
/// Nanda et al. (arXiv 2301.05217) keep or remove the directions cos ω(a+b), sin ω(a+b); here the
/// whole of Π_k ⊗ Π_k is kept or removed, which has a meaning for every group.
///
/// High restricted accuracy alone is no sign that a network has learned the task: the projection knows
/// the group, and spreads answers given on the training rows over all others. A network that memorised a
/// tenth of Z71 and is never right on held-out rows scores 0.98 there once it is restricted to 33 of
/// 35 frequencies. What such a network does not have is energy in the features: look at `mixed`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ablation {
    /// Where the features are cut out.
    pub side: Side,
    /// Scores of the outputs as they are.
    pub all: Scores,
    /// Each feature removed by itself, the constant left in place.
    pub removed: Vec<Removed>,
    /// The key features, largest energy first.
    pub key: Vec<usize>,
    /// Only the constant and the key features kept: the restricted scores.
    pub restricted: Scores,
    /// The key features removed: the excluded scores.
    pub excluded: Scores,
    /// Part of the energy outside all Π_k ⊗ Π_k, in mixed frequencies; 0 on the side of the label.
    pub mixed: f64,
}

/// The ablation of outputs on the full table of a two-operand task.
///
/// Key features are those given, or the fewest that have [`KEY`] of the energy that non-constant
/// features have together.
///
/// # Errors
/// A sentence if the rows are not the full table, or the tokens (classes) not those of the features.
pub fn ablation(
    outputs: &[f64],
    data: &Dataset,
    features: &Features,
    side: Side,
    key: Option<&[usize]>,
) -> Result<Ablation, String> {
    check(outputs, data)?;
    // No score changes when a row's outputs are shifted together.
    let outputs = &centred(outputs, data.classes);
    let split = match side {
        Side::Operands => Split::operands(outputs, data, features)?,
        Side::Label => Split::label(outputs, data, features)?,
    };
    let energies = split.energies();
    let key = key.map_or_else(|| largest(&energies), <[usize]>::to_vec);
    let scores = Parts::of(split).scores(outputs, data, &key);
    let removed = |k: usize| Removed {
        feature: k,
        name: features.names[k].clone(),
        energy: energies[k],
        scores: scores[REMOVED + k],
    };
    Ok(Ablation {
        side,
        all: scores[ALL],
        removed: (1..features.len()).map(removed).collect(),
        restricted: scores[RESTRICTED],
        excluded: scores[EXCLUDED],
        key,
        mixed: (1.0 - energies.iter().sum::<f64>()).max(0.0),
    })
}

/// The fewest features with [`KEY`] of the energy of all but the constant.
fn largest(energies: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (1..energies.len()).collect();
    order.sort_by(|i, j| energies[*j].total_cmp(&energies[*i]));
    let total: f64 = energies[1..].iter().sum();
    let mut reached = 0.0;
    let is_needed = |k: &usize| {
        let before = reached;
        reached += energies[*k];
        total > 0.0 && before < KEY * total
    };
    order.into_iter().take_while(is_needed).collect()
}

/// Centred outputs in the basis of the features.
pub(crate) struct Split<'a> {
    pub(crate) features: &'a Features,
    pub(crate) side: Side,
    pub(crate) classes: usize,
    /// Operands: basis × basis × classes. Label: rows × basis.
    pub(crate) spectrum: Vec<f64>,
}

impl<'a> Split<'a> {
    fn operands(outputs: &[f64], data: &Dataset, features: &'a Features) -> Result<Self, String> {
        let m = features.tokens;
        if data.vocab != [m, m] || data.len() != m * m {
            return Err(format!(
                "{} has {} rows of {} operands, expected the full table of {m} × {m}",
                data.task,
                data.len(),
                data.operands()
            ));
        }
        Ok(Self {
            features,
            side: Side::Operands,
            classes: data.classes,
            spectrum: both(&features.basis, outputs, m, data.classes),
        })
    }

    fn label(outputs: &[f64], data: &Dataset, features: &'a Features) -> Result<Self, String> {
        let m = features.tokens;
        if data.classes != m {
            let classes = data.classes;
            return Err(format!(
                "there are {classes} classes, but features of {m} tokens"
            ));
        }
        let basis = transposed(&features.basis, m);
        Ok(Self {
            features,
            side: Side::Label,
            classes: m,
            spectrum: product(outputs, data.len(), &basis, m),
        })
    }

    /// Each feature's part of Σ õ²: the basis is orthonormal, so the sum of its squares.
    fn energies(&self) -> Vec<f64> {
        let square = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
        let total = square(&self.spectrum);
        let energy = |k: usize| {
            let own: f64 = self.blocks(k).map(square).sum();
            if total > 0.0 { own / total } else { 0.0 }
        };
        (0..self.features.len()).map(energy).collect()
    }

    /// The pieces of the spectrum that belong to one feature.
    pub(crate) fn blocks(&self, k: usize) -> impl Iterator<Item = &[f64]> {
        let (m, range) = (self.features.tokens, self.features.ranges[k].clone());
        let (count, width) = match self.side {
            Side::Operands => (m, self.classes),
            Side::Label => (self.spectrum.len() / m, 1),
        };
        let is_own = move |i: &usize| self.side == Side::Label || range.contains(i);
        let columns = self.features.ranges[k].clone();
        (0..count).filter(is_own).map(move |i| {
            let first = (i * m + columns.start) * width;
            &self.spectrum[first..first + columns.len() * width]
        })
    }
}

/// The basis on both operands: basis × basis × classes.
fn both(basis: &[f64], outputs: &[f64], m: usize, classes: usize) -> Vec<f64> {
    let first = product(basis, m, outputs, m * classes);
    let slices = first.chunks_exact(m * classes);
    slices
        .flat_map(|slice| product(basis, m, slice, classes))
        .collect()
}
