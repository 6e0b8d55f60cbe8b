//! Heights of the energy that single nodes climb.

use super::super::kinds::{Found, Measure, Statistic};
use super::super::stage::{Halt, Stage};
use super::super::verdict::Reading;
use super::task;
use crate::landscape::{Landscape, LandscapeSpec, landscape};
use dunwu_analysis::landscape::Problem;
use dunwu_core::{Activation, RunSpec, shell_word};
use dunwu_task::NO_FILES;
use serde::Deserialize;
use std::collections::BTreeMap;

pub(in super::super) const LEVELS: &[&str] = &["lost", "missing", "off", "paper_off"];
pub(in super::super) const SURVIVAL: &[&str] = &["ratio", "share", "overtakes"];
pub(in super::super) const TOKEN: &[&str] = &["off"];

fn look(words: &[String]) -> Result<Landscape, Halt> {
    Ok(landscape(&LandscapeSpec::from_overrides(words)?, &|_| ())?)
}

fn command(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|w| shell_word(w)).collect();
    format!("dunwu landscape {}", words.join(" "))
}

/// Heights E/M of the full table against those listed, in both conventions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Levels {
    /// By task, the heights with σ = x².
    levels: BTreeMap<String, Vec<f64>>,
    starts: usize,
    /// How near two heights are the same.
    near: f64,
}

impl Levels {
    fn words(&self, task: &str, convention: &str) -> Vec<String> {
        vec![
            format!("task={task}"),
            format!("starts={}", self.starts),
            format!("convention={convention}"),
        ]
    }

    /// Largest distance of a found height from the listed ones, listed ones that were not found, starts that did
    /// not arrive.
    fn against(&self, found: &Landscape, wanted: &[f64]) -> (f64, usize, usize) {
        let heights: Vec<f64> = found.levels.iter().map(|l| l.energy_over_order).collect();
        let nearest = |x: f64, to: &[f64]| {
            let distances = to.iter().map(|y| (x - y).abs());
            distances.fold(f64::INFINITY, f64::min)
        };
        let off = heights
            .iter()
            .map(|h| nearest(*h, wanted))
            .fold(0.0, f64::max);
        let missing = wanted.iter().filter(|w| nearest(**w, &heights) > self.near);
        (off, missing.count(), found.unconverged)
    }
}

impl Measure for Levels {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (task, wanted) in &self.levels {
            let ours = look(&self.words(task, "x^2"))?;
            let (off, missing, lost) = self.against(&ours, wanted);
            let quarter: Vec<f64> = wanted.iter().map(|h| h / 4.0).collect();
            let paper = look(&self.words(task, "x^2/2"))?;
            let (paper_off, paper_missing, paper_lost) = self.against(&paper, &quarter);
            found.push(Found {
                at: format!("task={task}"),
                statistics: vec![
                    Statistic::number("off", off),
                    Statistic::number("paper_off", paper_off),
                    Statistic::number("missing", (missing + paper_missing) as f64),
                    Statistic::number("lost", (lost + paper_lost) as f64),
                ],
            });
        }
        Ok(found)
    }

    fn commands(&self) -> Vec<String> {
        let tasks = self.levels.keys();
        tasks.map(|t| command(&self.words(t, "x^2"))).collect()
    }
}

/// Where half of the full table's peaks survive on a sample, by task, against a formula or a range.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Survival {
    /// By task, the shares looked at, as `a:b:n`.
    fractions: BTreeMap<String, String>,
    energy: String,
    seeds: u64,
    starts: usize,
}

impl Survival {
    fn words(&self, task: &str, fractions: &str) -> Vec<String> {
        vec![
            format!("task={task}"),
            format!("train_fraction={fractions}"),
            format!("energies={}", self.energy),
            format!("seeds={}", self.seeds),
            format!("starts={}", self.starts),
        ]
    }
}

/// The middle of those that there are, if all are.
fn median(values: &[Option<f64>]) -> Option<f64> {
    let mut all: Vec<f64> = values.iter().copied().collect::<Option<_>>()?;
    all.sort_by(f64::total_cmp);
    let half = all.len() / 2;
    match all.len() {
        0 => None,
        n if n % 2 == 1 => Some(all[half]),
        _ => Some(0.5 * (all[half - 1] + all[half])),
    }
}

impl Measure for Survival {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (task, fractions) in &self.fractions {
            let seen = look(&self.words(task, fractions))?;
            let border = &seen.borders[0];
            let share = median(&border.survival_half);
            let crossing = median(&border.crossing);
            let root = (2.0 / seen.order as f64).sqrt();
            let why = "no crossing within the shares looked at";
            found.push(Found {
                at: format!("task={task}"),
                statistics: vec![
                    Statistic::of("share", Reading::number(share, why)),
                    Statistic::of("ratio", Reading::number(share.map(|s| s / root), why)),
                    Statistic::of(
                        "overtakes",
                        Reading::number(crossing.map(|c| c / root), why),
                    ),
                ],
            });
        }
        Ok(found)
    }

    fn commands(&self) -> Vec<String> {
        let all = self.fractions.iter();
        all.map(|(task, f)| command(&self.words(task, f))).collect()
    }
}

/// E(e_g)/(p²M) of single tokens against (1 − p)/(2p), averaged over all tokens of a split.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct TokenHeight {
    tasks: Vec<String>,
    fractions: Vec<f64>,
    seeds: u64,
}

impl TokenHeight {
    fn off(&self, name: &str, fraction: f64, seed: u64) -> Result<f64, Halt> {
        let words = [format!("task={name}"), format!("train_fraction={fraction}")];
        let plan = RunSpec::from_overrides(words)?.resolve()?;
        let data = task(name)?.dataset(&plan, seed, NO_FILES)?;
        let problem = Problem::of_rows(&data, &data.train, Activation::Square, [0.0, 1.0])?;
        let dim = problem.dim();
        let token = |g: usize| {
            let w: Vec<f64> = (0..dim).map(|i| if i == g { 1.0 } else { 0.0 }).collect();
            problem.energy(&w)
        };
        let mean = (0..dim).map(token).sum::<f64>() / dim as f64;
        let kept = data.train.len() as f64 / data.len() as f64;
        let height = mean / (kept * kept * data.classes as f64);
        Ok(height / ((1.0 - kept) / (2.0 * kept)) - 1.0)
    }
}

impl Measure for TokenHeight {
    fn measure(&self, _: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for name in &self.tasks {
            for fraction in &self.fractions {
                let mut worst = 0f64;
                for seed in 0..self.seeds {
                    let off = self.off(name, *fraction, seed)?;
                    worst = if off.abs() > worst.abs() { off } else { worst };
                }
                found.push(Found {
                    at: format!("task={name} train_fraction={fraction}"),
                    statistics: vec![Statistic::number("off", worst)],
                });
            }
        }
        Ok(found)
    }
}
