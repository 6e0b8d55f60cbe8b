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
/// Blocks in which two measures are seen to wander: few, so that noise about a level is none.
const WANDER: usize = 8;
/// Held-out rows better than training rows by less than this need no explanation.
const BETTER: f64 = 0.02;

/// What the best constant guess is right in, and how sure that is: known, or read off the loss.
fn chance(case: &Case<'_>, score: &Track<'_>) -> Option<(f64, f64, String)> {
    if let Some(classes) = case.facts.classes {
        return Some((1.0 / classes, 1.0, among(classes)));
    }
    // A classifier that has learned nothing has a cross-entropy of ln(classes), and guesses one in so many.
    let loss = case.loss()?;
    let (nats, guess) = (loss.coarse(BLOCKS).level().mean, recent(score)?.mean);
    let classes = libm::exp(nats).round();
    if !(2.0..=1e5).contains(&classes)
        || guess <= 0.0
        || loss.values.iter().any(|v| *v < 0.8 * nats)
    {
        return None;
    }
    // That a loss between 0 and 12 nats, drawn at random, lies as near to −ln(accuracy).
    let off = (nats + libm::log(guess)).abs();
    let p = (2.0 * off.max(0.02) / 12.0).min(1.0);
    let says = format!("{}, as its loss of {} says", among(classes), short(nats));
    Some((1.0 / classes, probability(p), says))
}

/// What guesses are drawn among; where answers are not equally common, there is no whole number of them.
fn among(classes: f64) -> String {
    if classes.fract() == 0.0 {
        format!("1 of {classes:.0} classes")
    } else {
        "always giving the commonest answer".to_owned()
    }
}

