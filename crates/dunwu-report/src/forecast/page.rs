//! The page of forecasts: one HTML file that needs nothing else.

use super::record::{ForecastPage, ForecastRow};
use super::{PICTURES, fan};
use crate::drawing::{figure, numbers};
use crate::frame::{again, bound, complaint, glossary, header};
use crate::page::{document, tile};
use crate::text::{counted, grouped, number};
use maud::{Markup, html};

/// Rows of the table at most.
const ROWS: usize = 5000;

/// The page of forecasts: the same record gives the same bytes.
pub fn forecast_page(page: &ForecastPage) -> String {
    let body = html! {
        (header("forecast", &page.title))
        main #main {
            (answer(page))
            (table(page))
            (fans(page))
            (left_out(page))
            (again(&page.command, &html! {}))
            (glossary(WORDS))
        }
    };
    document(&format!("Forecast: {}", page.title), &body, &html! {}, "")
}

fn count(page: &ForecastPage, decision: &str) -> usize {
    page.runs.iter().filter(|r| r.decision == decision).count()
}

fn headline(page: &ForecastPage) -> String {
    match page.runs.as_slice() {
        [] => "No run could be forecast.".to_owned(),
        [one] => format!("{}: {}.", capital(&one.decision), one.reason),
        all => format!(
            "Of {} runs, {} to continue, {} to pause and {} to stop.",
            grouped(all.len() as u64),
            count(page, "continue"),
            count(page, "pause"),
            count(page, "stop")
        ),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn answer(page: &ForecastPage) -> Markup {
    let unsure = page.runs.iter().filter(|r| !r.can_tell).count();
    html! {
        section.answer {
            h1 { (bound(&headline(page))) }
            (complaint(page.is_consistent()))
            div.tiles {
                @for decision in ["continue", "pause", "stop"] {
                    (tile(&capital(decision), &count(page, decision).to_string(), "", ""))
                }
                (tile("Cannot tell", &unsure.to_string(), "", "of them: like no curve that is known, too short, or broken"))
                @if let Some(than) = page.better_than {
                    (tile("To beat", &number(than, 4), "", ""))
                }
            }
            div.account {
                h2 { "What this is" }
                p {
                    "The part of each curve that was logged tells where it will end: as a distribution, with a decision and \
                     its reason. An interval of 90 % misses one time in ten."
                }
            }
        }
    }
}

fn cells(run: &ForecastRow) -> Vec<String> {
    let end = |i: usize| {
        let last = run.fan.last();
        last.map_or("–".to_owned(), |f| number(f.values[i], 4))
    };
    let percent =
        |p: Option<f64>| p.map_or("–".to_owned(), |p| format!("{:.0}\u{a0}%", 100.0 * p));
    vec![
        run.id.clone(),
        run.metric.clone(),
        run.points.to_string(),
        run.seen.last().map_or("–".to_owned(), |p| number(p.1, 4)),
        end(0),
        end(2),
        end(4),
        percent(run.p_better),
        percent(run.jump.map(|j| j.p)),
        run.novelty.map_or("–".to_owned(), |n| number(n, 2)),
        format!("{}{}", run.decision, if run.can_tell { "" } else { "?" }),
        run.reason.clone(),
    ]
}

const HEADS: [&str; 12] = [
    "<Run",
    "<Metric",
    "Readings",
    "Last",
    "5 %",
    "Median",
    "95 %",
    "Better",
    "Generalises",
    "Novelty",
    "<Decision",
    "<Why",
];

fn table(page: &ForecastPage) -> Markup {
    // Of one run the headline and its picture say all of it.
    if page.runs.len() == 1 && page.left_out.is_empty() {
        return html! {};
    }
    let rows: Vec<Vec<String>> = page.runs.iter().take(ROWS).map(cells).collect();
    let over = page.runs.len().saturating_sub(ROWS);
    html! {
        section #runs {
            h2 { "All runs" }
            (numbers(&format!("Table of {}", counted(rows.len() as u64, "run")), "forecasts", &HEADS, &rows))
            @if over > 0 { p.quiet { "The table ends here; " (grouped(over as u64)) " more are in the output of --json." } }
        }
    }
}

fn fans(page: &ForecastPage) -> Markup {
    let over = page.runs.len().saturating_sub(PICTURES);
    html! {
        section #fans {
            h2 { "What may come" }
            p {
                "The solid line is what was seen, without the first tenth of its readings, whose fall would hide the \
                 rest. The dashed line is the median of what may come; the darker ground \
                 holds it with a probability of one half, the lighter with nine in ten."
            }
            @for (i, run) in page.runs.iter().enumerate().take(PICTURES) { (fan_of(run, i)) }
            @if over > 0 { p.quiet { (counted(over as u64, "run")) " more without a picture." } }
        }
    }
}

fn fan_of(run: &ForecastRow, i: usize) -> Markup {
    if fan::one(run, i, crate::medium::Medium::Wide).is_none() {
        return html! { p { b { (run.id) ": " } (run.decision) ": " (run.reason) } };
    }
    let of = |medium| fan::one(run, i, medium);
    let rows: Vec<Vec<String>> = run
        .fan
        .iter()
        .map(|f| {
            let values = f.values.iter().map(|v| number(*v, 5));
            std::iter::once(number(f.step, 6)).chain(values).collect()
        })
        .collect();
    let heads = ["Step", "5 %", "25 %", "Median", "75 %", "95 %"];
    let title = fan::title(run);
    let mut help = run.reason.clone();
    if let Some(j) = run.jump {
        help += &format!(
            ". If it generalises: step {} (5 to 95 %: {} to {})",
            number(j.step[1].round(), 6),
            number(j.step[0].round(), 6),
            number(j.step[2].round(), 6)
        );
    }
    for note in &run.notes {
        help += &format!(". {note}");
    }
    figure(
        &fan::id(i, run),
        &title,
        &help,
        &of,
        &numbers("Numbers", &title, &heads, &rows),
    )
}

fn left_out(page: &ForecastPage) -> Markup {
    html! {
        @if !page.left_out.is_empty() {
            section #left-out {
                h2 { "Left out" }
                ul { @for why in page.left_out.iter().take(ROWS) { li { (why) } } }
            }
        }
    }
}

/// Words of this page, sorted.
const WORDS: &[(&str, &str)] = &[
    (
        "Better",
        "The probability that the run ends better than the value to beat.",
    ),
    (
        "Generalises",
        "Of a run that answers what it was trained on and not what was held out: the probability that it still learns the rule by its end.",
    ),
    (
        "Novelty",
        "How far a curve lies from those that the forecaster learned from: up to 1 as near as these lie to each other, above 2 nothing can be told.",
    ),
];
