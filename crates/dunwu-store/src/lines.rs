//! Files to which whole lines are added, one a finished piece of work.

use crate::error::StoreError;
use crate::files;
use crate::record::RecordDir;
use crate::run::FORMAT;
use crate::tensors::{Header, to_bytes};
use camino::Utf8PathBuf;
use dunwu_core::NamedTensor;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::sync::Mutex;

/// A file of lines that several threads add to.
#[derive(Debug)]
pub struct Lines {
    path: Utf8PathBuf,
    /// The file, and how long it is while it holds whole lines only.
    file: Mutex<(File, u64)>,
}

impl RecordDir {
    /// Opens a file of lines, making it if it is not there, and gives those that it holds.
    ///
    /// A last line without an end is what a killed process left of its work: it is cut off.
    ///
    /// # Errors
    /// A file that cannot be read or written, or is no text.
    pub fn lines(&self, name: &str) -> Result<(Lines, Vec<String>), StoreError> {
        let path = self.path().join(name);
        let content = files::read_if_there(&path)?.unwrap_or_default();
        let whole = content
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let text = std::str::from_utf8(&content[..whole])
            .map_err(|_| StoreError::damaged(&path, "it is no text in UTF-8"))?;
        let lines = text.lines().map(str::to_owned).collect();
        let open = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let ready = open.and_then(|mut file| {
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        });
        let file = ready.map_err(|e| StoreError::io("open", &path, e))?;
        files::sync_dir(self.path())?;
        let file = Mutex::new((file, whole as u64));
        Ok((Lines { path, file }, lines))
    }

    /// Writes tensors as a safetensors file; a name with `/` lies in a folder below.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_tensors(
        &self,
        name: &str,
        epoch: u64,
        tensors: &[NamedTensor],
    ) -> Result<(), StoreError> {
        let path = self.place(name)?;
        let header = Header {
            format: FORMAT,
            epoch,
            ..Header::default()
        };
        let bytes = to_bytes(&path, &header, tensors)?;
        files::write_atomic(&path, &bytes)
    }
}

impl Lines {
    /// Adds a line, which holds no line break, and waits until it is on the disk.
    ///
    /// # Errors
    /// A file that cannot be written; what was written of the line is taken back.
    pub fn add(&self, line: &str) -> Result<(), StoreError> {
        let mut held = self.file.lock().expect("nothing panics while it writes");
        let (file, length) = &mut *held;
        let text = format!("{line}\n");
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_data());
        if let Err(error) = written {
            // Half a line would spoil the next one.
            let _ = file.set_len(*length);
            let _ = file.seek(SeekFrom::Start(*length));
            return Err(StoreError::io("write", &self.path, error));
        }
        *length += text.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

    #[test]
    fn a_torn_last_line_is_cut_off_and_the_next_one_stands_alone() {
        let keep = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(keep.path()).unwrap().join("d");
        let held = RecordDir::create(&dir).unwrap();
        let (lines, before) = held.lines("runs.jsonl").unwrap();
        assert!(before.is_empty());
        lines.add("one").unwrap();
        lines.add("two").unwrap();
        drop(lines);
        let path = dir.join("runs.jsonl");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text += "{\"half";
        std::fs::write(&path, text).unwrap();
        let (lines, before) = held.lines("runs.jsonl").unwrap();
        assert_eq!(before, ["one", "two"]);
        lines.add("three").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
    }

    #[test]
    fn tensors_come_back() {
        let keep = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(keep.path()).unwrap().join("d");
        let held = RecordDir::create(&dir).unwrap();
        let tensor = NamedTensor {
            name: "readout".into(),
            rows: 1,
            cols: 2,
            values: dunwu_core::Values::F32(vec![0.5, -1.0]),
        };
        held.write_tensors("weights/a.safetensors", 7, std::slice::from_ref(&tensor))
            .unwrap();
        let back = crate::read_safetensors(&dir.join("weights/a.safetensors")).unwrap();
        assert_eq!((back.epoch, back.tensors), (7, vec![tensor]));
    }
}
