//! The microscope on networks whose structure is known.

mod applies;
mod codes;
mod equivariant;
mod helpers;
mod reading;
