//! How long files may be.

use crate::Findings;
use std::path::Path;

/// Lines of the longest file.
const MOST: usize = 800;

pub(crate) fn check(root: &Path) -> Findings {
    let long = |path: std::path::PathBuf| {
        let lines = std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
        (lines > MOST).then(|| format!("{}: {lines} lines, more than {MOST}", path.display()))
    };
    crate::files(root, &[".rs"])
        .into_iter()
        .filter_map(long)
        .collect()
}
