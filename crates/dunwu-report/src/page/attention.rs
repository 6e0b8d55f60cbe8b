//! Where the heads of a transformer look, and how sinks are born.

use super::charts;
use crate::families::Part;
use crate::figure::Figure;
use crate::looks::{self, Drawn};
use crate::medium::Medium;
use crate::run::{RunPage, SeedPage};
use crate::text::{grouped, number, percent};
use dunwu_analysis::{Sink, sinks};
use maud::{Markup, PreEscaped, html};

/// Positions of a sequence from which on 30 % on one of them is more than its even share by far.
const LONG: usize = 8;
/// Heads that are told of in words, and heads in the table, at most.
const TOLD: usize = 4;
const LISTED: usize = 64;

pub(super) fn section(run: &RunPage<'_>, figures: &[Figure]) -> Markup {
    let seed = run.representative();
    let heads = seed.map_or_else(Vec::new, |s| sinks(&s.curve));
    if heads.is_empty() && !figures.iter().any(|f| f.part == Part::Attention) {
        return html! {};
    }
    let looks = looks::drawn(run);
    html! {
        section #attention {
            h2 { "Where it looks" }
            @if let (Some(seed), Some(looks)) = (seed, &looks) {
                @if looks.sequence >= LONG { (words(run, seed, &heads)) } @else {
                    p { "Sequences have " (looks.sequence) " positions, too few for sinks: 30 % of the attention is about \
                        an even share." }
                }
                (slider(run, looks))
            }
            (table(&heads, seed.filter(|_| run.seeds.len() > 1)))
            (charts::some(run, figures, is_lead))
            @if figures.iter().any(is_lesser) {
                details {
                    summary { "More of the heads: how many positions they look at, how much that changes, where they sink" }
                    (charts::some(run, figures, is_lesser))
                }
            }
        }
    }
}

/// What tells of the birth of a sink.
const LEAD: [&str; 6] = [
    "attention_first",
    "attention_plain",
    "attention_trigger",
    "key_bias",
    "key_spread",
    "value_first",
];

fn is_lead(figure: &Figure) -> bool {
    LEAD.contains(&figure.name.as_str())
}

fn is_lesser(figure: &Figure) -> bool {
    figure.part == Part::Attention && !is_lead(figure)
}

fn words(run: &RunPage<'_>, seed: &SeedPage, heads: &[Sink]) -> Markup {
    let mut born: Vec<&Sink> = heads.iter().filter(|s| s.born.is_some()).collect();
    born.sort_by_key(|s| (s.born, s.layer, s.head));
    let of = if run.seeds.len() > 1 {
        format!(" of seed {}", seed.seed)
    } else {
        String::new()
    };
    let share = match (born.len(), heads.len()) {
        (0, _) => format!(
            "At the end no head{of} gives more than 30 % of its attention to any one position: there is no sink."
        ),
        (1, 1) => format!(
            "At the end the only head{of} has a sink: a position that gets more than 30 % of its attention."
        ),
        (n, all) => format!(
            "At the end {n} of {all} heads{of} have a sink: a position that gets more than 30 % of their attention."
        ),
    };
    html! {
        p { (share) }
        @if !born.is_empty() {
            ul { @for sink in born.iter().take(TOLD) { li { (sentence(sink)) } } }
        }
        @if born.len() > TOLD { p.quiet { "The " (TOLD) " that had it first; all are in the table below." } }
    }
}

fn sentence(sink: &Sink) -> String {
    let drained = match sink.drained {
        Some(epoch) => format!(", below a quarter from epoch {} on", grouped(epoch)),
        None => ", which is not drained (below a quarter)".to_owned(),
    };
    let since = sink.born.map_or_else(String::new, |e| {
        format!(", and first more than 30 % at epoch {}", grouped(e))
    });
    format!(
        "Layer {}, head {}: {} to position {}{since}. The value there is {} as long as the others' on average{drained}.",
        sink.layer,
        sink.head,
        percent(sink.weight),
        sink.position,
        number(sink.value, 2),
    )
}

fn slider(run: &RunPage<'_>, looks: &Drawn) -> Markup {
    let last = looks.epochs.len() - 1;
    html! {
        figure.map #looks {
            figcaption {
                h3 { "Attention over time" }
                p.help {
                    "One square a head. A row is a position that asks, a column a position that it may look at; the \
                     stronger a cell, the larger the share of attention that goes there, on average over up to 64 \
                     training examples. A strong column is a position that all others look at: a sink. A strong \
                     diagonal is a head that looks at itself, or at a neighbour. "
                    @if looks.positions.len() < looks.sequence {
                        "Of " (looks.sequence) " positions the first and the last " (looks.positions.len() / 2) " are drawn. "
                    }
                    @if run.seeds.len() > 1 { "Seed " (looks.seed) ". " }
                    span.scripted { "Without the slider the last reading is shown." }
                }
                div.controls hidden {
                    button #play-looks type="button" { "▶ Play" }
                    label for="look" { "Reading " output #look-value for="look" {} }
                    input #look type="range" min="0" max=(last) step="1" value=(last);
                }
                p.scale { span { "0 %" } span.ramp role="img" aria-label="from pale to strong" {}
                    span { (percent(looks.most)) " of what a position gives" @if looks.root { "; half as strong is a quarter of it" } } }
            }
            (layer(looks, Medium::Wide))
            (layer(looks, Medium::Narrow))
            p #look-cell.quiet aria-live="polite" {}
        }
    }
}

/// The static picture with a canvas over each head's cells.
fn layer(looks: &Drawn, medium: Medium) -> Markup {
    let (places, height) = looks::places(looks, medium);
    let share = |x: f64, of: f64| format!("{:.3}%", x / of * 100.0);
    let style = |p: &looks::Place| {
        format!(
            "left:{};top:{};width:{};height:{}",
            share(p.left, medium.width()),
            share(p.top, height),
            share(p.width, medium.width()),
            share(p.height, height)
        )
    };
    html! {
        div class=(medium.class().replace("pic", "layer")) {
            (PreEscaped(looks::picture(looks, medium)))
            @for (i, place) in places.iter().enumerate() {
                canvas style=(style(place)) data-panel=(i) hidden aria-hidden="true" {}
            }
        }
    }
}

fn table(heads: &[Sink], seed: Option<&SeedPage>) -> Markup {
    if heads.is_empty() {
        return html! {};
    }
    let epoch = |e: Option<u64>| e.map_or_else(|| "–".to_owned(), grouped);
    html! {
        details {
            summary { "Every head, at the end" @if let Some(seed) = seed { ", seed " (seed.seed) } }
            div.scroll tabindex="0" role="region" aria-label="Numbers: every head" {
                table.numbers {
                    thead { tr {
                        @for head in ["head", "looks most at", "share", "above 30 % since epoch", "value over the others'",
                            "below a quarter since", "score of its key above the others'"] { th scope="col" { (head) } }
                    } }
                    tbody { @for s in heads.iter().take(LISTED) { tr {
                        th scope="row" { "L" (s.layer) " H" (s.head) }
                        td { "position " (s.position) }
                        td { (percent(s.weight)) }
                        td { (epoch(s.born)) }
                        td { (number(s.value, 3)) }
                        td { (epoch(s.drained)) }
                        td { (number(s.key[0], 3)) " ± " (number(s.key[1], 3)) }
                    } } }
                }
            }
            @if heads.len() > LISTED { p.quiet { "The first " (LISTED) " of " (heads.len()) " heads." } }
        }
    }
}
