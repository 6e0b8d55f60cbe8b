//! Characters of symmetric groups, exactly.

/// The partitions of n, parts descending, from [n] to [1, …, 1].
pub(crate) fn partitions(n: usize) -> Vec<Vec<usize>> {
    fn extend(left: usize, most: usize, parts: &mut Vec<usize>, out: &mut Vec<Vec<usize>>) {
        if left == 0 {
            out.push(parts.clone());
        }
        for part in (1..=most.min(left)).rev() {
            parts.push(part);
            extend(left - part, part, parts, out);
            parts.pop();
        }
    }
    let mut out = Vec::new();
    extend(n, n, &mut Vec::new(), &mut out);
    out
}

/// The partition whose diagram is mirrored.
pub(crate) fn conjugate(partition: &[usize]) -> Vec<usize> {
    let columns = partition.first().copied().unwrap_or(0);
    (0..columns)
        .map(|j| partition.iter().filter(|part| **part > j).count())
        .collect()
}

/// χ of the representation of a partition at permutations of those cycle lengths.
///
/// Murnaghan–Nakayama rule on beta numbers: removing a border strip of r cells lowers one of them
/// by r, with the sign of the number of others that it passes.
pub(crate) fn character(partition: &[usize], cycles: &[usize]) -> i64 {
    let rows = partition.len();
    let beta: Vec<usize> = partition
        .iter()
        .enumerate()
        .map(|(i, part)| part + rows - 1 - i)
        .collect();
    strip(&beta, cycles)
}

fn strip(beta: &[usize], cycles: &[usize]) -> i64 {
    let Some((r, rest)) = cycles.split_first() else {
        return 1;
    };
    let mut sum = 0;
    for (i, b) in beta.iter().enumerate() {
        let Some(lower) = b.checked_sub(*r).filter(|lower| !beta.contains(lower)) else {
            continue;
        };
        let passed = beta
            .iter()
            .filter(|other| lower < **other && **other < *b)
            .count();
        let mut next = beta.to_vec();
        next[i] = lower;
        let sign = if passed.is_multiple_of(2) { 1 } else { -1 };
        sum += sign * strip(&next, rest);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_s5_is_that_of_the_books() {
        // Fulton, Harris: Representation Theory, 3.1; classes 1, (12), (123), (1234), (12345), (12)(34), (12)(345).
        let classes: [&[usize]; 7] = [
            &[1; 5],
            &[2, 1, 1, 1],
            &[3, 1, 1],
            &[4, 1],
            &[5],
            &[2, 2, 1],
            &[3, 2],
        ];
        let table: [(&[usize], [i64; 7]); 7] = [
            (&[5], [1, 1, 1, 1, 1, 1, 1]),
            (&[1; 5], [1, -1, 1, -1, 1, 1, -1]),
            (&[4, 1], [4, 2, 1, 0, -1, 0, -1]),
            (&[2, 1, 1, 1], [4, -2, 1, 0, -1, 0, 1]),
            (&[3, 1, 1], [6, 0, 0, 0, 1, -2, 0]),
            (&[3, 2], [5, 1, -1, -1, 0, 1, 1]),
            (&[2, 2, 1], [5, -1, -1, 1, 0, 1, -1]),
        ];
        for (partition, values) in table {
            assert_eq!(
                classes.map(|c| character(partition, c)),
                values,
                "{partition:?}"
            );
        }
    }

    #[test]
    fn partitions_are_all_and_mirror() {
        assert_eq!(
            (1..=7).map(|n| partitions(n).len()).collect::<Vec<_>>(),
            [1, 2, 3, 5, 7, 11, 15]
        );
        assert_eq!(conjugate(&[3, 1]), [2, 1, 1]);
        assert!(partitions(7).iter().all(|p| conjugate(&conjugate(p)) == *p));
    }
}
