//! No confident nonsense: the 90 % interval covers what comes, or it is said that nothing can be told.

use super::*;
use dunwu_core::{Draws, Seed};

fn ask(steps: &[f64], values: &[f64], name: &str, horizon: f64) -> Forecast {
    let metric = Metric::of(name, values);
    forecast(&Question {
        steps,
        values,
        metric: &metric,
        horizon,
        better_than: None,
        rate: None,
        companions: None,
        broken: false,
    })
}

/// Share of curves whose end lies within the 90 % interval, or of which it is said that nothing can be told.
fn covered(
    name: &str,
    seen: usize,
    all: usize,
    mut curve: impl FnMut(&mut Draws) -> Vec<f64>,
) -> f64 {
    let mut draws = Seed(11).draws("no nonsense");
    let steps: Vec<f64> = (1..=all).map(|s| s as f64).collect();
    let count = 200;
    let good = (0..count).filter(|_| {
        let values = curve(&mut draws);
        let told = ask(&steps[..seen], &values[..seen], name, all as f64);
        let q = told.last.expect("there are readings");
        let end = values[all - 1];
        !told.can_tell || (q.at(0.05) <= end && end <= q.at(0.95))
    });
    good.count() as f64 / f64::from(count)
}

#[test]
fn random_walks_are_covered() {
    for (seen, all) in [(20, 40), (40, 60), (60, 120)] {
        let share = covered("reward", seen, all, |draws| {
            let mut at = 0.0;
            (0..all)
                .map(|_| {
                    at += draws.normal();
                    at
                })
                .collect()
        });
        assert!(share >= 0.8, "{seen} of {all}: {share}");
    }
}

#[test]
fn steps_are_covered() {
    let share = covered("val_loss", 40, 80, |draws| {
        let (when, down) = (draws.below(40), draws.unit());
        (0..80)
            .map(|i| if i < when { 2.0 } else { 2.0 - down } + 0.001 * draws.normal())
            .collect()
    });
    assert!(share >= 0.8, "{share}");
}

#[test]
fn a_flipped_sign_changes_nothing_that_matters() {
    for (name, sign) in [
        ("val_loss", 1.0),
        ("val_loss", -1.0),
        ("val_acc", -1.0),
        ("weirdness", -1.0),
    ] {
        let share = covered(name, 30, 60, |draws| {
            let (a, k) = (draws.unit(), 0.2 + draws.unit());
            let curve =
                |i: usize| sign * (a + libm::pow((1 + i) as f64, -k) + 0.01 * draws.normal());
            (0..60).map(curve).collect()
        });
        assert!(share >= 0.8, "{name} {sign}: {share}");
    }
}

#[test]
fn where_nothing_can_be_told_it_is_said() {
    let steps: Vec<f64> = (0..30).map(f64::from).collect();
    for (n, values, says) in [
        (30, [0.7; 30], "cannot tell: it has not moved yet"),
        (
            2,
            std::array::from_fn(|i| 1.0 / (1.0 + i as f64)),
            "cannot tell: 2 readings are too few",
        ),
        (1, [0.7; 30], "cannot tell: fewer than two readings"),
        (0, [0.7; 30], "cannot tell: fewer than two readings"),
    ] {
        let told = ask(&steps[..n], &values[..n], "val_loss", 60.0);
        assert!(
            !told.can_tell && told.decision == Decision::Continue && told.reason == says,
            "{}",
            told.reason
        );
        let q = told.last;
        assert!(
            q.is_none_or(|q| q.at(0.05) < values[0] && values[0] < q.at(0.95)) || n == 2,
            "{q:?}"
        );
    }
}

#[test]
fn a_run_that_broke_is_stopped_and_one_at_its_end_is_over() {
    let metric = Metric::of("loss", &[1.0]);
    let mut question = Question {
        steps: &[1.0, 2.0],
        values: &[1.0, 0.5],
        metric: &metric,
        horizon: 2.0,
        better_than: Some(0.7),
        rate: None,
        companions: None,
        broken: false,
    };
    let told = forecast(&question);
    assert_eq!(
        (told.decision, told.p_better, told.last.unwrap().at(0.5)),
        (Decision::Stop, Some(1.0), 0.5)
    );
    question.broken = true;
    let told = forecast(&question);
    assert!(
        told.last.is_none() && told.decision == Decision::Stop && told.reason.contains("diverged")
    );
}

