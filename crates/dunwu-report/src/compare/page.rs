//! The page of a comparison: one HTML file that needs nothing else.

use super::record::{ComparePage, ComparedSide};
use super::{crossing, features, gradients, likeness, pairs, tables, tuning};
use crate::drawing::figure;
use crate::page::{copyable, document, tile};
use crate::text::{counted, duration, epochs, grouped, number};
use dunwu_analysis::compare::{Conclusion, Verdict};
use maud::{Markup, html};

/// The page of a comparison: the same record gives the same bytes.
pub fn compare_page(page: &ComparePage) -> String {
    let names = names(page);
    let body = html! {
        header {
            div {
                p.brand { "dunwu " span lang="zh" { "顿悟" } " · " (names) }
                p.task { (page.description) }
            }
            button #theme type="button" hidden { "Theme: auto" }
        }
        main #main {
            (answer(page))
            (times(page))
            (rates(page))
            (pull(page))
            (alike(page))
            (how(page))
            (again(page))
            (glossary())
        }
    };
    document(&names, &body, &html! {}, "")
}

fn names(page: &ComparePage) -> String {
    let all: Vec<&str> = page.real_sides().map(|s| s.name.as_str()).collect();
    all.join(" against ")
}

/// The measure that the headline speaks of, and its threshold: first crossings, of 99 % if any run came so far.
fn leading(page: &ComparePage) -> Option<(&'static str, &dunwu_analysis::compare::Measured)> {
    let strict = page.compared.measure("test_99", "first")?;
    if strict.sides.iter().any(|s| s.crossed > 0) {
        return Some(("99 %", strict));
    }
    let mild = page.compared.measure("test_50", "first")?;
    mild.sides
        .iter()
        .any(|s| s.crossed > 0)
        .then_some(("50 %", mild))
}

fn headline(page: &ComparePage) -> String {
    let Some((level, m)) = leading(page) else {
        let epochs = epochs(page.compared.budget, page.epoch_updates().unwrap_or(0));
        return format!("No run of any side generalised in {epochs}: nothing can be compared.");
    };
    let first = &page.sides[0].name;
    let of = |s: &ComparedSide| m.pair(&s.name, first);
    let control = &page.sides[page.sides.len() - 1].name;
    let told: Vec<String> = page
        .real_sides()
        .filter_map(|s| {
            let pair = of(s)?;
            let beyond = m
                .pair(&s.name, control)
                .is_some_and(|p| p.verdict == Verdict::Earlier);
            Some(match pair.verdict {
                Verdict::Earlier if beyond => {
                    format!("with {} {level} is reached earlier than with {first}", s.name)
                }
                Verdict::Earlier => format!(
                    "with {} {level} is reached earlier than with {first}, but that may be a larger step alone",
                    s.name
                ),
                Verdict::Later => {
                    format!("with {} {level} is reached later than with {first}", s.name)
                }
                Verdict::Alike => format!(
                    "with {} and {first} {level} is reached at about the same time",
                    s.name
                ),
                Verdict::CannotTell => format!(
                    "whether {level} is reached earlier with {} or with {first} cannot be told",
                    s.name
                ),
            })
        })
        .collect();
    let edge = |s: &&ComparedSide| s.tuning.as_ref().is_some_and(|c| c.edge.is_some());
    let edges: Vec<&str> = page
        .real_sides()
        .filter(edge)
        .map(|s| s.name.as_str())
        .collect();
    let mut text = told.join("; ");
    if !edges.is_empty() {
        let names = edges.join(" and ");
        text += &format!(" – but the best learning rate of {names} may lie outside the grid");
    }
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn answer(page: &ComparePage) -> Markup {
    html! {
        section.answer {
            h1 { (headline(page).replace(" %", "\u{a0}%")) }
            div.tiles { @for tile in tiles(page) { (tile) } }
            div.account {
                h2 { "What this shows" }
                (list(page, true, "Nothing, at these settings."))
                h2 { "What it does not show" }
                (list(page, false, "–"))
            }
        }
    }
}

fn list(page: &ComparePage, shown: bool, none: &str) -> Markup {
    let texts: Vec<&Conclusion> = page
        .conclusions
        .iter()
        .filter(|c| c.shown == shown)
        .collect();
    html! {
        @if texts.is_empty() { p.quiet { (none) } }
        ul { @for c in texts { li { (c.text) } } }
    }
}

fn tiles(page: &ComparePage) -> Vec<Markup> {
    let lead = leading(page);
    page.sides
        .iter()
        .map(|side| {
            let times = lead.and_then(|(_, m)| m.side(&side.name));
            let value = times
                .and_then(|t| t.median)
                .map_or_else(|| "never".to_owned(), grouped);
            let level = lead.map_or("99 %", |l| l.0);
            let came = times.map_or(0, |t| t.crossed);
            let below = format!(
                "median epoch to {level}; {came} of {} runs came so far; learning rate {}",
                side.runs.len(),
                number(side.lr, 3)
            );
            tile(&side.name, &value, "", &below)
        })
        .collect()
}

fn times(page: &ComparePage) -> Markup {
    let (level, _) = pairs::level(page);
    let help = format!(
        "A line joins the runs of one seed: they have the same training rows{}. It falls where the side to the right is earlier. The last column is the plain control: {} with three times its learning rate.",
        if page.pairing.start.is_empty() {
            ""
        } else {
            " and begin with the same weights, where shapes agree"
        },
        page.sides[0].name
    );
    let paired = |medium| pairs::draw(page, medium).into_iter().next();
    html! {
        section #times {
            h2 { "When they generalise" }
            (figure("pairs", &format!("{}: first epoch with {level}", pairs::TITLE), &help, &paired, &tables::pairs(page)))
            @for (name, level) in crossing::LEVELS {
                @let figure_name = format!("crossing-{name}");
                @let of = |medium| crossing::draw(page, medium).into_iter().find(|d| d.name == figure_name);
                @let help = "Kaplan–Meier estimates with pointwise 95 % intervals; dashed: the control. A run that never came so far counts as one that takes longer than the budget, and a run that diverged never comes.";
                (figure(&figure_name, &crossing::title(level), help, &of, &tables::crossing(page, name)))
            }
            h3 { "Tests" }
            p.help {
                "Ratios below 1 are in favour of the side named first. “Neither” counts seeds of which nothing is known. The sign test is exact and uses
                 nothing but the order within a seed. The interval of the median is by ranks; the ratio of means is that of min(T, budget), its interval
                 by resampling seeds. The paired log-rank test is the sign test in large samples."
            }
            (tables::tests(page))
            h3 { "At the last epoch" }
            (tables::finals(page))
        }
    }
}

