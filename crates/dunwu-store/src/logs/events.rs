//! TensorBoard event files: TFRecord frames of `Event` messages.
//!
//! Frame: length (u64, little-endian), its masked CRC-32C, data, their masked CRC-32C
//! (tensorflow/core/lib/io/record_writer.h). Numbers of fields: tensorflow/core/util/event.proto,
//! tensorflow/core/framework/{summary,tensor}.proto.

use super::error::LogProblem;
use super::gather::Gathering;
use super::proto::{Field, Fields};
use super::source::Failed;
use std::io::{BufRead, Read};

/// Largest record that is looked into; larger ones are pictures and graphs.
const MOST_RECORD: u64 = 1 << 24;

/// CRC-32C as event files store it: turned by 15 bits, plus a constant.
pub(crate) fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// Reads the scalars of an event file. A file that is cut off is read as far as it goes.
pub(crate) fn read(mut input: impl BufRead, into: &mut Gathering) -> Result<(), Failed> {
    let (mut offset, mut data, mut larger) = (0_u64, Vec::new(), 0_u64);
    loop {
        let mut head = [0; 12];
        let read = fill(&mut input, &mut head)?;
        if read == 0 {
            break;
        }
        if read < head.len() {
            cut(into, offset);
            break;
        }
        let (length, sum) = (
            &head[..8],
            u32::from_le_bytes(head[8..].try_into().expect("four bytes")),
        );
        if masked(length) != sum {
            return Err(LogProblem::Checksum { offset }.into());
        }
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes"));
        let whole = match length {
            0..=MOST_RECORD => record(&mut input, length, &mut data, offset)?,
            _ => {
                larger += 1;
                skip(&mut input, length.saturating_add(4))?
            }
        };
        if !whole {
            cut(into, offset);
            break;
        }
        if length <= MOST_RECORD {
            event(&data, into).map_err(|e| e.at(offset))?;
        }
        // Even the longest record that is there is shorter than 2⁶⁴.
        offset = offset.saturating_add(length).saturating_add(16);
    }
    if offset == 0 && into.notes.is_empty() {
        return Err(LogProblem::Empty.into());
    }
    if larger > 0 {
        into.notes
            .push(format!("{larger} records of more than 16 MiB are left out"));
    }
    Ok(())
}

fn cut(into: &mut Gathering, offset: u64) {
    into.notes.push(format!(
        "the file is cut off in the record at byte {offset}"
    ));
}

/// Reads until the buffer is full or the input ends; how much there was.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize, std::io::Error> {
    let mut read = 0;
    while read < buffer.len() {
        match input.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(read)
}

/// Reads the data of a record; whether all were there.
fn record(
    input: &mut impl Read,
    length: u64,
    data: &mut Vec<u8>,
    offset: u64,
) -> Result<bool, Failed> {
    data.clear();
    // Grows with what is there, not with what is claimed.
    let read = input.take(length).read_to_end(data)?;
    let mut sum = [0; 4];
    if (read as u64) < length || fill(input, &mut sum)? < sum.len() {
        return Ok(false);
    }
    if masked(data) == u32::from_le_bytes(sum) {
        Ok(true)
    } else {
        Err(LogProblem::Checksum { offset }.into())
    }
}

fn skip(input: &mut impl Read, length: u64) -> Result<bool, Failed> {
    let skipped = std::io::copy(&mut input.take(length), &mut std::io::sink())?;
    Ok(skipped == length)
}

/// What went wrong within a record.
enum Trouble {
    Message(&'static str),
    Log(LogProblem),
}

impl Trouble {
    fn at(self, offset: u64) -> Failed {
        match self {
            Self::Message(why) => LogProblem::BadMessage { offset, why }.into(),
            Self::Log(problem) => problem.into(),
        }
    }
}

impl From<&'static str> for Trouble {
    fn from(why: &'static str) -> Self {
        Self::Message(why)
    }
}

fn event(data: &[u8], into: &mut Gathering) -> Result<(), Trouble> {
    let (mut step, mut summaries, mut fields) = (0_i64, Vec::new(), Fields(data));
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (2, Field::Varint(n)) => step = n as i64,
            (5, Field::Bytes(summary)) => summaries.push(summary),
            _ => {}
        }
    }
    for summary in summaries {
        let mut fields = Fields(summary);
        while let Some((number, field)) = fields.next()? {
            if let (1, Field::Bytes(value)) = (number, field) {
                scalar(value, step, into)?;
            }
        }
    }
    Ok(())
}

