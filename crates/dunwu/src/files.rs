//! Files from outside: those that a plan names, and plans.

use crate::error::{Error, Kind};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{NamedTensor, PlanError, RunPlan, RunSpec};
use dunwu_store::{Input, RunDir, RunReader};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

/// Largest table or split: the largest group's table takes about 90 MB.
const MOST_TEXT: u64 = 128_000_000;
/// Largest file of keys.
const MOST_KEYS: u64 = 1_000_000;

/// Reads a file named in a plan.
pub(crate) fn read_file(path: &str) -> Result<String, String> {
    read_up_to(path, MOST_TEXT)
}

/// Reads a file for the key: of a `text`, and of weights, every byte becomes the character of that number, so that any
/// file is one.
fn read_for(key: &str, path: &str) -> Result<String, String> {
    match key {
        "text" => characters(path),
        "from" => characters(crate::start::checkpoint(path)?.as_str()),
        _ => read_file(path),
    }
}

/// A file whose every byte is a character.
fn characters(path: &str) -> Result<String, String> {
    let bytes = bytes_up_to(path, MOST_TEXT)?;
    Ok(bytes.into_iter().map(char::from).collect())
}

/// A file that a plan names for some key, or the checkpoint that a directory stands for.
pub(crate) fn read_any(path: &str) -> Result<String, String> {
    read_file(path).or_else(|why| read_for("from", path).map_err(|_| why))
}

/// Reads no further than it may: some files have no end.
fn read_up_to(path: &str, most: u64) -> Result<String, String> {
    String::from_utf8(bytes_up_to(path, most)?).map_err(|_| "it is no text in UTF-8".to_owned())
}

fn bytes_up_to(path: &str, most: u64) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(|e| e.to_string())?;
    let read = file.take(most + 1).read_to_end(&mut text);
    if read.map_err(|e| e.to_string())? as u64 > most {
        let most = crate::resources::human(most);
        return Err(format!("it is larger than {most}, the most that is read"));
    }
    Ok(text)
}

/// The texts of the files that a plan names, read once, by the path that the plan writes.
pub(crate) struct Sources(BTreeMap<String, Result<String, String>>);

impl Sources {
    /// As they are now.
    pub(crate) fn now(plan: &RunPlan) -> Self {
        let read = |(key, path): (&str, &str)| (path.to_owned(), read_for(key, path));
        Self(dunwu_task::files(plan).into_iter().map(read).collect())
    }

    /// As they were when a run began. Of runs of earlier versions, which kept no copy: as they are now.
    pub(crate) fn recorded(reader: &RunReader) -> Result<Self, Error> {
        let mut sources = Self::now(reader.plan());
        let inputs = reader.inputs()?;
        for (key, path) in dunwu_task::files(reader.plan()) {
            if let Some(input) = inputs.iter().find(|input| input.key == key) {
                let text = Ok(input.text.clone());
                sources.0.insert(path.to_owned(), text);
            }
        }
        Ok(sources)
    }

    /// The weights that the plan starts from, if it does not draw them.
    pub(crate) fn start(&self, plan: &RunPlan) -> Result<Option<Vec<NamedTensor>>, Error> {
        let Some(path) = &plan.from else {
            return Ok(None);
        };
        let text = self.read(path);
        let text = text.map_err(|why| format!("`{path}` cannot be read: {why}"));
        let read = text.and_then(|text| crate::start::weights(path, &text));
        let weights = read.map_err(|why| PlanError::new("from", why))?;
        Ok(Some(weights))
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> Result<String, String> {
        let known = self.0.get(path).cloned();
        known.unwrap_or_else(|| Err("the plan does not name it".to_owned()))
    }

    /// What a run directory keeps of them.
    pub(crate) fn inputs(&self, plan: &RunPlan) -> Vec<Input> {
        let input = |(key, path): (&str, &str)| {
            let text = self.read(path).ok()?;
            Some(Input::new(key, absolute(path), text))
        };
        dunwu_task::files(plan)
            .into_iter()
            .filter_map(input)
            .collect()
    }
}

/// The path from the root, as far as that can be told.
fn absolute(path: &str) -> Utf8PathBuf {
    let from_root = std::path::absolute(path).ok();
    from_root
        .and_then(|p| Utf8PathBuf::from_path_buf(p).ok())
        .unwrap_or_else(|| path.into())
}

/// Files that the plan of a run names and that are no longer what they were, in words. The run goes on with
/// the copies that it keeps.
///
/// # Errors
/// A directory that holds no run, a copy that is damaged.
pub fn changed_inputs(dir: &Utf8Path) -> Result<Vec<String>, Error> {
    let changed = |input: Input| {
        // One that is gone or cannot be read is not missed.
        let now = read_for(&input.key, input.path.as_str()).ok()?;
        let copy = dir.join(format!("input.{}", input.key));
        (!input.is(&now)).then(|| {
            format!(
                "{} has changed since the run began; its copy {copy} is used. Start anew with another --out to use what it is now",
                input.path
            )
        })
    };
    let inputs = RunDir::open(dir)?.inputs()?;
    Ok(inputs.into_iter().filter_map(changed).collect())
}

/// Reads a file of keys: a flat table in TOML, or the `plan.toml` of a run directory.
///
/// # Errors
/// A file that cannot be read, is too large to be one of keys, or has keys that no plan has.
pub fn config(path: &Utf8Path) -> Result<RunSpec, Error> {
    let fail = |what, why| Kind::Config {
        what,
        path: path.to_owned(),
        why,
    };
    let text = read_up_to(path.as_str(), MOST_KEYS).map_err(|why| fail("cannot read", why))?;
    if let Some(plan) = dunwu_store::stored_plan(path, &text)? {
        return Ok(RunSpec::from_overrides(plan.to_overrides())?);
    }
    RunSpec::from_toml(&text).map_err(|e| fail("in", e.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_where_a_file_has_no_end() {
        let error = read_up_to("/dev/zero", 1000).unwrap_err();
        assert!(error.contains("larger than 1.0 kB"), "{error}");
        assert_eq!(read_up_to("/dev/null", 0).unwrap(), "");
    }

    #[test]
    fn any_bytes_are_a_text() {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("bytes");
        std::fs::write(&path, [0, 200, 255, 10]).unwrap();
        let path = path.to_str().unwrap();
        assert!(read_for("task", path).unwrap_err().contains("UTF-8"));
        let text: Vec<u32> = read_for("text", path)
            .unwrap()
            .chars()
            .map(u32::from)
            .collect();
        assert_eq!(text, [0, 200, 255, 10]);
    }
}
