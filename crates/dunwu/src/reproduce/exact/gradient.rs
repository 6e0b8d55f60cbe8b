//! Statements on the gradient at the hidden nodes, measured on the engine's own tensors in double precision.
//!
//! Source: arXiv 2509.21519, Prop. 1, Eq. 4, Lemma 1, Thm 1 and appendix C.3.

use super::super::kinds::{Found, Measure, Statistic};
use super::super::stage::{Halt, Stage};
use crate::error::{Error, failed};
use crate::files::read_file;
use dunwu_analysis::known::backprop::{at_ridge, at_start, centred, cosine, distance};
use dunwu_core::{
    Dataset, Flow, NamedTensor, Needs, Observer, Precision, RunEvent, RunPlan, Snapshot, Values,
};
use dunwu_engine::Resume;
use dunwu_task::Task;
use faer::Mat;
use serde::Deserialize;

pub(in super::super) const DECAY: &[&str] = &["slope"];
pub(in super::super) const ENERGY: &[&str] = &["error", "steepest"];
pub(in super::super) const LAZY: &[&str] = &["cosine", "slope"];
pub(in super::super) const RIDGE: &[&str] = &["error"];
pub(in super::super) const SCALE: &[&str] = &["error", "growth"];

/// F̃ and Ỹ of the training rows, and P(Y − O)Vᵀ.
pub struct Backprop {
    /// F̃.
    pub features: Mat<f64>,
    /// Ỹ.
    pub targets: Mat<f64>,
    /// P(Y − O)Vᵀ, O the outputs as they are, scaled.
    pub gradient: Mat<f64>,
}

/// Everything at one epoch of a plan in double precision, from its initial weights or from those given.
///
/// # Errors
/// A plan that cannot be run, weights that do not fit.
pub fn tensors(
    plan: &RunPlan,
    epoch: u64,
    from: Option<&[NamedTensor]>,
) -> Result<(Dataset, Vec<NamedTensor>), Error> {
    let plan = RunPlan {
        precision: Precision::F64,
        epochs: epoch,
        eval_every: 1,
        ..plan.clone()
    };
    let task = Task::from_plan(&plan, &read_file)?;
    let data = task.dataset(&plan, plan.seed, &read_file)?;
    let mut last = Last(vec![]);
    let state = from.map(|tensors| Snapshot::of(0, tensors));
    let resume = state.as_ref().map(|state| Resume { epoch: 0, state });
    dunwu_engine::train(&plan, &data, plan.seed, 1, resume, &mut last)?;
    Ok((data, last.0))
}

/// Keeps the last snapshot with everything in it.
struct Last(Vec<NamedTensor>);

impl Observer for Last {
    fn needs(&mut self, _: u64) -> Needs {
        Needs {
            features: true,
            outputs: true,
            gradients: true,
            ..Needs::WEIGHTS
        }
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        if let RunEvent::Epoch { snapshot, .. } = event {
            self.0 = snapshot.to_owned_tensors();
        }
        Flow::Continue
    }
}

fn matrix(tensors: &[NamedTensor], name: &str) -> Result<Mat<f64>, Error> {
    let found = tensors.iter().find(|t| t.name == name);
    let view = found
        .ok_or_else(|| failed(format!("the engine gave no tensor `{name}`")))?
        .view();
    Ok(Mat::from_fn(view.rows, view.cols, |i, j| view.at(i, j)))
}

impl Backprop {
    /// After `epoch` updates of a plan.
    ///
    /// # Errors
    /// Those of [`tensors`].
    pub fn of(plan: &RunPlan, epoch: u64) -> Result<Self, Error> {
        let (data, tensors) = tensors(plan, epoch, None)?;
        Self::read(&data, &tensors)
    }

