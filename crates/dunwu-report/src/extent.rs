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

/// The decades that hold the most values; those beyond lie on an edge.
fn log_extent(
    values: impl Iterator<Item = f64> + Clone,
    high: f64,
) -> (Spread, (f64, f64), Vec<String>) {
    let reach = 10f64.powi(DECADES);
    let positive = values.clone().filter(|v| *v > 0.0);
    let least = positive.clone().fold(high, f64::min);
    let from = |low: f64| {
        positive
            .clone()
            .filter(move |v| *v >= low && *v / low <= reach * (1.0 + 1e-9))
    };
    let below = high / reach;
    // A run that diverged: nearly all of it lies far below its end.
    let floor = if from(least).count() >= from(below).count() {
        least
    } else {
        below
    };
    let (low, top) = from(floor).fold((high, floor), |(l, t), v| (l.min(v), t.max(v)));
    let pad = (top / low).powf(0.06).max(1.15);
    let mut notes = Vec::new();
    if values.clone().any(|v| v < low) {
        notes.push("Values of 0, or too small for the axis, lie on its lower edge.".to_owned());
    }
    if values.clone().any(|v| v > top) {
        notes.push("Values too large for the axis lie on its upper edge.".to_owned());
    }
    (Spread::Log, (low / pad, (top * pad).min(f64::MAX)), notes)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> ((f64, f64), usize) {
        let high = values.iter().copied().fold(0.0, f64::max);
        let (spread, ends, notes) = log_extent(values.iter().copied(), high);
        assert_eq!(spread, Spread::Log);
        (ends, notes.len())
    }

    #[test]
    fn a_log_axis_spans_the_decades_of_most_values() {
        let (ends, notes) = of(&[1e-3, 1.0, 100.0]);
        assert!(ends.0 < 1e-3 && ends.1 > 100.0 && notes == 0, "{ends:?}");
        let (ends, notes) = of(&[0.0, 1e-30, 0.1, 1.0, 2.0]);
        assert!(ends.0 > 1e-3 && ends.1 > 2.0 && notes == 1, "{ends:?}");
        let (ends, notes) = of(&[2.0, 1.0, 1e21, 3e21]);
        assert!(ends.0 < 1.0 && ends.1 < 1e3 && notes == 1, "{ends:?}");
        let (ends, notes) = of(&[2.0, 1.5, 1.0, 3.0, 1e21, 3e21]);
        assert!(ends.0 < 1.0 && ends.1 < 1e3 && notes == 1, "{ends:?}");
    }
}
