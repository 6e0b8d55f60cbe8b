//! Forecasts of a run in progress, told again when they change.

use crate::error::Error;
use crate::forecast::{ForecastSpec, RunForecast, forecast_log_with};
use crate::forecast_known::known;
use camino::Utf8Path;
use dunwu_analysis::forecast::{Calibration, Decision, Quantiles};
use dunwu_core::PlanError;
use dunwu_store::{Log, StoreError, log_sources, read_log, read_log_from};

/// A run that is followed, with what was told of it last.
#[derive(Debug)]
pub struct Follow {
    spec: ForecastSpec,
    known: Option<Calibration>,
    told: Option<Told>,
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
            spec,
            known,
            told: None,
        })
    }

    /// Looks at a file, or a directory of one run. None as long as it holds nothing that can be read, if nothing was
    /// ever read.
    ///
    /// # Errors
    /// A log of several runs; one that can no longer be read.
    pub fn path(&mut self, path: &Utf8Path) -> Result<Option<Look>, Error> {
        let read = || -> Result<Vec<Log>, StoreError> {
            let mut logs = Vec::new();
            for source in log_sources(path, &self.spec.log)? {
                logs.extend(read_log(&source, &self.spec.log)?);
            }
            Ok(logs)
        };
        let logs = read();
        self.look(logs)
    }

    /// Looks at the lines that came so far.
    ///
    /// # Errors
    /// Those of [`Follow::path`].
    pub fn lines(&mut self, bytes: &[u8]) -> Result<Option<Look>, Error> {
        let logs = read_log_from("standard input", bytes, &self.spec.log);
        self.look(logs)
    }

    fn look(&mut self, logs: Result<Vec<Log>, StoreError>) -> Result<Option<Look>, Error> {
        let logs = match logs {
            Ok(logs) => logs,
            // A header without a row is no error as long as the run has not begun.
            Err(_) if self.told.is_none() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let [log] = logs.as_slice() else {
            let why = format!("holds {} runs: follow one of them alone", logs.len());
            return Err(PlanError::new("--follow", why).into());
        };
        let Ok(run) = forecast_log_with(log, &self.spec, self.known.as_ref()) else {
            return Ok(None);
        };
        let Some(step) = run.seen.0.last().copied() else {
            return Ok(None);
        };
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

    /// Why nothing could be read of the lines, once they have ended.
    ///
    /// # Errors
    /// Always: that of reading, or that there is no metric.
    pub fn why_nothing(&self, bytes: &[u8]) -> Error {
        match read_log_from("standard input", bytes, &self.spec.log) {
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
