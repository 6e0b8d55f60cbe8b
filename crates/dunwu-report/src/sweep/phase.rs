//! A measure over two axes: one cell a setting, its colour the median over seeds, with a mark where seeds disagree.

use super::lattice::{Foot, Lattice, scale_note, side, side_room};
use super::record::{PhaseCell, PhaseDiagram, SweepAxis, SweepPage};
use super::shade::Shades;
use super::words::{GENERALISED, phase_name, phase_title};
use super::{line, record::Measure};
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::svg::{Svg, px};
use crate::text::{counted, cut, percent, text_width};
use crate::theme::STEPS;
use std::collections::BTreeMap;

/// Cells are at most so wide and so tall.
const WIDEST: f64 = 110.0;
const TALLEST: f64 = 36.0;

/// Size from which a cell has room for a strip with its low and high quantile.
const STRIP: (f64, f64) = (10.0, 20.0);

/// Share of cells that must have room for their value, or none is labelled.
const LABELLED: f64 = 0.75;

/// A diagram with what it refers to.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) phase: &'a PhaseDiagram,
    pub(crate) measure: &'a Measure,
    pub(crate) x: &'a SweepAxis,
    pub(crate) y: Option<&'a SweepAxis>,
}

impl<'a> View<'a> {
    /// The diagram; None if its parts do not fit together.
    pub(crate) fn of(page: &'a SweepPage, phase: &'a PhaseDiagram) -> Option<Self> {
        if !page.fits(phase) {
            return None;
        }
        Some(Self {
            phase,
            measure: page.measures.get(phase.measure)?,
            x: page.axes.get(phase.x).filter(|a| !a.values.is_empty())?,
            y: match phase.y {
                Some(y) => Some(page.axes.get(y).filter(|a| !a.values.is_empty())?),
                None => None,
            },
        })
    }
}

pub(crate) fn draw(page: &SweepPage, medium: Medium) -> Vec<Drawing> {
    let phases = page.phases.iter().enumerate();
    phases
        .filter_map(|(i, phase)| one(page, i, phase, medium))
        .collect()
}

/// The picture of diagram i.
pub(crate) fn one(
    page: &SweepPage,
    i: usize,
    phase: &PhaseDiagram,
    medium: Medium,
) -> Option<Drawing> {
    let view = View::of(page, phase)?;
    let (name, title) = (phase_name(page, i), phase_title(&view));
    let description = describe(&view);
    let title = Title {
        name: &name,
        title: &title,
        description: &description,
    };
    Some(match view.y {
        Some(y) => map(&view, y, &title, medium),
        None => line::draw(&view, &title, medium),
    })
}

/// Where the cells of a map lie.
struct Map<'a> {
    columns: Lattice,
    rows: Lattice,
    shades: Shades,
    cells: Vec<&'a PhaseCell>,
}

fn map(view: &View<'_>, y: &SweepAxis, title: &Title<'_>, medium: Medium) -> Drawing {
    let top = title_room(medium) + legend_room(medium) + 26.0;
    let left = side_room(
        y,
        if medium == Medium::Narrow {
            92.0
        } else {
            170.0
        },
    );
    let (columns, rows) = (view.x.values.len() as f64, y.values.len() as f64);
    let width = (medium.width() - left - 8.0).min(columns * WIDEST);
    let height = rows * (560.0 / rows).clamp(4.0, TALLEST);
    let place = Map {
        columns: Lattice::new(view.x, (left, left + width)),
        rows: Lattice::new(y, (top + height, top)),
        shades: Shades::new(view.measure, &view.phase.cells),
        cells: in_order(view),
    };
    let foot = Foot {
        axis: view.x,
        cells: &place.columns,
    };
    let mut svg = title.begin(medium, top + height + foot.room());
    legend(&mut svg, &place, view, medium);
    let label = format!("{}{}", y.label, scale_note(y, &place.rows));
    svg.text((6.0, top - 10.0), "tick", "start", &label);
    absent(&mut svg, &place);
    fill(&mut svg, &place);
    rims(&mut svg, &place);
    if view.measure.name == GENERALISED && view.measure.share {
        half(&mut svg, &place);
    }
    spread(&mut svg, &place);
    labels(&mut svg, &place);
    side(&mut svg, y, &place.rows, left);
    foot.draw(&mut svg, top + height);
    title.end(svg)
}

