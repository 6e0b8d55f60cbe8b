//! Whose page a directory has.

use crate::error::Error;
use crate::sweep::SweepView;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_store::SweepReader;

/// Rebuilds the page of a directory, of whatever command, from its record, and gives the page's path.
///
/// `view` is what the page of a sweep shows.
///
/// # Errors
/// A directory that no command made, is in use, damaged, or made by a newer version.
pub fn rebuild_page(dir: &Utf8Path, view: &SweepView) -> Result<Utf8PathBuf, Error> {
    if crate::compare::is_comparison(dir) {
        crate::compare::rebuild(dir)
    } else if SweepReader::is_sweep(dir) {
        crate::boundary::rebuild_any(dir, view)
    } else if crate::reproduce::is_suite(dir) {
        crate::reproduce::rebuild(dir)
    } else if crate::diagnose::is_diagnosis(dir) {
        crate::diagnose::redraw(dir)
    } else if crate::landscape_page::is_landscape(dir) {
        crate::landscape_page::redraw(dir)
    } else {
        crate::lab::report(dir)
    }
}
