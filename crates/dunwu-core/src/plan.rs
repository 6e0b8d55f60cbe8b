//! What a run means: every default filled in, every value checked.

use crate::names::named_enum;
use crate::spec::MOST;
use serde::{Deserialize, Serialize};

named_enum! {
    /// Family of networks.
    pub enum Model {
        /// Multi-layer perceptron without biases.
        Mlp = "mlp",
        /// Transformer over the row as a sequence of tokens (arXiv 1706.03762).
        Transformer = "transformer",
    }
}

named_enum! {
    /// How a transformer's position weighs the others: weights a from scores s = q·k/√d, n of which are visible.
    pub enum Attention {
        /// exp s / (1 + Σ exp s): a head may attend to nothing.
        OffByOne = "off_by_one",
        /// max(s, 0) / n (arXiv 2309.08586).
        Relu = "relu",
        /// 1/(1 + exp(log n − s)) (arXiv 2409.04431).
        Sigmoid = "sigmoid",
        /// exp s / (exp c + Σ exp s) with a trained logit c for each head, 0 at first.
        Sink = "sink",
        /// exp s / Σ exp s.
        Softmax = "softmax",
    }
}

named_enum! {
    /// How a transformer tells positions apart.
    pub enum Positions {
        /// A trained vector for each position is added to the token's.
        Learned = "learned",
        /// Not at all, beside the causal mask.
        None = "none",
        /// Queries and keys are turned by angles that grow with the position (arXiv 2104.09864).
        Rotary = "rotary",
    }
}

named_enum! {
    /// Normalisation in a transformer.
    pub enum Norm {
        /// Mean 0 and variance 1, then a trained scale and shift (arXiv 1607.06450).
        Layer = "layer",
        /// None.
        None = "none",
        /// Mean square 1, then a trained scale (arXiv 1910.07467).
        Rms = "rms",
    }
}

named_enum! {
    /// Where a transformer normalises.
    pub enum NormPlace {
        /// After each sum, x ← N(x + f(x)), as in arXiv 1706.03762.
        Post = "post",
        /// Before each part, x ← x + f(N(x)), and before the readout.
        Pre = "pre",
    }
}

named_enum! {
    /// Which tokens of a row the loss counts.
    pub enum LossAt {
        /// Every token that the task says is an answer: of a text all but the first, of a table the label.
        Answer = "answer",
        /// The last token, which is the row's label.
        Last = "last",
    }
}

named_enum! {
    /// Function σ of the hidden layers.
    pub enum Activation {
        /// x Φ(x), Φ the normal distribution function.
        Gelu = "gelu",
        /// b x² + a x, with `activation_a` and `activation_b`.
        Quadratic = "quadratic",
        /// max(x, 0).
        Relu = "relu",
        /// max(x, 0)².
        ReluSquare = "relu_square",
        /// x / (1 + e⁻ˣ).
        Silu = "silu",
        /// x².
        Square = "square",
        /// tanh x.
        Tanh = "tanh",
    }
}

named_enum! {
    /// Field over which the weights live.
    pub enum Weights {
        /// Complex numbers; the output is the real part of FV.
        Complex = "complex",
        /// Real numbers.
        Real = "real",
    }
}

named_enum! {
    /// How the operands' projections meet in the first hidden layer.
    pub enum Interaction {
        /// f = Π_j W_jᵀ x_j, no activation.
        Product = "product",
        /// f = σ(Σ_j W_jᵀ x_j).
        Sum = "sum",
    }
}

named_enum! {
    /// What stands for a token.
    pub enum Embedding {
        /// Its one-hot vector, fixed.
        OneHot = "one_hot",
        /// A trained vector of `embedding_width` numbers, shared by all operands.
        Trained = "trained",
    }
}

named_enum! {
    /// Distribution of initial weights.
    pub enum Init {
        /// Normal with standard deviation 1/√fan_in.
        Normal = "normal",
        /// Uniform in ±1/√fan_in, as published.
        Uniform = "uniform",
        /// Zero.
        Zero = "zero",
    }
}

