//! Tasks that are texts: rows of tokens of one vocabulary, whose label is the next token.

use crate::error::TaskError;
use crate::parse::number;
use crate::rows::Rows;
use dunwu_core::{Draws, Seed};
use std::collections::BTreeSet;

/// Most tokens of a vocabulary.
const MOST_TOKENS: usize = 1 << 16;
/// Longest row.
const MOST_LENGTH: usize = 4096;
/// Prompts up to which all are listed.
const LISTED: usize = 1 << 16;

/// A task of texts.
#[derive(Clone, Debug)]
pub(crate) enum Sequence {
    /// Bigram-Backcopy (arXiv 2410.13835): token 0 begins every row. Tokens 1 to `triggers` are followed by the token
    /// before them, every other by one drawn from its own distribution over all tokens but the first.
    Backcopy(Backcopy),
    /// x₁ … x_k = and the sum mod n; with `written` the sums of the first two, three, … operands come before it.
    Sum {
        modulus: usize,
        operands: usize,
        written: bool,
    },
    /// Windows of a file's bytes, one after the other.
    Text { bytes: Vec<u8>, context: usize },
}

/// The numbers of a Bigram-Backcopy task and what follows what.
#[derive(Clone, Debug)]
pub(crate) struct Backcopy {
    tokens: usize,
    triggers: usize,
    length: usize,
    /// Sums of the probabilities of what follows each token, up to each next token.
    following: Vec<Vec<f64>>,
}

impl Sequence {
    /// `backcopy(…)`, `chain(…)` and `sum(…)`; None if the text is none of them.
    pub(crate) fn parse(text: &str) -> Option<Result<Sequence, TaskError>> {
        let (name, inner) = text.split_once('(')?;
        let numbers =
            || -> Option<Vec<usize>> { inner.strip_suffix(')')?.split(',').map(number).collect() };
        let wrong = |form: &str| {
            TaskError::syntax(
                text,
                name.len() + 1,
                format!("expected whole numbers: {form}"),
            )
        };
        let of_sum = |written: bool| match numbers().as_deref() {
            Some([n, k]) => sum(text, *n, *k, written),
            _ => Err(wrong(&format!("{name}(modulus, operands)"))),
        };
        Some(match name {
            "backcopy" => match numbers().as_deref() {
                Some([tokens, triggers, length]) => backcopy(text, *tokens, *triggers, *length),
                _ => Err(wrong("backcopy(tokens, triggers, length)")),
            },
            "chain" => of_sum(true),
            "sum" => of_sum(false),
            _ => return None,
        })
    }

    /// A file's bytes, each a character of the text.
    pub(crate) fn text(path: &str, content: &str, context: usize) -> Result<Sequence, TaskError> {
        let bytes: Result<Vec<u8>, _> = content
            .chars()
            .map(|c| u8::try_from(u32::from(c)))
            .collect();
        let bytes = bytes.map_err(|_| {
            TaskError::file(
                "task",
                path,
                "only the training of networks reads the bytes of a text",
            )
        })?;
        if bytes.is_empty() {
            return Err(TaskError::value(
                format!("text:{path}"),
                "is an empty file; there is nothing to learn",
            ));
        }
        if bytes.len() < 2 * context + 1 {
            let why = format!(
                "has {} bytes, too few for two rows of {context} and the byte after them; lower context, or take a longer file",
                bytes.len()
            );
            return Err(TaskError::value(format!("text:{path}"), why));
        }
        Ok(Sequence::Text { bytes, context })
    }

    /// Tokens of a row.
    pub(crate) fn length(&self) -> usize {
        match self {
            Sequence::Backcopy(b) => b.length,
            Sequence::Sum {
                operands, written, ..
            } => operands + 1 + if *written { operands - 2 } else { 0 },
            Sequence::Text { context, .. } => *context,
        }
    }

    /// Values of a token.
    pub(crate) fn tokens(&self) -> usize {
        match self {
            Sequence::Backcopy(b) => b.tokens + 1,
            Sequence::Sum { modulus, .. } => modulus + 1,
            Sequence::Text { .. } => 256,
        }
    }

    /// Tokens of a row that are given.
    pub(crate) fn given(&self) -> usize {
        match self {
            Sequence::Backcopy(_) | Sequence::Text { .. } => 1,
            Sequence::Sum { operands, .. } => operands + 1,
        }
    }

