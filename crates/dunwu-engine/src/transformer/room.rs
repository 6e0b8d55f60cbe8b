//! What a worker needs to take a block through all layers and back.

use super::attention::{Side, Weighed};
use super::norm::Normed;
use super::shape::Shape;
use crate::buffer::Buffer;
use crate::real::Real;
use dunwu_core::{Norm, NormPlace};

/// One layer's part of a worker's room.
pub(super) struct LayerRoom<T> {
    /// What the layer sees, a row for each place or position.
    pub(super) x: Buffer<T>,
    pub(super) q: Buffer<T>,
    pub(super) k: Buffer<T>,
    pub(super) v: Buffer<T>,
    pub(super) gate: Buffer<T>,
    pub(super) weighed: Weighed<T>,
    /// What the heads found, and that times the gate.
    pub(super) found: Buffer<T>,
    pub(super) gated: Buffer<T>,
    /// After attention was added.
    pub(super) middle: Buffer<T>,
    /// Before and after the activation.
    pub(super) pre: Buffer<T>,
    pub(super) features: Buffer<T>,
    pub(super) norms: [Option<Normed<T>>; 2],
}

/// Everything that one worker needs for a block.
pub(crate) struct Room<T> {
    pub(super) layers: Vec<LayerRoom<T>>,
    /// After the last layer, at the positions that answer.
    pub(super) last: Buffer<T>,
    pub(super) norm: Option<Normed<T>>,
    /// Outputs of the answers, `pitch` apart, and the gradient there.
    pub outputs: Buffer<T>,
    pub gradient: Buffer<T>,
    pub(super) grads: Grads<T>,
    pub(super) side: Side<T>,
}

/// Gradients on the way back.
pub(super) struct Grads<T> {
    /// At what a layer gives, then at its middle.
    pub(super) y: Buffer<T>,
    pub(super) features: Buffer<T>,
    pub(super) found: Buffer<T>,
    pub(super) q: Buffer<T>,
    pub(super) k: Buffer<T>,
    pub(super) v: Buffer<T>,
    pub(super) gate: Buffer<T>,
    /// At what a part of a layer sees.
    pub(super) seen: Buffer<T>,
}

impl<T: Real> Room<T> {
    pub(crate) fn new(s: &Shape) -> Self {
        let rows = |l: usize| {
            if l == 0 {
                s.places()
            } else {
                s.block() * s.sequence
            }
        };
        let most = rows(0)
            .max(rows(s.layers - 1))
            .max(s.block() * s.queries(0));
        let answers = s.block() * s.answers;
        let wide = |rows: usize| Buffer::zeros(rows * s.stride);
        let normed = |slot: bool, rows: usize| slot.then(|| Normed::new(rows, s.stride));
        let has_norm = s.norm != Norm::None;
        let layer = |l: usize| {
            let asked = s.block() * s.queries(l);
            let first = if s.place == NormPlace::Pre {
                rows(l)
            } else {
                asked
            };
            let nodes = if s.mlp > 0 { asked * s.mlp_stride } else { 0 };
            LayerRoom {
                x: wide(rows(l)),
                q: wide(rows(l)),
                k: wide(rows(l)),
                v: wide(rows(l)),
                gate: wide(if s.gate { rows(l) } else { 0 }),
                weighed: Weighed::new(s, l),
                found: wide(asked),
                gated: wide(if s.gate { asked } else { 0 }),
                middle: wide(asked),
                pre: Buffer::zeros(nodes),
                features: Buffer::zeros(nodes),
                norms: [
                    normed(has_norm, first),
                    normed(has_norm && s.mlp > 0, asked),
                ],
            }
        };
        let nodes = s.block() * s.queries(0).max(s.answers) * s.mlp_stride;
        Self {
            layers: (0..s.layers).map(layer).collect(),
            last: wide(answers),
            norm: normed(has_norm && s.place == NormPlace::Pre, answers),
            outputs: Buffer::zeros(answers * s.pitch),
            gradient: Buffer::zeros(answers * s.pitch),
            grads: Grads {
                y: wide(most),
                features: Buffer::zeros(nodes),
                found: wide(most),
                q: wide(most),
                k: wide(most),
                v: wide(most),
                gate: wide(if s.gate { most } else { 0 }),
                seen: wide(most),
            },
            side: Side::new(s),
        }
    }
}

