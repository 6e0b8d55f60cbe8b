//! Features that two networks hold.

use serde::{Deserialize, Serialize};

/// How two sets of features overlap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Features of the first.
    pub first: usize,
    /// Features of the second.
    pub second: usize,
    /// Features of both.
    pub both: usize,
    /// Features that there are.
    pub possible: usize,
    /// Shared over held by either; 1 if neither holds any.
    pub jaccard: f64,
    /// What that is on average for two sets of these sizes drawn at random.
    pub chance: f64,
}

/// The overlap of two sets among `possible` features.
///
/// ```
/// use dunwu_analysis::compare::overlap;
/// let found = overlap(&[true, true, false, false], &[false, true, true, false]);
/// assert_eq!((found.both, found.jaccard), (1, 1.0 / 3.0));
/// // Two pairs out of four: both in common 1/6, one 4/6, none 1/6.
/// assert!((found.chance - (1.0 / 6.0 + 4.0 / 6.0 / 3.0)).abs() < 1e-12);
/// ```
pub fn overlap(a: &[bool], b: &[bool]) -> Overlap {
    let count = |set: &[bool]| set.iter().filter(|x| **x).count();
    let (first, second, possible) = (count(a), count(b), a.len());
    let both = a.iter().zip(b).filter(|(x, y)| **x && **y).count();
    let share = |both: usize| match first + second - both {
        0 => 1.0,
        either => both as f64 / either as f64,
    };
    // The number in common is hypergeometric.
    let choose = |n: usize, k: usize| {
        let of = |m: usize| libm::lgamma(m as f64 + 1.0);
        of(n) - of(k) - of(n - k)
    };
    let least = (first + second).saturating_sub(possible);
    let likely = |i: usize| {
        let ways = choose(first, i) + choose(possible - first, second - i);
        libm::exp(ways - choose(possible, second))
    };
    let chance = (least..=first.min(second))
        .map(|i| likely(i) * share(i))
        .sum();
    Overlap {
        first,
        second,
        both,
        possible,
        jaccard: share(both),
        chance,
    }
}
