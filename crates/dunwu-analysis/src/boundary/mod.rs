//! The border between memorising and generalising.

mod border;
mod collapse;
mod laws;
mod next;
mod posterior;
mod settled;
mod window;

pub use border::{Border, Observation, border, is_precise};
pub use collapse::{Collapse, Reading, Scaled, Scaling, collapse};
pub use laws::{ALL, Form, LawFit, MARGIN_BITS, Miss, Point, Prediction, Voice, laws, predict};
pub use next::{next, snap};
pub use settled::{Settled, settled};
pub use window::{BoundaryError, Window};
