//! One head's readings.

use dunwu_core::TensorView;

/// Sums over one head's queries, the first position's own aside.
pub(super) struct Head {
    /// Number of queries.
    asked: f64,
    /// Σ of the weights of each position.
    drawn: Vec<f64>,
    entropy: f64,
    /// Σ of the total variations; None at the first reading.
    change: Option<f64>,
    /// Number of queries and Σ of the weights of the first position: of plain tokens, of triggers.
    kinds: Option<[[f64; 2]; 2]>,
    /// Mean norm of the value of each position.
    norms: Vec<f64>,
    /// Mean and standard deviation of the score of the position that draws most above the others', over all queries,
    /// plain ones, triggers.
    bias: [[f64; 2]; 3],
}

impl Head {
    fn new(positions: usize) -> Self {
        Self {
            asked: 0.0,
            drawn: vec![0.0; positions],
            entropy: 0.0,
            change: None,
            kinds: None,
            norms: vec![0.0; positions],
            bias: [[f64::NAN; 2]; 3],
        }
    }

    pub(super) fn positions(&self) -> usize {
        self.drawn.len()
    }

    /// Mean weight of a position.
    pub(super) fn mean(&self, position: usize) -> f64 {
        self.drawn[position] / self.asked
    }

    /// The position that draws most, the first of equals.
    fn top(&self) -> usize {
        let larger = |best: usize, k: usize| {
            if self.drawn[k] > self.drawn[best] {
                k
            } else {
                best
            }
        };
        (0..self.positions()).fold(0, larger)
    }

    /// Norm of a position's value over the mean of the others'.
    fn drain(&self, position: usize) -> f64 {
        let others: f64 = self.norms.iter().sum::<f64>() - self.norms[position];
        self.norms[position] / (others / (self.positions() - 1) as f64)
    }

    fn take(&mut self, weights: &[f64], before: Option<&[f32]>, is_trigger: Option<bool>) {
        self.asked += 1.0;
        self.entropy += entropy(weights);
        for (sum, w) in self.drawn.iter_mut().zip(weights) {
            *sum += w;
        }
        if let Some(before) = before {
            let apart = weights.iter().zip(before);
            let apart: f64 = apart.map(|(w, b)| (w - f64::from(*b)).abs()).sum();
            *self.change.get_or_insert(0.0) += 0.5 * apart;
        }
        if let Some(is_trigger) = is_trigger {
            let kind = &mut self.kinds.get_or_insert_default()[usize::from(is_trigger)];
            kind[0] += 1.0;
            kind[1] += weights[0];
        }
    }

    pub(super) fn readings(&self) -> Vec<(&'static str, f64)> {
        let top = self.top();
        let kind = |i: usize| {
            self.kinds
                .map_or(f64::NAN, |kinds| kinds[i][1] / kinds[i][0])
        };
        vec![
            (
                "attention_change",
                self.change.map_or(f64::NAN, |c| c / self.asked),
            ),
            ("attention_entropy", self.entropy / self.asked),
            ("attention_first", self.mean(0)),
            ("attention_plain", kind(0)),
            ("attention_top", self.mean(top)),
            ("attention_top_at", top as f64),
            ("attention_trigger", kind(1)),
            ("key_bias", self.bias[0][0]),
            ("key_bias_plain", self.bias[1][0]),
            ("key_bias_trigger", self.bias[2][0]),
            ("key_spread", self.bias[0][1]),
            ("key_spread_plain", self.bias[1][1]),
            ("key_spread_trigger", self.bias[2][1]),
            ("value_first", self.drain(0)),
            ("value_top", self.drain(top)),
        ]
    }
}

