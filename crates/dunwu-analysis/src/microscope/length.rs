//! Which program says the network's answers in the fewest bits.
//!
//! Rivals each say the answers of the network on all N rows, without error: a program, then the rows on
//! which the program is wrong, with the network's answer on them. The rows' tokens, the task's group and
//! its representations, the architecture and this code are known to both sides and free.
//!
//! | what | bits |
//! |---|---|
//! | whole number n ≥ 0 | Elias δ of n + 1 |
//! | which k of n | δ(k + 1) + log2 C(n, k) |
//! | label | log2 M |
//! | number of a tensor | b, uniform on ± the tensor's largest modulus; b = 1: the sign |
//! | scale of a tensor | 32 |
//! | b | δ(b + 1) |
//! | exceptions | δ(e + 1) + log2 C(N, e) + e log2 M |
//!
//! *Literal*: every answer by itself, N log2 M. *Table*: which n rows it lists, and n labels (those trained on); it says nothing on other rows, so
//! each is an exception. *Weights*: which of K nodes are live; b; by tensor (one an operand, one the
//! readout) a scale and b bits a number; less log2(live!) as nodes may be sent in any order, so the
//! sorted one carries nothing. *Pruned*: the same for fewer nodes, the loudest by ‖w‖²‖v‖: of the numbers
//! of nodes and bits that leave at most a row in a thousand wrong, the shortest found. The weights may
//! be shortest with most rows wrong; the pruned weights are the network still. *Formula*: which of the
//! features but the constant; b; a scale; b bits an amplitude, b bits a phase of a complex feature on the
//! circle.
//!
//! Only the N answers are coded, not the outputs, and a wide network has more numbers than that. A formula
//! with most rows as exceptions may still be the shortest: it says the training rows of a network that
//! memorised. So look at [`Rival::saving`], near 1 for a program and near 0 for none.
//!
//! A row on which the network's two largest outputs are equal has no answer; it is coded as label 0.

use super::code::{exceptions, subset};
use super::formula::FormulaReport;
use super::logits::answers;
use super::network::{Network, Sigma};
use super::nodes::Nodes;
use super::weighing::Weighing;
use dunwu_core::Dataset;
use serde::Serialize;

/// Most bits a number that are tried.
pub const MOST_BITS: u32 = 12;

/// One part of a program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// What it says.
    pub what: String,
    /// Its length; that of the nodes' order is negative.
    pub bits: f64,
}

/// One way to say the answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rival {
    /// `literal`, `table`, `weights`, `pruned` or `formula`.
    pub name: String,
    /// Its parts, the exceptions last.
    pub parts: Vec<Part>,
    /// Rows on which the program is wrong or silent.
    pub exceptions: usize,
    /// Bits a number; None in a table.
    pub precision: Option<u32>,
    /// Nodes that are sent; None but for weights.
    pub nodes: Option<usize>,
    /// Sum of the parts.
    pub total: f64,
    /// 1 − total / literal: the part of the answers that it explains; negative if it is longer.
    pub saving: f64,
}

/// The rivals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DescriptionLength {
    /// Those that could be measured: the literal one and the table always.
    pub rivals: Vec<Rival>,
    /// Name of the shortest.
    pub shortest: String,
    /// N log2 M: every answer by itself.
    pub literal: f64,
    /// Why a rival is missing.
    pub missing: Vec<String>,
}

/// What the weights' code needs beside the data.
#[derive(Clone, Copy)]
pub struct Runnable<'a> {
    /// The layers.
    pub network: &'a Network,
    /// Which nodes are dead.
    pub nodes: &'a Nodes,
    /// σ.
    pub sigma: Sigma<'a>,
}

/// The lengths of the rival descriptions of outputs on all rows, rows × classes.
pub fn description_length(
    outputs: &[f64],
    data: &Dataset,
    runnable: Result<Runnable<'_>, String>,
    formula: Result<&FormulaReport, String>,
) -> DescriptionLength {
    let truth = labels(outputs, data.classes);
    let weighed = |rival: &dyn Fn(&Weighing<'_>) -> Result<Rival, String>| {
        let runnable = runnable.clone()?;
        rival(&Weighing::new(runnable, &truth, data))
    };
    let weights = weighed(&|w| w.shortest());
    let pruned = weighed(&|w| w.faithful());
    let formula = formula.map(|f| of_formula(f, data));
    let mut rivals = vec![every_answer(data), table(&truth, data)];
    let mut missing = Vec::new();
    for (name, rival) in [
        ("weights", weights),
        ("pruned", pruned),
        ("formula", formula),
    ] {
        match rival {
            Ok(rival) => rivals.push(rival),
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    let shortest = rivals
        .iter()
        .reduce(|a, b| if b.total < a.total { b } else { a });
    DescriptionLength {
        shortest: shortest
            .expect("there always is the literal one")
            .name
            .clone(),
        literal: literal(data),
        rivals,
        missing,
    }
}

impl Rival {
    pub(crate) fn new(
        name: &str,
        parts: Vec<(&str, f64)>,
        wrong: usize,
        precision: Option<u32>,
        data: &Dataset,
    ) -> Self {
        let last = ("exceptions", exceptions(data.len(), wrong, data.classes));
        let parts: Vec<Part> = parts
            .into_iter()
            .chain([last])
            .map(|(what, bits)| Part {
                what: what.to_owned(),
                bits,
            })
            .collect();
        let total = parts.iter().map(|p| p.bits).sum();
        Self {
            name: name.to_owned(),
            saving: 1.0 - total / literal(data),
            total,
            parts,
            exceptions: wrong,
            precision,
            nodes: None,
        }
    }
}

pub(crate) fn labels(outputs: &[f64], classes: usize) -> Vec<u32> {
    let answers = answers(outputs, classes);
    answers.into_iter().map(|a| a.unwrap_or(0)).collect()
}

fn literal(data: &Dataset) -> f64 {
    data.len() as f64 * libm::log2(data.classes as f64)
}

fn every_answer(data: &Dataset) -> Rival {
    Rival {
        name: "literal".to_owned(),
        parts: vec![Part {
            what: "labels".to_owned(),
            bits: literal(data),
        }],
        exceptions: 0,
        precision: None,
        nodes: None,
        total: literal(data),
        saving: 0.0,
    }
}

fn table(truth: &[u32], data: &Dataset) -> Rival {
    let (rows, n) = (data.len(), data.train.len());
    let is_right = |i: &&u32| truth[**i as usize] == data.labels[**i as usize];
    let right = data.train.iter().filter(is_right).count();
    let parts = vec![
        ("which rows", subset(rows, n)),
        ("their labels", n as f64 * libm::log2(data.classes as f64)),
    ];
    Rival::new("table", parts, rows - right, None, data)
}

fn of_formula(report: &FormulaReport, data: &Dataset) -> Rival {
    let program = &report.candidate;
    let parts = vec![
        ("which features", program.bits_features),
        ("numbers", program.bits_numbers),
    ];
    Rival::new(
        "formula",
        parts,
        program.exceptions,
        Some(program.precision),
        data,
    )
}
