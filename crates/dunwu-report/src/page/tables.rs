//! Stages with their evidence, seeds, plan and provenance.

use crate::frame;
use crate::run::{RunPage, SeedPage};
use crate::text::{grouped, number, percent};
use crate::theme;
use dunwu_analysis::Crossing;
use dunwu_core::{Finding, KEYS, RunPlan};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Seeds whose stages are listed at most.
const LISTED: usize = 12;

pub(super) fn stages(run: &RunPage<'_>) -> Markup {
    let Some(first) = run.representative() else {
        return html! {};
    };
    let others: Vec<&SeedPage> = run
        .seeds
        .iter()
        .filter(|s| s.seed != first.seed)
        .take(LISTED)
        .collect();
    html! {
        section #stages {
            h2 { "Stages, and what put their borders there" }
            p {
                "Borders are estimates. Each one lists the signals that placed it and how sure it is."
                @if run.seeds.len() > 1 { " This is seed " (first.seed) ", the median seed." }
            }
            (stage_table(first))
            @for seed in &others {
                details { summary { "Seed " (seed.seed) } (stage_table(seed)) }
            }
            @if run.seeds.len() > LISTED + 1 {
                p.quiet { "The stages of " (run.seeds.len() - 1 - LISTED) " more seeds are in summary.json." }
            }
        }
    }
}

fn stage_table(seed: &SeedPage) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th scope="col" { "Stage" } th scope="col" { "Epochs" } th scope="col" { "Sure" } th scope="col" { "Why" }
            } }
            tbody {
                @for stage in &seed.account.stages { (stage_row(stage, "")) }
                (stage_row(&seed.account.fate, "Verdict: "))
            }
        }
    }
}

fn stage_row(stage: &Finding, before: &str) -> Markup {
    html! {
        tr {
            th scope="row" { span class=(format!("chip {}", theme::band(&stage.name))) { (before) (stage.name) } }
            td data-label="Epochs" { (span(stage)) }
            td data-label="Sure" { (percent(stage.confidence)) }
            td data-label="Why" {
                p { (stage.statement) }
                @if !stage.by.is_empty() {
                    ul { @for e in &stage.by {
                        li { code { (e.signal) } " = " (number(e.value, 4)) " at epoch " (grouped(e.epoch)) ": " (e.says) }
                    } }
                }
            }
        }
    }
}

fn span(stage: &Finding) -> String {
    match (stage.from, stage.to) {
        (None, _) => "not known".into(),
        (Some(from), None) => format!("from {}", grouped(from)),
        (Some(from), Some(to)) => format!(
            "{} to {} ({})",
            grouped(from),
            grouped(to),
            grouped(to.saturating_sub(from))
        ),
    }
}

pub(super) fn seeds(run: &RunPage<'_>) -> Markup {
    html! {
        section #seeds {
            h2 { "Every seed" }
            p {
                "Epochs at which accuracy first passed a threshold, and from which it stayed above it. A seed that did \
                 not pass within the epochs run is listed as “> epochs”: it may still pass later."
            }
            table.cards {
                thead { tr {
                    th scope="col" { "Seed" }
                    th scope="col" { "Train 99 %" } th scope="col" { "Test 50 %" }
                    th scope="col" { "Test 99 %, first" } th scope="col" { "Test 99 %, for good" }
                    th scope="col" { "Delay" } th scope="col" { "Last test" } th scope="col" { "Outcome" }
                } }
                tbody { @for seed in &run.seeds { (seed_row(seed)) } }
            }
        }
    }
}

fn seed_row(seed: &SeedPage) -> Markup {
    let a = &seed.account;
    let last = seed
        .curve
        .points("test_acc")
        .last()
        .map_or("–".into(), |(_, v)| percent(v));
    html! {
        tr {
            th scope="row" { "Seed " (seed.seed) }
            td data-label="Train 99 %" { (crossed(&a.train_99, a.train_99.first)) }
            td data-label="Test 50 %" { (crossed(&a.test_50, a.test_50.first)) }
            td data-label="Test 99 %, first" { (crossed(&a.test_99, a.test_99.first)) }
            td data-label="Test 99 %, for good" { (crossed(&a.test_99, a.test_99.sustained)) }
            td data-label="Delay" { (a.delay.map_or("–".into(), grouped)) }
            td data-label="Last test" { (last) }
            td data-label="Outcome" { (a.fate.name) @if let Some(why) = seed.stopped.as_deref().filter(|s| *s != "completed") { "; " (why) } }
        }
    }
}

/// An epoch, or that it lies beyond the last one seen.
fn crossed(crossing: &Crossing, epoch: Option<u64>) -> String {
    epoch.map_or_else(|| format!("> {}", grouped(crossing.budget)), grouped)
}

pub(super) fn plan(run: &RunPage<'_>) -> Markup {
    let differing: BTreeMap<String, String> = pairs(&run.plan.to_overrides());
    let all = values(run.plan);
    html! {
        section #plan {
            h2 { "The plan" }
            p { "Every setting of the run. " mark { "Marked" } " settings differ from the default." }
            (copyable(&run.command))
            h3 { "Settings that differ" }
            @if differing.is_empty() { p { "None: this is the default run." } }
            @else { (settings(&differing, &differing)) }
            details { summary { "All settings" } (settings(&all, &differing)) }
        }
    }
}

fn pairs(overrides: &[String]) -> BTreeMap<String, String> {
    overrides
        .iter()
        .filter_map(|o| o.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

/// Every key of a plan and its value as text.
fn values(plan: &RunPlan) -> BTreeMap<String, String> {
    let value = serde_json::to_value(plan).expect("a plan is plain data");
    let mut out = BTreeMap::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        match value.as_object().filter(|_| key == "train") {
            Some(share) => out.extend(share.iter().map(|(k, v)| (share_key(k), written(v)))),
            None => drop(out.insert(key.clone(), written(value))),
        }
    }
    out
}

fn share_key(kind: &str) -> String {
    if kind == "file" {
        "split_file".into()
    } else {
        format!("train_{kind}")
    }
}

fn written(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        serde_json::Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(","),
        serde_json::Value::Number(n) => n
            .as_f64()
            .filter(|_| n.is_f64())
            .map_or(n.to_string(), |x| x.to_string()),
        other => other.to_string(),
    }
}

fn settings(shown: &BTreeMap<String, String>, differing: &BTreeMap<String, String>) -> Markup {
    html! {
        table.settings {
            thead { tr { th scope="col" { "Key" } th scope="col" { "Value" } th scope="col" { "What it is" } } }
            tbody {
                @for (key, value) in shown {
                    tr {
                        th scope="row" { code { (key) } }
                        td { @if differing.contains_key(key) { mark { (value) } } @else { (value) } }
                        td { (KEYS.iter().find(|k| k.name == key).map_or("", |k| k.help)) }
                    }
                }
            }
        }
    }
}

/// A command with a button that copies it.
pub(crate) fn copyable(command: &str) -> Markup {
    html! {
        div.command {
            p { "The same numbers again, to the last bit:" }
            pre tabindex="0" { code #command { (command) } }
            button #copy type="button" hidden { "Copy" }
        }
    }
}

pub(super) fn provenance(run: &RunPage<'_>) -> Markup {
    frame::provenance(&run.provenance)
}
