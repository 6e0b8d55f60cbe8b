//! The page of an energy landscape and its figures.

mod contour;
mod heights;
pub(crate) mod page;
mod peaks;
mod record;
mod slice;
mod tables;
mod walks;
pub(crate) mod words;

use crate::drawing::{Drawing, files};
use crate::medium::Medium;
pub use page::landscape_page;
pub use record::{
    End, LandscapePage, PeakBorder, PeakFamily, SampleHeights, Slice, SliceMap, Walk,
};

/// The pictures that a kind of figure has of a page.
type Draw = fn(&LandscapePage, Medium) -> Vec<Drawing>;

/// Every kind of figure with the beginning of its files' names, sorted.
pub(crate) const ALL: &[(&str, Draw)] = &[
    ("heights", heights::draw),
    ("peaks", peaks::draw),
    ("slice", slice::draw),
    ("walks", walks::draw),
];

/// The figures of a landscape as files: name and SVG text, in light colours.
pub fn landscape_figures(page: &LandscapePage) -> Vec<(String, String)> {
    files(ALL.iter().flat_map(|(_, draw)| draw(page, Medium::File)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::ALL.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
