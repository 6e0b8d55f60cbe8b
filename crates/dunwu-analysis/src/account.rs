//! The account of one run.

use crate::crossing::{Crossing, crossing};
use crate::fate::fate;
use crate::stages::stages;
use crate::words;
use dunwu_core::{Curve, Finding, StopReason};

/// What is known of a run beside its readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// Number of classes M.
    pub classes: usize,
    /// Accuracy of always giving the commonest label.
    pub chance: f64,
    /// Features that could be learned, where the task has any.
    pub features: Option<usize>,
    /// Held-out rows.
    pub held_out: usize,
    /// Why it ended; None while it goes on.
    pub stopped: Option<StopReason>,
    /// Whether it ran to its end.
    pub complete: bool,
    /// Learning rate, where it is known.
    pub lr: Option<f64>,
    /// Coefficient of weight decay, where it is known.
    pub weight_decay: Option<f64>,
    /// Whether the network is a transformer, of which there are no hidden nodes to speak of.
    pub transformer: bool,
    /// Updates of an epoch; 0 if it is a pass over the training rows.
    pub epoch_updates: u64,
    /// Whether the norm of all weights was held, so that decay moved none of it.
    pub norm_held: bool,
    /// Whether several tokens of a row are answers, each of which counts.
    pub tokens: bool,
}

/// What happened in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Training accuracy 0.99.
    pub train_99: Crossing,
    /// Held-out accuracy 0.5.
    pub test_50: Crossing,
    /// Held-out accuracy 0.99.
    pub test_99: Crossing,
    /// Stages, in order.
    pub stages: Vec<Finding>,
    /// How it ended; its name is a [`Fate`](crate::Fate)'s.
    pub fate: Finding,
    /// Epochs from memorising to generalising, both by first crossing; 0 if it generalised first.
    pub delay: Option<u64>,
    /// The account in plain words.
    pub sentences: Vec<String>,
}

/// The account of a run or of its beginning.
///
/// Borders of stages given for a prefix are those of the whole run. Crossings are those of the epochs
/// seen; `first` never changes once it is there, `sustained` may be lost again.
///
/// ```
/// use dunwu_analysis::{Context, Fate, account};
/// use dunwu_core::Curve;
/// let mut curve = Curve::default();
/// for epoch in 0..400u32 {
///     curve.set(epoch.into(), "train_acc", (f64::from(epoch) / 20.0).min(1.0));
///     curve.set(epoch.into(), "test_acc", ((f64::from(epoch) - 90.0) / 40.0).clamp(0.0, 1.0));
/// }
/// let context = Context { classes: 71, chance: 1.0 / 71.0, features: Some(35), held_out: 3025, stopped: None, complete: true, lr: None, weight_decay: None, transformer: false, norm_held: false, tokens: false, epoch_updates: 0 };
/// let account = account(&curve, &context);
/// assert_eq!(account.fate.name, Fate::Generalised.name());
/// assert_eq!((account.train_99.first, account.test_99.first, account.delay), (Some(20), Some(130), Some(110)));
/// ```
pub fn account(curve: &Curve, context: &Context) -> Account {
    let train_99 = crossing(curve, "train_acc", 0.99);
    let (test_50, test_99) = (
        crossing(curve, "test_acc", 0.5),
        crossing(curve, "test_acc", 0.99),
    );
    let delay = train_99
        .first
        .zip(test_99.first)
        .map(|(memorised, generalised)| generalised.saturating_sub(memorised));
    let fate = fate(curve, context);
    let mut account = Account {
        train_99,
        test_50,
        test_99,
        stages: stages(curve, context),
        fate,
        delay,
        sentences: vec![],
    };
    account.sentences = words::sentences(curve, context, &account);
    account
}
