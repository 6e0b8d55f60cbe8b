//! How training and held-out measures go together: overfit, memorised, underfit, plateau.

use super::belief::{SAID, probability};
use super::breaks::written;
use super::case::{Case, Role, Track};
use super::coarse::{Coarse, Level, median};
use super::finding::{Finding, Outcome, Severity, key_words, sure_words};
use crate::forecast::step_words;
use crate::forecast::{Companions, Jump, Measured, delayed, short};

/// Blocks that a series is looked at in.
pub(super) const BLOCKS: usize = 40;
/// Fewest blocks that say anything about a course.
pub(super) const FEWEST: usize = 6;
/// Share of its range that a measure must have lost again.
pub(super) const WORSE: f64 = 0.05;
/// Share of its best value by which it must have got worse.
const SLIGHT: f64 = 0.005;
/// Times an earlier rise, which was undone, that a rise must be: slow swings are no turn.
const SWINGS: f64 = 2.0;
/// Accuracy on the training rows from which on they are memorised.
const MEMORISED: f64 = 0.99;
/// Gap between both accuracies that is told, and the one that is a warning.
const GAP: f64 = 0.1;
const WIDE: f64 = 0.5;
/// Share of its mean progress a doubling of steps below which a measure has come to rest.
const REST: f64 = 0.05;

/// A held-out measure that has got worse since its best.
pub(super) struct Worse {
    /// When it was best, that value, and the last.
    pub step: f64,
    pub best: f64,
    pub last: f64,
    /// By the test of the meander.
    pub p: f64,
}

/// Whether a measure has turned for the worse: by a share of its range, and by more than it ever swung before.
pub(super) fn worse(track: &Track<'_>) -> Option<Worse> {
    let coarse = track.coarse(BLOCKS).times(track.sign());
    if coarse.len() < FEWEST {
        return None;
    }
    let turn = coarse.turn()?;
    let material = turn.rise >= WORSE * coarse.range()
        && turn.rise >= SLIGHT * coarse.values[turn.at].abs()
        && turn.rise > SWINGS * turn.earlier;
    let n = coarse.len();
    Some(Worse {
        step: coarse.steps[turn.at],
        best: track.sign() * coarse.values[turn.at],
        last: track.sign() * coarse.values[n - 1],
        p: if material { turn.p } else { 1.0 },
    })
}

