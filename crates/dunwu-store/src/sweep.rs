//! The directory of many runs: what was asked for, chunks of work, finished runs in parts.

use crate::error::{Kind, StoreError};
use crate::files;
use crate::run::lock;
use crate::table::{self, Table};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};

/// Version of the directory of a sweep. Readers refuse a larger one.
pub const SWEEP_FORMAT: u64 = 1;

/// Name of the plan's file.
const PLAN: &str = "plan.toml";
/// Endings of the two files of a part.
const RUNS: &str = ".runs.parquet";
const CURVES: &str = ".curves.parquet";
/// What a damaged file is renamed to.
const ASIDE: &str = ".damaged";
/// How often a claim is tried before it counts as another's.
const LOOKS: usize = 4;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepPlan {
    /// Which command it was: `sweep`, `boundary`.
    pub command: String,
    /// What it was asked, once for each time that points were added.
    #[serde(rename = "asked")]
    pub asked: Vec<Wanted>,
    /// Files that its plans name, as they were when its runs began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<NamedFile>,
}

/// A file that plans name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedFile {
    /// As the plans write it.
    pub path: String,
    /// [`text_hash`](crate::text_hash) of what it held, in hexadecimal.
    pub hash: String,
}

/// Keys and values as they were written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// `key=value` words, with lists and ranges.
    pub words: Vec<String>,
    /// Groups of keys whose lists are gone through side by side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zip: Vec<Vec<String>>,
}

/// Runs that are handed to a worker together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Number within its round.
    pub chunk: usize,
    /// Plans as overrides, each with its seeds.
    pub runs: Vec<(Vec<String>, Vec<u64>)>,
}

/// Finished runs that were written together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Its name, without ending.
    pub name: String,
}

/// The directory of a sweep, to read.
#[derive(Clone, Debug)]
pub struct SweepReader {
    dir: Utf8PathBuf,
}

/// The directory of a sweep, held by this process.
#[derive(Debug)]
pub struct SweepDir {
    reader: SweepReader,
    /// Held until this value is dropped; the system lets go of it if the process dies.
    _lock: File,
}

impl SweepReader {
    /// Whether a directory holds a sweep.
    pub fn is_sweep(dir: &Utf8Path) -> bool {
        let text = std::fs::read_to_string(dir.join(PLAN)).unwrap_or_default();
        let table: Option<toml::Table> = text.parse().ok();
        table.is_some_and(|t| t.contains_key("asked"))
    }

    /// Opens a directory to read, also while another process writes to it.
    ///
    /// # Errors
    /// A directory that holds no sweep.
    pub fn open(dir: &Utf8Path) -> Result<Self, StoreError> {
        let reader = Self {
            dir: dir.to_owned(),
        };
        if !dir.join(PLAN).exists() {
            let (dir, name) = (dir.to_owned(), PLAN.to_owned());
            return Err(Kind::NoRecord { dir, name }.into());
        }
        Ok(reader)
    }

    /// The directory.
    pub fn path(&self) -> &Utf8Path {
        &self.dir
    }

    /// What was asked for.
    ///
    /// # Errors
    /// A file that is damaged or was made by a newer version.
    pub fn plan(&self) -> Result<SweepPlan, StoreError> {
        let path = self.dir.join(PLAN);
        let damaged = |why: String| StoreError::damaged(&path, why);
        let text = String::from_utf8(files::read(&path)?).map_err(|e| damaged(e.to_string()))?;
        let mut table: toml::Table = text
            .parse()
            .map_err(|e: toml::de::Error| damaged(e.to_string()))?;
        let format = table.remove("format").and_then(|f| f.as_integer());
        match format.and_then(|f| u64::try_from(f).ok()) {
            Some(found) if found > SWEEP_FORMAT => Err(Kind::Newer {
                file: path.clone(),
                found,
                known: SWEEP_FORMAT,
            }
            .into()),
            Some(_) if table.contains_key("asked") => {
                table.try_into().map_err(|e| damaged(e.to_string()))
            }
            Some(_) => Err(damaged(
                "it is the plan of a run, not of a sweep".to_owned(),
            )),
            None => Err(damaged("it does not say its format".to_owned())),
        }
    }

