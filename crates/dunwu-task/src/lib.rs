//! What a network is taught: groups, tables, formulas and parities as rows of tokens with a label.
//!
//! ```
//! use dunwu_core::RunSpec;
//! use dunwu_task::{NO_FILES, Task};
//! let plan = RunSpec::from_overrides(["task=S3", "train_fraction=0.5"]).unwrap().resolve().unwrap();
//! let task = Task::from_plan(&plan, NO_FILES).unwrap();
//! let data = task.dataset(&plan, 0, NO_FILES).unwrap();
//! assert_eq!((task.classes(), data.train.len(), data.test.len()), (6, 18, 18));
//! ```

mod abelian;
mod build;
mod catalogue;
mod commutant;
mod csv;
mod error;
mod exact;
mod expression;
mod features;
mod forms;
mod group;
mod idle;
mod irreps;
mod names;
mod number;
mod parse;
mod permutation;
mod real;
mod rows;
mod sequence;
mod split;
mod symmetric;
mod table;
mod task;
mod transform;

pub use catalogue::catalogue;
pub use error::TaskError;
pub use features::Features;
pub use forms::{ALL, ALL as FORMS, Form};
pub use group::Group;
pub use idle::{KEYS_OF_SOME_TASKS, idle};
pub use irreps::{Irrep, Kind, irreps};
pub use sequence::triggers;
pub use task::{NO_FILES, Options, Read, Task, files, outline};
pub use transform::Transform;
