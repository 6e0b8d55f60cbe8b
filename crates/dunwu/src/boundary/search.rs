//! The search for one border: what is known, and which runs come next.

use super::asked::BoundarySpec;
use super::found::{Setting, Stops};
use crate::error::{Error, failed};
use crate::sweep::{RunKey, Wish, keys, plan_key, plan_words, seconds};
use dunwu_analysis::boundary::{Observation, Window, border, is_precise, next};
use dunwu_core::{PlanError, RunPlan, RunSpec, Seed};
use dunwu_store::Table;
use dunwu_task::Task;
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of a run.
#[derive(Clone, Debug)]
pub(super) struct Row {
    observation: Observation,
    /// Highest held-out accuracy, and the first epoch at which it was a half.
    best: f64,
    half: Option<u64>,
    /// Rows that it was trained on.
    trained_on: u64,
    /// Hash of its plan, but for the number of rows.
    setting: u64,
    kind: String,
    reason: String,
    seconds: f64,
}

/// The search for one border.
pub(super) struct Search {
    pub(super) plan: RunPlan,
    pub(super) words: Vec<String>,
    /// Hash of the plan, but for the number of rows.
    pub(super) setting: u64,
    /// What settings of one law share.
    pub(super) group: String,
    rows: u64,
    pub(super) order: usize,
    pub(super) factor: f64,
    window: Window,
    /// Whether the window is a person's, and stays.
    fixed: bool,
    batch: usize,
    pub(super) most: usize,
    enough: f64,
    half_width: f64,
    pub(super) held_back: bool,
    first_seed: u64,
    /// Runs that were there and that this search would not have chosen: another version's, or a person's.
    given: Vec<Row>,
    /// Runs that were chosen, in order, with their results.
    chosen: Vec<(RunKey, f64, Option<Row>)>,
    pub(super) over: bool,
}

impl Search {
    pub(super) fn new(spec: &BoundarySpec, point: usize) -> Result<Self, Error> {
        let words = spec.grid.words(point);
        let plan = spec.grid.plan_of(&words)?;
        let sources = crate::files::Sources::now(&plan);
        let task = Task::from_plan(&plan, &|path| sources.read(path))?;
        let factor = factor(&task);
        let data = task.dataset(&plan, plan.seed, &|path| sources.read(path))?;
        let rows = data.len() as u64;
        let chance = task.chance();
        if plan.stop_accuracy <= chance {
            let why = format!(
                "is {}, and guessing gives {chance:.3}: every run would generalise; take a larger one",
                plan.stop_accuracy
            );
            return Err(PlanError::new("stop_accuracy", why).into());
        }
        Ok(Self {
            setting: plan_key(&plan),
            group: spec.group(&words),
            fixed: spec.window.is_some(),
            window: spec.window_of(&plan, factor)?,
            held_back: spec.hold_back.contains(&plan.task),
            first_seed: plan.seed,
            order: task.classes(),
            batch: spec.batch,
            most: spec.runs,
            enough: spec.enough,
            half_width: spec.half_width,
            given: vec![],
            chosen: vec![],
            over: false,
            rows,
            factor,
            words,
            plan,
        })
    }

    /// What is known of every run.
    pub(super) fn results(&self) -> impl Iterator<Item = &Row> {
        let chosen = self.chosen.iter().filter_map(|(_, _, row)| row.as_ref());
        self.given.iter().chain(chosen)
    }

    pub(super) fn observations(&self) -> Vec<Observation> {
        self.results().map(|row| row.observation).collect()
    }

    /// Runs that are known or were chosen.
    pub(super) fn runs(&self) -> usize {
        self.given.len() + self.chosen.len()
    }

    /// Takes up what a directory holds. Where this search would have chosen just those runs it goes on as if it
    /// had never stopped; otherwise all of them are given, and it goes on from there.
    pub(super) fn take_up(&mut self, known: &BTreeMap<RunKey, Row>) {
        let own: Vec<(&RunKey, &Row)> = known
            .iter()
            .filter(|(_, row)| row.setting == self.setting)
            .collect();
        let window = self.window;
        while !self.over && !self.is_waiting() {
            self.choose();
            self.take(known);
        }
        let chosen: BTreeSet<RunKey> = self.chosen.iter().map(|c| c.0).collect();
        if own.iter().any(|(key, _)| !chosen.contains(key)) {
            self.given = own.into_iter().map(|(_, row)| self.own(row)).collect();
            self.chosen.clear();
            self.window = window;
            self.over = false;
        }
    }

