//! Run directories: plans, curves in Parquet, checkpoints in safetensors.
//!
//! | file | what |
//! |---|---|
//! | `plan.toml` | the plan, with `format` |
//! | `provenance.json` | version, commit, host, threads, hash of the plan, start |
//! | `curve.parquet` | all readings of a finished run: columns seed, epoch, then the signals |
//! | `seeds/seed-S/part-N.parquet` | readings of a run in progress; a later part's value wins |
//! | `seeds/seed-S/resume.safetensors` | state to go on from, and the last part that belongs to it |
//! | `seeds/seed-S/outcome.json` | how the seed ended |
//! | `checkpoints/seed-S/epoch-N.safetensors` | weights at chosen and at interesting epochs |
//! | `events.jsonl` | what happened, a line each |
//! | `summary.json`, `report.html`, `figures/*.svg` | made from the rest |
//! | `learned.json` | what a look into one seed's network found, with `format` |
//!
//! The directory of a landscape has `landscape.json`, with `format`, and `index.html` and `figures/*.svg` made from it.
//!
//! Invariant: every file but `events.jsonl` appears whole, by rename, or not at all. A part is on the
//! disk before the resume point that counts on it, so that kill -9 at any moment leaves either the
//! old resume point or the new one, and the readings at resume are those before its epoch.

mod curve;
mod error;
mod files;
mod labelled;
mod reader;
mod record;
mod run;
mod tensors;
mod writer;

pub use error::StoreError;
pub use labelled::{Labelled, read_labelled};
pub use reader::RunReader;
pub use record::{RECORD_FORMAT, RecordDir, read_record};
pub use run::{FORMAT, Provenance, RunDir, plan_hash};
pub use tensors::{OwnedSnapshot, read_safetensors};
pub use writer::{ResumePoint, SeedWriter};