/// The cells by row and column; those that point outside are left out.
pub(super) fn in_order<'a>(view: &View<'a>) -> Vec<&'a PhaseCell> {
    let rows = view.y.map_or(1, |y| y.values.len());
    let inside = |c: &&PhaseCell| c.x < view.x.values.len() && c.y < rows && c.runs > 0;
    let mut cells: Vec<&PhaseCell> = view.phase.cells.iter().filter(inside).collect();
    cells.sort_by_key(|c| (c.y, c.x));
    cells.dedup_by_key(|c| (c.y, c.x));
    cells
}

fn legend_room(medium: Medium) -> f64 {
    if medium == Medium::Narrow { 92.0 } else { 56.0 }
}

/// The ramp with the values at its edges, and what the other marks mean.
fn legend(svg: &mut Svg, map: &Map<'_>, view: &View<'_>, medium: Medium) {
    let shades = &map.shades;
    let top = title_room(medium);
    let unit = if view.measure.share { ", in %" } else { "" };
    let label = cut(
        &format!("{}{unit}", view.measure.label),
        medium.width() - 12.0,
    );
    svg.text((6.0, top + 13.0), "strong", "start", &label);
    let step = if medium == Medium::Narrow { 34.0 } else { 38.0 };
    let (left, y) = (10.0, top + 21.0);
    for i in 0..STEPS {
        svg.rect(
            (left + step * i as f64, y),
            (step, 13.0),
            &format!("r{i} keyed"),
        );
    }
    for i in [0, 3, 6, STEPS] {
        let at = (left + step * i as f64, y + 27.0);
        let anchor = if i == 0 { "start" } else { "middle" };
        svg.text(at, "tick", anchor, &shades.short(shades.edge(i)));
    }
    let start = if medium == Medium::Narrow {
        (left, y + 50.0)
    } else {
        (left + step * STEPS as f64 + 34.0, y + 11.0)
    };
    key(svg, map, view.measure.share, start);
}

/// The marks that occur: cells without runs, without a value, and with seeds that disagree.
fn key(svg: &mut Svg, map: &Map<'_>, share: bool, (mut x, y): (f64, f64)) {
    let cells = &map.cells;
    if cells.len() < map.columns.len() * map.rows.len() {
        svg.path(&cross((x + 7.0, y - 4.0), 4.0), "absent");
        svg.text((x + 18.0, y), "tick", "start", "no run");
        x += 74.0;
    }
    if cells.iter().any(|c| c.value.is_none()) {
        svg.rect((x, y - 11.0), (14.0, 13.0), "lazy keyed");
        svg.text((x + 19.0, y), "tick", "start", "never");
        x += 68.0;
    }
    if cells.iter().any(|c| disagrees(map, c).is_some()) {
        let what = if share { "unsure" } else { "seeds disagree" };
        let room = has_strip(map, cells[0]);
        svg.rect((x, y - 11.0), (26.0, 13.0), "r4 keyed");
        if room {
            svg.rect((x + 2.0, y - 4.0), (11.0, 5.0), "r1");
            svg.rect((x + 13.0, y - 4.0), (11.0, 5.0), "r7");
        } else {
            let stroke = format!("M{} {}l22 -9", px(x + 2.0), px(y));
            svg.path(&stroke, "apart");
            svg.path(&stroke, "apart inner");
        }
        let text = format!("{what}{}", if room { ": low, high" } else { "" });
        svg.text((x + 32.0, y), "tick", "start", &text);
    }
}

fn cross((x, y): (f64, f64), r: f64) -> String {
    let at = |x: f64, y: f64| format!("{} {}", px(x), px(y));
    format!(
        "M{}L{}M{}L{}",
        at(x - r, y - r),
        at(x + r, y + r),
        at(x - r, y + r),
        at(x + r, y - r)
    )
}

