//! One block of sequences through all layers, and back.

use super::Part;
use super::attention::{Heads, RowGrads, Rows, Side};
use super::lanes::{add, dot};
use super::norm::Normed;
use super::room::{Grads, LayerRoom, Room};
use super::rotary::Rotary;
use super::shape::{LayerSlots, MlpSlots, Shape, Slots};
use crate::activation::Function;
use crate::kernel::widest;
use crate::matrix::Matrix;
use crate::order::Cut;
use crate::real::Real;
use crate::weights::Weights;
use dunwu_core::{NormPlace, Positions};
use pulp::Arch;

/// What the passes of every block share.
pub(crate) struct Layers<T> {
    pub shape: Shape,
    pub slots: Slots,
    pub function: Function<T>,
    pub rotary: Option<Rotary<T>>,
    pub arch: Arch,
}

/// to ← beta·to + a·w, rows of a `w.rows` padded to whole lanes apart.
fn times<T: Real>(rows: usize, a: &[T], w: &Matrix<T>, to: &mut [T], beta: T) {
    let a = (a, [padded(w.rows), 1]);
    let to = (to, [w.stride, 1]);
    T::matmul(
        [rows, w.rows, w.cols],
        a,
        (&w.data, [w.stride, 1]),
        to,
        T::ONE,
        beta,
    );
}

/// to ← beta·to + grad·wᵀ.
fn back<T: Real>(rows: usize, grad: &[T], w: &Matrix<T>, to: &mut [T], beta: T) {
    let to = (to, [padded(w.rows), 1]);
    T::matmul(
        [rows, w.cols, w.rows],
        (grad, [w.stride, 1]),
        (&w.data, [1, w.stride]),
        to,
        T::ONE,
        beta,
    );
}

/// to ← to + aᵀ·grad.
fn outer<T: Real>(rows: usize, a: &[T], grad: &[T], to: &mut Matrix<T>) {
    let a = (a, [1, padded(to.rows)]);
    let shape = [to.rows, rows, to.cols];
    let stride = [to.stride, 1];
    T::matmul(
        shape,
        a,
        (grad, stride),
        (&mut to.data, stride),
        T::ONE,
        T::ONE,
    );
}

fn padded(cols: usize) -> usize {
    cols.next_multiple_of(crate::maths::LANES)
}

/// Adds a vector to each row.
#[inline(always)]
fn add_to_rows<T: Real>(rows: &mut [T], stride: usize, vector: &[T]) {
    for row in rows.chunks_exact_mut(stride) {
        add(row, &vector[..stride]);
    }
}

/// Adds the rows to a vector.
#[inline(always)]
fn add_rows<T: Real>(vector: &mut [T], stride: usize, rows: &[T]) {
    for row in rows.chunks_exact(stride) {
        add(&mut vector[..stride], row);
    }
}

/// 1/(1 + e⁻ˣ).
#[inline(always)]
fn logistic<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}

impl<T: Real> Layers<T> {
    /// Row of a position of a sequence in what layer `l` sees.
    #[inline(always)]
    pub(super) fn row(&self, l: usize, cut: &Cut, i: usize) -> usize {
        if l == 0 { cut.at[i] as usize } else { i }
    }

    /// Number of rows that layer `l` sees.
    fn rows(&self, l: usize, cut: &Cut) -> usize {
        if l == 0 {
            cut.places.len()
        } else {
            cut.sequences * self.shape.sequence
        }
    }

    /// Position of a row that layer `l` sees.
    #[inline(always)]
    fn position(&self, l: usize, cut: &Cut, row: usize) -> usize {
        if l == 0 {
            cut.places[row][1] as usize
        } else {
            row % self.shape.sequence
        }
    }

