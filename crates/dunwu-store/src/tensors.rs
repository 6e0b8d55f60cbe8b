//! Checkpoints in safetensors.
#![expect(
    clippy::disallowed_types,
    reason = "the safetensors writer takes a HashMap; it holds one entry, so it has no order"
)]

use crate::checksum::Checksum;
use crate::error::{Kind, StoreError};
use crate::files;
use crate::run::FORMAT;
use camino::Utf8Path;
use dunwu_core::{NamedTensor, Snapshot, Values};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A checkpoint in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedSnapshot {
    /// Number of updates made; 0 where a foreign file does not say.
    pub epoch: u64,
    /// The tensors, sorted by name.
    pub tensors: Vec<NamedTensor>,
}

impl OwnedSnapshot {
    /// A view of it.
    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::of(self.epoch, &self.tensors)
    }
}

/// What dunwu writes into a file's metadata, as one JSON text: a map would come out in any order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub format: u64,
    pub epoch: u64,
    pub plan_hash: String,
    /// Last part of the readings that belongs to a resume point.
    #[serde(default)]
    pub part: Option<u64>,
    /// Seed of the run.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Sum over names, shapes and values.
    #[serde(default)]
    pub checksum: Option<String>,
}

/// The sum over names, shapes and values, by name.
fn checksum(tensors: &[NamedTensor]) -> String {
    let mut order: Vec<&NamedTensor> = tensors.iter().collect();
    order.sort_by(|a, b| a.name.cmp(&b.name));
    let mut sum = Checksum::new();
    for tensor in order {
        sum.bytes(tensor.name.as_bytes());
        sum.word(tensor.rows as u64);
        sum.word(tensor.cols as u64);
        match &tensor.values {
            Values::F32(data) => data.iter().for_each(|x| sum.word(x.to_bits().into())),
            Values::F64(data) => data.iter().for_each(|x| sum.word(x.to_bits())),
        }
    }
    sum.text()
}

/// The bytes of a file that holds the tensors.
pub(crate) fn to_bytes(
    path: &Utf8Path,
    header: &Header,
    tensors: &[NamedTensor],
) -> Result<Vec<u8>, StoreError> {
    let raw: Vec<(Dtype, Vec<u8>)> = tensors.iter().map(|t| raw(&t.values)).collect();
    let views: Result<Vec<_>, _> = tensors
        .iter()
        .zip(&raw)
        .map(|(t, (dtype, data))| {
            TensorView::new(*dtype, vec![t.rows, t.cols], data).map(|view| (t.name.as_str(), view))
        })
        .collect();
    let text = serde_json::to_string(&Header {
        format: FORMAT,
        checksum: Some(checksum(tensors)),
        ..header.clone()
    })
    .expect("numbers and text have a JSON form");
    let metadata = HashMap::from([("dunwu".to_owned(), text)]);
    views
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|e| StoreError::io("write", path, std::io::Error::other(e.to_string())))
}

fn raw(values: &Values) -> (Dtype, Vec<u8>) {
    match values {
        Values::F32(data) => (
            Dtype::F32,
            data.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ),
        Values::F64(data) => (
            Dtype::F64,
            data.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ),
    }
}

/// Reads a safetensors file, dunwu's or another program's.
///
/// Vectors become matrices of one row; tensors of more dimensions are flattened to rows of the last
/// one. Half precisions are widened.
///
/// # Errors
/// A file that is truncated, lies about its sizes, repeats a name, has a type that is no float, or was
/// written by a newer dunwu. Nothing is reserved beyond the size of the file.
pub fn read_safetensors(path: &Utf8Path) -> Result<OwnedSnapshot, StoreError> {
    read(path).map(|(_, snapshot)| snapshot)
}

/// The tensors of a safetensors file's bytes; `path` is for messages.
///
/// # Errors
/// Those of [`read_safetensors`] but that of reading.
pub fn safetensors_of(path: &Utf8Path, content: &[u8]) -> Result<OwnedSnapshot, StoreError> {
    parse(path, content).map(|(_, snapshot)| snapshot)
}

pub(crate) fn read(path: &Utf8Path) -> Result<(Option<Header>, OwnedSnapshot), StoreError> {
    parse(path, &files::read(path)?)
}

fn parse(path: &Utf8Path, content: &[u8]) -> Result<(Option<Header>, OwnedSnapshot), StoreError> {
    let damaged = |why: String| StoreError::damaged(path, why);
    let (_, metadata) = SafeTensors::read_metadata(content).map_err(|e| damaged(e.to_string()))?;
    let header = match metadata.metadata().as_ref().and_then(|m| m.get("dunwu")) {
        Some(text) => Some(header(path, text)?),
        None => None,
    };
    let file = SafeTensors::deserialize(content).map_err(|e| damaged(e.to_string()))?;
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        let values = widen(view.dtype(), view.data()).ok_or_else(|| {
            damaged(format!(
                "tensor `{name}` has type {:?}; floats of 16, 32 or 64 bits are read",
                view.dtype()
            ))
        })?;
        let cols = view.shape().last().copied().unwrap_or(1);
        let rows = view.shape().iter().rev().skip(1).product();
        tensors.push(NamedTensor {
            name,
            rows,
            cols,
            values,
        });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let written = header.as_ref().and_then(|h| h.checksum.as_ref());
    if written.is_some_and(|written| *written != checksum(&tensors)) {
        let why = "its numbers are not those that were written: their checksum differs";
        return Err(damaged(why.to_owned()));
    }
    let epoch = header.as_ref().map_or(0, |h| h.epoch);
    Ok((header, OwnedSnapshot { epoch, tensors }))
}

fn header(path: &Utf8Path, text: &str) -> Result<Header, StoreError> {
    // The format is looked at first: a newer header may have other fields.
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|e| StoreError::damaged(path, format!("its metadata is no JSON: {e}")))?;
    match value["format"].as_u64() {
        Some(found) if found > FORMAT => Err(Kind::Newer {
            file: path.to_owned(),
            found,
            known: FORMAT,
        }
        .into()),
        _ => serde_json::from_value(value)
            .map_err(|e| StoreError::damaged(path, format!("its metadata: {e}"))),
    }
}

fn widen(dtype: Dtype, data: &[u8]) -> Option<Values> {
    let (fours, _) = data.as_chunks::<4>();
    let (eights, _) = data.as_chunks::<8>();
    let (twos, _) = data.as_chunks::<2>();
    Some(match dtype {
        Dtype::F32 => Values::F32(fours.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::F64 => Values::F64(eights.iter().map(|b| f64::from_le_bytes(*b)).collect()),
        Dtype::BF16 => Values::F32(
            twos.iter()
                .map(|b| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16))
                .collect(),
        ),
        Dtype::F16 => Values::F32(twos.iter().map(|b| half(u16::from_le_bytes(*b))).collect()),
        _ => return None,
    })
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened_exactly() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 2f32.powi(-24)),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
    }
}
