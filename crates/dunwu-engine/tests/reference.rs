//! A readable implementation of a training step, and that the fast engine takes the same steps.
//!
//! Double precision, one row at a time, the formulas as they are written. It shares no code with the engine.

mod common;

use common::{data, plan, run};
use dunwu_core::{Dataset, NamedTensor, Needs, RunPlan, Values};

/// A matrix as rows.
type Rows = Vec<Vec<f64>>;

/// A network with one hidden layer of summed one-hot operands and `depth` residual layers x ← σ(x + xL).
struct Reference<'a> {
    data: &'a Dataset,
    sigma: fn(f64) -> (f64, f64),
    w: Rows,
    layers: Vec<Rows>,
    v: Rows,
    /// First and second moments of Adam, tensor by tensor.
    moments: Vec<(Rows, Rows)>,
    steps: i32,
}

fn rows(tensors: &[NamedTensor], name: &str) -> Option<Rows> {
    let t = tensors.iter().find(|t| t.name == name)?;
    let view = t.view();
    Some(
        (0..t.rows)
            .map(|i| (0..t.cols).map(|j| view.at(i, j)).collect())
            .collect(),
    )
}

fn zeros(like: &Rows) -> Rows {
    like.iter().map(|r| vec![0.0; r.len()]).collect()
}

/// xᵀA.
fn times(x: &[f64], a: &Rows) -> Vec<f64> {
    (0..a[0].len())
        .map(|j| x.iter().zip(a).map(|(x, row)| x * row[j]).sum())
        .collect()
}

/// Ag.
fn back(a: &Rows, g: &[f64]) -> Vec<f64> {
    a.iter()
        .map(|row| row.iter().zip(g).map(|(a, g)| a * g).sum())
        .collect()
}

fn add_outer(to: &mut Rows, x: &[f64], g: &[f64]) {
    for (row, x) in to.iter_mut().zip(x) {
        row.iter_mut().zip(g).for_each(|(t, g)| *t += x * g);
    }
}

/// ‖õ‖² − 2õ_y + 1 − 1/M and its gradient, õ = o − mean(o).
fn loss(o: &[f64], label: usize) -> (f64, Vec<f64>) {
    let m = o.len() as f64;
    let mean = o.iter().sum::<f64>() / m;
    let centred: Vec<f64> = o.iter().map(|x| x - mean).collect();
    let value = centred.iter().map(|x| x * x).sum::<f64>() - 2.0 * centred[label] + 1.0 - 1.0 / m;
    let gradient = |c: usize| 2.0 * centred[c] - 2.0 * (f64::from(u8::from(c == label)) - 1.0 / m);
    (value, (0..o.len()).map(gradient).collect())
}

