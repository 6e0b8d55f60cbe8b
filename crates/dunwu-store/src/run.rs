//! A run directory that is written to.

use crate::checksum;
use crate::curve::{self, Readings};
use crate::error::{Kind, StoreError};
use crate::files;
use crate::reader::RunReader;
use crate::writer::SeedWriter;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::RunPlan;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

/// Version of all formats of a run directory. Readers refuse a larger one.
pub const FORMAT: u64 = 1;

/// Where and by what a run was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of dunwu.
    pub version: String,
    /// Commit it was built from, if known.
    pub commit: Option<String>,
    /// Name of the machine.
    pub host: String,
    /// Threads used. The bits do not depend on it.
    pub threads: usize,
    /// [`plan_hash`].
    pub plan_hash: String,
    /// Start, RFC 3339.
    pub started: String,
    /// Files that the plan names, as they were then.
    #[serde(default)]
    pub inputs: Vec<Input>,
}

/// A file that a plan names: the run directory keeps a copy, `input.<key>`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What it is for: `from`, `task`, `split_file` or `text`.
    pub key: String,
    /// Where it was, from the root.
    pub path: Utf8PathBuf,
    /// Checksum of its text.
    pub checksum: String,
    /// Its text; in the copy, not in `provenance.json`.
    #[serde(skip)]
    pub text: String,
}

impl Input {
    /// A file with that text.
    pub fn new(key: &str, path: Utf8PathBuf, text: String) -> Self {
        Self {
            key: key.to_owned(),
            path,
            checksum: checksum::of_text(&text),
            text,
        }
    }

    /// Whether a text is this file's.
    pub fn is(&self, text: &str) -> bool {
        self.checksum == checksum::of_text(text)
    }
}

/// A hash of all keys of a plan that can change a bit of a seed's result: FNV-1a of its TOML with
/// `threads`, `save_seconds` and `seeds` left out. 16 hexadecimal digits.
pub fn plan_hash(plan: &RunPlan) -> String {
    let text = plan_toml(&RunPlan {
        threads: 0,
        save_seconds: 0.0,
        seeds: 1,
        ..plan.clone()
    });
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// What ties a file to a run: [`plan_hash`], and the files that the plan names where it names any.
pub(crate) fn run_hash(plan: &RunPlan, inputs: &[Input]) -> String {
    let sums = inputs.iter().map(|input| input.checksum.as_str());
    let words: Vec<&str> = sums.collect();
    if words.is_empty() {
        plan_hash(plan)
    } else {
        checksum::of_text(&format!("{} {}", plan_hash(plan), words.join(" ")))
    }
}

pub(crate) fn plan_toml(plan: &RunPlan) -> String {
    toml::to_string(plan).expect("a plan is a table of plain values")
}

/// A run directory held by this process.
#[derive(Debug)]
pub struct RunDir {
    dir: Utf8PathBuf,
    run_hash: String,
    events: Arc<Mutex<File>>,
    /// Held until this value is dropped; the system lets go of it if the process dies.
    _lock: File,
}

impl RunDir {
    /// The directory of a run, the seed and the epoch that a checkpoint's path names; None for any other path.
    ///
    /// ```
    /// let of = dunwu_store::RunDir::of_checkpoint("r/checkpoints/seed-3/epoch-00000040.safetensors".into());
    /// assert_eq!(of, Some(("r".into(), 3, 40)));
    /// ```
    pub fn of_checkpoint(file: &Utf8Path) -> Option<(Utf8PathBuf, u64, u64)> {
        let epoch = file.file_name()?.strip_prefix("epoch-")?;
        let epoch = epoch.strip_suffix(".safetensors")?.parse().ok()?;
        let folder = file.parent()?;
        let seed = folder.file_name()?.strip_prefix("seed-")?.parse().ok()?;
        let checkpoints = folder.parent()?;
        let dir = checkpoints.parent()?;
        // A relative path may begin at the checkpoints.
        let dir = if dir.as_str().is_empty() {
            Utf8Path::new(".")
        } else {
            dir
        };
        (checkpoints.file_name() == Some("checkpoints")).then(|| (dir.to_owned(), seed, epoch))
    }

    /// Makes a new run directory.
    ///
    /// # Errors
    /// A directory that holds something or is in use, or that cannot be written.
    pub fn create(
        dir: &Utf8Path,
        plan: &RunPlan,
        provenance: &Provenance,
    ) -> Result<RunDir, StoreError> {
        // What is written before the plan holds nothing that could be lost.
        let left = [
            "events.jsonl",
            "provenance.json",
            "input.from",
            "input.task",
            "input.split_file",
            "input.text",
        ];
        let not_empty = Kind::NotEmpty {
            dir: dir.to_owned(),
        };
        let lock = crate::record::hold_empty(dir, &left, not_empty)?;
        for input in &provenance.inputs {
            files::write_atomic(&input_path(dir, &input.key), input.text.as_bytes())?;
        }
        let text =
            serde_json::to_vec_pretty(provenance).expect("text and numbers have a JSON form");
        files::write_atomic(&dir.join("provenance.json"), &text)?;
        let events = open_events(dir)?;
        // The plan comes last: with it the directory is a run.
        files::write_atomic(
            &dir.join("plan.toml"),
            format!("format = {FORMAT}\n{}", plan_toml(plan)).as_bytes(),
        )?;
        Ok(RunDir {
            dir: dir.to_owned(),
            run_hash: run_hash(plan, &provenance.inputs),
            events,
            _lock: lock,
        })
    }

    /// Takes hold of a run directory to go on with it.
    ///
    /// # Errors
    /// A directory that holds no run, is in use, was made by a newer version, or is damaged.
    pub fn resume(dir: &Utf8Path) -> Result<RunDir, StoreError> {
        let reader = RunReader::open(dir)?;
        let lock = lock(dir)?;
        let events = open_events(dir)?;
        Ok(RunDir {
            dir: dir.to_owned(),
            run_hash: reader.run_hash(),
            events,
            _lock: lock,
        })
    }

    /// Opens a run directory to read, also while another process writes to it.
    ///
    /// # Errors
    /// A directory that holds no run, was made by a newer version, or is damaged.
    pub fn open(dir: &Utf8Path) -> Result<RunReader, StoreError> {
        RunReader::open(dir)
    }

    /// The directory.
    pub fn path(&self) -> &Utf8Path {
        &self.dir
    }

    /// The writer of one seed, where an earlier one left off.
    ///
    /// # Errors
    /// A resume point that is damaged or belongs to another plan; a directory that cannot be written.
    pub fn seed_writer(&self, seed: u64) -> Result<SeedWriter, StoreError> {
        SeedWriter::open(&self.dir, seed, &self.run_hash, Arc::clone(&self.events))
    }

    /// Merges the readings of all seeds into `curve.parquet` and removes their parts.
    ///
    /// # Errors
    /// Files that are missing, damaged or another run's, or cannot be written; the parts are kept then.
    pub fn finish(&self) -> Result<(), StoreError> {
        let reader = RunReader::open(&self.dir)?;
        let readings: Vec<(u64, Readings)> = reader
            .seeds()?
            .into_iter()
            .map(|seed| Ok((seed, reader.readings(seed)?)))
            .collect::<Result<_, StoreError>>()?;
        let borrowed: Vec<(u64, &Readings)> = readings.iter().map(|(seed, r)| (*seed, r)).collect();
        let path = self.dir.join("curve.parquet");
        files::write_atomic(&path, &curve::to_parquet(&path, &self.run_hash, &borrowed)?)?;
        for (seed, _) in &readings {
            let dir = seed_dir(&self.dir, *seed);
            for (_, part) in files::numbered(&dir, "part-", ".parquet")? {
                files::remove(&part)?;
            }
            files::remove(&dir.join("resume.safetensors"))?;
        }
        Ok(())
    }

    /// Writes `summary.json`, adding its format.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_summary(&self, summary: &Value) -> Result<(), StoreError> {
        let mut summary = summary.clone();
        if let Some(object) = summary.as_object_mut() {
            object.insert("format".to_owned(), FORMAT.into());
        }
        let text = serde_json::to_vec_pretty(&summary).expect("a JSON value has a JSON form");
        files::write_atomic(&self.dir.join("summary.json"), &text)
    }

    /// Writes `report.html`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_page(&self, html: &str) -> Result<(), StoreError> {
        files::write_atomic(&self.dir.join("report.html"), html.as_bytes())
    }

    /// Writes a file under `figures/`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_figure(&self, name: &str, svg: &str) -> Result<(), StoreError> {
        let dir = self.dir.join("figures");
        files::create_dir(&dir)?;
        files::write_atomic(&dir.join(name), svg.as_bytes())
    }
}

