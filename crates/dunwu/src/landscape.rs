//! The landscape of a task: which peaks there are, and which is higher on how much data.

mod slices;
mod spec;
mod whitening;

pub(crate) use slices::{peak_name, slice};

use crate::error::{Error, Kind, failed};
use crate::files::read_file;
use crate::{provenance, resources};
use camino::Utf8Path;
use dunwu_analysis::landscape::{
    Heights, LandscapeError, Level, Problem, Starts, Summit, feature_maxima, heights, levels,
    passes, peaks, search_watched,
};
use dunwu_core::{Activation, Dataset, PlanError, RunPlan, Seed, SplitKind};
use dunwu_task::{Features, Task};
use serde::Serialize;
pub use spec::{LANDSCAPE_KEYS, LandscapeKey, LandscapeSpec, SHARED_KEYS};
use std::time::Instant;
use whitening::Network;
pub use whitening::{Moment as WhitenAt, NETWORK_KEYS, Whitening};

/// Ascents from each feature's maxima, and from tokens and pairs, on a sample.
const EACH_FEATURE: usize = 2;
const MEMORISING: usize = 32;

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
    /// With what it was whitened, if it was.
    pub whitening: Option<Whitening>,
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
    /// Unit of heights: `E/M`, or for features from a file `E/n²`.
    pub unit: &'static str,
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
    /// The highest of them, in `unit`: the energy reaches it, but it is not proven to be a peak.
    pub highest_unconverged: Option<f64>,
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
    if ["backcopy(", "text:"]
        .iter()
        .any(|t| plan.task.starts_with(t))
    {
        let why = format!(
            "`{}` is a task of texts, whose rows are no table; give a group, a formula, a table or data=FILE",
            plan.task
        );
        return Err(PlanError::new("task", why).into());
    }
    workers(&plan)?.install(|| match &spec.data {
        Some(path) => of_file(spec, &plan, path, progress),
        None => Work::new(spec, &plan)?.run(progress),
    })
}

/// The threads that climb.
fn workers(plan: &RunPlan) -> Result<rayon::ThreadPool, LandscapeError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(resources::threads(plan))
        .build()
        .map_err(|e| LandscapeError::of(format!("no threads: {e}")))
}

