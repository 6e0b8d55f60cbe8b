//! The formula, typeset.

use super::record::{Learned, LearnedFormula, LearnedTerm};
use crate::landscape::words::frequency;
use crate::text::{counted, number, percent};
use maud::{Markup, html};

/// Terms written out at most.
const TERMS: usize = 8;

pub(super) fn section(learned: &Learned) -> Markup {
    let Some(formula) = &learned.formula else {
        let why = learned.missing.iter().find(|m| m.starts_with("formula"));
        let why = why.map_or("the task is no product in a group", |w| w.as_str());
        return html! {
            figure.formula {
                h3 { "No formula" }
                p.help { "The answers cannot be written as a formula of features: " (why.trim_start_matches("formula: ")) "." }
            }
        };
    };
    html! {
        figure.formula #formula {
            figcaption { h3 { @if formula.holds { "The network is a short formula" } @else { "No short formula holds" } } }
            @if formula.holds { (holding(learned, formula)) } @else { (failing(learned, formula)) }
        }
    }
}

fn holding(learned: &Learned, formula: &LearnedFormula) -> Markup {
    html! {
        p.help {
            "Of all it computes, this is enough to give its answers: the answer to (a, b) is the c at which the sum is largest."
        }
        (sum(learned, &formula.short, TERMS))
        ul {
            li { "On its own it answers " b { (percent(formula.accuracy)) } " of all pairs rightly, those never trained on included, and agrees with the network on " (percent(formula.agreement)) "." }
            li { "Written down it takes " b { (number(formula.bits.round(), 4)) " bits" } ", with " (counted(formula.short.len() as u64, "term")) "; every answer by itself would take " (number(literal(learned).round(), 6)) " bits." }
        }
        details {
            summary { "All that the network computes: " (counted(formula.terms.len() as u64, "term")) ", " (percent(formula.r2)) " of the variance of its outputs" }
            (sum(learned, &formula.terms, usize::MAX))
        }
    }
}

fn failing(learned: &Learned, formula: &LearnedFormula) -> Markup {
    html! {
        p.warn { (verdict(learned, formula)) }
        @for reason in reasons(learned) { p { (reason) } }
        p.help { "What its outputs have of a formula, " (percent(formula.r2)) " of their variance:" }
        (sum(learned, &formula.terms, TERMS))
    }
}

/// What is wrong, in plain words.
fn verdict(learned: &Learned, formula: &LearnedFormula) -> String {
    let differ = 1.0 - formula.agreement;
    let rule = if formula.accuracy > 0.999 && differ < 0.05 {
        "Nearly: the rule is a short formula, and the network has almost become it"
    } else if formula.accuracy > 0.999 {
        "The rule itself is a short formula, but it is not what this network does"
    } else {
        "Not even the rule can be read off this network as a formula"
    };
    let held = learned.accuracy[1].map_or_else(String::new, |a| {
        format!(
            " On the rows that it was never shown the network is right on {}.",
            percent(a)
        )
    });
    format!(
        "{rule}: their answers differ on {} of all pairs.{held}",
        percent(differ)
    )
}

/// Rows from which published runs generalise: 2.75 M ln M (the code of arXiv 2509.21519).
fn border(learned: &Learned) -> f64 {
    let m = learned.order as f64;
    2.75 * m * m.ln()
}

