//! The page of borders: one HTML file that needs nothing else.

use super::record::{BorderCollapse, BorderLaws, BorderPage, BorderSetting};
use super::words::{account, cost, estimate, headline, predicted, surviving};
use super::{collapse, law, tables, transition};
use crate::drawing::figure;
use crate::frame::{again, bound, complaint, glossary, header, pairs, provenance};
use crate::page::{document, tile};
use crate::text::{counted, duration, grouped, number};
use crate::theme::GROUPS;
use maud::{Markup, html};

/// The page of borders: the same record gives the same bytes.
pub fn border_page(page: &BorderPage) -> String {
    let body = html! {
        (header("border", &page.title))
        main #main {
            (answer(page))
            (settings(page))
            @if let Some(laws) = &page.laws { (law_section(laws)) }
            @if let Some(collapse) = &page.collapse { (collapse_section(collapse)) }
            (pairs("plan", "What all runs share", &page.plan))
            (again(&page.command, &html! { p.quiet { "It took " (duration(page.seconds)) "." } }))
            (provenance(&page.provenance))
            (glossary(WORDS))
        }
    };
    document(&format!("Border: {}", page.title), &body, &html! {}, "")
}

fn answer(page: &BorderPage) -> Markup {
    html! {
        section.answer {
            h1 { (bound(&headline(page))) }
            (complaint(page.is_consistent()))
            div.tiles { @for tile in tiles(page) { (tile) } }
            div.account {
                h2 { "What this is" }
                p { (account(page)) }
            }
        }
    }
}

fn tiles(page: &BorderPage) -> Vec<Markup> {
    let borders = page.settings.iter().filter_map(|s| Some((s, s.border?)));
    let mut out: Vec<Markup> = borders
        .take(4)
        .map(|(s, b)| {
            let below = format!("95 %: {} to {}", number(b.low, 3), number(b.high, 3));
            tile(&s.name, &number(b.value, 3), "", &below)
        })
        .collect();
    let runs: usize = page.settings.iter().map(|s| s.runs.len()).sum();
    let all = counted(page.settings.len() as u64, "setting");
    out.push(tile(
        "Runs",
        &grouped(runs as u64),
        "",
        &format!("on {all}"),
    ));
    if let Some(laws) = page.laws.as_ref().filter(|l| !l.laws.is_empty()) {
        let left = surviving(laws).count().to_string();
        out.push(tile(
            "Laws left",
            &left,
            "",
            &format!("of {}", laws.laws.len()),
        ));
    }
    out
}

fn settings(page: &BorderPage) -> Markup {
    if page.settings.is_empty() {
        return html! {};
    }
    html! {
        section #settings {
            h2 { "Where the border lies" }
            p {
                "Every dot is a run: above the curve those that generalised, below it those that did not; a ring is a run \
                 that was stopped because its fate was settled. The line is what is believed of the share of runs that \
                 generalise, the shade around it and the upright band are 95 % intervals: of the share, and of the border."
            }
            (tables::overview(page))
            @for (i, s) in page.settings.iter().enumerate() { (setting(s, i)) }
        }
    }
}

fn setting(s: &BorderSetting, i: usize) -> Markup {
    let title = transition::title(s);
    let of = |medium| transition::one(s, i, medium);
    figure(
        &transition::id(s, i),
        &title,
        &cost(s),
        &of,
        &tables::setting(s, &title),
    )
}

fn law_section(laws: &BorderLaws) -> Markup {
    let of = |medium| law::draw_one(laws, medium);
    let rest: Vec<&str> = laws
        .laws
        .iter()
        .skip(GROUPS)
        .map(|l| l.form.as_str())
        .collect();
    let undrawn = if rest.is_empty() {
        String::new()
    } else {
        format!(" Not drawn: {}.", rest.join(", "))
    };
    let help = format!(
        "A straight line here is a power of M. Solid: a law that survives; dashed: one that does not.{undrawn}{} {}",
        beside(laws),
        predicted(laws)
    );
    html! {
        section #laws {
            h2 { "How the border changes with size" }
            p {
                "A larger group has a larger table, and a smaller part of it is enough. How much smaller is what the \
                 candidates say. Each is fitted to the sizes that were not held back and then asked for those that were \
                 (hollow dots): a law that misses them is out. Several may be left, and one that nobody \
                 thought of is not among them, so this page names survivors, never “the law”."
            }
            @if !laws.note.is_empty() { p { (laws.note) } }
            (figure("laws", law::TITLE, help.trim(), &of, &tables::points(laws)))
            @if !laws.laws.is_empty() {
                h3 { "The candidates" }
                (tables::laws(laws))
                p.quiet {
                    "Bits: how long it takes to write all borders down with the help of the law, its free numbers \
                     included; a law with more of them must earn them. One bit less is twice as likely. f is 1 for groups that \
                     commute, and half of the largest dimension of a representation for others."
                }
            }
            @if !laws.predictions.is_empty() {
                h3 { "Said before training" }
                (tables::predictions(laws))
            }
        }
    }
}

/// What a dot beside a diamond is, where there is one.
fn beside(laws: &BorderLaws) -> &'static str {
    if laws.predictions.iter().any(|p| p.measured.is_some()) {
        " A dot just right of a diamond is what was measured there afterwards."
    } else {
        ""
    }
}

fn collapse_section(c: &BorderCollapse) -> Markup {
    let of = |medium| collapse::draw_one(c, medium);
    let help = format!(
        "First: the share of runs that generalise, as it is. Second: against {}, with exponent {}. The curves are {} \
         apart as they are and {} scaled (root mean square of a reading from the curve of the other sizes).",
        c.scaling,
        estimate(&c.exponent, 3),
        number(c.apart, 2),
        number(c.apart_scaled, 2)
    );
    html! {
        section #collapse {
            h2 { "Is it the same transition at every size?" }
            p {
                "If one scale explains how sharp the transition is, then stretching every curve about its own border by a \
                 power of M puts all of them onto one. That says nothing about where the borders lie, which is put in."
            }
            (figure("collapse", collapse::TITLE, &help, &of, &tables::collapse(c)))
        }
    }
}

/// Words of this page, sorted.
const WORDS: &[(&str, &str)] = &[
    (
        "95 % interval",
        "A range that holds the true value in 19 of 20 such cases, if the model behind it is right.",
    ),
    (
        "Border",
        "The training fraction at which half of the runs generalise. It depends on the budget of epochs: near it, runs take ever longer.",
    ),
    (
        "Generalised",
        "Held-out accuracy reached stop_accuracy, half unless it is said otherwise, within the epochs.",
    ),
    (
        "M",
        "The order of the group: the number of different answers. The table has M² rows.",
    ),
    (
        "Seed",
        "The number from which the random start and the random choice of training examples follow.",
    ),
    (
        "Training fraction",
        "The share of the table's rows that the network trains on.",
    ),
];
