//! `dunwu landscape`.

use crate::commands::free_dir;
use crate::output::{heading, json, line};
use camino::Utf8PathBuf;
use dunwu::analysis::landscape::Level;
use dunwu::{Landscape, LandscapeDir, LandscapeSpec, Sample};
use indicatif::ProgressBar;
use std::process::ExitCode;

/// Levels of one height that are listed by name.
const NAMED: usize = 4;

pub(crate) fn run(
    overrides: &[String],
    out: Option<Utf8PathBuf>,
    as_json: bool,
    quiet: bool,
) -> anyhow::Result<ExitCode> {
    let spec = LandscapeSpec::from_overrides(overrides)?;
    let dir = match out {
        Some(dir) => Some(dir),
        None if as_json => None,
        None => Some(free_dir(&format!("landscape-{}", spec.task()?))?),
    };
    let dir = dir.map(|d| LandscapeDir::create(&d)).transpose()?;
    let bar = if quiet {
        ProgressBar::hidden()
    } else {
        crate::progress::steps("climbing")
    };
    bar.set_length(1000);
    let found = dunwu::landscape(&spec, &|done| bar.set_position((done * 1000.0) as u64));
    bar.finish_and_clear();
    let (found, page) = match (found, dir) {
        (Ok(found), Some(dir)) => {
            let page = dir.write(&spec, &found, overrides)?;
            (found, Some(page))
        }
        (found, dir) => {
            dir.into_iter().for_each(LandscapeDir::abandon);
            (found?, None)
        }
    };
    if as_json {
        let mut value = serde_json::to_value(&found)?;
        value["page"] = serde_json::to_value(&page)?;
        json(&value);
        return Ok(ExitCode::SUCCESS);
    }
    print(&found);
    if let Some(page) = page {
        line(&format!("page: {page}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(found: &Landscape) {
    let whole = if found.unit == "E/M" {
        ", full table"
    } else {
        ""
    };
    let activation = match found.activation.as_str() {
        "square" => format!("square = {}", found.convention),
        other => other.to_owned(),
    };
    line(&format!(
        "{}{whole}: peaks of the energy of a hidden node",
        found.task
    ));
    line(&format!(
        "activation {activation}, {} random starts",
        found.starts
    ));
    if let Some(why) = &found.no_features {
        line(&format!("no feature is named: {why}"));
    }
    line(&format!(
        "\n{:>10}{:>5}{:>8}{:>19}  {:<12} feature",
        found.unit, "flat", "softest", "share of starts", "type"
    ));
    for group in by_height(&found.levels) {
        print_height(&group);
    }
    let unproven = found.highest_unconverged.unwrap_or(0.0);
    let highest = found.levels.first().map_or(0.0, |l| l.energy_over_order);
    // Products of three operands, for one, are out of reach of a square.
    if highest.max(unproven) < 1e-12 {
        line("the energy is 0 everywhere: no label pulls a node with this activation anywhere");
    } else if found.unconverged > 0 {
        line(&format!(
            "{} starts did not converge; the highest reached {unproven:.8}",
            found.unconverged
        ));
    }
    if found.sampled {
        print_samples(found);
    }
    line(&format!("\n{:.1} s", found.seconds));
}

/// Families of one height, type and nullity together.
fn by_height(levels: &[Level]) -> Vec<Vec<&Level>> {
    let alike = |a: &Level, b: &Level| {
        (a.energy - b.energy).abs() <= 1e-6 * a.energy.abs()
            && (a.kind, a.dim, a.nullity) == (b.kind, b.dim, b.nullity)
    };
    let mut out: Vec<Vec<&Level>> = Vec::new();
    for level in levels {
        match out.iter_mut().find(|g| alike(g[0], level)) {
            Some(group) => group.push(level),
            None => out.push(vec![level]),
        }
    }
    out
}

fn print_height(group: &[&Level]) {
    let first = group[0];
    let kind = first.kind.map_or_else(
        || "–".to_owned(),
        |kind| {
            // Twelve places are left for it.
            let kind = if kind == "quaternionic" {
                "quat."
            } else {
                kind
            };
            format!("{kind} d={}", first.dim.unwrap_or(0))
        },
    );
    let count: usize = group.iter().map(|l| l.count).sum();
    let starts = (first.count as f64 / first.basin).round() as usize;
    let (low, high) = dunwu::analysis::landscape::wilson(count, starts);
    let high = match format!("{:.1}", 100.0 * high).as_str() {
        "100.0" => "100".to_owned(),
        other => other.to_owned(),
    };
    let share = 100.0 * count as f64 / starts as f64;
    line(&format!(
        "{:>10.8}{:>5}{:>8.4}{:>19}  {kind:<12} {}",
        first.energy_over_order,
        first.nullity,
        first.softest,
        format!("{share:.1} % ({:.1}–{high})", 100.0 * low),
        name(group)
    ));
}

/// The features of one height, or in how many places it was found.
fn name(group: &[&Level]) -> String {
    let names: Vec<&str> = group.iter().filter_map(|l| l.irrep.as_deref()).collect();
    let places: usize = group.iter().filter_map(|l| l.places).sum();
    match names.len() {
        0 if places > 1 => format!("mixed, {places} places"),
        0 => "mixed".to_owned(),
        n if n <= NAMED => names.join(", "),
        n => format!("{}, … ({n})", names[..2].join(", ")),
    }
}

fn print_samples(found: &Landscape) {
    for border in &found.borders {
        line("");
        heading(&format!(
            "energy `{}`: highest peaks, in E/M of the full table; median (range) of splits",
            border.energy
        ));
        line(&format!(
            "{:>7}{:>6} {:>22} {:>22}{:>9}{:>11}",
            "kept", "rows", "generalising", "memorising", "survive", "of starts"
        ));
        let of: Vec<&Sample> = found
            .memorising
            .iter()
            .filter(|s| s.energy == border.energy)
            .collect();
        let mut sizes: Vec<usize> = of.iter().map(|s| s.train_size).collect();
        sizes.dedup();
        for size in sizes {
            let here: Vec<&&Sample> = of.iter().filter(|s| s.train_size == size).collect();
            let middle = |value: &dyn Fn(&Sample) -> Option<f64>| {
                median(here.iter().filter_map(|s| value(s)).collect())
            };
            let percent = |x: Option<f64>| {
                x.map_or_else(|| "–".to_owned(), |x| format!("{:.0} %", 100.0 * x))
            };
            line(&format!(
                "{:>7.4}{size:>6} {:>22} {:>22}{:>9}{:>11}",
                here[0].train_fraction,
                spread(here.iter().map(|s| s.heights.generalising)),
                spread(here.iter().map(|s| s.heights.memorising)),
                percent(middle(&|s| Some(s.heights.survival))),
                percent(middle(&|s| Some(s.heights.basin))),
            ));
        }
        line(&crossing(
            "generalising overtakes memorising at",
            &border.crossing,
        ));
        line(&crossing(
            "half of the full table's peaks survive at",
            &border.survival_half,
        ));
    }
}

/// The median, and the range if there is more than one.
fn spread(values: impl Iterator<Item = Option<f64>>) -> String {
    let known: Vec<f64> = values.flatten().collect();
    let low = known.iter().copied().fold(f64::INFINITY, f64::min);
    let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match median(known) {
        None => "–".to_owned(),
        Some(middle) if low == high => format!("{middle:.3}"),
        Some(middle) => format!("{middle:.3} ({low:.3}–{high:.3})"),
    }
}

fn crossing(what: &str, at: &[Option<f64>]) -> String {
    let known: Vec<f64> = at.iter().flatten().copied().collect();
    let range = known
        .iter()
        .copied()
        .reduce(f64::min)
        .zip(known.iter().copied().reduce(f64::max));
    match (median(known.clone()), range) {
        (Some(middle), _) if at.len() == 1 => format!("  {what} {middle:.3}"),
        (Some(middle), Some((low, high))) => {
            format!(
                "  {what} {middle:.3} ({low:.3} to {high:.3}, {} of {} splits)",
                known.len(),
                at.len()
            )
        }
        _ => format!("  {what} no share in this range"),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| values[(values.len() - 1) / 2])
}