named_enum! {
    /// Loss that is descended.
    pub enum Loss {
        /// −mean log softmax(o)_y.
        CrossEntropy = "cross_entropy",
        /// ‖o − e_y‖², summed over classes, mean over samples.
        Mse = "mse",
        /// ‖õ‖² − 2 õ_y + 1 − 1/M with õ = o − mean(o), mean over samples: the published code's loss.
        MseCentred = "mse_centred",
        /// −mean log s(o)_y / Σ s(o), s(x) = x + 1 for x ≥ 0 and 1/(1 − x) below (arXiv 2501.04697).
        Stablemax = "stablemax",
        /// Supervised contrastive loss on normalised outputs (arXiv 2004.11362).
        SupCon = "sup_con",
        /// Variance, invariance, covariance with same-label positives (arXiv 2105.04906): no negatives.
        Vicreg = "vicreg",
    }
}

named_enum! {
    /// How the last layer is found.
    pub enum Readout {
        /// Solved at each step by ridge regression with penalty `ridge`.
        Ridge = "ridge",
        /// Trained with the other weights.
        Trained = "trained",
    }
}

named_enum! {
    /// Rule of the weight update.
    pub enum Optimizer {
        /// Adam with L2 decay added to the gradient (arXiv 1412.6980).
        Adam = "adam",
        /// Adam with decoupled decay (arXiv 1711.05101).
        Adamw = "adamw",
        /// Sign of interpolated momentum, decoupled decay (arXiv 2302.06675).
        Lion = "lion",
        /// Orthogonalised momentum on hidden layers, Adam on the readout.
        Muon = "muon",
        /// Gradient descent with momentum, L2 decay added to the gradient.
        Sgd = "sgd",
    }
}

named_enum! {
    /// Newton–Schulz polynomials of Muon.
    pub enum MuonCoefficients {
        /// Five fixed polynomials, one a step, as in the published grokking code.
        Published = "published",
        /// (3.4445, −4.7750, 2.0315) at each of five steps.
        Standard = "standard",
    }
}

named_enum! {
    /// Filter that amplifies the slow part of the gradient (Grokfast, arXiv 2405.20233).
    pub enum GradientFilter {
        /// g + λ·EMA_α(g).
        Ema = "ema",
        /// g + λ·mean of the last `filter_window` gradients.
        Ma = "ma",
        /// g.
        None = "none",
    }
}

named_enum! {
    /// Learning rate over passes t of T, after a linear `warmup`; f is `schedule_floor`.
    pub enum Schedule {
        /// lr.
        Constant = "constant",
        /// lr·(f + (1 − f)·½(1 + cos(π t/T))).
        Cosine = "cosine",
        /// lr·γᵗ.
        Exponential = "exponential",
        /// lr·(f + (1 − f)(1 − t/T)).
        Linear = "linear",
        /// lr·γ to the number of `milestones` passed.
        Multistep = "multistep",
        /// lr·γ to the number of whole `schedule_step` passed.
        Step = "step",
        /// Warmup, stable, decay: lr·(f + (1 − f)·min(1, (1 − t/T)/c)), c being `schedule_cooldown` (arXiv 2404.06395).
        Wsd = "wsd",
    }
}

named_enum! {
    /// Precision of weights and arithmetic.
    pub enum Precision {
        /// Single.
        F32 = "f32",
        /// Double.
        F64 = "f64",
    }
}

named_enum! {
    /// How training rows are chosen.
    pub enum SplitKind {
        /// As nearly as possible the same number of rows of each label.
        Balanced = "balanced",
        /// Uniformly at random.
        Random = "random",
        /// Rows of label y with a share ∝ (1 + y)^−`split_skew`, as far as there are any.
        Skewed = "skewed",
    }
}

named_enum! {
    /// What ends a run before its last epoch.
    pub enum Stop {
        /// Held-out accuracy reaches `stop_accuracy`, or a run that has memorised is given up by `dunwu forecast`.
        Forecast = "forecast",
        /// Held-out accuracy reaches `stop_accuracy`.
        Generalised = "generalised",
        /// Nothing.
        Never = "never",
        /// Held-out accuracy reaches `stop_accuracy`, or will not by the last epoch as far as its course tells.
        Settled = "settled",
    }
}

impl Stop {
    fn is_never(&self) -> bool {
        *self == Stop::Never
    }
}

/// Held-out accuracy from which a run has generalised, where the plan does not say.
pub(crate) const STOP_ACCURACY: f64 = 0.99;

fn stop_accuracy() -> f64 {
    STOP_ACCURACY
}

fn is_stop_accuracy(value: &f64) -> bool {
    *value == STOP_ACCURACY
}

/// Bytes of a row of a text, where the plan does not say.
const CONTEXT: usize = 64;

fn context() -> usize {
    CONTEXT
}

fn is_context(value: &usize) -> bool {
    *value == CONTEXT
}

