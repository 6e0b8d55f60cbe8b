//! The stages of every seed, one strip each, on the epoch axis of the charts.

use crate::draw::fitting;
use crate::figure::bands_of;
use crate::medium::{Medium, start};
use crate::run::RunPage;
use crate::svg::Svg;
use crate::text::grouped;
use crate::theme;

/// Seeds drawn at most.
const SEEDS: usize = 60;
const FONT: f64 = 12.0;

/// Strips of all seeds; None where a single seed's stages stand behind its curves anyway.
pub(crate) fn strips(run: &RunPage<'_>, medium: Medium) -> Option<String> {
    let seeds = &run.seeds[..run.seeds.len().min(SEEDS)];
    if seeds.len() < 2 || seeds.iter().all(|s| s.account.stages.is_empty()) {
        return None;
    }
    let last = run.last_epoch().max(1);
    let top = if medium == Medium::File { 34.0 } else { 4.0 };
    let row = if seeds.len() <= 12 { 19.0 } else { 13.0 };
    let bottom = top + row * seeds.len() as f64;
    let mut svg = Svg::default();
    let id = format!("stages-{}", medium.class().replace("pic", "").trim());
    start(
        &mut svg,
        medium,
        bottom + 24.0,
        &id,
        "Stages of every seed",
        &describe(run),
        Some(last),
    );
    if medium == Medium::File {
        svg.text(
            (medium.left(), 22.0),
            "title",
            "start",
            "Stages of every seed",
        );
    }
    for (i, seed) in seeds.iter().enumerate() {
        let y = top + row * i as f64;
        svg.text(
            (medium.left() - 6.0, y + row / 2.0 + 4.0),
            "tick",
            "end",
            &seed.seed.to_string(),
        );
        strip(&mut svg, &bands_of(seed, last), medium, last, (y, row));
    }
    foot(&mut svg, medium, last, (top, bottom));
    svg.close("svg");
    Some(svg.finish())
}

fn strip(
    svg: &mut Svg,
    bands: &[crate::figure::Band],
    medium: Medium,
    last: u64,
    (y, row): (f64, f64),
) {
    let x = medium.epochs(last);
    for band in bands {
        let (from, to) = (x.at(band.from as f64), x.at(band.to as f64));
        svg.rect(
            (from, y + 1.0),
            ((to - from - 1.0).max(0.5), row - 2.0),
            theme::band(&band.name),
        );
        if let Some(text) = fitting(&band.name, to - from).filter(|_| row > 15.0) {
            svg.text(
                ((from + to) / 2.0, y + row / 2.0 + 4.0),
                "in",
                "middle",
                text,
            );
        }
    }
}

fn foot(svg: &mut Svg, medium: Medium, last: u64, (top, bottom): (f64, f64)) {
    let x = medium.epochs(last);
    svg.line((x.range.0, bottom), (x.range.1, bottom), "axis");
    for tick in x.epoch_ticks(FONT) {
        let at = x.at(tick.value);
        svg.line((at, bottom), (at, bottom + 4.0), "axis");
        svg.text((at, bottom + 17.0), "tick", "middle", &tick.label);
    }
    if medium != Medium::File {
        svg.line((x.range.0, top), (x.range.0, bottom), "cursor");
    }
}

fn describe(run: &RunPage<'_>) -> String {
    let one = |seed: &crate::SeedPage| {
        let bands = bands_of(seed, run.last_epoch());
        let stages = bands
            .iter()
            .map(|b| format!(" {} {} to {}", b.name, grouped(b.from), grouped(b.to)));
        format!(
            " Seed {}:{}.",
            seed.seed,
            stages.collect::<Vec<_>>().join(",")
        )
    };
    let seeds: String = run.seeds.iter().take(SEEDS).map(one).collect();
    format!("One strip a seed, one colour a stage.{seeds}")
}
