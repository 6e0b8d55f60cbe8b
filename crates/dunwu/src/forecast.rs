//! Forecasts of training logs, of any framework.

use crate::error::Error;
use crate::forecast_known::{known, thinned};
use crate::log_files::{Skip, each_file};
use crate::log_words::{each_once, is_override};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::forecast::{
    Calibration, Companions, Course, Forecast, Jump, Measured, Metric, Points, Quantiles, Question,
    Sense, forecast, forecast_calibrated, short, step_words,
};
use dunwu_core::{PlanError, RunPlan, Schedule};
use dunwu_store::{Log, LogFormat, LogOptions, LogSeries, LogSource, RunDir, read_log};
use serde_json::{Value, json};
use std::borrow::Cow;

/// A key of a forecast.
pub struct ForecastKey {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
}

/// Every key, sorted by name.
pub const FORECAST_KEYS: &[ForecastKey] = &[
    ForecastKey {
        name: "at",
        help: "see only what was logged up to this step, as if the run were still there",
    },
    ForecastKey {
        name: "better_than",
        help: "the value to beat, such as that of the best run so far",
    },
    ForecastKey {
        name: "calibration",
        help: "a directory of finished runs, by which runs of the same metric are calibrated; --learn fills it",
    },
    ForecastKey {
        name: "format",
        help: "csv, events, json, mlflow, run, sweep, text or wandb; found out if absent",
    },
    ForecastKey {
        name: "horizon",
        help: "the step at which the run ends; what the log says of it, or twice the last step, if absent",
    },
    ForecastKey {
        name: "metric",
        help: "what to forecast; held-out before training, scores before losses, if absent",
    },
    ForecastKey {
        name: "pattern",
        help: "a regular expression for plain text; each named group is a metric, `step` is the step",
    },
    ForecastKey {
        name: "run",
        help: "the column or field of the run's name",
    },
    ForecastKey {
        name: "sense",
        help: "loss or score, where the name of the metric does not say or misleads",
    },
    ForecastKey {
        name: "step",
        help: "the column or field of the step",
    },
];

/// What to forecast of logs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForecastSpec {
    metric: Option<String>,
    at: Option<f64>,
    horizon: Option<f64>,
    better_than: Option<f64>,
    sense: Option<Sense>,
    pub(crate) calibration: Option<Utf8PathBuf>,
    pub(crate) log: LogOptions,
}

impl ForecastSpec {
    /// The value to beat.
    pub fn better_than(&self) -> Option<f64> {
        self.better_than
    }

    /// Reads `key=value` words.
    ///
    /// # Errors
    /// A word without `=`, a key that is not one of [`FORECAST_KEYS`] or is given twice, a value that it cannot have.
    pub fn from_overrides<S: AsRef<str>>(
        words: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let mut spec = Self::default();
        each_once(words, |key, value| spec.set(key, value))?;
        Ok(spec)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), PlanError> {
        let number = || {
            let number: Option<f64> = value.parse().ok().filter(|x: &f64| x.is_finite());
            number
                .ok_or_else(|| {
                    PlanError::new(key, format!("is `{value}`, must be a finite number"))
                })
                .map(Some)
        };
        let text = || Some(value.to_owned());
        match key {
            "at" => self.at = number()?,
            "better_than" => self.better_than = number()?,
            "calibration" => self.calibration = Some(value.into()),
            "format" => self.log.format = Some(format(value)?),
            "horizon" => self.horizon = number()?,
            "metric" => self.metric = text(),
            "pattern" => self.log.pattern = text(),
            "run" => self.log.run = text(),
            "sense" => self.sense = Some(sense(value)?),
            "step" => self.log.step = text(),
            _ => {
                let known: Vec<&str> = FORECAST_KEYS.iter().map(|k| k.name).collect();
                return Err(PlanError::new(
                    key,
                    format!("is no key of a forecast; its keys are {}", known.join(", ")),
                ));
            }
        }
        Ok(())
    }

