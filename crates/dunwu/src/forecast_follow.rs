//! Forecasts of a run in progress, told again when they change.

use crate::error::Error;
use crate::forecast::{ForecastSpec, RunForecast, forecast_log_with, logs_of};
use crate::forecast_known::known;
use camino::Utf8Path;
use dunwu_analysis::forecast::{Calibration, Decision, Quantiles};
use dunwu_core::PlanError;
use dunwu_store::{GrowingLog, Log, StoreError, Tail};

/// A run that is followed, with what was told of it last.
#[derive(Debug)]
pub struct Follow {
    spec: ForecastSpec,
    known: Option<Calibration>,
    told: Option<Told>,
    tail: Option<Tail>,
    stream: GrowingLog,
    /// Why the stream can no longer be read.
    broken: Option<StoreError>,
    /// Why nothing was told at the last look.
    waits: Option<String>,
}

/// What was told last.
#[derive(Clone, Copy, Debug)]
struct Told {
    decision: Decision,
    can_tell: bool,
    end: Option<Quantiles>,
    p: f64,
    step: f64,
}

/// Share of the width of the 90 % interval by which one of its ends must move to be told again.
const MOVED: f64 = 0.1;
/// Change of a probability that is told.
const LIKELIER: f64 = 0.05;

/// What a look brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The forecast.
    pub run: RunForecast,
    /// Whether it differs from the last that was told by as much as matters.
    pub is_news: bool,
    /// Whether the run is at its end: its last step is the horizon.
    pub is_over: bool,
    /// Whether it is to be stopped, before its end.
    pub is_to_stop: bool,
}

impl Follow {
    /// Begins to follow.
    ///
    /// # Errors
    /// A calibration that cannot be read.
    pub fn new(spec: ForecastSpec) -> Result<Self, Error> {
        let known = spec.calibration.as_deref().map(known).transpose()?;
        Ok(Self {
            stream: GrowingLog::new("standard input", None, &spec.log),
            spec,
            known,
            told: None,
            tail: None,
            broken: None,
            waits: None,
        })
    }

    /// Looks at a file, or a directory of one run: always the same one. What was read of a log that only grows is not
    /// read again ([`Tail`]). None if nothing came since the last look, or as long as nothing that can be read ever came.
    ///
    /// # Errors
    /// A log of several runs; one that can no longer be read.
    pub fn path(&mut self, path: &Utf8Path) -> Result<Option<Look>, Error> {
        let spec = &self.spec;
        let tail = self.tail.get_or_insert_with(|| Tail::new(path, &spec.log));
        let before = tail.replaced();
        let logs = tail
            .look_with(&mut |source| logs_of(source, spec))
            .transpose();
        if tail.replaced() > before {
            // What was told of another log is no measure of what is new.
            self.told = None;
        }
        match logs {
            None => Ok(None),
            Some(logs) => self.look(logs),
        }
    }

    /// Takes bytes of a stream, which follow those before.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            self.broken = self.stream.feed(bytes).err();
        }
    }

    /// Takes the last line of the stream, where it has no end.
    pub fn end(&mut self) {
        if self.broken.is_none() {
            self.broken = self.stream.end().err();
        }
    }

    /// Looks at what came of the stream so far.
    ///
    /// # Errors
    /// Those of [`Follow::path`].
    pub fn stream(&mut self) -> Result<Option<Look>, Error> {
        let logs = match self.broken.take() {
            None => self.stream.logs().map_err(Error::from),
            Some(error) if self.told.is_none() => {
                self.broken = Some(error);
                return Ok(None);
            }
            Some(error) => Err(error.into()),
        };
        self.look(logs)
    }

    fn look(&mut self, logs: Result<Vec<Log>, Error>) -> Result<Option<Look>, Error> {
        let logs = match logs {
            Ok(logs) => logs,
            // A header without a row is no error as long as the run has not begun.
            Err(why) if self.told.is_none() => return Ok(self.wait(why.to_string())),
            Err(error) => return Err(error),
        };
        let log = match logs.as_slice() {
            [] => return Ok(self.wait("nothing is logged yet".to_owned())),
            [log] => log,
            _ => {
                let names: Vec<&str> = logs.iter().take(3).map(|l| l.id.as_str()).collect();
                let more = if logs.len() > 3 { ", …" } else { "" };
                let (count, names) = (logs.len(), names.join(", "));
                let why = format!("holds {count} runs ({names}{more}): follow one of them alone");
                return Err(PlanError::new("--follow", why).into());
            }
        };
        let run = match forecast_log_with(log, &self.spec, self.known.as_ref()) {
            Ok(run) => run,
            Err(why) => return Ok(self.wait(why)),
        };
        let Some(step) = run.seen.0.last().copied() else {
            return Ok(self.wait(format!("{} has no reading yet", run.metric)));
        };
        self.waits = None;
        let told = Told::new(&run, step);
        let is_news = self.told.is_none_or(|last| last.differs(&told));
        if is_news {
            self.told = Some(told);
        }
        let is_over = step >= run.horizon;
        let is_to_stop = !is_over && run.forecast.decision == Decision::Stop;
        Ok(Some(Look {
            run,
            is_news,
            is_over,
            is_to_stop,
        }))
    }

    fn wait(&mut self, why: String) -> Option<Look> {
        self.waits = Some(why);
        None
    }

    /// Why nothing was told at the last look, where that is for want of something: the log may still get it.
    pub fn waits(&self) -> Option<&str> {
        self.waits.as_deref()
    }

    /// Why nothing could be read of the stream, once it has ended.
    ///
    /// # Errors
    /// Always: that of reading, or that there is no metric.
    pub fn why_nothing(self) -> Error {
        match self.broken.map_or_else(|| self.stream.logs(), Err) {
            Err(error) => error.into(),
            Ok(_) => PlanError::new("metric", "is not among what was logged").into(),
        }
    }
}

impl Told {
    fn new(run: &RunForecast, step: f64) -> Self {
        let f = &run.forecast;
        Self {
            decision: f.decision,
            can_tell: f.can_tell,
            end: f.last,
            p: f.p_better.or(f.jump.map(|j| j.p)).unwrap_or(0.0),
            step,
        }
    }

    fn differs(&self, new: &Self) -> bool {
        let moved = match (&self.end, &new.end) {
            (Some(a), Some(b)) => {
                let room = MOVED * (a.at(0.95) - a.at(0.05));
                [0.05, 0.5, 0.95]
                    .iter()
                    .any(|l| (a.at(*l) - b.at(*l)).abs() > room)
            }
            (a, b) => a.is_some() != b.is_some(),
        };
        new.step != self.step
            && (self.decision != new.decision
                || self.can_tell != new.can_tell
                || moved
                || (self.p - new.p).abs() > LIKELIER)
    }
}
