//! Forward and backward of one hidden layer whose inputs are gathered rows.

use super::tile::{across, along, dots};
use crate::activation::{Function, specialise};
use crate::buffer::Buffer;
use crate::maths::LANES;
use crate::real::Real;
use pulp::Simd;

/// Hidden nodes that one slab of the backward pass holds.
pub(crate) const SLAB: usize = 64;
/// Rows of a panel of the forward pass.
pub(crate) const PANEL: usize = 48;
/// Rows of a block of the backward pass.
const BLOCK: usize = 96;
/// Inner indices of one pass of the forward product.
const DEPTH: usize = 128;

/// Calls the body with the size as a constant.
macro_rules! sized {
    ($size:expr, $nb:ident => $body:block) => {
        sized!(@ $size, $nb, $body, 1 2 3 4 5 6)
    };
    (@ $size:expr, $nb:ident, $body:block, $($n:literal)+) => {
        match $size {
            0 => {}
            $($n => { const $nb: usize = $n; $body })+
            _ => unreachable!("more than are listed"),
        }
    };
}

/// Sizes of the layer. Weights are `inputs × width` and `width × classes`, rows padded with zeros.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub operands: usize,
    pub inputs: usize,
    /// Padded to a multiple of `SLAB`.
    pub width: usize,
    pub classes: usize,
    /// Classes padded to a multiple of 16.
    pub pitch: usize,
}

impl Geometry {
    /// Classes beyond whole chunks, if so few that a chunk would be mostly padding, and so many
    /// inner indices that adding up the lanes in the end does not count.
    #[inline(always)]
    fn tail(&self) -> usize {
        let rest = self.classes % LANES;
        if rest <= LANES / 2 && self.classes > LANES && self.width >= 256 {
            rest
        } else {
            0
        }
    }

    /// Columns that are computed in whole chunks.
    #[inline(always)]
    fn body(&self) -> usize {
        if self.tail() > 0 {
            self.classes - self.tail()
        } else {
            self.pitch
        }
    }
}

/// The first layer: weights `inputs × width` and the activation of their gathered sums.
#[derive(Clone, Copy)]
pub(crate) struct Layer<'a, T> {
    pub g: Geometry,
    pub function: Function<T>,
    pub w: &'a [T],
}

/// Sum of the rows of `w` that `inputs` names, as far as `out` is long; rows are `width` apart.
#[inline(always)]
pub(crate) fn gather<T: Real>(w: &[T], width: usize, inputs: &[u32], out: &mut [T]) {
    let depth = out.len();
    let row = |t: u32| &w[t as usize * width..][..depth];
    if let [a, b] = *inputs {
        for ((o, x), y) in out.iter_mut().zip(row(a)).zip(row(b)) {
            *o = *x + *y;
        }
        return;
    }
    out.copy_from_slice(row(inputs[0]));
    for t in &inputs[1..] {
        out.iter_mut().zip(row(*t)).for_each(|(o, x)| *o += *x);
    }
}

/// Activations of `depth` nodes, of which `w` holds the first, for each row.
#[inline(always)]
fn activate<T: Real>(
    w: &[T],
    g: Geometry,
    function: Function<T>,
    inputs: &[u32],
    depth: usize,
    features: &mut [[T; DEPTH]],
) {
    let rows = inputs.chunks_exact(g.operands).zip(features.iter_mut());
    if g.operands != 2 {
        for (inputs, f) in rows {
            gather(w, g.width, inputs, &mut f[..depth]);
            function.apply_in_place(&mut f[..depth]);
        }
        return;
    }
    specialise!(function, function => for (inputs, f) in rows {
        let a = &w[inputs[0] as usize * g.width..][..depth];
        let b = &w[inputs[1] as usize * g.width..][..depth];
        for i in 0..depth {
            f[i] = function.value(a[i] + b[i]);
        }
    });
}

/// The readout as `forward` reads it.
pub(crate) struct Readout<T> {
    /// Groups of columns: group, then inner index, then column.
    body: Buffer<T>,
    /// The last columns: chunk of inner indices, then column, then inner index.
    tail: Buffer<T>,
}

