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
}

const LETTERS: [&str; 2] = ["W", "V"];

pub(crate) fn make(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Update::default())
}

/// The elements of a matrix, row by row, in single precision.
pub(crate) fn flat(view: &TensorView<'_>, out: &mut Vec<f32>) {
    for i in 0..view.rows {
        let row = i * view.row_stride;
        match view.data {
            TensorData::F32(data) if view.col_stride == 1 => {
                out.extend_from_slice(&data[row..row + view.cols])
            }
            _ => out.extend((0..view.cols).map(|j| view.at(i, j) as f32)),
        }
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
            let mut now = Vec::with_capacity(self.before[k].len());
            tensors
                .iter()
                .for_each(|i| flat(&snapshot.tensors[*i], &mut now));
            if self.before[k].len() == now.len() && !now.is_empty() {
                let update: Vec<f32> = now
                    .iter()
                    .zip(&self.before[k])
                    .map(|(a, b)| a - b)
                    .collect();
                let norm = dot(&update, &update).sqrt();
                out.push(Reading::new(format!("update_norm.{letter}"), norm));
                if self.update[k].len() == update.len() {
                    let last = dot(&self.update[k], &self.update[k]).sqrt();
                    let cosine = dot(&update, &self.update[k]) / (norm * last);
                    out.push(Reading::new(format!("update_cos.{letter}"), 1.0 - cosine));
                }
                self.update[k] = update;
            }
            self.before[k] = now;
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
