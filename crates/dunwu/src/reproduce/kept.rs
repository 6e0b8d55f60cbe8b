//! A finished run as a table of one row, from which it comes back bit by bit.

use crate::recorder::columns;
use crate::trial::{OfTask, Trial, Went};
use dunwu_core::{Curve, Metrics, NamedTensor, RunPlan, Score, StopReason};
use dunwu_store::{Column, Table};

/// What such a table holds.
pub(super) const KIND: &str = "run";

/// Goes before the name of a column of the curve, and of a score at the last epoch.
const CURVE: &str = "curve.";
const LAST: &str = "last.";

/// The table of a run that goes by a name. Its weights are named in their order, and not kept in it.
pub(super) fn table(name: &str, trial: &Trial) -> Table {
    let mut table = Table::default();
    text(&mut table, "name", Some(name));
    for (name, value) in [
        ("seed", Some(trial.seed)),
        ("epoch", Some(trial.epoch)),
        ("classes", Some(trial.classes as u64)),
        ("trained_on", Some(trial.trained_on as u64)),
        ("held_out", Some(trial.held_out as u64)),
        ("rows", Some(trial.rows as u64)),
        ("features", trial.of_task.features.map(|n| n as u64)),
        ("tokens", Some(trial.of_task.tokens.into())),
    ] {
        whole(&mut table, name, value);
    }
    real(&mut table, "chance", trial.of_task.chance);
    put_stopped(&mut table, &trial.stopped);
    whole(&mut table, "last.epoch", Some(trial.last.epoch));
    for (name, value) in columns(&trial.last) {
        real(&mut table, &format!("{LAST}{name}"), value);
    }
    let epochs = trial.curve.epochs().iter().map(|e| *e as i64).collect();
    table.insert("epochs", Column::Integers(vec![epochs]));
    for (name, values) in trial.curve.columns() {
        let column = Column::Reals(vec![values.to_vec()]);
        table.insert(format!("{CURVE}{name}"), column);
    }
    let weights: Vec<&str> = trial.weights.iter().map(|t| t.name.as_str()).collect();
    let weights = weights.join(" ");
    text(
        &mut table,
        "weights",
        (!weights.is_empty()).then_some(&weights),
    );
    table
}

fn text(table: &mut Table, name: &str, value: Option<&str>) {
    table.insert(name, Column::Text(vec![value.map(str::to_owned)]));
}

fn whole(table: &mut Table, name: &str, value: Option<u64>) {
    table.insert(name, Column::Integer(vec![value.map(|n| n as i64)]));
}

fn real(table: &mut Table, name: &str, value: f64) {
    table.insert(name, Column::Real(vec![Some(value)]));
}

fn put_stopped(table: &mut Table, stopped: &StopReason) {
    let (how, why, at) = match stopped {
        StopReason::Completed => ("completed", None, None),
        StopReason::Observer(why) => ("observer", Some(why), None),
        StopReason::Diverged { epoch, tensor } => ("diverged", Some(tensor), Some(*epoch)),
        StopReason::Interrupted => ("interrupted", None, None),
    };
    text(table, "stopped", Some(how));
    text(table, "stopped.why", why.map(String::as_str));
    whole(table, "stopped.epoch", at);
}

/// The name that a run goes by.
pub(super) fn name(table: &Table) -> Option<&str> {
    table.texts("name").first()?.as_deref()
}

/// Names of the run's weights, in their order; none where they are not kept.
pub(super) fn weights(table: &Table) -> Vec<&str> {
    let names = table.texts("weights").first().and_then(Option::as_deref);
    names.unwrap_or_default().split_whitespace().collect()
}

/// The run of that plan, with its weights.
///
/// # Errors
/// What the table lacks.
pub(super) fn trial(
    table: &Table,
    plan: &RunPlan,
    weights: Vec<NamedTensor>,
) -> Result<Trial, String> {
    let row = Row(table);
    let went = Went {
        seed: row.whole("seed")?,
        epoch: row.whole("epoch")?,
        stopped: row.stopped()?,
        curve: row.curve()?,
        last: row.last()?,
        classes: row.count("classes")?,
        trained_on: row.count("trained_on")?,
        held_out: row.count("held_out")?,
        rows: row.count("rows")?,
        weights,
        of_task: OfTask {
            chance: row.real("chance")?,
            features: row.maybe_whole("features").map(|n| n as usize),
            tokens: row.whole("tokens")? != 0,
        },
    };
    Ok(went.trial(plan))
}

