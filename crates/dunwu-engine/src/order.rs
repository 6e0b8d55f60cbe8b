//! Rows in the order in which they are computed.

use dunwu_core::Dataset;

/// A block of sequences that a transformer computes together.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// Number of sequences.
    pub sequences: usize,
    /// Whether they are trained on; all are or none is.
    pub train: bool,
    /// Token and position of everything that occurs in the block, once.
    pub places: Vec<[u32; 2]>,
    /// Sequence by position: index of its place.
    pub at: Vec<u32>,
}

/// Not a training row.
const HELD_OUT: u32 = u32::MAX;

/// Some rows of a data set, with what the kernels need of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub operands: usize,
    /// Rows × operands, as rows of the first layer's weights; empty where there are cuts.
    pub inputs: Vec<u32>,
    /// Answers of a row of the data set, each of which is a row here.
    pub answers: usize,
    /// Blocks of a transformer, those that are trained on first.
    pub cuts: Vec<Cut>,
    pub labels: Vec<u32>,
    /// Index in the data set.
    pub rows: Vec<u32>,
    /// Whether a training row.
    pub train: Vec<bool>,
}

impl Order {
    /// The rows named, in that order.
    pub(crate) fn of(data: &Dataset, rows: impl IntoIterator<Item = u32>) -> Self {
        let mut is_train = vec![HELD_OUT; data.len()];
        data.train
            .iter()
            .for_each(|row| is_train[*row as usize] = 0);
        let offsets: Vec<u32> = (0..data.operands())
            .map(|j| data.offset(j) as u32)
            .collect();
        let mut order = Order {
            operands: data.operands(),
            answers: 1,
            ..Order::default()
        };
        for row in rows {
            let tokens = data.row(row as usize);
            order
                .inputs
                .extend(tokens.iter().zip(&offsets).map(|(t, offset)| t + offset));
            order.labels.push(data.labels[row as usize]);
            order.rows.push(row);
            order.train.push(is_train[row as usize] != HELD_OUT);
        }
        order
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}
