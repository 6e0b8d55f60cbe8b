//! Tasks by name, and their data sets.

use crate::error::TaskError;
use crate::expression::Formula;
use crate::features::Features;
use crate::group::Group;
use crate::{parse, split, table};
use dunwu_core::{Dataset, RunPlan, Seed};
use std::collections::BTreeSet;

/// Reads a file's text, or says why not. The crate itself reads no file.
pub type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// A reader for tasks that name no file.
pub const NO_FILES: Read<'static> = &|_| Err("no file can be read here".to_owned());

/// Most rows of a full table: 64 million tokens of two operands.
const MOST_ROWS: usize = 1 << 25;
/// Rows drawn for a task whose table is larger than all of them, where the plan does not say.
const SAMPLED: usize = 10_000;

/// What changes a task beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Operands of a group task.
    pub operands: usize,
    /// Whether a Latin square that is no group will do.
    pub quasigroup: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operands: 2,
            quasigroup: false,
        }
    }
}

/// Something to learn: tuples of tokens and the label of each.
#[derive(Clone, Debug)]
pub struct Task {
    text: String,
    rule: Rule,
    vocab: Vec<usize>,
    classes: usize,
}

#[derive(Clone, Debug)]
enum Rule {
    /// Product of all operands, from the left.
    Group(Group),
    Formula(Formula),
    /// Parity of the bits at these places.
    Parity(Vec<usize>),
}

impl Task {
    /// Reads a task.
    ///
    /// # Errors
    /// A text that no form fits, with the place; a group, table or modulus that does not exist.
    pub fn parse(text: &str, options: &Options, read: Read<'_>) -> Result<Task, TaskError> {
        let text = text.trim();
        let rule = if let Some(path) = text.strip_prefix("table:") {
            let content = read(path).map_err(|why| TaskError::file(path, why))?;
            Rule::Group(table::parse(path, &content, options.quasigroup)?)
        } else if let Some(inner) = text.strip_prefix("parity(") {
            return Self::parity(text, inner);
        } else if text.contains("mod") || text.contains(['+', '*', '/', '^']) {
            Rule::Formula(Formula::parse(text)?)
        } else {
            Rule::Group(parse::group(text)?)
        };
        let (tokens, operands) = match &rule {
            Rule::Formula(f) => (f.modulus, f.operands),
            Rule::Group(g) => (g.order(), options.operands),
            Rule::Parity(_) => unreachable!("parities have returned"),
        };
        Ok(Task {
            text: text.to_owned(),
            rule,
            vocab: vec![tokens; operands],
            classes: tokens,
        })
    }

    fn parity(text: &str, inner: &str) -> Result<Task, TaskError> {
        let numbers: Option<Vec<usize>> = inner
            .strip_suffix(')')
            .and_then(|w| w.split(',').map(|n| n.trim().parse().ok()).collect());
        let Some([n, k]) = numbers.as_deref() else {
            return Err(TaskError::syntax(
                text,
                7,
                "expected two numbers: parity(bits, relevant bits)",
            ));
        };
        if *k == 0 || k > n || *n > 4096 {
            return Err(TaskError::value(
                text,
                "needs 1 ≤ relevant bits ≤ bits ≤ 4096",
            ));
        }
        Ok(Task {
            text: text.to_owned(),
            rule: Rule::Parity((0..*k).collect()),
            vocab: vec![2; *n],
            classes: 2,
        })
    }

    /// The task of a plan.
    ///
    /// # Errors
    /// Those of [`Task::parse`].
    pub fn from_plan(plan: &RunPlan, read: Read<'_>) -> Result<Task, TaskError> {
        Self::parse(
            &plan.task,
            &Options {
                operands: plan.operands,
                quasigroup: plan.quasigroup,
            },
            read,
        )
    }

    /// The task as written.
    pub fn name(&self) -> &str {
        &self.text
    }

    /// Number of labels M.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of values of each operand.
    pub fn vocab(&self) -> &[usize] {
        &self.vocab
    }

    /// One line: what it is and how large.
    pub fn describe(&self) -> String {
        let what = match &self.rule {
            Rule::Group(g) if g.identity().is_none() => "product in a quasigroup".to_owned(),
            Rule::Group(g) => format!(
                "product in a {} group",
                if g.is_abelian() {
                    "commutative"
                } else {
                    "non-commutative"
                }
            ),
            Rule::Formula(_) => "formula".to_owned(),
            Rule::Parity(bits) => {
                format!("parity of {} bits out of {}", bits.len(), self.vocab.len())
            }
        };
        let rows = self.rows().map_or_else(
            || "too many rows to list".to_owned(),
            |n| format!("{n} rows"),
        );
        format!(
            "{}: {what}, {} operands, {} classes, {rows}",
            self.text,
            self.vocab.len(),
            self.classes
        )
    }

    /// The group, for tasks that are one.
    pub fn group(&self) -> Option<&Group> {
        match &self.rule {
            Rule::Group(g) => Some(g),
            _ => None,
        }
    }

