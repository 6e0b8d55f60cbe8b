//! The learning rate: too high, too low.

use super::belief::{binomial_upper, normal, probability};
use super::breaks::{breaks, written};
use super::case::{Case, Role, Track};
use super::coarse::at;
use super::finding::{Finding, Outcome, Severity, key_words};
use super::fit::{BLOCKS, FEWEST};
use crate::forecast::{Measured, short};

/// Factor by which the first update of a full batch must raise the loss.
const FIRST: f64 = 2.0;
/// Share of the highest learning rate from which on it counts as high.
const HIGH: f64 = 0.9;
/// Share of the training rows from which on what is left to learn says nothing of the rate.
const LEARNED: f64 = 0.9;
/// Readings whose ups and downs are looked at.
const LATE: usize = 1000;

/// The learning rate is too high.
pub(super) fn too_high(case: &Case<'_>) -> Outcome {
    let Some(loss) = case.descended() else {
        return Outcome::blind("the loss that is descended");
    };
    if let Some(finding) = first_step(case, loss) {
        return Outcome::Found(Box::new(finding));
    }
    if loss.values.len() < 2 * FEWEST {
        return Outcome::blind(format!(
            "more than {} readings of `{}`",
            loss.values.len(),
            loss.name
        ));
    }
    let mut best: Option<Finding> = None;
    for finding in [at_high_rate(case, loss), overshoots(case, loss)]
        .into_iter()
        .flatten()
    {
        if best
            .as_ref()
            .is_none_or(|b| finding.probability > b.probability)
        {
            best = Some(finding);
        }
    }
    let rate = case
        .of(Role::Rate)
        .map_or("; the learning rate is not logged", |_| "");
    let looked = format!("`{}`, {} readings{rate}", loss.name, loss.values.len());
    match best {
        Some(finding) => Outcome::told(finding, looked),
        None => Outcome::clear(looked),
    }
}

fn high(case: &Case<'_>, statement: String) -> Finding {
    let change: Vec<(&str, String)> = case
        .facts
        .own
        .as_ref()
        .map(|own| vec![("lr", key_words(own.lr / 3.0))])
        .unwrap_or_default();
    Finding::new("lr_too_high", Severity::Warning, statement).try_it(
        "a third of the learning rate, for as many steps as it took to see this",
        &change,
    )
}

/// The first update of the whole batch raised the loss: short enough steps downhill always lower it.
fn first_step(case: &Case<'_>, loss: &Track<'_>) -> Option<Finding> {
    case.facts
        .own
        .as_ref()
        .filter(|own| own.full_batch && own.lr > 0.0)?;
    let ([first, second, ..], [start, next, ..]) = (loss.values, loss.steps) else {
        return None;
    };
    let (first, second) = (*first, *second);
    let next = next - start == 1.0 && first > 0.0 && second > FIRST * first;
    next.then(|| {
        let statement = format!(
            "The learning rate is too high: the first update of the whole batch raised `{}` from {} to {}, and short enough steps downhill always lower it.",
            loss.name,
            short(first),
            short(second)
        );
        high(case, statement)
            .sign(loss.name, Some(loss.steps[1]), second, "after the first update")
            .showing(&[loss.name], Some(loss.steps[1]))
    })
}

/// Jumps come while the learning rate is high, more than by chance.
fn at_high_rate(case: &Case<'_>, loss: &Track<'_>) -> Option<Finding> {
    let rate = case.of(Role::Rate)?;
    let most = rate.values.iter().copied().fold(0.0, f64::max);
    let jumps = breaks(loss);
    let of = |step: f64| at(rate.steps, rate.values, step).or(rate.last().map(|l| l.1));
    let inside = jumps
        .iter()
        .filter(|b| of(b.step).is_some_and(|r| r >= HIGH * most))
        .count() as u64;
    let share = loss
        .steps
        .iter()
        .filter(|s| of(**s).is_some_and(|r| r >= HIGH * most))
        .count() as f64
        / loss.steps.len() as f64;
    if inside == 0 || share >= 1.0 {
        return None;
    }
    let p = binomial_upper(inside, jumps.len() as u64, share);
    let statement = format!(
        "The learning rate is too high at its highest: {inside} of {} jumps of `{}` came while it was above {}, where {:.0} % of the readings lie.",
        jumps.len(),
        loss.name,
        short(HIGH * most),
        100.0 * share
    );
    Some(
        high(case, statement)
            .sure(
                probability(p),
                format!("a binomial of jumps among readings, p = {}", written(p)),
            )
            .sign(rate.name, None, most, "the highest learning rate")
            .showing(&[loss.name, rate.name], jumps.first().map(|b| b.step)),
    )
}

