//! Where and by what a run was made.

use dunwu_core::RunPlan;
use dunwu_store::Provenance;

/// This program on this machine, now.
pub(crate) fn here(plan: &RunPlan) -> Provenance {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |h| h.trim().to_owned());
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("DUNWU_COMMIT").map(str::to_owned),
        host,
        threads: crate::resources::threads(plan),
        plan_hash: dunwu_store::plan_hash(plan),
        started: jiff::Timestamp::now().to_string(),
        inputs: vec![],
    }
}
