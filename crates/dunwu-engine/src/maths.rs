//! Elementary functions and sums that give the same bits on every machine.
//!
//! Rust neither contracts a·b + c nor reorders sums, so code without calls into the system's
//! mathematical library has the same bits everywhere, however wide the vectors it compiles to.

/// Single precision, without branches, so that loops over slices vectorise. Errors are within 3 ulp.
pub mod single {
    /// 1.5·2²³: adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    /// log 2 in two parts; the first has few bits, so that its small multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    /// 1/k! for k = 7, …, 2.
    const FACTORIALS: [f32; 6] = [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ];

    /// Σ c_i xⁿ⁻ⁱ.
    #[inline(always)]
    fn horner<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
        let mut sum = coefficients[0];
        for c in &coefficients[1..] {
            sum = sum * x + *c;
        }
        sum
    }

    /// (n, e^r − 1) with x = n log 2 + r and |r| ≤ ½ log 2. Needs |x| < 2²¹.
    #[inline(always)]
    fn reduce(x: f32) -> (i32, f32) {
        let rounded = x * std::f32::consts::LOG2_E + ROUND;
        let n = rounded - ROUND;
        let r = (x - n * LN_2[0]) - n * LN_2[1];
        let n = (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        (n, r + r * r * horner(r, FACTORIALS))
    }

    /// 2ⁿ for −126 ≤ n ≤ 127.
    #[inline(always)]
    fn power_of_two(n: i32) -> f32 {
        f32::from_bits((n.wrapping_add(127) as u32) << 23)
    }

    /// x within [low, high]; NaN stays NaN.
    #[inline(always)]
    fn clamp(x: f32, low: f32, high: f32) -> f32 {
        let x = if x < low { low } else { x };
        if x > high { high } else { x }
    }

    /// eˣ, with gradual underflow to 0 below −103.97 and ∞ above 88.72.
    #[inline(always)]
    pub fn exp(x: f32) -> f32 {
        let (n, tail) = reduce(clamp(x, -105.0, 90.0));
        // Two factors: 2ⁿ itself may be no normal number.
        let half = n >> 1;
        (1.0 + tail) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
    }

    /// log x; −∞ at 0, NaN below.
    #[inline(always)]
    pub fn ln(x: f32) -> f32 {
        const ROOT_HALF: u32 = 0x3f35_04f3;
        let small = x < f32::MIN_POSITIVE;
        let scaled = if small { x * 33_554_432.0 } else { x };
        let offset = scaled.to_bits().wrapping_sub(ROOT_HALF);
        let exponent = ((offset as i32) >> 23) - if small { 25 } else { 0 };
        let mantissa = f32::from_bits((offset & 0x007f_ffff).wrapping_add(ROOT_HALF));
        // log m = 2 artanh s with s = (m − 1)/(m + 1), |s| < 0.172.
        let f = mantissa - 1.0;
        let s = f / (2.0 + f);
        let z = s * s;
        let series = 2.0 * s * z * horner(z, [1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0]);
        let e = exponent as f32;
        // 2s = f − s·f loses no bit of f near 1.
        let finite = (f - (s * f - (series + e * LN_2[1]))) + e * LN_2[0];
        let positive = if x < f32::INFINITY { finite } else { x };
        let real = if x < 0.0 { f32::NAN } else { positive };
        if x == 0.0 { f32::NEG_INFINITY } else { real }
    }

    /// tanh x = −E/(2 + E) with E = e^{−2|x|} − 1, and the sign of x.
    #[inline(always)]
    pub fn tanh(x: f32) -> f32 {
        let (n, tail) = reduce(clamp(-2.0 * x.abs(), -40.0, 0.0));
        let power = power_of_two(n);
        let e = power * tail + (power - 1.0);
        (-e / (2.0 + e)).copysign(x)
    }

    /// The error function: its Taylor series below 1; above, 1 − e^{−x²} p(1/(1 + x/2)), p a polynomial fit.
    #[inline(always)]
    pub fn erf(x: f32) -> f32 {
        // 2/√π · (−1)ᵏ/(k!(2k+1)) for k = 10, …, 0.
        const SERIES: [f32; 11] = [
            1.480_719_2e-8,
            -1.636_568_4e-7,
            1.646_211_4e-6,
            -1.492_565_e-5,
            1.205_533_3e-4,
            -8.548_327e-4,
            5.223_977_6e-3,
            -2.686_617e-2,
            1.128_379_2e-1,
            -3.761_263_9e-1,
            std::f32::consts::FRAC_2_SQRT_PI,
        ];
        const TAIL: [f32; 7] = [
            -0.050_413_33,
            -0.065_323_314,
            0.411_940_54,
            0.097_165_96,
            0.331_892_37,
            0.273_501_5,
            6.089_088e-4,
        ];
        let a = x.abs();
        let z = a * a;
        let near = a * horner(z, SERIES);
        let far = 1.0 - exp(-z) * horner(1.0 / (1.0 + 0.5 * a), TAIL);
        (if a < 1.0 { near } else { far }).copysign(x)
    }
}