/// The loss goes up and down from one reading to the next more regularly than noise does.
///
/// Noise has 2(n − 2)/3 turning points, with variance (16n − 29)/90 (Bienaymé 1874); steps that overshoot have one at each reading.
fn overshoots(case: &Case<'_>, loss: &Track<'_>) -> Option<Finding> {
    let values = &loss.values[loss.values.len() - loss.values.len().min(LATE)..];
    let n = values.len() as f64;
    let turns = values
        .windows(3)
        .filter(|w| (w[1] - w[0]) * (w[2] - w[1]) < 0.0)
        .count() as f64;
    let z = (turns - 0.5 - 2.0 * (n - 2.0) / 3.0) / ((16.0 * n - 29.0) / 90.0).sqrt();
    let p = normal(-z);
    // Overshooting that costs nothing: the last digits of a loss that has come to rest.
    let swing = values.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>() / (n - 1.0);
    let learned = loss.values[0] - values.iter().sum::<f64>() / n;
    if swing < 0.01 * learned.abs().max(0.01 * loss.values[0].abs()) {
        return None;
    }
    let statement = format!(
        "The learning rate is too high: `{}` overshoots, it turns {} times in {} readings, where noise alone turns {:.0} times, and swings by {} each time.",
        loss.name,
        turns,
        n,
        2.0 * (n - 2.0) / 3.0,
        short(swing)
    );
    Some(
        high(case, statement)
            .sure(
                probability(p),
                format!("turning points against those of noise, p = {}", written(p)),
            )
            .sign(
                loss.name,
                loss.last().map(|l| l.0),
                swing,
                "mean change from one reading to the next",
            )
            .showing(&[loss.name], None),
    )
}

/// The learning rate is too low.
pub(super) fn too_low(case: &Case<'_>) -> Outcome {
    let Some(loss) = case.descended() else {
        return Outcome::blind("the loss that is descended");
    };
    if loss.values.len() < 2 * FEWEST {
        return Outcome::blind(format!(
            "more than {} readings of `{}`",
            loss.values.len(),
            loss.name
        ));
    }
    let looked = format!("`{}`, {} readings", loss.name, loss.values.len());
    let answered = case
        .share(Measured::Training)
        .and_then(|t| Some(t.last()?.1 / t.top()?));
    if answered.is_some_and(|a| a >= LEARNED) {
        return Outcome::clear(format!("{looked}: the training rows are answered"));
    }
    if let Some(finding) = still(case, loss) {
        return Outcome::Found(Box::new(finding));
    }
    if falls_at_last(case) {
        return Outcome::clear(format!(
            "{looked}: the learning rate falls, so its course says nothing"
        ));
    }
    match straight(case, loss) {
        Some(finding) => Outcome::told(finding, looked),
        None => Outcome::clear(looked),
    }
}

fn low(case: &Case<'_>, statement: String) -> Finding {
    let change: Vec<(&str, String)> = case
        .facts
        .own
        .as_ref()
        .map(|own| {
            vec![(
                "lr",
                if own.lr > 0.0 {
                    key_words(10.0 * own.lr)
                } else {
                    "1e-3".to_owned()
                },
            )]
        })
        .unwrap_or_default();
    Finding::new("lr_too_low", Severity::Warning, statement)
        .try_it("ten times the learning rate, for as many steps", &change)
}

