//! The section “What was learned” of the page of a transformer.

use super::record::{Circuit, CircuitScore, CircuitScores};
use super::{circles, losses, spectra};
use crate::drawing::{figure, numbers};
use crate::frame::words;
use crate::text::{counted, grouped, number, percent};
use maud::{Markup, html};

/// The section; without a record, how to make one.
pub(crate) fn section(circuit: Option<&Circuit>, why: Option<&str>, several: bool) -> Markup {
    html! {
        section #learned {
            h2 { "What was learned" }
            @if let Some(circuit) = circuit {
                (state(circuit, several))
                (nodes(circuit))
                (proof(circuit))
                (spectra(circuit))
                (circles(circuit))
                (losses(circuit))
            } @else if let Some(why) = why {
                p.warn { (why) }
                p { code { "dunwu inspect" } " reads the network anew." }
            } @else {
                p {
                    "Training leaves this section empty. " code { "dunwu inspect DIR" } ", with the directory of this page, reads the checkpoints \
                     and fills it: the key features that the answers are made of, what is left of the answers without them, and the \
                     circles on which the embedding places the tokens. It needs a task whose whole table is known, such as a group."
                }
            }
        }
    }
}

/// The section of a task whose outputs nothing names.
pub(crate) fn nothing(why: &str) -> Markup {
    html! {
        section #learned {
            h2 { "What was learned" }
            p {
                "There is nothing to name what it learned by: " (words(why)) ". Its answers, and where it looks for \
                 them, are in the charts above."
            }
        }
    }
}

fn state(circuit: &Circuit, several: bool) -> Markup {
    let embedding = circuit.key_share_embedding;
    html! {
        p {
            "The network" @if several { " of seed " (circuit.seed) } " at epoch " (grouped(circuit.epoch)) " answers with "
            b { (counted(circuit.keys.len() as u64, "key feature")) } " of " (circuit.features.len()) ": "
            (names(circuit)) ". They are " b { (percent(circuit.key_share)) } " of the power of its outputs"
            @if let Some(share) = embedding { " and " (percent(share)) " of its embedding" }
            ". Key features are the fewest with 95 % of the outputs' power that is a function of the right answer."
        }
    }
}

/// Names listed at most.
const LISTED: usize = 12;

fn names(circuit: &Circuit) -> String {
    let all: Vec<&str> = circuit.keys.iter().map(|k| &*k.name).collect();
    match all.len() {
        0..=LISTED => all.join(", "),
        _ => format!("{}, …", all[..LISTED].join(", ")),
    }
}

/// What the answers lose, in a table.
fn proof(circuit: &Circuit) -> Markup {
    let mut rows = vec![row("nothing".into(), &circuit.whole)];
    for key in circuit.keys.iter().take(LISTED) {
        let name = format!("{} ({})", key.name, percent(key.outputs));
        rows.push(row(name, &key.without));
    }
    rows.push(row("all key features".into(), &circuit.without_keys));
    rows.push(row("all but the key features".into(), &circuit.only_keys));
    let heads = [
        "cut out of the outputs",
        "all rows: loss",
        "right",
        "trained on: loss",
        "right",
        "held out: loss",
        "right",
    ];
    html! {
        figure.chart aria-labelledby="title-proof" {
            figcaption {
                div.title { h3 #title-proof { "What the answers lose" } }
                p.help {
                    "Features are cut out of the outputs, and what is left is scored. One who guesses has a loss of ln " (circuit.answers) " = "
                    (number(circuit.chance, 3)) " and is right on " (percent(1.0 / circuit.answers as f64)) ". Answers that are made of the key \
                     features are lost without them, and do not suffer where everything else is cut out. What is left can be worse than a guess."
                    @if !circuit.is_general() {
                        " " b { "This network has not generalised." } " Key features that are right by themselves on rows that it was never shown are no sign \
                         of it: cutting averages the outputs over all rows with one answer, which knows the group."
                    }
                }
            }
            div.scroll tabindex="0" role="region" aria-label="Losses with features cut out" {
                table.numbers {
                    thead { tr { @for (i, head) in heads.iter().enumerate() { th.words[i == 0] scope="col" { (head) } } } }
                    tbody { @for row in &rows { tr { @for (i, cell) in row.iter().enumerate() {
                        @if i == 0 { th.words scope="row" { (cell) } } @else { td { (cell) } }
                    } } } }
                }
            }
        }
    }
}

fn row(name: String, scores: &CircuitScores) -> Vec<String> {
    let cells = |s: &CircuitScore| [number(s.loss, 4), percent(s.accuracy)];
    let none = || ["–".to_owned(), "–".to_owned()];
    let mut row = vec![name];
    row.extend(cells(&scores.all));
    row.extend(cells(&scores.train));
    row.extend(scores.test.as_ref().map_or_else(none, cells));
    row
}

fn spectra(circuit: &Circuit) -> Markup {
    let part = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), percent);
    let row = |f: &super::CircuitFeature| {
        let parts = spectra::PLACES.iter().map(|(_, of)| part(of(f)));
        std::iter::once(f.name.clone()).chain(parts).collect()
    };
    let rows: Vec<Vec<String>> = circuit.features.iter().map(row).collect();
    figure(
        "spectra",
        spectra::TITLE,
        "Each bar is a feature: its part of the vectors of the tokens, of the power of the hidden nodes over the whole table (waves of one \
         feature in either operand and their products), and of the outputs as functions of the right answer. Key features are named. \
         What a network does not need fades from all three.",
        &|medium| spectra::draw(circuit, medium),
        &numbers(
            "Numbers",
            "features",
            &["feature", "embedding", "hidden nodes", "outputs"],
            &rows,
        ),
    )
}