fn scalar(value: &[u8], step: i64, into: &mut Gathering) -> Result<(), Trouble> {
    let (mut tag, mut number, mut fields) = (None, None, Fields(value));
    while let Some((n, field)) = fields.next()? {
        match (n, field) {
            (1, Field::Bytes(text)) => {
                tag = Some(std::str::from_utf8(text).map_err(|_| "a tag is no text in UTF-8")?)
            }
            (2, Field::Fixed32(bits)) => number = Some(f64::from(f32::from_le_bytes(bits))),
            (8, Field::Bytes(tensor)) => number = single(tensor)?.or(number),
            _ => {}
        }
    }
    match (tag, number) {
        (Some(tag), Some(number)) => into
            .take("", tag, step as f64, number)
            .map_err(Trouble::Log),
        _ => Ok(()),
    }
}

/// The element of a tensor that has one; None of any other.
fn single(tensor: &[u8]) -> Result<Option<f64>, &'static str> {
    let (mut kind, mut content, mut elements, mut fields) =
        (0, &[][..], Vec::new(), Fields(tensor));
    while let Some((n, field)) = fields.next()? {
        match (n, field) {
            (1, Field::Varint(k)) => kind = k,
            (4, Field::Bytes(bytes)) => content = bytes,
            (5 | 6 | 7 | 10 | 13, field) if elements.len() < 2 => {
                elements.extend(element(n, &field)?)
            }
            _ => {}
        }
    }
    Ok(match (elements.as_slice(), content.is_empty()) {
        ([one], true) => Some(*one),
        ([], false) => decoded(kind, content),
        _ => None,
    })
}

/// Up to two numbers of a repeated field, packed or not: more is no scalar.
fn element(number: u64, field: &Field<'_>) -> Result<Vec<f64>, &'static str> {
    let half = |bits: u64| half(bits as u16);
    Ok(match (number, field) {
        (5, Field::Fixed32(bits)) => vec![f64::from(f32::from_le_bytes(*bits))],
        (6, Field::Fixed64(bits)) => vec![f64::from_le_bytes(*bits)],
        (7 | 10, Field::Varint(n)) => vec![*n as i64 as f64],
        (13, Field::Varint(n)) => vec![half(*n)],
        (5, Field::Bytes(packed)) => {
            let of = |c: &[u8]| f64::from(f32::from_le_bytes(c.try_into().expect("four bytes")));
            packed.chunks_exact(4).take(2).map(of).collect()
        }
        (6, Field::Bytes(packed)) => {
            let of = |c: &[u8]| f64::from_le_bytes(c.try_into().expect("eight bytes"));
            packed.chunks_exact(8).take(2).map(of).collect()
        }
        (_, Field::Bytes(packed)) => {
            let (mut packed, mut out) = (Fields(packed), Vec::new());
            while !packed.0.is_empty() && out.len() < 2 {
                let n = packed.varint()?;
                out.push(if number == 13 {
                    half(n)
                } else {
                    n as i64 as f64
                });
            }
            out
        }
        _ => vec![],
    })
}

/// The one element of raw content, by the number of its type.
fn decoded(kind: u64, content: &[u8]) -> Option<f64> {
    Some(match kind {
        1 => f64::from(f32::from_le_bytes(content.try_into().ok()?)),
        2 => f64::from_le_bytes(content.try_into().ok()?),
        3 => f64::from(i32::from_le_bytes(content.try_into().ok()?)),
        9 => i64::from_le_bytes(content.try_into().ok()?) as f64,
        14 => f64::from(f32::from_bits(
            u32::from(u16::from_le_bytes(content.try_into().ok()?)) << 16,
        )),
        19 => half(u16::from_le_bytes(content.try_into().ok()?)),
        _ => return None,
    })
}

/// A number of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction / 16_777_216.0,
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => power_of_two(e - 25) * (1024.0 + fraction),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// 2ᵉ for exponents of normal numbers.
fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}
