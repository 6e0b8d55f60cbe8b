//! Whether a run that has memorised and answers nothing else is on its way, or has come to an end.
//!
//! Thresholds were set on runs that generalised late (modular sums mod 31 and 71, delays of 5 to 70 times the
//! epoch of memorising) and on others that never did (no decay, too few rows, random labels). Half-way through and
//! a tenth before the end of any of the former, purity had risen by at least 8 % of itself.

use crate::fate::rise;
use dunwu_core::Curve;

/// Rise of an accuracy over the last quarter of a run that counts as being on its way.
pub(crate) const RISING: f64 = 0.02;
/// Change over the second half of a run, as a share of the value, that counts as a change.
const MOVING: f64 = 0.02;
/// Shortest plateau that says anything: in epochs, and in multiples of the epoch of memorising.
const LEAST: u64 = 100;
const TIMES: u64 = 10;

/// Why nobody can tell yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// Held-out rows come right, more with every epoch.
    Rising,
    /// It was not followed for long after it had memorised.
    Short,
    /// Hidden nodes turn towards features, though held-out rows do not show it yet.
    Forming,
    /// The hidden weights still change.
    Moving,
    /// Neither features nor weights were recorded.
    Unseen,
}

impl Open {
    /// As the statement of a verdict.
    pub(crate) const fn statement(self) -> &'static str {
        match self {
            Open::Rising => "it was on its way to generalise when the budget ended",
            Open::Short => {
                "it was not followed for long after it had memorised; many networks generalise later than that"
            }
            Open::Forming => {
                "its hidden nodes were still turning towards features when the budget ended, and that often comes before held-out rows are answered"
            }
            Open::Moving => {
                "its hidden weights still changed when the budget ended, so more may come"
            }
            Open::Unseen => {
                "it answers its training rows and no others so far; nothing was recorded that would tell whether more may come"
            }
        }
    }
}

/// A stretch of epochs after memorising in which nothing came.
pub(crate) struct Plateau {
    /// Whether the hidden weights had come to rest, too.
    pub at_rest: bool,
    /// n/(n + 5m), n epochs long after m epochs to memorise: near 1 when it was followed for long.
    pub followed: f64,
}

/// The plateau of a run that memorised at an epoch.
///
/// # Errors
/// Why it may not be one.
pub(crate) fn plateau(curve: &Curve, memorised: u64) -> Result<Plateau, Open> {
    let last = curve.epochs().last().copied().unwrap_or(0);
    let length = last.saturating_sub(memorised);
    if rise(curve, "test_acc") >= RISING {
        return Err(Open::Rising);
    }
    if length < LEAST.max(TIMES.saturating_mul(memorised)) {
        return Err(Open::Short);
    }
    let weights = drift(curve, "weight_norm.W").map(|d| d.abs() < MOVING);
    let losses = drift(curve, "test_loss").is_none_or(|d| d.abs() < MOVING);
    let at_rest = match (drift(curve, "purity"), weights) {
        (Some(purity), _) if purity >= MOVING => return Err(Open::Forming),
        (Some(_), weights) => weights.unwrap_or(false),
        (None, Some(true)) if losses => true,
        (None, Some(_)) => return Err(Open::Moving),
        (None, None) => return Err(Open::Unseen),
    };
    let followed = length as f64 / (length as f64 + 5.0 * memorised as f64);
    Ok(Plateau { at_rest, followed })
}

/// Change of a column from the middle of the run to its end, as a share of the former: means over a tenth each.
pub(crate) fn drift(curve: &Curve, column: &str) -> Option<f64> {
    let last = curve.epochs().last().copied()?;
    let mean = |from: u64, to: u64| {
        let inside: Vec<f64> = curve
            .points(column)
            .filter(|(epoch, value)| (from..=to).contains(epoch) && value.is_finite())
            .map(|p| p.1)
            .collect();
        (!inside.is_empty()).then(|| inside.iter().sum::<f64>() / inside.len() as f64)
    };
    let (middle, tenth) = (last / 2, last / 10);
    let before = mean(middle - tenth / 2, middle + tenth / 2)?;
    let after = mean(last - tenth, last)?;
    Some((after - before) / before.abs().max(f64::MIN_POSITIVE))
}
