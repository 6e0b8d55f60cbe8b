//! Sides of a comparison, from their plans to a record and a page.

mod gradients;
mod likeness;
mod look;
mod runs;
mod spec;

use crate::error::{Error, Kind};
use crate::files::Sources;
use crate::lab::{Control, Lab};
use crate::provenance;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::compare::{
    Choice, Conclusion, Scene, Side, Tried, choose, compare as times, conclude, stands_for,
};
use dunwu_core::{NamedTensor, Needs, PlanError, RunPlan};
use dunwu_report::{ComparePage, ComparedSide, Gradients, Pairing, compare_figures, compare_page};
use dunwu_store::{RecordDir, StoreError, read_record};
use likeness::Trained;
use look::look;
use runs::{Job, Runs};
use serde_json::{Value, json};
pub use spec::{COMPARE_KEYS, CompareKey, CompareSide, CompareSpec, Tune};
use std::time::Instant;

/// What was asked for.
const PLAN: &str = "plan.json";
/// Cosines of gradients, which cost a run to find.
const GRADIENTS: &str = "gradients.json";
/// What was found.
const RECORD: &str = "compare.json";
/// The page.
const PAGE: &str = "index.html";

/// The control's learning rate over that of the first side.
const STEP: f64 = 3.0;
/// Seeds whose networks are looked into, and of wide networks.
const LOOKED: usize = 5;
const LOOKED_WIDE: usize = 3;
/// Nodes from which a network is wide.
const WIDE: usize = 512;

/// A directory that holds a comparison.
#[derive(Debug)]
pub struct CompareDir {
    dir: Utf8PathBuf,
    held: RecordDir,
}

impl CompareDir {
    /// Makes the directory and writes down what is asked for.
    ///
    /// # Errors
    /// Sides that differ in a key that changes nothing of them; a directory that holds something or is in use, or that
    /// cannot be written.
    pub fn create(dir: &Utf8Path, spec: &CompareSpec) -> Result<Self, Error> {
        let keys = spec.keys.iter().map(String::as_str);
        if let Some((key, why)) = spec.idle_among(keys).first() {
            let why = format!("changes nothing on any side: {why}; leave it out");
            return Err(PlanError::new(*key, why).into());
        }
        let held = RecordDir::create(dir)?;
        let plan = json!({ "words": spec.words, "inputs": inputs(spec) });
        held.write_record(PLAN, &plan)?;
        let dir = dir.to_owned();
        Ok(Self { dir, held })
    }

    /// Takes hold of a directory and reads what was asked for there; `words`, if there are any, must be the same,
    /// but for `threads`.
    ///
    /// # Errors
    /// A directory that holds no comparison or another one, is in use, damaged, or made by a newer version; a file
    /// named in a plan that has changed.
    pub fn resume(dir: &Utf8Path, words: &[String]) -> Result<(Self, CompareSpec), Error> {
        let held = RecordDir::open(dir, PLAN)?;
        let damaged = |why: &str| StoreError::damaged(&dir.join(PLAN), why);
        let plan = read_record(dir, PLAN)?.ok_or_else(|| damaged("it is gone"))?;
        let stored: Vec<String> = serde_json::from_value(plan["words"].clone())
            .map_err(|_| damaged("its words are no texts"))?;
        let is_threads = |w: &&String| w.trim_start().starts_with("threads=");
        let rest = |words: &[String]| -> Vec<String> {
            let mut all: Vec<String> = words.iter().filter(|w| !is_threads(w)).cloned().collect();
            all.sort();
            all
        };
        let mut wanted = stored.clone();
        if !rest(words).is_empty() && rest(words) != rest(&stored) {
            let before = rest(&stored);
            let new = rest(words).into_iter().filter(|w| !before.contains(w));
            let keys = new.collect::<Vec<_>>().join(" ");
            let keys = if keys.is_empty() {
                "these words".to_owned()
            } else {
                keys
            };
            let dir = dir.to_owned();
            return Err(Kind::Differs { dir, keys }.into());
        }
        if let Some(threads) = words.iter().find(is_threads) {
            wanted.retain(|w| !is_threads(&w));
            wanted.push(threads.clone());
        }
        let mut spec = CompareSpec::from_words(&wanted)?;
        spec.words = stored;
        if inputs(&spec) != plan["inputs"] {
            let why = "names a file that has changed since the comparison began; start anew with another --out";
            return Err(PlanError::new("task", why).into());
        }
        let dir = dir.to_owned();
        Ok((Self { dir, held }, spec))
    }

