//! The section “What was learned” of the page of a run.

use super::record::{Learned, LearnedMoment};
use super::{circles, formula, lengths, pushes};
use crate::drawing::Drawing;
use crate::medium::Medium;
use crate::text::{grouped, number, percent};
use maud::{Markup, PreEscaped, html};

type Draw = fn(&Learned, Medium) -> Vec<Drawing>;

/// The section; without a record, how to make one.
pub(crate) fn section(
    learned: Option<&Learned>,
    why: Option<&str>,
    last: Option<u64>,
    several: bool,
) -> Markup {
    html! {
        section #learned {
            h2 { "What was learned" }
            @if let Some(learned) = learned {
                (state(learned, last, several))
                (formula::section(learned))
                (race(learned))
                (wheels(learned))
                (coverage(learned))
                (gradient(learned))
            } @else if let Some(why) = why {
                p.warn { (why) }
                p { code { "dunwu inspect" } " reads the network anew." }
            } @else {
                p {
                    "Training leaves this section empty, since reading a network takes longer than a small run. "
                    code { "dunwu inspect DIR" } ", with the directory of this page, reads the checkpoints and fills it: \
                     the formula that the network computes, the circles on which it places the elements, which \
                     explanation of its answers is the shortest at each epoch, and which features the gradient pushes."
                }
            }
        }
    }
}

/// Whose network it is, and whether the record is still true.
fn state(learned: &Learned, last: Option<u64>, several: bool) -> Markup {
    let [live, pure] = learned.nodes;
    let held = learned.features.iter().filter(|f| f.nodes > 0).count();
    html! {
        p {
            "The network" @if several { " of seed " (learned.seed) } " at epoch " (grouped(learned.epoch)) ": "
            (grouped(live as u64)) " nodes are live, " (grouped(pure as u64)) " of them give more than half of their weight to one feature, and together they hold "
            (held) " of " (learned.features.len()) " features."
        }
        @if last.is_some_and(|l| l != learned.epoch) {
            p.warn { "The run has checkpoints up to epoch " (grouped(last.unwrap_or(0))) "; " code { "dunwu inspect" } " reads it again." }
        }
    }
}

