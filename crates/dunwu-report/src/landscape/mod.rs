//! The page of an energy landscape and its figures.

mod contour;
mod heights;
pub(crate) mod page;
mod peaks;
pub(crate) mod plot;
mod record;
mod slice;
mod tables;
mod walks;
pub(crate) mod words;

use crate::medium::Medium;
pub use page::landscape_page;
pub use record::{
    End, LandscapePage, PeakBorder, PeakFamily, SampleHeights, Slice, SliceMap, Walk,
};

/// A picture and the name of its file.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    pub(crate) name: String,
    pub(crate) svg: String,
}

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
    let drawn = ALL.iter().flat_map(|(_, draw)| draw(page, Medium::File));
    drawn.map(|d| (format!("{}.svg", d.name), d.svg)).collect()
}

/// A name that a file may have.
pub(crate) fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::ALL.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