/// Overfit: the held-out measure gets worse while the training measure does not.
pub(super) fn overfit(case: &Case<'_>) -> Outcome {
    let held = [
        Role::Loss(Measured::HeldOut),
        Role::Score(Measured::HeldOut),
    ];
    let tracks: Vec<&Track<'_>> = held.iter().filter_map(|r| case.of(*r)).collect();
    if tracks.is_empty() {
        return Outcome::blind("a measure of held-out rows");
    }
    let turned: Vec<(&Track<'_>, Worse)> = tracks
        .iter()
        .filter_map(|t| Some((*t, worse(t)?)))
        .collect();
    let Some((track, turn)) = turned.iter().min_by(|a, b| a.1.p.total_cmp(&b.1.p)) else {
        let most = tracks.iter().map(|t| t.values.len()).max().unwrap_or(0);
        return Outcome::blind(format!("more than {most} readings of held-out rows"));
    };
    let names: Vec<String> = turned
        .iter()
        .map(|(t, _)| format!("`{}`", t.name))
        .collect();
    let looked = names.join(" and ");
    let train = case
        .descended()
        .filter(|t| t.role == Role::Loss(Measured::Training))
        .or_else(|| case.of(Role::Score(Measured::Training)));
    let beside = train.map(|t| t.coarse(BLOCKS).times(t.sign()).from(turn.step));
    if beside.as_ref().is_some_and(|c| c.drift() < 0.05) {
        return Outcome::clear(format!("{looked}: what is trained on gets worse with it"));
    }
    let falls = beside
        .as_ref()
        .map(|c| c.clone().times(-1.0).drift() < 0.05);
    let other = turned.iter().find(|(t, _)| t.role != track.role);
    let statement = format!(
        "It overfits: `{}` was best at step {} ({}) and is at {} now{}{}.",
        track.name,
        step_words(turn.step),
        short(turn.best),
        short(turn.last),
        match (train, falls) {
            (Some(t), Some(true)) => format!(", while `{}` still gets better", t.name),
            (Some(t), _) => format!(", while `{}` does not get worse", t.name),
            (None, _) => "; no measure of the training rows is logged beside it".to_owned(),
        },
        match other {
            Some((t, o)) if o.p > 0.05 && matches!(t.role, Role::Score(_)) => format!(
                "; `{}` does not get worse, so it is the size of wrong answers that grows, not their number",
                t.name
            ),
            _ => String::new(),
        }
    );
    let names: Vec<&str> = [Some(*track), train]
        .into_iter()
        .flatten()
        .map(|t| t.name)
        .collect();
    let finding = Finding::new("overfit", Severity::Warning, statement)
        .sure(
            probability(turn.p),
            format!(
                "the rise since its best against a random walk, p = {}",
                written(turn.p)
            ),
        )
        .sign(track.name, Some(turn.step), turn.best, "the best")
        .sign(track.name, track.last().map(|l| l.0), turn.last, "the end")
        .try_it(what_next(track, turn), &more_decay(case))
        .showing(&names, Some(turn.step));
    // What is seen and not sure is said where it was looked for.
    let open = if turn.p < 1.0 {
        format!(
            "; `{}` was best at step {} ({}) and is at {} now, in so few moves that it may have wandered there: probability {}",
            track.name,
            step_words(turn.step),
            short(turn.best),
            short(turn.last),
            sure_words(finding.probability)
        )
    } else {
        String::new()
    };
    Outcome::told(finding, looked + &open)
}

/// What to try: the network that was best, unless that is the one that had learned nothing.
fn what_next(track: &Track<'_>, turn: &Worse) -> &'static str {
    if track.steps.first().is_some_and(|first| turn.step <= *first) {
        "more rows, or more decay, for the next run: what it learned from the first step on does not hold for rows held out"
    } else {
        "the checkpoint of that step, on rows that nothing was chosen by; more rows, or more decay, for the next run"
    }
}

pub(super) fn more_decay(case: &Case<'_>) -> Vec<(&'static str, String)> {
    let Some(own) = &case.facts.own else {
        return vec![];
    };
    let decay = if own.weight_decay > 0.0 {
        3.0 * own.weight_decay
    } else {
        2e-4
    };
    vec![("weight_decay", key_words(decay))]
}

/// The last readings of a share, on a scale from 0 to 1: the last quarter, in blocks.
pub(super) fn recent(track: &Track<'_>) -> Option<Level> {
    let top = track.top()?;
    let coarse = track.coarse(BLOCKS);
    let n = coarse.len();
    let from = n - n.div_ceil(4).max(n.min(3));
    let tail = Coarse {
        steps: coarse.steps[from..].to_vec(),
        values: coarse.values[from..].iter().map(|v| v / top).collect(),
        size: coarse.size,
    };
    (n > 0).then(|| tail.level())
}

/// Memorised with a gap: training rows are answered, held-out rows are not.
pub(super) fn memorised(case: &Case<'_>) -> Outcome {
    let (Some(train), Some(held)) = (
        case.share(Measured::Training),
        case.share(Measured::HeldOut),
    ) else {
        return Outcome::blind("an accuracy on training rows and one on held-out rows");
    };
    let (Some(fits), Some(answers)) = (recent(train), recent(held)) else {
        return Outcome::blind("readings of both accuracies");
    };
    let looked = format!("`{}` and `{}`", train.name, held.name);
    let top = train.top().unwrap_or(1.0);
    let since = train
        .values
        .iter()
        .position(|v| *v >= MEMORISED * top)
        .map(|i| train.steps[i]);
    let Some(since) = since.filter(|_| fits.mean >= MEMORISED - 0.01) else {
        return Outcome::clear(format!("{looked}: the training rows are not all answered"));
    };
    let tail = |t: &Track<'_>| median(&t.values[t.values.len() - t.values.len().min(3)..]);
    if tail(train) / top - tail(held) / held.top().unwrap_or(1.0) <= GAP {
        return Outcome::clear(format!("{looked}: no gap is left"));
    }
    let gap = fits.minus(&answers);
    let severity = if gap.mean >= WIDE {
        Severity::Warning
    } else {
        Severity::Note
    };
    let jump = head(case, train, held);
    let statement = format!(
        "It memorised by step {}: over the last quarter of its readings it answers {} of its training rows and {} of those held out{}.",
        step_words(since),
        percent(fits.mean),
        percent(answers.mean),
        jump.as_ref().map_or_else(String::new, |j| j.words.clone())
    );
    let mut finding = Finding::new("memorised", severity, statement)
        .sure(
            gap.above(GAP),
            format!(
                "the gap is above {} by Student's t over the last quarter",
                short(GAP)
            ),
        )
        .sign(train.name, Some(since), MEMORISED * top, "memorised")
        .sign(
            held.name,
            held.last().map(|l| l.0),
            held.last().map_or(f64::NAN, |l| l.1),
            "the newest",
        )
        .try_it(
            "more epochs if it may still come, more rows or more decay if not",
            &more_decay(case),
        )
        .showing(&[train.name, held.name], Some(since));
    if let Some(j) = jump.filter(|j| j.jump.can_tell) {
        finding = finding.sign(
            "forecast",
            None,
            j.jump.p,
            "probability that it generalises by the end",
        );
    }
    Outcome::told(finding, looked)
}

/// Probability from which on "does not" is not said.
const OPEN: f64 = 0.25;

/// What the delayed head of the forecast makes of a run that memorised.
struct Head {
    jump: Jump,
    words: String,
}

fn head(case: &Case<'_>, train: &Track<'_>, held: &Track<'_>) -> Option<Head> {
    let scaled = |t: &Track<'_>| -> Vec<f64> {
        let top = t.top().unwrap_or(1.0);
        t.values.iter().map(|v| v / top).collect()
    };
    let (fits, answers) = (scaled(train), scaled(held));
    let points = |role: Role| case.of(role).map(|t| (t.steps, t.values));
    let now = case.now();
    let horizon = case.facts.horizon.filter(|h| *h > now).unwrap_or(2.0 * now);
    let companions = Companions {
        train_score: Some((train.steps, &fits)),
        held_score: Some((held.steps, &answers)),
        train_loss: points(Role::Loss(Measured::Training)),
        held_loss: points(Role::Loss(Measured::HeldOut)),
        weight_norm: points(Role::Weights),
        now,
    };
    let jump = delayed(&companions, horizon)?;
    let words = if !jump.can_tell {
        "; whether it will generalise cannot be told, for it is like no run that the forecast knows"
            .to_owned()
    } else if jump.p >= SAID {
        format!(
            "; the forecast is that it generalises by step {} with probability {}, around step {} ({} to {})",
            step_words(horizon),
            sure_words(jump.p),
            step_words(jump.step.1),
            step_words(jump.step.0),
            step_words(jump.step.2)
        )
    } else if jump.p >= OPEN {
        format!(
            "; whether it generalises by step {} is open: the forecast gives that a probability of {}",
            step_words(horizon),
            sure_words(jump.p)
        )
    } else {
        format!(
            "; the forecast is that it does not generalise by step {}: probability {} that it does",
            step_words(horizon),
            sure_words(jump.p)
        )
    };
    Some(Head { jump, words })
}

pub(super) fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

/// Of what has been learned, the probability that a measure moves less in the second half than it should to count as moving,
/// and by how much it does.
pub(super) fn rest(track: &Track<'_>) -> Option<(f64, f64, f64)> {
    let coarse = track.coarse(BLOCKS).times(track.sign());
    if coarse.len() < 2 * FEWEST {
        return None;
    }
    let (start, now) = (coarse.steps[0], *coarse.steps.last()?);
    let half = coarse.from(start + 0.5 * (now - start));
    let slope = half.slope()?;
    let length = now - half.steps[0];
    let level = median(&half.values[half.len() - half.len().min(4)..]);
    let learned = track.sign() * track.values[0] - level;
    if learned <= 0.0 {
        return None;
    }
    let doublings = libm::log2(track.steps.len() as f64).max(1.0);
    let matters = REST * learned / doublings;
    let moved = Level {
        mean: -slope.mean * length,
        error: slope.error * length,
        ..slope
    };
    Some((moved.between(-matters, matters), moved.mean, half.steps[0]))
}

/// Plateau: the measure that matters has come to rest short of the best it could be.
pub(super) fn plateau(case: &Case<'_>) -> Outcome {
    let roles = [
        Role::Loss(Measured::HeldOut),
        Role::Loss(Measured::Unknown),
        Role::Loss(Measured::Training),
        Role::Score(Measured::HeldOut),
        Role::Score(Measured::Unknown),
        Role::Score(Measured::Training),
    ];
    let Some(track) = roles.iter().find_map(|r| case.of(*r)) else {
        return Outcome::blind("a loss or a score");
    };
    let looked = format!("`{}`, {} readings", track.name, track.values.len());
    let Some((p, moved, since)) = rest(track) else {
        return Outcome::clear(format!(
            "{looked}: too few readings, or none better than the first"
        ));
    };
    if is_best(track) {
        return Outcome::clear(format!("{looked}: at the best it can be"));
    }
    let last = track.last().map_or(f64::NAN, |l| l.1);
    let statement = format!(
        "It has come to rest: since step {} `{}` {}, and is at {}.",
        step_words(since),
        track.name,
        if moved.abs() <= 1e-6 * last.abs() {
            "has not moved".to_owned()
        } else if moved < 0.0 {
            format!("has got no better (worse by {})", short(-moved))
        } else {
            format!("got better by {} in all", short(moved))
        },
        short(last)
    );
    let finding = Finding::new("plateau", Severity::Note, statement)
        .sure(
            p,
            "it moved less over the second half than a twentieth of its mean progress a doubling of steps, by Student's t of the slope",
        )
        .sign(
            &format!("gain of {}", track.name),
            Some(since),
            moved,
            "since then",
        )
        .try_it("a tenth of the learning rate for a twentieth of the steps: what falls then was held up by step length", &[])
        .showing(&[track.name], Some(since));
    Outcome::told(finding, looked)
}

/// Whether nothing is left to gain: 99.5 % of a share, or a loss of a hundredth of its first value.
fn is_best(track: &Track<'_>) -> bool {
    let tail = median(&track.values[track.values.len() - track.values.len().min(5)..]);
    match (track.role, track.top()) {
        (Role::Score(_), Some(top)) => tail >= 0.995 * top,
        (Role::Loss(_), _) => tail >= 0.0 && tail <= 0.01 * track.values[0],
        _ => false,
    }
}

/// Underfit: not even the training rows are answered, and it gets no better.
pub(super) fn underfit(case: &Case<'_>) -> Outcome {
    let Some(train) = case.share(Measured::Training) else {
        return Outcome::blind(
            "an accuracy on training rows: how low a loss could be is not known",
        );
    };
    let looked = format!("`{}`, {} readings", train.name, train.values.len());
    let Some(((still, moved, since), fits)) = rest(train).zip(recent(train)) else {
        return Outcome::clear(format!("{looked}: too few, or none better than the first"));
    };
    let most = 1.0 - case.facts.noise.unwrap_or(0.0) - GAP;
    let held = case.share(Measured::HeldOut).and_then(recent);
    // A gap says that it is not the fit that is wanting.
    let close = held.map_or(1.0, |h| 1.0 - fits.minus(&h).above(GAP));
    let low = 1.0 - fits.above(most);
    let statement = format!(
        "It underfits: it answers {} of its training rows, and since step {} that has risen by {}{}.",
        percent(fits.mean),
        step_words(since),
        percent(moved / train.top().unwrap_or(1.0)),
        held.map_or_else(String::new, |h| format!(
            "; of those held out it answers {}",
            percent(h.mean)
        ))
    );
    let finding = Finding::new("underfit", Severity::Warning, statement)
        .sure(
            still.min(low).min(close),
            "Student's t: at rest, below what the labels allow less a tenth, and no gap; the least likely of the three",
        )
        .sign(
            train.name,
            train.last().map(|l| l.0),
            fits.mean * train.top().unwrap_or(1.0),
            "answered, over the last quarter",
        )
        .try_it("a few hundred rows alone: a network that cannot store those has too short or too long steps, too little width, or a fault", &[])
        .showing(&[train.name], Some(since));
    Outcome::told(finding, looked)
}
