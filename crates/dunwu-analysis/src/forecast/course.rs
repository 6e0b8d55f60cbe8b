//! How a learning rate goes on, told from its beginning.
//!
//! Logs have the rate of what is over. A schedule is a formula, so that its readings lie on it but for their digits and when
//! its warm-up ended: where one of a few forms follows them, and the step at which the run ends is known, the rest is that formula.

use super::delayed::Points;
use std::f64::consts::PI;

/// Readings since the rate began to fall, at least.
const FEWEST: usize = 8;
/// Readings of the fall that are looked at, at most.
const MOST: usize = 128;
/// Share of the largest rate by which it has fallen, at least.
const FALL: f64 = 0.01;
/// Largest distance of a reading from a form, in shares of the fall.
const CLOSE: f64 = 0.01;
/// How much worse another form that ends elsewhere must follow, if not by more than [`CLOSE`].
const WORSE: f64 = 4.0;
/// Share of the largest rate by which ends differ.
const APART: f64 = 0.1;
/// Share of the largest rate that counts as none, for a form that goes below 0.
const NONE: f64 = 0.02;
/// The same at which a cosine ends at most: its beginning fits any end, and one that ends higher has its own elsewhere.
const LOW: f64 = 0.2;
/// The same for what rounding leaves of 0.
const ROUNDED: f64 = 1e-9;
/// Starts of a cosine that are tried around the last reading of the largest rate.
const STARTS: usize = 17;
/// Points of what is to come.
const POINTS: usize = 128;

/// What a schedule may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// r = a + b·s.
    Line,
    /// r = a + b·cos(π (s − s₀)/(H − s₀)), H being the last step.
    Cosine,
    /// r = exp(a + b·s).
    Exponential,
    /// r = exp(a + b·ln s).
    Power,
}

impl Form {
    const ALL: [Self; 4] = [Self::Line, Self::Cosine, Self::Exponential, Self::Power];

    /// In words, after "falls".
    pub fn words(self) -> &'static str {
        match self {
            Self::Line => "along a straight line",
            Self::Cosine => "along a cosine",
            Self::Exponential => "by the same factor at every step",
            Self::Power => "as a power of the step",
        }
    }

    fn is_of_logarithm(self) -> bool {
        matches!(self, Self::Exponential | Self::Power)
    }
}

/// A learning rate with what it will be.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The form that its fall has.
    pub form: Form,
    /// Steps, those of the log and those to come.
    pub steps: Vec<f64>,
    /// The rate at each.
    pub rates: Vec<f64>,
}

impl Course {
    /// Follows a rate from its last reading, or `now` if that is later, to the last step of the run.
    ///
    /// None where there is nothing to come, the rate does not fall, has fallen by less than 1 % or for fewer than 8 readings, has
    /// risen since or come to 0, is none of the forms within 1 % of its fall, is two that end apart, or ends below 0 or, of a
    /// cosine, above a fifth of its largest.
    pub fn new((steps, rates): Points<'_>, now: f64, horizon: f64) -> Option<Self> {
        let now = now.max(*steps.last()?);
        if horizon <= now {
            return None;
        }
        let fall = Fall::new(steps, rates, horizon)?;
        let told = fall.told()?;
        let mut out = Self {
            form: told.form,
            steps: steps.to_vec(),
            rates: rates.to_vec(),
        };
        for i in 1..=POINTS {
            let step = now + (horizon - now) * i as f64 / POINTS as f64;
            out.steps.push(step);
            let rate = told.at(step);
            out.rates.push(if rate < ROUNDED * fall.peak {
                0.0
            } else {
                rate
            });
        }
        Some(out)
    }
}

/// The readings since the rate began to fall.
struct Fall {
    steps: Vec<f64>,
    rates: Vec<f64>,
    peak: f64,
    /// Between which steps the fall began.
    began: [f64; 2],
    horizon: f64,
}

/// A form with its constants.
#[derive(Clone, Copy)]
struct Fit {
    form: Form,
    start: f64,
    horizon: f64,
    a: f64,
    b: f64,
}

