//! What a look into a transformer found: its section of the page of a run, and its figures.

mod record;

pub use record::{
    Circuit, CircuitCluster, CircuitFeature, CircuitKey, CircuitLayer, CircuitMoment, CircuitPlane,
    CircuitScore, CircuitScores,
};
