//! All numbers that the figures draw.

use super::crossing::LEVELS;
use super::features;
use super::likeness::{groups, middle};
use super::record::{ComparePage, Gradients, Representations};
use crate::text::{grouped, number, percent};
use dunwu_analysis::compare::{FinalEffect, GradientCosines, MedianRatio, PairEffect, Verdict};
use maud::{Markup, html};

fn epoch(e: Option<u64>) -> String {
    e.map_or_else(|| "never".to_owned(), grouped)
}

fn optional(x: Option<f64>, digits: usize) -> String {
    x.map_or_else(|| "–".to_owned(), |x| number(x, digits))
}

/// A table with its heads in a box that scrolls by itself.
fn table(label: &str, heads: &[&str], rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(format!("Numbers: {label}")) {
            table.numbers {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { (rows) }
            }
        }
    }
}

fn folded(inside: &Markup) -> Markup {
    html! { details { summary { "Numbers" } (inside) } }
}

/// Medians, means and counts by side.
pub(super) fn crossing(page: &ComparePage, name: &str) -> Markup {
    let of = page.compared.measures.iter().filter(|m| m.name == name);
    let rows = html! { @for m in of { @for s in &m.sides { tr {
        th scope="row" { (s.name) } td { (m.crossing) }
        td { (s.crossed) " of " (s.runs) } td { (epoch(s.median)) }
        td { (epoch(s.median_low)) " to " (epoch(s.median_high)) }
        td { (optional(s.restricted_mean, 4)) }
    } } } };
    let heads = [
        "side",
        "crossing",
        "runs that crossed",
        "median epoch",
        "95 % of the median",
        "mean up to the budget",
    ];
    folded(&table("crossings", &heads, &rows))
}

/// A phrase for a verdict.
fn verdict(v: Verdict) -> &'static str {
    match v {
        Verdict::Alike => "alike",
        Verdict::CannotTell => "cannot tell",
        Verdict::Earlier => "earlier",
        Verdict::Later => "later",
    }
}

fn ratio(r: &MedianRatio) -> String {
    match r.at_most {
        Some(most) if most == r.at_least => number(most, 3),
        Some(most) => format!("{} to {}", number(r.at_least, 3), number(most, 3)),
        None => format!("{} or more", number(r.at_least, 3)),
    }
}

fn interval(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (None, None) => "–".to_owned(),
        (low, high) => format!(
            "{} to {}",
            optional(low, 3),
            high.map_or_else(|| "∞".to_owned(), |x| number(x, 3))
        ),
    }
}

/// Every test of every measure.
pub(super) fn tests(page: &ComparePage) -> Markup {
    let pair = |level: &str, crossing: &str, p: &PairEffect| {
        html! { tr {
            th scope="row" { (p.of) " beside " (p.to) } td { (level) ", " (crossing) }
            td { (verdict(p.verdict)) }
            td { (p.earlier) " / " (p.later) " / " (p.same) " / " (p.neither) }
            td { (ratio(&p.median_ratio)) } td { (interval(p.median_ratio.low, p.median_ratio.high)) }
            td { (optional(p.mean_ratio.map(|r| r.value), 3)) }
            td { (interval(p.mean_ratio.map(|r| r.low), p.mean_ratio.map(|r| r.high))) }
            td { (number(p.sign_p, 3)) } td { (number(p.holm_p, 3)) }
            td { (number(p.log_rank.p, 3)) } td { (number(p.log_rank_paired.p, 3)) }
        } }
    };
    let levels = LEVELS.iter().flat_map(|(name, level)| {
        let of = page
            .compared
            .measures
            .iter()
            .filter(move |m| m.name == *name);
        of.map(move |m| (*level, m))
    });
    let rows = html! { @for (level, m) in levels { @for p in &m.pairs { (pair(level, &m.crossing, p)) } } };
    let heads = [
        "sides",
        "what",
        "verdict",
        "earlier / later / same / neither",
        "median ratio of times",
        "95 %",
        "ratio of means",
        "95 %",
        "sign test p",
        "after Holm",
        "log-rank p",
        "log-rank p, paired",
    ];
    table("tests", &heads, &rows)
}

/// Scores at the end.
pub(super) fn finals(page: &ComparePage) -> Markup {
    let effect = |name: &str, p: &FinalEffect| {
        html! { tr {
            th scope="row" { (p.of) " beside " (p.to) } td { (name) }
            td { (p.lower) " / " (p.higher) } td { (optional(p.effect, 4)) } td { (interval(p.low, p.high)) }
            td { (number(p.sign_p, 3)) }
        } }
    };
    let rows = html! { @for f in &page.compared.finals {
        @let name = if f.name == "test_loss" { "loss, ratio" } else { "accuracy, difference" };
        @for p in &f.pairs { (effect(name, p)) }
    } };
    let medians = html! { @for (i, side) in page.sides.iter().enumerate() { tr {
        th scope="row" { (side.name) }
        @for f in &page.compared.finals { td { (optional(f.medians[i], 4)) } }
        td { (number(side.lr, 4)) } td { (number(side.seconds_per_run, 3)) " s" }
    } } };
    html! {
        (table("last scores", &["side", "held-out accuracy, median", "held-out loss, median", "learning rate", "time of a run"], &medians))
        (table("differences of last scores", &["sides", "held-out", "lower / higher", "effect", "95 %", "sign test p"], &rows))
        @for f in &page.compared.finals { @if let Some(why) = &f.incomparable { p.quiet { "No comparison of " (f.name) ": " (why) "." } } }
    }
}

