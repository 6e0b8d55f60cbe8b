//! The state of one run and its steps.

use crate::error::{EngineError, Kind};
use crate::loss::{Centroids, Objective, objective};
use crate::matrix::{Matrix, view};
use crate::model::{Model, model};
use crate::modifier::{Modifier, modifiers};
use crate::optimizer::{self, Rule as UpdateRule, Shape, Step};
use crate::order::Order;
use crate::pool::Pool;
use crate::real::Real;
use crate::schedule;
use crate::score::{Rule, Scores, largest};
use crate::weights::{Dims, Weights, role};
use dunwu_core::{Dataset, Metrics, Needs, Readout, RunPlan, Score, Seed, Snapshot, TensorView};

/// A network in training.
pub(crate) struct Trainer<'a, T: Real> {
    plan: &'a RunPlan,
    data: &'a Dataset,
    seed: u64,
    d: Dims,
    pool: Pool,
    objective: Objective<T>,
    model: Box<dyn Model<T>>,
    weights: Weights<T>,
    grads: Weights<T>,
    rules: Vec<Box<dyn UpdateRule<T>>>,
    modifiers: Vec<Vec<Box<dyn Modifier<T>>>>,
    every: Order,
    train: Order,
    /// Training rows that are scored if not all of them, and these with the held-out ones.
    sample: Option<[Order; 2]>,
    /// Updates of a pass over the training rows.
    pass: u64,
    scores: Scores<T>,
    target_norm: f64,
    /// Copies that a snapshot lends out.
    features: Vec<T>,
    outputs: Vec<T>,
    looked: Vec<Matrix<T>>,
}

/// Everything that an update changes.
pub(crate) struct Saved<T> {
    weights: Weights<T>,
    states: Vec<Vec<T>>,
}

impl<'a, T: Real> Trainer<'a, T> {
    pub(crate) fn new(
        plan: &'a RunPlan,
        data: &'a Dataset,
        seed: u64,
        threads: usize,
    ) -> Result<Self, EngineError> {
        if data.train.is_empty() {
            return Err(Kind::NoRows.into());
        }
        crate::check(plan, data)?;
        let d = Dims::of_model(plan, data);
        let pool = Pool::new(threads)?;
        let weights = Weights::<T>::initial(plan, data, seed);
        let model = model(plan, data, &pool);
        let shape = |m: &Matrix<T>| Shape {
            rows: m.rows,
            cols: m.cols,
            stride: m.stride,
        };
        let order = |rows: &[u32]| model.order(data, &sorted(rows.to_vec()));
        let with_test = |rows: &[u32]| order(&[rows, &data.test].concat());
        let sample = sample(plan, data, seed).map(|rows| [order(&rows), with_test(&rows)]);
        Ok(Self {
            d,
            objective: objective(plan),
            grads: weights.zeroed(),
            rules: weights
                .all
                .iter()
                .map(|m| optimizer::rule(plan, role(&m.name), shape(m)))
                .collect(),
            modifiers: weights
                .all
                .iter()
                .map(|m| modifiers(plan, shape(m)))
                .collect(),
            every: with_test(&data.train),
            train: model.order(data, &data.train),
            sample,
            pass: match plan.batch_size {
                0 => 1,
                size => data.train.len().div_ceil(size) as u64,
            },
            model,
            scores: Scores::new(d.classes, d.pitch),
            target_norm: plan.weight_norm * plan.norm_reference.unwrap_or_else(|| weights.norm()),
            features: vec![],
            outputs: vec![],
            looked: vec![],
            plan,
            data,
            seed,
            pool,
            weights,
        })
    }

    /// Number of trained numbers.
    pub(crate) fn parameters(&self) -> usize {
        self.weights.trained(self.plan)
    }

