//! The energy that a single hidden node climbs while nodes are independent, and its peaks.
//!
//! E(w) = ½‖PYᵀσ(Xw)‖² on the unit sphere (arXiv 2509.21519, Theorem 1): its gradient is the direction in
//! which the loss moves a hidden node of the independent stage. A peak is what a node can learn.
//!
//! ```
//! use dunwu_analysis::landscape::{Problem, levels, search};
//! use dunwu_core::{Activation, RunSpec};
//! use dunwu_task::{NO_FILES, Task};
//! let plan = RunSpec::from_overrides(["task=S3", "train_fraction=1"]).unwrap().resolve().unwrap();
//! let task = Task::from_plan(&plan, NO_FILES).unwrap();
//! let data = task.dataset(&plan, 0, NO_FILES).unwrap();
//! let problem = Problem::of_rows(&data, &data.train, Activation::Square, [0.0, 1.0]).unwrap();
//! let found = levels(&problem, &search(&problem, 100, 0), 6.0, task.features().as_ref()).unwrap();
//! let heights: Vec<f64> = found.iter().map(|l| (l.energy_over_order * 1e6).round() / 1e6).collect();
//! assert_eq!(heights, [0.5, 0.25]);
//! ```

mod climb;
mod kernel;
mod lanes;
mod levels;
mod problem;
mod sampled;
mod search;
mod sigma;
mod theory;
mod whiten;

pub use climb::Summit;
pub use levels::{Curvature, Level, curvature, kind_name, levels, shares, wilson};
pub use problem::{LandscapeError, Problem};
pub use sampled::{Heights, Nature, Starts, feature_maxima, heights, passes};
pub use search::{search, search_from, search_watched};
pub use theory::{Peak, peak, peaks};
pub use whiten::Whitened;
