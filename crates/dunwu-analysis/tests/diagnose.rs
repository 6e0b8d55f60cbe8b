//! Diagnoses of curves whose truth is known: made-up healthy and sick ones, and recorded runs.

use dunwu_analysis::diagnose::{
    ALL, Case, Diagnosis, Facts, Finding, Severity, Track, diagnose, diagnose_together, ending,
};
use dunwu_core::{Draws, Seed};

/// Series by name: steps and values.
type Series = Vec<(&'static str, Vec<f64>, Vec<f64>)>;

fn case<'a>(series: &'a Series, facts: Facts) -> Case<'a> {
    let tracks = series
        .iter()
        .map(|(name, steps, values)| Track::new(name, steps, values));
    Case {
        id: "made up",
        tracks: tracks.collect(),
        facts,
    }
}

fn said(series: &Series) -> Diagnosis {
    diagnose(&case(series, Facts::default()))
}

fn named<'d>(said: &'d Diagnosis, name: &str) -> Option<&'d Finding> {
    said.findings.iter().find(|f| f.name == name)
}

/// The finding, which must be there.
fn found<'d>(said: &'d Diagnosis, name: &str) -> &'d Finding {
    named(said, name).unwrap_or_else(|| panic!("{name} is not among {said:#?}"))
}

fn alarms(said: &Diagnosis) -> Vec<&Finding> {
    said.findings
        .iter()
        .filter(|f| f.severity > Severity::Note)
        .collect()
}

/// Noise of several kinds: white, of the last value, heavy-tailed.
fn noise(kind: u64, n: usize, draws: &mut Draws) -> Vec<f64> {
    let mut last = 0.0;
    (0..n)
        .map(|_| match kind % 3 {
            0 => draws.normal(),
            1 => {
                last = 0.9 * last + 0.436 * draws.normal();
                last
            }
            // Student's t with 3 degrees of freedom.
            _ => {
                let square: f64 = (0..3).map(|_| draws.normal().powi(2)).sum();
                draws.normal() / (square / 3.0).sqrt()
            }
        })
        .collect()
}

/// A healthy run: train and held-out loss that fall as a power, an exponential or with a cooldown, with noise; some log a
/// learning rate, gradient norm, weight norm and accuracies; some have few readings or readings that grow apart.
fn healthy(seed: u64) -> Series {
    let mut draws = Seed(seed).draws("healthy");
    let n = [8, 15, 40, 120, 500, 2000][draws.below(6) as usize];
    let apart = draws.below(3) == 0;
    let steps: Vec<f64> = (0..n)
        .map(|i| {
            if apart {
                (1.0 + i as f64).powf(1.7).round()
            } else {
                10.0 * (i + 1) as f64
            }
        })
        .collect();
    let last = steps[n - 1];
    let (kind, exponent) = (draws.below(3), 0.2 + draws.unit());
    let cooldown = draws.below(2) == 0;
    let (floor, height) = (0.2 + 2.0 * draws.unit(), 1.0 + 3.0 * draws.unit());
    let rate = |s: f64| {
        if cooldown {
            0.5 * (1.0 + (std::f64::consts::PI * s / last).cos())
        } else {
            1.0
        }
    };
    let shape = |s: f64| {
        let t = s / last;
        let base = match kind {
            0 => (1.0 + 100.0 * t).powf(-exponent),
            1 => (-t * 3.0 / (0.2 + exponent)).exp(),
            _ => 1.0 / (1.0 + (1.0 + 50.0 * t).ln()),
        };
        floor + height * base + 0.1 * (rate(s) - 1.0)
    };
    let size = height * [0.002, 0.01, 0.04][draws.below(3) as usize];
    let gap = 0.05 + 0.1 * draws.unit();
    let noisy = |f: &dyn Fn(f64) -> f64, size: f64, draws: &mut Draws| -> Vec<f64> {
        let kind = draws.below(3);
        let e = noise(kind, n, draws);
        steps.iter().zip(e).map(|(s, e)| f(*s) + size * e).collect()
    };
    let mut out: Series = vec![];
    if draws.below(4) > 0 {
        out.push(("train_loss", steps.clone(), noisy(&shape, size, &mut draws)));
    }
    out.push((
        "val_loss",
        steps.clone(),
        noisy(&|s| shape(s) + gap, size, &mut draws),
    ));
    if draws.below(2) == 0 {
        let accuracy = |s: f64| 0.9 - 0.8 * (shape(s) - floor + 0.2) / (height + 0.2);
        let clamped = |values: Vec<f64>| {
            values
                .into_iter()
                .map(|v| v.clamp(0.0, 1.0))
                .collect::<Vec<_>>()
        };
        out.push((
            "train_acc",
            steps.clone(),
            clamped(noisy(&|s| accuracy(s) + 0.02, 0.01, &mut draws)),
        ));
        out.push((
            "val_acc",
            steps.clone(),
            clamped(noisy(&accuracy, 0.01, &mut draws)),
        ));
    }
    if draws.below(2) == 0 {
        out.push((
            "lr",
            steps.clone(),
            steps.iter().map(|s| 1e-3 * rate(*s)).collect(),
        ));
        let e = noise(0, n, &mut draws);
        out.push((
            "grad_norm",
            steps.clone(),
            e.iter().map(|e| (0.3 * e).exp()).collect(),
        ));
        out.push((
            "weight_norm",
            steps.clone(),
            steps.iter().map(|s| 10.0 + (1.0 + s).ln()).collect(),
        ));
    }
    out
}

