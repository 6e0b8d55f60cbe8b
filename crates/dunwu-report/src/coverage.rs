//! How many neurons prefer each feature: data and bars.

use crate::map::usable;
use crate::medium::{Medium, start};
use crate::run::RunPage;
use crate::svg::Svg;
use crate::text::{cut, grouped, text_width};

/// A neuron with at least this share in one feature counts as having learned it.
pub(crate) const CLEAN: f32 = 0.5;

/// Room for names that bars leave at least.
const NAME_ROOM: f64 = 84.0;

/// Features listed at most in the coverage chart.
const LISTED: usize = 240;

/// How many neurons prefer a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) name: String,
    /// Neurons that hold it cleanly.
    pub(crate) clean: usize,
    /// Neurons that prefer it, but not cleanly.
    pub(crate) mixed: usize,
    /// Whether it is the feature that is the same everywhere, which no rule needs.
    pub(crate) constant: bool,
}

/// Coverage at the last checkpoint of the representative seed, with its epoch.
pub(crate) fn coverage(run: &RunPage<'_>) -> Option<(u64, Vec<Coverage>)> {
    let (epoch, map) = run
        .representative()?
        .maps
        .iter()
        .rev()
        .find(|(_, m)| usable(m))?;
    let mut out: Vec<Coverage> = map
        .names
        .iter()
        .enumerate()
        .map(|(i, n)| Coverage {
            name: n.clone(),
            clean: 0,
            mixed: 0,
            // It is the first of all, where there is one more than can be learned.
            constant: i == 0 && run.features.is_some_and(|f| f < map.names.len()),
        })
        .collect();
    for (best, purity) in map.best.iter().zip(&map.purity) {
        let feature = &mut out[*best as usize];
        *(if *purity >= CLEAN {
            &mut feature.clean
        } else {
            &mut feature.mixed
        }) += 1;
    }
    Some((*epoch, out))
}

/// Features that a neuron holds cleanly.
pub(crate) fn held(coverage: &[Coverage]) -> usize {
    let held = coverage.iter().filter(|c| c.clean > 0 && !c.constant);
    held.count()
}

/// Bars of how many neurons prefer each feature.
pub(crate) fn bars(coverage: &[Coverage], epoch: u64, medium: Medium) -> String {
    let listed = listed(coverage);
    let columns = if medium == Medium::Narrow { 1 } else { 3 };
    let rows = listed.len().div_ceil(columns).max(1);
    let top = if medium == Medium::File { 40.0 } else { 4.0 };
    let title = format!("Neurons that prefer each feature, epoch {}", grouped(epoch));
    let description = "One bar a feature. The strong part counts neurons that hold the feature cleanly, the pale part \
                       those that prefer it among others.";
    let mut svg = Svg::default();
    let id = format!("coverage-{}", medium.class().replace("pic", "").trim());
    start(
        &mut svg,
        medium,
        top + rows as f64 * 17.0 + 6.0,
        &id,
        &title,
        description,
        None,
    );
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", &title);
    }
    let most = listed
        .iter()
        .map(|c| c.clean + c.mixed)
        .max()
        .unwrap_or(0)
        .max(1) as f64;
    let width = medium.width() / columns as f64;
    let longest = listed.iter().map(|c| text_width(&c.name, 12.0));
    let name_room = longest.fold(0.0, f64::max).clamp(NAME_ROOM, 0.45 * width) + 8.0;
    for (i, feature) in listed.iter().enumerate() {
        let at = ((i / rows) as f64 * width, top + (i % rows) as f64 * 17.0);
        bar(&mut svg, feature, at, (width, name_room), most);
    }
    svg.close("svg");
    svg.finish()
}

fn bar(
    svg: &mut Svg,
    feature: &Coverage,
    (x, y): (f64, f64),
    (width, name_room): (f64, f64),
    most: f64,
) {
    let count_room = 44.0;
    let scale = (width - name_room - count_room) / most;
    let (clean, mixed) = (feature.clean as f64 * scale, feature.mixed as f64 * scale);
    svg.text(
        (x + name_room - 6.0, y + 12.0),
        "in",
        "end",
        &cut(&feature.name, name_room - 8.0),
    );
    svg.rect((x + name_room, y + 2.0), (clean, 12.0), "pure");
    svg.rect((x + name_room + clean, y + 2.0), (mixed, 12.0), "mixed");
    let total = feature.clean + feature.mixed;
    let (class, text) = if total == 0 {
        let class = if feature.constant { "tick" } else { "none" };
        (class, "none".into())
    } else {
        ("tick", total.to_string())
    };
    svg.text(
        (x + name_room + clean + mixed + 5.0, y + 12.0),
        class,
        "start",
        &text,
    );
}

/// All features, or the most preferred ones where there are very many.
fn listed(coverage: &[Coverage]) -> Vec<Coverage> {
    let mut all = coverage.to_vec();
    if all.len() > LISTED {
        all.sort_by_key(|c| std::cmp::Reverse(c.clean + c.mixed));
        all.truncate(LISTED);
    }
    all
}

/// What must be said where not all features are listed.
pub(crate) fn listed_note(coverage: &[Coverage]) -> Option<String> {
    (coverage.len() > LISTED).then(|| {
        format!(
            "The {LISTED} features with the most neurons are drawn, of {}.",
            coverage.len()
        )
    })
}
