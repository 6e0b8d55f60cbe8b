//! Hands out runs, watches parts appear, and hands out again what was lost.

use super::executor::{ChunkId, Executor};
use super::row::{GENERALISED, RunKey, generalised, mixed};
use super::work::{chunk_keys, keys, part_of};
use crate::error::Error;
use dunwu_store::{Chunk, Part, SweepDir, SweepReader, Table};
use std::collections::{BTreeMap, BTreeSet};

/// How often a chunk that was lost is handed out again.
const TRIES: usize = 3;
/// Most chunks of a round: the largest job array that sites allow by default.
const MOST_CHUNKS: usize = 1000;
/// Most runs of a chunk: a part of them is quick to write and to read.
const MOST_RUNS: usize = 2000;

/// A run that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub key: RunKey,
    pub words: Vec<String>,
    /// Estimated seconds.
    pub cost: f64,
}

/// A chunk that was handed out and has no part yet.
struct Open {
    runs: BTreeSet<RunKey>,
    /// How often it was handed out without anything coming back.
    tries: usize,
    /// Its runs that were missing when it was last handed out.
    left: usize,
}

impl Open {
    fn new(runs: BTreeSet<RunKey>) -> Self {
        Self {
            left: runs.len(),
            runs,
            tries: 1,
        }
    }

    /// Whether it may be handed out once more; what was stopped half-way has not been tried in vain.
    fn again(&mut self) -> bool {
        self.tries = if self.runs.len() < self.left {
            1
        } else {
            self.tries + 1
        };
        self.left = self.runs.len();
        self.tries <= TRIES
    }
}

/// Runs that are over, as far as their parts can be read.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub keys: BTreeSet<RunKey>,
    /// The parts that they stand in.
    pub parts: BTreeSet<Part>,
    /// Runs whose held-out accuracy reached their plan's `stop_accuracy`.
    pub generalised: u64,
    /// Runs that failed, and why the first one did.
    pub failed: u64,
    pub first_failure: Option<String>,
    /// A sum over runs of what was measured, whatever their order.
    pub digest: u64,
    /// Files that are damaged, in words.
    pub damaged: Vec<(Part, String)>,
    /// Runs that stand twice with different results.
    pub disagreeing: Vec<RunKey>,
}

/// Reads which runs a directory holds.
///
/// # Errors
/// A part that a newer version made, or a directory that cannot be read.
pub(crate) fn done(reader: &SweepReader) -> Result<Done, Error> {
    let mut done = Done::default();
    let mut digests: BTreeMap<RunKey, i64> = BTreeMap::new();
    for part in reader.parts()? {
        match reader.runs(&part, Some(&COLUMNS)) {
            Ok(table) => {
                for (i, (key, digest)) in keys(&table).zip(table.integers("digest")).enumerate() {
                    let digest = digest.unwrap_or(0);
                    match digests.insert(key, digest) {
                        None => done.count(reader, &part, &table, i)?,
                        Some(before) if before != digest => done.disagreeing.push(key),
                        Some(_) => {}
                    }
                }
                done.parts.insert(part);
            }
            Err(why) if why.is_damaged() => done.damaged.push((part, why.to_string())),
            Err(why) => return Err(why.into()),
        }
    }
    let one = |(key, digest): (&RunKey, &i64)| {
        [key.plan, key.seed, *digest as u64]
            .into_iter()
            .fold(1, mixed)
    };
    done.digest = digests.iter().map(one).fold(0, u64::wrapping_add);
    done.keys = digests.into_keys().collect();
    Ok(done)
}

/// What is read of every run.
const COLUMNS: [&str; 6] = [
    "digest",
    GENERALISED,
    "kind",
    "plan_hash",
    "seed",
    "test_99",
];

