//! P_η of a network that is trained to the end of its lazy stage.

use crate::error::{Error, failed};
use crate::resources;
use dunwu_analysis::landscape::{Problem, Whitened};
use dunwu_analysis::{Context, stages};
use dunwu_core::{
    Curve, Dataset, Flow, Needs, Observer, PlanError, Probe, RunEvent, RunPlan, StopReason,
};
use dunwu_probe::Setting;
use dunwu_task::{Features, Task};
use serde::Serialize;

/// Probes whose readings put the end of the lazy stage.
const PROBES: &[&str] = &["gradient", "spectrum", "update"];

/// Keys of a plan that only the whitened energy reads: the network whose activations whiten.
pub const NETWORK_KEYS: &[&str] = &[
    "epochs",
    "hidden_init",
    "hidden_scale",
    "loss",
    "lr",
    "optimizer",
    "weight_decay",
    "width",
];

/// When the activations are taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// At the end of the lazy stage, as the readings put it.
    Lazy,
    /// After so many updates; 0 is the network as it starts.
    Epoch(u64),
}

/// With what an energy was whitened.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Whitening {
    /// η.
    pub eta: f64,
    /// Hidden nodes K.
    pub width: usize,
    /// Updates made.
    pub epoch: u64,
    /// Whether the lazy stage was looked for and did not end within the plan's epochs: its last epoch was taken.
    pub still_lazy: bool,
    /// ⟨Ỹ, P_η Ỹ⟩/‖Ỹ‖²: the share of the targets that the readout leaves.
    pub residual: f64,
}

/// What the whitened energy needs beside the problem.
pub(crate) struct Network<'a> {
    pub plan: &'a RunPlan,
    pub task: &'a Task,
    pub features: Option<&'a Features>,
    pub moment: Moment,
    pub eta: Option<f64>,
}

impl Network<'_> {
    /// Whitens the raw energy of the training rows.
    pub(crate) fn whiten(
        &self,
        problem: Problem,
        data: &Dataset,
        seed: u64,
    ) -> Result<(Problem, Whitening), Error> {
        self.check_memory(data)?;
        // A loss that is a mean over rows, against weight_decay/2·‖V‖².
        let rows = data.train.len() as f64;
        if self.eta.is_none() && self.plan.weight_decay == 0.0 {
            let why = "is 0, so η of the whitened energy is 0; raise it or write eta=…";
            return Err(PlanError::new("weight_decay", why).into());
        }
        let eta = self.eta.unwrap_or(rows * self.plan.weight_decay / 2.0);
        let (epoch, still_lazy) = match self.moment {
            Moment::Epoch(epoch) => (epoch, false),
            Moment::Lazy => {
                let end = self.lazy_end(data, seed)?;
                (end.unwrap_or(self.plan.epochs), end.is_none())
            }
        };
        let activations = self.activations(data, seed, epoch)?;
        let Whitened { problem, residual } = problem.whitened(&activations, eta)?;
        let whitening = Whitening {
            eta,
            width: self.plan.width,
            epoch,
            still_lazy,
            residual,
        };
        Ok((problem, whitening))
    }

    fn check_memory(&self, data: &Dataset) -> Result<(), Error> {
        let (n, k) = (data.train.len() as u64, self.plan.width as u64);
        let bytes = 8 * (2 * n * k + 3 * n.min(k).pow(2));
        match resources::too_little(bytes) {
            Some(free) => Err(failed(format!(
                "whitening {n} rows by {k} nodes needs {}, and {} is free; lower width or train_fraction",
                resources::human(bytes),
                resources::human(free)
            ))),
            None => Ok(()),
        }
    }

    /// Where the lazy stage ends; None if it outlasts the plan.
    fn lazy_end(&self, data: &Dataset, seed: u64) -> Result<Option<u64>, Error> {
        let setting = Setting {
            plan: self.plan,
            features: self.features,
        };
        let names: Vec<String> = PROBES.iter().map(|p| (*p).to_owned()).collect();
        let mut watch = Watch {
            data,
            probes: dunwu_probe::select(&names)?
                .iter()
                .map(|entry| (entry.make)(&setting))
                .collect(),
            curve: Curve::default(),
            context: Context {
                classes: self.task.classes(),
                chance: self.task.chance(),
                features: self.features.map(|f| f.len() - 1),
                held_out: data.test.len(),
                stopped: None,
                complete: false,
                lr: Some(self.plan.lr),
                weight_decay: Some(self.plan.weight_decay),
                transformer: self.plan.transformer.is_some(),
                epoch_updates: self.plan.epoch_updates,
                norm_held: self.plan.weight_norm > 0.0,
                tokens: false,
            },
            end: None,
        };
        self.train(self.plan.clone(), data, seed, &mut watch)?;
        Ok(watch.end)
    }

    /// σ(XW) of the training rows after so many updates, n × K.
    fn activations(&self, data: &Dataset, seed: u64, epoch: u64) -> Result<Vec<f64>, Error> {
        let plan = RunPlan {
            epochs: epoch,
            eval_every: epoch.max(1),
            ..self.plan.clone()
        };
        let mut last = Last {
            epoch,
            seen: vec![],
        };
        self.train(plan, data, seed, &mut last)?;
        if last.seen.iter().any(|x| !x.is_finite()) || last.seen.is_empty() {
            return Err(failed(format!(
                "the network that whitens diverges before epoch {epoch}; lower lr"
            )));
        }
        Ok(last.seen)
    }

    fn train(
        &self,
        plan: RunPlan,
        data: &Dataset,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        let threads = resources::threads(&plan);
        dunwu_engine::train(&plan, data, seed, threads, None, observer)?;
        Ok(())
    }
}

/// Reads the probes until the lazy stage is over.
struct Watch<'a> {
    data: &'a Dataset,
    probes: Vec<Box<dyn Probe>>,
    curve: Curve,
    context: Context,
    end: Option<u64>,
}

impl Observer for Watch<'_> {
    fn needs(&mut self, _: u64) -> Needs {
        let all = self.probes.iter().map(|p| p.needs());
        all.fold(Needs::NONE, Needs::or)
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        let RunEvent::Epoch { metrics, snapshot } = event else {
            return Flow::Continue;
        };
        let epoch = metrics.epoch;
        self.curve.set(epoch, "train_acc", metrics.train.accuracy);
        if let Some(test) = metrics.test {
            self.curve.set(epoch, "test_acc", test.accuracy);
        }
        for probe in &mut self.probes {
            for reading in probe.measure(snapshot, self.data) {
                self.curve.set(epoch, &reading.name, reading.value);
            }
        }
        self.end = stages(&self.curve, &self.context)
            .first()
            .and_then(|lazy| lazy.to);
        match self.end {
            Some(_) => Flow::Stop(StopReason::Observer("the lazy stage is over".into())),
            None => Flow::Continue,
        }
    }
}

/// Keeps the activations of the last epoch.
struct Last {
    epoch: u64,
    seen: Vec<f64>,
}

impl Observer for Last {
    fn needs(&mut self, epoch: u64) -> Needs {
        Needs {
            features: epoch == self.epoch,
            ..Needs::NONE
        }
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        if let RunEvent::Epoch { snapshot, .. } = event {
            let features = snapshot.tensors.iter().find(|t| t.name == "features");
            self.seen = features.map(|t| t.to_f64()).unwrap_or_default();
        }
        Flow::Continue
    }
}