impl Fall {
    fn new(steps: &[f64], rates: &[f64], horizon: f64) -> Option<Self> {
        let peak = rates.iter().copied().fold(0.0, f64::max);
        let from = rates.iter().rposition(|r| *r >= peak * (1.0 - 1e-6))?;
        let rest = &rates[from..];
        let falls = rest.windows(2).all(|r| r[1] <= r[0]) && rest[rest.len() - 1] > 0.0;
        if rest.len() < FEWEST || !falls || peak - rest[rest.len() - 1] < FALL * peak {
            return None;
        }
        let kept = rest.len().min(MOST);
        let place = |i: usize| from + i * (rest.len() - 1) / (kept - 1);
        Some(Self {
            steps: (0..kept).map(|i| steps[place(i)]).collect(),
            rates: (0..kept).map(|i| rates[place(i)]).collect(),
            peak,
            began: [steps[from.saturating_sub(1)], steps[from + 1]],
            horizon,
        })
    }

    /// The form that the readings have, if it is one.
    fn told(&self) -> Option<Fit> {
        let fits = Form::ALL.map(|form| self.best(form));
        let fits: Vec<(f64, Fit)> = fits.into_iter().flatten().collect();
        let (off, fit) = *fits.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
        let end = fit.at(self.horizon);
        let is_other = |(o, f): &(f64, Fit)| {
            let apart = (f.at(self.horizon) - end).abs() > APART * self.peak;
            apart && *o <= (WORSE * off).max(CLOSE)
        };
        (off <= CLOSE && !fits.iter().any(is_other)).then_some(fit)
    }

