//! What a diagnosis looks at: the series of a run, what each is, and what is known beside them.

use super::coarse::Coarse;
use crate::account::Account;
use crate::forecast::{Measured, Metric, Sense};

/// What a series is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Norm of a gradient.
    Gradient,
    /// A loss: less is better.
    Loss(Measured),
    /// The learning rate.
    Rate,
    /// A score: more is better.
    Score(Measured),
    /// Length of an update.
    Update,
    /// Norm of weights.
    Weights,
    /// Anything else.
    Other,
}

/// A series of a run. Steps are finite and strictly ascending, values finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Track<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub role: Role,
    /// Steps.
    pub steps: &'a [f64],
    /// A value for each step.
    pub values: &'a [f64],
    /// Last step at which the value was NaN or infinite.
    pub broken: Option<f64>,
    /// Times that the run went back to an earlier step.
    pub restarts: u64,
}

impl<'a> Track<'a> {
    /// A series with the role that its name says.
    ///
    /// ```
    /// use dunwu_analysis::diagnose::{Role, Track};
    /// use dunwu_analysis::forecast::Measured;
    /// assert_eq!(Track::new("grad_norm", &[1.0], &[0.3]).role, Role::Gradient);
    /// assert_eq!(Track::new("eval/loss", &[1.0], &[0.3]).role, Role::Loss(Measured::HeldOut));
    /// ```
    pub fn new(name: &'a str, steps: &'a [f64], values: &'a [f64]) -> Self {
        let (broken, restarts) = (None, 0);
        Self {
            name,
            role: role(name, values),
            steps,
            values,
            broken,
            restarts,
        }
    }

    /// The largest value that it can take, where it is a share: 1, or 100 in percent.
    pub(crate) fn top(&self) -> Option<f64> {
        let score = matches!(self.role, Role::Score(_));
        Metric::of(self.name, self.values).upper.filter(|_| score)
    }

    /// Values on a scale on which more is worse.
    pub(crate) fn sign(&self) -> f64 {
        if matches!(self.role, Role::Score(_)) {
            -1.0
        } else {
            1.0
        }
    }

    /// Its blocks, at most so many.
    pub(crate) fn coarse(&self, most: usize) -> Coarse {
        Coarse::new(self.steps, self.values, most)
    }

    pub(crate) fn last(&self) -> Option<(f64, f64)> {
        Some((*self.steps.last()?, *self.values.last()?))
    }

    /// The part from a step on.
    pub(crate) fn from(&self, step: f64) -> Track<'a> {
        let at = self.steps.partition_point(|s| *s < step);
        Track {
            steps: &self.steps[at..],
            values: &self.values[at..],
            ..*self
        }
    }
}

/// Words of a name: `gradNorm`, `grad/norm` and `grad_norm` have the same.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut lower = false;
    for c in name.chars() {
        if lower && c.is_ascii_uppercase() {
            spaced.push(' ');
        }
        lower = c.is_ascii_lowercase();
        spaced.push(if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            ' '
        });
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

fn role(name: &str, values: &[f64]) -> Role {
    let words = words(name);
    let any = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    let norm = any(&["norm", "l2", "rms", "global"]);
    let metric = Metric::of(name, values);
    match metric.sense {
        _ if any(&["gradnorm", "gnorm"])
            || (any(&["grad", "grads", "gradient", "gradients"])
                && (norm || words.len() < 3)
                && !any(&["weight", "weights"])) =>
        {
            Role::Gradient
        }
        _ if any(&["update", "updates"]) && norm => Role::Update,
        _ if any(&[
            "weight",
            "weights",
            "param",
            "params",
            "parameter",
            "parameters",
        ]) && norm =>
        {
            Role::Weights
        }
        _ if any(&["lr"]) || (any(&["learning"]) && any(&["rate"])) => Role::Rate,
        Sense::Loss => Role::Loss(metric.measured),
        Sense::Score => Role::Score(metric.measured),
        Sense::Unknown if words == ["norm"] => Role::Weights,
        Sense::Unknown if any(&["win", "wins"]) => Role::Score(metric.measured),
        Sense::Unknown => Role::Other,
    }
}

