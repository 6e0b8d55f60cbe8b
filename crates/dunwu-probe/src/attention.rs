//! Where the heads of a transformer look.

mod head;
mod maps;

use crate::matrix::saved;
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, NamedTensor, Needs, Probe, Reading, Snapshot, TensorView, Values};
use head::{Head, heads};
use maps::Maps;

pub use maps::{AttentionMaps, LayerMaps};

/// Mean weight on a position from which on a head sinks there (arXiv 2410.10781).
const SINK: f64 = 0.3;

/// Columns of head h of layer l, `NAME.l.h`.
const COLUMNS: [(&str, &str); 14] = [
    (
        "attention_change",
        "mean total variation of the weights since the reading before",
    ),
    (
        "attention_entropy",
        "mean entropy of the weights of head h of layer l, nats",
    ),
    ("attention_first", "mean weight of the first position"),
    (
        "attention_plain",
        "that of queries whose token is no trigger of backcopy",
    ),
    (
        "attention_top",
        "mean weight of the position that draws most",
    ),
    ("attention_top_at", "that position, from 0"),
    (
        "attention_trigger",
        "mean weight of the first position for queries whose token is a trigger",
    ),
    (
        "key_bias",
        "score of the position that draws most minus the mean of the others', mean over queries",
    ),
    (
        "key_bias_plain",
        "key_bias over queries whose token is no trigger",
    ),
    (
        "key_bias_trigger",
        "key_bias over queries whose token is a trigger",
    ),
    (
        "key_spread",
        "standard deviation of that difference over queries",
    ),
    (
        "key_spread_plain",
        "key_spread over queries whose token is no trigger",
    ),
    (
        "key_spread_trigger",
        "key_spread over queries whose token is a trigger",
    ),
    (
        "value_first",
        "norm of the first value over the mean of the others",
    ),
];

/// Of head h of layer l, over up to 64 training sequences and the positions that ask, the first aside:
///
/// - `attention_first.l.h`: mean weight A of the first position; `attention_top.l.h`: the largest mean weight of any
///   position k, Σ_q A_qk / number of queries q, and `attention_top_at.l.h`: that k;
/// - `attention_entropy.l.h`: mean entropy of the weights, scaled to a sum of 1, in nats;
/// - `attention_change.l.h`: mean over queries of ½ Σ_k |A_qk − A′_qk|, A′ of the reading before;
/// - `value_first.l.h`, `value_top.l.h`: norm of the value of the first position, or of the one that draws most, over
///   the mean norm of the others';
/// - `key_bias.l.h`, `key_spread.l.h`: mean and standard deviation over queries of s_k minus the mean score of the other
///   positions seen, k the position that draws most. A sink's key is a bias: its score is high and the same whoever asks
///   (arXiv 2410.10781);
/// - of the task `backcopy`, `attention_plain.l.h` and `attention_trigger.l.h`: `attention_first` over queries whose
///   token is no trigger and over those whose token is one (arXiv 2410.13835), and `key_bias_plain.l.h`,
///   `key_bias_trigger.l.h`, `key_spread_plain.l.h`, `key_spread_trigger.l.h`: the same of `key_bias` and `key_spread`.
///
/// `sinks` is the share of heads with `attention_first` above 0.3, the sink measure of arXiv 2410.10781 for the first
/// position; `sink_position` the position on which most heads have a mean weight above 0.3 and `sinks_there` their
/// share: of equal ones the first, absent where there is none. For positions past the first that paper takes the mean
/// over queries from there on; here it is over all queries, so that a head which looks at the token before makes no
/// sink of the last ones.
///
/// Kept beside the curve: mean maps of the heads over time, [`AttentionMaps`].
struct Attention {
    /// Layers and heads; None if the network is no transformer.
    size: Option<[usize; 2]>,
    /// The last token of backcopy that is a trigger.
    triggers: Option<u32>,
    /// Weights of the reading before, of each layer.
    before: Vec<Vec<f32>>,
    maps: Maps,
}

pub(crate) fn make(setting: &Setting<'_>) -> Box<dyn Probe> {
    let t = setting.plan.transformer.as_ref();
    Box::new(Attention {
        size: t.map(|t| [t.layers, t.heads]),
        triggers: dunwu_task::triggers(&setting.plan.task),
        before: vec![],
        maps: Maps::default(),
    })
}

