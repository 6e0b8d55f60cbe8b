//! What is wrong, or right, with runs of any framework.

use crate::error::Error;
use crate::files::Sources;
use crate::forecast::{format, no_metric, norms_of};
use crate::lab::{Lab, stop_reason};
use crate::log_files::{Skip, each_file};
use crate::log_words::{each_once, is_override};
use crate::page::command_line;
use crate::record_page::{self, RecordPage};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::diagnose::{
    ALL, Case, Diagnosis, Ending, Facts, Finding, Looked, Own, Role, Severity, Track, diagnose,
    diagnose_together, ending,
};
use dunwu_analysis::forecast::Measured;
use dunwu_core::{Optimizer, PlanError, RunPlan, RunSpec};
use dunwu_report::{
    DiagnosedFinding, DiagnosedLook, DiagnosedRun, DiagnosedSign, DiagnosisPage, DrawnSeries,
    diagnosis_figures, diagnosis_page,
};
use dunwu_store::{Log, LogFormat, LogOptions, LogSeries, LogSource, RecordDir, RunDir, read_log};

/// A key of a diagnosis.
pub struct DiagnoseKey {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
}

const fn key(name: &'static str, help: &'static str) -> DiagnoseKey {
    DiagnoseKey { name, help }
}

/// Every key, sorted by name.
pub const DIAGNOSE_KEYS: &[DiagnoseKey] = &[
    key("at", "see only what was logged up to this step"),
    key(
        "classes",
        "number of classes, where guessing is right in one of so many",
    ),
    key(
        "format",
        "csv, events, json, mlflow, run, sweep, text or wandb; found out if absent",
    ),
    key("grad_norm", "name of the norm of the gradient"),
    key("held_loss", "name of the loss on held-out rows"),
    key("held_score", "name of the score on held-out rows"),
    key(
        "horizon",
        "the step at which the run ends; what the log says of it, or twice the last step, if absent",
    ),
    key("lr", "name of the learning rate"),
    key("noise", "share of the labels that are known to be wrong"),
    key(
        "pattern",
        "a regular expression for plain text; each named group is a metric, `step` is the step",
    ),
    key(
        "proxy",
        "name of what is optimised, such as a reward; goes with wanted=",
    ),
    key("run", "the column or field of the run's name"),
    key("step", "the column or field of the step"),
    key("train_loss", "name of the loss on the rows trained on"),
    key("train_score", "name of the score on the rows trained on"),
    key(
        "wanted",
        "name of what is wanted, such as a score of people; goes with proxy=",
    ),
    key("weight_norm", "name of the norm of the weights"),
];

/// Keys that name a series of a role.
const ROLES: &[(&str, Role)] = &[
    ("grad_norm", Role::Gradient),
    ("held_loss", Role::Loss(Measured::HeldOut)),
    ("held_score", Role::Score(Measured::HeldOut)),
    ("lr", Role::Rate),
    ("train_loss", Role::Loss(Measured::Training)),
    ("train_score", Role::Score(Measured::Training)),
    ("weight_norm", Role::Weights),
];

/// How logs are diagnosed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiagnoseSpec {
    at: Option<f64>,
    facts: Facts,
    proxy: Option<String>,
    wanted: Option<String>,
    roles: Vec<(String, Role)>,
    log: LogOptions,
}

