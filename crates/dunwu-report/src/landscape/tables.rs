//! All numbers that the figures draw.

use super::heights::{At, Range, SIDES, by_share};
use super::record::{LandscapePage, PeakFamily, Slice};
use super::slice::named;
use super::words::{groups, meaning, memory, name};
use crate::text::{grouped, number, percent};
use maud::{Markup, html};

/// Families that are listed at most.
const LISTED: usize = 200;

/// Families of peaks with curvature and basin.
pub(super) fn peaks(page: &LandscapePage) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Numbers: peaks" {
            table.numbers {
                thead { tr {
                    th scope="col" { "feature" } th scope="col" { (page.unit) } th scope="col" { "theory" }
                    th scope="col" { "E" } th scope="col" { "type" } th scope="col" { "flat" }
                    th scope="col" { "softest" } th scope="col" { "rising" } th scope="col" { "places" } th scope="col" { "starts" }
                    th scope="col" { "share" } th scope="col" { "95 % interval" }
                    @if grouped_figure(page) { th.words scope="col" { "what it is" } }
                } }
                tbody { @for peak in page.peaks.iter().take(LISTED) { (peak_row(page, peak)) } }
            }
        }
        @if page.peaks.len() > LISTED {
            p.quiet { "The " (LISTED) " highest of " (page.peaks.len()) " families; all are in "
                a href="landscape.json" { "landscape.json" } "." }
        }
    }
}

/// Whether the figure draws several families as one, and so leaves what each is to the table.
fn grouped_figure(page: &LandscapePage) -> bool {
    groups(page).len() < page.peaks.len()
}

fn peak_row(page: &LandscapePage, p: &PeakFamily) -> Markup {
    let kind = p.kind.as_deref().map_or_else(
        || "–".to_owned(),
        |k| format!("{k}, d = {}", p.dim.unwrap_or(0)),
    );
    let flat = match p.theory_nullity {
        Some(n) if n != p.nullity => format!("{} (theory {n})", p.nullity),
        _ => p.nullity.to_string(),
    };
    let optional = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| number(x, 6));
    html! {
        tr {
            th scope="row" { (name(p)) }
            td { (number(p.height, 6)) } td { (optional(p.theory)) } td { (number(p.energy, 6)) }
            td { (kind) } td { (flat) } td { (optional(p.softest)) } td { (p.rising) }
            td { (p.places.map_or_else(|| "–".to_owned(), |n| n.to_string())) }
            td { (grouped(p.count as u64)) " of " (grouped(page.starts as u64)) }
            td { (percent(p.basin)) } td { (percent(p.basin_low)) " to " (percent(p.basin_high)) }
            @if grouped_figure(page) { td.words { (meaning(p, page.cyclic.as_deref())) } }
        }
    }
}

/// Heights of one energy by share.
pub(super) fn heights(page: &LandscapePage, energy: &str) -> Markup {
    let shares = by_share(page, energy);
    html! {
        details {
            summary { "Numbers" }
            div.scroll tabindex="0" role="region" aria-label="Numbers: heights against data" {
                table.numbers {
                    thead { tr {
                        th scope="col" { "kept" } th scope="col" { "rows" } th scope="col" { "splits" }
                        th scope="col" { "generalises" } th scope="col" { "memorises" }
                        th scope="col" { "survive" } th scope="col" { "of starts" } th scope="col" { "95 % of the latter" }
                        th.words scope="col" { "highest memory" }
                    } }
                    tbody { @for at in &shares { (height_row(at)) } }
                }
            }
        }
    }
}

fn height_row(at: &At<'_>) -> Markup {
    let cell = |range: Option<Range>, write: &dyn Fn(f64) -> String| match range {
        None => "–".to_owned(),
        Some((low, middle, high)) if low == high => write(middle),
        Some((low, middle, high)) => {
            format!("{} ({} to {})", write(middle), write(low), write(high))
        }
    };
    let height = |x: f64| number(x, 4);
    let one = (at.splits.len() == 1).then(|| at.splits[0]);
    let interval = one.map_or_else(
        || "–".to_owned(),
        |s| format!("{} to {}", percent(s.basin_low), percent(s.basin_high)),
    );
    html! {
        tr {
            th scope="row" { (percent(at.kept)) } td { (grouped(at.rows as u64)) } td { (at.splits.len()) }
            @for (_, _, value) in &SIDES { td { (cell(at.range(value), &height)) } }
            td { (cell(at.range(&|s| Some(s.survival)), &percent)) }
            td { (cell(at.range(&|s| Some(s.basin)), &percent)) }
            td { (interval) }
            td.words { (nature(at)) }
        }
    }
}

/// What the highest peak that memorises holds, on the first split.
fn nature(at: &At<'_>) -> String {
    let known = at.splits.iter().find_map(|s| s.nature.as_deref());
    known.map_or_else(|| "–".to_owned(), |n| format!("{n}: {}", memory(n)))
}

/// The two ends of each walk.
pub(super) fn walks(slice: &Slice) -> Markup {
    html! {
        details {
            summary { "Numbers" }
            div.scroll tabindex="0" role="region" aria-label="Numbers: the way between two peaks" {
                table.numbers {
                    thead { tr {
                        th scope="col" { "kept" } th scope="col" { "first end" } th scope="col" { "height" }
                        th scope="col" { "second end" } th scope="col" { "height" } th scope="col" { "degrees apart" }
                        th scope="col" { "lowest between" }
                    } }
                    tbody { @for walk in &slice.walks {
                        @let [a, b] = &walk.ends;
                        @let low = walk.points.iter().filter(|p| p.0 >= a.angle && p.0 <= b.angle).map(|p| p.1).fold(f64::INFINITY, f64::min);
                        tr {
                            th scope="row" { (percent(walk.kept)) }
                            @for end in &walk.ends {
                                td { (named(end)) @if !end.is_peak { " (no peak here)" } } td { (number(end.height, 4)) }
                            }
                            td { (number(b.angle - a.angle, 4)) } td { (number(low, 4)) }
                        }
                    } }
                }
            }
            p.quiet { "The heights of the map and of the ways are in " a href="landscape.json" { "landscape.json" } ", field " code { "slice" } "." }
        }
    }
}
