//! Mean maps of the heads over time, within a bound.

use super::head::Places;
use dunwu_core::{NamedTensor, TensorView, Values};

/// Positions of a map on either side, where it has more than twice as many.
const EDGE: usize = 32;
/// Numbers of all maps together, and the readings that are kept whatever that is, and at most.
const NUMBERS: usize = 1 << 20;
const FEWEST: usize = 8;
const MOST: usize = 64;

/// One layer's maps.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerMaps {
    /// Positions that ask, ascending.
    pub queries: Vec<usize>,
    /// Mean weights, reading by head by query by position seen; positions are those of [`AttentionMaps`].
    pub weights: Vec<f32>,
}

/// Where the heads looked, over time.
///
/// A map is the mean over up to 64 training sequences of a head's weights, query by position. Of more than 64 positions
/// the first 32 and the last 32 are kept. At most 64 readings are kept, fewer where they would be more than 2²⁰ numbers,
/// but at least 8: when there is one too many, the one goes whose neighbours are closest on the axis of log(1 + epoch);
/// the first and the last stay.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionMaps {
    /// Epochs of the readings, ascending.
    pub epochs: Vec<u64>,
    /// Positions that are kept, ascending.
    pub positions: Vec<usize>,
    /// Positions of a sequence.
    pub sequence: usize,
    /// Heads of a layer.
    pub heads: usize,
    /// The layers.
    pub layers: Vec<LayerMaps>,
}

impl AttentionMaps {
    /// The maps that the `attention` probe recorded; None if the tensors are none.
    pub fn of(tensors: &[NamedTensor]) -> Option<Self> {
        let all = Maps::of(tensors);
        let first = all.readings.first()?;
        let layer = |l: usize| {
            let readings = all.readings.iter().map(|(_, layers)| &layers[l]);
            LayerMaps {
                queries: first.1[l].queries.clone(),
                weights: readings
                    .flat_map(|map| map.weights.iter().copied())
                    .collect(),
            }
        };
        let map = first.1.first()?;
        Some(Self {
            epochs: all.readings.iter().map(|r| r.0).collect(),
            positions: map.positions.clone(),
            sequence: map.sequence,
            heads: map.heads,
            layers: (0..first.1.len()).map(layer).collect(),
        })
    }

    /// The map of a head at a reading, query by position.
    pub fn map(&self, reading: usize, layer: usize, head: usize) -> &[f32] {
        let maps = &self.layers[layer];
        let one = maps.queries.len() * self.positions.len();
        &maps.weights[(reading * self.heads + head) * one..][..one]
    }
}

/// One layer's mean map at one reading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Map {
    sequence: usize,
    heads: usize,
    queries: Vec<usize>,
    positions: Vec<usize>,
    weights: Vec<f32>,
}

/// Of n positions from `first` on those that are kept.
fn kept(first: usize, n: usize) -> Vec<usize> {
    let is_kept = |i: &usize| n <= 2 * EDGE || *i < EDGE || *i >= n - EDGE;
    (first..n).filter(is_kept).collect()
}

/// The mean map of each head; `values` is the number of sequences times positions.
pub(super) fn mean(weights: &TensorView<'_>, values: usize, heads: usize) -> Map {
    let places = Places::of(weights, values, heads);
    let first = places.positions - places.asking;
    let (queries, positions) = (kept(first, places.positions), kept(0, places.positions));
    let mut sums = vec![0.0f64; heads * queries.len() * positions.len()];
    for i in 0..places.sequences * heads * places.asking {
        let Ok(query) = queries.binary_search(&(first + i % places.asking)) else {
            continue;
        };
        let to = (i / places.asking % heads * queries.len() + query) * positions.len();
        for (sum, k) in sums[to..].iter_mut().zip(&positions) {
            *sum += weights.at(i, *k);
        }
    }
    let mean = |sum: f64| (sum / places.sequences as f64) as f32;
    Map {
        sequence: places.positions,
        heads,
        queries,
        positions,
        weights: sums.into_iter().map(mean).collect(),
    }
}

/// The maps so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Maps {
    /// Epoch and maps, layer by layer.
    readings: Vec<(u64, Vec<Map>)>,
}

impl Maps {
    pub(super) fn push(&mut self, epoch: u64, maps: Vec<Map>) {
        let one: usize = maps.iter().map(|m| m.weights.len()).sum();
        self.readings.push((epoch, maps));
        let most = (NUMBERS / one.max(1)).clamp(FEWEST, MOST);
        while self.readings.len() > most {
            self.readings.remove(self.dullest());
        }
    }

    /// The reading whose neighbours are closest, the first of equals.
    fn dullest(&self) -> usize {
        let at = |i: usize| libm::log1p(self.readings[i].0 as f64);
        let gap = |i: usize| at(i + 1) - at(i - 1);
        let last = self.readings.len() - 1;
        (1..last).fold(1, |best, i| if gap(i) < gap(best) { i } else { best })
    }

