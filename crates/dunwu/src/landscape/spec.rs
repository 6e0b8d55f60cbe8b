//! What a landscape is to be made of.

use super::whitening::{Moment as WhitenAt, NETWORK_KEYS};
use crate::error::Error;
use camino::Utf8PathBuf;
use dunwu_core::{KEYS, PlanError, RunPlan, RunSpec, key_value};
use serde::Serialize;

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

/// What a landscape is to be made of.
#[derive(Clone, Debug, Serialize)]
pub struct LandscapeSpec {
    #[serde(skip)]
    pub(super) run: RunSpec,
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
            if own.iter().any(|k| k == key) {
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
            && epoch > self.plan()?.epochs
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
            _ if KEYS.iter().any(|k| k.name == key) => {
                let why = "is a key of runs that no landscape reads: it is of what one hidden node of a perceptron can \
                           climb; leave it out";
                return Err(PlanError::new(key, why).into());
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
