//! A transformer as it is written in a paper: one sequence at a time, one number at a time, in double precision.
//!
//! It shares no code with the engine. Its gradients come from the chain rule applied to each operation.

use crate::common::{data, plan, run};
use crate::tape::{Tape, Var};
use crate::text;
use dunwu_core::{
    Activation, Attention, Dataset, LossAt, NamedTensor, Needs, Norm, NormPlace, Positions,
    RunPlan, Transformer, Values,
};

type Row<'t> = Vec<Var<'t>>;

/// Tensors by name, on a tape.
struct Reference<'a, 't> {
    tape: &'t Tape,
    plan: &'a RunPlan,
    t: &'a Transformer,
    names: Vec<&'a str>,
    tensors: Vec<Vec<Row<'t>>>,
}

fn sum<'t>(tape: &'t Tape, terms: impl IntoIterator<Item = Var<'t>>) -> Var<'t> {
    terms.into_iter().fold(tape.var(0.0), |a, b| a + b)
}

impl<'a, 't> Reference<'a, 't> {
    fn new(tape: &'t Tape, plan: &'a RunPlan, weights: &'a [NamedTensor]) -> Self {
        let t = plan.transformer.as_ref().unwrap();
        let mut out = Self {
            tape,
            plan,
            t,
            names: vec![],
            tensors: vec![],
        };
        for tensor in weights {
            let view = tensor.view();
            let row = |i| (0..view.cols).map(|j| tape.var(view.at(i, j))).collect();
            out.names.push(&tensor.name);
            out.tensors.push((0..view.rows).map(row).collect());
        }
        out
    }

    fn get(&self, name: &str) -> Option<&[Row<'t>]> {
        let i = self.names.iter().position(|n| *n == name)?;
        Some(&self.tensors[i])
    }

