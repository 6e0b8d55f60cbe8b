//! One seed's part of a run directory, written to.

use crate::curve::{self, Readings};
use crate::error::{Kind, StoreError};
use crate::files;
use crate::reader::{check_epochs, read_parts};
use crate::run::{FORMAT, checkpoint_dir, seed_dir};
use crate::tensors::{self, Header};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{Curve, NamedTensor, Snapshot};
use serde_json::Value;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// Marks a probe's tensors in a resume point.
const PROBE: &str = "probe.";

/// Where a run goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct ResumePoint {
    /// Number of updates made.
    pub epoch: u64,
    /// Weights and optimiser state.
    pub state: Vec<NamedTensor>,
    /// What the probes remember.
    pub probes: Vec<NamedTensor>,
    /// The readings of earlier epochs.
    pub curve: Curve,
}

/// Writes the readings, checkpoints and resume points of one seed.
#[derive(Debug)]
pub struct SeedWriter {
    seed: u64,
    run: Utf8PathBuf,
    dir: Utf8PathBuf,
    checkpoints: Utf8PathBuf,
    run_hash: String,
    next_part: u64,
    /// Readings since the last part.
    pending: Readings,
    events: Arc<Mutex<File>>,
}

/// File of a part of the readings in a seed's folder.
pub(crate) fn part_path(dir: &Utf8Path, number: u64) -> Utf8PathBuf {
    dir.join(format!("part-{number:06}.parquet"))
}

/// File of tensors kept beside the readings in a seed's folder.
pub(crate) fn kept_path(dir: &Utf8Path, name: &str) -> Utf8PathBuf {
    dir.join(format!("{name}.safetensors"))
}

/// Name of the file of a checkpoint.
pub(crate) fn checkpoint_name(epoch: u64) -> String {
    format!("epoch-{epoch:08}.safetensors")
}

impl SeedWriter {
    pub(crate) fn open(
        run: &Utf8Path,
        seed: u64,
        run_hash: &str,
        events: Arc<Mutex<File>>,
    ) -> Result<Self, StoreError> {
        let (dir, checkpoints) = (seed_dir(run, seed), checkpoint_dir(run, seed));
        files::create_dir(&dir)?;
        files::create_dir(&checkpoints)?;
        let mut writer = Self {
            seed,
            run: run.to_owned(),
            dir,
            checkpoints,
            run_hash: run_hash.to_owned(),
            next_part: 0,
            pending: Readings::new(),
            events,
        };
        writer.drop_unfinished()?;
        Ok(writer)
    }

    /// Removes parts that a killed process wrote after its last resume point: they will come again.
    fn drop_unfinished(&mut self) -> Result<(), StoreError> {
        let header = self.resume_header()?;
        let parts = files::numbered(&self.dir, "part-", ".parquet")?;
        // A kill leaves at most one part that no resume point counts on.
        if header.is_none() && parts.iter().any(|(number, _)| *number > 0) {
            return Err(Kind::Missing {
                file: self.resume_path(),
                held: format!("the state of seed {} to go on from", self.seed),
                dir: self.run.clone(),
            }
            .into());
        }
        self.next_part = header.and_then(|h| h.part).map_or(0, |part| part + 1);
        for (number, path) in parts {
            if number >= self.next_part {
                files::remove(&path)?;
            }
        }
        Ok(())
    }

    fn resume_path(&self) -> Utf8PathBuf {
        self.dir.join("resume.safetensors")
    }

    fn resume_header(&self) -> Result<Option<Header>, StoreError> {
        let path = self.resume_path();
        if !path.exists() {
            return Ok(None);
        }
        let (header, _) = tensors::read(&path)?;
        let header = header
            .ok_or_else(|| StoreError::damaged(&path, "there is no `dunwu` in its metadata"))?;
        if header.plan_hash != self.run_hash {
            return Err(Kind::OtherPlan { file: path }.into());
        }
        if let Some(other) = header.seed.filter(|seed| *seed != self.seed) {
            let why = format!("it is the state of seed {other}, not of seed {}", self.seed);
            return Err(StoreError::damaged(&path, why));
        }
        Ok(Some(header))
    }

