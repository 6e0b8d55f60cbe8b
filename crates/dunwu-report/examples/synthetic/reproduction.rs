//! Made-up reproductions that look like real ones: for the example and for tests.

use dunwu_report::{
    ReproductionNumber, ReproductionPage, ReproductionRow, ReproductionVerdict as Verdict,
};

fn number(
    what: &str,
    published: Option<f64>,
    (low, high): (Option<f64>, Option<f64>),
    seeds: &[f64],
) -> ReproductionNumber {
    let mut sorted = seeds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let measured = sorted.get(sorted.len() / 2).copied();
    let within = |m: f64| low.is_none_or(|l| m >= l) && high.is_none_or(|h| m <= h);
    let verdict = match measured {
        Some(m) if within(m) => Verdict::Holds,
        Some(_) => Verdict::DoesNotHold,
        None => Verdict::Inconclusive,
    };
    ReproductionNumber {
        what: what.into(),
        published: published.map_or_else(String::new, |p| format!("about {p}")),
        published_number: published,
        low,
        high,
        log: false,
        measured,
        seeds: seeds.to_vec(),
        missing: String::new(),
        verdict: Some(verdict),
    }
}

fn row(
    id: &str,
    claim: &str,
    verdict: Verdict,
    numbers: Vec<ReproductionNumber>,
) -> ReproductionRow {
    let possible = verdict != Verdict::NotYetPossible;
    ReproductionRow {
        id: id.into(),
        source: "arXiv 2509.21519, Fig. 3".into(),
        claim: claim.into(),
        settings: "Z71, width 2048, 2016 rows, x², Adam lr 1e-3, L2 2e-4, 400 epochs, 5 seeds"
            .into(),
        published: "train accuracy 1 by epoch 25, half generalised at a median of 102".into(),
        numbers,
        verdict,
        note: String::new(),
        commands: if possible {
            vec![format!("dunwu reproduce {id}")]
        } else {
            vec![]
        },
        seconds: possible.then_some(55.2),
    }
}

/// Five rows, one of every kind and one with two numbers.
pub(crate) fn reproduction() -> ReproductionPage {
    let range = |low, high| (Some(low), Some(high));
    let never = ReproductionNumber {
        measured: None,
        missing: "not by epoch 400".into(),
        verdict: Some(Verdict::Inconclusive),
        ..number("epoch of 99 %", Some(530.0), range(430.0, 640.0), &[])
    };
    let tiny = ReproductionNumber {
        log: true,
        ..number("relative error", None, (None, Some(1e-8)), &[3.1e-12])
    };
    let mut rows = vec![
        row(
            "1",
            "the network memorises, then generalises",
            Verdict::Holds,
            vec![
                number(
                    "epoch of half of the unseen examples",
                    Some(102.0),
                    range(90.0, 115.0),
                    &[98.0, 99.0, 99.0, 100.0, 102.0],
                ),
                number(
                    "epoch of 99 % of the unseen examples",
                    Some(139.0),
                    range(125.0, 155.0),
                    &[136.0, 136.0, 137.0, 139.0, 138.0],
                ),
            ],
        ),
        row(
            "4",
            "updates of V peak before those of W",
            Verdict::DoesNotHold,
            vec![number(
                "epochs from the peak of V to that of W",
                None,
                (Some(0.0), None),
                &[-1.0, -2.0, -1.0],
            )],
        ),
        row(
            "6",
            "the ridge readout has the slope of Eq. 4",
            Verdict::Holds,
            vec![tiny],
        ),
        row(
            "25",
            "ReLU generalises later",
            Verdict::Inconclusive,
            vec![never],
        ),
        row(
            "40",
            "a transformer learns clocks",
            Verdict::NotYetPossible,
            vec![],
        ),
    ];
    rows[3].note = "The budget of this run was 400 epochs; the claim is about epoch 530.".into();
    rows[4].note = "It needs a transformer.".into();
    ReproductionPage {
        title: "five rows".into(),
        command: "dunwu reproduce 1 4 6 25".into(),
        rows,
        provenance: vec![("Version".into(), "dunwu 0.1.0".into())],
    }
}