/// The peaks of labelled features, whose heights are over n².
fn of_file(
    spec: &LandscapeSpec,
    plan: &RunPlan,
    path: &Utf8Path,
    progress: &(dyn Fn(f64) + Sync),
) -> Result<Landscape, Error> {
    let started = Instant::now();
    let (problem, unit) = file_problem(spec, plan, path)?;
    let climbed = climbed(&problem, spec, plan, unit, None, progress)?;
    Ok(Landscape {
        task: path.to_string(),
        order: problem.classes(),
        unit: "E/n²",
        sampled: false,
        convention: spec.convention.clone(),
        activation: plan.activation.name().to_owned(),
        starts: spec.starts,
        unconverged: climbed.unconverged,
        highest_unconverged: climbed.highest,
        levels: climbed.levels,
        no_features: Some("features from a file have no symmetry that is known".into()),
        memorising: vec![],
        borders: vec![],
        version: provenance::here(plan).version,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// The energy of labelled features, and its unit n².
fn file_problem(
    spec: &LandscapeSpec,
    plan: &RunPlan,
    path: &Utf8Path,
) -> Result<(Problem, f64), Error> {
    let table = dunwu_store::read_labelled(path, &spec.label)?;
    let (rows, dim) = (table.labels.len(), table.names.len());
    check_memory(table.features.len() as u64 * 8, dim, plan)?;
    let problem = Problem::of_matrix(
        &table.features,
        dim,
        &table.labels,
        table.classes.len(),
        plan.activation,
        [plan.activation_a, plan.activation_b],
    )?;
    Ok((in_convention(problem, spec), (rows as f64).powi(2)))
}

/// Refuses what does not fit: the rows, and for each thread a Hessian and its eigenvalues.
fn check_memory(rows: u64, dim: usize, plan: &RunPlan) -> Result<(), Error> {
    let hessians = 32 * (dim as u64).saturating_pow(2);
    let needed = hessians
        .saturating_mul(resources::threads(plan) as u64)
        .saturating_add(rows);
    match resources::too_little(needed) {
        Some(free) => Err(failed(format!(
            "this landscape needs {}, and {} is free; take a smaller task or fewer threads",
            resources::human(needed),
            resources::human(free)
        ))),
        None => Ok(()),
    }
}

fn in_convention(problem: Problem, spec: &LandscapeSpec) -> Problem {
    if spec.convention == "x^2/2" {
        problem.with_half_square()
    } else {
        problem
    }
}

/// Where the starts ended.
struct Climbed {
    unconverged: usize,
    /// Height of the highest of the starts that did not converge.
    highest: Option<f64>,
    levels: Vec<Level>,
}

/// Climbs from everywhere.
fn climbed(
    problem: &Problem,
    spec: &LandscapeSpec,
    plan: &RunPlan,
    unit: f64,
    features: Option<&Features>,
    progress: &(dyn Fn(f64) + Sync),
) -> Result<Climbed, Error> {
    let arrived = |n: usize| progress(n as f64 / spec.starts as f64);
    let summits = search_watched(problem, spec.starts, plan.seed, &arrived);
    let lost: Vec<&Summit> = summits.iter().filter(|s| !s.converged).collect();
    Ok(Climbed {
        unconverged: lost.len(),
        highest: lost.iter().map(|s| s.energy / unit).reduce(f64::max),
        levels: levels(problem, &summits, unit, features)?,
    })
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
        let rows = task.vocab().iter().map(|n| *n as u64);
        let rows = rows.fold(1, u64::saturating_mul);
        let bytes = 8 + 12 * task.vocab().len() as u64;
        check_memory(rows.saturating_mul(bytes), task.vocab().iter().sum(), plan)?;
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
        Ok(in_convention(problem, self.spec))
    }

    fn run(&self, progress: &(dyn Fn(f64) + Sync)) -> Result<Landscape, Error> {
        let started = Instant::now();
        let problem = self.problem(&self.data)?;
        let features = self.features.as_ref().ok();
        // A sample's climbs take longer than the full table's.
        let share = if self.spec.fractions.is_some() {
            0.1
        } else {
            1.0
        };
        let order = self.data.classes as f64;
        let mut climbed = climbed(&problem, self.spec, self.plan, order, features, &|done| {
            progress(share * done)
        })?;
        if let Some(features) = features {
            self.expect(&mut climbed.levels, features);
        }
        let mut landscape = Landscape {
            task: self.task.name().to_owned(),
            order: self.data.classes,
            unit: "E/M",
            sampled: self.spec.fractions.is_some(),
            convention: self.spec.convention.clone(),
            activation: self.plan.activation.name().to_owned(),
            starts: self.spec.starts,
            unconverged: climbed.unconverged,
            highest_unconverged: climbed.highest,
            levels: climbed.levels,
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
            landscape.memorising = self.samples(&problem, features, &|done| {
                progress(share + (1.0 - share) * done)
            })?;
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
                    let (problem, scale, whitening) = self.energy(energy, &data, seed)?;
                    out.push(Sample {
                        energy: energy.clone(),
                        seed,
                        train_fraction: data.train.len() as f64 / self.data.len() as f64,
                        train_size: data.train.len(),
                        whitening,
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

    /// The energy of that name, what makes its heights comparable with E/M of the full table, and its whitening.
    fn energy(
        &self,
        name: &str,
        data: &Dataset,
        seed: u64,
    ) -> Result<(Problem, f64, Option<Whitening>), Error> {
        let kept = data.train.len() as f64 / self.data.len() as f64;
        let order = self.data.classes as f64;
        let unit = 1.0 / (kept * kept * order);
        let problem = self.problem(data)?;
        Ok(match name {
            "cross" => (problem.with_cross_term()?, unit, None),
            "horvitz_thompson" => {
                let population = shares(&self.data);
                let problem = problem.with_inclusion(&self.inclusion(data), population);
                (problem, 1.0 / order, None)
            }
            "whitened" => {
                let network = Network {
                    plan: self.plan,
                    task: &self.task,
                    features: self.features.as_ref().ok(),
                    moment: self.spec.whiten_at,
                    eta: self.spec.eta,
                };
                let (problem, whitening) = network.whiten(problem, data, seed)?;
                let unit = unit / whitening.residual.powi(2);
                (problem, unit, Some(whitening))
            }
            _ => (problem, unit, None),
        })
    }

    /// Each training row's probability of being kept: that of all rows if they are drawn alike, else that of
    /// its label's.
    fn inclusion(&self, data: &Dataset) -> Vec<f64> {
        let drawn = self.spec.run.get("split_file").is_none();
        if drawn && self.plan.split == SplitKind::Random {
            let kept = data.train.len() as f64 / self.data.len() as f64;
            return vec![kept; data.train.len()];
        }
        let mut kept = vec![0.0; data.classes];
        let mut all = kept.clone();
        data.clean.iter().for_each(|y| all[*y as usize] += 1.0);
        let label = |i: &u32| data.clean[*i as usize] as usize;
        data.train.iter().for_each(|i| kept[label(i)] += 1.0);
        let share = |i| kept[label(i)] / all[label(i)];
        data.train.iter().map(share).collect()
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
