//! `dunwu reproduce`.

use crate::args::Reproduce;
use crate::exit;
use crate::output::{error_line, heading, json, line, paragraph};
use dunwu::reproduce::{
    Changes, Cost, Measured, Outcome, Row, Step, Suite, SuiteDir, Trained, Unfinished, Verdict,
    listing, select, short, summary,
};
use dunwu::{Control, Error, PlanError};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Time between lines where standard error is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// Most settings at which a statistic is printed one by one, where all have one verdict.
const SETTINGS: usize = 3;
/// Most commands of a row that are printed.
const COMMANDS: usize = 4;

pub(crate) fn run(args: &Reproduce, cancel: &AtomicBool) -> anyhow::Result<ExitCode> {
    let (words, ids): (Vec<String>, Vec<String>) =
        args.words.iter().cloned().partition(|w| w.contains('='));
    let changes = Changes::from_overrides(&words).map_err(Error::from)?;
    let costs = costs(args, &ids)?;
    let rows = select(&ids, &costs)?;
    if args.list {
        if args.json {
            json(&listing(&rows));
        } else {
            list(&rows);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows = possible(rows, &ids)?;
    let dir = args.out.as_deref().map(SuiteDir::open).transpose()?;
    let display = Display::new(args.quiet);
    let (outcomes, interrupted) = measure(args, &rows, changes, dir.as_ref(), &display, cancel)?;
    let page = dir.as_ref().map(SuiteDir::write_page).transpose()?;
    let unfinished = dir.as_ref().map(SuiteDir::unfinished).transpose()?;
    let unfinished = unfinished.unwrap_or_default();
    if args.json {
        let dir = args.out.as_deref();
        json(&summary(&outcomes, interrupted, dir, &unfinished));
    } else {
        table(&outcomes);
        page.into_iter()
            .for_each(|page| line(&format!("page: {page}")));
    }
    if interrupted {
        let row = rows.get(outcomes.len());
        tell_interrupted(args, outcomes.len(), row, &unfinished);
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    let failed = outcomes.iter().any(|o| o.verdict == Verdict::DoesNotHold);
    Ok(if failed {
        ExitCode::from(exit::DOES_NOT_HOLD)
    } else {
        ExitCode::SUCCESS
    })
}

/// The costs asked for; without any, and without ids, the cheapest.
fn costs(args: &Reproduce, ids: &[String]) -> Result<Vec<Cost>, Error> {
    if args.cost.is_empty() && ids.is_empty() && !args.list {
        return Ok(vec![Cost::S]);
    }
    let parse = |text: &String| text.parse::<Cost>().map_err(Error::from);
    args.cost.iter().map(parse).collect()
}

/// Rows that can be run; one that is named and cannot is refused before anything is run.
fn possible(rows: Vec<Row>, ids: &[String]) -> Result<Vec<Row>, Error> {
    if let Some(row) = rows
        .iter()
        .find(|r| r.not_possible.is_some() && !ids.is_empty())
    {
        let why = row.not_possible.as_deref().unwrap_or_default();
        let why = format!("row {} cannot be run yet: {why}", row.id);
        return Err(PlanError::new("reproduce", why).into());
    }
    let rows: Vec<Row> = rows
        .into_iter()
        .filter(|r| r.not_possible.is_none())
        .collect();
    if rows.is_empty() {
        let why = "no row has that id and that cost; `dunwu reproduce --list` names all";
        return Err(PlanError::new("reproduce", why).into());
    }
    Ok(rows)
}

/// Measures the rows, printing each as it is done, and says whether it was interrupted.
fn measure(
    args: &Reproduce,
    rows: &[Row],
    changes: Changes,
    dir: Option<&SuiteDir>,
    display: &Display,
    cancel: &AtomicBool,
) -> anyhow::Result<(Vec<Outcome>, bool)> {
    let suite = dir.map_or_else(Suite::default, Suite::keeping);
    let control = Control {
        progress: None,
        cancel: Some(cancel),
    };
    let mut outcomes = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let known = dir.map(|d| d.find(row, changes)).transpose()?.flatten();
        let outcome = match known {
            Some(known) => known,
            None => {
                let found = suite.run(row, changes, &control, &|step| display.hear(step));
                display.clear();
                let Some(found) = found? else {
                    return Ok((outcomes, true));
                };
                if let Some(dir) = dir {
                    dir.keep(&found, changes)?;
                }
                found
            }
        };
        if let Some(dir) = dir {
            dir.clear(&rows[at + 1..], changes)?;
        }
        if !args.json {
            print(&outcome);
        }
        outcomes.push(outcome);
    }
    Ok((outcomes, false))
}

/// Says what is kept of the row that was interrupted and of the `done` ones before it, and what goes on with it.
fn tell_interrupted(args: &Reproduce, done: usize, row: Option<&Row>, unfinished: &[Unfinished]) {
    let Some(dir) = &args.out else {
        let how = "what is finished was printed; with --out DIR it is kept, run by run";
        return error_line(&format!("interrupted; {how}"));
    };
    let of_row = unfinished
        .iter()
        .find(|u| row.is_some_and(|r| r.id == u.id));
    let runs = of_row.filter(|u| u.runs > 0).map(|u| {
        let runs = count(u.runs, "finished run");
        format!("{runs} of row {}", u.id)
    });
    let rows = (done > 0).then(|| count(done, "row"));
    let saved = of_row.filter(|u| u.under_way > 0);
    let saved = saved.map(|u| format!("{} under way", count(u.under_way, "run")));
    let kept: Vec<String> = rows.into_iter().chain(runs).chain(saved).collect();
    let kept = if kept.is_empty() {
        "nothing was finished".to_owned()
    } else {
        format!("{dir} keeps {}", kept.join(" and "))
    };
    let command = command(args);
    error_line(&format!(
        "interrupted; {kept}. Go on with the same command: {command}"
    ));
}

fn count(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}

/// The command that was given.
fn command(args: &Reproduce) -> String {
    let mut words = vec!["dunwu".to_owned(), "reproduce".to_owned()];
    words.extend(args.words.iter().map(|w| dunwu::shell_word(w)));
    if !args.cost.is_empty() {
        let costs = args.cost.join(",");
        words.extend(["--cost".to_owned(), dunwu::shell_word(&costs)]);
    }
    if let Some(dir) = &args.out {
        words.extend(["--out".to_owned(), dunwu::shell_word(dir.as_str())]);
    }
    let flags = [(args.json, "--json"), (args.quiet, "--quiet")];
    let flags = flags.iter().filter(|(given, _)| *given);
    words.extend(flags.map(|(_, flag)| (*flag).to_owned()));
    words.join(" ")
}

fn list(rows: &[Row]) {
    line(&format!("{:>4}  {:4}  claim", "id", "cost"));
    for row in rows {
        crate::output::row(&format!("{:>4}  {:4}  ", row.id, row.cost), &row.claim);
        let beside = match (&row.not_possible, &row.left_out) {
            (Some(why), _) => format!("; not possible yet: {why}"),
            (None, Some(what)) => format!("; not judged: the source leaves out {what}"),
            (None, None) => String::new(),
        };
        crate::output::row(&" ".repeat(12), &format!("{}{beside}", row.source));
    }
}

fn print(outcome: &Outcome) {
    let row = &outcome.row;
    heading(&format!("{}  {}", row.id, row.claim));
    paragraph(&format!("source: {}", row.source));
    paragraph(&format!("published: {}", row.published));
    if let Some(note) = &row.note {
        paragraph(&format!("note: {note}"));
    }
    alike(&outcome.measured).into_iter().for_each(print_alike);
    let why = outcome
        .why
        .as_ref()
        .map_or_else(String::new, |w| format!(" ({w})"));
    paragraph(&format!("verdict: {}{why}", outcome.verdict.words()));
    for command in outcome.commands.iter().take(COMMANDS) {
        line(&format!("  command: {command}"));
    }
    if let Some(more) = outcome
        .commands
        .len()
        .checked_sub(COMMANDS)
        .filter(|n| *n > 0)
    {
        paragraph(&format!("and {more} more, which --json names"));
    }
    line(&format!("  {:.1} s\n", outcome.seconds));
}

/// The same statistic at all its settings.
fn alike(measured: &[Measured]) -> Vec<&[Measured]> {
    let same = |a: &Measured, b: &Measured| a.what == b.what && a.tolerance == b.tolerance;
    measured.chunk_by(same).collect()
}

/// A statistic, setting by setting; of many settings that agree, only the range.
fn print_alike(all: &[Measured]) {
    let first = &all[0];
    let published = first.published.as_deref().unwrap_or("–");
    paragraph(&first.what);
    let says = |measured: &str, verdict: Option<Verdict>| {
        let verdict = verdict.map_or("shown", Verdict::words);
        let tolerance = first.tolerance;
        format!("published {published}; measured {measured}; tolerance {tolerance}: {verdict}")
    };
    let agree = all
        .iter()
        .all(|m| m.verdict == first.verdict && m.verdict.is_some());
    if all.len() > SETTINGS && agree {
        let range = format!("{} at {} settings", range(all), all.len());
        return crate::output::row("    ", &says(&range, first.verdict));
    }
    for m in all {
        let at = if m.at.is_empty() {
            String::new()
        } else {
            format!("{}: ", m.at)
        };
        crate::output::row("    ", &format!("{at}{}", says(&m.value(), m.verdict)));
    }
}

/// Least and greatest.
fn range(all: &[Measured]) -> String {
    let mut numbers: Vec<f64> = all.iter().filter_map(|m| m.reading.as_number()).collect();
    numbers.sort_by(f64::total_cmp);
    match (numbers.first(), numbers.last()) {
        (Some(low), Some(high)) if low < high => format!("{} to {}", short(*low), short(*high)),
        (Some(low), _) => short(*low),
        _ => "nothing".to_owned(),
    }
}

/// One line a row.
fn table(outcomes: &[Outcome]) {
    line(&format!(
        "{:>4}  {:4}  {:14}{:>9}  claim",
        "id", "cost", "verdict", "seconds"
    ));
    for o in outcomes {
        let columns = format!(
            "{:>4}  {:4}  {:14}{:>9.1}  ",
            o.row.id,
            o.row.cost,
            o.verdict.words(),
            o.seconds
        );
        crate::output::row(&columns, &o.row.claim);
    }
}

/// How a suite goes, on standard error.
struct Display {
    quiet: bool,
    bar: Option<ProgressBar>,
    said: Mutex<Option<Instant>>,
}

impl Display {
    fn new(quiet: bool) -> Self {
        let template = "{prefix} {wide_bar:.cyan/blue} {msg} left {eta}";
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        let bar = || ProgressBar::new(1).with_style(style);
        Self {
            quiet,
            bar: (!quiet && std::io::stderr().is_terminal()).then(bar),
            said: Mutex::new(None),
        }
    }

    fn hear(&self, step: Step<'_>) {
        if self.quiet {
            return;
        }
        match (step, &self.bar) {
            (Step::Begins(row), Some(bar)) => {
                bar.reset();
                bar.set_prefix(format!("row {}", row.id));
                bar.set_message("");
            }
            (Step::Begins(row), None) => error_line(&format!("row {}: {}", row.id, row.claim)),
            (Step::GoesOn(t), Some(bar)) => {
                show(bar, t);
                // What was kept says nothing of the speed.
                bar.tick();
                bar.reset_eta();
            }
            (Step::GoesOn(t), None) => self.say(t),
            (Step::Training(t), Some(bar)) => show(bar, t),
            (Step::Training(t), None) => self.plain(t),
            (Step::Notice(text), Some(bar)) => bar.suspend(|| error_line(text)),
            (Step::Notice(text), None) => error_line(&format!("  {text}")),
            (Step::Done(_), _) => {}
        }
    }

    /// A line now and then.
    fn plain(&self, t: Trained) {
        let said = || *self.said.lock().expect("nothing panics under the lock");
        if said().is_none_or(|s| s.elapsed() >= PLAIN_EVERY) {
            self.say(t);
        }
    }

    fn say(&self, t: Trained) {
        *self.said.lock().expect("nothing panics under the lock") = Some(Instant::now());
        let (epochs, of_epochs) = (t.epochs, t.of_epochs);
        error_line(&format!("  {}, {epochs} of {of_epochs} epochs", runs(t)));
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn show(bar: &ProgressBar, t: Trained) {
    bar.set_length(t.of_epochs);
    bar.set_position(t.epochs);
    bar.set_message(runs(t));
}

/// How many runs have ended.
fn runs(t: Trained) -> String {
    let kept = match t.kept {
        0 => String::new(),
        n => format!(", {n} kept from before"),
    };
    format!("{} of {} runs{kept}", t.runs, t.of_runs)
}