impl Reference<'_> {
    /// The mean loss over training rows and the gradients of W, the layers and V.
    fn gradients(&self) -> (f64, Vec<Rows>) {
        let mut grads = vec![zeros(&self.w)];
        grads.extend(self.layers.iter().map(zeros));
        grads.push(zeros(&self.v));
        let n = self.data.train.len() as f64;
        let mut total = 0.0;
        for row in &self.data.train {
            let tokens = self.data.row(*row as usize);
            let inputs: Vec<usize> = tokens
                .iter()
                .enumerate()
                .map(|(j, t)| self.data.offset(j) + *t as usize)
                .collect();
            let mut pre: Rows = vec![
                (0..self.v.len())
                    .map(|k| inputs.iter().map(|i| self.w[*i][k]).sum())
                    .collect(),
            ];
            let activate =
                |x: &Vec<f64>| -> Vec<f64> { x.iter().map(|x| (self.sigma)(*x).0).collect() };
            let mut f: Rows = vec![activate(&pre[0])];
            for layer in &self.layers {
                let x = f.last().unwrap();
                pre.push(times(x, layer).iter().zip(x).map(|(a, b)| a + b).collect());
                f.push(activate(pre.last().unwrap()));
            }
            let (value, mut g) = loss(
                &times(f.last().unwrap(), &self.v),
                self.data.labels[*row as usize] as usize,
            );
            total += value / n;
            g.iter_mut().for_each(|g| *g /= n);
            add_outer(grads.last_mut().unwrap(), f.last().unwrap(), &g);
            let mut df = back(&self.v, &g);
            for l in (0..pre.len()).rev() {
                df.iter_mut()
                    .zip(&pre[l])
                    .for_each(|(g, x)| *g *= (self.sigma)(*x).1);
                if l > 0 {
                    add_outer(&mut grads[l], &f[l - 1], &df);
                    df = back(&self.layers[l - 1], &df)
                        .iter()
                        .zip(&df)
                        .map(|(a, b)| a + b)
                        .collect();
                }
            }
            for i in inputs {
                grads[0][i].iter_mut().zip(&df).for_each(|(t, g)| *t += g);
            }
        }
        (total, grads)
    }

    /// Adam with L2 decay in the gradient.
    fn step(&mut self, plan: &RunPlan) -> f64 {
        let (value, grads) = self.gradients();
        self.steps += 1;
        let [b1, b2] = plan.betas;
        let tensors = [&mut self.w]
            .into_iter()
            .chain(&mut self.layers)
            .chain([&mut self.v]);
        for ((tensor, grad), (m, v)) in tensors.zip(grads).zip(&mut self.moments) {
            for i in 0..tensor.len() {
                for j in 0..tensor[i].len() {
                    let g = grad[i][j] + plan.weight_decay * tensor[i][j];
                    m[i][j] = b1 * m[i][j] + (1.0 - b1) * g;
                    v[i][j] = b2 * v[i][j] + (1.0 - b2) * g * g;
                    let (mean, square) = (
                        m[i][j] / (1.0 - b1.powi(self.steps)),
                        v[i][j] / (1.0 - b2.powi(self.steps)),
                    );
                    tensor[i][j] -= plan.lr * mean / (square.sqrt() + plan.eps);
                }
            }
        }
        value
    }
}

fn same_steps(words: &[&str], sigma: fn(f64) -> (f64, f64)) {
    let base = ["width=20", "epochs=15", "lr=1e-2", "weight_decay=1e-2"];
    let plan = plan(&[base.as_slice(), words].concat());
    let data = data(&plan);
    let mut start = plan.clone();
    start.epochs = 0;
    let (initial, _) = run(&start, &data, 1, Needs::WEIGHTS, None);
    let (keep, _) = run(&plan, &data, 2, Needs::WEIGHTS, None);
    let layers: Vec<Rows> = (1..4)
        .map_while(|l| rows(&initial.last, &format!("hidden.{l}")))
        .collect();
    let (w, v) = (
        rows(&initial.last, "hidden.0").unwrap(),
        rows(&initial.last, "readout").unwrap(),
    );
    let all = [&w].into_iter().chain(&layers).chain([&v]);
    let moments = all.map(|t| (zeros(t), zeros(t))).collect();
    let mut reference = Reference {
        data: &data,
        sigma,
        w,
        layers,
        v,
        moments,
        steps: 0,
    };
    let single = matches!(keep.last[0].values, Values::F32(_));
    let tolerance = if single { 2e-5 } else { 1e-11 };
    for metrics in &keep.metrics {
        let expected = reference.step(&plan);
        let error = (metrics.train.loss / expected - 1.0).abs();
        assert!(
            error < tolerance,
            "{words:?} epoch {}: {} and {expected}",
            metrics.epoch,
            metrics.train.loss
        );
    }
}

fn square(x: f64) -> (f64, f64) {
    (x * x, 2.0 * x)
}

fn tanh(x: f64) -> (f64, f64) {
    (x.tanh(), 1.0 - x.tanh().powi(2))
}

#[test]
fn the_fused_kernels_take_the_steps_of_the_reference() {
    for task in ["task=Z17", "task=S3", "task=x*y mod 19", "task=Z3"] {
        for precision in ["precision=f32", "precision=f64"] {
            same_steps(&[task, precision], square);
            same_steps(&[task, precision, "activation=tanh", "width=37"], tanh);
        }
    }
}

#[test]
fn the_general_network_takes_the_steps_of_the_reference() {
    for depth in ["hidden_layers=2", "hidden_layers=3", "hidden_layers=4"] {
        for precision in ["precision=f32", "precision=f64"] {
            same_steps(&["task=Z7", depth, precision, "activation=tanh"], tanh);
        }
    }
}

#[test]
fn three_operands_meet_as_in_the_reference() {
    same_steps(&["task=Z5", "operands=3", "precision=f64"], square);
}
