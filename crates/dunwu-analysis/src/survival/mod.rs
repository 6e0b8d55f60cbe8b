//! Times until something happens, of runs of which some were stopped before it did.
//!
//! A run that has not crossed a threshold by its last epoch is *censored* there: all that is known is that it
//! takes longer. Leaving it out, or counting its last epoch as its crossing, would make a slow side look fast.
//! The curves and tests here use it as what it is.
//!
//! ```
//! use dunwu_analysis::survival::{Observed, kaplan_meier, log_rank};
//! let runs = |crossed: &[Option<u64>]| -> Vec<Observed> { crossed.iter().map(|c| Observed::by(*c, 400)).collect() };
//! let (fast, slow) = (runs(&[Some(90), Some(100), Some(110)]), runs(&[Some(200), Some(300), None]));
//! assert_eq!(kaplan_meier(&fast).median(), Some(100));
//! assert!((kaplan_meier(&slow).survival_at(250) - 2.0 / 3.0).abs() < 1e-12);
//! assert!(log_rank(&[fast, slow]).p < 0.05);
//! ```

mod chi;
mod kaplan_meier;
mod log_rank;

pub use chi::chi_square_upper;
pub use kaplan_meier::{KaplanMeier, KaplanMeierStep, RestrictedMean, kaplan_meier};
pub use log_rank::{LogRank, log_rank, log_rank_stratified};

use serde::{Deserialize, Serialize};

/// How long one run was watched, and whether the event came at the end of that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Epoch of the event, or the last epoch without it.
    pub time: u64,
    /// Whether the event came; if not, the run is censored at `time`.
    pub event: bool,
}

impl Observed {
    /// An event at that epoch, or none in `budget` epochs.
    pub fn by(epoch: Option<u64>, budget: u64) -> Self {
        Self {
            time: epoch.unwrap_or(budget),
            event: epoch.is_some(),
        }
    }
}
