//! Which features the neurons hold, over time.

use crate::coverage::{self, Coverage};
use crate::heat::{self, Cells};
use crate::map::{self, Drawn};
use crate::medium::Medium;
use crate::run::RunPage;
use crate::text::grouped;
use maud::{Markup, PreEscaped, html};

/// Nothing of a task without features, nor of a transformer without hidden neurons over a whole table.
pub(super) fn section(run: &RunPage<'_>) -> Markup {
    let maps = map::drawn(run);
    let known = run.features.is_some() && run.plan.transformer.is_none();
    if maps.is_empty() && !known {
        return html! {};
    }
    html! {
        section #features {
            h2 { "What the neurons learned" }
            @if let Some(first) = maps.first() {
                (heat(run, first, &maps))
                @if let Some((epoch, coverage)) = coverage::coverage(run) { (bars(run, epoch, &coverage)) }
            } @else {
                p { "There is no map of neurons and features for this run: no checkpoint was kept." }
            }
        }
    }
}

/// What a cell of the map is.
fn cell(run: &RunPage<'_>) -> &'static str {
    match run.plan.transformer {
        Some(_) => {
            "a strong cell means that this feature alone, of either operand or of both, makes most of what the neuron does \
             over the whole table."
        }
        None => "a strong cell means that most of the neuron's weights serve that feature.",
    }
}

/// What shares are parts of.
fn whole(run: &RunPage<'_>) -> &'static str {
    match run.plan.transformer {
        Some(_) => "the neuron's power over the table",
        None => "the neuron's weights",
    }
}

fn heat(run: &RunPage<'_>, first: &Drawn, maps: &[Drawn]) -> Markup {
    html! {
        figure.map #map {
            figcaption {
                h3 { "Neurons and features" }
                p.help {
                    "One column a neuron, one row a feature: " (cell(run)) " At the start the picture is noise; where \
                     learning succeeds, each neuron settles on one feature and a staircase appears. "
                    (grouped(first.order.len() as u64)) " of " (grouped(first.total as u64)) " neurons"
                    @if run.plan.transformer.as_ref().is_some_and(|t| t.layers > 1) { " of all layers" }
                    " are drawn"
                    @if first.order.len() < first.total { ", evenly chosen" }
                    ", sorted by the feature they prefer at the end. "
                    @if maps.len() < run.seeds.len() { "Maps of " (maps.len()) " of " (run.seeds.len()) " seeds fit on this page. " }
                    span.scripted { "Without the slider the last checkpoint is shown." }
                }
                div.controls hidden {
                    button #play type="button" { "▶ Play" }
                    label for="checkpoint" { "Checkpoint " output #checkpoint-value for="checkpoint" {} }
                    input #checkpoint type="range" min="0" max=(first.epochs.len() - 1) step="1" value=(first.epochs.len() - 1);
                    @if maps.len() > 1 {
                        label { "Seed " select #map-seed {
                            @for (i, map) in maps.iter().enumerate() { option value=(i) { (map.seed) } }
                        } }
                    }
                }
                p.scale { span { "0 %" } span.ramp role="img" aria-label="from pale to strong" {} span { "100 % of " (whole(run)) } }
            }
            (layer(first, Medium::Wide))
            (layer(first, Medium::Narrow))
            p #cell.quiet aria-live="polite" {}
        }
    }
}

/// The static picture with a canvas over its cells.
fn layer(map: &Drawn, medium: Medium) -> Markup {
    let Cells {
        left,
        top,
        width,
        height,
        ..
    } = heat::cells(map, medium);
    let tall = top + height + 26.0;
    let share = |x: f64, of: f64| format!("{:.3}%", x / of * 100.0);
    let style = format!(
        "left:{};top:{};width:{};height:{}",
        share(left, medium.width()),
        share(top, tall),
        share(width, medium.width()),
        share(height, tall)
    );
    html! {
        div class=(medium.class().replace("pic", "layer")) {
            (PreEscaped(heat::heat(map, medium)))
            canvas style=(style) hidden aria-hidden="true" {}
        }
    }
}

fn bars(run: &RunPage<'_>, epoch: u64, coverage: &[Coverage]) -> Markup {
    let learnable = coverage.iter().filter(|c| !c.constant).count();
    let held = coverage::held(coverage);
    html! {
        figure.coverage {
            figcaption {
                h3 { "Features that were found" }
                p.help {
                    (held) " of " (learnable) " features are half or more of " (whole(run)) " in at least one neuron, at \
                     epoch " (grouped(epoch)) ". Strong bars count such neurons, pale bars those \
                     that prefer the feature less clearly; the number is that of both."
                    @if let Some(c) = coverage.iter().find(|c| c.constant) {
                        " The constant feature, " (c.name) ", tells no answers apart and is not counted."
                    }
                    @if run.plan.transformer.is_some() { " Transformers often answer with a handful of features and do without the rest." }
                    @if let Some(note) = coverage::listed_note(coverage) { " " (note) }
                }
            }
            (PreEscaped(coverage::bars(coverage, epoch, Medium::Wide)))
            (PreEscaped(coverage::bars(coverage, epoch, Medium::Narrow)))
            (numbers(coverage))
        }
    }
}

fn numbers(coverage: &[Coverage]) -> Markup {
    html! {
        details {
            summary { "Numbers" }
            div.scroll tabindex="0" role="region" aria-label="Numbers: features that were found" {
                table.numbers {
                    thead { tr { th scope="col" { "feature" } th scope="col" { "clean neurons" } th scope="col" { "other neurons" } } }
                    tbody { @for c in coverage { tr { th scope="row" { (c.name) } td { (c.clean) } td { (c.mixed) } } } }
                }
            }
        }
    }
}
