//! Candidates, fitted on some sizes and tested on others.

use super::Point;
use super::belief::Belief;
use super::form::{ALL, Form};
use super::mixture::{below, deviation, quantile};
use crate::boundary::window::BoundaryError;
use crate::known::Interval;
use serde::Serialize;

/// A candidate is given up if it needs this many bits more than the best: odds of one to a thousand. Two free
/// parameters alone cost up to 9 bits against a law that happens to lie near without any.
pub const MARGIN_BITS: f64 = 10.0;
/// How often a true law may be refused for its misses, over all sizes held back together.
const REFUSED: f64 = 0.02;
/// Borders are told to this share of themselves when bits are counted.
const GRAIN: f64 = 1e-3;

/// How far a law is from one border.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Miss {
    /// The border.
    pub point: Point,
    /// What the law, fitted on the fitted sizes, says of it.
    pub predicted: f64,
    /// Lower end of its 95 % prediction interval, the error of measurement within.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Border minus prediction, in p.
    pub miss: f64,
    /// Log of border over prediction, in standard errors of the prediction.
    pub errors: f64,
    /// Whether the size was held back from the fit.
    pub held_back: bool,
    /// Probability, were the law true, of a miss as large: of both sides.
    pub chance: f64,
}

/// One candidate and what is left of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LawFit {
    /// Name of the form.
    pub form: &'static str,
    /// As it is written, c and a the free numbers.
    pub formula: &'static str,
    /// c, if free: from the fitted sizes.
    pub c: Option<Interval>,
    /// a, if free.
    pub a: Option<Interval>,
    /// Expected scatter of borders about the law beyond their intervals, in log p.
    pub scatter: f64,
    /// Misses of all sizes, those fitted first.
    pub misses: Vec<Miss>,
    /// Bits to say all borders, fitted and held back, to a thousandth of themselves, given the form alone.
    pub description_length: f64,
    /// Whether it is left.
    pub survives: bool,
    /// Why.
    pub why: String,
    /// After all borders, for predictions.
    #[serde(skip)]
    pub(super) belief: Belief,
}

/// Fits every candidate of [`ALL`] on `fitted`, tests it on `held_back`, and says which survive; the
/// shortest description first.
///
/// ln border = ln law + scatter + error: both normal, the error a quarter of the 95 % interval (in log p), the
/// scatter common and unknown (0.01 to 0.08: no law is believed to hold to better than 1 %). Priors are the same for all:
/// the border of order 31 is 0.25 within a factor of e, and a free exponent is its form's within 0.5.
/// Parameters are integrated out in closed form, so `description_length` = −log₂ of the probability of all
/// borders given the form is the length of a code that learns law and parameters on the way: a free
/// parameter costs what it must.
///
/// A candidate survives if no border that was held back lies outside its prediction interval, 98 % for all
/// of them together (each 1 − 0.02/k of k; the single 95 % intervals would refuse a true law tested on five
/// sizes in one case of four), and if its description is at most [`MARGIN_BITS`] longer than the
/// shortest. Several may survive, and none of them is then the law. A law that is true is refused by the
/// first rule with probability 0.02 at most and by the second with 0.001 at most for each rival, on average over the
/// priors.
///
/// ```
/// use dunwu_analysis::boundary::{Point, laws};
/// let point = |m: f64| {
///     let p = (2.0 / m).sqrt();
///     Point::abelian(m, p, p - 0.003, p + 0.003)
/// };
/// let fits = laws(&[23.0, 31.0, 41.0].map(point), &[127.0, 251.0].map(point)).unwrap();
/// assert_eq!((fits[0].form, fits[0].survives), ("root of 2", true));
/// assert!(fits.iter().any(|f| f.form == "log" && !f.survives));
/// ```
///
/// # Errors
/// If nothing is to be fitted or a point is out of order.
pub fn laws(fitted: &[Point], held_back: &[Point]) -> Result<Vec<LawFit>, BoundaryError> {
    if fitted.is_empty() {
        return Err(BoundaryError::of(
            "no size to fit a law on; expected at least one border, better three",
        ));
    }
    let all: Vec<Point> = fitted.iter().chain(held_back).copied().collect();
    all.iter().try_for_each(Point::check)?;
    let mut fits: Vec<LawFit> = ALL
        .iter()
        .map(|form| fit(form, fitted, held_back, &all))
        .collect();
    judge(&mut fits);
    fits.sort_by(|a, b| a.description_length.total_cmp(&b.description_length));
    Ok(fits)
}

fn fit(form: &Form, fitted: &[Point], held_back: &[Point], all: &[Point]) -> LawFit {
    let (early, belief) = (Belief::of(form, fitted), Belief::of(form, all));
    let nats = -belief.log_evidence - all.len() as f64 * libm::log(GRAIN);
    let kept = fitted.iter().map(|p| (p, false));
    LawFit {
        form: form.name,
        formula: form.formula,
        c: early.level(form),
        a: early.slope(form),
        scatter: belief.scatter(),
        misses: kept
            .chain(held_back.iter().map(|p| (p, true)))
            .map(|(point, held)| miss(form, &early, point, held))
            .collect(),
        description_length: nats / std::f64::consts::LN_2,
        survives: false,
        why: String::new(),
        belief,
    }
}

fn miss(form: &Form, belief: &Belief, point: &Point, held_back: bool) -> Miss {
    let normals = belief.at(form, point, true);
    let (log, centre) = (libm::log(point.border), quantile(&normals, 0.5));
    let under = below(&normals, log);
    Miss {
        point: *point,
        predicted: libm::exp(centre),
        low: libm::exp(quantile(&normals, 0.025)),
        high: libm::exp(quantile(&normals, 0.975)),
        miss: point.border - libm::exp(centre),
        errors: (log - centre) / deviation(&normals),
        held_back,
        chance: 2.0 * under.min(1.0 - under),
    }
}

fn judge(fits: &mut [LawFit]) {
    let shortest = fits
        .iter()
        .map(|f| f.description_length)
        .fold(f64::INFINITY, f64::min);
    for fit in fits {
        (fit.survives, fit.why) = verdict(fit, shortest);
    }
}

fn verdict(fit: &LawFit, shortest: f64) -> (bool, String) {
    let held: Vec<&Miss> = fit.misses.iter().filter(|m| m.held_back).collect();
    let allowed = REFUSED / held.len().max(1) as f64;
    let worst = held.iter().min_by(|a, b| a.chance.total_cmp(&b.chance));
    if let Some(miss) = worst.filter(|m| m.chance < allowed) {
        return (false, missed(miss));
    }
    let longer = fit.description_length - shortest;
    if longer > MARGIN_BITS {
        let why = format!(
            "it needs {longer:.1} bits more than the shortest description; {MARGIN_BITS:.1} are allowed"
        );
        return (false, why);
    }
    let tested = match held.len() {
        0 => "no size was held back to test it".to_owned(),
        1 => "the size held back lies where it says".to_owned(),
        k => format!("all {k} sizes held back lie where it says"),
    };
    (
        true,
        format!("{tested}, and it needs {longer:.1} bits more than the shortest description"),
    )
}

fn missed(miss: &Miss) -> String {
    format!(
        "at size {} it says {:.4} ({:.4} to {:.4}) and the border is {:.4}: {:.1} standard errors off",
        miss.point.size,
        miss.predicted,
        miss.low,
        miss.high,
        miss.point.border,
        miss.errors.abs()
    )
}
