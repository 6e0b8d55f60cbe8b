use dunwu_analysis::boundary::{Settled, settled};
use dunwu_core::Curve;

/// A run that `dunwu train` recorded: see the first line of the file for the command.
fn recorded(name: &str) -> Curve {
    let mut curve = Curve::default();
    for line in include_str!("runs.csv").lines().skip(2) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[0] == name {
            for (column, cell) in ["train_acc", "test_acc", "test_loss"]
                .iter()
                .zip(&cells[2..])
            {
                curve.set(cells[1].parse().unwrap(), column, cell.parse().unwrap());
            }
        }
    }
    assert!(curve.epochs().len() > 50, "{name}");
    curve
}

/// The first epoch at which it is settled, and how.
fn first(curve: &Curve, budget: u64) -> (u64, Settled) {
    let settled_at = |e: &u64| settled(&curve.prefix(*e), budget, 0.5, 0.04).map(|s| (*e, s));
    curve.epochs().iter().find_map(settled_at).unwrap()
}

#[test]
fn no_later_generaliser_is_stopped() {
    for (name, budget) in [("Z23 0.34", 2000), ("Z23 0.34", 3000), ("Z41 0.23", 3000)] {
        let (epoch, fate) = first(&recorded(name), budget);
        assert!(
            fate.generalises,
            "{name} of {budget}: stopped at {epoch}: {}",
            fate.reason
        );
        assert_eq!(fate.confidence, 1.0);
    }
}

#[test]
fn runs_that_do_not_generalise_are_stopped_early() {
    for (name, budget, latest) in [("Z23 0.26", 3000, 1000), ("Z41 0.22", 3000, 2500)] {
        let (epoch, fate) = first(&recorded(name), budget);
        println!("{name} of {budget}: {epoch}: {}", fate.reason);
        assert!(!fate.generalises && epoch <= latest, "{name}: {epoch}");
        assert!(fate.confidence < 1.0 && fate.reason.contains("of the held-out rows"));
    }
}

#[test]
fn a_run_that_comes_near_goes_on_to_the_end() {
    let (epoch, fate) = first(&recorded("Z23 0.33"), 3000);
    assert!(
        !fate.generalises && epoch >= 2500,
        "{epoch}: {}",
        fate.reason
    );
}

#[test]
fn a_longer_budget_settles_nothing_sooner() {
    let curve = recorded("Z41 0.22");
    let epochs: Vec<u64> = [2000, 3000, 6000]
        .iter()
        .map(|b| {
            curve
                .epochs()
                .iter()
                .copied()
                .find(|e| settled(&curve.prefix(*e), *b, 0.5, 0.04).is_some())
        })
        .map(|e| e.unwrap_or(u64::MAX))
        .collect();
    assert!(epochs.windows(2).all(|w| w[0] <= w[1]), "{epochs:?}");
}

#[test]
fn who_has_not_memorised_is_not_judged() {
    let mut curve = Curve::default();
    for epoch in (0..2000).step_by(50) {
        curve.set(epoch, "train_acc", 0.3);
        curve.set(epoch, "test_acc", 0.04);
        curve.set(epoch, "test_loss", 1.0);
    }
    assert_eq!(settled(&curve, 3000, 0.5, 0.04), None);
    let over = settled(&curve, 1900, 0.5, 0.04).unwrap();
    assert!(!over.generalises && over.reason.contains("budget of 1900"));
}

#[test]
fn an_empty_curve_says_nothing() {
    assert_eq!(settled(&Curve::default(), 3000, 0.5, 0.04), None);
}