/// What each head does: weights and scores are sequence by head by asking position, values sequence by position.
/// `before` are the weights of the reading before, `kinds` whether the token at a position is a trigger, both empty or
/// absent where they are not known.
pub(super) fn heads(
    weights: &TensorView<'_>,
    scores: Option<&TensorView<'_>>,
    values: &TensorView<'_>,
    count: usize,
    before: &[f32],
    kinds: Option<&[bool]>,
) -> Vec<Head> {
    let places = Places::of(weights, values.rows, count);
    let mut out: Vec<Head> = (0..count).map(|_| Head::new(places.positions)).collect();
    for (i, h, at) in places.asking() {
        let before = before.get(i * places.positions..(i + 1) * places.positions);
        out[h].take(&weights.row(i), before, kind_at(kinds, at));
    }
    for i in 0..values.rows {
        for (head, norm) in out.iter_mut().zip(values.row(i)) {
            head.norms[i % places.positions] += norm / places.sequences as f64;
        }
    }
    if let Some(scores) = scores {
        let tops: Vec<usize> = out.iter().map(Head::top).collect();
        let found = biases(scores, &places, &tops, kinds);
        out.iter_mut()
            .zip(found)
            .for_each(|(head, bias)| head.bias = bias);
    }
    out
}

/// Whether the token at a place is a trigger, where that is known; the equals sign of a table is none.
fn kind_at(kinds: Option<&[bool]>, at: usize) -> Option<bool> {
    kinds.map(|kinds| kinds.get(at).copied().unwrap_or(false))
}

/// Which row of the weights is what.
pub(super) struct Places {
    pub(super) positions: usize,
    pub(super) sequences: usize,
    pub(super) heads: usize,
    /// Positions at the end of a sequence that ask.
    pub(super) asking: usize,
}

impl Places {
    pub(super) fn of(weights: &TensorView<'_>, values: usize, heads: usize) -> Self {
        let sequences = values / weights.cols;
        Self {
            positions: weights.cols,
            sequences,
            heads,
            asking: weights.rows / (sequences * heads).max(1),
        }
    }

    /// Row, head, and sequence·positions + position of every query but the first position's.
    pub(super) fn asking(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let (n, asking, heads) = (self.positions, self.asking, self.heads);
        (0..self.sequences * heads * asking).filter_map(move |i| {
            let position = n - asking + i % asking;
            let sequence = i / asking / heads;
            (position > 0).then_some((i, i / asking % heads, sequence * n + position))
        })
    }
}

/// Mean and standard deviation over queries of the score of a head's position above the mean of the others', where
/// it and others are seen: over all queries, plain ones and triggers, NaN where there are none.
fn biases(
    scores: &TensorView<'_>,
    places: &Places,
    tops: &[usize],
    kinds: Option<&[bool]>,
) -> Vec<[[f64; 2]; 3]> {
    let mut sums = vec![[[0.0f64; 3]; 3]; tops.len()];
    for (i, h, at) in places.asking() {
        let row = scores.row(i);
        let top = row[tops[h]];
        let seen = row.iter().filter(|s| s.is_finite());
        let (count, total) = seen.fold((0.0, 0.0), |(n, sum), s| (n + 1.0, sum + s));
        let above = top - (total - top) / (count - 1.0);
        let own = kind_at(kinds, at).map(|is_trigger| 1 + usize::from(is_trigger));
        for group in std::iter::once(0).chain(own).filter(|_| above.is_finite()) {
            let [n, sum, squares] = &mut sums[h][group];
            *n += 1.0;
            *sum += above;
            *squares += above * above;
        }
    }
    let of = |[n, sum, squares]: [f64; 3]| {
        if n == 0.0 {
            return [f64::NAN; 2];
        }
        let mean = sum / n;
        [mean, (squares / n - mean * mean).max(0.0).sqrt()]
    };
    sums.into_iter().map(|groups| groups.map(of)).collect()
}

/// −Σ p log p of numbers scaled to a sum of 1; 0 if all are 0.
fn entropy(weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let shares = weights.iter().map(|w| w / total).filter(|p| *p > 0.0);
    shares.map(|p| -p * p.ln()).sum()
}