    fn read(data: &Dataset, tensors: &[NamedTensor]) -> Result<Self, Error> {
        let outputs = matrix(tensors, "outputs")?;
        let label = |i: usize| data.labels[data.train[i] as usize] as usize;
        let y = Mat::from_fn(outputs.nrows(), outputs.ncols(), |i, c| {
            f64::from(u8::from(label(i) == c))
        });
        let residual = &y - outputs;
        Ok(Self {
            features: centred(matrix(tensors, "features")?.as_ref()),
            targets: centred(y.as_ref()),
            gradient: centred(residual.as_ref()) * matrix(tensors, "readout")?.transpose(),
        })
    }
}

/// Relative error of Eq. 4 at a plan's ridge readout: β·P(Y − O)Vᵀ, β the output scale, is the formula at η/β².
///
/// # Errors
/// A plan without a ridge readout, or one that cannot be run.
pub fn ridge_error(plan: &RunPlan) -> Result<f64, Error> {
    let (s, beta) = (Backprop::of(plan, 0)?, plan.output_scale);
    let formula = at_ridge(
        s.features.as_ref(),
        s.targets.as_ref(),
        plan.ridge / beta.powi(2),
    );
    let formula = formula.map_err(|e| failed(e.to_string()))?;
    Ok(distance((beta * &s.gradient).as_ref(), formula.as_ref()))
}

/// Relative distance of G_F from (2t/n)ỸỸᵀF̃, and their cosine, after one step of gradient descent of length t
/// from V = 0.
///
/// On a full table, where every label is as frequent, V is then (2t/n)F̃ᵀỸ, and W stays where it is, as its gradient is
/// 0 at V = 0.
///
/// # Errors
/// A plan that cannot be run.
pub fn lazy_error(plan: &RunPlan, t: f64) -> Result<(f64, f64), Error> {
    let plan = RunPlan {
        lr: t,
        ..plan.clone()
    };
    let s = Backprop::of(&plan, 1)?;
    let n = s.targets.nrows() as f64;
    let first =
        at_start(s.features.as_ref(), s.targets.as_ref()).map_err(|e| failed(e.to_string()))?;
    let first = (2.0 * t / n) * first;
    let (g, first) = (s.gradient.as_ref(), first.as_ref());
    Ok((distance(g, first), cosine(g, first)))
}

/// ‖G_F‖ at a plan's ridge readout with another η.
///
/// # Errors
/// Those of [`ridge_error`].
pub fn ridge_norm(plan: &RunPlan, eta: f64) -> Result<f64, Error> {
    let plan = RunPlan {
        ridge: eta,
        ..plan.clone()
    };
    Ok(Backprop::of(&plan, 0)?.gradient.norm_l2())
}

/// Largest |slope − step| over all weights as a share of the steepest slope, and that slope: with V = εF̃ᵀỸ on a full
/// table the loss falls along ∇E(w_j) for every node j, E(w) = ½‖Ỹᵀσ(Xw)‖². Slopes are central differences over
/// 2·10⁻⁵.
///
/// # Errors
/// A plan that cannot be run.
pub fn energy_error(plan: &RunPlan) -> Result<(f64, f64), Error> {
    const EPSILON: f64 = 1e-9;
    const STEP: f64 = 1e-5;
    let (data, start) = tensors(plan, 0, None)?;
    let s = Backprop::read(&data, &start)?;
    let readout = EPSILON * (s.features.transpose() * &s.targets);
    let weights = matrix(&start, "hidden.0")?;
    let with = |weights: &Mat<f64>| -> Result<Vec<NamedTensor>, Error> {
        let state = [tensor("hidden.0", weights), tensor("readout", &readout)];
        Ok(tensors(plan, 0, Some(&state))?.1)
    };
    let gradient = matrix(&with(&weights)?, "grad.hidden.0")?;
    let scale = data.train.len() as f64 / (2.0 * EPSILON);
    let (mut error, mut steepest) = (0f64, 0f64);
    for i in 0..weights.nrows() {
        let energies = |h: f64| -> Result<Vec<f64>, Error> {
            let mut moved = weights.clone();
            (0..moved.ncols()).for_each(|j| moved[(i, j)] += h);
            let s = Backprop::read(&data, &with(&moved)?)?;
            let z = s.targets.transpose() * s.features;
            Ok(z.col_iter().map(|z| 0.5 * z.squared_norm_l2()).collect())
        };
        let (up, down) = (energies(STEP)?, energies(-STEP)?);
        for j in 0..weights.ncols() {
            let slope = (up[j] - down[j]) / (2.0 * STEP);
            let step = -gradient[(i, j)] * scale;
            error = error.max((slope - step).abs());
            steepest = steepest.max(slope.abs());
        }
    }
    Ok((error / steepest, steepest))
}