/// The first and the last of the seeds, in words.
fn span_of_seeds(seeds: &[u64]) -> String {
    match seeds {
        [] => "no seed".into(),
        [one] => format!("seed {one}"),
        [first, .., last] => format!("seeds {first} to {last}"),
    }
}

fn rates(page: &ComparePage) -> Markup {
    if page.tuning_seeds.is_empty() {
        return html! { section #rates { h2 { "Learning rates" } p { "They were given, not tuned." } } };
    }
    let (level, _) = tuning::level(page);
    let help = format!(
        "Each side had the same number of learning rates, runs and epochs. The runs are on {}, apart from those that are compared. A ring marks the choice: the earliest median to 99 %, then to 50 %, then the highest accuracy at the end. Drawn: first epoch with {level}.",
        span_of_seeds(&page.tuning_seeds)
    );
    let of = |medium| tuning::draw(page, medium).into_iter().next();
    html! {
        section #rates {
            h2 { "Learning rates" }
            (figure("tuning", tuning::TITLE, &help, &of, &tables::tuning(page)))
        }
    }
}

fn pull(page: &ComparePage) -> Markup {
    let Some(found) = &page.gradients else {
        return html! {};
    };
    let help = format!(
        "The same weights, both losses ({} and {}): the cosine between the gradients that they send to each hidden node, mean over nodes, shaded from the 5th to the 95th percentile. At 1 either loss stands for the other at that moment, as far as the hidden layer is concerned; at 0 they have nothing to do with each other.",
        found.losses[0], found.losses[1]
    );
    let of = |medium| gradients::draw(page, medium).into_iter().next();
    html! {
        section #gradients {
            h2 { "Can one loss stand for the other?" }
            (figure("gradients", gradients::TITLE, &help, &of, &tables::gradients(found)))
        }
    }
}

