//! The series of a run.

use std::collections::BTreeMap;

/// Readings over epochs, one column a signal; a missing reading is NaN.
///
/// Columns that every run has: `lr`, `train_loss`, `train_acc`, `test_loss`, `test_acc`,
/// with label noise also `noisy_loss`, `noisy_acc`, `noisy_clean_acc`; then those of the probes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    epochs: Vec<u64>,
    columns: BTreeMap<String, Vec<f64>>,
}

impl Curve {
    /// Epochs, strictly ascending.
    pub fn epochs(&self) -> &[u64] {
        &self.epochs
    }

    /// A column, as long as `epochs`.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.get(name).map(Vec::as_slice)
    }

    /// Names and values of all columns, sorted by name.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.columns
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// The pairs (epoch, value) of a column where a value is there.
    pub fn points<'a>(&'a self, name: &str) -> impl Iterator<Item = (u64, f64)> + 'a {
        self.column(name)
            .unwrap_or(&[])
            .iter()
            .zip(&self.epochs)
            .filter(|(value, _)| !value.is_nan())
            .map(|(value, epoch)| (*epoch, *value))
    }

    /// Sets a value; the epoch must be known already or later than all.
    ///
    /// # Panics
    /// If the epoch lies between or before known ones without being one of them.
    pub fn set(&mut self, epoch: u64, name: &str, value: f64) {
        let row = match self.epochs.binary_search(&epoch) {
            Ok(row) => row,
            Err(row) => {
                assert_eq!(row, self.epochs.len(), "epochs are set in ascending order");
                self.epochs.push(epoch);
                self.columns
                    .values_mut()
                    .for_each(|column| column.push(f64::NAN));
                row
            }
        };
        let rows = self.epochs.len();
        if let Some(column) = self.columns.get_mut(name) {
            column[row] = value;
        } else {
            let mut column = vec![f64::NAN; rows];
            column[row] = value;
            self.columns.insert(name.to_owned(), column);
        }
    }

    /// The part with epochs up to and including `last`.
    #[must_use]
    pub fn prefix(&self, last: u64) -> Curve {
        self.slice(0..self.epochs.partition_point(|e| *e <= last))
    }

    /// The rows of a range of positions.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Curve {
        Curve {
            epochs: self.epochs[rows.clone()].to_vec(),
            columns: self
                .columns
                .iter()
                .map(|(n, v)| (n.clone(), v[rows.clone()].to_vec()))
                .collect(),
        }
    }

    /// Adds the rows of `later`, all of whose epochs are later than ours.
    ///
    /// # Panics
    /// If an epoch of `later` is not.
    pub fn append(&mut self, later: &Curve) {
        if let (Some(last), Some(first)) = (self.epochs.last(), later.epochs.first()) {
            assert!(last < first, "appended epochs come later");
        }
        let (before, total) = (self.epochs.len(), self.epochs.len() + later.epochs.len());
        self.epochs.extend_from_slice(&later.epochs);
        for (name, values) in &later.columns {
            let column = self
                .columns
                .entry(name.clone())
                .or_insert_with(|| vec![f64::NAN; before]);
            column.extend_from_slice(values);
        }
        self.columns
            .values_mut()
            .for_each(|column| column.resize(total, f64::NAN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn append_pads_columns_that_one_side_lacks() {
        let (mut early, mut late) = (Curve::default(), Curve::default());
        early.set(0, "a", 1.0);
        late.set(1, "b", 2.0);
        early.append(&late);
        assert_eq!(early.epochs(), [0, 1]);
        assert_eq!(early.points("a").collect::<Vec<_>>(), [(0, 1.0)]);
        assert_eq!(early.points("b").collect::<Vec<_>>(), [(1, 2.0)]);
        assert_eq!(early.prefix(0).epochs(), [0]);
    }
}
