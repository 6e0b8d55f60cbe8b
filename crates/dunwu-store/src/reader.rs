//! A run directory that is read.

use crate::curve::{self, Readings};
use crate::error::{Kind, StoreError};
use crate::files;
use crate::run::{
    FORMAT, Input, Provenance, RunDir, checkpoint_dir, input_path, run_hash, seed_dir,
};
use crate::tensors::{self, OwnedSnapshot};
use crate::writer;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{Curve, RunPlan};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A run directory, finished or in progress.
#[derive(Clone, Debug)]
pub struct RunReader {
    dir: Utf8PathBuf,
    plan: RunPlan,
    provenance: Provenance,
    /// `curve.parquet`, read once: it holds all seeds.
    merged: OnceLock<Arc<BTreeMap<u64, Readings>>>,
}

/// Times that readings are looked at before they are said to be wrong.
const TRIES: usize = 3;

impl RunReader {
    pub(crate) fn open(dir: &Utf8Path) -> Result<Self, StoreError> {
        let path = dir.join("plan.toml");
        let Some(text) = files::read_if_there(&path)? else {
            return Err(Kind::NoRun {
                dir: dir.to_owned(),
            }
            .into());
        };
        let plan = parse_plan(&path, &text)?;
        let provenance = match files::read_if_there(&dir.join("provenance.json"))? {
            Some(text) => serde_json::from_slice(&text)
                .map_err(|e| StoreError::damaged(&dir.join("provenance.json"), e.to_string()))?,
            None => Provenance::default(),
        };
        Ok(Self {
            dir: dir.to_owned(),
            plan,
            provenance,
            merged: OnceLock::new(),
        })
    }

    pub(crate) fn run_hash(&self) -> String {
        run_hash(&self.plan, &self.provenance.inputs)
    }

    /// The files that the plan names, as they were when the run began; none in runs of earlier versions.
    ///
    /// # Errors
    /// A copy that is missing or not what it was.
    pub fn inputs(&self) -> Result<Vec<Input>, StoreError> {
        let with_text = |input: &Input| {
            let path = input_path(&self.dir, &input.key);
            let held = format!("the copy of {} that the run was begun with", input.path);
            let content = files::read_if_there(&path)?
                .ok_or_else(|| StoreError::from(self.missing(path.clone(), held)))?;
            let text = String::from_utf8_lossy(&content).into_owned();
            if input.is(&text) {
                Ok(Input {
                    text,
                    ..input.clone()
                })
            } else {
                let why =
                    "it is not the copy that the run was begun with; put that back, or start anew";
                Err(StoreError::damaged(&path, why))
            }
        };
        self.provenance.inputs.iter().map(with_text).collect()
    }

    /// The plan.
    pub fn plan(&self) -> &RunPlan {
        &self.plan
    }

