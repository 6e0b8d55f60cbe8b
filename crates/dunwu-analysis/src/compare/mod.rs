//! Sides of a comparison: who is earlier, by how much, and how alike what they learned is.
//!
//! Every side is run on the same seeds, so that runs come in pairs. A run that never crosses is kept, as
//! censored at the budget; one that diverged never crosses.
//!
//! | question | answer | why it may be asked |
//! |---|---|---|
//! | who is earlier? | [`sign_test`] over seeds, exact | needs the order within a pair alone, which is known if one of the two crossed |
//! | by how much? | median of the ratios of times, interval by ranks ([`MedianRatio`]) | a censored time bounds its ratio from one side; ranks do not mind |
//! | and on average? | ratio of restricted mean times at the budget, interval by resampling seeds ([`MeanRatio`]) | min(T, budget) is known of every run |
//! | do the curves differ? | log-rank tests ([`crate::survival`]), of all runs and within pairs | the usual test |
//!
//! The median and the restricted mean both understate a difference that the budget cuts off, never overstate it.

mod bootstrap;
mod conclude;
mod effects;
mod gradients;
mod outcome;
mod overlap;
mod representation;
mod sign;
mod times;
mod tuning;

pub use bootstrap::{RESAMPLES, bootstrap};
pub use conclude::{Conclusion, Scene, conclude};
pub use effects::{FinalEffect, Finals, MeanRatio, MedianRatio, PairEffect, Verdict};
pub use gradients::{GradientCosines, gradient_cosines, stands_for};
pub use outcome::{Crossings, EpochsTo, Final, Outcome};
pub use overlap::{Overlap, overlap};
pub use representation::{Alike, Representation, alike};
pub use sign::{holm, rank_of_interval, sign_test};
pub use times::{Compared, Measured, Side, SideTimes, compare};
pub use tuning::{Choice, Edge, Tried, choose};
