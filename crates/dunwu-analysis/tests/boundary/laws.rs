use dunwu_analysis::boundary::{ALL, LawFit, Point, laws, predict};
use dunwu_core::{Draws, Seed};

const SMALL: [f64; 5] = [23.0, 31.0, 41.0, 59.0, 71.0];
const LARGE: [f64; 3] = [89.0, 127.0, 251.0];

/// The laws that data are made from: all of about 0.3 at order 23.
fn truth(form: &str, size: f64) -> f64 {
    match form {
        "constant" => 0.3,
        "cube root" => 0.3 * (23.0 / size).powf(1.0 / 3.0),
        "inverse" => 0.3 * 23.0 / size,
        "log" => 2.5 * size.ln() / size,
        "power" => 0.3 * (23.0 / size).powf(0.62),
        "power log" => 0.8 * size.ln() * size.powf(-0.69),
        "root" => 0.3 * (23.0 / size).sqrt(),
        "root of 2" => (2.0 / size).sqrt(),
        _ => panic!("no data are made from {form}"),
    }
}

/// A border measured to ± `half` with 95 %, at most a third of itself.
fn measured(form: &str, size: f64, half: f64, draws: &mut Draws) -> Point {
    let border = truth(form, size);
    let half = half.min(border / 3.0);
    let error = half / 1.96 / border;
    let seen = border * (error * draws.normal()).exp();
    let wide = (1.96 * error).exp();
    Point::abelian(size, seen, seen / wide, seen * wide)
}

fn fits(form: &str, half: f64, seed: u64) -> Vec<LawFit> {
    let mut draws = Seed(seed).draws(form);
    let small = SMALL.map(|m| measured(form, m, half, &mut draws));
    let large = LARGE.map(|m| measured(form, m, half, &mut draws));
    laws(&small, &large).unwrap()
}

fn survivors(fits: &[LawFit]) -> Vec<&str> {
    fits.iter().filter(|f| f.survives).map(|f| f.form).collect()
}

#[test]
fn the_table_is_sorted_by_name() {
    assert!(ALL.windows(2).all(|w| w[0].name < w[1].name));
}

#[test]
fn the_law_that_made_the_data_survives() {
    for form in ALL {
        for half in [0.003, 0.01, 0.03] {
            let lives = (0..100)
                .filter(|s| survivors(&fits(form.name, half, *s)).contains(&form.name))
                .count();
            println!("{} ± {half}: {lives} of 100", form.name);
            assert!(lives >= 95, "{} ± {half}: {lives}", form.name);
        }
    }
}

#[test]
fn laws_that_lie_elsewhere_at_251_are_given_up() {
    let free = |name: &str| ALL.iter().any(|f| f.name == name && f.free() == 2);
    for form in ALL.iter().filter(|f| f.free() < 2) {
        let rivals = ALL.iter().filter(|f| f.name != form.name && !free(f.name));
        for rival in rivals {
            // Through the same border at 23, how far apart at 251?
            let at = |name: &str| truth(name, 251.0) / truth(name, 23.0);
            if (at(rival.name) / at(form.name)).ln().abs() < 0.15 {
                continue;
            }
            let lives = (0..40)
                .filter(|s| survivors(&fits(form.name, 0.003, *s)).contains(&rival.name))
                .count();
            assert!(
                lives <= 1,
                "{} outlives {}: {lives} of 40",
                rival.name,
                form.name
            );
        }
    }
}

#[test]
fn large_errors_leave_several_and_say_so() {
    let many = fits("root", 0.03, 1);
    assert!(survivors(&many).len() >= 3, "{:?}", survivors(&many));
    for fit in many.iter().filter(|f| f.survives) {
        assert!(
            fit.why.contains("all 3 sizes held back lie where it says"),
            "{}",
            fit.why
        );
    }
    let few = fits("root of 2", 0.003, 1);
    let refused = few.iter().find(|f| f.form == "constant").unwrap();
    assert!(
        !refused.survives && refused.why.contains("standard errors off"),
        "{}",
        refused.why
    );
    assert!(
        few.windows(2)
            .all(|w| w[0].description_length <= w[1].description_length)
    );
}

#[test]
fn exponents_are_found_within_their_intervals() {
    let found = (0..100)
        .filter(|s| {
            let fits = fits("power", 0.005, *s);
            let power = fits.iter().find(|f| f.form == "power").unwrap();
            power.a.unwrap().contains(0.62)
        })
        .count();
    assert!((90..=100).contains(&found), "{found}");
}

#[test]
fn predictions_hold_the_border_of_a_size_never_seen() {
    for form in ["log", "root", "root of 2", "cube root"] {
        let inside = (0..100)
            .filter(|s| {
                let mut draws = Seed(*s).draws(form);
                let seen =
                    [23.0, 29.0, 31.0, 37.0, 41.0].map(|m| measured(form, m, 0.01, &mut draws));
                let prediction = predict(&laws(&seen, &[]).unwrap(), 89.0, 1.0);
                let sum: f64 = prediction.from.iter().map(|v| v.weight).sum();
                assert!((sum - 1.0).abs() < 1e-12 && prediction.of_survivors);
                prediction.low <= truth(form, 89.0) && truth(form, 89.0) <= prediction.high
            })
            .count();
        println!("{form}: {inside} of 100 within");
        assert!(inside >= 90, "{form}: {inside}");
    }
}

#[test]
fn groups_that_do_not_commute_need_their_factor() {
    let group = |size: f64, factor: f64| {
        let border = 2.5 * factor * size.ln() / size;
        Point {
            size,
            factor,
            border,
            low: border - 0.003,
            high: border + 0.003,
        }
    };
    let points = [group(60.0, 2.5), group(120.0, 3.0), group(23.0, 1.0)];
    let held = [group(71.0, 1.0), group(168.0, 4.0)];
    let alive = laws(&points, &held).unwrap();
    assert!(survivors(&alive).contains(&"log") && !survivors(&alive).contains(&"root"));
}

#[test]
fn points_out_of_order_are_refused_by_name() {
    let error = laws(&[Point::abelian(23.0, 0.3, 0.31, 0.32)], &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a border of 0.3 between 0.31 and 0.32 at size 23")
    );
    assert!(laws(&[], &[]).unwrap_err().to_string().contains("no size"));
}