    /// What it is, in a few words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Sequence::Backcopy(b) => format!(
                "the next of {} tokens, where {} of them repeat the one before them",
                b.tokens, b.triggers
            ),
            Sequence::Sum {
                modulus,
                operands,
                written: true,
            } => {
                format!("sum mod {modulus} of {operands} operands, written out step by step")
            }
            Sequence::Sum {
                modulus, operands, ..
            } => format!("sum mod {modulus} of {operands} operands"),
            Sequence::Text { bytes, .. } => {
                format!("the next byte of a text of {} bytes", bytes.len())
            }
        }
    }

    /// Accuracy of always giving the commonest label.
    pub(crate) fn chance(&self) -> f64 {
        match self {
            Sequence::Backcopy(b) => b.commonest(),
            Sequence::Sum { modulus, .. } => 1.0 / *modulus as f64,
            Sequence::Text { bytes, .. } => {
                let mut counts = [0usize; 256];
                bytes.iter().for_each(|b| counts[usize::from(*b)] += 1);
                counts.into_iter().max().unwrap_or(0) as f64 / bytes.len() as f64
            }
        }
    }

    /// The label of a row's tokens; None where more than one may follow, or where it is no row.
    pub(crate) fn label(&self, tokens: &[u32]) -> Option<u32> {
        let Sequence::Sum {
            modulus, operands, ..
        } = self
        else {
            return None;
        };
        let prompt: Vec<usize> = tokens.iter().take(*operands).map(|t| *t as usize).collect();
        let row = self.sum(&prompt);
        (row.0 == tokens && prompt.iter().all(|x| x < modulus)).then_some(row.1)
    }

    /// Number of rows, if all are listed.
    pub(crate) fn count(&self) -> Option<usize> {
        match self {
            Sequence::Backcopy(_) => None,
            Sequence::Sum { .. } => self.prompts().filter(|n| *n <= LISTED),
            Sequence::Text { bytes, context } => Some((bytes.len() - 1) / context),
        }
    }

    /// Number of prompts of a sum.
    fn prompts(&self) -> Option<usize> {
        let Sequence::Sum {
            modulus, operands, ..
        } = self
        else {
            return None;
        };
        (0..*operands).try_fold(1usize, |n, _| n.checked_mul(*modulus))
    }

    /// All rows, in order.
    pub(crate) fn list(&self) -> Rows {
        match self {
            Sequence::Text { bytes, context } => {
                let rows = (bytes.len() - 1) / context;
                Rows {
                    tokens: bytes[..rows * context]
                        .iter()
                        .map(|b| u32::from(*b))
                        .collect(),
                    labels: (1..=rows).map(|i| u32::from(bytes[i * context])).collect(),
                }
            }
            _ => rows_of((0..self.count().unwrap_or(0)).map(|i| self.sum(&self.prompt(i)))),
        }
    }

    /// The operands of prompt `i` in the order of all.
    fn prompt(&self, i: usize) -> Vec<usize> {
        let Sequence::Sum {
            modulus, operands, ..
        } = self
        else {
            return vec![];
        };
        let digit = |place: usize| i / modulus.pow(place as u32) % modulus;
        (0..*operands).rev().map(digit).collect()
    }

    /// A sum's tokens and label.
    fn sum(&self, prompt: &[usize]) -> (Vec<u32>, u32) {
        let Sequence::Sum {
            modulus, written, ..
        } = self
        else {
            return (vec![], 0);
        };
        let partial = |sum: &mut usize, x: &usize| {
            *sum = (*sum + x) % modulus;
            Some(*sum as u32)
        };
        let sums: Vec<u32> = prompt.iter().scan(0, partial).collect();
        let steps = if *written {
            1..sums.len().max(2) - 1
        } else {
            0..0
        };
        let operands = prompt.iter().map(|x| *x as u32);
        let tokens = operands
            .chain([*modulus as u32])
            .chain(sums[steps].iter().copied());
        (tokens.collect(), sums.last().copied().unwrap_or(0))
    }

    /// So many different rows, drawn, in order of their tokens.
    ///
    /// # Errors
    /// More rows than memory should hold, or than can be found by drawing.
    pub(crate) fn draw(
        &self,
        text: &str,
        total: usize,
        draws: &mut Draws,
    ) -> Result<Rows, TaskError> {
        let most = (1usize << 26) / self.length();
        if total > most || self.prompts().is_some_and(|all| total > all / 2) {
            let most = most.min(self.prompts().map_or(usize::MAX, |all| all / 2));
            let why = format!("was asked for {total} rows; up to {most} are drawn");
            return Err(TaskError::value(text, why));
        }
        let mut chosen: BTreeSet<(Vec<u32>, u32)> = BTreeSet::new();
        let mut tries = 0usize;
        while chosen.len() < total {
            chosen.insert(self.one(draws));
            tries += 1;
            if tries > 1000 + 20 * total {
                let why = format!(
                    "has so few rows that {total} different ones were not found; make rows longer, or take fewer"
                );
                return Err(TaskError::value(text, why));
            }
        }
        Ok(rows_of(chosen.into_iter()))
    }

    fn one(&self, draws: &mut Draws) -> (Vec<u32>, u32) {
        match self {
            Sequence::Backcopy(b) => b.draw(draws),
            Sequence::Sum {
                modulus, operands, ..
            } => {
                let prompt: Vec<usize> = (0..*operands)
                    .map(|_| draws.below(*modulus as u64) as usize)
                    .collect();
                self.sum(&prompt)
            }
            Sequence::Text { .. } => (vec![], 0),
        }
    }
}

