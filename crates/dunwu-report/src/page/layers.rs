//! Which layer of a transformer learned when.

use super::charts;
use crate::families::Part;
use crate::figure::Figure;
use crate::medium::Medium;
use crate::run::RunPage;
use crate::text::grouped;
use crate::ways::{self, Ways};
use dunwu_analysis::{LayerWay, layer_ways};
use maud::{Markup, PreEscaped, html};

pub(super) fn section(run: &RunPage<'_>, figures: &[Figure]) -> Markup {
    if !figures.iter().any(|f| f.part == Part::Layers) {
        return html! {};
    }
    let seed = run.representative();
    let ways = seed.map_or_else(Vec::new, |s| layer_ways(&s.curve));
    html! {
        section #layers {
            h2 { "Layer by layer" }
            @if let Some(ways) = ways::ways(run) { (picture(run, &ways)) }
            @if !ways.is_empty() { (table(&ways)) }
            (charts::some(run, figures, |f| f.part == Part::Layers))
        }
    }
}

fn picture(run: &RunPage<'_>, ways: &Ways) -> Markup {
    html! {
        figure.chart aria-labelledby="title-ways" {
            figcaption {
                div.title { h3 #title-ways { "Which layer learned when" } }
                p.help {
                    "Three strips a layer, over the epochs of the charts above. Answers: the share of unseen examples \
                     that are right if the readout comes right after the layer. Weights: how much of the way that they \
                     went is behind them. Gradient: how strongly the layer is asked to change, beside the most it ever \
                     was. Pale is none, strong is all; the mark is where answers and weights first are half of the way \
                     from where they began to their best, and the gradient's mark is its peak."
                    @if run.seeds.len() > 1 { " Seed " (ways.seed) "." }
                }
            }
            (PreEscaped(ways::picture(ways, Medium::Wide)))
            (PreEscaped(ways::picture(ways, Medium::Narrow)))
        }
    }
}

fn table(ways: &[LayerWay]) -> Markup {
    let epoch = |e: Option<u64>| e.map_or_else(|| "–".to_owned(), grouped);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Numbers: which layer learned when" {
            table.numbers {
                thead { tr {
                    @for head in ["epoch of", "weights half of their way", "accuracy read off it half up",
                        "loss read off it half down", "largest gradient"] { th scope="col" { (head) } }
                } }
                tbody { @for way in ways { tr {
                    th scope="row" { "layer " (way.layer) }
                    td { (epoch(way.weights)) }
                    td { (epoch(way.accuracy)) }
                    td { (epoch(way.loss)) }
                    td { (epoch(way.gradient)) }
                } } }
            }
        }
        p.quiet {
            "Half of the way from the first reading to the best, so a longer run may say another epoch. Readings are "
            code { "probe_every" } " epochs apart. A dash: the first reading is the best."
        }
    }
}
