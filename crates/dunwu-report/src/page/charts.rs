//! The aligned charts, each with what to look for and its numbers.

use crate::draw::chart;
use crate::families::Part;
use crate::figure::{Figure, Undrawn};
use crate::medium::Medium;
use crate::readings::{thin, value_at};
use crate::run::RunPage;
use crate::strips::strips;
use crate::text::{counted, grouped, number};
use crate::theme;
use maud::{Markup, PreEscaped, html};

/// Rows of a table of numbers, at most about.
const ROWS: usize = 40;
/// Columns of a table that lists every seed, at most.
const COLUMNS: usize = 12;

pub(super) fn section(run: &RunPage<'_>, figures: &[Figure], undrawn: &Undrawn) -> Markup {
    let figures: Vec<&Figure> = figures.iter().filter(|f| f.part == Part::Learned).collect();
    html! {
        section #charts {
            h2 { "How it learned" }
            p {
                "All charts share one horizontal axis: epochs" (of_updates(run)) ", on a logarithmic scale, so that early and late changes \
                 have room. Move over any chart, touch it, or drag the slider to read all of them at one epoch."
                @if run.seeds.len() > 1 { " Thin lines are single seeds, bold lines their median." }
            }
            (stage_key(run, &figures))
            @if figures.is_empty() { p.quiet { "No epoch has been recorded yet." } }
            (reader())
            @for (i, figure) in figures.iter().enumerate() {
                (one(run, figure))
                @if i == 0 { (strips_of_seeds(run)) }
            }
            @for column in &undrawn.constant {
                p.quiet { "The column " code { (column) } " is constant and not drawn: " (first_value(run, column)) "." }
            }
            @if !undrawn.once.is_empty() {
                p.quiet {
                    "Read once, and so not drawn:"
                    @for (i, column) in undrawn.once.iter().enumerate() {
                        @if i > 0 { "," } " " code { (column) } " " (number(first_value(run, column), 4))
                    } "."
                }
            }
        }
    }
}

/// What an epoch is, where it is no pass over the training examples.
fn of_updates(run: &RunPage<'_>) -> String {
    match run.plan.epoch_updates {
        0 => String::new(),
        n => format!(" of {}", counted(n, "update")),
    }
}

fn first_value(run: &RunPage<'_>, column: &str) -> f64 {
    let first = run.seeds.iter().find_map(|s| s.curve.points(column).next());
    first.map_or(f64::NAN, |p| p.1)
}

/// The strip that reads all charts at one epoch; the script shows it.
fn reader() -> Markup {
    html! {
        div #reader hidden {
            label for="epoch" { "Epoch " output #epoch-value for="epoch" {} }
            input #epoch type="range" min="0" max="1000" step="1" value="1000";
            span #stage-value {}
            button #close-reader type="button" aria-label="Stop reading" { "×" }
        }
    }
}

/// Some of the charts, one after the other.
pub(super) fn some(
    run: &RunPage<'_>,
    figures: &[Figure],
    is_one: impl Fn(&Figure) -> bool,
) -> Markup {
    html! { @for figure in figures.iter().filter(|f| is_one(f)) { (one(run, figure)) } }
}

fn stage_key(run: &RunPage<'_>, figures: &[&Figure]) -> Markup {
    let Some(figure) = figures.first().filter(|f| !f.bands.is_empty()) else {
        return html! {};
    };
    html! {
        p.key {
            @for band in &figure.bands {
                span class=(format!("chip {}", theme::band(&band.name))) {
                    b { (band.name) } " " (grouped(band.from)) "–" (grouped(band.to))
                }
                " "
            }
            span.quiet {
                "background tints: the stages" @if run.seeds.len() > 1 {
                    @if let Some(seed) = run.representative() { " of seed " (seed.seed) }
                } ", explained "
                a href="#stages" { "below" } "."
            }
        }
    }
}