/// Measures that are random walks: nobody can say anything of them.
fn walks(seed: u64) -> Series {
    let mut draws = Seed(seed).draws("walks");
    let n = [10, 30, 100, 1000][draws.below(4) as usize];
    let steps: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let mut walk = |scale: f64| {
        let mut at = 0.0;
        let mut values: Vec<f64> = (0..n)
            .map(|_| {
                at += draws.normal();
                at
            })
            .collect();
        let (low, high) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
        values
            .iter_mut()
            .for_each(|v| *v = scale * (0.1 + 0.8 * (*v - low) / (high - low)));
        values
    };
    vec![
        ("train_loss", steps.clone(), walk(3.0)),
        ("val_loss", steps.clone(), walk(3.0)),
        ("reward", steps.clone(), walk(10.0)),
        ("eval_accuracy", steps.clone(), walk(1.0)),
    ]
}

/// Of 600 healthy runs fewer than 4 % are said to be sick in any way, and of 300 runs of random walks fewer than 8 %.
#[test]
fn false_alarms_are_rare() {
    for (what, make, runs, most) in [
        ("healthy", healthy as fn(u64) -> Series, 600, 0.04),
        ("random walks", walks, 300, 0.08),
    ] {
        let mut count = std::collections::BTreeMap::new();
        let mut wrong = 0;
        for seed in 0..runs {
            let series = make(seed);
            let said = said(&series);
            let all = alarms(&said);
            wrong += u64::from(!all.is_empty());
            for f in all {
                *count.entry(f.name).or_insert(0) += 1;
                println!(
                    "{what} {seed}: {} {:.3} {}",
                    f.name, f.probability, f.statement
                );
            }
        }
        let share = wrong as f64 / runs as f64;
        println!(
            "{what}: {wrong} of {runs} runs have an alarm ({:.1} %): {count:?}",
            100.0 * share
        );
        assert!(share < most, "{what}: {share} {count:?}");
    }
}

