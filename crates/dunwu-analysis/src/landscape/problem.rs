//! Labelled data and an activation: everything that the energy depends on.

use super::sigma::Kind;
use dunwu_core::{Activation, Dataset};
use std::fmt;

/// Labelled rows and an activation, whose energy is E(w) = ½‖Tᵀσ(Xw)‖².
///
/// X is n × d. T = PY, the centred one-hot labels, n × M, unless one of the `with_` methods changes it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(crate) inputs: Inputs,
    pub(crate) targets: Targets,
    pub(crate) sigma: Kind,
    pub(crate) form: Form,
    pub(crate) dim: usize,
    pub(crate) classes: usize,
}

/// The rows of X.
#[derive(Clone, Debug)]
pub(crate) enum Inputs {
    /// Two one-hot operands, rows sorted by the first: a run of rows for each first token.
    Pairs {
        /// First token and one past its last row.
        runs: Vec<(u32, u32)>,
        /// Index into w of the second token.
        second: Vec<u32>,
    },
    /// One-hot operands: indices into w, `operands` a row.
    Tuples { operands: usize, tokens: Vec<u32> },
    /// Any features, row-major.
    Dense(Vec<f64>),
}

/// The columns that activations are compared with.
#[derive(Clone, Debug)]
pub(crate) enum Targets {
    /// Row i is ω_i (e_y − π).
    Labels {
        labels: Vec<u32>,
        /// ω; None is 1.
        weights: Option<Vec<f64>>,
        /// π.
        centre: Vec<f64>,
    },
    /// n × M, row-major.
    Dense(Vec<f64>),
}

/// How a row's weights become its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// σ of their sum.
    Sum,
    /// The part of σ that couples two operands: 2b·u·v of b(u + v)² + a(u + v).
    Cross,
}

/// Largest feature: energies go with its fourth power and the square of the number of rows.
const LARGEST: f64 = 1e60;

/// Why there is no energy.
#[derive(Clone, Debug, PartialEq)]
pub struct LandscapeError(pub(crate) String);

