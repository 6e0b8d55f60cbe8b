//! Rows on the disk, and the JSON of a suite.

use super::row::{Changes, Row};
use super::sitting::{RUNS, Unfinished};
use super::suite::Outcome;
use super::verdict::Verdict;
use crate::error::Error;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::RunSpec;
use dunwu_store::{RecordDir, StoreError, read_record};
use serde_json::{Value, json};

/// The file that makes a directory one of rows.
pub(super) const RECORD: &str = "suite.json";

/// A directory that keeps every row as soon as it is measured, and until then its finished runs.
#[derive(Debug)]
pub struct SuiteDir {
    dir: Utf8PathBuf,
    pub(super) held: RecordDir,
}

impl SuiteDir {
    /// Makes a directory, or goes on with one that holds rows, or a row that was begun.
    ///
    /// # Errors
    /// A directory that holds something else, is in use, was made by a newer version, or cannot be written.
    pub fn open(dir: &Utf8Path) -> Result<Self, Error> {
        let known = read_record(dir, RECORD).map_err(|e| {
            if e.is_damaged() {
                let why = "it is no note of a suite; remove it: rows and runs stay";
                StoreError::damaged(&dir.join(RECORD), why)
            } else {
                e
            }
        })?;
        let held = if known.is_some() {
            RecordDir::open(dir, RECORD)?
        } else {
            let held = match work(dir) {
                // Its note is gone, and nothing of the work hangs on that.
                Some(name) => RecordDir::open(dir, &name)?,
                None => RecordDir::create(dir)?,
            };
            held.write_record(RECORD, &here()?)?;
            held
        };
        let dir = dir.to_owned();
        Ok(Self { dir, held })
    }

    /// The path.
    pub fn path(&self) -> &Utf8Path {
        &self.dir
    }

    /// Writes page and figures of all rows that are here, and gives the page's path.
    ///
    /// # Errors
    /// A row that is damaged, files that cannot be written.
    pub fn write_page(&self) -> Result<Utf8PathBuf, Error> {
        super::page::write(&self.dir, &self.held)
    }

    /// A row that was measured here before, with the settings that it has now, by this version of the program.
    ///
    /// # Errors
    /// A file that is damaged or was made by a newer version.
    pub fn find(&self, row: &Row, changes: Changes) -> Result<Option<Outcome>, Error> {
        let version = env!("CARGO_PKG_VERSION");
        let same = |(found, at): &(Outcome, Value)| {
            found.row == *row && found.version == version && *at == changes_json(changes)
        };
        let found = read_row(&self.dir, row)?.filter(same);
        Ok(found.map(|(outcome, _)| outcome))
    }

    /// Keeps a row; it is on the disk when this returns. Its runs stay until [`SuiteDir::clear`].
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(&self, outcome: &Outcome, changes: Changes) -> Result<(), Error> {
        let record = json!({ "changes": changes_json(changes), "outcome": outcome });
        Ok(self.held.write_record(&name(&outcome.row), &record)?)
    }
}

/// A row, or the note of one that was begun, in a directory.
fn work(dir: &Utf8Path) -> Option<String> {
    let is_row = |name: &String| {
        let record = read_record(dir, name).ok().flatten();
        record.is_some_and(|r| r.get("outcome").or(r.get("row")).is_some())
    };
    let rows = |folder: &str| {
        let names = dir.join(folder).read_dir_utf8().into_iter().flatten();
        let names = names.filter_map(|entry| Some(entry.ok()?.file_name().to_owned()));
        let mut rows = names.filter(|name| name.starts_with("row-") && name.ends_with(".json"));
        rows.find_map(|name| Some(format!("{folder}{name}")).filter(is_row))
    };
    rows("").or_else(|| rows(&format!("{RUNS}/")))
}

/// The row of that id as it was measured, and with which changes.
pub(super) fn read_row(dir: &Utf8Path, row: &Row) -> Result<Option<(Outcome, Value)>, Error> {
    let name = name(row);
    let Some(mut value) = read_record(dir, &name)? else {
        return Ok(None);
    };
    let outcome = serde_json::from_value(value["outcome"].take())
        .map_err(|e| StoreError::damaged(&dir.join(&name), e.to_string()))?;
    Ok(Some((outcome, value["changes"].take())))
}

/// This program on this machine, now.
fn here() -> Result<Value, Error> {
    let here = crate::provenance::here(&RunSpec::default().resolve()?);
    Ok(json!({
        "version": here.version,
        "commit": here.commit,
        "host": here.host,
        "started": here.started,
    }))
}

fn name(row: &Row) -> String {
    format!("row-{}.json", row.id)
}

/// What changes numbers; threads do not.
pub(super) fn changes_json(changes: Changes) -> Value {
    json!({ "epochs": changes.epochs, "seed": changes.seed, "seeds": changes.seeds })
}

/// The JSON of `dunwu reproduce --json`. Its names are a contract: fields are added, never renamed.
pub fn summary(
    outcomes: &[Outcome],
    interrupted: bool,
    dir: Option<&Utf8Path>,
    unfinished: &[Unfinished],
) -> Value {
    let count = |verdict| outcomes.iter().filter(|o| o.verdict == verdict).count();
    json!({
        "rows": outcomes.iter().map(one).collect::<Vec<_>>(),
        "holds": count(Verdict::Holds),
        "does_not_hold": count(Verdict::DoesNotHold),
        "inconclusive": count(Verdict::Inconclusive),
        "seconds": outcomes.iter().fold(0.0, |sum, o| sum + o.seconds),
        "interrupted": interrupted,
        "dir": dir,
        "unfinished": unfinished,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn one(outcome: &Outcome) -> Value {
    let row = &outcome.row;
    let check = |m: &super::Measured| {
        json!({
            "kind": m.kind,
            "what": m.what,
            "at": m.at,
            "statistic": m.statistic,
            "published": m.published,
            "measured": m.reading.as_number(),
            "says": m.value(),
            "seeds": m.seeds,
            "tolerance": { "low": m.tolerance.low, "high": m.tolerance.high },
            "verdict": m.verdict,
        })
    };
    json!({
        "id": row.id,
        "source": row.source,
        "claim": row.claim,
        "published": row.published,
        "note": row.note,
        "cost": row.cost,
        "plan": row.plan,
        "arms": row.arm,
        "follow": row.follow,
        "checks": outcome.measured.iter().map(check).collect::<Vec<_>>(),
        "verdict": outcome.verdict,
        "why": outcome.why,
        "commands": outcome.commands,
        "seconds": outcome.seconds,
    })
}

/// The JSON of `dunwu reproduce --list --json`.
pub fn listing(rows: &[Row]) -> Value {
    let one = |row: &Row| {
        json!({
            "id": row.id,
            "source": row.source,
            "claim": row.claim,
            "published": row.published,
            "cost": row.cost,
            "possible": row.not_possible.is_none(),
            "not_possible": row.not_possible,
            "left_out": row.left_out,
        })
    };
    json!({ "rows": rows.iter().map(one).collect::<Vec<_>>() })
}
