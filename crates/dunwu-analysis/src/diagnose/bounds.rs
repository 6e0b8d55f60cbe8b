//! Measures against what is possible: guessing, and better than can be.

use super::belief::probability;
use super::breaks::written;
use super::case::{Case, Role, Track};
use super::coarse::{Coarse, at};
use super::finding::{Finding, Outcome, Severity};
use super::fit::{BLOCKS, FEWEST, percent, recent};
use crate::forecast::{Measured, short};

/// Share of the way from guessing to all right below which an accuracy is that of guessing.
const GUESSING: f64 = 0.02;
/// Accuracy of held-out rows that is perfect.
const PERFECT: f64 = 0.99;
/// Held-out rows better than training rows by less than this need no explanation.
const BETTER: f64 = 0.02;

/// What the best constant guess is right in, and how sure that is: known, or read off the first loss.
fn chance(case: &Case<'_>, score: &Track<'_>) -> Option<(f64, f64, String)> {
    if let Some(classes) = case.facts.classes {
        return Some((1.0 / classes, 1.0, format!("1 of {} classes", short(classes))));
    }
    // A classifier that has learned nothing has a cross-entropy of ln(classes) and guesses one in so many.
    let loss = case.loss()?;
    let (first, guess) = (*loss.values.first()?, *score.values.first()? / score.top()?);
    let classes = libm::exp(first).round();
    if !(2.0..=1e5).contains(&classes) || guess <= 0.0 {
        return None;
    }
    let off = (first - libm::log(1.0 / guess)).abs();
    // That a loss between 0 and 12 nats, drawn at random, lies as near to −ln(accuracy).
    let p = (2.0 * off.max(0.02) / 12.0).min(1.0);
    let sure = probability(p);
    Some((1.0 / classes, sure, format!("1 of {} classes, as its first loss of {} says", short(classes), short(first))))
}

/// Accuracy at the guessing floor.
pub(super) fn at_floor(case: &Case<'_>) -> Outcome {
    let order = [Measured::Training, Measured::Unknown, Measured::HeldOut];
    let Some(score) = order.iter().find_map(|m| case.share(*m)) else {
        return Outcome::blind("an accuracy");
    };
    let Some((floor, sure, says)) = chance(case, score) else {
        return Outcome::blind("the number of classes (classes=)");
    };
    let looked = format!("`{}` against {}", score.name, percent(floor));
    let Some(level) = recent(score).filter(|_| score.values.len() >= 4) else {
        return Outcome::clear(format!("{looked}: too few readings"));
    };
    let statement = format!(
        "It guesses: `{}` is at {}, and the guessing floor is {} ({says}).",
        score.name,
        percent(level.mean),
        percent(floor)
    );
    let p = 1.0 - level.above(floor + GUESSING * (1.0 - floor));
    let finding = Finding::new("at_floor", Severity::Failure, statement)
        .sure(
            p.min(sure),
            "Student's t over the last quarter: below a fiftieth of the way from guessing to all right",
        )
        .sign(score.name, score.last().map(|l| l.0), level.mean, "over the last quarter")
        .sign("guessing", None, floor, says)
        .try_it("ten rows alone, until they are stored: if that fails, labels and inputs do not belong together or nothing is trained", &[])
        .showing(&[score.name], None);
    Outcome::told(finding, looked)
}

