//! Transformers: rows as sequences of tokens, block of sequences by block of sequences.
//!
//! Two things keep the products small. Of the last layer only the positions whose output counts are computed beyond
//! keys and values. And the first layer sees each token at each position of a block once, however many sequences have
//! it there: of a table that is a few hundred rows in place of three for each of thousands of sequences.

mod attention;
mod block;
mod cuts;
mod lanes;
mod lens;
mod look;
mod norm;
mod room;
mod rotary;
mod shape;
mod table;
mod weigh;

pub(crate) use room::room;
pub(crate) use shape::{Shape, Tensors};

use crate::activation::Function;
use crate::error::EngineError;
use crate::matrix::Matrix;
use crate::model::Model;
use crate::order::{Cut, Order};
use crate::pool::Pool;
use crate::real::Real;
use crate::score::{Panel, Rule, Scores, score};
use crate::weights::Weights;
use block::Layers;
use dunwu_core::{Dataset, LossAt, Needs, RunPlan};
use pulp::Arch;
use room::Room;

/// Rows that a block aims at.
const ROWS: usize = 512;
/// Partial gradients, each over its own share of the blocks, so that as many workers can be busy.
pub(crate) const PARTS: usize = 4;

/// Any transformer.
pub(crate) struct Transformer<T> {
    layers: Layers<T>,
    parts: Vec<Part<T>>,
    rooms: Vec<Room<T>>,
    /// Whether the parts hold the gradients of the last forward pass.
    is_descended: bool,
}

/// The gradients of a share of the blocks.
struct Part<T> {
    grads: Weights<T>,
    /// Σ of the squares of the gradient at what each layer gives.
    reached: Vec<f64>,
}

impl<T: Real> Part<T> {
    fn clear(&mut self) {
        self.grads.clear();
        self.reached.fill(0.0);
    }
}

/// Whether the engine runs such a transformer on the data.
pub(crate) fn check(t: &dunwu_core::Transformer, data: &Dataset) -> Result<(), EngineError> {
    let largest = data.vocab.iter().copied().max().unwrap_or(0);
    if t.tie_embeddings && data.classes > largest {
        let why = format!(
            "needs as many tokens as labels, but there are {largest} tokens and {} labels; write tie_embeddings=false",
            data.classes
        );
        return Err(EngineError::unsupported("tie_embeddings", why));
    }
    let Some(given) = data.given else {
        return Ok(());
    };
    let answers = t.loss_at == LossAt::Answer && given < data.operands() + 1;
    if answers && data.classes < largest {
        let why = format!(
            "counts tokens that are no labels: there are {largest} tokens and {} labels; write loss_at=last",
            data.classes
        );
        return Err(EngineError::unsupported("loss_at", why));
    }
    Ok(())
}

impl<T: Real> Transformer<T> {
    pub(crate) fn new(plan: &RunPlan, data: &Dataset, pool: &Pool) -> Self {
        let t = plan
            .transformer
            .as_ref()
            .expect("the plan is of a transformer");
        let shape = Shape::new(t, data);
        let tensors = Tensors::new(&shape);
        let part = || Part {
            grads: Weights::of(tensors.zeros()),
            reached: vec![0.0; shape.layers],
        };
        let layers = Layers {
            shape,
            slots: tensors.slots.clone(),
            function: Function::from_plan(plan),
            rotary: Layers::rotary(&shape),
            arch: Arch::new(),
        };
        Self {
            layers,
            parts: (0..PARTS).map(|_| part()).collect(),
            rooms: pool.scratches(|| Room::new(&shape)),
            is_descended: false,
        }
    }
}

impl<T: Real> Model<T> for Transformer<T> {
    fn order(&self, data: &Dataset, rows: &[u32]) -> Order {
        cuts::order(&self.layers.shape, PARTS, data, rows)
    }

    fn refresh(&mut self, _: &Weights<T>) {}

    /// Where the loss is a mean over rows, blocks that are trained on go back at once, while all that they need is
    /// in the cache.
    fn forward(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        order: &Order,
        rule: &Rule<T>,
        scores: &mut Scores<T>,
    ) {
        let answers = self.layers.shape.answers;
        let sizes = order.cuts.iter().map(|cut| cut.sequences * answers);
        let descend = rule.descend && rule.loss.is_some();
        // Gradients that are used at once stay in the worker's room.
        let panels = scores.panels_of(order, rule, sizes, !descend);
        let trained = order.cuts.iter().filter(|cut| cut.train).count();
        let mut blocks: Vec<(&Cut, Panel<'_, T>)> = order.cuts.iter().zip(panels).collect();
        let rest = blocks.split_off(trained);
        self.is_descended = descend;
        let (mut parts, mut rooms) = (
            std::mem::take(&mut self.parts),
            std::mem::take(&mut self.rooms),
        );
        let layers = &self.layers;
        let pass = |cut: &Cut, panel: &mut Panel<'_, T>, room: &mut Room<T>| {
            layers.forward(weights, cut, room);
            layers.score(rule, panel, room);
        };
        if descend {
            let shares = shares(&mut parts, blocks);
            pool.each(shares, &mut rooms, |(part, blocks), room| {
                part.clear();
                for (cut, panel) in blocks {
                    let mut gradient = std::mem::take(&mut room.gradient);
                    let to = &mut gradient[..panel.labels.len() * layers.shape.pitch];
                    pass(
                        cut,
                        &mut Panel {
                            gradient: to,
                            ..panel
                        },
                        room,
                    );
                    layers.backward(weights, cut, to, room, part);
                    room.gradient = gradient;
                }
            });
        } else {
            pool.each(blocks, &mut rooms, |(cut, mut panel), room| {
                pass(cut, &mut panel, room)
            });
        }
        pool.each(rest, &mut rooms, |(cut, mut panel), room| {
            pass(cut, &mut panel, room)
        });
        (self.parts, self.rooms) = (parts, rooms);
    }

