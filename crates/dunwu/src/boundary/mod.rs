//! The border between memorising and generalising, with the fewest runs: adaptive sampling of training fractions,
//! the law across sizes, predictions before training.
//!
//! A border's directory is that of a sweep: its runs stand in `parts/`, and every decision is a function of them,
//! so that going on after a kill makes the same decisions. What was found stands in `boundary.json`.

mod asked;
mod find;
mod found;
mod page;
mod search;

pub use asked::{BOUNDARY_KEYS, BoundarySpec};
pub use found::{Found, Setting, SizePrediction, Stops};
pub(crate) use search::factor;

use crate::error::{Error, Kind};
use crate::sweep::{SweepOptions, SweepView, Watch};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_store::{SweepDir, SweepPlan, SweepReader, Wanted};
use std::time::Instant;

/// Name of the record.
pub const BOUNDARY: &str = "boundary.json";
/// Name of the record of predictions, written before the sizes that are held back are trained.
pub const PREDICTIONS: &str = "predictions.json";

/// Begins to look for borders in a new directory, or goes on with the same ones.
///
/// # Errors
/// Words that make no plans; a directory that holds something else, or other borders (with `add`, these are added);
/// a record that cannot be read or written; a run that fails.
pub fn boundary(
    wanted: &Wanted,
    dir: &Utf8Path,
    add: bool,
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<Found, Error> {
    let spec = BoundarySpec::of(wanted)?;
    let idle = spec.grid.idle();
    find::check(&[spec])?;
    options.check()?;
    idle.into_iter().for_each(|n| watch.notice(n));
    let plan = SweepPlan {
        command: "boundary".to_owned(),
        asked: vec![wanted.clone()],
        files: vec![],
    };
    let held = if SweepReader::is_sweep(dir) {
        crate::sweep::joined(dir, &plan, add)?
    } else {
        SweepDir::create(dir, &plan)?
    };
    run(&held, options, watch)
}

/// Goes on with the borders of a directory.
///
/// # Errors
/// A directory that holds none; those of [`boundary`].
pub fn resume_boundary(
    dir: &Utf8Path,
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<Found, Error> {
    let held = SweepDir::open(dir)?;
    run(&held, options, watch)
}

/// Rebuilds the page of a directory of runs: of a sweep, or of borders.
pub(crate) fn rebuild_any(dir: &Utf8Path, view: &SweepView) -> Result<Utf8PathBuf, Error> {
    let held = SweepDir::open(dir)?;
    match held.reader().plan()?.command.as_str() {
        "boundary" => page::rebuild(&held),
        _ => crate::sweep::write_page(&held, view),
    }
}

fn run(dir: &SweepDir, options: &SweepOptions, watch: &Watch<'_>) -> Result<Found, Error> {
    let started = Instant::now();
    let stored = dir.reader().plan()?;
    if stored.command != "boundary" {
        return Err(Kind::OtherCommand {
            dir: dir.reader().path().to_owned(),
            command: stored.command,
        }
        .into());
    }
    let specs: Vec<BoundarySpec> = stored
        .asked
        .iter()
        .map(BoundarySpec::of)
        .collect::<Result<_, _>>()?;
    let mut found = find::find(dir, &specs, options, watch)?;
    found.seconds = started.elapsed().as_secs_f64();
    let record = serde_json::to_value(&found).expect("what was found is numbers and texts");
    dir.write_record(BOUNDARY, &record)?;
    page::write(dir, &found)?;
    Ok(found)
}
