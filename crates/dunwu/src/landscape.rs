//! The landscape of a task: which peaks there are, and which is higher on how much data.

mod slices;

pub(crate) use slices::slice;

use crate::error::{Error, Kind};
use crate::lab::read_file;
use crate::{provenance, resources};
use dunwu_analysis::landscape::{
    Heights, LandscapeError, Level, Problem, Starts, feature_maxima, heights, levels, passes,
    peaks, search,
};
use dunwu_core::{Activation, Dataset, PlanError, RunPlan, RunSpec, Seed};
use dunwu_task::{Features, Task};
use serde::Serialize;
use std::time::Instant;

/// A key of a landscape beside those of a plan.
#[derive(Clone, Copy, Debug)]
pub struct LandscapeKey {
    /// Name.
    pub name: &'static str,
    /// Value if nothing is written.
    pub default: &'static str,
    /// What it is.
    pub help: &'static str,
}

/// Keys that only a landscape has, sorted by name.
pub const LANDSCAPE_KEYS: &[LandscapeKey] = &[
    LandscapeKey {
        name: "convention",
        default: "x^2",
        help: "what `square` means: x^2, or x^2/2 as the paper prints it, all heights a quarter",
    },
    LandscapeKey {
        name: "energies",
        default: "raw,cross,horvitz_thompson",
        help: "energies of a sample: raw, cross, horvitz_thompson",
    },
    LandscapeKey {
        name: "starts",
        default: "1000",
        help: "random starts on the sphere; on a sample a fifth of them for each energy",
    },
];

/// Keys of a plan that a landscape takes.
pub const SHARED_KEYS: &[&str] = &[
    "activation",
    "activation_a",
    "activation_b",
    "label_noise",
    "noise_seed",
    "operands",
    "quasigroup",
    "seed",
    "seeds",
    "split",
    "split_file",
    "split_seed",
    "task",
    "threads",
    "train_fraction",
    "train_multiplier",
    "train_size",
];

/// Energies of a sample, by name.
const ENERGIES: &[&str] = &["cross", "horvitz_thompson", "raw"];

/// Most fractions of one range, and most starts.
const MOST_FRACTIONS: usize = 1000;
const MOST_STARTS: usize = 10_000_000;
/// Ascents from each feature's maxima, and from tokens and pairs, on a sample.
const EACH_FEATURE: usize = 2;
const MEMORISING: usize = 32;

/// What a landscape is to be made of.
#[derive(Clone, Debug, Serialize)]
pub struct LandscapeSpec {
    #[serde(skip)]
    run: RunSpec,
    /// `x^2` or `x^2/2`.
    pub convention: String,
    /// Energies of a sample.
    pub energies: Vec<String>,
    /// Random starts.
    pub starts: usize,
    /// Shares of the table to train on; None is the full table.
    pub fractions: Option<Vec<f64>>,
}

impl LandscapeSpec {
    /// Reads `key=value` overrides.
    ///
    /// # Errors
    /// A key that no landscape has, or a value out of range.
    pub fn from_overrides<S: AsRef<str>>(
        words: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let mut spec = Self {
            run: RunSpec::default(),
            convention: "x^2".into(),
            energies: vec!["raw".into(), "cross".into(), "horvitz_thompson".into()],
            starts: 1000,
            fractions: None,
        };
        for word in words {
            let word = word.as_ref();
            let (key, value) = word.split_once('=').ok_or_else(|| {
                PlanError::new(
                    word,
                    format!("is not an override; write key=value, such as `{word}=…`"),
                )
            })?;
            spec.set(key.trim(), value.trim())?;
        }
        Ok(spec)
    }

    /// The task, as written.
    ///
    /// # Errors
    /// A plan that cannot be run.
    pub fn task(&self) -> Result<String, Error> {
        Ok(self.plan()?.task)
    }

