//! Keys that say something of other tasks.

use crate::sequence::Sequence;
use crate::task::is_formula;
use dunwu_core::{LossAt, RunPlan, TrainShare};

/// Keys of which [`idle`] may say something, sorted.
pub const KEYS_OF_SOME_TASKS: [&str; 6] = [
    "causal",
    "context",
    "loss_at",
    "operands",
    "quasigroup",
    "split_seed",
];

/// Why a key of a plan changes nothing of its task: what it is of, and what the plan has; None where it does, or may do,
/// something, or is of no task.
///
/// ```
/// use dunwu_core::RunSpec;
/// let plan = RunSpec::from_overrides(["context=32"]).unwrap().resolve().unwrap();
/// assert_eq!(dunwu_task::idle(&plan, "context").unwrap(), "it is of the task text, and task=Z71");
/// ```
pub fn idle(plan: &RunPlan, key: &str) -> Option<String> {
    let task = plan.task.trim();
    let is_of = |prefix: &str| task.starts_with(prefix);
    let named = format!("task={task}");
    let (used, of, has) = match key {
        "causal" => (
            looks_back(plan),
            "several layers or answers",
            format!("layers=1 and task={task}"),
        ),
        "context" => (is_of("text:"), "the task text", named),
        "loss_at" => (
            plan.transformer.is_none() || has_answers(task),
            "tasks with several answers",
            named,
        ),
        "operands" => (is_product(task), "groups and tables", named),
        "quasigroup" => (is_of("table:"), "tables", named),
        "split_seed" => match &plan.train {
            TrainShare::File(path) => (
                plan.test_size > 0 || is_of("parity("),
                "rows that are drawn",
                format!("split_file={path}"),
            ),
            _ => (!is_of("text:"), "rows that are drawn", named),
        },
        _ => return None,
    };
    (!used).then(|| format!("it is of {of}, and {has}"))
}

/// Whether the network is asked at a position that others come after: with one layer and one answer it is not, as only
/// the last position is computed.
fn looks_back(plan: &RunPlan) -> bool {
    let asked = |at| at == LossAt::Answer && has_answers(plan.task.trim());
    let network = plan.transformer.as_ref();
    network.is_none_or(|t| t.layers > 1 || asked(t.loss_at))
}

/// Whether several tokens of a row are answers.
fn has_answers(task: &str) -> bool {
    match Sequence::parse(task) {
        Some(Ok(Sequence::Sum { written, .. })) => written,
        Some(_) => true,
        None => task.starts_with("text:"),
    }
}

/// Whether it is a product of operands, whose number is a key.
fn is_product(task: &str) -> bool {
    let other = task.starts_with("text:") || task.starts_with("parity(");
    let other = other || Sequence::parse(task).is_some() || is_formula(task);
    task.starts_with("table:") || !other
}
