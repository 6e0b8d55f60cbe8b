//! What a metric is, by its name and its values.

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// Less is better: a loss.
    Loss,
    /// More is better: a score.
    Score,
    /// The name does not say.
    Unknown,
}

/// On which data it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// Rows that are held out.
    HeldOut,
    /// Rows that are trained on.
    Training,
    /// The name does not say.
    Unknown,
}

/// A metric as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Which way is better.
    pub sense: Sense,
    /// On which data.
    pub measured: Measured,
    /// Least value that it can take.
    pub lower: Option<f64>,
    /// Largest value that it can take.
    pub upper: Option<f64>,
}

const LOSSES: &[&str] = &[
    "bpb",
    "bpc",
    "ce",
    "cer",
    "cost",
    "crossentropy",
    "err",
    "error",
    "fid",
    "logloss",
    "loss",
    "mae",
    "mse",
    "nll",
    "perplexity",
    "ppl",
    "regret",
    "rmse",
    "wer",
    "xent",
];
const SCORES: &[&str] = &[
    "acc",
    "accuracy",
    "ap",
    "auc",
    "auroc",
    "bleu",
    "correct",
    "dice",
    "em",
    "exact",
    "f1",
    "iou",
    "map",
    "mcc",
    "mrr",
    "ndcg",
    "pass",
    "precision",
    "psnr",
    "r2",
    "recall",
    "return",
    "reward",
    "rouge",
    "score",
    "ssim",
    "success",
    "top1",
    "top5",
    "winrate",
];
/// Scores and losses that are shares.
const SHARES: &[&str] = &[
    "acc",
    "accuracy",
    "ap",
    "auc",
    "auroc",
    "bleu",
    "correct",
    "dice",
    "em",
    "err",
    "error",
    "exact",
    "f1",
    "iou",
    "map",
    "mrr",
    "ndcg",
    "pass",
    "precision",
    "recall",
    "rouge",
    "ssim",
    "success",
    "top1",
    "top5",
    "winrate",
];
const HELD_OUT: &[&str] = &[
    "dev",
    "eval",
    "evaluation",
    "heldout",
    "test",
    "val",
    "valid",
    "validation",
];
const TRAINING: &[&str] = &["fit", "tr", "train", "training"];
/// What is logged beside metrics.
const BESIDE: &[&str] = &[
    "cos",
    "gpu",
    "grad",
    "gradient",
    "lr",
    "memory",
    "mem",
    "momentum",
    "norm",
    "rate",
    "runtime",
    "samples",
    "seconds",
    "speed",
    "throughput",
    "time",
    "tokens",
    "tps",
    "weight",
    "wd",
];

/// The words of a name: `valLoss`, `val/loss` and `VAL_LOSS` have the same.
fn words(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (lower && c.is_ascii_uppercase()) {
            out.push(String::new());
        }
        lower = c.is_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            out.last_mut()
                .expect("it never is empty")
                .push(c.to_ascii_lowercase());
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

impl Metric {
    /// Classes a metric. Bounds come with names that are shares, in [0, 1] or in percent, and with losses that never
    /// were negative; values outside them undo them.
    ///
    /// ```
    /// use dunwu_analysis::forecast::{Measured, Metric, Sense};
    /// let m = Metric::of("val/accuracy", &[0.1, 0.7]);
    /// assert_eq!((m.sense, m.measured, m.upper), (Sense::Score, Measured::HeldOut, Some(1.0)));
    /// assert_eq!(Metric::of("neg_loss", &[-2.0, -1.0]).sense, Sense::Score);
    /// ```
    pub fn of(name: &str, values: &[f64]) -> Self {
        let words = words(name);
        let any = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
        // Alone an entropy or a divergence is watched, not descended.
        let crossed = any(&["cross"]) && any(&["entropy"]);
        let turned = any(&["neg", "negative", "minus"]);
        let sense = match (
            any(SCORES) && !any(&["loss"]),
            any(LOSSES) || crossed,
            turned,
        ) {
            (true, _, false) | (false, true, true) => Sense::Score,
            (true, _, true) | (false, true, false) => Sense::Loss,
            (false, false, _) => Sense::Unknown,
        };
        let measured = match (any(HELD_OUT), any(TRAINING)) {
            (true, _) => Measured::HeldOut,
            (false, true) => Measured::Training,
            _ => Measured::Unknown,
        };
        let (least, most) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
                (a.min(*v), b.max(*v))
            });
        let share = any(SHARES) && !any(&["loss"]) && !turned && least >= 0.0 && most <= 100.0;
        let positive = (any(LOSSES) || crossed) && !turned && least >= 0.0;
        Self {
            sense,
            measured,
            lower: (share || positive).then_some(0.0),
            upper: share.then_some(if most <= 1.0 { 1.0 } else { 100.0 }),
        }
    }

    /// Whether the name is that of something logged beside the metrics: a rate, a norm, a time.
    pub fn is_beside(name: &str) -> bool {
        let words = words(name);
        let any = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
        any(BESIDE) && !(any(SCORES) || any(LOSSES))
    }

    /// How much a person wants to know of it: the less, the more. Held out before unknown before trained on, scores
    /// before losses before what is neither.
    pub fn rank(&self) -> u8 {
        let of = match self.measured {
            Measured::HeldOut => 0,
            Measured::Unknown => 3,
            Measured::Training => 6,
        };
        let sense = match self.sense {
            Sense::Score => 0,
            Sense::Loss => 1,
            Sense::Unknown => 20,
        };
        of + sense
    }

    /// The value within the bounds.
    pub fn bounded(&self, value: f64) -> f64 {
        let value = self.lower.map_or(value, |l| value.max(l));
        self.upper.map_or(value, |u| value.min(u))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_frameworks_are_classed() {
        use Measured::{HeldOut, Training};
        for (name, sense, measured) in [
            ("train_loss", Sense::Loss, Training),
            ("train/loss_epoch", Sense::Loss, Training),
            ("eval_loss", Sense::Loss, HeldOut),
            ("valLoss", Sense::Loss, HeldOut),
            ("test_acc", Sense::Score, HeldOut),
            ("val_sparse_categorical_accuracy", Sense::Score, HeldOut),
            ("lambada_openai:ppl", Sense::Loss, Measured::Unknown),
            ("arc_challenge:acc_norm", Sense::Score, Measured::Unknown),
            ("eval/mean_reward", Sense::Score, HeldOut),
            ("neg_val_acc", Sense::Loss, HeldOut),
            ("val/cross_entropy", Sense::Loss, HeldOut),
            ("kl_loss", Sense::Loss, Measured::Unknown),
            ("policy_entropy", Sense::Unknown, Measured::Unknown),
            ("weirdness", Sense::Unknown, Measured::Unknown),
        ] {
            let m = Metric::of(name, &[0.5]);
            assert_eq!((m.sense, m.measured), (sense, measured), "{name}");
        }
        for (name, beside) in [
            ("grad_norm", true),
            ("learning_rate", true),
            ("train_loss", false),
            ("err_rate", false),
        ] {
            assert_eq!(Metric::is_beside(name), beside, "{name}");
        }
    }

    #[test]
    fn values_outside_undo_bounds() {
        assert_eq!(Metric::of("acc", &[3.0, 97.0]).upper, Some(100.0));
        assert_eq!(Metric::of("acc", &[-3.0]).upper, None);
        assert_eq!(Metric::of("loss", &[2.0, -0.1]).lower, None);
        assert_eq!(Metric::of("reward", &[0.5]).upper, None);
    }
}