    /// The directory.
    pub fn path(&self) -> &Utf8Path {
        &self.dir
    }

    /// Lets go of a directory in which nothing was done yet, and removes what it holds.
    pub fn abandon(self) {
        if !self.dir.join("runs.jsonl").exists() {
            let _ = std::fs::remove_file(self.dir.join(PLAN));
            self.held.abandon();
        }
    }
}

/// Sums over the files that the sides name.
fn inputs(spec: &CompareSpec) -> Value {
    let of = |plan: &RunPlan| -> Vec<Value> {
        let inputs = Sources::now(plan).inputs(plan);
        inputs
            .iter()
            .map(|i| json!({ "key": i.key, "checksum": i.checksum }))
            .collect()
    };
    spec.sides
        .iter()
        .map(|s| Value::from(of(&s.plan)))
        .collect()
}

/// Whether a directory holds the record of a comparison.
pub fn is_comparison(dir: &Utf8Path) -> bool {
    dir.join(RECORD).exists()
}

/// Rebuilds page and figures from the record, and gives the page's path.
pub(crate) fn rebuild(dir: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    draw(dir, &RecordDir::open(dir, RECORD)?)?;
    Ok(dir.join(PAGE))
}

/// Everything is read back from the disk: what is drawn is what is stored.
fn draw(dir: &Utf8Path, held: &RecordDir) -> Result<ComparePage, Error> {
    let damaged = |why: String| StoreError::damaged(&dir.join(RECORD), why);
    let value = read_record(dir, RECORD)?.ok_or_else(|| damaged("it is gone".into()))?;
    let page: ComparePage = serde_json::from_value(value).map_err(|e| damaged(e.to_string()))?;
    if !page.is_consistent() {
        return Err(damaged("lengths or numbers do not fit together".into()).into());
    }
    held.write(PAGE, &compare_page(&page))?;
    for (name, svg) in compare_figures(&page) {
        held.write(&format!("figures/{name}"), &svg)?;
    }
    Ok(page)
}

/// Tunes, runs and compares the sides; `tell` hears what is done and how much of all, in [0, 1]. None if it was
/// interrupted: what is finished is kept.
///
/// # Errors
/// A plan that cannot be run or does not fit in memory, files that cannot be written.
pub fn compare(
    spec: &CompareSpec,
    dir: &CompareDir,
    control: &Control<'_>,
    tell: &(dyn Fn(&str, f64) + Sync),
) -> Result<Option<ComparePage>, Error> {
    let started = Instant::now();
    let labs = labs(spec)?;
    let pairing = pairing(spec, &labs)?;
    let runs = Runs::open(dir, epochs(spec), tell)?;
    let work = Work {
        spec,
        labs: &labs,
        runs: &runs,
        control,
    };
    let Some(choices) = work.tune()? else {
        return Ok(None);
    };
    let arms = work.arms(choices.as_deref());
    if runs.run(
        "comparing",
        &arms.iter().flat_map(|a| work.jobs(a)).collect::<Vec<_>>(),
        control,
    )? {
        return Ok(None);
    }
    let gradients = match work.gradients(dir, &arms)? {
        Some(gradients) => gradients,
        None => return Ok(None),
    };
    runs.now("looking");
    let mut page = work.page(&arms, choices, pairing, gradients)?;
    let earlier = read_record(&dir.dir, RECORD)?.and_then(|r| r["seconds"].as_f64());
    page.seconds = earlier.unwrap_or(0.0).max(started.elapsed().as_secs_f64());
    let value = serde_json::to_value(&page).expect("a record is plain data");
    dir.held.write_record(RECORD, &value)?;
    draw(&dir.dir, &dir.held).map(Some)
}

