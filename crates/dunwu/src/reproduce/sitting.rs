//! Rows that are not whole yet, on the disk: their finished runs, and the time that these took.

use super::follow::Followed;
use super::kept;
use super::record::{SuiteDir, changes_json, read_row};
use super::row::{Changes, Row};
use super::suite::plans;
use super::under_way;
use crate::error::Error;
use crate::files::Sources;
use crate::trial::Trial;
use dunwu_core::{NamedTensor, RunPlan};
use dunwu_store::{ResumePoint, StoreError, read_record, read_safetensors, read_table, text_hash};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The folder.
pub(super) const RUNS: &str = "runs";
/// Ending of the state of a run that is under way.
const UNDER_WAY: &str = ".under-way.safetensors";
/// Endings of the files in it.
const ENDINGS: &[&str] = &[".json", ".parquet", ".safetensors", ".tmp"];
/// Time between two notes of how long a row took so far.
const NOTE_EVERY: Duration = Duration::from_secs(1);

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What tells a run from any other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RunName {
    /// Version of the program, plan but number of seeds and threads, what it starts from and reads, seed.
    text: String,
    /// Name of its files, without ending.
    stem: String,
}

impl RunName {
    /// The run of a seed, which starts from the last weights of another plan's run if there is one.
    pub(super) fn new(plan: &RunPlan, seed: u64, after: Option<&RunPlan>) -> Self {
        Self::of_version(VERSION, plan, seed, after)
    }

    fn of_version(version: &str, plan: &RunPlan, seed: u64, after: Option<&RunPlan>) -> Self {
        let mut text = format!("dunwu {version}: {}", plan.setting());
        if let Some(after) = after {
            text += &format!(" after {}", after.setting());
        }
        let inputs = Sources::now(plan).inputs(plan);
        // What `from` says is no path where another run is meant.
        let read = inputs
            .iter()
            .filter(|input| input.key != "from" || after.is_none());
        read.for_each(|input| text += &format!(" {} {}", input.key, input.checksum));
        let stem = format!("{:016x}-seed-{seed}", text_hash(&text));
        text += &format!(" seed {seed}");
        Self { text, stem }
    }

    fn table(&self) -> String {
        format!("{RUNS}/{}.parquet", self.stem)
    }

    fn tensors(&self) -> String {
        format!("{RUNS}/{}.safetensors", self.stem)
    }

    /// The file of the run while it is trained.
    fn under_way(&self) -> String {
        format!("{RUNS}/{}{UNDER_WAY}", self.stem)
    }
}

/// A row that was begun, as it is noted.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Begun {
    row: Row,
    changes: Value,
    version: String,
    /// Wall-clock time up to the last time a run was kept or saved.
    seconds: f64,
    /// Runs that it needs, those that are not there yet among them.
    runs: BTreeSet<String>,
}

/// A row that was begun in a directory and is not whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unfinished {
    /// Id of the row.
    pub id: String,
    /// Finished runs that are kept of it.
    pub runs: usize,
    /// Runs that are under way, and saved.
    pub under_way: usize,
    /// Wall-clock time up to the last time one was kept or saved.
    pub seconds: f64,
}

/// A row while it is measured with a directory.
pub(super) struct Sitting<'a> {
    dir: &'a SuiteDir,
    started: Instant,
    /// Seconds of earlier sittings.
    before: f64,
    noted: Mutex<Noted>,
}

/// What is noted of a row.
struct Noted {
    begun: Begun,
    /// When it was written.
    at: Instant,
    /// Whether it has changed since.
    stale: bool,
}

fn record(row: &Row) -> String {
    format!("{RUNS}/row-{}.json", row.id)
}