/// What is known of a run beside its series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Number of classes that are guessed among, or what the best constant guess is right in: 1 over it.
    pub classes: Option<f64>,
    /// Share of the labels that are known to be wrong or random.
    pub noise: Option<f64>,
    /// The step at which the run ends, where that is known.
    pub horizon: Option<f64>,
    /// Name of the series that is optimised, and of the one that is wanted.
    pub proxy: Option<(String, String)>,
    /// What a run of this program knows of itself.
    pub own: Option<Own>,
}

/// What a run of this program knows of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// What happened in it.
    pub account: Account,
    /// Why it ended; None while it goes on.
    pub stopped: Option<dunwu_core::StopReason>,
    /// Learning rate.
    pub lr: f64,
    /// Coefficient of weight decay.
    pub weight_decay: f64,
    /// Whether decay goes through Adam's moments rather than straight to the weights.
    pub coupled: bool,
    /// Whether each update sees all training rows.
    pub full_batch: bool,
    /// Order of the group, and what the theory multiplies M log M by; None where the task is no group.
    pub group: Option<(f64, f64)>,
    /// Rows that are trained on, over all rows.
    pub fraction: f64,
    /// Epochs that the plan has.
    pub epochs: u64,
    /// Features that could be learned, where the task has any.
    pub features: Option<usize>,
}

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct Case<'a> {
    /// Its name.
    pub id: &'a str,
    /// Its series, sorted by name.
    pub tracks: Vec<Track<'a>>,
    /// What is known beside them.
    pub facts: Facts,
}

impl<'a> Case<'a> {
    /// The series of a role, the one with the most readings where there are several, the shorter name where those tie.
    pub(crate) fn of(&self, role: Role) -> Option<&Track<'a>> {
        let fits = self
            .tracks
            .iter()
            .filter(|t| t.role == role && !t.steps.is_empty());
        let rank = |t: &&Track<'_>| {
            (
                is_part(t.name),
                usize::MAX - t.steps.len(),
                // Of measures that fall as they get better, that of its own name is the one that is descended.
                !t.name.to_lowercase().contains("loss"),
                t.name.len(),
                t.name.to_owned(),
            )
        };
        fits.min_by_key(rank)
    }

    /// The loss that is descended, as far as it is logged: that of the training rows, else one whose name does not say.
    pub(crate) fn descended(&self) -> Option<&Track<'a>> {
        self.of(Role::Loss(Measured::Training))
            .or_else(|| self.of(Role::Loss(Measured::Unknown)))
    }

    /// Any loss: the one that is descended, else that of the held-out rows.
    pub(crate) fn loss(&self) -> Option<&Track<'a>> {
        self.descended()
            .or_else(|| self.of(Role::Loss(Measured::HeldOut)))
    }

    /// A score that is a share.
    pub(crate) fn share(&self, measured: Measured) -> Option<&Track<'a>> {
        self.of(Role::Score(measured)).filter(|t| t.top().is_some())
    }

    /// Newest step of all series.
    pub(crate) fn now(&self) -> f64 {
        let lasts = self.tracks.iter().flat_map(|t| t.steps.last().copied());
        lasts.fold(0.0, f64::max)
    }
}

/// Whether a series is of a part of the rows, such as those with a wrong label.
fn is_part(name: &str) -> bool {
    words(name)
        .iter()
        .any(|w| ["noisy", "clean", "aux", "auxiliary"].contains(&w.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_frameworks_have_roles() {
        for (name, role) in [
            ("grad_norm", Role::Gradient),
            ("grad_norm.W", Role::Gradient),
            ("train/grad_norm", Role::Gradient),
            ("grad_f", Role::Gradient),
            ("gradNorm", Role::Gradient),
            ("weight_norm", Role::Weights),
            ("param_norm", Role::Weights),
            ("weight_norm.V", Role::Weights),
            ("update_norm.W", Role::Update),
            ("lr", Role::Rate),
            ("train/learning_rate", Role::Rate),
            ("lr-AdamW", Role::Rate),
            ("train_loss", Role::Loss(Measured::Training)),
            ("loss", Role::Loss(Measured::Unknown)),
            ("val_accuracy", Role::Score(Measured::HeldOut)),
            ("sigma23", Role::Other),
            ("tokens", Role::Other),
            ("kl", Role::Other),
            ("eval_win_rate", Role::Score(Measured::HeldOut)),
        ] {
            assert_eq!(super::role(name, &[0.5]), role, "{name}");
        }
    }
}
