//! What a probe may see of attention and of what the layers give.

use super::block::Layers;
use super::lanes::dot;
use super::room::{LayerRoom, Room};
use super::shape::Shape;
use crate::matrix::Matrix;
use crate::order::Cut;
use crate::real::Real;
use dunwu_core::Needs;

/// Most sequences that are looked at.
const SEQUENCES: usize = 64;
/// Most weights of a layer that are looked at, where one sequence has not more.
const WEIGHTS: usize = 1 << 20;

/// Evenly spaced rows, as many as are looked at: row i·n/count of n.
pub(super) fn sample(s: &Shape, rows: &[u32]) -> Vec<u32> {
    let one = s.heads * s.sequence * s.sequence;
    spaced(rows, SEQUENCES.min((WEIGHTS / one).max(1)))
}

/// At most `most` of the rows: row i·n/count of n.
pub(super) fn spaced(rows: &[u32], most: usize) -> Vec<u32> {
    let count = rows.len().min(most);
    (0..count).map(|i| rows[i * rows.len() / count]).collect()
}

/// Tensors of one layer, those that nobody asked for empty.
struct Layer<T> {
    attention: Matrix<T>,
    scores: Matrix<T>,
    stream: Matrix<T>,
    values: Matrix<T>,
}

/// Tensors of every layer, filled block by block.
pub(super) struct Maps<T> {
    layers: Vec<Layer<T>>,
    needs: Needs,
    /// Sequences so far.
    sequences: usize,
}

impl<T: Real> Maps<T> {
    pub(super) fn new(s: &Shape, sequences: usize, needs: Needs) -> Self {
        let layer = |l: usize| {
            let matrix = |name: &str, wanted: bool, rows: usize, cols: usize, stride: usize| {
                let rows = if wanted { sequences * rows } else { 0 };
                Matrix::zeros(&format!("{name}.{l}"), [rows, cols], rows, stride)
            };
            let (asked, all) = (s.queries(l), s.sequence);
            let map = |name: &str| matrix(name, needs.attention, s.heads * asked, all, all);
            Layer {
                attention: map("attention"),
                scores: map("scores"),
                stream: matrix("stream", needs.layers, asked, s.width, s.stride),
                values: matrix("values", needs.attention, all, s.heads, s.heads),
            }
        };
        Self {
            layers: (0..s.layers).map(layer).collect(),
            needs,
            sequences: 0,
        }
    }

    /// Takes what a forward pass over a block left in the room.
    pub(super) fn push(&mut self, layers: &Layers<T>, cut: &Cut, room: &Room<T>) {
        let s = &layers.shape;
        for (l, maps) in self.layers.iter_mut().enumerate() {
            let layer = &room.layers[l];
            if self.needs.attention {
                let one = s.heads * s.queries(l) * s.sequence;
                let weights = &layer.weighed.weights[..cut.sequences * one];
                maps.attention.data[self.sequences * one..][..weights.len()]
                    .copy_from_slice(weights);
                let to = &mut maps.scores.data[self.sequences * one..][..weights.len()];
                scores(layers, l, cut, layer, to);
                let to = &mut maps.values.data[self.sequences * s.sequence * s.heads..];
                norms(layers, l, cut, layer, to);
            }
            if self.needs.layers {
                let one = s.queries(l) * s.stride;
                let given = room.layers.get(l + 1).map_or(&room.last, |next| &next.x);
                let to = &mut maps.stream.data[self.sequences * one..][..cut.sequences * one];
                to.copy_from_slice(&given[..cut.sequences * one]);
            }
        }
        self.sequences += cut.sequences;
    }

    /// The tensors that were asked for.
    pub(super) fn all(self) -> impl Iterator<Item = Matrix<T>> {
        let needs = self.needs;
        self.layers.into_iter().flat_map(move |layer| {
            let attention = [layer.attention, layer.scores, layer.values];
            let attention = attention.into_iter().filter(move |_| needs.attention);
            attention.chain(needs.layers.then_some(layer.stream))
        })
    }
}

/// q·k/√(width of a head) of every position that is seen, −∞ elsewhere.
fn scores<T: Real>(layers: &Layers<T>, l: usize, cut: &Cut, room: &LayerRoom<T>, to: &mut [T]) {
    let (s, queries) = (&layers.shape, layers.shape.queries(l));
    let scale = T::of(1.0 / (s.head() as f64).sqrt());
    to.fill(T::of(f64::NEG_INFINITY));
    let place = |sequence: usize, position: usize, h: usize| {
        layers.row(l, cut, sequence * s.sequence + position) * s.stride + h * s.head()
    };
    for (i, row) in to.chunks_exact_mut(s.sequence).enumerate() {
        let (sequence, h) = (i / queries / s.heads, i / queries % s.heads);
        let asking = s.sequence - queries + i % queries;
        let q = &room.q[place(sequence, asking, h)..][..s.head()];
        for j in s.visible(asking) {
            row[j] = scale * dot(q, &room.k[place(sequence, j, h)..][..s.head()]);
        }
    }
}

/// Norm of the value of every head at every position.
fn norms<T: Real>(layers: &Layers<T>, l: usize, cut: &Cut, room: &LayerRoom<T>, to: &mut [T]) {
    let s = &layers.shape;
    let to = to
        .chunks_exact_mut(s.heads)
        .take(cut.sequences * s.sequence);
    for (i, to) in to.enumerate() {
        let v = &room.v[layers.row(l, cut, i) * s.stride..][..s.width];
        let heads = to.iter_mut().zip(v.chunks_exact(s.head()));
        heads.for_each(|(to, v)| *to = dot(v, v).sqrt());
    }
}
