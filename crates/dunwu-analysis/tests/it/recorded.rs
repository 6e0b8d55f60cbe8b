//! The recorded curves of `data/`: those that `data/curves.py` makes, and those of the engine.

use dunwu_analysis::Context;
use dunwu_core::{Curve, StopReason};

/// A recorded run with what is known of it.
pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    pub(crate) curve: Curve,
    pub(crate) context: Context,
}

impl Recorded {
    /// The context of a run that goes on.
    pub(crate) fn going_on(&self) -> Context {
        Context {
            stopped: None,
            complete: false,
            ..self.context.clone()
        }
    }
}

const TEXTS: &[(&str, usize, usize, &str)] = &[
    ("instant", 23, 53, include_str!("../data/instant.csv")),
    (
        "lr_too_large",
        23,
        264,
        include_str!("../data/lr_too_large.csv"),
    ),
    ("lr_zero", 23, 264, include_str!("../data/lr_zero.csv")),
    ("no_decay", 71, 3025, include_str!("../data/no_decay.csv")),
    ("plentiful", 23, 53, include_str!("../data/plentiful.csv")),
    ("published", 71, 3025, include_str!("../data/published.csv")),
    (
        "random_labels",
        23,
        317,
        include_str!("../data/random_labels.csv"),
    ),
    ("relu", 31, 481, include_str!("../data/relu.csv")),
    ("scarce", 41, 1381, include_str!("../data/scarce.csv")),
    ("small", 31, 481, include_str!("../data/small.csv")),
    (
        "too_much_decay",
        23,
        264,
        include_str!("../data/too_much_decay.csv"),
    ),
];

/// The runs that the script recorded, sorted by name.
pub(crate) fn all() -> Vec<Recorded> {
    TEXTS.iter().map(|t| read(*t)).collect()
}

/// Runs that the engine recorded: the first line of each file is the command.
const ENGINE: &[(&str, usize, usize, &str)] = &[
    (
        "engine at_once",
        31,
        500,
        include_str!("../data/at_once.csv"),
    ),
    ("engine groks", 31, 500, include_str!("../data/groks.csv")),
    (
        "engine memorises",
        31,
        500,
        include_str!("../data/memorises.csv"),
    ),
    ("engine stuck", 31, 500, include_str!("../data/stuck.csv")),
];

/// The runs that the engine recorded, sorted by name.
pub(crate) fn engine() -> Vec<Recorded> {
    ENGINE.iter().map(|t| read(*t)).collect()
}

/// The recorded run of that name.
pub(crate) fn run(name: &str) -> Recorded {
    read(*TEXTS.iter().find(|t| t.0 == name).expect("a recorded run"))
}

fn read((name, classes, held_out, text): (&'static str, usize, usize, &str)) -> Recorded {
    let context = Context {
        classes,
        chance: 1.0 / classes as f64,
        features: Some(classes / 2),
        held_out,
        stopped: Some(StopReason::Completed),
        complete: true,
        lr: None,
        weight_decay: None,
        transformer: false,
        epoch_updates: 0,
        norm_held: false,
        tokens: false,
    };
    Recorded {
        name,
        curve: parse(text),
        context,
    }
}

fn parse(text: &str) -> Curve {
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(','));
    let columns: Vec<&str> = lines.next().expect("a header").collect();
    let mut curve = Curve::default();
    for mut cells in lines {
        let epoch = cells.next().expect("an epoch").parse().expect("an integer");
        for (column, cell) in columns[1..]
            .iter()
            .zip(cells)
            .filter(|(_, cell)| !cell.is_empty())
        {
            curve.set(epoch, column, cell.parse().expect("a number"));
        }
    }
    curve
}

/// A copy with the columns for which `keep` holds.
pub(crate) fn only(curve: &Curve, keep: impl Fn(&str) -> bool) -> Curve {
    let mut out = Curve::default();
    for (row, epoch) in curve.epochs().iter().enumerate() {
        for (name, values) in curve.columns().filter(|(name, _)| keep(name)) {
            out.set(*epoch, name, values[row]);
        }
    }
    out
}
