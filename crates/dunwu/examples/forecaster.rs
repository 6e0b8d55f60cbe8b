//! Fits the forecaster to a folder of curves, or measures it on one.
//!
//! ```text
//! cargo run --release -p dunwu --example forecaster -- fit CURVES OUT [GRID]
//! cargo run --release -p dunwu --example forecaster -- evaluate CURVES [GRID]
//! cargo run --release -p dunwu --example forecaster -- delayed CURVES [GRID]
//! cargo run --release -p dunwu --example forecaster -- unseen GRID
//! ```
//!
//! CURVES holds CSV files with columns run_id, step, metric and value. A file is a family; what stands before the last
//! `/` of a run's name is left out together, unless there are fewer than three of those: then every curve alone.
//! Files whose runs have `train_acc` and `test_acc` are runs of delayed generalisation; what is left out together is
//! the name without the seed. `lr` is the learning rate. GRID is the directory of a sweep of such runs:
//! scripts/delayed_grid.sh trains it; there, runs that differ in the seed alone are left out together. `fit` writes
//! head.bin and delayed.bin, which belong into crates/dunwu-analysis/src/forecast; the same curves give the same bytes.
//! `evaluate` prints the tables of docs/forecast.md, `delayed` the last of them alone. `unseen` asks the shipped head about
//! losses and accuracies of a sweep of any runs; it was not fitted to those of the grid.
#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use camino::Utf8Path;
use dunwu::analysis::forecast::evaluate::{
    CUTS, Evaluation, KEPT, Mode, PoolRule, Score, StopRule, StopScore, cold_stretch, coverage,
    evaluate, evaluate_stopping, evaluate_unseen, interval, mean_ratio, pit, pools, scores,
};
use dunwu::analysis::forecast::{
    KnownCurve, KnownRun, Learning, LeftOut, Network, evaluate_delayed, learn, learn_delayed, prior,
};
use dunwu::store::{Column, Log, LogOptions, SweepReader, Table, log_sources, read_log};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// Fewest readings of a curve that is learned from.
const FEWEST: usize = 8;
/// Accuracy of guessing on the tasks of the grid, about.
const CHANCE: f64 = 0.04;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["fit", curves, out] => fit(curves.into(), out.into(), None),
        ["fit", curves, out, grid] => fit(curves.into(), out.into(), Some(grid.into())),
        ["evaluate", curves] => measure(curves.into(), None),
        ["evaluate", curves, grid] => measure(curves.into(), Some(grid.into())),
        ["delayed", curves] => only_delayed(curves.into(), None),
        ["delayed", curves, grid] => only_delayed(curves.into(), Some(grid.into())),
        ["unseen", grid] => unseen(grid.into()),
        _ => Err("usage: forecaster fit CURVES OUT [GRID] | evaluate CURVES [GRID] | delayed CURVES [GRID] | unseen GRID".into()),
    }
}

/// The curves of a folder, and its runs of delayed generalisation with those of a grid.
fn read(
    folder: &Utf8Path,
    grid: Option<&Utf8Path>,
) -> Result<(Vec<KnownCurve>, Vec<KnownRun>), Box<dyn Error>> {
    let (options, mut curves, mut runs) = (LogOptions::default(), Vec::new(), Vec::new());
    for source in log_sources(folder, &options)? {
        let family = source.path.file_stem().unwrap_or_default().to_owned();
        for log in read_log(&source, &options)? {
            if log.series.contains_key("train_acc") && log.series.contains_key("test_acc") {
                runs.push(delayed(log));
            } else {
                curves.extend(general(&family, log));
            }
        }
    }
    if let Some(grid) = grid {
        runs.extend(of_grid(grid)?);
    }
    regroup(&mut curves);
    Ok((curves, runs))
}

/// Fewest groups that a family is parted into.
const FEWEST_GROUPS: usize = 3;

/// Where names have too few first parts, every curve is a group.
fn regroup(curves: &mut [KnownCurve]) {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for c in curves.iter() {
        groups
            .entry(c.family.clone())
            .or_default()
            .insert(c.group.clone());
    }
    let few = |c: &&mut KnownCurve| groups[&c.family].len() < FEWEST_GROUPS;
    for (next, c) in curves.iter_mut().filter(few).enumerate() {
        c.group = next.to_string();
    }
}

