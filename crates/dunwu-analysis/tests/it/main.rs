//! What the analysis says of recorded runs, of prefixes of runs, and of arbitrary series.

mod crossings;
mod detector;
mod prefixes;
mod recorded;
mod verdicts;
mod words;
