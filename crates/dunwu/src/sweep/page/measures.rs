//! What a run is measured by.

use crate::sweep::row::GENERALISED;
use dunwu_report::{Measure, SweepSpread};

/// A measure that pages know, and the column it is read from.
pub(super) struct Known {
    pub(super) name: &'static str,
    column: &'static str,
    label: &'static str,
    share: bool,
    spread: SweepSpread,
    help: &'static str,
}

/// Measures with words of their own, the most telling first.
pub(super) const KNOWN: [Known; 6] = [
    Known {
        name: GENERALISED,
        column: GENERALISED,
        label: "share of runs that generalised",
        share: true,
        spread: SweepSpread::Linear,
        help: "Runs whose held-out accuracy reached 99 % (or what the plan's stop_accuracy says) within their epochs, of all runs there.",
    },
    Known {
        name: "test_99",
        column: "test_99",
        label: "epochs until 99 % of held-out rows are right",
        share: false,
        spread: SweepSpread::Log,
        help: "The median over seeds; runs that never got there count as later than all that did.",
    },
    Known {
        name: "max_test_acc",
        column: "max_test_acc",
        label: "highest held-out accuracy",
        share: true,
        spread: SweepSpread::Linear,
        help: "How much of the rule was found at best: the median over seeds.",
    },
    Known {
        name: "test_50",
        column: "test_50",
        label: "epochs until half of the held-out rows are right",
        share: false,
        spread: SweepSpread::Log,
        help: "The median over seeds; runs that never got there count as later than all that did.",
    },
    Known {
        name: "train_99",
        column: "train_99",
        label: "epochs until the training rows are memorised",
        share: false,
        spread: SweepSpread::Log,
        help: "When 99 % of the training rows were right: the median over seeds.",
    },
    Known {
        name: "train_acc",
        column: "train_acc",
        label: "accuracy on the training rows at the end",
        share: true,
        spread: SweepSpread::Linear,
        help: "Where this is low, the network did not even memorise.",
    },
];

/// A measure with the column it is read from.
pub(super) struct Shows {
    pub(super) about: Measure,
    pub(super) column: String,
    /// Whether it is the share of runs that have a value.
    pub(super) counts: bool,
}

/// Which column a measure is read from.
pub(super) fn measure(name: &str) -> Shows {
    let known = KNOWN.iter().find(|k| k.name == name);
    let about = known.map_or_else(
        || Measure {
            name: name.to_owned(),
            label: name.replace('_', " "),
            share: false,
            spread: SweepSpread::Linear,
            help: "The median over seeds of this column of the runs.".to_owned(),
        },
        |k| Measure {
            name: k.name.to_owned(),
            label: k.label.to_owned(),
            share: k.share,
            spread: k.spread,
            help: k.help.to_owned(),
        },
    );
    Shows {
        about,
        column: known.map_or(name, |k| k.column).to_owned(),
        counts: name == GENERALISED,
    }
}
