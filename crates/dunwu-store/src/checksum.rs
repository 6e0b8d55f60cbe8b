//! Whether a file still says what was written into it.

/// A 64-bit sum in which every changed word changes the result: each step is a bijection of the sum for
/// a given word, and of the word for a given sum. It finds accidents, not malice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checksum(u64);

impl Checksum {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }

    /// The bytes in words of eight, the last one filled up with zeros, then their number.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    pub(crate) fn value(self) -> u64 {
        self.0
    }

    /// 16 hexadecimal digits.
    pub(crate) fn text(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// A number that tells texts apart, the same everywhere.
pub fn text_hash(text: &str) -> u64 {
    let mut sum = Checksum::new();
    sum.bytes(text.as_bytes());
    sum.value()
}

/// The checksum of a text.
pub(crate) fn of_text(text: &str) -> String {
    let mut sum = Checksum::new();
    sum.bytes(text.as_bytes());
    sum.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts_and_so_does_the_length() {
        let text: Vec<u8> = (0..21).collect();
        let sum = |bytes: &[u8]| {
            let mut sum = Checksum::new();
            sum.bytes(bytes);
            sum.text()
        };
        let whole = sum(&text);
        for bit in 0..8 * text.len() {
            let mut flipped = text.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(sum(&flipped), whole, "bit {bit}");
        }
        assert_ne!(sum(&[0, 0]), sum(&[0]));
    }
}
