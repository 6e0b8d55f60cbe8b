//! Records that are one JSON file: a landscape, a look into a network.

use crate::error::{Kind, StoreError};
use crate::files;
use crate::run::{RunDir, lock};
use crate::table::{self, Table};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use std::fs::File;

/// Version of records. Readers refuse a larger one.
pub const RECORD_FORMAT: u64 = 1;

/// A directory with a record and what is made from it, held by this process.
#[derive(Debug)]
pub struct RecordDir {
    dir: Utf8PathBuf,
    /// Held until this value is dropped; the system lets go of it if the process dies.
    _lock: File,
}

impl RecordDir {
    /// Makes a new directory.
    ///
    /// # Errors
    /// A directory that holds something or is in use, or that cannot be written.
    pub fn create(dir: &Utf8Path) -> Result<Self, StoreError> {
        Ok(Self {
            _lock: hold_new(dir)?,
            dir: dir.to_owned(),
        })
    }

    /// Takes hold of a directory that has the record of that name.
    ///
    /// # Errors
    /// A directory without it, or in use.
    pub fn open(dir: &Utf8Path, name: &str) -> Result<Self, StoreError> {
        if !dir.join(name).exists() {
            return Err(none(dir, name));
        }
        Ok(Self {
            dir: dir.to_owned(),
            _lock: lock(dir)?,
        })
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        &self.dir
    }

    /// Lets go of a directory into which nothing was written, and removes it.
    pub fn abandon(self) {
        // What cannot be removed, or holds something by now, stays.
        let _ = files::remove(&self.dir.join("lock"));
        let _ = std::fs::remove_dir(&self.dir);
    }

    /// Writes a record, adding its format; a name with `/` lies in a folder below.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_record(&self, name: &str, record: &Value) -> Result<(), StoreError> {
        self.place(name)?;
        write_record(&self.dir, name, record)
    }

    /// Writes a table of that kind; a name with `/` lies in a folder below.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_table(&self, name: &str, kind: &str, table: &Table) -> Result<(), StoreError> {
        table::write(&self.place(name)?, kind, table)
    }

    /// Names of what lies in a folder below, sorted; none if there is no folder.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let dir = self.dir.join(folder);
        let fail = |e| StoreError::io("list", &dir, e);
        let entries = match dir.read_dir_utf8() {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(e) => return Err(fail(e)),
        };
        let name = |entry: std::io::Result<camino::Utf8DirEntry>| {
            entry.map(|e| e.file_name().to_owned()).map_err(fail)
        };
        let mut names: Vec<String> = entries.map(name).collect::<Result<_, _>>()?;
        names.sort();
        Ok(names)
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// One that cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        if path.exists() {
            files::remove(&path)?;
        }
        Ok(())
    }

    /// Removes the files of a folder below that are not to be kept, and the folder once it is empty.
    ///
    /// # Errors
    /// A folder that cannot be listed, a file that cannot be removed.
    pub fn clear(&self, folder: &str, keep: &dyn Fn(&str) -> bool) -> Result<(), StoreError> {
        let dir = self.dir.join(folder);
        for name in self.names(folder)?.iter().filter(|name| !keep(name)) {
            files::remove(&dir.join(name))?;
        }
        // One that holds something stays.
        let _ = std::fs::remove_dir(&dir);
        Ok(())
    }

    /// Writes a file that is made from the record; a name with `/` lies in a folder below.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        files::write_atomic(&self.place(name)?, text.as_bytes())
    }

    /// The path of a file, whose folder is there.
    pub(crate) fn place(&self, name: &str) -> Result<Utf8PathBuf, StoreError> {
        let path = self.dir.join(name);
        files::create_dir(path.parent().unwrap_or(&self.dir))?;
        Ok(path)
    }
}

impl RunDir {
    /// Writes a record beside the run, adding its format.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_record(&self, name: &str, record: &Value) -> Result<(), StoreError> {
        write_record(self.path(), name, record)
    }
}

/// Makes a directory that holds nothing yet, and takes hold of it.
pub(crate) fn hold_new(dir: &Utf8Path) -> Result<File, StoreError> {
    let dir_of = dir.to_owned();
    hold_empty(dir, &[], Kind::Occupied { dir: dir_of })
}

