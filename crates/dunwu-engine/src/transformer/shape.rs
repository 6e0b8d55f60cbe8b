//! Sizes of a transformer and the tensors that it is made of.

use crate::maths::LANES;
use crate::matrix::Matrix;
use crate::real::Real;
use dunwu_core::{Attention, Dataset, LossAt, Norm, NormPlace, Positions, Transformer};
use std::ops::Range;

/// What a transformer is, without its weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Tokens of a sequence; of a table's row one more than operands, for the equals sign.
    pub sequence: usize,
    /// Vectors of the embedding.
    pub vocab: usize,
    /// Positions at the end of a sequence whose output counts.
    pub answers: usize,
    pub classes: usize,
    /// `classes` padded to whole lanes.
    pub pitch: usize,
    pub layers: usize,
    pub heads: usize,
    /// d.
    pub width: usize,
    /// d padded to whole lanes.
    pub stride: usize,
    /// Hidden nodes of the perceptron; 0 if there is none.
    pub mlp: usize,
    /// Those padded to whole lanes.
    pub mlp_stride: usize,
    pub mlp_bias: bool,
    pub positions: Positions,
    pub norm: Norm,
    pub place: NormPlace,
    pub attention: Attention,
    pub gate: bool,
    /// Positions that one sees on either side, itself included.
    pub window: usize,
    pub causal: bool,
    pub tied: bool,
}

impl Shape {
    pub(crate) fn new(t: &Transformer, data: &Dataset) -> Self {
        let operands = data.operands();
        let largest = data.vocab.iter().copied().max().unwrap_or(0);
        let equals = usize::from(data.given.is_none());
        let answers = match (data.given, t.loss_at) {
            (Some(given), LossAt::Answer) => operands - given + 1,
            _ => 1,
        };
        Self {
            sequence: operands + equals,
            vocab: largest + equals,
            answers,
            classes: data.classes,
            pitch: data.classes.next_multiple_of(LANES),
            layers: t.layers,
            heads: t.heads,
            width: t.model_width,
            stride: t.model_width.next_multiple_of(LANES),
            mlp: t.mlp_width,
            mlp_stride: t.mlp_width.next_multiple_of(LANES),
            mlp_bias: t.mlp_bias,
            positions: t.positions,
            norm: t.norm,
            place: t.norm_place,
            attention: t.attention,
            gate: t.attention_gate,
            window: if t.attention_window == 0 {
                usize::MAX
            } else {
                t.attention_window
            },
            causal: t.causal,
            tied: t.tie_embeddings,
        }
    }

    /// Numbers of a head.
    pub(crate) fn head(&self) -> usize {
        self.width / self.heads
    }

    /// Positions at the end of a sequence that layer `l` computes: the last one needs the answers alone.
    pub(crate) fn queries(&self, l: usize) -> usize {
        if l + 1 == self.layers {
            self.answers
        } else {
            self.sequence
        }
    }

    /// Positions that position `i` sees.
    pub(crate) fn visible(&self, i: usize) -> Range<usize> {
        let first = (i + 1).saturating_sub(self.window);
        let end = if self.causal {
            i + 1
        } else {
            self.sequence.min(i.saturating_add(self.window))
        };
        first..end
    }

    /// Sequences that are computed together.
    pub(crate) fn block(&self) -> usize {
        let rows = if self.layers == 1 {
            self.answers
        } else {
            self.sequence
        };
        (super::ROWS / rows).max(1)
    }

    /// The most distinct places of a block.
    pub(crate) fn places(&self) -> usize {
        let all = self.vocab.saturating_mul(self.sequence);
        (self.block() * self.sequence).min(all)
    }
}

/// Where the tensors of one layer stand among the weights.
#[derive(Clone, Debug)]
pub(crate) struct LayerSlots {
    /// Before or after attention, before or after the perceptron.
    pub norms: [Option<usize>; 2],
    pub q: usize,
    pub k: usize,
    pub v: usize,
    pub gate: Option<usize>,
    pub out: usize,
    pub sink: Option<usize>,
    pub mlp: Option<MlpSlots>,
}

