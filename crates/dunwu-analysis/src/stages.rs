//! Lazy, independent, interactive, done.

use crate::account::Context;
use crate::detect::{Rule, Signal};
use dunwu_core::{Curve, Evidence, Finding};

/// What ends the lazy stage: the hidden nodes begin to favour single features.
///
/// The first of these whose column is recorded puts the border; the others make it more or less sure.
const FEATURES_FORM: &[Signal] = &[
    Signal {
        column: "purity",
        rule: Rule::Risen(0.05),
        says: "nodes have begun to favour single features",
    },
    Signal {
        column: "grad_f",
        rule: Rule::FallenFromPeak(0.9),
        says: "the gradient that the readout sends to the hidden nodes has passed its peak",
    },
    Signal {
        column: "train_acc",
        rule: Rule::AtLeast(0.99),
        says: "the training rows are fitted",
    },
];

/// What ends the independent stage: the updates of the nodes line up in few directions.
const NODES_INTERACT: &[Signal] = &[
    Signal {
        column: "sigma23",
        rule: Rule::Growing(0.5),
        says: "two directions outgrow all others in the last 20 updates",
    },
    Signal {
        column: "test_acc",
        rule: Rule::AtLeast(0.99),
        says: "rows never trained on are answered",
    },
    Signal {
        column: "grad_f",
        rule: Rule::FallenFromPeak(0.5),
        says: "the gradient at the hidden nodes is half of its peak",
    },
];

/// What ends the interactive stage: nothing is left to learn. All that are recorded must have fired.
const SETTLED: &[Signal] = &[
    Signal {
        column: "test_acc",
        rule: Rule::AtLeast(0.99),
        says: "rows never trained on are answered",
    },
    Signal {
        column: "grad_f",
        rule: Rule::FallenFromPeak(0.1),
        says: "the gradient at the hidden nodes is a tenth of its peak",
    },
];

/// Names of the stages, in order.
const NAMES: [&str; 4] = ["lazy", "independent", "interactive", "done"];
const STATEMENTS: [&str; 4] = [
    "the readout fits random features of the training rows; the hidden weights hardly move",
    "each hidden node climbs towards a feature of its own, as if the others were not there",
    "nodes push each other apart and towards features that are still missing",
    "nothing is left to learn; decay trims what is not needed",
];

/// A border with what put it there.
struct Border {
    epoch: u64,
    confidence: f64,
    by: Vec<Evidence>,
}

/// The stages that a run, or its beginning, has gone through. The last has no end yet.
pub fn stages(curve: &Curve) -> Vec<Finding> {
    if curve.epochs().is_empty() {
        return vec![];
    }
    let first = first_border(curve);
    let second = first.as_ref().and_then(|b| second_border(curve, b.epoch));
    let third = second.as_ref().and_then(|b| third_border(curve, b.epoch));
    let borders: Vec<Border> = [first, second, third]
        .into_iter()
        .map_while(|b| b)
        .collect();
    let mut out = Vec::new();
    let mut from = curve.epochs().first().copied();
    let mut earlier = 1.0;
    for i in 0..=borders.len() {
        let end = borders.get(i);
        let confidence = end.map_or(0.5, |b| b.confidence).min(earlier);
        out.push(Finding {
            name: NAMES[i].to_owned(),
            from,
            to: end.map(|b| b.epoch),
            confidence,
            statement: STATEMENTS[i].to_owned(),
            by: end.map_or_else(Vec::new, |b| b.by.clone()),
        });
        from = end.map(|b| b.epoch);
        earlier = end.map_or(earlier, |b| b.confidence);
    }
    out
}

fn first_border(curve: &Curve) -> Option<Border> {
    let lead = FEATURES_FORM
        .iter()
        .find(|s| curve.column(s.column).is_some())?;
    let (epoch, _) = lead.fires(curve)?;
    Some(border(curve, epoch, FEATURES_FORM))
}

/// By the update spectrum; if that has not fired in twice the time to generalise, by the accuracy.
fn second_border(curve: &Curve, after: u64) -> Option<Border> {
    let spectrum = NODES_INTERACT[0].fires(curve).map(|f| f.0);
    let generalised = NODES_INTERACT[1].fires(curve).map(|f| f.0);
    let last = curve.epochs().last().copied()?;
    let patience = generalised.map(|g| 2 * g + 50);
    let epoch = match (spectrum, generalised, patience) {
        (Some(s), _, None) => s,
        (Some(s), _, Some(p)) if s <= p => s,
        (_, Some(g), Some(p)) if last >= p || curve.column("sigma23").is_none() => g,
        _ => return None,
    };
    Some(border(curve, epoch.max(after), NODES_INTERACT))
}

fn third_border(curve: &Curve, after: u64) -> Option<Border> {
    let mut epoch = after;
    for signal in SETTLED.iter().filter(|s| curve.column(s.column).is_some()) {
        epoch = epoch.max(signal.fires(curve)?.0);
    }
    curve.column("test_acc")?;
    Some(border(curve, epoch, SETTLED))
}

/// Collects what speaks for a border; agreement within a factor of 1.6 makes it surer.
fn border(curve: &Curve, epoch: u64, signals: &[Signal]) -> Border {
    let mut by = Vec::new();
    let (mut asked, mut agree) = (0.0, 0.0);
    for signal in signals {
        asked += 1.0;
        if let Some((at, value)) = signal.fires(curve) {
            by.push(Evidence {
                signal: signal.column.to_owned(),
                epoch: at,
                value,
                says: signal.says.to_owned(),
            });
            let ratio = (at as f64 + 10.0) / (epoch as f64 + 10.0);
            agree += f64::from(u8::from((1.0 / 1.6..=1.6).contains(&ratio)));
        }
    }
    Border {
        epoch,
        confidence: 0.35 + 0.6 * agree / asked,
        by,
    }
}

/// The stage that a run is in, for a display: cheap enough for once a second.
pub fn current_stage(curve: &Curve, context: &Context) -> &'static str {
    let _ = context;
    let reached = stages(curve).len();
    reached.checked_sub(1).map_or("starting", |i| NAMES[i])
}