/// Nothing moves at all.
fn still(case: &Case<'_>, loss: &Track<'_>) -> Option<Finding> {
    let (first, n) = (loss.values[0], loss.values.len());
    if loss
        .values
        .iter()
        .any(|v| (v - first).abs() > 1e-6 * first.abs())
    {
        return None;
    }
    let rate = case.of(Role::Rate).and_then(Track::last).map(|l| l.1);
    let words = match rate {
        Some(0.0) => "the learning rate is 0".to_owned(),
        Some(r) => format!("at a learning rate of {}", short(r)),
        None => "steps have no length, or the loss is not that of what is trained".to_owned(),
    };
    let statement = format!(
        "Nothing is learned: `{}` is {} at each of its {n} readings; {words}.",
        loss.name,
        short(first)
    );
    let finding = low(case, statement)
        .sure(1.0, "a fact: all readings agree to six digits")
        .sign(loss.name, None, first, "at every reading")
        .showing(&[loss.name], None);
    Some(finding)
}

/// Whether the learning rate is seen to fall, or may be: then a loss may fall ever faster.
fn falls_at_last(case: &Case<'_>) -> bool {
    let Some(rate) = case.of(Role::Rate) else {
        return false;
    };
    let most = rate.values.iter().copied().fold(0.0, f64::max);
    rate.last().is_some_and(|l| l.1 < 0.5 * most)
}

/// The loss falls in a straight line: it has come nowhere near to rest, and step length is what holds it up.
fn straight(case: &Case<'_>, loss: &Track<'_>) -> Option<Finding> {
    let coarse = loss.coarse(BLOCKS);
    let (first, last) = (coarse.values[0], coarse.values[coarse.len() - 1]);
    // It must fall, and not by so much that it has learned most of what there is.
    let share = (first - last) / first.abs().max(f64::MIN_POSITIVE);
    if coarse.clone().times(-1.0).drift() > 0.01 || share <= 0.0 || share > 0.5 {
        return None;
    }
    let line = fitted(&coarse.steps, &coarse.values, |t| t)?;
    let origin = coarse.steps[0];
    let span = coarse.steps[coarse.len() - 1] - origin;
    let decays = [0.1, 0.2, 0.35, 0.6, 1.0].map(|tau| {
        fitted(&coarse.steps, &coarse.values, move |t| {
            libm::exp(-(t - origin) / (tau * span))
        })
    });
    let powers = [0.1, 0.3, 0.5, 0.8, 1.2].map(|a| {
        let unit = span / (4.0 * coarse.len() as f64);
        fitted(&coarse.steps, &coarse.values, move |t| {
            libm::pow(1.0 + (t - origin) / unit, -a)
        })
    });
    // Evidence by Schwarz: all have a place and a height, the curves one number more, over which they are averaged.
    let n = coarse.len() as f64;
    let weight = |square: f64| libm::exp(-0.5 * n * libm::log(square / line));
    let curves: Vec<f64> = decays
        .iter()
        .chain(&powers)
        .flatten()
        .map(|s| weight(*s))
        .collect();
    let others = curves.iter().sum::<f64>() / curves.len() as f64;
    let p = 1.0 / (1.0 + others);
    let statement = format!(
        "The learning rate is too low: `{}` falls in a straight line, by {:.1} % from beginning to end, and nothing slows it down yet.",
        loss.name,
        100.0 * share
    );
    Some(
        low(case, statement)
            .sure(p, "the likelihood of a straight line against those of ten exponentials and powers, equally likely before")
            .sign(loss.name, loss.last().map(|l| l.0), last, "at the end")
            .sign(loss.name, Some(loss.steps[0]), first, "at the beginning")
            .showing(&[loss.name], None),
    )
}

/// Mean square off the best a + b·shape(t).
fn fitted(steps: &[f64], values: &[f64], shape: impl Fn(f64) -> f64) -> Option<f64> {
    let n = steps.len() as f64;
    let x: Vec<f64> = steps.iter().map(|t| shape(*t)).collect();
    let (x0, y0) = (x.iter().sum::<f64>() / n, values.iter().sum::<f64>() / n);
    let xx: f64 = x.iter().map(|x| (x - x0) * (x - x0)).sum();
    let xy: f64 = x.iter().zip(values).map(|(x, y)| (x - x0) * (y - y0)).sum();
    let yy: f64 = values.iter().map(|y| (y - y0) * (y - y0)).sum();
    let rest = (yy - xy * xy / xx).max(1e-12 * yy);
    (xx > 0.0 && rest > 0.0).then_some(rest / n)
}
