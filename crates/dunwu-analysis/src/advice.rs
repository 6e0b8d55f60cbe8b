//! What a failure means, the likeliest reason, and the knob to turn.

use crate::account::{Account, Context};
use crate::fate::Fate;
use crate::plateau::{Open, plateau};
use crate::words::last;
use dunwu_core::{Curve, StopReason};

/// A weight norm that never falls below this share of its peak was not held back by decay.
const HELD_BACK: f64 = 0.98;
/// A weight norm below this share of its start was decayed away.
const DECAYED: f64 = 0.5;
/// A weight norm that stays within this share of its start has not moved.
const MOVED: f64 = 1e-3;

/// One or two sentences on how it ended.
pub(crate) fn advice(curve: &Curve, context: &Context, account: &Account) -> Vec<String> {
    let words = match Fate::of(&account.fate.name) {
        Some(Fate::Diverged) => diverged(context),
        Some(Fate::DoesNotGeneralise) => memorised(curve, context, account),
        Some(Fate::StuckLazy) => stuck(curve, context),
        Some(Fate::AtOnce) => {
            "There was next to no delay: with this much data, or this setting, the rule is found as fast as the rows are stored. To see a delay, lower train_fraction or lr.".to_owned()
        }
        Some(Fate::CannotTell) if context.complete => undecided(curve, context, account),
        Some(Fate::CannotTell) => "The run is not over, so how it ends cannot be said yet.".to_owned(),
        Some(Fate::Generalised) | None => return vec![],
    };
    vec![words]
}

fn diverged(context: &Context) -> String {
    let what = match &context.stopped {
        Some(StopReason::Diverged { epoch, tensor }) => {
            format!(
                "It diverged: at epoch {epoch} `{tensor}` held a number that is no longer finite."
            )
        }
        _ => {
            "It diverged: its loss grew to more than a hundred times what it began with.".to_owned()
        }
    };
    format!(
        "{what} Steps that are too long are the likeliest reason; divide lr (the length of a step) by 3, or set warmup (short steps at first)."
    )
}

/// Why a run that fits its rows answers no others, as far as its weights tell.
fn memorised(curve: &Curve, context: &Context, account: &Account) -> String {
    if account.test_50.first.is_some() {
        return "It answered many rows that it was never shown, but not for good or not all of them. Raise epochs or train_fraction; if the accuracy jumps up and down, lower lr.".to_owned();
    }
    if context.norm_held {
        return "It stored its rows in a way that says nothing about others. Its weights were held to one length (weight_norm), which decay cannot shorten: lower weight_norm, so that there is less room to store rows, or raise train_fraction.".to_owned();
    }
    let peak = curve
        .points("weight_norm.W")
        .map(|p| p.1)
        .fold(f64::NAN, f64::max);
    if context.weight_decay == Some(0.0) {
        return "It stored its rows in a way that says nothing about others, and stopped. Its weight_decay (a steady pull of every weight towards 0) is 0, so nothing made it look for a shorter answer: set weight_decay, such as 2e-4.".to_owned();
    }
    match last(curve, "weight_norm.W").map(|norm| norm / peak) {
        Some(share) if share >= HELD_BACK => {
            "It stored its rows in a way that says nothing about others, and stopped. Its weights never shrank, so nothing made it look for a shorter answer: weight decay (a steady pull of every weight towards 0) is the likeliest thing missing. Raise weight_decay.".to_owned()
        }
        Some(_) => {
            "It stored its rows in a way that says nothing about others, although weight decay did shrink its weights. The likeliest reason is too few rows: raise train_fraction. If that does not help, the answers may follow no rule.".to_owned()
        }
        None => {
            "It stored its rows in a way that says nothing about others. The usual reasons are no weight decay (a steady pull of every weight towards 0; raise weight_decay) and too few rows (raise train_fraction).".to_owned()
        }
    }
}

/// Times that decay outweighs what the rows teach before it alone explains that nothing is learned.
const DOMINATES: f64 = 10.0;

