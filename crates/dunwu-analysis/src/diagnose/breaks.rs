//! Losses that jump: diverged, blew up, spiked; and which signal moved first.

use super::belief::{heavy_upper, probability};
use super::case::{Case, Role, Track};
use super::coarse::median;
use super::finding::{Finding, Outcome, Severity, key_words};
use crate::forecast::short;
use crate::forecast::step_words;
use dunwu_core::StopReason;

/// Readings before a jump that it must rise above.
const BEFORE: usize = 5;
/// Readings whose changes say how much a reading usually changes.
const USUAL: usize = 40;
/// Readings that are looked at, at most; of more the largest of each block.
const MOST: usize = 4096;
/// Share of what had been learned that a jump must undo to be told, and beside one that is told.
const MATERIAL: f64 = 0.1;
const SMALL: f64 = 0.01;
/// Share of what had been learned that is lost where a run has blown up.
const LOST: f64 = 0.5;
/// Times its first value at which a loss has blown up, whatever it did before.
const BEYOND: f64 = 100.0;
/// Robust deviations from its course at which a signal has left it.
const LEFT: f64 = 6.0;

/// A jump of a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Break {
    /// Where.
    pub step: f64,
    /// The level before.
    pub before: f64,
    /// The largest value that followed.
    pub peak: f64,
    /// When it was back.
    pub back: Option<f64>,
    /// How likely heavy-tailed noise (Student's t, 4 degrees of freedom) makes such a jump anywhere.
    pub p: f64,
    /// Share of what had been learned that is lost at the end.
    pub lost: f64,
}

fn thinned(track: &Track<'_>) -> (Vec<f64>, Vec<f64>) {
    let size = track.values.len().div_ceil(MOST).max(1);
    let pairs = track.steps.chunks(size).zip(track.values.chunks(size));
    pairs
        .map(|(s, v)| {
            let at = (0..v.len())
                .max_by(|a, b| v[*a].total_cmp(&v[*b]))
                .unwrap_or(0);
            (s[at], v[at])
        })
        .unzip()
}

/// How much a reading usually changes, before reading i.
fn usual(values: &[f64], i: usize) -> f64 {
    let from = i.saturating_sub(USUAL);
    let changes: Vec<f64> = values[from..i].windows(2).map(|w| w[1] - w[0]).collect();
    let middle = median(&changes);
    let spread: Vec<f64> = changes.iter().map(|d| (d - middle).abs()).collect();
    let size: Vec<f64> = changes.iter().map(|d| d.abs()).collect();
    (1.4826 * median(&spread))
        .max(median(&size))
        .max(1e-9 * values[i - 1].abs())
        .max(f64::MIN_POSITIVE)
}

/// Every jump of a loss that undoes a tenth of what had been learned.
pub(super) fn breaks(track: &Track<'_>) -> Vec<Break> {
    breaks_of(track, MATERIAL)
}

/// Every jump of a loss that undoes such a share of what had been learned.
fn breaks_of(track: &Track<'_>, share: f64) -> Vec<Break> {
    let (steps, values) = thinned(track);
    let n = values.len();
    let (mut out, mut i) = (Vec::new(), BEFORE + 1);
    let first = median(&values[..n.min(3)]);
    while i < n {
        let before = median(&values[i - BEFORE..i]);
        let above = values[i - BEFORE..i]
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let learned = first - values[..i].iter().copied().fold(f64::INFINITY, f64::min);
        let learned = learned.max(1e-3 * first.abs()).max(f64::MIN_POSITIVE);
        let jump = values[i] - above;
        if jump < share * learned {
            i += 1;
            continue;
        }
        let noise = usual(&values, i);
        let p = (n as f64 * heavy_upper(jump / noise)).min(1.0);
        if p > 0.01 {
            i += 1;
            continue;
        }
        let near = |j: usize, peak: f64| {
            let level = before + (0.1 * (peak - before)).max(2.0 * noise);
            values[j] <= level && median(&values[j..n.min(j + 3)]) <= level
        };
        let (mut peak, mut j) = (values[i], i + 1);
        while j < n && !near(j, peak) {
            peak = peak.max(values[j]);
            j += 1;
        }
        let end = median(&values[n - (n - i).min(5)..]);
        out.push(Break {
            step: steps[i],
            before,
            peak,
            back: steps.get(j).copied(),
            p,
            lost: if j < n { 0.0 } else { (end - before) / learned },
        });
        i = j + 1;
    }
    out
}

