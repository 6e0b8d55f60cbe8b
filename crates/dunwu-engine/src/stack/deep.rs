//! Any network, block of rows by block of rows, by general matrix products.

use super::first::{First, Rows};
use super::{Net, Stack};
use crate::activation::Function;
use crate::kernel::widest;
use crate::order::Order;
use crate::pool::Pool;
use crate::real::Real;
use crate::score::{Panel, Rule, Scores, score};
use crate::weights::{Dims, Weights};
use pulp::Arch;

/// Rows of a block.
const BLOCK: usize = 256;
/// Partial gradients, each over its own share of the rows, so that two workers can be busy.
const PARTS: usize = 2;

pub(crate) struct Deep<T> {
    net: Layers<T>,
    parts: Vec<Part<T>>,
    buffers: Vec<Buffers<T>>,
}

/// What the passes of every block share.
#[derive(Clone, Copy)]
struct Layers<T> {
    d: Dims,
    function: Function<T>,
    first: First<T>,
    arch: Arch,
}

/// One worker's block: what each layer saw and gave.
struct Buffers<T> {
    pre: Vec<Vec<T>>,
    features: Vec<Vec<T>>,
    grad: Vec<T>,
    spare: Vec<T>,
    outputs: Vec<T>,
}

/// Gradients over a share of the rows.
struct Part<T> {
    table: Vec<T>,
    /// Later hidden layers, then the readout.
    rest: Vec<Vec<T>>,
}

impl<T: Real> Deep<T> {
    pub(crate) fn new(d: Dims, function: Function<T>, first: First<T>, pool: &Pool) -> Self {
        let layer = || vec![T::ZERO; BLOCK * d.stride];
        let buffers = || Buffers {
            pre: (0..d.layers).map(|_| layer()).collect(),
            features: (0..d.layers).map(|_| layer()).collect(),
            grad: layer(),
            spare: layer(),
            outputs: vec![T::ZERO; BLOCK * d.pitch],
        };
        let part = || Part {
            table: vec![T::ZERO; d.tokens * d.stride],
            rest: (1..d.layers)
                .map(|_| vec![T::ZERO; d.stride * d.stride])
                .chain([vec![T::ZERO; d.stride * d.pitch]])
                .collect(),
        };
        let net = Layers {
            d,
            function,
            first,
            arch: Arch::new(),
        };
        Self {
            net,
            parts: (0..PARTS).map(|_| part()).collect(),
            buffers: pool.scratches(buffers),
        }
    }
}

impl<T: Real> Stack<T> for Deep<T> {
    fn forward(
        &mut self,
        pool: &Pool,
        net: Net<'_, T>,
        order: &Order,
        rule: &Rule<T>,
        scores: &mut Scores<T>,
    ) {
        let (layers, d) = (self.net, self.net.d);
        let panels = scores.panels(order, rule, BLOCK);
        pool.each(panels, &mut self.buffers, |mut panel: Panel<'_, T>, b| {
            layers.forward(net, panel.inputs, b);
            let rows = panel.labels.len();
            let last = (b.features[d.layers - 1].as_slice(), [d.stride, 1]);
            let readout = (&net.weights.readout().data[..], [d.pitch, 1]);
            T::matmul(
                [rows, d.stride, d.pitch],
                last,
                readout,
                (&mut b.outputs, [d.pitch, 1]),
                T::ONE,
                T::ZERO,
            );
            widest(
                layers.arch,
                #[inline(always)]
                || score(rule, d.classes, d.pitch, &mut b.outputs, &mut panel),
            );
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
        let (layers, d) = (self.net, self.net.d);
        let share = order.len().div_ceil(PARTS).next_multiple_of(BLOCK);
        let inputs = order.inputs.chunks(share * d.operands);
        let gradient = gradient.chunks(share * d.pitch);
        self.parts.iter_mut().for_each(Part::clear);
        let items = self.parts.iter_mut().zip(inputs.zip(gradient)).collect();
        pool.each(items, &mut self.buffers, |(part, (inputs, gradient)), b| {
            let blocks = inputs
                .chunks(BLOCK * d.operands)
                .zip(gradient.chunks(BLOCK * d.pitch));
            blocks.for_each(|(inputs, gradient)| layers.backward(net, inputs, gradient, b, part));
        });
        add_parts(table_grad, self.parts.iter().map(|p| p.table.as_slice()));
        for l in 1..=d.layers {
            let to = if l < d.layers {
                grads.hidden_mut(l)
            } else {
                grads.readout_mut()
            };
            add_parts(
                &mut to.data,
                self.parts.iter().map(|p| p.rest[l - 1].as_slice()),
            );
        }
    }

    fn features(&mut self, net: Net<'_, T>, order: &Order, out: &mut [T]) {
        let (layers, d) = (self.net, self.net.d);
        let b = &mut self.buffers[0];
        let blocks = order
            .inputs
            .chunks(BLOCK * d.operands)
            .zip(out.chunks_mut(BLOCK * d.stride));
        for (inputs, out) in blocks {
            layers.forward(net, inputs, b);
            out.copy_from_slice(&b.features[d.layers - 1][..out.len()]);
        }
    }
}

/// `to ← Σ parts`, in order.
fn add_parts<'a, T: Real>(to: &mut [T], parts: impl Iterator<Item = &'a [T]>) {
    for (i, part) in parts.enumerate() {
        if i == 0 {
            to.copy_from_slice(part);
        } else {
            to.iter_mut().zip(part).for_each(|(t, x)| *t += *x);
        }
    }
}

