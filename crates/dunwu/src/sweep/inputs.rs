//! Files that the plans of a sweep name: what they held when its runs began is what they must hold.

use crate::error::{Error, Kind};
use crate::files::read_any;
use dunwu_core::RunPlan;
use dunwu_store::{NamedFile, SweepDir, SweepPlan, text_hash};
use std::collections::BTreeSet;

/// Notes files that are new to a directory.
///
/// # Errors
/// A file that is not what it was: runs before and after would pass for runs of one plan.
pub(crate) fn check_files(dir: &SweepDir, named: &BTreeSet<String>) -> Result<(), Error> {
    let mut plan = dir.reader().plan()?;
    unchanged(&plan, dir.reader().path().as_str())?;
    let known: BTreeSet<&String> = plan.files.iter().map(|f| &f.path).collect();
    let new: Vec<NamedFile> = named
        .iter()
        .filter(|path| !known.contains(path))
        .filter_map(|path| now(path).ok())
        .collect();
    if !new.is_empty() {
        plan.files.extend(new);
        dir.write_plan(&plan)?;
    }
    Ok(())
}

/// Whether every file is what it was.
///
/// # Errors
/// One that is not, or is gone.
pub(crate) fn unchanged(plan: &SweepPlan, dir: &str) -> Result<(), Error> {
    for file in &plan.files {
        let why = match now(&file.path) {
            Ok(now) if now == *file => continue,
            Ok(_) => "has changed".to_owned(),
            Err(why) => format!("cannot be read ({why})"),
        };
        return Err(Kind::Refused {
            why: format!(
                "{} {why} since runs of {dir} began, which would no longer be runs of one plan; put back what it was, or give another --out",
                file.path
            ),
        }
        .into());
    }
    Ok(())
}

/// Forgets files that no run has used: one that was wrong may be mended.
pub(crate) fn forget_unused(dir: &SweepDir) -> Result<(), Error> {
    let mut plan = dir.reader().plan()?;
    let mut used = BTreeSet::new();
    for part in dir.reader().parts()? {
        // What a damaged part used is not known.
        let Ok(table) = dir.reader().runs(&part, Some(&["plan"])) else {
            return Ok(());
        };
        let texts: Vec<&String> = table.texts("plan").iter().flatten().collect();
        let uses = |file: &&NamedFile| texts.iter().any(|text| text.contains(&file.path));
        used.extend(plan.files.iter().filter(uses).map(|f| f.path.clone()));
    }
    plan.files.retain(|f| used.contains(&f.path));
    Ok(dir.write_plan(&plan)?)
}

/// The files that a plan names, as it writes them.
pub(crate) fn files_of(plan: &RunPlan) -> impl Iterator<Item = String> {
    let files = dunwu_task::files(plan).into_iter();
    files.map(|(_, path)| path.to_owned())
}

/// A file as it is now.
fn now(path: &str) -> Result<NamedFile, String> {
    let text = read_any(path)?;
    Ok(NamedFile {
        path: path.to_owned(),
        hash: format!("{:016x}", text_hash(&text)),
    })
}