/// Whether decay pulls the hidden weights much harder than the training rows do at the start.
fn decay_dominates(curve: &Curve, context: &Context) -> bool {
    let first = |column| curve.points(column).find(|p| p.1.is_finite()).map(|p| p.1);
    let pull = context
        .weight_decay
        .zip(first("weight_norm.W"))
        .map(|(decay, norm)| decay * norm);
    pull.zip(first("grad_norm.W"))
        .is_some_and(|(pull, taught)| pull > DOMINATES * taught)
}

/// Why a run does not even fit its rows, as far as its weights tell.
fn stuck(curve: &Curve, context: &Context) -> String {
    if context.lr == Some(0.0) {
        return "Its weights did not move at all: lr (the length of a step) is 0. Raise lr."
            .to_owned();
    }
    if context.norm_held {
        return "It could not store its rows with weights held to one length (weight_norm). Raise weight_norm, lower lr (the length of a step), or raise epochs.".to_owned();
    }
    if decay_dominates(curve, context) {
        return "Weight decay (a steady pull of every weight towards 0) is far stronger than what the rows teach. Lower weight_decay.".to_owned();
    }
    let norm = |e: Option<(u64, f64)>| e.map(|p| p.1);
    let first = norm(curve.points("weight_norm.W").next());
    let ratio = last(curve, "weight_norm.W")
        .zip(first)
        .map(|(now, then)| now / then);
    let still = curve.points("update_norm.W").all(|p| p.1 == 0.0);
    match ratio {
        Some(r) if (r - 1.0).abs() < MOVED && still => {
            "Its weights did not move at all: lr (the length of a step) is 0 or far too small. Raise lr.".to_owned()
        }
        Some(r) if (r - 1.0).abs() < MOVED => "Its weights hardly moved: raise lr (the length of a step), or epochs.".to_owned(),
        Some(r) if r < DECAYED => {
            "Its weights shrank away before it had learned anything: weight decay (a steady pull of every weight towards 0) is stronger than what the rows teach. Lower weight_decay.".to_owned()
        }
        _ if context.transformer => {
            "It could not even store its rows. The usual reasons are steps that are too short or too long (lr), too small a network (model_width, mlp_width, layers), too much weight_decay, or too few epochs.".to_owned()
        }
        _ => {
            "It could not even store its rows. The usual reasons are steps that are too short or too long (lr), too few hidden nodes (width), too much weight_decay, or too few epochs.".to_owned()
        }
    }
}

/// What would tell, of a run that ended too early.
fn undecided(curve: &Curve, context: &Context, account: &Account) -> String {
    if context.held_out == 0 {
        return "To see whether it understands, hold rows out: set train_fraction below 1."
            .to_owned();
    }
    if account.train_99.budget == 0 {
        return "No update was made, so nothing can be said. Raise epochs.".to_owned();
    }
    let Some(memorised) = account.train_99.first else {
        return "The budget ended before it had memorised; nothing more can be said. Raise epochs."
            .to_owned();
    };
    let words = match plateau(curve, memorised) {
        Err(Open::Rising) | Ok(_) => {
            "It was on its way when the budget ended: over the last quarter of it more of the rows that it was never shown came to be right. Raise epochs; more weight_decay or more rows (train_fraction) bring it about sooner."
        }
        Err(Open::Short) => {
            "Whether it will generalise cannot be told yet: it was not followed for long after it had memorised, and many networks generalise ten times later and more. Raise epochs."
        }
        Err(Open::Forming) => {
            "Whether it will generalise cannot be told yet: its hidden nodes were still turning towards features when the budget ended, and that often comes before the answers. Raise epochs; if that leads nowhere, raise train_fraction."
        }
        Err(Open::Moving) => {
            "Whether it will generalise cannot be told yet: its weights still changed when the budget ended. Raise epochs."
        }
        Err(Open::Unseen) => {
            "Whether it will generalise cannot be told from accuracies alone: record what happens inside (probes=cheap), or raise epochs."
        }
    };
    words.to_owned()
}