impl<T: Real> Readout<T> {
    pub(crate) fn new(g: Geometry) -> Self {
        Self {
            body: Buffer::zeros(g.width * g.body()),
            tail: Buffer::zeros(g.width * g.tail()),
        }
    }

    /// Lays `v` out.
    #[inline(always)]
    pub(crate) fn pack<S: Simd>(&mut self, g: Geometry, v: &[T]) {
        let lanes = T::lanes::<S>();
        let vectors = g.body() / lanes;
        let mut first = 0;
        while first < vectors {
            let size = group_width::<T, S>(vectors, first);
            let group = &mut self.body[first * lanes * g.width..][..g.width * size * lanes];
            sized!(size, NV => {
                let group = T::vectors_mut::<S>(group).as_chunks_mut::<NV>().0;
                for (to, from) in group.iter_mut().zip(v.chunks_exact(g.pitch)) {
                    let from = &T::vectors::<S>(from)[first..];
                    *to = *from.first_chunk().expect("a group of columns");
                }
            });
            first += size;
        }
        if g.tail() > 0 {
            let rows = v.chunks_exact(LANES * g.pitch);
            for (to, from) in self.tail.chunks_exact_mut(LANES * g.tail()).zip(rows) {
                for (i, from) in from.chunks_exact(g.pitch).enumerate() {
                    let from = &from[g.body()..][..g.tail()];
                    let to = to.chunks_exact_mut(LANES);
                    to.zip(from).for_each(|(to, x)| to[i] = *x);
                }
            }
        }
    }
}

/// Scratch of one thread's forward pass.
pub(crate) struct Panel<T> {
    /// Activations of the rows, `DEPTH` inner indices at a time.
    features: Buffer<T>,
    /// Sums of the last columns, lane by lane.
    lanes: Buffer<T>,
    /// Outputs, `pitch` apart.
    pub outputs: Buffer<T>,
}

impl<T: Real> Panel<T> {
    pub(crate) fn new(g: Geometry) -> Self {
        Self {
            features: Buffer::zeros(PANEL * DEPTH),
            lanes: Buffer::zeros(PANEL * g.tail() * LANES),
            outputs: Buffer::zeros(PANEL * g.pitch),
        }
    }
}

/// `outputs ← σ(Σ_j w[inputs_j]) · v` for up to `PANEL` rows.
#[inline(always)]
pub(crate) fn forward<T: Real, S: Simd>(
    simd: S,
    layer: Layer<'_, T>,
    v: &Readout<T>,
    inputs: &[u32],
    panel: &mut Panel<T>,
) {
    let Layer { g, function, w } = layer;
    let rows = inputs.len() / g.operands;
    let mut k = 0;
    while k < g.width {
        let depth = DEPTH.min(g.width - k);
        let features = &mut panel.features.as_chunks_mut().0[..rows];
        activate(&w[k..], g, function, inputs, depth, features);
        let place = Place { rows, k, depth };
        body(simd, g, place, features, &v.body, &mut panel.outputs);
        let tail = &v.tail[k * g.tail()..][..depth * g.tail()];
        sized!(@ g.tail(), C, {
            tails::<T, S, C>(simd, place, features, tail, &mut panel.lanes);
        }, 1 2 3 4 5 6 7 8);
        k += depth;
    }
    if g.tail() > 0 {
        let lanes = panel.lanes.as_chunks().0.chunks_exact(g.tail());
        for (row, lanes) in panel.outputs.chunks_exact_mut(g.pitch).zip(lanes) {
            for (x, lanes) in row[g.body()..].iter_mut().zip(lanes) {
                *x = T::sum_lanes(simd, lanes);
            }
        }
    }
}

/// Which part of the product is meant: all rows of the panel, inner indices from `k`.
#[derive(Clone, Copy)]
struct Place {
    rows: usize,
    k: usize,
    depth: usize,
}