    /// Scores the network after `epoch` epochs; with `descend`, leaves the gradient at the outputs.
    pub(crate) fn evaluate(
        &mut self,
        epoch: u64,
        test: bool,
        descend: bool,
        keep: bool,
    ) -> Metrics {
        self.prepare();
        let test = test && !self.data.test.is_empty();
        if self.sample.is_none() {
            self.score(false, test, descend, keep);
            return self.metrics(false, epoch, test);
        }
        self.score(true, test, false, false);
        let metrics = self.metrics(true, epoch, test);
        if descend || keep {
            self.score(false, false, descend, keep);
        }
        metrics
    }

    /// A pass forward over the training rows or a sample of them, with the held-out ones or without.
    fn score(&mut self, sampled: bool, test: bool, descend: bool, keep: bool) {
        let solved = self.plan.readout == Readout::Ridge;
        let scale = T::of(self.plan.output_scale);
        let rows = match (&self.objective, solved) {
            (Objective::Rows(row), false) => Some(*row),
            _ => None,
        };
        let rule = Rule {
            loss: rows,
            output_scale: scale,
            gradient_scale: scale * T::of(1.0 / self.train.len() as f64),
            keep_raw: match (&rows, keep) {
                (None, _) => 1,
                (_, true) => self.train.answers,
                (_, false) => 0,
            },
            descend,
        };
        let order = chosen([&self.train, &self.every], &self.sample, sampled, test);
        self.model
            .forward(&self.pool, &self.weights, order, &rule, &mut self.scores);
        if rows.is_none() {
            score_whole(
                &self.objective,
                solved,
                order,
                &rule,
                &mut self.scores,
                self.train.len(),
            );
        }
        if keep {
            self.keep_outputs(test);
        }
    }

    /// Brings what depends on the weights up to date.
    fn prepare(&mut self) {
        self.model.refresh(&self.weights);
        if self.plan.readout == Readout::Ridge {
            self.fill_features(1);
            let readout = self.weights.readout_mut();
            crate::ridge::solve(
                &self.features,
                self.d.stride,
                &self.train.labels,
                self.plan.ridge,
                self.plan.output_scale,
                readout,
            );
        }
    }

    /// Features of the last of every so many answers.
    fn fill_features(&mut self, each: usize) {
        self.features
            .resize(self.train.len() / each * self.d.stride, T::ZERO);
        self.model
            .features(&self.weights, &self.train, each, &mut self.features);
    }

    /// Copies the outputs of the training rows' labels, dense.
    fn keep_outputs(&mut self, test: bool) {
        let order = if test { &self.every } else { &self.train };
        let pitch = self.d.pitch;
        // A loss of the whole batch has all outputs kept, others the labels' alone.
        let kept = self.scores.raw.len() / pitch;
        let each = order.answers * kept / order.len();
        let labels = self.scores.raw.chunks_exact(pitch).skip(each - 1);
        let rows = order.train.chunks_exact(order.answers);
        self.outputs.clear();
        for (row, train) in labels.step_by(each).zip(rows) {
            if train[0] {
                self.outputs.extend_from_slice(&row[..self.d.classes]);
            }
        }
    }

    fn metrics(&self, sampled: bool, epoch: u64, test: bool) -> Metrics {
        let order = chosen([&self.train, &self.every], &self.sample, sampled, test);
        let (mut train, mut held_out, mut noisy) =
            (Tally::default(), Tally::default(), Tally::default());
        let mut clean = 0u64;
        for i in 0..order.len() {
            let (row, answer, loss) = (
                order.rows[i] as usize,
                self.scores.answers[i],
                self.scores.losses[i],
            );
            let right = answer == order.labels[i];
            if !order.train[i] {
                held_out.add(loss, right);
                continue;
            }
            train.add(loss, right);
            // Of a text the label alone may be a wrong one, and it is the last answer.
            let is_label = (i + 1).is_multiple_of(order.answers);
            if is_label && self.data.labels[row] != self.data.clean[row] {
                noisy.add(loss, right);
                clean += u64::from(answer == self.data.clean[row]);
            }
        }
        Metrics {
            epoch,
            lr: schedule::lr(self.plan, self.pass, epoch * self.updates()),
            train: train.score().expect("there are training rows"),
            test: held_out.score(),
            noisy: noisy.score(),
            noisy_clean_accuracy: noisy.score().map(|_| clean as f64 / noisy.rows as f64),
        }
    }