fn circles(circuit: &Circuit) -> Markup {
    if circuit.planes.is_empty() {
        return html! {};
    }
    let has = |functions: fn(usize) -> bool| circuit.planes.iter().any(|p| functions(p.functions));
    let mut help = "Each square is the plane of the embedding that one key feature spans; every dot is a token where its whole vector lies in that plane, \
         and all directions have one scale."
        .to_owned();
    if has(|n| n == 2) {
        help += " Colours are eighths of a turn of k·token mod n, and the grey line goes through the tokens in that order: a network that \
                 adds angles puts the tokens on a circle, in order of colour.";
    }
    if has(|n| n == 1) {
        help += " Of a sign there is one direction only, drawn across; up is the number of the token, and the two colours are the two signs.";
    }
    if has(|n| n > 2) {
        help += " Of a representation of dimension 2 or more it is the widest plane of its part of the embedding, coloured by the character, \
                 from its lowest to its highest value, which the neutral element has.";
    }
    if circuit.planes.len() > circles::DRAWN {
        help += &format!(
            " The strongest {} of {} are drawn.",
            circles::DRAWN,
            circuit.planes.len()
        );
    }
    let draw = |medium| circles::draw(circuit, medium);
    figure("embedding-circles", circles::TITLE, &help, &draw, &html! {})
}

fn losses(circuit: &Circuit) -> Markup {
    if circuit.moments.len() < 2 {
        return html! {};
    }
    let loss = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| number(x, 4));
    let row = |m: &super::CircuitMoment| {
        vec![
            grouped(m.epoch),
            m.stage.clone().unwrap_or_else(|| "–".into()),
            number(m.train_loss, 4),
            loss(m.test_loss),
            loss(m.restricted_loss),
            number(m.excluded_loss, 4),
            percent(m.key_share),
            m.nodes_85.map_or_else(|| "–".to_owned(), percent),
        ]
    };
    let rows: Vec<Vec<String>> = circuit.moments.iter().map(row).collect();
    let heads = [
        "epoch",
        "<stage",
        "train",
        "held out",
        "restricted",
        "excluded",
        "keys' part of the outputs",
        "nodes of one feature (85 %)",
    ];
    figure(
        "circuit-losses",
        losses::TITLE,
        "Restricted: held-out rows, of nothing but the key features and the mean row. Excluded: training rows, without the key features. \
         All checkpoints have the keys of the last one. A restricted loss that falls before the held-out loss says that the rule was being \
         built while the answers were still remembered ones; an excluded loss that rises, that the training rows too are answered by it.",
        &|medium| losses::draw(circuit, medium),
        &numbers("Numbers", "losses by checkpoint", &heads, &rows),
    )
}

/// Clusters of hidden nodes, layer by layer.
fn nodes(circuit: &Circuit) -> Markup {
    let heads = ["feature", "nodes", "85 % of it", "95 % of it"];
    html! {
        @for layer in &circuit.layers {
            p {
                "Of " (grouped(layer.nodes as u64)) " hidden nodes of layer " (layer.layer) ", " (grouped(layer.live as u64)) " are live; one feature is at least 85 % \
                 of the power over the table of " b { (grouped(layer.pure_85 as u64)) } ", and 95 % of " (grouped(layer.pure_95 as u64)) "."
            }
            @let rows: Vec<Vec<String>> = layer.clusters.iter().map(|c| {
                let counts = [c.nodes, c.pure_85, c.pure_95].map(|n| grouped(n as u64));
                std::iter::once(c.feature.clone()).chain(counts).collect()
            }).collect();
            (numbers("Nodes by the feature that is most of them", "nodes by feature", &heads, &rows))
        }
    }
}
