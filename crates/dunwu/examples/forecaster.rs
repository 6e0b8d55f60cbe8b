//! Fits the forecaster to a folder of curves, or measures it on one.
//!
//! ```text
//! cargo run --release -p dunwu --example forecaster -- fit CURVES OUT
//! cargo run --release -p dunwu --example forecaster -- evaluate CURVES
//! ```
//!
//! CURVES holds CSV files with columns run_id, step, metric and value. A file is a family; what stands before the last
//! `/` of a run's name is left out together, unless there are fewer than three of those: then every curve alone.
//! Files whose runs have `train_acc` and `test_acc` are runs of delayed generalisation; what is left out together is
//! the name without the seed. `fit` writes head.bin and delayed.bin, which belong into
//! crates/dunwu-analysis/src/forecast; the same curves give the same bytes.
#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use camino::Utf8Path;
use dunwu::analysis::forecast::evaluate::{
    CUTS, KEPT, Mode, cold_stretch, evaluate, mean_ratio, scores,
};
use dunwu::analysis::forecast::{
    KnownCurve, KnownRun, Learning, Network, evaluate_delayed, learn, learn_delayed, prior,
};
use dunwu::store::{Log, LogOptions, log_sources, read_log};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// Fewest readings of a curve that is learned from.
const FEWEST: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["fit", curves, out] => fit(curves.into(), out.into()),
        ["evaluate", curves] => measure(curves.into()),
        _ => Err("usage: forecaster fit CURVES OUT | forecaster evaluate CURVES".into()),
    }
}

/// The curves of a folder, and its runs of delayed generalisation.
fn read(folder: &Utf8Path) -> Result<(Vec<KnownCurve>, Vec<KnownRun>), Box<dyn Error>> {
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
    let mut next = 0;
    for c in curves
        .iter_mut()
        .filter(|c| groups[&c.family].len() < FEWEST_GROUPS)
    {
        c.group = next.to_string();
        next += 1;
    }
}

fn general(family: &str, log: Log) -> Vec<KnownCurve> {
    let group = log
        .id
        .rsplit_once('/')
        .map_or(log.id.as_str(), |(before, _)| before)
        .to_owned();
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
    };
    let curves = log
        .series
        .into_iter()
        .filter(|(name, s)| name != "lr" && s.steps.len() >= FEWEST);
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

fn fit(folder: &Utf8Path, out: &Utf8Path) -> Result<(), Box<dyn Error>> {
    let (curves, runs) = read(folder)?;
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

fn measure(folder: &Utf8Path) -> Result<(), Box<dyn Error>> {
    let (curves, runs) = read(folder)?;
    for mode in [Mode::Warm, Mode::Cold] {
        let judged = evaluate(&curves, mode, &Learning::default());
        println!(
            "{mode:?}: CRPS over that of the last value with residuals of the family (within 50 %, within 90 %)"
        );
        for cut in CUTS {
            for kept in KEPT {
                let scores = scores(&judged, cut, kept);
                let kept = if kept == usize::MAX {
                    "all".to_owned()
                } else {
                    kept.to_string()
                };
                print!(
                    "{:>4.0} % {kept:>4}: {:.3}",
                    100.0 * cut,
                    mean_ratio(&scores)
                );
                for (family, s) in &scores {
                    print!(
                        "  {family} {:.2} ({:.2}, {:.2})",
                        s.ratio, s.covered.0, s.covered.1
                    );
                }
                println!();
            }
        }
        println!(
            "stretch for a family that is not known: {:.3}",
            cold_stretch(&judged)
        );
    }
    println!("Delayed generalisation, each cell of settings left out");
    for s in evaluate_delayed(&runs, &[0.05, 0.1, 0.25, 0.5, 0.8]) {
        println!(
            "{:>4.0} % of the delay: {} runs, {} jump; AUROC {:.2}, Brier skill {:.2}, stopped by mistake {}, cannot tell {}, error of the delay {:.0} %",
            100.0 * s.share,
            s.runs.0,
            s.runs.1,
            s.auroc,
            s.brier_skill,
            s.stopped,
            s.cannot_tell,
            100.0 * s.time_error
        );
    }
    Ok(())
}
