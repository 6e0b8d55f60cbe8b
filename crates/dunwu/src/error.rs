//! Errors of the laboratory.

use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::landscape::LandscapeError;
use dunwu_core::PlanError;
use dunwu_engine::EngineError;
use dunwu_store::{RunDir, StoreError};
use dunwu_task::TaskError;
use std::fmt;

/// Why the laboratory could not do what was asked.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Plan(PlanError),
    Task(TaskError),
    Landscape(LandscapeError),
    Engine(EngineError),
    Store(StoreError),
    DamagedRun {
        error: StoreError,
        dir: Utf8PathBuf,
    },
    Memory {
        needed: u64,
        available: u64,
        runs: usize,
    },
    Differs {
        dir: Utf8PathBuf,
        keys: String,
    },
    Panic {
        seed: u64,
    },
    OtherSweep {
        dir: Utf8PathBuf,
        command: String,
        new: String,
        gone: String,
    },
    OtherCommand {
        dir: Utf8PathBuf,
        command: String,
    },
    NoRound {
        path: Utf8PathBuf,
    },
    Lost {
        round: u64,
        chunk: usize,
        tries: usize,
        why: String,
    },
    Refused {
        why: String,
    },
    Config {
        what: &'static str,
        path: Utf8PathBuf,
        why: String,
    },
}

impl Error {
    /// Whether a file or a directory of a record is to blame.
    pub fn is_of_store(&self) -> bool {
        matches!(self.kind, Kind::Store(_) | Kind::DamagedRun { .. })
    }

    /// With a way out where a file of a run's directory is damaged and its plan is whole.
    pub(crate) fn of_run(self, dir: &Utf8Path) -> Self {
        match self.kind {
            Kind::Store(error) if error.is_damaged() && RunDir::open(dir).is_ok() => {
                let dir = dir.to_owned();
                Kind::DamagedRun { error, dir }.into()
            }
            kind => Self { kind },
        }
    }

    /// Whether a file is not what was written into it.
    pub(crate) fn is_damaged(&self) -> bool {
        matches!(&self.kind, Kind::Store(e) | Kind::DamagedRun { error: e, .. } if e.is_damaged())
    }

    /// Whether another plan, path or file would help.
    pub fn is_bad_input(&self) -> bool {
        match &self.kind {
            Kind::Plan(_)
            | Kind::Task(_)
            | Kind::Landscape(_)
            | Kind::Memory { .. }
            | Kind::Differs { .. }
            | Kind::OtherSweep { .. }
            | Kind::OtherCommand { .. }
            | Kind::NoRound { .. }
            | Kind::Refused { .. }
            | Kind::Config { .. } => true,
            Kind::Engine(e) => e.is_bad_input(),
            Kind::Store(e) | Kind::DamagedRun { error: e, .. } => e.is_bad_input(),
            Kind::Panic { .. } | Kind::Lost { .. } => false,
        }
    }
}

/// A chunk that no worker brings back.
pub(crate) fn lost(round: u64, chunk: usize, tries: usize, why: Option<String>) -> Error {
    Kind::Lost {
        round,
        chunk,
        tries,
        why: why.map_or_else(String::new, |w| format!(" ({w})")),
    }
    .into()
}

/// What cannot be looked at or climbed, and why.
pub(crate) fn failed(why: String) -> Error {
    Kind::Landscape(LandscapeError::of(why)).into()
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

macro_rules! from {
    ($($source:ty => $kind:ident),+) => {
        $(impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Kind::$kind(source).into()
            }
        })+
    };
}
from!(PlanError => Plan, TaskError => Task, EngineError => Engine, StoreError => Store);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Plan(e) => e.fmt(f),
            Kind::Task(e) => e.fmt(f),
            Kind::Landscape(e) => e.fmt(f),
            Kind::Engine(e) => e.fmt(f),
            Kind::Store(e) => e.fmt(f),
            Kind::DamagedRun { error, dir } => write!(
                f,
                "{error}; its plan is whole, so that `dunwu train --config {} --out NEW` trains it again",
                dunwu_core::shell_word(dir.join("plan.toml").as_str())
            ),
            Kind::Memory {
                needed,
                available,
                runs,
            } => {
                let needed = crate::resources::human(*needed);
                let runs = match runs {
                    1 => String::new(),
                    n => format!(" for {n} runs at once"),
                };
                let free = crate::resources::human(*available);
                write!(
                    f,
                    "the plan needs {needed}{runs}, and {free} is free; lower its sizes (width; of a transformer model_width, mlp_width, layers or context), train_size, seeds or threads, or take a smaller task"
                )
            }
            Kind::Differs { dir, keys } => write!(
                f,
                "{dir} was begun with another plan than {keys}; resume it as it is, or start anew with another --out"
            ),
            Kind::OtherSweep {
                dir,
                command,
                new,
                gone,
            } => {
                let says = |what: &str, words: &str| match words {
                    "" => String::new(),
                    words => format!(", {what} {words}"),
                };
                write!(
                    f,
                    "{dir} holds another {command}{}{}; go on with it as it is (--resume {dir}), add these points to it (--add), or give another --out",
                    says("which does not say", new),
                    says("but says", gone)
                )
            }
            Kind::OtherCommand { dir, command } => write!(
                f,
                "{dir} is of `dunwu {command}`; go on with `dunwu {command} --resume {dir}`"
            ),
            Kind::NoRound { path } => write!(
                f,
                "{path} names no round of a sweep; write DIR/rounds/r-N.jsonl"
            ),
            Kind::Lost {
                round,
                chunk,
                tries,
                why,
            } => write!(
                f,
                "chunk {chunk} of round {round} was handed out {tries} times and came back without results{why}; look at its log, then go on with --resume"
            ),
            Kind::Refused { why } => f.write_str(why),
            Kind::Config { what, path, why } => write!(f, "{what} {path}: {why}"),
            Kind::Panic { seed } => write!(
                f,
                "the run of seed {seed} broke off; this is a defect of dunwu, please report it"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Plan(e) => e.source(),
            Kind::Task(e) => e.source(),
            Kind::Landscape(e) => e.source(),
            Kind::Engine(e) => e.source(),
            Kind::Store(e) | Kind::DamagedRun { error: e, .. } => e.source(),
            Kind::Memory { .. }
            | Kind::Differs { .. }
            | Kind::OtherSweep { .. }
            | Kind::OtherCommand { .. }
            | Kind::NoRound { .. }
            | Kind::Lost { .. }
            | Kind::Refused { .. }
            | Kind::Panic { .. }
            | Kind::Config { .. } => None,
        }
    }
}
