//! From a landscape to its directory: a record, a page and figures.

use crate::error::Error;
use crate::files::read_file;
use crate::landscape::{Landscape, LandscapeSpec, Sample, peak_name, slice};
use crate::provenance;
use crate::record_page::{self, RecordPage};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::landscape::Level;
use dunwu_core::RunPlan;
use dunwu_report::{
    LandscapePage, PeakBorder, PeakFamily, SampleHeights, landscape_figures, landscape_page,
};
use dunwu_store::RecordDir;
use dunwu_task::Task;

/// The file from which the page of a landscape is made.
const RECORD: &str = "landscape.json";

/// A directory that waits for the record of a landscape.
#[derive(Debug)]
pub struct LandscapeDir {
    dir: Utf8PathBuf,
    held: RecordDir,
}

impl LandscapeDir {
    /// Makes the directory before anything is computed, so that a refusal costs nothing.
    ///
    /// # Errors
    /// A directory that holds something or is in use, or that cannot be written.
    pub fn create(dir: &Utf8Path) -> Result<Self, Error> {
        let held = RecordDir::create(dir)?;
        let dir = dir.to_owned();
        Ok(Self { dir, held })
    }

    /// Removes the directory again, if nothing was written.
    pub fn abandon(self) {
        self.held.abandon();
    }

    /// Writes record, page and figures, and gives the page's path; `words` are the overrides as written.
    ///
    /// # Errors
    /// Those of [`crate::landscape()`]; files that cannot be written.
    pub fn write(
        &self,
        spec: &LandscapeSpec,
        found: &Landscape,
        words: &[String],
    ) -> Result<Utf8PathBuf, Error> {
        let record = record(spec, found, words)?;
        record_page::write(&self.dir, &self.held, &record)
    }
}

/// Whether a directory holds the record of a landscape.
pub fn is_landscape(dir: &Utf8Path) -> bool {
    dir.join(RECORD).exists()
}

/// Rebuilds the page of a landscape from its record.
pub(crate) fn redraw(dir: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    record_page::redraw::<LandscapePage>(dir)
}

impl RecordPage for LandscapePage {
    const RECORD: &'static str = RECORD;

    fn flaw(&self) -> Option<&'static str> {
        (!self.is_consistent()).then_some("lengths or numbers do not fit together")
    }

    fn html(&self) -> String {
        landscape_page(self)
    }

    fn figures(&self) -> Vec<(String, String)> {
        landscape_figures(self)
    }
}

fn record(
    spec: &LandscapeSpec,
    found: &Landscape,
    words: &[String],
) -> Result<LandscapePage, Error> {
    let started = std::time::Instant::now();
    let slice = slice(spec, found)?;
    let plan = spec.plan()?;
    let (description, cyclic) = match &spec.data {
        Some(path) => (format!("{path}: {} classes", found.order), None),
        None => {
            let task = Task::from_plan(&plan, &read_file)?;
            let cyclic = task.group().and_then(|g| g.cyclic_factors());
            (task.describe(), cyclic)
        }
    };
    let convention = if found.activation == "square" {
        format!(" = {}", found.convention)
    } else {
        String::new()
    };
    Ok(LandscapePage {
        task: found.task.clone(),
        description,
        order: found.order,
        unit: found.unit.to_owned(),
        cyclic,
        activation: format!("{}{convention}", found.activation),
        starts: found.starts,
        unconverged: found.unconverged,
        no_features: found.no_features.clone(),
        peaks: families(found),
        samples: found.memorising.iter().map(heights).collect(),
        borders: found
            .borders
            .iter()
            .map(|b| PeakBorder {
                energy: b.energy.clone(),
                crossing: b.crossing.clone(),
                survival_half: b.survival_half.clone(),
            })
            .collect(),
        slice,
        provenance: lines(&plan),
        command: crate::page::command_line("landscape", words),
        seconds: found.seconds + started.elapsed().as_secs_f64(),
    })
}

fn families(found: &Landscape) -> Vec<PeakFamily> {
    let levels = found.levels.iter().enumerate();
    levels
        .map(|(rank, level)| family(peak_name(found, rank, level), level))
        .collect()
}

fn family(name: Option<String>, level: &Level) -> PeakFamily {
    PeakFamily {
        name,
        kind: level.kind.map(str::to_owned),
        dim: level.dim,
        energy: level.energy,
        height: level.energy_over_order,
        theory: level.expected.map(|p| p.energy_over_order),
        nullity: level.nullity,
        theory_nullity: level.expected.map(|p| p.nullity),
        softest: Some(level.softest).filter(|s| s.is_finite()),
        rising: level.rising,
        places: level.places,
        count: level.count,
        basin: level.basin,
        basin_low: level.basin_low,
        basin_high: level.basin_high,
    }
}

fn heights(sample: &Sample) -> SampleHeights {
    let h = &sample.heights;
    let kinds = [("token", h.token), ("pair", h.pair), ("spread", h.spread)];
    let highest = kinds.iter().find(|k| k.1.is_some() && k.1 == h.memorising);
    SampleHeights {
        energy: sample.energy.clone(),
        seed: sample.seed,
        kept: sample.train_fraction,
        rows: sample.train_size,
        generalising: h.generalising,
        memorising: h.memorising,
        nature: highest.map(|k| k.0.to_owned()),
        survival: h.survival,
        basin: h.basin,
        basin_low: h.basin_low,
        basin_high: h.basin_high,
    }
}

/// Where and by what it was made.
fn lines(plan: &RunPlan) -> Vec<(String, String)> {
    let here = provenance::here(plan);
    let commit = here.commit.unwrap_or_else(|| "unknown".into());
    [
        ("version", here.version),
        ("commit", commit),
        ("host", here.host),
        ("threads", here.threads.to_string()),
        ("plan hash", here.plan_hash),
        ("written", here.started),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
