//! Which logs a path holds, and how each is read.

use super::error::LogProblem;
use super::events;
use super::gather::{Gathering, number};
use super::growing::GrowingLog;
use super::series::Log;
use super::text::Lines;
use super::wandb::MAGIC;
use crate::error::{Kind, StoreError};
use crate::run::RunDir;
use crate::sweep::SweepReader;
use crate::table::{Column, Table};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// A kind of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// CSV or TSV.
    Csv,
    /// TensorBoard event files.
    Events,
    /// JSON objects.
    Json,
    /// A run of MLflow's file store.
    Mlflow,
    /// A run directory of this program.
    Run,
    /// Runs of a sweep of this program that were written together.
    Sweep,
    /// Lines, by a pattern.
    Text,
    /// A run as W&B's client keeps it on the disk.
    Wandb,
}

impl LogFormat {
    /// Every kind with its name, sorted by name.
    pub const ALL: &'static [(&'static str, LogFormat)] = &[
        ("csv", Self::Csv),
        ("events", Self::Events),
        ("json", Self::Json),
        ("mlflow", Self::Mlflow),
        ("run", Self::Run),
        ("sweep", Self::Sweep),
        ("text", Self::Text),
        ("wandb", Self::Wandb),
    ];
}

/// How a log is to be read; what is not said is found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogOptions {
    /// Its kind.
    pub format: Option<LogFormat>,
    /// A regular expression with named groups, for text.
    pub pattern: Option<String>,
    /// The column or field of the step.
    pub step: Option<String>,
    /// The column or field of the run's name.
    pub run: Option<String>,
}

/// Something that logs can be read from.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSource {
    /// A file, a directory, or `-` for standard input.
    pub path: Utf8PathBuf,
    /// Its kind.
    pub format: LogFormat,
}

/// Why reading broke off.
pub(crate) enum Failed {
    Io(io::Error),
    Log(LogProblem),
}