    /// Gradients of the weights, from what `evaluate` left.
    pub(crate) fn descend(&mut self) {
        let gradient = std::mem::take(&mut self.scores.gradient);
        let train = std::mem::take(&mut self.train);
        self.backward(&train, &gradient);
        self.train = train;
        self.scores.gradient = gradient;
    }

    fn backward(&mut self, order: &Order, gradient: &[T]) {
        let (weights, grads) = (&self.weights, &mut self.grads);
        self.model
            .backward(&self.pool, weights, order, gradient, grads);
    }

    /// Whether an epoch is several updates, each on some of the training rows.
    pub(crate) fn has_batches(&self) -> bool {
        self.plan.epoch_updates > 0 || (1..self.data.train.len()).contains(&self.plan.batch_size)
    }

    /// Updates of an epoch.
    fn updates(&self) -> u64 {
        schedule::updates(self.plan, self.pass)
    }

    /// One epoch of updates from the weights after `epoch` of them.
    pub(crate) fn update(&mut self, epoch: u64) {
        if !self.has_batches() {
            return self.apply(epoch);
        }
        let (mut rows, first) = (vec![], epoch * self.updates());
        for update in first..first + self.updates() {
            let (pass, b) = (update / self.pass, (update % self.pass) as usize);
            if b == 0 || rows.is_empty() {
                rows = self.shuffled(pass);
            }
            let mut batches = rows.chunks(self.plan.batch_size);
            let batch = batches.nth(b).expect("a pass has so many batches");
            // Sorted rows keep the gathers local; the sum over a batch has no order of its own.
            self.batch(&self.model.order(self.data, &sorted(batch.to_vec())));
            self.apply(update);
        }
    }

    /// The training rows in the order of a pass over them.
    fn shuffled(&self, pass: u64) -> Vec<u32> {
        let mut rows = self.data.train.clone();
        let mut draws = Seed(self.seed).draws(&format!("batches {pass}"));
        draws.shuffle(&mut rows);
        rows
    }

    /// Gradients over one mini-batch.
    fn batch(&mut self, order: &Order) {
        self.prepare();
        let scale = T::of(self.plan.output_scale);
        let loss = match &self.objective {
            Objective::Rows(row) => Some(*row),
            Objective::Batch(_) => None,
        };
        let gradient_scale = scale * T::of(1.0 / order.len() as f64);
        let rule = Rule {
            loss,
            output_scale: scale,
            gradient_scale,
            keep_raw: usize::from(loss.is_none()),
            descend: true,
        };
        self.model
            .forward(&self.pool, &self.weights, order, &rule, &mut self.scores);
        if loss.is_none() {
            score_whole(
                &self.objective,
                false,
                order,
                &rule,
                &mut self.scores,
                order.len(),
            );
        }
        let gradient = std::mem::take(&mut self.scores.gradient);
        self.backward(order, &gradient);
        self.scores.gradient = gradient;
    }

    /// Moves the weights along the gradients; updates count from 0.
    fn apply(&mut self, update: u64) {
        let step = Step {
            lr: schedule::lr(self.plan, self.pass, update),
            t: update + 1,
        };
        let solved = self.plan.readout == Readout::Ridge;
        let parts = self
            .weights
            .all
            .iter_mut()
            .zip(&mut self.grads.all)
            .zip(&mut self.rules)
            .zip(&mut self.modifiers);
        for (((weight, grad), rule), modifiers) in parts {
            if solved && weight.name == "readout" {
                continue;
            }
            let used = weight.rows * weight.stride;
            let (weight, grad) = (&mut weight.data[..used], &mut grad.data[..used]);
            modifiers.iter_mut().for_each(|m| m.modify(weight, grad));
            rule.step(&step, weight, grad);
        }
        if self.plan.weight_norm > 0.0 && step.t >= self.plan.norm_start {
            let norm = self.weights.norm();
            if norm > 0.0 {
                self.weights.scale(self.target_norm / norm);
            }
        }
    }