impl<'a> Sitting<'a> {
    /// Begins a row, or goes on with it.
    ///
    /// # Errors
    /// A note of it that cannot be read.
    pub(super) fn begin(dir: &'a SuiteDir, row: &Row, changes: Changes) -> Result<Self, Error> {
        let mut begun = Begun {
            row: row.clone(),
            changes: changes_json(changes),
            version: VERSION.to_owned(),
            seconds: 0.0,
            runs: BTreeSet::new(),
        };
        let before = dir.begun(&record(row))?.filter(|b| b.is_of(&begun));
        begun.seconds = before.map_or(0.0, |b| b.seconds);
        let started = Instant::now();
        Ok(Self {
            dir,
            started,
            before: begun.seconds,
            noted: Mutex::new(Noted {
                begun,
                at: started,
                stale: false,
            }),
        })
    }

    /// Time of this sitting and of those before it, these up to the last time a run was kept or saved.
    pub(super) fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// Notes runs that the row needs.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn need<'r>(&self, runs: impl Iterator<Item = &'r RunName>) -> Result<(), Error> {
        let mut noted = self.lock();
        let before = noted.begun.runs.len();
        noted.begun.runs.extend(runs.map(|run| run.stem.clone()));
        noted.stale |= noted.begun.runs.len() > before;
        self.note(&mut noted)
    }

    /// Notes what is not noted yet: the caller goes away.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn pause(&self) -> Result<(), Error> {
        self.note(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().expect("nothing panics while it notes")
    }

    fn note(&self, noted: &mut Noted) -> Result<(), Error> {
        if !noted.stale {
            return Ok(());
        }
        let begun = serde_json::to_value(&noted.begun).expect("a row has a JSON form");
        let held = &self.dir.held;
        held.write_record(&record(&noted.begun.row), &begun)?;
        (noted.at, noted.stale) = (Instant::now(), false);
        Ok(())
    }

    /// A run that was kept; None if there is none.
    ///
    /// # Errors
    /// Files that cannot be read, are damaged, or are those of another run.
    pub(super) fn find(&self, run: &RunName, plan: &RunPlan) -> Result<Option<Trial>, Error> {
        let dir = self.dir.path();
        let Some(table) = read_table(dir, &run.table(), kept::KIND)? else {
            return Ok(None);
        };
        let damaged = |why: String| StoreError::damaged(&dir.join(run.table()), why);
        if kept::name(&table) != Some(&run.text) {
            return Err(damaged("it is the file of another run".to_owned()).into());
        }
        let weights = self.weights(run, &kept::weights(&table))?;
        Ok(Some(kept::trial(&table, plan, weights).map_err(damaged)?))
    }

    fn weights(&self, run: &RunName, names: &[&str]) -> Result<Vec<NamedTensor>, Error> {
        if names.is_empty() {
            return Ok(vec![]);
        }
        let path = self.dir.path().join(run.tensors());
        let damaged = |why: String| StoreError::damaged(&path, why);
        if !path.exists() {
            return Err(damaged("it is missing".to_owned()).into());
        }
        let mut read = read_safetensors(&path)?.tensors;
        let mut take = |name: &&str| {
            let at = read.iter().position(|t| t.name == *name);
            let at = at.ok_or_else(|| damaged(format!("it lacks `{name}`")))?;
            Ok(read.swap_remove(at))
        };
        names.iter().map(&mut take).collect()
    }

    /// Where a run was left that was begun; None if it was not.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or is that of another run.
    pub(super) fn point(&self, run: &RunName) -> Result<Option<ResumePoint>, Error> {
        let path = self.dir.path().join(run.under_way());
        if !path.exists() {
            return Ok(None);
        }
        let read = read_safetensors(&path)?;
        let point = under_way::point(&run.text, read.epoch, read.tensors);
        Ok(Some(point.map_err(|why| StoreError::damaged(&path, why))?))
    }

    /// Saves a run that is not finished; it is on the disk when this returns.
    ///
    /// # Errors
    /// A file that cannot be written; what was saved before stays.
    pub(super) fn save(&self, run: &RunName, point: ResumePoint) -> Result<(), Error> {
        let epoch = point.epoch;
        let tensors = under_way::tensors(&run.text, point);
        let held = &self.dir.held;
        held.write_tensors(&run.under_way(), epoch, &tensors)?;
        self.note_seconds()
    }

    /// Keeps a finished run; it is on the disk when this returns.
    ///
    /// # Errors
    /// A file that cannot be written; what was kept before stays.
    pub(super) fn keep(&self, run: &RunName, trial: &Trial) -> Result<(), Error> {
        let held = &self.dir.held;
        // The table comes last: with it the run is there.
        if !trial.weights.is_empty() {
            held.write_tensors(&run.tensors(), trial.epoch, &trial.weights)?;
        }
        let table = kept::table(&run.text, trial);
        held.write_table(&run.table(), kept::KIND, &table)?;
        held.remove(&run.under_way())?;
        self.note_seconds()
    }

    /// Notes the time up to now, but not every time.
    fn note_seconds(&self) -> Result<(), Error> {
        let mut noted = self.lock();
        noted.begun.seconds = self.seconds();
        noted.stale = true;
        if noted.at.elapsed() < NOTE_EVERY {
            return Ok(());
        }
        self.note(&mut noted)
    }
}

