//! A made-up sweep that looks like a real one: for the example and for tests.

use dunwu_report::{
    AxisValue, CurveBand, CurveSet, GroupCurve, Measure, PhaseCell, PhaseDiagram, SurvivalGroup,
    SurvivalSet, SurvivalStep, SweepAxis, SweepCounts, SweepPage, SweepSpread,
};

const SEEDS: usize = 5;
const BUDGET: f64 = 3000.0;

fn noise(n: usize) -> f64 {
    let mut z = (n as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(7);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn axis(name: &str, label: &str, spread: SweepSpread, values: &[f64]) -> SweepAxis {
    let value = |n: &f64| AxisValue {
        text: n.to_string(),
        number: Some(*n),
    };
    SweepAxis {
        name: name.into(),
        label: label.into(),
        spread,
        values: values.iter().map(value).collect(),
    }
}

fn measures() -> Vec<Measure> {
    let measure = |name: &str, label: &str, share, spread, help: &str| Measure {
        name: name.into(),
        label: label.into(),
        share,
        spread,
        help: help.into(),
    };
    vec![
        measure(
            "generalised",
            "share of runs that generalise",
            true,
            SweepSpread::Linear,
            "A run counts when 99 % of the held-out examples are answered rightly before its last epoch",
        ),
        measure(
            "test_99",
            "epochs until 99 % of held-out examples are right",
            false,
            SweepSpread::Log,
            "The closer to the border, the longer it takes",
        ),
    ]
}

/// Epochs that a run takes, with None past the budget.
fn epochs(fraction: f64, strength: f64, n: usize) -> Option<f64> {
    let over = fraction - 0.42 + 0.1 * strength + 0.02 * (noise(n) - 0.5);
    let epochs = 60.0 / over.max(1e-9).powf(0.9);
    (over > 0.0 && epochs < BUDGET).then_some(epochs)
}

fn runs(x: usize, y: usize, fractions: &[f64], rows: usize) -> Vec<Option<f64>> {
    let strength = if rows == 1 {
        0.5
    } else {
        y as f64 / (rows - 1) as f64
    };
    let run = |s: usize| epochs(fractions[x], strength, (x * 131 + y) * 17 + s);
    let mut all: Vec<Option<f64>> = (0..SEEDS).map(run).collect();
    all.sort_by(|a, b| a.unwrap_or(f64::MAX).total_cmp(&b.unwrap_or(f64::MAX)));
    all
}

/// Both measures of one setting.
fn cells(x: usize, y: usize, runs: &[Option<f64>]) -> [PhaseCell; 2] {
    let there = runs.iter().flatten().count();
    let share = there as f64 / runs.len() as f64;
    let cell = |value, low, high| PhaseCell {
        x,
        y,
        runs: runs.len(),
        value,
        low,
        high,
        censored: runs.len() - there,
    };
    let spread = 1.2 * (share * (1.0 - share) / runs.len() as f64).sqrt();
    [
        cell(
            Some(share),
            Some((share - spread).max(0.0)),
            Some((share + spread).min(1.0)),
        ),
        cell(runs[SEEDS / 2], runs[0], runs[SEEDS - 1]),
    ]
}

fn curve(name: &str, half: f64, runs: usize) -> GroupCurve {
    let at: Vec<u64> = (0..60)
        .map(|i| (1.15f64.powi(i) - 1.0).round() as u64)
        .collect();
    let mut at: Vec<u64> = at.into_iter().filter(|e| *e <= BUDGET as u64).collect();
    at.dedup();
    let band = |half: f64| {
        let rise =
            |e: &u64, wide: f64| 0.02 + 0.98 / (1.0 + (half * wide / (*e as f64 + 1.0)).powi(4));
        CurveBand {
            epochs: at.clone(),
            median: at.iter().map(|e| rise(e, 1.0)).collect(),
            low: at.iter().map(|e| rise(e, 1.3)).collect(),
            high: at.iter().map(|e| rise(e, 0.75)).collect(),
        }
    };
    GroupCurve {
        name: name.into(),
        runs,
        train: band(15.0),
        test: band(half),
    }
}

fn survival(name: &str, fraction: f64) -> SurvivalGroup {
    let n = 40;
    let mut times: Vec<f64> = (0..n)
        .filter_map(|i| epochs(fraction, noise(i + 900), i))
        .collect();
    times.sort_by(f64::total_cmp);
    let step = |(i, t): (usize, &f64)| {
        let share = 1.0 - (i + 1) as f64 / n as f64;
        let half = 1.96 * (share * (1.0 - share) / n as f64).sqrt();
        SurvivalStep {
            epoch: *t as u64,
            share,
            low: (share - half).max(0.0),
            high: (share + half).min(1.0),
        }
    };
    let mut steps: Vec<SurvivalStep> = times.iter().enumerate().map(step).collect();
    steps.dedup_by(|b, a| {
        let same = a.epoch == b.epoch;
        if same {
            *a = *b;
        }
        same
    });
    let left = |e: u64| n - times.iter().filter(|t| **t < e as f64).count();
    SurvivalGroup {
        name: name.into(),
        runs: n,
        events: times.len(),
        steps,
        censored: vec![BUDGET as u64; n - times.len()],
        at_risk: [0, 100, 300, 1000, 3000].map(|e| (e, left(e))).to_vec(),
    }
}

/// A sweep of training fraction by weight decay, `columns` × `rows` settings.
pub(crate) fn sweep(columns: usize, rows: usize) -> SweepPage {
    let fraction = |i: usize| ((0.2 + 0.6 * i as f64 / columns.max(2) as f64) * 1e4).round() / 1e4;
    let fractions: Vec<f64> = (0..columns).map(fraction).collect();
    let decays: Vec<f64> = (0..rows)
        .map(|i| 1e-5 * 10f64.powf(2.0 * i as f64 / rows.max(2) as f64))
        .collect();
    let decays: Vec<f64> = decays
        .iter()
        .map(|d| format!("{d:.2e}").parse().unwrap_or(*d))
        .collect();
    let places = (0..columns).flat_map(|x| (0..rows).map(move |y| (x, y)));
    // A few settings have not been run yet.
    let places: Vec<(usize, usize)> = places
        .filter(|(x, y)| columns * rows < 20 || noise(x * 977 + y) > 0.04)
        .collect();
    let both: Vec<[PhaseCell; 2]> = places
        .iter()
        .map(|(x, y)| cells(*x, *y, &runs(*x, *y, &fractions, rows)))
        .collect();
    let diagram = |measure: usize| PhaseDiagram {
        x: 0,
        y: (rows > 1).then_some(1),
        measure,
        note: String::new(),
        cells: both.iter().map(|b| b[measure].clone()).collect(),
    };
    let finished = SEEDS * places.len();
    let generalised = both.iter().map(|b| b[0].runs - b[0].censored).sum();
    SweepPage {
        title: "Z23: training fraction × weight decay".into(),
        command: "dunwu sweep task=Z23 train_fraction=0.2:0.8:20 weight_decay=1e-5:1e-3:10 seeds=5".into(),
        counts: SweepCounts {
            wanted: SEEDS * columns * rows,
            finished,
            failed: usize::from(finished > 100) * 2,
            generalised: Some(generalised),
            stopped: vec![
                ("generalised, and held it for 100 epochs".into(), generalised),
                ("no progress on the held-out examples for 1,500 epochs".into(), (finished - generalised) / 3),
            ],
            seconds: 1834.0,
            epochs: 900 * finished as u64,
            epochs_planned: 3000 * finished as u64,
        },
        plan: [("task", "Z23"), ("width", "2048"), ("optimizer", "adam"), ("lr", "5e-4"), ("epochs", "3000")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec(),
        axes: vec![
            axis("train_fraction", "training fraction", SweepSpread::Linear, &fractions),
            axis("weight_decay", "weight decay", SweepSpread::Log, &decays),
        ],
        measures: measures(),
        phases: vec![diagram(0), diagram(1)],
        curves: vec![CurveSet {
            by: "training fraction".into(),
            groups: [("0.35", 2600.0), ("0.4", 900.0), ("0.45", 420.0), ("0.5", 260.0), ("0.6", 160.0), ("0.7", 110.0), ("0.75", 90.0), ("0.8", 80.0), ("0.85", 75.0), ("0.9", 70.0)]
                .map(|(name, half)| curve(name, half, 50))
                .to_vec(),
        }],
        survival: vec![SurvivalSet {
            by: "training fraction".into(),
            event: "generalised".into(),
            note: "Log-rank test over all groups: chi-squared 96.2 with 3 degrees of freedom, p < 0.001.".into(),
            groups: [("0.36", 0.36), ("0.4", 0.4), ("0.45", 0.45), ("0.6", 0.6)].map(|(n, f)| survival(n, f)).to_vec(),
        }],
        provenance: [("Version", "dunwu 0.1.0"), ("Started", "2026-01-01T12:00:00Z")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec(),
    }
}