    /// Whether a word of the command line is an override rather than a file.
    pub fn is_override(word: &str) -> bool {
        is_override(word, FORECAST_KEYS.iter().map(|k| k.name))
    }
}

pub(crate) fn format(value: &str) -> Result<LogFormat, PlanError> {
    let known = LogFormat::ALL
        .iter()
        .find(|(name, _)| *name == value)
        .map(|(_, f)| *f);
    known.ok_or_else(|| {
        let names: Vec<&str> = LogFormat::ALL.iter().map(|(name, _)| *name).collect();
        PlanError::new(
            "format",
            format!("is `{value}`, must be one of {}", names.join(", ")),
        )
    })
}

fn sense(value: &str) -> Result<Sense, PlanError> {
    match value {
        "loss" => Ok(Sense::Loss),
        "score" => Ok(Sense::Score),
        _ => Err(PlanError::new(
            "sense",
            format!("is `{value}`, must be loss or score"),
        )),
    }
}

/// The forecast of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunForecast {
    /// Name of the run.
    pub id: String,
    /// Name of the metric.
    pub metric: String,
    /// What the metric was taken for.
    pub class: Metric,
    /// How many readings were seen.
    pub points: usize,
    /// Steps and values that were seen, thinned to about a thousand.
    pub seen: (Vec<f64>, Vec<f64>),
    /// The step at which the run ends.
    pub horizon: f64,
    /// What is told.
    pub forecast: Forecast,
    /// Finished runs by which it was calibrated; 0 if it was not.
    pub calibrated_by: usize,
    /// What was odd about the log, in words.
    pub notes: Vec<String>,
}

/// Forecasts every run of a path (a file, a folder of them, a run directory, `-` for standard input), one after the
/// other: no more than one file's runs are held at once. A run without the metric that is asked for is told to `skip`
/// with the metrics that it has, and so is a file of a folder that cannot be read.
///
/// # Errors
/// A path without logs, a malformed log that is named itself.
pub fn forecast_logs(
    path: &Utf8Path,
    spec: &ForecastSpec,
    each: &mut dyn FnMut(RunForecast),
    skip: &mut dyn FnMut(&str, &str),
) -> Result<(), Error> {
    let known = spec.calibration.as_deref().map(known).transpose()?;
    let read = |source: &LogSource| Ok((logs_of(source, spec)?, ()));
    let mut one = |logs: Vec<Log>, (), skip: Skip<'_>| {
        for log in logs {
            match forecast_log_with(&log, spec, known.as_ref()) {
                Ok(told) => each(told),
                Err(why) => skip(&log.id, &why),
            }
        }
    };
    each_file(path, &spec.log, read, &mut one, skip)
}

/// Forecasts one run, without calibration.
///
/// # Errors
/// In words, that it lacks the metric.
pub fn forecast_log(log: &Log, spec: &ForecastSpec) -> Result<RunForecast, String> {
    forecast_log_with(log, spec, None)
}

/// Readings of a run that a forecast keeps.
const KEPT: usize = 1000;

