//! From a look into a network to its record beside the run, and to the section of the run's page.

use crate::error::Error;
use crate::files::Sources;
use crate::lab::Lab;
use crate::microscope::{Microscopy, Moment};
use crate::record_file;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::microscope::{FormulaReport, Node, Nodes, Term};
use dunwu_core::RunPlan;
use dunwu_report::{Circle, Learned, LearnedFeature, LearnedFormula, LearnedMoment, LearnedTerm};
use dunwu_store::RunDir;
use std::f64::consts::TAU;

/// The file of the record.
const RECORD: &str = "learned.json";
/// Nodes drawn on a circle at most.
const DRAWN: usize = 64;
/// Largest distance, in turns, of an outgoing place from the sum of the incoming ones that counts as none.
const IN_TUNE: f64 = 0.05;

/// Keeps what a look into a network found beside its run, and rebuilds the run's page with it.
///
/// # Errors
/// A directory that holds no run, is in use, or cannot be written.
pub fn keep_learned(dir: &Utf8Path, seen: &Microscopy) -> Result<Utf8PathBuf, Error> {
    let held = RunDir::resume(dir)?;
    let reader = RunDir::open(dir)?;
    let lab = Lab::new(reader.plan(), Sources::recorded(&reader)?)?;
    let record = record(&lab, seen)?;
    record_file::keep(&held, RECORD, reader.plan(), &record)?;
    // The page takes the lock for itself.
    drop(held);
    crate::lab::report(dir)
}

/// The record of a run directory, and why there is none if it cannot be read or is of another plan.
pub(crate) fn stored(dir: &Utf8Path, plan: &RunPlan) -> (Option<Learned>, Option<String>) {
    record_file::stored(dir, RECORD, plan, Learned::is_consistent)
}

fn record(lab: &Lab<'_>, seen: &Microscopy) -> Result<Learned, Error> {
    let data = lab.dataset(seen.seed)?;
    let last = &seen.last;
    let group = lab.task.group().filter(|g| g.is_group());
    let cyclic = group.and_then(|g| g.cyclic_factors());
    let accuracy = |score: &dunwu_analysis::microscope::Score| {
        Some(score.accuracy).filter(|a| score.rows > 0 && a.is_finite())
    };
    let skipped = last
        .skipped
        .iter()
        .map(|s| format!("{}: {}", s.what, s.why));
    Ok(Learned {
        epoch_updates: lab.plan.epoch_updates,
        seed: seen.seed,
        epoch: last.epoch,
        order: data.classes,
        rows: [data.len(), data.train.len()],
        label_noise: lab.plan.label_noise,
        accuracy: [accuracy(&last.scores.train), accuracy(&last.scores.test)],
        nodes: [last.nodes.live, last.nodes.pure],
        features: last
            .coverage
            .features
            .iter()
            .map(|f| LearnedFeature {
                name: f.name.clone(),
                nodes: f.nodes,
                voice: f.voice,
            })
            .collect(),
        circles: cyclic
            .as_ref()
            .map_or_else(Vec::new, |orders| circles(&last.nodes, orders)),
        cyclic,
        formula: last.formula.as_ref().map(formula),
        moments: seen.moments.iter().map(moment).collect(),
        missing: skipped.chain(last.description.missing.clone()).collect(),
    })
}

fn formula(report: &FormulaReport) -> LearnedFormula {
    let c = &report.candidate;
    LearnedFormula {
        terms: report.terms.iter().map(term).collect(),
        r2: report.r2,
        short: c.terms.iter().map(term).collect(),
        bits: c.bits,
        accuracy: c.accuracy,
        agreement: c.agreement,
        holds: report.holds,
        why: report.why.clone(),
    }
}

/// A pair of conjugates has twice its amplitude.
fn term(term: &Term) -> LearnedTerm {
    let pair = if term.phase.is_some() { 2.0 } else { 1.0 };
    LearnedTerm {
        name: term.name.clone(),
        amplitude: pair * term.amplitude,
        phase: term.phase,
        share: term.share,
    }
}

