//! The result of a run as one JSON object. Its names are a contract: fields are added, never renamed.

use crate::lab::{Report, Run};
use dunwu_core::{Curve, Finding};
use serde_json::{Value, json};

/// The JSON of `dunwu train --json` and of `summary.json`.
pub fn summary(report: &Report) -> Value {
    json!({
        "task": report.plan.task,
        "plan": report.plan,
        "seconds": report.seconds,
        "runs": report.runs.iter().map(one).collect::<Vec<_>>(),
        "features": report.features,
        "interrupted": report.interrupted,
        "dir": report.dir,
    })
}

fn one(run: &Run) -> Value {
    let account = &run.account;
    json!({
        "seed": run.seed,
        "epochs": run.epoch,
        "final": {
            "train_acc": last(&run.curve, "train_acc"),
            "test_acc": last(&run.curve, "test_acc"),
            "train_loss": last(&run.curve, "train_loss"),
            "test_loss": last(&run.curve, "test_loss"),
        },
        "epochs_to": {
            "train_99": account.train_99.first,
            "test_50": account.test_50.first,
            "test_99": account.test_99.first,
        },
        "sustained": { "test_99": account.test_99.sustained },
        "delay": account.delay,
        "fate": stage(&account.fate),
        "stages": account.stages.iter().map(stage).collect::<Vec<_>>(),
        "sentences": account.sentences,
        "features_covered": last(&run.curve, "features_covered"),
        "stopped": run.stopped,
    })
}

fn stage(finding: &Finding) -> Value {
    json!({
        "name": finding.name,
        "from": finding.from,
        "to": finding.to,
        "by": finding.by,
        "confidence": finding.confidence,
        "statement": finding.statement,
    })
}

/// The last reading; null if there is none or it is not finite.
fn last(curve: &Curve, column: &str) -> Option<f64> {
    curve
        .points(column)
        .last()
        .map(|(_, value)| value)
        .filter(|v| v.is_finite())
}
