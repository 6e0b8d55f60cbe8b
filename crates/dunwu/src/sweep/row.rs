//! Finished runs as rows of tables.

use super::grid::is_numeric;
use crate::trial::Trial;
use dunwu_core::{Curve, RunPlan, StopReason, shell_word};
use dunwu_store::{Column, Table};
use std::collections::BTreeMap;

/// What tells a run from all others: a hash of its plan without the seed, and the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// [`dunwu_store::plan_hash`] of the plan with seed 0.
    pub plan: u64,
    /// The seed.
    pub seed: u64,
}

/// The part of a [`RunKey`] that runs of one plan share.
pub(crate) fn plan_key(plan: &RunPlan) -> u64 {
    let text = dunwu_store::plan_hash(&RunPlan {
        seed: 0,
        ..plan.clone()
    });
    u64::from_str_radix(&text, 16).expect("a hash is 16 hexadecimal digits")
}

/// Overrides as a person can copy them behind `dunwu train`.
pub(crate) fn plan_text(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|w| shell_word(w)).collect();
    words.join(" ")
}

/// The overrides of [`plan_text`]; none of a text that a shell would not take.
pub(crate) fn plan_words(text: &str) -> Vec<String> {
    shlex::split(text).unwrap_or_default()
}

/// A run that is over, well or not.
pub(crate) struct Finished {
    pub key: RunKey,
    /// Its plan as it was written, with every key that the sweep names.
    pub words: Vec<String>,
    pub result: Result<Trial, String>,
    pub seconds: f64,
}

/// How a run ended, as recorded in column `kind`.
fn kind(stopped: &StopReason) -> &'static str {
    match stopped {
        StopReason::Completed => "completed",
        StopReason::Observer(_) => "stopped",
        StopReason::Diverged { .. } => "diverged",
        StopReason::Interrupted => "interrupted",
    }
}

/// A value of a row.
enum Cell {
    Integer(i64),
    Real(f64),
    Text(String),
}

/// Column of the epoch at which a run generalised, in the sense of its plan's `stop_accuracy`.
pub(crate) const GENERALISED: &str = "generalised";

/// When the runs of a table generalised; parts of earlier versions told only when 99 % were reached.
pub(crate) fn generalised(table: &Table) -> &[Option<i64>] {
    match table.integers(GENERALISED) {
        [] => table.integers("test_99"),
        some => some,
    }
}

/// The names and values of one run.
fn cells(run: &Finished) -> BTreeMap<String, Cell> {
    let mut row = BTreeMap::new();
    let mut put = |name: &str, cell: Cell| drop(row.insert(name.to_owned(), cell));
    for word in &run.words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let cell = match value.parse() {
            Ok(number) if is_numeric(key) => Cell::Real(number),
            _ => Cell::Text(value.to_owned()),
        };
        put(key, cell);
    }
    put("plan", Cell::Text(plan_text(&run.words)));
    put("plan_hash", Cell::Text(format!("{:016x}", run.key.plan)));
    put("seed", Cell::Integer(run.key.seed as i64));
    put("seconds", Cell::Real(run.seconds));
    match &run.result {
        Err(why) => {
            put("kind", Cell::Text("failed".to_owned()));
            put("reason", Cell::Text(why.clone()));
            put("digest", Cell::Integer(0));
        }
        Ok(trial) => results(trial, &mut put),
    }
    row
}

fn results(trial: &Trial, put: &mut impl FnMut(&str, Cell)) {
    put("kind", Cell::Text(kind(&trial.stopped).to_owned()));
    put("reason", Cell::Text(trial.stopped.phrase()));
    put("fate", Cell::Text(trial.account.fate.name.clone()));
    let counts = [
        ("epoch", trial.epoch),
        ("classes", trial.classes as u64),
        ("rows", trial.rows as u64),
        ("trained_on", trial.trained_on as u64),
    ];
    for (name, count) in counts {
        put(name, Cell::Integer(count as i64));
    }
    let share = trial.trained_on as f64 / trial.rows as f64;
    put("share", Cell::Real(share));
    let account = &trial.account;
    let crossings = [
        ("train_99", account.train_99.first),
        ("test_50", account.test_50.first),
        ("test_99", account.test_99.first),
        ("sustained_50", account.test_50.sustained),
        ("sustained_99", account.test_99.sustained),
        ("delay", account.delay),
        (GENERALISED, trial.generalised),
    ];
    for (name, epoch) in crossings {
        if let Some(epoch) = epoch {
            put(name, Cell::Integer(epoch as i64));
        }
    }
    // `lr` is a key of the plan: its last reading would hide what was asked.
    for (name, _) in trial.curve.columns().filter(|c| c.0 != "lr") {
        if let Some((_, value)) = trial.curve.points(name).last() {
            put(name, Cell::Real(value));
        }
    }
    let best = trial.curve.points("test_acc").map(|p| p.1);
    if let Some(best) = best.reduce(f64::max) {
        put("max_test_acc", Cell::Real(best));
    }
    put("digest", Cell::Integer(digest(trial)));
}

/// A sum of what was measured: equal runs have equal ones, on any machine.
fn digest(trial: &Trial) -> i64 {
    let numbers = trial.curve.columns().flat_map(|(_, values)| values);
    let bits = numbers.map(|x| x.to_bits()).chain([trial.epoch]);
    bits.fold(0xcbf2_9ce4_8422_2325, mixed) as i64
}

/// A sum with one more word in it: every bit of the word counts.
pub(super) fn mixed(sum: u64, word: u64) -> u64 {
    (sum ^ word)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
}