    /// The plan of the full table.
    pub(crate) fn plan(&self) -> Result<RunPlan, Error> {
        let mut full = self.run.clone();
        full.set("train_fraction", "1")?;
        full.set("label_noise", "0")?;
        Ok(full.resolve()?)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        match key {
            "convention" if ["x^2", "x^2/2"].contains(&value) => self.convention = value.to_owned(),
            "convention" => {
                let why = format!("expected x^2 or x^2/2, got `{value}`");
                return Err(PlanError::new(key, why).into());
            }
            "energies" => {
                self.energies = value.split(',').map(|e| e.trim().to_owned()).collect();
                if let Some(odd) = self
                    .energies
                    .iter()
                    .find(|e| !ENERGIES.contains(&e.as_str()))
                {
                    return Err(PlanError::unknown(key, odd, ENERGIES).into());
                }
            }
            "starts" => {
                let count = value.parse().ok().filter(|n| (1..=MOST_STARTS).contains(n));
                self.starts = count.ok_or_else(|| {
                    PlanError::new(
                        key,
                        format!("expected a whole number from 1 to {MOST_STARTS}, got `{value}`"),
                    )
                })?;
            }
            "train_fraction" => self.fractions = Some(range(value)?),
            _ if SHARED_KEYS.contains(&key) => {
                if ["train_size", "train_multiplier", "split_file"].contains(&key) {
                    // One sample whose size the plan works out.
                    self.fractions = Some(vec![f64::NAN]);
                }
                self.run.set(key, value)?;
            }
            _ => {
                let own = LANDSCAPE_KEYS.iter().map(|k| k.name);
                let known: Vec<&str> = own.chain(SHARED_KEYS.iter().copied()).collect();
                return Err(PlanError::unknown(key, key, &known).into());
            }
        }
        Ok(())
    }
}

/// `0.3`, `0.2,0.3`, or `a:b:n`: n values from a to b.
fn range(text: &str) -> Result<Vec<f64>, PlanError> {
    let error = |why: &str| {
        PlanError::new(
            "train_fraction",
            format!("`{text}` {why}; write 0.4, 0.3,0.5 or 0.1:0.9:17"),
        )
    };
    let number = |t: &str| {
        t.trim()
            .parse::<f64>()
            .ok()
            .filter(|x| *x > 0.0 && *x <= 1.0)
    };
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        [list] => list
            .split(',')
            .map(|t| number(t).ok_or_else(|| error("is not a share above 0 and at most 1")))
            .collect(),
        [a, b, n] => {
            let n: usize = n
                .trim()
                .parse()
                .map_err(|_| error("has no whole number of values"))?;
            let (a, b) = number(a)
                .zip(number(b))
                .ok_or_else(|| error("has an end that is not above 0 and at most 1"))?;
            if !(2..=MOST_FRACTIONS).contains(&n) || a >= b {
                return Err(error("is no rising range of 2 to 1000 values"));
            }
            Ok((0..n)
                .map(|i| a + (b - a) * i as f64 / (n - 1) as f64)
                .collect())
        }
        _ => Err(error("is no range")),
    }
}

/// One energy on one sample.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    /// Name of the energy.
    pub energy: String,
    /// Seed of the split.
    pub seed: u64,
    /// Share of the table that is kept.
    pub train_fraction: f64,
    /// Rows kept.
    pub train_size: usize,
    /// The peaks.
    #[serde(flatten)]
    pub heights: Heights,
}

/// Where the two kinds of peaks change places, over the seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Border {
    /// Name of the energy.
    pub energy: String,
    /// By seed, the share at which the highest peak that generalises overtakes the one that memorises.
    pub crossing: Vec<Option<f64>>,
    /// By seed, the share at which half of the full table's maxima survive.
    pub survival_half: Vec<Option<f64>>,
}

/// The peaks of a task.
#[derive(Clone, Debug, Serialize)]
pub struct Landscape {
    /// The task, as written.
    pub task: String,
    /// Number of classes M.
    pub order: usize,
    /// Whether the table is sampled.
    pub sampled: bool,
    /// σ(x) of the activation `square`.
    pub convention: String,
    /// The activation.
    pub activation: String,
    /// Random starts.
    pub starts: usize,
    /// Random starts that did not converge.
    pub unconverged: usize,
    /// Families of maxima on the full table, highest first.
    pub levels: Vec<Level>,
    /// Why no feature is named, if none is.
    pub no_features: Option<String>,
    /// Sampled energies, by share, seed and energy.
    pub memorising: Vec<Sample>,
    /// Where they cross.
    pub borders: Vec<Border>,
    /// Version and commit of the program.
    pub version: String,
    /// Wall-clock time.
    pub seconds: f64,
}

