//! Keys that change nothing, and probes that read nothing.

use crate::lab::Report;
use dunwu_core::{RunPlan, RunSpec, Stop};
use dunwu_probe::{Entry, Setting};
use std::borrow::Borrow;

/// What is to be said of keys that were written and change nothing, one sentence a key.
///
/// ```
/// use dunwu::RunSpec;
/// let spec = RunSpec::from_overrides(["task=Z7", "momentum=0.5", "lr=1e-2"])?;
/// let notices = dunwu::idle_keys(&spec, &spec.resolve()?);
/// assert_eq!(notices, ["momentum changes nothing: it is of sgd and muon, and optimizer=adam"]);
/// # Ok::<(), dunwu::PlanError>(())
/// ```
pub fn idle_keys(spec: &RunSpec, plan: &RunPlan) -> Vec<String> {
    let notice = |(key, _): (&str, &str)| Some(said(key, &alone(plan, key)?));
    spec.iter().filter_map(notice).collect()
}

/// What is to be said of probes that the plan names, not by a group, and that read nothing of any of its runs.
pub fn silent_probes(report: &Report) -> Vec<String> {
    let plan = &report.plan;
    let named = |entry: &&Entry| plan.probes.iter().any(|name| name == entry.name);
    let said = |entry: &Entry| {
        format!(
            "the probe {} read nothing here ({})",
            entry.name, entry.help
        )
    };
    let silent = |entry: &&Entry| !has_read(entry, report);
    let entries = dunwu_probe::ALL.iter().filter(named).filter(silent);
    entries.map(said).collect()
}

/// Whether a curve has a column of the probe; those of a part of the network are told by what stands before the dot.
fn has_read(entry: &Entry, report: &Report) -> bool {
    let (plan, features) = (&report.plan, None);
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let own = (entry.make)(&Setting { plan, features }).columns();
    let own: Vec<String> = own.iter().map(|(name, _)| stem(name)).collect();
    let mut columns = report.runs.iter().flat_map(|run| run.curve.columns());
    columns.any(|(name, _)| own.contains(&stem(name)))
}

/// [`idle`] of a run by itself. Of many, how many come to `stop_accuracy` is counted.
fn alone(plan: &RunPlan, key: &str) -> Option<String> {
    if key == "stop_accuracy" && plan.stop == Stop::Never {
        return Some("it is of what ends a run, and stop=never".to_owned());
    }
    idle(plan, key)
}

/// Why a key changes nothing of a plan.
pub(crate) fn idle(plan: &RunPlan, key: &str) -> Option<String> {
    plan.idle(key).or_else(|| dunwu_task::idle(plan, key))
}

/// Of the keys those that change nothing of any of the plans, each with why, in the words of the first. No plan is kept.
pub(crate) fn idle_in_all<'k>(
    keys: impl Iterator<Item = &'k str>,
    plans: impl Iterator<Item = impl Borrow<RunPlan>>,
) -> Vec<(&'k str, String)> {
    let mut plans = plans;
    let Some(first) = plans.next() else {
        return vec![];
    };
    let mut all: Vec<_> = keys
        .filter_map(|key| Some((key, idle(first.borrow(), key)?)))
        .collect();
    while !all.is_empty()
        && let Some(plan) = plans.next()
    {
        all.retain(|(key, _)| idle(plan.borrow(), key).is_some());
    }
    all
}

/// The sentence.
pub(crate) fn said(key: &str, why: &str) -> String {
    format!("{key} changes nothing: {why}")
}
