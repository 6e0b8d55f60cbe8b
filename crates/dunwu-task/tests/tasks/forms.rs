//! Every form of task can be trained on, and what is no task says why.

use crate::{data_of, read, task};
use dunwu_core::RunSpec;
use dunwu_task::{ALL, Options, Task};

#[test]
fn every_form_can_be_trained_on() {
    for form in ALL {
        let words = [
            &format!("task={}", form.example),
            "train_fraction=0.5",
            "label_noise=0.1",
        ];
        let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
        let task = Task::from_plan(&plan, &read).unwrap();
        let data = task.dataset(&plan, 1, &read).unwrap();
        assert_eq!(
            (data.classes, &data.vocab[..]),
            (task.classes(), task.vocab())
        );
        assert_eq!(
            data.train.len() + data.test.len(),
            data.len(),
            "{}",
            form.example
        );
        assert!(
            !data.train.is_empty() && !data.test.is_empty(),
            "{}",
            form.example
        );
        assert_eq!(
            data.noisy.len(),
            (0.1 * data.train.len() as f64).round() as usize
        );
        assert!(
            form.name == "text" || (1..data.len()).all(|i| data.row(i - 1) < data.row(i)),
            "{}: sorted",
            form.example
        );
        assert!(
            data.labels
                .iter()
                .chain(&data.clean)
                .all(|l| (*l as usize) < data.classes)
        );
        assert!(
            data.train
                .windows(2)
                .chain(data.test.windows(2))
                .all(|w| w[0] < w[1])
        );
        assert!(task.chance() >= 1.0 / task.classes() as f64 && task.chance() < 1.0);
        assert!(
            task.describe().starts_with(&format!("{}: ", form.example))
                && task.name() == form.example
        );
        assert_eq!(
            task.features().is_none(),
            task.why_no_features().is_some(),
            "{}",
            form.example
        );
        assert_eq!(
            task.dataset(&plan, 1, &read).unwrap(),
            data,
            "{}: repeatable",
            form.example
        );
    }
    assert!(ALL.windows(2).all(|w| w[0].name < w[1].name));
}

#[test]
fn products_take_operands_in_their_order() {
    let data = data_of(&["task=S3", "operands=3"], 0).unwrap();
    let group = crate::group("S3");
    assert_eq!((data.len(), data.operands(), data.inputs()), (216, 3, 18));
    for i in 0..data.len() {
        let [a, b, c] = [0, 1, 2].map(|j| data.row(i)[j] as usize);
        assert_eq!(data.clean[i] as usize, group.mul(group.mul(a, b), c));
    }
    assert!((0..data.len()).any(|i| data.row(i)[0] > data.row(i)[1]));
    assert_eq!(data_of(&["task=x+y+z mod 5"], 0).unwrap().len(), 125);
}

#[test]
fn formulas_and_parities_label_their_rows() {
    let quotient = data_of(&["task=x/y mod 7"], 0).unwrap();
    assert_eq!(quotient.len(), 42);
    for i in 0..quotient.len() {
        assert_eq!(
            quotient.clean[i] * quotient.row(i)[1] % 7,
            quotient.row(i)[0]
        );
    }
    let parity = data_of(&["task=parity(30,3)", "train_size=200"], 0).unwrap();
    assert!(
        (0..parity.len()).all(|i| parity.clean[i] == parity.row(i)[..3].iter().sum::<u32>() % 2)
    );
    let ones = parity.clean.iter().sum::<u32>() as f64 / parity.len() as f64;
    assert!((ones - 0.5).abs() < 0.03, "{ones}");
    let full = data_of(&["task=parity(4,2)"], 0).unwrap();
    assert_eq!((full.len(), full.clean.iter().sum::<u32>()), (16, 8));
}

#[test]
fn chance_is_the_share_of_the_commonest_label() {
    let chance = |text| task(text).unwrap().chance();
    assert_eq!(chance("x/y mod 7"), 6.0 / 42.0);
    assert_eq!(chance("x^2 mod 4"), 0.5);
    assert_eq!(chance("x+y mod 7"), 1.0 / 7.0);
    assert_eq!(chance("parity(100,7)"), 0.5);
}

