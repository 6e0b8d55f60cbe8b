//! The page of a sweep and its figures are well-formed, and say the same numbers.

#[path = "../examples/synthetic/sweep.rs"]
mod synthetic;

mod markup;
mod parts;

use dunwu_report::{
    AxisValue, PhaseCell, SweepCounts, SweepPage, SweepSpread, sweep_figures, sweep_page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};
use parts::{elements, figure, table, texts};

fn assert_sound(page: &SweepPage, what: &str) -> String {
    assert!(page.is_consistent(), "{what}");
    let html = sweep_page(page);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, what);
    for (name, svg) in sweep_figures(page) {
        assert_figure(&name, &svg, what);
    }
    html
}

fn empty() -> SweepPage {
    SweepPage {
        counts: SweepCounts {
            wanted: 400,
            ..SweepCounts::default()
        },
        axes: vec![],
        measures: vec![],
        phases: vec![],
        curves: vec![],
        survival: vec![],
        ..synthetic::sweep(1, 1)
    }
}

#[test]
fn a_sweep_has_every_figure_and_the_same_bytes_each_time() {
    let page = synthetic::sweep(16, 9);
    let html = assert_sound(&page, "whole");
    let names: Vec<String> = sweep_figures(&page).into_iter().map(|f| f.0).collect();
    let expected = [
        "curves1.svg",
        "phase1-generalised.svg",
        "phase2-test_99.svg",
        "survival1.svg",
    ];
    assert_eq!(names, expected);
    assert_eq!(html, sweep_page(&synthetic::sweep(16, 9)));
    let text = serde_json::to_string(&page).unwrap();
    let back: SweepPage = serde_json::from_str(&text).unwrap();
    assert!(sweep_page(&back) == html);
}

#[test]
fn every_size_is_sound_from_nothing_to_sixty_by_sixty() {
    let none = assert_sound(&empty(), "empty");
    assert!(none.contains("None of 400 runs has finished yet."));
    assert!(sweep_figures(&empty()).is_empty());
    for (columns, rows) in [(1, 1), (2, 1), (14, 1), (1, 7), (3, 2), (60, 60)] {
        let html = assert_sound(&synthetic::sweep(columns, rows), "sizes");
        assert!(
            html.len() < 2_500_000,
            "{columns}×{rows}: {} bytes",
            html.len()
        );
    }
}

