//! Data sets, weights and observers that the engine's tests share.
#![allow(dead_code, reason = "every test file uses a part")]

use dunwu_core::{
    Dataset, Flow, Metrics, NamedTensor, Needs, Observer, RunEvent, RunPlan, RunSpec, Snapshot,
    Values,
};
use dunwu_engine::{Outcome, Resume, train};
use dunwu_task::{NO_FILES, Task};

/// The plan of the words, of which a later one replaces an earlier one.
pub(crate) fn plan(words: &[&str]) -> RunPlan {
    let mut spec = RunSpec::default();
    for word in words {
        spec.merge(RunSpec::from_overrides([word]).unwrap());
    }
    spec.resolve().unwrap()
}

pub(crate) fn data(plan: &RunPlan) -> Dataset {
    Task::from_plan(plan, NO_FILES)
        .unwrap()
        .dataset(plan, 0, NO_FILES)
        .unwrap()
}

/// Keeps every score and the last snapshot.
#[derive(Default)]
pub(crate) struct Keep {
    pub(crate) needs: Needs,
    pub(crate) metrics: Vec<Metrics>,
    pub(crate) refined: Vec<Metrics>,
    pub(crate) last: Vec<NamedTensor>,
    pub(crate) at: Option<(u64, Vec<NamedTensor>)>,
    pub(crate) keep_at: Option<u64>,
}

impl Observer for Keep {
    fn needs(&mut self, _: u64) -> Needs {
        self.needs
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        match event {
            RunEvent::Epoch { metrics, snapshot } => {
                self.metrics.push(**metrics);
                self.last = snapshot.to_owned_tensors();
                if self.keep_at == Some(metrics.epoch) {
                    self.at = Some((metrics.epoch, self.last.clone()));
                }
            }
            RunEvent::Refined { metrics } => self.refined.push(**metrics),
            _ => {}
        }
        Flow::Continue
    }
}

pub(crate) fn run(
    plan: &RunPlan,
    data: &Dataset,
    threads: usize,
    needs: Needs,
    state: Option<&[NamedTensor]>,
) -> (Keep, Outcome) {
    let mut keep = Keep {
        needs,
        ..Keep::default()
    };
    let snapshot = state.map(|s| Snapshot::of(0, s));
    let resume = snapshot.as_ref().map(|state| Resume { epoch: 0, state });
    let outcome = train(plan, data, plan.seed, threads, resume, &mut keep).unwrap();
    (keep, outcome)
}

/// splitmix64: the generator that `scripts/pytorch_reference.py` mirrors.
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in ±1/√fan_in.
    pub(crate) fn weight(&mut self, fan_in: usize) -> f64 {
        let unit = (self.bits() >> 40) as f64 / (1u64 << 24) as f64;
        (2.0 * unit - 1.0) / (fan_in as f64).sqrt()
    }
}

/// Weights of a network with one hidden layer, row by row, W then V.
pub(crate) fn mixed_weights(inputs: usize, width: usize, classes: usize) -> Vec<NamedTensor> {
    let mut mix = SplitMix(1);
    let mut tensor = |name: &str, rows: usize, cols: usize| NamedTensor {
        name: name.to_owned(),
        rows,
        cols,
        values: Values::F64((0..rows * cols).map(|_| mix.weight(rows)).collect()),
    };
    vec![
        tensor("hidden.0", inputs, width),
        tensor("readout", width, classes),
    ]
}

/// (a + b) mod m with the first `train` rows of a shuffle.
pub(crate) fn mixed_addition(m: usize, train: usize) -> Dataset {
    let mut rows: Vec<u32> = (0..(m * m) as u32).collect();
    let mut mix = SplitMix(2);
    for i in (1..rows.len()).rev() {
        rows.swap(i, (mix.bits() % (i as u64 + 1)) as usize);
    }
    let (mut trained, mut test) = (rows[..train].to_vec(), rows[train..].to_vec());
    trained.sort_unstable();
    test.sort_unstable();
    let labels: Vec<u32> = (0..m * m).map(|i| ((i / m + i % m) % m) as u32).collect();
    Dataset {
        task: format!("Z{m}"),
        vocab: vec![m, m],
        classes: m,
        tokens: (0..m * m)
            .flat_map(|i| [(i / m) as u32, (i % m) as u32])
            .collect(),
        clean: labels.clone(),
        labels,
        train: trained,
        test,
        noisy: vec![],
        given: None,
    }
}