#[test]
fn descriptions_say_what_and_how_large() {
    let describe = |text| task(text).unwrap().describe();
    assert_eq!(
        describe("S5"),
        "S5: product in a non-commutative group of order 120, 2 operands, 120 classes, 14400 rows"
    );
    assert_eq!(
        describe("x^2 mod 7"),
        "x^2 mod 7: formula mod 7, 1 operand, 7 classes, 7 rows"
    );
    assert_eq!(
        describe("parity(40,3)"),
        "parity(40,3): parity of 3 bits out of 40, 40 operands, 2 classes, 2^40 rows, of which some are drawn"
    );
}

#[test]
fn what_is_no_task_says_why() {
    for (text, expected) in [
        (
            "",
            "task: ``, character 1: expected a task, got nothing, which is no group; examples: A5; backcopy(32,3,32)",
        ),
        ("Y5", "got `Y5`, which is no group"),
        ("Z4x", "character 4: expected a task, got nothing"),
        ("Z4xW7", "character 4: expected a task, got `W7`"),
        ("Z-5", "got `Z-5`"),
        ("é", "got `é`"),
        ("Zé", "got `Zé`"),
        ("S9", "`S9` has 362880 elements; tables go up to 4096"),
        ("A8", "20160 elements"),
        ("S99", "more elements than can be counted"),
        ("Z18446744073709551616", "is no group"),
        ("Z100xZ100", "10000 elements"),
        (
            "Z2^13",
            "character 4: expected a power from 1 to 12, got `13`",
        ),
        ("Z2^12xZ2", "8192 elements"),
        ("Z0", "has no element"),
        ("D0", "has no element"),
        ("Z0:Z3", "has no element"),
        ("Heis(0)", "has no element"),
        ("Heis(17)", "4913 elements"),
        ("Q6", "multiple of 4"),
        ("Q4", "from 8 on"),
        ("Z8:Z3", "no action but the trivial one"),
        ("Z7:Z3@3", "the multiplier 3, whose power 3 is not 1 mod 7"),
        ("Z7:S3", "got `Z7:S3`"),
        ("SL(2,4)", "needs a prime, and 4 is none"),
        ("SL(2,1)", "needs a prime, and 1 is none"),
        ("SL(2,999999999989)", "more elements than can be counted"),
        ("SL(2,17)", "4896 elements"),
        ("SL(3,2)", "only SL(2,q)"),
        ("perm:(1 2 1)", "names a point twice in a cycle: 1"),
        ("perm:(1 a)", "has `a` for a point"),
        ("perm:(0 1)", "moves the point 0; points go from 1 to 64"),
        ("perm:1 2", "is not in parentheses"),
        (
            "perm:(1 2 3 4 5 6 7 8),(1 2)",
            "generates more than 4096 permutations",
        ),
        ("x/y mod 10", "prime modulus"),
        ("x*y mod 4096", ""),
        (
            "x*y*z mod 4096",
            "6.872e10 rows (1374 GB); tables go up to 16777216 rows",
        ),
        ("x+y", "expected the modulus"),
        ("parity(3,5)", "1 ≤ relevant bits ≤ bits ≤ 4096"),
        ("parity(3,0)", "relevant bits"),
        ("parity(99999,3)", "bits ≤ 4096"),
        ("parity(3)", "character 8: expected two whole numbers"),
        (
            "table:none.csv",
            "task: file `none.csv` cannot be read: no such file",
        ),
        (
            "table:minus.csv",
            "table `minus.csv` is no group: it has no neutral element",
        ),
    ] {
        match task(text) {
            Ok(_) => assert_eq!(expected, "", "{text} is a task"),
            Err(error) => {
                assert!(
                    !expected.is_empty() && error.to_string().contains(expected),
                    "{text}: {error}"
                );
                assert_eq!(
                    (error.key(), error.is_io()),
                    ("task", text == "table:none.csv")
                );
            }
        }
    }
    let none = Options {
        operands: 0,
        ..Options::default()
    };
    assert!(
        Task::parse("Z5", &none, &read)
            .unwrap_err()
            .to_string()
            .starts_with("operands: is 0")
    );
    let many = Options {
        operands: 9,
        ..Options::default()
    };
    assert!(
        Task::parse("Z71", &many, &read)
            .unwrap_err()
            .to_string()
            .contains("rows")
    );
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ZSADQHeisLperm:()x0-9@^, é]{0,14}") {
        if let Err(error) = task(&text) {
            proptest::prop_assert!(error.to_string().starts_with("task: "));
        }
    }
}