    /// Where and by what it was made.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Seeds that have begun.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn seeds(&self) -> Result<Vec<u64>, StoreError> {
        Ok(files::numbered(&self.dir.join("seeds"), "seed-", "")?
            .into_iter()
            .map(|(seed, _)| seed)
            .collect())
    }

    /// Checks that the readings of all seeds are there, whole and this run's.
    ///
    /// # Errors
    /// The first file that is not.
    pub fn check(&self) -> Result<(), StoreError> {
        self.seeds()?
            .into_iter()
            .try_for_each(|seed| self.readings(seed).map(drop))
    }

    /// The readings of a seed, as far as they are saved.
    ///
    /// # Errors
    /// Files that are missing, damaged, newer, or another run's.
    pub fn curve(&self, seed: u64) -> Result<Curve, StoreError> {
        Ok(curve::to_curve(&self.readings(seed)?))
    }

    /// A process that writes may merge or drop parts while they are read: what is wrong is looked at again.
    pub(crate) fn readings(&self, seed: u64) -> Result<Readings, StoreError> {
        (1..TRIES)
            .find_map(|_| self.readings_now(seed).ok())
            .map_or_else(|| self.readings_now(seed), Ok)
    }

    fn readings_now(&self, seed: u64) -> Result<Readings, StoreError> {
        // What is expected is looked at first: a run in progress only adds to it.
        let expected = self.expected(seed)?;
        let merged = self.dir.join("curve.parquet");
        let (file, readings) = if merged.exists() {
            (merged.clone(), self.merged(&merged, seed)?)
        } else {
            (seed_dir(&self.dir, seed), self.parts(seed, &expected)?)
        };
        check_epochs(&file, seed, &readings, expected.epochs)?;
        Ok(readings)
    }

    fn merged(&self, path: &Utf8Path, seed: u64) -> Result<Readings, StoreError> {
        if self.merged.get().is_none() {
            let mut seeds = BTreeMap::new();
            curve::read_into(path, &self.run_hash(), &mut seeds)?;
            // Another thread may have been faster; it read the same.
            let _ = self.merged.set(Arc::new(seeds));
        }
        let seeds = self.merged.get().expect("set above");
        Ok(seeds.get(&seed).cloned().unwrap_or_default())
    }

    fn parts(&self, seed: u64, expected: &Expected) -> Result<Readings, StoreError> {
        let dir = seed_dir(&self.dir, seed);
        let parts = files::numbered(&dir, "part-", ".parquet")?;
        let is_there = |number: &u64| parts.iter().any(|(n, _)| n == number);
        if let Some(lost) = (0..expected.parts).find(|n| !is_there(n)) {
            let held = format!("readings of seed {seed}");
            let everything = parts.is_empty() && self.is_over()?;
            let file = if everything {
                self.dir.join("curve.parquet")
            } else {
                writer::part_path(&dir, lost)
            };
            return Err(self.missing(file, held).into());
        }
        read_parts(&parts, &self.run_hash(), seed)
    }

    /// Whether every seed of the plan has ended.
    fn is_over(&self) -> Result<bool, StoreError> {
        for seed in self.plan.every_seed() {
            if self.outcome(seed)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The readings that must be there.
    fn expected(&self, seed: u64) -> Result<Expected, StoreError> {
        if let Some(outcome) = self.outcome(seed)? {
            let epochs = outcome["epoch"].as_u64().map_or(0, |last| last + 1);
            let parts = epochs.min(1);
            return Ok(Expected { epochs, parts });
        }
        let path = seed_dir(&self.dir, seed).join("resume.safetensors");
        let header = if path.exists() {
            tensors::read(&path)?.0
        } else {
            None
        };
        Ok(Expected {
            epochs: header.as_ref().map_or(0, |h| h.epoch),
            parts: header.and_then(|h| h.part).map_or(0, |part| part + 1),
        })
    }

    fn missing(&self, file: Utf8PathBuf, held: String) -> Kind {
        Kind::Missing {
            file,
            held,
            dir: self.dir.clone(),
        }
    }

    /// Epochs and files of a seed's checkpoints, ascending.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn checkpoints(&self, seed: u64) -> Result<Vec<(u64, Utf8PathBuf)>, StoreError> {
        files::numbered(&checkpoint_dir(&self.dir, seed), "epoch-", ".safetensors")
    }

    /// Reads a checkpoint of this run.
    ///
    /// # Errors
    /// A file that is damaged, newer, or of another plan.
    pub fn load_checkpoint(&self, path: &Utf8Path) -> Result<OwnedSnapshot, StoreError> {
        let (header, snapshot) = tensors::read(path)?;
        match header {
            Some(header) if header.plan_hash == self.run_hash() => {
                let name = writer::checkpoint_name(header.epoch);
                let place = RunDir::of_checkpoint(path).map(|(_, seed, _)| seed);
                if let (Some(of), Some(place)) = (header.seed, place)
                    && of != place
                {
                    let why = format!("it is the checkpoint of seed {of}, not of seed {place}");
                    return Err(StoreError::damaged(path, why));
                }
                if path.file_name() == Some(name.as_str()) {
                    Ok(snapshot)
                } else {
                    let why = format!("it is the checkpoint of epoch {}", header.epoch);
                    Err(StoreError::damaged(path, why))
                }
            }
            _ => Err(Kind::OtherPlan {
                file: path.to_owned(),
            }
            .into()),
        }
    }

    /// Tensors kept beside the readings of a seed under a name; None if there are none.
    ///
    /// # Errors
    /// A file that is damaged, newer, or of another plan or seed.
    pub fn kept(&self, seed: u64, name: &str) -> Result<Option<OwnedSnapshot>, StoreError> {
        let path = writer::kept_path(&seed_dir(&self.dir, seed), name);
        if !path.exists() {
            return Ok(None);
        }
        let (header, snapshot) = tensors::read(&path)?;
        let header = header.filter(|h| h.plan_hash == self.run_hash());
        match header.and_then(|h| h.seed) {
            Some(of) if of == seed => Ok(Some(snapshot)),
            Some(of) => {
                let why = format!("it is of seed {of}, not of seed {seed}");
                Err(StoreError::damaged(&path, why))
            }
            None => Err(Kind::OtherPlan { file: path }.into()),
        }
    }

    /// How a seed ended; None while it has not.
    ///
    /// # Errors
    /// A file that is damaged or another run's.
    pub fn outcome(&self, seed: u64) -> Result<Option<Value>, StoreError> {
        let path = seed_dir(&self.dir, seed).join("outcome.json");
        let outcome = self.json(&path)?;
        let by = outcome.as_ref().and_then(|o| o["run"].as_str());
        if by.is_some_and(|by| by != self.run_hash()) {
            return Err(Kind::OtherPlan { file: path }.into());
        }
        Ok(outcome)
    }

    /// `summary.json`, if it is there.
    ///
    /// # Errors
    /// A file that is damaged or newer.
    pub fn summary(&self) -> Result<Option<Value>, StoreError> {
        let path = self.dir.join("summary.json");
        let summary = self.json(&path)?;
        match summary.as_ref().and_then(|s| s["format"].as_u64()) {
            Some(found) if found > FORMAT => Err(Kind::Newer {
                file: path,
                found,
                known: FORMAT,
            }
            .into()),
            _ => Ok(summary),
        }
    }

    fn json(&self, path: &Utf8Path) -> Result<Option<Value>, StoreError> {
        let parse = |text: Vec<u8>| {
            serde_json::from_slice(&text).map_err(|e| StoreError::damaged(path, e.to_string()))
        };
        files::read_if_there(path)?.map(parse).transpose()
    }
}