/// When each signal left its course before or at a step, the earliest first: further than 6 robust deviations from a
/// straight line through the readings before, and not back until that step.
fn movers<'a>(case: &Case<'a>, step: f64) -> Vec<(&'a str, f64)> {
    let mut out: Vec<(&str, f64)> = case
        .tracks
        .iter()
        .filter_map(|t| Some((t.name, left(t, step)?)))
        .collect();
    out.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(b.0)));
    out
}

fn left(track: &Track<'_>, step: f64) -> Option<f64> {
    let end = track.steps.partition_point(|s| *s <= step);
    let lead = (end / 5).clamp(3, 20);
    let from = end.checked_sub(lead).filter(|f| *f >= BEFORE)?;
    let start = from.saturating_sub(USUAL);
    let positive = track.values[start..end].iter().all(|v| *v > 0.0);
    let height = |i: usize| {
        if positive {
            libm::log(track.values[i])
        } else {
            track.values[i]
        }
    };
    let n = (from - start) as f64;
    let (x0, y0) = (start..from).fold((0.0, 0.0), |(x, y), i| {
        (x + track.steps[i] / n, y + height(i) / n)
    });
    let (xx, xy) = (start..from).fold((0.0, 0.0), |(a, b), i| {
        let x = track.steps[i] - x0;
        (a + x * x, b + x * (height(i) - y0))
    });
    let off = |i: usize| (height(i) - y0 - xy / xx * (track.steps[i] - x0)).abs();
    let rest: Vec<f64> = (start..from).map(off).collect();
    let scale = (1.4826 * median(&rest)).max(1e-4 * y0.abs()).max(1e-9);
    let out = (from..end)
        .rev()
        .take_while(|i| off(*i) > LEFT * scale)
        .last()?;
    Some(track.steps[out])
}

fn with_movers(mut finding: Finding, case: &Case<'_>, step: f64) -> Finding {
    let moved = movers(case, step);
    for (i, (name, at)) in moved.iter().take(5).enumerate() {
        let says = if i == 0 {
            "left its course first"
        } else {
            "left its course"
        };
        let value = case.tracks.iter().find(|t| t.name == *name);
        let value = value.and_then(|t| super::coarse::at(t.steps, t.values, *at));
        finding = finding.sign(name, Some(*at), value.unwrap_or(f64::NAN), says);
    }
    if let Some(rate) = case
        .of(Role::Rate)
        .and_then(|t| super::coarse::at(t.steps, t.values, step).or(t.last().map(|l| l.1)))
    {
        finding = finding.sign("lr", Some(step), rate, "the learning rate there");
    }
    finding
}

/// The first that moved, as the end of a sentence.
fn first_words(case: &Case<'_>, step: f64) -> String {
    let moved = movers(case, step);
    match moved.as_slice() {
        [] => String::new(),
        [(name, at)] => format!(
            "; in the readings before it `{name}` alone left its course, at step {}",
            step_words(*at)
        ),
        [(name, at), rest @ ..] => {
            let together: Vec<&str> = rest.iter().filter(|m| m.1 == *at).map(|m| m.0).collect();
            if together.is_empty() {
                format!(
                    "; of the readings before it `{name}` moved first, at step {}",
                    step_words(*at)
                )
            } else {
                let names: Vec<String> = [*name]
                    .iter()
                    .chain(&together)
                    .take(4)
                    .map(|n| format!("`{n}`"))
                    .collect();
                format!(
                    "; {} moved first, together at step {}",
                    names.join(", "),
                    step_words(*at)
                )
            }
        }
    }
}

