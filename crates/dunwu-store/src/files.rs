//! Files that appear whole or not at all.

use crate::error::StoreError;
use camino::{Utf8Path, Utf8PathBuf};
use std::fs::{self, File};
use std::io::Write;

/// Ending of files that are being written; a leftover of a killed process.
pub(crate) const TEMPORARY: &str = "tmp";

/// Writes a file by temporary, fsync, rename and fsync of the directory.
pub(crate) fn write_atomic(path: &Utf8Path, content: &[u8]) -> Result<(), StoreError> {
    let temporary = Utf8PathBuf::from(format!("{path}.{TEMPORARY}"));
    let fail = |source| StoreError::io("write", path, source);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
        // What is half written would only take the room that is missing.
        let _ = fs::remove_file(&temporary);
        return Err(fail(error));
    }
    sync_dir(path.parent().unwrap_or(Utf8Path::new(".")))
}

/// Makes renames and removals in a directory durable.
pub(crate) fn sync_dir(dir: &Utf8Path) -> Result<(), StoreError> {
    let dir = if dir.as_str().is_empty() {
        Utf8Path::new(".")
    } else {
        dir
    };
    File::open(dir)
        .and_then(|d| d.sync_all())
        .map_err(|e| StoreError::io("write", dir, e))
}

pub(crate) fn create_dir(dir: &Utf8Path) -> Result<(), StoreError> {
    fs::create_dir_all(dir).map_err(|e| StoreError::io("create directory", dir, e))
}

pub(crate) fn read(path: &Utf8Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(|e| StoreError::io("read", path, e))
}

/// The content, or None if there is no such file.
pub(crate) fn read_if_there(path: &Utf8Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("read", path, e)),
    }
}

pub(crate) fn remove(path: &Utf8Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path, e))
        }
        _ => Ok(()),
    }
}

/// Files of a directory named `prefix<number>suffix`, by number; none if there is no directory.
pub(crate) fn numbered(
    dir: &Utf8Path,
    prefix: &str,
    suffix: &str,
) -> Result<Vec<(u64, Utf8PathBuf)>, StoreError> {
    let entries = match dir.read_dir_utf8() {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(StoreError::io("list", dir, e)),
    };
    let mut out = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| StoreError::io("list", dir, e))?;
        let number = entry
            .file_name()
            .strip_prefix(prefix)
            .and_then(|n| n.strip_suffix(suffix));
        if let Some(number) = number.and_then(|n| n.parse().ok()) {
            out.push((number, entry.path().to_owned()));
        }
    }
    out.sort();
    Ok(out)
}
