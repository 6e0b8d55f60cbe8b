use crate::synthetic::{LINKS, Link, Truth, truth};
use dunwu_analysis::boundary::{Border, Observation, Window, border, is_precise, next, snap};
use dunwu_core::{Draws, Seed};

const ROWS: u64 = 529;
const WINDOW: (f64, f64) = (0.1, 0.8);
const HALF_WIDTH: f64 = 0.01;

/// Rounds of `batch` until the border is known to ±0.01, at most `most` runs.
fn search(truth: &Truth, draws: &mut Draws, batch: usize, most: usize) -> Border {
    let window = Window::new(WINDOW.0, WINDOW.1).unwrap();
    let mut runs: Vec<Observation> = vec![];
    loop {
        let found = border(&runs, &window);
        if is_precise(&found, HALF_WIDTH) || runs.len() >= most {
            return found;
        }
        for share in next(
            &runs,
            &window,
            ROWS,
            batch.min(most - runs.len()),
            Seed(runs.len() as u64),
        ) {
            let seed = runs.len() as u64;
            runs.push(truth.run(share, seed, draws));
        }
    }
}

/// Runs taken, sorted, and whether the intervals held the truth.
fn searches(many: u64, batch: usize, width: f64, link: Link) -> (Vec<Border>, usize) {
    let mut covered = 0;
    let mut found = vec![];
    for i in 0..many {
        // Borders that lie well within the window.
        let (truth, mut draws) = truth(i, 0.13, 0.65, width, link);
        let border = search(&truth, &mut draws, batch, 40);
        covered += usize::from(border.low <= truth.border && truth.border <= border.high);
        found.push(border);
    }
    found.sort_by_key(|b| b.runs);
    (found, covered)
}

#[test]
fn forty_runs_find_a_border_to_a_hundredth() {
    for batch in [1, 4] {
        let (found, covered) = searches(300, batch, 0.03, Link::Logistic);
        let precise = found.iter().filter(|b| is_precise(b, HALF_WIDTH)).count();
        println!(
            "batches of {batch}: {precise} of 300 precise, median {} runs, 95 % within {}, {covered} covered",
            found[150].runs, found[284].runs
        );
        assert!(precise >= 285, "{precise}");
        assert!((270..=297).contains(&covered), "{covered}");
    }
}

#[test]
fn a_search_covers_the_truth_of_other_transitions() {
    for link in LINKS {
        let width = if matches!(link, Link::Step) {
            1e-9
        } else {
            0.02
        };
        let (found, covered) = searches(100, 4, width, link);
        println!(
            "{link:?}: median {} runs, {covered} of 100 covered",
            found[50].runs
        );
        assert!(covered >= 90, "{link:?}: {covered}");
    }
}

#[test]
fn a_uniform_grid_of_as_many_runs_says_less() {
    let window = Window::new(WINDOW.0, WINDOW.1).unwrap();
    let (mut adaptive, mut uniform) = (vec![], vec![]);
    for i in 0..100 {
        let (truth, mut draws) = truth(i, 0.13, 0.65, 0.03, Link::Logistic);
        let found = search(&truth, &mut draws, 4, 40);
        let grid: Vec<_> = (0..found.runs)
            .map(|k| WINDOW.0 + (WINDOW.1 - WINDOW.0) * k as f64 / (found.runs - 1) as f64)
            .map(|share| truth.run(snap(share, ROWS), 0, &mut draws))
            .collect();
        let flat = border(&grid, &window);
        adaptive.push(found.high - found.low);
        uniform.push(flat.high - flat.low);
    }
    adaptive.sort_by(f64::total_cmp);
    uniform.sort_by(f64::total_cmp);
    println!(
        "median width of the interval: adaptive {}, uniform {}",
        adaptive[50], uniform[50]
    );
    assert!(2.0 * adaptive[50] < uniform[50]);
}

#[test]
fn fractions_are_whole_rows_and_depend_on_the_seed_only() {
    let window = Window::new(WINDOW.0, WINDOW.1).unwrap();
    let (truth, mut draws) = truth(0, 0.3, 0.4, 0.03, Link::Logistic);
    let runs: Vec<_> = (0..12)
        .map(|k| truth.run(snap(0.25 + 0.02 * f64::from(k), ROWS), 0, &mut draws))
        .collect();
    let ask = |seed| next(&runs, &window, ROWS, 8, Seed(seed));
    assert_eq!(ask(1), ask(1));
    for share in ask(2) {
        let whole = share * ROWS as f64;
        assert!((whole - whole.round()).abs() < 1e-9 && 0.0 < share && share < 1.0);
    }
    assert!(
        ask(3).windows(2).filter(|w| w[0] < w[1]).count() >= 2,
        "a batch is spread"
    );
}
