//! What was measured, beside what may be.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a published result came out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything measured lies within its tolerance.
    Holds,
    /// Something measured lies outside.
    DoesNotHold,
    /// Neither can be said of what was run.
    Inconclusive,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::DoesNotHold => "does not hold",
            Verdict::Inconclusive => "inconclusive",
        }
    }

    /// The verdict on several checks: one that fails decides, then one that is open.
    pub fn of_all(all: impl IntoIterator<Item = Verdict>) -> Verdict {
        let worst = |a: Verdict, b: Verdict| match (a, b) {
            (Verdict::DoesNotHold, _) | (_, Verdict::DoesNotHold) => Verdict::DoesNotHold,
            (Verdict::Inconclusive, _) | (_, Verdict::Inconclusive) => Verdict::Inconclusive,
            _ => Verdict::Holds,
        };
        // Nothing measured says nothing.
        all.into_iter()
            .reduce(worst)
            .unwrap_or(Verdict::Inconclusive)
    }
}

/// A statistic's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A number.
    Number(f64),
    /// An epoch that did not come up to the last one run.
    NotBy(u64),
    /// Nothing, and why.
    Missing(String),
}

impl Reading {
    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Reading::Number(x) => Some(*x),
            Reading::NotBy(_) | Reading::Missing(_) => None,
        }
    }

    /// The same, where JSON has no form for a number that is not finite.
    pub(super) fn stored(self) -> Self {
        match self {
            Reading::Number(x) if !x.is_finite() => Reading::Missing(x.to_string()),
            other => other,
        }
    }

    /// A number, unless there is none.
    pub(super) fn number(value: Option<f64>, why: &str) -> Self {
        let finite = value.filter(|v| v.is_finite());
        finite.map_or_else(|| Reading::Missing(why.to_owned()), Reading::Number)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reading::Number(x) => f.write_str(&short(*x)),
            Reading::NotBy(epoch) => write!(f, "not by {epoch}"),
            Reading::Missing(why) => f.write_str(why),
        }
    }
}

/// Values that a statistic may have, ends included; without ends it is shown and not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Least.
    pub low: Option<f64>,
    /// Greatest.
    pub high: Option<f64>,
}

impl Tolerance {
    /// The verdict on a reading; None where nothing is asked for.
    ///
    /// An epoch that has not come lies beyond the budget: outside if the greatest allowed is not, inside
    /// if only a least one is asked for that the budget passes, and open otherwise.
    pub fn judge(&self, reading: &Reading) -> Option<Verdict> {
        if self.low.is_none() && self.high.is_none() {
            return None;
        }
        let verdict = |holds| {
            if holds {
                Verdict::Holds
            } else {
                Verdict::DoesNotHold
            }
        };
        Some(match reading {
            Reading::Number(x) => {
                verdict(self.low.is_none_or(|l| *x >= l) && self.high.is_none_or(|h| *x <= h))
            }
            Reading::NotBy(budget) => match (self.low, self.high) {
                (_, Some(high)) if high <= *budget as f64 => Verdict::DoesNotHold,
                (Some(low), None) if low <= *budget as f64 => Verdict::Holds,
                _ => Verdict::Inconclusive,
            },
            Reading::Missing(_) => Verdict::Inconclusive,
        })
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (None, None) => f.write_str("–"),
            (Some(low), None) => write!(f, "≥ {}", short(low)),
            (None, Some(high)) => write!(f, "≤ {}", short(high)),
            (Some(low), Some(high)) if low == high => f.write_str(&short(low)),
            (Some(low), Some(high)) => write!(f, "{} to {}", short(low), short(high)),
        }
    }
}

/// One statistic, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Kind of the check.
    pub kind: String,
    /// What was measured, in words.
    pub what: String,
    /// The setting, where the row has several.
    pub at: String,
    /// Name of the statistic.
    pub statistic: String,
    /// Its value.
    pub reading: Reading,
    /// One number a seed, where there are several; those that did not come are left out.
    pub seeds: Vec<f64>,
    /// What the source says of it.
    pub published: Option<String>,
    /// What it may be.
    pub tolerance: Tolerance,
    /// The verdict; None where it is shown and not judged.
    pub verdict: Option<Verdict>,
}

