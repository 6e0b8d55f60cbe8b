//! Arms that begin where the runs of another arm ended, or that are held to a norm which these had.

use super::row::{Changes, Point, Row};
use super::runs::Runs;
use super::stage::Halt;
use super::trained::number::Number;
use super::trained::{numbers_of, shared};
use crate::error::{Error, failed};
use crate::page::{command_line, reproduce_command};
use dunwu_core::RunPlan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an arm takes from the runs of another, which are trained before it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// The other arm; `""` is the row's own plan.
    #[serde(default)]
    pub after: String,
    /// Whether runs start from the last weights of that arm's run of the same seed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub weights: bool,
    /// The event at which that arm's norm of all weights, median over its seeds, becomes `norm_reference`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Event>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The first epoch at which a column is at least `at`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The column.
    pub event: String,
    /// Its value.
    pub at: f64,
}

/// The points of the arms that follow, as they are run.
#[derive(Debug, Default)]
pub(super) struct Followed {
    arms: BTreeMap<String, Vec<Point>>,
    /// By what `from` says: the plan of the run whose weights are meant.
    starts: BTreeMap<String, RunPlan>,
}

impl Followed {
    /// Once the runs are there that are followed. A point whose norm did not come to be is left out.
    ///
    /// # Errors
    /// An arm that the row does not have, or settings that the two arms do not share.
    pub(super) fn new(row: &Row, changes: Changes, runs: &Runs) -> Result<Self, Halt> {
        let mut all = Self::default();
        for (arm, follow) in &row.follow {
            let before = row.points(&follow.after, changes)?;
            let mut points = Vec::new();
            for mut point in row.points(arm, changes)? {
                let same = before.iter().position(|other| shared(&point, other));
                let same = same.ok_or_else(|| nothing_before(&point))?;
                if follow.weights {
                    let name = format!("row{}-{same}", row.id);
                    point.plan.from = Some(name.clone());
                    all.starts.insert(name, before[same].plan.clone());
                }
                if let Some(event) = &follow.norm {
                    let Some(norm) = norm_at(event, &before[same].plan, runs)? else {
                        continue;
                    };
                    point.plan.norm_reference = Some(norm);
                }
                points.push(point);
            }
            all.arms.insert(arm.clone(), points);
        }
        Ok(all)
    }

    /// The points of an arm that follows; None of another.
    pub(super) fn points(&self, arm: &str) -> Option<&Vec<Point>> {
        self.arms.get(arm)
    }

    /// The plan of the run whose last weights `from` means.
    pub(super) fn start(&self, from: &str) -> Option<&RunPlan> {
        self.starts.get(from)
    }

    /// Commands that train the runs of a plan, those that it starts from first.
    pub(super) fn commands(&self, plan: &RunPlan) -> Vec<String> {
        let Some((from, before)) = plan.from.as_ref().and_then(|f| Some((f, self.start(f)?)))
        else {
            return vec![reproduce_command(plan)];
        };
        let one = |plan: &RunPlan, seed| RunPlan {
            seed,
            seeds: 1,
            ..plan.clone()
        };
        let of_seed = |seed| {
            let dir = format!("{from}-seed-{seed}");
            let mut first = one(before, seed).to_overrides();
            first.extend(["--out".to_owned(), dir.clone()]);
            let then = RunPlan {
                from: Some(dir),
                ..one(plan, seed)
            };
            [command_line("train", &first), reproduce_command(&then)]
        };
        plan.every_seed().flat_map(of_seed).collect()
    }
}

fn nothing_before(point: &Point) -> Error {
    failed(format!(
        "the arm that is followed has no setting for {}",
        point.label()
    ))
}

/// Median of the norms that the runs of a plan had at the event, in four decimals; None where it came in no run.
fn norm_at(event: &Event, plan: &RunPlan, runs: &Runs) -> Result<Option<f64>, Halt> {
    let trials = runs.of(plan).ok_or(Halt::Interrupted)?;
    let number = Number::NormAt {
        event: event.event.clone(),
        at: event.at,
    };
    let mut norms = numbers_of(&number, &trials);
    norms.sort_by(f64::total_cmp);
    let middle = norms.len().saturating_sub(1) / 2;
    Ok(norms.get(middle).map(|n| (n * 1e4).round() / 1e4))
}
