//! A proxy rises while the measure that is wanted falls.

use super::belief::probability;
use super::bounds::two_walks;
use super::case::{Case, Role, Track};
use super::coarse::{Coarse, at, rank_correlation};
use super::finding::{Finding, Outcome, Severity};
use super::fit::{BLOCKS, FEWEST, worse};
use crate::forecast::step_words;
use crate::forecast::{Measured, short};

/// Rank correlation over the window from which on the two go apart.
const APART: f64 = -0.5;

/// Words of measures that are optimised.
const PROXIES: &[&str] = &["proxy", "reward", "return", "rm", "judge"];
/// Words of measures that are wanted.
const WANTED: &[&str] = &[
    "gold", "true", "human", "win", "winrate", "pass", "success", "exact", "correct", "acc",
    "accuracy", "eval", "test", "val",
];

fn has(name: &str, list: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase();
    lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|w| list.contains(&w))
}

/// Pairs of what is optimised and what is wanted.
fn pairs<'c, 'a>(case: &'c Case<'a>) -> Vec<(&'c Track<'a>, &'c Track<'a>)> {
    let named = |name: &str| case.tracks.iter().find(|t| t.name == name);
    if let Some((proxy, wanted)) = &case.facts.proxy {
        return named(proxy).zip(named(wanted)).into_iter().collect();
    }
    let scores: Vec<&Track<'_>> = case
        .tracks
        .iter()
        .filter(|t| matches!(t.role, Role::Score(_)))
        .collect();
    let proxies = scores.iter().filter(|t| {
        has(t.name, PROXIES)
            && !has(t.name, &["gold", "true", "human"])
            && t.role != Role::Score(Measured::HeldOut)
    });
    proxies
        .flat_map(|p| {
            let wanted = scores
                .iter()
                .filter(|w| w.name != p.name && has(w.name, WANTED));
            wanted.map(|w| (*p, *w)).collect::<Vec<_>>()
        })
        .collect()
}

/// A proxy that rises while the measure that is wanted falls.
pub(super) fn proxy(case: &Case<'_>) -> Outcome {
    let pairs = pairs(case);
    if pairs.is_empty() {
        return Outcome::blind(
            "a reward or another proxy beside a score that is wanted (proxy=, wanted=)",
        );
    }
    let looked: Vec<String> = pairs
        .iter()
        .map(|(p, w)| format!("`{}` against `{}`", p.name, w.name))
        .collect();
    let looked = looked.join(", ");
    let found: Vec<Finding> = pairs
        .iter()
        .filter_map(|(p, w)| apart(p, w, pairs.len()))
        .collect();
    match found
        .into_iter()
        .max_by(|a, b| a.probability.total_cmp(&b.probability))
    {
        Some(finding) => Outcome::told(finding, looked),
        None => Outcome::clear(looked),
    }
}

/// From the best value of what is wanted on: it falls and the proxy rises, each against a random walk.
fn apart(proxy: &Track<'_>, wanted: &Track<'_>, looks: usize) -> Option<Finding> {
    let turn = worse(wanted)?;
    let falls = wanted.coarse(BLOCKS).from(turn.step);
    let (sign_p, sign_w) = (-proxy.sign(), -wanted.sign());
    let rises = proxy.coarse(BLOCKS).times(sign_p).from(turn.step);
    if rises.len() < FEWEST {
        return None;
    }
    let beside: Option<Vec<f64>> = falls.steps.iter().map(|s| within(&rises, *s)).collect();
    let falling: Vec<f64> = falls.values.iter().map(|v| sign_w * v).collect();
    let rho = rank_correlation(&beside?, &falling);
    if rho > APART {
        return None;
    }
    // Each pair is a look.
    let p = (turn.p.max(rises.drift()) * looks as f64).min(1.0);
    let (from, to) = (
        sign_p * rises.values[0],
        sign_p * rises.values[rises.len() - 1],
    );
    let statement = format!(
        "The proxy rises while what is wanted falls: since step {} `{}` went from {} to {}, and `{}` from {} to {}.",
        step_words(turn.step),
        proxy.name,
        short(from),
        short(to),
        wanted.name,
        short(turn.best),
        short(turn.last)
    );
    Some(
        Finding::new("proxy", Severity::Failure, statement)
            .sure(probability(p), two_walks(p))
            .sign(wanted.name, Some(turn.step), turn.best, "the best of what is wanted")
            .sign(proxy.name, proxy.last().map(|l| l.0), to, "the proxy at the end")
            .sign("rank correlation", Some(turn.step), rho, "of both since then")
            .try_it("the checkpoint of that step and the last, a hundred outputs of each judged by what is wanted itself", &[])
            .showing(&[proxy.name, wanted.name], Some(turn.step)),
    )
}

/// The value at a step, or that of the nearest end for a step outside.
fn within(blocks: &Coarse, step: f64) -> Option<f64> {
    at(&blocks.steps, &blocks.values, step).or_else(|| {
        let first = *blocks.steps.first()?;
        if step < first {
            blocks.values.first().copied()
        } else {
            blocks.values.last().copied()
        }
    })
}
