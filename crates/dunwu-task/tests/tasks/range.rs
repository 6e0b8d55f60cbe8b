//! Representations of every group up to order 128 whose name is one of a family, and of some products.

use crate::task;
use dunwu_task::{Group, Irrep, catalogue, irreps};

const MOST: usize = 128;

#[test]
fn all_groups_up_to_order_128_have_as_many_representations_as_classes() {
    let names = catalogue(MOST);
    assert!(names.len() > 700, "{}", names.len());
    for name in &names {
        let task = task(name).unwrap();
        let g = task.group().unwrap();
        assert!(g.order() <= MOST, "{name}");
        check(name, g, &irreps(g).unwrap());
    }
}

fn check(text: &str, g: &Group, all: &[Irrep]) {
    let class = g.conjugacy_classes();
    let count = class.iter().max().map_or(0, |c| c + 1);
    assert_eq!(all.len(), count, "{text}: classes");
    let squares: usize = all.iter().map(|i| i.dim * i.dim).sum();
    assert_eq!(squares, g.order(), "{text}: squares");
    let mut names: Vec<&str> = all.iter().map(|i| i.name.as_str()).collect();
    if text.starts_with(['D', 'H', 'Q', 'Z']) && !text.contains('x') {
        // Letters, the last resort, are not needed where k, j and i tell.
        let is_plain = |name: &str| !name.ends_with(char::is_alphabetic);
        let is_known = |name: &&str| is_plain(name) || ["sign", "trivial"].contains(name);
        assert!(names.iter().all(is_known), "{text}: {names:?}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{text}: names differ");
    let mut sizes = vec![0.0; count];
    let mut first = vec![0; count];
    for (a, c) in class.iter().enumerate().rev() {
        sizes[*c] += 1.0;
        first[*c] = a;
    }
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all[..=i].iter().enumerate() {
            let expected = if i == j { g.order() as f64 } else { 0.0 };
            let (re, im) = inner(a, b, &first, &sizes);
            assert!((re - expected).abs() + im.abs() < 1e-10, "{text} {i} {j}");
        }
    }
}

/// Σ over classes of size · χ_a · conj χ_b.
fn inner(a: &Irrep, b: &Irrep, first: &[usize], sizes: &[f64]) -> (f64, f64) {
    let terms = first.iter().zip(sizes).map(|(g, size)| {
        let (x, y) = (a.character[*g], b.character[*g]);
        let (re, im) = (x.0 * y.0 + x.1 * y.1, x.1 * y.0 - x.0 * y.1);
        (size * re, size * im)
    });
    terms.fold((0.0, 0.0), |s, t| (s.0 + t.0, s.1 + t.1))
}
