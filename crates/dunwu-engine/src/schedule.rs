//! Learning rates over passes over the training rows.

use dunwu_core::{RunPlan, Schedule};

/// Signature of a schedule: the factor on the learning rate after `t` of `T` passes.
type Factor = fn(&RunPlan, f64, f64) -> f64;

/// One row of the table of schedules.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which one.
    pub kind: Schedule,
    /// Factor on the learning rate after t of T passes, as documentation prints it.
    pub formula: &'static str,
    factor: Factor,
}

/// Every schedule, sorted by name.
pub static ALL: &[Entry] = &[
    Entry {
        kind: Schedule::Constant,
        formula: "1",
        factor: |_, _, _| 1.0,
    },
    Entry {
        kind: Schedule::Cosine,
        formula: "f + (1 − f)·½(1 + cos(π t/T))",
        factor: |plan, t, all| floored(plan, cosine(t / all)),
    },
    Entry {
        kind: Schedule::Exponential,
        formula: "γᵗ",
        factor: |plan, t, _| libm::pow(plan.schedule_gamma, t),
    },
    Entry {
        kind: Schedule::Linear,
        formula: "f + (1 − f)(1 − t/T)",
        factor: |plan, t, all| floored(plan, 1.0 - t / all),
    },
    Entry {
        kind: Schedule::Multistep,
        formula: "γ^(milestones ≤ t)",
        factor: |plan, t, _| multistep(plan, t),
    },
    Entry {
        kind: Schedule::Step,
        formula: "γ^⌊t/step⌋",
        factor: |plan, t, _| power(plan.schedule_gamma, t as u64 / plan.schedule_step),
    },
    Entry {
        kind: Schedule::Wsd,
        formula: "f + (1 − f)·min(1, (1 − t/T)/c)",
        factor: |plan, t, all| floored(plan, (1.0 - t / all) / plan.schedule_cooldown),
    },
];

/// Learning rate of an update, counted from 0, where a pass over the training rows takes `pass` of them.
///
/// The schedule's factor after t = `update`/`pass` passes, times (`update` + 1)/(w + 1) in the first w = `warmup`·`pass` updates.
/// However many updates make an epoch, the rates stay the same.
///
/// ```
/// use dunwu_core::RunSpec;
/// let plan = RunSpec::from_overrides(["lr=0.1", "schedule=step", "schedule_step=10", "schedule_gamma=0.5"]);
/// let plan = plan.unwrap().resolve().unwrap();
/// assert_eq!(dunwu_engine::schedule::lr(&plan, 4, 100), 0.025);
/// ```
pub fn lr(plan: &RunPlan, pass: u64, update: u64) -> f64 {
    let entry = ALL
        .iter()
        .find(|e| e.kind == plan.schedule)
        .expect("the table has every schedule");
    let t = update as f64 / pass as f64;
    let warm = (plan.warmup * pass as f64).round();
    let warm = if (update as f64) < warm {
        (update as f64 + 1.0) / (warm + 1.0)
    } else {
        1.0
    };
    plan.lr * warm * (entry.factor)(plan, t, passes(plan, pass))
}

/// Updates of an epoch.
pub(crate) fn updates(plan: &RunPlan, pass: u64) -> u64 {
    match plan.epoch_updates {
        0 => pass,
        updates => updates,
    }
}

/// Passes of the whole run, of which the last may be a part.
fn passes(plan: &RunPlan, pass: u64) -> f64 {
    let all = plan.epochs.max(1) as f64;
    match plan.epoch_updates {
        0 => all,
        updates => all * updates as f64 / pass as f64,
    }
}

/// From 1 down to the plan's floor where a factor goes from 1 to 0.
fn floored(plan: &RunPlan, factor: f64) -> f64 {
    plan.schedule_floor + (1.0 - plan.schedule_floor) * factor.clamp(0.0, 1.0)
}

fn cosine(share: f64) -> f64 {
    0.5 * (1.0 + libm::cos(std::f64::consts::PI * share.min(1.0)))
}

fn multistep(plan: &RunPlan, t: f64) -> f64 {
    let passed = plan
        .milestones
        .iter()
        .filter(|milestone| **milestone as f64 <= t)
        .count();
    power(plan.schedule_gamma, passed as u64)
}

