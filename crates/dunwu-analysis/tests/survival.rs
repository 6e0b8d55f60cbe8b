//! Survival curves and tests against lifelines and scipy, and against what can be worked out by hand.

use dunwu_analysis::survival::{
    Observed, chi_square_upper, kaplan_meier, log_rank, log_rank_stratified,
};
use serde_json::Value;

fn recorded() -> Value {
    serde_json::from_str(include_str!("data/survival.json")).unwrap()
}

fn runs(of: &Value) -> Vec<Observed> {
    let pair = |(time, event): (&Value, &Value)| Observed {
        time: time.as_u64().unwrap(),
        event: event == 1,
    };
    let (times, events) = (of["times"].as_array(), of["events"].as_array());
    times
        .unwrap()
        .iter()
        .zip(events.unwrap())
        .map(pair)
        .collect()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn close(a: f64, b: f64, what: &str) {
    assert!(
        (a - b).abs() <= 1e-9 * (1.0 + b.abs()),
        "{what}: {a}, expected {b}"
    );
}

#[test]
fn curves_medians_and_restricted_means_are_those_of_lifelines() {
    for of in recorded()["curves"].as_array().unwrap() {
        let curve = kaplan_meier(&runs(of));
        let steps: Vec<u64> = curve.steps.iter().map(|s| s.time).collect();
        assert_eq!(serde_json::json!(steps), of["steps"]);
        for (i, step) in curve.steps.iter().enumerate() {
            let expected = ["survival", "low", "high"].map(|k| numbers(&of[k])[i]);
            close(step.survival, expected[0], "survival");
            close(step.low, expected[1], "low");
            close(step.high, expected[2], "high");
        }
        assert_eq!(serde_json::json!(curve.median()), of["median"]);
        assert_eq!(
            serde_json::json!(curve.median_interval()),
            of["median_interval"]
        );
        let mean = curve
            .restricted_mean(of["horizon"].as_u64().unwrap())
            .unwrap();
        close(
            mean.mean,
            of["restricted_mean"].as_f64().unwrap(),
            "restricted mean",
        );
    }
}

#[test]
fn log_rank_tests_are_those_of_lifelines() {
    for of in recorded()["tests"].as_array().unwrap() {
        let groups: Vec<_> = of["groups"].as_array().unwrap().iter().map(runs).collect();
        let test = log_rank(&groups);
        close(
            test.statistic,
            of["statistic"].as_f64().unwrap(),
            "statistic",
        );
        close(test.p, of["p"].as_f64().unwrap(), "p");
        assert_eq!(test.degrees as u64, of["degrees"].as_u64().unwrap());
        let events: usize = groups.iter().flatten().filter(|r| r.event).count();
        close(test.expected.iter().sum(), events as f64, "expected");
    }
}

#[test]
fn tails_of_chi_square_are_those_of_scipy() {
    for of in recorded()["chi"].as_array().unwrap() {
        let (x, k) = (of["x"].as_f64().unwrap(), of["degrees"].as_u64().unwrap());
        let p = of["p"].as_f64().unwrap();
        let ours = chi_square_upper(x, k as usize);
        assert!(
            (ours / p - 1.0).abs() < 1e-10,
            "{x} {k}: {ours}, expected {p}"
        );
    }
    assert_eq!(
        (chi_square_upper(0.0, 3), chi_square_upper(5.0, 0)),
        (1.0, 1.0)
    );
}

#[test]
fn without_censoring_the_restricted_mean_is_the_mean_with_its_usual_error() {
    let times = [12u64, 30, 31, 31, 58, 90, 140];
    let runs: Vec<Observed> = times.iter().map(|t| Observed::by(Some(*t), 500)).collect();
    let cut: Vec<f64> = times.iter().map(|t| (*t).min(80) as f64).collect();
    let n = cut.len() as f64;
    let mean = cut.iter().sum::<f64>() / n;
    let variance = cut.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let found = kaplan_meier(&runs).restricted_mean(80).unwrap();
    close(found.mean, mean, "mean");
    close(found.error, (variance / n).sqrt(), "error");
}

#[test]
fn a_restricted_mean_beyond_what_was_watched_is_not_known() {
    let curve = kaplan_meier(&[Observed::by(Some(10), 50), Observed::by(None, 50)]);
    assert!(curve.restricted_mean(51).is_none());
    assert_eq!(curve.restricted_mean(50).unwrap().mean, 30.0);
    let ended = kaplan_meier(&[Observed::by(Some(10), 50), Observed::by(Some(20), 50)]);
    assert_eq!(ended.restricted_mean(1000).unwrap().mean, 15.0);
}

#[test]
fn strata_of_one_pair_each_give_the_statistic_of_the_sign_test() {
    let pair = |a: Option<u64>, b: Option<u64>| {
        vec![vec![Observed::by(a, 100)], vec![Observed::by(b, 100)]]
    };
    let strata = [
        pair(Some(5), Some(9)),
        pair(Some(70), Some(80)),
        pair(Some(3), None),
        pair(Some(40), Some(20)),
        pair(Some(30), Some(30)),
        pair(None, None),
    ];
    let test = log_rank_stratified(&strata);
    // Three wins, one loss; a tie and a pair of which nothing is known say nothing.
    close(test.statistic, (3.0f64 - 1.0).powi(2) / 4.0, "statistic");
    assert_eq!((test.degrees, test.observed), (1, vec![5, 4]));
}

#[test]
fn what_cannot_be_compared_gives_no_evidence() {
    let never = vec![Observed::by(None, 100); 4];
    for groups in [
        vec![],
        vec![never.clone()],
        vec![never.clone(), never.clone()],
    ] {
        let test = log_rank(&groups);
        assert_eq!((test.statistic, test.degrees, test.p), (0.0, 0, 1.0));
    }
    let some = vec![Observed::by(Some(10), 100); 4];
    // A group that is empty is left out of the degrees.
    assert_eq!(log_rank(&[some, never, vec![]]).degrees, 1);
    assert_eq!(kaplan_meier(&[]).median(), None);
    assert!(kaplan_meier(&[]).restricted_mean(10).is_none());
}
