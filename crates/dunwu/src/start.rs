//! Weights that a run starts from: a checkpoint of a run, or of another program.

use crate::error::Error;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{Dataset, NamedTensor, PlanError, RunPlan, Snapshot, is_weight};
use dunwu_store::{RunDir, safetensors_of};

/// The file that `from` means: itself, or of a run directory the last checkpoint of its only run.
pub(crate) fn checkpoint(path: &str) -> Result<Utf8PathBuf, String> {
    let path = Utf8Path::new(path);
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let reader = RunDir::open(path).map_err(|e| e.to_string())?;
    let seeds = reader.seeds().map_err(|e| e.to_string())?;
    let [seed] = seeds[..] else {
        return Err(format!(
            "{path} has {} runs; name the checkpoint of one, such as {path}/checkpoints/seed-0/epoch-….safetensors",
            seeds.len()
        ));
    };
    let checkpoints = reader.checkpoints(seed).map_err(|e| e.to_string())?;
    let last = checkpoints.into_iter().next_back();
    last.map(|(_, file)| file)
        .ok_or_else(|| format!("{path} has no checkpoint yet; wait for one"))
}

/// The weights in what [`crate::files`] read of a checkpoint.
pub(crate) fn weights(path: &str, characters: &str) -> Result<Vec<NamedTensor>, String> {
    let byte = |c: char| u8::try_from(u32::from(c));
    let bytes: Result<Vec<u8>, _> = characters.chars().map(byte).collect();
    let bytes = bytes.map_err(|_| format!("{path} is no checkpoint"))?;
    let held = safetensors_of(path.into(), &bytes).map_err(|e| e.to_string())?;
    Ok(held
        .tensors
        .into_iter()
        .filter(|t| is_weight(&t.name))
        .collect())
}

/// Refuses weights that are not those of the plan's network.
///
/// # Errors
/// The first tensor that does not fit, or that holds a number which is not finite.
pub(crate) fn check(plan: &RunPlan, data: &Dataset, weights: &[NamedTensor]) -> Result<(), Error> {
    let path = plan.from.as_deref().unwrap_or_default();
    let refuse = |why: String| {
        let why = format!(
            "the weights of {path} do not fit: {why}; take those of a network with the same task, model and widths"
        );
        PlanError::new("from", why)
    };
    if let Some(broken) = crate::checkpoints::broken(weights) {
        let why = format!("tensor `{}` holds a number that is not finite", broken.name);
        return Err(refuse(why).into());
    }
    let state = Snapshot::of(0, weights);
    Ok(dunwu_engine::fits(plan, data, &state).map_err(|e| refuse(e.to_string()))?)
}

/// Refuses a checkpoint of a run of another task: its shapes may fit all the same.
///
/// # Errors
/// The task that it learned.
pub(crate) fn check_task(plan: &RunPlan) -> Result<(), Error> {
    let Some(path) = &plan.from else {
        return Ok(());
    };
    let file = checkpoint(path).map_err(|why| PlanError::new("from", why))?;
    let of_run = RunDir::of_checkpoint(&file).and_then(|(dir, _, _)| RunDir::open(&dir).ok());
    // A file that lies elsewhere does not say what it learned.
    let Some(run) = of_run else {
        return Ok(());
    };
    let theirs = run.plan();
    if (&theirs.task, theirs.operands) == (&plan.task, plan.operands) {
        return Ok(());
    }
    let why = format!(
        "{path} has learned task={} of {} operands, not task={} of {}; take a run of that task",
        theirs.task, theirs.operands, plan.task, plan.operands
    );
    Err(PlanError::new("from", why).into())
}
