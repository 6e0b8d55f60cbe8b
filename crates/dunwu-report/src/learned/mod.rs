//! What a look into a network found: its section of the page of a run, and its figures.

mod circles;
mod formula;
mod lengths;
mod pushes;
mod record;
mod section;

use crate::drawing::{Drawing, files};
use crate::medium::Medium;
pub use record::{Circle, Learned, LearnedFeature, LearnedFormula, LearnedMoment, LearnedTerm};
pub(crate) use section::section;

/// The picture that a kind of figure has of a record, if it has one.
type Draw = fn(&Learned, Medium) -> Vec<Drawing>;

/// Every kind of figure with the name of its file, sorted.
pub(crate) const ALL: &[(&str, Draw)] = &[
    ("circles", circles::draw),
    ("gradient_features", pushes::draw),
    ("lengths", lengths::draw),
];

/// The figures as files.
pub(crate) fn figures(learned: &Learned) -> Vec<(String, String)> {
    files(ALL.iter().flat_map(|(_, draw)| draw(learned, Medium::File)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::ALL.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
