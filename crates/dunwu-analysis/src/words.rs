//! Findings in plain words.

use crate::account::{Account, Context};
use crate::advice::advice;
use crate::attention::layers_in_words;
use dunwu_core::{Curve, Finding};

/// The account of a run that a newcomer understands.
pub(crate) fn sentences(curve: &Curve, context: &Context, account: &Account) -> Vec<String> {
    if curve.epochs().is_empty() {
        return vec!["Nothing was recorded yet.".to_owned()];
    }
    let mut out = vec![
        memorised(curve, context, account),
        generalised(curve, context, account),
    ];
    out.extend(features(curve, context));
    out.extend(noise(curve));
    out.extend(stages(account, context.transformer));
    out.extend(layers_in_words(curve));
    out.extend(advice(curve, context, account));
    out
}

/// A share in percent, with a digit after the point where it says something.
fn percent(share: f64) -> String {
    let tenths = (1000.0 * share).round() / 10.0;
    if tenths.fract() == 0.0 {
        format!("{tenths:.0} %")
    } else {
        format!("{tenths:.1} %")
    }
}

fn epochs(count: u64) -> String {
    if count == 1 {
        "1 epoch".to_owned()
    } else {
        format!("{count} epochs")
    }
}

pub(crate) fn last(curve: &Curve, column: &str) -> Option<f64> {
    curve.points(column).last().map(|p| p.1)
}

/// What is counted in the rows that follow.
fn of_rows(context: &Context) -> &'static str {
    if context.tokens {
        "the tokens of the"
    } else {
        "the"
    }
}

fn memorised(curve: &Curve, context: &Context, account: &Account) -> String {
    let the = of_rows(context);
    let right = last(curve, "train_acc").map_or("an unknown share".to_owned(), percent);
    match account.train_99.first {
        Some(epoch) => {
            let lost = if account.train_99.sustained.is_some() {
                String::new()
            } else {
                format!(" Later it let some of them go: {right} at the end.")
            };
            format!(
                "It memorised by epoch {epoch}: it then answered at least 99 % of {the} rows it is trained on ({}).{lost}",
                an_epoch(context.epoch_updates)
            )
        }
        None => format!(
            "It had not memorised by epoch {}: it answers {right} of {the} rows it is trained on.",
            account.train_99.budget
        ),
    }
}

/// What an epoch is.
fn an_epoch(updates: u64) -> String {
    match updates {
        0 => "an epoch is one pass over them".to_owned(),
        1 => "an epoch is one update, on some of them".to_owned(),
        n => format!("an epoch is {n} updates, each on some of them"),
    }
}

fn generalised(curve: &Curve, context: &Context, account: &Account) -> String {
    let (rows, budget) = (context.held_out, account.test_99.budget);
    let the = of_rows(context);
    let Some(right) = last(curve, "test_acc").filter(|_| rows > 0).map(percent) else {
        return "No row was held out, so whether it understood the rule cannot be seen.".to_owned();
    };
    match (account.test_99.first, account.test_99.sustained) {
        (Some(first), sustained) => {
            let after = match account.delay {
                Some(0) => ", as soon as it had memorised".to_owned(),
                Some(delay) => format!(", {} after it had memorised", epochs(delay)),
                None => String::new(),
            };
            let kept = match sustained {
                Some(for_good) if for_good == first => String::new(),
                Some(for_good) => format!(" From epoch {for_good} on it stayed there."),
                None => {
                    format!(" It did not stay there: at epoch {budget} it answers {right} of them.")
                }
            };
            format!(
                "It generalised by epoch {first}{after}: it answered at least 99 % of {the} {rows} rows that it was never shown.{kept}"
            )
        }
        (None, _) => format!(
            "By epoch {budget} it had not generalised: it answers {right} of {the} {rows} rows that it was never shown; always giving the commonest answer is right for {}.",
            percent(context.chance)
        ),
    }
}

