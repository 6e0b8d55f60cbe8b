//! `dunwu diagnose`.

use crate::forecast::{Names, left_out};
use crate::output::{heading, json, line, paragraph, row};
use camino::Utf8PathBuf;
use dunwu::{
    DiagnoseSpec, DiagnosedFinding, DiagnosedLook, DiagnosedRun, DiagnosedSign, DiagnosisDir, Ward,
    short_number,
};
use std::process::ExitCode;

/// Signs of a finding that are printed.
const SIGNS: usize = 6;
/// Runs of which everything is printed; of more there is a table.
const IN_FULL: usize = 3;

pub(crate) fn run(
    words: &[String],
    out: Option<Utf8PathBuf>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let (overrides, files): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|w| DiagnoseSpec::is_override(w));
    let spec = DiagnoseSpec::from_overrides(overrides)?;
    if files.is_empty() {
        anyhow::bail!("no log is named; write dunwu diagnose PATH, or - for standard input");
    }
    let dir = out.map(|d| DiagnosisDir::create(&d)).transpose()?;
    let (mut runs, mut ward) = (Vec::new(), Ward::default());
    let mut skipped = Vec::new();
    let mut read = || {
        files.iter().try_for_each(|file| {
            let path = Utf8PathBuf::from(file.as_str());
            let mut each = |run| runs.push(run);
            let mut skip = |id: &str, why: &str| skipped.push(format!("{id}: {why}"));
            dunwu::diagnose_logs(&path, &spec, &mut ward, &mut each, &mut skip)
        })
    };
    let read = read().map_err(anyhow::Error::from);
    let nothing = || anyhow::anyhow!("{}", skipped.join("\n"));
    if let Err(why) = read.and_then(|()| (!runs.is_empty()).then_some(()).ok_or_else(nothing)) {
        dir.into_iter().for_each(DiagnosisDir::abandon);
        return Err(why);
    }
    skipped.iter().for_each(|why| left_out(why));
    let together = ward.together();
    let page = dir
        .map(|d| d.write(&runs, together.as_ref(), words))
        .transpose()?;
    if as_json {
        let mut value = serde_json::json!({ "runs": runs, "together": together, "page": page });
        // What is drawn stands in the record of --out.
        for run in value["runs"].as_array_mut().into_iter().flatten() {
            run.as_object_mut().and_then(|run| run.remove("series"));
        }
        json(&value);
        return Ok(ExitCode::SUCCESS);
    }
    print(&runs, together.as_ref());
    if let Some(page) = page {
        line(&format!("\npage: {page}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(runs: &[DiagnosedRun], together: Option<&DiagnosedRun>) {
    if runs.len() > IN_FULL {
        print_table(runs);
    } else {
        for (i, run) in runs.iter().enumerate() {
            if i > 0 {
                line("");
            }
            print_one(run);
        }
    }
    if let Some(all) = together.filter(|t| !t.findings.is_empty() || runs.len() > 1) {
        line("");
        print_one(all);
    }
}

fn print_one(run: &DiagnosedRun) {
    heading(&format!("{}: {}", run.id, run.verdict));
    run.notes
        .iter()
        .for_each(|note| paragraph(&format!("note: {note}")));
    for f in &run.findings {
        line("");
        print_finding(f);
    }
    let names = |all: &[DiagnosedLook]| -> Vec<String> {
        all.iter()
            .map(|l| format!("{} ({})", l.name, l.words))
            .collect()
    };
    if !run.clear.is_empty() {
        line("");
        paragraph(&format!(
            "looked for and not found: {}",
            names(&run.clear).join("; ")
        ));
    }
    if !run.blind.is_empty() {
        line("");
        paragraph(&format!(
            "could not be looked for, for want of: {}",
            names(&run.blind).join("; ")
        ));
    }
}

fn print_finding(f: &DiagnosedFinding) {
    paragraph(&format!(
        "{} ({}, {} %): {}",
        f.name,
        f.severity,
        certainty(f.probability),
        f.statement
    ));
    for s in f.evidence.iter().take(SIGNS) {
        paragraph(&format!("  {}", sign(s)));
    }
    paragraph(&format!("  by: {}", f.by));
    paragraph(&format!("  to confirm: {}", f.experiment));
    if let Some(command) = &f.command {
        line(&format!("    {command}"));
    }
}

/// A probability in percent, never 100 but for facts.
fn certainty(p: f64) -> String {
    if p >= 1.0 {
        "100".to_owned()
    } else {
        format!("{:.1}", (100.0 * p).min(99.9))
    }
}

fn sign(s: &DiagnosedSign) -> String {
    let value = s
        .value
        .map_or_else(|| "not finite".to_owned(), short_number);
    let step = s
        .step
        .map_or_else(String::new, |at| format!(" at step {}", step(at)));
    format!("{} = {value}{step}: {}", s.series, s.says)
}

fn print_table(runs: &[DiagnosedRun]) {
    let names = Names::of(runs.iter().map(|r| r.id.as_str()));
    let wide = names.width;
    line(&format!(
        "{:<wide$}  {:>7}  {:>7}  findings",
        "run", "checked", "blind"
    ));
    for run in runs {
        let found: Vec<String> = run
            .findings
            .iter()
            .map(|f| format!("{} {} %", f.name, certainty(f.probability)))
            .collect();
        let columns = format!(
            "{:<wide$}  {:>7}  {:>7}  ",
            names.short(&run.id),
            run.findings.len() + run.clear.len(),
            run.blind.len()
        );
        let found = match found[..] {
            [] => "–".to_owned(),
            _ => found.join(", "),
        };
        row(&columns, &found);
    }
}

/// A step: whole where it is.
fn step(at: f64) -> String {
    if at.fract() == 0.0 && at.abs() < 1e15 {
        format!("{at:.0}")
    } else {
        short_number(at)
    }
}
