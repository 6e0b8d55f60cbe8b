//! `key=value` words beside paths of logs: what commands on logs share.

use crate::error::Error;
use camino::Utf8Path;
use dunwu_core::{PlanError, key_value};

/// Hands every word's key and value to `set`.
///
/// # Errors
/// A word without `=`, a key that is given twice, what `set` refuses.
pub(crate) fn each_once<S: AsRef<str>>(
    words: impl IntoIterator<Item = S>,
    mut set: impl FnMut(&str, &str) -> Result<(), PlanError>,
) -> Result<(), Error> {
    let mut given = Vec::new();
    for word in words {
        let (key, value) = key_value(word.as_ref())?;
        if given.iter().any(|k| k == key) {
            return Err(PlanError::new(key, "is given twice").into());
        }
        given.push(key.to_owned());
        set(key, value)?;
    }
    Ok(())
}

/// Whether a word of the command line is an override rather than a file: it has one of the keys, or a key and no
/// file of that name.
pub(crate) fn is_override(word: &str, mut keys: impl Iterator<Item = &'static str>) -> bool {
    let key = word.split_once('=').map(|(key, _)| key.trim());
    key.is_some_and(|k| keys.any(|known| known == k) || !Utf8Path::new(word).exists())
}
