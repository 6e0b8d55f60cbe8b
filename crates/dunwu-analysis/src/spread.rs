//! Several seeds together.

use crate::account::Account;
use crate::crossing::Crossing;

/// First crossings of several runs; those that never came are censored, never dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Runs.
    pub runs: usize,
    /// Runs that never crossed.
    pub censored: usize,
    /// Median over all runs; None if half or more of them are censored.
    pub median: Option<u64>,
    /// Earliest crossing.
    pub least: Option<u64>,
    /// Latest crossing among those that came.
    pub most: Option<u64>,
}

/// The spreads of the three crossings.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Training accuracy 0.99.
    pub train_99: Spread,
    /// Held-out accuracy 0.5.
    pub test_50: Spread,
    /// Held-out accuracy 0.99.
    pub test_99: Spread,
}

/// Medians and ranges of the crossings over runs.
pub fn spread(accounts: &[&Account]) -> Summary {
    let of =
        |pick: fn(&Account) -> &Crossing| one(accounts.iter().map(|a| pick(a).first).collect());
    Summary {
        train_99: of(|a| &a.train_99),
        test_50: of(|a| &a.test_50),
        test_99: of(|a| &a.test_99),
    }
}

fn one(mut epochs: Vec<Option<u64>>) -> Spread {
    // Censored runs are later than any that crossed.
    epochs.sort_by_key(|e| e.unwrap_or(u64::MAX));
    let crossed: Vec<u64> = epochs.iter().flatten().copied().collect();
    Spread {
        runs: epochs.len(),
        censored: epochs.len() - crossed.len(),
        median: epochs
            .get(epochs.len().saturating_sub(1) / 2)
            .copied()
            .flatten(),
        least: crossed.first().copied(),
        most: crossed.last().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn censored_runs_count_as_late() {
        let s = one(vec![Some(30), None, Some(10)]);
        assert_eq!(
            (s.median, s.censored, s.least, s.most),
            (Some(30), 1, Some(10), Some(30))
        );
        assert_eq!(one(vec![None, None, Some(3)]).median, None);
    }
}
