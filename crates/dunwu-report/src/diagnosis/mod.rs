//! The page of a diagnosis, and a small picture for each finding.

mod record;

pub use record::{DiagnosedFinding, DiagnosedRun, DiagnosedSign, DiagnosisPage, DrawnSeries};
