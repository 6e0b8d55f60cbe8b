//! The page of a diagnosis, and a small picture for each finding.

mod page;
mod picture;
mod record;

use crate::drawing::files;
use crate::medium::Medium;
pub use page::diagnosis_page;
pub use record::{
    DiagnosedFinding, DiagnosedLook, DiagnosedRun, DiagnosedSign, DiagnosisPage, DrawnSeries,
};

/// The figures as files, one a finding that shows a series: name and SVG text, in light colours.
pub fn diagnosis_figures(page: &DiagnosisPage) -> Vec<(String, String)> {
    let runs = page::shown(page);
    let all = runs
        .iter()
        .flat_map(|(i, run)| run.findings.iter().map(move |f| (*i, *run, f)));
    files(all.filter_map(|(i, run, f)| picture::picture(run, i, f, Medium::File)))
}
