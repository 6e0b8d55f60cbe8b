//! One real hidden layer of summed operands: the fused kernels.

use super::{Net, Stack};
use crate::activation::Function;
use crate::buffer::Buffer;
use crate::kernel::fused::{self, Geometry, Layer, PANEL, Residual, SLAB, Scratch};
use crate::kernel::widest;
use crate::order::Order;
use crate::pool::Pool;
use crate::real::Real;
use crate::score::{Panel, Rule, Scores, score};
use crate::weights::{Dims, Weights};
use pulp::{Arch, Simd, WithSimd};

pub(crate) struct Shallow<T> {
    geometry: Geometry,
    function: Function<T>,
    arch: Arch,
    packed: fused::Readout<T>,
    residual: Residual<T>,
    slabs: Buffer<T>,
    forward: Vec<fused::Panel<T>>,
    backward: Vec<Scratch<T>>,
}

impl<T: Real> Shallow<T> {
    pub(crate) fn new(d: Dims, function: Function<T>, pool: &Pool) -> Self {
        let geometry = Geometry {
            operands: d.operands,
            inputs: d.tokens,
            width: d.stride,
            classes: d.classes,
            pitch: d.pitch,
        };
        Self {
            geometry,
            function,
            arch: Arch::new(),
            packed: fused::Readout::new(geometry),
            residual: Residual::default(),
            slabs: Buffer::zeros(d.tokens * d.stride),
            forward: pool.scratches(|| fused::Panel::new(geometry)),
            backward: pool.scratches(|| Scratch::new(geometry)),
        }
    }
}

impl<T: Real> Stack<T> for Shallow<T> {
    fn forward(
        &mut self,
        pool: &Pool,
        net: Net<'_, T>,
        order: &Order,
        rule: &Rule<T>,
        scores: &mut Scores<T>,
    ) {
        let (g, function, arch) = (self.geometry, self.function, self.arch);
        let readout = &net.weights.readout().data;
        arch.dispatch(Pack {
            g,
            readout,
            packed: &mut self.packed,
        });
        let packed = &self.packed;
        let panels = scores.panels(order, rule, PANEL);
        pool.each(panels, &mut self.forward, |panel, buffers| {
            let layer = Layer {
                g,
                function,
                w: net.table,
            };
            arch.dispatch(Forward {
                layer,
                packed,
                rule,
                panel,
                buffers,
            });
        });
    }

    fn backward(
        &mut self,
        pool: &Pool,
        net: Net<'_, T>,
        order: &Order,
        gradient: &[T],
        table_grad: &mut [T],
        grads: &mut Weights<T>,
    ) {
        let (g, function, arch) = (self.geometry, self.function, self.arch);
        self.residual.resize(g, order.len());
        arch.dispatch(PackResidual {
            g,
            gradient,
            residual: &mut self.residual,
        });
        let (residual, readout) = (&self.residual, &net.weights.readout().data);
        let slabs = self.slabs.chunks_exact_mut(g.inputs * SLAB);
        let rows = grads.readout_mut().data.chunks_exact_mut(g.pitch * SLAB);
        let items = slabs.zip(rows).enumerate().collect();
        pool.each(items, &mut self.backward, |(i, (dw, dv)), scratch| {
            let slab = fused::Slab {
                k: i * SLAB,
                dw,
                dv,
            };
            let layer = Layer {
                g,
                function,
                w: net.table,
            };
            let inputs = &order.inputs;
            arch.dispatch(Backward {
                layer,
                readout,
                residual,
                inputs,
                scratch,
                slab,
            });
        });
        for (token, row) in table_grad.chunks_exact_mut(g.width).enumerate() {
            for (slab, part) in row.chunks_exact_mut(SLAB).enumerate() {
                part.copy_from_slice(&self.slabs[(slab * g.inputs + token) * SLAB..][..SLAB]);
            }
        }
    }

    fn features(&mut self, net: Net<'_, T>, order: &Order, out: &mut [T]) {
        let (g, function) = (self.geometry, self.function);
        widest(
            self.arch,
            #[inline(always)]
            || {
                let rows = out
                    .chunks_exact_mut(g.width)
                    .zip(order.inputs.chunks_exact(g.operands));
                for (row, inputs) in rows {
                    fused::gather(net.table, g.width, inputs, row);
                    function.apply_in_place(row);
                }
            },
        );
    }
}

struct Pack<'a, T> {
    g: Geometry,
    readout: &'a [T],
    packed: &'a mut fused::Readout<T>,
}

impl<T: Real> WithSimd for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.packed.pack::<S>(self.g, self.readout);
    }
}

struct Forward<'a, 'p, T> {
    layer: Layer<'a, T>,
    packed: &'a fused::Readout<T>,
    rule: &'a Rule<T>,
    panel: Panel<'p, T>,
    buffers: &'a mut fused::Panel<T>,
}

impl<T: Real> WithSimd for Forward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layer,
            packed,
            rule,
            mut panel,
            buffers,
        } = self;
        let g = layer.g;
        fused::forward(simd, layer, packed, panel.inputs, buffers);
        score(rule, g.classes, g.pitch, &mut buffers.outputs, &mut panel);
    }
}

struct PackResidual<'a, T> {
    g: Geometry,
    gradient: &'a [T],
    residual: &'a mut Residual<T>,
}

impl<T: Real> WithSimd for PackResidual<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.residual.pack::<S>(self.g, self.gradient);
    }
}

struct Backward<'a, T> {
    layer: Layer<'a, T>,
    readout: &'a [T],
    residual: &'a Residual<T>,
    inputs: &'a [u32],
    scratch: &'a mut Scratch<T>,
    slab: fused::Slab<'a, T>,
}

impl<T: Real> WithSimd for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layer,
            readout,
            residual,
            inputs,
            scratch,
            slab,
        } = self;
        fused::backward(simd, layer, readout, residual, inputs, scratch, slab);
    }
}
