//! The landscape of a task: which peaks there are, and which is higher on how much data.

mod slices;
mod whitening;

pub(crate) use slices::{peak_name, slice};

use crate::error::{Error, Kind};
use crate::files::read_file;
use crate::{provenance, resources};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::landscape::{
    Heights, LandscapeError, Level, Problem, Starts, Summit, feature_maxima, heights, levels,
    passes, peaks, search_watched,
};
use dunwu_core::{Activation, Dataset, PlanError, RunPlan, RunSpec, Seed, SplitKind, key_value};
use dunwu_task::{Features, Task};
use serde::Serialize;
use std::time::Instant;
use whitening::Network;
pub use whitening::{Moment as WhitenAt, NETWORK_KEYS, Whitening};

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
        name: "data",
        default: "",
        help: "CSV or Parquet file of numbers and a label, in place of a task",
    },
    LandscapeKey {
        name: "energies",
        default: "raw,cross,horvitz_thompson",
        help: "energies of a sample: raw, cross, horvitz_thompson, whitened",
    },
    LandscapeKey {
        name: "eta",
        default: "rows·weight_decay/2",
        help: "η of the whitened energy",
    },
    LandscapeKey {
        name: "label",
        default: "label",
        help: "column of `data` that holds the label",
    },
    LandscapeKey {
        name: "starts",
        default: "1000",
        help: "random starts on the sphere; on a sample a fifth of them for each energy",
    },
    LandscapeKey {
        name: "whiten_at",
        default: "lazy",
        help: "epoch whose activations whiten: lazy, the end of the lazy stage, or a number",
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
    "split_skew",
    "task",
    "threads",
    "train_fraction",
    "train_multiplier",
    "train_size",
];

/// Keys that go with `data`.
const ANY_DATA: &[&str] = &[
    "activation",
    "activation_a",
    "activation_b",
    "convention",
    "data",
    "label",
    "seed",
    "starts",
    "threads",
];

/// Keys that say nothing of the full table.
const OF_A_SAMPLE: &[&str] = &[
    "energies",
    "label_noise",
    "noise_seed",
    "seeds",
    "split",
    "split_seed",
    "split_skew",
];

