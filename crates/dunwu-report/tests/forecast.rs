//! The page of forecasts and its figures are well-formed, and say the same numbers.

mod markup;

use dunwu_report::{
    ForecastFan, ForecastJump, ForecastPage, ForecastRow, forecast_figures, forecast_page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};

fn row(id: &str, decision: &str) -> ForecastRow {
    let seen = (1..=40).map(|s| (f64::from(s), 1.0 + 2.0 / f64::from(s).sqrt()));
    let fan = (41..=57).map(|s| {
        let (s, middle) = (f64::from(s), 1.0 + 2.0 / f64::from(s).sqrt());
        ForecastFan {
            step: s,
            values: [-0.04, -0.02, 0.0, 0.02, 0.05].map(|d| middle + d * (s - 40.0) / 10.0),
        }
    });
    ForecastRow {
        id: id.into(),
        metric: "val_loss".into(),
        points: 40,
        seen: seen.collect(),
        horizon: 57.0,
        fan: fan.collect(),
        jump: None,
        p_better: Some(0.4),
        decision: decision.into(),
        reason: "it still moves: from 1.316 now to 1.265 (1.2 to 1.35)".into(),
        novelty: Some(0.4),
        can_tell: true,
        notes: vec![],
    }
}

fn page(runs: Vec<ForecastRow>) -> ForecastPage {
    ForecastPage {
        title: "runs/".into(),
        command: "dunwu forecast runs/ --out page.html".into(),
        better_than: Some(1.2),
        runs,
        left_out: vec![],
    }
}

fn assert_sound(page: &ForecastPage, what: &str) -> String {
    let html = forecast_page(page);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, what);
    for (name, svg) in forecast_figures(page) {
        assert_figure(&name, &svg, what);
    }
    html
}

#[test]
fn a_page_has_a_fan_a_run_and_the_same_bytes_each_time() {
    let mut late = row("b <&> \"quoted\"", "pause");
    late.jump = Some(ForecastJump {
        p: 0.2,
        step: [44.0, 50.0, 56.0],
    });
    let page = page(vec![row("a.csv", "continue"), late]);
    let html = assert_sound(&page, "two");
    assert!(html.contains("Of 2 runs, 1 to continue, 1 to pause and 0 to stop."));
    assert!(html.contains("If it generalises: step 50"));
    assert_eq!(forecast_figures(&page).len(), 2);
    let text = serde_json::to_string(&page).unwrap();
    let back: ForecastPage = serde_json::from_str(&text).unwrap();
    assert!(forecast_page(&back) == html);
}

#[test]
fn one_run_none_and_a_broken_one_have_pages() {
    let one = assert_sound(&page(vec![row("a", "stop")]), "one");
    assert!(
        one.contains("<h1>Stop: it still moves"),
        "the reason is the headline"
    );
    assert!(assert_sound(&page(vec![]), "none").contains("No run could be forecast."));
    let mut broken = row("c", "continue");
    broken.fan[3].values[2] = f64::NAN;
    let broken = page(vec![broken]);
    assert!(!broken.is_consistent() && forecast_figures(&broken).is_empty());
    assert!(assert_sound(&broken, "broken").contains("do not fit together"));
    let mut short = row("d", "continue");
    (short.seen, short.fan) = (vec![(1.0, 2.0)], vec![]);
    assert_sound(&page(vec![short]), "short");
}

#[test]
fn thousands_of_runs_have_a_table_and_a_bounded_number_of_pictures() {
    let runs = (0..6000)
        .map(|i| row(&format!("run {i}"), "stop"))
        .collect();
    let page = page(runs);
    let html = forecast_page(&page);
    assert!(forecast_figures(&page).len() == 60);
    assert!(html.contains("1,000 more are in the output of --json"));
    assert!(html.len() < 8_000_000, "{}", html.len());
}