/// Accuracy at the guessing floor.
pub(super) fn at_floor(case: &Case<'_>) -> Outcome {
    let order = [Measured::Training, Measured::Unknown, Measured::HeldOut];
    let Some(score) = order.iter().find_map(|m| case.share(*m)) else {
        return at_floor_of_loss(case);
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
    // Below the floor is no better than on it; but a floor that is guessed itself must be met.
    let reach = GUESSING * (1.0 - floor);
    let low = if case.facts.classes.is_some() {
        f64::NEG_INFINITY
    } else {
        floor - reach
    };
    let p = level.between(low, floor + reach);
    let finding = Finding::new("at_floor", Severity::Failure, statement)
        .sure(
            p.min(sure),
            "Student's t over the last quarter: below a fiftieth of the way from guessing to all right",
        )
        .sign(
            score.name,
            score.last().map(|l| l.0),
            level.mean * score.top().unwrap_or(1.0),
            "over the last quarter",
        )
        .sign("guessing", None, floor, says)
        .try_it("ten rows alone, until they are stored: if that fails, labels and inputs do not belong together or nothing is trained", &[])
        .showing(&[score.name], None);
    Outcome::told(finding, looked)
}

/// A cross-entropy that never left ln(classes), where no accuracy is logged.
fn at_floor_of_loss(case: &Case<'_>) -> Outcome {
    let Some(loss) = case.loss().filter(|l| l.values.len() >= FEWEST) else {
        return Outcome::blind("an accuracy, or a loss with more than a few readings");
    };
    let level = loss.coarse(BLOCKS).level();
    let looked = format!("`{}` against ln(classes)", loss.name);
    let classes = case
        .facts
        .classes
        .unwrap_or_else(|| libm::exp(level.mean).round());
    if !(2.0..=1e5).contains(&classes) {
        return Outcome::clear(looked);
    }
    let guessing = libm::log(classes);
    let off = (level.mean - guessing).abs().max(level.error);
    // That a loss stays as near to ln of a whole number by chance: known classes are one place, others one of many.
    let spacing = libm::log((classes + 1.0) / classes);
    let p = match case.facts.classes {
        Some(_) => (2.0 * off / guessing).min(1.0),
        None => (2.0 * off / spacing).min(1.0),
    };
    let moved = loss
        .values
        .iter()
        .map(|v| (v - guessing).abs())
        .fold(0.0, f64::max);
    let p = if moved > 10.0 * GUESSING * guessing {
        1.0
    } else {
        p
    };
    let statement = format!(
        "It guesses: `{}` is at {} all along, and ln({}) = {} is the cross-entropy of guessing among {} classes.",
        loss.name,
        short(level.mean),
        classes,
        short(guessing),
        classes
    );
    let finding = Finding::new("at_floor", Severity::Failure, statement)
        .sure(probability(p), format!("how near to the logarithm of a whole number it stays, p = {}", written(p)))
        .sign(loss.name, None, level.mean, "the mean of all readings")
        .sign("guessing", None, guessing, format!("ln({classes})"))
        .try_it("ten rows alone, until they are stored: if that fails, labels and inputs do not belong together or nothing is trained", &[])
        .showing(&[loss.name], None);
    Outcome::told(finding, looked)
}

/// A way in which a leak shows: a finding, or what was looked at; None where series are missing.
type Leak = fn(&Case<'_>) -> Option<Result<Finding, String>>;

/// Better than possible: a leak, or a measure that is not what it seems.
pub(super) fn better_than_possible(case: &Case<'_>) -> Outcome {
    let mut looked = Vec::new();
    let checks: [Leak; 3] = [above_noise, at_once, better_than_training];
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
        return Outcome::blind(
            "a measure of training rows beside the same of held-out rows, or noise=",
        );
    }
    looked.dedup();
    Outcome::clear(looked.join(", "))
}

/// More held-out rows right than have right labels.
fn above_noise(case: &Case<'_>) -> Option<Result<Finding, String>> {
    let noise = case
        .facts
        .noise
        .filter(|n| *n > 0.0 && case.facts.own.is_none())?;
    let held = case
        .share(Measured::HeldOut)
        .or_else(|| case.share(Measured::Unknown))?;
    let level = recent(held)?;
    let statement = format!(
        "It is better than possible: `{}` is at {}, though {} of the labels are known to be wrong; it has seen these rows, or they are not those.",
        held.name,
        percent(level.mean),
        percent(noise)
    );
    Some(Ok(leak(statement)
        .sure(
            level.above(1.0 - noise),
            "Student's t over the last quarter, against 1 less the share of wrong labels",
        )
        .sign(
            held.name,
            held.last().map(|l| l.0),
            level.mean,
            "over the last quarter",
        )
        .showing(&[held.name], None)))
}

fn leak(statement: String) -> Finding {
    Finding::new("better_than_possible", Severity::Warning, statement).try_it(
        "the held-out rows that occur among the training rows, as a count; then the same run with all held-out labels shuffled: it must fall to guessing",
        &[],
    )
}

/// Held-out rows perfect from the first readings, long before the training rows are.
fn at_once(case: &Case<'_>) -> Option<Result<Finding, String>> {
    // Without the training rows it may be that the rows are easy, or nearly all of one class.
    let (held, train) = (
        case.share(Measured::HeldOut)?,
        case.share(Measured::Training)?,
    );
    let top = held.top()?;
    let early: Vec<f64> = held.values.iter().take(3).map(|v| v / top).collect();
    let looked = Err(format!("`{}` at the first readings", held.name));
    if early.len() < 3 || early.iter().any(|v| *v < PERFECT) {
        return Some(looked);
    }
    // At the third reading: a training measure that is averaged over the epoch has caught up by then.
    let beside = at(train.steps, train.values, held.steps[2])? / train.top().unwrap_or(1.0);
    if beside > PERFECT - BETTER {
        return Some(looked);
    }
    let statement = format!(
        "It is better than possible: `{}` is {} at its first reading, and two readings later the training rows are at {} yet; what is held out was seen, or the answer is among the inputs.",
        held.name,
        percent(early[0]),
        percent(beside)
    );
    Some(Ok(leak(statement)
        .sure(1.0, "a fact: perfect at each of the first three readings, and the training rows are not at the third")
        .sign(held.name, held.steps.first().copied(), early[0], "the first reading")
        .sign(train.name, held.steps.get(2).copied(), beside, "the training rows at the third")
        .showing(&[held.name, train.name], held.steps.first().copied())))
}

/// Held-out rows better than training rows for the second half of the run.
fn better_than_training(case: &Case<'_>) -> Option<Result<Finding, String>> {
    let pair = |role: fn(Measured) -> Role| {
        Some((
            case.of(role(Measured::Training))?,
            case.of(role(Measured::HeldOut))?,
        ))
    };
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
    // Two measures that wander, each for itself, are apart by as much as they wander.
    let all = Coarse::new(&steps, &ahead, WANDER);
    let wander: f64 = all
        .values
        .windows(2)
        .map(|w| (w[1] - w[0]) * (w[1] - w[0]))
        .sum();
    let beyond = (level.mean - needed).max(0.0);
    let p = if wander > 0.0 {
        libm::exp(-beyond * beyond / (2.0 * wander))
    } else {
        f64::from(u8::from(beyond <= 0.0))
    };
    let statement = format!(
        "It is better on rows that are held out than on those it is trained on: over the second half `{}` is ahead of `{}` by {} on average; training rows are measured with dropout, augmentation or noise, or the held-out rows are easier or were seen.",
        held.name,
        train.name,
        short(level.mean)
    );
    Some(Ok(leak(statement)
        .sure(
            level.above(needed).min(probability(p)),
            format!(
                "ahead by more than {}, which a lag of the training measure or a fiftieth of its scale would explain (Student's t over the second half), and by more than two random walks with these steps come apart (p = {}); the less likely",
                short(needed),
                written(p)
            ),
        )
        .sign(held.name, Some(half), level.mean, "ahead, on average since then")
        .showing(&[held.name, train.name], Some(half))))
}

/// What a p-value was read off, for a test of two random walks.
pub(super) fn two_walks(p: f64) -> String {
    format!(
        "both against random walks with the same steps, p = {} (the larger of two)",
        written(p)
    )
}
