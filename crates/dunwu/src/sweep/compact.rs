//! Small parts made one, and runs that stand twice made one.

use super::row::RunKey;
use super::work::keys;
use crate::error::Error;
use dunwu_store::{Part, SweepDir, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Fewest runs of a part worth keeping apart.
const SMALL: usize = 100;
/// Runs of a merged part.
const LARGE: usize = 2000;

/// A part that is to be merged.
struct Piece {
    part: Part,
    rows: usize,
    /// Runs that stand in an earlier part too, with the same result.
    twice: BTreeSet<RunKey>,
}

/// Merges small parts, so that reading them is quick, and drops what workers that were taken for lost did twice.
///
/// Nobody else may write to the directory.
pub(crate) fn compact(dir: &SweepDir) -> Result<(), Error> {
    let all = pieces(dir)?;
    let worth = |p: &&Piece| p.rows < SMALL || !p.twice.is_empty();
    let some: Vec<&Piece> = all.iter().filter(worth).collect();
    let mut rest = some.as_slice();
    while !rest.is_empty() {
        let mut rows = 0;
        let fits = |p: &&&Piece| {
            rows += p.rows;
            rows <= LARGE
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (now, later) = rest.split_at(count);
        if now.len() > 1 || !now[0].twice.is_empty() {
            merge(dir, now, &all)?;
        }
        rest = later;
    }
    Ok(())
}

fn merge(dir: &SweepDir, pieces: &[&Piece], all: &[Piece]) -> Result<(), Error> {
    let keep = |part: &Part, table: &Table| {
        let piece = pieces.iter().find(|p| p.part == *part);
        let twice = &piece.expect("only these are merged").twice;
        let new = |(_, key): &(usize, RunKey)| !twice.contains(key);
        keys(table)
            .enumerate()
            .filter(new)
            .map(|(row, _)| row)
            .collect()
    };
    let parts: Vec<Part> = pieces.iter().map(|p| p.part.clone()).collect();
    let last = &parts.last().expect("there is one at least").name;
    let mut name = format!("m-{}", last.trim_start_matches("m-"));
    // A merged part that an earlier kill left is kept where it is not among these.
    while all.iter().any(|p| p.part.name == name) && parts.iter().all(|p| p.name != name) {
        name.push('x');
    }
    Ok(dir.merge(&parts, &Part { name }, &keep)?)
}

/// Drops the rows of runs that failed, and says how many there were.
///
/// Nobody else may write to the directory.
pub(crate) fn drop_failed(dir: &SweepDir) -> Result<u64, Error> {
    let mut dropped = 0;
    for part in dir.reader().parts()? {
        let columns = ["kind", "plan_hash", "seed"];
        // A part that is damaged is put aside by those who read it for its results.
        let Ok(table) = dir.reader().runs(&part, Some(&columns)) else {
            continue;
        };
        let kinds = table.texts("kind").iter();
        let failed = kinds.zip(keys(&table));
        let failed = failed.filter(|(kind, _)| kind.as_deref() == Some("failed"));
        let failed: BTreeSet<RunKey> = failed.map(|(_, key)| key).collect();
        if failed.is_empty() {
            continue;
        }
        let keep = |_: &Part, table: &Table| {
            let rows = keys(table).enumerate();
            let rows = rows.filter(|(_, key)| !failed.contains(key));
            rows.map(|(row, _)| row).collect()
        };
        dir.merge(std::slice::from_ref(&part), &part, &keep)?;
        dropped += failed.len() as u64;
    }
    Ok(dropped)
}

fn pieces(dir: &SweepDir) -> Result<Vec<Piece>, Error> {
    let mut all = Vec::new();
    let mut known: BTreeMap<RunKey, BTreeSet<i64>> = BTreeMap::new();
    for part in dir.reader().parts()? {
        let table = dir
            .reader()
            .runs(&part, Some(&["plan_hash", "seed", "digest"]))?;
        let digests = table.integers("digest").iter().map(|d| d.unwrap_or(0));
        let rows: Vec<(RunKey, i64)> = keys(&table).zip(digests).collect();
        // Results that contradict each other are kept, and reported.
        let same = |(key, digest): &&(RunKey, i64)| {
            known
                .get(key)
                .is_some_and(|d| d.len() == 1 && d.contains(digest))
        };
        let twice = rows.iter().filter(same).map(|(key, _)| *key).collect();
        for (key, digest) in rows {
            known.entry(key).or_default().insert(digest);
        }
        all.push(Piece {
            rows: table.rows(),
            part,
            twice,
        });
    }
    Ok(all)
}
