//! What all seeds together say.

use crate::run::{RunPage, SeedPage};
use crate::text::{counted, grouped};
use dunwu_analysis::Crossing;

/// When the seeds passed a threshold; a seed that did not counts as later than any that did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Passed {
    /// Median over all seeds; None if it is censored.
    pub(crate) median: Option<u64>,
    /// Median of the epochs from which it holds for good; None if it is censored.
    pub(crate) sustained: Option<u64>,
    /// Earliest and latest epoch among the seeds that passed.
    pub(crate) range: Option<(u64, u64)>,
    /// Number of seeds that passed.
    pub(crate) count: usize,
}

/// The crossings of all seeds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) memorised: Passed,
    pub(crate) generalised: Passed,
    /// Median delay of the seeds that have one.
    pub(crate) delay: Option<u64>,
    pub(crate) seeds: usize,
    /// Seeds whose numbers stopped being finite.
    pub(crate) diverged: usize,
    /// Last epoch that any seed reached.
    pub(crate) budget: u64,
}

/// The middle value, or the mean of the two middle ones; None of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let high = *values.get(n / 2)?;
    Some(if n % 2 == 1 {
        high
    } else {
        values[n / 2 - 1] / 2.0 + high / 2.0
    })
}

/// The lower middle of epochs among which None is later than any; None if that one is None.
pub(crate) fn censored_median(mut epochs: Vec<Option<u64>>) -> Option<u64> {
    epochs.sort_by_key(|e| e.unwrap_or(u64::MAX));
    *epochs.get(epochs.len().saturating_sub(1) / 2)?
}

impl Summary {
    /// Of a run's seeds.
    pub(crate) fn of(run: &RunPage<'_>) -> Summary {
        let delays = run
            .seeds
            .iter()
            .filter_map(|s| s.account.delay.map(Some))
            .collect();
        Summary {
            memorised: passed(&run.seeds, |s| &s.account.train_99),
            generalised: passed(&run.seeds, |s| &s.account.test_99),
            delay: censored_median(delays),
            seeds: run.seeds.len(),
            diverged: run
                .seeds
                .iter()
                .filter(|s| s.account.fate.name.contains("diverged"))
                .count(),
            budget: run.last_epoch(),
        }
    }

    /// The answer in one sentence.
    pub(crate) fn headline(&self) -> String {
        let (m, g, n) = (&self.memorised, &self.generalised, self.seeds);
        let budget = counted(self.budget, "epoch");
        if n == 0 {
            return "No seed has been run yet.".into();
        }
        if self.diverged == n {
            return format!(
                "{} diverged: its numbers stopped being finite.",
                the_network(n)
            );
        }
        match (m.median, g.median) {
            (_, Some(g)) if self.delay.is_some_and(|d| d > 0) => format!(
                "{} first memorised its examples{}, and understood the rule at epoch {}{}.",
                the_network(n),
                m.median
                    .map(|m| format!(" (epoch {})", grouped(m)))
                    .unwrap_or_default(),
                grouped(g),
                self.exceptions(),
            ),
            (_, Some(g)) => {
                format!(
                    "{} understood the rule at once, by epoch {}{}.",
                    the_network(n),
                    grouped(g),
                    self.exceptions()
                )
            }
            (Some(m), None) => format!(
                "{} memorised its examples by epoch {} but did not come to understand the rule in {budget}{}.",
                the_network(n),
                grouped(m),
                self.exceptions(),
            ),
            (None, None) => format!(
                "{} neither memorised its examples nor understood the rule in {budget}{}.",
                the_network(n),
                self.exceptions(),
            ),
        }
    }

    /// How many seeds generalised, where they disagree.
    fn exceptions(&self) -> String {
        if self.seeds == 1 || self.generalised.count == 0 || self.generalised.count == self.seeds {
            return String::new();
        }
        format!(
            " ({} of {} seeds generalised)",
            self.generalised.count, self.seeds
        )
    }
}

fn the_network(seeds: usize) -> &'static str {
    if seeds == 1 {
        "The network"
    } else {
        "The typical network"
    }
}

fn passed(seeds: &[SeedPage], of: impl Fn(&SeedPage) -> &Crossing) -> Passed {
    let first: Vec<Option<u64>> = seeds.iter().map(|s| of(s).first).collect();
    let known = || first.iter().flatten().copied();
    Passed {
        range: known().min().zip(known().max()),
        count: known().count(),
        sustained: censored_median(seeds.iter().map(|s| of(s).sustained).collect()),
        median: censored_median(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_with_censored_values_is_censored_when_most_are() {
        assert_eq!(censored_median(vec![Some(5), None, Some(3)]), Some(5));
        assert_eq!(censored_median(vec![None, Some(3), None]), None);
        assert_eq!(censored_median(vec![]), None);
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
    }
}
