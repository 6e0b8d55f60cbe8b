//! The table of kinds of checks.

use super::exact::{self, gradient, peaks};
use super::row::Check;
use super::stage::{Halt, Stage};
use super::trained::{compare, fit, network, number};
use super::verdict::Reading;
use serde::de::DeserializeOwned;

/// Something that gives statistics.
pub(super) trait Measure: Sync {
    /// Measures.
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt>;

    /// Arms whose grids are trained; none for what trains nothing.
    fn arms(&self) -> Vec<String> {
        vec![]
    }

    /// Whether the weights at the end are read.
    fn reads_weights(&self) -> bool {
        false
    }

    /// Commands that show the same, beside those that train the arms.
    fn commands(&self) -> Vec<String> {
        vec![]
    }
}

/// The statistics at one setting.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// The setting; empty if there is one alone.
    pub at: String,
    /// The statistics.
    pub statistics: Vec<Statistic>,
}

/// A named number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statistic {
    pub name: &'static str,
    pub reading: Reading,
    /// One number a seed, where there are several.
    pub seeds: Vec<f64>,
}

impl Statistic {
    pub(super) fn number(name: &'static str, value: f64) -> Self {
        Self::of(name, Reading::Number(value))
    }

    pub(super) fn of(name: &'static str, reading: Reading) -> Self {
        Self {
            name,
            reading,
            seeds: vec![],
        }
    }
}

impl Found {
    /// At the only setting.
    pub(super) fn of(statistics: Vec<Statistic>) -> Self {
        Self {
            at: String::new(),
            statistics,
        }
    }
}

type Parse = fn(&toml::Table) -> Result<Box<dyn Measure>, String>;

/// A kind of check.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Name in the table of rows.
    pub name: &'static str,
    /// What it measures.
    pub help: &'static str,
    /// Statistics that it gives.
    pub gives: &'static [&'static str],
    parse: Parse,
}

/// Reads what a kind needs to know.
fn parse<M: Measure + DeserializeOwned + 'static>(
    with: &toml::Table,
) -> Result<Box<dyn Measure>, String> {
    let measure: M = with.clone().try_into().map_err(|e| e.to_string())?;
    Ok(Box::new(measure))
}

const fn kind(
    name: &'static str,
    help: &'static str,
    gives: &'static [&'static str],
    parse: Parse,
) -> Kind {
    Kind {
        name,
        help,
        gives,
        parse,
    }
}

