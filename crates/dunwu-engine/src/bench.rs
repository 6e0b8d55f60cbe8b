//! How fast this machine trains, beside the fastest it could.

use crate::kernel::peak::MultiplyAdds;
use crate::{EngineError, train};
use dunwu_core::{Dataset, Flow, Metrics, Observer, RunEvent, RunPlan, RunSpec, StopReason};
use pulp::Arch;
use std::time::Instant;

/// One workload's speed.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Name.
    pub name: &'static str,
    /// Milliseconds an epoch, the fastest of several rounds.
    pub ms_per_epoch: f64,
    /// Billions of floating-point operations an epoch that the three products need.
    pub gflop_per_epoch: f64,
    /// Those operations a second beside the machine's multiply-add peak, in percent.
    pub percent_of_peak: f64,
}

/// All workloads, on one thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Billions of multiply-add operations a second in registers, two a multiply-add.
    pub peak_gflops: f64,
    /// The workloads.
    pub workloads: Vec<Workload>,
}

/// A workload: modular addition, full batch; square activation, centred squared error and Adam, or the published
/// transformer with AdamW.
struct Setting {
    name: &'static str,
    modulus: usize,
    width: usize,
    train: usize,
    eval_every: u64,
    epochs: u64,
}

const fn setting(
    name: &'static str,
    modulus: usize,
    width: usize,
    train: usize,
    eval_every: u64,
    epochs: u64,
) -> Setting {
    Setting {
        name,
        modulus,
        width,
        train,
        eval_every,
        epochs,
    }
}

/// Numbers of the published transformer: a position's vector, hidden nodes.
const PUBLISHED: [usize; 2] = [128, 512];

/// The published figure, a medium and a small one, the first evaluated every tenth epoch, and the published one-layer
/// transformer (width 0 here), hardly evaluated.
const SETTINGS: [Setting; 5] = [
    setting("FIG3", 71, 2048, 2016, 1, 20),
    setting("MID", 127, 512, 4838, 1, 20),
    setting("SMALL", 23, 256, 211, 1, 400),
    setting("FIG3 evaluated every 10", 71, 2048, 2016, 10, 20),
    setting("TRANSFORMER", 113, 0, 3830, 20, 20),
];

/// Rounds of each measurement, of which the fastest counts.
const ROUNDS: usize = 7;

/// Measures the peak and every workload.
///
/// # Errors
/// Those of [`train`].
pub fn run(progress: &mut dyn FnMut(&str)) -> Result<Report, EngineError> {
    let mut peak = 0f64;
    let mut workloads: Vec<Workload> = Vec::new();
    for s in &SETTINGS {
        progress(s.name);
        let (plan, data) = (s.plan(), s.data());
        let mut fastest = f64::INFINITY;
        for _ in 0..ROUNDS {
            // Peak and workload are measured in turn: clock rates drift.
            peak = peak.max(measure_peak());
            fastest = fastest.min(s.round(&plan, &data)?);
        }
        workloads.push(Workload {
            name: s.name,
            ms_per_epoch: fastest * 1e3,
            gflop_per_epoch: s.gflop(),
            percent_of_peak: f64::NAN,
        });
    }
    for w in &mut workloads {
        w.percent_of_peak = 100.0 * w.gflop_per_epoch / (w.ms_per_epoch / 1e3) / peak;
    }
    Ok(Report {
        peak_gflops: peak,
        workloads,
    })
}

/// Billions of operations a second of multiply-adds in registers.
fn measure_peak() -> f64 {
    let rate = |()| {
        let start = Instant::now();
        let operations = Arch::new().dispatch(MultiplyAdds { turns: 200_000 });
        operations / start.elapsed().as_secs_f64() / 1e9
    };
    (0..3).map(|_| rate(())).fold(0.0, f64::max)
}

impl Setting {
    fn plan(&self) -> RunPlan {
        let model = match self.width {
            0 => "model=transformer".to_owned(),
            width => format!("width={width}"),
        };
        let words = [
            format!("task=Z{}", self.modulus),
            model,
            format!("train_size={}", self.train),
            format!("epochs={}", self.epochs),
            format!("eval_every={}", self.eval_every),
        ];
        let spec = RunSpec::from_overrides(words).expect("the keys are known");
        spec.resolve().expect("the settings are in range")
    }

    /// (a + b) mod M, every training row drawn evenly over the table.
    fn data(&self) -> Dataset {
        let m = self.modulus;
        let labels: Vec<u32> = (0..m * m).map(|i| ((i / m + i % m) % m) as u32).collect();
        let mut rows: Vec<u32> = (0..(m * m) as u32).collect();
        dunwu_core::Seed(0).draws("bench split").shuffle(&mut rows);
        let (mut train, mut test) = (rows[..self.train].to_vec(), rows[self.train..].to_vec());
        train.sort_unstable();
        test.sort_unstable();
        Dataset {
            task: format!("Z{m}"),
            vocab: vec![m, m],
            classes: m,
            tokens: (0..m * m)
                .flat_map(|i| [(i / m) as u32, (i % m) as u32])
                .collect(),
            clean: labels.clone(),
            labels,
            train,
            test,
            noisy: vec![],
            given: None,
        }
    }

    /// Products of an epoch: the forward one over the rows that are evaluated, two more over the training rows. Of the
    /// transformer those at the last position; queries, keys and values are few, as every token has them once.
    fn gflop(&self) -> f64 {
        let m = self.modulus as f64;
        let evaluated = (m * m - self.train as f64) / self.eval_every as f64;
        let [d, nodes] = PUBLISHED.map(|n| n as f64);
        if self.width == 0 {
            let a_row = d * d + 2.0 * d * nodes + d * m;
            return 2.0 * a_row * (evaluated + 3.0 * self.train as f64) / 1e9;
        }
        2.0 * m * self.width as f64 * (evaluated + 3.0 * self.train as f64) / 1e9
    }

    /// Seconds of one epoch in one round.
    fn round(&self, plan: &RunPlan, data: &Dataset) -> Result<f64, EngineError> {
        let mut clock = Clock {
            from: None,
            to: None,
        };
        train(plan, data, 0, 1, None, &mut clock)?;
        let (from, to) = (
            clock.from.expect("an epoch began"),
            clock.to.expect("the run ended"),
        );
        Ok((to - from).as_secs_f64() / self.epochs as f64)
    }
}

/// Times the epochs between the first report and the last.
struct Clock {
    from: Option<Instant>,
    to: Option<Instant>,
}

impl Observer for Clock {
    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        if let RunEvent::Epoch {
            metrics: Metrics { .. },
            ..
        } = event
        {
            self.from.get_or_insert_with(Instant::now);
            self.to = Some(Instant::now());
        }
        let _: Option<StopReason> = None;
        Flow::Continue
    }
}