fn general(family: &str, mut log: Log) -> Vec<KnownCurve> {
    let group = log
        .id
        .rsplit_once('/')
        .map_or(log.id.as_str(), |(before, _)| before)
        .to_owned();
    let rate = log.series.remove("lr").unwrap_or_default();
    let curve = |(metric, series): (String, dunwu::store::LogSeries)| KnownCurve {
        family: family.to_owned(),
        group: group.clone(),
        // A perplexity is a loss in other clothes.
        values: if metric.ends_with("ppl") {
            series.values.iter().map(|v| v.ln()).collect()
        } else {
            series.values
        },
        metric,
        steps: series.steps,
        rate: (rate.steps.clone(), rate.values.clone()),
    };
    let curves = log
        .series
        .into_iter()
        .filter(|(_, s)| s.steps.len() >= FEWEST);
    curves
        .map(curve)
        .filter(|c| c.values.iter().all(|v| v.is_finite()))
        .collect()
}

fn delayed(log: Log) -> KnownRun {
    KnownRun {
        cell: cell(&log.id),
        series: log
            .series
            .into_iter()
            .map(|(n, s)| (n, (s.steps, s.values)))
            .collect(),
    }
}

/// A name without its seed.
fn cell(id: &str) -> String {
    let parts = id.split('_').filter(|p| {
        let number = p.strip_prefix("seed").or_else(|| p.strip_prefix('s'));
        number.is_none_or(|n| n.is_empty() || !n.bytes().all(|b| b.is_ascii_digit()))
    });
    parts.collect::<Vec<_>>().join("_")
}

/// The runs of a sweep, in the order of their plans and seeds: the parts of its directory may be cut in any way.
fn of_grid(dir: &Utf8Path) -> Result<Vec<KnownRun>, Box<dyn Error>> {
    let reader = SweepReader::open(dir)?;
    let mut runs = BTreeMap::new();
    for part in reader.parts()? {
        if let Some(table) = reader.curves(&part, None)? {
            for row in 0..table.rows() {
                let plan = table.texts("plan_hash")[row].clone().unwrap_or_default();
                let seed = table.integers("seed")[row].unwrap_or(0);
                runs.insert((plan.clone(), seed), of_row(&table, row, plan));
            }
        }
    }
    Ok(runs.into_values().collect())
}

fn of_row(table: &Table, row: usize, cell: String) -> KnownRun {
    let epochs: Vec<f64> = match table.column("epoch") {
        Some(Column::Integers(all)) => all[row].iter().map(|e| *e as f64).collect(),
        _ => vec![],
    };
    let mut series: BTreeMap<String, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (name, column) in table.columns() {
        if let Column::Reals(all) = column {
            let points = epochs.iter().zip(&all[row]).filter(|p| p.1.is_finite());
            let (steps, values): (Vec<f64>, Vec<f64>) = points.map(|(s, v)| (*s, *v)).unzip();
            if !steps.is_empty() {
                series.insert(name.to_owned(), (steps, values));
            }
        }
    }
    let norm = dunwu::both_norms(|name| {
        let of = series.get(name);
        of.map(|(steps, values)| (steps.as_slice(), values.as_slice()))
    });
    if let Some(norm) = norm {
        series.insert("weight_norm".to_owned(), norm);
    }
    KnownRun { cell, series }
}

fn fit(folder: &Utf8Path, out: &Utf8Path, grid: Option<&Utf8Path>) -> Result<(), Box<dyn Error>> {
    let (curves, runs) = read(folder, grid)?;
    let learning = Learning::default();
    // How far intervals must be stretched for a family that is not known.
    let stretch = cold_stretch(&evaluate(&curves, Mode::Cold, &learning));
    let made_up = prior(learning.made_up, learning.seed);
    let known: Vec<&KnownCurve> = curves.iter().chain(&made_up).collect();
    let head = learn(&known, &learning).ok_or("no curve is long enough to be cut")?;
    let head = Network::with_stretch(head, stretch);
    std::fs::write(out.join("head.bin"), head.to_bytes())?;
    println!("head.bin: {} curves, stretch {stretch:.3}", curves.len());
    let model = learn_delayed(&runs.iter().collect::<Vec<_>>());
    if let Some(model) = model {
        std::fs::write(out.join("delayed.bin"), model.to_bytes())?;
        println!("delayed.bin: {} runs", runs.len());
    }
    Ok(())
}

