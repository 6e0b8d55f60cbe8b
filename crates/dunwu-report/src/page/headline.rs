//! The answer: one sentence, a few numbers, and the account in plain words.

use crate::coverage;
use crate::frame::words;
use crate::readings::value_at;
use crate::run::RunPage;
use crate::summary::{Passed, Summary, median};
use crate::text::{counted, duration, epochs, grouped, number, percent};
use maud::{Markup, html};

/// Characters of a tile's value from which it is written smaller.
const LONG: usize = 6;

/// Name, task and the switch between light and dark.
pub(super) fn header(run: &RunPage<'_>) -> Markup {
    html! {
        header {
            div {
                p.brand { "dunwu " span lang="zh" { "顿悟" } " · " (run.plan.task) }
                p.task { (run.task_description) }
            }
            button #theme type="button" hidden { "Theme: auto" }
        }
    }
}

/// The sentence, the tiles and the account.
pub(super) fn answer(run: &RunPage<'_>) -> Markup {
    let summary = Summary::of(run);
    html! {
        section.answer {
            h1 { (summary.headline()) }
            div.tiles { @for tile in tiles(run, &summary) { (tile) } }
            (account(run))
        }
    }
}

/// A number with its label above and what it is below.
pub(crate) fn tile(label: &str, value: &str, unit: &str, below: &str) -> Markup {
    let markup = html! { (value) @if !unit.is_empty() { " " span.unit { (unit) } } };
    valued(label, &markup, below, value.chars().count() > LONG)
}

fn valued(label: &str, value: &Markup, below: &str, long: bool) -> Markup {
    html! {
        div.tile {
            p.label { (label) }
            p class=(if long { "value long" } else { "value" }) { (value) }
            @if !below.is_empty() { p.below { (words(below)) } }
        }
    }
}

fn tiles(run: &RunPage<'_>, summary: &Summary) -> Vec<Markup> {
    let seen = "99 % of training examples right";
    let mut tiles = vec![passed_tile(
        "Memorised at",
        seen,
        &summary.memorised,
        summary,
    )];
    if summary.tested {
        let unseen = "99 % of unseen examples right";
        tiles.push(passed_tile(
            "Generalised at",
            unseen,
            &summary.generalised,
            summary,
        ));
    }
    if let Some(delay) = summary.delay {
        tiles.push(tile(
            "Delay",
            &grouped(delay),
            "epochs",
            "from memorising to generalising",
        ));
    }
    tiles.extend(features_tile(run));
    if let Some(accuracy) = last_median(run, "test_acc") {
        let chance = format!(
            "on unseen examples, at the end; guessing gives {}",
            percent(run.chance)
        );
        tiles.push(tile("Final accuracy", &percent(accuracy), "", &chance));
    }
    if let Some(seconds) = run.seconds {
        let seeds = counted(run.seeds.len() as u64, "seed");
        let below = format!("{seeds}, {}", epochs(summary.budget, summary.epoch_updates));
        tiles.push(tile("Took", &duration(seconds), "", &below));
    }
    tiles
}

fn passed_tile(label: &str, what: &str, passed: &Passed, summary: &Summary) -> Markup {
    let Some(epoch) = passed.median else {
        let seeds = counted(summary.seeds as u64, "seed");
        let below = format!("{what}: {} of {seeds} so far", passed.count);
        let beyond = html! { span.unit { "epoch " } "> " (grouped(summary.budget)) };
        return valued(label, &beyond, &below, summary.budget > 999);
    };
    let range = passed.range.filter(|_| summary.seeds > 1);
    let range = range.map(|(a, b)| {
        format!(
            ", {} to {} over {} seeds",
            grouped(a),
            grouped(b),
            passed.count
        )
    });
    let holds = passed.sustained.map_or("; not yet for good".into(), |s| {
        if s == epoch {
            String::new()
        } else {
            format!("; for good from {}", grouped(s))
        }
    });
    let text = grouped(epoch);
    let value = html! { span.unit { "epoch " } (text) };
    let below = format!("{what}{}{holds}", range.unwrap_or_default());
    valued(label, &value, &below, text.len() > LONG - 2)
}

fn features_tile(run: &RunPage<'_>) -> Option<Markup> {
    let Some(possible) = run.features else {
        return run
            .no_features
            .as_ref()
            .map(|why| tile("Features learned", "–", "", why));
    };
    // Hidden nodes of a transformer are looked at where the page is made.
    let covered = match run.plan.transformer {
        Some(_) => coverage::held(&coverage::coverage(run)?.1) as f64,
        None => last_median(run, "features_covered")?,
    };
    let below = "features that at least one neuron holds cleanly, at the end";
    Some(tile(
        "Features learned",
        &number(covered, 4),
        &format!("of {possible}"),
        below,
    ))
}

/// The median over seeds of the last readings of a column.
fn last_median(run: &RunPage<'_>, column: &str) -> Option<f64> {
    let last = |s: &crate::SeedPage| {
        s.curve
            .epochs()
            .iter()
            .rev()
            .find_map(|e| value_at(&s.curve, column, *e))
    };
    median(run.seeds.iter().filter_map(last).collect())
}

fn account(run: &RunPage<'_>) -> Markup {
    let Some(seed) = run.representative() else {
        return html! {};
    };
    html! {
        div.account {
            h2 { "What happened inside" }
            @if run.seeds.len() > 1 {
                p.quiet {
                    "The story of seed " (seed.seed) ", the median of " (run.seeds.len())
                    " seeds by the time it took to generalise. A seed fixes the random start and the random choice of examples."
                }
            }
            @for sentence in &seed.account.sentences { p { (words(sentence)) } }
            @if seed.account.sentences.is_empty() { p { (words(&seed.account.fate.statement)) } }
            @if let Some(why) = seed.stopped.as_deref().filter(|s| *s != "completed") {
                p.warn { "How the run ended: " (why) "." }
            }
        }
    }
}