    /// The first tensor with a number that is not finite, or the outputs.
    pub(crate) fn broken(&self) -> String {
        self.weights.broken().unwrap_or("outputs").to_owned()
    }

    /// What was asked for, borrowed. Gradients and outputs are those of the last `descend` and `evaluate`.
    pub(crate) fn snapshot(&mut self, epoch: u64, needs: Needs) -> Snapshot<'_> {
        if needs.features {
            self.fill_features(self.train.answers);
        }
        self.looked = self.look(needs);
        let mut tensors: Vec<TensorView<'_>> = Vec::new();
        if needs.weights {
            tensors.extend(self.weights.all.iter().map(|m| m.view()));
        }
        if needs.gradients {
            tensors.extend(
                self.grads
                    .all
                    .iter()
                    .map(|m| m.view_as(format!("grad.{}", m.name))),
            );
        }
        let rows = self.train.len() / self.train.answers;
        if needs.features {
            tensors.push(view(
                "features".into(),
                rows,
                self.d.width,
                self.d.stride,
                T::data(&self.features),
            ));
        }
        if needs.outputs {
            tensors.push(view(
                "outputs".into(),
                rows,
                self.d.classes,
                self.d.classes,
                T::data(&self.outputs),
            ));
        }
        tensors.extend(self.looked.iter().map(Matrix::view));
        if needs.optimizer {
            self.push_states(&mut tensors);
        }
        Snapshot { epoch, tensors }
    }

    /// What is wanted of attention, layers and, where the whole table is there and not too large, of all rows.
    fn look(&mut self, needs: Needs) -> Vec<Matrix<T>> {
        let needs = Needs {
            table: needs.table && crate::table::numbers(self.plan, self.data).is_some(),
            ..needs
        };
        let scale = T::of(self.plan.output_scale);
        let rule = match (&self.objective, self.plan.readout) {
            (Objective::Rows(row), Readout::Trained) => Some(Rule {
                loss: Some(*row),
                output_scale: scale,
                gradient_scale: T::ZERO,
                keep_raw: 0,
                descend: false,
            }),
            _ => None,
        };
        let model = &mut self.model;
        model.look(
            &self.pool,
            &self.weights,
            self.data,
            needs,
            rule.as_ref(),
            scale,
        )
    }

    fn push_states<'s>(&'s self, tensors: &mut Vec<TensorView<'s>>) {
        for (i, m) in self.weights.all.iter().enumerate() {
            for slot in self.slots(i) {
                let (name, data) = (slot.tensor(&m.name), T::data(slot.data));
                tensors.push(if data.len() == m.rows * m.stride {
                    view(name, m.rows, m.cols, m.stride, data)
                } else {
                    view(name, 1, data.len(), data.len(), data)
                });
            }
        }
    }

    /// State of the optimiser and the modifiers of one weight.
    fn slots(&self, i: usize) -> Vec<Slot<'_, T>> {
        let rule = self.rules[i].state().into_iter().map(|(name, data)| Slot {
            modifier: None,
            name,
            data,
        });
        let modifiers = self.modifiers[i].iter().enumerate().flat_map(|(k, m)| {
            m.state().into_iter().map(move |(name, data)| Slot {
                modifier: Some(k),
                name,
                data,
            })
        });
        rule.chain(modifiers).collect()
    }

    /// Replaces the state in a slot; false if it does not fit.
    fn fill_slot(&mut self, i: usize, modifier: Option<usize>, name: &str, data: &[T]) -> bool {
        match modifier {
            Some(k) => self.modifiers[i][k].restore(name, data),
            None => self.rules[i].restore(name, data),
        }
    }

    /// Takes weights and, past epoch 0, the optimiser's state.
    pub(crate) fn restore(&mut self, state: &Snapshot<'_>, epoch: u64) -> Result<(), EngineError> {
        self.weights.restore(state)?;
        for i in 0..self.weights.all.len() {
            let slots: Vec<_> = self
                .slots(i)
                .iter()
                .map(|s| (s.modifier, s.name, s.data.len()))
                .collect();
            for (modifier, name, len) in slots {
                let tensor = Slot::<T> {
                    modifier,
                    name,
                    data: &[],
                }
                .tensor(&self.weights.all[i].name);
                let Some(view) = state.get(&tensor) else {
                    if epoch == 0 {
                        continue;
                    }
                    return Err(EngineError::state(tensor, "is missing"));
                };
                let data = self.padded(i, len, view);
                if !self.fill_slot(i, modifier, name, &data) {
                    return Err(EngineError::state(
                        tensor,
                        format!("is {}×{}, which does not fit", view.rows, view.cols),
                    ));
                }
            }
        }
        Ok(())
    }

    /// A state as it is stored: padded like the weight if it has the weight's shape.
    fn padded(&self, i: usize, len: usize, view: &TensorView<'_>) -> Vec<T> {
        let m = &self.weights.all[i];
        if (view.rows, view.cols) == (m.rows, m.cols) && len == m.rows * m.stride {
            let mut padded = m.like();
            padded.copy_from(view);
            padded.data[..len].to_vec()
        } else {
            view.to_f64().into_iter().map(T::of).collect()
        }
    }

    /// A copy of everything that an update changes.
    pub(crate) fn save(&self) -> Saved<T> {
        let states = (0..self.weights.all.len())
            .flat_map(|i| self.slots(i))
            .map(|slot| slot.data.to_vec());
        Saved {
            weights: self.weights.clone(),
            states: states.collect(),
        }
    }

    /// Goes back to a copy.
    pub(crate) fn load(&mut self, saved: &Saved<T>) {
        self.weights = saved.weights.clone();
        let mut states = saved.states.iter();
        for i in 0..self.weights.all.len() {
            let slots: Vec<_> = self.slots(i).iter().map(|s| (s.modifier, s.name)).collect();
            for (modifier, name) in slots {
                self.fill_slot(
                    i,
                    modifier,
                    name,
                    states.next().expect("as many states as were saved"),
                );
            }
        }
    }
}