/// Readings of a power law that falls from 2.5 to about 1.
fn falling(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut draws = Seed(2).draws("falling");
    let steps: Vec<f64> = (1..=n).map(|s| s as f64).collect();
    let values = steps
        .iter()
        .map(|s| 0.9 + 1.6 * libm::pow(*s, -0.7) + 0.002 * draws.normal())
        .collect();
    (steps, values)
}

#[test]
fn bounds_hold_and_an_incumbent_decides() {
    let (steps, values) = falling(50);
    for (than, decision) in [(0.5, Decision::Stop), (1.5, Decision::Continue)] {
        let metric = Metric::of("val_loss", &values);
        let told = forecast(&Question {
            steps: &steps,
            values: &values,
            metric: &metric,
            horizon: 100.0,
            better_than: Some(than),
            rate: None,
            companions: None,
            broken: false,
        });
        assert_eq!(told.decision, decision, "{}", told.reason);
        assert!(
            told.path
                .iter()
                .all(|(_, q)| q.0[0] >= 0.0 && q.0.windows(2).all(|w| w[0] <= w[1]))
        );
        assert_eq!(told.path.last().unwrap().0, 100.0);
    }
}

#[test]
fn units_do_not_matter() {
    let (steps, values) = falling(40);
    let told = ask(&steps, &values, "reward", 80.0).last.unwrap();
    let scaled: Vec<f64> = values.iter().map(|v| 1024.0 * v).collect();
    let later: Vec<f64> = steps.iter().map(|s| 4096.0 * s).collect();
    let other = ask(&later, &scaled, "reward", 80.0 * 4096.0).last.unwrap();
    for (a, b) in told.0.iter().zip(&other.0) {
        assert!((1024.0 * a - b).abs() < 1e-6 * b.abs(), "{a} {b}");
    }
}

/// A run that memorised at step 100: the norm of its weights falls at a rate, and its held-out loss with it.
fn memorised(rate: f64) -> KnownRun {
    let steps: Vec<f64> = (0..60).map(|s| 100.0 * f64::from(s)).collect();
    let mut run = KnownRun::default();
    let mut add = |name: &str, f: &dyn Fn(f64) -> f64| {
        run.series.insert(
            name.into(),
            (steps.clone(), steps.iter().map(|s| f(*s)).collect()),
        );
    };
    add("train_acc", &|s| if s >= 100.0 { 1.0 } else { 0.1 });
    add("test_acc", &|s| 0.05 + 0.2 * rate * s / 6000.0);
    add("train_loss", &|s| {
        1e-3 * libm::exp(-(1.0 - rate) * s / 1500.0)
    });
    add("test_loss", &|s| {
        8.0 * libm::exp(-rate * s / 4000.0) + (1.0 - rate) * s / 2000.0
    });
    // Without decay it grows as the margins do.
    let grows = |s: f64| 1.0 + 0.25 * (1.0 - rate) * libm::log(1.0 + s / 100.0);
    add("weight_norm", &|s| {
        50.0 * grows(s) * libm::exp(-rate * s / 4000.0)
    });
    run
}

#[test]
fn a_run_that_memorised_stays_or_jumps() {
    let (decays, grows) = (memorised(1.0), memorised(0.0));
    let jump = |run: &KnownRun| delayed(&run.at(3000.0), 30_000.0).unwrap();
    assert!(
        jump(&decays).ever() > 2.0 * jump(&grows).ever(),
        "{:?} {:?}",
        jump(&decays),
        jump(&grows)
    );
    let told = jump(&decays);
    assert!(
        3000.0 < told.step.0
            && told.step.0 < told.step.1
            && told.step.1 < told.step.2
            && told.step.2 <= 30_000.0
    );
    assert!(
        told.by(3000.0) == 0.0
            && told.by(9000.0) < told.by(20_000.0)
            && (told.by(30_000.0) - told.p).abs() < 1e-9
    );
    // Not before it memorised, and not after it generalised.
    assert!(delayed(&decays.at(50.0), 30_000.0).is_none());
    let mut done = decays.clone();
    done.series.get_mut("test_acc").unwrap().1[20] = 0.95;
    assert!(delayed(&done.at(3000.0), 30_000.0).is_none());
}