fn alike(page: &ComparePage) -> Markup {
    let Some(found) = &page.representations else {
        let why = page
            .no_representations
            .as_deref()
            .unwrap_or("it was not looked at");
        return html! { section #alike { h2 { "Do they learn the same?" } p { "That is not known: " (why) "." } } };
    };
    let help = format!(
        "Hidden activations at the last epoch on {} of {} rows, of {} a side. Two sides on one seed are to be judged beside two seeds of one side: where those differ as much, the side does not matter more than chance. Dashed: what random subspaces have in common.",
        grouped(found.rows as u64),
        grouped(found.of_rows as u64),
        counted(found.seeds.len() as u64, "network")
    );
    let of = |medium| likeness::draw(page, medium).into_iter().next();
    let held = |medium| features::draw(page, medium).into_iter().next();
    let help_held = "A feature is an irreducible part of functions on the inputs; a network holds it if a node that is not dead has half of its weights or more there, of a transformer half or more of what it does over the whole table.";
    html! {
        section #alike {
            h2 { "Do they learn the same?" }
            (figure("likeness", likeness::TITLE, &help, &of, &tables::likeness(found)))
            @if found.features.is_empty() {
                p.quiet { "Features are not named: " (found.no_features.as_deref().unwrap_or("the task has none")) "." }
            } @else {
                (figure("features", features::TITLE, help_held, &held, &tables::held(page, found)))
            }
            @if !found.left_out.is_empty() {
                p.quiet { "Left out, as their activations are not finite or do not vary: " (found.left_out.iter().map(|(s, seed)| format!("{s}, seed {seed}")).collect::<Vec<_>>().join("; ")) "." }
            }
        }
    }
}

fn how(page: &ComparePage) -> Markup {
    let side = |s: &ComparedSide| {
        let set = if s.set.is_empty() {
            "nothing changed".to_owned()
        } else {
            s.set.join(" ")
        };
        format!("{}: {set} lr={}", s.name, number(s.lr, 6))
    };
    html! {
        section #how {
            h2 { "What was compared" }
            dl {
                @for s in &page.sides { dt { @if s.control { "Control" } @else { "Side" } } dd { (side(s)) } }
                dt { "Shared" } dd { (page.shared.join(" ")) }
                dt { "Seeds" } dd { (page.seeds[0]) " to " (page.seeds[page.seeds.len() - 1]) }
                dt { "Same rows" } dd { @if page.pairing.split { "yes" } @else { "no" } }
                dt { "Same start" } dd {
                    (if page.pairing.start.is_empty() { "no tensor".to_owned() } else { page.pairing.start.join(", ") })
                    @if !page.pairing.start_differs.is_empty() { "; not " (page.pairing.start_differs.join(", ")) }
                }
                @for (name, value) in &page.provenance { dt { (name) } dd { (value) } }
                dt { "Time" } dd { (duration(page.seconds)) }
            }
        }
    }
}

fn again(page: &ComparePage) -> Markup {
    html! {
        section #again {
            h2 { "Do it again" }
            (copyable(&page.command))
            p.quiet { "All numbers are in " a href="compare.json" { "compare.json" } ", finished runs line by line in runs.jsonl." }
        }
    }
}

/// Words of the page, in the order of the alphabet.
const WORDS: &[(&str, &str)] = &[
    (
        "Alignment",
        "Linear centred kernel alignment (CKA) of two hidden layers: 1 if one is the other turned and scaled, as far as their variance goes.",
    ),
    (
        "Censored",
        "Known only to take longer than the budget. Such runs are kept in every estimate.",
    ),
    (
        "Control",
        "The first side with three times its learning rate. What it does as well as another side is no merit of that side.",
    ),
    (
        "Held-out accuracy",
        "Share of the rows not trained on that are answered right.",
    ),
    (
        "In common",
        "Mean of cos² of the principal angles between the subspaces that hold 95 % of each layer's variance.",
    ),
    (
        "Sign test",
        "The chance of so uneven a count if either side were as likely to be earlier, counted over seeds.",
    ),
];

fn glossary() -> Markup {
    html! {
        section #glossary {
            h2 { "Words" }
            dl { @for (term, meaning) in WORDS { dt { (term) } dd { (meaning) } } }
        }
    }
}
