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
    /// Find the training fraction at which half of the runs generalise, with few runs; its law across sizes, and
    /// predictions before training.
    #[command(after_long_help = help::boundary())]
    Boundary(Sweep),
    /// Compare optimisers, losses, initialisations or anything else, fairly: paired seeds, tuned learning rates.
    #[command(after_long_help = help::compare())]
    Compare(Compare),
    /// Say what is wrong with training runs of any framework, or right, with evidence and what would confirm it.
    #[command(after_long_help = help::diagnose())]
    Diagnose {
        /// Logs (files, folders, run directories, - for standard input) and what is known beside; `dunwu diagnose --help`
        /// lists all keys.
        #[arg(value_name = "PATH|key=value", required = true)]
        words: Vec<String>,
        /// Directory to make, with a page, figures and a record.
        #[arg(long, value_name = "DIR", value_parser = directory)]
        out: Option<Utf8PathBuf>,
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
        /// Follow a run in progress (a file, a run directory, - for a pipe): forecast it again as it grows, until it ends
        /// (exit code 0) or is to be stopped (exit code 10).
        #[arg(long, conflicts_with_all = ["learn", "out"])]
        follow: bool,
        /// Take the runs of these logs as finished, and add them to the directory that calibration= names.
        #[arg(long, conflicts_with = "out")]
        learn: bool,
        /// Write a page with a fan chart a run.
        #[arg(long, value_name = "PAGE.html")]
        out: Option<Utf8PathBuf>,
        /// One JSON object on standard output; with --follow one a line, whenever the forecast changes.
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
    /// Rebuild the page and the figures of a directory, of whatever command, from its record.
    Report {
        /// Directory that a command made.
        #[arg(value_parser = directory)]
        path: Utf8PathBuf,
        /// What the page of a sweep shows: x=KEY, y=KEY, measure=COLUMN, by=KEY.
        #[arg(value_name = "key=value")]
        view: Vec<String>,
    },
    /// Measure published results again: what was published, what comes out here, and whether it holds.
    #[command(after_long_help = help::reproduce())]
    Reproduce(Reproduce),
    /// Train many networks: lists and ranges of any key, several seeds each.
    #[command(after_long_help = help::sweep())]
    Sweep(Sweep),
    /// Train networks and write a run directory with a page that explains them.
    #[command(after_long_help = help::train())]
    Train(Train),
    /// Do one chunk of a sweep's round, as its executors do.
    Worker {
        /// Keys of how the work is done: curve_points.
        #[arg(value_name = "key=value")]
        overrides: Vec<String>,
        /// Round, DIR/rounds/r-N.jsonl.
        #[arg(long, value_name = "FILE")]
        round: Utf8PathBuf,
        /// Chunk of it; SLURM_ARRAY_TASK_ID or HQ_TASK_ID if absent.
        #[arg(long, value_name = "N")]
        chunk: Option<usize>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sweep {
    /// Keys of a plan with lists (a,b) and ranges (from:to:count), and keys of the sweep; `dunwu sweep --help`
    /// lists all.
    #[arg(value_name = "key=value")]
    pub overrides: Vec<String>,
    /// TOML file with keys; overrides on the command line win.
    #[arg(long, value_name = "FILE")]
    pub config: Option<Utf8PathBuf>,
    /// Keys whose lists are gone through side by side, not in all combinations.
    #[arg(long, value_name = "KEY,KEY")]
    pub zip: Vec<String>,
    /// Directory to make, or of the same sweep to go on with; runs/sweep-N if absent.
    #[arg(long, value_name = "DIR", conflicts_with = "resume", value_parser = directory)]
    pub out: Option<Utf8PathBuf>,
    /// Go on with the sweep of a directory.
    #[arg(long, value_name = "DIR", value_parser = directory)]
    pub resume: Option<Utf8PathBuf>,
    /// Add the points to the sweep of --out, whose runs are kept.
    #[arg(long, requires = "out")]
    pub add: bool,
    /// Hand all work to the scheduler of a cluster and leave; --resume looks again.
    #[arg(long)]
    pub detach: bool,
    /// Do runs that failed again, once what was wrong is mended.
    #[arg(long)]
    pub retry: bool,
    /// One JSON object on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress on standard error.
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reproduce {
    /// Ids of rows, such as 1 2 14, and overrides epochs=, seed=, seeds=, threads=; without an id the rows of
    /// --cost, or of cost S.
    #[arg(value_name = "ID")]
    pub words: Vec<String>,
    /// Costs of rows: S (under a minute on two cores), M (minutes), L (longer).
    #[arg(long, value_name = "S,M,L", value_delimiter = ',')]
    pub cost: Vec<String>,
    /// List the rows and run nothing.
    #[arg(long)]
    pub list: bool,
    /// Directory that keeps every run as soon as it is finished and every row as soon as it is measured; the same command
    /// again goes on with what is there.
    #[arg(long, value_name = "DIR", value_parser = directory, conflicts_with = "list")]
    pub out: Option<Utf8PathBuf>,
    /// One JSON object on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress on standard error.
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// What differs, as key=a,b or NAME:key=value, and what is shared, as key=value; `dunwu compare --help` says more.
    #[arg(value_name = "key=value")]
    pub overrides: Vec<String>,
    /// Directory to make, with a page, figures and a record; runs/compare-KEY-TASK-N if absent.
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
