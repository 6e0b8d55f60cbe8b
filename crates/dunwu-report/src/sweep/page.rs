//! The page of a sweep: one HTML file that needs nothing else.

use super::phase::{self, View};
use super::record::{PhaseDiagram, SweepPage};
use super::words::{GENERALISED, account, headline, phase_name, phase_title};
use super::{curves, survival, tables};
use crate::drawing::figure;
use crate::frame::{again, bound, complaint, glossary, header, pairs, provenance};
use crate::page::{document, tile};
use crate::text::{counted, duration, grouped, percent};
use crate::theme::GROUPS;
use maud::{Markup, html};

/// The page of a sweep: the same record gives the same bytes.
pub fn sweep_page(page: &SweepPage) -> String {
    let body = html! {
        (header("sweep", &page.title))
        main #main {
            (answer(page))
            (phases(page))
            (curve_section(page))
            (survival_section(page))
            (pairs("plan", "What all runs share", &page.plan))
            (again(&page.command, &html! { p.quiet { "A sweep goes on where it was stopped, and does not repeat what it has." } }))
            (provenance(&page.provenance))
            (glossary(WORDS))
        }
    };
    document(&format!("Sweep: {}", page.title), &body, &html! {}, "")
}

fn answer(page: &SweepPage) -> Markup {
    let stopped: Vec<_> = page.counts.stopped.iter().filter(|s| s.1 > 0).collect();
    html! {
        section.answer {
            h1 { (bound(&headline(page))) }
            (complaint(page.is_consistent()))
            div.tiles { @for tile in tiles(page) { (tile) } }
            div.account {
                h2 { "What this is" }
                p { (account(page)) }
                @if !stopped.is_empty() {
                    p { "Stopped before the last epoch:" }
                    ul { @for (why, runs) in &stopped { li { (counted(*runs as u64, "run")) ": " (why) } } }
                }
            }
        }
    }
}

fn tiles(page: &SweepPage) -> Vec<Markup> {
    let c = &page.counts;
    let mut out = vec![tile(
        "Runs finished",
        &grouped(c.finished as u64),
        "",
        &format!("of {} wanted", grouped(c.wanted as u64)),
    )];
    if let Some(n) = c.generalised {
        let share = if c.finished == 0 {
            f64::NAN
        } else {
            n as f64 / c.finished as f64
        };
        let below = format!("of those finished: {}", percent(share));
        out.push(tile("Generalised", &grouped(n as u64), "", &below));
    }
    if c.failed > 0 {
        out.push(tile(
            "Failed",
            &grouped(c.failed as u64),
            "",
            "and are in no picture",
        ));
    }
    let early: usize = c.stopped.iter().map(|s| s.1).sum();
    if early > 0 {
        out.push(tile(
            "Stopped early",
            &grouped(early as u64),
            "",
            "for the reasons below",
        ));
    }
    out.push(tile(
        "Trained",
        &grouped(c.epochs),
        "epochs",
        &format!("in {}", duration(c.seconds)),
    ));
    out
}

fn phases(page: &SweepPage) -> Markup {
    if page.phases.is_empty() {
        return html! {};
    }
    html! {
        section #phases {
            h2 { "Where it happens" }
            @if page.phases.iter().any(|p| p.y.is_some()) { p {
                "Each cell is one setting. Its colour is the median over its runs, or the share of them; the marks are \
                 explained above each picture. A cell with a cross has no run yet, a grey one was run but never got there."
            } }
            @for (i, diagram) in page.phases.iter().enumerate() { (one_phase(page, i, diagram)) }
        }
    }
}

fn one_phase(page: &SweepPage, i: usize, diagram: &PhaseDiagram) -> Markup {
    let Some(view) = View::of(page, diagram) else {
        return html! {};
    };
    let of = |medium| phase::one(page, i, diagram, medium);
    let title = phase_title(&view);
    figure(
        &phase_name(page, i),
        &title,
        &phase_help(&view),
        &of,
        &tables::phase(&view, &title),
    )
}

fn phase_help(view: &View<'_>) -> String {
    let mut parts = vec![view.measure.help.clone(), view.phase.note.clone()];
    if view.measure.name == GENERALISED && view.y.is_some() {
        parts.push("The heavy line parts settings where at least half of the runs generalise from the others".into());
    }
    if view.y.is_none() {
        let interval = if view.measure.share {
            "Shaded, or a bar: the interval of 95 % in which the share may lie"
        } else {
            "Shaded, or a bar: from the low to the high quantile over seeds"
        };
        parts.push(interval.into());
    }
    let end = |p: &String| {
        let p = p.trim().trim_end_matches('.');
        let mut letters = p.chars();
        let first: String = letters.next()?.to_uppercase().collect();
        Some(format!("{first}{}.", letters.as_str()))
    };
    parts.iter().filter_map(end).collect::<Vec<_>>().join(" ")
}

fn curve_section(page: &SweepPage) -> Markup {
    if page.curves.iter().all(|c| c.groups.is_empty()) {
        return html! {};
    }
    html! {
        section #curves {
            h2 { "How it happens" }
            p { "Lines are medians over the runs of a group, the shade goes from the lower to the upper quartile. Where the lower chart is at the top long before the upper one, runs memorise first." }
            @for (i, set) in page.curves.iter().enumerate() {
                @let title = curves::title(set);
                @let of = |medium| curves::one(set, i, medium);
                (figure(&format!("curves{}", i + 1), &title, &undrawn(set.groups.iter().map(|g| g.name.as_str())), &of, &tables::curves(set, &title)))
            }
        }
    }
}

/// Which groups there is no colour for.
fn undrawn<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let rest: Vec<&str> = names.skip(GROUPS).collect();
    if rest.is_empty() {
        return String::new();
    }
    format!(
        "Not drawn, for want of colours that can be told apart: {}.",
        rest.join(", ")
    )
}

fn survival_section(page: &SweepPage) -> Markup {
    if page.survival.iter().all(|s| s.groups.is_empty()) {
        return html! {};
    }
    html! {
        section #survival {
            h2 { "How long it takes" }
            p {
                "Every run starts at the top, and a line falls whenever one of its runs gets there. A run that ends \
                 before that, because its budget is used up or because it was stopped, is not counted as a failure: it \
                 leaves a tick, and from then on the share is of those still watched (Kaplan and Meier 1958). Shaded: the 95 % interval."
            }
            @for (i, set) in page.survival.iter().enumerate() {
                @let title = survival::title(set);
                @let of = |medium| survival::one(set, i, medium);
                @let help = [set.note.clone(), undrawn(set.groups.iter().map(|g| g.name.as_str()))].join(" ");
                (figure(&format!("survival{}", i + 1), &title, help.trim(), &of, &tables::survival(set, &title)))
            }
        }
    }
}

/// Words of this page, sorted.
const WORDS: &[(&str, &str)] = &[
    (
        "Epoch",
        "One pass over all training examples, or as many updates as the key epoch_updates says.",
    ),
    (
        "Generalised",
        "At least 99 % of the unseen examples are answered rightly: the rule was understood.",
    ),
    ("Held out", "Examples that the network never trains on."),
    (
        "Median",
        "The middle run: half of the runs have less, half have more. A run that never gets there counts as later than any other.",
    ),
    (
        "Phase diagram",
        "A map of settings, coloured by what becomes of a run there, as a map of pressure and heat says where water is ice.",
    ),
    (
        "Seed",
        "The number from which the random start and the random choice of training examples follow.",
    ),
];