impl DiagnoseSpec {
    /// Reads `key=value` words.
    ///
    /// # Errors
    /// A word without `=`, a key that is not one of [`DIAGNOSE_KEYS`] or is given twice, a value that it cannot have,
    /// `proxy` without `wanted`.
    pub fn from_overrides<S: AsRef<str>>(
        words: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let mut spec = Self::default();
        each_once(words, |key, value| spec.set(key, value))?;
        spec.facts.proxy = match (spec.proxy.take(), spec.wanted.take()) {
            (Some(proxy), Some(wanted)) if proxy == wanted => {
                let why = format!("is `{wanted}`, as proxy is; name the score that is wanted");
                return Err(PlanError::new("wanted", why).into());
            }
            (Some(proxy), Some(wanted)) => Some((proxy, wanted)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(
                    PlanError::new("proxy", "needs wanted=, the score that is wanted").into(),
                );
            }
            (None, Some(_)) => {
                return Err(PlanError::new("wanted", "needs proxy=, what is optimised").into());
            }
        };
        Ok(spec)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), PlanError> {
        let number = |what: &str, fits: fn(f64) -> bool| {
            let number: Option<f64> = value
                .parse()
                .ok()
                .filter(|x: &f64| x.is_finite() && fits(*x));
            number
                .ok_or_else(|| PlanError::new(key, format!("is `{value}`, must be {what}")))
                .map(Some)
        };
        let text = || Some(value.to_owned());
        if let Some((_, role)) = ROLES.iter().find(|(name, _)| *name == key) {
            if self.roles.iter().any(|(named, _)| named == value) {
                let why = format!("is `{value}`, which another key names too");
                return Err(PlanError::new(key, why));
            }
            self.roles.push((value.to_owned(), *role));
            return Ok(());
        }
        match key {
            "at" => self.at = number("a finite number", |_| true)?,
            "classes" => self.facts.classes = number("a number above 1", |x| x > 1.0)?,
            "format" => self.log.format = Some(format(value)?),
            "horizon" => self.facts.horizon = number("a finite number", |_| true)?,
            "noise" => self.facts.noise = number("a share below 1", |x| (0.0..1.0).contains(&x))?,
            "pattern" => self.log.pattern = text(),
            "proxy" => self.proxy = text(),
            "run" => self.log.run = text(),
            "step" => self.log.step = text(),
            "wanted" => self.wanted = text(),
            _ => {
                let known: Vec<&str> = DIAGNOSE_KEYS.iter().map(|k| k.name).collect();
                let why = format!(
                    "is no key of a diagnosis; its keys are {}",
                    known.join(", ")
                );
                return Err(PlanError::new(key, why));
            }
        }
        Ok(())
    }

    /// Whether a word of the command line is an override rather than a file.
    pub fn is_override(word: &str) -> bool {
        is_override(word, DIAGNOSE_KEYS.iter().map(|k| k.name))
    }
}

/// Runs that were diagnosed: how each ended, to be compared with the others.
#[derive(Debug, Default)]
pub struct Ward {
    endings: Vec<Ending>,
}

impl Ward {
    /// What several runs show together; None if there is but one.
    pub fn together(&self) -> Option<DiagnosedRun> {
        let said = diagnose_together(&self.endings);
        (self.endings.len() > 1).then(|| {
            let mut run = written("all runs together", &said, None);
            run.verdict = match said.findings.len() {
                0 => "Together they show nothing more.".to_owned(),
                _ => run.verdict,
            };
            run
        })
    }
}

/// The file from which the page of a diagnosis is made.
const RECORD: &str = "diagnosis.json";

/// A directory that waits for a diagnosis.
#[derive(Debug)]
pub struct DiagnosisDir {
    dir: Utf8PathBuf,
    held: RecordDir,
}

impl DiagnosisDir {
    /// Makes the directory before anything is read, so that a refusal costs nothing.
    ///
    /// # Errors
    /// A directory that holds something or is in use, or that cannot be written.
    pub fn create(dir: &Utf8Path) -> Result<Self, Error> {
        let held = RecordDir::create(dir)?;
        let dir = dir.to_owned();
        Ok(Self { dir, held })
    }

    /// Removes the directory again, if nothing was written.
    pub fn abandon(self) {
        self.held.abandon();
    }

    /// Writes record, page and figures, and gives the page's path; `words` are paths and keys as they were written.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn write(
        &self,
        runs: &[DiagnosedRun],
        together: Option<&DiagnosedRun>,
        words: &[String],
    ) -> Result<Utf8PathBuf, Error> {
        let page = DiagnosisPage {
            title: words.join(" "),
            command: command_line("diagnose", words),
            runs: runs.to_vec(),
            together: together.cloned(),
            provenance: provenance(),
        };
        record_page::write(&self.dir, &self.held, &page)
    }
}

/// Whether a directory holds the record of a diagnosis.
pub fn is_diagnosis(dir: &Utf8Path) -> bool {
    dir.join(RECORD).exists()
}

