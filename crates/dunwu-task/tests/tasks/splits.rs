//! Splits and label noise are as asked, or say why they cannot be.

use crate::data_of;
use dunwu_core::Dataset;

fn data(words: &[&str]) -> Dataset {
    data_of(words, 0).unwrap()
}

#[test]
fn sizes_are_as_asked() {
    for (words, train, test) in [
        (vec!["task=Z71", "train_size=2016"], 2016, 3025),
        (vec!["task=Z71"], 2016, 3025),
        (vec!["task=Z5", "train_fraction=1"], 25, 0),
        (vec!["task=Z23", "train_multiplier=2.7482"], 198, 331),
        // 24 log 24 · 3/2: the largest dimension of S4 is 3.
        (vec!["task=S4", "train_multiplier=1"], 114, 462),
        (vec!["task=Z7", "train_size=9", "test_size=11"], 9, 11),
        (
            vec!["task=parity(40,3)", "train_size=500", "test_size=300"],
            500,
            300,
        ),
        (vec!["task=parity(40,3)", "train_size=500"], 500, 10_000),
        (
            vec!["task=parity(40,3)", "train_fraction=0.4", "test_size=301"],
            201,
            301,
        ),
        (vec!["task=parity(40,3)", "train_fraction=1"], 10_000, 0),
        (
            vec!["task=parity(17,3)", "train_size=100000", "test_size=31072"],
            100_000,
            31_072,
        ),
        (vec!["task=parity(10,3)", "train_size=100"], 100, 924),
    ] {
        let data = data(&words);
        assert_eq!(
            (data.train.len(), data.test.len()),
            (train, test),
            "{words:?}"
        );
        let mut rows = [data.train.clone(), data.test.clone()].concat();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), train + test, "{words:?}: disjoint");
        assert!(
            data.tokens
                .chunks(data.operands())
                .zip(data.tokens.chunks(data.operands()).skip(1))
                .all(|(a, b)| a < b)
        );
    }
}

#[test]
fn files_name_the_training_rows() {
    let named = data(&["task=Z5", "split_file=good.csv"]);
    assert_eq!((&named.train[..], named.test.len()), (&[1, 12][..], 23));
    let bits = data(&["task=parity(20,3)", "split_file=bits.csv", "test_size=50"]);
    assert_eq!((bits.train.len(), bits.test.len(), bits.len()), (1, 50, 51));
    let row = bits.row(bits.train[0] as usize);
    assert_eq!((row[1], row[19], row.iter().sum::<u32>()), (1, 1, 2));
}

#[test]
fn balanced_splits_have_equal_counts() {
    for (task, size) in [("Z7", 17), ("S3", 13), ("Z11", 77)] {
        let words = [
            &format!("task={task}"),
            &format!("train_size={size}"),
            "split=balanced",
        ];
        let data = data_of(&words.map(|w| w as &str), 3).unwrap();
        let mut counts = vec![0; data.classes];
        data.train
            .iter()
            .for_each(|i| counts[data.labels[*i as usize] as usize] += 1);
        let floor = size / data.classes;
        assert!(
            counts.iter().all(|c| (floor..=floor + 1).contains(c)),
            "{task} {counts:?}"
        );
    }
    // x² mod 4 has labels 0 and 1 alone; three of four rows need two of one of them.
    assert_eq!(
        data(&["task=x^2 mod 4", "train_size=3", "split=balanced"])
            .train
            .len(),
        3
    );
}

#[test]
fn skewed_splits_follow_their_power_law() {
    let counts = |size: usize, skew: f64| {
        let words = [
            "task=Z11".to_owned(),
            format!("train_size={size}"),
            "split=skewed".into(),
            format!("split_skew={skew}"),
        ];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let data = data_of(&words, 3).unwrap();
        let mut counts = vec![0usize; 11];
        data.train
            .iter()
            .for_each(|i| counts[data.labels[*i as usize] as usize] += 1);
        assert_eq!(counts.iter().sum::<usize>(), size);
        counts
    };
    // H₁₁ = 3.0199: the first of 30 rows' labels gets 9.93 of them.
    assert_eq!(counts(30, 1.0)[..4], [10, 5, 3, 3]);
    assert!(counts(33, 0.0).iter().all(|c| *c == 3));
    // No label has more than its 11 rows; the others take what is left.
    let full = counts(100, 2.0);
    assert_eq!(full[..6], [11; 6]);
    // 34 rows are left for five labels: 10.41, 7.97, 6.30, 5.10 and 4.22, the largest fractions up.
    assert_eq!(full[6..], [11, 8, 6, 5, 4]);
}

