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

/// Whether a directory is of one kind.
type Is = fn(&Utf8Path) -> bool;

/// What a directory holds, if a command made it and it is no run: `a sweep`, `a comparison` and so on.
pub fn other_than_run(dir: &Utf8Path) -> Option<&'static str> {
    let kinds: [(Is, &str); 5] = [
        (crate::compare::is_comparison, "a comparison"),
        (SweepReader::is_sweep, "a sweep or borders"),
        (crate::reproduce::is_suite, "published results"),
        (crate::diagnose::is_diagnosis, "a diagnosis"),
        (crate::landscape_page::is_landscape, "a landscape"),
    ];
    kinds.iter().find(|(is, _)| is(dir)).map(|(_, what)| *what)
}
