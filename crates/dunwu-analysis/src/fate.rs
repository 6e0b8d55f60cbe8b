//! How a run ended.

use crate::account::Context;
use crate::crossing::crossing;
use crate::plateau::{Open, RISING, drift, plateau};
use crate::signal::{Rule, Signal};
use dunwu_core::{Curve, Evidence, Finding, StopReason};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not known, or not yet.
    CannotTell,
    /// A number stopped being finite, or the loss grew without bound.
    Diverged,
    /// Fitted its training rows and no others: it converged to features that do not generalise.
    DoesNotGeneralise,
    /// Memorised first, generalised later.
    Generalised,
    /// Generalised with no delay to speak of.
    AtOnce,
    /// Never fitted its training rows.
    StuckLazy,
}

impl Fate {
    /// Every fate, sorted by name.
    pub const ALL: [Fate; 6] = [
        Fate::CannotTell,
        Fate::Diverged,
        Fate::DoesNotGeneralise,
        Fate::Generalised,
        Fate::AtOnce,
        Fate::StuckLazy,
    ];

    /// Name, as recorded.
    pub const fn name(self) -> &'static str {
        match self {
            Fate::CannotTell => "cannot tell",
            Fate::Diverged => "diverged",
            Fate::DoesNotGeneralise => "does not generalise",
            Fate::Generalised => "generalised",
            Fate::AtOnce => "generalised at once",
            Fate::StuckLazy => "stuck lazy",
        }
    }

    /// The fate of that name.
    pub fn of(name: &str) -> Option<Fate> {
        Fate::ALL.into_iter().find(|f| f.name() == name)
    }
}

/// The loss, over the larger of its first value and 1, from which it is said to have blown up.
const BLOWN_UP: f64 = 100.0;
/// Accuracy above chance, as a share of the way to 1, that shows a part of the rule.
const PART: f64 = 0.1;
/// Fewest epochs after which a run that has not fitted its rows is said to be stuck.
const FEWEST: u64 = 20;

/// The verdict and how sure it is; what is not certain of a run that goes on is not said.
pub(crate) fn fate(curve: &Curve, context: &Context) -> Finding {
    let verdict = diverged(curve, context)
        .or_else(|| generalised(curve, context))
        .or_else(|| (!context.complete).then(too_early))
        .unwrap_or_else(|| failed(curve, context));
    verdict.finding(curve)
}

struct Verdict {
    fate: Fate,
    from: Option<u64>,
    confidence: f64,
    statement: &'static str,
    /// Columns that speak for it, with what their last reading says.
    by: Vec<(&'static str, &'static str)>,
}

impl Verdict {
    fn finding(self, curve: &Curve) -> Finding {
        let last = |(signal, says): (&str, &str)| {
            let (epoch, value) = curve.points(signal).last()?;
            Some(Evidence {
                signal: signal.to_owned(),
                epoch,
                value,
                says: says.to_owned(),
            })
        };
        Finding {
            name: self.fate.name().to_owned(),
            from: self.from,
            to: None,
            confidence: self.confidence,
            statement: self.statement.to_owned(),
            by: self.by.into_iter().filter_map(last).collect(),
        }
    }
}

fn diverged(curve: &Curve, context: &Context) -> Option<Verdict> {
    let verdict = |from, confidence, statement| Verdict {
        fate: Fate::Diverged,
        from,
        confidence,
        statement,
        by: vec![
            ("train_loss", "the last loss that was recorded"),
            ("train_acc", "accuracy on the training rows"),
        ],
    };
    if let Some(StopReason::Diverged { epoch, .. }) = &context.stopped {
        return Some(verdict(
            Some(*epoch),
            1.0,
            "its numbers stopped being finite",
        ));
    }
    let first = curve.points("train_loss").next()?.1.abs();
    let bound = BLOWN_UP
        * if first.is_finite() {
            first.max(1.0)
        } else {
            1.0
        };
    // A run that goes on may still come back.
    let blown = context.complete && curve.points("train_loss").last()?.1 > bound;
    let from = curve
        .points("train_loss")
        .find(|p| p.1 > bound)
        .map(|p| p.0);
    blown.then(|| {
        verdict(
            from,
            0.9,
            "its loss grew to more than a hundred times what it began with",
        )
    })
}

fn generalised(curve: &Curve, context: &Context) -> Option<Verdict> {
    let (train, test) = (
        crossing(curve, "train_acc", 0.99),
        crossing(curve, "test_acc", 0.99),
    );
    let signal = Signal {
        column: "test_acc",
        rule: Rule::AtLeast(0.99),
        weight: 1.0,
        says: "",
    };
    let certain = signal.fires(curve).filter(|_| kept(curve));
    let from = match certain {
        Some(firing) => firing.epoch,
        None => test.sustained.filter(|_| context.complete)?,
    };
    let at_once = train
        .first
        .is_none_or(|memorised| from.saturating_sub(memorised) <= 10.max(memorised / 2));
    let (fate, statement) = match (at_once, train.first) {
        (false, _) => (
            Fate::Generalised,
            "it memorised first and generalised later",
        ),
        (true, Some(_)) => (
            Fate::AtOnce,
            "it generalised as soon as it had memorised: there was no delay to speak of",
        ),
        (true, None) => (
            Fate::AtOnce,
            "it generalised without ever memorising all of its training rows",
        ),
    };
    let confidence = if certain.is_some() { 0.95 } else { 0.6 };
    let by = vec![
        ("test_acc", "accuracy on rows it was never trained on"),
        ("train_acc", "accuracy on its training rows"),
    ];
    Some(Verdict {
        fate,
        from: Some(from),
        confidence,
        statement,
        by,
    })
}

