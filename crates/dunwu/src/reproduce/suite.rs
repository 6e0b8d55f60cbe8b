//! Rows measured one after another.

use super::follow::Followed;
use super::kinds::{Found, Measure};
use super::record::SuiteDir;
use super::row::{Changes, Check, Expect, Row};
use super::runs::{Runs, Trained, Training};
use super::sitting::Sitting;
use super::stage::{Halt, Stage};
use super::verdict::{Measured, Reading, Verdict};
use crate::error::{Error, failed};
use crate::lab::Control;
use dunwu_core::RunPlan;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A row with what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The row.
    pub row: Row,
    /// Every statistic that the row asks for.
    pub measured: Vec<Measured>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why there is none, where it is inconclusive.
    pub why: Option<String>,
    /// Commands that do the same.
    pub commands: Vec<String>,
    /// Wall-clock time, that of earlier sittings of the row up to the last run that was kept among it. Runs that another
    /// row needed before are counted there.
    pub seconds: f64,
    /// Version of the program.
    pub version: String,
}

/// What a caller hears.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A row begins.
    Begins(&'a Row),
    /// Runs of it were kept or saved before: it goes on from there.
    GoesOn(Trained),
    /// Its runs go on.
    Training(Trained),
    /// Something to know of, in a line.
    Notice(&'a str),
    /// It is measured.
    Done(&'a Outcome),
}

/// Measures rows; runs that several of them need are trained once.
#[derive(Default)]
pub struct Suite<'a> {
    runs: Runs,
    dir: Option<&'a SuiteDir>,
}

impl<'a> Suite<'a> {
    /// Keeps every run in a directory as soon as it is finished, and takes up those that are there.
    pub fn keeping(dir: &'a SuiteDir) -> Self {
        Self {
            dir: Some(dir),
            ..Self::default()
        }
    }

    /// Measures one row; None if it was interrupted.
    ///
    /// # Errors
    /// A row that cannot be run on this machine; a row that is not possible; a finished run that cannot be kept.
    pub fn run(
        &self,
        row: &Row,
        changes: Changes,
        control: &Control<'_>,
        hear: &(dyn Fn(Step<'_>) + Sync),
    ) -> Result<Option<Outcome>, Error> {
        if let Some(why) = &row.not_possible {
            return Err(failed(format!("row {} cannot be run yet: {why}", row.id)));
        }
        hear(Step::Begins(row));
        let started = Instant::now();
        let sitting = self.dir.map(|dir| Sitting::begin(dir, row, changes));
        let sitting = sitting.transpose()?;
        let threads = changes
            .threads
            .or(std::thread::available_parallelism().ok().map(usize::from))
            .unwrap_or(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|e| failed(format!("no threads: {e}")))?;
        let how = Training {
            weights: reads_weights(row),
            threads,
            control,
            hear,
            sitting: sitting.as_ref(),
        };
        let measured = self.measured(row, changes, &pool, &how);
        let paused = sitting.as_ref().map_or(Ok(()), Sitting::pause);
        let (measured, followed) = match measured {
            Ok(measured) => measured,
            Err(Halt::Interrupted) => return paused.map(|()| None),
            Err(Halt::Failed(error)) => return Err(error),
        };
        let (verdict, why) = verdict(row, changes.shortfall(&row.plans()?), &measured);
        let outcome = Outcome {
            row: row.clone(),
            measured,
            verdict,
            why,
            commands: commands(row, changes, &followed)?,
            seconds: sitting.map_or_else(|| started.elapsed().as_secs_f64(), |s| s.seconds()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        hear(Step::Done(&outcome));
        Ok(Some(outcome))
    }

    fn measured(
        &self,
        row: &Row,
        changes: Changes,
        pool: &rayon::ThreadPool,
        how: &Training<'_>,
    ) -> Result<(Vec<Measured>, Followed), Halt> {
        let none = Followed::default();
        self.runs.train(&plans(row, changes, &none)?, &none, how)?;
        let followed = Followed::new(row, changes, &self.runs)?;
        let all = plans(row, changes, &followed)?;
        self.runs.train(&all, &followed, how)?;
        let stage = Stage {
            row,
            changes,
            runs: &self.runs,
            followed: &followed,
        };
        let mut out = Vec::new();
        for (check, measure) in row.check.iter().zip(&row.measures()) {
            if how.control.cancelled() {
                return Err(Halt::Interrupted);
            }
            let measure: &dyn Measure = measure.as_ref();
            let found = pool.install(|| measure.measure(&stage))?;
            out.extend(judged(check, &found));
        }
        Ok((out, followed))
    }
}

/// Whether a check or an arm that follows reads the weights at the end.
fn reads_weights(row: &Row) -> bool {
    row.measures().iter().any(|m| m.reads_weights()) || row.follow.values().any(|f| f.weights)
}

/// The plans of all arms; those of arms that follow, as far as they are known yet.
pub(super) fn plans(
    row: &Row,
    changes: Changes,
    followed: &Followed,
) -> Result<Vec<RunPlan>, Error> {
    let mut plans = Vec::new();
    for arm in row.arms() {
        let points = match (followed.points(&arm), row.follow.contains_key(&arm)) {
            (Some(points), _) => points.clone(),
            (None, true) => vec![],
            (None, false) => row.points(&arm, changes)?,
        };
        plans.extend(points.into_iter().map(|p| p.plan));
    }
    Ok(plans)
}

/// What is asked for of what was found.
fn judged(check: &Check, found: &[Found]) -> Vec<Measured> {
    let mut out = Vec::new();
    for expect in &check.expect {
        let before = out.len();
        for at in found.iter().filter(|f| is_meant(expect, f)) {
            for statistic in at.statistics.iter().filter(|s| s.name == expect.statistic) {
                let tolerance = expect.tolerance();
                let verdict = tolerance.judge(&statistic.reading);
                out.push(Measured {
                    kind: check.kind.clone(),
                    what: expect.what.clone(),
                    at: at.at.clone(),
                    statistic: expect.statistic.clone(),
                    reading: statistic.reading.clone().stored(),
                    seeds: statistic.seeds.clone(),
                    published: expect.published.clone(),
                    tolerance,
                    verdict,
                });
            }
        }
        if out.len() == before {
            out.push(not_found(check, expect));
        }
    }
    out
}

/// A statistic that no setting gave: what is asked for is open, not met.
fn not_found(check: &Check, expect: &Expect) -> Measured {
    let reading = Reading::Missing("no run was measured there".to_owned());
    let tolerance = expect.tolerance();
    Measured {
        kind: check.kind.clone(),
        what: expect.what.clone(),
        at: expect.at.clone(),
        statistic: expect.statistic.clone(),
        verdict: tolerance.judge(&reading),
        reading,
        seeds: vec![],
        published: expect.published.clone(),
        tolerance,
    }
}

/// Whether every word of the setting that is meant is in the one found.
fn is_meant(expect: &Expect, found: &Found) -> bool {
    let has = |word: &str| found.at.split(' ').any(|w| w == word);
    expect.at.split_whitespace().all(has)
}

/// The verdict on a row, and why there is none.
fn verdict(
    row: &Row,
    shortfall: Option<String>,
    measured: &[Measured],
) -> (Verdict, Option<String>) {
    if let Some(left_out) = &row.left_out {
        let why = format!("the source leaves out {left_out}: searched, not judged");
        return (Verdict::Inconclusive, Some(why));
    }
    if let Some(short) = shortfall {
        let why = format!("at this budget: {short}");
        return (Verdict::Inconclusive, Some(why));
    }
    let verdict = Verdict::of_all(measured.iter().filter_map(|m| m.verdict));
    let open = measured
        .iter()
        .find(|m| m.verdict == Some(Verdict::Inconclusive));
    let why = open.filter(|_| verdict == Verdict::Inconclusive);
    (verdict, why.map(|m| format!("{}: {}", m.what, m.reading)))
}

/// Commands that a reader can run for the same numbers.
fn commands(row: &Row, changes: Changes, followed: &Followed) -> Result<Vec<String>, Error> {
    let plans = plans(row, changes, followed)?;
    let mut commands: Vec<String> = Vec::new();
    let landscapes = row.measures().into_iter().flat_map(|m| m.commands());
    for command in landscapes.chain(plans.iter().flat_map(|p| followed.commands(p))) {
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    if commands.is_empty() {
        commands.push(format!("dunwu reproduce {}", row.id));
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Statistic;
    use super::super::rows;
    use super::*;

    fn first_row() -> Row {
        rows().remove(0)
    }

    /// Row 1 with every statistic at a value.
    fn with(row: &Row, value: impl Fn(&Expect) -> f64) -> Vec<Measured> {
        let mut out = Vec::new();
        for check in &row.check {
            for expect in &check.expect {
                let name: &'static str = ["least", "median", "most", "share"]
                    .into_iter()
                    .find(|n| *n == expect.statistic)
                    .unwrap();
                let found = Found::of(vec![Statistic::number(name, value(expect))]);
                out.extend(judged(
                    &Check {
                        expect: vec![expect.clone()],
                        ..check.clone()
                    },
                    &[found],
                ));
            }
        }
        out
    }

    #[test]
    fn a_row_holds_where_all_its_numbers_do_and_not_where_one_does_not() {
        let row = first_row();
        let inside = |e: &Expect| e.high.or(e.low).unwrap_or(0.0);
        let good = with(&row, inside);
        assert!(!good.is_empty());
        assert_eq!(verdict(&row, None, &good), (Verdict::Holds, None));
        let bad = with(&row, |e| inside(e) + 1e3);
        assert_eq!(verdict(&row, None, &bad).0, Verdict::DoesNotHold);
        let (open, why) = verdict(&row, Some("fewer than 5 seeds".into()), &bad);
        assert_eq!(open, Verdict::Inconclusive);
        assert!(why.unwrap().contains("at this budget: fewer than 5 seeds"));
        let searched = Row {
            left_out: Some("the decay".into()),
            ..row.clone()
        };
        assert_eq!(verdict(&searched, None, &good).0, Verdict::Inconclusive);
        assert_eq!(verdict(&row, None, &[]).0, Verdict::Inconclusive);
    }

    #[test]
    fn a_number_that_is_none_fails_and_can_be_kept() {
        let row = first_row();
        let check = &row.check[0];
        let found = Found::of(vec![Statistic::number("most", f64::INFINITY)]);
        let measured = judged(check, &[found]).remove(0);
        assert_eq!(measured.verdict, Some(Verdict::DoesNotHold));
        let text = serde_json::to_string(&measured).unwrap();
        assert_eq!(serde_json::from_str::<Measured>(&text).unwrap(), measured);
    }

    #[test]
    fn a_setting_that_is_meant_is_matched_word_by_word() {
        let expect: Expect =
            toml::from_str("statistic='at'\nwhat=''\nat='train_multiplier=2'").unwrap();
        let at = |at: &str| Found {
            at: at.into(),
            ..Found::default()
        };
        assert!(is_meant(&expect, &at("task=Z23 train_multiplier=2")));
        assert!(!is_meant(&expect, &at("task=Z23 train_multiplier=2.5")));
    }
}
