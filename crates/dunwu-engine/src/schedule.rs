//! Learning rates over epochs.

use dunwu_core::{RunPlan, Schedule};

/// Signature of a schedule: the factor on the learning rate at epoch `t` of the plan.
type Factor = fn(&RunPlan, u64) -> f64;

/// One row of the table of schedules.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which one.
    pub kind: Schedule,
    /// Factor on the learning rate at epoch t of T, as documentation prints it.
    pub formula: &'static str,
    factor: Factor,
}

/// Every schedule, sorted by name.
pub static ALL: &[Entry] = &[
    Entry {
        kind: Schedule::Constant,
        formula: "1",
        factor: |_, _| 1.0,
    },
    Entry {
        kind: Schedule::Cosine,
        formula: "½(1 + cos(π t/T))",
        factor: cosine,
    },
    Entry {
        kind: Schedule::Exponential,
        formula: "γᵗ",
        factor: |plan, t| power(plan.schedule_gamma, t),
    },
    Entry {
        kind: Schedule::Multistep,
        formula: "γ^(milestones ≤ t)",
        factor: multistep,
    },
    Entry {
        kind: Schedule::Step,
        formula: "γ^⌊t/step⌋",
        factor: |plan, t| power(plan.schedule_gamma, t / plan.schedule_step),
    },
];

/// Learning rate of the updates made in epoch `epoch`, counted from 0.
///
/// The schedule's factor at that epoch, times (epoch + 1)/(warmup + 1) during the first `warmup` epochs.
///
/// ```
/// use dunwu_core::RunSpec;
/// let plan = RunSpec::from_overrides(["lr=0.1", "schedule=step", "schedule_step=10", "schedule_gamma=0.5"]);
/// let plan = plan.unwrap().resolve().unwrap();
/// assert_eq!(dunwu_engine::schedule::lr(&plan, 25), 0.025);
/// ```
pub fn lr(plan: &RunPlan, epoch: u64) -> f64 {
    let entry = ALL
        .iter()
        .find(|e| e.kind == plan.schedule)
        .expect("the table has every schedule");
    let warm = if epoch < plan.warmup {
        (epoch + 1) as f64 / (plan.warmup + 1) as f64
    } else {
        1.0
    };
    plan.lr * warm * (entry.factor)(plan, epoch)
}

fn cosine(plan: &RunPlan, t: u64) -> f64 {
    let share = t as f64 / plan.epochs.max(1) as f64;
    0.5 * (1.0 + libm::cos(std::f64::consts::PI * share.min(1.0)))
}

fn multistep(plan: &RunPlan, t: u64) -> f64 {
    let passed = plan
        .milestones
        .iter()
        .filter(|milestone| **milestone <= t)
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
        epochs.iter().map(|e| lr(&plan, *e)).collect()
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
            &[0.25, 0.5, 0.75, 1.0, 1.0],
        );
    }
}
