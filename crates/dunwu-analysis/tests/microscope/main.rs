//! The microscope on networks whose structure is known.

mod codes;
mod equivariant;
mod helpers;
mod reading;
