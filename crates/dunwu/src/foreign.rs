//! A look into a checkpoint that lies in no run directory.

use crate::error::{Error, failed};
use crate::files::Sources;
use crate::lab::Lab;
use crate::microscope::{Microscopy, Scope, alone};
use camino::Utf8Path;
use dunwu_core::{NamedTensor, RunSpec, Values, Weights};
use dunwu_report::Circuit;

/// Looks into a safetensors file with the two layers `hidden.0` (inputs × nodes) and `readout` (nodes × classes),
/// or, as PyTorch's `Linear` stores and the published code names them, `W.weight` and `V.weight`, the
/// transposes. `words` say what the file does not: `task=…`, `activation=…` and other keys of a plan; the width
/// is read off the tensors. Which rows were trained on decides what counts as held out: `train_size=…`, `seed=…`.
///
/// # Errors
/// No task; a file that cannot be read, lacks a tensor, or does not fit the task; those of
/// [`crate::microscope()`].
pub fn microscope_file(file: &Utf8Path, words: &[String]) -> Result<Microscopy, Error> {
    let mut spec = RunSpec::from_overrides(words)?;
    if spec.get("task").is_none() {
        return Err(failed(format!(
            "{file} lies in no run directory and does not say its task; add task=…, and activation=… if it is not square"
        )));
    }
    let checkpoint = dunwu_store::read_safetensors(file)?;
    let tensors: Vec<NamedTensor> = checkpoint.tensors.into_iter().map(renamed).collect();
    let hidden = tensors.iter().find(|t| t.name == "hidden.0");
    let hidden = hidden.ok_or_else(|| {
        let names: Vec<&str> = tensors.iter().map(|t| t.name.as_str()).collect();
        failed(format!(
            "{file} has no tensor `hidden.0`, the weights of the hidden layer; it has {}",
            names.join(", ")
        ))
    })?;
    if spec.get("width").is_none() {
        let complex = spec.resolve()?.weights == Weights::Complex;
        let width = hidden.cols / if complex { 2 } else { 1 };
        spec.set("width", &width.to_string())?;
    }
    let plan = spec.resolve()?;
    let lab = Lab::new(&plan, Sources::now(&plan))?;
    let scope = Scope::new(&lab, plan.seed)?;
    let seen = scope
        .examine(checkpoint.epoch, &tensors)
        .map_err(|why| failed(format!("{file}: {why}")))?;
    Ok(alone(plan.seed, seen))
}

/// Looks into a safetensors file with the tensors of a transformer, named as in a checkpoint. `words` say what the file
/// does not: `task=…`, sizes and kind of the transformer, and which rows were trained on.
///
/// # Errors
/// No task; a file that cannot be read, lacks a tensor, or does not fit; those of [`crate::circuit()`].
pub fn circuit_file(file: &Utf8Path, words: &[String]) -> Result<Circuit, Error> {
    let spec = RunSpec::from_overrides(words)?;
    if spec.get("task").is_none() {
        return Err(failed(format!(
            "{file} lies in no run directory and does not say its task; add task=…"
        )));
    }
    let checkpoint = dunwu_store::read_safetensors(file)?;
    crate::circuit::alone(&spec.resolve()?, checkpoint.epoch, checkpoint.tensors)
}

/// A tensor of PyTorch's `Linear` as ours.
fn renamed(tensor: NamedTensor) -> NamedTensor {
    let name = match tensor.name.as_str() {
        "W.weight" => "hidden.0",
        "V.weight" => "readout",
        _ => return tensor,
    };
    let (rows, cols) = (tensor.rows, tensor.cols);
    fn turned<T: Copy>(data: &[T], rows: usize, cols: usize) -> Vec<T> {
        let places = (0..cols).flat_map(|j| (0..rows).map(move |i| i * cols + j));
        places.map(|at| data[at]).collect()
    }
    NamedTensor {
        name: name.to_owned(),
        rows: cols,
        cols: rows,
        values: match &tensor.values {
            Values::F32(data) => Values::F32(turned(data, rows, cols)),
            Values::F64(data) => Values::F64(turned(data, rows, cols)),
        },
    }
}
