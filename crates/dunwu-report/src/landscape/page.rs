//! The page of a landscape: one HTML file that needs nothing else.

use super::record::LandscapePage;
use super::words::{MOST, PeakGroup, energy_help, energy_title, groups, kinds, memory, span};
use super::{heights, peaks, slice, tables, walks};
use crate::drawing::{figure, file_name};
use crate::page::{copyable, document, tile};
use crate::text::{counted, duration, number, percent};
use maud::{Markup, html};

/// The page of a landscape: the same record gives the same bytes.
pub fn landscape_page(page: &LandscapePage) -> String {
    let body = html! {
        header {
            div {
                p.brand { "dunwu " span lang="zh" { "顿悟" } " · landscape of " (page.task) }
                p.task { (page.description) }
            }
            button #theme type="button" hidden { "Theme: auto" }
        }
        main #main {
            (answer(page))
            (peaks_section(page))
            (data_section(page))
            (slice_section(page))
            (again(page))
            (glossary())
        }
    };
    document(&format!("Landscape of {}", page.task), &body, &html! {}, "")
}

/// The energy that the page speaks of first: the one that a network feels, if it was computed.
fn leading(page: &LandscapePage) -> Option<&super::PeakBorder> {
    let raw = page.borders.iter().find(|b| b.energy == "raw");
    raw.or(page.borders.first())
}

fn headline(page: &LandscapePage) -> String {
    let all = kinds(page);
    let Some(border) = leading(page) else {
        return match all.as_slice() {
            [] => format!("On {}, no random start came to rest on a peak.", page.task),
            [one] => format!(
                "On {}, a hidden node can climb {}, all equally high.",
                page.task,
                counted(one.names.len() as u64, "peak").replace("1 peak", "one peak")
            ),
            [first, ..] => format!(
                "On {}, hidden nodes climb {} kinds of peaks; the highest catches {} of random starts.",
                page.task,
                all.len(),
                percent(first.basin.0)
            ),
        };
    };
    match span(&border.crossing) {
        Some((_, at, _)) => format!(
            "On {}, learning the rule pays more than memorising once {} of the table is kept.",
            page.task,
            percent(at)
        ),
        None => format!(
            "On {}, {} peaks are higher in this whole range of data.",
            page.task,
            higher(page, &border.energy)
        ),
    }
}

/// Which kind of peak is higher, where they do not change places.
fn higher(page: &LandscapePage, energy: &str) -> &'static str {
    let sum = |value: fn(&super::SampleHeights) -> Option<f64>| -> f64 {
        let of = page.samples.iter().filter(|s| s.energy == energy);
        of.map(|s| value(s).unwrap_or(0.0)).sum()
    };
    if sum(|s| s.generalising) >= sum(|s| s.memorising) {
        "generalising"
    } else {
        "memorising"
    }
}

fn answer(page: &LandscapePage) -> Markup {
    html! {
        section.answer {
            h1 { (headline(page).replace(" %", "\u{a0}%")) }
            div.tiles { @for tile in tiles(page) { (tile) } }
            div.account {
                h2 { "What this is" }
                p { (account(page)) }
                @if let Some(why) = &page.no_features { p.warn { "No peak is named by a feature: " (why) "." } }
                @if page.unconverged > 0 {
                    p.quiet { (counted(page.unconverged as u64, "start")) " of " (page.starts) " did not converge and belong to no peak." }
                }
            }
        }
    }
}

fn tiles(page: &LandscapePage) -> Vec<Markup> {
    let all = kinds(page);
    let mut out = vec![tile(
        "Peaks found",
        &page.peaks.len().to_string(),
        "",
        &format!(
            "at {} on the full table",
            counted(all.len() as u64, "height")
        ),
    )];
    if let Some(top) = all.first() {
        let theory = match top.first.theory {
            Some(t) => format!(
                "{} of {}; theory says {}",
                page.unit,
                top.label(),
                number(t, 4)
            ),
            None => format!("{} of {}", page.unit, top.label()),
        };
        out.push(tile("Highest", &number(top.first.height, 4), "", &theory));
    }
    if let Some(widest) = widest(&all).filter(|_| all.len() > 1) {
        let below = format!("of random starts climb to {}", widest.label());
        out.push(tile("Widest", &percent(widest.basin.0), "", &below));
    }
    for border in &page.borders {
        let energy = energy_title(&border.energy);
        let (value, below) = match span(&border.crossing) {
            Some((_, at, _)) => (percent(at), format!("of the table, energy {energy}")),
            None => (
                "nowhere".into(),
                format!(
                    "in this range, energy {energy}; {} peaks are higher",
                    higher(page, &border.energy)
                ),
            ),
        };
        out.push(tile("Change places at", &value, "", &below));
    }
    out
}

