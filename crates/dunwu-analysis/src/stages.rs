//! Lazy, independent, interactive, done.

use crate::account::Context;
use crate::border::{Border, Panel, border_of};
use crate::signal::{Firing, Rule, Signal};
use dunwu_core::{Curve, Evidence, Finding};

const fn signal(column: &'static str, rule: Rule, weight: f64, says: &'static str) -> Signal {
    Signal {
        column,
        rule,
        weight,
        says,
    }
}

/// What ends the lazy stage: the readout has fitted the training rows, and the hidden weights begin to climb.
const CLIMB_BEGINS: &[Signal] = &[
    signal(
        "grad_f",
        Rule::AboveLeast(1.25),
        1.0,
        "the gradient that reaches the hidden nodes has grown by a quarter",
    ),
    signal(
        "purity",
        Rule::Towards1(0.05),
        1.0,
        "hidden nodes have begun to favour single features",
    ),
    signal(
        "train_acc",
        Rule::AtLeast(0.99),
        1.0,
        "99 % of the training rows are answered",
    ),
    signal(
        "update_norm.W",
        Rule::AboveLeast(1.05),
        1.0,
        "the steps of the hidden weights, shrinking so far, grow again",
    ),
];

/// The detector of arXiv 2605.08119: of the last 20 updates of W, the second direction outgrows the third.
const UPDATES_ALIGN: Signal = signal(
    "sigma23",
    Rule::Growing(0.5),
    3.0,
    "the last 20 updates of the hidden weights line up in ever fewer directions",
);

const GENERALISED: Signal = signal(
    "test_acc",
    Rule::AtLeast(0.99),
    1.0,
    "99 % of the held-out rows are answered",
);
const GRADIENT_SPENT: Signal = signal(
    "grad_f",
    Rule::FallenFromPeak(0.125),
    1.0,
    "the gradient that reaches the hidden nodes is an eighth of its peak",
);
const STEPS_SHORT: Signal = signal(
    "update_norm.W",
    Rule::FallenFromPeak(0.25),
    1.0,
    "the steps of the hidden weights are a quarter of their longest",
);

/// Names of the stages, in order.
pub(crate) const NAMES: [&str; 4] = ["lazy", "independent", "interactive", "done"];
const STATEMENTS: [&str; 4] = [
    "the readout fits random features of the training rows; the hidden weights have no direction yet",
    "each hidden node climbs towards a feature of its own, as if the others were not there",
    "nodes divide the features among themselves and turn to those that are still missing",
    "held-out rows are answered and little is left to learn",
];

/// The same of a transformer, as far as the signals show it: the theory is of two layers.
const OF_TRANSFORMER: [&str; 4] = [
    "as far as the signals show, the readout alone learns, from what layers as they began happen to give",
    "the layers learn; nothing shows yet that what they learned acts on each other",
    "the updates of the layers line up, and what is still missing is learned",
    "held-out rows are answered and little is left to learn",
];

/// What a signal says, in the words of the network at hand.
fn worded(says: &str, context: &Context) -> String {
    if context.transformer {
        let says = says.replace("the hidden nodes", "what the readout sees");
        says.replace("the hidden weights", "the weights before the readout")
    } else {
        says.to_owned()
    }
}

/// Signals that features are there to interact, besides the detector.
fn features_exist(context: &Context) -> Vec<Signal> {
    let above_chance = context.chance + 0.1 * (1.0 - context.chance);
    let mut out = vec![signal(
        "test_acc",
        Rule::AtLeast(above_chance),
        0.0,
        "held-out rows are answered better than by guessing",
    )];
    if let Some(possible) = context.features.filter(|p| *p > 0) {
        let half = Rule::AtLeast(0.5 * possible as f64);
        out.push(signal(
            "features_covered",
            half,
            0.0,
            "half of the possible features have a node of their own",
        ));
    }
    out
}

/// What ends the independent stage, the detector first.
fn nodes_interact(context: &Context) -> Vec<Signal> {
    let mut out = vec![
        UPDATES_ALIGN,
        signal(
            "test_acc",
            Rule::AtLeast(0.5),
            1.0,
            "half of the held-out rows are answered",
        ),
        signal(
            "grad_f",
            Rule::FallenFromPeak(0.5),
            1.0,
            "the gradient that reaches the hidden nodes is half of its peak",
        ),
    ];
    if let Some(possible) = context.features.filter(|p| *p > 0) {
        let most = Rule::AtLeast(0.9 * possible as f64);
        out.push(signal(
            "features_covered",
            most,
            1.0,
            "nine tenths of the possible features have a node of their own",
        ));
    }
    out
}

/// The borders that are certain, in order: at most three.
pub(crate) fn borders(curve: &Curve, context: &Context) -> Vec<Border> {
    let Some(last) = curve.epochs().last().copied() else {
        return vec![];
    };
    let end = settled(curve, last);
    let first = climb(curve, last, end.as_ref());
    let second = first
        .as_ref()
        .and_then(|b| interaction(curve, context, b, end.as_ref()));
    let third = second.as_ref().zip(end).map(|(b, end)| Border {
        epoch: end.epoch.max(b.epoch),
        ..end
    });
    [first, second, third]
        .into_iter()
        .map_while(|b| b)
        .collect()
}