fn features(curve: &Curve, context: &Context) -> Option<String> {
    let (covered, possible) = (last(curve, "features_covered")?, context.features?);
    let favourite = last(curve, "purity").map_or(String::new(), |purity| {
        format!(
            " On average {} of what a hidden node listens to is its favourite feature.",
            percent(purity)
        )
    });
    let start = curve.points("features_covered").next();
    if start.is_some_and(|(epoch, before)| epoch == 0 && before >= covered) {
        return Some(format!(
            "Of the {possible} features that the rule can be built from, {covered:.0} have a hidden node of their own, no more than by the chance of the initial weights.{favourite}"
        ));
    }
    Some(format!(
        "It learned {covered:.0} of the {possible} features that the rule can be built from (patterns that a hidden node can pick out, such as one wave around the circle of a modular sum).{favourite}"
    ))
}

fn noise(curve: &Curve) -> Option<String> {
    let (noisy, clean) = (last(curve, "noisy_acc")?, last(curve, "noisy_clean_acc")?);
    Some(format!(
        "Of the training rows that were given a wrong answer on purpose, it repeats {} as taught and gives the true answer to {}.",
        percent(noisy),
        percent(clean)
    ))
}

/// What a stage is.
fn gloss(name: &str) -> &'static str {
    match name {
        "lazy" => {
            "only the last layer learned, by mixing what random hidden nodes happened to give"
        }
        "independent" => {
            "each hidden node looked for a feature of its own, whatever the others did"
        }
        "interactive" => {
            "hidden nodes divided the features among themselves and filled in those that were missing"
        }
        _ => "the rule was found; what was not needed faded",
    }
}

/// The same of a transformer.
fn gloss_of_transformer(name: &str) -> &'static str {
    match name {
        "lazy" => {
            "nothing that was read shows more than the readout learning, from what layers as they began happened to give"
        }
        "independent" => {
            "the layers learned, and nothing showed yet that what they learned acts on each other"
        }
        "interactive" => {
            "the updates of the layers lined up, as they do while what is missing is learned"
        }
        _ => "the rule was found; what was not needed faded",
    }
}

/// How long each stage took, and which took longest.
fn stages(account: &Account, transformer: bool) -> Vec<String> {
    let end = account.test_99.budget;
    let length = |s: &Finding| s.to.unwrap_or(end).saturating_sub(s.from.unwrap_or(0));
    let lived: Vec<&Finding> = account
        .stages
        .iter()
        .filter(|s| s.to.is_none() || length(s) > 0)
        .collect();
    let mut out: Vec<String> = lived
        .iter()
        .map(|s| stage(s, length(s), end, transformer))
        .collect();
    let ended = lived.iter().filter(|s| s.to.is_some());
    if let Some(longest) = ended
        .clone()
        .max_by_key(|s| length(s))
        .filter(|_| ended.count() > 1)
    {
        out.push(format!(
            "Of the stages that ended, the longest was `{}` with {}.",
            longest.name,
            epochs(length(longest))
        ));
    }
    out
}

fn stage(stage: &Finding, length: u64, end: u64, transformer: bool) -> String {
    let (name, from) = (&stage.name, stage.from.unwrap_or(0));
    let gloss = if transformer {
        gloss_of_transformer(name)
    } else {
        gloss(name)
    };
    let unsure = if stage.confidence < 0.5 {
        " Its borders are unsure: few signals were recorded, or they disagree."
    } else {
        ""
    };
    match stage.to {
        Some(to) => format!(
            "Stage `{name}` took {}, from epoch {from} to {to}: {}.{unsure}",
            epochs(length),
            gloss
        ),
        None if name == "done" => {
            format!("Stage `{name}` began at epoch {from}: {}.{unsure}", gloss)
        }
        None => format!(
            "Stage `{name}` began at epoch {from} and was not seen to end by epoch {end}: {}.{unsure}",
            gloss
        ),
    }
}
