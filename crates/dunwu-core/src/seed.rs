//! Random draws, each stream with an explicit key.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The seed of a run. Streams drawn from it under different keys are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of draws named `key`, the same on every machine.
    ///
    /// ```
    /// use dunwu_core::Seed;
    /// let draw = || Seed(7).draws("split").below(100);
    /// assert_eq!(draw(), draw());
    /// ```
    pub fn draws(self, key: &str) -> Draws {
        let mut bytes = [0u8; 32];
        bytes[..8].copy_from_slice(&self.0.to_le_bytes());
        // FNV-1a at four offsets: keys are few, short and ours; only distinctness matters.
        for (lane, chunk) in bytes[8..].chunks_exact_mut(8).enumerate() {
            let mut hash =
                0xcbf2_9ce4_8422_2325_u64 ^ (lane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for byte in key.bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            chunk.copy_from_slice(&hash.to_le_bytes());
        }
        Draws {
            rng: ChaCha8Rng::from_seed(bytes),
            spare: None,
        }
    }
}

/// A stream of random draws (ChaCha8).
#[derive(Clone, Debug)]
pub struct Draws {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Draws {
    /// Uniform 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform in [0, 1), on the grid of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in {0, …, n−1} without bias (Lemire's rejection). Panics if `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "no number lies below 0");
        loop {
            let wide = u128::from(self.bits()) * u128::from(n);
            if (wide as u64) >= n.wrapping_neg() % n {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Standard normal, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * s.ln() / s).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_key_and_seed() {
        let first = |seed, key| Seed(seed).draws(key).bits();
        assert_ne!(first(0, "split"), first(0, "noise"));
        assert_ne!(first(0, "split"), first(1, "split"));
        assert_eq!(first(3, "hidden.0"), first(3, "hidden.0"));
    }

    #[test]
    fn normal_draws_have_unit_variance() {
        let mut draws = Seed(1).draws("normal");
        let sample: Vec<f64> = (0..40_000).map(|_| draws.normal()).collect();
        let mean = sample.iter().sum::<f64>() / sample.len() as f64;
        let variance = sample.iter().map(|x| x * x).sum::<f64>() / sample.len() as f64;
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03,
            "{mean} {variance}"
        );
    }
}