impl Attention {
    /// The weights of a layer in single precision in place of those of the reading before.
    fn advance(&mut self, l: usize, weights: &TensorView<'_>) -> Vec<f32> {
        let now = (0..weights.rows).flat_map(|i| weights.row(i));
        let now: Vec<f32> = now.map(|w| w as f32).collect();
        self.before.resize(self.before.len().max(l + 1), vec![]);
        std::mem::replace(&mut self.before[l], now)
    }
}

impl Probe for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        let mut out: Vec<(String, &'static str)> = vec![
            (
                "sink_position".into(),
                "position with a mean weight above 0.3 in most heads",
            ),
            (
                "sinks".into(),
                "share of heads with a mean weight above 0.3 on the first position",
            ),
            ("sinks_there".into(), "share of heads that sink there"),
        ];
        let [layers, heads] = self.size.unwrap_or([1, 1]);
        let top = ("value_top", "that of the position that draws most");
        for (name, says) in COLUMNS.into_iter().chain([top]) {
            for l in 0..layers {
                out.extend((0..heads).map(|h| (format!("{name}.{l}.{h}"), says)));
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

    fn measure(&mut self, snapshot: &Snapshot<'_>, data: &Dataset) -> Vec<Reading> {
        let Some([layers, count]) = self.size else {
            return vec![];
        };
        let (mut out, mut all, mut maps) = (Vec::new(), Vec::new(), Vec::new());
        for l in 0..layers {
            let get = |what: &str| snapshot.get(&format!("{what}.{l}"));
            let (Some(weights), Some(values)) = (get("attention"), get("values")) else {
                return vec![];
            };
            let before = self.advance(l, weights);
            let kinds = self.triggers.map(|last| kinds(data, values, weights, last));
            let found = heads(
                weights,
                get("scores"),
                values,
                count,
                &before,
                kinds.as_deref(),
            );
            maps.push(maps::mean(weights, values.rows, count));
            for (h, head) in found.into_iter().enumerate() {
                let readings = head.readings().into_iter().filter(|(_, v)| v.is_finite());
                out.extend(readings.map(|(name, v)| Reading::new(format!("{name}.{l}.{h}"), v)));
                all.push(head);
            }
        }
        self.maps.push(snapshot.epoch, maps);
        out.extend(sinks(&all));
        out
    }

    fn record(&self) -> Vec<NamedTensor> {
        self.maps.tensors()
    }

    fn save(&self) -> Vec<NamedTensor> {
        let before = self.before.iter().enumerate();
        let before = before.map(|(l, w)| saved(format!("before.{l}"), Values::F32(w.clone())));
        before.chain(self.maps.tensors()).collect()
    }

    fn restore(&mut self, tensors: &[NamedTensor]) {
        for l in 0.. {
            let name = format!("before.{l}");
            let Some(NamedTensor {
                values: Values::F32(weights),
                ..
            }) = tensors.iter().find(|t| t.name == name)
            else {
                break;
            };
            self.before.push(weights.clone());
        }
        self.maps = Maps::of(tensors);
    }
}

/// The sink measures over all heads.
fn sinks(all: &[Head]) -> Vec<Reading> {
    let share = |k: usize| {
        let sinking = all.iter().filter(|head| head.mean(k) > SINK).count();
        sinking as f64 / all.len() as f64
    };
    let positions = all.first().map_or(0, Head::positions);
    let mut out = vec![Reading::new("sinks", share(0))];
    let most = (0..positions).fold((0, 0.0), |(k, most), next| {
        let there = share(next);
        if there > most {
            (next, there)
        } else {
            (k, most)
        }
    });
    if most.1 > 0.0 {
        out.push(Reading::new("sink_position", most.0 as f64));
        out.push(Reading::new("sinks_there", most.1));
    }
    out
}

/// Whether the token of each sequence's asking positions is a trigger, sequence by sequence.
fn kinds(
    data: &Dataset,
    values: &TensorView<'_>,
    weights: &TensorView<'_>,
    last: u32,
) -> Vec<bool> {
    let sequences = values.rows / weights.cols;
    let row = |s: usize| data.row(data.train[s * data.train.len() / sequences] as usize);
    let is_trigger = |token: &u32| (1..=last).contains(token);
    (0..sequences)
        .flat_map(|s| row(s).iter().map(is_trigger))
        .collect()
}