impl Measured {
    /// The value, with the range over the seeds.
    pub fn value(&self) -> String {
        let low = self.seeds.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.seeds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low < high {
            format!("{} ({} to {})", self.reading, short(low), short(high))
        } else {
            self.reading.to_string()
        }
    }
}

/// A number in four digits, or all of a whole one; one that is nearly 1 by what it lacks.
///
/// ```
/// assert_eq!(dunwu::reproduce::short(0.123456), "0.1235");
/// assert_eq!(dunwu::reproduce::short(20000.0), "20000");
/// assert_eq!(dunwu::reproduce::short(3.04e-9), "3.0e-9");
/// assert_eq!(dunwu::reproduce::short(0.999999), "1 − 1.0e-6");
/// ```
pub fn short(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || (x.fract() == 0.0 && size < 1e6) {
        return format!("{x:.0}");
    }
    let beyond = x - 1.0;
    if beyond.abs() < 5e-5 {
        let sign = if beyond > 0.0 { '+' } else { '−' };
        return format!("1 {sign} {:.1e}", beyond.abs());
    }
    match size {
        s if !(1e-3..1e6).contains(&s) => format!("{x:.1e}"),
        s if s >= 1000.0 => format!("{x:.0}"),
        s if s >= 100.0 => format!("{x:.1}"),
        s if s >= 10.0 => format!("{x:.2}"),
        s if s >= 1.0 => format!("{x:.3}"),
        _ => format!("{x:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: Option<f64>, high: Option<f64>) -> Tolerance {
        Tolerance { low, high }
    }

    #[test]
    fn numbers_are_judged_by_both_ends() {
        let both = range(Some(90.0), Some(115.0));
        for (x, holds) in [(90.0, true), (115.0, true), (89.9, false), (116.0, false)] {
            let want = if holds {
                Verdict::Holds
            } else {
                Verdict::DoesNotHold
            };
            assert_eq!(both.judge(&Reading::Number(x)), Some(want), "{x}");
        }
        assert_eq!(range(None, None).judge(&Reading::Number(1.0)), None);
        let nan = range(None, Some(1.0)).judge(&Reading::Number(f64::NAN));
        assert_eq!(nan, Some(Verdict::DoesNotHold));
    }

    #[test]
    fn an_epoch_that_did_not_come_is_judged_by_the_budget() {
        let late = Reading::NotBy(400);
        let judge = |low, high| range(low, high).judge(&late).unwrap();
        assert_eq!(judge(Some(90.0), Some(115.0)), Verdict::DoesNotHold);
        assert_eq!(judge(None, Some(400.0)), Verdict::DoesNotHold);
        assert_eq!(judge(None, Some(640.0)), Verdict::Inconclusive);
        assert_eq!(judge(Some(400.0), None), Verdict::Holds);
        assert_eq!(judge(Some(500.0), None), Verdict::Inconclusive);
        let nothing = Reading::Missing("no column".into());
        let open = range(Some(0.0), None).judge(&nothing);
        assert_eq!(open, Some(Verdict::Inconclusive));
    }

    #[test]
    fn one_failure_decides_and_nothing_measured_says_nothing() {
        use Verdict::{DoesNotHold, Holds, Inconclusive};
        assert_eq!(Verdict::of_all([Holds, Holds]), Holds);
        assert_eq!(Verdict::of_all([Holds, Inconclusive]), Inconclusive);
        assert_eq!(
            Verdict::of_all([Inconclusive, DoesNotHold, Holds]),
            DoesNotHold
        );
        assert_eq!(Verdict::of_all([]), Inconclusive);
    }

    #[test]
    fn values_and_tolerances_are_short() {
        assert_eq!(range(Some(0.95), None).to_string(), "≥ 0.9500");
        assert_eq!(range(Some(35.0), Some(80.0)).to_string(), "35 to 80");
        assert_eq!(range(Some(1.0), Some(1.0)).to_string(), "1");
        assert_eq!(Reading::NotBy(400).to_string(), "not by 400");
    }
}