/// Epochs of all runs together.
fn epochs(spec: &CompareSpec) -> u64 {
    let sides = spec.sides.len() as u64;
    let tuned: u64 = spec
        .sides
        .iter()
        .map(|s| (spec.grid(s).len() * spec.tuning_seeds().len()) as u64)
        .sum();
    let pairs = (sides + 1) * spec.seeds().len() as u64;
    let ways = if rival(spec).is_some() { 2 } else { 0 };
    (tuned + pairs + ways) * (spec.budget() + 1)
}

/// The first side whose loss is another than that of the first.
fn rival(spec: &CompareSpec) -> Option<usize> {
    let first = &spec.sides[0].plan;
    spec.sides.iter().position(|s| s.plan.loss != first.loss)
}

fn labs(spec: &CompareSpec) -> Result<Vec<Lab<'_>>, Error> {
    let lab = |side: &'_ CompareSide| -> Result<(), Error> {
        Lab::new(&side.plan, Sources::now(&side.plan))?.check_memory()
    };
    spec.sides.iter().try_for_each(lab)?;
    spec.sides
        .iter()
        .map(|s| Lab::new(&s.plan, Sources::now(&s.plan)))
        .collect()
}

/// What the two runs of a seed share, looked at on the first one.
fn pairing(spec: &CompareSpec, labs: &[Lab<'_>]) -> Result<Pairing, Error> {
    let seed = spec.seeds()[0];
    let mut seen: Vec<(Vec<u32>, Vec<NamedTensor>)> = Vec::new();
    let mut rows = Vec::new();
    for lab in labs {
        let data = lab.dataset(seed)?;
        let tensors = look(lab.plan, &data, seed, None, Needs::WEIGHTS)?;
        rows.push((data.vocab.clone(), data.tokens.clone(), data.labels.clone()));
        seen.push((data.train, tensors));
    }
    let (first, others) = seen.split_first().expect("there are two sides or more");
    let split = others.iter().all(|o| o.0 == first.0) && rows.iter().all(|r| *r == rows[0]);
    let same = |t: &&NamedTensor| others.iter().all(|o| o.1.contains(t));
    let mut names: Vec<String> = seen
        .iter()
        .flat_map(|s| &s.1)
        .map(|t| t.name.clone())
        .collect();
    names.sort();
    names.dedup();
    let start: Vec<String> = first
        .1
        .iter()
        .filter(same)
        .map(|t| t.name.clone())
        .collect();
    names.retain(|n| !start.contains(n));
    Ok(Pairing {
        split,
        start,
        start_differs: names,
    })
}

/// A side, or the control, with its learning rate.
struct Arm {
    name: String,
    set: Vec<String>,
    /// Place of the side among those of the spec.
    side: usize,
    control: bool,
    plan: RunPlan,
}

struct Work<'a> {
    spec: &'a CompareSpec,
    labs: &'a [Lab<'a>],
    runs: &'a Runs<'a>,
    control: &'a Control<'a>,
}