    /// A result as a share of this search's rows.
    fn own(&self, row: &Row) -> Row {
        let mut row = row.clone();
        let (threshold, seen) = (self.plan.stop_accuracy, &mut row.observation);
        seen.share = row.trained_on as f64 / self.rows as f64;
        seen.generalised = row.best >= threshold;
        // A run that goes on after it has generalised took only so long.
        if threshold == 0.5
            && let Some(epoch) = row.half
        {
            seen.epochs = epoch;
        }
        row
    }

    /// Runs that were chosen and are not known.
    pub(super) fn missing(&self) -> impl Iterator<Item = Wish> {
        let open = self.chosen.iter().filter(|c| c.2.is_none());
        open.map(|(key, share, _)| self.wish(*share, key.seed))
    }

    /// Whether too much of the last batches is out to choose the next one.
    pub(super) fn is_waiting(&self) -> bool {
        let out = self.chosen.iter().filter(|(_, _, row)| row.is_none());
        // A hair less than the product, which rounding may carry over a whole number.
        let in_time = (self.enough * self.batch as f64 - 1e-9).ceil() as usize;
        out.count() > self.batch.saturating_sub(in_time)
    }

    /// Chooses the next batch; none if the border is known well enough or all runs are spent.
    pub(super) fn choose(&mut self) {
        let seen = self.observations();
        let known = border(&seen, &self.window);
        let left = self.most.saturating_sub(self.runs());
        if left == 0 || (known.bracketed && is_precise(&known, self.half_width)) {
            self.over = true;
            return;
        }
        // Runs that all ended alike at an edge of the window: the border lies beyond it.
        if !self.fixed && !known.bracketed && seen.len() >= 2 * self.batch && known.at_edge > 0.5 {
            let (low, high) = (
                self.window.low() * 0.5,
                (self.window.high() * 1.5).min(0.97),
            );
            if let Ok(wider) = Window::new(low, high) {
                self.window = wider;
            }
        }
        let number = self.runs() as u64;
        let seeds = self.given.iter().map(|row| row.observation.seed + 1);
        let free = seeds.max().unwrap_or(0).max(self.first_seed + number);
        let shares = next(
            &seen,
            &self.window,
            self.rows,
            self.batch.min(left),
            Seed(number),
        );
        for (i, share) in shares.into_iter().enumerate() {
            let key = self.wish(share, free + i as u64).key;
            self.chosen.push((key, share, None));
        }
    }

    fn wish(&self, share: f64, seed: u64) -> Wish {
        let size = (share * self.rows as f64).round() as u64;
        let mut words = self.words.clone();
        words.push(format!("train_size={size}"));
        let plan = RunSpec::from_overrides(&words)
            .and_then(|spec| spec.resolve())
            .expect("a plan with another number of rows is a plan");
        Wish {
            key: RunKey {
                plan: plan_key(&plan),
                seed,
            },
            cost: seconds(&plan),
            words,
        }
    }

    /// Takes the results of runs that were chosen.
    pub(super) fn take(&mut self, known: &BTreeMap<RunKey, Row>) {
        for at in 0..self.chosen.len() {
            let (key, _, row) = &self.chosen[at];
            if let (None, Some(found)) = (row, known.get(key)) {
                self.chosen[at].2 = Some(self.own(found));
            }
        }
    }