/// The one row of a table.
struct Row<'a>(&'a Table);

impl Row<'_> {
    fn maybe_whole(&self, name: &str) -> Option<u64> {
        let value = self.0.integers(name).first().copied().flatten();
        value.and_then(|n| u64::try_from(n).ok())
    }

    fn whole(&self, name: &str) -> Result<u64, String> {
        self.maybe_whole(name).ok_or_else(|| lacks(name))
    }

    fn count(&self, name: &str) -> Result<usize, String> {
        self.whole(name).map(|n| n as usize)
    }

    fn maybe_real(&self, name: &str) -> Option<f64> {
        self.0.reals(name).first().copied().flatten()
    }

    fn real(&self, name: &str) -> Result<f64, String> {
        self.maybe_real(name).ok_or_else(|| lacks(name))
    }

    fn text(&self, name: &str) -> Result<String, String> {
        let value = self.0.texts(name).first().cloned().flatten();
        value.ok_or_else(|| lacks(name))
    }

    fn stopped(&self) -> Result<StopReason, String> {
        Ok(match self.text("stopped")?.as_str() {
            "completed" => StopReason::Completed,
            "observer" => StopReason::Observer(self.text("stopped.why")?),
            "diverged" => StopReason::Diverged {
                epoch: self.whole("stopped.epoch")?,
                tensor: self.text("stopped.why")?,
            },
            other => return Err(format!("`{other}` is no way in which a finished run ends")),
        })
    }

    fn last(&self) -> Result<Metrics, String> {
        let maybe = |name: &str| self.maybe_real(&format!("{LAST}{name}"));
        let real = |name: &str| self.real(&format!("{LAST}{name}"));
        let score = |loss: &str, accuracy: &str| {
            let (loss, accuracy) = (maybe(loss)?, maybe(accuracy)?);
            Some(Score { loss, accuracy })
        };
        Ok(Metrics {
            epoch: self.whole("last.epoch")?,
            lr: real("lr")?,
            train: Score {
                loss: real("train_loss")?,
                accuracy: real("train_acc")?,
            },
            test: score("test_loss", "test_acc"),
            noisy: score("noisy_loss", "noisy_acc"),
            noisy_clean_accuracy: maybe("noisy_clean_acc"),
        })
    }

    fn curve(&self) -> Result<Curve, String> {
        let Some(Column::Integers(epochs)) = self.0.column("epochs") else {
            return Err(lacks("epochs"));
        };
        let epochs = epochs.first().ok_or_else(|| lacks("epochs"))?;
        if !epochs.is_sorted_by(|a, b| a < b) || epochs.first().is_some_and(|e| *e < 0) {
            return Err("its epochs do not ascend".to_owned());
        }
        let mut curve = Curve::default();
        for (name, column) in self.0.columns() {
            let Some(signal) = name.strip_prefix(CURVE) else {
                continue;
            };
            let values = match column {
                Column::Reals(rows) => rows.first(),
                _ => None,
            };
            let values = values.filter(|v| v.len() == epochs.len());
            for (epoch, value) in epochs.iter().zip(values.ok_or_else(|| lacks(name))?) {
                curve.set(*epoch as u64, signal, *value);
            }
        }
        Ok(curve)
    }
}

