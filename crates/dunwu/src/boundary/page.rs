//! The page of borders.

use super::BOUNDARY;
use super::asked::BoundarySpec;
use super::found::{Found, Setting};
use crate::error::{Error, failed};
use camino::Utf8PathBuf;
use dunwu_analysis::boundary::{Border, Collapse, LawFit, Scaling, Window, predict, transition};
use dunwu_report::{
    BorderCollapse, BorderGrid, BorderLaw, BorderLaws, BorderPage, BorderPrediction, BorderRun,
    BorderSetting, CollapseCurve, Estimate, LawMiss, LawPoint, TransitionPoint, border_figures,
    border_page,
};
use dunwu_store::{SweepDir, SweepPlan};
use std::collections::{BTreeMap, BTreeSet};

/// Places along a curve.
const PLACES: usize = 81;

/// Rebuilds the page of a directory from its runs alone.
pub(super) fn rebuild(dir: &SweepDir) -> Result<Utf8PathBuf, Error> {
    if dunwu_store::read_record(dir.reader().path(), BOUNDARY)?.is_none() {
        let path = dir.reader().path();
        let why = format!("{path} has no border yet; go on with `dunwu boundary --resume {path}`");
        return Err(failed(why));
    }
    let stored = dir.reader().plan()?;
    let specs: Vec<BoundarySpec> = stored
        .asked
        .iter()
        .map(BoundarySpec::of)
        .collect::<Result<_, _>>()?;
    let found = super::find::again(dir, &specs)?;
    write(dir, &found)
}

/// Writes page and figures.
pub(super) fn write(dir: &SweepDir, found: &Found) -> Result<Utf8PathBuf, Error> {
    let page = build(found, &dir.reader().plan()?);
    dir.write("report.html", &border_page(&page))?;
    for (name, svg) in border_figures(&page) {
        dir.write(&format!("figures/{name}"), &svg)?;
    }
    Ok(dir.reader().path().join("report.html"))
}