fn rows_of(rows: impl Iterator<Item = (Vec<u32>, u32)>) -> Rows {
    let mut out = Rows {
        tokens: Vec::new(),
        labels: Vec::new(),
    };
    for (tokens, label) in rows {
        out.tokens.extend(tokens);
        out.labels.push(label);
    }
    out
}

fn sum(text: &str, modulus: usize, operands: usize, written: bool) -> Result<Sequence, TaskError> {
    if !(2..=MOST_TOKENS).contains(&modulus) || !(2..=MOST_LENGTH / 2).contains(&operands) {
        let why = format!(
            "needs a modulus from 2 to {MOST_TOKENS} and from 2 to {} operands",
            MOST_LENGTH / 2
        );
        return Err(TaskError::value(text, why));
    }
    Ok(Sequence::Sum {
        modulus,
        operands,
        written,
    })
}

fn backcopy(
    text: &str,
    tokens: usize,
    triggers: usize,
    length: usize,
) -> Result<Sequence, TaskError> {
    let fits = (3..=4096).contains(&tokens) && triggers >= 1 && triggers + 2 <= tokens;
    if !fits || !(3..=MOST_LENGTH).contains(&length) {
        let why = format!(
            "needs from 3 to 4096 tokens, of which at least 2 are no triggers, and a length from 3 to {MOST_LENGTH}"
        );
        return Err(TaskError::value(text, why));
    }
    // Evenly over all distributions, and the same for every seed of a run: the language is the task's.
    let mut draws = Seed(0).draws("backcopy");
    let mut distribution = || {
        let weights: Vec<f64> = (0..tokens)
            .map(|_| -libm::log(1.0 - draws.unit()))
            .collect();
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let up_to = |w: f64| {
            sum += w / total;
            sum
        };
        weights.into_iter().map(up_to).collect()
    };
    Ok(Sequence::Backcopy(Backcopy {
        tokens,
        triggers,
        length,
        following: (0..tokens).map(|_| distribution()).collect(),
    }))
}

/// The last token of a `backcopy` task that is a trigger, the first being 1; None for any other task.
///
/// ```
/// assert_eq!(dunwu_task::triggers("backcopy(32,3,32)"), Some(3));
/// assert_eq!(dunwu_task::triggers("Z7"), None);
/// ```
pub fn triggers(task: &str) -> Option<u32> {
    match Sequence::parse(task)? {
        Ok(Sequence::Backcopy(b)) => Some(b.triggers as u32),
        _ => None,
    }
}

impl Backcopy {
    fn draw(&self, draws: &mut Draws) -> (Vec<u32>, u32) {
        let plain = (self.tokens - self.triggers) as u64;
        // What comes first is no trigger: there would be nothing to repeat.
        let mut row = vec![0, 1 + self.triggers as u32 + draws.below(plain) as u32];
        while row.len() <= self.length {
            let (before, last) = (row[row.len() - 2], row[row.len() - 1]);
            row.push(if last as usize <= self.triggers {
                before
            } else {
                self.follow(last, draws)
            });
        }
        let label = row.pop().expect("rows are longer than 2");
        (row, label)
    }

    fn follow(&self, token: u32, draws: &mut Draws) -> u32 {
        let unit = draws.unit();
        let up_to = &self.following[token as usize - 1];
        let index = up_to.partition_point(|sum| *sum <= unit);
        1 + index.min(self.tokens - 1) as u32
    }

    /// Share of the commonest token among those that follow tokens which are no triggers, each of these as often.
    fn commonest(&self) -> f64 {
        let plain = &self.following[self.triggers..];
        let share = |i: usize| {
            let one = |up_to: &Vec<f64>| up_to[i] - if i > 0 { up_to[i - 1] } else { 0.0 };
            plain.iter().map(one).sum::<f64>() / plain.len() as f64
        };
        (0..self.tokens).map(share).fold(0.0, f64::max)
    }
}