/// A cross in every cell that has no run.
fn absent(svg: &mut Svg, map: &Map<'_>) {
    let mut known = map.cells.iter().map(|c| (c.y, c.x)).peekable();
    let mut data = String::new();
    for y in 0..map.rows.len() {
        for x in 0..map.columns.len() {
            if known.next_if_eq(&(y, x)).is_some() {
                continue;
            }
            let r = (map.columns.size(x).min(map.rows.size(y)) * 0.28).min(5.0);
            let at = (map.columns.middle(x), map.rows.middle(y));
            data.push_str(&cross(at, r));
        }
    }
    svg.path(&data, "absent");
}

/// The step of a cell; None for one whose median run never got there.
fn step(map: &Map<'_>, cell: &PhaseCell) -> Option<usize> {
    cell.value.map(|v| map.shades.step(v))
}

fn class(step: Option<usize>) -> String {
    step.map_or_else(|| "lazy".to_owned(), |s| format!("r{s}"))
}

fn rectangle((x0, x1): (f64, f64), (y0, y1): (f64, f64)) -> String {
    let (w, h) = (px(x1 - x0), px(y1 - y0));
    format!("M{} {}h{w}v{h}h-{w}z", px(x0), px(y0))
}

/// One path a colour; equal cells side by side are one rectangle.
fn fill(svg: &mut Svg, map: &Map<'_>) {
    for wanted in std::iter::once(None).chain((0..STEPS).map(Some)) {
        let mut data = String::new();
        let alike = |a: &&PhaseCell, b: &&PhaseCell| {
            a.y == b.y && a.x + 1 == b.x && step(map, a) == step(map, b)
        };
        for run in map.cells.chunk_by(alike) {
            let (first, last) = (run[0], run[run.len() - 1]);
            if step(map, first) == wanted {
                let (x0, x1) = (map.columns.span(first.x).0, map.columns.span(last.x).1);
                data.push_str(&rectangle((x0, x1), map.rows.span(first.y)));
            }
        }
        svg.path(&data, &class(wanted));
    }
}

/// Lines between the cells, where cells are large enough.
fn rims(svg: &mut Svg, map: &Map<'_>) {
    let (columns, rows) = (&map.columns, &map.rows);
    let least = |l: &Lattice| (0..l.len()).map(|i| l.size(i)).fold(f64::MAX, f64::min);
    if least(columns) < 12.0 || least(rows) < 12.0 {
        return;
    }
    let (left, right) = (columns.span(0).0, columns.span(columns.len() - 1).1);
    let (bottom, top) = (rows.span(0).1, rows.span(rows.len() - 1).0);
    let mut data = String::new();
    for x in columns.inner() {
        data.push_str(&format!("M{} {}V{}", px(*x), px(top), px(bottom)));
    }
    for y in rows.inner() {
        data.push_str(&format!("M{} {}H{}", px(left), px(*y), px(right)));
    }
    svg.path(&data, "rims");
}

/// The edges between cells where at least half of the runs have it and those where fewer do.
fn half(svg: &mut Svg, map: &Map<'_>) {
    let over: BTreeMap<(usize, usize), bool> = map
        .cells
        .iter()
        .filter_map(|c| Some(((c.x, c.y), c.value? >= 0.5)))
        .collect();
    let mut data = String::new();
    for ((x, y), here) in &over {
        let ((_, right), (top, bottom)) = (map.columns.span(*x), map.rows.span(*y));
        if over.get(&(x + 1, *y)).is_some_and(|there| there != here) {
            data.push_str(&format!("M{} {}V{}", px(right), px(top), px(bottom)));
        }
        if over.get(&(*x, y + 1)).is_some_and(|there| there != here) {
            let (left, right) = map.columns.span(*x);
            data.push_str(&format!("M{} {}H{}", px(left), px(top), px(right)));
        }
    }
    svg.path(&data, "border outer");
    svg.path(&data, "border");
}