pub(crate) fn forecast_log_with(
    log: &Log,
    spec: &ForecastSpec,
    known: Option<&Calibration>,
) -> Result<RunForecast, String> {
    let (name, series) = chosen(log, spec)?;
    let seen = until(series, spec.at);
    let mut class = Metric::of(name, &series.values[..seen.0.len()]);
    class.sense = spec.sense.unwrap_or(class.sense);
    let newest = seen.0.last().copied().unwrap_or(0.0);
    let now = spec.at.unwrap_or(f64::INFINITY).min(last_step(log));
    let known_end = spec.horizon.or(log.planned);
    let horizon = known_end.unwrap_or(2.0 * newest);
    // A schedule ends where the run does, wherever it is asked about.
    let end = log.planned.filter(|p| *p > now).or(spec.horizon);
    let foreseen = Foreseen::new(log, now, end);
    let broken = series
        .last_not_finite
        .is_some_and(|s| s >= newest && s <= spec.at.unwrap_or(f64::INFINITY));
    let both = norms_of(log);
    let shares = Shares::of(log);
    let companions = companions(log, now, &shares, both.as_ref());
    let question = Question {
        steps: seen.0,
        values: seen.1,
        metric: &class,
        horizon,
        better_than: spec.better_than,
        rate: foreseen.points(log),
        companions: Some(&companions),
        broken,
    };
    let (told, calibrated_by) = match known {
        Some(known) => forecast_calibrated(&question, known, name),
        None => (forecast(&question), 0),
    };
    let mut notes = log.notes.clone();
    notes.extend(foreseen.note());
    if known_end.is_none() && spec.at.is_none() {
        notes.push(format!(
            "where it ends is not known: step {}, twice the last, is taken; horizon= says it",
            step_words(horizon)
        ));
    }
    if horizon < newest {
        notes.push(format!(
            "step {horizon} lies before the last that is seen, {newest}: what is told is the newest value; at= looks from an earlier step"
        ));
    }
    if calibrated_by > 0 {
        notes.push(format!(
            "calibrated by {calibrated_by} finished runs of {name}"
        ));
    }
    notes.extend(
        series
            .oddities()
            .into_iter()
            .map(|o| format!("{name}: {o}")),
    );
    Ok(RunForecast {
        id: log.id.clone(),
        metric: name.to_owned(),
        class,
        points: seen.0.len(),
        seen: thinned(seen, KEPT),
        horizon,
        forecast: told,
        calibrated_by,
        notes,
    })
}

/// Forecasts a column of a run in memory at an epoch, with its [`planned_rate`]; None where it has no finite reading.
pub(crate) fn forecast_curve(
    curve: &dunwu_core::Curve,
    column: &str,
    horizon: u64,
    schedule: Option<&LogSeries>,
) -> Option<Forecast> {
    let series = |name: &str| {
        let points = curve.points(name).filter(|p| p.1.is_finite());
        let (steps, values) = points.map(|(epoch, value)| (epoch as f64, value)).unzip();
        LogSeries {
            steps,
            values,
            ..LogSeries::default()
        }
    };
    let named = |(name, _): (&str, &[f64])| (name.to_owned(), series(name));
    let log = Log {
        id: String::new(),
        series: curve.columns().map(named).collect(),
        planned: Some(horizon as f64),
        schedule: schedule.cloned(),
        notes: vec![],
    };
    let spec = ForecastSpec {
        metric: Some(column.to_owned()),
        ..ForecastSpec::default()
    };
    let told = forecast_log(&log, &spec).ok()?;
    (told.points > 0).then_some(told.forecast)
}

fn until(series: &LogSeries, at: Option<f64>) -> Points<'_> {
    let n = series
        .steps
        .partition_point(|s| *s <= at.unwrap_or(f64::INFINITY));
    (&series.steps[..n], &series.values[..n])
}

fn last_step(log: &Log) -> f64 {
    let lasts = log.series.values().filter_map(|s| s.steps.last().copied());
    lasts.fold(0.0, f64::max)
}

/// That a log lacks a metric, in words.
pub(crate) fn no_metric(log: &Log, wanted: &str) -> String {
    let known: Vec<&str> = log.series.keys().map(String::as_str).take(30).collect();
    format!("it has no metric `{wanted}`; it has {}", known.join(", "))
}

/// The series that is forecast.
pub(crate) fn chosen<'a>(
    log: &'a Log,
    spec: &ForecastSpec,
) -> Result<(&'a str, &'a LogSeries), String> {
    if let Some(wanted) = &spec.metric {
        let found = log.series.get_key_value(wanted);
        let found = found.map(|(n, s)| (n.as_str(), s));
        return found.ok_or_else(|| no_metric(log, wanted));
    }
    let metrics = log
        .series
        .iter()
        .filter(|(name, _)| !Metric::is_beside(name));
    // A summary at the end, or a series that was not begun, says less than a curve.
    let few = |s: &LogSeries| 2 - s.steps.len().min(2);
    let best = metrics.min_by_key(|(name, s)| (few(s), Metric::of(name, &s.values).rank()));
    best.or_else(|| log.series.iter().next())
        .map(|(n, s)| (n.as_str(), s))
        .ok_or_else(|| "it has no metric".to_owned())
}