pub(crate) fn input_path(dir: &Utf8Path, key: &str) -> Utf8PathBuf {
    dir.join(format!("input.{key}"))
}

pub(crate) fn seed_dir(dir: &Utf8Path, seed: u64) -> Utf8PathBuf {
    dir.join("seeds").join(format!("seed-{seed}"))
}

pub(crate) fn checkpoint_dir(dir: &Utf8Path, seed: u64) -> Utf8PathBuf {
    dir.join("checkpoints").join(format!("seed-{seed}"))
}

/// Takes the directory's lock and notes who holds it.
pub(crate) fn lock(dir: &Utf8Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let fail = |e| StoreError::io("lock", &path, e);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut by = String::new();
            // Who holds it is only for the message.
            let _ = file.read_to_string(&mut by);
            let by = if by.trim().is_empty() {
                "another process".to_owned()
            } else {
                by.trim().to_owned()
            };
            return Err(Kind::InUse {
                dir: dir.to_owned(),
                by,
            }
            .into());
        }
        Err(TryLockError::Error(e)) => return Err(fail(e)),
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    file.set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .map_err(fail)?;
    writeln!(file, "process {} on {}", std::process::id(), host.trim()).map_err(fail)?;
    Ok(file)
}

/// Opens `events.jsonl` behind its last whole line.
fn open_events(dir: &Utf8Path) -> Result<Arc<Mutex<File>>, StoreError> {
    let path = dir.join("events.jsonl");
    let fail = |e| StoreError::io("write", &path, e);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(fail)?;
    let mut content = Vec::new();
    file.read_to_end(&mut content).map_err(fail)?;
    let whole = content
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |i| i + 1);
    file.set_len(whole as u64)
        .and_then(|()| file.seek(SeekFrom::End(0)))
        .map_err(fail)?;
    Ok(Arc::new(Mutex::new(file)))
}
