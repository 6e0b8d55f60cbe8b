//! The numbers of borders, laws and scaling.

use super::record::{
    BorderCollapse, BorderLaw, BorderLaws, BorderPage, BorderSetting, Estimate, LawMiss,
};
use super::words::{estimate, name, outcome};
use super::{collapse, law};
use crate::drawing::numbers;
use crate::text::{grouped, number, percent};
use maud::{Markup, html};

fn three(e: &Estimate, digits: usize) -> [String; 3] {
    [e.value, e.low, e.high].map(|x| number(x, digits))
}

/// Every setting in a row.
pub(super) fn overview(page: &BorderPage) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th scope="col" { "Setting" } th scope="col" { "M" } th scope="col" { "Border, 95 % interval" }
                th scope="col" { "Runs" } th scope="col" { "Of a grid's runs" }
                th scope="col" { "Epochs" } th scope="col" { "Of a grid's epochs" }
            } }
            tbody { @for s in &page.settings { (overview_row(s)) } }
        }
    }
}

fn overview_row(s: &BorderSetting) -> Markup {
    let share = |part: f64, whole: f64| {
        if whole > 0.0 {
            percent(part / whole)
        } else {
            "–".into()
        }
    };
    let (runs, epochs) = match s.grid {
        Some(g) => (
            share(s.runs.len() as f64, (g.fractions * g.seeds) as f64),
            share(s.epochs() as f64, g.epochs as f64),
        ),
        None => ("–".into(), "–".into()),
    };
    let border = s
        .border
        .map_or("not bracketed".to_owned(), |b| estimate(&b, 4));
    html! {
        tr {
            th scope="row" { (name(s)) } td data-label="M" { (grouped(s.order as u64)) }
            td data-label="Border" { (border) }
            td data-label="Runs" { (grouped(s.runs.len() as u64)) } td data-label="Of a grid's runs" { (runs) }
            td data-label="Epochs" { (grouped(s.epochs())) } td data-label="Of a grid's epochs" { (epochs) }
        }
    }
}

/// The runs of a setting and the curve through them.
pub(super) fn setting(s: &BorderSetting, title: &str) -> Markup {
    let runs: Vec<Vec<String>> = s
        .runs
        .iter()
        .map(|r| {
            let stopped = if r.stopped.is_empty() {
                "last epoch"
            } else {
                &r.stopped
            };
            let fate = if r.generalised { "yes" } else { "no" };
            vec![
                number(r.fraction, 5),
                r.seed.to_string(),
                fate.into(),
                grouped(r.epochs),
                stopped.into(),
            ]
        })
        .collect();
    let curve: Vec<Vec<String>> = s
        .curve
        .iter()
        .map(|p| {
            let shares = [p.share, p.low, p.high].map(percent);
            [vec![number(p.fraction, 5)], shares.to_vec()].concat()
        })
        .collect();
    html! {
        (numbers("Numbers", title, &["fraction", "seed", "generalised", "epochs", "<ended by"], &runs))
        (numbers("The curve", title, &["fraction", "share", "95 % from", "to"], &curve))
    }
}

/// Measured and predicted borders, and the lines of the laws.
pub(super) fn points(laws: &BorderLaws) -> Markup {
    let row = |name: &str, order: usize, e: &Estimate, what: &str| {
        [
            vec![name.to_owned(), order.to_string()],
            three(e, 4).to_vec(),
            vec![what.to_owned()],
        ]
        .concat()
    };
    let measured = laws.points.iter().map(|p| {
        let what = if p.held_back { "held back" } else { "fitted" };
        row(&p.name, p.order, &p.border, what)
    });
    let rows: Vec<Vec<String>> = measured
        .chain(laws.predictions.iter().flat_map(|p| {
            let said = row(&p.name, p.order, &p.predicted, "said before training");
            let found = p
                .measured
                .map(|m| row(&p.name, p.order, &m, "trained since"));
            std::iter::once(said).chain(found)
        }))
        .collect();
    let lines: Vec<Vec<String>> = law::drawn(laws)
        .iter()
        .flat_map(|l| {
            l.line
                .iter()
                .map(|(m, p)| vec![l.form.clone(), number(*m, 4), number(*p, 4)])
        })
        .collect();
    html! {
        (numbers("Numbers", law::TITLE, &["<group", "M", "border", "95 % from", "to", "<what"], &rows))
        (numbers("The lines", law::TITLE, &["<law", "M", "border"], &lines))
    }
}

/// The candidates, each with what became of it.
pub(super) fn laws(laws: &BorderLaws) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th scope="col" { "Law" } th scope="col" { "Numbers" } th scope="col" { "Bits" }
                th scope="col" { "Misses where held back, and in standard errors" } th scope="col" { "Survives" } th scope="col" { "Why" }
            } }
            tbody { @for l in &laws.laws { (law_row(l)) } }
        }
    }
}

fn law_row(l: &BorderLaw) -> Markup {
    let miss = |m: &LawMiss| format!("{}: {} ({})", m.name, signed(m.miss), signed(m.errors));
    html! {
        tr {
            th scope="row" { (l.form) }
            td data-label="Numbers" {
                @if l.parameters.is_empty() { "none" }
                @for (name, e) in &l.parameters { p { (name) " = " (estimate(e, 3)) } }
            }
            td data-label="Bits" { (number(l.bits, 4)) }
            td data-label="Misses" {
                @if l.misses.is_empty() { "–" }
                @for m in &l.misses { p { (miss(m)) } }
            }
            td data-label="Survives" { @if l.survives { strong { "yes" } } @else { "no" } }
            td data-label="Why" { (l.why) }
        }
    }
}

/// A number with its sign.
pub(super) fn signed(x: f64) -> String {
    let text = number(x.abs(), 2);
    match x {
        x if x < 0.0 => format!("−{text}"),
        x if x > 0.0 => format!("+{text}"),
        _ => text,
    }
}

/// What was said before training, and what came of it.
pub(super) fn predictions(laws: &BorderLaws) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th scope="col" { "Group" } th scope="col" { "Said" } th scope="col" { "Measured" }
                th scope="col" { "Miss" } th scope="col" { "Verdict" }
            } }
            tbody { @for p in &laws.predictions { tr {
                th scope="row" { (p.name) }
                td data-label="Said" { (estimate(&p.predicted, 3)) }
                td data-label="Measured" { (p.measured.map_or("–".to_owned(), |m| estimate(&m, 3))) }
                td data-label="Miss" { (p.measured.map_or("–".to_owned(), |m| signed(m.value - p.predicted.value))) }
                td data-label="Verdict" { (outcome(p)) }
            } } }
        }
    }
}

/// Points of the transitions.
pub(super) fn collapse(c: &BorderCollapse) -> Markup {
    let rows: Vec<Vec<String>> = collapse::drawn(c)
        .iter()
        .flat_map(|curve| {
            let row = |p: &(f64, f64, f64)| {
                vec![
                    curve.name.clone(),
                    number(p.0, 5),
                    number(p.1, 4),
                    percent(p.2),
                ]
            };
            curve.points.iter().map(row)
        })
        .collect();
    let heads = ["<group", "fraction", c.scaling.as_str(), "share"];
    numbers("Numbers", collapse::TITLE, &heads, &rows)
}
