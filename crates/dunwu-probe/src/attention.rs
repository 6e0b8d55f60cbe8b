//! Where the heads of a transformer look.

use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot, TensorView};

/// Mean weight on a position from which on a head sinks there (arXiv 2410.10781).
const SINK: f64 = 0.3;

/// Of head h of layer l, over up to 64 training sequences and the positions that ask, the first aside:
/// `attention_first.l.h` is the mean weight of the first position; `attention_entropy.l.h` the mean entropy of the
/// weights, scaled to a sum of 1, in nats; `value_first.l.h` the norm of the first position's value over the mean
/// norm of the others'. `sinks` is the share of heads whose mean weight of the first position exceeds 0.3, the sink
/// measure of arXiv 2410.10781, which also counts the first position's own look at itself.
struct Attention {
    /// Layers and heads; None if the network is no transformer.
    size: Option<[usize; 2]>,
}

pub(crate) fn make(setting: &Setting<'_>) -> Box<dyn Probe> {
    let t = setting.plan.transformer.as_ref();
    Box::new(Attention {
        size: t.map(|t| [t.layers, t.heads]),
    })
}

/// One head's readings.
#[derive(Default)]
struct Head {
    first: f64,
    entropy: f64,
    asked: f64,
    value_first: f64,
    values: f64,
}

impl Probe for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        let mut out = vec![(
            "sinks".to_owned(),
            "share of heads with a mean weight above 0.3 on the first position",
        )];
        let [layers, heads] = self.size.unwrap_or([1, 1]);
        for l in 0..layers {
            for h in 0..heads {
                out.push((
                    format!("attention_entropy.{l}.{h}"),
                    "mean entropy of the weights of head h of layer l, nats",
                ));
                out.push((
                    format!("attention_first.{l}.{h}"),
                    "mean weight of the first position",
                ));
                out.push((
                    format!("value_first.{l}.{h}"),
                    "norm of the first value over the mean of the others",
                ));
            }
        }
        out.sort();
        out
    }

    fn needs(&self) -> Needs {
        Needs {
            attention: self.size.is_some(),
            ..Needs::NONE
        }
    }

    fn cost(&self) -> Cost {
        Cost::Moderate
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, _: &Dataset) -> Vec<Reading> {
        let Some([layers, heads]) = self.size else {
            return vec![];
        };
        let mut out = Vec::new();
        let (mut sinks, mut seen) = (0usize, 0usize);
        for l in 0..layers {
            let get = |what: &str| snapshot.get(&format!("{what}.{l}"));
            let (Some(weights), Some(values)) = (get("attention"), get("values")) else {
                return vec![];
            };
            for (h, head) in read(weights, values, heads).iter().enumerate() {
                seen += 1;
                let mut push = |name: &str, value: f64| {
                    if value.is_finite() {
                        out.push(Reading::new(format!("{name}.{l}.{h}"), value));
                    }
                };
                push("attention_entropy", head.entropy / head.asked);
                push("attention_first", head.first / head.asked);
                push("value_first", head.value_first / head.values);
                sinks += usize::from(head.first / head.asked > SINK);
            }
        }
        out.push(Reading::new("sinks", sinks as f64 / seen as f64));
        out
    }
}

/// What each head does: weights are sequence by head by asking position, values sequence by position.
fn read(weights: &TensorView<'_>, values: &TensorView<'_>, heads: usize) -> Vec<Head> {
    let positions = weights.cols;
    let sequences = values.rows / positions;
    let asking = weights.rows / (sequences * heads).max(1);
    let mut out: Vec<Head> = (0..heads).map(|_| Head::default()).collect();
    for i in 0..weights.rows {
        let position = positions - asking + i % asking;
        if position == 0 {
            continue;
        }
        let (head, row) = (&mut out[i / asking % heads], weights.row(i));
        head.asked += 1.0;
        head.first += row[0];
        head.entropy += entropy(&row);
    }
    for i in 0..values.rows {
        for (head, norm) in out.iter_mut().zip(values.row(i)) {
            if i % positions == 0 {
                head.value_first += norm / sequences as f64;
            } else {
                head.values += norm / (sequences * (positions - 1)) as f64;
            }
        }
    }
    out
}

/// −Σ p log p of numbers scaled to a sum of 1; 0 if all are 0.
fn entropy(weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let shares = weights.iter().map(|w| w / total).filter(|p| *p > 0.0);
    shares.map(|p| -p * p.ln()).sum()
}
