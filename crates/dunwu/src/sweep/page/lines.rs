//! Curves of groups of runs.

use crate::sweep::keys;
use dunwu_report::CurveBand;
use dunwu_store::{Column, Table};
use std::collections::BTreeMap;

/// Runs of each group whose curves are read: more would not be told apart.
pub(super) const CURVES: usize = 100;
/// Places along the epochs of a curve.
const PLACES: usize = 120;

/// Curves of one group: epochs, train and held-out accuracy of each run.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) runs: usize,
    pub(super) last: i64,
    lines: Vec<(Vec<i64>, Vec<f64>, Vec<f64>)>,
}

/// Adds the curves of a part to their groups, until there are enough.
pub(super) fn take(
    table: &Table,
    of: &BTreeMap<(u64, u64), usize>,
    groups: &mut BTreeMap<usize, Lines>,
) {
    let (Some(Column::Integers(epochs)), Some(Column::Reals(train))) =
        (table.column("epoch"), table.column("train_acc"))
    else {
        return;
    };
    let test = match table.column("test_acc") {
        Some(Column::Reals(test)) => Some(test),
        _ => None,
    };
    for (i, key) in keys(table).enumerate() {
        let Some(place) = of.get(&(key.plan, key.seed)) else {
            continue;
        };
        let group = groups.entry(*place).or_default();
        if group.runs < CURVES {
            group.runs += 1;
            group.last = group.last.max(epochs[i].last().copied().unwrap_or(0));
            let held_out = test.map_or_else(Vec::new, |t| t[i].clone());
            group
                .lines
                .push((epochs[i].clone(), train[i].clone(), held_out));
        }
    }
}

impl Lines {
    /// Median and quartiles over the runs, at places evenly over the logarithm of the epoch.
    pub(super) fn band(
        &self,
        last: i64,
        pick: fn(&(Vec<i64>, Vec<f64>, Vec<f64>)) -> &Vec<f64>,
    ) -> CurveBand {
        let mut band = CurveBand::default();
        let top = (last as f64 + 1.0).ln();
        let mut before = None;
        for place in 0..PLACES {
            let epoch = ((place as f64 / (PLACES - 1) as f64 * top).exp() - 1.0).round() as i64;
            if before == Some(epoch) {
                continue;
            }
            before = Some(epoch);
            let at = |line: &(Vec<i64>, Vec<f64>, Vec<f64>)| {
                // A run that has ended stays where it was.
                let i = line.0.partition_point(|e| *e <= epoch).checked_sub(1)?;
                pick(line).get(i).copied().filter(|v| v.is_finite())
            };
            let mut values: Vec<f64> = self.lines.iter().filter_map(at).collect();
            values.sort_by(f64::total_cmp);
            if values.is_empty() {
                continue;
            }
            let share = |q: f64| values[(q * (values.len() - 1) as f64).round() as usize];
            band.epochs.push(epoch as u64);
            band.low.push(share(0.25));
            band.median.push(share(0.5));
            band.high.push(share(0.75));
        }
        band
    }
}