/// Double precision, from the portable library `libm`.
pub mod double {
    /// eˣ.
    #[inline(always)]
    pub fn exp(x: f64) -> f64 {
        libm::exp(x)
    }

    /// log x.
    #[inline(always)]
    pub fn ln(x: f64) -> f64 {
        libm::log(x)
    }

    /// tanh x.
    #[inline(always)]
    pub fn tanh(x: f64) -> f64 {
        libm::tanh(x)
    }

    /// The error function.
    #[inline(always)]
    pub fn erf(x: f64) -> f64 {
        libm::erf(x)
    }
}

/// Numbers that [`fold`] and [`sweep`] treat at once, whatever the width of the machine's vectors.
pub const LANES: usize = 16;

/// A row of numbers cut into chunks; what lies beyond its length is padding.
pub type Chunks<T> = [[T; LANES]];

/// x_i ← f(i, x_i) for i < n.
#[inline(always)]
pub fn map<T: Copy>(row: &mut Chunks<T>, n: usize, f: impl Fn(u32, T) -> T) {
    for (i, x) in row.as_flattened_mut()[..n].iter_mut().enumerate() {
        *x = f(i as u32, *x);
    }
}

/// [`fold`] and [`map`] in one pass: (acc, x_i) ← f(acc, i, x_i) for i < n.
///
/// The result has the bits of `fold` with the same sums.
#[inline(always)]
pub fn sweep<T: Copy>(
    row: &mut Chunks<T>,
    n: usize,
    start: T,
    f: impl Fn(T, u32, T) -> (T, T),
    join: impl Fn(T, T) -> T,
) -> T {
    let mut acc = [start; LANES];
    let (whole, rest) = row.split_at_mut(n / LANES);
    let mut at = 0;
    for chunk in whole {
        for i in 0..LANES {
            (acc[i], chunk[i]) = f(acc[i], at + i as u32, chunk[i]);
        }
        at += LANES as u32;
    }
    if at < n as u32 {
        let chunk = &mut rest[0];
        for i in 0..LANES {
            let (next, image) = f(acc[i], at + i as u32, chunk[i]);
            let counts = at + (i as u32) < n as u32;
            acc[i] = if counts { next } else { acc[i] };
            chunk[i] = if counts { image } else { chunk[i] };
        }
    }
    joined(acc, join)
}

/// Folds `f(acc, i, x_i)` for i < n in [`LANES`] lanes, then the lanes pairwise: a fixed order that vectorises.
#[inline(always)]
pub fn fold<T: Copy>(
    row: &Chunks<T>,
    n: usize,
    start: T,
    f: impl Fn(T, u32, T) -> T,
    join: impl Fn(T, T) -> T,
) -> T {
    let mut acc = [start; LANES];
    let (whole, rest) = row.split_at(n / LANES);
    let mut at = 0;
    for chunk in whole {
        for i in 0..LANES {
            acc[i] = f(acc[i], at + i as u32, chunk[i]);
        }
        at += LANES as u32;
    }
    if at < n as u32 {
        for i in 0..LANES {
            let next = f(acc[i], at + i as u32, rest[0][i]);
            acc[i] = if at + (i as u32) < n as u32 {
                next
            } else {
                acc[i]
            };
        }
    }
    joined(acc, join)
}

/// The lanes, joined pairwise.
#[inline(always)]
pub(crate) fn joined<T: Copy>(acc: [T; LANES], join: impl Fn(T, T) -> T) -> T {
    // Through memory: the compiler would cut the lanes up all the way back to their first use.
    let acc = std::hint::black_box(acc);
    let eight: [T; 8] = std::array::from_fn(|i| join(acc[i], acc[i + 8]));
    let four: [T; 4] = std::array::from_fn(|i| join(eight[i], eight[i + 4]));
    let two: [T; 2] = std::array::from_fn(|i| join(four[i], four[i + 2]));
    join(two[0], two[1])
}

