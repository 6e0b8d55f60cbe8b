//! Keys that say something of what a plan does not do.

use crate::plan::{
    Activation, Embedding, GradientFilter, Loss, Model, Norm, Optimizer, Readout, RunPlan,
    Schedule, SplitKind, TrainShare,
};
use std::fmt::Display;

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
        let of = |used: bool, what: &str, other: &str, value: &dyn Display| {
            (!used).then(|| format!("it is of {what}, and {other}={value}"))
        };
        let drawn = |what: &str| {
            self.from
                .as_ref()
                .map(|from| format!("{what}, and from={from}"))
        };
        match key {
            "activation" => self.no_activation(),
            "activation_a" | "activation_b" => of(
                self.activation == Activation::Quadratic,
                "the activation quadratic",
                "activation",
                &self.activation,
            ),
            "betas" => of(
                self.optimizer != Optimizer::Sgd,
                "adam, adamw, lion and muon",
                "optimizer",
                &self.optimizer,
            ),
            "embedding_width" => of(
                self.embedding == Embedding::Trained,
                "a trained embedding",
                "embedding",
                &self.embedding,
            ),
            "eps" => of(
                !matches!(self.optimizer, Optimizer::Sgd | Optimizer::Lion),
                "adam, adamw and muon",
                "optimizer",
                &self.optimizer,
            ),
            "filter_alpha" => of(
                self.gradient_filter == GradientFilter::Ema,
                "the gradient filter ema",
                "gradient_filter",
                &self.gradient_filter,
            ),
            "filter_lambda" => of(
                self.gradient_filter != GradientFilter::None,
                "the gradient filters ema and ma",
                "gradient_filter",
                &self.gradient_filter,
            ),
            "filter_window" => of(
                self.gradient_filter == GradientFilter::Ma,
                "the gradient filter ma",
                "gradient_filter",
                &self.gradient_filter,
            ),
            "hidden_init" | "hidden_scale" | "readout_init" | "readout_scale" => {
                drawn("it is of weights that are drawn")
            }
            "milestones" => self.of_schedules(&[Schedule::Multistep]),
            "momentum" => of(
                matches!(self.optimizer, Optimizer::Sgd | Optimizer::Muon),
                "sgd and muon",
                "optimizer",
                &self.optimizer,
            ),
            "muon_coefficients" => of(
                self.optimizer == Optimizer::Muon,
                "muon",
                "optimizer",
                &self.optimizer,
            ),
            "noise_seed" => of(
                self.label_noise > 0.0,
                "replaced labels",
                "label_noise",
                &self.label_noise,
            ),
            "norm_place" => self
                .transformer
                .as_ref()
                .and_then(|t| of(t.norm != Norm::None, "a normalisation", "norm", &t.norm)),
            "mlp_bias" => self
                .transformer
                .as_ref()
                .and_then(|t| of(t.mlp_width > 0, "a perceptron", "mlp_width", &t.mlp_width)),
            "ridge" => of(
                self.readout == Readout::Ridge,
                "the readout ridge",
                "readout",
                &self.readout,
            ),
            "schedule_cooldown" => self.of_schedules(&[Schedule::Wsd]),
            "schedule_floor" => {
                self.of_schedules(&[Schedule::Cosine, Schedule::Linear, Schedule::Wsd])
            }
            "schedule_gamma" => {
                self.of_schedules(&[Schedule::Exponential, Schedule::Multistep, Schedule::Step])
            }
            "schedule_step" => self.of_schedules(&[Schedule::Step]),
            "split" | "split_seed" => match &self.train {
                TrainShare::File(path) => Some(format!(
                    "it is of rows that are drawn, and split_file={path}"
                )),
                _ => None,
            },
            "split_skew" => of(
                self.split == SplitKind::Skewed,
                "the split skewed",
                "split",
                &self.split,
            ),
            "temperature" => of(
                self.loss == Loss::SupCon,
                "the loss sup_con",
                "loss",
                &self.loss,
            ),
            _ => None,
        }
    }

    fn of_schedules(&self, those: &[Schedule]) -> Option<String> {
        let names: Vec<&str> = those.iter().map(|s| s.name()).collect();
        let named = match names.as_slice() {
            [one] => format!("the schedule {one}"),
            [first @ .., last] => format!("the schedules {} and {last}", first.join(", ")),
            [] => return None,
        };
        let used = those.contains(&self.schedule);
        (!used).then(|| format!("it is of {named}, and schedule={}", self.schedule))
    }

    /// Layers that multiply or only attend have no σ.
    fn no_activation(&self) -> Option<String> {
        use crate::plan::Interaction;
        let product = self.interaction == Interaction::Product && self.hidden_layers == 1;
        let attends = self.transformer.as_ref().is_some_and(|t| t.mlp_width == 0);
        match self.model {
            Model::Mlp if product => {
                Some("it is of sums, and interaction=product in the only hidden layer".to_owned())
            }
            Model::Transformer if attends => {
                Some("it is of a perceptron, and mlp_width=0".to_owned())
            }
            _ => None,
        }
    }
}