impl Done {
    /// Counts row `i` of a part.
    fn count(
        &mut self,
        reader: &SweepReader,
        part: &Part,
        table: &Table,
        i: usize,
    ) -> Result<(), Error> {
        let crossed = generalised(table).get(i).copied().flatten();
        self.generalised += u64::from(crossed.is_some());
        let kind = table.texts("kind").get(i).and_then(|k| k.as_deref());
        if kind != Some("failed") {
            return Ok(());
        }
        self.failed += 1;
        if self.first_failure.is_none() {
            let why = reader.runs(part, Some(&["plan", "reason"]))?;
            let text = |name: &str| {
                why.texts(name)
                    .get(i)
                    .cloned()
                    .flatten()
                    .unwrap_or_default()
            };
            self.first_failure = Some(format!("{} ({})", text("reason"), text("plan")));
        }
        Ok(())
    }
}

/// Hands out runs of one sweep.
pub(crate) struct Driver<'a> {
    dir: &'a SweepDir,
    executor: Box<dyn Executor + 'a>,
    open: BTreeMap<ChunkId, Open>,
    seen: BTreeSet<Part>,
    /// Seconds of work a chunk.
    chunk_seconds: f64,
    notices: Vec<String>,
}

impl<'a> Driver<'a> {
    /// A driver that is told of the parts it does not know.
    pub(crate) fn new(
        dir: &'a SweepDir,
        executor: Box<dyn Executor + 'a>,
        chunk_seconds: f64,
        known: BTreeSet<Part>,
    ) -> Self {
        Self {
            seen: known,
            dir,
            executor,
            open: BTreeMap::new(),
            chunk_seconds,
            notices: vec![],
        }
    }

    /// Takes up chunks of an earlier sitting that may still be alive; their runs, but for those that are over.
    pub(crate) fn adopt(&mut self, done: &BTreeSet<RunKey>) -> BTreeSet<RunKey> {
        let handed = self.executor.handed();
        let rounds: BTreeSet<u64> = handed.iter().map(|id| id.round).collect();
        let mut all = BTreeSet::new();
        for round in rounds {
            // Runs of a round that cannot be read are missing, and are handed out in a new one.
            let chunks = self.dir.reader().round(round).unwrap_or_default();
            for chunk in chunks {
                let chunk_id = ChunkId {
                    round,
                    chunk: chunk.chunk,
                };
                if !handed.contains(&chunk_id) {
                    continue;
                }
                let runs = chunk_keys(&chunk).into_iter();
                let runs = runs.filter(|k| !done.contains(k) && !all.contains(k));
                let runs: BTreeSet<RunKey> = runs.collect();
                if !runs.is_empty() {
                    all.extend(runs.iter().copied());
                    self.open.insert(chunk_id, Open::new(runs));
                }
            }
        }
        self.executor.adopt(&self.open.keys().copied().collect());
        all
    }

    /// What a person should hear, since the last call.
    pub(crate) fn notices(&mut self) -> Vec<String> {
        let mut all = self.executor.notices();
        all.append(&mut self.notices);
        all
    }

    /// Hands out runs in chunks.
    pub(crate) fn submit(&mut self, wishes: &[Wish]) -> Result<(), Error> {
        for round in pack(wishes, self.chunk_seconds).chunks(MOST_CHUNKS) {
            let chunks: Vec<Chunk> = round
                .iter()
                .enumerate()
                .map(|(chunk, runs)| Chunk {
                    chunk,
                    runs: grouped(runs),
                })
                .collect();
            let number = self.dir.write_round(&chunks)?;
            let id = |chunk| ChunkId {
                round: number,
                chunk,
            };
            for (chunk, runs) in round.iter().enumerate() {
                let runs = runs.iter().map(|w| w.key).collect();
                self.open.insert(id(chunk), Open::new(runs));
            }
            let ids: Vec<ChunkId> = (0..round.len()).map(id).collect();
            self.executor.submit(&ids)?;
        }
        Ok(())
    }

    /// Whether nothing is out.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Waits a while for news.
    pub(crate) fn wait(&mut self) {
        self.executor.wait();
    }