#[test]
fn random_splits_depend_on_their_seed_alone() {
    let split = |words: &[&str], seed| data_of(&[&["task=Z23"], words].concat(), seed).unwrap();
    assert_ne!(split(&[], 0).train, split(&[], 1).train);
    assert_eq!(
        split(&["split_seed=5"], 0).train,
        split(&["split_seed=5"], 1).train
    );
    assert_eq!(split(&["split_seed=5"], 0).train, split(&[], 5).train);
    assert_eq!(split(&["label_noise=0.2"], 0).train, split(&[], 0).train);
    // Each row is trained on in about 40% of the splits.
    let mut counts = vec![0; 529];
    (0..400).for_each(|seed| {
        split(&[], seed)
            .train
            .iter()
            .for_each(|i| counts[*i as usize] += 1)
    });
    // 160 ± 9.8: six standard deviations.
    assert!(counts.iter().all(|c| (100..220).contains(c)), "{counts:?}");
}

#[test]
fn noisy_labels_are_wrong_and_uniform() {
    let noise = |words: &[&str], seed| {
        data_of(
            &[
                &[
                    "task=Z7",
                    "operands=4",
                    "train_fraction=0.9",
                    "label_noise=0.5",
                ],
                words,
            ]
            .concat(),
            seed,
        )
        .unwrap()
    };
    let noisy = noise(&[], 0);
    assert_eq!(
        noisy.noisy.len(),
        (0.5 * noisy.train.len() as f64).round() as usize
    );
    let mut shifts = [0usize; 7];
    for i in 0..noisy.len() {
        let shift = (noisy.labels[i] + 7 - noisy.clean[i]) % 7;
        assert_eq!(shift != 0, noisy.noisy.binary_search(&(i as u32)).is_ok());
        shifts[shift as usize] += 1;
    }
    assert!(
        noisy
            .noisy
            .iter()
            .all(|i| noisy.train.binary_search(i).is_ok())
    );
    // 180 each in the mean, standard deviation 12.
    assert!(
        shifts[1..].iter().all(|n| (120..240).contains(n)),
        "{shifts:?}"
    );
    assert_ne!(
        noise(&["noise_seed=1"], 0).labels,
        noise(&["noise_seed=2"], 0).labels
    );
    let (a, b) = (
        noise(&["noise_seed=1", "split_seed=0"], 8),
        noise(&["noise_seed=1", "split_seed=0"], 9),
    );
    assert_eq!(a, b);
    assert_eq!(noise(&["noise_seed=0"], 0), noisy);
}

#[test]
fn what_cannot_be_split_says_why() {
    for (words, expected) in [
        (
            vec!["task=Z5", "train_size=26"],
            "train_size: asks for 26 rows, but there are 25",
        ),
        (
            vec!["task=Z5", "train_size=25"],
            "train_size: trains on all 25 rows and leaves none to hold out",
        ),
        (
            vec!["task=Z5", "train_fraction=0.999"],
            "train_fraction: trains on all 25 rows",
        ),
        (
            vec!["task=Z5", "train_fraction=0.001"],
            "train_fraction: leaves no row of 25 to train on",
        ),
        (
            vec!["task=Z1", "train_multiplier=1"],
            "train_multiplier: leaves no row",
        ),
        (
            vec!["task=Z5", "train_multiplier=50"],
            "train_multiplier: asks for 402 rows",
        ),
        (
            vec!["task=Z5", "train_multiplier=1e300"],
            "train_multiplier: asks for",
        ),
        (
            vec!["task=Z5", "test_size=20", "train_size=10"],
            "test_size: is 20, but only 15 rows are held out",
        ),
        (
            vec!["task=Z5", "split_file=outside.csv"],
            "split_file: `outside.csv`, line 2: `0,9` is no row of the task; expected 2 tokens from 0 to 4",
        ),
        (
            vec!["task=Z5", "split_file=long.csv"],
            "line 1: `0,1,2` is no row",
        ),
        (
            vec!["task=Z5", "split_file=twice.csv"],
            "names the row [0, 1] twice",
        ),
        (
            vec!["task=Z5", "split_file=empty.csv"],
            "split_file: leaves no row",
        ),
        (
            vec!["task=Z5", "split_file=words.csv"],
            "line 2: `0,b` is no list of tokens",
        ),
        (
            vec!["task=Z5", "split_file=none.csv"],
            "split_file: file `none.csv` cannot be read: no such file",
        ),
        (
            vec!["task=x/y mod 7", "split_file=zero.csv"],
            "no such file",
        ),
        (
            vec!["task=x/0+y mod 7"],
            "has no row; it divides by zero throughout",
        ),
        (
            vec!["task=Z1", "train_fraction=1", "label_noise=0.5"],
            "label_noise: is 0.5, but with one class",
        ),
        (
            vec!["task=parity(20,3)", "train_size=2000000"],
            "was asked for 2010000 rows; of 20 bits there can be up to 1048576",
        ),
        (
            vec!["task=parity(4000,3)", "train_size=1000000"],
            "up to 16777",
        ),
        (
            vec!["task=parity(40,3)", "train_size=1000000000000000"],
            "there can be up to",
        ),
    ] {
        let error = data_of(&words, 0).unwrap_err().to_string();
        assert!(error.contains(expected), "{words:?}: {error}");
    }
}
