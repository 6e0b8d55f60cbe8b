//! Keys that change nothing.

use dunwu_core::{RunPlan, RunSpec};

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
    let notice = |(key, _): (&str, &str)| Some(said(key, &idle(plan, key)?));
    spec.iter().filter_map(notice).collect()
}

/// Why a key changes nothing of a plan.
pub(crate) fn idle(plan: &RunPlan, key: &str) -> Option<String> {
    plan.idle(key).or_else(|| dunwu_task::idle(plan, key))
}

/// Why a key changes nothing of any of the plans; the words are those of the first.
pub(crate) fn idle_in_all<'a>(
    mut plans: impl Iterator<Item = &'a RunPlan>,
    key: &str,
) -> Option<String> {
    let why = idle(plans.next()?, key)?;
    plans.all(|plan| idle(plan, key).is_some()).then_some(why)
}

/// The sentence.
pub(crate) fn said(key: &str, why: &str) -> String {
    format!("{key} changes nothing: {why}")
}
