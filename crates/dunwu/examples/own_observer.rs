//! Watches the engine with an observer of one's own: stops as soon as half of the held-out rows are answered.
//!
//! cargo run --release -p dunwu --example own_observer
#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use dunwu::{Flow, Needs, Observer, RunEvent, RunSpec, StopReason, engine, task};

/// Prints the norm of the readout now and then, and stops at half the accuracy.
struct Watch;

impl Observer for Watch {
    fn needs(&mut self, epoch: u64) -> Needs {
        if epoch.is_multiple_of(50) {
            Needs::WEIGHTS
        } else {
            Needs::NONE
        }
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        let RunEvent::Epoch { metrics, snapshot } = event else {
            return Flow::Continue;
        };
        if let Some(readout) = snapshot.get("readout") {
            let norm = readout.to_f64().iter().map(|v| v * v).sum::<f64>().sqrt();
            println!(
                "epoch {:4}  train {:.3}  ‖V‖ {norm:.2}",
                metrics.epoch, metrics.train.accuracy
            );
        }
        match metrics.test {
            Some(test) if test.accuracy >= 0.5 => {
                Flow::Stop(StopReason::Observer("half is enough".into()))
            }
            _ => Flow::Continue,
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = RunSpec::from_overrides(["task=Z23", "width=512", "train_fraction=0.6", "lr=2e-3"])?
        .resolve()?;
    let data = task::Task::from_plan(&plan, task::NO_FILES)?.dataset(&plan, 0, task::NO_FILES)?;
    let outcome = engine::train(&plan, &data, 0, 1, None, &mut Watch)?;
    println!("{} at epoch {}", outcome.stopped.phrase(), outcome.epoch);
    Ok(())
}
