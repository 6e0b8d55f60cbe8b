//! What a check may use: the row, the runs, the threads.

use super::follow::Followed;
use super::row::{Changes, Point, Row};
use super::runs::Runs;
use crate::error::Error;
use crate::trial::Trial;
use dunwu_analysis::known::KnownError;
use dunwu_analysis::landscape::LandscapeError;
use dunwu_core::PlanError;
use dunwu_engine::EngineError;
use dunwu_task::TaskError;
use std::sync::Arc;

/// Why a row was not finished.
#[derive(Debug)]
pub(super) enum Halt {
    /// The user asked for it.
    Interrupted,
    /// It cannot be done.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Failed(error)
    }
}

macro_rules! from {
    ($($source:ty),+) => {
        $(impl From<$source> for Halt {
            fn from(source: $source) -> Self {
                Halt::Failed(source.into())
            }
        })+
    };
}
from!(EngineError, LandscapeError, PlanError, TaskError);

impl From<KnownError> for Halt {
    fn from(error: KnownError) -> Self {
        Halt::Failed(crate::error::failed(error.to_string()))
    }
}

/// A point and its runs, by seed.
pub(super) type Trained = (Point, Vec<Arc<Trial>>);

/// Where a row is measured.
pub(super) struct Stage<'a> {
    /// The row.
    pub row: &'a Row,
    /// What the caller changes.
    pub changes: Changes,
    /// What was trained.
    pub runs: &'a Runs,
    /// Points of arms that follow others.
    pub followed: &'a Followed,
}

impl Stage<'_> {
    /// The grid of an arm.
    pub(super) fn points(&self, arm: &str) -> Result<Vec<Point>, Halt> {
        match self.followed.points(arm) {
            Some(points) => Ok(points.clone()),
            None => Ok(self.row.points(arm, self.changes)?),
        }
    }

    /// The runs of a point, by seed.
    pub(super) fn trials(&self, point: &Point) -> Result<Vec<Arc<Trial>>, Halt> {
        self.runs.of(&point.plan).ok_or(Halt::Interrupted)
    }

    /// Points with their runs.
    pub(super) fn all(&self, arm: &str) -> Result<Vec<Trained>, Halt> {
        let with = |point: Point| {
            let trials = self.trials(&point)?;
            Ok((point, trials))
        };
        self.points(arm)?.into_iter().map(with).collect()
    }
}