/// Rebuilds the page of a diagnosis from its record.
pub(crate) fn redraw(dir: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    record_page::redraw::<DiagnosisPage>(dir)
}

impl RecordPage for DiagnosisPage {
    const RECORD: &'static str = RECORD;

    fn flaw(&self) -> Option<&'static str> {
        (!self.is_consistent()).then_some("numbers do not fit together")
    }

    fn html(&self) -> String {
        diagnosis_page(self)
    }

    fn figures(&self) -> Vec<(String, String)> {
        diagnosis_figures(self)
    }
}

/// By what it was made.
fn provenance() -> Vec<(String, String)> {
    let plan = RunSpec::default()
        .resolve()
        .expect("the defaults are a plan");
    let here = crate::provenance::here(&plan);
    let commit = here.commit.unwrap_or_else(|| "unknown".into());
    [
        ("version", here.version),
        ("commit", commit),
        ("host", here.host),
        ("written", here.started),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// Diagnoses every run of a path (a file, a folder of them, a run directory, `-` for standard input), one after the
/// other: no more than one file's runs are held at once. A run that lacks a series which a key names, or has no reading up to `at`,
/// is told to `skip`, and so is a file of a folder that cannot be read.
///
/// # Errors
/// A path without logs, a malformed log or run directory that is named itself.
pub fn diagnose_logs(
    path: &Utf8Path,
    spec: &DiagnoseSpec,
    ward: &mut Ward,
    each: &mut dyn FnMut(DiagnosedRun),
    skip: &mut dyn FnMut(&str, &str),
) -> Result<(), Error> {
    let read = |source: &LogSource| {
        let own = match source.format {
            LogFormat::Run => Some(own(&source.path)?),
            _ => None,
        };
        Ok((read_log(source, &spec.log)?, own))
    };
    let mut one = |logs: Vec<Log>, own: Option<_>, skip: Skip<'_>| {
        for (i, log) in logs.iter().enumerate() {
            let of = own
                .as_ref()
                .and_then(|(plan, runs): &(RunPlan, Vec<Seen>)| Some((plan, runs.get(i)?.clone())));
            match lacks(log, spec) {
                None => each(diagnose_one(log, spec, of, ward)),
                Some(why) => skip(&log.id, &why),
            }
        }
    };
    each_file(path, &spec.log, read, &mut one, skip)
}

/// Why a log cannot be diagnosed as it was asked.
fn lacks(log: &Log, spec: &DiagnoseSpec) -> Option<String> {
    let pair = spec.facts.proxy.iter();
    let pair = pair.flat_map(|(proxy, wanted)| [("proxy", proxy), ("wanted", wanted)]);
    let key = |role: &Role| ROLES.iter().find(|(_, r)| r == role).map_or("", |r| r.0);
    let named = spec.roles.iter().map(|(name, role)| (key(role), name));
    if let Some((key, name)) = named
        .chain(pair)
        .find(|(_, n)| !log.series.contains_key(*n))
    {
        return Some(format!("{key}: {}", no_metric(log, name)));
    }
    let at = spec.at?;
    let first = log.series.values().filter_map(|s| s.steps.first().copied());
    let first = first.fold(f64::INFINITY, f64::min);
    (first > at && first.is_finite())
        .then(|| format!("nothing was logged up to step {at}; the first step is {first}"))
}

fn diagnose_one(
    log: &Log,
    spec: &DiagnoseSpec,
    own: Option<(&RunPlan, Seen)>,
    ward: &mut Ward,
) -> DiagnosedRun {
    let plan = own.as_ref().map(|o| o.0);
    let mut facts = spec.facts.clone();
    facts.horizon = facts.horizon.or(log.planned);
    if let Some((plan, seen)) = &own {
        facts.classes = facts.classes.or(Some(1.0 / seen.chance));
        facts.noise = facts.noise.or(Some(plan.label_noise).filter(|n| *n > 0.0));
        facts.own = Some(seen.own.clone());
    }
    let norm = norms_of(log).map(|(steps, values)| LogSeries {
        steps,
        values,
        ..LogSeries::default()
    });
    let norm = norm.as_ref().map(|s| track("weight_norm", s, spec));
    let series = log.series.iter().map(|(name, s)| track(name, s, spec));
    let tracks = series.chain(norm).collect();
    let case = Case {
        id: &log.id,
        tracks,
        facts,
    };
    let cell = plan.map(RunPlan::setting);
    ward.endings.extend(ending(&case, cell));
    let said = diagnose(&case);
    let mut run = written(&log.id, &said, plan);
    run.notes = notes(log);
    run.series = drawn(&case, &said);
    run
}

fn track<'a>(name: &'a str, series: &'a LogSeries, spec: &DiagnoseSpec) -> Track<'a> {
    let n = series
        .steps
        .partition_point(|s| *s <= spec.at.unwrap_or(f64::INFINITY));
    let mut track = Track::new(name, &series.steps[..n], &series.values[..n]);
    track.broken = series
        .last_not_finite
        .filter(|s| *s <= spec.at.unwrap_or(f64::INFINITY));
    track.restarts = series.restarts;
    if let Some((_, role)) = spec.roles.iter().find(|(named, _)| named == name) {
        track.role = *role;
    } else if spec.roles.iter().any(|(_, role)| *role == track.role) {
        // Another series was named for what this one seemed to be.
        track.role = Role::Other;
    }
    track
}

fn notes(log: &Log) -> Vec<String> {
    let mut notes = log.notes.clone();
    for (name, series) in &log.series {
        notes.extend(
            series
                .oddities()
                .into_iter()
                .map(|o| format!("{name}: {o}")),
        );
    }
    notes
}

/// A run of this program, with what guessing is right in.
#[derive(Clone, Debug)]
struct Seen {
    own: Own,
    chance: f64,
}

/// What a run directory says of its seeds.
fn own(dir: &Utf8Path) -> Result<(RunPlan, Vec<Seen>), Error> {
    let reader = RunDir::open(dir)?;
    let plan = reader.plan().clone();
    let lab = Lab::new(&plan, Sources::recorded(&reader)?)?;
    let data = lab.dataset(plan.seed)?;
    let group = lab
        .task
        .group()
        .filter(|g| g.is_group() && plan.operands == 2);
    let group = group.map(|g| (g.order() as f64, crate::boundary::factor(&lab.task)));
    let report = lab.read(&reader, dir)?;
    let mut out = Vec::new();
    for run in report.runs {
        let stopped = reader.outcome(run.seed)?.as_ref().map(stop_reason);
        let adam = plan.optimizer == Optimizer::Adam;
        out.push(Seen {
            chance: lab.task.chance(),
            own: Own {
                account: run.account,
                stopped,
                lr: plan.lr,
                weight_decay: plan.weight_decay,
                coupled: adam && plan.weight_decay > 0.0,
                full_batch: plan.batch_size == 0 || plan.batch_size >= data.train.len(),
                group,
                fraction: data.train.len() as f64 / data.len() as f64,
                epochs: plan.epochs,
                features: lab.possible(),
            },
        });
    }
    Ok((plan, out))
}

fn written(id: &str, said: &Diagnosis, plan: Option<&RunPlan>) -> DiagnosedRun {
    let looked = |all: &[Looked]| -> Vec<DiagnosedLook> { all.iter().map(look).collect() };
    DiagnosedRun {
        id: id.to_owned(),
        verdict: verdict(said),
        notes: vec![],
        findings: said.findings.iter().map(|f| finding(f, plan)).collect(),
        clear: looked(&said.clear),
        blind: looked(&said.blind),
        series: vec![],
    }
}

fn look(looked: &Looked) -> DiagnosedLook {
    DiagnosedLook {
        name: looked.name.to_owned(),
        words: looked.words.clone(),
    }
}

fn verdict(said: &Diagnosis) -> String {
    let worst = said
        .findings
        .iter()
        .filter(|f| f.severity > Severity::Note)
        .count();
    let notes = said.findings.len() - worst;
    let known = match notes {
        0 => String::new(),
        n => format!(
            ", and {} worth knowing",
            counted(n, "thing is", "things are")
        ),
    };
    let words = match worst {
        0 => format!("Nothing is found to be wrong with it{known}"),
        n => format!(
            "{} found to be wrong with it{known}",
            capital(&counted(n, "thing is", "things are"))
        ),
    };
    format!(
        "{words}: {} of {} checks were made, {} could not be.",
        said.findings.len() + said.clear.len(),
        said.findings.len() + said.clear.len() + said.blind.len(),
        said.blind.len()
    )
}

fn counted(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("one {one}")
    } else {
        format!("{n} {many}")
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| {
        c.to_uppercase().collect::<String>() + chars.as_str()
    })
}