    pub(super) fn setting(&self) -> Setting {
        let observations = self.observations();
        let rows: Vec<&Row> = self.results().collect();
        let found = (!observations.is_empty()).then(|| border(&observations, &self.window));
        let budget = self.plan.epochs;
        let shorter = |part: u64| {
            let cut = budget / part;
            let short = |o: &Observation| Observation {
                generalised: o.generalised && o.epochs <= cut,
                epochs: o.epochs.min(cut),
                ..*o
            };
            let runs: Vec<Observation> = observations.iter().map(short).collect();
            (cut, border(&runs, &self.window))
        };
        let order = self.order as f64;
        Setting {
            task: self.plan.task.clone(),
            words: self.words.clone(),
            group: self.group.clone(),
            order: self.order,
            factor: self.factor,
            rows: self.rows,
            budget,
            multiplier: found.map(|b| b.at * order / libm::log(order) / self.factor),
            shorter_budgets: if observations.is_empty() {
                vec![]
            } else {
                [2, 4].map(shorter).to_vec()
            },
            precise: found.is_some_and(|b| b.bracketed && is_precise(&b, self.half_width)),
            held_back: self.held_back,
            stops: stops(&rows),
            window: (self.window.low(), self.window.high()),
            epochs: observations.iter().map(|o| o.epochs).sum(),
            grid_epochs: 400 * budget,
            run_seconds: rows.iter().map(|r| r.seconds).sum(),
            border: found,
            observations,
        }
    }
}

/// Half of the largest dimension of an irreducible representation, at least 1; 1 where there is no group.
pub(crate) fn factor(task: &Task) -> f64 {
    let Some(group) = task.group() else {
        return 1.0;
    };
    let largest = dunwu_task::irreps(group)
        .ok()
        .and_then(|all| all.iter().map(|i| i.dim).max());
    (largest.unwrap_or(1) as f64 / 2.0).max(1.0)
}

fn stops(rows: &[&Row]) -> Stops {
    let mut stops = Stops::default();
    for row in rows {
        let word = match row.kind.as_str() {
            "diverged" => {
                stops.diverged += 1;
                "diverged"
            }
            "stopped" if row.observation.generalised => {
                stops.generalised += 1;
                "generalised"
            }
            "stopped" => {
                stops.settled += 1;
                "settled"
            }
            _ => {
                stops.completed += 1;
                "completed"
            }
        };
        stops
            .reasons
            .entry(word.to_owned())
            .or_insert_with(|| row.reason.clone());
    }
    stops
}

/// The results that a table holds, and why the first run that failed did.
pub(super) fn rows_of(table: &Table) -> (Vec<(RunKey, Row)>, Option<Error>) {
    let best = table.reals("max_test_acc");
    let seconds = table.reals("seconds");
    let text = |name: &str, i: usize| {
        let value = table.texts(name).get(i).cloned().flatten();
        value.unwrap_or_default()
    };
    let (mut out, mut failure) = (Vec::new(), None);
    let mut settings: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for (i, key) in keys(table).enumerate() {
        let kind = text("kind", i);
        if kind == "failed" {
            let why = text("reason", i);
            failure.get_or_insert_with(|| {
                failed(format!("a run failed: {why} ({})", text("plan", i)))
            });
            continue;
        }
        let number = |column: &[Option<f64>]| column.get(i).copied().flatten();
        let epoch = table.integers("epoch").get(i).copied().flatten();
        let half = table.integers("test_50").get(i).copied().flatten();
        let observation = Observation {
            // Known to the search, which knows how many rows there are and what counts.
            share: 0.0,
            generalised: false,
            seed: key.seed,
            epochs: epoch.unwrap_or(0) as u64,
        };
        let plan = text("plan", i);
        let mut words = plan_words(&plan);
        words.retain(|w| !w.starts_with("train_size="));
        let trained_on = table.integers("trained_on").get(i).copied().flatten();
        let setting = *settings.entry(words).or_insert_with_key(|words| {
            let plan = RunSpec::from_overrides(words).and_then(|s| s.resolve());
            plan.map_or(0, |plan| plan_key(&plan))
        });
        let row = Row {
            observation,
            best: number(&best).unwrap_or(0.0),
            half: half.map(|e| e as u64),
            trained_on: trained_on.unwrap_or(0) as u64,
            setting,
            reason: text("reason", i),
            seconds: number(&seconds).unwrap_or(0.0),
            kind,
        };
        out.push((key, row));
    }
    (out, failure)
}
