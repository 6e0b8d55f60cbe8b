//! Measures of one snapshot.

use crate::{Dataset, NamedTensor, Snapshot};

/// Which tensors an observer or a probe wants in the next snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// All weights.
    pub weights: bool,
    /// `grad.*`.
    pub gradients: bool,
    /// `features`.
    pub features: bool,
    /// `outputs`.
    pub outputs: bool,
    /// `attention.*`, `scores.*` and `values.*`, which transformers alone have.
    pub attention: bool,
    /// `lens.*`, `reach.*` and `stream.*`, which transformers alone have; `reach.*` only with the gradients.
    pub layers: bool,
    /// `optimizer.*`.
    pub optimizer: bool,
    /// `table.*`, over all rows, of a task whose whole table is there.
    pub table: bool,
}

impl Needs {
    /// Nothing.
    pub const NONE: Needs = Needs {
        weights: false,
        gradients: false,
        features: false,
        outputs: false,
        attention: false,
        layers: false,
        optimizer: false,
        table: false,
    };
    /// The weights alone.
    pub const WEIGHTS: Needs = Needs {
        weights: true,
        ..Needs::NONE
    };
    /// All that an exact resume needs.
    pub const STATE: Needs = Needs {
        weights: true,
        optimizer: true,
        ..Needs::NONE
    };

    /// Whether nothing is wanted.
    pub fn is_none(self) -> bool {
        self == Needs::NONE
    }

    /// What either wants.
    #[must_use]
    pub fn or(self, other: Needs) -> Needs {
        Needs {
            weights: self.weights || other.weights,
            gradients: self.gradients || other.gradients,
            features: self.features || other.features,
            outputs: self.outputs || other.outputs,
            attention: self.attention || other.attention,
            layers: self.layers || other.layers,
            optimizer: self.optimizer || other.optimizer,
            table: self.table || other.table,
        }
    }
}

/// What one reading of a probe costs, beside one epoch of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// A few percent of an epoch: read at every epoch.
    Cheap,
    /// Up to about an epoch: read every `probe_every` epochs.
    Moderate,
    /// Many epochs: read every `probe_every` epochs, and only if named.
    Expensive,
}

/// One number that a probe read off.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Column of the curve, such as `grad_f` or `update_cos.hidden.0`.
    pub name: String,
    /// The value; NaN if it is not defined yet.
    pub value: f64,
}

impl Reading {
    /// A named number.
    pub fn new(name: impl Into<String>, value: f64) -> Self {
        Self {
            name: name.into(),
            value,
        }
    }
}

/// A measure that is read off one snapshot at a time, and may remember earlier ones.
pub trait Probe: Send {
    /// Name in plans, help and docs.
    fn name(&self) -> &'static str;

    /// Columns that `measure` fills, with unit and formula, for help and docs.
    fn columns(&self) -> Vec<(String, &'static str)>;

    /// What the snapshot must hold.
    fn needs(&self) -> Needs;

    /// Whether it is read at every epoch or at an interval.
    fn cost(&self) -> Cost;

    /// Reads the snapshot.
    fn measure(&mut self, snapshot: &Snapshot<'_>, data: &Dataset) -> Vec<Reading>;

    /// What it keeps beside the curve, under its own name: tensors of the whole run so far, such as maps over time.
    /// Nothing by default. They follow from what `save` gives.
    fn record(&self) -> Vec<NamedTensor> {
        Vec::new()
    }

    /// What must survive a resume for later readings to be the same bits.
    fn save(&self) -> Vec<NamedTensor> {
        Vec::new()
    }

    /// Takes back what `save` gave.
    fn restore(&mut self, _saved: &[NamedTensor]) {}
}
