//! Findings to figures, figures to SVG and one HTML page.
//!
//! Figure data is made first (axes, series, bands, marks) and drawn afterwards. Nothing is written and nothing is
//! read: the same input gives the same bytes. The page needs no network, and no script to show its pictures.

mod border;
mod circuit;
mod compare;
mod coverage;
mod diagnosis;
mod draw;
mod drawing;
mod extent;
mod families;
mod figure;
mod forecast;
mod frame;
mod heat;
mod labels;
mod landscape;
mod learned;
mod looks;
mod map;
mod medium;
mod page;
mod plot;
mod readings;
mod reproduction;
mod run;
mod scale;
mod strips;
mod summary;
mod svg;
mod sweep;
mod text;
mod theme;
mod ways;

pub use border::{
    BorderCollapse, BorderGrid, BorderLaw, BorderLaws, BorderPage, BorderPrediction, BorderRun,
    BorderSetting, CollapseCurve, Estimate, LawMiss, LawPoint, TransitionPoint, border_figures,
    border_page,
};
pub use circuit::{
    Circuit, CircuitCluster, CircuitFeature, CircuitKey, CircuitLayer, CircuitMoment, CircuitPlane,
    CircuitScore, CircuitScores,
};
pub use compare::{
    AlongWay, ComparePage, ComparedSide, Covered, Gradients, Likeness, Pairing, Representations,
    compare_figures, compare_page,
};
pub use diagnosis::{
    DiagnosedFinding, DiagnosedLook, DiagnosedRun, DiagnosedSign, DiagnosisPage, DrawnSeries,
    diagnosis_figures, diagnosis_page,
};
pub use forecast::{
    ForecastFan, ForecastJump, ForecastPage, ForecastRow, forecast_figures, forecast_page,
};
pub use landscape::{
    End, LandscapePage, PeakBorder, PeakFamily, SampleHeights, Slice, SliceMap, Walk,
    landscape_figures, landscape_page,
};
pub use learned::{Circle, Learned, LearnedFeature, LearnedFormula, LearnedMoment, LearnedTerm};
pub use page::page;
pub use reproduction::{
    ReproductionNumber, ReproductionPage, ReproductionRow, ReproductionVerdict,
    reproduction_figures, reproduction_page,
};
pub use run::{LookLayer, Looks, MapData, RunPage, SeedPage};
pub use sweep::{
    AxisValue, CurveBand, CurveSet, GroupCurve, Measure, PhaseCell, PhaseDiagram, SurvivalGroup,
    SurvivalSet, SurvivalStep, SweepAxis, SweepCounts, SweepPage, SweepSpread, sweep_figures,
    sweep_page,
};

/// The figures of the page as files: name and SVG text, in light colours, in the order of the page.
pub fn figures(run: &RunPage<'_>) -> Vec<(String, String)> {
    let (charts, _) = figure::all(run);
    let file = |name: &str, svg: String| (format!("{name}.svg"), svg);
    let mut out: Vec<_> = charts
        .iter()
        .map(|f| file(&f.name, draw::chart(f, medium::Medium::File)))
        .collect();
    out.extend(strips::strips(run, medium::Medium::File).map(|svg| file("stages", svg)));
    if let Some(map) = map::drawn(run).first() {
        out.push(file(
            "neurons_features",
            heat::heat(map, medium::Medium::File),
        ));
    }
    if let Some(looks) = looks::drawn(run) {
        out.push(file(
            "attention",
            looks::picture(&looks, medium::Medium::File),
        ));
    }
    if let Some(ways) = ways::ways(run) {
        out.push(file("layers", ways::picture(&ways, medium::Medium::File)));
    }
    if let Some((epoch, coverage)) = coverage::coverage(run) {
        out.push(file(
            "coverage",
            coverage::bars(&coverage, epoch, medium::Medium::File),
        ));
    }
    out.extend(run.learned.iter().flat_map(learned::figures));
    out.extend(run.circuit.iter().flat_map(circuit::figures));
    out
}