    /// The parts, by name.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn parts(&self) -> Result<Vec<Part>, StoreError> {
        let dir = self.dir.join("parts");
        let entries = match dir.read_dir_utf8() {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(e) => return Err(StoreError::io("list", &dir, e)),
        };
        let mut parts = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| StoreError::io("list", &dir, e))?;
            if let Some(name) = entry.file_name().strip_suffix(RUNS) {
                let name = name.to_owned();
                parts.push(Part { name });
            }
        }
        parts.sort();
        Ok(parts)
    }

    /// The runs of a part, of `wanted` columns only if any are named.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or was made by a newer version.
    pub fn runs(&self, part: &Part, wanted: Option<&[&str]>) -> Result<Table, StoreError> {
        table::read(&self.part_path(part, RUNS), "runs", wanted)
    }

    /// The curves of a part, of `wanted` columns only if any are named; None where none were kept.
    ///
    /// # Errors
    /// Those of [`SweepReader::runs`].
    pub fn curves(
        &self,
        part: &Part,
        wanted: Option<&[&str]>,
    ) -> Result<Option<Table>, StoreError> {
        let path = self.part_path(part, CURVES);
        if !path.exists() {
            return Ok(None);
        }
        table::read(&path, "curves", wanted).map(Some)
    }

    /// Files of the parts that keep curves, by name.
    ///
    /// # Errors
    /// Those of [`SweepReader::parts`].
    pub(crate) fn parts_with_curves(&self) -> Result<Vec<Utf8PathBuf>, StoreError> {
        let files = self
            .parts()?
            .into_iter()
            .map(|p| self.part_path(&p, CURVES));
        Ok(files.filter(|file| file.exists()).collect())
    }

    /// Runs and curves of the part whose curves a file is.
    ///
    /// # Errors
    /// A file that is none of a sweep; those of [`SweepReader::runs`].
    pub(crate) fn part_of(curves: &Utf8Path) -> Result<(Table, Table), StoreError> {
        let stem = curves.as_str().strip_suffix(CURVES);
        let stem = stem.ok_or_else(|| {
            StoreError::damaged(curves, format!("the curves of a sweep end in `{CURVES}`"))
        })?;
        let runs = table::read(&Utf8PathBuf::from(format!("{stem}{RUNS}")), "runs", None)?;
        Ok((runs, table::read(curves, "curves", None)?))
    }

    fn part_path(&self, part: &Part, ending: &str) -> Utf8PathBuf {
        self.dir
            .join("parts")
            .join(format!("{}{ending}", part.name))
    }

    /// Commits finished runs: their curves first, so that runs that are there have them.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn commit(
        &self,
        part: &Part,
        runs: &Table,
        curves: Option<&Table>,
    ) -> Result<(), StoreError> {
        files::create_dir(&self.dir.join("parts"))?;
        if let Some(curves) = curves {
            table::write(&self.part_path(part, CURVES), "curves", curves)?;
        }
        table::write(&self.part_path(part, RUNS), "runs", runs)
    }

    /// The file of a round.
    pub fn round_path(&self, round: u64) -> Utf8PathBuf {
        self.dir.join("rounds").join(format!("r-{round}.jsonl"))
    }

    /// The number of the last round, as far as rounds and parts tell; 0 if there was none.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn last_round(&self) -> Result<u64, StoreError> {
        let rounds = files::numbered(&self.dir.join("rounds"), "r-", ".jsonl")?;
        let written = rounds.last().map_or(0, |r| r.0);
        // Parts that outlived the file of their round must not be taken for those of a new one.
        let of_part = |part: &Part| {
            let digits = part.name.trim_start_matches("m-").strip_prefix('r')?;
            digits.split('-').next()?.parse().ok()
        };
        let recorded = self.parts()?.iter().filter_map(of_part).max();
        Ok(written.max(recorded.unwrap_or(0)))
    }

    /// The directory and the number that the path of a round names.
    pub fn of_round(path: &Utf8Path) -> Option<(Utf8PathBuf, u64)> {
        let number = path.file_name()?.strip_prefix("r-")?;
        let number = number.strip_suffix(".jsonl")?.parse().ok()?;
        let rounds = path.parent()?;
        let dir = rounds.parent()?;
        let dir = if dir.as_str().is_empty() {
            Utf8Path::new(".")
        } else {
            dir
        };
        (rounds.file_name() == Some("rounds")).then(|| (dir.to_owned(), number))
    }

    /// A chunk of a round.
    ///
    /// # Errors
    /// A round that is not there or is damaged, or has no such chunk.
    pub fn chunk(&self, round: u64, chunk: usize) -> Result<Chunk, StoreError> {
        let path = self.round_path(round);
        let file = File::open(&path).map_err(|e| StoreError::io("read", &path, e))?;
        let line = BufReader::new(file).lines().nth(chunk);
        let line = line.ok_or_else(|| {
            StoreError::damaged(
                &path,
                format!("it has no chunk {chunk}; give another --chunk"),
            )
        })?;
        let line = line.map_err(|e| StoreError::io("read", &path, e))?;
        let read: Chunk = serde_json::from_str(&line)
            .map_err(|e| StoreError::damaged(&path, format!("line {}: {e}", chunk + 1)))?;
        if read.chunk != chunk {
            let why = format!("line {} holds chunk {}", chunk + 1, read.chunk);
            return Err(StoreError::damaged(&path, why));
        }
        Ok(read)
    }

    /// All chunks of a round.
    ///
    /// # Errors
    /// A round that is not there or is damaged.
    pub fn round(&self, round: u64) -> Result<Vec<Chunk>, StoreError> {
        let path = self.round_path(round);
        let text = files::read(&path)?;
        let lines = text.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        let chunk = |line| serde_json::from_slice(line);
        let damaged = |e: serde_json::Error| StoreError::damaged(&path, e.to_string());
        lines.map(|l| chunk(l).map_err(damaged)).collect()
    }

    /// Whether a process works on a chunk; on whether any does, if None.
    ///
    /// # Errors
    /// Claims that cannot be looked at.
    pub fn is_claimed(&self, part: Option<&Part>) -> Result<bool, StoreError> {
        let dir = self.dir.join("claims");
        let fail = |e| StoreError::io("list", &dir, e);
        let entries = match dir.read_dir_utf8() {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(fail(e)),
        };
        for entry in entries {
            let entry = entry.map_err(fail)?;
            if part.is_some_and(|p| p.name != entry.file_name()) {
                continue;
            }
            let file = File::open(entry.path()).map_err(fail)?;
            // A lock that others share: two that look do not hide a claim from each other.
            if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock_shared() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Claims a chunk for this process, until the value is dropped; None if another process works on it.
    ///
    /// # Errors
    /// A directory that cannot be written.
    pub fn claim(&self, part: &Part) -> Result<Option<File>, StoreError> {
        let dir = self.dir.join("claims");
        files::create_dir(&dir)?;
        let path = dir.join(&part.name);
        let fail = |e| StoreError::io("lock", &path, e);
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        for look in 0..LOOKS {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(std::fs::TryLockError::Error(e)) => return Err(fail(e)),
                // One that only looks holds it for an instant; a worker holds it for long.
                Err(std::fs::TryLockError::WouldBlock) if look + 1 < LOOKS => {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                Err(std::fs::TryLockError::WouldBlock) => {}
            }
        }
        Ok(None)
    }
}

impl SweepDir {
    /// Makes a new directory with a plan in it.
    ///
    /// # Errors
    /// A directory that holds something or is in use, or that cannot be written.
    pub fn create(dir: &Utf8Path, plan: &SweepPlan) -> Result<Self, StoreError> {
        let lock = crate::record::hold_new(dir)?;
        let made = Self {
            reader: SweepReader {
                dir: dir.to_owned(),
            },
            _lock: lock,
        };
        made.write_plan(plan)?;
        Ok(made)
    }

    /// Takes hold of a sweep to go on with it.
    ///
    /// # Errors
    /// A directory that holds no sweep, or is in use.
    pub fn open(dir: &Utf8Path) -> Result<Self, StoreError> {
        let reader = SweepReader::open(dir)?;
        reader.plan()?;
        Ok(Self {
            _lock: lock(dir)?,
            reader,
        })
    }

    /// The directory, to read.
    pub fn reader(&self) -> &SweepReader {
        &self.reader
    }

    /// Writes what was asked for.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_plan(&self, plan: &SweepPlan) -> Result<(), StoreError> {
        let text = toml::to_string(plan).expect("a plan is texts in lists");
        let text = format!("format = {SWEEP_FORMAT}\n{text}");
        files::write_atomic(&self.reader.dir.join(PLAN), text.as_bytes())
    }

    /// Writes the chunks of a new round and gives its number.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_round(&self, chunks: &[Chunk]) -> Result<u64, StoreError> {
        files::create_dir(&self.reader.dir.join("rounds"))?;
        let round = self.reader.last_round()? + 1;
        let mut text = Vec::new();
        for chunk in chunks {
            serde_json::to_writer(&mut text, chunk).expect("a chunk has a JSON form");
            text.push(b'\n');
        }
        files::write_atomic(&self.reader.round_path(round), &text)?;
        Ok(round)
    }

    /// Puts a damaged part aside, so that its runs are done again; nothing is deleted.
    ///
    /// # Errors
    /// A file that cannot be renamed.
    pub fn set_aside(&self, part: &Part) -> Result<(), StoreError> {
        for ending in [RUNS, CURVES] {
            let path = self.reader.part_path(part, ending);
            if path.exists() {
                std::fs::rename(&path, format!("{path}{ASIDE}"))
                    .map_err(|e| StoreError::io("rename", &path, e))?;
            }
        }
        files::sync_dir(&self.reader.dir.join("parts"))
    }

    /// Merges parts into one, of each table the rows that `keep` names. A kill between the two steps leaves runs
    /// twice, which readers take once.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn merge(
        &self,
        parts: &[Part],
        into: &Part,
        keep: &dyn Fn(&Part, &Table) -> Vec<usize>,
    ) -> Result<(), StoreError> {
        let (mut runs, mut curves) = (Table::default(), Table::default());
        for part in parts {
            let path = self.reader.part_path(part, RUNS);
            let two = |name: String| {
                StoreError::damaged(
                    &path,
                    format!("column {name} has another type here than in other parts"),
                )
            };
            let more = self.reader.runs(part, None)?;
            runs.append(more.select(&keep(part, &more))).map_err(two)?;
            if let Some(more) = self.reader.curves(part, None)? {
                curves
                    .append(more.select(&keep(part, &more)))
                    .map_err(two)?;
            }
        }
        let curves = Some(&curves).filter(|c| c.rows() > 0);
        if runs.rows() > 0 {
            self.reader.commit(into, &runs, curves)?;
        }
        let replaced = |p: &&Part| *p != into || runs.rows() == 0;
        for part in parts.iter().filter(replaced) {
            files::remove(&self.reader.part_path(part, RUNS))?;
            files::remove(&self.reader.part_path(part, CURVES))?;
        }
        Ok(())
    }

    /// Removes the locks of chunks: nobody works on any.
    ///
    /// # Errors
    /// A directory that cannot be removed.
    pub fn clear_claims(&self) -> Result<(), StoreError> {
        let dir = self.reader.dir.join("claims");
        match std::fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &dir, e))
            }
            _ => Ok(()),
        }
    }

    /// Writes a file that is made from the runs; a name with `/` lies in a folder below.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.reader.dir.join(name);
        files::create_dir(path.parent().unwrap_or(&self.reader.dir))?;
        files::write_atomic(&path, text.as_bytes())
    }

    /// Writes a record, adding its format.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_record(&self, name: &str, record: &Value) -> Result<(), StoreError> {
        crate::record::write_record(&self.reader.dir, name, record)
    }

    /// Removes a record, if it is there.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        files::remove(&self.reader.dir.join(name))
    }

    /// Adds a line to `events.jsonl`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn event(&self, event: &Value) -> Result<(), StoreError> {
        let path = self.reader.dir.join("events.jsonl");
        let fail = |e| StoreError::io("write", &path, e);
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(fail)?;
        writeln!(file, "{event}").map_err(fail)
    }
}
