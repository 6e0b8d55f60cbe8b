//! From a directory of rows to its page.

use super::record::{RECORD, read_row};
use super::row::{Row, rows};
use super::suite::Outcome;
use super::verdict::{Measured, Reading, Verdict};
use crate::error::{Error, failed};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_report::{
    ReproductionNumber, ReproductionPage, ReproductionRow, ReproductionVerdict,
    reproduction_figures, reproduction_page,
};
use dunwu_store::{RecordDir, read_record};
use serde_json::Value;

/// The page.
const PAGE: &str = "index.html";

/// Whether a directory keeps rows of published results.
pub fn is_suite(dir: &Utf8Path) -> bool {
    dir.join(RECORD).exists()
}

/// Rebuilds the page of a directory of rows from its records, and gives the page's path.
///
/// # Errors
/// A directory without rows, in use, damaged, or made by a newer version; files that cannot be written.
pub fn rebuild(dir: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    write(dir, &RecordDir::open(dir, RECORD)?)
}

/// Everything is read back from the disk: what is drawn is what is stored.
pub(super) fn write(dir: &Utf8Path, held: &RecordDir) -> Result<Utf8PathBuf, Error> {
    let suite = read_record(dir, RECORD)?.unwrap_or_default();
    let (mut shown, mut ran) = (Vec::new(), Vec::new());
    for row in rows() {
        match read_row(dir, &row)? {
            Some((outcome, changes)) => {
                shown.push(of_outcome(&outcome, &changed(&changes)));
                ran.push((outcome.row.id, changed(&changes)));
            }
            None if row.not_possible.is_some() => shown.push(of_row(&row)),
            None => {}
        }
    }
    let page = ReproductionPage {
        title: "rows that were measured here".to_owned(),
        command: command(dir, &ran),
        rows: shown,
        provenance: provenance(&suite),
    };
    if !page.is_consistent() {
        return Err(failed(format!(
            "{dir}: numbers of its rows do not fit together"
        )));
    }
    held.write(PAGE, &reproduction_page(&page))?;
    for (name, svg) in reproduction_figures(&page) {
        held.write(&format!("figures/{name}"), &svg)?;
    }
    Ok(dir.join(PAGE))
}

/// What was changed of a row's plans, as words of the command line.
fn changed(changes: &Value) -> Vec<String> {
    let one = |key: &str| Some(format!("{key}={}", changes[key].as_u64()?));
    ["epochs", "seed", "seeds"]
        .into_iter()
        .filter_map(one)
        .collect()
}

/// What measures the same rows; those that were changed alike together.
fn command(dir: &Utf8Path, ran: &[(String, Vec<String>)]) -> String {
    let mut kinds: Vec<&[String]> = Vec::new();
    for (_, changed) in ran {
        if !kinds.contains(&changed.as_slice()) {
            kinds.push(changed);
        }
    }
    let of = |kind: &&[String]| {
        let ids = ran.iter().filter(|(_, changed)| changed == kind);
        let ids: Vec<&str> = ids.map(|(id, _)| id.as_str()).collect();
        let out = dunwu_core::shell_word(dir.as_str());
        let words = ["dunwu", "reproduce"].into_iter().chain(ids);
        let words = words.chain(kind.iter().map(String::as_str));
        let words: Vec<&str> = words.chain(["--out", &out]).collect();
        words.join(" ")
    };
    if kinds.is_empty() {
        kinds.push(&[]);
    }
    kinds.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn provenance(suite: &Value) -> Vec<(String, String)> {
    let one = |name: &str| {
        let text = suite[name].as_str().unwrap_or("unknown");
        (name.to_owned(), text.to_owned())
    };
    ["version", "commit", "host", "started"].map(one).into()
}

/// The plan and its arms, as keys of a plan.
fn settings(row: &Row) -> String {
    let table = |table: &toml::Table| {
        let word = |(key, value): (&String, &toml::Value)| format!("{key} = {value}");
        table.iter().map(word).collect::<Vec<_>>().join(", ")
    };
    let arm = |(name, change): (&String, &toml::Table)| format!("; {name}: {}", table(change));
    let arms: String = row.arm.iter().map(arm).collect();
    table(&row.plan) + &arms
}

fn of_row(row: &Row) -> ReproductionRow {
    ReproductionRow {
        id: row.id.clone(),
        source: row.source.clone(),
        claim: row.claim.clone(),
        settings: settings(row),
        published: row.published.clone(),
        numbers: vec![],
        verdict: ReproductionVerdict::NotYetPossible,
        note: row.not_possible.clone().unwrap_or_default(),
        commands: vec![],
        seconds: None,
    }
}

fn of_outcome(outcome: &Outcome, changed: &[String]) -> ReproductionRow {
    let notes = [outcome.why.clone(), outcome.row.note.clone()];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    ReproductionRow {
        numbers: outcome.measured.iter().map(number).collect(),
        verdict: of_verdict(outcome.verdict),
        note: notes.join("; "),
        commands: outcome.commands.clone(),
        seconds: Some(outcome.seconds),
        settings: match changed {
            [] => settings(&outcome.row),
            _ => format!(
                "{}; changed: {}",
                settings(&outcome.row),
                changed.join(", ")
            ),
        },
        ..of_row(&outcome.row)
    }
}

fn of_verdict(verdict: Verdict) -> ReproductionVerdict {
    match verdict {
        Verdict::Holds => ReproductionVerdict::Holds,
        Verdict::DoesNotHold => ReproductionVerdict::DoesNotHold,
        Verdict::Inconclusive => ReproductionVerdict::Inconclusive,
    }
}

fn number(m: &Measured) -> ReproductionNumber {
    let measured = m.reading.as_number().filter(|x| x.is_finite());
    let missing = match (&m.reading, measured) {
        (_, Some(_)) => String::new(),
        (Reading::Number(_), None) => "not a number".to_owned(),
        (other, None) => other.to_string(),
    };
    let published = m.published.clone().unwrap_or_default();
    let at = if m.at.is_empty() {
        String::new()
    } else {
        format!("{}: ", m.at)
    };
    ReproductionNumber {
        what: format!("{at}{}", m.what),
        published_number: published.parse().ok(),
        published,
        low: m.tolerance.low,
        high: m.tolerance.high,
        // Errors lie many powers of ten below what is allowed.
        log: m.tolerance.low.is_none() && m.tolerance.high.is_some_and(|h| h > 0.0 && h < 1e-3),
        measured,
        seeds: m.seeds.iter().copied().filter(|x| x.is_finite()).collect(),
        missing,
        verdict: m.verdict.map(of_verdict),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_measures_what_was_measured() {
        let dir = Utf8Path::new("my rows");
        let few = changed(&serde_json::json!({ "epochs": 80, "seed": null, "seeds": 1 }));
        assert_eq!(few, ["epochs=80", "seeds=1"]);
        let ran = [("5", &few), ("6", &vec![]), ("30", &few)];
        let ran: Vec<_> = ran.map(|(id, c)| (id.to_owned(), c.clone())).into();
        assert_eq!(
            command(dir, &ran),
            "dunwu reproduce 5 30 epochs=80 seeds=1 --out 'my rows'; dunwu reproduce 6 --out 'my rows'"
        );
        assert_eq!(command(dir, &[]), "dunwu reproduce --out 'my rows'");
    }
}
