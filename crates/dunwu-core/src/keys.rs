//! The table of keys of a plan: the command line's help and the docs are made from it.

/// A key of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Name, as written in `key=value` and in plan files.
    pub name: &'static str,
    /// What a value looks like.
    pub form: &'static str,
    /// Default, as it would be written; empty if there is none or it depends on other keys.
    pub default: &'static str,
    /// What it does, with unit.
    pub help: &'static str,
}

const fn key(
    name: &'static str,
    form: &'static str,
    default: &'static str,
    help: &'static str,
) -> Key {
    Key {
        name,
        form,
        default,
        help,
    }
}

/// Every key of a plan, sorted by name.
pub const KEYS: &[Key] = &[
    key(
        "activation",
        "name",
        "square",
        "function of the hidden layers",
    ),
    key(
        "activation_a",
        "number",
        "1",
        "a of the quadratic activation b·x² + a·x",
    ),
    key(
        "activation_b",
        "number",
        "1",
        "b of the quadratic activation b·x² + a·x",
    ),
    key(
        "attention",
        "name",
        "softmax",
        "how a position of a transformer weighs the others",
    ),
    key(
        "attention_gate",
        "true|false",
        "false",
        "multiplies what a head found by a sigmoid of the position, number by number (arXiv 2505.06708)",
    ),
    key(
        "attention_window",
        "positions",
        "0",
        "nearest positions that one sees, itself included; 0 is all",
    ),
    key(
        "batch_size",
        "rows",
        "0",
        "rows of a mini-batch; 0 is the full batch",
    ),
    key(
        "betas",
        "b1,b2",
        "0.9,0.999",
        "decay rates of the moments (Adam, AdamW, Lion, Muon's Adam)",
    ),
    key(
        "causal",
        "true|false",
        "true",
        "a position sees none after it: decoder, else encoder",
    ),
    key(
        "checkpoint_every",
        "epochs",
        "0",
        "epochs between kept checkpoints; 0 chooses about 24 over the run",
    ),
    key(
        "checkpoints",
        "e1,e2,…",
        "",
        "further epochs at which a checkpoint is kept, up to `epochs`",
    ),
    key(
        "context",
        "bytes",
        "64",
        "bytes of a row of the task `text`",
    ),
    key("embedding", "name", "one_hot", "what stands for a token"),
    key(
        "embedding_width",
        "integer",
        "128",
        "length of a trained embedding vector",
    ),
    key(
        "epoch_updates",
        "updates",
        "0",
        "mini-batch updates of an epoch, from which the passes over the training rows go on to the next; 0 is a whole pass",
    ),
    key(
        "epochs",
        "integer",
        "400",
        "passes over the training rows, or so many times epoch_updates",
    ),
    key("eps", "number", "1e-8", "ε of Adam's denominator"),
    key(
        "eval_every",
        "epochs",
        "1",
        "epochs between evaluations of the held-out rows; exact around crossings",
    ),
    key(
        "filter_alpha",
        "number",
        "0.98",
        "α of the gradient filter `ema`",
    ),
    key("filter_lambda", "number", "2", "λ of the gradient filter"),
    key(
        "filter_window",
        "updates",
        "100",
        "window of the gradient filter `ma`",
    ),
    key(
        "from",
        "path",
        "",
        "checkpoint, or run directory of one run, whose last weights training starts from; else they are drawn",
    ),
    key(
        "gradient_filter",
        "name",
        "none",
        "amplifies the slow part of the gradient (Grokfast)",
    ),
    key(
        "heads",
        "integer",
        "4",
        "attention heads of a transformer; they divide model_width",
    ),
    key(
        "hidden_init",
        "name",
        "uniform",
        "distribution of the initial hidden weights",
    ),
    key(
        "hidden_layers",
        "1 to 4",
        "1",
        "hidden layers; those after the first are residual, x ← σ(x + xL)",
    ),
    key(
        "hidden_scale",
        "number",
        "1",
        "factor on the initial hidden weights",
    ),
    key(
        "interaction",
        "name",
        "sum",
        "how the operands' projections meet",
    ),
    key(
        "label_noise",
        "share",
        "0",
        "share of training rows whose label is replaced by a wrong one",
    ),
    key("layers", "1 to 4", "1", "layers of a transformer"),
    key("loss", "name", "mse_centred", "loss that is descended"),
    key(
        "loss_at",
        "name",
        "answer",
        "which tokens of a row the loss of a transformer counts",
    ),
    key("lr", "number", "1e-3", "learning rate"),
    key(
        "milestones",
        "p1,p2,…",
        "",
        "passes after which the multistep schedule multiplies the rate",
    ),
    key(
        "mlp_bias",
        "true|false",
        "true",
        "biases in the two layers of a transformer's perceptron; attention has none",
    ),
    key(
        "mlp_width",
        "integer",
        "512",
        "hidden nodes of a transformer's perceptron; 0 is attention only",
    ),
    key(
        "model",
        "name",
        "mlp",
        "family of networks; with transformer some keys have other defaults",
    ),
    key(
        "model_width",
        "integer",
        "128",
        "length of the vector that a transformer keeps for a position",
    ),
    key(
        "momentum",
        "number",
        "0.9",
        "momentum of SGD and of Muon's hidden layers",
    ),
    key(
        "muon_coefficients",
        "name",
        "published",
        "Newton–Schulz polynomials of Muon",
    ),
    key(
        "noise_seed",
        "integer",
        "",
        "seed of the replaced labels; the run's seed if absent",
    ),
    key("norm", "name", "none", "normalisation in a transformer"),
    key(
        "norm_place",
        "name",
        "pre",
        "where a transformer normalises",
    ),
    key(
        "norm_reference",
        "number",
        "",
        "norm that weight_norm is a multiple of; that of the initial weights if absent",
    ),
    key(
        "norm_start",
        "update",
        "0",
        "first update after which weight_norm is held, where updates count from 1; 0 is all",
    ),
    key("operands", "integer", "2", "operands of a group task"),
    key("optimizer", "name", "adam", "rule of the weight update"),
    key(
        "orthogonal_gradient",
        "true|false",
        "false",
        "removes the gradient's part along the weights (⊥Grad)",
    ),
    key(
        "output_scale",
        "number",
        "1",
        "factor β on the network's output",
    ),
    key(
        "positions",
        "name",
        "learned",
        "how a transformer tells positions apart",
    ),
    key(
        "precision",
        "name",
        "f32",
        "precision of weights and arithmetic",
    ),
    key(
        "probe_every",
        "epochs",
        "10",
        "epochs between readings of expensive probes",
    ),
    key(
        "probes",
        "p1,p2,…",
        "cheap",
        "probes by name, or none, cheap, all",
    ),
    key(
        "quasigroup",
        "true|false",
        "false",
        "accepts a table that is a Latin square but no group",
    ),
    key("readout", "name", "trained", "how the last layer is found"),
    key(
        "readout_init",
        "name",
        "uniform",
        "distribution of the initial readout",
    ),
    key(
        "readout_scale",
        "number",
        "1",
        "factor on the initial readout",
    ),
    key(
        "ridge",
        "number",
        "",
        "η of the ridge readout; weight_decay if absent",
    ),
    key(
        "save_seconds",
        "seconds",
        "10",
        "seconds between saves of the state, which is what a kill can cost",
    ),
    key(
        "schedule",
        "name",
        "constant",
        "learning rate over passes over the training rows",
    ),
    key(
        "schedule_cooldown",
        "number",
        "0.2",
        "share c of the passes in which the schedule wsd falls",
    ),
    key(
        "schedule_floor",
        "number",
        "0",
        "share f of lr that the schedules cosine, linear and wsd end at",
    ),
    key(
        "schedule_gamma",
        "number",
        "0.1",
        "factor γ of the schedules step, multistep and exponential",
    ),
    key(
        "schedule_step",
        "passes",
        "100",
        "passes between factors of the schedule step",
    ),
    key(
        "scored_size",
        "rows",
        "0",
        "training rows, drawn once, that are scored at each epoch of mini-batches; 0 is all",
    ),
    key(
        "seed",
        "integer",
        "0",
        "first seed: initial weights and split",
    ),
    key(
        "seeds",
        "integer",
        "1",
        "number of runs, with seeds seed, seed+1, …, up to 10000",
    ),
    key("split", "name", "random", "how training rows are chosen"),
    key(
        "split_file",
        "path",
        "",
        "CSV file of the training tuples, one a line",
    ),
    key(
        "split_seed",
        "integer",
        "",
        "seed of the split; the run's seed if absent",
    ),
    key(
        "split_skew",
        "number",
        "1",
        "exponent s of the split skewed: label y has a share ∝ (1 + y)^−s",
    ),
    key(
        "stop",
        "name",
        "never",
        "what ends a run before its last epoch",
    ),
    key(
        "stop_accuracy",
        "share",
        "0.99",
        "held-out accuracy from which a run has generalised, for `stop`",
    ),
    key(
        "task",
        "expression",
        "Z71",
        "what is learned: a group, a table, a formula, parity",
    ),
    key(
        "temperature",
        "number",
        "0.1",
        "τ of the supervised contrastive loss",
    ),
    key(
        "test_size",
        "rows",
        "0",
        "held-out rows to evaluate; 0 is all (parity: 10,000)",
    ),
    key(
        "threads",
        "integer",
        "0",
        "threads; 0 is one a core. The bits do not depend on it",
    ),
    key(
        "tie_embeddings",
        "true|false",
        "false",
        "the readout is the embedding, transposed",
    ),
    key(
        "train_fraction",
        "share",
        "0.4",
        "share of all rows to train on",
    ),
    key(
        "train_multiplier",
        "number",
        "",
        "rows to train on as c·M·log M, the published line at 2.7482",
    ),
    key("train_size", "rows", "", "number of rows to train on"),
    key(
        "warmup",
        "passes",
        "0",
        "passes of linear warm-up, or a part of one",
    ),
    key(
        "weight_decay",
        "number",
        "2e-4",
        "coefficient of weight decay, coupled or not as the optimiser says",
    ),
    key(
        "weight_norm",
        "number",
        "0",
        "clamps the norm of all weights to this multiple of norm_reference; 0 is off",
    ),
    key("weights", "name", "real", "field of the weights"),
    key("width", "integer", "2048", "hidden nodes K"),
];

/// Keys that only a transformer has.
pub(crate) const OF_TRANSFORMERS: [&str; 14] = [
    "attention",
    "attention_gate",
    "attention_window",
    "causal",
    "heads",
    "layers",
    "loss_at",
    "mlp_bias",
    "mlp_width",
    "model_width",
    "norm",
    "norm_place",
    "positions",
    "tie_embeddings",
];

/// Keys that only a perceptron has.
pub(crate) const OF_PERCEPTRONS: [&str; 6] = [
    "embedding",
    "embedding_width",
    "hidden_layers",
    "interaction",
    "weights",
    "width",
];

/// Defaults that are others for `model=transformer`: with those of its own keys, the one-layer network of
/// arXiv 2301.05217 and how it was trained.
pub const TRANSFORMER_DEFAULTS: &[(&str, &str)] = &[
    ("activation", "relu"),
    ("betas", "0.9,0.98"),
    ("hidden_init", "normal"),
    ("loss", "cross_entropy"),
    ("optimizer", "adamw"),
    ("readout_init", "normal"),
    ("weight_decay", "1"),
];
