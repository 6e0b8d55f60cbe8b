//! What one network has learned: its nodes, its features, and the short program that it is, if it is one.
//!
//! Everything here is a pure function of a snapshot, the data set, the features of the task and, where
//! answers are needed, the outputs on all rows. Start with [`Network::read`] and [`Transforms::of`];
//! then
//!
//! | function | what |
//! |---|---|
//! | [`nodes`] | by node norms, feature, purity, rank one, phases; dead ones and duplicates |
//! | [`coverage`], [`movement`] | which features are held by whom, and how that changed |
//! | [`gradient_split`] | which features the gradient pushes |
//! | [`ablation`], [`node_ablation`] | loss and accuracy without a feature |
//! | [`prune`] | accuracy without the nodes of lowest or highest participation |
//! | [`factorisation`] | whether solutions are products of small ones |
//! | [`formula`] | the outputs as characters of a b c⁻¹ |
//! | [`description_length`] | table, weights or formula: which says the answers in the fewest bits |
//!
//! At 2048 nodes and 71 tokens each takes well under a second on two cores, and at 251 tokens up to a
//! minute, most of it for the losses without each feature.
//!
//! [`examine`] calls them all. A function that does not apply returns a sentence that says why.

mod ablation;
mod code;
mod coverage;
mod examine;
mod factor;
mod formula;
mod formula_text;
mod gradient;
mod length;
mod logits;
mod network;
mod node_ablation;
mod nodes;
mod parts;
mod prune;
mod transform;
mod weighing;

pub use ablation::{Ablation, KEY, Removed, Side, ablation};
pub use code::{
    SCALE, elias_delta, exceptions, log2_choose, log2_factorial, quantise, quantise_angle, subset,
};
pub use coverage::{Coverage, Covered, Movement, Step, Transition, coverage, movement};
pub use examine::{Examination, PRUNING_STEPS, Skipped, Subject, examine};
pub use factor::{Factor, Factorisation, Frequency, TOLERANCE, Threshold, Triple, factorisation};
pub use formula::{Formula, FormulaReport, HOLDS, Term, formula};
pub use gradient::{GradientSplit, NodeGradient, gradient_split};
pub use length::{DescriptionLength, MOST_BITS, Part, Rival, Runnable, description_length};
pub use logits::{Score, Scores, answer, answers, score, scores};
pub use network::{Network, Sigma};
pub use node_ablation::{NodesRemoved, node_ablation};
pub use nodes::{DEAD, DUPLICATE, Node, Nodes, PURE, Waves, nodes};
pub use prune::{Pruned, Pruning, participation, prune};
pub use transform::{Transforms, Type, Wave};
