//! The page of a diagnosis: one HTML file that needs nothing else.

use super::picture::{id, picture};
use super::record::{DiagnosedFinding, DiagnosedRun, DiagnosisPage};
use crate::frame::{again, bound, complaint, glossary, header, provenance, words};
use crate::medium::Medium;
use crate::page::{document, tile};
use crate::text::{counted, number};
use maud::{Markup, PreEscaped, html};

/// Runs that are shown in full: the worst; all stand in the table.
pub(crate) const IN_FULL: usize = 24;

/// The page of a diagnosis: the same record gives the same bytes.
pub fn diagnosis_page(page: &DiagnosisPage) -> String {
    let body = html! {
        (header("diagnosis", &page.title))
        main #main {
            (answer(page))
            (overview(page))
            @for (i, run) in shown(page) { (section(run, i, page.runs.len() > 1)) }
            @if let Some(all) = &page.together { (section(all, page.runs.len(), true)) }
            (again(&page.command, &html! {}))
            (provenance(&page.provenance))
            (glossary(WORDS))
        }
    };
    document(&format!("Diagnosis: {}", page.title), &body, &html! {}, "")
}

/// How bad a run is: the severities of its findings, the worst first.
fn weight(run: &DiagnosedRun) -> (usize, usize, usize) {
    let of = |severity: &str| {
        run.findings
            .iter()
            .filter(|f| f.severity == severity)
            .count()
    };
    (of("failure"), of("warning"), of("note"))
}

/// The runs that are shown in full, in the order of the page.
pub(crate) fn shown(page: &DiagnosisPage) -> Vec<(usize, &DiagnosedRun)> {
    let mut order: Vec<(usize, &DiagnosedRun)> = page.runs.iter().enumerate().collect();
    order.sort_by(|a, b| weight(b.1).cmp(&weight(a.1)).then(a.0.cmp(&b.0)));
    order.truncate(IN_FULL);
    order.sort_by_key(|r| r.0);
    order
}

fn headline(page: &DiagnosisPage) -> String {
    if let [run] = page.runs.as_slice() {
        return run.verdict.clone();
    }
    let sick = page
        .runs
        .iter()
        .filter(|r| weight(r) > (0, 0, usize::MAX))
        .count();
    let all = counted(page.runs.len() as u64, "run");
    match sick {
        0 => format!("Nothing is found to be wrong with any of {all}."),
        sick => format!("Of {all} something is found to be wrong with {sick}."),
    }
}

fn answer(page: &DiagnosisPage) -> Markup {
    let sum = |of: fn(&DiagnosedRun) -> usize| page.runs.iter().map(of).sum::<usize>().to_string();
    html! {
        section.answer {
            h1 { (bound(&headline(page))) }
            (complaint(page.is_consistent()))
            div.tiles {
                (tile("Failures", &sum(|r| weight(r).0), "", "the run, or its measure, is of no use as it is"))
                (tile("Warnings", &sum(|r| weight(r).1), "", "something costs quality or time"))
                (tile("Notes", &sum(|r| weight(r).2), "", "worth knowing"))
                (tile("Looked for", &sum(|r| r.clear.len()), "", "and not found"))
                (tile("Blind", &sum(|r| r.blind.len()), "", "checks that want a series or a fact"))
            }
        }
    }
}

fn chip(severity: &str) -> Markup {
    let class = match severity {
        "failure" => "other",
        "warning" => "interactive",
        _ => "lazy",
    };
    html! { span class=(format!("chip {class}")) { (severity) } }
}

