//! The checkpoints of a run directory that a look into its networks takes.

use crate::error::{Error, failed};
use crate::files::Sources;
use crate::lab::{Lab, Run};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{NamedTensor, RunPlan, Values};
use dunwu_store::{RunDir, RunReader};

/// A run directory, or one checkpoint in it.
pub(crate) struct Asked {
    dir: Utf8PathBuf,
    reader: RunReader,
    plan: RunPlan,
    seed: Option<u64>,
    only: Option<u64>,
}

impl Asked {
    /// `seed` picks one of several; the path of a checkpoint means that one.
    pub(crate) fn open(path: &Utf8Path, seed: Option<u64>) -> Result<Self, Error> {
        let (dir, seed, only) = match RunDir::of_checkpoint(path) {
            Some((dir, seed, epoch)) => (dir, Some(seed), Some(epoch)),
            None => (path.to_owned(), seed, None),
        };
        let reader = RunDir::open(&dir)?;
        Ok(Self {
            plan: reader.plan().clone(),
            dir,
            reader,
            seed,
            only,
        })
    }

    pub(crate) fn lab(&self) -> Result<Lab<'_>, Error> {
        Lab::new(&self.plan, Sources::recorded(&self.reader)?)
    }

    /// The run that is meant: the first, if no seed is named.
    pub(crate) fn run(&self, lab: &Lab<'_>) -> Result<Run, Error> {
        let runs = lab.read(&self.reader, &self.dir)?.runs;
        let seed = self
            .seed
            .or(runs.first().map(|r| r.seed))
            .unwrap_or(self.plan.seed);
        let run = runs.into_iter().find(|r| r.seed == seed);
        run.ok_or_else(|| failed(format!("{} has no run of seed {seed}", self.dir)))
    }

    /// Epochs and files, ascending, at most `most` of them, evenly, the last among them; never none.
    pub(crate) fn checkpoints(
        &self,
        seed: u64,
        most: usize,
    ) -> Result<Vec<(u64, Utf8PathBuf)>, Error> {
        let mut all = self.reader.checkpoints(seed)?;
        match self.only {
            Some(epoch) => all.retain(|c| c.0 == epoch),
            None => all = thinned(all, most),
        }
        let dir = &self.dir;
        match (all.is_empty(), self.only) {
            (false, _) => Ok(all),
            (true, Some(epoch)) => Err(failed(format!(
                "{dir} has no checkpoint of seed {seed} at epoch {epoch}"
            ))),
            (true, None) => Err(failed(format!(
                "{dir} has no checkpoint of seed {seed} yet"
            ))),
        }
    }

    /// The tensors of a checkpoint.
    pub(crate) fn load(&self, path: &Utf8Path) -> Result<Vec<NamedTensor>, Error> {
        Ok(self.reader.load_checkpoint(path)?.tensors)
    }
}

/// The stage that a run was in.
pub(crate) fn stage_at(run: &Run, epoch: u64) -> Option<String> {
    let in_stage = |f: &&dunwu_core::Finding| {
        f.from.is_some_and(|from| from <= epoch) && f.to.is_none_or(|to| epoch < to)
    };
    let stage = run.account.stages.iter().find(in_stage);
    stage.map(|f| f.name.clone())
}

/// At most so many of them, evenly, the last among them.
pub(crate) fn thinned<T: Clone>(all: Vec<T>, most: usize) -> Vec<T> {
    if all.len() <= most {
        return all;
    }
    if most < 2 {
        return all.into_iter().next_back().into_iter().take(most).collect();
    }
    (0..most)
        .map(|i| all[i * (all.len() - 1) / (most - 1)].clone())
        .collect()
}

/// The first tensor with a number that is not finite.
pub(crate) fn broken(tensors: &[NamedTensor]) -> Option<&NamedTensor> {
    let is_finite = |tensor: &NamedTensor| match &tensor.values {
        Values::F32(data) => data.iter().all(|x| x.is_finite()),
        Values::F64(data) => data.iter().all(|x| x.is_finite()),
    };
    tensors.iter().find(|t| !is_finite(t))
}

/// Refuses tensors with a number that is not finite.
pub(crate) fn check_finite(tensors: &[NamedTensor]) -> Result<(), String> {
    match broken(tensors) {
        Some(broken) => Err(format!(
            "training diverged: `{}` holds numbers that are not finite; lower lr",
            broken.name
        )),
        None => Ok(()),
    }
}
