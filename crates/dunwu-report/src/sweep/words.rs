//! What a sweep shows, in words.

use super::phase::View;
use super::record::{PhaseDiagram, SweepAxis, SweepCounts, SweepPage, SweepSpread};
use crate::drawing::file_name;
use crate::text::{counted, duration, grouped, percent};

/// The measure that the headline speaks of.
pub(crate) const GENERALISED: &str = "generalised";

/// Axes that the headline speaks of before others.
const DATA: [&str; 2] = ["train_fraction", "train_size"];

/// The name of the file of diagram i.
pub(crate) fn phase_name(page: &SweepPage, i: usize) -> String {
    let measure = page.measures.get(page.phases[i].measure);
    let name = measure.map_or("", |m| m.name.as_str());
    format!("phase{}-{}", i + 1, file_name(name))
}

/// Its title.
pub(crate) fn phase_title(view: &View<'_>) -> String {
    let axes = match view.y {
        Some(y) => format!("{} and {}", view.x.label, y.label),
        None => view.x.label.clone(),
    };
    format!("{} by {axes}", capital(&view.measure.label))
}

pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// Where half of the runs generalise along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Half<'a> {
    /// From one value to the next the share of runs passes a half for good, upwards or downwards.
    Between {
        low: &'a str,
        high: &'a str,
        rising: bool,
    },
    /// At least half do at every value.
    Everywhere,
    /// Fewer than half do at every value.
    Nowhere,
    /// The share passes a half more than once.
    Unclear,
}

/// The axis that the headline speaks of, where half lies on it, and the axis that was pooled over.
pub(crate) fn half(page: &SweepPage) -> Option<(&SweepAxis, Half<'_>, Option<&SweepAxis>)> {
    let is_share = |p: &&PhaseDiagram| {
        let measure = page.measures.get(p.measure);
        measure.is_some_and(|m| m.name == GENERALISED && m.share)
    };
    let views = page.phases.iter().filter(is_share);
    let views: Vec<View<'_>> = views.filter_map(|p| View::of(page, p)).collect();
    let named = |view: &&View<'_>| {
        let y = view.y.is_some_and(|y| DATA.contains(&y.name.as_str()));
        DATA.contains(&view.x.name.as_str()) || y
    };
    let view = views.iter().find(named).or(views.first())?;
    let upright = view.y.filter(|y| DATA.contains(&y.name.as_str()));
    let (axis, other) = match upright {
        Some(y) => (y, Some(view.x)),
        None => (view.x, view.y),
    };
    if axis.spread == SweepSpread::Category {
        return None;
    }
    let shares = pooled(view, axis, upright.is_some());
    Some((axis, passing(axis, &shares), other))
}

/// Share of runs that generalise at each value of an axis that has runs.
fn pooled(view: &View<'_>, axis: &SweepAxis, upright: bool) -> Vec<(usize, f64)> {
    let at = |i: usize| {
        let here = |c: &&super::PhaseCell| if upright { c.y == i } else { c.x == i };
        let known = view.phase.cells.iter().filter(here);
        let known = known.filter_map(|c| Some((c.runs as f64, c.value?)));
        let (runs, sum) = known.fold((0.0, 0.0), |(n, s), (r, v)| (n + r, s + r * v));
        (runs > 0.0).then(|| (i, sum / runs))
    };
    (0..axis.values.len()).filter_map(at).collect()
}

fn passing<'a>(axis: &'a SweepAxis, shares: &[(usize, f64)]) -> Half<'a> {
    let over: Vec<bool> = shares.iter().map(|(_, s)| *s >= 0.5).collect();
    let changes: Vec<usize> = (1..over.len())
        .filter(|i| over[*i] != over[i - 1])
        .collect();
    match changes.as_slice() {
        [] if over.first() == Some(&true) => Half::Everywhere,
        [] => Half::Nowhere,
        [i] => Half::Between {
            low: &axis.values[shares[i - 1].0].text,
            high: &axis.values[shares[*i].0].text,
            rising: over[*i],
        },
        _ => Half::Unclear,
    }
}

