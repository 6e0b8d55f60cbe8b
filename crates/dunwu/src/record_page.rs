//! Directories of one record and what is drawn from it.

use crate::error::Error;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_store::{RecordDir, StoreError, read_record};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The page.
const PAGE: &str = "index.html";

/// What is kept as one record, and drawn as a page and figures.
pub(crate) trait RecordPage: Serialize + DeserializeOwned {
    /// The file of the record.
    const RECORD: &'static str;

    /// What is wrong with it, if it cannot be drawn.
    fn flaw(&self) -> Option<&'static str>;

    /// The page.
    fn html(&self) -> String;

    /// The figures by name.
    fn figures(&self) -> Vec<(String, String)>;
}

/// Writes record, page and figures, and gives the page's path.
pub(crate) fn write<P: RecordPage>(
    dir: &Utf8Path,
    held: &RecordDir,
    page: &P,
) -> Result<Utf8PathBuf, Error> {
    let value = serde_json::to_value(page).expect("a record is plain data");
    held.write_record(P::RECORD, &value)?;
    draw::<P>(dir, held)
}

/// Draws page and figures again from the record.
pub(crate) fn redraw<P: RecordPage>(dir: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    draw::<P>(dir, &RecordDir::open(dir, P::RECORD)?)
}

/// Everything is read back from the disk: what is drawn is what is stored.
fn draw<P: RecordPage>(dir: &Utf8Path, held: &RecordDir) -> Result<Utf8PathBuf, Error> {
    let value = read_record(dir, P::RECORD)?.expect("the record has just been found");
    let damaged = |why: String| StoreError::damaged(&dir.join(P::RECORD), why);
    let page: P = serde_json::from_value(value).map_err(|e| damaged(e.to_string()))?;
    if let Some(why) = page.flaw() {
        return Err(damaged(why.to_owned()).into());
    }
    held.write(PAGE, &page.html())?;
    for (name, svg) in page.figures() {
        held.write(&format!("figures/{name}"), &svg)?;
    }
    Ok(dir.join(PAGE))
}