fn tensor(name: &str, m: &Mat<f64>) -> NamedTensor {
    let places = (0..m.nrows()).flat_map(|i| (0..m.ncols()).map(move |j| (i, j)));
    NamedTensor {
        name: name.into(),
        rows: m.nrows(),
        cols: m.ncols(),
        values: Values::F64(places.map(|at| m[at]).collect()),
    }
}

/// The worst of a number over all points of the row's grid.
fn worst(stage: &Stage<'_>, of: impl Fn(&RunPlan) -> Result<f64, Error>) -> Result<f64, Halt> {
    let mut worst = 0f64;
    for point in stage.points("")? {
        let value = of(&point.plan)?;
        // A number that is none is worse than any.
        worst = if value.is_nan() {
            f64::NAN
        } else {
            worst.max(value)
        };
    }
    Ok(worst)
}

/// Eq. 4 over the grid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RidgeGradient {}

impl Measure for RidgeGradient {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let error = worst(stage, ridge_error)?;
        Ok(vec![Found::of(vec![Statistic::number("error", error)])])
    }
}

/// Proposition 1 over the grid, at a step and at half of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct LazyGrowth {
    step: f64,
}

impl Measure for LazyGrowth {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for point in stage.points("")? {
            let whole = lazy_error(&point.plan, self.step)?;
            let half = lazy_error(&point.plan, 0.5 * self.step)?;
            let slope = libm::log2(whole.0 / half.0);
            found.push(Found {
                at: point.label(),
                statistics: vec![
                    Statistic::number("cosine", half.1),
                    Statistic::number("slope", slope),
                ],
            });
        }
        Ok(found)
    }
}

/// Appendix C.3: Eq. 4 with scaled outputs over the grid, and the first step from V = 0 beside that of β = 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct OutputScale {
    /// Arm whose first step from a readout of zero is compared.
    start: String,
    step: f64,
}

impl Measure for OutputScale {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let error = worst(stage, ridge_error)?;
        let mut growth = 0f64;
        for point in stage.points(&self.start)? {
            let norm = |beta: f64| -> Result<f64, Error> {
                let plan = RunPlan {
                    output_scale: beta,
                    lr: self.step,
                    ..point.plan.clone()
                };
                Ok(Backprop::of(&plan, 1)?.gradient.norm_l2())
            };
            let ratio = norm(point.plan.output_scale)? / norm(1.0)?;
            growth = growth.max((ratio / point.plan.output_scale - 1.0).abs());
        }
        Ok(vec![Found::of(vec![
            Statistic::number("error", error),
            Statistic::number("growth", growth),
        ])])
    }
}

/// Lemma 1: log-log slope of ‖G_F‖ between two η.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SmallDecay {
    eta: [f64; 2],
}

impl Measure for SmallDecay {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let [low, high] = self.eta;
        let mut found = Vec::new();
        for point in stage.points("")? {
            let rise = ridge_norm(&point.plan, high)? / ridge_norm(&point.plan, low)?;
            let slope = libm::log(rise) / libm::log(high / low);
            found.push(Found {
                at: point.label(),
                statistics: vec![Statistic::number("slope", slope)],
            });
        }
        Ok(found)
    }
}

/// Theorem 1 over the grid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EnergyGradient {}

impl Measure for EnergyGradient {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for point in stage.points("")? {
            let (error, steepest) = energy_error(&point.plan)?;
            found.push(Found {
                at: point.label(),
                statistics: vec![
                    Statistic::number("error", error),
                    Statistic::number("steepest", steepest),
                ],
            });
        }
        Ok(found)
    }
}