/// The answer in one sentence.
pub(crate) fn headline(page: &SweepPage) -> String {
    let counts = &page.counts;
    if counts.finished == 0 {
        return format!(
            "None of {} has finished yet.",
            counted(counts.wanted as u64, "run")
        );
    }
    let runs = counted(counts.finished as u64, "run");
    let Some(generalised) = counts.generalised else {
        return format!(
            "{} of {} have finished.",
            runs,
            grouped(counts.wanted as u64)
        );
    };
    let first = match generalised {
        0 => format!("None of {runs} generalised"),
        n if n == counts.finished => format!("All of {runs} generalised"),
        n => format!("Of {runs} {} generalised", grouped(n as u64)),
    };
    let some = generalised > 0 && generalised < counts.finished;
    let border = if some { border(page) } else { None };
    format!("{first}{}.", border.unwrap_or_default())
}

/// The second half of the sentence.
fn border(page: &SweepPage) -> Option<String> {
    let (axis, half, other) = half(page)?;
    let label = &axis.label;
    let pooled = other.map_or_else(String::new, |o| format!(", over all values of {}", o.label));
    Some(match half {
        Half::Between { low, high, rising } => {
            let end = if rising { "smallest" } else { "largest" };
            format!("; the {end} {label} at which half do lies between {low} and {high}{pooled}")
        }
        Half::Everywhere => format!("; at least half do at every {label}{pooled}"),
        Half::Nowhere => format!("; at no {label} do half{pooled}"),
        Half::Unclear => format!("; half do at several separate values of {label}{pooled}"),
    })
}

/// The sweep in one paragraph.
pub(crate) fn account(page: &SweepPage) -> String {
    let c = &page.counts;
    let axes: Vec<String> = page
        .axes
        .iter()
        .map(|a| format!("{} ({})", a.label, counted(a.values.len() as u64, "value")))
        .collect();
    let varied = match axes.as_slice() {
        [] => "Nothing but the seed was varied.".to_owned(),
        all => format!(
            "Varied were {}, each with several seeds where the plan says so.",
            all.join(", ")
        ),
    };
    format!(
        "A sweep trains the same network many times and changes a few settings from run to run. {varied} {} \
         The seed decides the random start and which examples are held out, so runs of one setting differ; the \
         pictures show their median and how far they are apart.",
        fates(c)
    )
}

/// How many runs ended how.
fn fates(c: &SweepCounts) -> String {
    let mut text = format!(
        "{} of {} finished",
        grouped(c.finished as u64),
        counted(c.wanted as u64, "run")
    );
    if c.failed > 0 {
        text += &format!(
            ", {} failed and are in no picture",
            grouped(c.failed as u64)
        );
    }
    let missing = c.wanted.saturating_sub(c.finished + c.failed);
    if missing > 0 {
        text += &format!(", {} are still to come", grouped(missing as u64));
    }
    format!(
        "{text}; together they trained {} in {}.{}",
        counted(c.epochs, "epoch"),
        duration(c.seconds),
        saved(c)
    )
}

fn saved(c: &SweepCounts) -> String {
    if c.epochs_planned <= c.epochs {
        return String::new();
    }
    let share = 1.0 - c.epochs as f64 / c.epochs_planned as f64;
    format!(
        " Stopping runs whose fate was settled saved {} of the epochs.",
        percent(share)
    )
}

#[cfg(test)]
mod tests {
    use super::super::record::AxisValue;
    use super::*;

    fn passes(shares: &[f64]) -> Half<'static> {
        let value = |i: usize| AxisValue {
            text: format!("0.{i}"),
            number: Some(i as f64 / 10.0),
        };
        let axis = Box::leak(Box::new(SweepAxis {
            name: "train_fraction".into(),
            label: "training fraction".into(),
            spread: SweepSpread::Linear,
            values: (0..shares.len()).map(value).collect(),
        }));
        let shares: Vec<(usize, f64)> = shares.iter().copied().enumerate().collect();
        passing(axis, &shares)
    }

    #[test]
    fn half_lies_where_the_share_passes_it_once() {
        let between = |low, high, rising| Half::Between { low, high, rising };
        assert_eq!(passes(&[0.0, 0.4, 0.5, 1.0]), between("0.1", "0.2", true));
        assert_eq!(passes(&[1.0, 0.1]), between("0.0", "0.1", false));
        assert_eq!(passes(&[0.6, 0.9]), Half::Everywhere);
        assert_eq!(passes(&[0.1]), Half::Nowhere);
        assert_eq!(passes(&[]), Half::Nowhere);
        assert_eq!(passes(&[0.0, 0.6, 0.4, 0.9]), Half::Unclear);
    }
}