fn figure(
    id: &str,
    title: &str,
    help: &Markup,
    learned: &Learned,
    draw: Draw,
    numbers: &Markup,
) -> Markup {
    let drawn: Vec<Drawing> = [Medium::Wide, Medium::Narrow]
        .into_iter()
        .flat_map(|medium| draw(learned, medium))
        .collect();
    html! {
        @if !drawn.is_empty() {
            figure.chart aria-labelledby=(format!("title-{id}")) {
                figcaption {
                    div.title { h3 #(format!("title-{id}")) { (title) } }
                    p.help { (help) }
                }
                @for drawing in drawn { (PreEscaped(drawing.svg)) }
                (numbers)
            }
        }
    }
}

fn race(learned: &Learned) -> Markup {
    let changes = lengths::changes(&learned.moments);
    let help = html! {
        "Each line is the length in bits of one way to write down all answers of the network, its mistakes included. A network \
         that understood is short as a formula. One that memorised is not: its rows follow the rule, so that a formula with exceptions saves \
         a little, but no explanation is much shorter than listing the answers. "
        @for (i, (epoch, name, note)) in changes.iter().enumerate() {
            @if i == 0 { "At first the " b { (name) (note) } " is the shortest" }
            @else { "; from epoch " (grouped(*epoch)) " the " b { (name) (note) } }
        }
        @if !changes.is_empty() { ". " }
        @if changes.len() > 1 { "Only checkpoints are read, so a change lies between a checkpoint and the one before it." }
    };
    figure(
        "lengths",
        lengths::TITLE,
        &help,
        learned,
        lengths::draw,
        &lengths_table(learned),
    )
}

fn lengths_table(learned: &Learned) -> Markup {
    let length = |m: &LearnedMoment, name: &str| {
        let of = m.lengths.iter().find(|l| l.0 == name);
        of.map_or_else(
            || "–".to_owned(),
            |(_, bits, wrong)| {
                format!(
                    "{} ({})",
                    grouped(bits.round().max(0.0) as u64),
                    grouped(*wrong as u64)
                )
            },
        )
    };
    html! {
        details {
            summary { "Numbers, and what each explanation says" }
            p.quiet { "Bits, and in brackets the rows that are exceptions." }
            dl { @for (name, what, _) in lengths::RIVALS { dt { (name) } dd { (what) } } }
            div.scroll tabindex="0" role="region" aria-label="Numbers: lengths of explanations" {
                table.numbers {
                    thead { tr {
                        th scope="col" { "epoch" } th scope="col" { "stage" }
                        @for (name, _, _) in lengths::RIVALS { th scope="col" { (name) } }
                        th scope="col" { "shortest" } th scope="col" { "formula holds" } th scope="col" { "features held" }
                    } }
                    tbody { @for m in &learned.moments { tr {
                        th scope="row" { (grouped(m.epoch)) } td { (m.stage.as_deref().unwrap_or("–")) }
                        @for (name, _, _) in lengths::RIVALS { td { (length(m, name)) } }
                        @let (name, note) = lengths::shortest(m);
                        td { (name) (note) } td { @if m.formula_holds { "yes" } @else { "no" } } td { (m.covered) }
                    } } }
                }
            }
        }
    }
}

fn wheels(learned: &Learned) -> Markup {
    let operands = learned
        .circles
        .iter()
        .find_map(|c| c.places.first())
        .map_or(2, |p| p.len().saturating_sub(1));
    let tune: Vec<f64> = learned.circles.iter().filter_map(|c| c.in_tune).collect();
    let tune = (!tune.is_empty()).then(|| tune.iter().sum::<f64>() / tune.len() as f64);
    let help = html! {
        "A node that learned the frequency k places element x at the angle 2πk·x/M, like the hour on a clock: adding elements adds \
         angles. "
        @if learned.cyclic.as_ref().is_some_and(|c| c.len() == 1) { "The grey line leads from 0 to 1 to 2 and so on. " }
        @else { "Elements that fall on one point have the name of the first; a name is one number for each circle of the product. " }
        "Dots are nodes: the angle at which a node listens most to "
        span.c0 { b { "the first operand" } }
        @if operands > 1 { " (outermost), " span.c1 { b { "the second" } } }
        " and speaks most for " span.c2 { b { "the answer" } } " (innermost). Dots all round mean that the nodes share the circle among them. "
        @if let Some(tune) = tune {
            "For " b { (percent(tune)) } " of the nodes of these circles the angle of the answer is the sum of the angles of the operands, which is the rule itself. "
        }
        @if learned.circles.len() > 12 { "The 12 loudest of " (learned.circles.len()) " are drawn." }
    };
    figure(
        "circles",
        circles::TITLE,
        &help,
        learned,
        circles::draw,
        &html! {},
    )
}

/// The features that no node holds, by name.
fn coverage(learned: &Learned) -> Markup {
    let missing: Vec<&str> = learned
        .features
        .iter()
        .filter(|f| f.nodes == 0)
        .map(|f| f.name.as_str())
        .collect();
    html! {
        @if missing.is_empty() {
            p { "No feature is missing: each is held by a node of its own." }
        } @else {
            p {
                b { (missing.len()) " of " (learned.features.len()) " features are missing" }
                ": no node gives more than half of its weight to " (list(&missing)) "."
            }
        }
        details {
            summary { "Every feature: nodes, and how much they say" }
            div.scroll tabindex="0" role="region" aria-label="Numbers: features" {
                table.numbers {
                    thead { tr { th scope="col" { "feature" } th scope="col" { "nodes" } th scope="col" { "part of all that is said" } } }
                    tbody { @for f in &learned.features { tr { th scope="row" { (f.name) } td { (f.nodes) } td { (percent(f.voice)) } } } }
                }
            }
        }
    }
}

/// Names listed at most.
const LISTED: usize = 24;

fn list(names: &[&str]) -> String {
    let shown = names[..names.len().min(LISTED)].join(", ");
    if names.len() > LISTED {
        format!("{shown}, …")
    } else {
        shown
    }
}

fn gradient(learned: &Learned) -> Markup {
    let help = html! {
        "Each column is a checkpoint, each row a feature; the stronger the cell, the larger the part of the gradient of the hidden layer \
         that goes into that feature: half strong is an even part, " (percent(1.0 / learned.features.len().max(1) as f64)) ", full strong twice that or more. In the independent stage none should be favoured for being missing, though features of more dimensions have larger parts; in \
         the interactive one those that are still missing should light up."
    };
    figure(
        "gradient",
        pushes::TITLE,
        &help,
        learned,
        pushes::draw,
        &gradient_table(learned),
    )
}

/// Mean share of each feature by stage.
fn gradient_table(learned: &Learned) -> Markup {
    let mut stages: Vec<&str> = Vec::new();
    for moment in &learned.moments {
        let name = moment.stage.as_deref().unwrap_or("–");
        if !stages.contains(&name) {
            stages.push(name);
        }
    }
    let of = |stage: &str| -> Vec<&LearnedMoment> {
        let in_stage = |m: &&LearnedMoment| m.stage.as_deref().unwrap_or("–") == stage;
        learned.moments.iter().filter(in_stage).collect()
    };
    let mean = |values: Vec<f64>| {
        if values.is_empty() {
            f64::NAN
        } else {
            values.iter().sum::<f64>() / values.len() as f64
        }
    };
    let share = |stage: &str, k: usize| {
        mean(
            of(stage)
                .into_iter()
                .filter_map(|m| Some(pushes::shares(m)?[k]))
                .collect(),
        )
    };
    let norm = |stage: &str| {
        mean(
            of(stage)
                .into_iter()
                .filter_map(|m| Some(m.gradient.as_ref()?.iter().sum::<f64>().sqrt()))
                .collect(),
        )
    };
    html! {
        details {
            summary { "Numbers by stage" }
            p.quiet { "Part of the gradient that goes into each feature, mean over the checkpoints of a stage." }
            div.scroll tabindex="0" role="region" aria-label="Numbers: gradient by feature and stage" {
                table.numbers {
                    thead { tr { th scope="col" { "feature" } @for s in &stages { th scope="col" { (s) } } } }
                    tbody {
                        tr { th scope="row" { "‖gradient‖ of all" } @for s in &stages { td { (number(norm(s), 3)) } } }
                        @for (k, f) in learned.features.iter().enumerate() {
                            tr { th scope="row" { (f.name) } @for s in &stages { td { (percent(share(s, k))) } } }
                        }
                    }
                }
            }
        }
    }
}
