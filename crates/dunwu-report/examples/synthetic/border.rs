//! Made-up borders that look like real ones: for the example and for tests.

use dunwu_report::{
    BorderCollapse, BorderGrid, BorderLaw, BorderLaws, BorderPage, BorderPrediction, BorderRun,
    BorderSetting, CollapseCurve, Estimate, LawMiss, LawPoint, TransitionPoint,
};

fn noise(n: usize) -> f64 {
    let mut z = (n as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(11);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn around(value: f64, half: f64) -> Estimate {
    Estimate {
        value,
        low: value - half,
        high: value + half,
    }
}

/// The true border of the made-up world.
pub(crate) fn at(order: usize) -> f64 {
    (2.0 / order as f64).sqrt() * 1.12
}

fn share(p: f64, border: f64) -> f64 {
    1.0 / (1.0 + (-(p - border) / 0.012).exp())
}

/// One group with `runs` runs around its border.
pub(crate) fn setting(order: usize, runs: usize) -> BorderSetting {
    let border = at(order);
    let run = |i: usize| {
        let spread = 0.3 / (1.0 + i as f64 / 3.0);
        let fraction = border + spread * (noise(order * 1000 + i) - 0.5);
        let generalised = noise(order * 77 + i) < share(fraction, border);
        let (epochs, stopped) = match (generalised, i % 3) {
            (true, _) => (700 + 40 * i as u64, "generalised"),
            (false, 0) => (3000, ""),
            (false, _) => (900, "no progress for 600 epochs"),
        };
        BorderRun {
            fraction,
            seed: i as u64,
            generalised,
            epochs,
            stopped: stopped.into(),
        }
    };
    let curve = (0..=60).map(|i| {
        let fraction = border - 0.18 + 0.006 * f64::from(i);
        TransitionPoint {
            fraction,
            share: share(fraction, border),
            low: share(fraction, border + 0.008),
            high: share(fraction, border - 0.008),
        }
    });
    BorderSetting {
        name: format!("Z{order}"),
        note: String::new(),
        order,
        runs: (0..runs).map(run).collect(),
        curve: curve.collect(),
        border: (runs > 3).then(|| around(border, 0.009)),
        grid: Some(BorderGrid {
            fractions: 20,
            seeds: 20,
            epochs: 20 * 20 * 3000,
            border: (order == 23).then(|| around(border + 0.003, 0.006)),
        }),
    }
}

fn laws() -> BorderLaws {
    let sizes = [11usize, 17, 23, 31, 41, 59, 97];
    let line = |f: &dyn Fn(f64) -> f64| {
        (0..=40)
            .map(|i| 8.0 * 1.1f64.powi(i))
            .map(|m| (m, f(m)))
            .collect()
    };
    let law = |form: &str, c: f64, bits, survives, why: &str, line: Vec<(f64, f64)>| BorderLaw {
        form: form.into(),
        parameters: vec![("c".into(), around(c, 0.03))],
        bits,
        misses: [
            ("Z59", -0.004, -0.8),
            (
                "Z97",
                if survives { 0.002 } else { 0.031 },
                if survives { 0.4 } else { 6.1 },
            ),
        ]
        .map(|(name, miss, errors)| LawMiss {
            name: name.into(),
            miss,
            errors,
        })
        .to_vec(),
        survives,
        why: why.into(),
        line,
    };
    let measured = |m: &usize| LawPoint {
        name: format!("Z{m}"),
        order: *m,
        border: around(at(*m) * (1.0 + 0.03 * (noise(*m) - 0.5)), 0.02 * at(*m)),
        held_back: *m > 41,
    };
    let said = |m: usize, measured: Option<f64>| BorderPrediction {
        name: format!("Z{m}"),
        order: m,
        predicted: around(at(m), 0.08 * at(m)),
        measured: measured.map(|f| around(at(m) * f, 0.015 * at(m))),
    };
    BorderLaws {
        points: sizes.iter().map(measured).collect(),
        laws: vec![
            law(
                "c·√(2/M)",
                1.12,
                61.2,
                true,
                "no miss beyond chance",
                line(&|m| 1.12 * (2.0 / m).sqrt()),
            ),
            law(
                "c·M^(−a)",
                1.5,
                64.9,
                true,
                "no miss beyond chance",
                line(&|m| 1.5 * m.powf(-0.49)),
            ),
            law(
                "c·log M/M",
                2.4,
                83.0,
                false,
                "misses Z97 by 6.1 standard errors",
                line(&|m| 2.6 * m.ln() / m),
            ),
            law(
                "c·M^(−1/3)",
                0.9,
                118.5,
                false,
                "misses Z97 by 9 standard errors",
                line(&|m| 0.95 * m.powf(-1.0 / 3.0)),
            ),
            law(
                "constant",
                0.3,
                301.0,
                false,
                "misses every size",
                line(&|_| 0.27),
            ),
        ],
        predictions: vec![said(71, Some(1.03)), said(89, Some(1.14)), said(251, None)],
        note: "Learning rate, weight decay, width and budget are the same at every size.".into(),
    }
}

fn collapse() -> BorderCollapse {
    let curve = |m: usize| CollapseCurve {
        name: format!("Z{m}"),
        points: (0..12)
            .map(|i| {
                let fraction = at(m) + 0.01 * (f64::from(i) - 5.5);
                let scaled = (fraction - at(m)) * (m as f64).powf(0.8);
                (fraction, scaled, 1.0 / (1.0 + (-8.0 * scaled).exp()))
            })
            .collect(),
    };
    BorderCollapse {
        scaling: "(p − p_c)·M^a".into(),
        exponent: around(0.8, 0.13),
        apart: 0.31,
        apart_scaled: 0.03,
        curves: [11, 17, 23, 31, 41, 59].map(curve).to_vec(),
    }
}

/// Borders of Z23, Z31 and Z41 with the law and the scaling.
pub(crate) fn border() -> BorderPage {
    let pairs = |all: &[(&str, &str)]| {
        all.iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    };
    BorderPage {
        title: "Z23, Z31 and Z41".into(),
        command: "dunwu boundary task=Z23,Z31,Z41 epochs=3000".into(),
        plan: pairs(&[
            ("width", "2048"),
            ("optimizer", "adam"),
            ("lr", "5e-4"),
            ("epochs", "3000"),
        ]),
        settings: [23, 31, 41].map(|m| setting(m, 34)).to_vec(),
        laws: Some(laws()),
        collapse: Some(collapse()),
        provenance: pairs(&[
            ("Version", "dunwu 0.1.0"),
            ("Started", "2026-01-01T12:00:00Z"),
        ]),
        seconds: 1320.0,
    }
}
