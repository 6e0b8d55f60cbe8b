//! TensorBoard event files: TFRecord frames of `Event` messages.
//!
//! Frame: length (u64, little-endian), its masked CRC-32C, data, their masked CRC-32C
//! (tensorflow/core/lib/io/record_writer.h). Numbers of fields: tensorflow/core/util/event.proto,
//! tensorflow/core/framework/{summary,tensor}.proto.

use super::error::LogProblem;
use super::gather::Gathering;
use super::growing::Reads;
use super::proto::{Field, Fields};
use super::records;
use super::source::Failed;

/// CRC-32C as event files store it: turned by 15 bits, plus a constant.
pub(crate) fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// The scalars of an event file, as its bytes come. A file that is cut off is read as far as it goes.
#[derive(Default)]
pub(crate) struct Events {
    /// The beginning of a record whose end has not come.
    held: Vec<u8>,
    /// Where that record begins.
    offset: u64,
    /// Bytes that are still to come of a record that is too large, and how many it has.
    skip: u64,
    skipped: u64,
    larger: u64,
}

impl Reads for Events {
    fn feed(&mut self, mut bytes: &[u8], into: &mut Gathering) -> Result<(), Failed> {
        if self.held.is_empty() {
            let used = self.records(bytes, into)?;
            self.held.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        // As much as completes the record, so that only its bytes are copied.
        while !bytes.is_empty() && !self.held.is_empty() {
            let (more, rest) = bytes.split_at(self.wanted().min(bytes.len()));
            self.held.extend_from_slice(more);
            bytes = rest;
            let held = std::mem::take(&mut self.held);
            let used = self.records(&held, into)?;
            self.held = held;
            self.held.drain(..used);
        }
        if bytes.is_empty() {
            Ok(())
        } else {
            self.feed(bytes, into)
        }
    }

    fn end(&mut self, into: &mut Gathering) -> Result<(), Failed> {
        if !self.held.is_empty() || self.skip > 0 {
            into.notes.push(records::cut_off(self.offset));
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        records::left_out(self.larger)
    }

    fn lack(&self) -> Option<LogProblem> {
        let nothing = self.offset == 0 && self.held.is_empty() && self.skip == 0;
        nothing.then_some(LogProblem::Empty)
    }
}

/// Bytes of a record before its data, and after them.
const HEAD: usize = 12;
const FOOT: usize = 4;

impl Events {
    /// Bytes that the record at hand lacks, as far as is known; at least one.
    fn wanted(&self) -> usize {
        match self.held.first_chunk::<8>() {
            Some(length) if self.held.len() >= HEAD => {
                let whole = u64::from_le_bytes(*length).saturating_add((HEAD + FOOT) as u64);
                (whole as usize).saturating_sub(self.held.len()).max(1)
            }
            _ => HEAD - self.held.len(),
        }
    }

    /// Takes every record that is whole; how many bytes that were.
    fn records(&mut self, bytes: &[u8], into: &mut Gathering) -> Result<usize, Failed> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            if self.skip > 0 {
                let gone = self.skip.min(rest.len() as u64);
                self.skip -= gone;
                at += gone as usize;
                if self.skip > 0 {
                    return Ok(at);
                }
                self.offset = self.offset.saturating_add(self.skipped);
                continue;
            }
            let Some((head, rest)) = rest.split_first_chunk::<HEAD>() else {
                return Ok(at);
            };
            let length = self.length(head)?;
            let whole = length.saturating_add((HEAD + FOOT) as u64);
            if length > records::MOST as u64 {
                self.larger += 1;
                (self.skip, self.skipped) = (whole, whole);
                continue;
            }
            let Some((data, rest)) = rest.split_at_checked(length as usize) else {
                return Ok(at);
            };
            let Some(sum) = rest.first_chunk::<FOOT>() else {
                return Ok(at);
            };
            if masked(data) != u32::from_le_bytes(*sum) {
                let offset = self.offset;
                return Err(LogProblem::Checksum { offset }.into());
            }
            event(data, into).map_err(|e| e.at(self.offset))?;
            at += whole as usize;
            self.offset += whole;
        }
    }

    fn length(&self, head: &[u8; HEAD]) -> Result<u64, LogProblem> {
        let (length, sum) = head.split_at(8);
        let sum = u32::from_le_bytes(sum.try_into().expect("four bytes"));
        if masked(length) != sum {
            let offset = self.offset;
            return Err(LogProblem::Checksum { offset });
        }
        Ok(u64::from_le_bytes(length.try_into().expect("eight bytes")))
    }
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
