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

/// x_i ← f(i, x_i).
#[inline(always)]
pub fn map<T: Copy>(row: &mut [T], f: impl Fn(u32, T) -> T) {
    for (i, x) in row.iter_mut().enumerate() {
        *x = f(i as u32, *x);
    }
}

/// [`fold`] and [`map`] in one pass: (acc, x_i) ← f(acc, i, x_i).
///
/// The result has the bits of `fold` with the same sums.
#[inline(always)]
pub fn sweep<T: Copy>(
    row: &mut [T],
    pad: T,
    start: T,
    f: impl Fn(T, u32, T) -> (T, T),
    join: impl Fn(T, T) -> T,
) -> T {
    let n = row.len();
    let mut acc = [start; LANES];
    if n < LANES {
        let mut whole = padded(row, pad);
        for i in 0..LANES {
            (acc[i], whole[i]) = f(acc[i], i as u32, whole[i]);
        }
        row.copy_from_slice(&whole[..n]);
        return joined(acc, join);
    }
    // The last numbers form a chunk that may overlap the one before; a copy of odd length costs more.
    let mut tail = *row
        .last_chunk::<LANES>()
        .expect("a row of at least one chunk");
    let mut at = 0;
    for chunk in row.as_chunks_mut::<LANES>().0 {
        for i in 0..LANES {
            (acc[i], chunk[i]) = f(acc[i], at + i as u32, chunk[i]);
        }
        at += LANES as u32;
    }
    for lane in 0..LANES {
        let i = (n - LANES + lane) as u32;
        let (next, image) = f(acc[lane], i, tail[lane]);
        acc[lane] = if i < at { acc[lane] } else { next };
        tail[lane] = image;
    }
    *row.last_chunk_mut().expect("a row of at least one chunk") = tail;
    joined(acc, join)
}

/// Folds `f(acc, i, x_i)` in [`LANES`] lanes, then the lanes pairwise: a fixed order that vectorises.
///
/// `pad` fills up a row shorter than that: there `f(acc, i, pad)` must give `acc`.
#[inline(always)]
pub fn fold<T: Copy>(
    row: &[T],
    pad: T,
    start: T,
    f: impl Fn(T, u32, T) -> T,
    join: impl Fn(T, T) -> T,
) -> T {
    let n = row.len();
    let mut acc = [start; LANES];
    let mut at = 0;
    for chunk in row.as_chunks::<LANES>().0 {
        for i in 0..LANES {
            acc[i] = f(acc[i], at + i as u32, chunk[i]);
        }
        at += LANES as u32;
    }
    if n < LANES {
        let whole = padded(row, pad);
        for i in 0..LANES {
            acc[i] = f(acc[i], i as u32, whole[i]);
        }
    } else if at < n as u32 {
        let last = row
            .last_chunk::<LANES>()
            .expect("a row of at least one chunk");
        let first = (n - LANES) as u32;
        for lane in 0..LANES {
            let i = first + lane as u32;
            let next = f(acc[lane], i, last[lane]);
            acc[lane] = if i < at { acc[lane] } else { next };
        }
    }
    joined(acc, join)
}

/// The lanes, joined pairwise.
#[inline(always)]
fn joined<T: Copy>(mut acc: [T; LANES], join: impl Fn(T, T) -> T) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            acc[i] = join(acc[i], acc[i + width]);
        }
        width /= 2;
    }
    acc[0]
}

/// The fewer than [`LANES`] numbers, then padding.
#[inline(always)]
fn padded<T: Copy>(row: &[T], pad: T) -> [T; LANES] {
    let mut out = [pad; LANES];
    out[..row.len()].copy_from_slice(row);
    out
}

/// Σ x_i in the order of [`fold`].
#[inline(always)]
pub fn sum<T: crate::real::Real>(row: &[T]) -> T {
    fold(row, T::ZERO, T::ZERO, |sum, _, x| sum + x, |a, b| a + b)
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
            assert_eq!(sum(&row), f64::from(n * n.saturating_sub(1) / 2), "{n}");
            let indices = fold(
                &row,
                0.0,
                0.0,
                |sum, i, x| sum + if x == f64::from(i) { x } else { 1e9 * x },
                |a, b| a + b,
            );
            assert_eq!(indices, sum(&row));
            let mut image = row.clone();
            map(&mut image, |i, x| x * 2.0 + f64::from(i));
            assert!(image.iter().zip(&row).all(|(y, x)| *y == 3.0 * x));
            let mut swept = row.clone();
            let step = |sum, i, x| (sum + x, x * 2.0 + f64::from(i));
            assert_eq!(sweep(&mut swept, 0.0, 0.0, step, |a, b| a + b), sum(&row));
            assert_eq!(swept, image);
        }
    }
}
