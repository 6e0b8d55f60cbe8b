//! What a probe may see of attention.

use super::block::Layers;
use super::lanes::dot;
use super::room::Room;
use super::shape::Shape;
use crate::matrix::Matrix;
use crate::order::Cut;
use crate::real::Real;

/// Most sequences that are looked at.
const SEQUENCES: usize = 64;
/// Most weights of a layer that are looked at, where one sequence has not more.
const WEIGHTS: usize = 1 << 20;

/// Evenly spaced rows, as many as are looked at: row i·n/count of n.
pub(super) fn sample(s: &Shape, rows: &[u32]) -> Vec<u32> {
    let one = s.heads * s.sequence * s.sequence;
    let count = rows.len().min(SEQUENCES).min((WEIGHTS / one).max(1));
    (0..count).map(|i| rows[i * rows.len() / count]).collect()
}

/// `attention.l` and `values.l` of every layer, filled block by block.
pub(super) struct Maps<T> {
    pub all: Vec<Matrix<T>>,
    /// Sequences so far.
    sequences: usize,
}

impl<T: Real> Maps<T> {
    pub(super) fn new(s: &Shape, sequences: usize) -> Self {
        let mut all = Vec::new();
        for l in 0..s.layers {
            let asked = sequences * s.heads * s.queries(l);
            let mut add = |name: String, rows: usize, cols: usize| {
                all.push(Matrix::zeros(&name, [rows, cols], rows, cols));
            };
            add(format!("attention.{l}"), asked, s.sequence);
            add(format!("values.{l}"), sequences * s.sequence, s.heads);
        }
        Self { all, sequences: 0 }
    }

    /// Takes what a forward pass over a block left in the room.
    pub(super) fn push(&mut self, layers: &Layers<T>, cut: &Cut, room: &Room<T>) {
        let s = &layers.shape;
        for (l, (maps, layer)) in self.all.chunks_exact_mut(2).zip(&room.layers).enumerate() {
            let one = s.heads * s.queries(l) * s.sequence;
            let weights = &layer.weighed.weights[..cut.sequences * one];
            maps[0].data[self.sequences * one..][..weights.len()].copy_from_slice(weights);
            let to =
                maps[1].data[self.sequences * s.sequence * s.heads..].chunks_exact_mut(s.heads);
            for (i, to) in to.take(cut.sequences * s.sequence).enumerate() {
                let v = &layer.v[layers.row(l, cut, i) * s.stride..][..s.width];
                let heads = to.iter_mut().zip(v.chunks_exact(s.head()));
                heads.for_each(|(to, v)| *to = dot(v, v).sqrt());
            }
        }
        self.sequences += cut.sequences;
    }
}
