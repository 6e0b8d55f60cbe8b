use dunwu_analysis::boundary::{Point, Reading, Scaling, collapse};
use dunwu_core::Seed;

/// Curves of four sizes whose width falls as M^(−a), twelve fractions each, twenty runs a fraction.
fn curves(exponent: f64, scaling: Scaling, seed: u64) -> (Vec<Reading>, Vec<Point>) {
    let mut draws = Seed(seed).draws("synthetic curves");
    let (mut readings, mut borders) = (vec![], vec![]);
    for size in [23.0f64, 41.0, 71.0, 127.0] {
        let border = (2.0 / size).sqrt();
        borders.push(Point::abelian(size, border, border * 0.998, border * 1.002));
        let width = match scaling {
            Scaling::Difference => 0.03 * (23.0 / size).powf(exponent),
            Scaling::Ratio => 0.1 * border * (23.0 / size).powf(exponent),
        };
        for k in 0..12 {
            let share = border + width * (f64::from(k) - 5.5) / 5.0;
            let chance = 1.0 / (1.0 + (-4.394 * (share - border) / width).exp());
            let hits = (0..20).filter(|_| draws.unit() < chance).count();
            readings.push(Reading {
                size,
                share,
                value: hits as f64 / 20.0,
            });
        }
    }
    (readings, borders)
}

#[test]
fn exponents_that_made_the_curves_are_found() {
    for (exponent, scaling) in [
        (0.5, Scaling::Difference),
        (1.0, Scaling::Difference),
        (0.5, Scaling::Ratio),
    ] {
        let mut inside = 0;
        for seed in 0..20 {
            let (readings, borders) = curves(exponent, scaling, seed);
            let found = collapse(&readings, &borders, scaling, Seed(seed)).unwrap();
            assert!(
                (found.exponent.value - exponent).abs() < 0.35,
                "{:?}",
                found.exponent
            );
            inside += usize::from(found.exponent.contains(exponent));
        }
        println!("{scaling:?} {exponent}: {inside} of 20 within");
        assert!(inside >= 17, "{scaling:?} {exponent}: {inside}");
    }
}

#[test]
fn the_same_seed_draws_the_same_interval() {
    let (readings, borders) = curves(0.5, Scaling::Ratio, 3);
    let run = |seed| collapse(&readings, &borders, Scaling::Ratio, Seed(seed)).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).exponent, run(2).exponent);
    assert!(run(1).points.windows(2).all(|w| w[0].x <= w[1].x));
}

#[test]
fn what_cannot_collapse_is_refused_by_name() {
    let (readings, borders) = curves(0.5, Scaling::Ratio, 0);
    let says = |readings: &[Reading], borders: &[Point]| {
        collapse(readings, borders, Scaling::Ratio, Seed(0))
            .unwrap_err()
            .to_string()
    };
    assert!(says(&readings[..12], &borders).contains("at least two"));
    assert!(says(&readings[..15], &borders).contains("size 41 has 3 readings"));
    assert!(says(&readings, &borders[1..]).contains("of size 23 has no place"));
}
