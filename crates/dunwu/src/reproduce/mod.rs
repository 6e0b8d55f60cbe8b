//! Published results as data, measured again and judged.
//!
//! ```
//! use dunwu::reproduce::{Changes, Suite, Verdict, select};
//! use dunwu::Control;
//! let rows = select(&["6".to_owned()], &[])?;
//! let outcome = Suite::default().run(&rows[0], Changes::default(), &Control::default(), &|_| ())?;
//! assert_eq!(outcome.unwrap().verdict, Verdict::Holds);
//! # Ok::<(), dunwu::Error>(())
//! ```
//!
//! A row says where a result was published, with which settings, what came out and what may come out here. A
//! kind of check, of one table, gives statistics; a verdict is made of those that have a tolerance.

mod exact;
mod follow;
mod kept;
mod kinds;
mod page;
mod record;
mod row;
mod runs;
mod sitting;
mod stage;
mod suite;
mod trained;
mod under_way;
mod verdict;

pub use exact::gradient::{Backprop, energy_error, lazy_error, ridge_error, ridge_norm, tensors};
pub use follow::{Event, Follow};
pub use kinds::{KINDS, Kind};
pub use page::{is_suite, rebuild};
pub use record::{SuiteDir, listing, summary};
pub use row::{Changes, Check, Cost, Expect, Point, Row, rows, select};
pub use runs::Trained;
pub use sitting::Unfinished;
pub use suite::{Outcome, Step, Suite};
pub use verdict::{Measured, Reading, Tolerance, Verdict, short};