/// Finished runs that all end a unit below where they are at half, which no head can know.
fn stepping(count: usize) -> Vec<KnownCurve> {
    let mut draws = Seed(6).draws("stepping");
    let run = |i: usize| {
        let level = 2.0 + draws.unit();
        let steps: Vec<f64> = (1..=60).map(f64::from).collect();
        let value =
            |s: &f64| level + 1.0 / s - if *s > 40.0 { 1.0 } else { 0.0 } + 0.005 * draws.normal();
        KnownCurve {
            family: "own".into(),
            group: i.to_string(),
            metric: "val_loss".into(),
            values: steps.iter().map(value).collect(),
            steps,
            rate: Default::default(),
        }
    };
    (0..count).map(run).collect()
}

#[test]
fn finished_runs_calibrate_those_of_the_same_metric_only() {
    let mut runs = stepping(31);
    let new = runs.pop().unwrap();
    let known = Calibration::new(runs);
    let metric = Metric::of("val_loss", &new.values[..30]);
    let question = Question {
        steps: &new.steps[..30],
        values: &new.values[..30],
        metric: &metric,
        horizon: 60.0,
        better_than: None,
        rate: None,
        companions: None,
        broken: false,
    };
    let end = new.values[59];
    let miss = |f: &Forecast| (f.last.unwrap().at(0.5) - end).abs();
    let (told, used) = forecast_calibrated(&question, &known, "val_loss");
    let q = told.last.unwrap();
    assert!(
        used == 30 && miss(&told) < 0.2 * miss(&forecast(&question)),
        "{q:?} {end}"
    );
    assert!(q.at(0.05) <= end && end <= q.at(0.95), "{q:?} {end}");
    assert_eq!(told.path.last().unwrap().1, q);
    let (same, used) = forecast_calibrated(&question, &known, "other");
    assert!(used == 0 && same == forecast(&question));
    let few = Calibration::new(stepping(5));
    assert_eq!(
        forecast_calibrated(&question, &few, "val_loss"),
        (forecast(&question), 0)
    );
    assert_eq!((few.count("val_loss"), few.count("other")), (5, 0));
}

#[test]
fn a_schedule_that_cools_down_is_foreseen() {
    // The same prefix under a rate that stays and one that will fall to nothing.
    let steps: Vec<f64> = (1..=100).map(|s| 10.0 * f64::from(s)).collect();
    let values: Vec<f64> = steps[..60].iter().map(|s| 2.5 + 4.0 / s.sqrt()).collect();
    let stays = vec![1e-3; 100];
    let falls: Vec<f64> = steps
        .iter()
        .map(|s| 1e-3 * ((1000.0 - s) / 350.0).min(1.0))
        .collect();
    let metric = Metric::of("val_loss", &values);
    let end = |rate: &[f64]| {
        let question = Question {
            steps: &steps[..60],
            values: &values,
            metric: &metric,
            horizon: 1000.0,
            better_than: None,
            rate: Some((&steps, rate)),
            companions: None,
            broken: false,
        };
        forecast(&question).last.unwrap().at(0.5)
    };
    assert!(
        end(&falls) < end(&stays) - 0.005,
        "{} {}",
        end(&falls),
        end(&stays)
    );
}

