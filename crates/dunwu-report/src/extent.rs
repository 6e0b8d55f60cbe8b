//! The edges of a value axis.

use crate::figure::Series;
use crate::scale::{Format, Spread};

/// Decades that a log axis spans at most.
const DECADES: i32 = 16;

/// How the values are spread in truth, the edges of their axis, and what must be said about it.
pub(crate) fn extent(
    series: &[Series],
    spread: Spread,
    format: Format,
) -> (Spread, (f64, f64), Vec<String>) {
    let values = || {
        series
            .iter()
            .flat_map(|s| s.lines.iter().flatten())
            .map(|(_, v)| *v)
    };
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    if format == Format::Percent && low >= 0.0 && high <= 1.0 {
        return (spread, (0.0, 1.0), Vec::new());
    }
    // Rounding may push a distance that is 0 a little below it.
    let logarithmic = spread == Spread::Log && high > 0.0 && low > -1e-9 * high;
    if logarithmic {
        log_extent(values(), high)
    } else {
        (Spread::Linear, linear_extent(low, high), Vec::new())
    }
}

fn log_extent(
    values: impl Iterator<Item = f64> + Clone,
    high: f64,
) -> (Spread, (f64, f64), Vec<String>) {
    let floor = high * 10f64.powi(-DECADES);
    let low = values.clone().filter(|v| *v >= floor).fold(high, f64::min);
    let below = values.filter(|v| *v < floor).count();
    let pad = (high / low).powf(0.06).max(1.15);
    let notes = (below > 0)
        .then(|| "Values of 0, or too small for the axis, lie on its lower edge.".to_owned());
    (
        Spread::Log,
        (low / pad, (high * pad).min(f64::MAX)),
        notes.into_iter().collect(),
    )
}

fn linear_extent(low: f64, high: f64) -> (f64, f64) {
    let from_zero = low >= 0.0 && low < 0.6 * high;
    let pad = if high > low {
        (high - low) * 0.06
    } else {
        (high.abs() * 0.1).max(0.5)
    };
    (if from_zero { 0.0 } else { low - pad }, high + pad)
}
