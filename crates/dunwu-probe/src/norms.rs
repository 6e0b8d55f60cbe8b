//! Norms of weights and gradients.

use crate::matrix::square_sum;
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot};

/// Frobenius norms; W is all but the readout, V the readout. The gradient is the loss's, without decay.
struct Norms;

pub(crate) fn make(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Norms)
}

impl Probe for Norms {
    fn name(&self) -> &'static str {
        "norms"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            ("grad_norm.V".into(), "‖∂loss/∂V‖"),
            ("grad_norm.W".into(), "‖∂loss/∂W‖"),
            ("weight_norm.V".into(), "‖V‖"),
            ("weight_norm.W".into(), "‖W‖"),
        ]
    }

    fn needs(&self) -> Needs {
        Needs {
            gradients: true,
            ..Needs::WEIGHTS
        }
    }

    fn cost(&self) -> Cost {
        Cost::Cheap
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, _: &Dataset) -> Vec<Reading> {
        let norm = |prefix: &str, readout: bool| {
            let mine = snapshot.tensors.iter().filter(|t| {
                let name = t.name.strip_prefix(prefix).unwrap_or("");
                if readout {
                    name == "readout"
                } else {
                    name != "readout" && !name.is_empty() && dunwu_core::is_weight(name)
                }
            });
            let sums: Vec<f64> = mine.map(square_sum).collect();
            (!sums.is_empty()).then(|| sums.iter().sum::<f64>().sqrt())
        };
        let all = [
            ("grad_norm.V", norm("grad.", true)),
            ("grad_norm.W", norm("grad.", false)),
            ("weight_norm.V", norm("", true)),
            ("weight_norm.W", norm("", false)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| value.map(|v| Reading::new(name, v)))
            .collect()
    }
}
