//! Synthetic networks whose structure is known.

use dunwu_analysis::microscope::{Network, Nodes, Transforms, nodes};
use dunwu_core::{Dataset, NamedTensor, RunPlan, RunSpec, Snapshot, Values};
use dunwu_task::{Features, NO_FILES, Task};
use std::f64::consts::TAU;

/// A task with all that the microscope needs of it.
pub(crate) struct Bench {
    pub(crate) task: Task,
    pub(crate) plan: RunPlan,
    pub(crate) data: Dataset,
    pub(crate) features: Features,
    pub(crate) transforms: Transforms,
}

impl Bench {
    pub(crate) fn new(overrides: &[&str]) -> Self {
        let spec = RunSpec::from_overrides(overrides.iter().copied()).unwrap();
        let plan = spec.resolve().unwrap();
        let task = Task::from_plan(&plan, NO_FILES).unwrap();
        let data = task.dataset(&plan, 0, NO_FILES).unwrap();
        let features = task.features().unwrap();
        let transforms = Transforms::of(task.group(), &features);
        Self {
            task,
            plan,
            data,
            features,
            transforms,
        }
    }

    pub(crate) fn network(&self, tensors: &[NamedTensor]) -> Network {
        Network::read(&Snapshot::of(0, tensors), &self.data, &self.plan).unwrap()
    }

    pub(crate) fn nodes(&self, network: &Network) -> Nodes {
        nodes(network, &self.features, &self.transforms).unwrap()
    }
}

/// Nodes as incoming and outgoing functions, `[w_1, w_2, …, v]` each.
pub(crate) fn tensors(nodes: &[Vec<Vec<f64>>]) -> Vec<NamedTensor> {
    let width = nodes.len();
    let inputs: Vec<Vec<f64>> = nodes.iter().map(|n| n[..n.len() - 1].concat()).collect();
    let hidden: Vec<f64> = (0..inputs[0].len())
        .flat_map(|i| inputs.iter().map(move |w| w[i]))
        .collect();
    let readout: Vec<f64> = nodes.iter().flat_map(|n| n[n.len() - 1].clone()).collect();
    vec![
        dense("hidden.0", hidden.len() / width, width, hidden),
        dense("readout", width, readout.len() / width, readout),
    ]
}

pub(crate) fn dense(name: &str, rows: usize, cols: usize, values: Vec<f64>) -> NamedTensor {
    assert_eq!(rows * cols, values.len());
    NamedTensor {
        name: name.into(),
        rows,
        cols,
        values: Values::F64(values),
    }
}

/// cos(2πk x/p + φ), by x.
pub(crate) fn cosine(p: usize, k: usize, phase: f64) -> Vec<f64> {
    let angle = |x: usize| TAU * ((k * x) % p) as f64 / p as f64 + phase;
    (0..p).map(|x| angle(x).cos()).collect()
}

/// The nodes of arXiv 2301.02679 on one frequency: nine pairs of phases cancel all but a + b − c.
pub(crate) fn gromov(p: usize, k: usize) -> Vec<Vec<Vec<f64>>> {
    let third = |i: usize| TAU * i as f64 / 3.0 + 0.4;
    (0..9)
        .map(|i| (third(i / 3), third(i % 3)))
        .map(|(f, g)| vec![cosine(p, k, f), cosine(p, k, g), cosine(p, k, f + g)])
        .collect()
}

/// A stream of numbers in (−1, 1) that is the same everywhere.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub(crate) fn vector(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }
}

pub(crate) fn square(x: f64) -> f64 {
    x * x
}