    /// Accuracy of always giving the commonest label of a full table.
    pub fn chance(&self) -> f64 {
        match &self.rule {
            Rule::Group(g) => 1.0 / g.order() as f64,
            Rule::Parity(_) => 0.5,
            Rule::Formula(_) => {
                let Ok(rows) = self.tuples(&mut Seed(0).draws("chance"), SAMPLED) else {
                    return 0.0;
                };
                let mut counts = vec![0usize; self.classes];
                rows.iter()
                    .filter_map(|row| self.label(row))
                    .for_each(|l| counts[l as usize] += 1);
                counts.iter().copied().max().unwrap_or(0) as f64 / rows.len().max(1) as f64
            }
        }
    }

    /// The features that functions on a token are made of.
    ///
    /// # Errors
    /// A task whose tokens have no group structure, with the reason.
    pub fn try_features(&self) -> Result<Features, TaskError> {
        match &self.rule {
            Rule::Group(g) => Features::of_group(g),
            Rule::Formula(f) if f.is_multiplicative() => Ok(Features::multiplicative(f.modulus)),
            Rule::Formula(f) => Ok(Features::of_cyclic(&[f.modulus])),
            Rule::Parity(_) => Err(TaskError::value(
                &self.text,
                "has tokens of one bit, which have no spectrum to speak of",
            )),
        }
    }

    /// The features, if there are any.
    pub fn features(&self) -> Option<Features> {
        self.try_features().ok()
    }

    /// Rows of the full table; None if they cannot be listed.
    fn rows(&self) -> Option<usize> {
        self.vocab
            .iter()
            .try_fold(1usize, |n, v| n.checked_mul(*v))
            .filter(|n| *n <= MOST_ROWS)
    }

    fn label(&self, operands: &[u32]) -> Option<u32> {
        match &self.rule {
            Rule::Group(g) => operands
                .iter()
                .map(|t| *t as usize)
                .reduce(|a, b| g.mul(a, b))
                .map(|l| l as u32),
            Rule::Formula(f) => f.value(operands),
            Rule::Parity(bits) => Some(bits.iter().map(|b| operands[*b]).sum::<u32>() % 2),
        }
    }

    /// All tuples in lexicographic order, or `sample` distinct ones of a table too large to list.
    fn tuples(
        &self,
        draws: &mut dunwu_core::Draws,
        sample: usize,
    ) -> Result<Vec<Vec<u32>>, TaskError> {
        if let Some(rows) = self.rows() {
            let tuple = |mut i: usize| {
                let mut out = vec![0; self.vocab.len()];
                for (token, n) in out.iter_mut().zip(&self.vocab).rev() {
                    (*token, i) = ((i % n) as u32, i / n);
                }
                out
            };
            return Ok((0..rows).map(tuple).collect());
        }
        if !matches!(self.rule, Rule::Parity(_)) {
            let table: f64 = self.vocab.iter().map(|v| *v as f64).product();
            let why = format!(
                "has {table:.3e} rows; tables go up to {MOST_ROWS}. Take a smaller group or fewer operands"
            );
            return Err(TaskError::value(&self.text, why));
        }
        if sample > MOST_ROWS {
            return Err(TaskError::value(
                &self.text,
                format!("was asked for {sample} rows; tables go up to {MOST_ROWS}"),
            ));
        }
        let mut out = BTreeSet::new();
        while out.len() < sample {
            out.insert(
                self.vocab
                    .iter()
                    .map(|n| draws.below(*n as u64) as u32)
                    .collect(),
            );
        }
        Ok(out.into_iter().collect())
    }

    /// The rows of a run, split into those trained on and those held out, with label noise.
    ///
    /// # Errors
    /// A split that leaves no row to train on, asks for more than there are, or names unknown rows.
    pub fn dataset(&self, plan: &RunPlan, seed: u64, read: Read<'_>) -> Result<Dataset, TaskError> {
        let split_seed = Seed(plan.split_seed.unwrap_or(seed));
        let mut draws = split_seed.draws("split");
        let sample = split::sampled(plan, SAMPLED);
        let mut tuples = self.tuples(&mut draws, sample)?;
        tuples.retain(|row| self.label(row).is_some());
        let labels: Vec<u32> = tuples
            .iter()
            .map(|row| self.label(row).expect("kept for having one"))
            .collect();
        let mut data = Dataset {
            task: self.text.clone(),
            vocab: self.vocab.clone(),
            classes: self.classes,
            tokens: tuples.concat(),
            clean: labels.clone(),
            labels,
            train: vec![],
            test: vec![],
            noisy: vec![],
        };
        split::split(self, plan, &mut draws, &mut data, read)?;
        let noise_seed = Seed(plan.noise_seed.unwrap_or(seed));
        split::add_noise(
            plan.label_noise,
            &mut noise_seed.draws("label noise"),
            &mut data,
        );
        Ok(data)
    }
}
