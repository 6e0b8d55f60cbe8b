//! The page of a sweep and its figures.

mod curves;
mod lattice;
mod line;
mod page;
mod phase;
mod record;
mod shade;
mod survival;
mod tables;
mod words;

use crate::drawing::{Drawing, files};
use crate::medium::Medium;
pub use page::sweep_page;
pub use record::{
    AxisValue, CurveBand, CurveSet, GroupCurve, Measure, PhaseCell, PhaseDiagram, SurvivalGroup,
    SurvivalSet, SurvivalStep, SweepAxis, SweepCounts, SweepPage, SweepSpread,
};

/// The pictures that a kind of figure has of a page.
type Draw = fn(&SweepPage, Medium) -> Vec<Drawing>;

/// Every kind of figure with the beginning of its files' names, sorted.
pub(crate) const ALL: &[(&str, Draw)] = &[
    ("curves", curves::draw),
    ("phase", phase::draw),
    ("survival", survival::draw),
];

/// The figures of a sweep as files: name and SVG text, in light colours.
pub fn sweep_figures(page: &SweepPage) -> Vec<(String, String)> {
    files(ALL.iter().flat_map(|(_, draw)| draw(page, Medium::File)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::ALL.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