/// The steps of a cell's quantiles, where they are so far apart that seeds can be said to disagree.
fn disagrees(map: &Map<'_>, cell: &PhaseCell) -> Option<(usize, Option<usize>)> {
    let low = map.shades.step(cell.low?);
    match cell.high.map(|h| map.shades.step(h)) {
        Some(high) => (high >= low + 2).then_some((low, Some(high))),
        None => (cell.censored > 0).then_some((low, None)),
    }
}

fn has_strip(map: &Map<'_>, cell: &PhaseCell) -> bool {
    map.columns.size(cell.x) >= STRIP.0 && map.rows.size(cell.y) >= STRIP.1
}

/// A strip with the colours of the low and the high quantile, or a stroke where there is no room.
fn spread(svg: &mut Svg, map: &Map<'_>) {
    let mut strokes = String::new();
    for cell in &map.cells {
        let Some((low, high)) = disagrees(map, cell) else {
            continue;
        };
        let ((x0, x1), (y0, y1)) = (map.columns.span(cell.x), map.rows.span(cell.y));
        if !has_strip(map, cell) {
            let at = |x: f64, y: f64| format!("{} {}", px(x), px(y));
            strokes.push_str(&format!(
                "M{}L{}",
                at(x0 + 1.5, y1 - 1.5),
                at(x1 - 1.5, y0 + 1.5)
            ));
            continue;
        }
        let half = ((x1 - x0 - 6.0) / 2.0).min(24.0);
        let (x, y) = ((x0 + x1) / 2.0 - half, y1 - 8.0);
        svg.rect((x - 1.0, y - 1.0), (2.0 * half + 2.0, 7.0), "paper");
        svg.rect((x, y), (half, 5.0), &class(Some(low)));
        svg.rect((x + half, y), (half, 5.0), &class(high));
    }
    svg.path(&strokes, "apart");
    svg.path(&strokes, "apart inner");
}

/// A cell's value, if there is room for it.
fn label(map: &Map<'_>, cell: &PhaseCell) -> Option<String> {
    let text = cell.value.map_or("–".into(), |v| map.shades.short(v));
    let (w, h) = (map.columns.size(cell.x), map.rows.size(cell.y));
    (h >= 15.0 && text_width(&text, 12.0) + 2.0 <= w).then_some(text)
}

/// The values of the cells, if most have room for theirs.
fn labels(svg: &mut Svg, map: &Map<'_>) {
    let known = |c: &&&PhaseCell| label(map, c).is_some();
    if (map.cells.iter().filter(known).count() as f64) < LABELLED * map.cells.len() as f64 {
        return;
    }
    for cell in &map.cells {
        let Some(text) = label(map, cell) else {
            continue;
        };
        let strip = disagrees(map, cell).is_some() && has_strip(map, cell);
        let lift = if strip { 4.0 } else { 0.0 };
        let at = (
            map.columns.middle(cell.x),
            map.rows.middle(cell.y) + 4.0 - lift,
        );
        let class = step(map, cell).map_or("in".into(), |s| format!("on{s}"));
        svg.text(at, &class, "middle", &text);
    }
}

/// The picture in words.
fn describe(view: &View<'_>) -> String {
    let cells = in_order(view);
    let known: Vec<f64> = cells.iter().filter_map(|c| c.value).collect();
    let write = |v: f64| {
        if view.measure.share {
            percent(v)
        } else {
            crate::text::number(v, 4)
        }
    };
    let range = known
        .iter()
        .copied()
        .reduce(f64::min)
        .zip(known.iter().copied().reduce(f64::max));
    let values = range.map_or_else(
        || " No cell has a value.".to_owned(),
        |(low, high)| format!(" Values from {} to {}.", write(low), write(high)),
    );
    let all = view.x.values.len() * view.y.map_or(1, |y| y.values.len());
    format!(
        "{} with runs of {all}.{values} The table below has every number.",
        counted(cells.len() as u64, "setting")
    )
}