/// Every kind, sorted by name.
pub const KINDS: &[Kind] = &[
    kind(
        "best",
        "smallest and largest median of a number over a grid, one point of which is enough",
        number::BEST,
        parse::<number::Best>,
    ),
    kind(
        "closed_form_addition",
        "a network in closed form adds mod p, and how its noise falls with the width",
        exact::ADDITION,
        parse::<exact::ClosedForm>,
    ),
    kind(
        "collapse",
        "share of training rows whose loss is exactly zero in the plan's precision, at the end",
        network::COLLAPSE,
        parse::<network::Collapse>,
    ),
    kind(
        "collection",
        "nodes until every feature has one",
        exact::COLLECTION,
        parse::<exact::Collect>,
    ),
    kind(
        "energy_gradient",
        "the step of every node against ∇E by finite differences",
        gradient::ENERGY,
        parse::<gradient::EnergyGradient>,
    ),
    kind(
        "factorisation",
        "orders of trained solutions by frequency, and whether they are products",
        network::FACTORISATION,
        parse::<network::Factorises>,
    ),
    kind(
        "fit",
        "the line of a number's logarithm against a key or a product of keys, or against its logarithm",
        fit::FIT,
        parse::<fit::Fit>,
    ),
    kind(
        "half_point",
        "value of a key at which half is answered, by lines between the grid's values",
        compare::HALF_POINT,
        parse::<compare::HalfPoint>,
    ),
    kind(
        "lazy_growth",
        "G_F from a readout of zero against t·ỸỸᵀF̃",
        gradient::LAZY,
        parse::<gradient::LazyGrowth>,
    ),
    kind(
        "missing_features",
        "where ascents of the residual energy end",
        exact::MISSING,
        parse::<exact::Missing>,
    ),
    kind(
        "one_label",
        "ascents with one label against the maximum of theory",
        exact::ONE_LABEL,
        parse::<exact::OneLabelAscents>,
    ),
    kind(
        "order",
        "by how many epochs one event of a run comes before another",
        compare::ORDER,
        parse::<compare::Order>,
    ),
    kind(
        "output_scale",
        "G_F with outputs scaled by β",
        gradient::SCALE,
        parse::<gradient::OutputScale>,
    ),
    kind(
        "over_seeds",
        "a number of every run: first crossing, peak, last value and so on",
        number::OVER_SEEDS,
        parse::<number::OverSeeds>,
    ),
    kind(
        "overlap",
        "how far curves along one key lie apart across another",
        fit::OVERLAP,
        parse::<fit::Overlap>,
    ),
    kind(
        "pair",
        "a number of each run in two arms, paired by seed and setting",
        compare::PAIR,
        parse::<compare::Pair>,
    ),
    kind(
        "peak_levels",
        "heights of the peaks that random starts find, against a list",
        peaks::LEVELS,
        parse::<peaks::Levels>,
    ),
    kind(
        "peak_survival",
        "share of the table at which half of its peaks survive, and where generalising ones are higher",
        peaks::SURVIVAL,
        parse::<peaks::Survival>,
    ),
    kind(
        "pruning",
        "accuracies while nodes are removed by participation",
        network::PRUNING,
        parse::<network::Prunes>,
    ),
    kind(
        "purity",
        "nodes that hold one representation, and the loss without each",
        network::PURITY,
        parse::<network::Purity>,
    ),
    kind(
        "race",
        "which feature a node ends in",
        exact::RACE,
        parse::<exact::Races>,
    ),
    kind(
        "reconstruction",
        "a table rebuilt from characters, and what is missing without one",
        exact::RECONSTRUCTION,
        parse::<exact::Rebuild>,
    ),
    kind(
        "repulsion",
        "signs of the interaction of nodes",
        exact::REPULSION,
        parse::<exact::Repel>,
    ),
    kind(
        "ridge_gradient",
        "G_F at the ridge readout against its closed form",
        gradient::RIDGE,
        parse::<gradient::RidgeGradient>,
    ),
    kind(
        "small_decay",
        "growth of ‖G_F‖ with a small ridge",
        gradient::DECAY,
        parse::<gradient::SmallDecay>,
    ),
    kind(
        "token_height",
        "energy of single tokens on a sample against its formula",
        peaks::TOKEN,
        parse::<peaks::TokenHeight>,
    ),
    kind(
        "trend",
        "whether a number of each run rises along a key",
        compare::TREND,
        parse::<compare::Trend>,
    ),
];

/// What measures a check.
///
/// # Errors
/// A kind that is not in the table, things that the kind does not ask for, or a statistic that it does not give.
pub(super) fn measure(check: &Check) -> Result<Box<dyn Measure>, String> {
    let kind = KINDS.iter().find(|k| k.name == check.kind);
    let kind = kind.ok_or_else(|| format!("no kind `{}`", check.kind))?;
    let odd = check
        .expect
        .iter()
        .find(|e| !kind.gives.contains(&e.statistic.as_str()));
    if let Some(odd) = odd {
        let known = kind.gives.join(", ");
        return Err(format!(
            "{} gives no `{}`; it gives {known}",
            kind.name, odd.statistic
        ));
    }
    (kind.parse)(&check.with).map_err(|why| format!("{}: {why}", kind.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reproduce::rows;

    #[test]
    fn kinds_are_sorted_and_every_one_is_used() {
        assert!(KINDS.windows(2).all(|w| w[0].name < w[1].name));
        let rows = rows();
        let used = |kind: &Kind| {
            rows.iter()
                .flat_map(|r| &r.check)
                .any(|c| c.kind == kind.name)
        };
        let idle: Vec<&str> = KINDS.iter().filter(|k| !used(k)).map(|k| k.name).collect();
        assert!(idle.is_empty(), "{idle:?}");
    }

    #[test]
    fn a_check_that_is_none_is_refused() {
        let check = |kind: &str, with: &str, statistic: &str| Check {
            kind: kind.into(),
            with: toml::from_str(with).unwrap(),
            expect: vec![toml::from_str(&format!("statistic='{statistic}'\nwhat=''")).unwrap()],
        };
        let why = |c: Check| measure(&c).err().unwrap();
        assert!(why(check("peek", "", "median")).contains("no kind `peek`"));
        let peak = "number={of='peak',column='a'}";
        assert!(why(check("over_seeds", peak, "slope")).contains("gives no `slope`"));
        let odd = why(check(
            "over_seeds",
            "number={of='peak',colum='a'}",
            "median",
        ));
        assert!(odd.contains("colum"), "{odd}");
        assert!(measure(&check("over_seeds", peak, "median")).is_ok());
    }
}