    /// `epochs`, and of layer l `queries.l`, `positions.l`, `size.l` (positions of a sequence, heads) and `map.l`,
    /// readings·heads·queries × positions.
    pub(super) fn tensors(&self) -> Vec<NamedTensor> {
        let Some((_, first)) = self.readings.first() else {
            return vec![];
        };
        let row = |name: String, numbers: Vec<f64>| NamedTensor {
            name,
            rows: 1,
            cols: numbers.len(),
            values: Values::F64(numbers),
        };
        let wide = |all: &[usize]| all.iter().map(|i| *i as f64).collect();
        let epochs = self.readings.iter().map(|r| r.0 as f64).collect();
        let mut out = vec![row("epochs".into(), epochs)];
        for (l, map) in first.iter().enumerate() {
            let readings = self.readings.iter().map(|(_, maps)| &maps[l]);
            let weights = readings.flat_map(|map| map.weights.iter().copied());
            out.push(NamedTensor {
                name: format!("map.{l}"),
                rows: self.readings.len() * map.heads * map.queries.len(),
                cols: map.positions.len(),
                values: Values::F32(weights.collect()),
            });
            out.push(row(format!("positions.{l}"), wide(&map.positions)));
            out.push(row(format!("queries.{l}"), wide(&map.queries)));
            out.push(row(format!("size.{l}"), wide(&[map.sequence, map.heads])));
        }
        out
    }

    /// What `tensors` gave; empty if they do not fit together.
    pub(super) fn of(tensors: &[NamedTensor]) -> Self {
        Self::parse(tensors).unwrap_or_default()
    }

    fn parse(tensors: &[NamedTensor]) -> Option<Self> {
        let find = |name: &str| tensors.iter().find(|t| t.name == name);
        let row = |name: &str| Some(find(name)?.view().to_f64());
        let whole = |name: String| -> Option<Vec<usize>> {
            Some(row(&name)?.into_iter().map(|x| x as usize).collect())
        };
        let epochs = row("epochs")?;
        let mut out = Self {
            readings: epochs.iter().map(|e| (*e as u64, vec![])).collect(),
        };
        for l in 0.. {
            let Some(NamedTensor {
                values: Values::F32(weights),
                ..
            }) = find(&format!("map.{l}"))
            else {
                break;
            };
            let queries = whole(format!("queries.{l}"))?;
            let positions = whole(format!("positions.{l}"))?;
            let [sequence, heads] = whole(format!("size.{l}"))?.try_into().ok()?;
            let one = heads * queries.len() * positions.len();
            if one == 0 || weights.len() != one * epochs.len() {
                return None;
            }
            for ((_, maps), weights) in out.readings.iter_mut().zip(weights.chunks_exact(one)) {
                maps.push(Map {
                    sequence,
                    heads,
                    queries: queries.clone(),
                    positions: positions.clone(),
                    weights: weights.to_vec(),
                });
            }
        }
        let is_whole = out.readings.iter().all(|(_, maps)| !maps.is_empty());
        is_whole.then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(weight: f32) -> Map {
        Map {
            sequence: 2,
            heads: 1,
            queries: vec![1],
            positions: vec![0, 1],
            weights: vec![weight, 1.0 - weight],
        }
    }

    #[test]
    fn readings_thin_out_evenly_on_the_logarithmic_axis() {
        let mut maps = Maps::default();
        for epoch in 0..=5000 {
            maps.push(epoch, vec![map(epoch as f32 / 5000.0)]);
        }
        let epochs: Vec<u64> = maps.readings.iter().map(|r| r.0).collect();
        assert_eq!(epochs.len(), MOST);
        assert_eq!((epochs[0], epochs[MOST - 1]), (0, 5000));
        // ln 5001 / 63 = 0.135 a step: from epoch 20 on, where whole epochs are closer, no gap is wider than thrice that.
        let late = epochs.windows(2).filter(|w| w[0] >= 20);
        for w in late {
            let gap = (1.0 + w[1] as f64).ln() - (1.0 + w[0] as f64).ln();
            assert!(gap < 0.405, "{w:?}");
        }
        assert!(epochs.iter().filter(|e| **e < 100).count() > 20);
    }

    #[test]
    fn a_record_comes_back() {
        let mut maps = Maps::default();
        (0..100).for_each(|e| maps.push(10 * e, vec![map(0.5), map(0.25)]));
        let tensors = maps.tensors();
        assert_eq!(Maps::of(&tensors), maps);
        let all = AttentionMaps::of(&tensors).unwrap();
        assert_eq!(
            (all.epochs.len(), all.layers.len(), all.sequence),
            (64, 2, 2)
        );
        assert_eq!(all.map(63, 1, 0), [0.25, 0.75]);
        assert_eq!(AttentionMaps::of(&tensors[1..]), None);
    }

    #[test]
    fn long_sequences_keep_both_ends() {
        assert_eq!(kept(0, 64).len(), 64);
        let ends = kept(0, 100);
        assert_eq!((ends.len(), ends[31], ends[32], ends[63]), (64, 31, 68, 99));
        assert_eq!(kept(90, 100), (90..100).collect::<Vec<_>>());
    }
}