fn overview(page: &DiagnosisPage) -> Markup {
    if page.runs.len() < 2 {
        return html! {};
    }
    let full: Vec<usize> = shown(page).iter().map(|r| r.0).collect();
    html! {
        section #overview {
            h2 { "All runs" }
            @if full.len() < page.runs.len() {
                p.help { "The " (full.len()) " runs with the worst findings are shown in full below." }
            }
            table.cards {
                thead { tr { th scope="col" { "Run" } th scope="col" { "Findings" } th scope="col" { "Looked for" } th scope="col" { "Blind" } } }
                tbody { @for (i, run) in page.runs.iter().enumerate() {
                    tr {
                        th scope="row" {
                            @if full.contains(&i) { a href=(format!("#run{}", i + 1)) { (run.id) } } @else { (run.id) }
                        }
                        td { @if run.findings.is_empty() { "–" }
                            @for f in &run.findings { (chip(&f.severity)) " " (f.name) " " (certainty(f.probability)) br; } }
                        td data-label="Looked for" { (run.clear.len()) }
                        td data-label="Blind" { (run.blind.len()) }
                    }
                } }
            }
        }
    }
}

/// A probability: all only of facts.
fn certainty(p: f64) -> String {
    let percent = if p >= 1.0 {
        "100".to_owned()
    } else {
        format!("{:.1}", (100.0 * p).min(99.9))
    };
    format!("{percent}\u{a0}%")
}

fn section(run: &DiagnosedRun, i: usize, several: bool) -> Markup {
    html! {
        section id=(format!("run{}", i + 1)) {
            @if several { h2 { (run.id) } p { (bound(&run.verdict)) } }
            @for note in &run.notes { p.help { (note) } }
            @for finding in &run.findings { (figure(run, i, finding)) }
            (looked("Looked for and not found", "what was looked at", &run.clear))
            (looked("Could not be looked for", "what is missing", &run.blind))
        }
    }
}

fn figure(run: &DiagnosedRun, i: usize, f: &DiagnosedFinding) -> Markup {
    let name = id(i, f);
    html! {
        figure.chart id=(name) aria-labelledby=(format!("title-{name}")) {
            figcaption {
                div.title { h3 #(format!("title-{name}")) { (f.name) ": " (f.help) } span { (chip(&f.severity)) " " strong { (certainty(f.probability)) } } }
                p { (words(&f.statement)) }
            }
            @for medium in [Medium::Wide, Medium::Narrow] {
                @if let Some(drawing) = picture(run, i, f, medium) { (PreEscaped(drawing.svg)) }
            }
            @if !f.evidence.is_empty() { (evidence(f)) }
            p.help { "Probability by: " (words(&f.by)) }
            p { strong { "To confirm: " } (words(&f.experiment)) }
            @if let Some(command) = &f.command { pre.run { code { (command) } } }
        }
    }
}

fn evidence(f: &DiagnosedFinding) -> Markup {
    let written = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| number(x, 4));
    html! {
        div.scroll tabindex="0" role="region" aria-label=(format!("Evidence: {}", f.name)) {
            table.numbers {
                thead { tr { th.words scope="col" { "evidence" } th scope="col" { "step" } th scope="col" { "value" } th.words scope="col" { "what it says" } } }
                tbody { @for s in &f.evidence {
                    tr { th.words scope="row" { (s.series) } td { (written(s.step)) } td { (written(s.value)) } td.words.wrap { (s.says) } }
                } }
            }
        }
    }
}

fn looked(title: &str, head: &str, all: &[super::record::DiagnosedLook]) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    html! {
        details {
            summary { (title) " (" (all.len()) ")" }
            table {
                thead { tr { th scope="col" { "finding" } th scope="col" { (head) } } }
                tbody { @for look in all { tr { th scope="row" { (look.name) } td { (words(&look.words)) } } } }
            }
        }
    }
}

/// Words of this page, sorted.
const WORDS: &[(&str, &str)] = &[
    (
        "Evidence",
        "Numbers that were read off the series, and where; dots in the pictures.",
    ),
    (
        "Probability",
        "That the sentence is right, not that its likeliest cause is: for that there is the experiment. 100 % is said of facts alone.",
    ),
    (
        "p",
        "How likely a run with nothing wrong shows as much; over all places that were looked at.",
    ),
    (
        "Random walk",
        "A series whose every step goes up or down by chance: it wanders far without meaning anything.",
    ),
    (
        "Shaded",
        "Where a finding holds, from the step that it names on.",
    ),
];
