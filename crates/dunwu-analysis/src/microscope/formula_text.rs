//! Formulas as text.

use super::formula::{Formula, Term};
use super::transform::Type;
use dunwu_task::Group;

/// `logit(c | a, b) = …`.
pub(crate) fn sum<'a>(terms: impl Iterator<Item = &'a Term>, group: &Group) -> String {
    let parts: Vec<&str> = terms.map(|t| t.text.as_str()).collect();
    let right = if parts.is_empty() {
        "0".to_owned()
    } else {
        parts.join(" + ").replace(" + −", " − ")
    };
    let with = match group.cyclic_factors() {
        Some(orders) if orders.len() > 1 => ", x = a + b − c",
        _ => "",
    };
    format!("logit(c | a, b) = {right}{with}")
}

/// One term, with its sign.
pub(crate) fn term(term: &Term, group: &Group) -> String {
    match (group.cyclic_factors(), frequency(&term.name)) {
        (Some(orders), Some(k)) if k.len() == orders.len() => wave(term, &k, &orders),
        _ => character(term),
    }
}

/// `0.83·cos(2π·3(a+b−c)/71 + 0.02)`; a pair of conjugates has twice its amplitude.
fn wave(term: &Term, frequency: &[usize], orders: &[usize]) -> String {
    let turns: Vec<String> = match (frequency, orders) {
        ([k], [n]) => vec![format!("{k}(a+b−c)/{n}")],
        _ => (1..)
            .zip(frequency.iter().zip(orders))
            .filter(|(_, (k, _))| **k > 0)
            .map(|(i, (k, n))| format!("{k}x{i}/{n}"))
            .collect(),
    };
    let angle = match turns.as_slice() {
        [one] => format!("2π·{one}"),
        many => format!("2π({})", many.join(" + ")),
    };
    let amplitude = term.amplitude * if term.phase.is_some() { 2.0 } else { 1.0 };
    format!("{}·cos({angle}{})", number(amplitude), shift(term.phase))
}

/// ` + 0.02`, or nothing for a phase that rounds to 0.
fn shift(phase: Option<f64>) -> String {
    match phase.map(|p| (p < 0.0, format!("{:.2}", p.abs()))) {
        Some((_, text)) if text == "0.00" => String::new(),
        Some((true, text)) => format!(" − {text}"),
        Some((false, text)) => format!(" + {text}"),
        None => String::new(),
    }
}

/// `0.42·χ_standard(a b c⁻¹)`, or `2·0.42·Re(e^(0.10i)·χ(a b c⁻¹))` for a pair of conjugates.
fn character(term: &Term) -> String {
    let name = term.name.replace(' ', "");
    match (term.kind, term.phase) {
        (Type::Complex, Some(phase)) => format!(
            "{}·Re(e^({phase:.2}i)·χ_{name}(a b c⁻¹))",
            number(2.0 * term.amplitude)
        ),
        _ => format!("{}·χ_{name}(a b c⁻¹)", number(term.amplitude)),
    }
}

/// Three significant digits, with the minus sign of formulas.
fn number(x: f64) -> String {
    let digits = match x.abs() {
        a if a > 0.0 && a < 1e-3 => return format!("{x:.2e}").replace('-', "−"),
        a if a >= 100.0 => 0,
        a if a >= 10.0 => 1,
        a if a >= 1.0 => 2,
        _ => 3,
    };
    format!("{x:.digits$}").replace('-', "−")
}

/// The numbers of `k=3` or `(1,3)`.
fn frequency(name: &str) -> Option<Vec<usize>> {
    let inner = match name.strip_prefix("k=") {
        Some(k) => k,
        None => name.strip_prefix('(')?.strip_suffix(')')?,
    };
    inner.split(',').map(|k| k.parse().ok()).collect()
}

/// Why the candidate is a formula of the network, or is not.
pub(crate) fn why(candidate: &Formula, r2: f64, holds: bool) -> String {
    let (n, r2) = (candidate.terms.len(), 100.0 * r2);
    let features = if n == 1 { "feature" } else { "features" };
    let differ = 100.0 * (1.0 - candidate.agreement);
    let right = 100.0 * candidate.accuracy;
    let what = if holds { "holds" } else { "does not hold" };
    format!(
        "The shortest formula, of {n} {features}, {what}: alone it is right on {right:.1} % of all rows \
         and differs from the network on {differ:.1} % of them; functions of a b c⁻¹ explain {r2:.1} % of \
         the variance of the outputs."
    )
}
