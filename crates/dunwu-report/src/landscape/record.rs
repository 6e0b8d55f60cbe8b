//! What the page of a landscape is made from: plain data that a JSON file holds.

use serde::{Deserialize, Serialize};

/// Everything that the page of a landscape draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LandscapePage {
    /// The task, as written.
    pub task: String,
    /// One line: what the task is, its order, classes and rows.
    pub description: String,
    /// Number of classes M.
    pub order: usize,
    /// Unit of heights, such as `E/M`.
    pub unit: String,
    /// Orders of the cyclic factors, if the rows are a product of cyclic groups.
    pub cyclic: Option<Vec<usize>>,
    /// The activation, such as `square = x^2`.
    pub activation: String,
    /// Random starts on the full table.
    pub starts: usize,
    /// Of those, starts that did not converge.
    pub unconverged: usize,
    /// Why no feature is named, if none is.
    pub no_features: Option<String>,
    /// Families of peaks of the full table, highest first.
    pub peaks: Vec<PeakFamily>,
    /// Heights on samples of the table, by share kept, seed and energy.
    pub samples: Vec<SampleHeights>,
    /// Where the two kinds of peaks change places, energy by energy.
    pub borders: Vec<PeakBorder>,
    /// A look at the ground between two peaks.
    pub slice: Option<Slice>,
    /// Names and values: version, commit, host, threads, hash of the plan, start.
    pub provenance: Vec<(String, String)>,
    /// The command that computes it again.
    pub command: String,
    /// Wall-clock time.
    pub seconds: f64,
}

/// Peaks of one height and one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeakFamily {
    /// Name of the feature that holds more than half of a node's mass there; None if none does. Where no feature is
    /// known, a number.
    pub name: Option<String>,
    /// `real`, `complex` or `quaternionic`.
    pub kind: Option<String>,
    /// Dimension of the irreducible representation.
    pub dim: Option<usize>,
    /// E.
    pub energy: f64,
    /// E over the unit.
    pub height: f64,
    /// What theory says of E/M, where it says something.
    pub theory: Option<f64>,
    /// Flat directions on the sphere.
    pub nullity: usize,
    /// Flat directions by theory.
    pub theory_nullity: Option<usize>,
    /// Smallest curvature that is not flat, |λ|/(w·∇E); None if all are flat.
    pub softest: Option<f64>,
    /// Directions in which the energy rises.
    pub rising: usize,
    /// Points that were found, w and −w as one if they are alike; None for a family with flat directions.
    pub places: Option<usize>,
    /// Random starts that ended here.
    pub count: usize,
    /// Their share.
    pub basin: f64,
    /// Lower end of its 95 % interval (Wilson).
    pub basin_low: f64,
    /// Upper end.
    pub basin_high: f64,
}

/// The peaks of one energy on one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleHeights {
    /// Name of the energy.
    pub energy: String,
    /// Seed of the split.
    pub seed: u64,
    /// Share of the table that is kept.
    pub kept: f64,
    /// Rows kept.
    pub rows: usize,
    /// Highest peak that generalises, with E/M of the full table as unit.
    pub generalising: Option<f64>,
    /// Highest peak that memorises.
    pub memorising: Option<f64>,
    /// What the latter is: `token`, `pair` or `spread`.
    pub nature: Option<String>,
    /// Share of the full table's peaks from which a climb stays in their feature.
    pub survival: f64,
    /// Share of random starts that end on a peak that generalises.
    pub basin: f64,
    /// Lower end of its 95 % interval (Wilson).
    pub basin_low: f64,
    /// Upper end.
    pub basin_high: f64,
}

/// Where the two kinds of peaks change places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeakBorder {
    /// Name of the energy.
    pub energy: String,
    /// By split, the share from which the highest peak generalises.
    pub crossing: Vec<Option<f64>>,
    /// By split, the share at which half of the full table's peaks survive.
    pub survival_half: Vec<Option<f64>>,
}

/// The ground between two peaks of one energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// Name of the energy.
    pub energy: String,
    /// Seed of the split and of the third direction.
    pub seed: u64,
    /// A map around the way from the first peak to the second.
    pub map: SliceMap,
    /// Walks along that way, on ever more of the table.
    pub walks: Vec<Walk>,
}

/// Heights over a piece of a sphere: the great circle through two peaks, and a third direction at right angles to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceMap {
    /// Share of the table that is kept.
    pub kept: f64,
    /// The two peaks.
    pub ends: [End; 2],
    /// Angles along the great circle in degrees, rising; the first peak is at 0.
    pub along: Vec<f64>,
    /// Angles away from it, rising.
    pub away: Vec<f64>,
    /// Heights, away × along.
    pub heights: Vec<f64>,
}

/// One end of the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// What it is, such as `k=3`, `token` or `pair`.
    pub name: String,
    /// Whether it generalises.
    pub generalises: bool,
    /// Whether a climb that begins there stays there; if not, it was a peak on more or on less of the table.
    pub is_peak: bool,
    /// Place on the great circle, in degrees.
    pub angle: f64,
    /// Height.
    pub height: f64,
}

/// Heights along the great circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Share of the table that is kept.
    pub kept: f64,
    /// The two peaks of that sample.
    pub ends: [End; 2],
    /// Angle and height.
    pub points: Vec<(f64, f64)>,
}

impl LandscapePage {
    /// Whether the lengths of all parts agree and all numbers drawn are finite.
    pub fn is_consistent(&self) -> bool {
        let slice = self.slice.as_ref().is_none_or(Slice::is_consistent);
        let peaks = self.peaks.iter().all(|p| p.height.is_finite());
        let samples = self.samples.iter().all(|s| s.kept.is_finite());
        slice && peaks && samples
    }
}

impl Slice {
    fn is_consistent(&self) -> bool {
        let map = &self.map;
        let rising = |x: &[f64]| x.len() > 1 && x.windows(2).all(|p| p[0] < p[1]);
        map.heights.len() == map.along.len() * map.away.len()
            && rising(&map.along)
            && rising(&map.away)
            && map.heights.iter().all(|h| h.is_finite())
    }
}