fn finding(f: &Finding, plan: Option<&RunPlan>) -> DiagnosedFinding {
    let help = ALL.iter().find(|c| c.name == f.name).map_or("", |c| c.help);
    DiagnosedFinding {
        name: f.name.to_owned(),
        help: help.to_owned(),
        severity: f.severity.name().to_owned(),
        statement: f.statement.clone(),
        probability: f.probability,
        by: f.by.clone(),
        since: f.since,
        evidence: f
            .evidence
            .iter()
            .map(|s| DiagnosedSign {
                series: s.series.clone(),
                step: s.step,
                value: Some(s.value).filter(|v| v.is_finite()),
                says: s.says.clone(),
            })
            .collect(),
        experiment: f.experiment.words.clone(),
        command: plan.and_then(|p| changed(p, &f.experiment.change)),
        shown: f.shown.clone(),
    }
}

/// The command that trains the plan with some keys changed, one seed; None if nothing is changed or the plan would not hold.
fn changed(plan: &RunPlan, change: &[(String, String)]) -> Option<String> {
    if change.is_empty() {
        return None;
    }
    let rows = [
        "train_fraction",
        "train_size",
        "train_multiplier",
        "split_file",
    ];
    let of_rows = change.iter().any(|(key, _)| key == "train_fraction");
    let one = RunPlan {
        seeds: 1,
        ..plan.clone()
    };
    let kept = one.to_overrides().into_iter().filter(|word| {
        let key = word.split_once('=').map_or(word.as_str(), |w| w.0);
        let replaced = change.iter().any(|(k, _)| k == key);
        !(replaced || of_rows && rows.contains(&key))
    });
    let words: Vec<String> = kept
        .chain(change.iter().map(|(k, v)| format!("{k}={v}")))
        .collect();
    RunSpec::from_overrides(&words).ok()?.resolve().ok()?;
    Some(command_line("train", &words))
}

