//! Records beside a run that what was looked at later is kept in, each tied to the run's plan.

use crate::error::Error;
use camino::Utf8Path;
use dunwu_core::RunPlan;
use dunwu_store::{RunDir, plan_hash, read_record};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The key that ties a record to a plan.
const HASH: &str = "plan_hash";

/// Writes a record.
pub(crate) fn keep(
    held: &RunDir,
    name: &str,
    plan: &RunPlan,
    record: &impl Serialize,
) -> Result<(), Error> {
    let mut value = serde_json::to_value(record).expect("a record is plain data");
    value[HASH] = plan_hash(plan).into();
    Ok(held.write_record(name, &value)?)
}

/// The record of a run directory, and why there is none if it cannot be read or is of another plan.
pub(crate) fn stored<T: DeserializeOwned>(
    dir: &Utf8Path,
    name: &str,
    plan: &RunPlan,
    is_consistent: fn(&T) -> bool,
) -> (Option<T>, Option<String>) {
    let read = read_record(dir, name).map_err(|e| e.to_string());
    let hash = plan_hash(plan);
    let own = read.and_then(|value| match &value {
        Some(found) if found[HASH] != hash.as_str() => {
            Err(format!("{name} was made by a run of another plan"))
        }
        _ => Ok(value),
    });
    let parsed = own.and_then(|value| {
        value
            .map(serde_json::from_value::<T>)
            .transpose()
            .map_err(|e| format!("{name} is damaged: {e}"))
    });
    match parsed {
        Ok(Some(record)) if !is_consistent(&record) => {
            let why = format!("{name} is damaged: lengths or numbers do not fit together");
            (None, Some(why))
        }
        Ok(record) => (record, None),
        Err(why) => (None, Some(why)),
    }
}
