//! Groups by name, up to an order.

/// Names of the groups of order up to `most`: every one of each family (cyclic, dihedral, dicyclic, symmetric,
/// alternating, SL(2, p), Heisenberg, and Z_n:Z_m with every multiplier that acts), and products of two small
/// groups. Some name the same group.
///
/// ```
/// let names = dunwu_task::catalogue(6);
/// assert!(["Z6", "D3", "S3", "Z3:Z2@2", "SL(2,2)"].iter().all(|n| names.iter().any(|m| m == n)));
/// ```
pub fn catalogue(most: usize) -> Vec<String> {
    let mut out: Vec<String> = (1..=most).map(|n| format!("Z{n}")).collect();
    out.extend((1..=most / 2).map(|n| format!("D{n}")));
    out.extend((2..=most / 4).map(|n| format!("Q{}", 4 * n)));
    let mut order = 1;
    for n in 1.. {
        order *= n;
        if order > 2 * most {
            break;
        }
        out.extend((order <= most).then(|| format!("S{n}")));
        out.push(format!("A{n}"));
    }
    let primes = [2usize, 3, 5, 7, 11].into_iter();
    let linear = primes.filter(|p| p * (p * p - 1) <= most);
    out.extend(linear.map(|p| format!("SL(2,{p})")));
    let cubes = (1..).take_while(|n: &usize| n.pow(3) <= most);
    out.extend(cubes.map(|n| format!("Heis({n})")));
    for (n, m) in (2..=most).flat_map(|n| (2..=most / n).map(move |m| (n, m))) {
        let acts = |k: &usize| (0..m).fold(1, |x, _| x * k % n) == 1;
        out.extend((2..n).filter(acts).map(|k| format!("Z{n}:Z{m}@{k}")));
    }
    let small = FACTORS
        .iter()
        .flat_map(|a| FACTORS.iter().map(move |b| (a, b)));
    let small = small.filter(|(a, b)| a.1 * b.1 <= most);
    out.extend(small.map(|(a, b)| format!("{}x{}", a.0, b.0)));
    out
}

/// Factors of products, with their orders.
const FACTORS: [(&str, usize); 9] = [
    ("Z2", 2),
    ("Z4", 4),
    ("S3", 6),
    ("D4", 8),
    ("Q8", 8),
    ("A4", 12),
    ("Z7:Z3", 21),
    ("SL(2,3)", 24),
    ("Heis(3)", 27),
];
