//! The laboratory: plans in, trained networks, findings and pages out.
//!
//! ```no_run
//! use dunwu::{Control, RunSpec};
//! let plan = RunSpec::from_overrides(["task=Z23", "width=256", "epochs=300"])?.resolve()?;
//! let report = dunwu::train(&plan, "runs/first".as_ref(), &Control::default())?;
//! for sentence in &report.runs[0].account.sentences {
//!     println!("{sentence}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run directory holds everything that is known of a run; [`report`] rebuilds its page from it alone.

pub mod boundary;
mod checkpoints;
mod circuit;
mod compare;
mod diagnose;
mod error;
mod files;
mod forecast;
mod forecast_follow;
mod forecast_known;
mod forecast_page;
mod foreign;
mod growth;
mod idle;
mod lab;
mod landscape;
mod landscape_page;
mod learned;
mod log_files;
mod log_words;
mod microscope;
mod names;
mod page;
mod pages;
mod provenance;
mod record_file;
mod record_page;
mod recorder;
pub mod reproduce;
mod resources;
mod start;
mod stopper;
mod summary;
pub mod sweep;
mod trial;

pub use circuit::{circuit, keep_circuit};
pub use compare::{
    COMPARE_KEYS, CompareDir, CompareKey, CompareSide, CompareSpec, Tune, compare, is_comparison,
};
pub use diagnose::{
    DIAGNOSE_KEYS, DiagnoseKey, DiagnoseSpec, DiagnosisDir, Ward, diagnose_logs, is_diagnosis,
};
pub use error::Error;
pub use files::{changed_inputs, config};
pub use forecast::{
    FORECAST_KEYS, ForecastKey, ForecastSpec, RunForecast, both_norms, forecast_log, forecast_logs,
};
pub use forecast_follow::{Follow, Look};
pub use forecast_known::learn_logs;
pub use forecast_page::forecast_html;
pub use foreign::{circuit_file, microscope_file};
pub use growth::{Growth, growth};
pub use idle::{idle_keys, silent_probes};
pub use lab::{
    Control, Progress, Report, Run, load, memory_notice, plan_of, report, resume, train,
};
pub use landscape::{
    Border, LANDSCAPE_KEYS, Landscape, LandscapeKey, LandscapeSpec, NETWORK_KEYS, SHARED_KEYS,
    Sample, WhitenAt, Whitening, landscape,
};
pub use landscape_page::{LandscapeDir, is_landscape};
pub use learned::keep_learned;
pub use microscope::{Microscopy, Moment, microscope};
pub use names::names;
pub use page::reproduce_command;
pub use pages::{other_than_run, rebuild_page};
pub use resources::{available_memory, needed_memory, threads};
pub use summary::summary;
pub use trial::{Keep, Trial, Trials, trial};

pub use dunwu_analysis as analysis;
pub use dunwu_analysis::forecast::short as short_number;
pub use dunwu_core::{
    Curve, Dataset, Draws, Flow, KEYS, Metrics, NamedTensor, Needs, Observer, PlanError, Probe,
    Reading, RunEvent, RunPlan, RunSpec, Seed, Snapshot, StopReason, shell_word,
};
pub use dunwu_engine as engine;
pub use dunwu_probe as probe;
pub use dunwu_report::{
    Circuit, CircuitCluster, CircuitFeature, CircuitKey, CircuitLayer, CircuitMoment, CircuitPlane,
    CircuitScore, CircuitScores,
};
pub use dunwu_report::{ComparePage, DiagnosedFinding, DiagnosedLook, DiagnosedRun, DiagnosedSign};
pub use dunwu_store as store;
pub use dunwu_task as task;
