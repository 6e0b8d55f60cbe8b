//! What is wrong, or right, with a run, from its curves alone.
//!
//! - `case`: the series of a run, and what each is by its name; what is known beside them.
//! - `coarse`: series as at most 40 blocks, and tests that hold against random walks.
//! - `belief`: how evidence becomes a probability, in one place.
//! - [`ALL`]: every finding; `bounds`, `breaks`, `fit`, `own`, `proxy`, `rate`, `seeds` look for them.
//!

mod belief;
mod bounds;
mod breaks;
mod case;
mod coarse;
mod finding;
mod fit;
mod own;
mod proxy;
mod rate;
mod seeds;
mod table;

pub use belief::{PRIOR, SAID, probability};
pub use case::{Case, Facts, Own, Role, Track};
pub use finding::{Experiment, Finding, Severity, Sign};
pub use own::BORDERS;
pub use seeds::{Ending, ending, without_seed};
pub use table::{ALL, Check, Diagnosis, Looked, diagnose, diagnose_together};