impl Begun {
    /// Whether two notes are of the same row, measured in the same way.
    fn is_of(&self, other: &Self) -> bool {
        let this = (&self.row, &self.changes, &self.version);
        this == (&other.row, &other.changes, &other.version)
    }
}

impl SuiteDir {
    /// The note of a row that was begun.
    fn begun(&self, name: &str) -> Result<Option<Begun>, Error> {
        let damaged = |why: String| {
            let way_out =
                "remove it: finished runs stay, and only the time that they took is forgotten";
            StoreError::damaged(&self.path().join(name), format!("{why}; {way_out}"))
        };
        match read_record(self.path(), name) {
            Ok(Some(value)) => {
                let begun = serde_json::from_value(value);
                Ok(Some(begun.map_err(|e| damaged(e.to_string()))?))
            }
            Ok(None) => Ok(None),
            Err(e) if e.is_damaged() => Err(damaged("it is no note of a row".to_owned()).into()),
            Err(e) => Err(e.into()),
        }
    }

    /// Notes of all rows that were begun and are not whole.
    fn all_begun(&self) -> Result<Vec<Begun>, Error> {
        let mut all = Vec::new();
        for name in self.held.names(RUNS)? {
            if !name.starts_with("row-") || !name.ends_with(".json") {
                continue;
            }
            if let Some(begun) = self.begun(&format!("{RUNS}/{name}"))?
                && !self.is_whole(&begun)?
            {
                all.push(begun);
            }
        }
        Ok(all)
    }

    fn is_whole(&self, begun: &Begun) -> Result<bool, Error> {
        let found = read_row(self.path(), &begun.row)?;
        Ok(found.is_some_and(|(outcome, changes)| {
            let whole = (&outcome.row, &changes, &outcome.version);
            whole == (&begun.row, &begun.changes, &begun.version)
        }))
    }

    /// Rows that this version of the program began here and that are not whole.
    ///
    /// # Errors
    /// A note of one, or a row, that cannot be read.
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, Error> {
        let names: BTreeSet<String> = self.held.names(RUNS)?.into_iter().collect();
        let count = |begun: &Begun, ending: &str| {
            let there = |stem: &&String| names.contains(&format!("{stem}{ending}"));
            begun.runs.iter().filter(there).count()
        };
        let one = |begun: Begun| Unfinished {
            runs: count(&begun, ".parquet"),
            under_way: count(&begun, UNDER_WAY),
            id: begun.row.id,
            seconds: begun.seconds,
        };
        let all = self.all_begun()?.into_iter();
        Ok(all.filter(|b| b.version == VERSION).map(one).collect())
    }

