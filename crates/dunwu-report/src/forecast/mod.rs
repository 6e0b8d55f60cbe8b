//! The page of forecasts, and its figures.

mod fan;
mod page;
mod record;

use crate::drawing::files;
use crate::medium::Medium;
pub use page::forecast_page;
pub use record::{ForecastFan, ForecastJump, ForecastPage, ForecastRow};

/// Runs that have a picture at most, so that a page of thousands can still be opened.
pub(crate) const PICTURES: usize = 60;

/// The figures as files: name and SVG text, in light colours.
pub fn forecast_figures(page: &ForecastPage) -> Vec<(String, String)> {
    let runs = page.runs.iter().enumerate().take(PICTURES);
    files(runs.filter_map(|(i, run)| fan::one(run, i, Medium::File)))
}
