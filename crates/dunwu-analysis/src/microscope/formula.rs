//! The short program that a network's outputs are, if they are one.
//!
//! On a group, the outputs that look the same from every element, o(ga, bh)_{gch} = o(a, b)_c, are the
//! class functions of x = a b c⁻¹: sums of characters, `Σ_k A_k χ_k(x)` over real and quaternionic
//! features and `Σ_k 2 Re(A_k e^{iφ_k} χ_k(x))` over pairs of conjugates. As x runs over the whole
//! group in each row, `l(x) = mean of õ over the (a, b, c) with a b c⁻¹ = x` is the orthogonal projection
//! of the centred outputs õ on functions of x, and its mean over conjugacy classes that on class
//! functions, so that each feature explains a part of the variance of its own.
//!
//! What the formula alone answers depends on x only: it gives the c with x = x*, x* the place of its
//! maximum. It is right everywhere if that is the neutral element, and nowhere otherwise.
//!
//! Only answers are coded, so the shortest formula often has one or few features although the network
//! has more: [`FormulaReport::terms`] are all of them, [`FormulaReport::r2`] is how much of the outputs
//! they are.

use super::code::{SCALE, elias_delta, exceptions, quantise, quantise_angle, subset};
use super::formula_text as text;
use super::length::MOST_BITS;
use super::logits::{answers, centred, check};
use super::transform::{Transforms, Type};
use dunwu_core::Dataset;
use dunwu_task::Group;
use rayon::prelude::*;
use serde::Serialize;

/// Accuracy and agreement from which a formula is one of this network.
pub const HOLDS: f64 = 0.999;

/// One feature's part of the outputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    /// Index of the feature.
    pub feature: usize,
    /// Its name.
    pub name: String,
    /// Its dimension d.
    pub dim: usize,
    /// Its type.
    pub kind: Type,
    /// A_k, in units of the outputs; not negative for a complex feature.
    pub amplitude: f64,
    /// φ_k in (−π, π], for a complex feature.
    pub phase: Option<f64>,
    /// Its part of the variance of the centred outputs: A² or, complex, 2A², over it.
    pub share: f64,
    /// The term as text, such as `0.83·cos(2π·3(a+b−c)/71 + 0.02)`.
    pub text: String,
}

/// A formula with its code.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Formula {
    /// Terms with rounded numbers, largest share first.
    pub terms: Vec<Term>,
    /// Bits a number.
    pub precision: u32,
    /// `logit(c | a, b) = …`.
    pub text: String,
    /// Share of all rows on which it gives the true label; a tie is wrong.
    pub accuracy: f64,
    /// Share of all rows on which it gives the network's answer; a tie of either is none.
    pub agreement: f64,
    /// Rows on which it does not.
    pub exceptions: usize,
    /// Which features.
    pub bits_features: f64,
    /// Precision, scale, amplitudes and phases.
    pub bits_numbers: f64,
    /// All of it, exceptions included.
    pub bits: f64,
}

/// What the outputs have of a formula.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FormulaReport {
    /// Every feature, largest share first, exact numbers.
    pub terms: Vec<Term>,
    /// The terms of at least one part in a hundred of the explained variance, as text.
    pub text: String,
    /// Part of the variance of the centred outputs that all terms explain.
    pub r2: f64,
    /// Part that any function of a b c⁻¹ explains; larger than `r2` on groups that do not commute.
    pub r2_relation: f64,
    /// The shortest formula for the network's answers, whether it holds or not.
    pub candidate: Formula,
    /// Whether accuracy and agreement are both at least [`HOLDS`].
    pub holds: bool,
    /// The candidate, if it holds.
    pub formula: Option<Formula>,
    /// Why it holds or does not, in a sentence.
    pub why: String,
}

