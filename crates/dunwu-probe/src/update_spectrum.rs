//! Singular values of the last updates.

use crate::matrix::{dot, letters, saved};
use crate::select::Setting;
use crate::update::advance;
use dunwu_core::{Cost, Dataset, NamedTensor, Needs, Probe, Reading, Snapshot, Values};
use faer::{Mat, Side};
use std::collections::VecDeque;

/// Updates in the window (arXiv 2605.08119).
const WINDOW: usize = 20;

/// Numbers of an update that stay in the nearest cache.
const BLOCK: usize = 4096;

/// `sigma23` = σ₂/σ₃ of the matrix whose rows are the last 20 updates of W (all but the readout);
/// `gram23` is its square, the ratio of eigenvalues of their Gram matrix, as arXiv 2605.08119 prints it.
///
/// The 20 × 20 Gram matrix is kept: an epoch costs 20 inner products. Holds 21 copies of W in single precision.
#[derive(Default)]
struct UpdateSpectrum {
    before: Vec<f32>,
    updates: VecDeque<Vec<f32>>,
    /// Room for the next update.
    spare: Vec<f32>,
    /// Inner products of each update with itself and those after it.
    gram: VecDeque<Vec<f64>>,
}

pub(crate) fn make(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(UpdateSpectrum::default())
}

impl UpdateSpectrum {
    fn push(&mut self, update: Vec<f32>) {
        if self.updates.len() == WINDOW {
            self.spare = self.updates.pop_front().expect("the window is full");
            self.gram.pop_front();
        }
        self.updates.push_back(update);
        self.gram.push_back(vec![]);
        let last = self.updates.back().expect("just pushed");
        self.gram.iter_mut().for_each(|row| row.push(0.0));
        // Block by block, so that the last update is read from memory once, not twenty times.
        for (i, block) in last.chunks(BLOCK).enumerate() {
            for (row, update) in self.gram.iter_mut().zip(&self.updates) {
                let part = dot(&update[i * BLOCK..][..block.len()], block);
                *row.last_mut().expect("a place for this product") += part;
            }
        }
    }

    /// σ₂/σ₃; NaN until the window is full.
    fn ratio(&self) -> f64 {
        if self.updates.len() < WINDOW {
            return f64::NAN;
        }
        let gram = Mat::from_fn(WINDOW, WINDOW, |i, j| {
            self.gram[i.min(j)][i.max(j) - i.min(j)]
        });
        let Ok(values) = gram.self_adjoint_eigenvalues(Side::Lower) else {
            return f64::NAN;
        };
        let largest = |k: usize| values[WINDOW - k].max(0.0);
        (largest(2) / largest(3)).sqrt()
    }
}

impl Probe for UpdateSpectrum {
    fn name(&self) -> &'static str {
        "update_spectrum"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            (
                "gram23".into(),
                "(σ₂/σ₃)², the ratio of eigenvalues of the updates' Gram matrix",
            ),
            ("sigma23".into(), "σ₂/σ₃ of the last 20 updates of W"),
        ]
    }

    fn needs(&self) -> Needs {
        Needs::WEIGHTS
    }

    fn cost(&self) -> Cost {
        Cost::Cheap
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, _: &Dataset) -> Vec<Reading> {
        let weights = &letters(snapshot)[0].1;
        let weights: Vec<_> = weights.iter().map(|i| &snapshot.tensors[*i]).collect();
        let mut update = std::mem::take(&mut self.spare);
        if advance(&weights, &mut self.before, &mut update) && !update.is_empty() {
            self.push(update);
        } else {
            self.spare = update;
        }
        let ratio = self.ratio();
        if !ratio.is_finite() {
            return vec![];
        }
        vec![
            Reading::new("gram23", ratio * ratio),
            Reading::new("sigma23", ratio),
        ]
    }

    fn save(&self) -> Vec<NamedTensor> {
        let mut out = vec![saved("before".into(), Values::F32(self.before.clone()))];
        for (i, (update, gram)) in self.updates.iter().zip(&self.gram).enumerate() {
            out.push(saved(format!("update.{i}"), Values::F32(update.clone())));
            out.push(saved(format!("gram.{i}"), Values::F64(gram.clone())));
        }
        out
    }

    fn restore(&mut self, tensors: &[NamedTensor]) {
        let find = |name: String| tensors.iter().find(|t| t.name == name).map(|t| &t.values);
        if let Some(Values::F32(before)) = find("before".into()) {
            self.before.clone_from(before);
        }
        for i in 0..WINDOW {
            if let (Some(Values::F32(update)), Some(Values::F64(gram))) =
                (find(format!("update.{i}")), find(format!("gram.{i}")))
            {
                self.updates.push_back(update.clone());
                self.gram.push_back(gram.clone());
            }
        }
    }
}
