//! Everything at once, for one snapshot.

use super::{
    Ablation, Coverage, DescriptionLength, Factorisation, FormulaReport, GradientSplit, Network,
    Nodes, NodesRemoved, Pruning, Runnable, Scores, Side, Sigma, Threshold, Transforms,
};
use super::{
    ablation, coverage, description_length, factorisation, formula, gradient_split, logits,
    node_ablation, nodes, prune, scores,
};
use dunwu_core::{Dataset, RunPlan, Snapshot};
use dunwu_task::{Features, Group};
use serde::Serialize;

/// Steps in which nodes are pruned.
pub const PRUNING_STEPS: usize = 20;

/// A snapshot with all that is known of its task.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The tensors.
    pub snapshot: &'a Snapshot<'a>,
    /// All rows.
    pub data: &'a Dataset,
    /// How the network was trained.
    pub plan: &'a RunPlan,
    /// Parts of functions on tokens.
    pub features: &'a Features,
    /// Their representations, computed once.
    pub transforms: &'a Transforms,
    /// The group whose product the rows are; of `x+y mod n` that is Z_n.
    pub group: Option<&'a Group>,
    /// Outputs on all rows, rows × classes.
    pub outputs: &'a [f64],
    /// The activation.
    pub sigma: Sigma<'a>,
}

/// What could not be examined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Name of the field.
    pub what: String,
    /// A sentence.
    pub why: String,
}

/// All findings about one snapshot; what is None is in `skipped`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Examination {
    /// Epoch of the snapshot.
    pub epoch: u64,
    /// Loss and accuracy.
    pub scores: Scores,
    /// Node by node.
    pub nodes: Nodes,
    /// Which features are held.
    pub coverage: Coverage,
    /// Which features are pushed.
    pub gradient: Option<GradientSplit>,
    /// Features cut out of the outputs, by operands and by label.
    pub ablations: Vec<Ablation>,
    /// Nodes of a feature removed.
    pub node_ablation: Option<Vec<NodesRemoved>>,
    /// Nodes removed by participation.
    pub pruning: Option<Pruning>,
    /// Solutions as products.
    pub factorisation: Option<Factorisation>,
    /// The outputs as characters.
    pub formula: Option<FormulaReport>,
    /// Rival descriptions.
    pub description: DescriptionLength,
    /// What does not apply, and why.
    pub skipped: Vec<Skipped>,
}

/// Everything about one snapshot: seconds at 2048 nodes and 71 tokens.
///
/// # Errors
/// A sentence if the snapshot is no network on the tokens of the features, or the outputs do not fit.
pub fn examine(subject: &Subject<'_>) -> Result<Examination, String> {
    let Subject {
        data,
        features,
        transforms,
        outputs,
        ..
    } = *subject;
    logits::check(outputs, data)?;
    let network = Network::read(subject.snapshot, data, subject.plan)?;
    let nodes = nodes(&network, features, transforms)?;
    let (sigma, mut notes) = (subject.sigma, Notes::default());
    let formula = notes.keep("formula", of_group(subject));
    Ok(Examination {
        epoch: subject.snapshot.epoch,
        scores: scores(outputs, data),
        coverage: coverage(&nodes),
        gradient: notes.keep("gradient", gradient(subject, &network, &nodes)),
        ablations: [Side::Operands, Side::Label]
            .into_iter()
            .filter_map(|side| {
                let one = ablation(outputs, data, features, side, None);
                notes.keep("ablations", one)
            })
            .collect(),
        node_ablation: notes.keep(
            "node_ablation",
            node_ablation(&network, &nodes, data, sigma),
        ),
        pruning: notes.keep(
            "pruning",
            prune(&network, &nodes, data, features, sigma, PRUNING_STEPS),
        ),
        factorisation: notes.keep(
            "factorisation",
            factorisation(&network, transforms, Threshold::default()),
        ),
        description: describe(subject, &network, &nodes, formula.as_ref()),
        formula,
        nodes,
        skipped: notes.skipped,
    })
}

#[derive(Default)]
struct Notes {
    skipped: Vec<Skipped>,
}

impl Notes {
    /// The value, or a note of why there is none.
    fn keep<T>(&mut self, what: &str, found: Result<T, String>) -> Option<T> {
        let note = |why| {
            self.skipped.push(Skipped {
                what: what.to_owned(),
                why,
            });
        };
        found.map_err(note).ok()
    }
}

fn of_group(subject: &Subject<'_>) -> Result<FormulaReport, String> {
    let none = || format!("{} is no product in a group", subject.data.task);
    let group = subject.group.ok_or_else(none)?;
    formula(subject.outputs, subject.data, group, subject.transforms)
}

fn gradient(
    subject: &Subject<'_>,
    network: &Network,
    nodes: &Nodes,
) -> Result<GradientSplit, String> {
    let Subject {
        snapshot,
        data,
        features,
        ..
    } = *subject;
    gradient_split(snapshot, data, network, features, nodes)
}

fn describe(
    subject: &Subject<'_>,
    network: &Network,
    nodes: &Nodes,
    formula: Option<&FormulaReport>,
) -> DescriptionLength {
    let runnable = Runnable {
        network,
        nodes,
        sigma: subject.sigma,
    };
    let formula = formula.ok_or_else(|| "there is no formula".to_owned());
    description_length(subject.outputs, subject.data, Ok(runnable), formula)
}
