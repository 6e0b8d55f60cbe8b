//! How the time to find irreducible representations grows with the order of the group:
//! `cargo run --release -p dunwu-task --example irreps_growth`
//!
//! The exponent p is that of time ∝ order^p between a size and the one before. D499 has 998 elements.

use dunwu_task::{Group, NO_FILES, Options, Task, irreps};
use std::error::Error;
use std::time::Instant;

const FAMILIES: [&[&str]; 2] = [
    &["S3", "S4", "S5", "S6"],
    &["D15", "D30", "D61", "D125", "D250", "D499"],
];

/// Repeats until this many seconds have passed, so that small groups are timed too.
const SECONDS: f64 = 0.2;

fn main() -> Result<(), Box<dyn Error>> {
    say(format!(
        "{:>6} {:>6} {:>8} {:>12} {:>9}",
        "group", "order", "irreps", "seconds", "exponent"
    ));
    for family in FAMILIES {
        let mut before = None;
        for name in family {
            let task = Task::parse(name, &Options::default(), NO_FILES)?;
            let group = task.group().ok_or("a group has a table")?;
            before = Some(line(group, before)?);
        }
    }
    Ok(())
}

/// Prints a group's line and returns its order and time.
fn line(group: &Group, before: Option<(f64, f64)>) -> Result<(f64, f64), Box<dyn Error>> {
    let (start, mut runs) = (Instant::now(), 0);
    let found = loop {
        let found = irreps(group)?.len();
        runs += 1;
        if start.elapsed().as_secs_f64() > SECONDS {
            break found;
        }
    };
    let seconds = start.elapsed().as_secs_f64() / f64::from(runs);
    let order = group.order() as f64;
    let exponent = before.map_or_else(String::new, |(n, s)| {
        format!("{:.2}", (seconds / s).ln() / (order / n).ln())
    });
    let (name, order) = (group.name(), order as usize);
    say(format!(
        "{name:>6} {order:>6} {found:>8} {seconds:>12.6} {exponent:>9}"
    ));
    Ok((order as f64, seconds))
}

#[expect(clippy::print_stdout, reason = "an example speaks to its reader")]
fn say(line: String) {
    println!("{line}");
}