/// How much of a seed's readings must be there.
struct Expected {
    /// Epochs from 0 on, in whatever files.
    epochs: u64,
    /// Parts from 0 on, where they are not merged yet.
    parts: u64,
}

/// The readings of a seed's parts, later ones over earlier ones.
pub(crate) fn read_parts(
    parts: &[(u64, Utf8PathBuf)],
    run: &str,
    seed: u64,
) -> Result<Readings, StoreError> {
    let mut seeds = BTreeMap::new();
    for (_, part) in parts {
        curve::read_into(part, run, &mut seeds)?;
        if let Some(other) = seeds.keys().find(|s| **s != seed) {
            let why = format!("it holds readings of seed {other}, not of seed {seed}");
            return Err(StoreError::damaged(part, why));
        }
    }
    Ok(seeds.remove(&seed).unwrap_or_default())
}

/// Every epoch is recorded, from 0 on: a gap is a file that was lost or swapped.
pub(crate) fn check_epochs(
    file: &Utf8Path,
    seed: u64,
    readings: &Readings,
    expected: u64,
) -> Result<(), StoreError> {
    let gap = (0..expected).find(|epoch| !readings.contains_key(epoch));
    gap.map_or(Ok(()), |epoch| {
        let why = format!(
            "it should hold the readings of seed {seed} up to epoch {}, and epoch {epoch} is not there; put the right file back, or run the plan again",
            expected - 1
        );
        Err(StoreError::damaged(file, why))
    })
}

/// The plan that a text is, if it is one as a run directory keeps it: such a text says its format.
///
/// # Errors
/// A stored plan that is damaged, or has a newer format.
pub fn stored_plan(path: &Utf8Path, text: &str) -> Result<Option<RunPlan>, StoreError> {
    let table: Option<toml::Table> = text.parse().ok();
    if table.is_some_and(|table| table.contains_key("format")) {
        parse_plan(path, text.as_bytes()).map(Some)
    } else {
        Ok(None)
    }
}

fn parse_plan(path: &Utf8Path, text: &[u8]) -> Result<RunPlan, StoreError> {
    let damaged = |why: String| StoreError::damaged(path, why);
    let text = std::str::from_utf8(text).map_err(|e| damaged(e.to_string()))?;
    let mut table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| damaged(e.to_string()))?;
    match table
        .remove("format")
        .and_then(|f| f.as_integer())
        .and_then(|f| u64::try_from(f).ok())
    {
        None => return Err(damaged("it does not say its format".to_owned())),
        Some(found) if found > FORMAT => {
            return Err(Kind::Newer {
                file: path.to_owned(),
                found,
                known: FORMAT,
            }
            .into());
        }
        Some(_) => {}
    }
    let plan: RunPlan = table
        .try_into()
        .map_err(|e: toml::de::Error| damaged(e.to_string()))?;
    plan.validate().map_err(|e| damaged(e.to_string()))?;
    Ok(plan)
}
