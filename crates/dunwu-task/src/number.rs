//! A little arithmetic of whole numbers. Moduli stay below 2³², so that products fit.

/// kᵉ mod n, with k⁰ = 1 mod n.
pub(crate) fn power_mod(k: usize, mut e: usize, n: usize) -> usize {
    let (mut base, mut out) = (k % n, 1 % n);
    while e > 0 {
        if e % 2 == 1 {
            out = out * base % n;
        }
        base = base * base % n;
        e /= 2;
    }
    out
}

/// The greatest common divisor, with gcd(0, n) = n.
pub(crate) fn gcd(a: usize, b: usize) -> usize {
    if a == 0 { b } else { gcd(b % a, a) }
}

/// Whether p is prime.
pub(crate) fn is_prime(p: usize) -> bool {
    p >= 2
        && (2..)
            .take_while(|d| d * d <= p)
            .all(|d| !p.is_multiple_of(d))
}

/// The smallest prime from n on.
pub(crate) fn next_prime(n: usize) -> usize {
    (n..)
        .find(|p| is_prime(*p))
        .expect("there is always a larger prime")
}

/// The smallest generator of the multiplicative group mod a prime p.
pub(crate) fn primitive_root(p: usize) -> usize {
    let order = p - 1;
    let primes: Vec<usize> = (2..=order)
        .filter(|q| order.is_multiple_of(*q) && is_prime(*q))
        .collect();
    let generates = |g: usize| primes.iter().all(|q| power_mod(g, order / q, p) != 1);
    (1..p)
        .find(|g| generates(*g))
        .expect("the multiplicative group of a prime field is cyclic")
}

/// The digits of i in mixed radix, most significant first.
pub(crate) fn digits(mut i: usize, radices: &[usize]) -> Vec<usize> {
    let mut out = vec![0; radices.len()];
    for (digit, n) in out.iter_mut().zip(radices).rev() {
        (*digit, i) = (i % n, i / n);
    }
    out
}

/// The number with those digits.
pub(crate) fn undigits(digits: impl IntoIterator<Item = usize>, radices: &[usize]) -> usize {
    digits
        .into_iter()
        .zip(radices)
        .fold(0, |i, (digit, n)| i * n + digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_a_primitive_root_reach_every_unit() {
        for p in (2..200).filter(|p| is_prime(*p)) {
            let mut powers: Vec<usize> = (0..p - 1)
                .map(|e| power_mod(primitive_root(p), e, p))
                .collect();
            powers.sort_unstable();
            assert_eq!(powers, (1..p).collect::<Vec<_>>(), "{p}");
        }
        assert_eq!((1..30).filter(|n| is_prime(*n)).count(), 10);
    }

    #[test]
    fn greatest_common_divisors_divide() {
        for (a, b) in (0..40).flat_map(|a| (1..40).map(move |b| (a, b))) {
            let expected = (1..=b).rev().find(|d| a % d == 0 && b % d == 0);
            assert_eq!(Some(gcd(a, b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn digits_invert() {
        let radices = [4, 7, 2];
        assert!((0..56).all(|i| undigits(digits(i, &radices), &radices) == i));
    }
}
