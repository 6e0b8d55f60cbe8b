//! Tasks that are texts.

use crate::{data_of, task};

#[test]
fn a_chain_writes_out_the_sums_on_the_way() {
    let data = data_of(&["task=chain(5,4)"], 0).unwrap();
    assert_eq!(
        (data.len(), data.operands(), data.classes, data.given),
        (625, 7, 6, Some(5))
    );
    let row = (0..625)
        .find(|i| data.row(*i)[..4] == [1, 2, 3, 4])
        .unwrap();
    assert_eq!(data.row(row), [1, 2, 3, 4, 5, 3, 1]);
    assert_eq!(data.labels[row], 0);
    let plain = data_of(&["task=sum(5,4)"], 0).unwrap();
    assert_eq!(
        (plain.row(row), plain.labels[row]),
        ([1, 2, 3, 4, 5].as_slice(), 0)
    );
    assert_eq!((plain.given, plain.labels), (Some(5), data.labels));
    // Two operands leave nothing to write out.
    let pair = data_of(&["task=chain(5,2)"], 0).unwrap();
    assert_eq!((pair.operands(), pair.len()), (3, 25));
    // Too many to list are drawn, each once.
    let many = data_of(&["task=sum(7,9)", "train_size=300", "test_size=200"], 0).unwrap();
    assert_eq!((many.train.len(), many.test.len()), (300, 200));
    assert!((1..500).all(|i| many.row(i - 1) < many.row(i)));
    let right = |i: usize| many.row(i)[..9].iter().sum::<u32>() % 7 == many.labels[i];
    assert!((0..500).all(right));
}

#[test]
fn triggers_repeat_the_token_before_them_and_others_follow_their_own_distribution() {
    let words = ["task=backcopy(6,2,20)", "train_size=3000", "test_size=3000"];
    let counts = |seed: u64| {
        let data = data_of(&words, seed).unwrap();
        assert_eq!(
            (data.operands(), data.classes, data.given),
            (20, 7, Some(1))
        );
        let mut counts = [[0.0f64; 7]; 7];
        for i in 0..data.len() {
            let mut row = data.row(i).to_vec();
            row.push(data.labels[i]);
            assert!(row[0] == 0 && row[1] > 2 && !row[1..].contains(&0));
            for w in row.windows(3) {
                if w[1] <= 2 {
                    assert_eq!(w[2], w[0]);
                } else {
                    counts[w[1] as usize][w[2] as usize] += 1.0;
                }
            }
        }
        counts.map(|row| row.map(|x| x / row.iter().sum::<f64>().max(1.0)))
    };
    let (one, other) = (counts(0), counts(1));
    let mut far = 0.0f64;
    for token in 3..7 {
        for next in 1..7 {
            // The language is the task's, not the seed's.
            assert!((one[token][next] - other[token][next]).abs() < 0.02);
            far = far.max((one[token][next] - 1.0 / 6.0).abs());
        }
    }
    assert!(far > 0.1, "distributions differ from the even one: {far}");
}

#[test]
fn a_text_is_cut_by_position() {
    let words = ["task=text:song.txt", "context=10", "train_fraction=0.7"];
    let data = data_of(&words, 3).unwrap();
    assert_eq!((data.len(), data.classes, data.given), (99, 256, Some(1)));
    assert_eq!(data.train, (0..69).collect::<Vec<u32>>());
    assert_eq!(data.test, (69..99).collect::<Vec<u32>>());
    for i in 0..98 {
        assert_eq!(data.labels[i], data.row(i + 1)[0]);
    }
    assert_eq!(data.row(0)[..4], [0, 1, 4, 9]);
    let few = data_of(&[words.as_slice(), &["test_size=5"]].concat(), 3).unwrap();
    assert_eq!(few.test, [69, 70, 71, 72, 73]);
    assert!(task("text:song.txt").unwrap().chance() > 1.0 / 256.0);
}

#[test]
fn what_is_no_text_says_why() {
    for (words, expected) in [
        (
            vec!["task=text:empty.txt"],
            "task: `text:empty.txt` is an empty file",
        ),
        (
            vec!["task=text:short.txt"],
            "has 6 bytes, too few for two rows of 64",
        ),
        (vec!["task=text:none.txt"], "file `none.txt` cannot be read"),
        (
            vec!["task=text:song.txt", "split=balanced"],
            "split: is balanced, but a text is cut by position",
        ),
        (
            vec!["task=backcopy(6,2)"],
            "expected whole numbers: backcopy(tokens, triggers, length)",
        ),
        (vec!["task=backcopy(3,2,9)"], "at least 2 are no triggers"),
        (vec!["task=chain(5,1)"], "needs a modulus"),
        (
            vec!["task=sum(5,x)"],
            "expected whole numbers: sum(modulus, operands)",
        ),
        (
            vec!["task=backcopy(6,2,9)", "split_file=good.csv"],
            "split_file: names rows",
        ),
        (
            vec!["task=sum(3,20)", "train_size=99999999"],
            "was asked for",
        ),
        (
            vec!["task=backcopy(3,1,3)", "train_size=5000"],
            "different ones were not found",
        ),
    ] {
        let error = data_of(&words, 0).unwrap_err().to_string();
        assert!(error.contains(expected), "{words:?}: {error}");
    }
}