fn lacks(name: &str) -> String {
    format!("it lacks `{name}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Control, Keep};
    use camino::Utf8PathBuf;
    use dunwu_core::{RunSpec, Values};
    use dunwu_store::{RecordDir, read_table};

    /// All numbers by their bits.
    fn bits(trial: &Trial) -> String {
        let hex = |x: f64| format!("{:016x}", x.to_bits());
        let mut out = format!(
            "{} {} {:?} {:?} {:?} {} {} {} {} {:?}",
            trial.seed,
            trial.epoch,
            trial.stopped,
            trial.generalised,
            trial.account,
            trial.classes,
            trial.trained_on,
            trial.held_out,
            trial.rows,
            trial.curve.epochs(),
        );
        let last = columns(&trial.last).map(|(name, x)| (name, vec![x]));
        let curve = trial.curve.columns().map(|(n, v)| (n, v.to_vec()));
        for (name, values) in last.chain(curve) {
            let values: Vec<String> = values.into_iter().map(hex).collect();
            out += &format!("\n{name} {}", values.join(" "));
        }
        for t in &trial.weights {
            let view = t.view();
            let values: Vec<String> = view.to_f64().into_iter().map(hex).collect();
            out += &format!("\n{} {} {} {values:?}", t.name, t.rows, t.cols);
            out += if matches!(t.values, Values::F32(_)) {
                " 32"
            } else {
                " 64"
            };
        }
        out
    }

    fn plan(words: &[&str]) -> RunPlan {
        RunSpec::from_overrides(words).unwrap().resolve().unwrap()
    }

    fn run(plan: &RunPlan) -> Trial {
        let keep = Keep { weights: true };
        crate::trial(plan, 3, 1, &Control::default(), keep).unwrap()
    }

    fn through_a_file(trial: &Trial, plan: &RunPlan) -> Trial {
        let keep = tempfile::tempdir().unwrap();
        let dir = Utf8PathBuf::from_path_buf(keep.path().join("d")).unwrap();
        let held = RecordDir::create(&dir).unwrap();
        held.write_table("runs/a.parquet", KIND, &table("a", trial))
            .unwrap();
        let read = read_table(&dir, "runs/a.parquet", KIND).unwrap().unwrap();
        assert_eq!(name(&read), Some("a"));
        let names: Vec<&str> = trial.weights.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(weights(&read), names);
        super::trial(&read, plan, trial.weights.clone()).unwrap()
    }

    #[test]
    fn runs_come_back_bit_by_bit() {
        for words in [
            &["task=Z7", "width=32", "epochs=40", "probes=cheap"][..],
            &[
                "task=Z5",
                "width=16",
                "epochs=30",
                "label_noise=0.2",
                "eval_every=7",
            ],
            &[
                "task=Z7",
                "width=64",
                "epochs=300",
                "lr=1e-2",
                "train_fraction=0.8",
                "stop=generalised",
                "stop_accuracy=0.3",
                "probes=none",
            ],
            &[
                "task=Z5",
                "width=16",
                "epochs=50",
                "optimizer=sgd",
                "lr=1e6",
                "activation=square",
            ],
        ] {
            let plan = plan(words);
            let trial = run(&plan);
            let back = through_a_file(&trial, &plan);
            assert_eq!(bits(&back), bits(&trial), "{words:?}");
            assert_eq!(back.of_task, trial.of_task);
        }
    }

    #[test]
    fn every_way_to_end_and_every_number_that_is_none_comes_back() {
        let plan = plan(&["task=Z5", "width=16", "epochs=4"]);
        let mut trial = run(&plan);
        let odd = [
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            f64::from_bits(0xfff8_0000_0000_0001),
            f64::from_bits(1),
        ];
        for (epoch, x) in (0..).zip(odd) {
            trial.curve.set(epoch, "odd", x);
            trial.curve.set(epoch, "none", f64::NAN);
            trial
                .curve
                .set(epoch, "zero", if epoch % 2 == 0 { 0.0 } else { -0.0 });
        }
        trial.last.train.loss = f64::NAN;
        trial.last.train.accuracy = -0.0;
        trial.last.test = None;
        trial.last.noisy_clean_accuracy = Some(f64::NEG_INFINITY);
        for stopped in [
            StopReason::Completed,
            StopReason::Observer("two words".into()),
            StopReason::Diverged {
                epoch: 2,
                tensor: "hidden.0".into(),
            },
        ] {
            trial.stopped = stopped;
            let back = through_a_file(&trial, &plan);
            // What is made from the rest is made anew.
            trial.account = back.account.clone();
            trial.generalised = back.generalised;
            assert_eq!(bits(&back), bits(&trial));
        }
        trial.stopped = StopReason::Interrupted;
        let error = super::trial(&table("a", &trial), &plan, vec![]).unwrap_err();
        assert!(error.contains("`interrupted` is no way"), "{error}");
    }

    #[test]
    fn what_a_table_lacks_is_named() {
        let plan = plan(&["task=Z5", "width=16", "epochs=4"]);
        let whole = table("a", &run(&plan));
        for lacking in [
            "seed",
            "epochs",
            "last.lr",
            "last.train_loss",
            "chance",
            "stopped",
        ] {
            let mut table = Table::default();
            let others = whole.columns().filter(|(name, _)| *name != lacking);
            others.for_each(|(name, column)| table.insert(name, column.clone()));
            let error = trial(&table, &plan, vec![]).unwrap_err();
            assert_eq!(error, format!("it lacks `{lacking}`"));
        }
    }
}