impl LandscapeError {
    /// An error with that message.
    pub fn of(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for LandscapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LandscapeError {}

impl Problem {
    /// The energy of some rows of a data set: the raw one, T = PY with P the centring over these rows.
    ///
    /// `a` and `b` are the coefficients of the activation `quadratic`.
    ///
    /// # Errors
    /// No rows.
    pub fn of_rows(
        data: &Dataset,
        rows: &[u32],
        activation: Activation,
        [a, b]: [f64; 2],
    ) -> Result<Self, LandscapeError> {
        let labels: Vec<u32> = rows.iter().map(|i| data.labels[*i as usize]).collect();
        let centre = shares(&labels, data.classes)?;
        let offsets: Vec<u32> = (0..data.operands())
            .map(|j| data.offset(j) as u32)
            .collect();
        let index = |i: &u32| {
            let tokens = data.row(*i as usize).iter().zip(&offsets);
            tokens.map(|(t, o)| t + o).collect::<Vec<u32>>()
        };
        let tokens: Vec<u32> = rows.iter().flat_map(index).collect();
        Ok(Self {
            inputs: inputs(data.operands(), tokens),
            targets: Targets::Labels {
                labels,
                weights: None,
                centre,
            },
            sigma: Kind::of(activation, a, b),
            form: Form::Sum,
            dim: data.inputs(),
            classes: data.classes,
        })
    }

    /// The raw energy of any labelled features, n × d, row-major.
    ///
    /// ```
    /// use dunwu_analysis::landscape::Problem;
    /// use dunwu_core::Activation;
    /// let x = [1.0, 0.0, 0.0, 1.0];
    /// let problem = Problem::of_matrix(&x, 2, &[0, 1], 2, Activation::Square, [0.0, 1.0]).unwrap();
    /// // z = (½, −½)·(w₁² − w₂²), so E = ¼.
    /// assert_eq!(problem.energy(&[1.0, 0.0]), 0.25);
    /// ```
    ///
    /// # Errors
    /// No rows, a matrix of another size than the labels ask for, numbers that are not finite, or a label
    /// that is no class.
    pub fn of_matrix(
        x: &[f64],
        dim: usize,
        labels: &[u32],
        classes: usize,
        activation: Activation,
        [a, b]: [f64; 2],
    ) -> Result<Self, LandscapeError> {
        let error = |why: String| Err(LandscapeError(why));
        if dim == 0 || x.len() != dim * labels.len() {
            let (have, want) = (x.len(), labels.len());
            return error(format!(
                "{have} numbers are not {want} rows of {dim} features"
            ));
        }
        if let Some(i) = x.iter().position(|v| !v.is_finite()) {
            let (row, column) = (i / dim + 1, i % dim + 1);
            return error(format!("row {row}, feature {column} is not finite"));
        }
        if let Some(i) = x.iter().position(|v| v.abs() > LARGEST) {
            let (row, column) = (i / dim + 1, i % dim + 1);
            return error(format!(
                "row {row}, feature {column} is {:e}, whose powers overflow; rescale the features",
                x[i]
            ));
        }
        if let Some(y) = labels.iter().find(|y| **y as usize >= classes) {
            return error(format!("label {y} is not below the {classes} classes"));
        }
        Ok(Self {
            inputs: Inputs::Dense(x.to_vec()),
            targets: Targets::Labels {
                labels: labels.to_vec(),
                weights: None,
                centre: shares(labels, classes)?,
            },
            sigma: Kind::of(activation, a, b),
            form: Form::Sum,
            dim,
            classes,
        })
    }

    /// Only what couples the two operands: 2b·u(x₁)v(x₂) of b(u + v)² + a(u + v).
    ///
    /// # Errors
    /// Inputs other than two one-hot operands, or an activation that is not b·x² + a·x.
    pub fn with_cross_term(mut self) -> Result<Self, LandscapeError> {
        if !matches!(self.inputs, Inputs::Pairs { .. }) {
            return Err(LandscapeError(
                "the cross term is that of two operands; leave out `cross`".into(),
            ));
        }
        if self.sigma.square().is_none() {
            return Err(LandscapeError(
                "the cross term is known for the activations square and quadratic; leave out `cross`"
                    .into(),
            ));
        }
        self.form = Form::Cross;
        Ok(self)
    }

    /// Horvitz–Thompson: each kept row stands for 1/pᵢ rows, and labels are centred by their shares π in the
    /// population, so that z = Σ (e_y − π) σ(a)/pᵢ has the expectation of the full table's.
    pub fn with_inclusion(mut self, probability: &[f64], population: Vec<f64>) -> Self {
        let Targets::Labels { labels, .. } = self.targets else {
            return self;
        };
        self.targets = Targets::Labels {
            labels,
            weights: Some(probability.iter().map(|p| 1.0 / p).collect()),
            centre: population,
        };
        self
    }

    /// Any T, n × columns, row-major; P_η PY gives the whitened energy.
    ///
    /// # Errors
    /// A matrix with another number of rows.
    pub fn with_targets(
        mut self,
        targets: Vec<f64>,
        columns: usize,
    ) -> Result<Self, LandscapeError> {
        if columns == 0 || targets.len() != self.len() * columns {
            let (have, rows) = (targets.len(), self.len());
            return Err(LandscapeError(format!(
                "{have} numbers are not {rows} rows of {columns} targets"
            )));
        }
        self.targets = Targets::Dense(targets);
        self.classes = columns;
        Ok(self)
    }

    /// σ(x) = x²/2, as the paper prints it, in place of x².
    pub fn with_half_square(mut self) -> Self {
        if self.sigma == Kind::of(Activation::Square, 0.0, 1.0) {
            self.sigma = Kind::of(Activation::Quadratic, 0.0, 0.5);
        }
        self
    }

    /// Number of weights of a node, d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of columns of T.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of rows, n.
    pub fn len(&self) -> usize {
        match (&self.inputs, &self.targets) {
            (Inputs::Pairs { second, .. }, _) => second.len(),
            (Inputs::Tuples { operands, tokens }, _) => tokens.len() / operands,
            (Inputs::Dense(x), _) => x.len() / self.dim,
        }
    }

    /// Whether there are no rows; there always are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// T, n × M, row-major.
    pub fn targets(&self) -> Vec<f64> {
        match &self.targets {
            Targets::Dense(t) => t.clone(),
            Targets::Labels {
                labels,
                weights,
                centre,
            } => {
                let row = |(i, y): (usize, &u32)| {
                    let weight = weights.as_ref().map_or(1.0, |w| w[i]);
                    let entry = move |(c, p): (usize, &f64)| {
                        weight * (if c == *y as usize { 1.0 - p } else { -p })
                    };
                    centre.iter().enumerate().map(entry).collect::<Vec<f64>>()
                };
                labels.iter().enumerate().flat_map(row).collect()
            }
        }
    }
}

/// π, the share of each class.
fn shares(labels: &[u32], classes: usize) -> Result<Vec<f64>, LandscapeError> {
    if labels.is_empty() {
        return Err(LandscapeError("there are no rows to climb on".into()));
    }
    let mut out = vec![0.0; classes];
    for y in labels {
        out[*y as usize] += 1.0;
    }
    let n = labels.len() as f64;
    out.iter_mut().for_each(|x| *x /= n);
    Ok(out)
}

fn inputs(operands: usize, tokens: Vec<u32>) -> Inputs {
    let sorted = tokens
        .chunks_exact(2 * operands)
        .all(|t| t[0] <= t[operands]);
    if operands != 2 || !sorted {
        return Inputs::Tuples { operands, tokens };
    }
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (i, row) in tokens.chunks_exact(2).enumerate() {
        match runs.last_mut() {
            Some((first, end)) if *first == row[0] => *end = i as u32 + 1,
            _ => runs.push((row[0], i as u32 + 1)),
        }
    }
    let second = tokens.chunks_exact(2).map(|row| row[1]).collect();
    Inputs::Pairs { runs, second }
}
