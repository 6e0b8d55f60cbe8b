//! Which rows are trained on, and whose labels are replaced.

use crate::error::TaskError;
use crate::irreps::irreps;
use crate::task::{Read, Task};
use dunwu_core::{Dataset, Draws, RunPlan, SplitKind, TrainShare};
use std::collections::BTreeMap;

/// Rows to draw of a task whose table cannot be listed: those trained on and those evaluated.
pub(crate) fn sampled(plan: &RunPlan, default: usize) -> usize {
    let test = if plan.test_size > 0 {
        plan.test_size
    } else {
        default
    };
    let train = match plan.train {
        TrainShare::Size(n) => n,
        TrainShare::Fraction(p) if p < 1.0 => (test as f64 * p / (1.0 - p)).round() as usize,
        _ => default,
    };
    train.saturating_add(test)
}

/// Fills `train` and `test`.
pub(crate) fn split(
    task: &Task,
    plan: &RunPlan,
    draws: &mut Draws,
    data: &mut Dataset,
    read: Read<'_>,
) -> Result<(), TaskError> {
    if let TrainShare::File(path) = &plan.train {
        data.train = from_file(path, data, read)?;
    } else {
        let size = train_rows(task, plan, data)?;
        data.train = match plan.split {
            SplitKind::Random => random(size, draws, data.len()),
            SplitKind::Balanced => balanced(size, draws, data),
        };
    }
    data.train.sort_unstable();
    let mut held_out: Vec<u32> = (0..data.len() as u32).collect();
    held_out.retain(|row| data.train.binary_search(row).is_err());
    if plan.test_size > 0 {
        if plan.test_size > held_out.len() {
            let why = format!(
                "is {}, but only {} rows are held out",
                plan.test_size,
                held_out.len()
            );
            return Err(TaskError::split("test_size", why));
        }
        draws.shuffle(&mut held_out);
        held_out.truncate(plan.test_size);
        held_out.sort_unstable();
    }
    data.test = held_out;
    Ok(())
}

/// How many rows the plan trains on.
fn train_rows(task: &Task, plan: &RunPlan, data: &Dataset) -> Result<usize, TaskError> {
    let all = data.len();
    let (key, size) = match plan.train {
        TrainShare::Fraction(p) => ("train_fraction", (p * all as f64).round() as usize),
        TrainShare::Size(n) => ("train_size", n),
        TrainShare::Multiplier(c) => ("train_multiplier", critical(task, c)?),
        TrainShare::File(_) => unreachable!("files name their rows"),
    };
    if size == 0 {
        let why = format!("leaves no row of {all} to train on; raise it");
        return Err(TaskError::split(key, why));
    }
    if size > all {
        return Err(TaskError::split(
            key,
            format!("asks for {size} rows, but the table has {all}"),
        ));
    }
    Ok(size)
}

/// n = c·M·log M, times half the largest dimension of a non-abelian group (arXiv 2509.21519 and its code).
fn critical(task: &Task, c: f64) -> Result<usize, TaskError> {
    let m = task.classes() as f64;
    let factor = match task.group() {
        Some(group) if group.identity().is_some() && !group.is_abelian() => {
            irreps(group)?.iter().map(|i| i.dim).max().unwrap_or(1) as f64 / 2.0
        }
        _ => 1.0,
    };
    Ok((c * m * m.ln() * factor).round() as usize)
}

fn random(size: usize, draws: &mut Draws, rows: usize) -> Vec<u32> {
    let mut all: Vec<u32> = (0..rows as u32).collect();
    draws.shuffle(&mut all);
    all.truncate(size);
    all
}

/// Takes rows label by label in turn, so that counts differ by at most one while rows last.
fn balanced(size: usize, draws: &mut Draws, data: &Dataset) -> Vec<u32> {
    let mut by_label: Vec<Vec<u32>> = vec![vec![]; data.classes];
    (0..data.len() as u32).for_each(|row| by_label[data.labels[row as usize] as usize].push(row));
    by_label.iter_mut().for_each(|rows| draws.shuffle(rows));
    let mut order: Vec<usize> = (0..data.classes).collect();
    let mut out = Vec::with_capacity(size);
    while out.len() < size {
        draws.shuffle(&mut order);
        for label in &order {
            if out.len() < size {
                out.extend(by_label[*label].pop());
            }
        }
    }
    out
}

/// Rows named by their tokens, one tuple a line.
fn from_file(path: &str, data: &Dataset, read: Read<'_>) -> Result<Vec<u32>, TaskError> {
    let text = read(path).map_err(|why| TaskError::file(path, why))?;
    let index: BTreeMap<&[u32], u32> = (0..data.len()).map(|i| (data.row(i), i as u32)).collect();
    let mut rows = Vec::new();
    let lines = text
        .lines()
        .enumerate()
        .map(|(i, l)| (i + 1, l.trim()))
        .filter(|(_, l)| !l.is_empty() && !l.starts_with('#'));
    for (number, line) in lines {
        let bad =
            |why: String| TaskError::split("split_file", format!("`{path}`, line {number}: {why}"));
        let tokens: Result<Vec<u32>, _> = line.split(',').map(|t| t.trim().parse()).collect();
        let tokens = match tokens {
            Ok(tokens) => tokens,
            // The first line may be a header.
            Err(_) if number == 1 => continue,
            Err(_) => {
                return Err(bad(format!(
                    "`{line}` is no list of tokens; write numbers with commas between"
                )));
            }
        };
        let row = index
            .get(tokens.as_slice())
            .ok_or_else(|| bad(format!("`{line}` is no row of the task")))?;
        rows.push(*row);
    }
    rows.sort_unstable();
    if rows.windows(2).any(|w| w[0] == w[1]) {
        return Err(TaskError::split(
            "split_file",
            format!("`{path}` names a row twice"),
        ));
    }
    if rows.is_empty() {
        return Err(TaskError::split(
            "split_file",
            format!("`{path}` names no row to train on"),
        ));
    }
    Ok(rows)
}

/// Replaces the labels of a share of the training rows by wrong ones, uniformly.
pub(crate) fn add_noise(share: f64, draws: &mut Draws, data: &mut Dataset) {
    let count = (share * data.train.len() as f64).round() as usize;
    if count == 0 || data.classes < 2 {
        return;
    }
    let mut rows = data.train.clone();
    draws.shuffle(&mut rows);
    rows.truncate(count);
    rows.sort_unstable();
    for row in &rows {
        let truth = data.clean[*row as usize];
        let shift = 1 + draws.below(data.classes as u64 - 1) as u32;
        data.labels[*row as usize] = (truth + shift) % data.classes as u32;
    }
    data.noisy = rows;
}