/// Every run of every seed.
pub(super) fn pairs(page: &ComparePage) -> Markup {
    let rows = html! { @for (i, seed) in page.seeds.iter().enumerate() { @for side in &page.sides {
        @let o = &side.runs[i];
        tr {
            th scope="row" { (seed) } td { (side.name) }
            td { (epoch(o.epochs_to.train_99)) } td { (epoch(o.epochs_to.test_50)) } td { (epoch(o.epochs_to.test_99)) }
            td { (epoch(o.sustained.test_50)) } td { (epoch(o.sustained.test_99)) }
            td { (o.last.test_acc.map_or_else(|| "–".to_owned(), percent)) } td { (o.stopped) }
        }
    } } };
    let heads = [
        "seed",
        "side",
        "memorised",
        "50 %",
        "99 %",
        "50 % kept from",
        "99 % kept from",
        "held-out at the end",
        "ended",
    ];
    folded(&table("runs", &heads, &rows))
}

/// Every learning rate.
pub(super) fn tuning(page: &ComparePage) -> Markup {
    let tuned = || {
        page.sides
            .iter()
            .filter_map(|s| Some((s, s.tuning.as_ref()?)))
    };
    let rows = html! { @for (side, choice) in tuned() { @for t in &choice.tried { tr {
        th scope="row" { (side.name) } td { (number(t.lr, 4)) }
        td { (epoch(t.median_99)) } td { (epoch(t.median_50)) } td { (t.median_acc.map_or_else(|| "–".to_owned(), percent)) }
        td { (t.runs.iter().map(|o| epoch(o.epochs_to.test_99)).collect::<Vec<_>>().join(", ")) }
        td { @if t.lr == choice.lr { "chosen" } }
    } } } };
    let heads = [
        "side",
        "learning rate",
        "median to 99 %",
        "median to 50 %",
        "held-out at the end",
        "runs to 99 %",
        "",
    ];
    folded(&table("learning rates", &heads, &rows))
}

/// Cosines by epoch.
pub(super) fn gradients(found: &Gradients) -> Markup {
    let row = |side: &str, what: &str, c: &GradientCosines| {
        html! { tr {
            th scope="row" { (grouped(c.epoch)) } td { (side) } td { (what) }
            td { (number(c.mean, 4)) } @for q in c.quantiles { td { (number(q, 4)) } } td { (number(c.layer, 4)) } td { (c.nodes) }
        } }
    };
    let rows = html! { @for way in &found.along {
        @for c in &way.activations { (row(&way.side, "activations", c)) }
        @for c in &way.weights { (row(&way.side, "weights", c)) }
    } };
    let heads = [
        "epoch",
        "along",
        "at",
        "mean",
        "5 %",
        "25 %",
        "median",
        "75 %",
        "95 %",
        "whole layer",
        "nodes",
    ];
    folded(&table("cosines of gradients", &heads, &rows))
}

/// Likeness by kind of pair.
pub(super) fn likeness(found: &Representations) -> Markup {
    let angle = |g: &super::likeness::Group<'_>, pick: fn(&[f64]) -> f64| {
        let all: Vec<f64> = g.pairs.iter().map(|p| pick(&p.alike.angles)).collect();
        crate::summary::median(all).map_or_else(|| "–".to_owned(), |x| format!("{x:.1}°"))
    };
    let rows = html! { @for g in groups(found) { tr {
        th scope="row" { (g.label) } td { (g.pairs.len()) }
        td { (number(middle(&g, |p| p.alike.cka), 3)) }
        td { (number(middle(&g, |p| p.alike.overlap), 3)) } td { (number(middle(&g, |p| p.alike.chance), 3)) }
        td { (angle(&g, |a| a[0])) } td { (angle(&g, |a| a[a.len() / 2])) } td { (angle(&g, |a| a[a.len() - 1])) }
        td { (number(middle(&g, |p| p.alike.ranks[0] as f64), 3)) " and " (number(middle(&g, |p| p.alike.ranks[1] as f64), 3)) }
        td { (optional(Some(middle(&g, |p| p.features.as_ref().map_or(f64::NAN, |o| o.jaccard))), 3)) }
        td { (optional(Some(middle(&g, |p| p.features.as_ref().map_or(f64::NAN, |o| o.chance))), 3)) }
    } } };
    let heads = [
        "networks",
        "pairs",
        "alignment",
        "in common",
        "by chance",
        "smallest angle",
        "middle angle",
        "largest angle",
        "dimensions",
        "features shared",
        "by chance",
    ];
    folded(&table("likeness, medians over pairs", &heads, &rows))
}

/// Features by side.
pub(super) fn held(page: &ComparePage, found: &Representations) -> Markup {
    let shares: Vec<Vec<f64>> = page
        .sides
        .iter()
        .map(|s| features::held(found, &s.name))
        .collect();
    let rows = html! { @for (k, name) in found.features.iter().enumerate() { tr {
        th scope="row" { (name) } @for of in &shares { td { (percent(of[k])) } }
    } } };
    let names: Vec<&str> = std::iter::once("feature")
        .chain(page.sides.iter().map(|s| s.name.as_str()))
        .collect();
    folded(&table("features held", &names, &rows))
}
