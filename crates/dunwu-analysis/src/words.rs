//! Findings in plain words.

use crate::account::{Account, Context, Fate};
use dunwu_core::{Curve, StopReason};

/// One sentence on a fate.
pub(crate) const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::AtOnce => "it understood as soon as it had memorised: there was no delay",
        Fate::CannotTell => "it cannot be known yet",
        Fate::Diverged => "its numbers stopped being finite",
        Fate::DoesNotGeneralise => "it answers its training rows and no others",
        Fate::Generalised => "it memorised first and understood later",
        Fate::StuckLazy => "it never fitted its own training rows",
    }
}

/// The account of a run that a newcomer understands.
pub(crate) fn sentences(curve: &Curve, context: &Context, account: &Account) -> Vec<String> {
    let mut out = vec![memorised(curve, account)];
    out.extend(generalised(curve, context, account));
    out.extend(features(curve, context));
    out.extend(noise(curve));
    out.extend(stages(account));
    out.extend(why(curve, context, account));
    out
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

fn last(curve: &Curve, column: &str) -> Option<f64> {
    curve.points(column).last().map(|p| p.1)
}

fn memorised(curve: &Curve, account: &Account) -> String {
    match account.train_99.first {
        Some(epoch) => format!(
            "It memorised at epoch {epoch}: from then on it answers 99 % of its training rows."
        ),
        None => format!(
            "It did not memorise within {} epochs: it answers {} of its training rows.",
            account.train_99.budget,
            percent(last(curve, "train_acc").unwrap_or(0.0))
        ),
    }
}

fn generalised(curve: &Curve, context: &Context, account: &Account) -> Option<String> {
    if context.held_out == 0 {
        return Some("No row was held out, so whether it generalises cannot be seen.".to_owned());
    }
    let budget = account.test_99.budget;
    Some(match (account.test_99.first, account.test_99.sustained) {
        (Some(first), Some(sustained)) => {
            let delay = account.delay.map_or(String::new(), |d| match d {
                0 => ", with no delay".to_owned(),
                d => format!(", {d} epochs after it had memorised"),
            });
            let stays = if sustained == first {
                String::new()
            } else {
                format!(" It stays there from epoch {sustained} on.")
            };
            format!(
                "It generalised at epoch {first}{delay}: it answers 99 % of the {} rows that it never saw.{stays}",
                context.held_out
            )
        }
        (Some(first), None) => format!(
            "It reached 99 % of the rows that it never saw at epoch {first} and lost them again: {} at epoch {budget}.",
            percent(last(curve, "test_acc").unwrap_or(0.0))
        ),
        (None, _) => format!(
            "It had not generalised when it ended at epoch {budget}: it answers {} of the rows that it never saw; guessing gives {}.",
            percent(last(curve, "test_acc").unwrap_or(0.0)),
            percent(context.chance)
        ),
    })
}

fn features(curve: &Curve, context: &Context) -> Option<String> {
    let (covered, possible) = (last(curve, "features_covered")?, context.features?);
    let purity = last(curve, "purity")?;
    Some(format!(
        "Its hidden nodes learned {covered:.0} of the {possible} features that the task can be built from; on average {} of a node's weight lies in its favourite one.",
        percent(purity)
    ))
}

fn noise(curve: &Curve) -> Option<String> {
    let (noisy, clean) = (last(curve, "noisy_acc")?, last(curve, "noisy_clean_acc")?);
    Some(format!(
        "Of the training rows whose label was replaced, it repeats {} as taught and answers {} with the truth.",
        percent(noisy),
        percent(clean)
    ))
}

/// How long each stage took, with what the stage is.
fn stages(account: &Account) -> Vec<String> {
    let gloss = |name: &str| match name {
        "lazy" => "only the last layer learns",
        "independent" => "each node finds a feature on its own",
        "interactive" => "nodes divide the features among themselves",
        _ => "nothing is left to learn",
    };
    let sentence = |stage: &dunwu_core::Finding| {
        let from = stage.from?;
        let name = &stage.name;
        let sure = if stage.confidence < 0.6 {
            " (the borders are unsure)"
        } else {
            ""
        };
        Some(match stage.to {
            Some(to) => format!(
                "Stage {name} ({}): epochs {from} to {to}{sure}.",
                gloss(name)
            ),
            None => format!("Stage {name} ({}): from epoch {from} on.", gloss(name)),
        })
    };
    account.stages.iter().filter_map(sentence).collect()
}

/// What went wrong, the likeliest reason, and the knob to turn.
fn why(curve: &Curve, context: &Context, account: &Account) -> Option<String> {
    if let Some(StopReason::Diverged { epoch, tensor }) = &context.stopped {
        return Some(format!(
            "It diverged: at epoch {epoch} `{tensor}` held a number that is not finite. The learning rate is the likeliest reason; halve lr."
        ));
    }
    let memorised = account.train_99.first.is_some();
    match account.fate.name.as_str() {
        "does not generalise" if last(curve, "test_acc").is_some_and(|t| t > context.chance + 0.05) => Some(
            "It was on its way when the run ended, or it learned a part of the task: give it more epochs.".to_owned(),
        ),
        "does not generalise" => Some(
            "It found a way to store its rows that says nothing about others. The usual reasons are too little weight decay (raise weight_decay; without any, memorising is the end) and too few rows (raise train_fraction)."
                .to_owned(),
        ),
        "stuck lazy" => Some(
            "It could not even store its rows. The usual reasons are a learning rate that is too small or too large, too much weight decay, or too few hidden nodes (lr, weight_decay, width)."
                .to_owned(),
        ),
        "generalised at once" if memorised => Some(
            "There was nothing to gain from memorising: with this much data the rule is as easy to find as the rows are to store.".to_owned(),
        ),
        _ => None,
    }
}