/// The formula of outputs on all rows of a two-operand group task, rows × classes.
///
/// # Errors
/// A sentence if the task is no product of two elements of the group.
pub fn formula(
    outputs: &[f64],
    data: &Dataset,
    group: &Group,
    transforms: &Transforms,
) -> Result<FormulaReport, String> {
    check(outputs, data)?;
    check_task(data, group, transforms)?;
    let centred = centred(outputs, data.classes);
    let variance = mean_square(&centred);
    let relation = relation(&centred, data, group);
    let terms = terms(&relation, variance, group, transforms);
    let hits = hits(&answers(outputs, data.classes), data, group);
    let search = Search {
        data,
        group,
        transforms,
        terms: &terms,
        hits: &hits,
    };
    let candidate = search.shortest();
    let r2 = terms.iter().map(|t| t.share).sum();
    let holds = candidate.accuracy >= HOLDS && candidate.agreement >= HOLDS;
    let cut = terms.iter().filter(|t| t.share >= 0.01 * r2);
    Ok(FormulaReport {
        text: text::sum(cut, group),
        r2,
        r2_relation: ratio(mean_square(&relation), variance),
        holds,
        why: text::why(&candidate, r2, holds),
        formula: holds.then(|| candidate.clone()),
        candidate,
        terms,
    })
}

fn check_task(data: &Dataset, group: &Group, transforms: &Transforms) -> Result<(), String> {
    let m = group.order();
    if data.operands() != 2 || data.classes != m || data.vocab != [m, m] {
        return Err("a formula needs the product of two elements of a group".to_owned());
    }
    if transforms.parts.iter().any(|p| p.character.is_empty()) {
        return Err(format!("the characters of {} are not known", group.name()));
    }
    let is_product = |i: usize| data.clean[i] as usize == product(data, group, i);
    match (0..data.len()).find(|i| !is_product(*i)) {
        Some(i) => Err(format!(
            "row {i} of {} is not the product in {}",
            data.task,
            group.name()
        )),
        None => Ok(()),
    }
}

/// a b of a row.
fn product(data: &Dataset, group: &Group, row: usize) -> usize {
    let tokens = data.row(row);
    group.mul(tokens[0] as usize, tokens[1] as usize)
}

fn mean_square(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64
}

fn ratio(part: f64, all: f64) -> f64 {
    if all > 0.0 { part / all } else { 0.0 }
}

/// l(x), by element.
fn relation(centred: &[f64], data: &Dataset, group: &Group) -> Vec<f64> {
    let m = group.order();
    let mut sum = vec![0.0; m];
    for (i, line) in centred.chunks_exact(m).enumerate() {
        let ab = product(data, group, i);
        for (c, logit) in line.iter().enumerate() {
            sum[group.mul(ab, group.inverse(c))] += logit;
        }
    }
    sum.iter().map(|s| s / data.len() as f64).collect()
}

/// By x the number of rows whose answer c has a b c⁻¹ = x.
fn hits(answers: &[Option<u32>], data: &Dataset, group: &Group) -> Vec<usize> {
    let mut hits = vec![0; group.order()];
    for (i, answer) in answers.iter().enumerate() {
        if let Some(c) = answer {
            hits[group.mul(product(data, group, i), group.inverse(*c as usize))] += 1;
        }
    }
    hits
}

/// Coefficients of l in the characters, largest share first.
fn terms(relation: &[f64], variance: f64, group: &Group, transforms: &Transforms) -> Vec<Term> {
    let term = |k: usize| {
        let part = &transforms.parts[k];
        let inner = |f: fn(&(f64, f64)) -> f64| {
            let pairs = relation.iter().zip(&part.character);
            pairs.map(|(l, z)| l * f(z)).sum::<f64>() / relation.len() as f64
        };
        let (re, im) = (inner(|z| z.0), -inner(|z| z.1));
        let (amplitude, phase) = match part.kind {
            Type::Complex => (re.hypot(im), Some(libm::atan2(im + 0.0, re))),
            _ => (re, None),
        };
        let square = amplitude * amplitude * if phase.is_some() { 2.0 } else { 1.0 };
        let mut term = Term {
            feature: k,
            name: part.name.clone(),
            dim: part.dim,
            kind: part.kind,
            amplitude,
            phase,
            share: ratio(square, variance),
            text: String::new(),
        };
        term.text = text::term(&term, group);
        term
    };
    let mut terms: Vec<Term> = (1..transforms.parts.len()).map(term).collect();
    terms.sort_by(|a, b| b.share.total_cmp(&a.share));
    terms
}