impl Work<'_> {
    /// The learning rate of each side; Some(None) where they are given, None if interrupted.
    fn tune(&self) -> Result<Option<Option<Vec<Choice>>>, Error> {
        let seeds = self.spec.tuning_seeds();
        if seeds.is_empty() {
            return Ok(Some(None));
        }
        let job = |plan: &RunPlan, lr: f64, seed: u64| Job {
            plan: RunPlan { lr, ..plan.clone() },
            seed,
            keep: false,
        };
        let mut jobs = Vec::new();
        for side in &self.spec.sides {
            for lr in self.spec.grid(side) {
                jobs.extend(seeds.iter().map(|seed| job(&side.plan, lr, *seed)));
            }
        }
        if self.runs.run("tuning", &jobs, self.control)? {
            return Ok(None);
        }
        let outcome = |plan: &RunPlan, lr: f64, seed: u64| {
            let kept = self.runs.get(&job(plan, lr, seed));
            kept.expect("every run of the queue is finished").outcome
        };
        let choice = |side: &CompareSide| {
            let tried = |lr: f64| {
                Tried::new(
                    lr,
                    seeds.iter().map(|s| outcome(&side.plan, lr, *s)).collect(),
                )
            };
            let tried = self.spec.grid(side).into_iter().map(tried).collect();
            choose(tried, side.plan.lr)
        };
        Ok(Some(Some(self.spec.sides.iter().map(choice).collect())))
    }

    /// The sides with their learning rates, and the control.
    fn arms(&self, choices: Option<&[Choice]>) -> Vec<Arm> {
        let lr = |i: usize| choices.map_or(self.spec.sides[i].plan.lr, |c| c[i].lr);
        let arm = |(side, s): (usize, &CompareSide)| Arm {
            name: s.name.clone(),
            set: s.set.iter().map(|(k, v)| format!("{k}={v}")).collect(),
            side,
            control: false,
            plan: RunPlan {
                lr: lr(side),
                ..s.plan.clone()
            },
        };
        let mut arms: Vec<Arm> = self.spec.sides.iter().enumerate().map(arm).collect();
        let first = &arms[0];
        arms.push(Arm {
            name: format!("{}, lr × 3", first.name),
            set: first.set.clone(),
            side: 0,
            control: true,
            plan: RunPlan {
                lr: STEP * first.plan.lr,
                ..first.plan.clone()
            },
        });
        arms
    }

    /// Seeds whose networks are looked into.
    fn looked(&self) -> Vec<u64> {
        let wide = self.spec.sides.iter().any(|s| s.plan.width > WIDE);
        let most = if wide { LOOKED_WIDE } else { LOOKED };
        self.spec.seeds().into_iter().take(most).collect()
    }

    fn jobs(&self, arm: &Arm) -> Vec<Job> {
        let looked = self.looked();
        let job = |seed: u64| Job {
            plan: arm.plan.clone(),
            seed,
            keep: looked.contains(&seed),
        };
        self.spec.seeds().into_iter().map(job).collect()
    }

    /// Cosines of the gradients of two losses, or why there are none; None if interrupted.
    fn gradients(
        &self,
        dir: &CompareDir,
        arms: &[Arm],
    ) -> Result<Option<Result<Gradients, String>>, Error> {
        let Some(other) = rival(self.spec) else {
            return Ok(Some(Err("the sides descend the same loss".to_owned())));
        };
        let damaged =
            |e: serde_json::Error| StoreError::damaged(&dir.dir.join(GRADIENTS), e.to_string());
        if let Some(found) = read_record(&dir.dir, GRADIENTS)? {
            self.runs.advance(2 * (self.spec.budget() + 1));
            return Ok(Some(Ok(serde_json::from_value(found).map_err(damaged)?)));
        }
        self.runs.now("gradients");
        let pair = [&arms[0], &arms[other]];
        let mut along = Vec::new();
        for (own, rival) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let data = self.labs[own.side].dataset(own.plan.seed)?;
            let way = gradients::along(
                &own.name,
                &own.plan,
                &rival.plan,
                &data,
                self.runs,
                self.control,
            )?;
            let Some(way) = way else {
                return Ok(None);
            };
            along.push(way);
        }
        let found = Gradients {
            losses: pair.map(|a| a.plan.loss.name().to_owned()),
            along,
        };
        let value = serde_json::to_value(&found).expect("cosines are plain data");
        dir.held.write_record(GRADIENTS, &value)?;
        Ok(Some(Ok(serde_json::from_value(value).map_err(damaged)?)))
    }

    fn page(
        &self,
        arms: &[Arm],
        choices: Option<Vec<Choice>>,
        pairing: Pairing,
        gradients: Result<Gradients, String>,
    ) -> Result<ComparePage, Error> {
        let sides: Vec<ComparedSide> = arms
            .iter()
            .map(|a| self.side(a, choices.as_deref()))
            .collect();
        let named = sides.iter().zip(arms).map(|(s, a)| Side {
            name: &s.name,
            loss: a.plan.loss.name(),
            runs: &s.runs,
        });
        let plan = &self.spec.sides[0].plan;
        let compared = times(&named.collect::<Vec<_>>(), self.spec.budget(), plan.seed);
        let (representations, no_representations) = parts(self.representations(arms)?);
        let (gradients, no_gradients) = parts(gradients);
        let real: Vec<String> = self.spec.sides.iter().map(|s| s.name.clone()).collect();
        let (control, others) = arms.split_last().expect("the control is the last arm");
        let is_control = others.iter().find(|a| a.plan == control.plan);
        let scene = Scene {
            sides: &real,
            lr: &sides.iter().map(|s| s.lr).collect::<Vec<_>>(),
            choices: choices.as_deref(),
            tuning_runs: self.spec.tuning_seeds().len(),
            control: &control.name,
            control_is: is_control.map(|a| a.name.as_str()),
            seeds: self.spec.seeds().len(),
            same_split: pairing.split,
            same_start: !pairing.start.is_empty(),
        };
        let mut conclusions = conclude(&scene, &compared);
        let shown = conclusions.partition_point(|c| c.shown);
        conclusions.splice(shown..shown, gradients.iter().flat_map(pulls));
        Ok(ComparePage {
            task: plan.task.clone(),
            description: self.labs[0].task.describe(),
            keys: self.spec.keys.clone(),
            shared: self.shared(),
            seeds: self.spec.seeds(),
            tuning_seeds: self.spec.tuning_seeds(),
            pairing,
            sides,
            compared,
            gradients,
            no_gradients,
            representations,
            no_representations,
            conclusions,
            provenance: lines(plan),
            command: crate::page::command_line("compare", &self.spec.words),
            seconds: 0.0,
        })
    }

    /// What all sides share, as overrides.
    fn shared(&self) -> Vec<String> {
        let own = |word: &str| {
            self.spec
                .keys
                .iter()
                .any(|k| word.split('=').next() == Some(k))
        };
        let mut words = self.spec.sides[0].plan.to_overrides();
        let of_machine = |w: &str| w.starts_with("probes=") || w.starts_with("threads=");
        words.retain(|w| !own(w) && !of_machine(w));
        words
    }

    fn side(&self, arm: &Arm, choices: Option<&[Choice]>) -> ComparedSide {
        let kept: Vec<_> = self
            .jobs(arm)
            .iter()
            .map(|job| {
                self.runs
                    .get(job)
                    .expect("every run of the queue is finished")
            })
            .collect();
        let mut seconds: Vec<f64> = kept.iter().map(|k| k.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        ComparedSide {
            name: arm.name.clone(),
            set: arm.set.clone(),
            control: arm.control,
            lr: arm.plan.lr,
            tuning: choices
                .filter(|_| !arm.control)
                .map(|c| c[arm.side].clone()),
            runs: kept.into_iter().map(|k| k.outcome).collect(),
            seconds_per_run: seconds[seconds.len() / 2],
        }
    }

    fn representations(
        &self,
        arms: &[Arm],
    ) -> Result<Result<dunwu_report::Representations, String>, Error> {
        let looked = self.looked();
        let mut trained = Vec::new();
        for (place, arm) in arms.iter().enumerate() {
            for job in self.jobs(arm).iter().filter(|j| j.keep) {
                trained.push(Trained {
                    side: (place, &arm.name),
                    seed: job.seed,
                    lab: &self.labs[arm.side],
                    weights: self.runs.weights(job)?,
                });
            }
        }
        likeness::representations(&trained, &looked, arms.len())
    }
}

/// What the gradients of two losses say, way by way.
fn pulls(found: &Gradients) -> Vec<Conclusion> {
    let [a, b] = [&found.losses[0], &found.losses[1]].map(String::as_str);
    let ways = found.along.iter().zip([[a, b], [b, a]]);
    let said = ways.filter_map(|(way, losses)| stands_for(&way.side, losses, &way.activations));
    said.map(|text| Conclusion { shown: true, text }).collect()
}

fn parts<T>(found: Result<T, String>) -> (Option<T>, Option<String>) {
    match found {
        Ok(found) => (Some(found), None),
        Err(why) => (None, Some(why)),
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
        ("written", here.started),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
