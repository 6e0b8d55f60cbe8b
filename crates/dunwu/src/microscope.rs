//! What the networks of a run directory learned, checkpoint by checkpoint.

use crate::checkpoints::{Asked, check_finite, stage_at};
use crate::error::{Error, failed};
use crate::lab::Lab;
use crate::resources;
use camino::Utf8Path;
use dunwu_analysis::Fate;
use dunwu_analysis::microscope::{
    DescriptionLength, Examination, Movement, Nodes, Subject, Transforms, examine, movement,
};
use dunwu_core::{
    Dataset, Flow, Model, NamedTensor, Needs, Observer, Readout, RunEvent, RunPlan, Snapshot,
};
use dunwu_engine::Resume;
use dunwu_engine::activation::Function;
use dunwu_task::{Group, Task};
use serde::Serialize;

/// One checkpoint, in short.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// Epoch.
    pub epoch: u64,
    /// Stage that the run was in.
    pub stage: Option<String>,
    /// Features that live pure nodes hold.
    pub covered: usize,
    /// Whether a formula holds.
    pub formula_holds: bool,
    /// Bits of each rival description.
    pub description: DescriptionLength,
    /// ‖gradient‖² that the hidden layer receives, by feature.
    pub gradient: Option<Vec<f64>>,
}

/// What one seed's network learned.
#[derive(Clone, Debug, Serialize)]
pub struct Microscopy {
    /// The seed.
    pub seed: u64,
    /// The last checkpoint in full.
    pub last: Examination,
    /// Every checkpoint in short.
    pub moments: Vec<Moment>,
    /// How nodes moved between features.
    pub movement: Movement,
}

/// Looks into the networks of a run directory; `seed` picks one of several. Of many checkpoints it takes 12,
/// evenly, the last among them, and of a run that diverged those before its numbers broke; `progress` hears how many are done, and of how many. The path of a
/// checkpoint in a run directory looks into that one.
///
/// # Errors
/// A directory that holds no run, a file that lies in none, a task without features, a checkpoint with missing
/// tensors, outputs on all rows that do not fit in memory.
pub fn microscope(
    path: &Utf8Path,
    seed: Option<u64>,
    progress: &dyn Fn(usize, usize),
) -> Result<Microscopy, Error> {
    let asked = Asked::open(path, seed)?;
    let lab = asked.lab()?;
    let run = asked.run(&lab)?;
    let scope = Scope::new(&lab, run.seed)?;
    let (mut moments, mut nodes, mut last): (Vec<Moment>, Vec<(u64, Nodes)>, _) =
        (vec![], vec![], None);
    let checkpoints = asked.checkpoints(run.seed, MOST)?;
    let diverged = Fate::of(&run.account.fate.name) == Some(Fate::Diverged);
    for (i, (epoch, path)) in checkpoints.iter().enumerate() {
        let epoch = *epoch;
        progress(i, checkpoints.len());
        let seen = match scope.examine(epoch, &asked.load(path)?) {
            Ok(seen) => seen,
            // What stood before the numbers broke can still be read.
            Err(_) if diverged && last.is_some() => break,
            Err(why) => return Err(failed(format!("{path}: {why}"))),
        };
        moments.push(in_short(epoch, stage_at(&run, epoch), &seen));
        nodes.push((epoch, seen.nodes.clone()));
        last = Some(seen);
    }
    let last = last.expect("there is a checkpoint");
    let series: Vec<(u64, &Nodes)> = nodes.iter().map(|(e, n)| (*e, n)).collect();
    Ok(Microscopy {
        seed: run.seed,
        movement: movement(&series),
        last,
        moments,
    })
}

fn in_short(epoch: u64, stage: Option<String>, seen: &Examination) -> Moment {
    let features = seen.coverage.features.iter();
    Moment {
        epoch,
        stage,
        covered: features.filter(|f| f.nodes > 0).count(),
        formula_holds: seen.formula.as_ref().is_some_and(|f| f.holds),
        description: seen.description.clone(),
        gradient: seen.gradient.as_ref().map(|g| g.total.clone()),
    }
}

/// A look into one checkpoint that belongs to no run.
pub(crate) fn alone(seed: u64, seen: Examination) -> Microscopy {
    Microscopy {
        seed,
        moments: vec![in_short(seen.epoch, None, &seen)],
        movement: movement(&[(seen.epoch, &seen.nodes)]),
        last: seen,
    }
}

/// Most checkpoints that are examined: each takes a second or two at 2048 nodes and 71 tokens.
const MOST: usize = 12;