/// The search for the shortest formula.
struct Search<'a> {
    data: &'a Dataset,
    group: &'a Group,
    transforms: &'a Transforms,
    terms: &'a [Term],
    hits: &'a [usize],
}

/// Number of features, bits, exceptions and total of a formula.
struct Length {
    features: usize,
    precision: u32,
    peak: Option<usize>,
    wrong: usize,
    total: f64,
}

impl Search<'_> {
    fn shortest(&self) -> Formula {
        let tries = |m: usize| (0..=MOST_BITS).map(move |b| (m, b));
        let all: Vec<(usize, u32)> = (0..=self.terms.len())
            .flat_map(tries)
            .filter(|(m, b)| (*m == 0) == (*b == 0))
            .collect();
        let lengths: Vec<Length> = all.par_iter().map(|(m, b)| self.length(*m, *b)).collect();
        let shortest = lengths
            .into_iter()
            .reduce(|a, b| if b.total < a.total { b } else { a });
        self.formula(shortest.expect("the empty formula is always tried"))
    }

    fn length(&self, features: usize, precision: u32) -> Length {
        let peak = self.peak(&self.rounded(features, precision));
        let wrong = self.data.len() - peak.map_or(0, |x| self.hits[x]);
        Length {
            features,
            precision,
            peak,
            wrong,
            total: self.bits_features(features)
                + self.bits_numbers(features, precision)
                + exceptions(self.data.len(), wrong, self.data.classes),
        }
    }

    fn bits_features(&self, features: usize) -> f64 {
        subset(self.terms.len(), features)
    }

    fn bits_numbers(&self, features: usize, precision: u32) -> f64 {
        if features == 0 {
            return 0.0;
        }
        let phases = self.terms[..features].iter().filter(|t| t.phase.is_some());
        let numbers = (features + phases.count()) as f64;
        elias_delta(precision as usize + 1) + SCALE + numbers * f64::from(precision)
    }

    /// The first terms with rounded numbers.
    fn rounded(&self, features: usize, precision: u32) -> Vec<Term> {
        let used = &self.terms[..features];
        let exact: Vec<f64> = used.iter().map(|t| t.amplitude).collect();
        let round = |(term, amplitude): (&Term, f64)| Term {
            amplitude,
            phase: term.phase.map(|p| quantise_angle(p, precision)),
            ..term.clone()
        };
        used.iter()
            .zip(quantise(&exact, precision))
            .map(round)
            .collect()
    }

    /// Where the sum of terms has its maximum; None at a tie.
    fn peak(&self, terms: &[Term]) -> Option<usize> {
        let m = self.group.order();
        let value = |x: usize| -> f64 { terms.iter().map(|t| self.value(t, x)).sum() };
        let values: Vec<f64> = (0..m).map(value).collect();
        let best = (0..m).reduce(|b, x| if values[x] > values[b] { x } else { b })?;
        let scale = values.iter().fold(0.0f64, |s, v| s.max(v.abs()));
        // Equal characters differ in the last bits.
        let near = |v: &&f64| **v >= values[best] - 1e-9 * scale;
        (values.iter().filter(near).count() == 1).then_some(best)
    }

    fn value(&self, term: &Term, x: usize) -> f64 {
        let (re, im) = self.transforms.parts[term.feature].character[x];
        match term.phase {
            Some(phase) => 2.0 * term.amplitude * (libm::cos(phase) * re - libm::sin(phase) * im),
            None => term.amplitude * re,
        }
    }

    fn formula(&self, length: Length) -> Formula {
        let mut terms = self.rounded(length.features, length.precision);
        terms
            .iter_mut()
            .for_each(|t| t.text = text::term(t, self.group));
        let is_right = length.peak.is_some() && length.peak == self.group.identity();
        Formula {
            text: text::sum(terms.iter(), self.group),
            terms,
            precision: length.precision,
            accuracy: f64::from(u8::from(is_right)),
            agreement: 1.0 - length.wrong as f64 / self.data.len().max(1) as f64,
            exceptions: length.wrong,
            bits_features: self.bits_features(length.features),
            bits_numbers: self.bits_numbers(length.features, length.precision),
            bits: length.total,
        }
    }
}
