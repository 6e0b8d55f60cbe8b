//! What files of records share: one record after the other, of which the last may be cut off.

/// Bytes of the largest record that is looked into; larger ones are pictures and graphs.
pub(crate) const MOST: usize = 1 << 24;

/// What is said of a file that ends within a record.
pub(crate) fn cut_off(offset: u64) -> String {
    format!("the file is cut off in the record at byte {offset}")
}

/// What is said of records beyond [`MOST`], if there were any.
pub(crate) fn left_out(larger: u64) -> Vec<String> {
    let note = || format!("{larger} records of more than 16 MiB are left out");
    (larger > 0).then(note).into_iter().collect()
}
