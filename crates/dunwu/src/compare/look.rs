//! One pass of a network, without training it.

use crate::error::Error;
use dunwu_core::{
    Dataset, Flow, NamedTensor, Needs, Observer, Readout, RunEvent, RunPlan, Snapshot,
};
use dunwu_engine::Resume;

/// The tensors of a network: with `weights` its own, else those that it begins with.
pub(super) fn look(
    plan: &RunPlan,
    data: &Dataset,
    seed: u64,
    weights: Option<&[NamedTensor]>,
    needs: Needs,
) -> Result<Vec<NamedTensor>, Error> {
    // A readout that was solved is among the weights: solving it anew on other rows would change it.
    let readout = if weights.is_some() {
        Readout::Trained
    } else {
        plan.readout
    };
    let plan = RunPlan {
        epochs: 0,
        eval_every: 1,
        readout,
        ..plan.clone()
    };
    let state = weights.map(|w| Snapshot::of(0, w));
    let resume = state.as_ref().map(|state| Resume { epoch: 0, state });
    let mut capture = Capture {
        needs,
        seen: vec![],
    };
    dunwu_engine::train(&plan, data, seed, 1, resume, &mut capture)?;
    Ok(capture.seen)
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

/// The tensor of that name, widened.
pub(super) fn numbers(tensors: &[NamedTensor], name: &str) -> Option<(Vec<f64>, usize)> {
    let tensor = tensors.iter().find(|t| t.name == name)?;
    Some((tensor.view().to_f64(), tensor.cols))
}
