//! The few terms used.

use crate::run::RunPage;
use crate::text::counted;
use maud::{Markup, html};

const EPOCH: &str = "One pass over all training examples.";

/// Every term, sorted.
const ALL: &[(&str, &str)] = &[
    ("Accuracy", "Share of examples that are answered rightly."),
    ("Checkpoint", "The network's weights, saved at one epoch."),
    (
        "Confidence (“sure”)",
        "How many of the signals speak for a stage or a verdict, and how clearly, from 0 to 100 %; it is no measured frequency of being right.",
    ),
    ("Epoch", EPOCH),
    (
        "Feature",
        "A pattern in the inputs that can serve the task: for addition on a clock, waves of one frequency; for other groups, their irreducible representations.",
    ),
    (
        "Generalised",
        "At least 99 % of the unseen examples are answered rightly: the rule was understood.",
    ),
    ("Grokking", "Generalising long after memorising."),
    (
        "Independent (stage II)",
        "The hidden neurons now move, each on its own, towards one feature.",
    ),
    (
        "Interactive (stage III)",
        "Neurons feel each other: those that do the same job move apart, and missing features are filled in.",
    ),
    (
        "Lazy (stage I)",
        "Only the last layer (readout, V) learns, on random features; the hidden layer (W) hardly moves. Enough to memorise.",
    ),
    (
        "Memorised",
        "At least 99 % of the training examples are answered rightly.",
    ),
    (
        "Neuron",
        "One unit of the hidden layer, with its own weights.",
    ),
    (
        "Purity",
        "Share of a neuron's weights that serves its favourite feature.",
    ),
    (
        "Seed",
        "The number from which the random start and the random choice of training examples follow.",
    ),
    (
        "Train and test",
        "The examples that the network learns from, and those that it never sees.",
    ),
    (
        "‖G_F‖",
        "Length of the gradient that the readout sends back to the hidden layer's outputs: how strongly it asks for other features.",
    ),
];

pub(super) fn section(run: &RunPage<'_>) -> Markup {
    let epoch = match run.plan.epoch_updates {
        0 => EPOCH.to_owned(),
        n => format!(
            "{}, each on {} training examples; passes over all of them go on from one epoch to the next.",
            counted(n, "update"),
            run.plan.batch_size
        ),
    };
    html! {
        section #glossary {
            h2 { "Words" }
            dl { @for (term, meaning) in ALL { dt { (term) } dd { @if *meaning == EPOCH { (epoch) } @else { (meaning) } } } }
        }
    }
}
