//! What the machine has.

use dunwu_core::{Dataset, RunPlan};

/// Cores to use: what the plan says, or all.
pub fn threads(plan: &RunPlan) -> usize {
    match plan.threads {
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
    one.saturating_mul(outer as u64)
}

/// Bytes that are free, where the system says so.
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
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
    fn sizes_are_readable() {
        assert_eq!(super::human(999), "999 B");
        assert_eq!(super::human(23_500_000_000), "23.5 GB");
    }
}
