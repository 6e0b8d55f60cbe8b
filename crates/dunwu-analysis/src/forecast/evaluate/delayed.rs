//! How well delayed generalisation is foreseen, cells of settings left out in turn, a tenth at a time.

use crate::forecast::decide::NEVER;
use crate::forecast::delayed::{Companions, DelayedModel, KnownRun, LeftOut, delayed_with};

/// What was foreseen at one moment of the runs that had memorised.
#[derive(Clone, Debug, PartialEq)]
pub struct DelayedScore {
    /// Share of the delay (of those that never jump: of the record after memorising) that had passed.
    pub share: f64,
    /// Runs, and those that jumped later.
    pub runs: (usize, usize),
    /// P(a run that jumps is given a higher probability than one that does not).
    pub auroc: f64,
    /// 1 − Brier score / that of always naming the base rate of the other cells.
    pub brier_skill: f64,
    /// Later jumpers that would have been stopped.
    pub stopped: usize,
    /// Runs of which it was said that nothing can be told.
    pub cannot_tell: usize,
    /// Mean |foreseen − true| / true of the delay of those that jumped.
    pub time_error: f64,
    /// The median of the same.
    pub median_time_error: f64,
    /// Mean |foreseen − true| / true of the step at which they jumped, counted from the beginning of the run.
    pub step_error: f64,
    /// Share of those that jumped whose jump lies within its 90 % interval.
    pub within: f64,
}

/// One run at one moment.
struct Seen {
    p: f64,
    base: f64,
    jumped: bool,
    stopped: bool,
    cannot_tell: bool,
    time_error: Option<f64>,
    step_error: Option<f64>,
    within: Option<bool>,
}

/// Looks at all runs at shares of their delay, as if the series of some names (`weight_norm`, `train_loss`, `test_loss`) were not
/// logged.
pub fn evaluate_delayed(runs: &LeftOut<'_>, shares: &[f64], without: &[&str]) -> Vec<DelayedScore> {
    let at = |share: &f64| {
        let look = |(part, (of, model)): (usize, &(Vec<&KnownRun>, DelayedModel))| {
            let base = base_rate(runs, part);
            let seen = |run: &&KnownRun| look(model, run, *share, base, without);
            of.iter().filter_map(seen).collect::<Vec<_>>()
        };
        let seen: Vec<Seen> = runs.0.iter().enumerate().flat_map(look).collect();
        score(*share, &seen)
    };
    shares.iter().map(at).collect()
}

/// Share of those that memorised that jumped, of all parts but one.
fn base_rate(runs: &LeftOut<'_>, but: usize) -> f64 {
    let others = runs.0.iter().enumerate().filter(|(part, _)| *part != but);
    let times: Vec<_> = others
        .flat_map(|(_, (of, _))| of.iter().filter_map(|r| r.times()))
        .collect();
    times.iter().filter(|t| t.1.is_some()).count() as f64 / times.len().max(1) as f64
}

fn look(
    model: &DelayedModel,
    run: &KnownRun,
    share: f64,
    base: f64,
    without: &[&str],
) -> Option<Seen> {
    let (memorised, jumped, end) = run.times()?;
    let now = memorised + share * (jumped.unwrap_or(end) - memorised);
    let logged = |name: &str| !without.contains(&name);
    let all = run.at(now);
    let seen = Companions {
        train_loss: all.train_loss.filter(|_| logged("train_loss")),
        held_loss: all.held_loss.filter(|_| logged("test_loss")),
        weight_norm: all.weight_norm.filter(|_| logged("weight_norm")),
        ..all
    };
    let told = delayed_with(model, &seen, 2.0 * end)?;
    let off = |jump: f64| (told.step_if_ever(0.5) - jump).abs();
    Some(Seen {
        p: told.ever(),
        base,
        jumped: jumped.is_some(),
        stopped: told.can_tell && told.p < NEVER,
        cannot_tell: !told.can_tell,
        time_error: jumped.map(|jump| off(jump) / (jump - memorised)),
        step_error: jumped.map(|jump| off(jump) / jump),
        within: jumped.map(|j| (told.step_if_ever(0.05)..=told.step_if_ever(0.95)).contains(&j)),
    })
}

fn score(share: f64, seen: &[Seen]) -> DelayedScore {
    let outcome = |s: &Seen| f64::from(u8::from(s.jumped));
    let brier = |p: &dyn Fn(&Seen) -> f64| {
        seen.iter()
            .map(|s| (p(s) - outcome(s)) * (p(s) - outcome(s)))
            .sum::<f64>()
    };
    let mut errors: Vec<f64> = seen.iter().filter_map(|s| s.time_error).collect();
    errors.sort_by(f64::total_cmp);
    let of_steps: Vec<f64> = seen.iter().filter_map(|s| s.step_error).collect();
    DelayedScore {
        share,
        runs: (seen.len(), seen.iter().filter(|s| s.jumped).count()),
        auroc: auroc(seen),
        brier_skill: 1.0 - brier(&|s| s.p) / brier(&|s| s.base),
        stopped: seen.iter().filter(|s| s.jumped && s.stopped).count(),
        cannot_tell: seen.iter().filter(|s| s.cannot_tell).count(),
        time_error: errors.iter().sum::<f64>() / errors.len() as f64,
        step_error: of_steps.iter().sum::<f64>() / of_steps.len() as f64,
        within: seen.iter().filter(|s| s.within == Some(true)).count() as f64 / errors.len() as f64,
        median_time_error: errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN),
    }
}

/// Pairs in the right order, ties half.
fn auroc(seen: &[Seen]) -> f64 {
    let (mut right, mut pairs) = (0.0, 0.0);
    for a in seen.iter().filter(|s| s.jumped) {
        for b in seen.iter().filter(|s| !s.jumped) {
            pairs += 1.0;
            right += if a.p > b.p {
                1.0
            } else if a.p == b.p {
                0.5
            } else {
                0.0
            };
        }
    }
    right / pairs
}