/// A third of the learning rate, for twice as long as it took to break.
fn shorter_steps(case: &Case<'_>, step: f64) -> Vec<(&'static str, String)> {
    let Some(own) = &case.facts.own else {
        return vec![];
    };
    let epochs = (2.0 * step).clamp(50.0, own.epochs.max(50) as f64) as u64;
    vec![
        ("lr", key_words(own.lr / 3.0)),
        ("epochs", epochs.to_string()),
    ]
}

/// Diverged: numbers that are not finite.
pub(super) fn diverged(case: &Case<'_>) -> Outcome {
    let losses = || {
        case.tracks
            .iter()
            .filter(|t| matches!(t.role, Role::Loss(_)))
    };
    if losses().next().is_none() {
        return Outcome::blind("a loss");
    }
    if let Some(own) = &case.facts.own
        && let Some(StopReason::Diverged { epoch, tensor }) = &own.stopped
    {
        let step = *epoch as f64;
        let statement = format!(
            "It diverged: at epoch {epoch} `{tensor}` held a number that is not finite{}.",
            first_words(case, step)
        );
        let finding = Finding::new("diverged", Severity::Failure, statement)
            .try_it("steps a third as long", &shorter_steps(case, step))
            .showing(&shown(case), Some(step));
        return Outcome::Found(Box::new(with_movers(finding, case, step)));
    }
    let ended = losses().find_map(|t| {
        let broken = t.broken?;
        t.last()
            .is_none_or(|l| broken >= l.0)
            .then_some((t, broken))
    });
    match ended {
        Some((t, step)) => {
            let last = t.last().map_or_else(
                || "it never was".to_owned(),
                |l| {
                    format!(
                        "the last that was is {} at step {}",
                        short(l.1),
                        step_words(l.0)
                    )
                },
            );
            let statement = format!(
                "It diverged: `{}` is no finite number at step {}; {last}{}.",
                t.name,
                step_words(step),
                first_words(case, t.last().map_or(step, |l| l.0))
            );
            let finding = Finding::new("diverged", Severity::Failure, statement)
                .try_it("from the last checkpoint before, with a third of the learning rate or clipped gradients", &shorter_steps(case, step))
                .showing(&shown(case), Some(step));
            Outcome::Found(Box::new(with_movers(
                finding,
                case,
                t.last().map_or(step, |l| l.0),
            )))
        }
        None => Outcome::clear("every newest reading of a loss is finite"),
    }
}

/// The series that a break is drawn with: the loss, then gradients, weights and rate.
fn shown<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let roles = [Role::Gradient, Role::Weights, Role::Rate];
    case.loss()
        .into_iter()
        .chain(roles.iter().filter_map(|r| case.of(*r)))
        .map(|t| t.name)
        .collect()
}