#[test]
fn a_second_fall_of_the_rate_is_foreseen_by_the_multi_power_law() {
    // L = 2 + 1.5·S^−0.5 − 0.4·Σ Δη·(1 − (1 + 0.2·η^−0.5·S_k)^−0.6), after falls at steps 400 and 800; seen up to 600.
    let steps: Vec<f64> = (1..=100).map(|s| 10.0 * f64::from(s)).collect();
    let rate = |s: f64| -> f64 {
        match s {
            s if s <= 400.0 => 1.0,
            s if s <= 800.0 => 0.4,
            _ => 0.1,
        }
    };
    let sum =
        |s: f64| s.min(400.0) + 0.4 * (s - 400.0).clamp(0.0, 400.0) + 0.1 * (s - 800.0).max(0.0);
    let fallen = |s: f64, from: f64, by: f64| {
        let since = (sum(s) - sum(from)).max(0.0);
        by * (1.0 - (1.0 + 0.2 * since / rate(from + 1.0).sqrt()).powf(-0.6))
    };
    let loss = |s: &f64| {
        2.0 + 1.5 / sum(*s).sqrt() - 0.4 * (fallen(*s, 400.0, 0.6) + fallen(*s, 800.0, 0.3))
    };
    let values: Vec<f64> = steps.iter().map(loss).collect();
    let rates: Vec<f64> = steps.iter().map(|s| 1e-3 * rate(*s)).collect();
    let metric = Metric::of("val_loss", &values[..60]);
    let mut question = Question {
        steps: &steps[..60],
        values: &values[..60],
        metric: &metric,
        horizon: 1000.0,
        better_than: None,
        rate: Some((&steps, &rates)),
        companions: None,
        broken: false,
    };
    let miss = |q: &Question<'_>| (forecast(q).last.unwrap().at(0.5) - values[99]).abs();
    let known = miss(&question);
    question.rate = None;
    let unknown = miss(&question);
    assert!(known < 0.5 * unknown, "{known} {unknown}");
}

#[test]
fn a_loss_stays_where_it_is_once_the_learning_rate_has_run_out() {
    // A power law of the summed rate, under a line to nothing at step 600.
    let steps: Vec<f64> = (0..=100).map(|s| 10.0 * f64::from(s)).collect();
    let line = |s: &f64| 1e-3 * (1.0 - s / 600.0).max(0.0);
    let rates: Vec<f64> = steps.iter().map(line).collect();
    let mut draws = Seed(4).draws("spent");
    let mut sum = 1.0;
    let values: Vec<f64> = rates
        .iter()
        .map(|r| {
            sum += 1e4 * r;
            2.0 + 3.0 / f64::sqrt(sum) + 0.003 * draws.normal()
        })
        .collect();
    let metric = Metric::of("val_loss", &values);
    let ask = |n: usize, rates: &[f64], than: Option<f64>| {
        forecast(&Question {
            steps: &steps[..n],
            values: &values[..n],
            metric: &metric,
            horizon: 2000.0,
            better_than: than,
            rate: Some((&steps[..rates.len()], rates)),
            companions: None,
            broken: false,
        })
    };
    let told = ask(80, &rates[..80], None);
    let (now, end) = (values[60..].iter().sum::<f64>() / 41.0, told.last.unwrap());
    assert!(
        told.can_tell && told.decision == Decision::Stop,
        "{}",
        told.reason
    );
    assert!(
        told.reason
            .starts_with("its learning rate has run out by step 600"),
        "{}",
        told.reason
    );
    assert!(told.path.iter().all(|(_, q)| *q == end) && told.path[15].0 == 2000.0);
    assert!(
        (end.at(0.5) - now).abs() < 0.003 && end.at(0.95) - end.at(0.05) < 0.03,
        "{end:?}"
    );
    let later = values[80..]
        .iter()
        .filter(|v| end.at(0.05) <= **v && **v <= end.at(0.95));
    assert!(later.count() >= 16, "{end:?}");
    // Had the rate stayed, it would have gone on.
    let stayed = ask(80, &[1e-3; 80], None).last.unwrap();
    assert!(stayed.at(0.5) < now - 0.01, "{stayed:?}");
    let p = |than: f64| ask(80, &rates[..80], Some(than)).p_better.unwrap();
    assert!(p(now + 0.05) > 0.99 && p(now - 0.05) < 0.01);
}

#[test]
fn nothing_is_stopped_before_a_share_that_known_curves_were_seen_to() {
    // It will never come to the incumbent.
    let (steps, values) = falling(200);
    let metric = Metric::of("val_loss", &values);
    let decision = |horizon: f64| {
        let question = Question {
            steps: &steps,
            values: &values,
            metric: &metric,
            horizon,
            better_than: Some(1e-6),
            rate: None,
            companions: None,
            broken: false,
        };
        forecast(&question).decision
    };
    assert_eq!(decision(250.0), Decision::Stop);
    assert_ne!(decision(200.0 / 0.07), Decision::Stop);
}

