//! The microscope on networks whose structure is known.

mod helpers;
mod reading;
