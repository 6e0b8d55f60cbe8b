//! A run that is not finished as tensors, from which it goes on to the same bits.

use dunwu_core::{Curve, NamedTensor, Values};
use dunwu_store::ResumePoint;

/// Go before the names of what is kept.
const STATE: &str = "state.";
const PROBE: &str = "probe.";
const CURVE: &str = "curve.";
/// Epochs of the readings.
const EPOCHS: &str = "epochs";
/// Goes before the name of the run.
const NAME: &str = "run ";

/// The tensors of a run that goes by a name.
pub(super) fn tensors(name: &str, point: ResumePoint) -> Vec<NamedTensor> {
    let under = |prefix: &str, t: NamedTensor| NamedTensor {
        name: format!("{prefix}{}", t.name),
        ..t
    };
    let numbers = |name: String, values: Vec<f64>| NamedTensor {
        name,
        rows: 1,
        cols: values.len(),
        values: Values::F64(values),
    };
    let epochs = point.curve.epochs().iter().map(|e| *e as f64).collect();
    let columns = point.curve.columns();
    let columns = columns.map(|(name, values)| numbers(format!("{CURVE}{name}"), values.to_vec()));
    let state = point.state.into_iter().map(|t| under(STATE, t));
    let probes = point.probes.into_iter().map(|t| under(PROBE, t));
    let own = [
        numbers(format!("{NAME}{name}"), vec![0.0]),
        numbers(EPOCHS.to_owned(), epochs),
    ];
    own.into_iter()
        .chain(columns)
        .chain(state)
        .chain(probes)
        .collect()
}

/// The run of that name.
///
/// # Errors
/// What the tensors lack, or that they are another run's.
pub(super) fn point(
    name: &str,
    epoch: u64,
    tensors: Vec<NamedTensor>,
) -> Result<ResumePoint, String> {
    let numbers = |t: &NamedTensor| t.view().to_f64();
    let named = |name: &str| tensors.iter().find(|t| t.name == name);
    named(&format!("{NAME}{name}")).ok_or("it is the file of another run")?;
    let epochs = named(EPOCHS).map(numbers);
    let epochs = epochs.ok_or_else(|| format!("it lacks `{EPOCHS}`"))?;
    let mut curve = Curve::default();
    let (mut state, mut probes) = (Vec::new(), Vec::new());
    for tensor in tensors {
        if let Some(column) = tensor.name.strip_prefix(CURVE) {
            let values = numbers(&tensor);
            if values.len() != epochs.len() {
                return Err(format!("`{column}` has not a reading an epoch"));
            }
            for (at, value) in epochs.iter().zip(values) {
                curve.set(*at as u64, column, value);
            }
        } else if let Some(name) = tensor.name.strip_prefix(STATE) {
            let name = name.to_owned();
            state.push(NamedTensor { name, ..tensor });
        } else if let Some(name) = tensor.name.strip_prefix(PROBE) {
            let name = name.to_owned();
            probes.push(NamedTensor { name, ..tensor });
        }
    }
    Ok(ResumePoint {
        epoch,
        state,
        probes,
        curve,
    })
}