    fn backward(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        order: &Order,
        gradient: &[T],
        grads: &mut Weights<T>,
    ) {
        if !std::mem::take(&mut self.is_descended) {
            let mut rest = gradient;
            let pitch = self.layers.shape.pitch * self.layers.shape.answers;
            let blocks = order.cuts.iter().map(|cut| {
                let own = rest.split_off(..cut.sequences * pitch);
                (cut, own.expect("a gradient for every answer"))
            });
            let blocks = blocks.collect();
            let layers = &self.layers;
            let shares = shares(&mut self.parts, blocks);
            pool.each(shares, &mut self.rooms, |(part, blocks), room| {
                part.clear();
                for (cut, gradient) in blocks {
                    layers.forward(weights, cut, room);
                    layers.backward(weights, cut, gradient, room, part);
                }
            });
        }
        let parts: Vec<&Weights<T>> = self.parts.iter().map(|part| &part.grads).collect();
        grads.sum_of(&parts);
    }

    fn features(&mut self, weights: &Weights<T>, order: &Order, each: usize, out: &mut [T]) {
        let (room, stride) = (&mut self.rooms[0], self.layers.shape.stride);
        let mut to = out.chunks_exact_mut(stride);
        for cut in &order.cuts {
            self.layers.forward(weights, cut, room);
            let rows = self.layers.features(cut, room).chunks_exact(stride);
            for row in rows.skip(each - 1).step_by(each) {
                let to = to.next().expect("a place for every row");
                to.copy_from_slice(row);
            }
        }
    }

    fn look(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        data: &Dataset,
        needs: Needs,
        rule: Option<&Rule<T>>,
        scale: T,
    ) -> Vec<Matrix<T>> {
        let mut out = Vec::new();
        if needs.attention || needs.layers {
            let rows = look::sample(&self.layers.shape, &data.train);
            let order = self.order(data, &rows);
            let mut maps = look::Maps::new(&self.layers.shape, rows.len(), needs);
            for cut in &order.cuts {
                self.layers.forward(weights, cut, &mut self.rooms[0]);
                maps.push(&self.layers, cut, &self.rooms[0]);
            }
            out.extend(maps.all());
        }
        if needs.layers {
            let rows = lens::sample(&self.layers.shape, &data.test);
            let order = self.order(data, &rows);
            let seen = rule
                .map(|rule| lens::lens(&self.layers, weights, &order, rule, &mut self.rooms[0]));
            out.extend(seen.unwrap_or_default());
        }
        if needs.layers && needs.gradients {
            out.extend(self.reached());
        }
        if needs.table {
            let rooms = &mut self.rooms;
            out.extend(table::table(
                &self.layers,
                rooms,
                pool,
                weights,
                data,
                scale,
            ));
        }
        out
    }
}

impl<T: Real> Transformer<T> {
    /// `reach.l` of every layer, of the last pass back.
    fn reached(&self) -> impl Iterator<Item = Matrix<T>> {
        (0..self.layers.shape.layers).map(|l| {
            let squares: f64 = self.parts.iter().map(|part| part.reached[l]).sum();
            let mut out = Matrix::zeros(&format!("reach.{l}"), [1, 1], 1, 1);
            out.data[0] = T::of(squares.sqrt());
            out
        })
    }
}

/// Shares of some blocks, one for each part.
fn shares<T, I>(parts: &mut [T], blocks: Vec<I>) -> Vec<(&mut T, Vec<I>)> {
    let share = blocks.len().div_ceil(parts.len()).max(1);
    let mut blocks = blocks.into_iter();
    let mut next = || blocks.by_ref().take(share).collect();
    parts.iter_mut().map(|part| (part, next())).collect()
}

impl<T: Real> Layers<T> {
    /// Losses, answers and gradients of a block's outputs.
    fn score(&self, rule: &Rule<T>, panel: &mut Panel<'_, T>, room: &mut Room<T>) {
        let (classes, pitch) = (self.shape.classes, self.shape.pitch);
        let outputs = &mut room.outputs[..panel.labels.len() * pitch];
        crate::kernel::widest(
            self.arch,
            #[inline(always)]
            || score(rule, classes, pitch, outputs, panel),
        );
    }
}
