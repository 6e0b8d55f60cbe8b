//! What a series of readings means: crossings, stages, verdicts.
