//! Errors of training.

use std::fmt;

/// Why training could not start or go on.
#[derive(Debug)]
pub struct EngineError {
    kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A plan that this engine does not run.
    Unsupported { key: &'static str, why: String },
    /// A state that does not fit the plan.
    State { tensor: String, why: String },
    /// No row to train on.
    NoRows,
    /// Worker threads could not be started.
    Threads(rayon::ThreadPoolBuildError),
}

impl EngineError {
    pub(crate) fn unsupported(key: &'static str, why: impl Into<String>) -> Self {
        Kind::Unsupported {
            key,
            why: why.into(),
        }
        .into()
    }

    pub(crate) fn state(tensor: impl Into<String>, why: impl Into<String>) -> Self {
        Kind::State {
            tensor: tensor.into(),
            why: why.into(),
        }
        .into()
    }

    /// Whether another plan or another state would help.
    pub fn is_bad_input(&self) -> bool {
        !matches!(self.kind, Kind::Threads(_))
    }
}

impl From<Kind> for EngineError {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Unsupported { key, why } => write!(f, "{key}: {why}"),
            Kind::State { tensor, why } => {
                write!(f, "state does not fit the plan: tensor `{tensor}` {why}")
            }
            Kind::NoRows => write!(f, "no row to train on; raise train_fraction or train_size"),
            Kind::Threads(_) => write!(f, "worker threads could not be started"),
        }
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Threads(cause) => Some(cause),
            _ => None,
        }
    }
}