fn moment(moment: &Moment) -> LearnedMoment {
    let lengths = moment.description.rivals.iter();
    LearnedMoment {
        epoch: moment.epoch,
        stage: moment.stage.clone(),
        covered: moment.covered,
        formula_holds: moment.formula_holds,
        lengths: lengths
            .map(|r| (r.name.clone(), r.total, r.exceptions))
            .collect(),
        shortest: moment.description.shortest.clone(),
        // The constant feature is the first, and no feature to be learned.
        gradient: moment.gradient.as_ref().map(|g| g[1..].to_vec()),
    }
}

fn circles(nodes: &Nodes, orders: &[usize]) -> Vec<Circle> {
    let mut out: Vec<(f64, Circle)> = Vec::new();
    for (k, name) in nodes.names.iter().enumerate().skip(1) {
        let Some(frequency) = frequency(name).filter(|f| f.len() == orders.len()) else {
            continue;
        };
        let mut own: Vec<&Node> = nodes
            .nodes
            .iter()
            .filter(|n| n.is_pure() && n.feature == k)
            .collect();
        own.sort_by(|a, b| b.voice().total_cmp(&a.voice()));
        if own.is_empty() {
            continue;
        }
        let loud = own.iter().map(|n| n.voice()).sum();
        out.push((
            loud,
            Circle {
                name: name.clone(),
                frequency,
                nodes: own.len(),
                places: own.iter().filter_map(|n| places(n)).take(DRAWN).collect(),
                in_tune: in_tune(&own),
            },
        ));
    }
    out.sort_by(|a, b| b.0.total_cmp(&a.0));
    out.into_iter().map(|c| c.1).collect()
}

/// `amplitude · cos(angle + phase)` is largest at minus the phase; in turns.
fn places(node: &Node) -> Option<Vec<f64>> {
    let waves = node.waves.as_ref()?;
    let all = waves.operands.iter().chain(waves.readout.as_ref());
    let turn = |phase: f64| ((-phase / TAU).rem_euclid(1.0) * 1e4).round() / 1e4;
    waves.readout.as_ref()?;
    Some(all.map(|w| turn(w.phase)).collect())
}

fn in_tune(nodes: &[&Node]) -> Option<f64> {
    let relations: Vec<f64> = nodes
        .iter()
        .filter_map(|n| n.waves.as_ref()?.relation)
        .collect();
    let good = relations
        .iter()
        .filter(|r| r.abs() <= IN_TUNE * TAU)
        .count();
    (!relations.is_empty()).then(|| good as f64 / relations.len() as f64)
}

/// The numbers of `k=3` or `(1,3)`.
fn frequency(name: &str) -> Option<Vec<usize>> {
    let inner = match name.strip_prefix("k=") {
        Some(k) => k,
        None => name.strip_prefix('(')?.strip_suffix(')')?,
    };
    inner.split(',').map(|k| k.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_analysis::microscope::Transforms;
    use dunwu_core::RunSpec;
    use dunwu_task::{NO_FILES, Task};

    /// Places on the circles are where element x of frequency k stands at k·x/M turns.
    #[test]
    fn a_wave_is_largest_at_its_place() {
        for (task, name, turns) in [
            ("Z7", "k=2", vec![(2, 7)]),
            ("Z4xZ7", "(1,3)", vec![(1, 4), (3, 7)]),
        ] {
            let plan = RunSpec::from_overrides([format!("task={task}")])
                .unwrap()
                .resolve()
                .unwrap();
            let task = Task::from_plan(&plan, NO_FILES).unwrap();
            let (group, features) = (task.group().unwrap(), task.features().unwrap());
            let orders = group.cyclic_factors().unwrap();
            let place = |x: usize| {
                let (mut rest, mut sum) = (x, 0.0);
                for ((k, n), order) in turns.iter().zip(&orders).rev() {
                    assert_eq!(n, order);
                    sum += (k * (rest % n)) as f64 / *n as f64;
                    rest /= n;
                }
                sum
            };
            let w: Vec<f64> = (0..group.order())
                .map(|x| (TAU * (place(x) - 0.15)).cos())
                .collect();
            let feature = features.names.iter().position(|n| n == name).unwrap();
            let wave = Transforms::of(Some(group), &features)
                .wave(feature, &w)
                .unwrap();
            assert!((wave.amplitude - 1.0).abs() < 1e-9, "{name}");
            assert!((wave.phase / TAU + 0.15).abs() < 1e-9, "{name}: {wave:?}");
        }
    }
}