/// Columns that every part has, so that programs that read many parts at once find them alike.
const INTEGERS: [&str; 11] = [
    "classes",
    "delay",
    "epoch",
    GENERALISED,
    "rows",
    "sustained_50",
    "sustained_99",
    "test_50",
    "test_99",
    "train_99",
    "trained_on",
];
const REALS: [&str; 6] = [
    "max_test_acc",
    "share",
    "test_acc",
    "test_loss",
    "train_acc",
    "train_loss",
];

/// The rows of some runs. A column that one of them lacks has no value there.
pub(crate) fn runs_table(runs: &[Finished]) -> Table {
    let rows: Vec<BTreeMap<String, Cell>> = runs.iter().map(cells).collect();
    let mut columns: BTreeMap<String, Column> = BTreeMap::new();
    let integer = |name: &str| (name.to_owned(), Column::Integer(vec![]));
    let real = |name: &str| (name.to_owned(), Column::Real(vec![]));
    columns.extend(INTEGERS.map(integer));
    columns.extend(REALS.map(real));
    columns.insert("fate".to_owned(), Column::Text(vec![]));
    for (name, cell) in rows.iter().flatten() {
        // A text in a column of numbers, where a value could not be read, is left out.
        columns.entry(name.clone()).or_insert_with(|| match cell {
            Cell::Integer(_) => Column::Integer(vec![]),
            Cell::Real(_) => Column::Real(vec![]),
            Cell::Text(_) => Column::Text(vec![]),
        });
    }
    for row in &rows {
        for (name, column) in &mut columns {
            match (column, row.get(name)) {
                (Column::Integer(all), cell) => all.push(match cell {
                    Some(Cell::Integer(i)) => Some(*i),
                    _ => None,
                }),
                (Column::Real(all), cell) => all.push(match cell {
                    Some(Cell::Real(x)) => Some(*x),
                    _ => None,
                }),
                (Column::Text(all), cell) => all.push(match cell {
                    Some(Cell::Text(t)) => Some(t.clone()),
                    _ => None,
                }),
                _ => unreachable!("a row has no lists"),
            }
        }
    }
    let mut table = Table::default();
    for (name, column) in columns {
        table.insert(name, column);
    }
    table
}

/// The thinned curves of some runs; None if none are kept.
pub(crate) fn curves_table(runs: &[Finished], points: usize) -> Option<Table> {
    let trials: Vec<(&RunKey, &Trial)> = runs
        .iter()
        .filter_map(|r| Some((&r.key, r.result.as_ref().ok()?)))
        .collect();
    if points == 0 || trials.is_empty() {
        return None;
    }
    let places: Vec<Vec<usize>> = trials.iter().map(|(_, t)| thin(&t.curve, points)).collect();
    let mut table = Table::default();
    let hash = |k: &RunKey| Some(format!("{:016x}", k.plan));
    let hashes = trials.iter().map(|(k, _)| hash(k)).collect();
    table.insert("plan_hash", Column::Text(hashes));
    let seeds = trials.iter().map(|(k, _)| Some(k.seed as i64)).collect();
    table.insert("seed", Column::Integer(seeds));
    let epochs = |(t, keep): (&(&RunKey, &Trial), &Vec<usize>)| -> Vec<i64> {
        keep.iter().map(|i| t.1.curve.epochs()[*i] as i64).collect()
    };
    let epochs = trials.iter().zip(&places).map(epochs).collect();
    table.insert("epoch", Column::Integers(epochs));
    let names: std::collections::BTreeSet<&str> = trials
        .iter()
        .flat_map(|(_, t)| t.curve.columns().map(|c| c.0))
        .filter(|name| *name != "lr")
        .collect();
    for name in names {
        let values = |((_, t), keep): (&(&RunKey, &Trial), &Vec<usize>)| -> Vec<f64> {
            let column = t.curve.column(name);
            keep.iter()
                .map(|i| column.map_or(f64::NAN, |c| c[*i]))
                .collect()
        };
        let values = trials.iter().zip(&places).map(values).collect();
        table.insert(name, Column::Reals(values));
    }
    Some(table)
}

/// Rows of a curve to keep: about `points`, evenly over the logarithm of the epoch, those with a held-out score,
/// and always the first, the last and the crossings.
fn thin(curve: &Curve, points: usize) -> Vec<usize> {
    let epochs = curve.epochs();
    let test = curve.column("test_acc");
    let scored = |i: &usize| test.is_none_or(|t| !t[*i].is_nan());
    let rows: Vec<usize> = (0..epochs.len()).filter(scored).collect();
    if rows.len() <= points {
        return rows;
    }
    let last = (epochs[epochs.len() - 1] as f64 + 1.0).ln();
    let bin = |i: usize| ((epochs[i] as f64 + 1.0).ln() / last * (points - 1) as f64) as usize;
    let mut keep = Vec::with_capacity(points + 8);
    let mut crossed = [false; 3];
    for (at, i) in rows.iter().enumerate() {
        let next = rows.get(at + 1);
        let ends = next.is_none_or(|n| bin(*n) != bin(*i));
        let mut crosses = false;
        for (seen, (column, level)) in crossed.iter_mut().zip(crate::recorder::CROSSINGS) {
            let value = curve.column(column).map_or(f64::NAN, |c| c[*i]);
            if !*seen && value >= level {
                *seen = true;
                crosses = true;
            }
        }
        if at == 0 || ends || crosses {
            keep.push(*i);
        }
    }
    keep
}

#[cfg(test)]
mod tests {
    use super::{plan_text, plan_words};

    #[test]
    fn plans_come_back_from_their_text() {
        let words = [
            "task=x^2 + x*y mod 97",
            "split_file=it's \\ here",
            "lr=1e-3",
        ];
        let words = words.map(str::to_owned);
        let text = plan_text(&words);
        assert!(text.ends_with(" lr=1e-3"), "{text}");
        assert_eq!(plan_words(&text), words);
        assert!(plan_words("").is_empty());
    }
}
