//! Borders, laws and predictions in words.

use super::record::{BorderLaw, BorderLaws, BorderPage, BorderPrediction, BorderSetting, Estimate};
use crate::text::{counted, duration, grouped, number, percent};

/// A number and its interval.
pub(crate) fn estimate(e: &Estimate, digits: usize) -> String {
    let [value, low, high] = [e.value, e.low, e.high].map(|x| number(x, digits));
    format!("{value} ({low} to {high})")
}

/// A setting's name, with what is special about it.
pub(crate) fn name(setting: &BorderSetting) -> String {
    if setting.note.is_empty() {
        setting.name.clone()
    } else {
        format!("{}, {}", setting.name, setting.note)
    }
}

/// Names with commas and an `and`.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The answer in one sentence.
pub(crate) fn headline(page: &BorderPage) -> String {
    if let Some(laws) = page.laws.as_ref().filter(|l| !l.laws.is_empty()) {
        return law_headline(laws);
    }
    let known: Vec<String> = page
        .settings
        .iter()
        .filter_map(|s| Some(format!("{} at {}", name(s), estimate(&s.border?, 3))))
        .collect();
    match (known.len(), page.settings.len()) {
        (_, 0) => "No border was looked for yet.".into(),
        (0, _) => {
            "No border was found: the runs all met the same fate, or there are too few.".into()
        }
        (1..=3, _) => format!("Half of the runs generalise on {}.", listed(&known)),
        (n, all) => format!("{n} of {all} borders were found."),
    }
}

fn law_headline(laws: &BorderLaws) -> String {
    let survivors: Vec<String> = surviving(laws).map(|l| l.form.clone()).collect();
    let all = counted(laws.laws.len() as u64, "candidate law");
    let held = laws.points.iter().filter(|p| p.held_back).count();
    let test = if held == 0 {
        ", but no size was held back to test them".to_owned()
    } else {
        format!(" on {} held back", counted(held as u64, "size"))
    };
    match survivors.len() {
        0 => format!("None of {all} survives the test{test}."),
        1 => format!("Of {all} one survives the test{test}: {}.", survivors[0]),
        2 => format!("Of {all} 2 survive the test{test}: {}.", listed(&survivors)),
        n => format!("Of {all} {n} survive the test{test}."),
    }
}

pub(crate) fn surviving(laws: &BorderLaws) -> impl Iterator<Item = &BorderLaw> {
    laws.laws.iter().filter(|l| l.survives)
}

/// The page in a paragraph.
pub(crate) fn account(page: &BorderPage) -> String {
    let runs: usize = page.settings.iter().map(|s| s.runs.len()).sum();
    let epochs: u64 = page.settings.iter().map(BorderSetting::epochs).sum();
    format!(
        "A network that sees too few rows of the table memorises them and never finds the rule; one that sees enough \
         finds it. Between the two lies a border: the training fraction at which half of the runs, each with its own \
         seed, generalise within the budget of epochs. Here each next run is placed where it says most about the \
         border, and a run is stopped when its fate is settled. That took {} and {} in {}.{}",
        counted(runs as u64, "run"),
        counted(epochs, "epoch"),
        duration(page.seconds),
        against_grid(page).map_or_else(String::new, |t| format!(" {t}"))
    )
}

/// Runs and epochs against those of the full grids.
fn against_grid(page: &BorderPage) -> Option<String> {
    let with: Vec<_> = page
        .settings
        .iter()
        .filter_map(|s| Some((s, s.grid?)))
        .collect();
    let grid_runs: usize = with.iter().map(|(_, g)| g.fractions * g.seeds).sum();
    let grid_epochs: u64 = with.iter().map(|(_, g)| g.epochs).sum();
    if grid_runs == 0 || grid_epochs == 0 {
        return None;
    }
    let runs: usize = with.iter().map(|(s, _)| s.runs.len()).sum();
    let epochs: u64 = with.iter().map(|(s, _)| s.epochs()).sum();
    Some(format!(
        "Full grids of fractions and seeds would take {} and {}: this is {} of the runs and {} of the epochs.",
        counted(grid_runs as u64, "run"),
        counted(grid_epochs, "epoch"),
        percent(runs as f64 / grid_runs as f64),
        percent(epochs as f64 / grid_epochs as f64),
    ))
}

/// What a setting cost, against its grid, and whether the two agree.
pub(crate) fn cost(setting: &BorderSetting) -> String {
    let mut text = format!(
        "{} and {}",
        counted(setting.runs.len() as u64, "run"),
        counted(setting.epochs(), "epoch")
    );
    let Some(grid) = setting.grid else {
        return format!("{text}.");
    };
    let runs = grid.fractions * grid.seeds;
    text += &format!(
        ", against {} and {} of a grid of {} fractions × {} seeds.",
        grouped(runs as u64),
        grouped(grid.epochs),
        grid.fractions,
        grid.seeds
    );
    if let (Some(full), Some(border)) = (grid.border, setting.border) {
        let within = if border.holds(full.value) {
            "inside"
        } else {
            "outside"
        };
        text += &format!(
            " That grid was run: it puts the border at {}, {within} the interval here.",
            estimate(&full, 4)
        );
    }
    text
}

/// What a prediction came to.
pub(crate) fn outcome(p: &BorderPrediction) -> String {
    match p.measured {
        None => "not trained yet".into(),
        Some(m) if p.predicted.holds(m.value) => "inside the interval".into(),
        Some(m) if m.low <= p.predicted.high && p.predicted.low <= m.high => {
            "outside the interval, but the two overlap".into()
        }
        Some(_) => "missed".into(),
    }
}

/// The predictions in a sentence.
pub(crate) fn predicted(laws: &BorderLaws) -> String {
    let all = &laws.predictions;
    let tested: Vec<_> = all.iter().filter(|p| p.measured.is_some()).collect();
    let inside = |p: &&&BorderPrediction| p.measured.is_some_and(|m| p.predicted.holds(m.value));
    match (all.len(), tested.len()) {
        (0, _) => String::new(),
        (n, 0) => format!(
            "{} said before training, none of them trained yet.",
            counted(n as u64, "border")
        ),
        (_, n) => format!(
            "Of {} said before training and trained since, {} came out inside the interval.",
            counted(n as u64, "border"),
            tested.iter().filter(inside).count()
        ),
    }
}