/// Numbers of a worker's room, without making it.
pub(crate) fn room(s: &Shape) -> u64 {
    let number = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
    let all = number(s.block(), s.sequence);
    let rows = |l: usize| if l == 0 { s.places() as u64 } else { all };
    let asked = |l: usize| number(s.block(), s.queries(l));
    let (stride, nodes, gate) = (s.stride as u64, s.mlp_stride as u64, u64::from(s.gate));
    let norms = u64::from(s.norm != Norm::None);
    let mut out = 0u64;
    for l in 0..s.layers {
        let first = if s.place == NormPlace::Pre {
            rows(l)
        } else {
            asked(l)
        };
        let wide = (4 + gate) * rows(l) + (2 + gate) * asked(l) + 2 * norms * (first + asked(l));
        let weights = number(s.heads, s.sequence).saturating_mul(asked(l));
        let nodes = nodes.saturating_mul(2 * asked(l));
        out = out
            .saturating_add(wide.saturating_mul(stride))
            .saturating_add(nodes);
        out = out.saturating_add(weights);
    }
    let most = rows(0).max(rows(s.layers - 1)).max(asked(0));
    let answers = number(s.block(), s.answers);
    out = out.saturating_add(most.saturating_mul(stride).saturating_mul(6 + gate));
    out = out.saturating_add(nodes.saturating_mul(asked(0).max(answers)));
    let ends = stride
        .saturating_mul(1 + 2 * norms)
        .saturating_add(2 * s.pitch as u64);
    let side = number(s.sequence, 6 * s.stride).saturating_add(number(s.sequence, s.sequence));
    out.saturating_add(answers.saturating_mul(ends))
        .saturating_add(side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::{Dataset, RunSpec};

    fn numbers(room: &Room<f32>) -> usize {
        let normed = |n: &Option<Normed<f32>>| n.as_ref().map_or(0, Normed::numbers);
        let layer = |l: &LayerRoom<f32>| {
            let wide = [
                &l.x, &l.q, &l.k, &l.v, &l.gate, &l.found, &l.gated, &l.middle, &l.pre,
            ];
            let wide: usize = wide.iter().map(|b| b.len()).sum();
            let weighed = l.weighed.weights.len() + l.weighed.sinks.len();
            wide + l.features.len() + weighed + l.norms.iter().map(normed).sum::<usize>()
        };
        let g = &room.grads;
        let grads = [
            &g.y,
            &g.features,
            &g.found,
            &g.q,
            &g.k,
            &g.v,
            &g.gate,
            &g.seen,
        ];
        let grads: usize = grads.iter().map(|b| b.len()).sum();
        let ends = room.last.len() + 2 * room.outputs.len() + normed(&room.norm);
        room.layers.iter().map(layer).sum::<usize>() + grads + ends + room.side.numbers()
    }

    #[test]
    fn a_room_is_as_large_as_is_said_beforehand() {
        for words in [
            vec!["heads=2"],
            vec![
                "layers=3",
                "norm=layer",
                "attention_gate=true",
                "loss_at=last",
            ],
            vec!["layers=2", "norm=rms", "norm_place=post", "mlp_width=0"],
        ] {
            for (length, given) in [(3, None), (40, Some(1)), (40, Some(40))] {
                let words = [&["model=transformer", "model_width=24"], words.as_slice()].concat();
                let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
                let data = Dataset {
                    task: String::new(),
                    vocab: vec![50; length],
                    classes: 50,
                    tokens: vec![],
                    labels: vec![],
                    clean: vec![],
                    train: vec![],
                    test: vec![],
                    noisy: vec![],
                    given,
                };
                let s = Shape::new(plan.transformer.as_ref().unwrap(), &data);
                let (made, said) = (numbers(&Room::new(&s)) as f64, room(&s) as f64);
                assert!(
                    (0.85..=1.15).contains(&(made / said)),
                    "{plan:?}: {made} and {said}"
                );
            }
        }
    }
}