fn widest<'a, 'b>(all: &'b [PeakGroup<'a>]) -> Option<&'b PeakGroup<'a>> {
    all.iter().max_by(|a, b| a.basin.0.total_cmp(&b.basin.0))
}

/// The landscape in one paragraph.
fn account(page: &LandscapePage) -> String {
    let mut text = String::from(
        "Early in training the hidden nodes of a network do not feel each other. Each one turns its weights uphill on \
         a landscape of its own: a place is a direction of the weights, and the height is the energy E, which says \
         how well the node's answers line up with the right labels. A node stops on a peak, so the peaks are what a \
         node can learn, and the ground from which it climbs there decides how often. ",
    );
    let all = kinds(page);
    if let (Some(top), Some(wide)) = (all.first(), widest(&all)) {
        text += &if all.len() == 1 {
            format!(
                "Here every peak has the same height, {} = {}, and random starts are shared among them. ",
                page.unit,
                number(top.first.height, 4)
            )
        } else if wide.first.height < top.first.height {
            format!(
                "Here the highest peak, {}, is not the one most starts find: {} of them climb to {}, which is lower \
                 but has more ground around it. ",
                top.label(),
                percent(wide.basin.0),
                wide.label()
            )
        } else {
            format!(
                "Here the highest peak, {}, also has the most ground around it. ",
                top.label()
            )
        };
    }
    if let Some(border) = leading(page) {
        text += "On part of the table there are further peaks, on which a node holds single rows by heart. ";
        text += &match span(&border.crossing) {
            Some((_, at, _)) => format!(
                "With little data they are the higher ones; from {} of the table on (energy {}) the peaks that \
                 generalise overtake them.",
                percent(at),
                border.energy
            ),
            None => format!(
                "In the range looked at (energy {}) the {} peaks are the higher ones throughout.",
                border.energy,
                higher(page, &border.energy)
            ),
        };
    } else if page.unit != "E/M" {
        text += "These are rows of a file, and nothing is known of their rule: peaks are numbered by height.";
    } else {
        text += "This is the full table: every row is known, and there is nothing to memorise that is not the rule. \
                 With train_fraction=0.1:0.9:17 the page also shows where memorising wins.";
    }
    text
}

fn peaks_section(page: &LandscapePage) -> Markup {
    let of = |medium| peaks::draw(page, medium).into_iter().next();
    let theory = if page.peaks.iter().any(|p| p.theory.is_some()) {
        "; a ring marks what theory predicts"
    } else {
        ""
    };
    let help = format!(
        "Every row is a family of peaks that a node can climb where all rows are known, highest first. The length of the line is the height, \
         activation {}{theory}. The bar is the share of {} random starts that climb there: how much ground the peak has.",
        page.activation, page.starts
    );
    if page.peaks.is_empty() {
        return html! {
            section #peaks {
                h2 { "What a node can learn" }
                p { "No peak was found. With relu, peaks may lie on kinks, where no slope vanishes, and such starts are counted as not converged." }
            }
        };
    }
    html! {
        section #peaks {
            h2 { "What a node can learn" }
            (figure("peaks", peaks::TITLE, &help, &of, &tables::peaks(page)))
            p.quiet {
                "Flat: directions in which the height does not change, so that a family is a whole ridge of peaks. \
                 Softest: the smallest curvature of the others, as a share of w·∇E; the smaller, the more slowly a node settles. \
                 Rising: directions in which it would still climb; 0 at a peak. Places: how many different peaks the starts found, \
                 where there are no flat directions; opposite ones count once if they are equally high."
                @if groups(page).len() == MOST { " The " (MOST) " highest are drawn." }
            }
        }
    }
}

fn data_section(page: &LandscapePage) -> Markup {
    if page.borders.is_empty() {
        return html! {};
    }
    html! {
        section #data {
            h2 { "How much data it takes" }
            p {
                "Training sees only part of the table. Then a node can also climb a peak that memorises: a token (one \
                 operand's value), a pair (one row), or a blur of a few rows. The charts show the highest peak of \
                 either kind. Where the lines cross, the two change places."
                @if splits(page) > 1 { " Shaded: the range over " (splits(page)) " random splits; lines are medians." }
            }
            @for border in &page.borders {
                @let name = format!("heights-{}", file_name(&border.energy));
                @let of = |medium| heights::draw(page, medium).into_iter().find(|d| d.name == name);
                @let title = format!("Height against data, energy {}", energy_title(&border.energy));
                (figure(&name, &title, &heights_help(page, border), &of, &tables::heights(page, &border.energy)))
            }
        }
    }
}