/// Energies of a sample, by name.
const ENERGIES: &[&str] = &["cross", "horvitz_thompson", "raw", "whitened"];

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
    /// Whose activations whiten.
    pub whiten_at: WhitenAt,
    /// η of the whitened energy, if not that of the plan.
    pub eta: Option<f64>,
    /// File of features and labels in place of a task.
    pub data: Option<Utf8PathBuf>,
    /// Its column of labels.
    pub label: String,
    /// The first key that only a task has.
    #[serde(skip)]
    of_task: Option<String>,
    /// The first key that only the whitened energy reads.
    #[serde(skip)]
    of_network: Option<String>,
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
            whiten_at: WhitenAt::Lazy,
            eta: None,
            data: None,
            label: "label".into(),
            of_task: None,
            of_network: None,
        };
        let mut own: Vec<String> = vec![];
        for word in words {
            let (key, value) = key_value(word.as_ref())?;
            if own.contains(&key.to_owned()) {
                return Err(PlanError::new(key, "is given twice; keep one").into());
            }
            if LANDSCAPE_KEYS.iter().any(|k| k.name == key) {
                own.push(key.to_owned());
            }
            spec.set(key, value)?;
        }
        let whitens = spec.energies.iter().any(|e| e == "whitened");
        if let Some(key) = spec.of_network.as_ref().filter(|_| !whitens) {
            let why =
                "is read by the energy `whitened` alone; add energies=whitened or leave it out";
            return Err(PlanError::new(key, why).into());
        }
        spec.check(&own)?;
        Ok(spec)
    }

    /// Refuses keys that nothing reads, and energies that the activation does not have.
    fn check(&mut self, own: &[String]) -> Result<(), Error> {
        let given = |key: &str| own.iter().any(|k| k == key) || self.run.get(key).is_some();
        if let (Some(_), Some(key)) = (&self.data, &self.of_task) {
            let why = "is a key of tasks; leave it or `data` out";
            return Err(PlanError::new(key, why).into());
        }
        if self.data.is_none() && given("label") {
            let why = "names a column of `data`; add data=FILE or leave it out";
            return Err(PlanError::new("label", why).into());
        }
        let lonely = OF_A_SAMPLE.iter().find(|key| given(key));
        if let Some(key) = lonely.filter(|_| self.fractions.is_none()) {
            let why = "is of a sample of the table; add train_fraction=0.1:0.9:17 or leave it out";
            return Err(PlanError::new(*key, why).into());
        }
        if let WhitenAt::Epoch(epoch) = self.whiten_at
            && epoch > self.last_epoch()?
        {
            let why = format!("is {epoch}, after the last epoch; raise epochs or lower it");
            return Err(PlanError::new("whiten_at", why).into());
        }
        let activation = self.run.get("activation");
        let squares = activation.is_none_or(|a| ["square", "quadratic"].contains(&a));
        if !squares && !given("energies") {
            // The cross term is that of a square.
            self.energies.retain(|e| e != "cross");
        }
        Ok(())
    }

    /// The task, as written, or the name of the file in its place.
    ///
    /// # Errors
    /// A plan that cannot be run.
    pub fn task(&self) -> Result<String, Error> {
        match self.data.as_ref().and_then(|path| path.file_stem()) {
            Some(name) => Ok(name.to_owned()),
            None => Ok(self.plan()?.task),
        }
    }

    fn last_epoch(&self) -> Result<u64, Error> {
        Ok(self.plan()?.epochs)
    }

    /// The plan of the full table.
    pub(crate) fn plan(&self) -> Result<RunPlan, Error> {
        let mut full = self.run.clone();
        full.set("train_fraction", "1")?;
        full.set("label_noise", "0")?;
        Ok(full.resolve()?)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        if !ANY_DATA.contains(&key) {
            self.of_task.get_or_insert_with(|| key.to_owned());
        }
        if NETWORK_KEYS.contains(&key) || ["eta", "whiten_at"].contains(&key) {
            self.of_network.get_or_insert_with(|| key.to_owned());
        }
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
            "data" => self.data = Some(value.into()),
            "label" => self.label = value.to_owned(),
            "eta" => {
                let eta = value
                    .parse()
                    .ok()
                    .filter(|x: &f64| *x > 0.0 && x.is_finite());
                self.eta = Some(eta.ok_or_else(|| {
                    PlanError::new(key, format!("expected a number above 0, got `{value}`"))
                })?);
            }
            "whiten_at" if value == "lazy" => self.whiten_at = WhitenAt::Lazy,
            "whiten_at" => {
                let epoch = value.parse().map_err(|_| {
                    PlanError::new(key, format!("expected lazy or an epoch, got `{value}`"))
                })?;
                self.whiten_at = WhitenAt::Epoch(epoch);
            }
            "train_fraction" => {
                self.run.set_once(key, value)?;
                self.fractions = Some(range(value)?);
            }
            _ if NETWORK_KEYS.contains(&key) => self.run.set_once(key, value)?,
            _ if SHARED_KEYS.contains(&key) => {
                if ["train_size", "train_multiplier", "split_file"].contains(&key) {
                    // One sample whose size the plan works out.
                    self.fractions = Some(vec![f64::NAN]);
                }
                self.run.set_once(key, value)?;
            }
            _ => {
                let own = LANDSCAPE_KEYS.iter().map(|k| k.name);
                let shared = SHARED_KEYS.iter().chain(NETWORK_KEYS).copied();
                let known: Vec<&str> = own.chain(shared).collect();
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
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(resources::threads(&plan))
        .build()
        .map_err(|e| LandscapeError::of(format!("no threads: {e}")))?;
    pool.install(|| match &spec.data {
        Some(path) => of_file(spec, &plan, path, progress),
        None => Work::new(spec, &plan)?.run(progress),
    })
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
    match resources::available_memory() {
        Some(free) if needed > free => Err(LandscapeError::of(format!(
            "this landscape needs {}, and {} is free; take a smaller task or fewer threads",
            resources::human(needed),
            resources::human(free)
        ))
        .into()),
        _ => Ok(()),
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