/// The rows, ascending.
fn sorted(mut rows: Vec<u32>) -> Vec<u32> {
    rows.sort_unstable();
    rows
}

/// The training rows that are scored, if they are mini-batches' and not all.
fn sample(plan: &RunPlan, data: &Dataset, seed: u64) -> Option<Vec<u32>> {
    let (size, all) = (plan.scored_size as usize, data.train.len());
    if !(1..all).contains(&size) || plan.batch_size == 0 {
        return None;
    }
    let mut rows = data.train.clone();
    Seed(seed).draws("scored").shuffle(&mut rows);
    rows.truncate(size);
    Some(rows)
}

/// The training rows, or these with the held-out ones, of all or of the sample.
fn chosen<'a>(
    all: [&'a Order; 2],
    sample: &'a Option<[Order; 2]>,
    sampled: bool,
    test: bool,
) -> &'a Order {
    match sample {
        Some(own) if sampled => &own[usize::from(test)],
        _ => all[usize::from(test)],
    }
}

/// One vector of state of one weight's optimiser or modifier.
struct Slot<'a, T> {
    modifier: Option<usize>,
    name: &'static str,
    data: &'a [T],
}

impl<T> Slot<'_, T> {
    /// Name in snapshots.
    fn tensor(&self, weight: &str) -> String {
        match self.modifier {
            Some(k) => format!("optimizer.modifier{k}.{}.{weight}", self.name),
            None => format!("optimizer.{}.{weight}", self.name),
        }
    }
}

#[derive(Default)]
struct Tally {
    rows: u64,
    right: u64,
    loss: f64,
}

impl Tally {
    fn add(&mut self, loss: f64, right: bool) {
        self.rows += 1;
        self.right += u64::from(right);
        self.loss += loss;
    }

