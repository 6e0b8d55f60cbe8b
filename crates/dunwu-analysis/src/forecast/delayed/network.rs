//! The two small networks of the mixture cure model: whether, and when.
//!
//! Each is the mean of [`MEMBERS`] networks of one hidden layer, c + vᵀtanh(Wᵀz + b) of the standardised numbers z.

use super::numbers::{MISSING, NEAR, NUMBERS, is_logged};

/// Nodes of the hidden layer.
pub(super) const WIDE: usize = 12;
/// Networks that are averaged.
pub(super) const MEMBERS: usize = 2;
/// Weights and biases of one: W row by row, b, v, c.
pub(super) const PARAMETERS: usize = NUMBERS * WIDE + WIDE + WIDE + 1;
/// Standardised numbers are held within this.
const REACH: f64 = 4.0;

/// The weights of one network.
pub(super) type Member = [f64; PARAMETERS];

/// Whether and when a run that memorised generalises: weights, and the place and the spread of the numbers of the runs that
/// they were fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct DelayedModel {
    pub(super) centre: [f64; NUMBERS],
    pub(super) spread: [f64; NUMBERS],
    pub(super) ever: Vec<Member>,
    pub(super) wait: Vec<Member>,
    /// ln of the deviation of ln(time to the jump), as a line over how near memorising is.
    pub(super) deviation: [f64; 2],
}

/// What the networks say of a run.
pub(super) struct Told {
    /// Log-odds that it ever generalises.
    pub ever: f64,
    /// Mean of ln(time until then / [`super::unit`]), and its deviation.
    pub wait: f64,
    pub deviation: f64,
    /// Distance of the numbers that are logged from those of the known runs: the root of the mean square, in their spreads.
    pub distance: f64,
}

/// The hidden layer of a network.
pub(super) fn hidden(member: &Member, z: &[f64; NUMBERS]) -> [f64; WIDE] {
    let (weights, rest) = member.split_at(NUMBERS * WIDE);
    let mut out: [f64; WIDE] = rest[..WIDE].try_into().expect("a bias for every node");
    for (x, row) in z.iter().zip(weights.chunks_exact(WIDE)) {
        for (o, w) in out.iter_mut().zip(row) {
            *o += x * w;
        }
    }
    out.map(libm::tanh)
}

/// The output of a network from its hidden layer.
pub(super) fn output(member: &Member, hidden: &[f64; WIDE]) -> f64 {
    let readout = &member[NUMBERS * WIDE + WIDE..];
    let sum: f64 = hidden.iter().zip(readout).map(|(h, v)| h * v).sum();
    sum + readout[WIDE]
}

impl DelayedModel {
    /// The numbers around 0, in units of their spread; what is not logged stands at the middle.
    pub(super) fn standard(&self, numbers: &[f64; NUMBERS]) -> [f64; NUMBERS] {
        std::array::from_fn(|i| self.far(numbers, i).clamp(-REACH, REACH))
    }

    fn far(&self, numbers: &[f64; NUMBERS], i: usize) -> f64 {
        if !is_logged(numbers, i) {
            return 0.0;
        }
        (numbers[i] - self.centre[i]) / self.spread[i]
    }

    pub(super) fn tell(&self, numbers: &[f64; NUMBERS]) -> Told {
        let z = self.standard(numbers);
        let mean = |of: &[Member]| {
            of.iter().map(|m| output(m, &hidden(m, &z))).sum::<f64>() / of.len() as f64
        };
        let logged = (0..MISSING).filter(|i| is_logged(numbers, *i)).count();
        let squares = (0..MISSING).map(|i| self.far(numbers, i) * self.far(numbers, i));
        Told {
            ever: mean(&self.ever),
            wait: mean(&self.wait),
            deviation: libm::exp(self.deviation[0] + self.deviation[1] * numbers[NEAR])
                .clamp(0.1, 3.0),
            distance: (squares.sum::<f64>() / logged as f64).sqrt(),
        }
    }

    /// All numbers, double precision, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let members = self.ever.iter().chain(&self.wait).flatten();
        let lists = self.centre.iter().chain(&self.spread).chain(members);
        let numbers = lists.chain(&self.deviation);
        numbers.flat_map(|x| x.to_le_bytes()).collect()
    }

    /// Reads [`Self::to_bytes`]; None if they are not as many.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != 8 * (2 * NUMBERS + 2 * MEMBERS * PARAMETERS + 2) {
            return None;
        }
        let numbers: Vec<f64> = bytes
            .chunks_exact(8)
            .map(|c| f64::from_le_bytes(c.try_into().expect("eight bytes")))
            .collect();
        let (places, rest) = numbers.split_at(2 * NUMBERS);
        let members: Vec<Member> = rest[..2 * MEMBERS * PARAMETERS]
            .chunks_exact(PARAMETERS)
            .map(|c| c.try_into().expect("as many"))
            .collect();
        Some(Self {
            centre: places[..NUMBERS].try_into().expect("as many"),
            spread: places[NUMBERS..].try_into().expect("as many"),
            ever: members[..MEMBERS].to_vec(),
            wait: members[MEMBERS..].to_vec(),
            deviation: rest[2 * MEMBERS * PARAMETERS..].try_into().expect("two"),
        })
    }
}
