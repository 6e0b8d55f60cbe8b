//! The commands.

use crate::args::{Args, Command, Train};
use crate::exit;
use crate::output::{error_line, heading, json, line, paragraph};
use crate::progress::Display;
use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu::store::RunDir;
use dunwu::{Control, Microscopy, PlanError, Report, RunPlan, RunSpec};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the first Ctrl-C.
pub(crate) static CANCEL: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Bench { json } => bench(json),
        Command::Boundary(args) => crate::boundary::run(&args),
        Command::Compare(args) => crate::compare::run(&args),
        Command::Diagnose { words, out, json } => crate::diagnose::run(&words, out, json),
        Command::Forecast {
            words,
            follow,
            learn,
            out,
            json,
        } => {
            let page = out.as_deref();
            crate::forecast::run(&words, follow, learn, page, json)
        }
        Command::Inspect {
            path,
            overrides,
            nodes,
            seed,
            json,
        } => {
            let of_run =
                RunDir::of_checkpoint(&path).filter(|(dir, ..)| dir.join("plan.toml").exists());
            match of_run {
                _ if !overrides.is_empty() && (of_run.is_some() || path.is_dir()) => {
                    let why = "is not needed: a run directory says what it holds";
                    Err(dunwu::Error::from(PlanError::new(&overrides[0], why)).into())
                }
                Some((dir, of, _)) => {
                    inspect_checkpoint(&path, &dir, seed.unwrap_or(of) == of, nodes, json)
                }
                None if is_network(&path) && path.is_file() => {
                    inspect_file(&path, &overrides, nodes, json)
                }
                None => inspect(&path, seed, nodes, json),
            }
        }
        Command::Landscape {
            overrides,
            out,
            json,
            quiet,
        } => crate::landscape::run(&overrides, out, json, quiet),
        Command::Report { path, view } => {
            let sweep = dunwu::store::SweepReader::is_sweep(&path);
            if let (Some(word), false) = (view.first(), sweep) {
                let why = "is of the page of a sweep, and this is no directory of one";
                return Err(dunwu::Error::from(PlanError::new(word, why)).into());
            }
            let view = dunwu::sweep::SweepView::of(&view).map_err(dunwu::Error::from)?;
            if !sweep && path.join("plan.toml").exists() {
                tell_changes(&path)?;
            }
            line(dunwu::rebuild_page(&path, &view)?.as_str());
            Ok(ExitCode::SUCCESS)
        }
        Command::Reproduce(args) => {
            handle_interrupt();
            crate::reproduce::run(&args, &CANCEL)
        }
        Command::Sweep(args) => crate::sweep::run(&args),
        Command::Train(args) => train(&args),
        Command::Worker {
            overrides,
            round,
            chunk,
        } => crate::sweep::worker(&overrides, &round, chunk),
    }
}

