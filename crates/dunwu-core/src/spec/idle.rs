//! Keys that say something of what a plan does not do.

use crate::plan::{
    Activation, Embedding, GradientFilter, Init, Interaction, Loss, Model, Norm, Optimizer,
    Readout, RunPlan, Schedule, SplitKind, TrainShare, Transformer,
};

/// When a key counts.
struct Rule {
    key: &'static str,
    /// Whether it does, or may do, something.
    used: fn(&RunPlan) -> bool,
    /// What it is of.
    of: &'static str,
    /// What the plan has instead.
    has: fn(&RunPlan) -> String,
}

const fn rule(
    key: &'static str,
    used: fn(&RunPlan) -> bool,
    of: &'static str,
    has: fn(&RunPlan) -> String,
) -> Rule {
    Rule { key, used, of, has }
}

/// Sorted by key; a key may have several.
const RULES: &[Rule] = &[
    rule(
        "activation",
        has_activation,
        "nodes with a σ",
        no_activation,
    ),
    rule(
        "activation_a",
        has_activation,
        "nodes with a σ",
        no_activation,
    ),
    rule(
        "activation_a",
        is_quadratic,
        "the activation quadratic",
        activation,
    ),
    rule(
        "activation_b",
        has_activation,
        "nodes with a σ",
        no_activation,
    ),
    rule(
        "activation_b",
        is_quadratic,
        "the activation quadratic",
        activation,
    ),
    rule(
        "betas",
        |p| p.optimizer != Optimizer::Sgd,
        "adam, adamw, lion and muon",
        optimizer,
    ),
    rule(
        "embedding_width",
        |p| p.embedding == Embedding::Trained,
        "a trained embedding",
        |p| format!("embedding={}", p.embedding),
    ),
    rule(
        "eps",
        |p| !matches!(p.optimizer, Optimizer::Sgd | Optimizer::Lion),
        "adam, adamw and muon",
        optimizer,
    ),
    rule(
        "filter_alpha",
        |p| p.gradient_filter == GradientFilter::Ema,
        "the gradient filter ema",
        filter,
    ),
    rule(
        "filter_lambda",
        |p| p.gradient_filter != GradientFilter::None,
        "the gradient filters ema and ma",
        filter,
    ),
    rule(
        "filter_window",
        |p| p.gradient_filter == GradientFilter::Ma,
        "the gradient filter ma",
        filter,
    ),
    rule("hidden_init", is_drawn, "weights that are drawn", from),
    rule("hidden_scale", is_drawn, "weights that are drawn", from),
    rule(
        "hidden_scale",
        |p| p.hidden_init != Init::Zero,
        "weights that are not 0",
        |p| format!("hidden_init={}", p.hidden_init),
    ),
    rule(
        "loss",
        |p| p.readout != Readout::Ridge,
        "a trained readout",
        readout,
    ),
    rule(
        "milestones",
        |p| p.schedule == Schedule::Multistep,
        "the schedule multistep",
        schedule,
    ),
    rule(
        "mlp_bias",
        |p| all(p, |t| t.mlp_width > 0),
        "a perceptron",
        |_| "mlp_width=0".to_owned(),
    ),
    rule(
        "momentum",
        |p| matches!(p.optimizer, Optimizer::Sgd | Optimizer::Muon),
        "sgd and muon",
        optimizer,
    ),
    rule(
        "muon_coefficients",
        |p| p.optimizer == Optimizer::Muon,
        "muon",
        optimizer,
    ),
    rule(
        "noise_seed",
        |p| p.label_noise > 0.0,
        "replaced labels",
        |p| format!("label_noise={}", p.label_noise),
    ),
    rule(
        "norm_place",
        |p| all(p, |t| t.norm != Norm::None),
        "a normalisation",
        |_| "norm=none".to_owned(),
    ),
    rule(
        "probe_every",
        |p| p.probes.iter().any(|name| name != "none"),
        "probes",
        |_| "probes=none".to_owned(),
    ),
    rule("readout_init", is_drawn, "weights that are drawn", from),
    rule(
        "readout_init",
        has_readout,
        "a readout of its own",
        no_readout,
    ),
    rule("readout_scale", is_drawn, "weights that are drawn", from),
    rule(
        "readout_scale",
        has_readout,
        "a readout of its own",
        no_readout,
    ),
    rule(
        "readout_scale",
        |p| p.readout_init != Init::Zero,
        "weights that are not 0",
        |p| format!("readout_init={}", p.readout_init),
    ),
    rule(
        "ridge",
        |p| p.readout == Readout::Ridge,
        "the readout ridge",
        readout,
    ),
    rule(
        "schedule",
        |p| p.schedule != Schedule::Multistep || !p.milestones.is_empty(),
        "milestones",
        |_| "there are none".to_owned(),
    ),
    rule(
        "schedule_cooldown",
        |p| p.schedule == Schedule::Wsd,
        "the schedule wsd",
        schedule,
    ),
    rule(
        "schedule_floor",
        |p| {
            matches!(
                p.schedule,
                Schedule::Cosine | Schedule::Linear | Schedule::Wsd
            )
        },
        "the schedules cosine, linear and wsd",
        schedule,
    ),
    rule(
        "schedule_gamma",
        |p| {
            matches!(
                p.schedule,
                Schedule::Exponential | Schedule::Multistep | Schedule::Step
            )
        },
        "the schedules exponential, multistep and step",
        schedule,
    ),
    rule(
        "schedule_step",
        |p| p.schedule == Schedule::Step,
        "the schedule step",
        schedule,
    ),
    rule("split", is_split, "rows that are drawn", split_file),
    rule("split_skew", is_split, "rows that are drawn", split_file),
    rule(
        "split_skew",
        |p| p.split == SplitKind::Skewed,
        "the split skewed",
        |p| format!("split={}", p.split),
    ),
    rule(
        "temperature",
        |p| p.loss == Loss::SupCon,
        "the loss sup_con",
        |p| format!("loss={}", p.loss),
    ),
];