/// How many rows are trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainShare {
    /// A share of all rows, in (0, 1]: `train_fraction`.
    Fraction(f64),
    /// A number of rows: `train_size`.
    Size(usize),
    /// Multiplier c of the published line n = c·M·log M (times d_max/2, non-abelian): `train_multiplier`.
    Multiplier(f64),
    /// Rows named in a file: `split_file`, CSV with one training tuple of tokens a line.
    File(String),
}

/// What a plan says of its transformer; the keys of the same names say it in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is documented once, in the table of keys"
)]
#[serde(deny_unknown_fields)]
pub struct Transformer {
    pub layers: usize,
    pub heads: usize,
    pub model_width: usize,
    pub mlp_width: usize,
    pub mlp_bias: bool,
    pub positions: Positions,
    pub norm: Norm,
    pub norm_place: NormPlace,
    pub attention: Attention,
    pub attention_gate: bool,
    pub attention_window: usize,
    pub causal: bool,
    pub tie_embeddings: bool,
    pub loss_at: LossAt,
}

/// A run, completely described. What is stored in `plan.toml`.
///
/// Fields are the keys of [`crate::KEYS`], whose documentation gives meaning, unit and default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is documented once, in the table of keys"
)]
#[serde(deny_unknown_fields)]
pub struct RunPlan {
    pub task: String,
    pub operands: usize,
    pub quasigroup: bool,
    pub train: TrainShare,
    pub test_size: usize,
    pub split: SplitKind,
    pub split_seed: Option<u64>,
    #[serde(default)]
    pub split_skew: f64,
    pub label_noise: f64,
    pub noise_seed: Option<u64>,
    pub model: Model,
    pub width: usize,
    pub hidden_layers: usize,
    pub activation: Activation,
    pub activation_a: f64,
    pub activation_b: f64,
    pub weights: Weights,
    pub interaction: Interaction,
    pub embedding: Embedding,
    pub embedding_width: usize,
    pub hidden_init: Init,
    pub hidden_scale: f64,
    pub readout_init: Init,
    pub readout_scale: f64,
    pub output_scale: f64,
    pub weight_norm: f64,
    pub loss: Loss,
    pub temperature: f64,
    pub readout: Readout,
    pub ridge: f64,
    pub optimizer: Optimizer,
    pub lr: f64,
    pub weight_decay: f64,
    pub momentum: f64,
    pub betas: [f64; 2],
    pub eps: f64,
    pub muon_coefficients: MuonCoefficients,
    pub gradient_filter: GradientFilter,
    pub filter_alpha: f64,
    pub filter_lambda: f64,
    pub filter_window: usize,
    pub orthogonal_gradient: bool,
    pub save_seconds: f64,
    pub schedule: Schedule,
    #[serde(default = "cooldown", skip_serializing_if = "is_cooldown")]
    pub schedule_cooldown: f64,
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub schedule_floor: f64,
    pub schedule_gamma: f64,
    pub schedule_step: u64,
    pub milestones: Vec<u64>,
    #[serde(serialize_with = "whole")]
    pub warmup: f64,
    pub batch_size: usize,
    pub epochs: u64,
    pub seed: u64,
    pub seeds: u64,
    pub eval_every: u64,
    pub probes: Vec<String>,
    pub probe_every: u64,
    pub precision: Precision,
    pub threads: usize,
    pub checkpoint_every: u64,
    pub checkpoints: Vec<u64>,
    // Left out where it is the default: plans of earlier versions keep their hash.
    #[serde(default = "never", skip_serializing_if = "Stop::is_never")]
    pub stop: Stop,
    #[serde(default = "stop_accuracy", skip_serializing_if = "is_stop_accuracy")]
    pub stop_accuracy: f64,
    #[serde(default = "context", skip_serializing_if = "is_context")]
    pub context: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm_reference: Option<f64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub norm_start: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub epoch_updates: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scored_size: u64,
    /// Present where `model` is a transformer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transformer: Option<Transformer>,
}

fn cooldown() -> f64 {
    0.2
}

fn is_cooldown(value: &f64) -> bool {
    *value == cooldown()
}

fn is_nothing(value: &f64) -> bool {
    *value == 0.0
}

/// A whole number is written as one, as it was when it could be nothing else.
fn whole<S: serde::Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && *value < MOST as f64 {
        serializer.serialize_u64(*value as u64)
    } else {
        serializer.serialize_f64(*value)
    }
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn never() -> Stop {
    Stop::Never
}
