//! What peaks and energies are, in plain words.

use super::record::{LandscapePage, PeakFamily};

/// What an energy counts, by name, sorted.
pub(crate) const ENERGIES: &[(&str, &str, &str)] = &[
    (
        "cross",
        "cross term only",
        "only the part in which both operands meet counts: what each says alone is left out. On the full table it would cancel; on a sample it does not.",
    ),
    (
        "horvitz_thompson",
        "every kept row weighted up",
        "each kept row stands for the rows that are missing, so that the expected slope is that of the full table (Horvitz–Thompson).",
    ),
    (
        "raw",
        "as the network feels it",
        "the kept rows as they are: this is the hill that a node of a young network climbs.",
    ),
    (
        "whitened",
        "what the readout leaves",
        "the raw one without what the last layer already answers at the end of the lazy stage: the hill that a node feels from then on.",
    ),
];

/// The name of an energy for a title.
pub(crate) fn energy_title(name: &str) -> String {
    let known = ENERGIES.iter().find(|e| e.0 == name);
    known.map_or_else(|| name.to_owned(), |e| format!("{name}: {}", e.1))
}

/// What an energy is.
pub(crate) fn energy_help(name: &str) -> &'static str {
    let known = ENERGIES.iter().find(|e| e.0 == name);
    known.map_or("another energy of the same rows.", |e| e.2)
}

/// The name of a family of peaks.
pub(crate) fn name(peak: &PeakFamily) -> &str {
    peak.name.as_deref().unwrap_or("mixed")
}

/// What a node on a peak has learned.
pub(crate) fn meaning(peak: &PeakFamily, cyclic: Option<&[usize]>) -> String {
    let Some(name) = &peak.name else {
        return "no feature holds more than half: a blend of several".into();
    };
    if let Some(text) = cyclic.and_then(|orders| wave(name, orders)) {
        return text;
    }
    let Some(dim) = peak.dim else {
        return "a direction that no feature names".into();
    };
    match (dim, peak.kind.as_deref()) {
        (1, Some("real")) if name.contains("sign") => "even or odd: +1 or −1".into(),
        (1, Some("real")) => "two halves of the elements: +1 or −1".into(),
        (1, _) => "a place on a clock for each element".into(),
        (d, kind) => format!(
            "{d} × {d} {} matrices, one an element",
            kind.unwrap_or_default()
        ),
    }
}

/// Waves round the circles of a product of cyclic groups.
fn wave(name: &str, orders: &[usize]) -> Option<String> {
    let k = frequency(name).filter(|k| k.len() == orders.len())?;
    let turns: Vec<(usize, usize)> = k
        .into_iter()
        .zip(orders.iter().copied())
        .filter(|(k, _)| *k > 0)
        .collect();
    if turns.iter().all(|(k, n)| 2 * k == *n) {
        return Some("alternates: +1, −1, +1, …".into());
    }
    if let [(k, n)] = turns.as_slice() {
        return Some(format!("a wave {k}× round the circle of {n}"));
    }
    let one = |(k, n): &(usize, usize)| format!("{k}× round {n}");
    let texts: Vec<String> = turns.iter().map(one).collect();
    Some(format!("a wave {}", texts.join(", ")))
}

/// The numbers of `k=3` or `(1,3)`.
pub(crate) fn frequency(name: &str) -> Option<Vec<usize>> {
    let inner = match name.strip_prefix("k=") {
        Some(k) => k,
        None => name.strip_prefix('(')?.strip_suffix(')')?,
    };
    inner.split(',').map(|k| k.trim().parse().ok()).collect()
}

/// What a peak that memorises holds.
pub(crate) fn memory(nature: &str) -> &'static str {
    match nature {
        "token" => "one operand's value, wherever it stands",
        "pair" => "one row of the table by heart",
        "spread" => "several rows at once, no feature",
        _ => "rows by heart",
    }
}

/// The range of the shares at which something happens, with their median; None if it never does.
pub(crate) fn span(at: &[Option<f64>]) -> Option<(f64, f64, f64)> {
    let mut known: Vec<f64> = at.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let middle = *known.get(known.len().checked_sub(1)? / 2)?;
    Some((known[0], middle, known[known.len() - 1]))
}

/// Families that are the same by height, kind, dimension and nullity, as one.
#[derive(Clone, Debug)]
pub(crate) struct PeakGroup<'a> {
    pub(crate) first: &'a PeakFamily,
    pub(crate) names: Vec<&'a str>,
    pub(crate) count: usize,
    /// Share, and its 95 % interval.
    pub(crate) basin: (f64, f64, f64),
}

/// Families listed one by one at most.
const LISTED: usize = 16;

/// Rows of the figure at most.
pub(crate) const MOST: usize = 40;

/// The families one by one, or alike ones together where they are many.
pub(crate) fn groups(page: &LandscapePage) -> Vec<PeakGroup<'_>> {
    let one = |p| PeakGroup {
        first: p,
        names: vec![name(p)],
        count: p.count,
        basin: (p.basin, p.basin_low, p.basin_high),
    };
    if page.peaks.len() <= LISTED {
        return page.peaks.iter().map(one).collect();
    }
    let mut all = kinds(page);
    all.truncate(MOST);
    all
}

/// Alike families together.
pub(crate) fn kinds(page: &LandscapePage) -> Vec<PeakGroup<'_>> {
    let alike = |a: &PeakFamily, b: &PeakFamily| {
        (a.height - b.height).abs() <= 1e-6 * a.height.abs()
            && (&a.kind, a.dim, a.nullity) == (&b.kind, b.dim, b.nullity)
    };
    let mut out: Vec<PeakGroup<'_>> = Vec::new();
    for p in &page.peaks {
        match out.iter_mut().find(|g| alike(g.first, p)) {
            Some(group) => {
                group.names.push(name(p));
                group.count += p.count;
            }
            None => out.push(PeakGroup {
                first: p,
                names: vec![name(p)],
                count: p.count,
                basin: (0.0, 0.0, 0.0),
            }),
        }
    }
    for group in &mut out {
        let (low, high) = dunwu_analysis::landscape::wilson(group.count, page.starts);
        group.basin = (group.count as f64 / page.starts.max(1) as f64, low, high);
    }
    out
}

impl PeakGroup<'_> {
    /// Names, shortened where there are many.
    pub(crate) fn label(&self) -> String {
        match self.names.len() {
            0..=3 => self.names.join(", "),
            n => format!("{}, {}, … ({n})", self.names[0], self.names[1]),
        }
    }

    /// What a node there has learned.
    pub(crate) fn meaning(&self, cyclic: Option<&[usize]>) -> String {
        if self.names.len() > 1 && cyclic.is_some() {
            return if self.first.kind.as_deref() == Some("real") {
                "alternates: +1, −1, +1, …".into()
            } else {
                "waves round the circle, one frequency each".into()
            };
        }
        meaning(self.first, cyclic)
    }
}
