//! What was varied, and what all runs share.

use crate::error::Error;
use crate::sweep::grid::{Grid, is_numeric};
use dunwu_core::shell_word;
use dunwu_report::{AxisValue, SweepAxis, SweepSpread};
use dunwu_store::SweepPlan;
use std::collections::{BTreeMap, BTreeSet};

/// The keys that were varied, with all their values.
pub(super) fn axes(stored: &SweepPlan) -> Result<Vec<SweepAxis>, Error> {
    let grids: Vec<Grid> = stored
        .asked
        .iter()
        .map(Grid::of)
        .collect::<Result<_, _>>()?;
    let mut keys: Vec<String> = Vec::new();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for grid in &grids {
        for axis in grid.axes() {
            for (i, key) in axis.keys.iter().enumerate() {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
                let values = all.entry(key.clone()).or_default();
                values.extend(axis.places.iter().map(|place| place[i].clone()));
            }
        }
        for word in grid.shared() {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            all.entry(key.to_owned())
                .or_default()
                .push(value.to_owned());
        }
    }
    // A key that two plans of one directory give different values is an axis too.
    for (key, values) in &all {
        let distinct: BTreeSet<&String> = values.iter().collect();
        if distinct.len() > 1 && !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    let made = keys.iter().map(|key| axis(key, &all[key]));
    Ok(made.collect())
}

fn axis(key: &str, values: &[String]) -> SweepAxis {
    let mut places: Vec<AxisValue> = Vec::new();
    let (mut texts, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for text in values {
        let number = text.parse::<f64>().ok().filter(|_| is_numeric(key));
        // Two ways of writing one number are one place.
        let new = number.is_none_or(|n| seen.insert(n.to_bits()));
        if texts.insert(text) && new {
            let text = text.clone();
            places.push(AxisValue { text, number });
        }
    }
    let numbers: Option<Vec<f64>> = places.iter().map(|p| p.number).collect();
    let spread = match numbers {
        None => SweepSpread::Category,
        Some(numbers) => {
            let by = |a: &AxisValue, b: &AxisValue| a.number.partial_cmp(&b.number);
            places.sort_by(|a, b| by(a, b).unwrap_or(std::cmp::Ordering::Equal));
            let (least, most) = numbers
                .iter()
                .fold((f64::INFINITY, 0.0f64), |(l, m), x| (l.min(*x), m.max(*x)));
            if least > 0.0 && most / least >= 20.0 {
                SweepSpread::Log
            } else {
                SweepSpread::Linear
            }
        }
    };
    SweepAxis {
        name: key.to_owned(),
        label: key.replace('_', " "),
        spread,
        values: places,
    }
}

/// What all runs share.
pub(super) fn shared_words(stored: &SweepPlan) -> Vec<(String, String)> {
    let mut shared: Option<BTreeSet<String>> = None;
    for grid in stored.asked.iter().filter_map(|w| Grid::of(w).ok()) {
        let own: BTreeSet<String> = grid.shared().iter().cloned().collect();
        shared = Some(match shared {
            None => own,
            Some(all) => all.intersection(&own).cloned().collect(),
        });
    }
    let pair = |w: String| {
        let (key, value) = w.split_once('=').unwrap_or((&w, ""));
        (key.to_owned(), value.to_owned())
    };
    shared.unwrap_or_default().into_iter().map(pair).collect()
}

pub(super) fn title(axes: &[SweepAxis], plan: &[(String, String)]) -> String {
    let task = plan.iter().find(|(key, _)| key == "task");
    let names: Vec<&str> = axes.iter().map(|a| a.label.as_str()).collect();
    let varied = if names.is_empty() {
        "seeds".to_owned()
    } else {
        names.join(" × ")
    };
    task.map_or_else(|| varied.clone(), |(_, t)| format!("{t}: {varied}"))
}

/// The commands that ask for all that a directory holds.
pub(crate) fn command(stored: &SweepPlan) -> String {
    let one = |wanted: &dunwu_store::Wanted| {
        let words = wanted.words.iter().map(|w| shell_word(w));
        let zip = wanted.zip.iter().map(|z| format!("--zip {}", z.join(",")));
        let all: Vec<String> = words.chain(zip).collect();
        format!("dunwu {} {}", stored.command, all.join(" "))
    };
    let all: Vec<String> = stored.asked.iter().map(one).collect();
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_sorted_and_spread_by_their_values() {
        let texts = |v: &[&str]| v.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let lr = axis("lr", &texts(&["1e-2", "1e-4", "0.01", "1e-3"]));
        assert_eq!(lr.spread, SweepSpread::Log);
        let values: Vec<&str> = lr.values.iter().map(|v| v.text.as_str()).collect();
        assert_eq!(values, ["1e-4", "1e-3", "1e-2"]);
        assert_eq!(
            axis("task", &texts(&["Z7", "Z5"])).spread,
            SweepSpread::Category
        );
    }
}