/// The columns that fill vectors.
#[inline(always)]
fn body<T: Real, S: Simd>(
    simd: S,
    g: Geometry,
    at: Place,
    features: &[[T; DEPTH]],
    packed: &[T],
    out: &mut [T],
) {
    let vectors = g.body() / T::lanes::<S>();
    let mut first = 0;
    while first < vectors {
        first += if const { size_of::<T::Vector<S>>() >= 64 } {
            match vectors - first {
                1 => columns::<T, S, 12, 1>(simd, g, at, first, features, packed, out),
                2 => columns::<T, S, 12, 2>(simd, g, at, first, features, packed, out),
                3 => columns::<T, S, 8, 3>(simd, g, at, first, features, packed, out),
                _ => columns::<T, S, 6, 4>(simd, g, at, first, features, packed, out),
            }
        } else {
            match vectors - first {
                1 => columns::<T, S, 8, 1>(simd, g, at, first, features, packed, out),
                _ => columns::<T, S, 6, 2>(simd, g, at, first, features, packed, out),
            }
        };
    }
}

/// Vectors of columns in the group of `body` that starts at `first`.
#[inline(always)]
fn group_width<T: Real, S: Simd>(vectors: usize, first: usize) -> usize {
    (vectors - first).min(if const { size_of::<T::Vector<S>>() >= 64 } {
        4
    } else {
        2
    })
}

/// NV vectors of columns, all rows of the panel. Returns NV.
#[inline(always)]
fn columns<T: Real, S: Simd, const NB: usize, const NV: usize>(
    simd: S,
    g: Geometry,
    at: Place,
    first: usize,
    features: &[[T; DEPTH]],
    packed: &[T],
    out: &mut [T],
) -> usize {
    let group = &T::vectors::<S>(packed)[first * g.width..][..NV * g.width];
    let v = &group.as_chunks::<NV>().0[at.k..at.k + at.depth];
    let mut row = 0;
    while row + NB <= at.rows {
        rows_of::<T, S, NB, NV>(simd, g, at, [row, first], &features[row..], v, out);
        row += NB;
    }
    while row < at.rows {
        rows_of::<T, S, 1, NV>(simd, g, at, [row, first], &features[row..], v, out);
        row += 1;
    }
    NV
}

#[inline(always)]
fn rows_of<T: Real, S: Simd, const NB: usize, const NV: usize>(
    simd: S,
    g: Geometry,
    at: Place,
    [row, first]: [usize; 2],
    features: &[[T; DEPTH]],
    v: &[[T::Vector<S>; NV]],
    out: &mut [T],
) {
    let stride = g.pitch / T::lanes::<S>();
    let out = &mut T::vectors_mut::<S>(out)[row * stride + first..];
    let mut acc = [[T::splat(simd, T::ZERO); NV]; NB];
    if at.k > 0 {
        acc = std::array::from_fn(|b| *out[b * stride..].first_chunk().expect("a row of outputs"));
    }
    let rows = features.first_chunk().expect("rows of the panel");
    along::<T, S, NB, NV, DEPTH>(simd, rows, v, &mut acc);
    for b in 0..NB {
        out[b * stride..][..NV].copy_from_slice(&acc[b]);
    }
}

/// The C last columns: inner indices in lanes.
#[inline(always)]
fn tails<T: Real, S: Simd, const C: usize>(
    simd: S,
    at: Place,
    features: &[[T; DEPTH]],
    v: &[T],
    lanes: &mut [T],
) {
    if const { lanes_of::<T, S>() == 16 } {
        tails_by::<T, S, C, 3, 1>(simd, at, features, v, lanes);
    } else if const { lanes_of::<T, S>() == 8 } {
        tails_by::<T, S, C, 1, 2>(simd, at, features, v, lanes);
    } else if const { lanes_of::<T, S>() == 4 } {
        tails_by::<T, S, C, 1, 4>(simd, at, features, v, lanes);
    } else if const { lanes_of::<T, S>() == 2 } {
        tails_by::<T, S, C, 1, 8>(simd, at, features, v, lanes);
    } else {
        tails_by::<T, S, C, 1, 16>(simd, at, features, v, lanes);
    }
}

