//! Which neurons hold which features: the data of the map.

use crate::run::{MapData, RunPage, SeedPage};

/// Neurons drawn at most.
pub(crate) const NEURONS: usize = 256;

/// Bytes of all maps of a page, before base 64.
const BUDGET: usize = 1_200_000;

/// The maps of a seed as they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) seed: u64,
    pub(crate) names: Vec<String>,
    /// Neurons drawn, in order: by preferred feature at the last checkpoint, purest first.
    pub(crate) order: Vec<usize>,
    /// Neurons of the network.
    pub(crate) total: usize,
    pub(crate) epochs: Vec<u64>,
    /// Shares in 255ths, checkpoints × neurons × features.
    pub(crate) shares: Vec<u8>,
}

/// The maps that fit on the page, the representative seed's first.
pub(crate) fn drawn(run: &RunPage<'_>) -> Vec<Drawn> {
    let Some(first) = run.representative() else {
        return Vec::new();
    };
    let mut left = BUDGET;
    let mut out = Vec::new();
    for seed in std::iter::once(first).chain(run.seeds.iter().filter(|s| s.seed != first.seed)) {
        let whole = out.is_empty();
        if let Some(map) = draw_seed(seed, left, whole) {
            left -= map.shares.len().min(left);
            out.push(map);
        }
    }
    out
}

fn draw_seed(seed: &SeedPage, budget: usize, thin: bool) -> Option<Drawn> {
    let (_, last) = seed.maps.iter().rev().find(|(_, m)| usable(m))?;
    let mut maps: Vec<&(u64, MapData)> = seed
        .maps
        .iter()
        .filter(|(_, m)| usable(m) && m.names == last.names && m.neurons == last.neurons)
        .collect();
    let order = order(last);
    let fit = (budget / (order.len() * last.names.len())).max(usize::from(thin));
    if fit < maps.len() {
        if !thin {
            return None;
        }
        let step = |i: usize| {
            if fit == 1 {
                maps.len() - 1
            } else {
                i * (maps.len() - 1) / (fit - 1)
            }
        };
        maps = (0..fit).map(|i| maps[step(i)]).collect();
    }
    Some(Drawn {
        seed: seed.seed,
        names: last.names.clone(),
        total: last.neurons,
        epochs: maps.iter().map(|(e, _)| *e).collect(),
        shares: maps.iter().flat_map(|(_, m)| shares(m, &order)).collect(),
        order,
    })
}

pub(crate) fn usable(map: &MapData) -> bool {
    map.is_consistent() && map.neurons > 0 && !map.names.is_empty()
}

fn order(map: &MapData) -> Vec<usize> {
    let mut all: Vec<usize> = (0..map.neurons).collect();
    all.sort_by(|a, b| {
        map.best[*a]
            .cmp(&map.best[*b])
            .then(map.purity[*b].total_cmp(&map.purity[*a]))
            .then(a.cmp(b))
    });
    let n = all.len().min(NEURONS);
    (0..n).map(|i| all[i * all.len() / n]).collect()
}

fn shares(map: &MapData, order: &[usize]) -> Vec<u8> {
    let f = map.names.len();
    // A float that is not a number becomes 0 in the cast.
    order
        .iter()
        .flat_map(|n| &map.share[n * f..(n + 1) * f])
        .map(|s| (s.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect()
}
