//! All trained numbers of a network.

use crate::error::EngineError;
use crate::kernel::fused::SLAB;
use crate::maths::LANES;
use crate::matrix::Matrix;
use crate::optimizer::Role;
use crate::real::Real;
use crate::transformer::{Shape, Tensors};
use dunwu_core::{Dataset, Embedding, Init, Readout, RunPlan, Seed, Snapshot, Weights as Field};

/// Shapes of a network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dims {
    pub operands: usize,
    /// Rows of the gathered table, Σ vocab.
    pub tokens: usize,
    /// Largest vocabulary, the rows of a trained embedding.
    pub vocab: usize,
    /// Numbers in a hidden layer: twice the nodes for complex weights.
    pub width: usize,
    /// `width` padded to whole slabs.
    pub stride: usize,
    pub classes: usize,
    /// `classes` padded to a multiple of 16.
    pub pitch: usize,
    /// Length of an embedding vector; None for one-hot.
    pub embedding: Option<usize>,
    pub layers: usize,
}

impl Dims {
    pub(crate) fn new(plan: &RunPlan, data: &Dataset) -> Self {
        let width = plan.width * if plan.weights == Field::Complex { 2 } else { 1 };
        Self {
            operands: data.operands(),
            tokens: data.inputs(),
            vocab: data.vocab.iter().copied().max().unwrap_or(0),
            width,
            stride: width.next_multiple_of(SLAB),
            classes: data.classes,
            pitch: data.classes.next_multiple_of(16),
            embedding: (plan.embedding == Embedding::Trained).then_some(plan.embedding_width),
            layers: plan.hidden_layers,
        }
    }

    /// What the trainer needs of any network: for a transformer `width` is that of the last hidden state.
    pub(crate) fn of_model(plan: &RunPlan, data: &Dataset) -> Self {
        let d = Self::new(plan, data);
        match &plan.transformer {
            Some(t) => Self {
                width: t.model_width,
                stride: t.model_width.next_multiple_of(LANES),
                ..d
            },
            None => d,
        }
    }
}

/// The weights, or as many gradients: embedding if any, hidden layers, readout.
#[derive(Clone, Debug)]
pub(crate) struct Weights<T> {
    pub all: Vec<Matrix<T>>,
    embedded: bool,
}

impl<T: Real> Weights<T> {
    /// Zeros.
    pub(crate) fn zeros(d: &Dims) -> Self {
        let mut all = Vec::new();
        if let Some(size) = d.embedding {
            all.push(Matrix::zeros("embedding", [d.vocab, size], d.vocab, size));
        }
        let inputs = d.embedding.map_or(d.tokens, |size| size * d.operands);
        all.push(Matrix::zeros(
            "hidden.0",
            [inputs, d.width],
            inputs,
            d.stride,
        ));
        for layer in 1..d.layers {
            all.push(Matrix::zeros(
                &format!("hidden.{layer}"),
                [d.width, d.width],
                d.stride,
                d.stride,
            ));
        }
        all.push(Matrix::zeros(
            "readout",
            [d.width, d.classes],
            d.stride,
            d.pitch,
        ));
        Self {
            all,
            embedded: d.embedding.is_some(),
        }
    }

    /// Tensors that another model has named.
    pub(crate) fn of(all: Vec<Matrix<T>>) -> Self {
        let embedded = false;
        Self { all, embedded }
    }

    /// Sets all to zero.
    pub(crate) fn clear(&mut self) {
        self.all.iter_mut().for_each(|m| m.data.fill(T::ZERO));
    }

    /// Sets all to the sum of the parts, in order.
    pub(crate) fn sum_of(&mut self, parts: &[&Self]) {
        let (first, rest) = parts.split_first().expect("there are parts");
        for (i, to) in self.all.iter_mut().enumerate() {
            to.data.copy_from_slice(&first.all[i].data);
            for part in rest {
                let pairs = to.data.iter_mut().zip(part.all[i].data.iter());
                pairs.for_each(|(t, x)| *t += *x);
            }
        }
    }

    /// As these, all zero.
    pub(crate) fn zeroed(&self) -> Self {
        Self {
            all: self.all.iter().map(Matrix::like).collect(),
            embedded: self.embedded,
        }
    }

