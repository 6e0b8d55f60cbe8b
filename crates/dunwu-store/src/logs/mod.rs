//! Training logs of any framework, read as series of metrics.
//!
//! | format | what is read |
//! |---|---|
//! | `csv` | CSV or TSV, wide (a column a metric) or long (columns metric and value); Lightning, Keras, TensorBoard's and W&B's exports |
//! | `events` | TensorBoard event files, scalars as `simple_value` or as tensors of one element |
//! | `json` | a JSON object of a row each, on lines or in an array, wide or long; `trainer_state.json` of Hugging Face |
//! | `mlflow` | a run of MLflow's file store: `metrics/NAME` with lines of time, value and step |
//! | `run` | a run directory of this program, a log a seed |
//! | `text` | any lines, by a pattern with named groups |
//! | `wandb` | a run as W&B's client keeps it on the disk, online or offline: `run-ID.wandb` |
//!
//! Files come from anywhere: lengths are bounded before anything is allocated, sums are checked, and a series keeps at
//! most 2¹⁸ points, every second one being dropped when it has more.

mod error;
mod events;
mod gather;
mod growing;
mod json;
mod proto;
mod records;
mod row;
mod series;
mod source;
mod table;
mod tail;
mod text;
mod wandb;

#[cfg(test)]
mod growing_tests;
#[cfg(test)]
mod tests;

pub(crate) use error::LogProblem;
pub use growing::GrowingLog;
pub use series::{Log, LogSeries};
pub use source::{LogFormat, LogOptions, LogSource, log_sources, read_log};
pub use tail::Tail;
