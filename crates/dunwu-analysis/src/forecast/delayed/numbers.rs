//! Where a run stands that memorised: numbers without units.

use super::{Companions, GENERALISED, MEMORISED, Points, at, first_at_least, until};

/// Numbers of a run, the three last of which say what is not logged.
pub(super) const NUMBERS: usize = 30;
/// The number that is large where the run has just memorised.
pub(super) const NEAR: usize = 1;
/// Those of the loss on held-out rows.
const HELD_LOSS: std::ops::Range<usize> = 11..17;
/// Those of the loss on training rows.
const TRAIN_LOSS: std::ops::Range<usize> = 17..21;
/// Those of the norm of the weights.
const NORM: std::ops::Range<usize> = 21..27;
/// The first of the numbers that say what is not logged.
pub(super) const MISSING: usize = 27;
/// Parts that may not be logged, and the number that is then 1.
pub(super) const PARTS: [(std::ops::Range<usize>, usize); 3] = [
    (HELD_LOSS, MISSING),
    (TRAIN_LOSS, MISSING + 1),
    (NORM, MISSING + 2),
];

/// Whether a number is of what is logged.
pub(super) fn is_logged(numbers: &[f64; NUMBERS], i: usize) -> bool {
    !PARTS
        .iter()
        .any(|(part, flag)| part.contains(&i) && numbers[*flag] > 0.0)
}

/// Moments of a run: when it memorised, and when half and three quarters of the time since had passed.
#[derive(Clone, Copy)]
struct Moments {
    memorised: f64,
    half: f64,
    quarter: f64,
}

/// None if it has not memorised, or has generalised.
pub(super) fn numbers(c: &Companions<'_>) -> Option<[f64; NUMBERS]> {
    let (train, held) = (until(c.train_score?, c.now), until(c.held_score?, c.now));
    let memorised = first_at_least(train, MEMORISED)?.max(1.0);
    let accuracy = *held.1.last()?;
    if held.1.iter().any(|a| *a >= GENERALISED)
        || *train.1.last()? - accuracy < 0.05
        || c.now <= memorised
    {
        return None;
    }
    let since = c.now - memorised;
    let m = Moments {
        memorised,
        half: memorised + 0.5 * since,
        quarter: memorised + 0.75 * since,
    };
    let mut out = [0.0; NUMBERS];
    out[0] = log(c.now / memorised);
    // Near memorising, how long that took says how long all takes.
    out[NEAR] = (-log(since / memorised)).clamp(-4.0, 4.0);
    let half_way = first_at_least(train, 0.5).unwrap_or(memorised);
    out[2] = log(memorised / half_way.max(1.0));
    out[3..HELD_LOSS.start].copy_from_slice(&of_accuracy(held, accuracy, m));
    let series = [
        (c.held_loss, of_held_loss as Part),
        (c.train_loss, of_train_loss),
        (c.weight_norm, of_norm),
    ];
    for ((series, of), (part, flag)) in series.into_iter().zip(PARTS) {
        match series.map(|s| until(s, c.now)).and_then(|s| of(s, m)) {
            Some(of) => out[part].copy_from_slice(&of),
            None => out[flag] = 1.0,
        }
    }
    Some(out)
}

type Part = fn(Points<'_>, Moments) -> Option<Vec<f64>>;

fn log(x: f64) -> f64 {
    libm::log(x.max(1e-12))
}

/// Accuracy on held-out rows: now, risen since memorising and in the later half and quarter of that time with how many such
/// moves are still to come; when it memorised, at first, and at most.
fn of_accuracy(held: Points<'_>, now: f64, m: Moments) -> [f64; 8] {
    let memorised = at(held, m.memorised).unwrap_or(now);
    let to_come = |move_: f64| log((GENERALISED - now).max(0.01) / move_.max(0.005));
    let lately = now - at(held, m.half).unwrap_or(now);
    let most = held.1.iter().copied().fold(now, f64::max);
    [
        now,
        now - memorised,
        lately,
        to_come(lately),
        to_come(now - at(held, m.quarter).unwrap_or(now)),
        memorised,
        held.1.first().copied().unwrap_or(now),
        most,
    ]
}

/// The loss on held-out rows: below its peak since memorising, its fall in the later half and, four times, the later
/// quarter of that time, where it is and was when it memorised beside where it began, and when it was largest.
fn of_held_loss(loss: Points<'_>, m: Moments) -> Option<Vec<f64>> {
    let (first, late) = (log(*loss.1.first()?), log(*loss.1.last()?));
    let since = loss
        .0
        .iter()
        .zip(loss.1)
        .filter(|(s, _)| **s >= m.memorised);
    let peak = since.map(|(_, v)| log(*v)).fold(late, f64::max);
    let fall = |from: f64| at(loss, from).map_or(0.0, |v| log(v) - late);
    let largest = loss.1.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let when = first_at_least(loss, largest)?;
    let then = at(loss, m.memorised).map_or(0.0, |v| log(v) - first);
    Some(vec![
        (peak - late).min(4.0),
        fall(m.half).clamp(-2.0, 2.0),
        (4.0 * fall(m.quarter)).clamp(-4.0, 4.0),
        (late - first).clamp(-4.0, 4.0),
        then.clamp(-3.0, 3.0),
        log(when.max(1.0) / m.memorised).clamp(-3.0, 3.0),
    ])
}

/// The loss on training rows: its fall in the later half and quarter of the time since memorising (without decay it falls
/// for ever), in all, and above its lowest.
fn of_train_loss(loss: Points<'_>, m: Moments) -> Option<Vec<f64>> {
    let (first, late) = (*loss.1.first()?, *loss.1.last()?);
    let before = at(loss, m.half).unwrap_or(first);
    let lately = at(loss, m.quarter).unwrap_or(late);
    let lowest = loss.1.iter().map(|v| log(*v)).fold(log(late), f64::min);
    Some(vec![
        (log(before) - log(late)).clamp(-3.0, 3.0),
        (log(lately) - log(late)).clamp(-3.0, 3.0),
        (log(late) - log(first)).clamp(-16.0, 0.0),
        (log(late) - lowest).min(6.0),
    ])
}

/// The squared norm of the weights, V: its fall since memorising, the falls that its rates in the later half and quarter
/// make in as long a time, the logarithm of the first, V beside its first value, now and when it memorised.
///
/// By the first-passage law T_grok − T_mem ≈ log(V_mem/V*)/(2κηλ) (arXiv 2605.18845); the rate of its decay stands for 2κηλ.
fn of_norm(norm: Points<'_>, m: Moments) -> Option<Vec<f64>> {
    let (first, late) = (log(*norm.1.first()?), log(*norm.1.last()?));
    let then = at(norm, m.memorised).map_or(first, log);
    let fall =
        |from: f64, whole: f64| at(norm, from).map_or(0.0, |v| 2.0 * whole * (log(v) - late));
    let half = fall(m.half, 2.0);
    Some(vec![
        (2.0 * (then - late)).clamp(-4.0, 4.0),
        half.clamp(-4.0, 4.0),
        fall(m.quarter, 4.0).clamp(-4.0, 4.0),
        -log(half.max(0.01)),
        (2.0 * (late - first)).clamp(-6.0, 6.0),
        (2.0 * (then - first)).clamp(-6.0, 6.0),
    ])
}