/// The learning rate, as far as it is logged.
pub(crate) fn rate(log: &Log) -> Option<Points<'_>> {
    const NAMES: [&str; 4] = ["learning_rate", "lr", "train/learning_rate", "train/lr"];
    let named = NAMES.iter().find_map(|n| log.series.get(*n));
    // Lightning's monitor names it after the optimiser.
    let of_optimizer = || log.series.iter().find(|(n, _)| n.starts_with("lr-"));
    let found = named.or_else(|| of_optimizer().map(|(_, s)| s));
    found.map(|s| (s.steps.as_slice(), s.values.as_slice()))
}

/// The norm of all weights of a run of this program, which logs it by layer: what the delayed head is fitted to. `series`
/// gives the steps and the values of a name.
///
/// None of a log that has that norm itself, or lacks one of the two.
pub fn both_norms<'a>(series: impl Fn(&str) -> Option<Points<'a>>) -> Option<(Vec<f64>, Vec<f64>)> {
    if series("weight_norm").is_some() {
        return None;
    }
    let (v, w) = (series("weight_norm.V")?, series("weight_norm.W")?);
    let squares = v.1.iter().zip(w.1).map(|(v, w)| v.hypot(*w));
    (v.0 == w.0).then(|| (v.0.to_vec(), squares.collect()))
}

/// [`both_norms`] of a log.
pub(crate) fn norms_of(log: &Log) -> Option<(Vec<f64>, Vec<f64>)> {
    both_norms(|name| {
        let series = log.series.get(name);
        series.map(|s| (s.steps.as_slice(), s.values.as_slice()))
    })
}

/// The learning rate of a run with what is known of the rest.
#[derive(Debug)]
enum Foreseen {
    /// As it is logged.
    Logged,
    /// As it is logged, then as it is planned.
    Planned(Vec<f64>, Vec<f64>),
    /// It goes on as it began, to this step.
    Followed(Course, f64),
}

impl Foreseen {
    /// `end` is the last step of the run, where it is known.
    fn new(log: &Log, now: f64, end: Option<f64>) -> Self {
        let logged = rate(log).unwrap_or_default();
        if let Some(planned) = &log.schedule {
            let newest = logged.0.last().copied().unwrap_or(f64::NEG_INFINITY);
            let rest = planned.steps.partition_point(|s| *s <= newest);
            return Self::Planned(
                [logged.0, &planned.steps[rest..]].concat(),
                [logged.1, &planned.values[rest..]].concat(),
            );
        }
        end.and_then(|end| Some(Self::Followed(Course::new(logged, now, end)?, end)))
            .unwrap_or(Self::Logged)
    }

    fn points<'a>(&'a self, log: &'a Log) -> Option<Points<'a>> {
        match self {
            Self::Logged => rate(log),
            Self::Planned(steps, rates) => Some((steps, rates)),
            Self::Followed(course, _) => Some((&course.steps, &course.rates)),
        }
    }

    /// What was taken for granted, in words.
    fn note(&self) -> Option<String> {
        let Self::Followed(course, end) = self else {
            return None;
        };
        let form = course.form.words();
        let last = short(*course.rates.last()?);
        Some(format!(
            "the learning rate falls {form}, and is taken to go on so, to {last} at step {end}"
        ))
    }
}

/// Points of a schedule that is known from a plan.
const OF_SCHEDULE: u64 = 512;

