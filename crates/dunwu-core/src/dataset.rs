//! Labelled rows of tokens, and which of them are trained on.

use serde::{Deserialize, Serialize};

/// Which rows of a data set are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rows {
    /// Rows that are trained on, noisy ones included.
    Train,
    /// Rows that are held out.
    Test,
    /// Training rows whose label was replaced.
    Noisy,
}

/// A classification problem over tuples of tokens.
///
/// Row i is the tuple `tokens[i*operands .. (i+1)*operands]`; operand j takes values below `vocab[j]`.
/// The network's input is the concatenation of the operands' one-hot vectors, of length `Σ vocab`.
/// Rows of a table are sorted by their tokens, lexicographically, and no tuple occurs twice; texts may repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The task as the plan writes it.
    pub task: String,
    /// Number of values that each operand takes.
    pub vocab: Vec<usize>,
    /// Number of classes M.
    pub classes: usize,
    /// Row-major rows × operands.
    pub tokens: Vec<u32>,
    /// Labels to train on, replaced ones included.
    pub labels: Vec<u32>,
    /// Labels before any was replaced.
    pub clean: Vec<u32>,
    /// Rows trained on, ascending.
    pub train: Vec<u32>,
    /// Rows held out, ascending.
    pub test: Vec<u32>,
    /// Rows trained on with a replaced label, ascending.
    pub noisy: Vec<u32>,
    /// Of rows that are texts, whose tokens are one vocabulary and whose label is the next token: how many of them
    /// are given. Those after them are answers, as the label is. None for tables of operands.
    pub given: Option<usize>,
}

impl Dataset {
    /// Number of operands of a row.
    pub fn operands(&self) -> usize {
        self.vocab.len()
    }

    /// Number of rows, trained on or held out.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Length of the one-hot input, `d = Σ vocab`.
    pub fn inputs(&self) -> usize {
        self.vocab.iter().sum()
    }

    /// The tokens of row `i`.
    pub fn row(&self, i: usize) -> &[u32] {
        let r = self.operands();
        &self.tokens[i * r..(i + 1) * r]
    }

    /// Index of the first input that belongs to operand `j`.
    pub fn offset(&self, j: usize) -> usize {
        self.vocab[..j].iter().sum()
    }

    /// The indices of the rows meant.
    pub fn rows(&self, which: Rows) -> &[u32] {
        match which {
            Rows::Train => &self.train,
            Rows::Test => &self.test,
            Rows::Noisy => &self.noisy,
        }
    }
}
