//! How a sweep is carried out: nothing here changes a result.

use dunwu_core::PlanError;

/// Who does the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Threads of this process.
    #[default]
    Local,
}

impl Engine {
    /// Names and engines, sorted by name.
    pub const ALL: &'static [(&'static str, Engine)] = &[("local", Engine::Local)];
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
        help: "who does the work: local",
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
    /// Who does the work.
    pub engine: Engine,
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
            engine: Engine::default(),
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
                self.engine = found.1;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn lanes(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        }
    }

    pub(crate) fn seconds_a_chunk(&self) -> f64 {
        self.chunk_seconds.unwrap_or(match self.engine {
            Engine::Local => 15.0,
        })
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