/// The logs of a source; those of a run of this program with the learning rate of its plan, where that changes.
pub(crate) fn logs_of(source: &LogSource, spec: &ForecastSpec) -> Result<Vec<Log>, Error> {
    let mut logs = read_log(source, &spec.log)?;
    if source.format == LogFormat::Run {
        let run = RunDir::open(&source.path)?;
        let last = spec.horizon.unwrap_or(0.0).max(run.plan().epochs as f64);
        let schedule = planned_rate(run.plan(), last);
        logs.iter_mut()
            .for_each(|log| log.schedule.clone_from(&schedule));
    }
    Ok(logs)
}

/// The learning rate at each epoch, up to `last`; None where it stays.
pub(crate) fn planned_rate(plan: &RunPlan, last: f64) -> Option<LogSeries> {
    // How many updates a pass takes is not known here, which schedules by shares of the run do without.
    let is_by_share = matches!(
        plan.schedule,
        Schedule::Cosine | Schedule::Linear | Schedule::Wsd
    );
    if plan.schedule == Schedule::Constant || (plan.epoch_updates > 0 && !is_by_share) {
        return None;
    }
    let pass = plan.epoch_updates.max(1);
    let mut plan = plan.clone();
    if plan.epoch_updates > 0 {
        // Nor is how long the warm-up takes: a log that is past it has it.
        plan.warmup = 0.0;
    }
    let last = last.min(1e15) as u64;
    let mut epochs: Vec<u64> = (0..=OF_SCHEDULE)
        .map(|i| (i as f64 / OF_SCHEDULE as f64 * last as f64) as u64)
        .collect();
    epochs.dedup();
    let rate = |epoch: &u64| dunwu_engine::schedule::lr(&plan, pass, epoch.saturating_mul(pass));
    Some(LogSeries {
        values: epochs.iter().map(rate).collect(),
        steps: epochs.iter().map(|e| *e as f64).collect(),
        kept_one_in: 1,
        ..LogSeries::default()
    })
}

/// Scores as shares of 1, from training and from held-out rows.
struct Shares<'a> {
    train: Option<(&'a [f64], Cow<'a, [f64]>)>,
    held: Option<(&'a [f64], Cow<'a, [f64]>)>,
}

impl<'a> Shares<'a> {
    fn of(log: &'a Log) -> Self {
        let find = |measured: Measured| {
            let share = |(name, s): (&String, &'a LogSeries)| {
                let m = Metric::of(name, &s.values);
                let top = m
                    .upper
                    .filter(|_| m.sense == Sense::Score && m.measured == measured)?;
                let values = match top {
                    1.0 => Cow::from(&s.values),
                    top => s.values.iter().map(|v| v / top).collect(),
                };
                (!s.steps.is_empty()).then_some((s.steps.as_slice(), values))
            };
            log.series.iter().find_map(share)
        };
        Self {
            train: find(Measured::Training),
            held: find(Measured::HeldOut),
        }
    }
}

/// The series by which delayed generalisation is known, by the class of their names.
fn companions<'a>(
    log: &'a Log,
    now: f64,
    shares: &'a Shares<'a>,
    both: Option<&'a (Vec<f64>, Vec<f64>)>,
) -> Companions<'a> {
    let loss = |measured: Measured| {
        let fits = |name: &str, s: &LogSeries| {
            let m = Metric::of(name, &s.values);
            m.sense == Sense::Loss && m.measured == measured
        };
        let mut all = log.series.iter();
        let found = all.find(|(name, s)| fits(name, s) && !s.steps.is_empty());
        found.map(|(_, s)| (s.steps.as_slice(), s.values.as_slice()))
    };
    let score =
        |s: &'a Option<(&'a [f64], Cow<'a, [f64]>)>| s.as_ref().map(|(x, y)| (*x, y.as_ref()));
    let norm = [
        "weight_norm",
        "weight_norm.total",
        "param_norm",
        "l2_norm",
        "norm",
    ]
    .iter()
    .find_map(|n| log.series.get(*n))
    .map(|s| (s.steps.as_slice(), s.values.as_slice()))
    .or(both.map(|(steps, values)| (steps.as_slice(), values.as_slice())));
    Companions {
        train_score: score(&shares.train),
        held_score: score(&shares.held),
        train_loss: loss(Measured::Training),
        held_loss: loss(Measured::HeldOut),
        weight_norm: norm,
        now,
    }
}

