//! Checks that train nothing: identities and exact statements.

pub(super) mod gradient;
pub(super) mod peaks;

use super::kinds::{Found, Measure, Statistic};
use super::stage::{Halt, Stage};
use crate::error::{Error, failed};
use dunwu_analysis::known::addition::{Addition, scaling};
use dunwu_analysis::known::collection::{Optimizer, collect};
use dunwu_analysis::known::missing::{ascents, character_product, isotypic};
use dunwu_analysis::known::one_label::{Ascents, OneLabel};
use dunwu_analysis::known::race::Race;
use dunwu_analysis::known::reconstruction::{Reconstruction, characters, reconstruct};
use dunwu_analysis::known::repulsion::{Interaction, Signs};
use dunwu_core::{Dataset, RunSpec, Seed};
use dunwu_task::{Features, Group, NO_FILES, Options, Task};
use faer::Mat;
use serde::Deserialize;

pub(super) const ADDITION: &[&str] = &["accuracy", "broken", "slope"];
pub(super) const COLLECTION: &[&str] = &["excess", "ratio"];
pub(super) const MISSING: &[&str] = &["learned", "learned_by_product"];
pub(super) const ONE_LABEL: &[&str] = &["distance", "ordered", "overlap", "stationarity", "value"];
pub(super) const RACE: &[&str] = &["foretold", "off"];
pub(super) const RECONSTRUCTION: &[&str] = &["elsewhere", "residual", "share_off"];
pub(super) const REPULSION: &[&str] = &["opposite", "pairs"];

fn task(name: &str) -> Result<Task, Error> {
    Ok(Task::parse(name, &Options::default(), NO_FILES)?)
}

fn group(task: &Task) -> Result<&Group, Error> {
    let none = || failed(format!("`{}` is no group", task.name()));
    task.group().ok_or_else(none)
}

fn features(task: &Task) -> Result<Features, Error> {
    task.try_features().map_err(|e| failed(e.to_string()))
}

fn full_table(task: &Task) -> Result<Dataset, Error> {
    let words = [format!("task={}", task.name()), "train_fraction=1".into()];
    let plan = RunSpec::from_overrides(words)?.resolve()?;
    Ok(task.dataset(&plan, 0, NO_FILES)?)
}

/// A network in closed form, with its constraint on the phases and without.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClosedForm {
    modulus: usize,
    /// Widths at which every answer is looked at.
    widths: Vec<usize>,
    /// Networks of each width.
    seeds: u64,
    /// Widths over which the noise falls.
    noise_widths: Vec<usize>,
}

impl Measure for ClosedForm {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut least, mut broken) = (1f64, 0f64);
        for width in &self.widths {
            for seed in 0..self.seeds {
                let with = |jitter: f64| Addition {
                    modulus: self.modulus,
                    width: *width,
                    jitter,
                    seed,
                };
                least = least.min(with(0.0).answers()?.accuracy);
                broken = broken.max(with(std::f64::consts::PI).answers()?.accuracy);
            }
        }
        let noise = scaling(self.modulus, &self.noise_widths, self.seeds)?;
        Ok(vec![Found::of(vec![
            Statistic::number("accuracy", least),
            Statistic::number("broken", broken),
            Statistic::number("slope", noise.slope.value),
        ])])
    }
}

/// Nodes until every feature has one, for each set of rates.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collect {
    rates: Vec<Vec<f64>>,
    shape: f64,
    runs: usize,
    /// Share of their rate at which learned features grow.
    slowness: Vec<f64>,
    /// Runs in which Muon's polar factor is integrated; 0 for none.
    muon_runs: usize,
}

impl Measure for Collect {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut off, mut excess) = (0f64, f64::NEG_INFINITY);
        for rates in &self.rates {
            for slowness in &self.slowness {
                let slowed = Optimizer::Slowed(*slowness);
                let found = collect(rates, self.shape, slowed, self.runs, 1)?;
                off = off.max((found.nodes.value / found.predicted - 1.0).abs());
            }
            if self.muon_runs > 0 {
                let muon = Optimizer::Muon(1.0);
                let found = collect(rates, self.shape, muon, self.muon_runs, 1)?;
                excess = excess.max(found.nodes.high - found.predicted);
            }
        }
        Ok(vec![Found::of(vec![
            Statistic::number("ratio", off),
            Statistic::number("excess", excess),
        ])])
    }
}

/// Ascents of the residual energy, for each task with each set of removed features.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Missing {
    cases: Vec<Case>,
    starts: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    task: String,
    removed: Vec<usize>,
}

impl Measure for Missing {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut learned, mut by_product) = (0, 0);
        for case in &self.cases {
            let task = task(&case.task)?;
            let (data, features) = (full_table(&task)?, features(&task)?);
            let ends = |projector: &Mat<f64>| {
                ascents(&data, &features, &case.removed, projector, self.starts, 11)
            };
            let right = ends(&isotypic(&features, &case.removed)?)?;
            learned += right.starts - right.missing;
            let product = character_product(group(&task)?, &features, &case.removed)?;
            by_product += ends(&product)?.learned;
        }
        Ok(vec![Found::of(vec![
            Statistic::number("learned", learned as f64),
            Statistic::number("learned_by_product", by_product as f64),
        ])])
    }
}