/// Lazy to independent: the median of the panel, at the latest when the run is done.
fn climb(curve: &Curve, last: u64, end: Option<&Border>) -> Option<Border> {
    let panel = Panel::read(curve, CLIMB_BEGINS);
    let decided = panel.decides(last, |quorum| 2 * quorum + 40);
    match end {
        Some(end) if decided.is_none_or(|at| end.known < at) => {
            let unseen = || Border {
                confidence: 0.2,
                ..end.clone()
            };
            Some(panel.border(end.known, 0, end.epoch).unwrap_or_else(unseen))
        }
        _ => panel.border(decided?, 0, u64::MAX),
    }
}

/// Independent to interactive: the detector once features exist; the median of the others if it stays
/// silent until the run is done.
fn interaction(
    curve: &Curve,
    context: &Context,
    after: &Border,
    end: Option<&Border>,
) -> Option<Border> {
    let signals = nodes_interact(context);
    let panel = Panel::read(curve, &signals);
    let gate = features_exist(context)
        .iter()
        .filter_map(|s| s.fires(curve))
        .min_by_key(|f| (f.known, f.epoch));
    let detected = UPDATES_ALIGN
        .fires(curve)
        .zip(gate)
        .map(|(detector, gate)| aligned(&panel, detector, gate, after));
    let fallback = || end.and_then(|end| panel.border(end.known, after.epoch, end.epoch));
    match (detected, end) {
        (Some(border), Some(end)) if border.known > end.known => fallback(),
        (Some(border), _) => Some(border),
        (None, _) => fallback(),
    }
}

/// The border that the detector puts, once features exist.
fn aligned(panel: &Panel, detector: Firing, gate: Firing, after: &Border) -> Border {
    let known = detector.known.max(gate.known).max(after.known);
    let epoch = detector.epoch.max(gate.epoch).max(after.epoch);
    border_of(epoch, known, &panel.votes(known), panel.total())
}

/// Interactive to done: held-out rows are answered and the hidden weights have come to rest.
///
/// Rest is read off `grad_f`, or off `update_norm.W` where that is missing. If neither comes to rest in
/// the time it took to generalise (and 100 epochs), the accuracy decides alone.
fn settled(curve: &Curve, last: u64) -> Option<Border> {
    let generalised = GENERALISED.fires(curve)?;
    let rest = [GRADIENT_SPENT, STEPS_SHORT]
        .into_iter()
        .find(|s| s.seen_from(curve).is_some_and(|e| e <= generalised.known));
    let patience = 2 * generalised.known + 100;
    let Some(rest) = rest else {
        return Some(border_of(
            generalised.epoch,
            generalised.known,
            &[generalised],
            3.0,
        ));
    };
    let (epoch, known) = match rest.fires(curve).filter(|f| f.known <= patience) {
        Some(rested) => (
            generalised.epoch.max(rested.epoch),
            generalised.known.max(rested.known),
        ),
        None if patience <= last => (generalised.epoch, patience),
        None => return None,
    };
    let fired = [GRADIENT_SPENT, STEPS_SHORT]
        .iter()
        .filter_map(|s| s.fires(curve))
        .filter(|f| f.known <= known);
    let votes: Vec<Firing> = [generalised].into_iter().chain(fired).collect();
    Some(border_of(epoch, known, &votes, 3.0))
}

/// The stages that a run, or its beginning, has gone through. The last has no end yet.
///
/// Each border is fixed by the readings up to some epoch after it (see the crate's documentation), so
/// that every `to` given for a prefix is that of the whole run. `by` tells what began the stage, then
/// what ended it.
pub fn stages(curve: &Curve, context: &Context) -> Vec<Finding> {
    let Some(start) = curve.epochs().first().copied() else {
        return vec![];
    };
    let borders = borders(curve, context);
    (0..=borders.len())
        .map(|i| {
            stage(
                i,
                start,
                i.checked_sub(1).map(|j| &borders[j]),
                borders.get(i),
                context,
            )
        })
        .collect()
}

fn stage(
    i: usize,
    start: u64,
    began: Option<&Border>,
    ended: Option<&Border>,
    context: &Context,
) -> Finding {
    let told = |border: Option<&Border>, how: &str| -> Vec<Evidence> {
        let evidence = border.map_or(&[][..], |b| &b.by);
        evidence
            .iter()
            .map(|e| Evidence {
                says: format!("{how}: {}", worded(&e.says, context)),
                ..e.clone()
            })
            .collect()
    };
    let open = match (ended, i, context.complete) {
        (Some(_), ..) | (None, 3, _) => "",
        (None, _, true) => "; it was not seen to end",
        (None, _, false) => "; whether it is over cannot be known yet",
    };
    let statements = if context.transformer {
        OF_TRANSFORMER
    } else {
        STATEMENTS
    };
    // A stage that goes on is as sure as its beginning; that it has not ended unseen is a guess.
    let goes_on = if i == 3 { 1.0 } else { 0.6 };
    Finding {
        name: NAMES[i].to_owned(),
        from: Some(began.map_or(start, |b| b.epoch)),
        to: ended.map(|b| b.epoch),
        confidence: ended
            .map_or(goes_on, |b| b.confidence)
            .min(began.map_or(1.0, |b| b.confidence)),
        statement: format!("{}{open}", statements[i]),
        by: [told(began, "began"), told(ended, "ended")].concat(),
    }
}

/// The stage that a run is in, as far as is certain: for a live display.
///
/// A few passes over the recorded columns: 70 ms for 200,000 epochs with every column.
pub fn current_stage(curve: &Curve, context: &Context) -> &'static str {
    if curve.epochs().is_empty() {
        "starting"
    } else {
        NAMES[borders(curve, context).len()]
    }
}