    /// Removes finished runs that no row needs any more: neither one that was begun here and is not whole, nor one of
    /// `ahead`, which are measured next.
    ///
    /// # Errors
    /// A row of `ahead` that has a plan which cannot be run; a file that cannot be removed.
    pub fn clear(&self, ahead: &[Row], changes: Changes) -> Result<(), Error> {
        // Where it cannot be told what a row needs, nothing goes.
        let Ok(begun) = self.all_begun() else {
            return Ok(());
        };
        let mut needed = BTreeSet::new();
        for begun in begun {
            needed.insert(format!("row-{}", begun.row.id));
            needed.extend(begun.runs);
        }
        for row in ahead {
            for plan in plans(row, changes, &Followed::default())? {
                needed.extend(
                    plan.every_seed()
                        .map(|seed| RunName::new(&plan, seed, None).stem),
                );
            }
        }
        let keep = |name: &str| {
            let stem = name.split('.').next().unwrap_or_default();
            needed.contains(stem) || !ENDINGS.iter().any(|e| name.ends_with(e))
        };
        Ok(self.held.clear(RUNS, &keep)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;
    use dunwu_core::RunSpec;

    fn plan(words: &[&str]) -> RunPlan {
        RunSpec::from_overrides(words).unwrap().resolve().unwrap()
    }

    #[test]
    fn a_run_is_named_by_all_that_decides_its_bits_and_by_nothing_else() {
        let first = plan(&["task=Z5", "width=16"]);
        let name = RunName::new(&first, 3, None);
        let same = plan(&["task=Z5", "width=16", "seeds=7", "threads=2", "seed=1"]);
        assert_eq!(RunName::new(&same, 3, None), name);
        let other = plan(&["task=Z5", "width=17"]);
        let from = plan(&["task=Z5", "width=16", "from=row0-0"]);
        let all = [
            name.clone(),
            RunName::new(&first, 4, None),
            RunName::new(&other, 3, None),
            RunName::new(&from, 3, None),
            RunName::new(&from, 3, Some(&first)),
            RunName::new(&from, 3, Some(&other)),
            RunName::of_version("0.0.1", &first, 3, None),
        ];
        let stems: BTreeSet<&str> = all.iter().map(|n| n.stem.as_str()).collect();
        assert_eq!(stems.len(), all.len());
        assert!(name.text.starts_with(&format!("dunwu {VERSION}: ")));
    }

    #[test]
    fn a_run_is_named_by_what_the_files_of_its_plan_hold() {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("split");
        let split = format!("split_file={}", path.to_str().unwrap());
        let plan = plan(&["task=Z5", &split]);
        let name = |text: &str| {
            std::fs::write(&path, text).unwrap();
            RunName::new(&plan, 0, None)
        };
        assert_ne!(name("1\n"), name("2\n"));
        assert_eq!(name("1\n"), name("1\n"));
    }

    /// A file of another version, or of another run, that has this one's name.
    #[test]
    fn a_file_that_holds_another_run_is_refused() {
        let keep = tempfile::tempdir().unwrap();
        let dir = Utf8PathBuf::from_path_buf(keep.path().join("d")).unwrap();
        let held = SuiteDir::open(&dir).unwrap();
        let row = super::super::rows().remove(0);
        let sitting = Sitting::begin(&held, &row, Changes::default()).unwrap();
        let plan = plan(&["task=Z5", "width=16", "epochs=3"]);
        let control = crate::Control::default();
        let trial = crate::trial(&plan, 0, 1, &control, crate::Keep::default()).unwrap();
        let mine = RunName::new(&plan, 0, None);
        let others = [
            RunName::of_version("0.0.1", &plan, 0, None),
            RunName::new(&plan, 1, None),
        ];
        for other in others {
            assert!(sitting.find(&mine, &plan).unwrap().is_none());
            sitting.keep(&other, &trial).unwrap();
            assert!(sitting.find(&mine, &plan).unwrap().is_none());
            std::fs::rename(dir.join(other.table()), dir.join(mine.table())).unwrap();
            let error = sitting.find(&mine, &plan).unwrap_err();
            assert!(error.is_damaged(), "{error}");
            let told = error.to_string();
            assert!(told.contains(&mine.table()) && told.contains("another run"));
            std::fs::remove_file(dir.join(mine.table())).unwrap();
        }
    }
}
