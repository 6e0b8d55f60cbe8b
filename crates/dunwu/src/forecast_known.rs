//! Finished runs by which forecasts are calibrated: a JSON object a line, in a file that a person can read, cut and
//! delete.

use crate::error::Error;
use crate::forecast::{ForecastSpec, chosen, logs_of, rate};
use crate::log_files::{Skip, each_file};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::forecast::{Calibration, KnownCurve};
use dunwu_core::PlanError;
use dunwu_store::{Log, LogSource};
use serde::{Deserialize, Serialize};

/// The file in the directory.
const FILE: &str = "finished.jsonl";
/// Readings of a run that are kept.
const KEPT: usize = 128;
/// Fewest readings of a run that teaches anything.
const FEWEST: usize = 8;
/// Largest file that is read.
const MOST: u64 = 256_000_000;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Finished {
    id: String,
    metric: String,
    steps: Vec<f64>,
    values: Vec<f64>,
    /// Steps and values of the learning rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<(Vec<f64>, Vec<f64>)>,
}

fn refused(why: String) -> Error {
    PlanError::new("calibration", why).into()
}

/// The runs of a directory; none if it has no such file yet.
fn read(dir: &Utf8Path) -> Result<Vec<Finished>, Error> {
    let path = dir.join(FILE);
    let fail = |e: std::io::Error| refused(format!("cannot be read: {path}: {e}"));
    match std::fs::metadata(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(fail(e)),
        Ok(about) if about.len() > MOST => {
            let most = crate::resources::human(MOST);
            return Err(refused(format!(
                "{path} is larger than {most}; delete its oldest lines"
            )));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(fail)?;
    let lines = text.lines().enumerate().filter(|l| !l.1.trim().is_empty());
    lines
        .map(|(i, line)| {
            let run: Result<Finished, _> = serde_json::from_str(line);
            let bad = |why: String| refused(format!("{path}:{}: {why}; delete that line", i + 1));
            let run = run.map_err(|e| bad(format!("is no finished run: {e}")))?;
            if is_sound(&run) {
                Ok(run)
            } else {
                Err(bad("holds no curve".to_owned()))
            }
        })
        .collect()
}

fn is_sound(run: &Finished) -> bool {
    let sound = |steps: &[f64], values: &[f64]| {
        steps.len() == values.len()
            && steps.windows(2).all(|w| w[0] < w[1])
            && steps.iter().chain(values).all(|x| x.is_finite())
    };
    sound(&run.steps, &run.values) && run.rate.as_ref().is_none_or(|r| sound(&r.0, &r.1))
}

/// What the runs of a directory teach, which must be there.
pub(crate) fn known(dir: &Utf8Path) -> Result<Calibration, Error> {
    if !dir.exists() {
        return Err(refused(format!(
            "{dir} is not there; dunwu forecast OLD-RUNS calibration={dir} --learn makes it"
        )));
    }
    let curve = |run: Finished| KnownCurve {
        family: "own".to_owned(),
        group: run.id,
        metric: run.metric,
        steps: run.steps,
        values: run.values,
        rate: run.rate.unwrap_or_default(),
    };
    Ok(Calibration::new(read(dir)?.into_iter().map(curve)))
}

/// Adds the runs of logs, which are over, to the directory that `calibration=` names, and gives how many. A run of the
/// same name and metric that is there already is replaced. What a run is of which nothing can be learned, `skip` is told.
///
/// # Errors
/// No `calibration=`, logs or a directory that cannot be read, a file that cannot be written.
pub fn learn_logs(
    paths: &[Utf8PathBuf],
    spec: &ForecastSpec,
    skip: &mut dyn FnMut(&str, &str),
) -> Result<usize, Error> {
    let dir = spec.calibration.as_deref();
    let dir =
        dir.ok_or_else(|| refused("is missing: it names the directory that learns".to_owned()))?;
    let mut runs = read(dir)?;
    let mut count = 0;
    let read = |source: &LogSource| Ok((logs_of(source, spec)?, ()));
    let mut one = |logs: Vec<Log>, (), skip: Skip<'_>| {
        for log in logs {
            match finished(&log, spec) {
                Ok(run) => {
                    runs.retain(|r| r.id != run.id || r.metric != run.metric);
                    runs.push(run);
                    count += 1;
                }
                Err(why) => skip(&log.id, &why),
            }
        }
    };
    for path in paths {
        each_file(path, &spec.log, read, &mut one, skip)?;
    }
    write(dir, &runs)?;
    Ok(count)
}

fn finished(log: &Log, spec: &ForecastSpec) -> Result<Finished, String> {
    let (name, series) = chosen(log, spec)?;
    if series.steps.len() < FEWEST {
        return Err(format!(
            "{} readings are too few to learn from",
            series.steps.len()
        ));
    }
    let (steps, values) = thinned((&series.steps, &series.values), KEPT);
    Ok(Finished {
        id: log.id.clone(),
        metric: name.to_owned(),
        steps,
        values,
        rate: rate(log).map(|r| thinned(r, KEPT)),
    })
}

/// About so many of the points, evenly, the first and the last among them.
pub(crate) fn thinned((steps, values): (&[f64], &[f64]), most: usize) -> (Vec<f64>, Vec<f64>) {
    let n = steps.len();
    let kept = n.min(most);
    let place = |i: usize| {
        if kept < 2 {
            0
        } else {
            i * (n - 1) / (kept - 1)
        }
    };
    (0..kept)
        .map(|i| (steps[place(i)], values[place(i)]))
        .unzip()
}

/// Writes the file as a whole.
fn write(dir: &Utf8Path, runs: &[Finished]) -> Result<(), Error> {
    let fail = |e: std::io::Error| refused(format!("cannot be written: {dir}: {e}"));
    std::fs::create_dir_all(dir).map_err(fail)?;
    let mut text = String::new();
    for run in runs {
        text += &serde_json::to_string(run).expect("numbers that are finite have a form in JSON");
        text.push('\n');
    }
    let new = dir.join(format!("{FILE}.new"));
    std::fs::write(&new, text).map_err(fail)?;
    std::fs::rename(&new, dir.join(FILE)).map_err(fail)
}