fn measure(folder: &Utf8Path, grid: Option<&Utf8Path>) -> Result<(), Box<dyn Error>> {
    let (curves, runs) = read(folder, grid)?;
    for mode in [Mode::Warm, Mode::Cold] {
        let of = evaluate(&curves, mode, &Learning::default());
        println!("# {mode:?}\n");
        overview(&of);
        families(&of);
        for (family, share) in coverage(&of.judged) {
            println!("within 90 %, over all cuts and readings: {family} {share:.3}");
        }
        for cut in CUTS {
            let tenths = pit(&of.judged, cut).map(|t| format!("{t:.2}"));
            println!("PIT, {:.0} % seen: {}", 100.0 * cut, tenths.join(" "));
        }
        for s in pools(&curves, &of) {
            let name = PoolRule::ALL
                .iter()
                .find(|r| r.0 == s.rule)
                .map_or("", |r| r.1);
            println!(
                "{} pools, {name}: saved {:.1} % at a regret of {:.4}; with hindsight {:.1} % at {:.4}",
                s.pools,
                100.0 * s.saved,
                s.regret,
                100.0 * s.hindsight.0,
                s.hindsight.1
            );
        }
        if mode == Mode::Cold {
            println!(
                "stretch for a family that is not known: {:.3}",
                cold_stretch(&of)
            );
        }
        println!();
    }
    measure_delayed(&runs);
    Ok(())
}

/// Readings in words.
fn readings(kept: usize) -> String {
    if kept == usize::MAX {
        "all".to_owned()
    } else {
        kept.to_string()
    }
}

/// Geometric means over families.
fn overview(of: &Evaluation) {
    println!(
        "| seen | readings | CRPS / last value (90 % interval, by groups) | power law / last value | CRPS / LC-PFN, curves | shapes | last value / LC-PFN, curves | shapes |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for cut in CUTS {
        for kept in KEPT {
            let s = scores(&of.judged, cut, kept);
            let (low, high) = interval(&of.judged, cut, kept);
            let over = |f: &dyn Fn(&Score) -> Option<f64>| match mean_ratio(&s, f) {
                r if s.values().any(|s| f(s).is_some()) => format!("{r:.2}"),
                _ => "–".to_owned(),
            };
            println!(
                "| {:.0} % | {} | {} ({low:.2}–{high:.2}) | {} | {} | {} | {} | {} |",
                100.0 * cut,
                readings(kept),
                over(&|s| Some(s.ratio)),
                over(&|s| Some(s.power)),
                over(&|s| s.lcpfn.map(|l| l[0])),
                over(&|s| s.lcpfn.map(|l| l[1])),
                over(&|s| s.baseline_over_lcpfn.map(|l| l[0])),
                over(&|s| s.baseline_over_lcpfn.map(|l| l[1])),
            );
        }
    }
    println!();
}

/// Every family by itself.
fn families(of: &Evaluation) {
    println!(
        "| family | seen | readings | forecasts | CRPS / last value | within 50 % | within 90 % | power law within 90 % | LC-PFN within 90 %, curves | shapes | log-likelihood above last value |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for cut in CUTS {
        for kept in KEPT {
            for (family, s) in scores(&of.judged, cut, kept) {
                let asked = |share: f64| match s.lcpfn {
                    Some(_) => format!("{share:.2}"),
                    None => "–".to_owned(),
                };
                println!(
                    "| {family} | {:.0} % | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} | {:+.2} |",
                    100.0 * cut,
                    readings(kept),
                    s.count,
                    s.ratio,
                    s.covered.0,
                    s.covered.1,
                    s.others[0],
                    asked(s.others[1]),
                    asked(s.others[2]),
                    s.likelihood
                );
            }
        }
    }
    println!();
}

