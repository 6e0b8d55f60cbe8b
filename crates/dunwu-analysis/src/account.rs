//! The account of one run.

use crate::crossing::{Crossing, crossing};
use crate::stages::stages;
use crate::words;
use dunwu_core::{Curve, Evidence, Finding, StopReason};

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
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Memorised first, generalised later.
    Generalised,
    /// Generalised with no delay to speak of.
    AtOnce,
    /// Never fitted its training rows.
    StuckLazy,
    /// Fitted its training rows and no others.
    DoesNotGeneralise,
    /// A number stopped being finite.
    Diverged,
    /// Not known, or not yet.
    CannotTell,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Fate; 6] = [
        Fate::AtOnce,
        Fate::CannotTell,
        Fate::Diverged,
        Fate::DoesNotGeneralise,
        Fate::Generalised,
        Fate::StuckLazy,
    ];

    /// Name, as recorded.
    pub const fn name(self) -> &'static str {
        match self {
            Fate::AtOnce => "generalised at once",
            Fate::CannotTell => "cannot tell",
            Fate::Diverged => "diverged",
            Fate::DoesNotGeneralise => "does not generalise",
            Fate::Generalised => "generalised",
            Fate::StuckLazy => "stuck lazy",
        }
    }
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
    /// How it ended; its name is a [`Fate`]'s.
    pub fate: Finding,
    /// Epochs from memorising to generalising.
    pub delay: Option<u64>,
    /// The account in plain words.
    pub sentences: Vec<String>,
}

/// The account of a run or of its beginning.
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
    let fate = fate(curve, context, &train_99, &test_99, delay);
    let mut account = Account {
        train_99,
        test_50,
        test_99,
        stages: stages(curve),
        fate,
        delay,
        sentences: vec![],
    };
    account.sentences = words::sentences(curve, context, &account);
    account
}

fn fate(
    curve: &Curve,
    context: &Context,
    train_99: &Crossing,
    test_99: &Crossing,
    delay: Option<u64>,
) -> Finding {
    let last = |column: &str| curve.points(column).last();
    let evidence = |column: &str, says: &str| {
        last(column).map(|(epoch, value)| Evidence {
            signal: column.to_owned(),
            epoch,
            value,
            says: says.to_owned(),
        })
    };
    let finding = |fate: Fate, from: Option<u64>, confidence: f64, by: Option<Evidence>| Finding {
        name: fate.name().to_owned(),
        from,
        to: None,
        confidence,
        statement: words::fate(fate).to_owned(),
        by: by.into_iter().collect(),
    };
    if let Some(StopReason::Diverged { epoch, .. }) = &context.stopped {
        return finding(
            Fate::Diverged,
            Some(*epoch),
            1.0,
            evidence("train_loss", "the last finite loss"),
        );
    }
    if context.held_out == 0 {
        return finding(Fate::CannotTell, None, 1.0, None);
    }
    if let Some(generalised) = test_99.sustained {
        let memorised = train_99.first.unwrap_or(generalised);
        let at_once = delay.is_some_and(|d| d <= 10.max(memorised / 4));
        let seen_since = test_99.budget - generalised;
        let confidence = if seen_since >= crate::confirmation(generalised) {
            0.95
        } else {
            0.7
        };
        let fate = if at_once {
            Fate::AtOnce
        } else {
            Fate::Generalised
        };
        return finding(
            fate,
            Some(generalised),
            confidence,
            evidence("test_acc", "accuracy on rows never trained on"),
        );
    }
    if !context.complete {
        return finding(
            Fate::CannotTell,
            None,
            1.0,
            evidence("test_acc", "the run is not over"),
        );
    }
    match train_99.first {
        Some(memorised) => {
            let test = last("test_acc").map_or(0.0, |p| p.1);
            // A run that is on its way up when the budget ends is a late one rather than a failure.
            let confidence = if test > 0.5 {
                0.3
            } else if test > context.chance + 0.05 {
                0.6
            } else {
                0.9
            };
            finding(
                Fate::DoesNotGeneralise,
                Some(memorised),
                confidence,
                evidence("test_acc", "accuracy on rows never trained on, at the end"),
            )
        }
        None => finding(
            Fate::StuckLazy,
            None,
            0.9,
            evidence("train_acc", "accuracy on its own training rows, at the end"),
        ),
    }
}
