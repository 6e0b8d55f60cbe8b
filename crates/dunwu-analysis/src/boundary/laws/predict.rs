//! The border of a size that was not trained.

use super::Point;
use super::fit::LawFit;
use super::form::Form;
use super::mixture::{Normal, quantile};
use serde::Serialize;

/// A law and its weight in a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Voice {
    /// Name of the form.
    pub form: &'static str,
    /// Its weight; all add to 1.
    pub weight: f64,
    /// What it says alone.
    pub at: f64,
}

/// Where the border of a size lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Median.
    pub at: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whose word it is, the heaviest first.
    pub from: Vec<Voice>,
    /// False if no law survived, so that all were heard.
    pub of_survivors: bool,
}

/// The border at a size, by all laws that survive, each with weight 2^(−description length), with the
/// uncertainty of their parameters and their scatter; of all laws if none survives.
///
/// A law that nobody thought of is not in it: far from the sizes that were seen the interval is too narrow.
///
/// ```
/// use dunwu_analysis::boundary::{Point, laws, predict};
/// let point = |m: f64| Point::abelian(m, (2.0 / m).sqrt(), (2.0 / m).sqrt() - 0.01, (2.0 / m).sqrt() + 0.01);
/// let fits = laws(&[23.0, 31.0, 41.0].map(point), &[]).unwrap();
/// let prediction = predict(&fits, 71.0, 1.0);
/// assert!(prediction.low < 0.168 && 0.168 < prediction.high && prediction.from.len() > 1);
/// ```
///
/// # Panics
/// If there is no fit.
pub fn predict(fits: &[LawFit], size: f64, factor: f64) -> Prediction {
    assert!(!fits.is_empty(), "a prediction needs a law");
    let of_survivors = fits.iter().any(|f| f.survives);
    let heard: Vec<&LawFit> = fits
        .iter()
        .filter(|f| f.survives || !of_survivors)
        .collect();
    let point = Point {
        size,
        factor,
        border: 1.0,
        low: 1.0,
        high: 1.0,
    };
    let (normals, mut from) = voices(&heard, &point);
    from.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let at = |q| libm::exp(quantile(&normals, q));
    Prediction {
        at: at(0.5),
        low: at(0.025),
        high: at(0.975),
        from,
        of_survivors,
    }
}

fn voices(heard: &[&LawFit], point: &Point) -> (Vec<Normal>, Vec<Voice>) {
    let shortest = heard
        .iter()
        .map(|f| f.description_length)
        .fold(f64::INFINITY, f64::min);
    let odds = |f: &LawFit| libm::exp2(shortest - f.description_length);
    let sum: f64 = heard.iter().map(|f| odds(f)).sum();
    let (mut normals, mut from) = (vec![], vec![]);
    for fit in heard {
        let form = Form::of(fit.form).expect("a fit is of a form of the table");
        let (alone, weight) = (fit.belief.at(form, point, false), odds(fit) / sum);
        from.push(Voice {
            form: fit.form,
            weight,
            at: libm::exp(quantile(&alone, 0.5)),
        });
        normals.extend(alone.into_iter().map(|n| Normal {
            weight: n.weight * weight,
            ..n
        }));
    }
    (normals, from)
}
