//! How the cost of peaks and representations grows.

use crate::error::Error;
use crate::lab::read_file;
use dunwu_analysis::landscape::{Problem, search};
use dunwu_core::RunSpec;
use dunwu_task::{Task, irreps};
use std::time::Instant;

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// `peaks`: climbs on the full table from random starts, on all cores; `irreps`: all irreducible
    /// representations, on one.
    pub what: &'static str,
    /// The task.
    pub task: &'static str,
    /// What the cost grows with: rows n of the table for peaks, order M for irreps.
    pub size: usize,
    /// Random starts.
    pub starts: Option<usize>,
    /// Seconds in all.
    pub seconds: f64,
    /// p of time ∝ sizeᵖ (of one start, for peaks) from the entry above.
    pub exponent: Option<f64>,
}

/// Tables that are climbed, with the number of starts.
const PEAKS: &[(&str, usize)] = &[
    ("Z31", 1000),
    ("Z61", 1000),
    ("Z127", 1000),
    ("Z127", 10_000),
];
const IRREPS: &[&str] = &["S4", "S5", "S6"];
/// Repeats until this many seconds have passed, so that short work is timed too.
const SECONDS: f64 = 0.5;

/// Measures all of them; `progress` hears what comes next.
///
/// # Errors
/// None that the tasks above are known to have.
pub fn growth(progress: &mut dyn FnMut(&str)) -> Result<Vec<Growth>, Error> {
    let mut out: Vec<Growth> = Vec::new();
    for (task, starts) in PEAKS {
        progress(&format!("peaks of {task} from {starts} starts"));
        let plan =
            RunSpec::from_overrides([&format!("task={task}"), "train_fraction=1"])?.resolve()?;
        let data = Task::from_plan(&plan, &read_file)?.dataset(&plan, 0, &read_file)?;
        let problem = Problem::of_rows(&data, &data.train, plan.activation, [0.0, 1.0])?;
        let seconds = time(|| drop(search(&problem, *starts, 0)));
        push(&mut out, "peaks", task, data.len(), Some(*starts), seconds);
    }
    for name in IRREPS {
        progress(&format!("irreps of {name}"));
        let plan = RunSpec::from_overrides([&format!("task={name}")])?.resolve()?;
        let task = Task::from_plan(&plan, &read_file)?;
        let group = task.group().expect("a symmetric group has a table");
        irreps(group)?;
        let seconds = time(|| drop(irreps(group)));
        push(&mut out, "irreps", name, group.order(), None, seconds);
    }
    Ok(out)
}

/// Seconds that the work takes, over as many turns as fill `SECONDS`.
fn time(mut work: impl FnMut()) -> f64 {
    let (start, mut turns) = (Instant::now(), 0);
    loop {
        work();
        turns += 1;
        let elapsed = start.elapsed().as_secs_f64();
        if elapsed > SECONDS {
            return elapsed / f64::from(turns);
        }
    }
}

fn push(
    out: &mut Vec<Growth>,
    what: &'static str,
    task: &'static str,
    size: usize,
    starts: Option<usize>,
    seconds: f64,
) {
    let one = |seconds: f64, starts: Option<usize>| seconds / starts.unwrap_or(1) as f64;
    let before = out.last().filter(|b| b.what == what && b.size < size);
    let exponent = before.map(|b| {
        let cost = one(seconds, starts) / one(b.seconds, b.starts);
        cost.ln() / (size as f64 / b.size as f64).ln()
    });
    out.push(Growth {
        what,
        task,
        size,
        starts,
        seconds,
        exponent,
    });
}