/// Whatever the sense of a name, or the number of readings, nothing is said that is not there.
#[test]
fn nothing_is_said_of_nothing() {
    for n in [0, 1, 2, 3, 5] {
        let steps: Vec<f64> = (0..n).map(f64::from).collect();
        let falling: Vec<f64> = steps.iter().map(|s| 3.0 - 0.3 * s).collect();
        let series = vec![
            ("train_loss", steps.clone(), falling.clone()),
            ("val_loss", steps, falling),
        ];
        let said = said(&series);
        assert!(said.findings.is_empty(), "{n}: {said:#?}");
        assert_eq!(
            said.findings.len() + said.clear.len() + said.blind.len(),
            ALL.len() - 1
        );
    }
    assert_eq!(said(&vec![]).blind.len(), ALL.len() - 1);
}

fn line(n: usize) -> Vec<f64> {
    (0..n).map(|i| i as f64).collect()
}

fn map(steps: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    steps.iter().map(|s| f(*s)).collect()
}

/// A curve with white noise of a size, drawn for a seed.
fn rough(steps: &[f64], seed: u64, size: f64, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut draws = Seed(seed).draws("rough");
    steps
        .iter()
        .map(|s| f(*s) + size * draws.normal())
        .collect()
}

#[test]
fn overfitting_is_found_with_the_step_of_the_turn() {
    let mut hits = 0;
    for seed in 0..50 {
        let steps = line(100);
        let train = rough(&steps, seed, 0.02, |s| 2.0 / (1.0 + 0.1 * s));
        let held = rough(&steps, seed + 1000, 0.02, |s| {
            1.0 + 1.0 / (1.0 + 0.3 * s) + 0.01 * (s - 40.0).max(0.0)
        });
        let said = said(&vec![
            ("train_loss", steps.clone(), train),
            ("val_loss", steps, held),
        ]);
        let Some(f) = named(&said, "overfit") else {
            continue;
        };
        let turn = f.since.unwrap();
        hits += u32::from((25.0..55.0).contains(&turn));
    }
    assert!(hits >= 48, "{hits} of 50");
}

/// A rise that levels off is of few moves, which a walk makes too: where it is not called, it is told what was seen.
#[test]
fn a_rise_that_levels_off_is_not_passed_over_in_silence() {
    let (mut found, mut told) = (0, 0);
    for seed in 0..20 {
        let steps = line(100);
        let train = rough(&steps, seed, 0.01, |s| 2.0 / (1.0 + 0.1 * s));
        let held = rough(&steps, seed + 1000, 0.01, |s| {
            let fall = 0.5 + 1.5 / (1.0 + 0.3 * s);
            fall + 0.6 * (1.0 - (-(s - 25.0).max(0.0) / 12.0).exp())
        });
        let said = said(&vec![
            ("train_loss", steps.clone(), train),
            ("val_loss", steps, held),
        ]);
        found += u32::from(named(&said, "overfit").is_some());
        let looked = said.clear.iter().find(|l| l.name == "overfit");
        told +=
            u32::from(looked.is_some_and(|l| l.words.contains("; `val_loss` was best at step")));
    }
    assert_eq!(found + told, 20, "{found} {told}");
}

#[test]
fn a_blow_up_names_what_moved_first() {
    let steps = line(200);
    for seed in 0..20 {
        let norm = rough(&steps, seed, 0.05, |s| {
            if s < 150.0 {
                1.0
            } else {
                (0.2 * (s - 150.0)).exp()
            }
        });
        let loss = rough(&steps, seed + 50, 0.01, |s| {
            3.0 / (1.0 + 0.1 * s) + if s < 170.0 { 0.0 } else { 8.0 }
        });
        let said = said(&vec![
            ("grad_norm", steps.clone(), norm),
            ("train_loss", steps.clone(), loss),
        ]);
        let f = found(&said, "blew_up");
        assert!(
            f.since == Some(170.0) && f.statement.contains("`grad_norm` moved first"),
            "{f:#?}"
        );
        let first = &f.evidence[1];
        assert!(
            first.series == "grad_norm" && (150.0..160.0).contains(&first.step.unwrap()),
            "{f:#?}"
        );
    }
}

