//! Outputs and hidden nodes over all rows.

use super::block::Layers;
use super::cuts;
use super::room::Room;
use super::shape::Shape;
use crate::matrix::Matrix;
use crate::order::Cut;
use crate::pool::Pool;
use crate::real::Real;
use crate::weights::Weights;
use dunwu_core::Dataset;

/// `table.outputs` and, where there are perceptrons, `table.nodes.l` of each layer, at the position that answers.
pub(super) fn table<T: Real>(
    layers: &Layers<T>,
    rooms: &mut [Room<T>],
    pool: &Pool,
    weights: &Weights<T>,
    data: &Dataset,
    scale: T,
) -> Vec<Matrix<T>> {
    let s = &layers.shape;
    let cuts = cuts::whole(s, super::PARTS, data);
    let mut all = tensors(s, data.len());
    let strides: Vec<usize> = all.iter().map(|m| m.stride).collect();
    let mut rest: Vec<&mut [T]> = all.iter_mut().map(|m| &mut m.data[..]).collect();
    let mut own = |cut| (cut, own(&mut rest, &strides, cut));
    let blocks = cuts.iter().map(&mut own).collect();
    pool.each(blocks, rooms, |(cut, mut to), room| {
        layers.forward(weights, cut, room);
        keep(layers, cut, room, scale, &mut to);
    });
    all
}

/// The next rows of each tensor, one for each sequence of a block.
fn own<'a, T>(rest: &mut [&'a mut [T]], strides: &[usize], cut: &Cut) -> Vec<&'a mut [T]> {
    let mut out = Vec::with_capacity(rest.len());
    for (rest, stride) in rest.iter_mut().zip(strides) {
        let rows = rest.split_off_mut(..cut.sequences * stride);
        out.push(rows.expect("a row for every sequence"));
    }
    out
}

/// The tensors, of zeros.
fn tensors<T: Real>(s: &Shape, rows: usize) -> Vec<Matrix<T>> {
    let mut all = vec![Matrix::zeros(
        "table.outputs",
        [rows, s.classes],
        rows,
        s.pitch,
    )];
    for l in (0..s.layers).filter(|_| s.mlp > 0) {
        let name = format!("table.nodes.{l}");
        all.push(Matrix::zeros(&name, [rows, s.mlp], rows, s.mlp_stride));
    }
    all
}

/// Copies what a forward pass over a block left in the room.
fn keep<T: Real>(layers: &Layers<T>, cut: &Cut, room: &Room<T>, scale: T, to: &mut [&mut [T]]) {
    let s = &layers.shape;
    let (outputs, nodes) = to.split_first_mut().expect("outputs come first");
    for (to, x) in outputs.iter_mut().zip(&room.outputs[..]) {
        *to = *x * scale;
    }
    for (l, to) in nodes.iter_mut().enumerate() {
        let (queries, features) = (s.queries(l), &room.layers[l].features);
        for (b, to) in to
            .chunks_exact_mut(s.mlp_stride)
            .take(cut.sequences)
            .enumerate()
        {
            // Tables have one answer, at the last position.
            let at = (b * queries + queries - 1) * s.mlp_stride;
            to.copy_from_slice(&features[at..at + s.mlp_stride]);
        }
    }
}