/// Points of a series that is drawn, at most.
const DRAWN: usize = 1200;

/// The series that the findings show, thinned so that no extreme is lost.
fn drawn(case: &Case<'_>, said: &Diagnosis) -> Vec<DrawnSeries> {
    let shown = |t: &&Track<'_>| {
        said.findings
            .iter()
            .any(|f| f.shown.iter().any(|s| s == t.name))
    };
    let thin = |t: &Track<'_>| -> Vec<(f64, f64)> {
        let size = (2 * t.steps.len()).div_ceil(DRAWN).max(1);
        if size == 1 {
            return t
                .steps
                .iter()
                .copied()
                .zip(t.values.iter().copied())
                .collect();
        }
        let block = |at: usize| {
            let inside = at..(at + size).min(t.steps.len());
            let low = inside
                .clone()
                .min_by(|a, b| t.values[*a].total_cmp(&t.values[*b]));
            let high = inside.max_by(|a, b| t.values[*a].total_cmp(&t.values[*b]));
            let mut both: Vec<usize> = low.into_iter().chain(high).collect();
            both.sort_unstable();
            both.dedup();
            both
        };
        let kept = (0..t.steps.len()).step_by(size).flat_map(block);
        kept.map(|i| (t.steps[i], t.values[i])).collect()
    };
    let tracks = case.tracks.iter().filter(shown);
    tracks
        .map(|t| DrawnSeries {
            name: t.name.to_owned(),
            points: thin(t),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::FORECAST_KEYS;

    #[test]
    fn keys_are_sorted_and_shared_ones_are_the_same() {
        assert!(DIAGNOSE_KEYS.windows(2).all(|w| w[0].name < w[1].name));
        for name in ["at", "format", "horizon", "pattern", "run", "step"] {
            assert!(FORECAST_KEYS.iter().any(|k| k.name == name), "{name}");
        }
    }
}
