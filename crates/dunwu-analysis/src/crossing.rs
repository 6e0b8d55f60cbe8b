//! When a measure passes a threshold.

use dunwu_core::Curve;

/// When a column passed a threshold; None is censored at `budget`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// First evaluated epoch at or above the threshold.
    pub first: Option<u64>,
    /// First evaluated epoch from which it stays there to the end.
    pub sustained: Option<u64>,
    /// Last epoch seen.
    pub budget: u64,
}

/// The crossing of a threshold from below, on evaluated epochs only: nothing is interpolated.
///
/// ```
/// use dunwu_analysis::crossing;
/// use dunwu_core::Curve;
/// let mut curve = Curve::default();
/// for (epoch, accuracy) in [0.1, 0.6, 0.4, 0.7, 0.8].into_iter().enumerate() {
///     curve.set(epoch as u64, "test_acc", accuracy);
/// }
/// let c = crossing(&curve, "test_acc", 0.5);
/// assert_eq!((c.first, c.sustained, c.budget), (Some(1), Some(3), 4));
/// ```
pub fn crossing(curve: &Curve, column: &str, threshold: f64) -> Crossing {
    let mut found = Crossing {
        first: None,
        sustained: None,
        budget: curve.epochs().last().copied().unwrap_or(0),
    };
    for (epoch, value) in curve.points(column) {
        if value >= threshold {
            found.first.get_or_insert(epoch);
            found.sustained.get_or_insert(epoch);
        } else {
            found.sustained = None;
        }
    }
    found
}
