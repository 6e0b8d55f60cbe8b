//! Which layer of a transformer learns, and when.

use crate::matrix::{dot, saved};
use crate::select::Setting;
use dunwu_core::{
    Cost, Dataset, LossAt, NamedTensor, Needs, Probe, Reading, Snapshot, TensorView, Values,
};

/// Of layer l, counted from 0:
///
/// - `lens_loss.l`, `lens_acc.l`: loss and accuracy on up to 1024 held-out rows if the final norm and the readout came
///   right after layer l; after the last layer they are the network's own;
/// - `massive.l`: largest |x| of the residual stream after layer l over its median, over up to 64 training sequences,
///   and `massive_at.l` the position of that largest number (massive activations, arXiv 2402.17762: above 100 and a
///   thousand times the median);
/// - `layer_grad.l`: ‖∂loss/∂x‖, x what layer l gives, over all training rows;
/// - `layer_moved.l`: ‖θ − θ₀‖/‖θ₀‖, θ the weights of layer l (attention, perceptron, norms) and θ₀ those of the first
///   reading; `layer_update.l`: ‖θ − θ′‖/‖θ′‖, θ′ of the reading before.
///
/// Of the last layer positions that answer alone are computed, so its stream is theirs. Holds two copies of the layers'
/// weights in single precision.
struct Layers {
    /// Number of layers; 0 if the network is no transformer.
    count: usize,
    loss_at: LossAt,
    /// Weights of each layer at the first reading, and at the reading before.
    start: Vec<Vec<f32>>,
    before: Vec<Vec<f32>>,
}

/// Columns of layer l, `NAME.l`.
const COLUMNS: [(&str, &str); 7] = [
    ("layer_grad", "norm of the gradient at what layer l gives"),
    (
        "layer_moved",
        "distance of the layer's weights from the start over their norm there",
    ),
    (
        "layer_update",
        "change of the layer's weights since the reading before over their norm then",
    ),
    (
        "lens_acc",
        "held-out accuracy if the readout came after layer l",
    ),
    (
        "lens_loss",
        "held-out loss if the readout came after layer l",
    ),
    (
        "massive",
        "largest |x| of the residual stream after layer l over its median",
    ),
    ("massive_at", "position of that number, from 0"),
];

pub(crate) fn make(setting: &Setting<'_>) -> Box<dyn Probe> {
    let t = setting.plan.transformer.as_ref();
    Box::new(Layers {
        count: t.map_or(0, |t| t.layers),
        loss_at: t.map_or(LossAt::Answer, |t| t.loss_at),
        start: vec![],
        before: vec![],
    })
}

impl Probe for Layers {
    fn name(&self) -> &'static str {
        "layers"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        let layers = 0..self.count.max(1);
        let each = COLUMNS.iter().flat_map(|(name, says)| {
            let layers = layers.clone();
            layers.map(move |l| (format!("{name}.{l}"), *says))
        });
        each.collect()
    }

    fn needs(&self) -> Needs {
        let is_one = self.count > 0;
        Needs {
            gradients: is_one,
            layers: is_one,
            weights: is_one,
            ..Needs::NONE
        }
    }

    fn cost(&self) -> Cost {
        Cost::Moderate
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, data: &Dataset) -> Vec<Reading> {
        let mut out = Vec::new();
        for l in 0..self.count {
            let get = |name: &str| snapshot.get(&format!("{name}.{l}"));
            let mut push = |name: &str, value: f64| {
                if value.is_finite() {
                    out.push(Reading::new(format!("{name}.{l}"), value));
                }
            };
            if let Some(reach) = get("reach") {
                push("layer_grad", reach.at(0, 0));
            }
            if let Some([moved, update]) = self.advance(l, snapshot) {
                push("layer_moved", moved);
                push("layer_update", update);
            }
            if let Some(lens) = get("lens") {
                push("lens_acc", mean(lens, 1));
                push("lens_loss", mean(lens, 0));
            }
            if let Some(stream) = get("stream") {
                let (size, row) = massive(stream);
                push("massive", size);
                push("massive_at", self.position(l, row, data) as f64);
            }
        }
        out
    }

    fn save(&self) -> Vec<NamedTensor> {
        let all = [("start", &self.start), ("before", &self.before)];
        let each = all.into_iter().flat_map(|(name, layers)| {
            let layers = layers.iter().enumerate();
            layers.map(move |(l, w)| saved(format!("{name}.{l}"), Values::F32(w.clone())))
        });
        each.collect()
    }

    fn restore(&mut self, tensors: &[NamedTensor]) {
        for l in 0..self.count {
            for (name, to) in [("start", &mut self.start), ("before", &mut self.before)] {
                let name = format!("{name}.{l}");
                let found = tensors.iter().find(|t| t.name == name);
                if let Some(Values::F32(w)) = found.map(|t| &t.values) {
                    to.push(w.clone());
                }
            }
        }
    }
}

impl Layers {
    /// Position of a row of the stream after layer `l`: of the last layer those that answer have one.
    fn position(&self, l: usize, row: usize, data: &Dataset) -> usize {
        let sequence = data.operands() + usize::from(data.given.is_none());
        let answers = match (data.given, self.loss_at) {
            (Some(given), LossAt::Answer) => data.operands() - given + 1,
            _ => 1,
        };
        let there = if l + 1 == self.count {
            answers
        } else {
            sequence
        };
        sequence - there + row % there
    }

    /// How far the weights of layer `l` have come from the start, and since the reading before; None if there are none.
    fn advance(&mut self, l: usize, snapshot: &Snapshot<'_>) -> Option<[f64; 2]> {
        let prefix = format!("layers.{l}.");
        let own = snapshot
            .tensors
            .iter()
            .filter(|t| t.name.starts_with(&prefix));
        let now: Vec<f32> = own.flat_map(|t| t.to_f64()).map(|x| x as f32).collect();
        if now.is_empty() {
            return None;
        }
        if self.start.len() == l {
            self.start.push(now.clone());
        }
        let far = |from: &[f32]| {
            let apart: Vec<f32> = now.iter().zip(from).map(|(a, b)| a - b).collect();
            (dot(&apart, &apart) / dot(from, from)).sqrt()
        };
        let moved = far(&self.start[l]);
        let Some(before) = self.before.get_mut(l) else {
            self.before.push(now);
            return Some([moved, f64::NAN]);
        };
        let update = far(before);
        *before = now;
        Some([moved, update])
    }
}

/// Mean of a column.
fn mean(view: &TensorView<'_>, column: usize) -> f64 {
    let all = (0..view.rows).map(|i| view.at(i, column));
    all.sum::<f64>() / view.rows as f64
}

/// The largest |x| over the median |x|, and the row that holds it.
fn massive(stream: &TensorView<'_>) -> (f64, usize) {
    let mut sizes: Vec<f64> = stream.to_f64().into_iter().map(f64::abs).collect();
    let larger = |best: usize, i: usize| if sizes[i] > sizes[best] { i } else { best };
    let top = (0..sizes.len()).fold(0, larger);
    let largest = sizes.get(top).copied().unwrap_or(f64::NAN);
    let middle = sizes.len() / 2;
    if sizes.is_empty() {
        return (f64::NAN, 0);
    }
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    (largest / *median, top / stream.cols)
}
