//! `dunwu forecast`.

use crate::output::{error_line, heading, json_runs, line, paragraph};
use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu::{ForecastSpec, RunForecast, short_number};
use std::io::Read;
use std::process::ExitCode;

pub(crate) fn run(
    words: &[String],
    follow: bool,
    learn: bool,
    page: Option<&Utf8Path>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let (overrides, files): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|w| ForecastSpec::is_override(w));
    let spec = ForecastSpec::from_overrides(overrides)?;
    let paths: Vec<Utf8PathBuf> = files.iter().map(Utf8PathBuf::from).collect();
    if follow {
        return crate::follow::run(&paths, spec, as_json);
    }
    if paths.is_empty() {
        anyhow::bail!("no log is named; write dunwu forecast FILE, or - for standard input");
    }
    if let Some(page) = page {
        check_page(page, &paths)?;
    }
    let mut skipped = Vec::new();
    let mut skip = |id: &str, why: &str| skipped.push(format!("{id}: {why}"));
    if learn {
        let count = dunwu::learn_logs(&paths, &spec, &mut skip)?;
        skipped.iter().for_each(|why| left_out(why));
        line(&format!("learned from {count} finished runs"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut told = Vec::new();
    for path in &paths {
        dunwu::forecast_logs(path, &spec, &mut |run| told.push(run), &mut skip)?;
    }
    if told.is_empty() {
        anyhow::bail!("{}", skipped.join("\n"));
    }
    skipped.iter().for_each(|why| left_out(why));
    if let Some(page) = page {
        write_page(page, words, &spec, &told, &skipped)?;
    }
    if as_json {
        json_runs(told.iter().map(RunForecast::to_json));
    } else if let [one] = told.as_slice() {
        print_one(one);
    } else {
        print_table(&told);
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn left_out(why: &str) {
    error_line(&format!("left out: {why}"));
}

/// What a page begins with.
const PAGE: &[u8] = b"<!DOCTYPE html>";

/// Refuses a page that would take the place of a log, or of anything else but a page.
fn check_page(page: &Utf8Path, logs: &[Utf8PathBuf]) -> anyhow::Result<()> {
    let Ok(place) = page.canonicalize() else {
        return Ok(());
    };
    if logs
        .iter()
        .any(|log| log.canonicalize().is_ok_and(|l| l == place))
    {
        anyhow::bail!("--out: {page} is the log that is read; name another file for the page");
    }
    let mut begins = Vec::new();
    let is_page = place.is_file()
        && std::fs::File::open(&place)
            .and_then(|file| file.take(PAGE.len() as u64).read_to_end(&mut begins))
            .is_ok_and(|length| length == 0 || begins == PAGE);
    // A terminal or a pipe takes what comes.
    if place.is_dir() || (place.is_file() && !is_page) {
        anyhow::bail!("--out: {page} is there and is no page; name another file, or remove it");
    }
    Ok(())
}

fn write_page(
    page: &Utf8Path,
    words: &[String],
    spec: &ForecastSpec,
    told: &[RunForecast],
    skipped: &[String],
) -> anyhow::Result<()> {
    let files: Vec<&str> = words
        .iter()
        .filter(|w| !ForecastSpec::is_override(w))
        .map(String::as_str)
        .collect();
    let quoted: Vec<String> = words.iter().map(|w| dunwu::shell_word(w)).collect();
    let command = format!(
        "dunwu forecast {} --out {}",
        quoted.join(" "),
        dunwu::shell_word(page.as_str())
    );
    let html = dunwu::forecast_html(
        &files.join(", "),
        &command,
        spec.better_than(),
        told,
        skipped,
    );
    std::fs::write(page, html).with_context(|| format!("cannot write {page}"))?;
    error_line(&format!("page: {page}"));
    Ok(())
}

pub(crate) fn print_one(run: &RunForecast) {
    heading(&format!("{}: {}", run.id, run.metric));
    let (steps, values) = &run.seen;
    if let (Some(step), Some(value)) = (steps.last(), values.last()) {
        paragraph(&format!(
            "seen: {} readings up to step {}, the last {}",
            run.points,
            step_number(*step),
            short_number(*value)
        ));
    }
    run.notes
        .iter()
        .for_each(|note| paragraph(&format!("note: {note}")));
    if let Some(q) = &run.forecast.last {
        let at = |level| short_number(q.at(level));
        paragraph(&format!(
            "at step {}: {}, 50 % within {} to {}, 90 % within {} to {}",
            step_number(run.horizon),
            at(0.5),
            at(0.25),
            at(0.75),
            at(0.05),
            at(0.95)
        ));
    }
    if let Some(p) = run.forecast.p_better {
        line(&format!("  better than the incumbent: {:.0} %", 100.0 * p));
    }
    fan(run).iter().for_each(|row| line(row));
    if run.forecast.novelty.is_finite() {
        paragraph(&format!(
            "novelty {:.2} (up to 1: as near to known curves as these are to each other)",
            run.forecast.novelty
        ));
    }
    paragraph(&format!(
        "{}: {}",
        run.forecast.decision.name(),
        run.forecast.reason
    ));
}

/// A step; most are whole, and are written so.
fn step_number(step: f64) -> String {
    if step.fract() == 0.0 && step.abs() < 1e9 {
        format!("{step:.0}")
    } else {
        short_number(step)
    }
}

/// Rows and columns of the chart.
const HIGH: usize = 14;
const WIDE: usize = 64;

/// What was seen, and the fan of what may come: `·` within 90 %, `:` within 50 %, `-` the median.
fn fan(run: &RunForecast) -> Vec<String> {
    let path = &run.forecast.path;
    let (steps, values) = &run.seen;
    if path.is_empty() || steps.len() < 2 {
        return vec![];
    }
    let ends = path.iter().flat_map(|(_, q)| [q.at(0.05), q.at(0.95)]);
    let (low, high) = ends
        .chain(values.iter().copied())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
            (a.min(v), b.max(v))
        });
    let (first, last) = (steps[0], run.horizon);
    if high <= low || last <= first {
        return vec![];
    }
    let column =
        |step: f64| (((step - first) / (last - first)) * (WIDE - 1) as f64).round() as usize;
    let row = |value: f64| (((high - value) / (high - low)) * (HIGH - 1) as f64).round() as usize;
    let mut grid = vec![[' '; WIDE]; HIGH];
    let from = column(steps[steps.len() - 1]);
    for c in from + 1..WIDE {
        let step = first + (last - first) * c as f64 / (WIDE - 1) as f64;
        let near = path
            .iter()
            .min_by(|a, b| (a.0 - step).abs().total_cmp(&(b.0 - step).abs()));
        let Some((_, q)) = near else { continue };
        for (a, b, sign) in [(0.05, 0.95, '·'), (0.25, 0.75, ':'), (0.5, 0.5, '-')] {
            grid[row(q.at(b))..=row(q.at(a))]
                .iter_mut()
                .for_each(|r| r[c] = sign);
        }
    }
    for (s, v) in steps.iter().zip(values) {
        grid[row(*v)][column(*s).min(WIDE - 1)] = 'o';
    }
    let label = |i: usize| match i {
        0 => short_number(high),
        _ if i == HIGH - 1 => short_number(low),
        _ => String::new(),
    };
    let rows = grid.iter().enumerate().map(|(i, r)| {
        format!(
            "{:>12} |{}",
            label(i),
            r.iter().collect::<String>().trim_end()
        )
    });
    let foot = format!("{:>12} +{}", "", "-".repeat(WIDE));
    let (left, right) = (step_number(first), step_number(last));
    let steps = format!("{:>14}{left}{right:>1$}", "", WIDE - left.len());
    rows.chain([foot, steps]).collect()
}

/// A column of names: what all begin with is left out at a space, and of a name that is too long the end is kept.
pub(crate) struct Names {
    shared: usize,
    /// Characters.
    pub(crate) width: usize,
}

impl Names {
    pub(crate) fn of<'a>(ids: impl Iterator<Item = &'a str> + Clone) -> Self {
        let first = ids.clone().next().unwrap_or("");
        let shared = |id: &str| {
            let pairs = first.char_indices().zip(id.chars());
            let same = pairs.take_while(|((_, a), b)| a == b);
            same.filter(|((_, a), _)| *a == ' ')
                .last()
                .map_or(0, |((i, _), _)| i + 1)
        };
        let several = ids.clone().nth(1).is_some();
        let shared = if several {
            ids.clone().map(shared).min().unwrap_or(0)
        } else {
            0
        };
        let longest = ids.map(|id| id[shared..].chars().count()).max();
        Self {
            shared,
            width: longest.unwrap_or(0).clamp(3, 40),
        }
    }

    pub(crate) fn short(&self, id: &str) -> String {
        tail(&id[self.shared..], self.width)
    }
}

/// The end of a name that is too long.
fn tail(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        return name.to_owned();
    }
    format!(
        "…{}",
        name.chars().skip(length - most + 1).collect::<String>()
    )
}

