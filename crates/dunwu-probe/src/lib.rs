//! Measures of one snapshot: norms, gradients, Gram ratios, spectra, attention, circuits.
//!
//! A probe sees named tensors and cannot tell whether they come from a network in training or from a
//! file. Each is one entry of [`ALL`], which help and docs are made from.

mod attention;
mod circuit;
mod embedding;
mod gradient;
mod gram;
mod layers;
mod matrix;
mod norms;
mod rank;
mod select;
mod spectrum;
mod update;
mod update_spectrum;

pub use attention::{AttentionMaps, LayerMaps};
pub use circuit::{AnswerScore, KEYS, Nodes, Outputs, Plane, keys_of, nodes, plane};
pub use embedding::embedding_shares;
pub use select::{ALL, Entry, Setting, select};
pub use spectrum::{FeatureMap, feature_map};