    /// Where an earlier writer left off; None if nothing was saved.
    ///
    /// # Errors
    /// Files that are damaged or belong to another plan.
    pub fn resume_point(&self) -> Result<Option<ResumePoint>, StoreError> {
        let Some(header) = self.resume_header()? else {
            return Ok(None);
        };
        let (_, snapshot) = tensors::read(&self.resume_path())?;
        let (probes, state): (Vec<_>, Vec<_>) = snapshot
            .tensors
            .into_iter()
            .partition(|t| t.name.starts_with(PROBE));
        let strip = |t: NamedTensor| NamedTensor {
            name: t.name[PROBE.len()..].to_owned(),
            ..t
        };
        let parts = files::numbered(&self.dir, "part-", ".parquet")?;
        let mut readings = read_parts(&parts, &self.run_hash, self.seed)?;
        check_epochs(&self.dir, self.seed, &readings, header.epoch)?;
        readings.retain(|epoch, _| *epoch < header.epoch);
        let probes = probes.into_iter().map(strip).collect();
        Ok(Some(ResumePoint {
            epoch: header.epoch,
            state,
            probes,
            curve: curve::to_curve(&readings),
        }))
    }

    /// Notes a reading. An epoch that was noted or saved before may be given again: the last value counts.
    pub fn record(&mut self, epoch: u64, column: &str, value: f64) {
        let row = self.pending.entry(epoch).or_default();
        match row.get_mut(column) {
            Some(place) => *place = value,
            None => drop(row.insert(column.to_owned(), value)),
        }
    }

    /// Adds a line to `events.jsonl`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn event(&mut self, event: &Value) -> Result<(), StoreError> {
        let mut file = self
            .events
            .lock()
            .expect("no writer panics while it holds the file");
        file.write_all(format!("{event}\n").as_bytes())
            .map_err(|e| StoreError::io("write", &self.dir.join("../../events.jsonl"), e))
    }

    /// Keeps a checkpoint.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn checkpoint(&mut self, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        let path = self.checkpoints.join(checkpoint_name(snapshot.epoch));
        let header = self.header(snapshot.epoch, None);
        files::write_atomic(
            &path,
            &tensors::to_bytes(&path, &header, &snapshot.to_owned_tensors())?,
        )
    }

    /// Keeps tensors of the whole run so far beside the readings, as `NAME.safetensors` of the seed; what was kept under
    /// that name before is replaced.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(
        &mut self,
        name: &str,
        epoch: u64,
        tensors: &[NamedTensor],
    ) -> Result<(), StoreError> {
        let path = kept_path(&self.dir, name);
        let header = self.header(epoch, None);
        files::write_atomic(&path, &tensors::to_bytes(&path, &header, tensors)?)
    }

    fn header(&self, epoch: u64, part: Option<u64>) -> Header {
        Header {
            format: FORMAT,
            epoch,
            plan_hash: self.run_hash.clone(),
            part,
            seed: Some(self.seed),
            checksum: None,
        }
    }

    /// Saves the readings so far and the state to go on from. Readings of `state.epoch` and later come after it.
    ///
    /// # Errors
    /// Files that cannot be written; what was saved before stays.
    pub fn commit(
        &mut self,
        state: &Snapshot<'_>,
        probes: &[NamedTensor],
    ) -> Result<(), StoreError> {
        self.write_part()?;
        let mut all = state.to_owned_tensors();
        all.extend(probes.iter().map(|t| NamedTensor {
            name: format!("{PROBE}{}", t.name),
            ..t.clone()
        }));
        let header = self.header(state.epoch, self.next_part.checked_sub(1));
        let path = self.resume_path();
        files::write_atomic(&path, &tensors::to_bytes(&path, &header, &all)?)
    }

    fn write_part(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let path = part_path(&self.dir, self.next_part);
        files::write_atomic(
            &path,
            &curve::to_parquet(&path, &self.run_hash, &[(self.seed, &self.pending)])?,
        )?;
        self.pending.clear();
        self.next_part += 1;
        Ok(())
    }

    /// Ends this seed: its last readings, then how it ended. From then on it is not run again.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn finish(&mut self, outcome: &Value) -> Result<(), StoreError> {
        self.write_part()?;
        let mut outcome = outcome.clone();
        if let Some(object) = outcome.as_object_mut() {
            object.insert("run".to_owned(), self.run_hash.clone().into());
        }
        let text = serde_json::to_vec_pretty(&outcome).expect("a JSON value has a JSON form");
        files::write_atomic(&self.dir.join("outcome.json"), &text)
    }
}