fn print_table(runs: &[RunForecast]) {
    let names = Names::of(runs.iter().map(|r| r.id.as_str()));
    let wide = names.width;
    line(&format!(
        "{:<wide$}  {:<14}{:>8}{:>10}{:>10}{:>10}{:>10}{:>8}  decision",
        "run", "metric", "points", "last", "q05", "q50", "q95", "better"
    ));
    for run in runs {
        let f = &run.forecast;
        let at = |level: f64| {
            f.last
                .as_ref()
                .map_or("–".to_owned(), |q| short_number(q.at(level)))
        };
        let better = f
            .p_better
            .map_or("–".to_owned(), |p| format!("{:.0} %", 100.0 * p));
        let unsure = if f.can_tell { "" } else { "?" };
        line(&format!(
            "{:<wide$}  {:<14}{:>8}{:>10}{:>10}{:>10}{:>10}{:>8}  {}{unsure}",
            names.short(&run.id),
            tail(&run.metric, 13),
            run.points,
            run.seen
                .1
                .last()
                .map_or("–".to_owned(), |v| short_number(*v)),
            at(0.05),
            at(0.5),
            at(0.95),
            better,
            f.decision.name()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, step_number};

    #[test]
    fn whole_steps_have_no_places_after_the_point() {
        let written = [0.0, 8.0, 800.0, 5100.0, 0.5, 12.25].map(step_number);
        assert_eq!(written, ["0", "8", "800", "5100", "0.5000", "12.25"]);
    }

    #[test]
    fn names_lose_what_all_begin_with_and_keep_their_ends() {
        let names = |ids: &[&str]| {
            let names = Names::of(ids.iter().copied());
            ids.iter().map(|id| names.short(id)).collect::<Vec<_>>()
        };
        assert_eq!(
            names(&["width=8 task=Z7 seed=1", "width=8 task=Z7 seed=12"]),
            ["seed=1", "seed=12"]
        );
        assert_eq!(
            names(&["logs/a.csv", "logs/b.csv"]),
            ["logs/a.csv", "logs/b.csv"]
        );
        assert_eq!(names(&["a b", "c"]), ["a b", "c"]);
        assert_eq!(names(&["a b"]), ["a b"]);
        let long = "x".repeat(60);
        assert_eq!(names(&[&long, "y"])[0], format!("…{}", "x".repeat(39)));
    }
}