/// Better than possible: a leak, or a measure that is not what it seems.
pub(super) fn better_than_possible(case: &Case<'_>) -> Outcome {
    let mut looked = Vec::new();
    let checks: [fn(&Case<'_>) -> Option<Result<Finding, String>>; 3] = [above_noise, at_once, better_than_training];
    for check in checks {
        match check(case) {
            Some(Ok(finding)) if finding.probability >= super::belief::SAID => {
                return Outcome::Found(Box::new(finding));
            }
            Some(Ok(f)) => looked.extend(f.shown.first().cloned()),
            Some(Err(words)) => looked.push(words),
            None => {}
        }
    }
    if looked.is_empty() {
        return Outcome::blind("a measure of training rows beside the same of held-out rows, or noise=");
    }
    looked.dedup();
    Outcome::clear(looked.join(", "))
}

/// More held-out rows right than have right labels.
fn above_noise(case: &Case<'_>) -> Option<Result<Finding, String>> {
    let noise = case.facts.noise.filter(|n| *n > 0.0 && case.facts.own.is_none())?;
    let held = case.share(Measured::HeldOut).or_else(|| case.share(Measured::Unknown))?;
    let level = recent(held)?;
    let statement = format!(
        "It is better than possible: `{}` is at {}, though {} of the labels are known to be wrong; it has seen these rows, or they are not those.",
        held.name,
        percent(level.mean),
        percent(noise)
    );
    Some(Ok(leak(statement)
        .sure(level.above(1.0 - noise), "Student's t over the last quarter, against 1 less the share of wrong labels")
        .sign(held.name, held.last().map(|l| l.0), level.mean, "over the last quarter")
        .showing(&[held.name], None)))
}

fn leak(statement: String) -> Finding {
    Finding::new("better_than_possible", Severity::Warning, statement).try_it(
        "the held-out rows that occur among the training rows, as a count; then the same run with all held-out labels shuffled: it must fall to guessing",
        &[],
    )
}

/// Held-out rows perfect from the first readings, before the training rows are.
fn at_once(case: &Case<'_>) -> Option<Result<Finding, String>> {
    let held = case.share(Measured::HeldOut)?;
    let top = held.top()?;
    let early: Vec<f64> = held.values.iter().take(3).map(|v| v / top).collect();
    let train = case.share(Measured::Training);
    let looked = Err(format!("`{}` at the first readings", held.name));
    if early.len() < 3 || early.iter().any(|v| *v < PERFECT) {
        return Some(looked);
    }
    let first = train.map(|t| t.values[0] / t.top().unwrap_or(1.0));
    if first.is_some_and(|f| f >= early[0]) {
        return Some(looked);
    }
    let statement = format!(
        "It is better than possible: `{}` is {} at its first reading{}; what is held out was seen, or the answer is among the inputs.",
        held.name,
        percent(early[0]),
        first.map_or_else(String::new, |f| format!(", when the training rows are at {}", percent(f)))
    );
    Some(Ok(leak(statement)
        .sure(1.0, "a fact: perfect at each of the first three readings")
        .sign(held.name, held.steps.first().copied(), early[0], "the first reading")
        .showing(&[held.name], held.steps.first().copied())))
}

/// Held-out rows better than training rows for the second half of the run.
fn better_than_training(case: &Case<'_>) -> Option<Result<Finding, String>> {
    let pair = |role: fn(Measured) -> Role| Some((case.of(role(Measured::Training))?, case.of(role(Measured::HeldOut))?));
    let (train, held) = pair(Role::Loss).or_else(|| pair(Role::Score))?;
    let looked = format!("`{}` against `{}`", held.name, train.name);
    let sign = train.sign();
    let (steps, ahead): (Vec<f64>, Vec<f64>) = held
        .steps
        .iter()
        .zip(held.values)
        .filter_map(|(s, v)| Some((*s, sign * (at(train.steps, train.values, *s)? - v))))
        .unzip();
    let half = steps.last().copied().unwrap_or(0.0) * 0.5;
    let late = Coarse::new(&steps, &ahead, BLOCKS).from(half);
    if late.len() < FEWEST / 2 {
        return Some(Err(format!("{looked}: too few readings")));
    }
    // A measure that is averaged over the epoch lags: by no more than it moved from one held-out reading to the next.
    let between = train.coarse(BLOCKS).times(sign).from(half);
    let moved = (between.values.first()? - between.values.last()?).max(0.0);
    let lag = moved / (late.len() as f64 - 1.0).max(1.0);
    let scale = match train.top() {
        Some(top) => BETTER * top,
        None => BETTER * train.values.iter().map(|v| v.abs()).fold(0.0, f64::max),
    };
    let level = late.level();
    let needed = 2.0 * lag + scale;
    let statement = format!(
        "It is better on rows that are held out than on those it is trained on: over the second half `{}` is ahead of `{}` by {} on average; training rows are measured with dropout, augmentation or noise, or the held-out rows are easier or were seen.",
        held.name,
        train.name,
        short(level.mean)
    );
    Some(Ok(leak(statement)
        .sure(level.above(needed), format!("Student's t over the second half: ahead by more than {}, which a lag of the training measure or a fiftieth of its scale would explain", short(needed)))
        .sign(held.name, Some(half), level.mean, "ahead, on average since then")
        .showing(&[held.name, train.name], Some(half))))
}

/// What a p-value was read off, for a test of two random walks.
pub(super) fn two_walks(p: f64) -> String {
    format!("both against random walks with the same steps, p = {} (the larger of two)", written(p))
}