#[test]
fn a_share_of_few_rows_is_told_no_finer_than_it_can_be() {
    // Of 40 rows none or one is answered, then none any more.
    let steps: Vec<f64> = (1..=100).map(f64::from).collect();
    let hits = |s: &f64| f64::from(u8::from(s % 7.0 == 0.0 && *s < 60.0)) / 40.0;
    let values: Vec<f64> = steps.iter().map(hits).collect();
    for horizon in [110.0, 200.0, 400.0] {
        let last = ask(&steps, &values, "test_acc", horizon).last.unwrap();
        assert!(last.at(0.05) <= 0.0 && last.at(0.95) > 0.01, "{last:?}");
    }
}

#[test]
fn one_forecast_takes_less_than_a_millisecond() {
    let (steps, values) = falling(1000);
    let mut taken: Vec<f64> = (0..50)
        .map(|_| {
            let begin = std::time::Instant::now();
            std::hint::black_box(ask(&steps, &values, "val_loss", 2000.0));
            begin.elapsed().as_secs_f64()
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    // The machine may be busy with others: the middle one is not.
    assert!(taken[25] < 1e-3, "{:.2} ms", 1e3 * taken[25]);
}

#[test]
fn the_shipped_models_are_whole() {
    assert!(Network::from_bytes(include_bytes!("head.bin")).is_some());
    assert!(DelayedModel::from_bytes(include_bytes!("delayed.bin")).is_some());
}

/// The number that follows words in a reason.
fn after(reason: &str, words: &str) -> Option<f64> {
    let rest = reason.split(words).nth(1)?;
    rest.split([' ', ';'])
        .next()?
        .trim_end_matches(',')
        .parse()
        .ok()
}

#[test]
fn where_a_run_is_now_lies_among_its_last_readings() {
    let steps: Vec<f64> = (1..=300).map(|s| f64::from(s) * 10.0).collect();
    for noise in [0.0, 0.01, 0.03, 0.06] {
        for seed in 0..10 {
            let mut draws = Seed(seed).draws("noise");
            let value = |s: &f64| 1.0 + 3.0 * libm::pow(*s, -0.3) + noise * draws.normal();
            let values: Vec<f64> = steps.iter().map(value).collect();
            let told = ask(&steps, &values, "loss", 6000.0);
            // It still falls.
            assert!(
                !told.reason.contains("gets worse rather"),
                "{}",
                told.reason
            );
            let now = after(&told.reason, "from ").or_else(|| after(&told.reason, "is at "));
            let now = now.expect("a reason says where the run is");
            let true_now = 1.0 + 3.0 * libm::pow(3000.0, -0.3);
            assert!(
                (now - true_now).abs() < 1.2 * noise + 1e-3,
                "{now} {true_now} {noise}"
            );
        }
    }
}

#[test]
fn a_run_past_its_best_is_paused_and_one_that_gets_worse_is_not_called_settled() {
    let steps: Vec<f64> = (1..=60).map(f64::from).collect();
    let turning = |at: f64| -> Vec<f64> {
        let value = |s: &f64| 1.0 + 2.0 / s.sqrt() + 0.03 * (s - at).max(0.0);
        steps.iter().map(value).collect()
    };
    let told = ask(&steps, &turning(10.0), "val_loss", 120.0);
    assert!(told.decision != Decision::Continue, "{}", told.reason);
    assert!(!told.reason.contains("settled"), "{}", told.reason);
    if told.decision == Decision::Pause {
        assert!(
            told.reason.contains("past its best, 1.632 at step 10"),
            "{}",
            told.reason
        );
    }
    let score: Vec<f64> = turning(10.0).iter().map(|v| 0.9 - 0.2 * v).collect();
    let told = ask(&steps, &score, "val_acc", 120.0);
    assert!(told.decision != Decision::Continue, "{}", told.reason);
    // One that still falls goes on.
    let falls: Vec<f64> = steps.iter().map(|s| 1.0 + 2.0 / s.sqrt()).collect();
    let told = ask(&steps, &falls, "val_loss", 120.0);
    assert_eq!(told.decision, Decision::Continue, "{}", told.reason);
}
