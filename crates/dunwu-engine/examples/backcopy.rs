//! Whether a sink is born on Bigram-Backcopy (arXiv 2410.13835), for each attention function and three seeds.
//!
//! One layer, one head, d = 64, 32 tokens of which 3 are triggers, rows of 32, AdamW with learning rate 3e-3, 256 rows a
//! step. The printed weights are means over queries whose token is a trigger or none, over 64 training rows, the start
//! token's own query aside; the value is the norm of the start token's over the mean of the others'.
//!
//! `cargo run --release -p dunwu-engine --example backcopy [key=value …]`

#![allow(clippy::print_stdout, reason = "an example prints")]

use dunwu_core::{Attention, Dataset, Flow, Needs, Observer, RunEvent, RunPlan, RunSpec, Snapshot};
use dunwu_engine::train;
use dunwu_task::{NO_FILES, Task};

/// Tokens that repeat the one before them: 1, 2 and 3.
const TRIGGERS: u32 = 3;

/// The keys, of which later ones replace earlier ones.
const WORDS: [&str; 13] = [
    "model=transformer",
    "task=backcopy(32,3,32)",
    "heads=1",
    "model_width=64",
    "mlp_width=256",
    "optimizer=adamw",
    "lr=3e-3",
    "weight_decay=0.01",
    "betas=0.9,0.999",
    "batch_size=256",
    "train_size=10240",
    "test_size=1024",
    "epochs=15",
];

/// What the start token draws.
#[derive(Clone, Copy)]
struct Drawn {
    plain: f64,
    trigger: f64,
    value: f64,
}

/// Looks at each epoch, which is forty steps.
struct Watch<'a> {
    data: &'a Dataset,
    seen: Vec<(u64, f64, Drawn)>,
}

impl Observer for Watch<'_> {
    fn needs(&mut self, _: u64) -> Needs {
        Needs {
            attention: true,
            ..Needs::NONE
        }
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        if let RunEvent::Epoch { metrics, snapshot } = event {
            let loss = metrics.test.map_or(f64::NAN, |t| t.loss);
            if let Some(drawn) = drawn(snapshot, self.data) {
                self.seen.push((metrics.epoch, loss, drawn));
            }
        }
        Flow::Continue
    }
}

fn drawn(snapshot: &Snapshot<'_>, data: &Dataset) -> Option<Drawn> {
    let (weights, values) = (snapshot.get("attention.0")?, snapshot.get("values.0")?);
    let length = data.operands();
    let sequences = values.rows / length;
    // Sums and counts of queries whose token is none, or a trigger.
    let mut first = [[0.0; 2]; 2];
    let (mut start, mut others) = (0.0, 0.0);
    for s in 0..sequences {
        let row = data.train[s * data.train.len() / sequences] as usize;
        for (i, token) in data.row(row).iter().enumerate() {
            let norm = values.at(s * length + i, 0);
            if i == 0 {
                start += norm / sequences as f64;
                continue;
            }
            others += norm / (sequences * (length - 1)) as f64;
            let kind = &mut first[usize::from(*token <= TRIGGERS)];
            kind[0] += weights.at(s * length + i, 0);
            kind[1] += 1.0;
        }
    }
    let [plain, trigger] = first.map(|[sum, count]| sum / count);
    Some(Drawn {
        plain,
        trigger,
        value: start / others,
    })
}

fn plan(attention: Attention, extra: &[String]) -> RunPlan {
    let mut spec = RunSpec::default();
    let own = format!("attention={attention}");
    let words = WORDS.iter().copied().chain([own.as_str()]);
    for word in words.chain(extra.iter().map(String::as_str)) {
        spec.merge(RunSpec::from_overrides([word]).expect("keys of a plan"));
    }
    spec.resolve().expect("a plan")
}

fn main() {
    let extra: Vec<String> = std::env::args().skip(1).collect();
    println!(
        "{:<12} {:>4} {:>5} {:>9} {:>13} {:>15} {:>12}",
        "attention", "seed", "step", "test loss", "plain → start", "trigger → start", "value ratio"
    );
    for attention in Attention::ALL {
        for seed in 0..3 {
            let plan = plan(*attention, &extra);
            let task = Task::from_plan(&plan, NO_FILES).expect("a task");
            let data = task.dataset(&plan, seed, NO_FILES).expect("rows");
            let mut watch = Watch {
                data: &data,
                seen: vec![],
            };
            train(&plan, &data, seed, 2, None, &mut watch).expect("a run");
            let steps = data.train.len().div_ceil(plan.batch_size.max(1)) as u64;
            for (epoch, loss, d) in watch.seen.iter().filter(|(e, ..)| e % 5 == 0) {
                println!(
                    "{:<12} {seed:>4} {:>5} {loss:>9.4} {:>13.3} {:>15.3} {:>12.3}",
                    attention.name(),
                    epoch * steps,
                    d.plain,
                    d.trigger,
                    d.value
                );
            }
        }
    }
}
