//! The page of a diagnosis and its figures are well-formed, and say what the record says.

mod markup;
mod parts;

use dunwu_report::{
    DiagnosedFinding, DiagnosedLook, DiagnosedRun, DiagnosedSign, DiagnosisPage, DrawnSeries,
    diagnosis_figures, diagnosis_page,
};
use markup::{assert_balanced, assert_figure, assert_local};
use parts::{attribute, elements, figure};

fn series(name: &str, f: fn(f64) -> f64) -> DrawnSeries {
    let points = (0..50).map(|i| (f64::from(i), f(f64::from(i))));
    DrawnSeries {
        name: name.to_owned(),
        points: points.collect(),
    }
}

fn finding(name: &str, shown: &[&str]) -> DiagnosedFinding {
    DiagnosedFinding {
        name: name.to_owned(),
        help: "what <that> means".to_owned(),
        severity: "warning".to_owned(),
        statement: "It is so & `val_loss` says it.".to_owned(),
        probability: 0.9996,
        by: "a test, p = 1e-5".to_owned(),
        since: Some(20.0),
        evidence: vec![DiagnosedSign {
            series: "val_loss".to_owned(),
            step: Some(20.0),
            value: Some(1.0),
            says: "the best".to_owned(),
        }],
        experiment: "another run".to_owned(),
        command: Some("dunwu train task=Z23".to_owned()),
        shown: shown.iter().map(|s| (*s).to_owned()).collect(),
    }
}

fn page(runs: usize) -> DiagnosisPage {
    let look = |name: &str| DiagnosedLook {
        name: name.to_owned(),
        words: "a series".to_owned(),
    };
    let run = |i: usize| DiagnosedRun {
        id: format!("run {i}"),
        verdict: "One thing is found to be wrong with it.".to_owned(),
        notes: vec!["loss: 1 restart".to_owned()],
        findings: vec![
            finding("overfit", &["val_loss", "train_loss"]),
            finding("spiked", &["train_loss", "grad_norm", "absent"]),
            finding("plateau", &["absent"]),
        ],
        clear: vec![look("diverged")],
        blind: vec![look("proxy")],
        series: vec![
            series("val_loss", |s| 1.0 + (s - 20.0).abs() / 30.0),
            series("train_loss", |s| 2.0 / (1.0 + s)),
            series("grad_norm", |s| (0.3 * s).exp()),
        ],
    };
    DiagnosisPage {
        title: "a.csv".to_owned(),
        command: "dunwu diagnose a.csv".to_owned(),
        runs: (0..runs).map(run).collect(),
        together: None,
        provenance: vec![],
    }
}

#[test]
fn findings_have_figures_and_the_page_the_same_bytes_each_time() {
    for runs in [0, 1, 3] {
        let page = page(runs);
        assert!(page.is_consistent());
        let html = diagnosis_page(&page);
        assert_balanced(&html);
        assert_local(&html);
        let figures = diagnosis_figures(&page);
        // What shows no series has no figure.
        assert_eq!(figures.len(), 2 * runs);
        for (name, svg) in &figures {
            assert_figure(name, svg, "diagnosis");
        }
        let text = serde_json::to_string(&page).unwrap();
        let back: DiagnosisPage = serde_json::from_str(&text).unwrap();
        assert!(diagnosis_page(&back) == html);
        if runs > 0 {
            assert!(html.contains("<code>val_loss</code>") && html.contains("99.9\u{a0}%"));
            assert!(
                html.contains("what &lt;that&gt; means") && html.contains("dunwu train task=Z23")
            );
        }
    }
}

/// The dot of a sign lies on its line, and the shade begins at its step.
#[test]
fn evidence_lies_where_it_is() {
    let page = page(1);
    let svg = figure(&diagnosis_figures(&page), "run1-overfit.svg");
    let dots = elements(&svg, "circle", "fill0 rim");
    let shades = elements(&svg, "rect", "other veil");
    assert_eq!((dots.len(), shades.len()), (1, 1));
    assert!((attribute(dots[0], "cx") - attribute(shades[0], "x")).abs() < 0.2);
    // Three panels' worth of series in two: what has one unit shares a panel.
    assert_eq!(elements(&svg, "path", "median thin").len(), 2);
    let spiked = figure(&diagnosis_figures(&page), "run1-spiked.svg");
    assert_eq!(elements(&spiked, "rect", "other veil").len(), 2);
}

#[test]
fn of_many_runs_the_worst_are_shown_and_broken_records_are_refused() {
    let mut page = page(40);
    page.runs[39].findings.clear();
    page.runs[3].findings[0].severity = "failure".to_owned();
    let html = diagnosis_page(&page);
    assert!(html.contains("The 24 runs with the worst findings") && html.contains("Of 40 runs"));
    assert!(
        html.contains("wrong with 39")
            && html.contains("href=\"#run4\"")
            && !html.contains("href=\"#run40\"")
    );
    page.runs[0].findings[0].probability = f64::NAN;
    assert!(!page.is_consistent());
    let mut page = self::page(1);
    page.runs[0].series[0].points.swap(0, 1);
    assert!(!page.is_consistent());
}