/// Makes a directory that holds nothing but what a killed start may have left, and takes hold of it; `occupied` is
/// said of any other.
pub(crate) fn hold_empty(
    dir: &Utf8Path,
    left: &[&str],
    occupied: Kind,
) -> Result<File, StoreError> {
    files::create_dir(dir)?;
    if !is_empty(dir, left)? {
        // Nothing is added to a directory that is somebody else's.
        let held = dir.join("lock").exists().then(|| lock(dir).err()).flatten();
        let in_use = held.filter(StoreError::is_in_use);
        return Err(in_use.unwrap_or_else(|| occupied.into()));
    }
    let held = lock(dir)?;
    // Another process may have come and gone between the look and the lock.
    if is_empty(dir, left)? {
        Ok(held)
    } else {
        Err(occupied.into())
    }
}

/// Whether a directory holds nothing but `left`, its lock and temporaries.
fn is_empty(dir: &Utf8Path, left: &[&str]) -> Result<bool, StoreError> {
    let entries = dir
        .read_dir_utf8()
        .map_err(|e| StoreError::io("list", dir, e))?;
    let is_ours =
        |name: &str| name == "lock" || name.ends_with(files::TEMPORARY) || left.contains(&name);
    Ok(entries
        .filter_map(Result::ok)
        .all(|e| is_ours(e.file_name())))
}

fn none(dir: &Utf8Path, name: &str) -> StoreError {
    let (dir, name) = (dir.to_owned(), name.to_owned());
    Kind::NoRecord { dir, name }.into()
}

pub(crate) fn write_record(dir: &Utf8Path, name: &str, record: &Value) -> Result<(), StoreError> {
    let mut record = record.clone();
    if let Some(object) = record.as_object_mut() {
        object.insert("format".to_owned(), RECORD_FORMAT.into());
    }
    let text = serde_json::to_vec(&record).expect("a JSON value has a JSON form");
    files::write_atomic(&dir.join(name), &text)
}

/// The table of that name and kind; None if there is none.
///
/// # Errors
/// A file that cannot be read, is damaged, holds another kind, or was made by a newer version.
pub fn read_table(dir: &Utf8Path, name: &str, kind: &str) -> Result<Option<Table>, StoreError> {
    let path = dir.join(name);
    if !path.exists() {
        return Ok(None);
    }
    table::read(&path, kind, None).map(Some)
}

/// The record of that name; None if there is none.
///
/// # Errors
/// A file that cannot be read, is no JSON object, or was made by a newer version.
pub fn read_record(dir: &Utf8Path, name: &str) -> Result<Option<Value>, StoreError> {
    let path = dir.join(name);
    let Some(text) = files::read_if_there(&path)? else {
        return Ok(None);
    };
    let value: Value =
        serde_json::from_slice(&text).map_err(|e| StoreError::damaged(&path, e.to_string()))?;
    match value.get("format").and_then(Value::as_u64) {
        Some(RECORD_FORMAT) => Ok(Some(value)),
        Some(found) if found > RECORD_FORMAT => Err(Kind::Newer {
            file: path,
            found,
            known: RECORD_FORMAT,
        }
        .into()),
        _ => Err(StoreError::damaged(&path, "it has no known format")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    #[test]
    fn a_folder_below_is_listed_read_and_cleared() {
        let keep = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(keep.path()).unwrap().join("d");
        let held = RecordDir::create(&dir).unwrap();
        assert!(held.names("runs").unwrap().is_empty());
        held.clear("runs", &|_| false).unwrap();
        assert_eq!(read_table(&dir, "runs/a", "run").unwrap(), None);
        let mut table = Table::default();
        table.insert("x", Column::Reals(vec![vec![-0.0, f64::INFINITY]]));
        held.write_table("runs/a", "run", &table).unwrap();
        held.write_record("runs/b", &serde_json::json!({})).unwrap();
        assert_eq!(held.names("runs").unwrap(), ["a", "b"]);
        let read = read_table(&dir, "runs/a", "run").unwrap();
        assert_eq!(read, Some(table));
        assert!(read_table(&dir, "runs/a", "other").is_err());
        assert!(read_record(&dir, "runs/b").unwrap().is_some());
        held.clear("runs", &|name| name == "b").unwrap();
        assert_eq!(held.names("runs").unwrap(), ["b"]);
        held.clear("runs", &|_| false).unwrap();
        assert!(!dir.join("runs").exists() && dir.exists());
    }
}
