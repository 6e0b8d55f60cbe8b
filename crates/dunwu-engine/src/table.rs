//! How large the tensors over all rows of a table are.

use dunwu_core::{Dataset, Precision, RunPlan, Weights};

/// Most numbers that are kept of a table, a quarter of a gigabyte in single precision.
const MOST: u64 = 1 << 26;

/// Outputs and hidden nodes over all rows; None if some tuple of operands is no row, the rows are texts, or there are
/// more than 2²⁶ numbers.
pub(crate) fn numbers(plan: &RunPlan, data: &Dataset) -> Option<u64> {
    let sizes = data.vocab.iter().map(|v| *v as u64);
    let tuples = sizes.fold(1u64, u64::saturating_mul);
    let nodes = match &plan.transformer {
        Some(t) => t.layers * t.mlp_width,
        None if plan.weights == Weights::Complex => 2 * plan.width,
        None => plan.width,
    };
    let numbers = tuples.saturating_mul((data.classes + nodes) as u64);
    let whole = data.given.is_none() && tuples == data.len() as u64;
    (whole && numbers <= MOST).then_some(numbers)
}

/// Bytes of `table.*` in a snapshot, and of a copy in double precision; 0 where there is none.
///
/// ```
/// use dunwu_core::RunSpec;
/// use dunwu_task::{NO_FILES, Task};
/// let plan = RunSpec::from_overrides(["task=Z5", "width=16"]).unwrap().resolve().unwrap();
/// let data = Task::from_plan(&plan, NO_FILES).unwrap().dataset(&plan, 0, NO_FILES).unwrap();
/// assert_eq!(dunwu_engine::table_bytes(&plan, &data), 25 * (5 + 16) * (4 + 8));
/// ```
pub fn table_bytes(plan: &RunPlan, data: &Dataset) -> u64 {
    let size = match plan.precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    };
    numbers(plan, data).map_or(0, |numbers| numbers * (size + 8))
}
