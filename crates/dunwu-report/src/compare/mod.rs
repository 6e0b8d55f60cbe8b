//! The page of a comparison and its figures.

mod canvas;
mod crossing;
mod features;
mod gradients;
mod likeness;
mod page;
mod pairs;
mod record;
mod tables;
mod tuning;

use crate::drawing::Drawing;
use crate::medium::Medium;
pub use page::compare_page;
pub use record::{
    AlongWay, ComparePage, ComparedSide, Covered, Gradients, Likeness, Pairing, Representations,
};

/// The pictures that a kind of figure has of a page.
type Draw = fn(&ComparePage, Medium) -> Vec<Drawing>;

/// Every kind of figure with the beginning of its files' names, sorted.
pub(crate) const ALL: &[(&str, Draw)] = &[
    ("crossing", crossing::draw),
    ("features", features::draw),
    ("gradients", gradients::draw),
    ("likeness", likeness::draw),
    ("pairs", pairs::draw),
    ("tuning", tuning::draw),
];

/// The figures of a comparison as files: name and SVG text, in light colours.
pub fn compare_figures(page: &ComparePage) -> Vec<(String, String)> {
    let drawn = ALL.iter().flat_map(|(_, draw)| draw(page, Medium::File));
    drawn.map(|d| (format!("{}.svg", d.name), d.svg)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::ALL.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
