use crate::recorded::run;
use dunwu_analysis::{account, crossing, spread};
use dunwu_core::Curve;
use proptest::prelude::*;

#[test]
fn a_column_that_is_not_there_is_censored() {
    let run = run("published");
    let none = crossing(&run.curve, "noisy_acc", 0.5);
    assert_eq!((none.first, none.sustained, none.budget), (None, None, 360));
    assert_eq!(crossing(&Curve::default(), "test_acc", 0.5).budget, 0);
}

#[test]
fn censored_seeds_are_counted_not_dropped() {
    let accounts: Vec<_> = ["no_decay", "published", "small"]
        .map(run)
        .iter()
        .map(|r| account(&r.curve, &r.context))
        .collect();
    let summary = spread(&accounts);
    assert_eq!((summary.test_99.runs, summary.test_99.censored), (3, 1));
    assert_eq!(
        (
            summary.test_99.least,
            summary.test_99.median,
            summary.test_99.most
        ),
        (Some(135), Some(358), Some(358))
    );
    assert_eq!(summary.delay.least, Some(119));
    assert_eq!(summary.train_99.censored, 0);
    let borrowed: Vec<_> = accounts.iter().collect();
    assert_eq!(spread(&borrowed), summary);
}

proptest! {
    #[test]
    fn crossings_are_evaluated_epochs_that_keep_their_promise(
        readings in prop::collection::vec((1u64..9, prop::option::of(0.0..1.0f64)), 1..60),
        threshold in 0.0..1.0f64,
    ) {
        let mut curve = Curve::default();
        let mut epoch = 0;
        for (gap, value) in &readings {
            epoch += gap;
            curve.set(epoch, "lr", 1.0);
            if let Some(value) = value {
                curve.set(epoch, "test_acc", *value);
            }
        }
        let found = crossing(&curve, "test_acc", threshold);
        let points: Vec<(u64, f64)> = curve.points("test_acc").collect();
        prop_assert_eq!(found.budget, epoch);
        prop_assert_eq!(found.first, points.iter().find(|p| p.1 >= threshold).map(|p| p.0));
        let below = points.iter().rposition(|p| p.1 < threshold);
        let after = points.get(below.map_or(0, |i| i + 1)).map(|p| p.0);
        prop_assert_eq!(found.sustained, after);
    }
}
