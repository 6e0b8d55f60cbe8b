//! The page of borders and its figures are well-formed, and say the same numbers.

#[path = "../examples/synthetic/border.rs"]
mod synthetic;

mod markup;
mod parts;

use dunwu_report::{
    BorderLaws, BorderPage, BorderPrediction, Estimate, border_figures, border_page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};
use parts::{attribute, elements, figure, table};

fn assert_sound(page: &BorderPage, what: &str) -> String {
    assert!(page.is_consistent(), "{what}");
    let html = border_page(page);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, what);
    for (name, svg) in border_figures(page) {
        assert_figure(&name, &svg, what);
    }
    html
}

fn bare() -> BorderPage {
    BorderPage {
        settings: vec![],
        laws: None,
        collapse: None,
        ..synthetic::border()
    }
}

#[test]
fn borders_have_every_figure_and_the_same_bytes_each_time() {
    let page = synthetic::border();
    let html = assert_sound(&page, "whole");
    let names: Vec<String> = border_figures(&page).into_iter().map(|f| f.0).collect();
    let expected = [
        "border1-Z23.svg",
        "border2-Z31.svg",
        "border3-Z41.svg",
        "collapse.svg",
        "laws.svg",
    ];
    assert_eq!(names, expected);
    let text = serde_json::to_string(&page).unwrap();
    let back: BorderPage = serde_json::from_str(&text).unwrap();
    assert!(border_page(&back) == html);
    for part in [
        "Of 5 candidate laws 2 survive the test on 2 sizes held back: c·√(2/M) and c·M^(−a).",
        "That grid was run: it puts the border at 0.3333 (0.3273 to 0.3393), inside the interval here.",
        "of the runs and",
        "misses Z97 by 6.1 standard errors",
        "Of 2 borders said before training and trained since, 1 came out inside the interval.",
        "with exponent 0.8 (0.67 to 0.93)",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn every_run_is_a_dot_where_its_fraction_is() {
    let page = synthetic::border();
    let (html, svg) = (
        border_page(&page),
        figure(&border_figures(&page), "border2-Z31.svg"),
    );
    let setting = &page.settings[1];
    let rows = table(
        &html,
        "Numbers: Z31: half generalise at 0.2845 (0.2755 to 0.2935)",
    );
    assert_eq!(rows.len(), setting.runs.len());
    let dots = |class: &str| elements(&svg, "circle", class);
    let count = |yes: bool, stopped: bool| {
        let runs = setting.runs.iter();
        runs.filter(|r| r.generalised == yes && r.stopped.is_empty() != stopped)
            .count()
    };
    assert_eq!(dots("open l2").len(), count(true, true));
    assert_eq!(dots("open l1").len(), count(false, true));
    assert_eq!(dots("\"fill1\"").len(), count(false, false));
    // Places rise as the fractions do, evenly.
    let mut fractions: Vec<f64> = setting
        .runs
        .iter()
        .filter(|r| r.generalised)
        .map(|r| r.fraction)
        .collect();
    fractions.sort_by(f64::total_cmp);
    let places: Vec<f64> = dots("open l2").iter().map(|d| attribute(d, "cx")).collect();
    let n = places.len();
    let slope = (places[n - 1] - places[0]) / (fractions[n - 1] - fractions[0]);
    for (place, fraction) in places.iter().zip(&fractions) {
        let expected = places[0] + slope * (fraction - fractions[0]);
        assert!((place - expected).abs() < 0.2, "{fraction}");
    }
}

#[test]
fn surviving_laws_are_solid_and_the_others_dashed() {
    let page = synthetic::border();
    let svg = figure(&border_figures(&page), "laws.svg");
    assert_eq!(elements(&svg, "path", "class=\"median l").len(), 2);
    // One more stands in the legend.
    assert_eq!(elements(&svg, "path", "class=\"dash l").len(), 3 + 1);
    // Held-back sizes are hollow, and one more in the legend.
    assert_eq!(elements(&svg, "circle", "class=\"hole\"").len(), 2 + 1);
    assert_eq!(elements(&svg, "path", "class=\"said\"").len(), 3 + 1);
    let rows = table(
        &border_page(&page),
        "Numbers: The border against the size of the group",
    );
    let kinds = |what: &str| rows.iter().filter(|r| r[5] == what).count();
    assert_eq!(
        [
            kinds("fitted"),
            kinds("held back"),
            kinds("said before training"),
            kinds("trained since")
        ],
        [5, 2, 3, 2]
    );
}

#[test]
fn predictions_say_what_came_of_them() {
    let at = |value: f64| Estimate {
        value,
        low: value - 0.01,
        high: value + 0.01,
    };
    let said = |measured| BorderPrediction {
        name: "Z71".into(),
        order: 71,
        predicted: at(0.2),
        measured,
    };
    let mut page = synthetic::border();
    for (measured, expected) in [
        (None, "not trained yet"),
        (Some(at(0.205)), "inside the interval"),
        (Some(at(0.215)), "outside the interval, but the two overlap"),
        (Some(at(0.3)), "missed"),
    ] {
        page.laws.as_mut().unwrap().predictions = vec![said(measured)];
        let html = assert_sound(&page, expected);
        assert!(
            html.contains(&format!("<td data-label=\"Verdict\">{expected}</td>")),
            "{expected}"
        );
    }
}

#[test]
fn the_grid_outside_the_interval_is_said_to_be() {
    let mut page = synthetic::border();
    let grid = page.settings[0].grid.as_mut().unwrap();
    grid.border = Some(Estimate {
        value: 0.5,
        low: 0.49,
        high: 0.51,
    });
    assert!(
        assert_sound(&page, "outside")
            .contains("at 0.5 (0.49 to 0.51), outside the interval here.")
    );
}

#[test]
fn parts_that_are_missing_are_left_out_or_explained() {
    let html = assert_sound(&bare(), "bare");
    assert!(html.contains("No border was looked for yet.") && border_figures(&bare()).is_empty());
    let few = BorderPage {
        settings: vec![synthetic::setting(23, 2), synthetic::setting(31, 0)],
        laws: Some(BorderLaws::default()),
        ..bare()
    };
    let html = assert_sound(&few, "few");
    assert!(
        html.contains("No border was found") && html.contains("the runs do not bracket the border")
    );
    let many = BorderPage {
        settings: (0..60).map(|i| synthetic::setting(11 + i, 60)).collect(),
        ..bare()
    };
    let html = assert_sound(&many, "many");
    assert!(
        html.contains("60 of 60 borders were found.") && html.len() < 3_000_000,
        "{}",
        html.len()
    );
}

#[test]
fn records_whose_parts_do_not_fit_are_told() {
    let broken: [fn(&mut BorderPage); 6] = [
        |p| p.settings[0].curve.reverse(),
        |p| p.settings[0].runs[0].fraction = f64::NAN,
        |p| p.settings[0].border.as_mut().unwrap().low = 0.9,
        |p| p.laws.as_mut().unwrap().points[0].border.low = 0.0,
        |p| p.laws.as_mut().unwrap().laws[0].line[0].1 = f64::INFINITY,
        |p| p.collapse.as_mut().unwrap().curves[0].points[0].1 = f64::NAN,
    ];
    for (i, break_it) in broken.iter().enumerate() {
        let mut page = synthetic::border();
        break_it(&mut page);
        assert!(!page.is_consistent(), "case {i}");
        let html = border_page(&page);
        assert_balanced(&html);
        assert!(html.contains("do not fit together"));
    }
}

#[test]
fn text_of_others_cannot_become_markup() {
    let evil = "</script><script>alert(\"1\")&'";
    let mut page = synthetic::border();
    page.title = evil.into();
    page.command = evil.into();
    page.plan[0].1 = evil.into();
    page.settings[0].name = evil.into();
    page.settings[0].note = evil.into();
    page.settings[0].runs[0].stopped = evil.into();
    let laws = page.laws.as_mut().unwrap();
    laws.note = evil.into();
    laws.points[0].name = evil.into();
    laws.laws[0].form = evil.into();
    laws.laws[0].why = evil.into();
    laws.laws[0].parameters[0].0 = evil.into();
    laws.laws[0].misses[0].name = evil.into();
    laws.predictions[0].name = evil.into();
    let collapse = page.collapse.as_mut().unwrap();
    collapse.scaling = evil.into();
    collapse.curves[0].name = evil.into();
    let html = assert_sound(&page, "hostile");
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 1);
}