/// Σ x_i for i < n in the order of [`fold`].
#[inline(always)]
pub fn sum<T: crate::real::Real>(row: &Chunks<T>, n: usize) -> T {
    fold(row, n, T::ZERO, |sum, _, x| sum + x, |a, b| a + b)
}

/// A row as chunks; the padding must not count.
#[cfg(test)]
pub(crate) fn chunked<T: crate::real::Real>(row: &[T]) -> Vec<[T; LANES]> {
    let mut chunks = vec![[T::of(f64::NAN); LANES]; row.len().div_ceil(LANES)];
    chunks.as_flattened_mut()[..row.len()].copy_from_slice(row);
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units of the last place of the true value.
    fn ulps(got: f32, truth: f64) -> f64 {
        let unit = f64::from((truth as f32).abs().next_up() - (truth as f32).abs()).max(1e-45);
        (f64::from(got) - truth).abs() / unit
    }

    fn worst(single: fn(f32) -> f32, double: fn(f64) -> f64, low: f32, high: f32) -> f64 {
        let steps = 200_001;
        let points = (0..steps).map(|i| low + (high - low) * (i as f32 / steps as f32));
        points
            .map(|x| ulps(single(x), double(f64::from(x))))
            .fold(0.0, f64::max)
    }

    #[test]
    fn single_precision_is_within_three_ulp_of_double() {
        for (name, error) in [
            ("exp", worst(single::exp, double::exp, -87.0, 88.7)),
            ("exp near 0", worst(single::exp, double::exp, -1.0, 1.0)),
            ("ln", worst(single::ln, double::ln, 1e-3, 40.0)),
            ("ln far", worst(single::ln, double::ln, 1.0, 3e38)),
            ("tanh", worst(single::tanh, double::tanh, -10.0, 10.0)),
            (
                "tanh near 0",
                worst(single::tanh, double::tanh, -1e-3, 1e-3),
            ),
            ("erf", worst(single::erf, double::erf, -5.0, 5.0)),
            ("erf near 0", worst(single::erf, double::erf, -1e-3, 1e-3)),
        ] {
            assert!(error < 3.0, "{name}: {error} ulp");
        }
    }

    #[test]
    fn ends_of_the_range() {
        use single::{erf, exp, ln, tanh};
        assert_eq!(
            [exp(0.0), exp(f32::NEG_INFINITY), exp(-200.0)],
            [1.0, 0.0, 0.0]
        );
        assert_eq!([exp(89.0), exp(f32::INFINITY)], [f32::INFINITY; 2]);
        assert!(exp(-100.0) > 0.0 && ulps(exp(-100.0), (-100.0_f64).exp()) <= 1.0);
        assert_eq!(
            [ln(1.0), ln(0.0), ln(f32::INFINITY)],
            [0.0, f32::NEG_INFINITY, f32::INFINITY]
        );
        assert!(ulps(ln(1e-44), f64::from(1e-44_f32).ln()) < 3.0);
        assert_eq!(
            [tanh(1e9), tanh(-1e9), tanh(0.0), erf(9.0), erf(-9.0)],
            [1.0, -1.0, 0.0, 1.0, -1.0]
        );
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && erf(f32::NAN).is_nan());
        assert!(ln(f32::NAN).is_nan() && ln(-1.0).is_nan() && ln(f32::NEG_INFINITY).is_nan());
    }

    #[test]
    fn folds_and_maps_treat_every_element_once() {
        for n in 0..70_u32 {
            let row: Vec<f64> = (0..n).map(f64::from).collect();
            let (chunks, n) = (chunked(&row), row.len());
            let total = sum(&chunks, n);
            assert_eq!(total, row.iter().sum::<f64>(), "{n}");
            let in_place = |sum, i, x| sum + if x == f64::from(i) { x } else { 1e9 * x };
            assert_eq!(fold(&chunks, n, 0.0, in_place, |a, b| a + b), total);
            let mut image = chunks.clone();
            map(&mut image, n, |i, x| x * 2.0 + f64::from(i));
            let image = &image.as_flattened()[..n];
            assert!(image.iter().zip(&row).all(|(y, x)| *y == 3.0 * x));
            let mut swept = chunks.clone();
            let step = |sum, i, x| (sum + x, x * 2.0 + f64::from(i));
            assert_eq!(sweep(&mut swept, n, 0.0, step, |a, b| a + b), total);
            assert_eq!(&swept.as_flattened()[..n], image);
        }
    }
}
