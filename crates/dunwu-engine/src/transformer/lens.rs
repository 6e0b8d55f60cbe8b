//! The logit lens: what the readout makes of each layer.

use super::block::Layers;
use super::look::spaced;
use super::room::Room;
use super::shape::Shape;
use crate::matrix::Matrix;
use crate::order::{Cut, Order};
use crate::real::Real;
use crate::score::{Panel, Rule};
use crate::weights::Weights;

/// Most rows that are read out, and most answers where one row has not more.
const ROWS: usize = 1024;
const ANSWERS: usize = 8192;

/// The rows that are read out.
pub(super) fn sample(s: &Shape, rows: &[u32]) -> Vec<u32> {
    spaced(rows, ROWS.min((ANSWERS / s.answers).max(1)))
}

/// `lens.l` of every layer over the rows of an order, none of them trained on; nothing if there are none.
pub(super) fn lens<T: Real>(
    layers: &Layers<T>,
    weights: &Weights<T>,
    order: &Order,
    rule: &Rule<T>,
    room: &mut Room<T>,
) -> Vec<Matrix<T>> {
    let matrix = |l: usize| {
        let rows = order.len();
        Matrix::zeros(&format!("lens.{l}"), [rows, 2], rows, 2)
    };
    let depth = if order.len() > 0 {
        layers.shape.layers
    } else {
        0
    };
    let mut out: Vec<Matrix<T>> = (0..depth).map(matrix).collect();
    let mut first = 0;
    for cut in &order.cuts {
        layers.forward(weights, cut, room);
        let labels = &order.labels[first..][..cut.sequences * layers.shape.answers];
        for (l, to) in out.iter_mut().enumerate().rev() {
            if l + 1 < depth {
                layers.end_after(l, cut, room);
                layers.finish(weights, cut, room);
            }
            layers.read(rule, labels, room, &mut to.data[2 * first..]);
        }
        first += labels.len();
    }
    out
}

impl<T: Real> Layers<T> {
    /// Puts what layer `l`, which is not the last, gives at the positions that answer where the last one's stands.
    fn end_after(&self, l: usize, cut: &Cut, room: &mut Room<T>) {
        let s = &self.shape;
        let from = room.layers[l + 1].x.chunks_exact(s.sequence * s.stride);
        let to = room.last.chunks_exact_mut(s.answers * s.stride);
        for (to, from) in to.zip(from).take(cut.sequences) {
            to.copy_from_slice(&from[(s.sequence - s.answers) * s.stride..]);
        }
    }

    /// Loss and rightness of each of a block's outputs.
    fn read(&self, rule: &Rule<T>, labels: &[u32], room: &mut Room<T>, to: &mut [T]) {
        let (mut losses, mut answers) = (vec![0.0; labels.len()], vec![0; labels.len()]);
        let mut panel = Panel {
            inputs: &[],
            labels,
            train: &vec![false; labels.len()],
            losses: &mut losses,
            answers: &mut answers,
            gradient: &mut [],
            raw: &mut [],
        };
        self.score(rule, &mut panel, room);
        for (i, to) in to.chunks_exact_mut(2).take(labels.len()).enumerate() {
            to[0] = T::of(losses[i]);
            to[1] = T::of(f64::from(u8::from(answers[i] == labels[i])));
        }
    }
}