/// The stages of all seeds, where there are several; their numbers are in the table of stages.
fn strips_of_seeds(run: &RunPage<'_>) -> Markup {
    let Some(wide) = strips(run, Medium::Wide) else {
        return html! {};
    };
    html! {
        figure.chart aria-labelledby="title-stages" {
            figcaption {
                div.title { h3 #title-stages { "Stages of every seed" } }
                p.help { "One strip a seed. Where the strips look alike, the story does not hang on chance." }
            }
            (PreEscaped(wide))
            @if let Some(narrow) = strips(run, Medium::Narrow) { (PreEscaped(narrow)) }
        }
    }
}

fn one(run: &RunPage<'_>, figure: &Figure) -> Markup {
    let title_id = format!("title-{}", figure.name);
    html! {
        figure.chart data-figure=(figure.name) aria-labelledby=(title_id) {
            figcaption {
                div.title {
                    h3 #(title_id) { (figure.title) }
                    p.legend {
                        @for (i, series) in figure.series.iter().enumerate() {
                            span class=(format!("item c{} d{}", i % theme::LINES, (i / theme::LINES).min(1))) {
                                (series.label) " " output data-i=(i) {}
                            } " "
                        }
                    }
                }
                p.help { (figure.help) @for note in &figure.notes { " " (note) } }
            }
            (PreEscaped(chart(figure, Medium::Wide)))
            (PreEscaped(chart(figure, Medium::Narrow)))
            (numbers(run, figure))
        }
    }
}

fn numbers(run: &RunPage<'_>, figure: &Figure) -> Markup {
    let epochs: std::collections::BTreeSet<u64> = figure
        .series
        .iter()
        .flat_map(|s| s.median.iter().map(|p| p.0))
        .collect();
    let epochs: Vec<u64> = epochs.into_iter().collect();
    let rows = thin(&epochs, ROWS);
    let each = figure.series.len() * run.seeds.len() <= COLUMNS;
    html! {
        details {
            summary { "Numbers" }
            p.quiet {
                (rows.len()) " of the epochs drawn. All of them, for every seed, are in "
                a href="curve.parquet" { "curve.parquet" } ", column"
                @for (i, s) in figure.series.iter().enumerate() { @if i > 0 { "," } " " code { (s.column) } } "."
            }
            div.scroll tabindex="0" role="region" aria-label=(format!("Numbers: {}", figure.title)) {
                table.numbers {
                    thead { (heads(run, figure, each)) }
                    tbody { @for epoch in rows { (row(run, figure, epoch, each)) } }
                }
            }
        }
    }
}

fn heads(run: &RunPage<'_>, figure: &Figure, each: bool) -> Markup {
    html! {
        tr {
            th scope="col" { "epoch" }
            @for s in &figure.series {
                @if each {
                    @for seed in &run.seeds { th scope="col" { (s.label) ", seed " (seed.seed) } }
                } @else {
                    th scope="col" { (s.label) ", median" }
                    th scope="col" { "lowest" }
                    th scope="col" { "highest" }
                }
            }
        }
    }
}

fn row(run: &RunPage<'_>, figure: &Figure, epoch: u64, each: bool) -> Markup {
    let write = |v: f64| figure.format.write(v);
    html! {
        tr {
            th scope="row" { (grouped(epoch)) }
            @for s in &figure.series {
                @let values = run.seeds.iter().map(|r| value_at(&r.curve, &s.column, epoch).unwrap_or(f64::NAN)).collect::<Vec<_>>();
                @if each {
                    @for value in values { td { (write(value)) } }
                } @else {
                    td { (write(crate::summary::median(values.iter().copied().filter(|v| v.is_finite()).collect()).unwrap_or(f64::NAN))) }
                    td { (write(values.iter().copied().fold(f64::NAN, f64::min))) }
                    td { (write(values.iter().copied().fold(f64::NAN, f64::max))) }
                }
            }
        }
    }
}
