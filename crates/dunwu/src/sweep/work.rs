//! What a worker does with a chunk.

use super::row::{Finished, RunKey, curves_table, plan_key, runs_table};
use crate::error::Error;
use crate::lab::{Control, Progress};
use crate::trial::{Keep, Trials};
use dunwu_core::{RunPlan, RunSpec, StopReason};
use dunwu_store::{Chunk, Part, SweepReader, Table};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// What workers of one process share.
#[derive(Default)]
pub(crate) struct Shared {
    pub trials: Trials,
    /// Set to true to write what is finished and stop.
    pub cancel: AtomicBool,
    /// Epochs trained.
    pub epochs: AtomicU64,
    /// Runs finished.
    pub runs: AtomicU64,
    /// Estimated work of the runs finished, in milliseconds.
    pub work: AtomicU64,
    /// Points of a curve that are kept.
    pub curve_points: usize,
}

/// How a chunk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEnd {
    /// All its runs are recorded.
    Done,
    /// It was stopped; what was finished is recorded.
    Stopped,
    /// Another process works on it.
    Taken,
}

/// The name of a chunk's part.
pub(crate) fn part_of(round: u64, chunk: usize) -> Part {
    let name = format!("r{round:06}-c{chunk:06}");
    Part { name }
}

/// Does the runs of a chunk that are not recorded yet, one after the other, and commits them.
pub(crate) fn work(
    reader: &SweepReader,
    round: u64,
    chunk: &Chunk,
    shared: &Shared,
) -> Result<ChunkEnd, Error> {
    let part = part_of(round, chunk.chunk);
    let Some(_claim) = reader.claim(&part)? else {
        return Ok(ChunkEnd::Taken);
    };
    let parts = reader.parts()?;
    if parts.contains(&part) {
        return Ok(ChunkEnd::Done);
    }
    let begun: Vec<Part> = parts
        .into_iter()
        .filter(|p| p.name.starts_with(&format!("{}-p", part.name)))
        .collect();
    let mut done = BTreeSet::new();
    for earlier in &begun {
        done.extend(keys(&reader.runs(earlier, Some(&["plan_hash", "seed"]))?));
    }
    let mut finished = Vec::new();
    for (words, seeds) in &chunk.runs {
        for seed in seeds {
            if shared.cancel.load(Ordering::Relaxed) {
                break;
            }
            finished.extend(one(words, *seed, &done, shared));
        }
    }
    let stopped = shared.cancel.load(Ordering::Relaxed);
    let name = if stopped {
        Part {
            name: format!("{}-p{}", part.name, begun.len()),
        }
    } else {
        part
    };
    // A chunk without a part would be handed out again; one that was stopped may have nothing.
    if !(stopped && finished.is_empty()) {
        let curves = curves_table(&finished, shared.curve_points);
        reader.commit(&name, &runs_table(&finished), curves.as_ref())?;
    }
    Ok(if stopped {
        ChunkEnd::Stopped
    } else {
        ChunkEnd::Done
    })
}

/// One run, unless it is recorded already or was interrupted.
fn one(words: &[String], seed: u64, done: &BTreeSet<RunKey>, shared: &Shared) -> Option<Finished> {
    let started = Instant::now();
    let plan = RunSpec::from_overrides(words).and_then(|spec| spec.resolve());
    let key = RunKey {
        plan: plan.as_ref().map_or(0, plan_key),
        seed,
    };
    if done.contains(&key) {
        return None;
    }
    let result = match plan {
        Err(why) => Err(why.to_string()),
        Ok(plan) => {
            let estimate = super::cost::seconds(&plan);
            let result = train(&plan, seed, shared);
            shared
                .work
                .fetch_add((estimate * 1e3) as u64, Ordering::Relaxed);
            result
        }
    };
    if let Ok(trial) = &result
        && trial.stopped == StopReason::Interrupted
    {
        return None;
    }
    shared.runs.fetch_add(1, Ordering::Relaxed);
    Some(Finished {
        key,
        words: words.to_vec(),
        result,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// A failed run is a result: its row says why.
fn train(plan: &RunPlan, seed: u64, shared: &Shared) -> Result<crate::trial::Trial, String> {
    let count = |progress: &Progress<'_>| {
        if let Progress::Epoch { .. } = progress {
            shared.epochs.fetch_add(1, Ordering::Relaxed);
        }
    };
    let control = Control {
        progress: Some(&count),
        cancel: Some(&shared.cancel),
    };
    let run = || shared.trials.run(plan, seed, 1, &control, Keep::default());
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(trial)) => Ok(trial),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it broke off; this is a defect of dunwu, please report it".to_owned()),
    }
}

/// Which runs a chunk asks for.
pub(crate) fn chunk_keys(chunk: &Chunk) -> Vec<RunKey> {
    let mut all = Vec::new();
    for (words, seeds) in &chunk.runs {
        let plan = RunSpec::from_overrides(words).and_then(|spec| spec.resolve());
        let plan = plan.as_ref().map_or(0, plan_key);
        all.extend(seeds.iter().map(|&seed| RunKey { plan, seed }));
    }
    all
}

/// Which runs a table holds.
pub(crate) fn keys(table: &Table) -> impl Iterator<Item = RunKey> {
    let plans = table.texts("plan_hash").iter();
    let seeds = table.integers("seed").iter();
    plans.zip(seeds).filter_map(|(plan, seed)| {
        Some(RunKey {
            plan: u64::from_str_radix(plan.as_deref()?, 16).ok()?,
            seed: (*seed)? as u64,
        })
    })
}
