//! The border between memorising and generalising: where it lies, how sure that is, which run to make
//! next, which law it follows across sizes, and what that predicts.
//!
//! A run of one task and setting at a training fraction p either generalises within its budget of epochs or
//! does not. The border is the fraction at which half of the runs do. It is the border *of that budget*: the time to
//! generalise diverges towards it, so a longer budget moves it down a little.
//!
//! | function | what |
//! |---|---|
//! | [`settled`] | from a run so far: whether its fate is known, and why |
//! | [`border`] | from runs and their fates: the border with its 95 % interval |
//! | [`next`] | the fractions to run next; [`is_precise`]: whether that is needed |
//! | [`laws`] | from the borders of several sizes: which candidate laws ([`ALL`]) are left |
//! | [`predict`] | from those: the border of a size that was not trained |
//! | [`collapse`] | the scale at which the curves of several sizes become one |
//!
//! Nothing here does any input or output, and what draws takes a seed.
//!
//! # How well it does
//!
//! *Stopping.* On 103 runs of Z23 and Z41 by
//!
//! ```text
//! dunwu train task=Z23 width=2048 lr=5e-4 weight_decay=2e-4 epochs=3000 eval_every=10 probes=none train_fraction=P seeds=6
//! ```
//!
//! with P from 0.26 to 0.46 (Z41: 0.18 to 0.26, 3 seeds; and 16 runs with lr=1e-3 weight_decay=5e-4
//! epochs=2000), each judged every 50 epochs for budgets of 1000, 1500, 2000, 2500 and 3000: none of the 173
//! pairs of run and budget that generalised was stopped, and of the epochs of the 310 that did not, 44 % were
//! saved. The second setting, looked at only after the rule stood, gave 0 of 22 and 42 %. With
//! growth taken once instead of two or three times 10 of the 173 are stopped, without the loss also 10,
//! and from epoch 200 on 6. Little is saved at the border itself: a run that reaches 0.45 is let run to the end.
//! All this is one model on two sizes of one kind of task.
//!
//! *Intervals and searches*, simulated (`cargo test --release -p dunwu-analysis --test boundary -- --nocapture`):
//! of 500 borders between 0.2 and 0.5, 50 runs each, the 95 % interval holds 92 to 99 % for transitions
//! 0.01 to 0.1 wide in p, 92 to 97 % where the transition is no logistic but a normal, Gompertz or Cauchy
//! curve, and 99.6 % where it is a step. With a transition 0.03 wide and nothing known but 0.1 < p < 0.8,
//! 98 % of searches come to ±0.01 within 40 runs (median 18) one at a time, 97 % (24) in batches of four, and 95
//! and 95 % of their intervals hold the border; on a uniform grid of as many runs the interval is three to four
//! times as wide.
//!
//! The 66 runs of Z23 put its border for 3000 epochs at 0.337 (0.333 to 0.341), the transition 0.01 wide. The times of runs
//! that generalise are not used: a law of times that diverges below the border halved the interval in
//! simulations, but put that border at 0.335 (0.332 to 0.337), where times were read from half of the budget on.
//!
//! *Laws*, simulated: see [`laws`]. The right form is kept in 95 to 100 of 100 cases.

mod border;
mod collapse;
mod laws;
mod next;
mod posterior;
mod settled;
mod transition;
mod window;

pub use border::{Border, Observation, border, is_precise};
pub use collapse::{Collapse, Reading, Scaled, Scaling, collapse};
pub use laws::{ALL, Form, LawFit, MARGIN_BITS, Miss, Point, Prediction, Voice, laws, predict};
pub use next::{next, snap};
pub use settled::{Settled, settled};
pub use transition::{Transition, transition};
pub use window::{BoundaryError, Window};