#[test]
fn spikes_are_told_from_blow_ups_and_from_noise() {
    let steps = line(400);
    let spike = |back: bool| {
        rough(&steps, 3, 0.02, move |s| {
            let up = if back {
                (200.0..206.0).contains(&s)
            } else {
                s >= 200.0
            };
            1.0 + 2.0 / (1.0 + 0.05 * s)
                + if up {
                    if back { 1.5 } else { 0.5 }
                } else {
                    0.0
                }
        })
    };
    let said_back = said(&vec![("loss", steps.clone(), spike(true))]);
    let f = found(&said_back, "spiked");
    assert!(
        f.severity == Severity::Note
            && f.since == Some(200.0)
            && f.statement.contains("was back at step 206"),
        "{f:#?}"
    );
    let stays = said(&vec![("loss", steps.clone(), spike(false))]);
    let f = found(&stays, "spiked");
    assert!(
        f.severity == Severity::Warning && f.statement.contains("did not come back"),
        "{f:#?}"
    );
    assert!(named(&stays, "blew_up").is_none());
}

#[test]
fn divergence_is_a_fact() {
    let steps = line(30);
    let series = vec![("loss", steps.clone(), map(&steps, |s| 3.0 - 0.05 * s))];
    let mut case = case(&series, Facts::default());
    case.tracks[0].broken = Some(30.0);
    let f = diagnose(&case);
    assert_eq!(
        (
            found(&f, "diverged").probability,
            found(&f, "diverged").severity
        ),
        (1.0, Severity::Failure)
    );
    // Numbers that were not finite and are again are no divergence.
    case.tracks[0].broken = Some(20.5);
    assert!(named(&diagnose(&case), "diverged").is_none());
}

#[test]
fn guessing_is_found_with_known_and_with_unknown_classes() {
    let steps = line(60);
    let accuracy = rough(&steps, 1, 0.004, |_| 0.1);
    let loss = rough(&steps, 2, 0.004, |_| 10f64.ln());
    let both: Series = vec![
        ("train_acc", steps.clone(), accuracy.clone()),
        ("train_loss", steps.clone(), loss.clone()),
    ];
    let f = said(&both);
    assert!(
        found(&f, "at_floor").statement.contains("10 classes"),
        "{f:#?}"
    );
    let alone: Series = vec![("train_acc", steps.clone(), accuracy)];
    assert!(named(&said(&alone), "at_floor").is_none());
    let known = Facts {
        classes: Some(10.0),
        ..Facts::default()
    };
    assert!(found(&diagnose(&case(&alone, known.clone())), "at_floor").probability > 0.99);
    // Twice as good as guessing is not guessing.
    let better: Series = vec![("train_acc", steps.clone(), rough(&steps, 3, 0.004, |_| 0.2))];
    assert!(named(&diagnose(&case(&better, known)), "at_floor").is_none());
    // A cross-entropy that never leaves ln 2.
    let stuck: Series = vec![(
        "val_loss",
        steps.clone(),
        rough(&steps, 4, 1e-4, |_| 2f64.ln()),
    )];
    assert!(
        found(&said(&stuck), "at_floor")
            .statement
            .contains("2 classes")
    );
}

#[test]
fn a_memorised_run_is_told_and_a_small_gap_is_not() {
    let steps = line(80);
    let train = map(&steps, |s| (0.1 + 0.1 * s).min(1.0));
    for (height, told) in [(0.2, true), (0.6, true), (0.97, false)] {
        let held = map(
            &rough(&steps, 5, 0.005, |s| height * (1.0 - (-s / 5.0).exp())),
            |v| v.clamp(0.0, 1.0),
        );
        let said = said(&vec![
            ("train_acc", steps.clone(), train.clone()),
            ("val_acc", steps.clone(), held),
        ]);
        assert_eq!(
            named(&said, "memorised").is_some(),
            told,
            "{height}: {said:#?}"
        );
    }
}

