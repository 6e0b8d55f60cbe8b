//! ‖G_F‖, the gradient at the hidden activations.

use crate::matrix::{centre, gram, inner, matrix};
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot};

/// `grad_f` = ‖P(Y − O)Vᵀ‖_F, P the centring over samples (arXiv 2509.21519);
/// `grad_f_code` = ‖(Y − 1/M − O)Vᵀ‖_F with O not centred, as the published code prints it.
///
/// ‖RVᵀ‖² = ⟨RᵀR, VᵀV⟩, so it costs n·M² + K·M² in place of n·K·M.
struct Gradient;

pub(crate) fn make(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Gradient)
}

impl Probe for Gradient {
    fn name(&self) -> &'static str {
        "gradient"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            ("grad_f".into(), "‖P(Y − O)Vᵀ‖, P the centring over samples"),
            (
                "grad_f_code".into(),
                "‖(Y − 1/M − O)Vᵀ‖, as the published code prints it",
            ),
        ]
    }

    fn needs(&self) -> Needs {
        Needs {
            outputs: true,
            ..Needs::WEIGHTS
        }
    }

    fn cost(&self) -> Cost {
        Cost::Cheap
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, data: &Dataset) -> Vec<Reading> {
        let (Some(outputs), Some(readout)) = (snapshot.get("outputs"), snapshot.get("readout"))
        else {
            return vec![];
        };
        let mut residual = matrix(outputs);
        let shift = 1.0 / data.classes as f64;
        for j in 0..residual.ncols() {
            for (i, row) in data.train.iter().enumerate() {
                let target = if data.labels[*row as usize] as usize == j {
                    1.0
                } else {
                    0.0
                };
                residual[(i, j)] = target - shift - residual[(i, j)];
            }
        }
        let v = matrix(readout);
        let vv = gram(v.as_ref());
        let norm = |r: faer::MatRef<'_, f64>| inner(gram(r).as_ref(), vv.as_ref()).max(0.0).sqrt();
        let code = norm(residual.as_ref());
        // Centring takes the shift of 1/M away again.
        centre(&mut residual);
        vec![
            Reading::new("grad_f", norm(residual.as_ref())),
            Reading::new("grad_f_code", code),
        ]
    }
}
