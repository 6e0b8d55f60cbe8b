//! A checksum inside a Parquet file.

use crate::checksum::Checksum;

/// Goes before the checksum of a table.
const MARK: &[u8; 8] = b"dunwusum";

/// Where the footer of a Parquet file begins: its length and a magic word come last.
fn footer(file: &[u8]) -> Option<usize> {
    let (rest, _) = file.split_last_chunk::<4>()?;
    let (rest, length) = rest.split_last_chunk::<4>()?;
    rest.len()
        .checked_sub(u32::from_le_bytes(*length).try_into().ok()?)
}

fn sum_of(parts: [&[u8]; 2]) -> u64 {
    let mut sum = Checksum::new();
    parts.iter().for_each(|part| sum.bytes(part));
    sum.value()
}

/// Puts a checksum of all bytes before the footer, where readers of Parquet do not look: they seek the footer
/// from the end and the pages from the start.
pub(crate) fn seal(mut file: Vec<u8>) -> Vec<u8> {
    let at = footer(&file).expect("a Parquet file ends with the length of its footer");
    let sum = sum_of([&file[..at], &file[at..]]).to_le_bytes();
    file.splice(at..at, MARK.iter().copied().chain(sum));
    file
}

/// Whether the bytes are those that were sealed. Files of earlier versions have no seal, and no key that tells.
///
/// `tell` is a key that every sealed file has in its metadata.
pub(crate) fn is_whole(file: &[u8], tell: &str) -> bool {
    let sealed = footer(file).and_then(|at| Some((at, file[..at].split_last_chunk::<16>()?)));
    match sealed {
        Some((at, (before, seal))) if seal[..8] == MARK[..] => {
            sum_of([before, &file[at..]]).to_le_bytes() == seal[8..]
        }
        _ => !file.windows(tell.len()).any(|w| w == tell.as_bytes()),
    }
}