impl<T: Real> Part<T> {
    fn clear(&mut self) {
        self.table.fill(T::ZERO);
        self.rest.iter_mut().for_each(|m| m.fill(T::ZERO));
    }
}

impl<T: Real> Layers<T> {
    /// Fills `pre` and `features` of every layer.
    fn forward(&self, net: Net<'_, T>, inputs: &[u32], b: &mut Buffers<T>) {
        let (d, rows) = (self.d, inputs.len() / self.d.operands);
        widest(
            self.arch,
            #[inline(always)]
            || {
                for (i, inputs) in inputs.chunks_exact(d.operands).enumerate() {
                    let at = i * d.stride..i * d.stride + d.width;
                    let rows = Rows {
                        table: net.table,
                        d,
                        inputs,
                    };
                    let (pre, features) = (&mut b.pre[0][at.clone()], &mut b.features[0][at]);
                    self.first.apply(rows, pre, features);
                }
            },
        );
        for l in 1..d.layers {
            let (before, after) = b.features.split_at_mut(l);
            let (x, pre) = (&before[l - 1], &mut b.pre[l]);
            let used = rows * d.stride;
            pre[..used].copy_from_slice(&x[..used]);
            let layer = (&net.weights.hidden(l).data[..], [d.stride, 1]);
            T::matmul(
                [rows, d.stride, d.stride],
                (x, [d.stride, 1]),
                layer,
                (pre, [d.stride, 1]),
                T::ONE,
                T::ONE,
            );
            widest(
                self.arch,
                #[inline(always)]
                || self.function.apply(&pre[..used], &mut after[0][..used]),
            );
        }
    }

    /// Adds a block's gradients to `part`.
    fn backward(
        &self,
        net: Net<'_, T>,
        inputs: &[u32],
        gradient: &[T],
        b: &mut Buffers<T>,
        part: &mut Part<T>,
    ) {
        let (d, rows) = (self.d, inputs.len() / self.d.operands);
        self.forward(net, inputs, b);
        let (wide, pitch) = ([d.stride, 1], [d.pitch, 1]);
        let last = (b.features[d.layers - 1].as_slice(), [1, d.stride]);
        let readout_grad = (part.rest[d.layers - 1].as_mut_slice(), pitch);
        T::matmul(
            [d.stride, rows, d.pitch],
            last,
            (gradient, pitch),
            readout_grad,
            T::ONE,
            T::ONE,
        );
        let readout = (&net.weights.readout().data[..], [1, d.pitch]);
        T::matmul(
            [rows, d.pitch, d.stride],
            (gradient, pitch),
            readout,
            (&mut b.grad, wide),
            T::ONE,
            T::ZERO,
        );
        let used = rows * d.stride;
        for l in (1..d.layers).rev() {
            let (pre, grad) = (&b.pre[l][..used], &mut b.grad[..used]);
            widest(
                self.arch,
                #[inline(always)]
                || self.function.apply_slope(pre, grad),
            );
            let x = (b.features[l - 1].as_slice(), [1, d.stride]);
            let layer_grad = (part.rest[l - 1].as_mut_slice(), wide);
            T::matmul(
                [d.stride, rows, d.stride],
                x,
                (&b.grad, wide),
                layer_grad,
                T::ONE,
                T::ONE,
            );
            b.spare[..used].copy_from_slice(&b.grad[..used]);
            let layer = (&net.weights.hidden(l).data[..], [1, d.stride]);
            T::matmul(
                [rows, d.stride, d.stride],
                (&b.spare, wide),
                layer,
                (&mut b.grad, wide),
                T::ONE,
                T::ONE,
            );
        }
        widest(
            self.arch,
            #[inline(always)]
            || self.scatter(net, inputs, b, part),
        );
    }

    /// Adds the gradient at the first activations to the rows of the table.
    #[inline(always)]
    fn scatter(&self, net: Net<'_, T>, inputs: &[u32], b: &mut Buffers<T>, part: &mut Part<T>) {
        let d = self.d;
        for (i, inputs) in inputs.chunks_exact(d.operands).enumerate() {
            let at = i * d.stride..i * d.stride + d.width;
            if self.first.is_sum() {
                self.first
                    .sum_gradient(&b.pre[0][at.clone()], &mut b.grad[at.clone()]);
            }
            for (j, token) in inputs.iter().enumerate() {
                let to = &mut part.table[*token as usize * d.stride..][..d.width];
                let from = if self.first.is_sum() {
                    &b.grad[at.clone()]
                } else {
                    let rows = Rows {
                        table: net.table,
                        d,
                        inputs,
                    };
                    self.first.product_gradient(
                        rows,
                        j,
                        &b.grad[at.clone()],
                        &mut b.spare[..d.width],
                    );
                    &b.spare[..d.width]
                };
                to.iter_mut().zip(from).for_each(|(t, x)| *t += *x);
            }
        }
    }
}