#[test]
fn rest_and_underfit_are_found_and_what_still_moves_is_not_at_rest() {
    let steps = line(300);
    let rests = rough(&steps, 6, 0.002, |s| 1.0 + 2.0 * (-s / 15.0).exp());
    assert!(found(&said(&vec![("val_loss", steps.clone(), rests)]), "plateau").probability > 0.8);
    let moves = rough(&steps, 7, 0.002, |s| 3.0 - 0.006 * s);
    assert!(named(&said(&vec![("val_loss", steps.clone(), moves)]), "plateau").is_none());
    let low = |seed| rough(&steps, seed, 0.003, |s| 0.55 - 0.4 * (-s / 15.0).exp());
    let series = vec![
        ("train_acc", steps.clone(), low(8)),
        ("val_acc", steps.clone(), low(9)),
    ];
    assert!(found(&said(&series), "underfit").probability > 0.8);
}

#[test]
fn step_length_is_judged() {
    let steps = line(100);
    let slow = rough(&steps, 10, 0.0005, |s| 2.3 - 0.002 * s);
    assert!(
        found(
            &said(&vec![("train_loss", steps.clone(), slow)]),
            "lr_too_low"
        )
        .probability
            > 0.8
    );
    let still = map(&steps, |_| 2.3);
    assert_eq!(
        found(
            &said(&vec![("train_loss", steps.clone(), still)]),
            "lr_too_low"
        )
        .probability,
        1.0
    );
    let bounces = rough(&steps, 11, 0.01, |s| {
        1.0 + if (s as u64).is_multiple_of(2) {
            0.3
        } else {
            -0.3
        }
    });
    assert!(
        found(
            &said(&vec![("train_loss", steps.clone(), bounces)]),
            "lr_too_high"
        )
        .probability
            > 0.99
    );
    let fine = rough(&steps, 12, 0.01, |s| 0.5 + 2.0 / (1.0 + 0.1 * s));
    let said = said(&vec![("train_loss", steps, fine)]);
    assert!(
        named(&said, "lr_too_high")
            .or(named(&said, "lr_too_low"))
            .is_none(),
        "{said:#?}"
    );
}

#[test]
fn leaks_are_found() {
    let steps = line(60);
    let train = rough(&steps, 13, 0.003, |s| 0.9 - 0.6 * (-s / 20.0).exp());
    let held = rough(&steps, 14, 0.0005, |_| 0.998);
    let series = vec![
        ("train_acc", steps.clone(), train.clone()),
        ("val_acc", steps.clone(), held.clone()),
    ];
    assert!(
        found(&said(&series), "better_than_possible")
            .statement
            .contains("first reading")
    );
    let ahead = rough(&steps, 15, 0.003, |s| 0.98 - 0.6 * (-s / 20.0).exp());
    let series = vec![
        ("train_acc", steps.clone(), train),
        ("val_acc", steps.clone(), ahead.clone()),
    ];
    assert!(found(&said(&series), "better_than_possible").probability > 0.99);
    let alone: Series = vec![("val_acc", steps, ahead)];
    let noise = Facts {
        noise: Some(0.2),
        ..Facts::default()
    };
    let said = diagnose(&case(&alone, noise));
    assert!(
        found(&said, "better_than_possible")
            .statement
            .contains("20.0 % of the labels")
    );
}

/// How often depends on the noise of what is wanted: half a per cent, and one per cent, of a fall of thirty.
#[test]
fn a_proxy_that_leaves_what_is_wanted_is_named() {
    for (size, least) in [(0.005, 45), (0.01, 30)] {
        let mut hits = 0;
        for seed in 0..50 {
            let steps = line(120);
            let reward = rough(&steps, seed, 0.03, |s| (1.0 + s).ln());
            let wins = rough(&steps, seed + 100, size, |s| {
                0.5 + 0.3 * (s / 60.0) * (2.0 - s / 60.0)
            });
            let said = said(&vec![
                ("reward", steps.clone(), reward),
                ("win_rate_accuracy", steps, wins),
            ]);
            let names = ["`reward`", "`win_rate_accuracy`"];
            hits += u32::from(
                named(&said, "proxy")
                    .is_some_and(|f| names.iter().all(|n| f.statement.contains(n))),
            );
        }
        assert!(hits >= least, "{hits} of 50 with noise {size}");
    }
}

