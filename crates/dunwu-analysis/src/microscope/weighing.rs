//! A network's weights as a program for its answers.

use super::code::{SCALE, elias_delta, log2_factorial, quantise, subset};
use super::length::{MOST_BITS, Rival, Runnable, labels};
use super::network::{Network, Sigma};
use dunwu_core::Dataset;

/// Part of the rows on which pruned weights may be wrong.
const WRONG: f64 = 1e-3;

/// The network on the scales: live nodes, loudest first.
pub(crate) struct Weighing<'a> {
    network: &'a Network,
    sigma: Sigma<'a>,
    order: Vec<usize>,
    truth: &'a [u32],
    data: &'a Dataset,
}

impl<'a> Weighing<'a> {
    pub(crate) fn new(runnable: Runnable<'a>, truth: &'a [u32], data: &'a Dataset) -> Self {
        let nodes = &runnable.nodes.nodes;
        let mut order: Vec<usize> = (0..nodes.len()).filter(|j| !nodes[*j].dead).collect();
        order.sort_by(|i, j| nodes[*j].voice().total_cmp(&nodes[*i].voice()));
        Self {
            network: runnable.network,
            sigma: runnable.sigma,
            order,
            truth,
            data,
        }
    }

    /// All live nodes at the precision of least total.
    pub(crate) fn shortest(&self) -> Result<Rival, String> {
        let mut best = self.rival(self.order.len(), 1)?;
        for bits in 2..=MOST_BITS {
            let parts = weight_parts(self.network, self.order.len(), bits);
            // Numbers only get longer: no saved exception can pay for more bits.
            if parts.iter().map(|(_, bits)| bits).sum::<f64>() >= best.total {
                break;
            }
            let rival = self.rival(self.order.len(), bits)?;
            if rival.total < best.total {
                best = rival;
            }
        }
        Ok(best)
    }

    /// The loudest nodes that still give the network's answers, at the precision that is enough.
    pub(crate) fn faithful(&self) -> Result<Rival, String> {
        let least = self.least_nodes()?;
        let counts = [4, 5, 6, 8].map(|quarters| (least * quarters).div_ceil(4));
        let mut best: Option<Rival> = None;
        for count in counts.into_iter().filter(|n| *n <= self.order.len()) {
            let most = best.as_ref().map_or(f64::INFINITY, |b| b.total);
            if let Some(rival) = self.enough_bits(count, most)? {
                best = Some(rival);
            }
        }
        let why = format!("{least} nodes with {MOST_BITS} bits a number give other answers");
        best.map(|rival| Rival {
            name: "pruned".to_owned(),
            ..rival
        })
        .ok_or(why)
    }

    /// Nodes that are faithful with exact numbers: by doubling, then by bisection.
    fn least_nodes(&self) -> Result<usize, String> {
        let live = self.order.len();
        let mut sum = vec![0.0; self.data.len() * self.data.classes];
        let (mut below, mut enough) = (0, live.div_ceil(64));
        // Outputs of nodes already in the sum need not be found again.
        loop {
            let next = self.add(&sum, below, enough)?;
            if self.is_faithful(self.misses(&next)) {
                break;
            }
            if enough == live {
                return Err("the live nodes alone give other answers".to_owned());
            }
            (sum, below, enough) = (next, enough, (2 * enough).min(live));
        }
        while enough - below > 1 {
            let middle = usize::midpoint(below, enough);
            let next = self.add(&sum, below, middle)?;
            if self.is_faithful(self.misses(&next)) {
                enough = middle;
            } else {
                (sum, below) = (next, middle);
            }
        }
        Ok(enough)
    }

    /// Outputs with some more of the loudest nodes.
    fn add(&self, sum: &[f64], from: usize, to: usize) -> Result<Vec<f64>, String> {
        let nodes = &self.order[from..to];
        let mut out = self.network.part(nodes, self.data, self.sigma)?;
        out.iter_mut().zip(sum).for_each(|(o, s)| *o += s);
        Ok(out)
    }

    /// The least precision that is faithful, by bisection; None if that is not shorter than `most`.
    fn enough_bits(&self, count: usize, most: f64) -> Result<Option<Rival>, String> {
        let (mut below, mut enough) = (0, MOST_BITS + 1);
        let mut best = None;
        while enough - below > 1 {
            let bits = u32::midpoint(below, enough);
            let rival = self.rival(count, bits)?;
            if self.is_faithful(rival.exceptions) {
                (enough, best) = (bits, Some(rival));
            } else {
                below = bits;
            }
        }
        Ok(best.filter(|rival| rival.total < most))
    }

    fn rival(&self, count: usize, bits: u32) -> Result<Rival, String> {
        let rough = self.network.quantised(&self.order[..count], bits);
        let wrong = self.wrong(&rough, count)?;
        let parts = weight_parts(self.network, count, bits);
        Ok(Rival {
            nodes: Some(count),
            ..Rival::new("weights", parts, wrong, Some(bits), self.data)
        })
    }

    /// Rows on which the loudest nodes of a network do not give the answer.
    fn wrong(&self, network: &Network, count: usize) -> Result<usize, String> {
        let outputs = network.part(&self.order[..count], self.data, self.sigma)?;
        Ok(self.misses(&outputs))
    }

    fn misses(&self, outputs: &[f64]) -> usize {
        let said = labels(outputs, self.data.classes);
        said.iter().zip(self.truth).filter(|(a, b)| a != b).count()
    }

    fn is_faithful(&self, wrong: usize) -> bool {
        wrong as f64 <= WRONG * self.data.len() as f64
    }
}

fn weight_parts(network: &Network, live: usize, bits: u32) -> Vec<(&'static str, f64)> {
    let tensors = network.operands.len() as f64 + 1.0;
    let inputs: usize = network
        .operands
        .iter()
        .map(|w| w.len() / network.columns.max(1))
        .sum();
    let numbers = live * (inputs + network.classes);
    vec![
        ("which nodes", subset(network.width, live)),
        ("precision", elias_delta(bits as usize + 1)),
        ("scales", tensors * SCALE),
        ("numbers", numbers as f64 * f64::from(bits)),
        ("order of the nodes", -log2_factorial(live)),
    ]
}

impl Network {
    /// The network with some nodes' weights rounded to b bits, tensor by tensor; the others are 0.
    pub fn quantised(&self, nodes: &[usize], bits: u32) -> Network {
        let columns = self.columns;
        let rounded = |weights: &Vec<f64>| {
            let kept = self.pick(weights, nodes);
            let mut out = vec![0.0; weights.len()];
            let rows = quantise(&kept, bits);
            for (row, kept) in out
                .chunks_exact_mut(columns)
                .zip(rows.chunks(nodes.len().max(1)))
            {
                nodes.iter().zip(kept).for_each(|(j, x)| row[*j] = *x);
            }
            out
        };
        let kept: Vec<f64> = nodes
            .iter()
            .flat_map(|j| self.outgoing(*j).to_vec())
            .collect();
        let mut readout = vec![0.0; self.readout.len()];
        for (j, row) in nodes.iter().zip(quantise(&kept, bits).chunks(self.classes)) {
            readout[j * self.classes..(j + 1) * self.classes].copy_from_slice(row);
        }
        Network {
            operands: self.operands.iter().map(rounded).collect(),
            readout,
            ..self.clone()
        }
    }
}
