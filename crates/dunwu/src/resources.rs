//! What the machine has.

use dunwu_core::{Dataset, RunPlan, TrainShare};

/// Cores to use: what the plan says, or all.
pub fn threads(plan: &RunPlan) -> usize {
    cores(plan.threads)
}

/// So many, or where none are asked for all that there are.
pub(crate) fn cores(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    }
}

/// How many runs go at once, and with how many threads each.
pub(crate) fn lanes(plan: &RunPlan, runs: usize) -> (usize, usize) {
    let threads = threads(plan);
    let outer = threads.min(runs).max(1);
    (outer, (threads / outer).max(1))
}

/// Bytes that the plan needs at its height, all runs that go at once together.
pub fn needed_memory(plan: &RunPlan, data: &Dataset) -> u64 {
    let (outer, inner) = lanes(plan, plan.seeds as usize);
    let one = dunwu_engine::memory(plan, data, inner).total();
    one.saturating_add(table(plan, data))
        .saturating_mul(outer as u64)
}

/// What a probe that reads all rows of the table adds.
fn table(plan: &RunPlan, data: &Dataset) -> u64 {
    let probes = dunwu_probe::select(&plan.probes).unwrap_or_default();
    match probes.iter().any(|p| p.name == "circuit") {
        true => dunwu_engine::table_bytes(plan, data),
        false => 0,
    }
}

/// At least so many bytes, told before any table is built; None where only the table tells.
pub(crate) fn least_memory(plan: &RunPlan) -> Option<u64> {
    let (vocab, classes) = dunwu_task::outline(plan)?;
    // A formula may divide, and then has no row for 0.
    let rows = vocab
        .iter()
        .try_fold(1usize, |rows, n| rows.checked_mul((*n).max(2) - 1))?;
    let train = match plan.train {
        TrainShare::Fraction(p) => (p * rows as f64) as usize,
        TrainShare::Size(n) => n,
        TrainShare::Multiplier(c) => (c * classes as f64 * (classes as f64).ln()) as usize,
        TrainShare::File(_) => 0,
    };
    let shape = Dataset {
        task: plan.task.clone(),
        vocab,
        classes,
        tokens: vec![],
        labels: vec![],
        clean: vec![],
        train: vec![],
        test: vec![],
        noisy: vec![],
        given: None,
    };
    let (outer, inner) = lanes(plan, plan.seeds as usize);
    let one = dunwu_engine::memory_of_rows(plan, &shape, [rows, train.min(rows)], inner).total();
    Some(one.saturating_mul(outer as u64))
}

/// Bytes that are free, where the system says so.
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Bytes that are free, if these are more.
pub(crate) fn too_little(needed: u64) -> Option<u64> {
    available_memory().filter(|free| needed > *free)
}

/// Bytes as a person reads them.
pub(crate) fn human(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_told_before_the_table_is_a_little_less_than_what_is_told_after() {
        for words in [
            ["task=Z97", "train_fraction=0.4"],
            ["task=S5", "train_size=900"],
            ["task=x/y mod 97", "seeds=3"],
            ["task=D30", "train_multiplier=2"],
        ] {
            let spec = dunwu_core::RunSpec::from_overrides(words).unwrap();
            let plan = spec.resolve().unwrap();
            let task = dunwu_task::Task::from_plan(&plan, dunwu_task::NO_FILES).unwrap();
            let data = task.dataset(&plan, 0, dunwu_task::NO_FILES).unwrap();
            let (least, needed) = (
                super::least_memory(&plan),
                super::needed_memory(&plan, &data),
            );
            let share = least.unwrap() as f64 / needed as f64;
            assert!((0.9..=1.0).contains(&share), "{words:?}: {share}");
        }
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(super::human(999), "999 B");
        assert_eq!(super::human(23_500_000_000), "23.5 GB");
    }
}
