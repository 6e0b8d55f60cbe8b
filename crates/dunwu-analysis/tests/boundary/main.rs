//! Borders, laws and collapses on synthetic runs whose truth is known, and fates on recorded ones.

mod border;
mod collapse;
mod laws;
mod next;
mod settled;
mod synthetic;
