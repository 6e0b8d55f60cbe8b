//! Forward and backward of one hidden layer whose inputs are gathered rows.

use super::tile::{across, along};
use crate::activation::Function;
use crate::real::Real;
use pulp::Simd;

/// Hidden nodes that one slab of the backward pass holds.
pub(crate) const SLAB: usize = 32;
/// Rows of a panel of the forward pass.
pub(crate) const PANEL: usize = 24;
/// Rows of a block of the backward pass.
const BLOCK: usize = 132;
/// Inner indices of one pass of the forward product.
const DEPTH: usize = 128;

/// Calls the body with the size as a constant.
macro_rules! sized {
    ($size:expr, $nb:ident => $body:block) => {
        sized!(@ $size, $nb, $body, 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $size:expr, $nb:ident, $body:block, $($n:literal)+) => {
        match $size {
            $($n => { const $nb: usize = $n; $body })+
            _ => unreachable!("groups have at most 12 members"),
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

/// The first layer: weights `inputs × width` and the activation of their gathered sums.
#[derive(Clone, Copy)]
pub(crate) struct Layer<'a, T> {
    pub g: Geometry,
    pub function: Function<T>,
    pub w: &'a [T],
}

/// Sum of the rows of `w` that `inputs` names, into `out`.
#[inline(always)]
pub(crate) fn gather<T: Real>(w: &[T], width: usize, inputs: &[u32], out: &mut [T]) {
    let row = |t: u32| &w[t as usize * width..][..width];
    let out = &mut out[..width];
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

/// `out ← σ(Σ_j w[inputs_j]) · v` for up to `PANEL` rows.
#[inline(always)]
pub(crate) fn forward<T: Real, S: Simd>(
    simd: S,
    layer: Layer<'_, T>,
    packed: &[T],
    inputs: &[u32],
    features: &mut [T],
    out: &mut [T],
) {
    let Layer { g, function, w } = layer;
    let rows = inputs.len() / g.operands;
    for (inputs, f) in inputs
        .chunks_exact(g.operands)
        .zip(features.chunks_exact_mut(g.width))
    {
        gather(w, g.width, inputs, f);
        function.apply_in_place(f);
    }
    out[..rows * g.pitch].fill(T::ZERO);
    let mut k = 0;
    while k < g.width {
        let depth = DEPTH.min(g.width - k);
        let place = Place { rows, k, depth };
        let vectors = g.pitch / T::lanes::<S>();
        let mut first = 0;
        while first < vectors {
            first += if const { size_of::<T::Vector<S>>() >= 64 } {
                match vectors - first {
                    1 => columns::<T, S, 12, 1>(simd, g, place, first, features, packed, out),
                    2 => columns::<T, S, 12, 2>(simd, g, place, first, features, packed, out),
                    3 => columns::<T, S, 8, 3>(simd, g, place, first, features, packed, out),
                    _ => columns::<T, S, 6, 4>(simd, g, place, first, features, packed, out),
                }
            } else {
                match vectors - first {
                    1 => columns::<T, S, 8, 1>(simd, g, place, first, features, packed, out),
                    _ => columns::<T, S, 6, 2>(simd, g, place, first, features, packed, out),
                }
            };
        }
        k += depth;
    }
}

/// Vectors of columns in the group of `forward` that starts at `first`.
#[inline(always)]
fn group_width<T: Real, S: Simd>(vectors: usize, first: usize) -> usize {
    (vectors - first).min(if const { size_of::<T::Vector<S>>() >= 64 } {
        4
    } else {
        2
    })
}

/// Lays `v` out by groups of columns as `forward` reads it: group, then inner index, then column.
#[inline(always)]
pub(crate) fn pack_columns<T: Real, S: Simd>(g: Geometry, v: &[T], packed: &mut [T]) {
    let lanes = T::lanes::<S>();
    let mut first = 0;
    while first < g.pitch / lanes {
        let columns = group_width::<T, S>(g.pitch / lanes, first) * lanes;
        let group = &mut packed[first * lanes * g.width..][..g.width * columns];
        for (to, from) in group.chunks_exact_mut(columns).zip(v.chunks_exact(g.pitch)) {
            to.copy_from_slice(&from[first * lanes..][..columns]);
        }
        first += columns / lanes;
    }
}

/// Which part of the product is meant: all rows of the panel, inner indices from `k`.
#[derive(Clone, Copy)]
struct Place {
    rows: usize,
    k: usize,
    depth: usize,
}

/// NV vectors of columns, all rows of the panel. Returns NV.
#[inline(always)]
fn columns<T: Real, S: Simd, const NB: usize, const NV: usize>(
    simd: S,
    g: Geometry,
    at: Place,
    first: usize,
    features: &[T],
    packed: &[T],
    out: &mut [T],
) -> usize {
    let group = &T::vectors::<S>(packed)[first * g.width..][..NV * g.width];
    let v = &group.as_chunks::<NV>().0[at.k..at.k + at.depth];
    let mut row = 0;
    while row + NB <= at.rows {
        rows_of::<T, S, NB, NV>(simd, g, [row, first, at.k], features, v, out);
        row += NB;
    }
    while row < at.rows {
        rows_of::<T, S, 1, NV>(simd, g, [row, first, at.k], features, v, out);
        row += 1;
    }
    NV
}

#[inline(always)]
fn rows_of<T: Real, S: Simd, const NB: usize, const NV: usize>(
    simd: S,
    g: Geometry,
    [row, first, k]: [usize; 3],
    features: &[T],
    v: &[[T::Vector<S>; NV]],
    out: &mut [T],
) {
    let stride = g.pitch / T::lanes::<S>();
    let out = &mut T::vectors_mut::<S>(out)[row * stride + first..];
    let mut acc: [[T::Vector<S>; NV]; NB] =
        std::array::from_fn(|b| *out[b * stride..].first_chunk().expect("a row of outputs"));
    along::<T, S, NB, NV>(simd, &features[row * g.width + k..], g.width, v, &mut acc);
    for b in 0..NB {
        out[b * stride..][..NV].copy_from_slice(&acc[b]);
    }
}

/// The gradient at the outputs, packed twice as the two products of the backward pass read it.
///
/// For each block of rows: groups of classes, each row by row; groups of rows, each class by class.
#[derive(Default)]
pub(crate) struct Residual<T> {
    classes: Vec<T>,
    rows: Vec<T>,
}

impl<T: Real> Residual<T> {
    /// Makes place for `rows` rows.
    pub(crate) fn resize(&mut self, g: Geometry, rows: usize) {
        self.classes.resize(rows * g.classes, T::ZERO);
        self.rows.resize(rows * g.classes, T::ZERO);
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
                let to = to[rows * c..].chunks_exact_mut(size);
                for (to, from) in to.zip(from.chunks_exact(g.pitch)) {
                    to.copy_from_slice(&from[c..c + size]);
                }
            }
        }
        for (from, to) in gradient
            .chunks(BLOCK * g.pitch)
            .zip(self.rows.chunks_mut(size))
        {
            for (row, size) in groups(from.len() / g.pitch, most) {
                let to = &mut to[g.classes * row..][..g.classes * size];
                for b in 0..size {
                    let from = &from[(row + b) * g.pitch..][..g.classes];
                    for (to, x) in to.chunks_exact_mut(size).zip(from) {
                        to[b] = *x;
                    }
                }
            }
        }
    }
}

/// Broadcasts of a tile of the backward pass: as many as the registers hold.
#[inline(always)]
const fn most<T: Real, S: Simd>() -> usize {
    match (lanes::<T, S>(), size_of::<T>()) {
        (16, _) => 12,
        (8, 8) => 6,
        (8, _) => 3,
        _ => 1,
    }
}

/// Scratch of one thread's backward pass.
pub(crate) struct Scratch<T> {
    w: Vec<T>,
    dw: Vec<T>,
    v: Vec<T>,
    dv: Vec<T>,
    pre: Vec<T>,
    features: Vec<T>,
    grad: Vec<T>,
}

impl<T: Real> Scratch<T> {
    pub(crate) fn new(g: Geometry) -> Self {
        let zeros = |n: usize| vec![T::ZERO; n * SLAB];
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

/// Gradients of the `SLAB` nodes from `k`: `dv[k..] = Fᵀ r` and `dw[:, k..] = Xᵀ((r vᵀ) ∘ σ′)`.
///
/// `dw` and `dv` are the slab's own: `inputs × SLAB` and `SLAB × pitch`.
#[inline(always)]
pub(crate) fn backward<T: Real, S: Simd>(
    simd: S,
    layer: Layer<'_, T>,
    v: &[T],
    residual: &Residual<T>,
    inputs: &[u32],
    k: usize,
    scratch: &mut Scratch<T>,
) {
    let Layer { g, function, w } = layer;
    let s = scratch;
    for (slab, row) in s.w.chunks_exact_mut(SLAB).zip(w.chunks_exact(g.width)) {
        slab.copy_from_slice(&row[k..k + SLAB]);
    }
    for (j, row) in v[k * g.pitch..]
        .chunks_exact(g.pitch)
        .take(SLAB)
        .enumerate()
    {
        for (c, x) in row[..g.classes].iter().enumerate() {
            s.v[c * SLAB + j] = *x;
        }
    }
    s.dw.fill(T::ZERO);
    s.dv.fill(T::ZERO);
    // Conditions known when the code is generated, so that only one arm is.
    if const { lanes::<T, S>() == 16 } {
        blocks::<T, S, 2>(simd, g, function, residual, inputs, s);
    } else if const { lanes::<T, S>() == 8 } {
        blocks::<T, S, 4>(simd, g, function, residual, inputs, s);
    } else if const { lanes::<T, S>() == 4 } {
        blocks::<T, S, 8>(simd, g, function, residual, inputs, s);
    } else if const { lanes::<T, S>() == 2 } {
        blocks::<T, S, 16>(simd, g, function, residual, inputs, s);
    } else {
        blocks::<T, S, 32>(simd, g, function, residual, inputs, s);
    }
}

/// Numbers in a vector, as a constant.
const fn lanes<T: Real, S: Simd>() -> usize {
    size_of::<T::Vector<S>>() / size_of::<T>()
}

/// All blocks of rows of one slab, which is NV vectors wide.
#[inline(always)]
fn blocks<T: Real, S: Simd, const NV: usize>(
    simd: S,
    g: Geometry,
    function: Function<T>,
    residual: &Residual<T>,
    inputs: &[u32],
    s: &mut Scratch<T>,
) {
    if NV * T::lanes::<S>() != SLAB {
        unreachable!("the slab is NV vectors wide");
    }
    for (i, inputs) in inputs.chunks(BLOCK * g.operands).enumerate() {
        let rows = inputs.len() / g.operands;
        let used = rows * SLAB;
        gather_slab::<T, S, NV>(simd, g, inputs, &s.w, &mut s.pre);
        function.apply(&s.pre[..used], &mut s.features[..used]);
        let at = i * BLOCK * g.classes;
        feature_product::<T, S, NV>(simd, g, rows, &residual.classes[at..], s);
        residual_product::<T, S, NV>(simd, g, rows, &residual.rows[at..], s);
        function.apply_slope(&s.pre[..used], &mut s.grad[..used]);
        scatter_slab::<T, S, NV>(simd, g, inputs, &s.grad, &mut s.dw);
    }
}

/// Pre-activations of the slab: sums of the rows that the operands name.
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
    for (inputs, pre) in inputs.chunks_exact(g.operands).zip(pre) {
        let mut sum = w[inputs[0] as usize];
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
    for (inputs, grad) in inputs.chunks_exact(g.operands).zip(grad) {
        for t in inputs {
            let row = &mut dw[*t as usize];
            for v in 0..NV {
                row[v] = T::add_lanes(simd, row[v], grad[v]);
            }
        }
    }
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
    /// Writes the slab's gradients out: `dw` is `inputs × SLAB`, `dv` is `SLAB × pitch`.
    #[inline(always)]
    pub(crate) fn deposit(&self, g: Geometry, dw: &mut [T], dv: &mut [T]) {
        dw.copy_from_slice(&self.dw);
        for (c, from) in self.dv.chunks_exact(SLAB).take(g.classes).enumerate() {
            for (row, x) in dv.chunks_exact_mut(g.pitch).zip(from) {
                row[c] = *x;
            }
        }
    }
}