impl RunPlan {
    /// Why a key changes nothing here: what it is of, and what the plan has instead; None where it does, or may do,
    /// something.
    ///
    /// ```
    /// use dunwu_core::RunSpec;
    /// let plan = RunSpec::from_overrides(["schedule_floor=0.1"])?.resolve()?;
    /// let why = plan.idle("schedule_floor").unwrap();
    /// assert_eq!(why, "it is of the schedules cosine, linear and wsd, and schedule=constant");
    /// assert_eq!(plan.idle("lr"), None);
    /// # Ok::<(), dunwu_core::PlanError>(())
    /// ```
    pub fn idle(&self, key: &str) -> Option<String> {
        let mut rules = RULES.iter().filter(|rule| rule.key == key);
        let idle = rules.find(|rule| !(rule.used)(self))?;
        Some(format!("it is of {}, and {}", idle.of, (idle.has)(self)))
    }

    /// Keys of which [`RunPlan::idle`] may say something, sorted.
    pub fn keys_of_some_plans() -> Vec<&'static str> {
        let mut keys: Vec<&str> = RULES.iter().map(|rule| rule.key).collect();
        keys.dedup();
        keys
    }
}

/// Whether it holds of the transformer, if there is one.
fn all(plan: &RunPlan, holds: fn(&Transformer) -> bool) -> bool {
    plan.transformer.as_ref().is_none_or(holds)
}

/// Layers that multiply or only attend have no σ.
fn has_activation(plan: &RunPlan) -> bool {
    let product = plan.interaction == Interaction::Product && plan.hidden_layers == 1;
    let multiplies = plan.model == Model::Mlp && product;
    !multiplies && all(plan, |t| t.mlp_width > 0)
}

fn no_activation(plan: &RunPlan) -> String {
    match plan.model {
        Model::Mlp => "interaction=product in the only hidden layer".to_owned(),
        Model::Transformer => "mlp_width=0".to_owned(),
    }
}

fn is_quadratic(plan: &RunPlan) -> bool {
    plan.activation == Activation::Quadratic
}

fn activation(plan: &RunPlan) -> String {
    format!("activation={}", plan.activation)
}

fn optimizer(plan: &RunPlan) -> String {
    format!("optimizer={}", plan.optimizer)
}

fn filter(plan: &RunPlan) -> String {
    format!("gradient_filter={}", plan.gradient_filter)
}

fn schedule(plan: &RunPlan) -> String {
    format!("schedule={}", plan.schedule)
}

fn readout(plan: &RunPlan) -> String {
    format!("readout={}", plan.readout)
}

fn is_drawn(plan: &RunPlan) -> bool {
    plan.from.is_none()
}

fn from(plan: &RunPlan) -> String {
    format!("from={}", plan.from.as_deref().unwrap_or_default())
}

/// Whether the first readout is used: that of ridge is solved for, but its first norm is part of the one that is held.
fn has_readout(plan: &RunPlan) -> bool {
    let held = plan.weight_norm > 0.0 && plan.norm_reference.is_none();
    let solved = plan.readout == Readout::Ridge && !held;
    !solved && all(plan, |t| !t.tie_embeddings)
}

fn no_readout(plan: &RunPlan) -> String {
    match plan.readout {
        Readout::Ridge => readout(plan),
        Readout::Trained => "tie_embeddings=true".to_owned(),
    }
}

fn is_split(plan: &RunPlan) -> bool {
    !matches!(plan.train, TrainShare::File(_))
}

fn split_file(plan: &RunPlan) -> String {
    match &plan.train {
        TrainShare::File(path) => format!("split_file={path}"),
        _ => String::new(),
    }
}