/// What may stand behind it.
fn reasons(learned: &Learned) -> Vec<String> {
    let mut out = Vec::new();
    if learned.label_noise > 0.0 {
        out.push(format!(
            "Label noise: {} of the training labels are wrong on purpose. What the network keeps of them is no rule, and \
             no formula can say it.",
            percent(learned.label_noise)
        ));
    }
    let [all, trained] = learned.rows;
    let few = (trained as f64) < border(learned);
    let share = trained as f64 / all.max(1) as f64;
    if few && learned.accuracy[1].is_some_and(|a| a < 0.9) {
        out.push(format!(
            "Below the critical amount of data: it trained on {trained} of {all} rows ({}). Commutative groups of \
             this order were seen to generalise from about 2.75·M·ln M = {} rows on, others from more; below it, memorising \
             rows pays more than the rule.",
            percent(share),
            number(border(learned).round(), 6)
        ));
    }
    match learned.accuracy[1] {
        Some(a) if out.is_empty() && a < 0.9 => out.push(
            "It has not generalised (yet): there is no one rule that it answers the rows by which it was not shown.".into(),
        ),
        Some(_) if out.is_empty() => out.push(
            "It is close: it generalised, but a few answers are still its own. A formula counts only if it agrees on 99.9 % of all pairs."
                .into(),
        ),
        _ => {}
    }
    out
}

fn literal(learned: &Learned) -> f64 {
    let last = learned.moments.last();
    let of = last.and_then(|m| m.lengths.iter().find(|l| l.0 == "literal"));
    of.map_or(f64::NAN, |l| l.1)
}

/// `logit(c | a, b) = …`, at most so many terms.
fn sum(learned: &Learned, terms: &[LearnedTerm], most: usize) -> Markup {
    html! {
        p.math {
            span.term { i { "logit" } "(" i { "c" } " | " i { "a" } ", " i { "b" } ") =" }
            @for (i, term) in terms.iter().take(most).enumerate() {
                " "
                span.term {
                    @if term.amplitude < 0.0 { "− " } @else if i > 0 { "+ " }
                    (number(term.amplitude.abs(), 3)) " "
                    (wave(learned, term))
                }
            }
            @if terms.len() > most { " + … (" (terms.len()) " terms)" }
            @if terms.is_empty() { " 0" }
        }
    }
}

/// A cosine round the circles, or a character.
fn wave(learned: &Learned, term: &LearnedTerm) -> Markup {
    let waves = learned.cyclic.as_ref().and_then(|orders| {
        let k = frequency(&term.name)?;
        (k.len() == orders.len()).then(|| k.into_iter().zip(orders.iter().copied()).collect())
    });
    let Some(waves): Option<Vec<(usize, usize)>> = waves else {
        return character(term);
    };
    let several = waves.len() > 1;
    let turns: Vec<(usize, usize, usize)> = (1..)
        .zip(waves)
        .map(|(i, (k, n))| (i, k, n))
        .filter(|t| t.1 > 0)
        .collect();
    html! {
        "cos(2π"
        @if turns.len() > 1 { "(" }
        @for (j, (i, k, n)) in turns.iter().enumerate() {
            @if j > 0 { " + " }
            span.frac {
                span { @if *k > 1 { (k) } "(" (letter("a", *i, several)) "+" (letter("b", *i, several)) "−" (letter("c", *i, several)) ")" }
                span { (n) }
            }
        }
        @if turns.len() > 1 { ")" }
        (shift(term.phase)) ")"
    }
}

fn letter(name: &str, index: usize, several: bool) -> Markup {
    html! { i { (name) } @if several { sub { (index) } } }
}

/// ` + 0.02`, or nothing for a phase that rounds to 0.
fn shift(phase: Option<f64>) -> Markup {
    let text = phase.map(|p| (p < 0.0, format!("{:.2}", p.abs())));
    html! {
        @if let Some((negative, text)) = text.filter(|(_, t)| t != "0.00") {
            @if negative { " − " } @else { " + " } (text)
        }
    }
}

fn character(term: &LearnedTerm) -> Markup {
    let chi = html! { i { "χ" } sub { (term.name) } "(" i { "ab" } " " i { "c" } sup { "−1" } ")" };
    html! {
        @if let Some(phase) = term.phase {
            "Re(" i { "e" } sup { (format!("{phase:.2}").replace('-', "−")) i { "i" } } " " (chi) ")"
        } @else { (chi) }
    }
}
