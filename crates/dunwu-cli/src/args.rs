//! The command line.

use crate::help;
use camino::Utf8PathBuf;
use clap::{Parser, Subcommand};

/// Watch small networks pass from memorising to understanding, and see why.
#[derive(Debug, Parser)]
#[command(name = "dunwu", version, after_help = help::EXIT_CODES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure how fast this machine trains, beside the fastest it could.
    Bench {
        /// One JSON object on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Forecast from training logs of any framework where runs end, and whether to let them go on.
    #[command(after_long_help = help::forecast())]
    Forecast {
        /// Logs (files, folders, run directories, - for standard input) and what to ask; `dunwu forecast --help` lists
        /// all keys.
        #[arg(value_name = "FILE|key=value", required = true)]
        words: Vec<String>,
        /// One JSON object on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Say what a run directory holds: plan, crossings, stages, and what its network learned.
    Inspect {
        /// Run directory, a checkpoint in one (checkpoints/seed-N/epoch-N.safetensors), or any safetensors file
        /// with two layers.
        #[arg(value_parser = directory)]
        path: Utf8PathBuf,
        /// What a file outside a run directory does not say: task=…, activation=…
        #[arg(value_name = "key=value")]
        overrides: Vec<String>,
        /// Loudest nodes to list, with feature, purity, rank-one test and phases.
        #[arg(long, value_name = "N", default_value_t = 0)]
        nodes: usize,
        /// The seed whose network is looked into; the first if absent.
        #[arg(long)]
        seed: Option<u64>,
        /// One JSON object on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Find the peaks of the energy that a hidden node climbs: which a task has, and which is higher on
    /// how much data.
    #[command(after_long_help = help::landscape())]
    Landscape {
        /// What to look at; `dunwu landscape --help` lists all keys.
        #[arg(value_name = "key=value")]
        overrides: Vec<String>,
        /// Directory to make, with a page, figures and a record; runs/landscape-TASK-N if absent, none
        /// with --json.
        #[arg(long, value_name = "DIR")]
        out: Option<Utf8PathBuf>,
        /// One JSON object on standard output.
        #[arg(long)]
        json: bool,
        /// No progress on standard error.
        #[arg(long)]
        quiet: bool,
    },
    /// Rebuild the page and the figures of a directory, of a run or of a landscape, from its record.
    Report {
        /// Directory of a run or of a landscape.
        #[arg(value_parser = directory)]
        path: Utf8PathBuf,
    },
    /// Train networks and write a run directory with a page that explains them.
    #[command(after_long_help = help::train())]
    Train(Train),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Train {
    /// What to change of the default plan; `dunwu train --help` lists all keys.
    #[arg(value_name = "key=value")]
    pub overrides: Vec<String>,
    /// TOML file with keys of a plan, or the plan.toml of a run; overrides on the command line win.
    #[arg(long, value_name = "FILE")]
    pub config: Option<Utf8PathBuf>,
    /// Run directory to make; runs/TASK-N if absent.
    #[arg(long, value_name = "DIR", conflicts_with = "resume", value_parser = directory)]
    pub out: Option<Utf8PathBuf>,
    /// Go on with the unfinished runs of a directory.
    #[arg(long, value_name = "DIR", value_parser = directory)]
    pub resume: Option<Utf8PathBuf>,
    /// One JSON object on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress on standard error.
    #[arg(long)]
    pub quiet: bool,
}

/// An empty path would silently be this directory.
fn directory(text: &str) -> Result<Utf8PathBuf, &'static str> {
    if text.is_empty() {
        Err("it is empty; name a directory, or write . for this one")
    } else {
        Ok(text.into())
    }
}
