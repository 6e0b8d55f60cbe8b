//! A run directory that is read.

use crate::curve::{self, Readings};
use crate::error::{Kind, StoreError};
use crate::files;
use crate::run::{FORMAT, Provenance, checkpoint_dir, plan_hash, seed_dir};
use crate::tensors::{self, OwnedSnapshot};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{Curve, RunPlan};
use serde_json::Value;
use std::collections::BTreeMap;

/// A run directory, finished or in progress.
#[derive(Clone, Debug)]
pub struct RunReader {
    dir: Utf8PathBuf,
    plan: RunPlan,
    provenance: Provenance,
}

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
        })
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

    /// The readings of a seed, as far as they are saved.
    ///
    /// # Errors
    /// Files that are damaged or newer.
    pub fn curve(&self, seed: u64) -> Result<Curve, StoreError> {
        Ok(curve::to_curve(&self.readings(seed)?))
    }

    pub(crate) fn readings(&self, seed: u64) -> Result<Readings, StoreError> {
        let mut seeds = BTreeMap::new();
        let merged = self.dir.join("curve.parquet");
        if merged.exists() {
            curve::read_into(&merged, &mut seeds)?;
        } else {
            for (_, part) in files::numbered(&seed_dir(&self.dir, seed), "part-", ".parquet")? {
                curve::read_into(&part, &mut seeds)?;
            }
        }
        Ok(seeds.remove(&seed).unwrap_or_default())
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
            Some(header) if header.plan_hash == plan_hash(&self.plan) => Ok(snapshot),
            _ => Err(Kind::OtherPlan {
                file: path.to_owned(),
            }
            .into()),
        }
    }

    /// How a seed ended; None while it has not.
    ///
    /// # Errors
    /// A file that is damaged.
    pub fn outcome(&self, seed: u64) -> Result<Option<Value>, StoreError> {
        self.json(&seed_dir(&self.dir, seed).join("outcome.json"))
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