/// `tails` with NR rows at once and NV vectors for 16 lanes.
#[inline(always)]
fn tails_by<T: Real, S: Simd, const C: usize, const NR: usize, const NV: usize>(
    simd: S,
    at: Place,
    features: &[[T; DEPTH]],
    v: &[T],
    lanes: &mut [T],
) {
    let features = T::vectors::<S>(features.as_flattened());
    let features = features.as_chunks::<NV>().0;
    let v = T::vectors::<S>(v).as_chunks::<NV>().0.as_chunks::<C>().0;
    let lanes = T::vectors_mut::<S>(lanes).as_chunks_mut::<NV>().0;
    let lanes = lanes.as_chunks_mut::<C>().0;
    const CHUNKS: usize = DEPTH / LANES;
    let zero = [T::splat(simd, T::ZERO); NV];
    let mut row = 0;
    while row + NR <= at.rows {
        let lanes: &mut [_; NR] = lanes[row..].first_chunk_mut().expect("rows of the panel");
        if at.k == 0 {
            *lanes = [[zero; C]; NR];
        }
        dots::<T, S, C, NR, NV>(simd, &features[row * CHUNKS..], CHUNKS, v, lanes);
        row += NR;
    }
    while row < at.rows {
        let lanes: &mut [_; 1] = lanes[row..].first_chunk_mut().expect("a row of the panel");
        if at.k == 0 {
            *lanes = [[zero; C]];
        }
        dots::<T, S, C, 1, NV>(simd, &features[row * CHUNKS..], CHUNKS, v, lanes);
        row += 1;
    }
}

/// The gradient at the outputs, packed twice as the two products of the backward pass read it.
///
/// For each block of rows: groups of classes, each row by row; groups of rows, each class by class.
#[derive(Default)]
pub(crate) struct Residual<T> {
    classes: Buffer<T>,
    rows: Buffer<T>,
}

impl<T: Real> Residual<T> {
    /// Makes place for `rows` rows.
    pub(crate) fn resize(&mut self, g: Geometry, rows: usize) {
        self.classes.resize(rows * g.classes);
        self.rows.resize(rows * g.classes);
    }

    /// Packs row-major gradients, `pitch` apart.
    #[inline(always)]
    pub(crate) fn pack<S: Simd>(&mut self, g: Geometry, gradient: &[T]) {
        let most = most::<T, S>();
        let size = BLOCK * g.classes;
        for (from, to) in gradient
            .chunks(BLOCK * g.pitch)
            .zip(self.classes.chunks_mut(size))
        {
            let rows = from.len() / g.pitch;
            for (c, size) in groups(g.classes, most) {
                sized!(size, NB => {
                    let to = &mut to[rows * c..].as_chunks_mut::<NB>().0[..rows];
                    for (to, from) in to.iter_mut().zip(from.chunks_exact(g.pitch)) {
                        *to = *from[c..].first_chunk().expect("a group of classes");
                    }
                });
            }
        }
        for (from, to) in gradient
            .chunks(BLOCK * g.pitch)
            .zip(self.rows.chunks_mut(size))
        {
            for (row, size) in groups(from.len() / g.pitch, most) {
                let to = &mut to[g.classes * row..][..g.classes * size];
                sized!(size, NB => {
                    let from: [&[T]; NB] =
                        std::array::from_fn(|b| &from[(row + b) * g.pitch..][..g.classes]);
                    for (c, to) in to.as_chunks_mut::<NB>().0.iter_mut().enumerate() {
                        for b in 0..NB {
                            to[b] = from[b][c];
                        }
                    }
                });
            }
        }
    }
}

/// Broadcasts of a tile of the backward pass: as many as the registers hold.
#[inline(always)]
const fn most<T: Real, S: Simd>() -> usize {
    match (lanes_of::<T, S>(), size_of::<T>()) {
        (16, _) | (8, 8) => 6,
        (8, _) => 3,
        _ => 1,
    }
}

/// Hidden nodes that the backward pass treats at once, a divisor of `SLAB`.
#[inline(always)]
const fn nodes<T: Real, S: Simd>() -> usize {
    if lanes_of::<T, S>() == 16 {
        SLAB
    } else {
        SLAB / 2
    }
}

/// Scratch of one thread's backward pass.
pub(crate) struct Scratch<T> {
    w: Buffer<T>,
    dw: Buffer<T>,
    v: Buffer<T>,
    dv: Buffer<T>,
    pre: Buffer<T>,
    features: Buffer<T>,
    grad: Buffer<T>,
}