fn power(gamma: f64, exponent: u64) -> f64 {
    libm::pow(gamma, exponent as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::RunSpec;

    fn rates(words: &[&str], epochs: &[u64]) -> Vec<f64> {
        let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
        let pass = 3;
        epochs.iter().map(|e| lr(&plan, pass, pass * e)).collect()
    }

    fn close(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        a.iter()
            .zip(b)
            .for_each(|(x, y)| assert!((x - y).abs() < 1e-15, "{a:?} {b:?}"));
    }

    #[test]
    fn the_table_has_every_schedule_sorted() {
        assert_eq!(
            ALL.iter().map(|e| e.kind).collect::<Vec<_>>(),
            Schedule::ALL
        );
    }

    #[test]
    fn each_schedule_has_its_known_values() {
        close(&rates(&["lr=0.2"], &[0, 399]), &[0.2, 0.2]);
        close(
            &rates(
                &["lr=0.2", "schedule=cosine", "epochs=100"],
                &[0, 50, 100, 300],
            ),
            &[0.2, 0.1, 0.0, 0.0],
        );
        let exponential = ["lr=1", "schedule=exponential", "schedule_gamma=0.5"];
        close(
            &rates(&exponential, &[0, 1, 10]),
            &[1.0, 0.5, 0.5_f64.powi(10)],
        );
        let step = [
            "lr=1",
            "schedule=step",
            "schedule_step=3",
            "schedule_gamma=0.1",
        ];
        close(&rates(&step, &[0, 2, 3, 6]), &[1.0, 1.0, 0.1, 0.01]);
        let linear = ["lr=1", "schedule=linear", "schedule_floor=0.2", "epochs=8"];
        close(&rates(&linear, &[0, 2, 8, 9]), &[1.0, 0.8, 0.2, 0.2]);
        let wsd = ["lr=1", "schedule=wsd", "schedule_cooldown=0.5", "epochs=8"];
        close(&rates(&wsd, &[0, 4, 5, 7, 8]), &[1.0, 1.0, 0.75, 0.25, 0.0]);
        let multistep = [
            "lr=1",
            "schedule=multistep",
            "milestones=5,2",
            "schedule_gamma=0.1",
        ];
        close(&rates(&multistep, &[1, 2, 4, 5]), &[1.0, 0.1, 0.1, 0.01]);
    }

    #[test]
    fn warm_up_is_linear_and_ends_at_the_full_rate() {
        close(
            &rates(&["lr=1", "warmup=3"], &[0, 1, 2, 3, 4]),
            &[0.1, 0.4, 0.7, 1.0, 1.0],
        );
    }

    #[test]
    fn rates_move_with_every_update() {
        let plan = RunSpec::from_overrides(["lr=1", "warmup=1", "schedule=linear", "epochs=2"]);
        let plan = plan.unwrap().resolve().unwrap();
        let of: Vec<f64> = (0..8).map(|u| lr(&plan, 4, u)).collect();
        let warm = [0.2, 0.4 * 0.875, 0.6 * 0.75, 0.8 * 0.625];
        close(&of, &[&warm[..], &[0.5, 0.375, 0.25, 0.125]].concat());
    }

    #[test]
    fn a_part_of_a_pass_warms_up_too() {
        let plan = RunSpec::from_overrides(["lr=1", "warmup=0.5"]);
        let plan = plan.unwrap().resolve().unwrap();
        let of: Vec<f64> = (0..5).map(|u| lr(&plan, 6, u)).collect();
        close(&of, &[0.25, 0.5, 0.75, 1.0, 1.0]);
    }

    #[test]
    fn rates_do_not_depend_on_the_updates_of_an_epoch() {
        for schedule in Schedule::ALL {
            let rates = |words: &[&str]| {
                let schedule = format!("schedule={schedule}");
                let base = ["warmup=2", "milestones=1,4", "schedule_step=3", &schedule];
                let spec = RunSpec::from_overrides([&base[..], words].concat());
                let plan = spec.unwrap().resolve().unwrap();
                (0..40).map(|u| lr(&plan, 4, u)).collect::<Vec<_>>()
            };
            let whole = rates(&["epochs=10"]);
            let parts = ["batch_size=9", "epoch_updates=2", "epochs=20"];
            assert_eq!(whole, rates(&parts), "{schedule}");
        }
    }
}
