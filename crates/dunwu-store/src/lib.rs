//! Run directories: plans, curves in Parquet, checkpoints in safetensors.
//!
//! | file | what |
//! |---|---|
//! | `plan.toml` | the plan, with `format` |
//! | `provenance.json` | version, commit, host, threads, hash of the plan, start |
//! | `input.task`, `input.split_file` | copies of the files that the plan names |
//! | `curve.parquet` | all readings of a finished run: columns seed, epoch, then the signals |
//! | `seeds/seed-S/part-N.parquet` | readings of a run in progress; a later part's value wins |
//! | `seeds/seed-S/resume.safetensors` | state to go on from, and the last part that belongs to it |
//! | `seeds/seed-S/outcome.json` | how the seed ended |
//! | `checkpoints/seed-S/epoch-N.safetensors` | weights at chosen and at interesting epochs |
//! | `events.jsonl` | what happened, a line each |
//! | `lock` | held while a process writes; says which |
//! | `summary.json`, `report.html`, `figures/*.svg` | made from the rest |
//! | `learned.json` | what a look into one seed's network found, with `format` |
//!
//! The directory of a comparison has `plan.json`, what was asked for; `runs.jsonl`, finished runs, a line each;
//! `weights/*.safetensors`, the networks that are looked into; `gradients.json`, where losses differ; and
//! `compare.json` with `index.html` and `figures/*.svg` made from it.
//!
//! The directory of a landscape has `landscape.json`, with `format`, and `index.html` and `figures/*.svg` made from it.
//!
//! The directory of published results has `suite.json` and `row-ID.json`, each with `format`; `index.html` and
//! `figures/*.svg` made from them; and, of rows that are not whole yet, `runs/*.parquet`, finished runs, a table of one row
//! each, `runs/*.safetensors`, their weights, and `runs/row-ID.json`, which of them a row needs.
//!
//! The directory of a sweep:
//!
//! | file | what |
//! |---|---|
//! | `plan.toml` | what was asked for, with `format`: one entry for each time that points were added |
//! | `rounds/r-N.jsonl` | chunks of runs as they were handed to workers, a line each |
//! | `parts/NAME.runs.parquet` | finished runs, a row each: these files are the truth |
//! | `parts/NAME.curves.parquet` | their readings, thinned, as lists |
//! | `claims/` | locks of chunks that are being worked on |
//! | `lock`, `summary.json`, `report.html`, `figures/*.svg` | as in the directory of a run |
//!
//! Training logs of other programs are read, never written: [`log_sources`], [`read_log`].
//!
//! Invariant: every file but `events.jsonl` and `runs.jsonl` appears whole, by rename, or not at all. A part is on the
//! disk before the resume point that counts on it, so that kill -9 at any moment leaves either the
//! old resume point or the new one, and the readings at resume are those before its epoch.
//!
//! Tables, states and checkpoints carry a hash of the plan (and of the files that it names) and a checksum
//! of their numbers, and every epoch is recorded: what is missing, damaged or another run's is refused by name.

mod checksum;
mod curve;
mod error;
mod files;
mod labelled;
mod lines;
mod logs;
mod reader;
mod record;
mod run;
mod seal;
mod sweep;
mod table;
mod tensors;
mod writer;

pub use checksum::text_hash;
pub use error::StoreError;
pub use labelled::{Labelled, read_labelled};
pub use lines::Lines;
pub use logs::{
    GrowingLog, Log, LogFormat, LogOptions, LogSeries, LogSource, Tail, log_sources, read_log,
};
pub use reader::{RunReader, stored_plan};
pub use record::{RECORD_FORMAT, RecordDir, read_record, read_table};
pub use run::{FORMAT, Input, Provenance, RunDir, plan_hash};
pub use sweep::{Chunk, NamedFile, Part, SWEEP_FORMAT, SweepDir, SweepPlan, SweepReader, Wanted};
pub use table::{Column, TABLE_FORMAT, Table};
pub use tensors::{OwnedSnapshot, read_safetensors, safetensors_of};
pub use writer::{ResumePoint, SeedWriter};
