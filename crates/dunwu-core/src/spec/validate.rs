//! What a plan's values may be, alone and together.

use super::{MOST, MOST_SEEDS, MOST_WIDE};
use crate::error::PlanError;
use crate::plan::{Model, Positions, Readout, RunPlan, TrainShare};
use std::fmt::Display;

impl RunPlan {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    /// The first key that is out of range, with the range.
    pub fn validate(&self) -> Result<(), PlanError> {
        let positive = [
            ("operands", self.operands as f64),
            ("width", self.width as f64),
            ("embedding_width", self.embedding_width as f64),
            ("seeds", self.seeds as f64),
            ("eval_every", self.eval_every as f64),
            ("probe_every", self.probe_every as f64),
            ("filter_window", self.filter_window as f64),
            ("schedule_step", self.schedule_step as f64),
            ("temperature", self.temperature),
            ("eps", self.eps),
            ("norm_reference", self.norm_reference.unwrap_or(1.0)),
            ("schedule_gamma", self.schedule_gamma),
        ];
        for (key, value) in positive {
            check(
                key,
                value > 0.0 && value.is_finite(),
                value,
                "a finite number above 0",
            )?;
        }
        let not_negative = [
            ("lr", self.lr),
            ("weight_decay", self.weight_decay),
            ("weight_norm", self.weight_norm),
            ("ridge", self.ridge),
            ("hidden_scale", self.hidden_scale),
            ("readout_scale", self.readout_scale),
            ("filter_lambda", self.filter_lambda),
            ("save_seconds", self.save_seconds),
            ("warmup", self.warmup),
        ];
        for (key, value) in not_negative {
            check(
                key,
                value >= 0.0 && value.is_finite(),
                value,
                "a finite number, 0 or more",
            )?;
        }
        check(
            "warmup",
            self.warmup <= MOST as f64,
            self.warmup,
            &format!("at most {MOST}"),
        )?;
        let below_one = [
            ("momentum", self.momentum),
            ("betas", self.betas[0]),
            ("betas", self.betas[1]),
            ("filter_alpha", self.filter_alpha),
            ("label_noise", self.label_noise),
            ("schedule_floor", self.schedule_floor),
        ];
        for (key, value) in below_one {
            check(
                key,
                (0.0..1.0).contains(&value),
                value,
                "at least 0 and below 1",
            )?;
        }
        check(
            "schedule_cooldown",
            self.schedule_cooldown > 0.0 && self.schedule_cooldown <= 1.0,
            self.schedule_cooldown,
            "above 0 and at most 1",
        )?;
        for (key, value) in [
            ("activation_a", self.activation_a),
            ("activation_b", self.activation_b),
            ("output_scale", self.output_scale),
        ] {
            check(key, value.is_finite(), value, "a finite number")?;
        }
        for (key, value) in [
            ("width", self.width),
            ("embedding_width", self.embedding_width),
        ] {
            check(
                key,
                value <= MOST_WIDE,
                value,
                &format!("from 1 to {MOST_WIDE}"),
            )?;
        }
        let counts = [
            ("epochs", self.epochs),
            ("seed", self.seed),
            ("split_seed", self.split_seed.unwrap_or(0)),
            ("noise_seed", self.noise_seed.unwrap_or(0)),
            ("norm_start", self.norm_start),
            ("epoch_updates", self.epoch_updates),
            ("scored_size", self.scored_size),
            ("probe_every", self.probe_every),
            ("eval_every", self.eval_every),
            ("schedule_step", self.schedule_step),
            ("checkpoint_every", self.checkpoint_every),
            (
                "milestones",
                self.milestones.iter().copied().max().unwrap_or(0),
            ),
            (
                "checkpoints",
                self.checkpoints.iter().copied().max().unwrap_or(0),
            ),
            ("threads", self.threads as u64),
            ("operands", self.operands as u64),
            ("batch_size", self.batch_size as u64),
            ("test_size", self.test_size as u64),
            ("filter_window", self.filter_window as u64),
        ];
        for (key, value) in counts {
            check(key, value <= MOST, value, &format!("at most {MOST}"))?;
        }
        check(
            "seeds",
            self.seeds <= MOST_SEEDS,
            self.seeds,
            &format!("from 1 to {MOST_SEEDS}; start further runs with another seed and --out"),
        )?;
        check(
            "threads",
            self.threads <= 1024,
            self.threads,
            "at most 1024; 0 is one a core",
        )?;
        check(
            "operands",
            self.operands <= 64,
            self.operands,
            "from 1 to 64",
        )?;
        check(
            "hidden_layers",
            (1..=4).contains(&self.hidden_layers),
            self.hidden_layers,
            "from 1 to 4",
        )?;
        check(
            "stop_accuracy",
            self.stop_accuracy > 0.0 && self.stop_accuracy <= 1.0,
            self.stop_accuracy,
            "a share above 0 and up to 1",
        )?;
        check(
            "context",
            (1..=4096).contains(&self.context),
            self.context,
            "from 1 to 4096",
        )?;
        self.validate_share()?;
        self.validate_transformer()?;
        self.validate_start()?;
        self.validate_batches()?;
        self.validate_together()
    }