    /// Zeros in the shapes of a plan.
    pub(crate) fn shaped(plan: &RunPlan, data: &Dataset) -> Self {
        match &plan.transformer {
            Some(t) => Self::of(Tensors::new(&Shape::new(t, data)).zeros()),
            None => Self::zeros(&Dims::new(plan, data)),
        }
    }

    /// Initial weights, each tensor from its own stream of the seed.
    pub(crate) fn initial(plan: &RunPlan, data: &Dataset, seed: u64) -> Self {
        let mut weights = Self::shaped(plan, data);
        for matrix in &mut weights.all {
            let role = role(&matrix.name);
            let (init, scale) = match role {
                Role::Readout => (plan.readout_init, plan.readout_scale),
                Role::Hidden | Role::Embedding => (plan.hidden_init, plan.hidden_scale),
                Role::Vector => {
                    matrix.start();
                    continue;
                }
            };
            // An embedding vector is one layer's output: its fan-in is the length of that vector.
            let fan_in = if role == Role::Embedding {
                matrix.cols
            } else {
                matrix.rows
            };
            let bound = scale / (fan_in as f64).sqrt();
            let mut draws = Seed(seed).draws(&matrix.name);
            match init {
                Init::Zero => {}
                Init::Uniform => matrix.fill_with(|| (2.0 * draws.unit() - 1.0) * bound),
                Init::Normal => matrix.fill_with(|| draws.normal() * bound),
            }
        }
        weights
    }

    pub(crate) fn embedding(&self) -> Option<&Matrix<T>> {
        self.embedded.then(|| &self.all[0])
    }

    /// Hidden layer `l`.
    pub(crate) fn hidden(&self, l: usize) -> &Matrix<T> {
        &self.all[usize::from(self.embedded) + l]
    }

    pub(crate) fn hidden_mut(&mut self, l: usize) -> &mut Matrix<T> {
        &mut self.all[usize::from(self.embedded) + l]
    }

    pub(crate) fn readout(&self) -> &Matrix<T> {
        self.all.last().expect("a network has a readout")
    }

    pub(crate) fn readout_mut(&mut self) -> &mut Matrix<T> {
        self.all.last_mut().expect("a network has a readout")
    }

    /// Numbers that the optimiser changes.
    pub(crate) fn trained(&self, plan: &RunPlan) -> usize {
        let solved = if plan.readout == Readout::Ridge {
            self.readout().rows * self.readout().cols
        } else {
            0
        };
        self.all.iter().map(|m| m.rows * m.cols).sum::<usize>() - solved
    }

    /// ‖all weights‖₂.
    pub(crate) fn norm(&self) -> f64 {
        self.all.iter().map(Matrix::square_sum).sum::<f64>().sqrt()
    }

    pub(crate) fn scale(&mut self, factor: f64) {
        let factor = T::of(factor);
        self.all
            .iter_mut()
            .flat_map(|m| m.data.iter_mut())
            .for_each(|x| *x *= factor);
    }

    /// Takes the weights from a state.
    pub(crate) fn restore(&mut self, state: &Snapshot<'_>) -> Result<(), EngineError> {
        for matrix in &mut self.all {
            let view = state
                .get(&matrix.name)
                .ok_or_else(|| EngineError::state(&matrix.name, "is missing"))?;
            if (view.rows, view.cols) != (matrix.rows, matrix.cols) {
                let why = format!(
                    "is {}×{}, the plan needs {}×{}",
                    view.rows, view.cols, matrix.rows, matrix.cols
                );
                return Err(EngineError::state(&matrix.name, why));
            }
            matrix.copy_from(view);
        }
        Ok(())
    }

    /// The first tensor that holds a number which is not finite.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.all
            .iter()
            .find(|m| !m.is_finite())
            .map(|m| m.name.as_str())
    }
}

/// What part of the network a tensor is.
pub(crate) fn role(name: &str) -> Role {
    match name {
        "embedding" | "positions" => Role::Embedding,
        "readout" => Role::Readout,
        name if is_vector(name) => Role::Vector,
        _ => Role::Hidden,
    }
}

/// Whether a tensor of a transformer is a scale, shift, bias or logit.
fn is_vector(name: &str) -> bool {
    name.ends_with("bias") || name.ends_with("sink") || name.split('.').any(|part| part == "norm")
}