/// Whether most of the last tenth of the readings are still right: one dip at the end loses nothing.
fn kept(curve: &Curve) -> bool {
    let test: Vec<f64> = curve.points("test_acc").map(|p| p.1).collect();
    let tail = &test[test.len() - test.len().div_ceil(10)..];
    2 * tail.iter().filter(|v| **v >= 0.99).count() > tail.len()
}

fn too_early() -> Verdict {
    Verdict {
        fate: Fate::CannotTell,
        from: None,
        confidence: 1.0,
        statement: "it is not over, so its end cannot be known yet",
        by: vec![
            ("train_acc", "accuracy on its training rows so far"),
            ("test_acc", "accuracy on held-out rows so far"),
        ],
    }
}

/// A run that is over and did not generalise.
fn failed(curve: &Curve, context: &Context) -> Verdict {
    let last = |column| curve.points(column).last().map_or(f64::NAN, |p| p.1);
    let memorised = crossing(curve, "train_acc", 0.99).first;
    let (train, test) = (last("train_acc"), last("test_acc"));
    let part = test >= context.chance + PART * (1.0 - context.chance);
    let verdict = |fate, from, confidence, statement| Verdict {
        fate,
        from,
        confidence,
        statement,
        by: vec![
            ("train_acc", "accuracy on its training rows, at the end"),
            ("test_acc", "accuracy on held-out rows, at the end"),
        ],
    };
    let unknown = |confidence, statement| verdict(Fate::CannotTell, None, confidence, statement);
    if train.is_nan() {
        return unknown(1.0, "no accuracy was recorded");
    }
    let Some(memorised) = memorised else {
        let (fate, confidence, statement) = unfitted(curve, part);
        let from = (fate == Fate::StuckLazy).then(|| curve.epochs().first().copied());
        return verdict(fate, from.flatten(), confidence, statement);
    };
    if context.held_out == 0 || test.is_nan() {
        return unknown(1.0, "no row was held out, so nobody can say");
    }
    let ended = |confidence, statement| {
        verdict(
            Fate::DoesNotGeneralise,
            Some(memorised),
            confidence,
            statement,
        )
    };
    if crossing(curve, "test_acc", 0.99).first.is_some() {
        let statement = "it answered the held-out rows for a while and lost them again";
        return ended(0.6, statement);
    }
    match plateau(curve, memorised) {
        Err(open) => {
            let sure = if open == Open::Rising { 0.7 } else { 0.9 };
            unknown(sure, open.statement())
        }
        Ok(plateau) => {
            let rest = if plateau.at_rest { 0.85 } else { 0.65 };
            let statement = match (part, plateau.at_rest) {
                (false, true) if context.transformer => {
                    "it answers its training rows and no others, and its weights went nowhere any more"
                }
                (false, false) if context.transformer => {
                    "it answers its training rows and no others, and that did not change any more"
                }
                (true, _) => "it generalised to a part of the held-out rows and stopped there",
                (false, true) => {
                    "it answers its training rows and no others, and neither its nodes nor its weights went anywhere any more"
                }
                (false, false) => {
                    "it answers its training rows and no others, and its nodes did not turn towards features"
                }
            };
            ended(rest * plateau.followed, statement)
        }
    }
}

/// A run that is over and never fitted its training rows.
fn unfitted(curve: &Curve, part: bool) -> (Fate, f64, &'static str) {
    let last = curve.epochs().last().copied().unwrap_or(0);
    let learning = rise(curve, "train_acc") >= RISING
        || drift(curve, "train_loss").is_some_and(|d| d <= -RISING);
    if last == 0 {
        (
            Fate::CannotTell,
            1.0,
            "no update was made, so there is nothing to judge",
        )
    } else if learning {
        (
            Fate::CannotTell,
            0.7,
            "it was still fitting its training rows when the budget ended",
        )
    } else if last < FEWEST {
        (
            Fate::CannotTell,
            0.9,
            "it was followed for too few epochs to judge",
        )
    } else if part {
        (
            Fate::CannotTell,
            0.6,
            "it learned a part of the rule and neither memorised nor generalised",
        )
    } else {
        (Fate::StuckLazy, 0.9, "it never fitted its training rows")
    }
}

/// How much a column rose from the third to the last quarter of the epochs: a difference of means.
pub(crate) fn rise(curve: &Curve, column: &str) -> f64 {
    let last = curve.epochs().last().copied().unwrap_or(0);
    let mean = |from: u64, to: u64| {
        let inside: Vec<f64> = curve
            .points(column)
            .filter(|(e, _)| (from..to).contains(e))
            .map(|p| p.1)
            .collect();
        inside.iter().sum::<f64>() / inside.len() as f64
    };
    mean(last - last / 4, last + 1) - mean(last / 2, last - last / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_sorted_by_name_and_found_by_it() {
        assert!(Fate::ALL.windows(2).all(|w| w[0].name() < w[1].name()));
        assert!(Fate::ALL.into_iter().all(|f| Fate::of(f.name()) == Some(f)));
        assert_eq!(Fate::of("lazy"), None);
    }
}