    fn validate_transformer(&self) -> Result<(), PlanError> {
        let Some(t) = &self.transformer else {
            return match self.model {
                Model::Mlp => Ok(()),
                Model::Transformer => Err(PlanError::new(
                    "model",
                    "is transformer, but the plan has no table `transformer`",
                )),
            };
        };
        check(
            "layers",
            (1..=4).contains(&t.layers),
            t.layers,
            "from 1 to 4",
        )?;
        check(
            "model_width",
            (1..=MOST_WIDE).contains(&t.model_width),
            t.model_width,
            &format!("from 1 to {MOST_WIDE}"),
        )?;
        check(
            "mlp_width",
            t.mlp_width <= MOST_WIDE,
            t.mlp_width,
            &format!("at most {MOST_WIDE}; 0 is attention only"),
        )?;
        check(
            "attention_window",
            t.attention_window as u64 <= MOST,
            t.attention_window,
            &format!("at most {MOST}; 0 is all"),
        )?;
        let divides = t.heads > 0 && t.model_width.is_multiple_of(t.heads);
        check(
            "heads",
            divides,
            t.heads,
            &format!("a divisor of model_width, which is {}", t.model_width),
        )?;
        let head = t.model_width / t.heads;
        if t.positions == Positions::Rotary && !head.is_multiple_of(2) {
            let why = format!(
                "is rotary, which turns pairs of numbers, but a head has model_width/heads = {head} of them; make that even"
            );
            return Err(PlanError::new("positions", why));
        }
        if t.tie_embeddings && self.readout == Readout::Ridge {
            return Err(PlanError::new(
                "tie_embeddings",
                "leaves no readout to solve for; write readout=trained",
            ));
        }
        Ok(())
    }

    fn validate_share(&self) -> Result<(), PlanError> {
        check(
            "split_skew",
            (0.0..=100.0).contains(&self.split_skew),
            self.split_skew,
            "from 0, which is even, to 100",
        )?;
        match &self.train {
            TrainShare::Fraction(p) => check(
                "train_fraction",
                *p > 0.0 && *p <= 1.0,
                p,
                "a share above 0 and up to 1, such as 0.4",
            ),
            TrainShare::Size(n) => {
                check("train_size", *n > 0 && *n as u64 <= MOST, n, "at least 1")
            }
            TrainShare::Multiplier(c) => check(
                "train_multiplier",
                *c > 0.0 && c.is_finite(),
                c,
                "above 0, such as 2.7482",
            ),
            TrainShare::File(path) => check(
                "split_file",
                !path.is_empty(),
                path,
                "the path of a CSV file",
            ),
        }
    }

    /// Where weights come from and what their norm is held to.
    fn validate_start(&self) -> Result<(), PlanError> {
        if self.from.as_ref().is_some_and(|path| path.is_empty()) {
            let why =
                "is empty; write the path of a checkpoint or of a run directory, or leave it out";
            return Err(PlanError::new("from", why));
        }
        if self.weight_norm == 0.0 {
            let idle = [
                ("norm_reference", self.norm_reference.is_some()),
                ("norm_start", self.norm_start > 0),
            ];
            return match idle.iter().find(|(_, given)| *given) {
                Some((key, _)) => {
                    let why = "says what weight_norm holds, which is 0; write weight_norm too, or leave it out";
                    Err(PlanError::new(*key, why))
                }
                None => Ok(()),
            };
        }
        if self.from.is_some() && self.norm_reference.is_none() {
            // A run that is resumed would not know its first norm any more.
            let why = "has no initial weights of a plan to be a multiple of where `from` gives them; write norm_reference";
            return Err(PlanError::new("weight_norm", why));
        }
        Ok(())
    }

    /// Keys that speak of mini-batches need some.
    fn validate_batches(&self) -> Result<(), PlanError> {
        let idle = [
            (
                "epoch_updates",
                self.epoch_updates,
                "of the full batch each update is an epoch; write batch_size too, or eval_every to score more seldom",
            ),
            (
                "scored_size",
                self.scored_size,
                "of the full batch each update scores all training rows; write batch_size too, or leave it out",
            ),
        ];
        let given = |(_, value, _): &&(&str, u64, &str)| *value > 0 && self.batch_size == 0;
        match idle.iter().find(given) {
            Some((key, _, why)) => Err(PlanError::new(*key, *why)),
            None => Ok(()),
        }
    }

    fn validate_together(&self) -> Result<(), PlanError> {
        use crate::plan::{Activation, Interaction, Loss, Weights};
        let complex_ok = self.activation == Activation::Square
            || self.activation == Activation::Quadratic
            || self.interaction == Interaction::Product;
        if self.weights == Weights::Complex && !complex_ok {
            return Err(PlanError::new(
                "weights",
                format!(
                    "complex weights need activation=square or quadratic, not {}",
                    self.activation
                ),
            ));
        }
        if self.readout == Readout::Ridge && !matches!(self.loss, Loss::Mse | Loss::MseCentred) {
            return Err(PlanError::new(
                "readout",
                format!(
                    "ridge solves a squared loss; loss={} has no closed form. Write loss=mse",
                    self.loss
                ),
            ));
        }
        if self.readout == Readout::Ridge && self.ridge == 0.0 {
            return Err(PlanError::new(
                "ridge",
                "is 0; a ridge readout needs ridge (or weight_decay) above 0",
            ));
        }
        if self.readout == Readout::Ridge && self.batch_size > 0 {
            return Err(PlanError::new(
                "batch_size",
                "a ridge readout is solved on the full batch; write 0",
            ));
        }
        Ok(())
    }
}

fn check(key: &str, holds: bool, value: impl Display, range: &str) -> Result<(), PlanError> {
    if holds {
        Ok(())
    } else {
        Err(PlanError::new(key, format!("is {value}, must be {range}")))
    }
}