fn build(found: &Found, stored: &SweepPlan) -> BorderPage {
    let shared = shared(&found.settings);
    let mut settings: Vec<BorderSetting> =
        found.settings.iter().map(|s| setting(s, &shared)).collect();
    settings.sort_by_key(|s| s.order);
    let tasks: Vec<&str> = found.settings.iter().map(|s| s.task.as_str()).collect();
    BorderPage {
        title: listed(&tasks),
        command: crate::sweep::command(stored),
        plan: shared
            .iter()
            .filter_map(|w| w.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect(),
        laws: laws(found),
        collapse: found
            .collapse
            .iter()
            .min_by(|a, b| a.residual.total_cmp(&b.residual))
            .map(|c| collapse(c, found)),
        settings,
        provenance: vec![
            ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            (
                "commit".to_owned(),
                option_env!("DUNWU_COMMIT").unwrap_or("unknown").to_owned(),
            ),
        ],
        seconds: found.settings.iter().map(|s| s.run_seconds).sum(),
    }
}

/// Names as a person lists them.
fn listed(names: &[&str]) -> String {
    let mut seen = BTreeSet::new();
    let names: Vec<&str> = names.iter().copied().filter(|n| seen.insert(*n)).collect();
    match names.as_slice() {
        [] => "no group".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Words that all settings have.
fn shared(settings: &[Setting]) -> BTreeSet<String> {
    let mut sets = settings
        .iter()
        .map(|s| s.words.iter().cloned().collect::<BTreeSet<String>>());
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |all, own| all.intersection(&own).cloned().collect())
}

fn estimate(border: &Border) -> Estimate {
    Estimate {
        value: border.at,
        low: border.low,
        high: border.high,
    }
}

fn setting(setting: &Setting, shared: &BTreeSet<String>) -> BorderSetting {
    let own = setting
        .words
        .iter()
        .filter(|w| !shared.contains(*w) && !w.starts_with("task="));
    let own: Vec<String> = own.map(|w| w.replace(['=', '_'], " ")).collect();
    let runs = setting.observations.iter().map(|o| BorderRun {
        fraction: o.share,
        seed: o.seed,
        generalised: o.generalised,
        epochs: o.epochs,
        stopped: match (o.generalised, o.epochs < setting.budget) {
            (_, false) => String::new(),
            (true, true) => "generalised".to_owned(),
            (false, true) => "settled that it will not".to_owned(),
        },
    });
    BorderSetting {
        name: setting.task.clone(),
        note: own.join(", "),
        order: setting.order,
        runs: runs.collect(),
        curve: curve(setting),
        border: setting.border.filter(|b| b.bracketed).map(|b| estimate(&b)),
        grid: Some(BorderGrid {
            fractions: 20,
            seeds: 20,
            epochs: setting.grid_epochs,
            border: None,
        }),
    }
}

/// The transition over the fractions that were run, and a little beyond.
fn curve(setting: &Setting) -> Vec<TransitionPoint> {
    let shares = setting.observations.iter().map(|o| o.share);
    let (low, high) = shares.fold((1.0f64, 0.0f64), |(l, h), s| (l.min(s), h.max(s)));
    let window = Window::new(setting.window.0, setting.window.1);
    let (Ok(window), true) = (window, low < high) else {
        return vec![];
    };
    let room = 0.08 * (high - low);
    let (from, to) = ((low - room).max(1e-4), (high + room).min(1.0));
    let place = |i: usize| from + (to - from) * i as f64 / (PLACES - 1) as f64;
    let shares: Vec<f64> = (0..PLACES).map(place).collect();
    transition(&setting.observations, &window, &shares)
        .into_iter()
        .map(|t| TransitionPoint {
            fraction: t.share,
            share: t.generalise,
            low: t.low,
            high: t.high,
        })
        .collect()
}

fn laws(found: &Found) -> Option<BorderLaws> {
    let mut points: Vec<LawPoint> = found
        .settings
        .iter()
        .filter_map(|s| {
            Some(LawPoint {
                name: s.task.clone(),
                order: s.order,
                border: estimate(&s.border.filter(|b| b.bracketed)?),
                held_back: s.held_back,
            })
        })
        .collect();
    if points.len() < 2 {
        return None;
    }
    points.sort_by_key(|p| p.order);
    let predictions = found.predictions.iter().map(|p| BorderPrediction {
        name: p.task.clone(),
        order: p.order,
        predicted: Estimate {
            value: p.predicted.at,
            low: p.predicted.low,
            high: p.predicted.high,
        },
        measured: p.measured.as_ref().map(estimate),
    });
    let predictions: Vec<BorderPrediction> = predictions.collect();
    let orders = points.iter().map(|p| p.order);
    let orders = orders.chain(predictions.iter().map(|p| p.order));
    let (least, most) = orders.fold((usize::MAX, 0), |(l, m), o| (l.min(o), m.max(o)));
    Some(BorderLaws {
        laws: found
            .laws
            .iter()
            .map(|fit| law(fit, &points, (least as f64, most as f64)))
            .collect(),
        note: found.no_laws.clone().unwrap_or_default(),
        points,
        predictions,
    })
}

fn law(fit: &LawFit, points: &[LawPoint], (least, most): (f64, f64)) -> BorderLaw {
    let named = |name: &str, i: &Option<dunwu_analysis::known::Interval>| {
        i.as_ref().map(|i| {
            let (value, low, high) = (i.value, i.low, i.high);
            (name.to_owned(), Estimate { value, low, high })
        })
    };
    let name = |order: f64, border: f64| {
        let near = |p: &&LawPoint| p.order as f64 == order && p.border.value == border;
        points
            .iter()
            .find(near)
            .map_or_else(|| format!("M = {order}"), |p| p.name.clone())
    };
    let held = fit.misses.iter().filter(|m| m.held_back);
    let misses = held.map(|m| LawMiss {
        name: name(m.point.size, m.point.border),
        miss: m.miss,
        errors: m.errors,
    });
    let ratio = (most / least).max(1.0);
    let size = |i: usize| least * ratio.powf(i as f64 / 40.0);
    let at = |m: f64| (m, predict(std::slice::from_ref(fit), m, 1.0).at);
    BorderLaw {
        form: fit.formula.to_owned(),
        parameters: [named("c", &fit.c), named("a", &fit.a)]
            .into_iter()
            .flatten()
            .collect(),
        bits: fit.description_length,
        misses: misses.collect(),
        survives: fit.survives,
        why: fit.why.clone(),
        line: (0..=40).map(|i| at(size(i))).collect(),
    }
}

fn collapse(collapse: &Collapse, found: &Found) -> BorderCollapse {
    let mut curves: BTreeMap<u64, Vec<(f64, f64, f64)>> = BTreeMap::new();
    for scaled in &collapse.points {
        let r = scaled.reading;
        curves
            .entry(r.size as u64)
            .or_default()
            .push((r.share, scaled.x, r.value));
    }
    let name = |order: u64| {
        let of = found.settings.iter().find(|s| s.order as u64 == order);
        of.map_or_else(|| format!("M = {order}"), |s| s.task.clone())
    };
    let curve = |(order, mut points): (u64, Vec<(f64, f64, f64)>)| {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        CollapseCurve {
            name: name(order),
            points,
        }
    };
    BorderCollapse {
        scaling: match collapse.scaling {
            Scaling::Difference => "(p − p_c)·M^a".to_owned(),
            Scaling::Ratio => "(p/p_c − 1)·M^a".to_owned(),
        },
        exponent: Estimate {
            value: collapse.exponent.value,
            low: collapse.exponent.low,
            high: collapse.exponent.high,
        },
        apart: collapse.unscaled,
        apart_scaled: collapse.residual,
        curves: curves.into_iter().map(curve).collect(),
    }
}
