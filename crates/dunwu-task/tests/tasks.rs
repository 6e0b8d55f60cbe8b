//! Every form of task, and what must hold of groups, spectra and splits.

use dunwu_core::RunSpec;
use dunwu_task::{FORMS, Features, Group, Kind, NO_FILES, Options, Task, irreps};

fn group(text: &str) -> Group {
    Task::parse(text, &Options::default(), NO_FILES).unwrap().group().unwrap().clone()
}

/// Groups with the dimensions of their irreducible representations and how many are complex or quaternionic.
const KNOWN: &[(&str, &[usize], usize, usize)] = &[
    ("Z1", &[1], 0, 0),
    ("Z6", &[1; 6], 4, 0),
    ("Z4xZ7", &[1; 28], 26, 0),
    ("S3", &[1, 1, 2], 0, 0),
    ("S4", &[1, 1, 2, 3, 3], 0, 0),
    ("S5", &[1, 1, 4, 4, 5, 5, 6], 0, 0),
    ("A4", &[1, 1, 1, 3], 2, 0),
    ("A5", &[1, 3, 3, 4, 5], 0, 0),
    ("D4", &[1, 1, 1, 1, 2], 0, 0),
    ("D15", &[1, 1, 2, 2, 2, 2, 2, 2, 2], 0, 0),
    ("Q8", &[1, 1, 1, 1, 2], 0, 1),
    ("Q12", &[1, 1, 1, 1, 2, 2], 2, 1),
    ("SL(2,3)", &[1, 1, 1, 2, 2, 2, 3], 4, 1),
    ("SL(2,5)", &[1, 2, 2, 3, 3, 4, 4, 5, 6], 0, 4),
    ("Heis(3)", &[1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3], 10, 0),
    ("Z7:Z3", &[1, 1, 1, 3, 3], 4, 0),
    ("perm:(1 2 3)(4 5),(1 2)", &[1, 1, 1, 1, 2, 2], 0, 0),
    ("S3xZ2", &[1, 1, 1, 1, 2, 2], 0, 0),
];

#[test]
fn groups_are_groups_with_the_known_irreps() {
    for (text, dims, complex, quaternionic) in KNOWN {
        let g = group(text);
        assert_eq!(g.associative(), Ok(()), "{text}");
        let e = g.identity().unwrap();
        assert!((0..g.order()).all(|a| g.mul(a, g.inverse(a)) == e), "{text}");
        let all = irreps(&g).unwrap();
        let found: Vec<usize> = all.iter().map(|i| i.dim).collect();
        assert_eq!(&found, dims, "{text}");
        let count = |kind| all.iter().filter(|i| i.kind == kind).count();
        assert_eq!((count(Kind::Complex), count(Kind::Quaternionic)), (*complex, *quaternionic), "{text}");
        assert!(all[0].character.iter().all(|z| *z == (1.0, 0.0)), "{text}");
    }
}

#[test]
fn characters_are_orthonormal() {
    for (text, ..) in KNOWN {
        let g = group(text);
        let all = irreps(&g).unwrap();
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                let pairs = a.character.iter().zip(&b.character);
                let inner = pairs.fold((0.0, 0.0), |s, (x, y)| {
                    (s.0 + x.0 * y.0 + x.1 * y.1, s.1 + x.1 * y.0 - x.0 * y.1)
                });
                let expected = if i == j { g.order() as f64 } else { 0.0 };
                assert!((inner.0 - expected).abs() + inner.1.abs() < 1e-8, "{text} {i} {j}");
            }
        }
    }
}

#[test]
fn symmetric_groups_have_the_character_table_of_the_books() {
    let g = group("S4");
    let all = irreps(&g).unwrap();
    // Class by cycle type of the element; trivial, sign, d=2, standard, standard × sign.
    let classes = [("()", [1.0, 1.0, 2.0, 3.0, 3.0]), ("(1 2)", [1.0, -1.0, 0.0, 1.0, -1.0]), ("(1 2)(3 4)", [1.0, 1.0, 2.0, -1.0, -1.0]), ("(1 2 3)", [1.0, 1.0, -1.0, 0.0, 0.0]), ("(1 2 3 4)", [1.0, -1.0, 0.0, -1.0, 1.0])];
    let names: Vec<&str> = all.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(&names[..2], ["trivial", "sign"]);
    assert!(names.contains(&"standard"));
    for (element, values) in classes {
        let at = (0..24).find(|a| g.element_name(*a) == element).unwrap();
        let mut found: Vec<f64> = all.iter().map(|i| i.character[at].0.round()).collect();
        if all[3].name != "standard" {
            found.swap(3, 4);
        }
        assert_eq!(found, values, "{element}");
    }
}

fn features(text: &str) -> Features {
    Task::parse(text, &Options::default(), NO_FILES).unwrap().features().unwrap()
}