    /// A form where it follows the readings best, with the farthest reading's distance in shares of the fall.
    fn best(&self, form: Form) -> Option<(f64, Fit)> {
        // A cosine may count from the first step of the run, its warm-up among them; the others have no start.
        let mut starts = vec![0.0];
        if form == Form::Cosine {
            let [first, last] = self.began;
            let around = |i| first + (last - first) * i as f64 / STARTS as f64;
            starts = (0..STARTS).map(around).chain(starts).collect();
        }
        let fits = starts
            .into_iter()
            .filter_map(|start| self.fitted(form, start));
        fits.min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// By least squares.
    fn fitted(&self, form: Form, start: f64) -> Option<(f64, Fit)> {
        let mut fit = Fit {
            form,
            start,
            horizon: self.horizon,
            a: 0.0,
            b: 0.0,
        };
        let n = self.steps.len() as f64;
        let u: Vec<f64> = self.steps.iter().map(|s| fit.basis(*s)).collect();
        let y = self.rates.iter().map(|r| match form.is_of_logarithm() {
            true => libm::log(*r),
            false => *r,
        });
        let y: Vec<f64> = y.collect();
        let (mean_u, mean_y) = (u.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let square: f64 = u.iter().map(|u| (u - mean_u) * (u - mean_u)).sum();
        let both = u.iter().zip(&y);
        let product: f64 = both.map(|(u, y)| (u - mean_u) * (y - mean_y)).sum();
        fit.b = product / square;
        fit.a = mean_y - fit.b * mean_u;
        let off = self.steps.iter().zip(&self.rates);
        let off = off.map(|(s, r)| (fit.at(*s) - r).abs()).fold(0.0, f64::max);
        let off = off / (self.peak - self.rates[self.rates.len() - 1]);
        let end = fit.at(self.horizon) / self.peak;
        let ends = end >= -NONE && (form != Form::Cosine || end <= LOW);
        (off.is_finite() && fit.a.is_finite() && fit.b.is_finite() && ends).then_some((off, fit))
    }
}

impl Fit {
    fn basis(&self, step: f64) -> f64 {
        match self.form {
            Form::Line | Form::Exponential => step,
            Form::Cosine => {
                let share = (step - self.start) / (self.horizon - self.start);
                libm::cos(PI * share.clamp(0.0, 1.0))
            }
            Form::Power => libm::log(step),
        }
    }

    fn at(&self, step: f64) -> f64 {
        let value = self.a + self.b * self.basis(step);
        match self.form.is_of_logarithm() {
            true => libm::exp(value),
            false => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a rate that was read every 10 of 1000 steps up to `now`; the largest error to come, over the largest rate.
    fn missed(now: usize, rate: impl Fn(f64) -> f64) -> Option<(Form, f64)> {
        let steps: Vec<f64> = (0..=now / 10).map(|i| 10.0 * i as f64).collect();
        let rates: Vec<f64> = steps.iter().map(|s| rate(*s)).collect();
        let course = Course::new((&steps, &rates), now as f64, 1000.0)?;
        assert_eq!(course.rates[..rates.len()], rates);
        assert_eq!(course.steps.last(), Some(&1000.0));
        let off = course.steps.iter().zip(&course.rates);
        let peak = rates.iter().copied().fold(0.0, f64::max);
        let off = off.map(|(s, r)| (rate(*s) - r).abs() / peak);
        Some((course.form, off.fold(0.0, f64::max)))
    }

    fn warm(step: f64, rate: f64) -> f64 {
        rate * (step / 45.0).min(1.0)
    }

    #[test]
    fn schedules_are_known_by_their_beginnings() {
        let digits = |r: f64| (r * 1e7).round() / 1e7;
        for now in [250, 500, 800] {
            for (form, rate) in [
                (
                    Form::Line,
                    &(|s| warm(s, 3e-4 * (1.0 - s / 1000.0))) as &dyn Fn(f64) -> f64,
                ),
                (Form::Line, &|s| {
                    digits(warm(s, 3e-4 * (1.0 - 0.9 * s / 1000.0)))
                }),
                (Form::Cosine, &|s| {
                    let share = ((s - 45.0) / 955.0).max(0.0);
                    digits(warm(s, 1.5e-4 * (1.2 + libm::cos(PI * share))))
                }),
                (Form::Cosine, &|s| {
                    warm(s, 0.5 * (1.0 + libm::cos(PI * s / 1000.0)))
                }),
                (Form::Exponential, &|s| warm(s, libm::pow(0.997, s))),
                (Form::Power, &|s| warm(s, (45.0 / s.max(45.0)).sqrt())),
            ] {
                let (told, off) = missed(now, rate).unwrap_or_else(|| panic!("{form:?} at {now}"));
                assert!(
                    told == form && off < 0.02,
                    "{told:?} for {form:?} at {now}: {off}"
                );
            }
        }
    }

    #[test]
    fn a_stable_rate_that_falls_at_last_is_followed_from_there() {
        let wsd = |s: f64| ((1000.0 - s) / 300.0).clamp(0.0, 1.0);
        assert_eq!(missed(700, wsd), None);
        let (form, off) = missed(800, wsd).unwrap();
        assert!(form == Form::Line && off < 1e-9, "{form:?} {off}");
    }

    #[test]
    fn what_is_no_formula_to_its_end_is_not_followed() {
        for (why, rate) in [
            ("constant", &(|_| 1e-3) as &dyn Fn(f64) -> f64),
            ("steps", &|s| libm::pow(0.5, (s / 100.0).floor())),
            ("over before the end", &|s| (1.0 - s / 700.0).max(1e-3)),
            ("restarts", &|s| 1.0 + libm::cos(PI * (s % 230.0) / 230.0)),
            ("a cosine that goes on", &|s| {
                1.0 + libm::cos(PI * s / 1700.0)
            }),
            ("by the loss", &|s| {
                1.0 / (1.0 + s / 300.0 + (s / 20.0).sin().abs())
            }),
            ("NaN", &|_| f64::NAN),
        ] {
            for now in [300, 500] {
                assert_eq!(missed(now, rate), None, "{why} at {now}");
            }
        }
        assert_eq!(Course::new((&[], &[]), 5.0, 10.0), None);
    }
}