impl<T: Real> Scratch<T> {
    pub(crate) fn new(g: Geometry) -> Self {
        let zeros = |n: usize| Buffer::zeros(n * SLAB);
        Self {
            w: zeros(g.inputs),
            dw: zeros(g.inputs),
            v: zeros(g.classes),
            dv: zeros(g.classes),
            pre: zeros(BLOCK),
            features: zeros(BLOCK),
            grad: zeros(BLOCK),
        }
    }
}

/// Where the gradients of the `SLAB` nodes from `k` go.
pub(crate) struct Slab<'a, T> {
    pub k: usize,
    /// `inputs × SLAB`.
    pub dw: &'a mut [T],
    /// `SLAB × pitch`.
    pub dv: &'a mut [T],
}

/// Gradients of the `SLAB` nodes from `k`: `dv[k..] = Fᵀ r` and `dw[:, k..] = Xᵀ((r vᵀ) ∘ σ′)`.
#[inline(always)]
pub(crate) fn backward<T: Real, S: Simd>(
    simd: S,
    layer: Layer<'_, T>,
    v: &[T],
    residual: &Residual<T>,
    inputs: &[u32],
    scratch: &mut Scratch<T>,
    Slab { k, dw, dv }: Slab<'_, T>,
) {
    let nodes = const { nodes::<T, S>() };
    for at in (0..SLAB).step_by(nodes) {
        scratch.load(layer, v, k + at, nodes);
        // Conditions known when the code is generated, so that only one arm is.
        if const { lanes_of::<T, S>() >= 8 } {
            blocks::<T, S, 4>(simd, layer, residual, inputs, scratch);
        } else if const { lanes_of::<T, S>() == 4 } {
            blocks::<T, S, 8>(simd, layer, residual, inputs, scratch);
        } else if const { lanes_of::<T, S>() == 2 } {
            blocks::<T, S, 16>(simd, layer, residual, inputs, scratch);
        } else {
            blocks::<T, S, 32>(simd, layer, residual, inputs, scratch);
        }
        scratch.deposit(layer.g, at, nodes, dw, dv);
    }
}

/// Numbers in a vector, as a constant.
const fn lanes_of<T: Real, S: Simd>() -> usize {
    size_of::<T::Vector<S>>() / size_of::<T>()
}

/// All blocks of rows of the nodes loaded, which are NV vectors wide.
#[inline(always)]
fn blocks<T: Real, S: Simd, const NV: usize>(
    simd: S,
    layer: Layer<'_, T>,
    residual: &Residual<T>,
    inputs: &[u32],
    s: &mut Scratch<T>,
) {
    let Layer { g, function, .. } = layer;
    if NV * T::lanes::<S>() != nodes::<T, S>() {
        unreachable!("the nodes are NV vectors wide");
    }
    for (i, inputs) in inputs.chunks(BLOCK * g.operands).enumerate() {
        let rows = inputs.len() / g.operands;
        let used = rows * nodes::<T, S>();
        gather_slab::<T, S, NV>(simd, g, inputs, &s.w, &mut s.pre);
        function.apply(&s.pre[..used], &mut s.features[..used]);
        let at = i * BLOCK * g.classes;
        feature_product::<T, S, NV>(simd, g, rows, &residual.classes[at..], s);
        residual_product::<T, S, NV>(simd, g, rows, &residual.rows[at..], s);
        function.apply_slope(&s.pre[..used], &mut s.grad[..used]);
        scatter_slab::<T, S, NV>(simd, g, inputs, &s.grad, &mut s.dw);
    }
}

/// Pre-activations of the nodes: sums of the rows that the operands name.
///
/// Sorted rows name the same first operand many times over: its row stays in registers.
#[inline(always)]
fn gather_slab<T: Real, S: Simd, const NV: usize>(
    simd: S,
    g: Geometry,
    inputs: &[u32],
    w: &[T],
    pre: &mut [T],
) {
    let (w, _) = T::vectors::<S>(w).as_chunks::<NV>();
    let (pre, _) = T::vectors_mut::<S>(pre).as_chunks_mut::<NV>();
    let mut held = (inputs[0], w[inputs[0] as usize]);
    for (inputs, pre) in inputs.chunks_exact(g.operands).zip(pre) {
        if inputs[0] != held.0 {
            held = (inputs[0], w[inputs[0] as usize]);
        }
        let mut sum = held.1;
        for t in &inputs[1..] {
            let row = &w[*t as usize];
            for v in 0..NV {
                sum[v] = T::add_lanes(simd, sum[v], row[v]);
            }
        }
        *pre = sum;
    }
}