    /// x·A.
    fn times(&self, x: &[Var<'t>], name: &str) -> Row<'t> {
        let a = self.get(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(x.len(), a.len(), "{name}");
        (0..a[0].len())
            .map(|j| sum(self.tape, x.iter().zip(a).map(|(x, row)| *x * row[j])))
            .collect()
    }

    fn plus(&self, x: &[Var<'t>], y: &[Var<'t>]) -> Row<'t> {
        x.iter().zip(y).map(|(x, y)| *x + *y).collect()
    }

    fn norm(&self, x: &[Var<'t>], name: &str) -> Row<'t> {
        let tape = self.tape;
        let d = tape.var(x.len() as f64);
        let mean = match self.t.norm {
            Norm::None => return x.to_vec(),
            Norm::Rms => tape.var(0.0),
            Norm::Layer => sum(tape, x.iter().copied()) / d,
        };
        let centred: Row<'t> = x.iter().map(|x| *x - mean).collect();
        let variance = sum(tape, centred.iter().map(|x| *x * *x)) / d;
        let sigma = (variance + tape.var(1e-5)).sqrt();
        let vectors = self.get(name).unwrap();
        let scaled = centred
            .iter()
            .zip(&vectors[0])
            .map(|(x, g)| *g * (*x / sigma));
        match vectors.get(1) {
            Some(shift) => scaled.zip(shift).map(|(x, b)| x + *b).collect(),
            None => scaled.collect(),
        }
    }

    /// Turns numbers i and i + half of a head by position·10000^(−2i/head).
    fn turn(&self, x: &[Var<'t>], position: usize) -> Row<'t> {
        if self.t.positions != Positions::Rotary {
            return x.to_vec();
        }
        let half = x.len() / 2;
        let angle =
            |i: usize| position as f64 * 10_000_f64.powf(-((2 * i) as f64) / x.len() as f64);
        let first = (0..half).map(|i| {
            x[i] * self.tape.var(angle(i).cos()) - x[i + half] * self.tape.var(angle(i).sin())
        });
        let second = (0..half).map(|i| {
            x[i] * self.tape.var(angle(i).sin()) + x[i + half] * self.tape.var(angle(i).cos())
        });
        first.chain(second).collect()
    }

    fn weigh(&self, scores: &[Var<'t>], logit: Option<Var<'t>>) -> Row<'t> {
        let (tape, n) = (self.tape, scores.len() as f64);
        let one = tape.var(1.0);
        let exps: Row<'t> = scores.iter().map(|s| s.exp()).collect();
        let total = sum(tape, exps.iter().copied());
        let over = |total: Var<'t>| exps.iter().map(|e| *e / total).collect();
        match self.t.attention {
            Attention::Softmax => over(total),
            Attention::OffByOne => over(total + one),
            Attention::Sink => over(total + logit.unwrap().exp()),
            Attention::Sigmoid => exps.iter().map(|e| *e / (*e + tape.var(n))).collect(),
            Attention::Relu => {
                let kept = |s: &Var<'t>| {
                    if s.value > 0.0 {
                        *s / tape.var(n)
                    } else {
                        tape.var(0.0)
                    }
                };
                scores.iter().map(kept).collect()
            }
        }
    }

    fn sees(&self, i: usize, j: usize) -> bool {
        let window = if self.t.attention_window == 0 {
            usize::MAX
        } else {
            self.t.attention_window
        };
        i.abs_diff(j) < window && (j <= i || !self.t.causal)
    }

    fn attention(&self, x: &[Row<'t>], l: usize) -> Vec<Row<'t>> {
        let name = |part: &str| format!("layers.{l}.attention.{part}");
        let head = self.t.model_width / self.t.heads;
        let all =
            |part: &str| -> Vec<Row<'t>> { x.iter().map(|x| self.times(x, &name(part))).collect() };
        let (q, k, v) = (all("q"), all("k"), all("v"));
        let scale = self.tape.var(1.0 / (head as f64).sqrt());
        let mut out = Vec::new();
        for i in 0..x.len() {
            let mut found: Row<'t> = vec![];
            for h in 0..self.t.heads {
                let part = h * head..(h + 1) * head;
                let asks = self.turn(&q[i][part.clone()], i);
                let visible: Vec<usize> = (0..x.len()).filter(|j| self.sees(i, *j)).collect();
                let score = |j: &usize| {
                    let key = self.turn(&k[*j][part.clone()], *j);
                    sum(self.tape, asks.iter().zip(&key).map(|(a, b)| *a * *b)) * scale
                };
                let scores: Row<'t> = visible.iter().map(score).collect();
                let weights = self.weigh(&scores, self.get(&name("sink")).map(|s| s[0][h]));
                found.extend(part.map(|c| {
                    sum(
                        self.tape,
                        visible.iter().zip(&weights).map(|(j, a)| *a * v[*j][c]),
                    )
                }));
            }
            if self.t.attention_gate {
                let one = self.tape.var(1.0);
                let gate = self.times(&x[i], &name("gate"));
                found = found
                    .iter()
                    .zip(&gate)
                    .map(|(z, g)| *z * (g.exp() / (g.exp() + one)))
                    .collect();
            }
            out.push(self.times(&found, &name("out")));
        }
        out
    }

    fn sigma(&self, x: Var<'t>) -> Var<'t> {
        let density = (-x.value * x.value / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let phi = 0.5 * (1.0 + libm::erf(x.value / 2_f64.sqrt()));
        match self.plan.activation {
            Activation::Relu if x.value > 0.0 => x.map(x.value, 1.0),
            Activation::Relu => x.map(0.0, 0.0),
            Activation::Gelu => x.map(x.value * phi, phi + x.value * density),
            Activation::Silu => x * x.exp() / (x.exp() + self.tape.var(1.0)),
            Activation::Square => x * x,
            other => panic!("{other} is not in the reference"),
        }
    }

    fn perceptron(&self, x: &[Var<'t>], l: usize) -> Row<'t> {
        let name = |part: &str| format!("layers.{l}.mlp.{part}");
        let mut pre = self.times(x, &name("in"));
        if let Some(bias) = self.get(&name("in_bias")) {
            pre = self.plus(&pre, &bias[0]);
        }
        let features: Row<'t> = pre.into_iter().map(|x| self.sigma(x)).collect();
        let out = self.times(&features, &name("out"));
        match self.get(&name("out_bias")) {
            Some(bias) => self.plus(&out, &bias[0]),
            None => out,
        }
    }

    /// Outputs at every position of one sequence.
    fn outputs(&self, tokens: &[usize]) -> Vec<Row<'t>> {
        let embedding = self.get("embedding").unwrap();
        let mut x: Vec<Row<'t>> = tokens
            .iter()
            .map(|token| embedding[*token].clone())
            .collect();
        if let Some(positions) = self.get("positions") {
            x = x
                .iter()
                .zip(positions)
                .map(|(x, p)| self.plus(x, p))
                .collect();
        }
        let pre = self.t.norm_place == NormPlace::Pre;
        for l in 0..self.t.layers {
            let norm = |x: &[Row<'t>], part: usize| -> Vec<Row<'t>> {
                x.iter()
                    .map(|x| self.norm(x, &format!("layers.{l}.norm.{part}")))
                    .collect()
            };
            let before = |x: &[Row<'t>], part| if pre { norm(x, part) } else { x.to_vec() };
            let after = |x: Vec<Row<'t>>, part| if pre { x } else { norm(&x, part) };
            let found = self.attention(&before(&x, 0), l);
            x = after(
                x.iter().zip(&found).map(|(x, y)| self.plus(x, y)).collect(),
                0,
            );
            if self.t.mlp_width > 0 {
                let seen = before(&x, 1);
                let moved = seen
                    .iter()
                    .zip(&x)
                    .map(|(seen, x)| self.plus(x, &self.perceptron(seen, l)));
                x = after(moved.collect(), 1);
            }
        }
        if pre {
            x = x.iter().map(|x| self.norm(x, "norm")).collect();
        }
        let read_out = |x: &Row<'t>| {
            if self.t.tie_embeddings {
                let dot = |e: &Row<'t>| sum(self.tape, x.iter().zip(e).map(|(x, e)| *x * *e));
                embedding.iter().map(dot).collect()
            } else {
                self.times(x, "readout")
            }
        };
        x.iter().map(read_out).collect()
    }

    /// Mean cross-entropy over the answers of the training rows.
    fn loss(&self, data: &Dataset) -> Var<'t> {
        let mut terms = vec![];
        for row in &data.train {
            let row = *row as usize;
            let mut tokens: Vec<usize> = data.row(row).iter().map(|t| *t as usize).collect();
            let mut answers: Vec<usize> = vec![data.labels[row] as usize];
            match data.given {
                None => tokens.push(data.vocab[0]),
                Some(given) if self.t.loss_at == LossAt::Answer => {
                    answers = tokens[given..].iter().copied().chain(answers).collect();
                }
                Some(_) => {}
            }
            let outputs = self.outputs(&tokens);
            let last = outputs.len() - answers.len();
            for (o, answer) in outputs[last..].iter().zip(answers) {
                let o = &o[..data.classes];
                let total = sum(self.tape, o.iter().map(|o| o.exp()));
                terms.push(total.ln() - o[answer]);
            }
        }
        let n = self.tape.var(terms.len() as f64);
        sum(self.tape, terms) / n
    }
}

/// Loss and gradients of the reference at those weights.
pub(crate) fn reference(
    plan: &RunPlan,
    data: &Dataset,
    weights: &[NamedTensor],
) -> (f64, Vec<Vec<f64>>) {
    let tape = Tape::default();
    let network = Reference::new(&tape, plan, weights);
    let loss = network.loss(data);
    let slopes = tape.gradient(loss);
    let of = |t: &Vec<Row<'_>>| t.iter().flatten().map(|x| slopes[x.index()]).collect();
    (loss.value, network.tensors.iter().map(of).collect())
}

fn doubles(t: &NamedTensor) -> &[f64] {
    match &t.values {
        Values::F64(v) => v,
        Values::F32(_) => panic!("the plan asks for double precision"),
    }
}

fn same_loss_and_gradients(data: &Dataset, words: &[&str]) {
    let base = [
        "model=transformer",
        "precision=f64",
        "epochs=0",
        "model_width=8",
        "heads=2",
        "mlp_width=5",
    ];
    let plan = plan(&[base.as_slice(), words].concat());
    let needs = Needs {
        gradients: true,
        ..Needs::WEIGHTS
    };
    let start = move_vectors(&run(&plan, data, 1, Needs::WEIGHTS, None).0.last);
    let (keep, outcome) = run(&plan, data, 1, needs, Some(&start));
    let (loss, gradients) = reference(&plan, data, &start);
    let error = (outcome.last.train.loss / loss - 1.0).abs();
    assert!(
        error < 1e-12,
        "{words:?}: {} and {loss}",
        outcome.last.train.loss
    );
    for (tensor, expected) in start.iter().zip(gradients) {
        let name = format!("grad.{}", tensor.name);
        let got = keep.last.iter().find(|t| t.name == name).unwrap();
        let largest = expected.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        assert!(
            largest > 0.0,
            "{words:?}: no gradient reaches {}",
            tensor.name
        );
        for (a, b) in doubles(got).iter().zip(&expected) {
            assert!(
                (a - b).abs() <= 1e-11 * largest.max(1e-3),
                "{words:?} {}: {a} and {b}",
                tensor.name
            );
        }
    }
}

/// Scales, shifts, biases and logits start from 0 or 1; elsewhere mistakes show.
pub(crate) fn move_vectors(weights: &[NamedTensor]) -> Vec<NamedTensor> {
    let mut out = weights.to_vec();
    for (i, tensor) in out.iter_mut().enumerate() {
        let is_vector = ["norm", "bias", "sink"]
            .iter()
            .any(|part| tensor.name.contains(part));
        let Values::F64(values) = &mut tensor.values else {
            panic!("double precision")
        };
        for (j, x) in values.iter_mut().enumerate().filter(|_| is_vector) {
            *x += 0.3 * ((7 * i + 3 * j) as f64).sin();
        }
    }
    out
}

#[test]
fn every_attention_norm_and_position() {
    let table = data(&plan(&["task=Z5", "train_fraction=0.6"]));
    for attention in Attention::ALL {
        for norm in [
            "norm=none",
            "norm=layer",
            "norm=rms",
            "norm=layer,post",
            "norm=rms,post",
        ] {
            for positions in Positions::ALL {
                let (norm, place) = match norm.strip_suffix(",post") {
                    Some(norm) => (norm, "norm_place=post"),
                    None => (norm, "norm_place=pre"),
                };
                let attention = format!("attention={attention}");
                let positions = format!("positions={positions}");
                same_loss_and_gradients(&table, &[&attention, norm, place, &positions]);
            }
        }
    }
}

#[test]
fn every_kind_of_layer() {
    let table = data(&plan(&["task=Z5", "train_fraction=0.6"]));
    let short = text(6, 5, 12, 1);
    let some = text(6, 5, 12, 4);
    let long = text(18, 4, 5, 1);
    for words in [
        vec!["layers=2", "norm=layer"],
        vec![
            "layers=3",
            "causal=false",
            "positions=none",
            "norm=rms",
            "norm_place=post",
        ],
        vec!["layers=4", "activation=gelu", "norm=layer"],
        vec!["attention_gate=true", "activation=silu", "layers=2"],
        vec![
            "attention_gate=true",
            "norm=rms",
            "attention=relu",
            "activation=square",
        ],
        vec!["attention_window=2", "layers=2", "attention=sink"],
        vec!["attention_window=2", "causal=false", "attention=off_by_one"],
        vec!["mlp_width=0", "layers=2", "norm=layer", "norm_place=post"],
        vec!["mlp_width=0", "norm=rms"],
        vec!["mlp_bias=false", "tie_embeddings=true", "norm=layer"],
        vec!["heads=1", "model_width=6", "loss_at=last", "layers=2"],
        vec![
            "heads=4",
            "positions=rotary",
            "layers=2",
            "attention=sigmoid",
        ],
    ] {
        for data in [&table, &short, &some, &long] {
            same_loss_and_gradients(data, &words);
        }
    }
}

#[test]
fn the_engine_takes_the_steps_of_the_reference() {
    for words in [
        vec!["norm=none"],
        vec![
            "layers=2",
            "norm=layer",
            "activation=gelu",
            "positions=rotary",
            "attention=sink",
        ],
    ] {
        for precision in ["precision=f64", "precision=f32"] {
            let base = [
                "model=transformer",
                "task=Z7",
                "model_width=8",
                "heads=2",
                "mlp_width=12",
                "epochs=12",
                "lr=1e-2",
            ];
            let plan = plan(&[base.as_slice(), &words, &[precision]].concat());
            let data = data(&plan);
            let (keep, _) = run(&plan, &data, 2, Needs::WEIGHTS, None);
            let start = RunPlan {
                epochs: 0,
                ..plan.clone()
            };
            let mut weights = run(&start, &data, 1, Needs::WEIGHTS, None).0.last;
            weights
                .iter_mut()
                .for_each(|t| t.values = Values::F64(t.view().to_f64()));
            let mut moments: Vec<Vec<[f64; 2]>> = weights
                .iter()
                .map(|t| vec![[0.0; 2]; t.rows * t.cols])
                .collect();
            let tolerance = if precision == "precision=f64" {
                1e-11
            } else {
                2e-5
            };
            for (step, metrics) in (1..).zip(&keep.metrics) {
                let (loss, gradients) = reference(&plan, &data, &weights);
                let error = (metrics.train.loss / loss - 1.0).abs();
                assert!(
                    error < tolerance,
                    "{words:?} {precision} epoch {}: {} and {loss}",
                    metrics.epoch,
                    metrics.train.loss
                );
                adamw(&plan, step, &mut weights, &gradients, &mut moments);
            }
        }
    }
}

/// w ← (1 − lr·λ)w − lr·m̂/(√v̂ + ε).
fn adamw(
    plan: &RunPlan,
    step: i32,
    weights: &mut [NamedTensor],
    gradients: &[Vec<f64>],
    moments: &mut [Vec<[f64; 2]>],
) {
    let [b1, b2] = plan.betas;
    for ((tensor, gradient), moments) in weights.iter_mut().zip(gradients).zip(moments) {
        let Values::F64(values) = &mut tensor.values else {
            panic!("double precision")
        };
        for ((w, g), [m, v]) in values.iter_mut().zip(gradient).zip(moments) {
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            let (mean, square) = (*m / (1.0 - b1.powi(step)), *v / (1.0 - b2.powi(step)));
            *w -= plan.lr * (plan.weight_decay * *w + mean / (square.sqrt() + plan.eps));
        }
    }
}