/// Ascents with one label, for each task and activation; the worst of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneLabelAscents {
    tasks: Vec<String>,
    activations: Vec<String>,
    starts: usize,
    /// Seeds of the weights p.
    seeds: u64,
}

impl OneLabelAscents {
    fn all(&self) -> Result<Vec<Ascents>, Halt> {
        let mut all = Vec::new();
        for name in &self.tasks {
            let task = task(name)?;
            let group = group(&task)?;
            for activation in &self.activations {
                let plan =
                    RunSpec::from_overrides([format!("activation={activation}")])?.resolve()?;
                let activation = plan.activation;
                for seed in 0..self.seeds {
                    let p = shares(group.order(), seed);
                    let product = group.order() - 1;
                    let rows = OneLabel::new(group, product, &p, activation, [0.0, 1.0])?;
                    all.push(rows.ascents(self.starts, seed));
                }
            }
        }
        Ok(all)
    }
}

/// Weights that sum to 1, as different as uniform draws are.
fn shares(count: usize, seed: u64) -> Vec<f64> {
    let mut draws = Seed(seed).draws("one label");
    let raw: Vec<f64> = (0..count).map(|_| 0.1 + draws.unit()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|p| p / sum).collect()
}

impl Measure for OneLabelAscents {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let all = self.all()?;
        let most = |pick: fn(&Ascents) -> f64| all.iter().map(pick).fold(0.0, f64::max);
        let least = |pick: fn(&Ascents) -> f64| all.iter().map(pick).fold(f64::INFINITY, f64::min);
        Ok(vec![Found::of(vec![
            Statistic::number("distance", most(|a| a.distance)),
            Statistic::number("ordered", least(|a| a.ordered as f64 / a.starts as f64)),
            Statistic::number("overlap", least(|a| a.overlap)),
            Statistic::number("stationarity", most(|a| a.stationarity)),
            Statistic::number("value", most(|a| a.value)),
        ])])
    }
}

/// Races of features, for each set of rates; the worst of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Races {
    rates: Vec<Vec<f64>>,
    shapes: Vec<f64>,
    power: u32,
    runs: usize,
}

impl Measure for Races {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut foretold, mut off) = (1f64, 0f64);
        for rates in &self.rates {
            for shape in &self.shapes {
                let race = Race {
                    rates: rates.clone(),
                    shape: *shape,
                    power: self.power,
                };
                let found = race.winners(self.runs, 5)?;
                foretold = foretold.min(found.by_product as f64 / found.runs as f64);
                for chance in &found.chances {
                    off = off.max((chance.share.value - chance.predicted).abs());
                }
            }
        }
        Ok(vec![Found::of(vec![
            Statistic::number("foretold", foretold),
            Statistic::number("off", off),
        ])])
    }
}

/// Tables rebuilt from 2(M − 1) nodes of characters, and from all but those of one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rebuild {
    tasks: Vec<String>,
}

impl Measure for Rebuild {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut residual, mut elsewhere, mut share_off) = (0f64, 0f64, 0f64);
        for name in &self.tasks {
            let task = task(name)?;
            let group = group(&task)?;
            let rebuilt = |without: &[usize]| -> Result<Reconstruction, Halt> {
                Ok(reconstruct(&task, &characters(group, without)?)?)
            };
            residual = residual.max(rebuilt(&[])?.residual);
            let one = 1.0 / (group.order() - 1) as f64;
            for k in 1..group.order() {
                let found = rebuilt(&[k])?;
                let most = found.left_by_feature.iter().copied().fold(0.0, f64::max);
                elsewhere = elsewhere.max(1.0 - most);
                share_off = share_off.max((found.left - one).abs());
            }
        }
        Ok(vec![Found::of(vec![
            Statistic::number("residual", residual),
            Statistic::number("elsewhere", elsewhere),
            Statistic::number("share_off", share_off),
        ])])
    }
}

/// Signs of interactions, for Gaussian activations, nearly equal ones, rectified and squared ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repel {
    /// Rows and nodes.
    sizes: Vec<[usize; 2]>,
    eta: Vec<f64>,
    threshold: f64,
}

impl Measure for Repel {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut pairs, mut opposite) = (0, 0);
        for [n, k] in &self.sizes {
            for eta in &self.eta {
                for f in activations(*n, *k) {
                    let Signs {
                        pairs: p,
                        opposite: o,
                        ..
                    } = Interaction::of(f.as_ref(), *eta)?.signs(self.threshold);
                    pairs += p;
                    opposite += o;
                }
            }
        }
        let share = opposite as f64 / pairs.max(1) as f64;
        Ok(vec![Found::of(vec![
            Statistic::number("opposite", share),
            Statistic::number("pairs", pairs as f64),
        ])])
    }
}

fn activations(n: usize, k: usize) -> [Mat<f64>; 4] {
    let mut draws = Seed((n * 1000 + k) as u64).draws("repulsion");
    let raw = Mat::from_fn(n, k, |_, _| draws.normal());
    // Every second column repeats its neighbour up to a little noise.
    let alike = Mat::from_fn(n, k, |i, j| raw[(i, j - j % 2)] + 0.01 * raw[(i, j)]);
    let rectified = Mat::from_fn(n, k, |i, j| raw[(i, j)].max(0.0));
    let squared = Mat::from_fn(n, k, |i, j| alike[(i, j)].powi(2));
    [raw, alike, rectified, squared]
}