fn splits(page: &LandscapePage) -> usize {
    page.borders.first().map_or(0, |b| b.crossing.len())
}

fn heights_help(page: &LandscapePage, border: &super::PeakBorder) -> String {
    let range = |at: &[Option<f64>]| {
        let known = at.iter().flatten().count();
        span(at).map(|(low, middle, high)| {
            if at.len() == 1 {
                percent(middle)
            } else {
                format!(
                    "{} ({} to {}, {known} of {} splits)",
                    percent(middle),
                    percent(low),
                    percent(high),
                    at.len()
                )
            }
        })
    };
    let crossing = range(&border.crossing).map_or_else(
        || "They do not change places in this range.".to_owned(),
        |at| format!("They change places at {at}."),
    );
    let survival = range(&border.survival_half).map_or_else(String::new, |at| {
        format!(" Half of the full table's peaks survive from {at} on.")
    });
    format!(
        "Energy “{}”: {} {crossing}{survival}{} Lower chart, “survive”: climbs from the full table's peaks that stay in \
         their feature; “of starts”: random starts that end on a peak that generalises. A line that is missing means \
         that no such peak was found.",
        border.energy,
        energy_help(&border.energy),
        natures(page, &border.energy)
    )
}

/// What the highest memory is, from share to share, on the first split.
fn natures(page: &LandscapePage, energy: &str) -> String {
    let mut runs: Vec<(f64, &str)> = Vec::new();
    for at in heights::by_share(page, energy) {
        let first = at.splits[0];
        let tall = first.memorising.is_some_and(|h| h > heights::FLAT);
        let Some(nature) = first.nature.as_deref().filter(|_| tall) else {
            continue;
        };
        if runs.last().is_none_or(|(_, n)| *n != nature) {
            runs.push((at.kept, nature));
        }
    }
    let one = |(kept, nature): &(f64, &str)| {
        format!("from {} a {nature} ({})", percent(*kept), memory(nature))
    };
    match runs.len() {
        0 => String::new(),
        1 => format!(
            " The highest memory is a {} ({}).",
            runs[0].1,
            memory(runs[0].1)
        ),
        2 => {
            let all: Vec<String> = runs.iter().map(one).collect();
            format!(" The highest memory is {}.", all.join(", "))
        }
        _ => " What the highest memory is changes back and forth; the table says.".into(),
    }
}

fn slice_section(page: &LandscapePage) -> Markup {
    let Some(slice) = &page.slice else {
        return html! {};
    };
    let map = |medium| slice::draw(page, medium).into_iter().next();
    let walk = |medium| walks::draw(page, medium).into_iter().next();
    let help = format!(
        "A piece of the sphere of all directions, seen from above like a map: heights are contour lines, energy {}. \
         The two dots are peaks, the line between them the shortest way (a great circle). A node that stands between \
         them rolls uphill to one or the other.",
        slice.energy
    );
    let walks_help = "The same way seen from the side. A full dot is a peak; a ring is a place that was a peak on \
                      more or on less of the table and is none here, so that a node there would climb on.";
    html! {
        section #slice {
            h2 { "The ground between two peaks" }
            (figure("slice", &slice::title(page), &help, &map, &html! {}))
            (figure("walks", walks::TITLE, walks_help, &walk, &tables::walks(slice)))
        }
    }
}

fn again(page: &LandscapePage) -> Markup {
    html! {
        section #again {
            h2 { "Again" }
            (copyable(&page.command))
            p.quiet { "It took " (duration(page.seconds)) ". All numbers are in " a href="landscape.json" { "landscape.json" }
                ", and " code { "dunwu report" } " makes this page from them." }
        }
        @if !page.provenance.is_empty() {
            section #provenance {
                h2 { "Where this comes from" }
                dl { @for (name, value) in &page.provenance { dt { (name) } dd { (value) } } }
            }
        }
    }
}

/// Words of this page, sorted.
const WORDS: &[(&str, &str)] = &[
    (
        "Energy E",
        "½‖PYᵀσ(Xw)‖²: how strongly the answers of a node with weights w go together with the labels. Its slope is the way in which the loss moves the node early in training.",
    ),
    (
        "Feature",
        "A pattern in the inputs that the rule can be built from: an irreducible representation of the group.",
    ),
    (
        "M",
        "The order of the group: the number of different answers. Heights are given in units of M.",
    ),
    (
        "Peak",
        "A direction of the weights from which every way leads down.",
    ),
    (
        "Share of starts",
        "Of random directions, how many climb there along the slope. The interval is Wilson's, 95 %.",
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
