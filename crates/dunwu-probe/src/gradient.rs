//! ‖G_F‖, the gradient at the hidden activations.

use crate::matrix::{gram, inner, rows};
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot};
use faer::Mat;

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
        let classes = outputs.cols;
        let (mut residual, v) = (outputs.to_f64(), readout.to_f64());
        let shift = 1.0 / data.classes as f64;
        let mut mean = Mat::zeros(classes, 1);
        for (r, row) in residual.chunks_exact_mut(classes).zip(&data.train) {
            r.iter_mut().for_each(|x| *x = -shift - *x);
            r[data.labels[*row as usize] as usize] += 1.0;
            r.iter().enumerate().for_each(|(j, x)| mean[(j, 0)] += x);
        }
        let vv = gram(rows(&v, classes));
        let whole = inner(gram(rows(&residual, classes)).as_ref(), vv.as_ref());
        // Centring takes n·μμᵀ from RᵀR, μ the mean over samples, and with it the shift of 1/M.
        let common = inner((&vv * &mean).as_ref(), mean.as_ref()) / data.train.len() as f64;
        vec![
            Reading::new("grad_f", (whole - common).max(0.0).sqrt()),
            Reading::new("grad_f_code", whole.max(0.0).sqrt()),
        ]
    }
}