impl From<io::Error> for Failed {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<LogProblem> for Failed {
    fn from(problem: LogProblem) -> Self {
        Self::Log(problem)
    }
}

impl Failed {
    pub(crate) fn of(self, path: &Utf8Path) -> StoreError {
        match self {
            Self::Io(source) => StoreError::io("read", path, source),
            Self::Log(problem) => refused(path, problem),
        }
    }
}

fn refused(path: &Utf8Path, problem: LogProblem) -> StoreError {
    Kind::Log {
        file: path.to_owned(),
        problem,
    }
    .into()
}

/// Deepest folder below a path that is looked into.
const DEEPEST: usize = 16;

/// The logs of a path, sorted: the path itself, or those that a folder holds, however deep. `-` is standard input.
///
/// # Errors
/// A path that is not there, a folder without logs or that cannot be listed, a file whose kind cannot be told.
pub fn log_sources(path: &Utf8Path, options: &LogOptions) -> Result<Vec<LogSource>, StoreError> {
    let source = |format| LogSource {
        path: path.to_owned(),
        format,
    };
    if path == "-" {
        return Ok(vec![source(options.format.unwrap_or(
            if options.pattern.is_some() {
                LogFormat::Text
            } else {
                // Which of the two it is, its first byte says.
                LogFormat::Csv
            },
        ))]);
    }
    if !path.exists() {
        return Err(refused(path, LogProblem::NoFile));
    }
    let folder = path.is_dir();
    if let Some(format) = options
        .format
        .filter(|f| !(folder && *f == LogFormat::Sweep))
    {
        return Ok(vec![source(format)]);
    }
    if !folder {
        let found = match options.pattern {
            Some(_) => Some(LogFormat::Text),
            None => by_name(path).or(by_content(path)?),
        };
        return found
            .map(|f| vec![source(f)])
            .ok_or_else(|| refused(path, LogProblem::Unknown));
    }
    let mut found = Vec::new();
    walk(path, 0, &mut found)?;
    if found.is_empty() {
        Err(refused(path, LogProblem::NoLogs))
    } else {
        Ok(found)
    }
}

fn walk(dir: &Utf8Path, depth: usize, found: &mut Vec<LogSource>) -> Result<(), StoreError> {
    let mut add = |path: &Utf8Path, format| {
        found.push(LogSource {
            path: path.to_owned(),
            format,
        })
    };
    if SweepReader::is_sweep(dir) {
        for part in SweepReader::open(dir)?.parts_with_curves()? {
            add(&part, LogFormat::Sweep);
        }
        return Ok(());
    }
    if dir.join("plan.toml").is_file() {
        add(dir, LogFormat::Run);
        return Ok(());
    }
    if dir.join("meta.yaml").is_file() && dir.join("metrics").is_dir() {
        add(dir, LogFormat::Mlflow);
        return Ok(());
    }
    let fail = |e| StoreError::io("read", dir, e);
    let mut paths = Vec::new();
    for entry in dir.read_dir_utf8().map_err(fail)? {
        paths.push(entry.map_err(fail)?.into_path());
    }
    paths.sort();
    if paths.iter().any(|p| is_events(p)) {
        add(dir, LogFormat::Events);
    }
    for path in paths {
        // W&B's name for the newest of the runs beside it.
        if path.is_symlink() && path.file_name() == Some("latest-run") {
            continue;
        }
        if path.is_dir() {
            if depth < DEEPEST {
                walk(&path, depth + 1, found)?;
            }
        } else if let Some(format) = by_name(&path).filter(|f| *f != LogFormat::Events) {
            found.push(LogSource { path, format });
        }
    }
    Ok(())
}

fn is_events(path: &Utf8Path) -> bool {
    path.file_name().is_some_and(|n| n.contains("tfevents")) && path.is_file()
}

fn by_name(path: &Utf8Path) -> Option<LogFormat> {
    let name = path.file_name()?;
    match path.extension() {
        _ if name.contains("tfevents") => Some(LogFormat::Events),
        _ if name == "trainer_state.json" => Some(LogFormat::Json),
        Some("csv" | "tsv") => Some(LogFormat::Csv),
        Some("jsonl" | "ndjson") => Some(LogFormat::Json),
        Some("wandb") => Some(LogFormat::Wandb),
        _ => None,
    }
}

/// What the first bytes say.
fn by_content(path: &Utf8Path) -> Result<Option<LogFormat>, StoreError> {
    let file = File::open(path).map_err(|e| StoreError::io("read", path, e))?;
    let mut input = BufReader::new(file);
    let start = input
        .fill_buf()
        .map_err(|e| StoreError::io("read", path, e))?;
    if start.is_empty() {
        return Err(refused(path, LogProblem::Empty));
    }
    if start.len() >= 12 && events::masked(&start[..8]).to_le_bytes() == start[8..12] {
        return Ok(Some(LogFormat::Events));
    }
    if start.starts_with(&MAGIC) {
        return Ok(Some(LogFormat::Wandb));
    }
    let first = start.split(|b| *b == b'\n').next().unwrap_or(&[]);
    let rows = first.iter().any(|b| b",;\t".contains(b))
        || std::str::from_utf8(first).is_ok_and(|t| number(t).is_some());
    Ok(match first.trim_ascii().first() {
        Some(b'{' | b'[') => Some(LogFormat::Json),
        _ if rows => Some(LogFormat::Csv),
        _ => None,
    })
}

/// Reads the logs of a source, one a run, sorted by name.
///
/// # Errors
/// A file that cannot be read or is malformed: which, where, and what was expected.
pub fn read_log(source: &LogSource, options: &LogOptions) -> Result<Vec<Log>, StoreError> {
    let path = &source.path;
    let id = name_of(path);
    match source.format {
        LogFormat::Run => return own(path),
        LogFormat::Sweep => return of_sweep(path),
        _ => {}
    }
    let mut log = GrowingLog::new(&id, Some(source.format), options);
    let read = match source.format {
        LogFormat::Mlflow => return mlflow(path, &id),
        LogFormat::Events if path.is_dir() => event_files(path, &mut log),
        _ if path == "-" => pour(io::stdin().lock(), |bytes| log.fed(bytes)),
        _ => File::open(path)
            .map_err(Failed::Io)
            .and_then(|file| pour(file, |bytes| log.fed(bytes))),
    };
    read.and_then(|()| log.ended()).map_err(|e| e.of(path))?;
    log.into_logs()
}

/// Bytes that are read at once.
const PIECE: usize = 1 << 17;

/// Hands over all bytes, piece by piece.
pub(crate) fn pour(
    mut input: impl Read,
    mut each: impl FnMut(&[u8]) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut piece = vec![0; PIECE];
    loop {
        match input.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => each(&piece[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

pub(crate) fn name_of(path: &Utf8Path) -> String {
    match path.as_str() {
        "-" => "standard input".to_owned(),
        other => other.to_owned(),
    }
}

/// The event files of a folder, in the order of their names, which is that of their times.
pub(crate) fn event_paths(dir: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let mut paths = Vec::new();
    for entry in dir.read_dir_utf8()? {
        paths.push(entry?.into_path());
    }
    paths.retain(|p| is_events(p));
    paths.sort();
    Ok(paths)
}

fn event_files(dir: &Utf8Path, log: &mut GrowingLog) -> Result<(), Failed> {
    for (i, path) in event_paths(dir)?.iter().enumerate() {
        if i > 0 {
            log.ended()?;
            log.restart();
        }
        pour(File::open(path)?, |bytes| log.fed(bytes))?;
    }
    Ok(())
}

/// A run of MLflow's file store: a file a metric, lines of time, value and step.
fn mlflow(dir: &Utf8Path, id: &str) -> Result<Vec<Log>, StoreError> {
    let mut into = Gathering::default();
    mlflow_metrics(&dir.join("metrics"), "", 0, &mut into).map_err(|e| e.of(dir))?;
    let logs = into.finish(id, vec![]);
    if logs.iter().all(|log| log.series.is_empty()) {
        let columns = "none of numbers".to_owned();
        return Err(refused(dir, LogProblem::NoMetric { columns }));
    }
    Ok(logs)
}

fn mlflow_metrics(
    dir: &Utf8Path,
    outer: &str,
    depth: usize,
    into: &mut Gathering,
) -> Result<(), Failed> {
    let mut paths = Vec::new();
    for entry in dir.read_dir_utf8()? {
        paths.push(entry?.into_path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        let name = if outer.is_empty() {
            name.to_owned()
        } else {
            format!("{outer}/{name}")
        };
        if path.is_dir() && depth < DEEPEST {
            mlflow_metrics(&path, &name, depth + 1, into)?;
        } else if path.is_file() {
            let mut lines = Lines::default();
            pour(File::open(&path)?, |bytes| {
                lines.feed(bytes, |line, text| {
                    mlflow_line(&name, line, text, true, into)
                })
            })?;
            if let Some((line, text)) = lines.last() {
                mlflow_line(&name, line, &text, false, into)?;
            }
        }
    }
    Ok(())
}

fn mlflow_line(
    name: &str,
    line: u64,
    bytes: &[u8],
    whole: bool,
    into: &mut Gathering,
) -> Result<(), Failed> {
    let text = std::str::from_utf8(bytes).map_err(|_| LogProblem::NotText { line })?;
    let fields: Vec<&str> = text.split(' ').collect();
    let read = match fields[..] {
        [_, value, step, ..] => number(value).zip(number(step).filter(|s| s.is_finite())),
        _ => None,
    };
    match read {
        Some((value, step)) => Ok(into.take("", name, step, value)?),
        None if text.is_empty() || !whole => Ok(()),
        None => {
            let why = format!("{name}: expected time, value and step");
            Err(LogProblem::BadRow { line, why }.into())
        }
    }
}

/// A run directory of this program: a log a seed.
fn own(dir: &Utf8Path) -> Result<Vec<Log>, StoreError> {
    let run = RunDir::open(dir)?;
    let seeds = run.seeds()?;
    let several = seeds.len() > 1;
    let mut logs = Vec::new();
    for seed in seeds {
        let (curve, mut into) = (run.curve(seed)?, Gathering::default());
        for (name, _) in curve.columns() {
            for (epoch, value) in curve.points(name) {
                into.take("", name, epoch as f64, value)
                    .map_err(|p| refused(dir, p))?;
            }
        }
        let id = if several {
            format!("{dir}#{seed}")
        } else {
            dir.to_string()
        };
        into.planned = Some(run.plan().epochs as f64);
        logs.extend(into.finish(&id, vec![]));
    }
    Ok(logs)
}

/// The runs of a part of a sweep, by the path of its curves: each is named by its plan and seed.
fn of_sweep(path: &Utf8Path) -> Result<Vec<Log>, StoreError> {
    let (runs, curves) = SweepReader::part_of(path)?;
    let (of_run, of_curve) = (rows(&runs), rows(&curves));
    let (plans, planned) = (runs.texts("plan"), runs.reals("epochs"));
    let mut logs = Vec::new();
    for (run, row) in of_run {
        let Some(at) = of_curve.get(&run) else {
            continue;
        };
        let mut into = Gathering::default();
        let Some(Column::Integers(epochs)) = curves.column("epoch") else {
            continue;
        };
        for (name, column) in curves.columns() {
            let Column::Reals(values) = column else {
                continue;
            };
            for (epoch, value) in epochs[*at].iter().zip(&values[*at]) {
                // A column of many runs has gaps where a reading is not made.
                if value.is_finite() {
                    into.take("", name, *epoch as f64, *value)
                        .map_err(|p| refused(path, p))?;
                }
            }
        }
        into.planned = planned.get(row).copied().flatten();
        let plan = plans.get(row).cloned().flatten().unwrap_or_default();
        logs.extend(into.finish(&format!("{plan} seed={}", run.1), vec![]));
    }
    Ok(logs)
}

/// Rows by plan and seed.
fn rows(table: &Table) -> BTreeMap<(String, i64), usize> {
    let (plans, seeds) = (table.texts("plan_hash"), table.integers("seed"));
    let keys = plans.iter().zip(seeds).enumerate();
    keys.filter_map(|(row, (plan, seed))| Some(((plan.clone()?, (*seed)?), row)))
        .collect()
}
