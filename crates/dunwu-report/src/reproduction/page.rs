//! The page of reproductions: one HTML file that needs nothing else, its filter of rows without a script.

use super::record::{ReproductionNumber, ReproductionPage, ReproductionRow, ReproductionVerdict};
use super::strips;
use super::words::{VERDICTS, count, headline, measured, tolerance, verdict_class, verdict_words};
use crate::frame::{again, bound, complaint, glossary, header, provenance};
use crate::medium::Medium;
use crate::page::{document, tile};
use crate::text::{duration, number};
use maud::{Markup, PreEscaped, html};

/// The page of reproductions: the same record gives the same bytes.
pub fn reproduction_page(page: &ReproductionPage) -> String {
    let body = html! {
        (header("published results, measured again", &page.title))
        main #main {
            (answer(page))
            (overview(page))
            (rows(page))
            (again(&page.command, &html! {}))
            (provenance(&page.provenance))
            (glossary(WORDS))
        }
    };
    document(
        &format!("Reproductions: {}", page.title),
        &body,
        &html! {},
        "",
    )
}

fn answer(page: &ReproductionPage) -> Markup {
    let seconds: f64 = page.rows.iter().filter_map(|r| r.seconds).sum();
    html! {
        section.answer {
            h1 { (bound(&headline(page))) }
            (complaint(page.is_consistent()))
            div.tiles {
                @for (verdict, words, _, meaning) in &VERDICTS {
                    (tile(words, &count(page, *verdict).to_string(), "", meaning))
                }
                (tile("Time", &duration(seconds), "", "of all rows that were run"))
            }
            div.account {
                h2 { "What this is" }
                p {
                    "Each row is a claim that somebody published, with the settings under which it was found. The \
                     program trains under the same settings, measures, and compares with a tolerance that was fixed \
                     before. A claim that does not come out again is not thereby wrong: the source may leave a setting \
                     out, and its row then says so."
                }
            }
        }
    }
}

/// Chip of a verdict.
fn chip(verdict: ReproductionVerdict) -> Markup {
    html! { span class=(format!("chip {}", verdict_class(verdict))) { (verdict_words(verdict)) } }
}

/// The choice of verdicts and a row for each claim. Rules of the style sheet hide what is not chosen.
fn overview(page: &ReproductionPage) -> Markup {
    if page.rows.is_empty() {
        return html! {};
    }
    html! {
        section #overview {
            h2 { "All rows" }
            fieldset.choice {
                legend { "Show" }
                label { input #show-all type="radio" name="verdict" checked; " all (" (page.rows.len()) ")" }
                @for (verdict, words, class, _) in &VERDICTS {
                    @let n = count(page, *verdict);
                    @if n > 0 { label { input id=(format!("show-{class}")) type="radio" name="verdict"; " " (words) " (" (n) ")" } }
                }
            }
            table.cards {
                thead { tr {
                    th scope="col" { "Row" } th scope="col" { "Claim" } th scope="col" { "Source" }
                    th scope="col" { "Verdict" } th scope="col" { "Time" }
                } }
                tbody { @for (i, r) in page.rows.iter().enumerate() {
                    tr.row.(verdict_class(r.verdict)) {
                        th scope="row" { a href=(format!("#{}", strips::id(r, i))) { (r.id) } }
                        td { (r.claim) }
                        td data-label="Source" { (r.source) }
                        td { (chip(r.verdict)) }
                        td data-label="Time" { (time(r)) }
                    }
                } }
            }
        }
    }
}

fn time(row: &ReproductionRow) -> String {
    row.seconds.map_or_else(|| "–".into(), duration)
}

fn rows(page: &ReproductionPage) -> Markup {
    html! {
        section #rows {
            @if !page.rows.is_empty() { h2 { "One by one" } }
            @for (i, r) in page.rows.iter().enumerate() { (row(r, i)) }
        }
    }
}

fn row(r: &ReproductionRow, i: usize) -> Markup {
    let id = strips::id(r, i);
    html! {
        figure.chart.row.(verdict_class(r.verdict)) id=(id) aria-labelledby=(format!("title-{id}")) {
            figcaption {
                div.title { h3 #(format!("title-{id}")) { (r.id) ": " (r.claim) } (chip(r.verdict)) }
                p.help { (r.source) @if !r.published.is_empty() { ": " (r.published) } }
                @if !r.settings.is_empty() { p.help { "Settings: " (r.settings) } }
                @if !r.note.is_empty() { p.help { strong { (r.note) } } }
            }
            @for medium in [Medium::Wide, Medium::Narrow] {
                @if let Some(drawing) = strips::one(r, i, medium) { (PreEscaped(drawing.svg)) }
            }
            @if !r.numbers.is_empty() { (numbers(r)) }
            @if !r.commands.is_empty() { (commands(r)) }
        }
    }
}

fn commands(r: &ReproductionRow) -> Markup {
    html! {
        details {
            summary { "Command" @if let Some(s) = r.seconds { ", " (duration(s)) } }
            @for command in &r.commands { pre.run { code { (command) } } }
        }
    }
}

fn numbers(r: &ReproductionRow) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(format!("Numbers: {}", r.id)) {
            table.numbers {
                thead { tr {
                    th.words scope="col" { "what" } th.words scope="col" { "published" } th scope="col" { "holds at" }
                    th scope="col" { "measured" } th scope="col" { "seeds" } th.words scope="col" { "verdict" }
                } }
                tbody { @for n in &r.numbers { (number_row(n)) } }
            }
        }
    }
}

fn number_row(n: &ReproductionNumber) -> Markup {
    let published = if n.published.is_empty() {
        n.published_number.map_or("–".into(), |p| number(p, 4))
    } else {
        n.published.clone()
    };
    let seeds: Vec<String> = n.seeds.iter().map(|s| number(*s, 4)).collect();
    html! {
        tr {
            th.words.wrap scope="row" { (n.what) } td.words.wrap { (published) } td { (tolerance(n)) } td { (measured(n)) }
            td.wrap { @if seeds.is_empty() { "–" } @else { (seeds.join(", ")) } }
            td.words { (n.verdict.map_or("not judged", verdict_words)) }
        }
    }
}

/// Words of this page, sorted.
const WORDS: &[(&str, &str)] = &[
    (
        "Does not hold",
        "A number lies outside the tolerance that was fixed before.",
    ),
    (
        "Inconclusive",
        "The runs do not suffice to say, or the source leaves out what would decide.",
    ),
    (
        "Seed",
        "The number from which the random start and the random choice of training examples follow.",
    ),
    (
        "Tolerance",
        "The range of values for which a claim counts as reproduced: the page calls it “holds at”.",
    ),
];
