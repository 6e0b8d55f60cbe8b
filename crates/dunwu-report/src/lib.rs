//! Findings to figures, figures to SVG and one HTML page.
//!
//! Figure data is made first (axes, series, bands, marks) and drawn afterwards. Nothing is written and nothing is
//! read: the same input gives the same bytes. The page needs no network, and no script to show its pictures.

mod draw;
mod families;
mod figure;
mod map;
mod page;
mod run;
mod scale;
mod strips;
mod summary;
mod svg;
mod text;
mod theme;

pub use page::page;
pub use run::{MapData, RunPage, SeedPage};

/// The figures of the page as files: name and SVG text, in light colours, in the order of the page.
pub fn figures(run: &RunPage<'_>) -> Vec<(String, String)> {
    let (charts, _) = figure::all(run);
    let file = |name: &str, svg: String| (format!("{name}.svg"), svg);
    let mut out: Vec<_> = charts
        .iter()
        .map(|f| file(&f.name, draw::chart(f, draw::Medium::File)))
        .collect();
    out.extend(strips::strips(run, draw::Medium::File).map(|svg| file("stages", svg)));
    if let Some(map) = map::drawn(run).first() {
        out.push(file("neurons_features", map::heat(map, draw::Medium::File)));
    }
    if let Some((epoch, coverage)) = map::coverage(run) {
        out.push(file(
            "coverage",
            map::bars(&coverage, epoch, draw::Medium::File),
        ));
    }
    out
}
