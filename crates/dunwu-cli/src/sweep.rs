//! `dunwu sweep` and `dunwu worker`.

use crate::args::Sweep;
use crate::commands::{CANCEL, free_dir, handle_interrupt};
use crate::exit;
use crate::output::{error_line, json, line, paragraph};
use anyhow::Context;
use camino::Utf8Path;
use dunwu::store::Wanted;
use dunwu::sweep::{ChunkEnd, SweepOptions, SweepProgress, SweepReport, Watch};
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Time between lines where standard error is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &Sweep) -> anyhow::Result<ExitCode> {
    let (options, words) = options(args)?;
    handle_interrupt();
    let display = Display::new(args.quiet);
    let tell = |progress: &SweepProgress| display.tell(progress);
    let watch = Watch {
        progress: Some(&tell),
        cancel: Some(&CANCEL),
    };
    let report = match &args.resume {
        Some(dir) => {
            if let Some(word) = words.first() {
                let why = "is of a plan, which a sweep that goes on has already; to add points write --out DIR --add";
                return Err(dunwu::Error::from(dunwu::PlanError::new(word, why)).into());
            }
            dunwu::sweep::resume_sweep(dir, &options, &watch)
        }
        None => {
            let dir = args.out.clone().map_or_else(|| free_dir("sweep"), Ok)?;
            let wanted = Wanted {
                words,
                zip: zips(args),
            };
            dunwu::sweep::sweep(&wanted, &dir, args.add, &options, &watch)
        }
    };
    display.clear();
    let report = report?;
    if args.json {
        json(&dunwu::sweep::summary(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.interrupted && !report.detached {
        ExitCode::from(exit::INTERRUPTED)
    } else {
        ExitCode::SUCCESS
    })
}

/// How the work is done, and the words of what is wanted.
pub(crate) fn options(args: &Sweep) -> anyhow::Result<(SweepOptions, Vec<String>)> {
    let (options, words) = SweepOptions::take(&words(args)?).map_err(dunwu::Error::from)?;
    let program = std::env::current_exe().context("the path of this program is not known")?;
    let program = camino::Utf8PathBuf::try_from(program)?;
    let options = SweepOptions {
        detach: args.detach,
        retry: args.retry,
        program,
        ..options
    };
    Ok((options, words))
}

/// Words of the file, then those of the command line, which win.
fn words(args: &Sweep) -> anyhow::Result<Vec<String>> {
    let Some(path) = &args.config else {
        return Ok(args.overrides.clone());
    };
    let file = dunwu::config(path)?;
    let named = |key: &str| {
        args.overrides
            .iter()
            .any(|w| w.split_once('=').is_some_and(|(k, _)| k.trim() == key))
    };
    let kept = file.iter().filter(|(key, _)| !named(key));
    let kept = kept.map(|(key, value)| format!("{key}={value}"));
    Ok(kept.chain(args.overrides.iter().cloned()).collect())
}

/// Each `--zip` is one group.
pub(crate) fn zips(args: &Sweep) -> Vec<Vec<String>> {
    let keys = |group: &String| group.split(',').map(|k| k.trim().to_owned()).collect();
    args.zip.iter().map(keys).collect()
}

fn print(report: &SweepReport) {
    let runs = |n: u64| if n == 1 { "run" } else { "runs" };
    line(&format!(
        "{} of {} {} in {}: {} done now, in {:.1} s",
        report.finished,
        report.wanted,
        runs(report.wanted),
        report.dir,
        report.finished + report.missing - report.wanted,
        report.seconds
    ));
    line(&format!("{} generalised", report.generalised));
    if let Some(why) = &report.first_failure {
        paragraph(&format!(
            "{} failed, the first because of {why}",
            report.failed
        ));
    }
    if report.detached {
        line(&format!(
            "workers go on by themselves; look again with: dunwu sweep --resume {}",
            dunwu::shell_word(report.dir.as_str())
        ));
    } else if report.interrupted {
        error_line(&format!(
            "interrupted; what was finished is saved. Go on with: dunwu sweep --resume {}",
            dunwu::shell_word(report.dir.as_str())
        ));
    }
    if !report.detached {
        line(&format!("page: {}", report.dir.join("report.html")));
    }
}

/// What a person sees of a sweep.
pub(crate) struct Display {
    quiet: bool,
    bar: Option<ProgressBar>,
    started: Instant,
    told: RefCell<Option<Instant>>,
}

impl Display {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style =
                ProgressStyle::with_template("runs {wide_bar:.cyan/blue} {pos}/{len}  {msg}")
                    .expect("the template is well formed");
            ProgressBar::new(1).with_style(style)
        });
        Self {
            quiet,
            bar,
            started: Instant::now(),
            told: RefCell::new(None),
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    pub(crate) fn tell(&self, progress: &SweepProgress) {
        if let Some(notice) = &progress.notice {
            // What was lost or contradicts itself is said even to those who want no progress.
            match &self.bar {
                Some(bar) => bar.suspend(|| error_line(notice)),
                None => error_line(notice),
            }
            return;
        }
        if self.quiet {
            return;
        }
        let elapsed = self.started.elapsed().as_secs_f64();
        let left = if progress.share > 0.0 {
            short(elapsed * (1.0 - progress.share) / progress.share)
        } else {
            "?".to_owned()
        };
        let rate = progress.epochs as f64 / elapsed.max(1e-9);
        let message = format!("{rate:.0} epochs/s  left {left}");
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.wanted);
                bar.set_position(progress.finished);
                bar.set_message(message);
            }
            None => {
                let mut told = self.told.borrow_mut();
                if told.is_none_or(|t| t.elapsed() >= PLAIN_EVERY) {
                    *told = Some(Instant::now());
                    error_line(&format!(
                        "{} of {} runs  {message}",
                        progress.finished, progress.wanted
                    ));
                }
            }
        }
    }
}

/// A duration as a person reads it.
fn short(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

pub(crate) fn worker(
    overrides: &[String],
    round: &Utf8Path,
    chunk: Option<usize>,
) -> anyhow::Result<ExitCode> {
    let (options, rest) = SweepOptions::take(overrides).map_err(dunwu::Error::from)?;
    if let Some(word) = rest.first() {
        let why = "is not a key of a worker: its runs stand in the round";
        return Err(dunwu::Error::from(dunwu::PlanError::new(word, why)).into());
    }
    let chunk = chunk.or_else(task_id).context(
        "no chunk: give --chunk N, or run as a task of an array (SLURM_ARRAY_TASK_ID, HQ_TASK_ID)",
    )?;
    // A scheduler may repeat itself: a second signal says no more than the first.
    let _ = ctrlc::set_handler(|| CANCEL.store(true, Ordering::Relaxed));
    match dunwu::sweep::worker(round, chunk, &options, &CANCEL)? {
        ChunkEnd::Done => Ok(ExitCode::SUCCESS),
        ChunkEnd::Stopped => {
            error_line(&format!(
                "chunk {chunk} of {round} was stopped; what was finished is recorded"
            ));
            Ok(ExitCode::from(exit::INTERRUPTED))
        }
        ChunkEnd::Taken => {
            error_line(&format!(
                "chunk {chunk} of {round} is being worked on by another process; nothing to do"
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The task of an array that this process is.
#[allow(
    clippy::disallowed_methods,
    reason = "a scheduler tells a task its number in no other way"
)]
fn task_id() -> Option<usize> {
    ["SLURM_ARRAY_TASK_ID", "HQ_TASK_ID"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
}