fn only_delayed(folder: &Utf8Path, grid: Option<&Utf8Path>) -> Result<(), Box<dyn Error>> {
    measure_delayed(&read(folder, grid)?.1);
    Ok(())
}

/// Shares of the steps at which curves that were not learned from are asked about.
const LOOKS: [f64; 5] = [0.1, 0.2, 0.35, 0.5, 0.8];

fn unseen(grid: &Utf8Path) -> Result<(), Box<dyn Error>> {
    let runs = of_grid(grid)?;
    println!(
        "| metric | seen | curves | “cannot tell” | CRPS / distance of the last value | within 90 % | stopped | of these too soon | lost on average |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for metric in ["test_loss", "test_acc"] {
        let curves: Vec<KnownCurve> = runs.iter().filter_map(|run| one(run, metric)).collect();
        for score in LOOKS
            .iter()
            .filter_map(|cut| evaluate_unseen(&curves, *cut))
        {
            println!(
                "| {metric} | {:.0} % | {} | {} | {:.2} | {:.2} | {} | {} | {:.3} |",
                100.0 * score.cut,
                score.curves.0,
                score.curves.1,
                score.ratio,
                score.within,
                score.stopped.0,
                score.stopped.1,
                score.lost
            );
        }
    }
    Ok(())
}

/// One metric of a run, as a curve.
fn one(run: &KnownRun, metric: &str) -> Option<KnownCurve> {
    let (steps, values) = run.series.get(metric)?.clone();
    (steps.len() >= FEWEST).then(|| KnownCurve {
        family: "grid".to_owned(),
        group: run.cell.clone(),
        metric: metric.to_owned(),
        steps,
        values,
        rate: Default::default(),
    })
}

fn measure_delayed(runs: &[KnownRun]) {
    let runs = LeftOut::of(runs);
    let logs: [(&str, &[&str]); 3] = [
        ("all series", &[]),
        ("no weight norm", &["weight_norm"]),
        (
            "accuracies alone",
            &["weight_norm", "train_loss", "test_loss"],
        ),
    ];
    for (logged, without) in logs {
        println!("# Delayed generalisation, cells of settings left out, {logged} logged\n");
        for s in evaluate_delayed(&runs, &[0.05, 0.1, 0.25, 0.5, 0.8], without) {
            println!(
                "{:>4.0} % of the delay: {} runs, {} jump; AUROC {:.2}, Brier skill {:.2}, stopped by mistake {}, cannot tell {}, error of the delay {:.0} %, median {:.0} %, of the step of the jump {:.0} %, within 90 % {:.2}",
                100.0 * s.share,
                s.runs.0,
                s.runs.1,
                s.auroc,
                s.brier_skill,
                s.stopped,
                s.cannot_tell,
                100.0 * s.time_error,
                100.0 * s.median_time_error,
                100.0 * s.step_error,
                s.within
            );
        }
        println!();
    }
    measure_stopping(&runs);
}

/// What repeated looks save and lose.
fn measure_stopping(runs: &LeftOut<'_>) {
    println!("runs given up by repeated looks, cells of settings left out:");
    let row = |name: String, s: &StopScore| {
        println!(
            "{name}: {} of {} given up, {} of the {} that generalise; epochs trained {:.0} %, of the others {:.0} %",
            s.given_up.0,
            s.runs.0,
            s.given_up.1,
            s.runs.1,
            100.0 * s.trained,
            100.0 * s.trained_in_vain
        );
    };
    let rules: Vec<StopRule> = [0.05, 0.02, 0.01, 0.005]
        .into_iter()
        .flat_map(|below| [1, 2, 4, 8].map(|times| StopRule { below, times }))
        .collect();
    let (scores, settled) = evaluate_stopping(runs, CHANCE, &rules);
    for (rule, s) in rules.iter().zip(&scores) {
        row(format!("P < {}, {} in a row", rule.below, rule.times), s);
    }
    row("settled".to_owned(), &settled);
}