    fn score(&self) -> Option<Score> {
        let rows = self.rows as f64;
        (self.rows > 0).then(|| Score {
            loss: self.loss / rows,
            accuracy: self.right as f64 / rows,
        })
    }
}

/// Scores outputs by a loss that is no mean over rows; training rows number `trained`.
fn score_whole<T: Real>(
    objective: &Objective<T>,
    solved: bool,
    order: &Order,
    rule: &Rule<T>,
    scores: &mut Scores<T>,
    trained: usize,
) {
    let (train, test) = (select(order, scores, true), select(order, scores, false));
    if solved {
        return score_centred(order, rule, scores, &train.0, trained);
    }
    let Objective::Batch(loss) = objective else {
        unreachable!("row losses are scored row by row")
    };
    let (pitch, classes) = (scores.pitch, scores.classes);
    let centroids = Centroids::fit(&train.0, pitch, classes, &train.1, classes);
    for (answer, row) in scores
        .answers
        .iter_mut()
        .zip(scores.raw.chunks_exact(pitch))
    {
        *answer = centroids.predict(&row[..classes]) as u32;
    }
    let test_loss = if test.1.is_empty() {
        f64::NAN
    } else {
        loss.value(&test.0, pitch, classes, &test.1)
    };
    let train_loss = if rule.descend {
        let value = loss.gradient(&mut scores.gradient, pitch, classes, &train.1);
        scores
            .gradient
            .iter_mut()
            .for_each(|x| *x *= rule.gradient_scale);
        value
    } else {
        loss.value(&train.0, pitch, classes, &train.1)
    };
    for (loss, train) in scores.losses.iter_mut().zip(&order.train) {
        *loss = if *train { train_loss } else { test_loss };
    }
}

/// Outputs and labels of the rows that are trained on, or of the others.
fn select<T: Real>(order: &Order, scores: &Scores<T>, train: bool) -> (Vec<T>, Vec<u32>) {
    let rows = scores
        .raw
        .chunks_exact(scores.pitch)
        .zip(&order.labels)
        .zip(&order.train);
    let (mut outputs, mut labels) = (Vec::new(), Vec::new());
    for ((row, label), _) in rows.filter(|(_, t)| **t == train) {
        outputs.extend_from_slice(row);
        labels.push(*label);
    }
    (outputs, labels)
}

/// ‖P(Y − O)‖² a sample: outputs are shifted by what the centring over training rows takes away.
fn score_centred<T: Real>(
    order: &Order,
    rule: &Rule<T>,
    scores: &mut Scores<T>,
    train: &[T],
    trained: usize,
) {
    let (pitch, classes) = (scores.pitch, scores.classes);
    let mut shift = vec![0.0; classes];
    for (row, label) in train.chunks_exact(pitch).zip(
        order
            .labels
            .iter()
            .zip(&order.train)
            .filter(|(_, t)| **t)
            .map(|(l, _)| *l),
    ) {
        for (c, s) in shift.iter_mut().enumerate() {
            *s += (f64::from(u8::from(c == label as usize)) - row[c].f64()) / trained as f64;
        }
    }
    let mut gradient = scores.gradient.chunks_exact_mut(pitch);
    for (i, row) in scores.raw.chunks_exact(pitch).enumerate() {
        let label = order.labels[i] as usize;
        let mut shifted: Vec<f64> = row.iter().map(|x| x.f64()).collect();
        (0..classes).for_each(|c| shifted[c] += shift[c]);
        let error = |c: usize| shifted[c] - f64::from(u8::from(c == label));
        scores.answers[i] = largest(shifted.as_chunks().0, classes) as u32;
        scores.losses[i] = (0..classes).map(|c| error(c) * error(c)).sum();
        if rule.descend && order.train[i] {
            let to = gradient.next().expect("a place for every training row");
            (0..classes).for_each(|c| to[c] = T::of(2.0 * error(c)) * rule.gradient_scale);
        }
    }
}