#[test]
fn values_in_the_cells_are_those_of_the_table() {
    let page = synthetic::sweep(16, 9);
    let (html, figures) = (sweep_page(&page), sweep_figures(&page));
    let label = "share of runs that generalise";
    let rows = table(
        &html,
        &format!(
            "Numbers: {} by training fraction and weight decay",
            capital(label)
        ),
    );
    let shown = cell_texts(&figure(&figures, "phase1-generalised.svg"));
    let listed: Vec<String> = rows.iter().map(|r| r[3].clone()).collect();
    let written: Vec<String> = shown.iter().map(|s| format!("{s}\u{a0}%")).collect();
    assert_eq!(written, listed);
    assert_eq!(rows.len(), page.phases[0].cells.len());
    let rows = table(
        &html,
        "Numbers: Epochs until 99\u{a0}% of held-out examples are right by training fraction and weight decay",
    );
    let shown = cell_texts(&figure(&figures, "phase2-test_99.svg"));
    assert_eq!(shown.len(), rows.len());
    for (cell, row) in shown.iter().zip(&rows) {
        match cell.as_str() {
            "–" => assert_eq!(row[3], "never"),
            text => {
                let [a, b] = [text, &row[3]].map(|t| t.parse::<f64>().unwrap());
                assert!((a - b).abs() <= 0.005 * b, "{a} and {b}");
            }
        }
    }
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// Labels of cells in order.
fn cell_texts(svg: &str) -> Vec<String> {
    svg.split("<text ")
        .skip(1)
        .filter(|t| t.contains("class=\"on") || t.contains("class=\"in\""))
        .filter_map(|t| Some(t.split_once('>')?.1.split('<').next()?.to_owned()))
        .collect()
}

#[test]
fn settings_without_a_run_have_a_cross_and_those_that_never_got_there_are_grey() {
    let page = synthetic::sweep(16, 9);
    let svg = figure(&sweep_figures(&page), "phase2-test_99.svg");
    let crosses: usize = elements(&svg, "path", "class=\"absent\"")
        .iter()
        .map(|p| p.matches('M').count() / 2)
        .sum();
    let missing = 16 * 9 - page.phases[1].cells.len();
    // One more stands in the legend.
    assert_eq!(crosses, missing + 1);
    let never = page.phases[1]
        .cells
        .iter()
        .filter(|c| c.value.is_none())
        .count();
    let shown = cell_texts(&svg).iter().filter(|t| *t == "–").count();
    assert!(never > 0 && shown == never);
    let full = synthetic::sweep(3, 2);
    let svg = figure(&sweep_figures(&full), "phase1-generalised.svg");
    assert!(!svg.contains("no run"));
}

#[test]
fn cells_that_seeds_disagree_on_are_marked() {
    let mut page = synthetic::sweep(4, 3);
    for cell in &mut page.phases[1].cells {
        (cell.value, cell.low, cell.high) = (Some(500.0), Some(500.0), Some(500.0));
    }
    page.phases[1].cells[0].value = Some(100.0);
    page.phases[1].cells[1].value = Some(1000.0);
    let calm = figure(&sweep_figures(&page), "phase2-test_99.svg");
    assert!(!calm.contains("seeds disagree"));
    page.phases[1].cells[2].low = Some(100.0);
    page.phases[1].cells[2].high = Some(1000.0);
    let torn = figure(&sweep_figures(&page), "phase2-test_99.svg");
    assert!(torn.contains("seeds disagree: low, high"));
    let strips = |svg: &str| elements(svg, "rect", "class=\"paper\"").len();
    assert_eq!(strips(&torn), strips(&calm) + 1);
}

#[test]
fn the_headline_says_where_half_generalise() {
    let html = sweep_page(&synthetic::sweep(14, 1));
    assert!(html.contains(
        "Of 70 runs 45 generalised; the smallest training fraction at which half do lies between 0.3714 and 0.4143."
    ));
    let mut none = synthetic::sweep(14, 1);
    none.counts.generalised = Some(0);
    assert!(sweep_page(&none).contains("<h1>None of 70 runs generalised.</h1>"));
    none.counts.generalised = None;
    assert!(sweep_page(&none).contains("<h1>70 runs of 70 have finished.</h1>"));
}

#[test]
fn names_without_an_order_are_categories() {
    let mut page = synthetic::sweep(14, 1);
    let long = "a very long name of an optimiser that cannot stand beside others";
    page.axes[0].spread = SweepSpread::Category;
    for (i, value) in page.axes[0].values.iter_mut().enumerate() {
        *value = AxisValue {
            text: format!("{i} {long}"),
            number: None,
        };
    }
    let html = assert_sound(&page, "categories");
    assert!(html.contains("<h1>Of 70 runs 45 generalised.</h1>"));
    let svg = figure(&sweep_figures(&page), "phase1-generalised.svg");
    assert!(svg.contains("rotate(-40") && !svg.contains(long));
}

#[test]
fn the_share_left_falls_by_the_steps_of_the_table() {
    let page = synthetic::sweep(4, 1);
    let html = sweep_page(&page);
    let rows = table(
        &html,
        "Numbers: Share of runs that have not yet generalised, by training fraction",
    );
    let steps: usize = page.survival[0].groups.iter().map(|g| g.steps.len()).sum();
    assert_eq!(rows.len(), steps);
    let svg = figure(&sweep_figures(&page), "survival1.svg");
    // A staircase has two corners a step and its two ends.
    for (g, group) in page.survival[0].groups.iter().enumerate() {
        let line = elements(&svg, "path", &format!("class=\"median l{g}\""));
        assert_eq!(
            line[0].matches('l').count(),
            2 * group.steps.len() + 1 + "class=\"median l".matches('l').count()
        );
    }
    assert_eq!(texts(&svg, "text", "class=\"t0\""), ["0.36", "0.36"]);
}

#[test]
fn a_million_runs_make_a_small_page() {
    let mut page = synthetic::sweep(4, 1);
    let group = &mut page.survival[0].groups[0];
    group.censored = (0..1_000_000).map(|i| 2900 + i % 100).collect();
    let step = group.steps[0];
    group.steps = (0..100_000)
        .map(|i| dunwu_report::SurvivalStep {
            epoch: i,
            share: 1.0 - i as f64 / 2e5,
            ..step
        })
        .collect();
    let html = assert_sound(&page, "a million");
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}

#[test]
fn groups_beyond_the_colours_are_named() {
    let html = sweep_page(&synthetic::sweep(4, 1));
    assert!(html.contains("Not drawn, for want of colours that can be told apart: 0.85, 0.9."));
}

#[test]
fn records_whose_parts_do_not_fit_are_told() {
    let broken: [fn(&mut SweepPage); 8] = [
        |p| p.phases[0].cells[0].x = 99,
        |p| p.phases[0].measure = 7,
        |p| p.phases[0].y = Some(0),
        |p| {
            let twice = p.phases[0].cells[0].clone();
            p.phases[0].cells.push(twice);
        },
        |p| p.phases[0].cells[0].value = Some(f64::NAN),
        |p| p.axes[0].values.swap(0, 1),
        |p| p.curves[0].groups[0].test.low.truncate(1),
        |p| p.survival[0].groups[0].steps.reverse(),
    ];
    for (i, break_it) in broken.iter().enumerate() {
        let mut page = synthetic::sweep(3, 2);
        break_it(&mut page);
        assert!(!page.is_consistent(), "case {i}");
        // Told, and drawn without a panic all the same.
        let html = sweep_page(&page);
        assert_balanced(&html);
        assert!(html.contains("do not fit together"));
    }
}

#[test]
fn text_of_others_cannot_become_markup() {
    let evil = "</script><script>alert(\"1\")&'";
    let mut page = synthetic::sweep(3, 2);
    page.title = evil.into();
    page.command = evil.into();
    page.plan[0] = (evil.into(), evil.into());
    page.counts.stopped[0] = (evil.into(), 3);
    page.axes[0].label = evil.into();
    page.axes[1].values[0].text = evil.into();
    page.measures[0].label = evil.into();
    page.measures[1].name = evil.into();
    page.measures[1].help = evil.into();
    page.phases[1].note = evil.into();
    page.curves[0].by = evil.into();
    page.curves[0].groups[0].name = evil.into();
    page.survival[0].event = evil.into();
    page.survival[0].note = evil.into();
    page.survival[0].groups[0].name = evil.into();
    let html = assert_sound(&page, "hostile");
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 1);
}

#[test]
fn a_cell_with_runs_that_never_got_there_is_told_from_one_without() {
    let mut page = synthetic::sweep(2, 1);
    page.phases[1].cells = vec![PhaseCell {
        x: 0,
        y: 0,
        runs: 4,
        value: None,
        low: Some(900.0),
        high: None,
        censored: 3,
    }];
    let html = assert_sound(&page, "never");
    let rows = table(
        &html,
        "Numbers: Epochs until 99\u{a0}% of held-out examples are right by training fraction",
    );
    assert_eq!(
        rows,
        [["0.2", "4", "never", "900", "–", "3"].map(str::to_owned)]
    );
}