    /// Runs that ended since the last call; what was lost is handed out again.
    pub(crate) fn poll(&mut self) -> Result<Vec<Table>, Error> {
        // Asked before the parts are listed: a chunk that ends in between is seen in them.
        let alive = self.executor.alive()?;
        let mut tables = Vec::new();
        for part in self.dir.reader().parts()? {
            if self.seen.insert(part.clone()) {
                let table = self.dir.reader().runs(&part, None)?;
                for open in self.open.values_mut() {
                    for key in keys(&table) {
                        open.runs.remove(&key);
                    }
                }
                tables.push(table);
            }
        }
        let whole = |id: &ChunkId| self.seen.contains(&part_of(id.round, id.chunk));
        let ended: Vec<ChunkId> = self.open.keys().copied().filter(whole).collect();
        ended.iter().for_each(|id| drop(self.open.remove(id)));
        self.open.retain(|_, open| !open.runs.is_empty());
        self.again(&alive)?;
        Ok(tables)
    }

    fn again(&mut self, alive: &BTreeSet<ChunkId>) -> Result<(), Error> {
        let mut lost = Vec::new();
        for (id, open) in self.open.iter_mut().filter(|(id, _)| !alive.contains(id)) {
            let part = part_of(id.round, id.chunk);
            // A worker that its scheduler has given up may be well.
            if self.dir.reader().is_claimed(Some(&part))? {
                continue;
            }
            if !open.again() {
                let why = self.executor.why(*id);
                return Err(crate::error::lost(id.round, id.chunk, TRIES, why));
            }
            lost.push(*id);
        }
        if let Some(first) = lost.first() {
            let why = self.executor.why(*first).map(|w| format!(" ({w})"));
            self.notices.push(format!(
                "{} of the chunks handed out ended without all of their results, the first chunk {} of round {}{}; they are handed out again",
                lost.len(),
                first.chunk,
                first.round,
                why.unwrap_or_default()
            ));
            self.executor.submit(&lost)?;
        }
        Ok(())
    }

    /// Stops: what has begun is saved, unless it goes on without this process.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        if self.is_detached() && !self.is_idle() {
            return Ok(());
        }
        self.executor.stop()
    }

    /// Whether work goes on when this process ends.
    pub(crate) fn is_detached(&self) -> bool {
        self.executor.is_detached()
    }
}

/// Runs in chunks of about so many seconds of work, in the order given.
fn pack(wishes: &[Wish], seconds: f64) -> Vec<Vec<Wish>> {
    let mut chunks: Vec<Vec<Wish>> = Vec::new();
    let mut work = f64::INFINITY;
    for wish in wishes {
        let full = chunks.last().is_some_and(|c| c.len() >= MOST_RUNS);
        if work + wish.cost > seconds || full {
            chunks.push(vec![]);
            work = 0.0;
        }
        work += wish.cost;
        chunks
            .last_mut()
            .expect("the first run begins a chunk")
            .push(wish.clone());
    }
    chunks
}

/// Plans once, each with its seeds.
fn grouped(runs: &[Wish]) -> Vec<(Vec<String>, Vec<u64>)> {
    let mut out: Vec<(Vec<String>, Vec<u64>)> = Vec::new();
    for run in runs {
        match out.last_mut() {
            Some((words, seeds)) if *words == run.words => seeds.push(run.key.seed),
            _ => out.push((run.words.clone(), vec![run.key.seed])),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(plan: u64, seed: u64, cost: f64) -> Wish {
        Wish {
            key: RunKey { plan, seed },
            words: vec![format!("width={plan}")],
            cost,
        }
    }

    #[test]
    fn chunks_hold_about_as_much_work_as_was_asked() {
        let wishes: Vec<Wish> = (0..10).map(|i| wish(1 + i / 5, i % 5, 1.0)).collect();
        let chunks = pack(&wishes, 3.0);
        assert_eq!(
            chunks.iter().map(Vec::len).collect::<Vec<_>>(),
            [3, 3, 3, 1]
        );
        let seeds = grouped(&chunks[1]);
        assert_eq!(seeds[0], (vec!["width=1".to_owned()], vec![3, 4]));
        assert_eq!(seeds[1], (vec!["width=2".to_owned()], vec![0]));
        assert_eq!(pack(&[wish(1, 0, 99.0)], 3.0).len(), 1);
        assert!(pack(&[], 3.0).is_empty());
    }
}