/// What does not change from checkpoint to checkpoint.
pub(crate) struct Scope<'a> {
    lab: &'a Lab<'a>,
    data: Dataset,
    group: Option<Group>,
    transforms: Transforms,
    seed: u64,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(lab: &'a Lab<'a>, seed: u64) -> Result<Self, Error> {
        if lab.plan.model == Model::Transformer {
            let why = "the microscope names the nodes of perceptrons; `circuit` reads transformers";
            return Err(failed(why.to_owned()));
        }
        let data = lab.dataset(seed)?;
        let why = lab.no_features.clone().unwrap_or_default();
        let features = lab
            .features
            .as_ref()
            .ok_or_else(|| failed(format!("there is nothing to name nodes by: {why}")))?;
        let bytes = (data.len() * data.classes) as u64 * 24;
        if let Some(free) = resources::too_little(bytes) {
            let (bytes, free) = (resources::human(bytes), resources::human(free));
            return Err(failed(format!(
                "outputs on all rows need {bytes}, and {free} is free"
            )));
        }
        let group = group_of(&lab.task);
        let transforms = Transforms::of(group.as_ref(), features);
        Ok(Self {
            lab,
            data,
            group,
            transforms,
            seed,
        })
    }

    pub(crate) fn examine(
        &self,
        epoch: u64,
        tensors: &[NamedTensor],
    ) -> Result<Examination, String> {
        check_finite(tensors)?;
        let weights = Snapshot::of(epoch, tensors);
        let (outputs, gradients) = self.forward(&weights)?;
        check_finite(&gradients)?;
        if outputs.iter().any(|x| !x.is_finite()) {
            return Err("training diverged: its outputs are not finite; lower lr".to_owned());
        }
        let mut all = tensors.to_vec();
        all.retain(|t| !t.name.starts_with("grad."));
        all.extend(gradients);
        let snapshot = Snapshot::of(epoch, &all);
        let plan = self.lab.plan;
        let function = Function::<f64> {
            kind: plan.activation,
            a: plan.activation_a,
            b: plan.activation_b,
        };
        let sigma = |x: f64| function.value(x);
        let features = self
            .lab
            .features
            .as_ref()
            .ok_or("the task has no features")?;
        examine(&Subject {
            snapshot: &snapshot,
            data: &self.data,
            plan,
            features,
            transforms: &self.transforms,
            group: self.group.as_ref(),
            outputs: &outputs,
            sigma: &sigma,
        })
    }

    /// Outputs on all rows, and the gradients of the training loss.
    fn forward(&self, weights: &Snapshot<'_>) -> Result<(Vec<f64>, Vec<NamedTensor>), String> {
        let everything = Dataset {
            train: (0..self.data.len() as u32).collect(),
            test: vec![],
            ..self.data.clone()
        };
        let outputs = self.look(
            weights,
            &everything,
            Needs {
                outputs: true,
                ..Needs::NONE
            },
        )?;
        let gradients = self.look(
            weights,
            &self.data,
            Needs {
                gradients: true,
                ..Needs::NONE
            },
        )?;
        let outputs = outputs
            .iter()
            .find(|t| t.name == "outputs")
            .map(|t| t.view().to_f64());
        let keep = |t: &NamedTensor| t.name.starts_with("grad.");
        Ok((
            outputs.ok_or("the engine gave no outputs")?,
            gradients.into_iter().filter(keep).collect(),
        ))
    }

    /// Outputs on the training rows in the precision of the plan, and their labels.
    pub(crate) fn training_outputs(
        &self,
        tensors: &[NamedTensor],
    ) -> Result<(NamedTensor, Vec<u32>), String> {
        let needs = Needs {
            outputs: true,
            ..Needs::NONE
        };
        let seen = self.look(&Snapshot::of(0, tensors), &self.data, needs)?;
        let outputs = seen.into_iter().find(|t| t.name == "outputs");
        let label = |row: &u32| self.data.labels[*row as usize];
        let labels = self.data.train.iter().map(label).collect();
        Ok((outputs.ok_or("the engine gave no outputs")?, labels))
    }

    fn look(
        &self,
        weights: &Snapshot<'_>,
        data: &Dataset,
        needs: Needs,
    ) -> Result<Vec<NamedTensor>, String> {
        look(self.lab.plan, data, self.seed, weights, needs)
    }
}

/// What a network with these weights gives on a data set.
pub(crate) fn look(
    plan: &RunPlan,
    data: &Dataset,
    seed: u64,
    weights: &Snapshot<'_>,
    needs: Needs,
) -> Result<Vec<NamedTensor>, String> {
    let threads = resources::threads(plan);
    // A readout that was solved is in the checkpoint: solving it anew on other rows would change it.
    let plan = RunPlan {
        epochs: 0,
        eval_every: 1,
        readout: Readout::Trained,
        ..plan.clone()
    };
    let state = Snapshot {
        epoch: 0,
        tensors: weights.tensors.clone(),
    };
    let mut capture = Capture {
        needs,
        seen: vec![],
    };
    let resume = Resume {
        epoch: 0,
        state: &state,
    };
    dunwu_engine::train(&plan, data, seed, threads, Some(resume), &mut capture)
        .map_err(|e| e.to_string())?;
    Ok(capture.seen)
}

/// The group whose product the rows are: that of the task, or Z_n of a sum mod n.
pub(crate) fn group_of(task: &Task) -> Option<Group> {
    task.group().filter(|g| g.is_group()).cloned()
}

/// Keeps the tensors of the first epoch.
struct Capture {
    needs: Needs,
    seen: Vec<NamedTensor>,
}

impl Observer for Capture {
    fn needs(&mut self, _: u64) -> Needs {
        self.needs
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        if let RunEvent::Epoch { snapshot, .. } = event {
            self.seen = snapshot.to_owned_tensors();
        }
        Flow::Continue
    }
}