/// Adds each row's gradient to the rows that its operands name.
///
/// The first operand's sum stays in registers as in `gather_slab`; no other operand names its row.
#[inline(always)]
fn scatter_slab<T: Real, S: Simd, const NV: usize>(
    simd: S,
    g: Geometry,
    inputs: &[u32],
    grad: &[T],
    dw: &mut [T],
) {
    let (dw, _) = T::vectors_mut::<S>(dw).as_chunks_mut::<NV>();
    let (grad, _) = T::vectors::<S>(grad).as_chunks::<NV>();
    let mut held = (inputs[0], dw[inputs[0] as usize]);
    for (inputs, grad) in inputs.chunks_exact(g.operands).zip(grad) {
        if inputs[0] != held.0 {
            dw[held.0 as usize] = held.1;
            held = (inputs[0], dw[inputs[0] as usize]);
        }
        for (sum, x) in held.1.iter_mut().zip(grad) {
            *sum = T::add_lanes(simd, *sum, *x);
        }
        for t in &inputs[1..] {
            let row = &mut dw[*t as usize];
            for v in 0..NV {
                row[v] = T::add_lanes(simd, row[v], grad[v]);
            }
        }
    }
    dw[held.0 as usize] = held.1;
}

/// `dv += featuresᵀ residual`.
#[inline(always)]
fn feature_product<T: Real, S: Simd, const NV: usize>(
    simd: S,
    g: Geometry,
    rows: usize,
    residual: &[T],
    s: &mut Scratch<T>,
) {
    let features = &T::vectors::<S>(&s.features).as_chunks::<NV>().0[..rows];
    let dv = T::vectors_mut::<S>(&mut s.dv);
    for (c, size) in groups(g.classes, most::<T, S>()) {
        let acc = &mut dv[c * NV..];
        sized!(size, NB => {
            let mut tile: [[T::Vector<S>; NV]; NB] = load(acc);
            let scalars = residual[rows * c..][..rows * NB].as_chunks::<NB>().0;
            across::<T, S, NB, NV>(simd, scalars, features, &mut tile);
            store(&tile, acc);
        });
    }
}

/// `grad = residual · vᵀ`.
#[inline(always)]
fn residual_product<T: Real, S: Simd, const NV: usize>(
    simd: S,
    g: Geometry,
    rows: usize,
    residual: &[T],
    s: &mut Scratch<T>,
) {
    let v = &T::vectors::<S>(&s.v).as_chunks::<NV>().0[..g.classes];
    let grad = T::vectors_mut::<S>(&mut s.grad);
    let zero = T::splat(simd, T::ZERO);
    for (row, size) in groups(rows, most::<T, S>()) {
        sized!(size, NB => {
            let mut tile = [[zero; NV]; NB];
            let scalars = residual[g.classes * row..][..g.classes * NB].as_chunks::<NB>().0;
            across::<T, S, NB, NV>(simd, scalars, v, &mut tile);
            store(&tile, &mut grad[row * NV..]);
        });
    }
}

#[inline(always)]
fn load<V: Copy, const NB: usize, const NV: usize>(from: &[V]) -> [[V; NV]; NB] {
    std::array::from_fn(|b| *from[b * NV..].first_chunk().expect("a row of the tile"))
}

#[inline(always)]
fn store<V: Copy, const NB: usize, const NV: usize>(tile: &[[V; NV]; NB], to: &mut [V]) {
    for (row, to) in tile.iter().zip(to.chunks_exact_mut(NV)) {
        to.copy_from_slice(row);
    }
}

