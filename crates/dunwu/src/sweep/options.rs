//! How a sweep is carried out: nothing here changes a result.

use super::{hyperqueue, slurm};
use camino::Utf8PathBuf;
use dunwu_core::PlanError;

/// Who does the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Tasks of HyperQueue.
    Hyperqueue,
    /// Threads of this process.
    #[default]
    Local,
    /// Job arrays of Slurm.
    Slurm,
}

impl Engine {
    /// Names and engines, sorted by name.
    pub const ALL: &'static [(&'static str, Engine)] = &[
        ("hyperqueue", Engine::Hyperqueue),
        ("local", Engine::Local),
        ("slurm", Engine::Slurm),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|e| e.1 == self);
        found.expect("every engine stands in the table").0
    }
}

/// A key of how a sweep is carried out.
#[derive(Clone, Copy, Debug)]
pub struct SweepKey {
    /// Name, as in `key=value`.
    pub name: &'static str,
    /// Default, as it would be written.
    pub default: &'static str,
    /// What it does, with unit.
    pub help: &'static str,
}

/// Keys of a sweep beside those of a plan, sorted by name.
pub const SWEEP_KEYS: &[SweepKey] = &[
    SweepKey {
        name: "chunk_seconds",
        default: "",
        help: "seconds of work that a worker takes at once; 15 on this machine, 600 on a cluster",
    },
    SweepKey {
        name: "curve_points",
        default: "200",
        help: "points of each run's curve that are kept; 0 is none",
    },
    SweepKey {
        name: "engine",
        default: "local",
        help: "who does the work: hyperqueue, local, slurm; when going on, that of before if absent",
    },
    SweepKey {
        name: "lost_seconds",
        default: "60",
        help: "seconds after which a chunk that is neither queued nor recorded counts as lost; longer than the file system of a cluster takes to show a new file on another machine",
    },
    SweepKey {
        name: "site",
        default: "",
        help: "options for the scheduler of a cluster, such as site='--partition=low --time=30'",
    },
    SweepKey {
        name: "threads",
        default: "0",
        help: "runs at once on this machine; 0 is one a core",
    },
];

/// How a sweep is carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepOptions {
    /// Who does the work; None is whoever did it before, or threads of this process.
    pub engine: Option<Engine>,
    /// Options for the scheduler of a cluster; when empty, those of before.
    pub site: Vec<String>,
    /// Seconds after which a chunk that is neither queued nor recorded counts as lost.
    pub lost_seconds: f64,
    /// Whether to hand everything to the scheduler and leave.
    pub detach: bool,
    /// Whether runs that failed are done again.
    pub retry: bool,
    /// The program that tasks of a cluster run as `PROGRAM worker`.
    pub program: Utf8PathBuf,
    /// Seconds of work that a worker takes at once; None is the engine's default.
    pub chunk_seconds: Option<f64>,
    /// Points of a curve that are kept.
    pub curve_points: usize,
    /// Runs at once on this machine; 0 is one a core.
    pub threads: usize,
}

impl Default for SweepOptions {
    fn default() -> Self {
        Self {
            engine: None,
            site: vec![],
            lost_seconds: 60.0,
            detach: false,
            retry: false,
            program: "dunwu".into(),
            chunk_seconds: None,
            curve_points: 200,
            threads: 0,
        }
    }
}

impl SweepOptions {
    /// Takes its own keys out of `key=value` words and leaves those of a plan.
    ///
    /// # Errors
    /// A word without `=`, or a value that is none.
    pub fn take(words: &[String]) -> Result<(Self, Vec<String>), PlanError> {
        let mut options = Self::default();
        let mut rest = Vec::new();
        for word in words {
            let (key, value) = dunwu_core::key_value(word)?;
            if !options.set(key, value)? {
                rest.push(format!("{key}={value}"));
            }
        }
        Ok((options, rest))
    }

    /// Whether the key is one of these.
    fn set(&mut self, key: &str, value: &str) -> Result<bool, PlanError> {
        match key {
            "chunk_seconds" => {
                let seconds = number(key, value, "seconds above 0")?;
                if seconds <= 0.0 {
                    return Err(PlanError::new(key, format!("{value} is not above 0")));
                }
                self.chunk_seconds = Some(seconds);
            }
            "curve_points" => self.curve_points = whole(key, value, 100_000)?,
            "threads" => self.threads = whole(key, value, 1024)?,
            "engine" => {
                let names: Vec<&str> = Engine::ALL.iter().map(|e| e.0).collect();
                let found = Engine::ALL.iter().find(|e| e.0 == value);
                let found = found.ok_or_else(|| PlanError::unknown(key, value, &names))?;
                self.engine = Some(found.1);
            }
            "lost_seconds" => {
                let seconds = number(key, value, "seconds")?;
                if !(0.0..=86_400.0).contains(&seconds) {
                    let why = format!("expected seconds from 0 to 86400, got `{value}`");
                    return Err(PlanError::new(key, why));
                }
                self.lost_seconds = seconds;
            }
            "site" => {
                let why = format!("`{value}` has a quote without its end");
                self.site = shlex::split(value).ok_or_else(|| PlanError::new(key, why))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn lanes(&self) -> usize {
        crate::resources::cores(self.threads)
    }

    pub(crate) fn seconds_a_chunk(&self) -> f64 {
        self.chunk_seconds.unwrap_or(match self.engine() {
            Engine::Local => 15.0,
            Engine::Hyperqueue | Engine::Slurm => 600.0,
        })
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine.unwrap_or_default()
    }

    /// Refuses what does not go together or cannot be had here.
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        use super::cluster::needs;
        match self.engine() {
            Engine::Local if !self.site.is_empty() => {
                let why = "is for the scheduler of a cluster; write engine=slurm too";
                Err(PlanError::new("site", why))
            }
            Engine::Local if self.detach => {
                let why = "threads of this process end with it; --detach needs engine=slurm";
                Err(PlanError::new("engine", why))
            }
            Engine::Local => Ok(()),
            Engine::Hyperqueue => {
                hyperqueue::check(&self.site)?;
                needs(
                    "hyperqueue",
                    "hq",
                    "install HyperQueue and start its server",
                )
            }
            Engine::Slurm => {
                slurm::check(&self.site)?;
                let install =
                    "log in to a machine of the cluster, install Slurm's commands (slurm-client)";
                for program in ["sbatch", "squeue", "scancel"] {
                    needs("slurm", program, install)?;
                }
                Ok(())
            }
        }
    }
}

fn number(key: &str, value: &str, form: &str) -> Result<f64, PlanError> {
    let parsed = value.parse::<f64>().ok().filter(|x| x.is_finite());
    parsed.ok_or_else(|| PlanError::new(key, format!("expected {form}, got `{value}`")))
}

fn whole(key: &str, value: &str, most: usize) -> Result<usize, PlanError> {
    let parsed = value.parse::<usize>().ok().filter(|n| *n <= most);
    parsed.ok_or_else(|| {
        PlanError::new(
            key,
            format!("expected an integer up to {most}, got `{value}`"),
        )
    })
}
