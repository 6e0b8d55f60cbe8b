//! What a series of readings means: crossings, stages, verdicts.
//!
//! Everything here is a pure function of a [`Curve`](dunwu_core::Curve) and a [`Context`].
//!
//! # Stages
//!
//! The stages are those of arXiv 2509.21519: *lazy* (the readout fits random features), *independent*
//! (each hidden node climbs towards a feature of its own), *interactive* (nodes repel and turn to the
//! features that are missing), then *done*. Several [`Signal`]s vote on each border. A signal fires at
//! the first reading from which its rule holds through a window of [`confirmation`] epochs and at
//! least three readings.
//!
//! | border | signals (weight) | where it lies |
//! |---|---|---|
//! | lazy → independent | `train_acc` ≥ 0.99; `grad_f` ≥ 1.25 × its least so far; `update_norm.W` ≥ 1.05 × its least so far; `purity` a twentieth of its way to 1 | weighted median |
//! | independent → interactive | `sigma23` (3): log σ₂/σ₃ of the last 20 updates grows by ≥ 0.5 in 20 epochs along a line that explains ≥ 0.8 of its variance, to ≥ 3 (arXiv 2605.08119); `test_acc` ≥ 0.5; `grad_f` ≤ half its peak; `features_covered` ≥ 0.9 of those possible | where the detector fires, once features exist; the weighted median of the others if it is silent until the run is done |
//! | interactive → done | `test_acc` ≥ 0.99; `grad_f` ≤ an eighth of its peak, or where that is not recorded `update_norm.W` ≤ a quarter of its longest | the later of the two |
//!
//! "Features exist" when half of the possible ones are covered or the held-out accuracy is a tenth of
//! the way from chance to 1. That gate is needed: the detector hears any trajectory that becomes smooth.
//! It also fires on random labels, and on too few rows, where there is nothing to interact.
//!
//! The first border is decided when all recorded signals have fired, or at 2q + 40 when at epoch q half
//! of them had; the third at the latest at 2g + 100 when at epoch g the accuracy was certain.
//!
//! The confidence of a border is 0.95 · √(weight that voted / weight there could be) · s/(s + d) with
//! s = 10 + the border's epoch and d the weighted mean distance of the votes from it: it falls with
//! each signal that was not recorded or did not fire, and with their disagreement. It orders borders by
//! how far they can be trusted; it was not calibrated against anything.
//!
//! On the published setting the votes on the second border are far apart: features are covered, the
//! gradient is halved and half of the held-out rows are answered from epoch 70 to 100, the detector
//! fires at 177 (published: 174). The detector is followed, and the confidence says that they disagree.
//!
//! # A prefix and the whole
//!
//! Every rule judges a reading by that reading and earlier ones, and every border has an epoch from
//! which it is certain. A prefix that reaches it gives the same border as the whole run; a shorter one
//! gives none. Readings that are filled in later for earlier epochs must arrive within the
//! confirmation window.
//!
//! # Fates
//!
//! That a run does not generalise is said only of one that was followed for at least 100 epochs and ten times
//! as long as it took to memorise, whose held-out accuracy does not rise, and whose nodes do not turn towards
//! features (`purity` within 2 % over the second half; where that is not recorded, the hidden weights and the
//! held-out loss). Its confidence is n/(n + 5m) for n epochs after memorising at m, times 0.85 if the hidden
//! weights are at rest and 0.65 if they are not. Anything else is *cannot tell*, with the reason.
//!
//! # Limits
//!
//! Thresholds were set on networks with one hidden layer on modular sums. A stage is a description of
//! signals, not an observation of the mechanism. A run without `sigma23`, or whose detector stays
//! silent (ReLU), learns only when it is done where its interactive stage began.
//!
//! `sigma23` is a ratio of singular values of the updates. arXiv 2605.08119 reports about 300 late on the
//! published setting and 1.31 without decay where we measure 18 and 1.1: about the squares, as the ratio
//! of eigenvalues of the Gram matrix of the updates would be. The thresholds here are for the ratio itself.
//!
//! `update_cos.*`, `update_norm.V`, `gram_*` and `feature_entropy` do not vote. Under Adam consecutive
//! updates point the same way from the fifth epoch on; the longest update of V comes with that of W, long
//! after the lazy stage; the Gram ratios and the entropy change smoothly across the borders.

mod account;
mod advice;
mod attention;
mod border;
pub mod boundary;
pub mod compare;
mod crossing;
pub mod diagnose;
mod fate;
pub mod forecast;
pub mod known;
pub mod landscape;
mod lbfgs;
pub mod microscope;
mod plateau;
mod signal;
mod spread;
mod stages;
pub mod survival;
mod words;

pub use account::{Account, Context, account};
pub use attention::{LayerWay, Sink, half_way, layer_ways, sinks};
pub use crossing::{Crossing, crossing};
pub use fate::Fate;
pub use signal::{Firing, Rule, Signal, confirmation};
pub use spread::{Spread, Summary, spread};
pub use stages::{current_stage, stages};