/// Where those of its perceptron stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MlpSlots {
    pub input: usize,
    pub output: usize,
    pub biases: Option<[usize; 2]>,
}

/// Where the tensors of a transformer stand among the weights.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    pub embedding: usize,
    pub positions: Option<usize>,
    pub layers: Vec<LayerSlots>,
    pub norm: Option<usize>,
    /// None if it is the embedding.
    pub readout: Option<usize>,
}

/// Name, rows and columns of every tensor, and where they stand.
pub(crate) struct Tensors {
    pub all: Vec<(String, [usize; 2])>,
    pub slots: Slots,
}

impl Tensors {
    pub(crate) fn new(s: &Shape) -> Self {
        let mut all = List(Vec::new());
        let d = s.width;
        let embedding = all.add("embedding".into(), [s.vocab, d]);
        let learned = s.positions == Positions::Learned;
        let positions = learned.then(|| all.add("positions".into(), [s.sequence, d]));
        let layers = (0..s.layers).map(|l| all.layer(s, l)).collect();
        let norm = match s.place {
            NormPlace::Pre => all.norm(s, "norm".into()),
            NormPlace::Post => None,
        };
        let readout = (!s.tied).then(|| all.add("readout".into(), [d, s.classes]));
        let slots = Slots {
            embedding,
            positions,
            layers,
            norm,
            readout,
        };
        Self { all: all.0, slots }
    }

    /// All of zeros.
    pub(crate) fn zeros<T: Real>(&self) -> Vec<Matrix<T>> {
        let zeros = |(name, [rows, cols]): &(String, [usize; 2])| {
            Matrix::zeros(name, [*rows, *cols], *rows, cols.next_multiple_of(LANES))
        };
        self.all.iter().map(zeros).collect()
    }

    /// Numbers in their storage.
    pub(crate) fn numbers(&self) -> u64 {
        let one = |[rows, cols]: [usize; 2]| {
            (rows as u64).saturating_mul(cols.next_multiple_of(LANES) as u64)
        };
        let all = self.all.iter().map(|(_, shape)| one(*shape));
        all.fold(0, u64::saturating_add)
    }
}

struct List(Vec<(String, [usize; 2])>);

impl List {
    fn add(&mut self, name: String, shape: [usize; 2]) -> usize {
        self.0.push((name, shape));
        self.0.len() - 1
    }

    fn norm(&mut self, s: &Shape, name: String) -> Option<usize> {
        match s.norm {
            Norm::None => None,
            Norm::Rms => Some(self.add(name, [1, s.width])),
            Norm::Layer => Some(self.add(name, [2, s.width])),
        }
    }

    fn layer(&mut self, s: &Shape, l: usize) -> LayerSlots {
        let (d, name) = (s.width, |part: &str| format!("layers.{l}.{part}"));
        let first = self.norm(s, name("norm.0"));
        let [q, k, v] =
            ["q", "k", "v"].map(|part| self.add(name(&format!("attention.{part}")), [d, d]));
        let gate = s.gate.then(|| self.add(name("attention.gate"), [d, d]));
        let out = self.add(name("attention.out"), [d, d]);
        let sink = (s.attention == Attention::Sink)
            .then(|| self.add(name("attention.sink"), [1, s.heads]));
        let second = if s.mlp > 0 {
            self.norm(s, name("norm.1"))
        } else {
            None
        };
        let mlp = (s.mlp > 0).then(|| MlpSlots {
            input: self.add(name("mlp.in"), [d, s.mlp]),
            output: self.add(name("mlp.out"), [s.mlp, d]),
            biases: s.mlp_bias.then(|| {
                [
                    self.add(name("mlp.in_bias"), [1, s.mlp]),
                    self.add(name("mlp.out_bias"), [1, d]),
                ]
            }),
        });
        LayerSlots {
            norms: [first, second],
            q,
            k,
            v,
            gate,
            out,
            sink,
            mlp,
        }
    }
}
