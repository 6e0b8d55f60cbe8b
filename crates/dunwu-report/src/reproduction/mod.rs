//! The page of published results that were measured again, and its figures.

mod page;
mod record;
mod strips;
mod words;

use crate::drawing::files;
use crate::medium::Medium;
pub use page::reproduction_page;
pub use record::{ReproductionNumber, ReproductionPage, ReproductionRow, ReproductionVerdict};

/// The figures as files, one a row that has numbers: name and SVG text, in light colours.
pub fn reproduction_figures(page: &ReproductionPage) -> Vec<(String, String)> {
    files(strips::draw(page, Medium::File).into_iter())
}