/// Cuts `n` into as few groups of at most `most` as there can be, as even as they can be.
#[inline(always)]
fn groups(n: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = n.div_ceil(most);
    (0..count).map(move |i| (i * n / count, (i + 1) * n / count - i * n / count))
}

impl<T: Real> Scratch<T> {
    /// Takes the weights of `nodes` nodes from `k`.
    #[inline(always)]
    fn load(&mut self, layer: Layer<'_, T>, v: &[T], k: usize, nodes: usize) {
        let Layer { g, w, .. } = layer;
        for (slab, row) in self.w.chunks_exact_mut(nodes).zip(w.chunks_exact(g.width)) {
            slab.copy_from_slice(&row[k..k + nodes]);
        }
        let rows = v[k * g.pitch..].chunks_exact(g.pitch).take(nodes);
        for (j, row) in rows.enumerate() {
            for (c, x) in row[..g.classes].iter().enumerate() {
                self.v[c * nodes + j] = *x;
            }
        }
        self.dw.fill(T::ZERO);
        self.dv.fill(T::ZERO);
    }

    /// Writes the gradients of `nodes` nodes out, from node `at` of the slab.
    #[inline(always)]
    fn deposit(&self, g: Geometry, at: usize, nodes: usize, dw: &mut [T], dv: &mut [T]) {
        let rows = dw.chunks_exact_mut(SLAB);
        for (to, from) in rows.zip(self.dw.chunks_exact(nodes)) {
            to[at..at + nodes].copy_from_slice(from);
        }
        let dv = &mut dv[at * g.pitch..];
        for (c, from) in self.dv.chunks_exact(nodes).take(g.classes).enumerate() {
            for (row, x) in dv.chunks_exact_mut(g.pitch).zip(from) {
                row[c] = *x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::{Activation, Seed};
    use pulp::{Arch, Scalar, WithSimd};

    /// Outputs, dW and dV of a small layer with both whole chunks of classes and a tail.
    struct Passes {
        g: Geometry,
    }

    impl WithSimd for Passes {
        type Output = [Vec<f32>; 3];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [Vec<f32>; 3] {
            let g = self.g;
            let mut draws = Seed(3).draws("passes");
            let mut random =
                |n: usize| -> Vec<f32> { (0..n).map(|_| draws.normal() as f32).collect() };
            let w = random(g.inputs * g.width);
            let mut v = random(g.width * g.pitch);
            let gradient = random(PANEL * g.pitch);
            for row in v.chunks_exact_mut(g.pitch) {
                row[g.classes..].fill(0.0);
            }
            let inputs: Vec<u32> = (0..PANEL as u32 - 1)
                .flat_map(|i| [i / 7 % 7, 7 + i % 7])
                .collect();
            let layer = Layer {
                g,
                function: Function::new(Activation::Square, 0.0, 0.0),
                w: &w,
            };
            let (mut readout, mut panel) = (Readout::new(g), Panel::new(g));
            readout.pack::<S>(g, &v);
            forward(simd, layer, &readout, &inputs, &mut panel);
            let mut residual = Residual::default();
            let rows = inputs.len() / g.operands;
            residual.resize(g, rows);
            residual.pack::<S>(g, &gradient[..rows * g.pitch]);
            let mut scratch = Scratch::new(g);
            let (mut dw, mut dv) = (vec![0.0; g.inputs * SLAB], vec![0.0; SLAB * g.pitch]);
            let slab = Slab {
                k: SLAB,
                dw: &mut dw,
                dv: &mut dv,
            };
            backward(simd, layer, &v, &residual, &inputs, &mut scratch, slab);
            [panel.outputs[..rows * g.pitch].to_vec(), dw, dv]
        }
    }

    #[test]
    fn the_width_of_the_vectors_changes_no_bit() {
        for classes in [7, 16, 23, 40, 71] {
            let g = Geometry {
                operands: 2,
                inputs: 14,
                width: 320,
                classes,
                pitch: classes.next_multiple_of(16),
            };
            let narrow = Passes { g }.with_simd(Scalar::new());
            assert_eq!(Arch::new().dispatch(Passes { g }), narrow, "{classes}");
            assert!(narrow.iter().flatten().any(|x| *x != 0.0));
        }
    }
}