fn quantiles(q: &Quantiles) -> Value {
    json!({"q05": q.at(0.05), "q25": q.at(0.25), "q50": q.at(0.5), "q75": q.at(0.75), "q95": q.at(0.95)})
}

fn jump(jump: &Jump) -> Value {
    json!({"p": jump.p, "step_q05": jump.step.0, "step_q50": jump.step.1, "step_q95": jump.step.2})
}

impl RunForecast {
    /// The object of `--json`.
    pub fn to_json(&self) -> Value {
        let f = &self.forecast;
        let path: Vec<Value> = f
            .path
            .iter()
            .map(|(step, q)| {
                let mut point = quantiles(q);
                point["step"] = json!(step);
                point
            })
            .collect();
        json!({
            "id": self.id,
            "metric": self.metric,
            "seen": {
                "points": self.points,
                "last_step": self.seen.0.last(),
                "last": self.seen.1.last(),
            },
            "horizon": self.horizon,
            "final": f.last.as_ref().map(quantiles),
            "path": path,
            "jump": f.jump.as_ref().map(jump),
            "p_better": f.p_better,
            "decision": f.decision.name(),
            "reason": f.reason,
            "novelty": if f.novelty.is_finite() { json!(f.novelty) } else { Value::Null },
            "can_tell": f.can_tell,
            "calibrated_by": self.calibrated_by,
            "notes": self.notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::RunSpec;

    fn logged(steps: u32, rate: impl Fn(f64) -> f64) -> Log {
        let steps: Vec<f64> = (0..=steps).map(f64::from).collect();
        let rates = LogSeries {
            values: steps.iter().map(|s| rate(*s)).collect(),
            steps,
            ..LogSeries::default()
        };
        Log {
            id: "run".to_owned(),
            series: [("lr".to_owned(), rates)].into(),
            planned: Some(400.0),
            schedule: None,
            notes: vec![],
        }
    }

    #[test]
    fn a_planned_rate_goes_on_where_the_log_ends() {
        let words = [
            "schedule=wsd",
            "schedule_cooldown=0.5",
            "epochs=400",
            "lr=1",
        ];
        let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
        let mut log = logged(100, |_| 1.0);
        log.schedule = planned_rate(&plan, 400.0);
        let foreseen = Foreseen::new(&log, 100.0, Some(400.0));
        let (steps, rates) = foreseen.points(&log).unwrap();
        assert!(steps.windows(2).all(|s| s[0] < s[1]) && steps.last() == Some(&400.0));
        let at = |step: f64| rates[steps.iter().position(|s| *s == step).unwrap()];
        assert_eq!(
            [at(100.0), at(200.0), at(300.0), at(400.0)],
            [1.0, 1.0, 0.5, 0.0]
        );
        assert_eq!(foreseen.note(), None);
        let plan = RunSpec::from_overrides(["lr=1"]).unwrap();
        assert_eq!(planned_rate(&plan.resolve().unwrap(), 400.0), None);
    }

    #[test]
    fn a_logged_rate_is_followed_only_to_a_known_end() {
        let log = logged(100, |s| 1e-3 * (1.0 - s / 400.0));
        let foreseen = Foreseen::new(&log, 100.0, Some(400.0));
        let (steps, rates) = foreseen.points(&log).unwrap();
        assert!(steps.last() == Some(&400.0) && rates.last().unwrap().abs() < 1e-12);
        assert_eq!(
            foreseen.note().unwrap(),
            "the learning rate falls along a straight line, and is taken to go on so, to 0 at step 400"
        );
        let unknown = Foreseen::new(&log, 100.0, None);
        assert_eq!(unknown.points(&log), rate(&log));
        assert_eq!(unknown.note(), None);
    }
}