#[test]
fn gains_are_held_against_seeds() {
    let run = |lr: &str, seed: u64, height: f64| {
        let steps = line(20);
        let values = rough(&steps, seed, 0.0, |_| {
            height + 0.02 * Seed(seed).draws(lr).normal()
        });
        let series: Series = vec![("val_acc", steps, values)];
        let of = Case {
            id: "x",
            ..case(&series, Facts::default())
        };
        ending(&of, Some(lr.to_owned())).unwrap()
    };
    let both = |second: f64| -> Diagnosis {
        let ends: Vec<_> = (0..6)
            .flat_map(|s| [run("1e-3", s, 0.8), run("3e-3", s, second)])
            .collect();
        diagnose_together(&ends)
    };
    assert!(
        found(&both(0.803), "gains_within_seeds")
            .statement
            .contains("seeds differ by")
    );
    assert!(named(&both(0.9), "gains_within_seeds").is_none());
    assert_eq!(diagnose_together(&[]).blind.len(), 1);
}

/// Recorded runs of `tests/data`, with what became of them.
#[test]
fn recorded_runs_are_told_as_they_were() {
    let read = |text: &'static str| -> Series {
        let mut lines = text.lines().filter(|l| !l.starts_with('#'));
        let names: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
        let rows: Vec<Vec<f64>> = lines
            .map(|l| {
                l.split(',')
                    .map(|c| c.parse().unwrap_or(f64::NAN))
                    .collect()
            })
            .collect();
        names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let (s, v): (Vec<f64>, Vec<f64>) = rows
                    .iter()
                    .map(|r| (r[0], r[i + 1]))
                    .filter(|p| p.1.is_finite())
                    .unzip();
                (*name, s, v)
            })
            .collect()
    };
    for (name, text, expected) in [
        ("groks", include_str!("data/groks.csv"), vec![]),
        ("published", include_str!("data/published.csv"), vec![]),
        (
            "memorises",
            include_str!("data/memorises.csv"),
            vec!["memorised"],
        ),
        (
            "no_decay",
            include_str!("data/no_decay.csv"),
            vec!["decay_too_weak", "memorised"],
        ),
        (
            "random_labels",
            include_str!("data/random_labels.csv"),
            vec!["memorised"],
        ),
        ("scarce", include_str!("data/scarce.csv"), vec!["memorised"]),
        (
            "lr_too_large",
            include_str!("data/lr_too_large.csv"),
            vec!["blew_up"],
        ),
        (
            "lr_zero",
            include_str!("data/lr_zero.csv"),
            vec!["at_floor", "lr_too_low"],
        ),
        ("stuck", include_str!("data/stuck.csv"), vec!["at_floor"]),
    ] {
        let series = read(text);
        let classes = Some(
            if name.contains("groks") || name.contains("memorises") || name == "stuck" {
                31.0
            } else {
                23.0
            },
        );
        let facts = Facts {
            classes,
            ..Facts::default()
        };
        let said = diagnose(&case(&series, facts));
        let mut names: Vec<&str> = said
            .findings
            .iter()
            .filter(|f| f.severity > Severity::Note)
            .map(|f| f.name)
            .collect();
        names.sort_unstable();
        println!("{name}: {names:?}");
        for name in &expected {
            found(&said, name);
        }
        if expected.is_empty() {
            assert!(alarms(&said).is_empty(), "{name}: {said:#?}");
        }
    }
}
