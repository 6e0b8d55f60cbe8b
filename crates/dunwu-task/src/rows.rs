//! The rows of a task: all of them, or some drawn at random.

use crate::error::TaskError;
use crate::task::Task;
use dunwu_core::Draws;
use std::collections::BTreeSet;

/// Most rows of a table: two operands of the largest group.
const MOST_ROWS: usize = 1 << 24;
/// Most tokens of a table or sample, 256 MB.
const MOST_TOKENS: usize = 1 << 26;
/// Bits up to which all rows of a parity are listed.
const LISTED_BITS: usize = 16;

/// Tuples in lexicographic order, with their labels.
pub(crate) struct Rows {
    pub tokens: Vec<u32>,
    pub labels: Vec<u32>,
}

/// Number of tuples; None if they are drawn rather than listed.
pub(crate) fn count(task: &Task) -> Option<usize> {
    if let Some(sequence) = task.sequence() {
        return sequence.count();
    }
    let is_drawn = task.is_parity() && task.vocab().len() > LISTED_BITS;
    let product = task
        .vocab()
        .iter()
        .try_fold(1usize, |n, v| n.checked_mul(*v));
    product.filter(|_| !is_drawn)
}

/// Whether a table of that many operands and values is small enough to list.
pub(crate) fn can_be_listed(operands: usize, values: usize) -> bool {
    let rows = (0..operands).try_fold(1usize, |n, _| n.checked_mul(values));
    rows.is_some_and(|rows| rows <= MOST_ROWS)
}

/// Refuses tables that are too large to list.
pub(crate) fn check(task: &Task) -> Result<(), TaskError> {
    if task.is_parity()
        || task.sequence().is_some()
        || count(task).is_some_and(|rows| rows <= MOST_ROWS)
    {
        return Ok(());
    }
    let rows: f64 = task.vocab().iter().map(|v| *v as f64).product();
    let bytes = rows * (task.vocab().len() + 2) as f64 * 4.0 / 1e9;
    let why = format!(
        "has {rows:.3e} rows ({bytes:.0} GB); tables go up to {MOST_ROWS} rows. Take a smaller group or modulus, or fewer operands"
    );
    Err(TaskError::value(task.name(), why))
}

/// Visits every tuple that has a label, in lexicographic order.
pub(crate) fn each(task: &Task, mut visit: impl FnMut(&[u32], u32)) {
    let mut tuple = vec![0u32; task.vocab().len()];
    loop {
        if let Some(label) = task.label(&tuple) {
            visit(&tuple, label);
        }
        let not_last = |(token, n): (&u32, &usize)| *token as usize + 1 < *n;
        let Some(j) = tuple.iter().zip(task.vocab()).rposition(not_last) else {
            return;
        };
        tuple[j] += 1;
        tuple[j + 1..].fill(0);
    }
}

/// All rows.
pub(crate) fn list(task: &Task) -> Rows {
    if let Some(sequence) = task.sequence() {
        return sequence.list();
    }
    let mut rows = Rows {
        tokens: Vec::new(),
        labels: Vec::new(),
    };
    each(task, |tuple, label| {
        rows.tokens.extend_from_slice(tuple);
        rows.labels.push(label);
    });
    rows
}

/// `total` different rows of a task too large to list, `named` among them, the others drawn.
///
/// # Errors
/// More rows than there are, or than memory should hold.
pub(crate) fn draw(
    task: &Task,
    total: usize,
    named: &[Vec<u32>],
    draws: &mut Draws,
) -> Result<Rows, TaskError> {
    if let Some(sequence) = task.sequence() {
        return sequence.draw(task.name(), total, draws);
    }
    let bits = task.vocab().len();
    let all = 1usize.checked_shl(bits as u32).filter(|_| bits < 64);
    if total.saturating_mul(bits) > MOST_TOKENS || all.is_some_and(|all| total > all) {
        let most = (MOST_TOKENS / bits).min(all.unwrap_or(usize::MAX));
        let why = format!("was asked for {total} rows; of {bits} bits there can be up to {most}");
        return Err(TaskError::value(task.name(), why));
    }
    let mut chosen: BTreeSet<Vec<u32>> = named.iter().cloned().collect();
    if all.is_some_and(|all| total > all / 2) {
        // Rejection would be slow: shuffle all rows instead.
        let mut rest = (0..all.unwrap_or(0)).collect::<Vec<usize>>();
        draws.shuffle(&mut rest);
        let unpack = |row: usize| (0..bits).rev().map(|b| (row >> b & 1) as u32).collect();
        let mut rest = rest.into_iter().map(unpack);
        while chosen.len() < total {
            chosen.extend(rest.next());
        }
    }
    while chosen.len() < total {
        chosen.insert((0..bits).map(|_| draws.below(2) as u32).collect());
    }
    let label = |row: &Vec<u32>| task.label(row).expect("every row of bits has a parity");
    Ok(Rows {
        labels: chosen.iter().map(label).collect(),
        tokens: chosen.into_iter().flatten().collect(),
    })
}
