//! Updates from epoch to epoch.

use crate::matrix::{dot, letters, saved};
use crate::select::Setting;
use dunwu_core::{
    Cost, Dataset, NamedTensor, Needs, Probe, Reading, Snapshot, TensorData, TensorView, Values,
};

/// `update_norm.X` = ‖ΔX‖ and `update_cos.X` = 1 − cos(ΔX, previous ΔX), X = W (all but the readout), V.
#[derive(Default)]
struct Update {
    /// Weights and update of the epoch before, W and V, in single precision.
    before: [Vec<f32>; 2],
    update: [Vec<f32>; 2],
    /// Room for the next update.
    spare: [Vec<f32>; 2],
}

const LETTERS: [&str; 2] = ["W", "V"];

pub(crate) fn make(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Update::default())
}

/// Sets `update` to the change of the tensors since `before`, and `before` to the tensors, in single precision
/// and without a new allocation. False, and no update, if `before` was of another size.
pub(crate) fn advance(
    tensors: &[&TensorView<'_>],
    before: &mut Vec<f32>,
    update: &mut Vec<f32>,
) -> bool {
    let size = tensors.iter().map(|t| t.rows * t.cols).sum();
    let known = before.len() == size;
    before.resize(size, 0.0);
    update.resize(size, 0.0);
    let mut first = 0;
    for view in tensors {
        for i in 0..view.rows {
            let place = first..first + view.cols;
            let (old, change) = (&mut before[place.clone()], &mut update[place]);
            first += view.cols;
            let row = i * view.row_stride;
            if let (TensorData::F32(data), 1) = (view.data, view.col_stride) {
                step(old, change, data[row..row + view.cols].iter().copied());
            } else {
                step(old, change, (0..view.cols).map(|j| view.at(i, j) as f32));
            }
        }
    }
    known
}

#[inline(always)]
fn step(old: &mut [f32], change: &mut [f32], now: impl Iterator<Item = f32>) {
    for ((old, change), now) in old.iter_mut().zip(change).zip(now) {
        *change = now - *old;
        *old = now;
    }
}

impl Probe for Update {
    fn name(&self) -> &'static str {
        "update"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            (
                "update_cos.V".into(),
                "1 − cosine of consecutive updates of V",
            ),
            (
                "update_cos.W".into(),
                "1 − cosine of consecutive updates of W",
            ),
            ("update_norm.V".into(), "‖ΔV‖ of the last update"),
            ("update_norm.W".into(), "‖ΔW‖ of the last update"),
        ]
    }

    fn needs(&self) -> Needs {
        Needs::WEIGHTS
    }

    fn cost(&self) -> Cost {
        Cost::Cheap
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, _: &Dataset) -> Vec<Reading> {
        let mut out = Vec::new();
        for (k, (letter, tensors)) in letters(snapshot).into_iter().enumerate() {
            let tensors: Vec<_> = tensors.iter().map(|i| &snapshot.tensors[*i]).collect();
            let (before, last) = (&mut self.before[k], &mut self.update[k]);
            let mut update = std::mem::take(&mut self.spare[k]);
            if !advance(&tensors, before, &mut update) || update.is_empty() {
                last.clear();
                self.spare[k] = update;
                continue;
            }
            let norm = dot(&update, &update).sqrt();
            out.push(Reading::new(format!("update_norm.{letter}"), norm));
            if last.len() == update.len() {
                let cosine = dot(&update, last) / (norm * dot(last, last).sqrt());
                out.push(Reading::new(format!("update_cos.{letter}"), 1.0 - cosine));
            }
            self.spare[k] = std::mem::replace(last, update);
        }
        out
    }

    fn save(&self) -> Vec<NamedTensor> {
        let all = self
            .before
            .iter()
            .map(|v| ("before", v))
            .chain(self.update.iter().map(|v| ("update", v)));
        all.enumerate()
            .map(|(i, (what, v))| {
                saved(format!("{what}.{}", LETTERS[i % 2]), Values::F32(v.clone()))
            })
            .collect()
    }

    fn restore(&mut self, tensors: &[NamedTensor]) {
        for (i, letter) in LETTERS.iter().enumerate() {
            for (what, place) in [
                ("before", &mut self.before[i]),
                ("update", &mut self.update[i]),
            ] {
                let name = format!("{what}.{letter}");
                if let Some(NamedTensor {
                    values: Values::F32(v),
                    ..
                }) = tensors.iter().find(|t| t.name == name)
                {
                    place.clone_from(v);
                }
            }
        }
    }
}
