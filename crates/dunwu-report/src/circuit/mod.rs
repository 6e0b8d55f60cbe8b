//! What a look into a transformer found: its section of the page of a run, and its figures.

mod circles;
mod losses;
mod record;
mod section;
mod spectra;

use crate::drawing::{Drawing, files};
use crate::medium::Medium;
pub use record::{
    Circuit, CircuitCluster, CircuitFeature, CircuitKey, CircuitLayer, CircuitMoment, CircuitPlane,
    CircuitScore, CircuitScores,
};
pub(crate) use section::{nothing, section};

/// The picture that a kind of figure has of a record, if it has one.
type Draw = fn(&Circuit, Medium) -> Option<Drawing>;

/// Every kind of figure, sorted by the name of its file.
pub(crate) const ALL: &[Draw] = &[losses::draw, spectra::draw, circles::draw];

/// The figures as files.
pub(crate) fn figures(circuit: &Circuit) -> Vec<(String, String)> {
    files(ALL.iter().filter_map(|draw| draw(circuit, Medium::File)))
}
