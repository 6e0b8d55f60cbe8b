//! The page of borders between memorising and generalising, and its figures.

mod collapse;
mod law;
mod page;
mod record;
mod tables;
mod transition;
mod words;

use crate::drawing::{Drawing, files};
use crate::medium::Medium;
pub use page::border_page;
pub use record::{
    BorderCollapse, BorderGrid, BorderLaw, BorderLaws, BorderPage, BorderPrediction, BorderRun,
    BorderSetting, CollapseCurve, Estimate, LawMiss, LawPoint, TransitionPoint,
};

/// The pictures that a kind of figure has of a page.
type Draw = fn(&BorderPage, Medium) -> Vec<Drawing>;

/// Every kind of figure with the beginning of its files' names, sorted.
pub(crate) const ALL: &[(&str, Draw)] = &[
    ("border", transition::draw),
    ("collapse", collapse::draw),
    ("laws", law::draw),
];

/// The figures as files: name and SVG text, in light colours.
pub fn border_figures(page: &BorderPage) -> Vec<(String, String)> {
    files(ALL.iter().flat_map(|(_, draw)| draw(page, Medium::File)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::ALL.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