/// Blew up: finite, but most of what had been learned is lost.
pub(super) fn blew_up(case: &Case<'_>) -> Outcome {
    let Some(loss) = case.loss() else {
        return Outcome::blind("a loss");
    };
    if loss.values.len() < 4 {
        return Outcome::blind(format!(
            "more than {} readings of `{}`",
            loss.values.len(),
            loss.name
        ));
    }
    let looked = format!("`{}`, {} readings", loss.name, loss.values.len());
    let first = loss.values[0].abs();
    let bound = BEYOND * first.max(f64::MIN_POSITIVE);
    let positive = first > 0.0 && loss.values.iter().all(|v| *v >= 0.0);
    let tail = median(&loss.values[loss.values.len() - loss.values.len().min(5)..]);
    let beyond = loss
        .values
        .iter()
        .position(|v| *v > bound)
        .filter(|_| positive && tail > bound);
    let worst = breaks(loss)
        .into_iter()
        .find(|b| b.back.is_none() && b.lost >= LOST);
    let (step, p, by) = match (beyond, worst) {
        (Some(i), _) => (
            loss.steps[i],
            0.0,
            "a definition: a hundred times its first value".to_owned(),
        ),
        (None, Some(b)) => (b.step, b.p, jump_test(b.p)),
        (None, None) => return Outcome::clear(looked),
    };
    let statement = format!(
        "It blew up: `{}` jumped at step {} and was last about {}, having begun at {}{}.",
        loss.name,
        step_words(step),
        short(tail),
        short(loss.values[0]),
        first_words(case, step)
    );
    let least = loss.values.iter().copied().fold(f64::INFINITY, f64::min);
    let finding = Finding::new("blew_up", Severity::Failure, statement)
        .sure(probability(p), by)
        .sign(loss.name, None, least, "the least it was")
        .try_it("from the last checkpoint before, with a third of the learning rate or clipped gradients", &shorter_steps(case, step))
        .showing(&shown(case), Some(step));
    Outcome::told(with_movers(finding, case, step), looked)
}

fn jump_test(p: f64) -> String {
    format!("a jump beyond heavy-tailed noise, p = {}", written(p))
}

/// A p-value.
pub(super) fn written(p: f64) -> String {
    if p < 1e-12 {
        "0 to 12 digits".to_owned()
    } else {
        short(p)
    }
}

/// Spiked: jumps that undid a part of what had been learned; back or not.
pub(super) fn spiked(case: &Case<'_>) -> Outcome {
    let Some(loss) = case.loss() else {
        return Outcome::blind("a loss");
    };
    if loss.values.len() < 2 * BEFORE {
        return Outcome::blind(format!(
            "more than {} readings of `{}`",
            loss.values.len(),
            loss.name
        ));
    }
    let looked = format!("`{}`, {} readings", loss.name, loss.values.len());
    let found: Vec<Break> = breaks(loss)
        .into_iter()
        .filter(|b| b.back.is_some() || b.lost < LOST)
        .collect();
    let Some(worst) = found
        .iter()
        .max_by(|a, b| (a.peak - a.before).total_cmp(&(b.peak - b.before)))
    else {
        return Outcome::clear(looked);
    };
    let open = found.iter().find(|b| b.back.is_none() && b.lost > MATERIAL);
    let small = breaks_of(loss, SMALL).len().saturating_sub(found.len());
    let count = match (found.len(), small) {
        (1, 0) => "It spiked once".to_owned(),
        (n, 0) => format!("It spiked {n} times"),
        (1, small) => format!(
            "It spiked {} times, one of them by a tenth of what it had learned or more",
            1 + small
        ),
        (n, small) => format!(
            "It spiked {} times, {n} of them by a tenth of what it had learned or more",
            n + small
        ),
    };
    let statement = format!(
        "{count}: at step {} `{}` jumped from {} to {} {}{}.",
        step_words(worst.step),
        loss.name,
        short(worst.before),
        short(worst.peak),
        match (open, worst.back) {
            (Some(b), _) if b.step == worst.step => "and did not come back".to_owned(),
            (_, Some(back)) => format!("and was back at step {}", step_words(back)),
            (_, None) => "just before the end".to_owned(),
        },
        match loss.restarts {
            0 => "",
            _ => "; the run was restarted, which may be why",
        }
    );
    let severity = if open.is_some() {
        Severity::Warning
    } else {
        Severity::Note
    };
    let mut finding = Finding::new("spiked", severity, statement)
        .sure(probability(worst.p), jump_test(worst.p))
        .try_it("the batches and gradient norms around that step; the same steps again with gradients clipped", &[])
        .showing(&shown(case), Some(worst.step));
    for b in found.iter().take(5) {
        finding = finding.sign(
            loss.name,
            Some(b.step),
            b.peak,
            format!("jumped, from {}", short(b.before)),
        );
    }
    Outcome::told(with_movers(finding, case, worst.step), looked)
}