fn train(args: &Train) -> anyhow::Result<ExitCode> {
    let spec = spec(args)?;
    handle_interrupt();
    let plan = match &args.resume {
        Some(dir) => {
            tell_changes(dir)?;
            dunwu::plan_of(dir)?
        }
        None => spec.resolve().map_err(dunwu::Error::from)?,
    };
    let display = Display::new(&plan, args.quiet);
    let tell = |progress: &dunwu::Progress<'_>| display.tell(progress);
    let control = Control {
        progress: Some(&tell),
        cancel: Some(&CANCEL),
    };
    let report = match &args.resume {
        Some(dir) => dunwu::resume(dir, &spec, &control),
        None => {
            let dir = args
                .out
                .clone()
                .map_or_else(|| free_dir(&plan.task.replace('-', "_")), Ok)?;
            let memory = dunwu::memory_notice(&plan)?;
            if !args.quiet {
                let idle = dunwu::idle_keys(&spec, &plan);
                memory.iter().chain(&idle).for_each(|n| error_line(n));
            }
            dunwu::train(&plan, &dir, &control)
        }
    };
    display.clear();
    let report = report?;
    if !args.quiet && !report.interrupted {
        dunwu::silent_probes(&report)
            .iter()
            .for_each(|n| error_line(n));
    }
    if args.json {
        json(&dunwu::summary(&report));
    } else {
        print_report(&report);
    }
    if report.interrupted {
        error_line(&format!(
            "interrupted; everything is saved. Go on with: dunwu train --resume {}",
            dunwu::shell_word(report.dir.as_str())
        ));
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

fn spec(args: &Train) -> anyhow::Result<RunSpec> {
    let mut spec = match &args.config {
        Some(path) => dunwu::config(path)?,
        None => RunSpec::default(),
    };
    let overrides =
        RunSpec::from_overrides(&args.overrides).map_err(|e: PlanError| dunwu::Error::from(e))?;
    spec.merge(overrides);
    Ok(spec)
}

/// Says which of the files that the plan names are not what they were.
fn tell_changes(dir: &Utf8Path) -> anyhow::Result<()> {
    let changes = dunwu::changed_inputs(dir)?;
    changes.iter().for_each(|change| error_line(change));
    Ok(())
}

/// The first Ctrl-C saves and stops, the second aborts.
pub(crate) fn handle_interrupt() {
    let handler = || {
        if CANCEL.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
        error_line("\nsaving; press Ctrl-C again to stop at once");
    };
    // Without a handler Ctrl-C still ends the program, and what was saved is safe.
    let _ = ctrlc::set_handler(handler);
}

/// The first of `runs/NAME-1`, `-2`, … that is free.
pub(crate) fn free_dir(name: &str) -> anyhow::Result<Utf8PathBuf> {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(plain).take(50).collect();
    (1..)
        .map(|n| Utf8PathBuf::from(format!("runs/{name}-{n}")))
        .find(|dir| !dir.exists())
        .context("there is no free directory under runs/")
}

fn print_report(report: &Report) {
    heading(&report.task);
    for run in &report.runs {
        line("");
        if report.runs.len() > 1 {
            line(&format!("seed {}", run.seed));
        }
        run.account.sentences.iter().for_each(|s| paragraph(s));
    }
    if report.runs.len() > 1 {
        line(&format!("\n{}", spread_table(report)));
    }
    let count: u64 = report.runs.iter().map(|r| r.epoch).sum();
    let epochs = if count == 1 { "epoch" } else { "epochs" };
    let each = of_updates(report.plan.epoch_updates);
    line(&format!(
        "\n{count} {epochs}{each} in {:.1} s",
        report.seconds
    ));
    line(&format!("page: {}", report.dir.join("report.html")));
}

/// What an epoch is, where it is no pass over the training rows.
pub(crate) fn of_updates(updates: u64) -> String {
    match updates {
        0 => String::new(),
        1 => " of 1 update".to_owned(),
        n => format!(" of {n} updates"),
    }
}

/// Medians and ranges of the crossings over the seeds.
fn spread_table(report: &Report) -> String {
    let accounts: Vec<_> = report.runs.iter().map(|r| &r.account).collect();
    let summary = dunwu::analysis::spread(&accounts);
    let rows = [
        ("memorised", &summary.train_99),
        ("half generalised", &summary.test_50),
        ("generalised", &summary.test_99),
    ];
    let cell = |e: Option<u64>| e.map_or_else(|| "never".to_owned(), |e| e.to_string());
    let mut out = format!(
        "{:<18}{:>8}{:>8}{:>8}{:>8}\n",
        "epoch", "median", "first", "last", "never"
    );
    for (name, s) in rows {
        out += &format!(
            "{name:<18}{:>8}{:>8}{:>8}{:>8}\n",
            cell(s.median),
            cell(s.least),
            cell(s.most),
            s.censored
        );
    }
    out.trim_end().to_owned()
}

/// Whether a path names a file of tensors.
fn is_network(path: &Utf8Path) -> bool {
    path.extension() == Some("safetensors")
}

/// A look into one checkpoint of a run directory.
fn inspect_checkpoint(
    file: &Utf8Path,
    dir: &Utf8Path,
    of_seed: bool,
    nodes: usize,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    if !of_seed {
        let why = PlanError::new("--seed", format!("{file} is of another seed; leave it out"));
        return Err(dunwu::Error::from(why).into());
    }
    let plan = dunwu::plan_of(dir)?;
    let silent = |_: usize, _: usize| ();
    let seen = Seen::of(&plan, file, None, &silent)?;
    if !as_json {
        line(&format!("plan: {}", dunwu::reproduce_command(&plan)));
    }
    print_checkpoint(file, &seen, nodes, as_json)
}

/// A look into a checkpoint that lies in no run directory.
fn inspect_file(
    file: &Utf8Path,
    overrides: &[String],
    nodes: usize,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let is_transformer = RunSpec::from_overrides(overrides)
        .and_then(|spec| spec.resolve())
        .is_ok_and(|plan| plan.transformer.is_some());
    let seen = if is_transformer {
        Seen::Circuit(Box::new(dunwu::circuit_file(file, overrides)?))
    } else {
        Seen::Nodes(Box::new(dunwu::microscope_file(file, overrides)?))
    };
    print_checkpoint(file, &seen, nodes, as_json)
}

fn print_checkpoint(
    file: &Utf8Path,
    seen: &Seen,
    nodes: usize,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    if as_json {
        let mut value = serde_json::json!({ "checkpoint": file });
        seen.add_to(&mut value)?;
        json(&value);
    } else {
        seen.print(nodes);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a look into a network found.
enum Seen {
    /// Of a perceptron.
    Nodes(Box<Microscopy>),
    /// Of a transformer.
    Circuit(Box<dunwu::Circuit>),
}

impl Seen {
    fn of(
        plan: &RunPlan,
        path: &Utf8Path,
        seed: Option<u64>,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Self, dunwu::Error> {
        Ok(match &plan.transformer {
            Some(_) => Seen::Circuit(Box::new(dunwu::circuit(path, seed, progress)?)),
            None => Seen::Nodes(Box::new(dunwu::microscope(path, seed, progress)?)),
        })
    }

    /// Keeps it beside the run, and refreshes the page.
    fn keep(&self, dir: &Utf8Path) -> Result<Utf8PathBuf, dunwu::Error> {
        match self {
            Seen::Nodes(seen) => dunwu::keep_learned(dir, seen),
            Seen::Circuit(found) => dunwu::keep_circuit(dir, found),
        }
    }

    fn add_to(&self, value: &mut serde_json::Value) -> anyhow::Result<()> {
        match self {
            Seen::Nodes(seen) => value["microscope"] = serde_json::to_value(seen)?,
            Seen::Circuit(found) => value["circuit"] = serde_json::to_value(found)?,
        }
        Ok(())
    }

    fn print(&self, nodes: usize) {
        match self {
            Seen::Nodes(seen) => crate::microscope::print(seen, nodes),
            Seen::Circuit(found) => crate::circuit::print(found),
        }
    }
}

fn inspect(
    path: &Utf8Path,
    seed: Option<u64>,
    nodes: usize,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    if let Some(what) = dunwu::other_than_run(path) {
        let why = format!(
            "holds {what}, and inspect looks into a run; `dunwu report {}` draws its page again",
            dunwu::shell_word(path.as_str())
        );
        return Err(dunwu::Error::from(PlanError::new(path.as_str(), why)).into());
    }
    if path.is_file() {
        let why =
            "is a file; name a run directory, or a checkpoint whose name ends in .safetensors";
        return Err(dunwu::Error::from(PlanError::new(path.as_str(), why)).into());
    }
    tell_changes(path)?;
    let report = dunwu::load(path)?;
    let bar = crate::progress::steps("looking into checkpoints");
    let seen = Seen::of(&report.plan, path, seed, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    // That nothing can be named is no failure; a seed that is not there, or a damaged file, is.
    let seen = match seen {
        Err(why) if seed.is_some() || why.is_of_store() => return Err(why.into()),
        other => other,
    };
    if let Ok(seen) = &seen {
        // A directory that cannot be written, or is in use, can still be read.
        if let Err(why) = seen.keep(path) {
            error_line(&format!("the page is not refreshed: {why}"));
        }
    }
    if as_json {
        let mut value = dunwu::summary(&report);
        match seen {
            Ok(seen) => seen.add_to(&mut value)?,
            Err(why) => value["no_microscope"] = in_full(why).into(),
        }
        json(&value);
        return Ok(ExitCode::SUCCESS);
    }
    line(&format!(
        "plan: {}\n",
        dunwu::reproduce_command(&report.plan)
    ));
    print_report(&report);
    for run in &report.runs {
        line(&format!(
            "\nseed {}: {}",
            run.seed,
            run.stopped.as_deref().unwrap_or("unfinished")
        ));
        for stage in &run.account.stages {
            let to = stage.to.map_or_else(|| "end".to_owned(), |e| e.to_string());
            line(&format!(
                "  {:<12} {:>7} to {to:<7} sure to {:.0} %",
                stage.name,
                stage.from.unwrap_or(0),
                100.0 * stage.confidence
            ));
            for e in &stage.by {
                line(&format!(
                    "    {} = {:.4} at epoch {}: {}",
                    e.signal, e.value, e.epoch, e.says
                ));
            }
        }
    }
    match seen {
        Ok(seen) => seen.print(nodes),
        Err(why) => line(&format!("\nno look into the network: {}", in_full(why))),
    }
    Ok(ExitCode::SUCCESS)
}

/// An error with its causes.
fn in_full(error: dunwu::Error) -> String {
    format!("{:#}", anyhow::Error::from(error))
}

fn bench(as_json: bool) -> anyhow::Result<ExitCode> {
    let mut say = |name: &str| error_line(&format!("measuring {name}"));
    let report = dunwu::engine::bench::run(&mut say).map_err(dunwu::Error::from)?;
    let growth = dunwu::growth(&mut say)?;
    if as_json {
        let workloads: Vec<_> = report
            .workloads
            .iter()
            .map(|w| serde_json::json!({ "name": w.name, "ms_per_epoch": w.ms_per_epoch, "gflop_per_epoch": w.gflop_per_epoch, "percent_of_peak": w.percent_of_peak }))
            .collect();
        let growth: Vec<_> = growth
            .iter()
            .map(|g| serde_json::json!({ "what": g.what, "task": g.task, "size": g.size, "starts": g.starts, "seconds": g.seconds, "exponent": g.exponent }))
            .collect();
        json(
            &serde_json::json!({ "peak_gflops": report.peak_gflops, "workloads": workloads, "growth": growth }),
        );
        return Ok(ExitCode::SUCCESS);
    }
    line(&format!(
        "multiply-add peak of one core: {:.1} GFLOP/s\n",
        report.peak_gflops
    ));
    line(&format!(
        "{:<26}{:>14}{:>18}{:>12}",
        "workload", "ms an epoch", "GFLOP an epoch", "% of peak"
    ));
    for w in &report.workloads {
        line(&format!(
            "{:<26}{:>14.3}{:>18.4}{:>12.1}",
            w.name, w.ms_per_epoch, w.gflop_per_epoch, w.percent_of_peak
        ));
    }
    line(&format!(
        "\n{:<26}{:>14}{:>18}{:>12}",
        "growth", "rows or order", "seconds", "exponent"
    ));
    for g in &growth {
        let name = match g.starts {
            Some(starts) => format!("{} of {}, {starts} starts", g.what, g.task),
            None => format!("{} of {}", g.what, g.task),
        };
        let exponent = g.exponent.map_or_else(String::new, |p| format!("{p:.2}"));
        line(&format!(
            "{name:<26}{:>14}{:>18.4}{exponent:>12}",
            g.size, g.seconds
        ));
    }
    Ok(ExitCode::SUCCESS)
}
