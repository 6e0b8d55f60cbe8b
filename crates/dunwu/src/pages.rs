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
    match kind(dir) {
        Some(Kind::Comparison) => crate::compare::rebuild(dir),
        Some(Kind::Sweep) => crate::boundary::rebuild_any(dir, view),
        Some(Kind::Suite) => crate::reproduce::rebuild(dir),
        Some(Kind::Diagnosis) => crate::diagnose::redraw(dir),
        Some(Kind::Landscape) => crate::landscape_page::redraw(dir),
        None => crate::lab::report(dir),
    }
}

/// What a directory holds, if a command made it and it is no run: `a sweep`, `a comparison` and so on.
pub fn other_than_run(dir: &Utf8Path) -> Option<&'static str> {
    kind(dir).map(|kind| match kind {
        Kind::Comparison => "a comparison",
        Kind::Sweep => "a sweep or borders",
        Kind::Suite => "published results",
        Kind::Diagnosis => "a diagnosis",
        Kind::Landscape => "a landscape",
    })
}

/// Kinds of directories beside runs.
#[derive(Clone, Copy)]
enum Kind {
    Comparison,
    Sweep,
    Suite,
    Diagnosis,
    Landscape,
}

/// Whether a directory is of one kind.
type Is = fn(&Utf8Path) -> bool;

/// The kind of a directory; None is a run, or nothing that a command made.
fn kind(dir: &Utf8Path) -> Option<Kind> {
    let kinds: [(Is, Kind); 5] = [
        (crate::compare::is_comparison, Kind::Comparison),
        (SweepReader::is_sweep, Kind::Sweep),
        (crate::reproduce::is_suite, Kind::Suite),
        (crate::diagnose::is_diagnosis, Kind::Diagnosis),
        (crate::landscape_page::is_landscape, Kind::Landscape),
    ];
    kinds.iter().find(|(is, _)| is(dir)).map(|(_, kind)| *kind)
}