    fn heads<'a>(&'a self, l: usize, cut: &'a Cut, weights: &'a Weights<T>) -> Heads<'a, T> {
        let sink = self.slots.layers[l].sink;
        Heads {
            shape: &self.shape,
            sequences: cut.sequences,
            queries: self.shape.queries(l),
            at: (l == 0).then_some(cut.at.as_slice()),
            logits: sink.map(|slot| &weights.all[slot].data[..]),
        }
    }

    /// Visits the rows of the positions that ask: number of the query in the block, row that layer `l` sees.
    #[inline(always)]
    fn asking(&self, l: usize, cut: &Cut, mut visit: impl FnMut(usize, usize)) {
        let (n, queries) = (self.shape.sequence, self.shape.queries(l));
        for b in 0..cut.sequences {
            for i in 0..queries {
                visit(b * queries + i, self.row(l, cut, b * n + n - queries + i));
            }
        }
    }

    /// Outputs of the answers of a block, in `room.outputs`.
    pub(crate) fn forward(&self, weights: &Weights<T>, cut: &Cut, room: &mut Room<T>) {
        widest(
            self.arch,
            #[inline(always)]
            || self.embed(weights, cut, &mut room.layers[0].x),
        );
        for l in 0..self.shape.layers {
            let (layers, after) = room.layers.split_at_mut(l + 1);
            let to = after.first_mut().map_or(&mut room.last, |next| &mut next.x);
            self.layer(l, weights, cut, &mut layers[l], to, &mut room.side);
        }
        self.finish(weights, cut, room);
    }

    /// From what stands in `room.last` to the outputs.
    pub(super) fn finish(&self, weights: &Weights<T>, cut: &Cut, room: &mut Room<T>) {
        let rows = cut.sequences * self.shape.answers;
        if let (Some(slot), Some(norm)) = (self.slots.norm, &mut room.norm) {
            self.normalise(
                norm,
                &weights.all[slot],
                &room.last[..rows * self.shape.stride],
            );
        }
        self.read_out(weights, rows, room);
    }

    /// What the readout sees: a row for each answer.
    pub(crate) fn features<'r>(&self, cut: &Cut, room: &'r Room<T>) -> &'r [T] {
        let x = room.norm.as_ref().map_or(&room.last, |norm| &norm.out);
        &x[..cut.sequences * self.shape.answers * self.shape.stride]
    }

    fn read_out(&self, weights: &Weights<T>, rows: usize, room: &mut Room<T>) {
        let s = &self.shape;
        let x = room.norm.as_ref().map_or(&room.last, |norm| &norm.out);
        match self.slots.readout {
            Some(slot) => times(rows, x, &weights.all[slot], &mut room.outputs, T::ZERO),
            None => {
                let e = &weights.all[self.slots.embedding];
                let (x, to) = (
                    (&x[..], [s.stride, 1]),
                    (&mut room.outputs[..], [s.pitch, 1]),
                );
                T::matmul(
                    [rows, s.width, s.classes],
                    x,
                    (&e.data, [1, e.stride]),
                    to,
                    T::ONE,
                    T::ZERO,
                );
            }
        }
    }

    #[inline(always)]
    fn embed(&self, weights: &Weights<T>, cut: &Cut, x: &mut [T]) {
        let stride = self.shape.stride;
        let tokens = &weights.all[self.slots.embedding].data;
        let positions = self.slots.positions.map(|slot| &weights.all[slot].data);
        for (x, [token, position]) in x.chunks_exact_mut(stride).zip(&cut.places) {
            x.copy_from_slice(&tokens[*token as usize * stride..][..stride]);
            if let Some(positions) = positions {
                add(x, &positions[*position as usize * stride..][..stride]);
            }
        }
    }

    fn normalise(&self, norm: &mut Normed<T>, vectors: &Matrix<T>, x: &[T]) {
        widest(
            self.arch,
            #[inline(always)]
            || norm.forward(self.shape.norm, vectors, x),
        );
    }

    /// Layer `l`: from `room.x` to `y` at the positions that ask.
    fn layer(
        &self,
        l: usize,
        weights: &Weights<T>,
        cut: &Cut,
        room: &mut LayerRoom<T>,
        y: &mut [T],
        side: &mut Side<T>,
    ) {
        let (s, slots) = (&self.shape, &self.slots.layers[l]);
        let (rows, asked) = (self.rows(l, cut), cut.sequences * s.queries(l));
        let pre = s.place == NormPlace::Pre;
        let at = |slot: Option<usize>| slot.map(|slot| &weights.all[slot]);
        if let (true, Some(norm), Some(vectors)) = (pre, &mut room.norms[0], at(slots.norms[0])) {
            self.normalise(norm, vectors, &room.x[..rows * s.stride]);
        }
        self.project(l, weights, cut, room);
        let heads = self.heads(l, cut, weights);
        widest(
            self.arch,
            #[inline(always)]
            || {
                let seen = Rows {
                    q: &room.q,
                    k: &room.k,
                    v: &room.v,
                };
                heads.forward(seen, &mut room.weighed, &mut room.found, side);
                if s.gate {
                    self.asking(
                        l,
                        cut,
                        #[inline(always)]
                        |query, row| {
                            let (found, gate) = (query * s.stride, row * s.stride);
                            for i in 0..s.width {
                                room.gated[found + i] =
                                    room.found[found + i] * logistic(room.gate[gate + i]);
                            }
                        },
                    );
                }
                self.asking(
                    l,
                    cut,
                    #[inline(always)]
                    |query, row| {
                        let from = &room.x[row * s.stride..][..s.stride];
                        room.middle[query * s.stride..][..s.stride].copy_from_slice(from);
                    },
                );
            },
        );
        let found = if s.gate { &room.gated } else { &room.found };
        times(
            asked,
            found,
            &weights.all[slots.out],
            &mut room.middle,
            T::ONE,
        );
        if let (false, Some(norm), Some(vectors)) = (pre, &mut room.norms[0], at(slots.norms[0])) {
            self.normalise(norm, vectors, &room.middle[..asked * s.stride]);
        }
        self.perceive(slots, weights, asked, room, y);
    }

    /// Queries, keys, values and gates of all rows.
    fn project(&self, l: usize, weights: &Weights<T>, cut: &Cut, room: &mut LayerRoom<T>) {
        let (s, slots, rows) = (&self.shape, &self.slots.layers[l], self.rows(l, cut));
        let normed = room.norms[0].as_ref().filter(|_| s.place == NormPlace::Pre);
        let x = normed.map_or(&room.x, |norm| &norm.out);
        times(rows, x, &weights.all[slots.q], &mut room.q, T::ZERO);
        times(rows, x, &weights.all[slots.k], &mut room.k, T::ZERO);
        times(rows, x, &weights.all[slots.v], &mut room.v, T::ZERO);
        if let Some(gate) = slots.gate {
            times(rows, x, &weights.all[gate], &mut room.gate, T::ZERO);
        }
        if self.rotary.is_some() {
            self.turn(l, cut, [&mut room.q, &mut room.k], false);
        }
    }

    /// Turns queries and keys by their positions, or back.
    fn turn(&self, l: usize, cut: &Cut, rows: [&mut [T]; 2], is_back: bool) {
        let Some(rotary) = &self.rotary else { return };
        let (stride, width) = (self.shape.stride, self.shape.width);
        let count = self.rows(l, cut);
        for all in rows {
            for (row, numbers) in all.chunks_exact_mut(stride).take(count).enumerate() {
                rotary.turn(&mut numbers[..width], self.position(l, cut, row), is_back);
            }
        }
    }

    /// The perceptron: from the middle to `y`.
    fn perceive(
        &self,
        slots: &LayerSlots,
        weights: &Weights<T>,
        rows: usize,
        room: &mut LayerRoom<T>,
        y: &mut [T],
    ) {
        let s = &self.shape;
        let used = rows * s.stride;
        let post = s.place == NormPlace::Post;
        let at = |slot: usize| &weights.all[slot];
        let [first, second] = &mut room.norms;
        let middle = first
            .as_ref()
            .filter(|_| post)
            .map_or(&room.middle, |norm| &norm.out);
        y[..used].copy_from_slice(&middle[..used]);
        let Some(mlp) = slots.mlp else { return };
        if let (false, Some(norm), Some(slot)) = (post, second.as_mut(), slots.norms[1]) {
            self.normalise(norm, at(slot), &middle[..used]);
        }
        let seen = second
            .as_ref()
            .filter(|_| !post)
            .map_or(middle, |norm| &norm.out);
        let nodes = rows * s.mlp_stride;
        times(rows, seen, at(mlp.input), &mut room.pre, T::ZERO);
        widest(
            self.arch,
            #[inline(always)]
            || {
                let pre = &mut room.pre[..nodes];
                if let Some([input, output]) = mlp.biases {
                    add_to_rows(pre, s.mlp_stride, &at(input).data);
                    add_to_rows(&mut y[..used], s.stride, &at(output).data);
                }
                self.function.apply(pre, &mut room.features[..nodes]);
            },
        );
        times(rows, &room.features, at(mlp.output), y, T::ONE);
        if let (true, Some(norm), Some(slot)) = (post, second, slots.norms[1]) {
            self.normalise(norm, at(slot), &y[..used]);
            y[..used].copy_from_slice(&norm.out[..used]);
        }
    }

    /// Adds a block's gradients to the part's, from the gradient at its outputs and what `forward` left in the room.
    pub(crate) fn backward(
        &self,
        weights: &Weights<T>,
        cut: &Cut,
        gradient: &[T],
        room: &mut Room<T>,
        part: &mut Part<T>,
    ) {
        let s = &self.shape;
        let to = &mut part.grads;
        let rows = cut.sequences * s.answers;
        let x = room.norm.as_ref().map_or(&room.last, |norm| &norm.out);
        match self.slots.readout {
            Some(slot) => {
                outer(rows, x, gradient, &mut to.all[slot]);
                back(
                    rows,
                    gradient,
                    &weights.all[slot],
                    &mut room.grads.y,
                    T::ZERO,
                );
            }
            None => self.read_out_back(weights, rows, x, gradient, &mut room.grads.y, to),
        }
        if let (Some(slot), Some(norm)) = (self.slots.norm, &room.norm) {
            let grad = &mut room.grads.y[..rows * s.stride];
            self.norm_back(norm, slot, weights, grad, to);
        }
        for l in (0..s.layers).rev() {
            let used = cut.sequences * s.queries(l) * s.stride;
            part.reached[l] += self.square_sum(&room.grads.y[..used]);
            self.layer_back(
                l,
                weights,
                cut,
                &room.layers[l],
                &mut room.grads,
                &mut room.side,
                to,
            );
        }
        widest(
            self.arch,
            #[inline(always)]
            || self.embed_back(cut, &room.grads.seen, to),
        );
    }

    /// Σ x² over rows without their padding.
    fn square_sum(&self, rows: &[T]) -> f64 {
        let (width, stride) = (self.shape.width, self.shape.stride);
        let mut sum = 0.0;
        widest(
            self.arch,
            #[inline(always)]
            || {
                for row in rows.chunks_exact(stride) {
                    sum += dot(&row[..width], &row[..width]).f64();
                }
            },
        );
        sum
    }

    /// Gradients of a readout that is the embedding.
    fn read_out_back(
        &self,
        weights: &Weights<T>,
        rows: usize,
        x: &[T],
        gradient: &[T],
        y: &mut [T],
        to: &mut Weights<T>,
    ) {
        let s = &self.shape;
        let (e, to) = (
            &weights.all[self.slots.embedding],
            &mut to.all[self.slots.embedding],
        );
        let (x, e_to) = ((x, [s.stride, 1]), (&mut to.data[..], [s.stride, 1]));
        T::matmul(
            [s.classes, rows, s.width],
            (gradient, [1, s.pitch]),
            x,
            e_to,
            T::ONE,
            T::ONE,
        );
        let e = (&e.data[..], [s.stride, 1]);
        T::matmul(
            [rows, s.classes, s.width],
            (gradient, [s.pitch, 1]),
            e,
            (y, [s.stride, 1]),
            T::ONE,
            T::ZERO,
        );
    }

    fn norm_back(
        &self,
        norm: &Normed<T>,
        slot: usize,
        weights: &Weights<T>,
        grad: &mut [T],
        to: &mut Weights<T>,
    ) {
        widest(
            self.arch,
            #[inline(always)]
            || {
                norm.backward(
                    self.shape.norm,
                    &weights.all[slot],
                    grad,
                    &mut to.all[slot].data,
                )
            },
        );
    }

    /// From the gradient at what layer `l` gives, in `grads.y`, to that at what it sees, in `grads.seen` and, for
    /// the layer before, in `grads.y`.
    #[allow(
        clippy::too_many_arguments,
        reason = "what a pass reads, what it writes, and its room"
    )]
    fn layer_back(
        &self,
        l: usize,
        weights: &Weights<T>,
        cut: &Cut,
        room: &LayerRoom<T>,
        grads: &mut Grads<T>,
        side: &mut Side<T>,
        to: &mut Weights<T>,
    ) {
        let (s, slots) = (&self.shape, &self.slots.layers[l]);
        let (rows, asked) = (self.rows(l, cut), cut.sequences * s.queries(l));
        let (used, all) = (asked * s.stride, rows * s.stride);
        let post = s.place == NormPlace::Post;
        if let Some(mlp) = slots.mlp {
            self.perceive_back(slots, mlp, weights, asked, room, grads, to);
        }
        if let (true, Some(norm), Some(slot)) = (post, &room.norms[0], slots.norms[0]) {
            self.norm_back(norm, slot, weights, &mut grads.y[..used], to);
        }
        let found = if s.gate { &room.gated } else { &room.found };
        outer(asked, found, &grads.y, &mut to.all[slots.out]);
        back(
            asked,
            &grads.y,
            &weights.all[slots.out],
            &mut grads.found,
            T::ZERO,
        );
        for grad in [&mut grads.q, &mut grads.k, &mut grads.v] {
            grad[..all].fill(T::ZERO);
        }
        let heads = self.heads(l, cut, weights);
        widest(
            self.arch,
            #[inline(always)]
            || {
                if s.gate {
                    self.gate_back(l, cut, room, grads, all);
                }
                let seen = Rows {
                    q: &room.q,
                    k: &room.k,
                    v: &room.v,
                };
                let row_grads = RowGrads {
                    q: &mut grads.q,
                    k: &mut grads.k,
                    v: &mut grads.v,
                    logits: slots.sink.map(|slot| &mut to.all[slot].data[..]),
                };
                heads.backward(seen, &room.weighed, &grads.found, row_grads, side);
            },
        );
        self.turn(l, cut, [&mut grads.q, &mut grads.k], true);
        let normed = room.norms[0].as_ref().filter(|_| !post);
        let x = normed.map_or(&room.x, |norm| &norm.out);
        let parts = [
            (slots.q, &grads.q),
            (slots.k, &grads.k),
            (slots.v, &grads.v),
        ];
        let gate = slots.gate.map(|slot| (slot, &grads.gate));
        for (i, (slot, grad)) in parts.into_iter().chain(gate).enumerate() {
            outer(rows, x, grad, &mut to.all[slot]);
            let beta = if i == 0 { T::ZERO } else { T::ONE };
            back(rows, grad, &weights.all[slot], &mut grads.seen, beta);
        }
        if let (Some(norm), Some(slot)) = (normed, slots.norms[0]) {
            self.norm_back(norm, slot, weights, &mut grads.seen[..all], to);
        }
        widest(
            self.arch,
            #[inline(always)]
            || {
                self.asking(
                    l,
                    cut,
                    #[inline(always)]
                    |query, row| {
                        let from = &grads.y[query * s.stride..][..s.stride];
                        add(&mut grads.seen[row * s.stride..][..s.stride], from);
                    },
                );
            },
        );
        if l > 0 {
            grads.y[..all].copy_from_slice(&grads.seen[..all]);
        }
    }

    /// From the gradient at the gated findings to that at the findings and at the gates.
    #[inline(always)]
    fn gate_back(
        &self,
        l: usize,
        cut: &Cut,
        room: &LayerRoom<T>,
        grads: &mut Grads<T>,
        all: usize,
    ) {
        let s = &self.shape;
        grads.gate[..all].fill(T::ZERO);
        self.asking(
            l,
            cut,
            #[inline(always)]
            |query, row| {
                let (found, gate) = (query * s.stride, row * s.stride);
                for i in 0..s.width {
                    let open = logistic(room.gate[gate + i]);
                    let grad = grads.found[found + i];
                    grads.gate[gate + i] += grad * room.found[found + i] * open * (T::ONE - open);
                    grads.found[found + i] = grad * open;
                }
            },
        );
    }

    /// From the gradient at what the perceptron's sum gives to that at the middle, both in `grads.y`.
    #[allow(
        clippy::too_many_arguments,
        reason = "what a pass reads, what it writes, and its room"
    )]
    fn perceive_back(
        &self,
        slots: &LayerSlots,
        mlp: MlpSlots,
        weights: &Weights<T>,
        rows: usize,
        room: &LayerRoom<T>,
        grads: &mut Grads<T>,
        to: &mut Weights<T>,
    ) {
        let s = &self.shape;
        let (used, nodes) = (rows * s.stride, rows * s.mlp_stride);
        let post = s.place == NormPlace::Post;
        let [first, second] = &room.norms;
        if let (true, Some(norm), Some(slot)) = (post, second, slots.norms[1]) {
            self.norm_back(norm, slot, weights, &mut grads.y[..used], to);
        }
        outer(rows, &room.features, &grads.y, &mut to.all[mlp.output]);
        back(
            rows,
            &grads.y,
            &weights.all[mlp.output],
            &mut grads.features,
            T::ZERO,
        );
        widest(
            self.arch,
            #[inline(always)]
            || {
                let grad = &mut grads.features[..nodes];
                self.function.apply_slope(&room.pre[..nodes], grad);
                if let Some([input, output]) = mlp.biases {
                    add_rows(&mut to.all[input].data, s.mlp_stride, grad);
                    add_rows(&mut to.all[output].data, s.stride, &grads.y[..used]);
                }
            },
        );
        let middle = first
            .as_ref()
            .filter(|_| post)
            .map_or(&room.middle, |norm| &norm.out);
        let normed = second.as_ref().filter(|_| !post);
        let seen = normed.map_or(middle, |norm| &norm.out);
        outer(rows, seen, &grads.features, &mut to.all[mlp.input]);
        let input = &weights.all[mlp.input];
        let (Some(norm), Some(slot)) = (normed, slots.norms[1]) else {
            return back(rows, &grads.features, input, &mut grads.y, T::ONE);
        };
        back(rows, &grads.features, input, &mut grads.seen, T::ZERO);
        self.norm_back(norm, slot, weights, &mut grads.seen[..used], to);
        widest(
            self.arch,
            #[inline(always)]
            || add(&mut grads.y[..used], &grads.seen[..used]),
        );
    }

    #[inline(always)]
    fn embed_back(&self, cut: &Cut, grad: &[T], to: &mut Weights<T>) {
        let stride = self.shape.stride;
        for (grad, [token, position]) in grad.chunks_exact(stride).zip(&cut.places) {
            let tokens = &mut to.all[self.slots.embedding].data;
            add(&mut tokens[*token as usize * stride..][..stride], grad);
            if let Some(slot) = self.slots.positions {
                add(
                    &mut to.all[slot].data[*position as usize * stride..][..stride],
                    grad,
                );
            }
        }
    }

    /// The rotary angles that the shape asks for.
    pub(crate) fn rotary(shape: &Shape) -> Option<Rotary<T>> {
        (shape.positions == Positions::Rotary).then(|| Rotary::new(shape))
    }
}
