//! Rows in blocks of sequences, those that are trained on first.

use super::shape::Shape;
use crate::order::{Cut, Order};
use dunwu_core::Dataset;

/// The rows named, ascending, in blocks.
pub(crate) fn order(s: &Shape, parts: usize, data: &Dataset, rows: &[u32]) -> Order {
    let is_train = |row: &u32| data.train.binary_search(row).is_ok();
    let (train, rest): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| is_train(row));
    let mut order = Order {
        operands: data.operands(),
        answers: s.answers,
        ..Order::default()
    };
    for (rows, train) in [(train, true), (rest, false)] {
        for row in &rows {
            answers(s, data, *row, &mut order.labels);
        }
        let each = rows
            .iter()
            .flat_map(|row| std::iter::repeat_n(*row, s.answers));
        order.rows.extend(each);
        order.train.resize(order.rows.len(), train);
        let size = size(rows.len(), s.block(), parts);
        let cuts = rows.chunks(size).map(|rows| cut(s, data, rows, train));
        order.cuts.extend(cuts);
    }
    order
}

/// All rows in their order, none of them trained on, in blocks.
pub(super) fn whole(s: &Shape, parts: usize, data: &Dataset) -> Vec<Cut> {
    let rows: Vec<u32> = (0..data.len() as u32).collect();
    let size = size(rows.len(), s.block(), parts);
    rows.chunks(size)
        .map(|rows| cut(s, data, rows, false))
        .collect()
}

/// Sequences of a block: as even as possible, and so that every part has as many blocks.
fn size(sequences: usize, most: usize, parts: usize) -> usize {
    let blocks = sequences.div_ceil(most).next_multiple_of(parts);
    sequences.div_ceil(blocks.max(1)).max(1)
}

/// The tokens that the positions which answer should give.
fn answers(s: &Shape, data: &Dataset, row: u32, labels: &mut Vec<u32>) {
    let tokens = data.row(row as usize);
    labels.extend(&tokens[tokens.len() + 1 - s.answers..]);
    labels.push(data.labels[row as usize]);
}

/// One block.
fn cut(s: &Shape, data: &Dataset, rows: &[u32], train: bool) -> Cut {
    let equals = s.vocab as u32 - 1;
    let mut seen = Vec::with_capacity(rows.len() * s.sequence);
    for row in rows {
        let tokens = data.row(*row as usize).iter().copied();
        let whole = tokens.chain((data.given.is_none()).then_some(equals));
        seen.extend(whole.zip(0..).map(|(token, position)| [token, position]));
    }
    let mut places = seen.clone();
    places.sort_unstable();
    places.dedup();
    let find = |place: &[u32; 2]| {
        let at = places.binary_search(place);
        at.expect("every place is in the list of them") as u32
    };
    Cut {
        sequences: rows.len(),
        train,
        at: seen.iter().map(find).collect(),
        places,
    }
}