impl From<LandscapeError> for Error {
    fn from(error: LandscapeError) -> Self {
        Kind::Landscape(error).into()
    }
}

/// Computes the landscape that is asked for; `progress` hears the work done, in [0, 1].
///
/// # Errors
/// A task that cannot be made, a sample without rows, a cross term of an activation that has none.
pub fn landscape(
    spec: &LandscapeSpec,
    progress: &(dyn Fn(f64) + Sync),
) -> Result<Landscape, Error> {
    let plan = spec.plan()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(resources::threads(&plan))
        .build()
        .map_err(|e| LandscapeError::of(format!("no threads: {e}")))?;
    pool.install(|| Work::new(spec, &plan)?.run(progress))
}

struct Work<'a> {
    spec: &'a LandscapeSpec,
    plan: &'a RunPlan,
    task: Task,
    data: Dataset,
    features: Result<Features, String>,
}

impl<'a> Work<'a> {
    fn new(spec: &'a LandscapeSpec, plan: &'a RunPlan) -> Result<Self, Error> {
        let task = Task::from_plan(plan, &read_file)?;
        let data = task.dataset(plan, plan.seed, &read_file)?;
        let features = task.try_features().map_err(|e| e.to_string());
        Ok(Self {
            spec,
            plan,
            task,
            data,
            features,
        })
    }

    fn problem(&self, data: &Dataset) -> Result<Problem, Error> {
        let coefficients = [self.plan.activation_a, self.plan.activation_b];
        let problem = Problem::of_rows(data, &data.train, self.plan.activation, coefficients)?;
        Ok(if self.spec.convention == "x^2/2" {
            problem.with_half_square()
        } else {
            problem
        })
    }

    fn run(&self, progress: &(dyn Fn(f64) + Sync)) -> Result<Landscape, Error> {
        let started = Instant::now();
        let problem = self.problem(&self.data)?;
        let features = self.features.as_ref().ok();
        let summits = search(&problem, self.spec.starts, self.plan.seed);
        let mut found = levels(&problem, &summits, self.data.classes, features)?;
        if let Some(features) = features {
            self.expect(&mut found, features);
        }
        let mut landscape = Landscape {
            task: self.task.name().to_owned(),
            order: self.data.classes,
            sampled: self.spec.fractions.is_some(),
            convention: self.spec.convention.clone(),
            activation: self.plan.activation.name().to_owned(),
            starts: self.spec.starts,
            unconverged: summits.iter().filter(|s| !s.converged).count(),
            levels: found,
            no_features: self.features.as_ref().err().cloned(),
            memorising: vec![],
            borders: vec![],
            version: provenance::here(self.plan).version,
            seconds: 0.0,
        };
        if self.spec.fractions.is_some() {
            let features = self.features.as_ref().map_err(|why| {
                LandscapeError::of(format!("peaks that generalise are told by their features, and this task has none: {why}; leave out train_fraction"))
            })?;
            landscape.memorising = self.samples(&problem, features, progress)?;
            landscape.borders = borders(&landscape.memorising, &self.spec.energies);
        }
        landscape.seconds = started.elapsed().as_secs_f64();
        Ok(landscape)
    }

    /// Writes theory's peaks beside the found ones: on the full table of a group, with a square.
    fn expect(&self, found: &mut [Level], features: &Features) {
        let square = match (self.plan.activation, self.spec.convention.as_str()) {
            (Activation::Square, "x^2/2") => Some(0.5),
            (Activation::Square, _) => Some(1.0),
            (Activation::Quadratic, _) => Some(self.plan.activation_b),
            _ => None,
        };
        let is_group = self.task.group().is_some_and(|g| g.is_group()) && self.data.operands() == 2;
        let Some(square) = square.filter(|_| is_group) else {
            return;
        };
        for (k, peak) in peaks(features, square) {
            let of_k = found.iter_mut().filter(|l| l.feature == Some(k));
            of_k.for_each(|l| l.expected = Some(peak));
        }
    }

