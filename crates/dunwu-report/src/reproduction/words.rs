//! Verdicts in words, and what they add up to.

use super::record::{ReproductionNumber, ReproductionPage, ReproductionVerdict};
use crate::text::{counted, number};
use ReproductionVerdict::{DoesNotHold, Holds, Inconclusive, NotYetPossible};

/// A verdict, its words, its class and its meaning.
type Entry = (
    ReproductionVerdict,
    &'static str,
    &'static str,
    &'static str,
);

/// Every verdict with its words, its class and what it means, in the order of the page.
pub(crate) const VERDICTS: [Entry; 4] = [
    (
        Holds,
        "holds",
        "done",
        "everything measured lies within its tolerance",
    ),
    (
        DoesNotHold,
        "does not hold",
        "other",
        "something measured lies outside its tolerance",
    ),
    (
        Inconclusive,
        "inconclusive",
        "interactive",
        "neither can be said of what was run",
    ),
    (
        NotYetPossible,
        "not yet possible",
        "lazy",
        "the program lacks something that it needs",
    ),
];

fn entry(verdict: ReproductionVerdict) -> &'static Entry {
    let known = VERDICTS.iter().find(|v| v.0 == verdict);
    known.expect("every verdict has its words")
}

/// A verdict in words.
pub(crate) fn verdict_words(verdict: ReproductionVerdict) -> &'static str {
    entry(verdict).1
}

/// The class of its chip, and of its rows.
pub(crate) fn verdict_class(verdict: ReproductionVerdict) -> &'static str {
    entry(verdict).2
}

/// Rows with a verdict.
pub(crate) fn count(page: &ReproductionPage, verdict: ReproductionVerdict) -> usize {
    page.rows.iter().filter(|r| r.verdict == verdict).count()
}

/// The answer in one sentence.
pub(crate) fn headline(page: &ReproductionPage) -> String {
    let n = |v| count(page, v);
    let tried = page.rows.len() - n(NotYetPossible);
    if tried == 0 {
        return format!(
            "None of {} could be tried yet.",
            counted(page.rows.len() as u64, "published result")
        );
    }
    let verb = if n(Holds) == 1 { "holds" } else { "hold" };
    let mut parts = vec![format!("{} {verb}", n(Holds))];
    if n(DoesNotHold) > 0 {
        let verb = if n(DoesNotHold) == 1 { "does" } else { "do" };
        parts.push(format!("{} {verb} not", n(DoesNotHold)));
    }
    if n(Inconclusive) > 0 {
        let verb = if n(Inconclusive) == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} inconclusive", n(Inconclusive)));
    }
    let (last, most) = parts.split_last().expect("one part is always there");
    let text = if most.is_empty() {
        last.clone()
    } else {
        format!("{} and {last}", most.join(", "))
    };
    let were = if tried == 1 { "was" } else { "were" };
    format!(
        "Of {} that {were} tried, {text}.",
        counted(tried as u64, "published result")
    )
}

/// What a number may be.
pub(crate) fn tolerance(n: &ReproductionNumber) -> String {
    match (n.low, n.high) {
        (None, None) => "–".into(),
        (Some(low), None) => format!("≥ {}", number(low, 4)),
        (None, Some(high)) => format!("≤ {}", number(high, 4)),
        (Some(low), Some(high)) if low == high => number(low, 4),
        (Some(low), Some(high)) => format!("{} to {}", number(low, 4), number(high, 4)),
    }
}

/// What it is.
pub(crate) fn measured(n: &ReproductionNumber) -> String {
    match n.measured {
        Some(m) => number(m, 4),
        None if n.missing.is_empty() => "–".into(),
        None => n.missing.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(verdicts: &[ReproductionVerdict]) -> ReproductionPage {
        let row = |verdict: &ReproductionVerdict| super::super::ReproductionRow {
            id: "1".into(),
            source: String::new(),
            claim: String::new(),
            settings: String::new(),
            published: String::new(),
            numbers: vec![],
            verdict: *verdict,
            note: String::new(),
            commands: vec![],
            seconds: None,
        };
        ReproductionPage {
            title: String::new(),
            command: String::new(),
            rows: verdicts.iter().map(row).collect(),
            provenance: vec![],
        }
    }

    #[test]
    fn the_headline_counts_every_verdict() {
        for (verdicts, expected) in [
            (vec![], "None of 0 published results could be tried yet."),
            (
                vec![NotYetPossible],
                "None of 1 published result could be tried yet.",
            ),
            (
                vec![Holds],
                "Of 1 published result that was tried, 1 holds.",
            ),
            (
                vec![Holds; 21],
                "Of 21 published results that were tried, 21 hold.",
            ),
            (
                vec![Holds, Holds, DoesNotHold, Inconclusive, NotYetPossible],
                "Of 4 published results that were tried, 2 hold, 1 does not and 1 is inconclusive.",
            ),
            (
                vec![DoesNotHold],
                "Of 1 published result that was tried, 0 hold and 1 does not.",
            ),
        ] {
            assert_eq!(headline(&page(&verdicts)), expected);
        }
    }
}