#[test]
fn features_are_an_orthonormal_basis_that_translations_respect() {
    for text in KNOWN.iter().map(|k| k.0).chain(["x*y mod 11", "x+y mod 12"]) {
        let f = features(text);
        let n = f.tokens;
        let row = |i: usize| &f.basis[i * n..(i + 1) * n];
        assert_eq!(f.basis.len(), n * n, "{text}");
        for i in 0..n {
            for j in 0..n {
                let inner: f64 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
                assert!((inner - f64::from(u8::from(i == j))).abs() < 1e-9, "{text} {i} {j}");
            }
        }
        let constant = vec![1.0; n];
        assert!(f.masses(&constant)[f.trivial()] > if text.contains('*') { n as f64 - 1.5 } else { n as f64 - 1e-9 });
    }
    for text in ["S4", "Q8", "Z4xZ7", "SL(2,3)"] {
        let (g, f) = (group(text), features(text));
        let w: Vec<f64> = (0..f.tokens).map(|i| ((i * i) as f64).sin()).collect();
        let moved: Vec<f64> = (0..f.tokens).map(|i| w[g.mul(i, 3)]).collect();
        let (a, b) = (f.masses(&w), f.masses(&moved));
        assert!(a.iter().zip(&b).all(|(x, y)| (x - y).abs() < 1e-9), "{text}");
    }
}

#[test]
fn every_form_can_be_trained_on() {
    for form in FORMS {
        let words = [format!("task={}", form.example), "train_fraction=0.5".into(), "label_noise=0.1".into()];
        let plan = RunSpec::from_overrides(&words).unwrap().resolve().unwrap();
        let task = Task::from_plan(&plan, NO_FILES).unwrap();
        let data = task.dataset(&plan, 1, NO_FILES).unwrap();
        assert_eq!(data.train.len() + data.test.len(), data.len(), "{}", form.example);
        assert!(!data.train.is_empty() && !data.test.is_empty(), "{}", form.example);
        assert_eq!(data.noisy.len(), (0.1 * data.train.len() as f64).round() as usize);
        assert!(data.noisy.iter().all(|i| data.labels[*i as usize] != data.clean[*i as usize]));
        assert!((1..data.len()).all(|i| data.row(i - 1) < data.row(i)), "{}", form.example);
        assert!(data.labels.iter().all(|l| (*l as usize) < data.classes));
        assert!(task.chance() > 0.0 && task.describe().contains(form.example));
    }
    assert!(FORMS.windows(2).all(|w| w[0].name < w[1].name));
}

fn data(words: &[&str]) -> Result<dunwu_core::Dataset, String> {
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    let read = |path: &str| match path {
        "good.csv" => Ok("x,y\n0,1\n2,2\n".to_owned()),
        "bad.csv" => Ok("0,1\n0,9\n".to_owned()),
        _ => Err("no such file".to_owned()),
    };
    let task = Task::from_plan(&plan, &read).map_err(|e| e.to_string())?;
    task.dataset(&plan, 0, &read).map_err(|e| e.to_string())
}

#[test]
fn splits_are_as_asked() {
    assert_eq!(data(&["task=Z71", "train_size=2016"]).unwrap().train.len(), 2016);
    assert_eq!(data(&["task=Z23", "train_multiplier=2.7482"]).unwrap().train.len(), 198);
    assert_eq!(data(&["task=S4", "train_multiplier=1"]).unwrap().train.len(), 114);
    assert_eq!(data(&["task=Z5", "split_file=good.csv"]).unwrap().train, [1, 12]);
    assert_eq!(data(&["task=Z5", "operands=3"]).unwrap().len(), 125);
    let balanced = data(&["task=Z7", "train_size=17", "split=balanced"]).unwrap();
    let mut counts = [0; 7];
    balanced.train.iter().for_each(|i| counts[balanced.labels[*i as usize] as usize] += 1);
    assert!(counts.iter().all(|c| (2..=3).contains(c)), "{counts:?}");
    let parity = data(&["task=parity(40,3)", "train_size=500", "test_size=300"]).unwrap();
    assert_eq!((parity.train.len(), parity.test.len()), (500, 300));
    assert_eq!(data(&["task=x/y mod 7"]).unwrap().len(), 42);
}

#[test]
fn bad_tasks_and_splits_say_what_is_wrong() {
    for (words, expected) in [
        (vec!["task=Z5", "train_size=26"], "train_size: asks for 26 rows, but the table has 25"),
        (vec!["task=Z5", "train_fraction=0.001"], "train_fraction: leaves no row"),
        (vec!["task=Z5", "split_file=bad.csv"], "`bad.csv`, line 2: `0,9` is no row"),
        (vec!["task=Z5", "split_file=none.csv"], "no such file"),
        (vec!["task=Z5", "test_size=20", "train_size=10"], "only 15 rows are held out"),
        (vec!["task=Y5"], "`Y5` is no group"),
        (vec!["task=S9"], "362880 elements; tables go up to 4096"),
        (vec!["task=S99"], "more elements than can be counted"),
        (vec!["task=Z0"], "has no element"),
        (vec!["task=Q6"], "multiple of 4"),
        (vec!["task=Z8:Z3"], "no action but the trivial one"),
        (vec!["task=Z7:Z3@3"], "whose power 3 is not 1 mod 7"),
        (vec!["task=SL(2,4)"], "needs a prime, and 4 is none"),
        (vec!["task=perm:(1 2 1)"], "names a point twice"),
        (vec!["task=Z4x"], "is no group"),
        (vec!["task=x/y mod 10"], "prime modulus"),
        (vec!["task=Z100", "operands=5"], "1.000e10 rows"),
        (vec!["task=parity(3,5)"], "relevant bits"),
        (vec!["task=table:none.csv"], "no such file"),
        (vec!["task="], "is no group"),
    ] {
        let error = data(&words).unwrap_err();
        assert!(error.contains(expected), "{words:?}: {error}");
    }
}