    fn samples(
        &self,
        full: &Problem,
        features: &Features,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Vec<Sample>, Error> {
        let fractions = self.spec.fractions.clone().unwrap_or_default();
        let maxima = feature_maxima(full, features, EACH_FEATURE, self.plan.seed);
        let total = fractions.len() as u64 * self.plan.seeds * self.spec.energies.len() as u64;
        let mut out = Vec::new();
        for fraction in &fractions {
            for seed in self.plan.seed..self.plan.seed + self.plan.seeds {
                let data = self.split(*fraction, seed)?;
                let starts = Starts {
                    features: maxima.clone(),
                    memorising: memorising(&data, seed),
                    random: self.spec.starts.div_ceil(5),
                    seed,
                };
                for energy in &self.spec.energies {
                    let (problem, scale) = self.energy(energy, &data)?;
                    out.push(Sample {
                        energy: energy.clone(),
                        seed,
                        train_fraction: data.train.len() as f64 / self.data.len() as f64,
                        train_size: data.train.len(),
                        heights: heights(&problem, features, &starts, scale),
                    });
                    progress(out.len() as f64 / total as f64);
                }
            }
        }
        Ok(out)
    }

    fn split(&self, fraction: f64, seed: u64) -> Result<Dataset, Error> {
        let mut run = self.spec.run.clone();
        if fraction.is_finite() {
            run.set("train_fraction", &fraction.to_string())?;
        }
        Ok(self.task.dataset(&run.resolve()?, seed, &read_file)?)
    }

    /// The energy of that name and what makes its heights comparable with E/M of the full table.
    fn energy(&self, name: &str, data: &Dataset) -> Result<(Problem, f64), Error> {
        let kept = data.train.len() as f64 / self.data.len() as f64;
        let order = self.data.classes as f64;
        let problem = self.problem(data)?;
        Ok(match name {
            "cross" => (problem.with_cross_term()?, 1.0 / (kept * kept * order)),
            "horvitz_thompson" => {
                let population = shares(&self.data);
                (
                    problem.with_inclusion(&vec![kept; data.train.len()], population),
                    1.0 / order,
                )
            }
            _ => (problem, 1.0 / (kept * kept * order)),
        })
    }
}

/// Share of each label in the full table.
fn shares(data: &Dataset) -> Vec<f64> {
    let mut out = vec![0.0; data.classes];
    data.clean
        .iter()
        .for_each(|y| out[*y as usize] += 1.0 / data.len() as f64);
    out
}

/// Tokens and pairs of training rows, drawn.
fn memorising(data: &Dataset, seed: u64) -> Vec<Vec<f64>> {
    let mut draws = Seed(seed).draws("memorising starts");
    let d = data.inputs();
    let mut out = Vec::with_capacity(2 * MEMORISING);
    for _ in 0..MEMORISING.min(d) {
        let mut w = vec![0.0; d];
        w[draws.below(d as u64) as usize] = 1.0;
        out.push(w);
    }
    for _ in 0..MEMORISING.min(data.train.len()) {
        let row = data.train[draws.below(data.train.len() as u64) as usize];
        let mut w = vec![0.0; d];
        for (j, token) in data.row(row as usize).iter().enumerate() {
            w[data.offset(j) + *token as usize] = 1.0;
        }
        out.push(w);
    }
    out
}

fn borders(samples: &[Sample], energies: &[String]) -> Vec<Border> {
    let mut seeds: Vec<u64> = samples.iter().map(|s| s.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let series = |energy: &String, seed: u64, value: &dyn Fn(&Heights) -> f64| -> Vec<(f64, f64)> {
        let of = samples
            .iter()
            .filter(|s| s.energy == *energy && s.seed == seed);
        of.map(|s| (s.train_fraction, value(&s.heights))).collect()
    };
    let ahead = |h: &Heights| h.generalising.unwrap_or(0.0) - h.memorising.unwrap_or(0.0);
    let border = |energy: &String| Border {
        energy: energy.clone(),
        crossing: seeds
            .iter()
            .map(|s| passes(&series(energy, *s, &ahead), 0.0))
            .collect(),
        survival_half: seeds
            .iter()
            .map(|s| passes(&series(energy, *s, &|h| h.survival), 0.5))
            .collect(),
    };
    energies.iter().map(border).collect()
}
