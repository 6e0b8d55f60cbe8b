//! What is known of runs of this program: decay, data, and why they did not generalise.

use super::belief::{normal, probability};
use super::breaks::written;
use super::case::{Case, Own, Role, Track};
use super::coarse::Coarse;
use super::finding::{Finding, Outcome, Severity, key_words};
use super::fit::{BLOCKS, FEWEST, more_decay};
use crate::boundary::{Point, laws, predict};
use crate::fate::Fate;
use crate::forecast::step_words;
use crate::forecast::{Measured, short};

/// When the training rows were memorised while the held-out rows are not answered; None if that is not so.
fn stuck(case: &Case<'_>) -> Option<f64> {
    let (train, held) = (
        case.share(Measured::Training)?,
        case.share(Measured::HeldOut)?,
    );
    let scale = |t: &Track<'_>| t.top().unwrap_or(1.0);
    let last = |t: &Track<'_>| t.last().map(|l| l.1 / scale(t));
    let since = train
        .values
        .iter()
        .position(|v| *v >= 0.99 * scale(train))?;
    (last(train)? - last(held)? > 0.1).then_some(train.steps[since])
}

/// Decay too weak: it memorised, answers nothing else, and nothing holds its weights back.
pub(super) fn decay_too_weak(case: &Case<'_>) -> Outcome {
    let Some(norm) = case.of(Role::Weights) else {
        let none = case
            .facts
            .own
            .as_ref()
            .is_some_and(|own| own.weight_decay == 0.0);
        return match (stuck(case), none) {
            (Some(since), true) => Outcome::Found(Box::new(no_decay(case, since))),
            _ => Outcome::blind("a norm of the weights"),
        };
    };
    let Some(since) = stuck(case) else {
        let both = case
            .share(Measured::Training)
            .and(case.share(Measured::HeldOut))
            .is_some();
        return if both {
            Outcome::clear(format!(
                "`{}`: it is not so that it memorised and nothing more",
                norm.name
            ))
        } else {
            Outcome::blind("an accuracy on training rows and one on held-out rows")
        };
    };
    if case
        .facts
        .own
        .as_ref()
        .is_some_and(|own| own.weight_decay == 0.0)
    {
        return Outcome::Found(Box::new(no_decay(case, since)));
    }
    let norms = case.tracks.iter().filter(|t| t.role == Role::Weights);
    let grown = norms.map(|t| growth(t, since));
    // All must grow: of several norms the one that grows least surely counts.
    let Some((norm, after, p)) = grown.max_by(|a, b| a.2.total_cmp(&b.2)) else {
        return Outcome::blind("a norm of the weights");
    };
    let looked = format!("`{}` since step {}", norm.name, step_words(since));
    if after.len() < FEWEST {
        return Outcome::clear(format!("{looked}: too few readings"));
    }
    let (from, to) = (after.values[0], after.values[after.len() - 1]);
    let statement = format!(
        "Nothing holds its weights back: it memorised by step {}, and `{}` has grown from {} to {} since{}.",
        step_words(since),
        norm.name,
        short(from),
        short(to),
        coupled(case.facts.own.as_ref())
    );
    let finding = Finding::new("decay_too_weak", Severity::Warning, statement)
        .sure(
            probability(p),
            format!(
                "the growth against a random walk, by size and by sign, p = {}",
                written(p)
            ),
        )
        .sign(norm.name, Some(since), from, "when it had memorised")
        .sign(norm.name, norm.last().map(|l| l.0), to, "now")
        .try_it(
            "three times the decay, as decoupled decay (AdamW) if the optimiser is Adam",
            &stronger(case),
        )
        .showing(&[norm.name], Some(since));
    Outcome::told(finding, looked)
}

/// A norm since a step, in blocks, and how likely a random walk grows as it does: by size or by sign, two looks.
fn growth<'c, 'a>(norm: &'c Track<'a>, since: f64) -> (&'c Track<'a>, Coarse, f64) {
    let after = norm.from(since).coarse(BLOCKS);
    let p = (2.0 * after.drift().min(after.rises())).min(1.0);
    (norm, after, p)
}

fn coupled(own: Option<&Own>) -> &'static str {
    match own {
        Some(own) if own.coupled => {
            "; its decay is added to the gradient, which Adam divides by its size, so it does not pull in proportion to the weights"
        }
        _ => "",
    }
}

/// More decay, decoupled where it goes through Adam.
fn stronger(case: &Case<'_>) -> Vec<(&'static str, String)> {
    let mut change = more_decay(case);
    if case
        .facts
        .own
        .as_ref()
        .is_some_and(|own| own.coupled && own.weight_decay > 0.0)
    {
        // Decoupled decay shrinks weights by lr times its coefficient: 0.1 to 1 are usual, and 1 shows an effect soonest.
        change = vec![
            ("optimizer", "adamw".to_owned()),
            ("weight_decay", "1".to_owned()),
        ];
    }
    change
}

fn no_decay(case: &Case<'_>, since: f64) -> Finding {
    let statement = format!(
        "There is no weight decay: it memorised by step {}, answers nothing else, and nothing makes it look for a shorter answer.",
        step_words(since)
    );
    let shown: Vec<&str> = [case.of(Role::Weights), case.share(Measured::HeldOut)]
        .into_iter()
        .flatten()
        .map(|t| t.name)
        .collect();
    let mut finding = Finding::new("decay_too_weak", Severity::Warning, statement)
        .sure(1.0, "a fact: weight_decay is 0")
        .sign("weight_decay", None, 0.0, "of the plan")
        .try_it("the same with decay", &more_decay(case))
        .showing(&shown, Some(since));
    if let Some(norm) = case.of(Role::Weights)
        && let Some((step, value)) = norm.last()
    {
        finding = finding.sign(norm.name, Some(step), value, "now");
    }
    finding
}

/// Borders that were measured with `dunwu boundary` (docs/boundary.md): order, what the theory multiplies M log M by, the border and
/// its 95 % interval. 2048 nodes (2008 at 251), x², Adam, 3000 epochs, lr 5e-4 and decay 2e-4 (1e-3 and 1e-4 at 251).
pub const BORDERS: &[[f64; 5]] = &[
    [23.0, 1.0, 0.3376, 0.3334, 0.3444],
    [31.0, 1.0, 0.2700, 0.2612, 0.2786],
    [36.0, 1.0, 0.2422, 0.2366, 0.2546],
    [40.0, 1.0, 0.2141, 0.2086, 0.2183],
    [41.0, 1.0, 0.2261, 0.2174, 0.2329],
    [71.0, 1.0, 0.1582, 0.1502, 0.1645],
    [89.0, 1.0, 0.1413, 0.1340, 0.1471],
    [127.0, 1.0, 0.1187, 0.1124, 0.1346],
    [251.0, 1.0, 0.0914, 0.0872, 0.1012],
];

/// Where the border of a group lies, its 95 % interval, and by what.
struct Known {
    at: f64,
    low: f64,
    high: f64,
    by: String,
}

/// As it was measured for that order, else by the laws that the measured borders leave.
fn border(order: f64, factor: f64) -> Option<Known> {
    if let Some([_, _, at, low, high]) = BORDERS.iter().find(|b| b[0] == order && b[1] == factor) {
        let by = "the border that was measured for this order".to_owned();
        return Some(Known {
            at: *at,
            low: *low,
            high: *high,
            by,
        });
    }
    let point = |[size, factor, border, low, high]: &[f64; 5]| Point {
        size: *size,
        factor: *factor,
        border: *border,
        low: *low,
        high: *high,
    };
    let points: Vec<Point> = BORDERS.iter().map(point).collect();
    let said = predict(&laws(&points, &[]).ok()?, order, factor);
    let voice = said.from.first().map_or("", |v| v.form);
    Some(Known {
        at: said.at,
        low: said.low,
        high: said.high,
        by: format!("the laws that nine measured borders leave, `{voice}` the heaviest"),
    })
}

/// Too little data: fewer rows than the border of its group.
pub(super) fn too_little_data(case: &Case<'_>) -> Outcome {
    let Some(own) = &case.facts.own else {
        return Outcome::blind(
            "a run of this program on the table of a group: only there a border is known",
        );
    };
    let Some((order, factor)) = own.group else {
        return Outcome::blind("a task that is a group: only there a border is known");
    };
    let Some(since) = stuck(case) else {
        return Outcome::clear(format!(
            "{} of all rows: it is not so that it memorised and nothing more",
            percent(own.fraction)
        ));
    };
    let Some(known) = border(order, factor) else {
        return Outcome::blind("a law of the border");
    };
    // Log-normal with the quantiles of the prediction, each side with its own deviation.
    let off = libm::log(known.at / own.fraction);
    let side = if off > 0.0 {
        known.at / known.low
    } else {
        known.high / known.at
    };
    let p = normal(off / (libm::log(side) / 1.96));
    let statement = format!(
        "There is too little data: it sees {} of the rows, and half of the runs on groups of order {} generalise from {} on ({} to {}).",
        percent(own.fraction),
        order,
        percent(known.at),
        percent(known.low),
        percent(known.high)
    );
    let wanted = (1.5 * known.high).min(0.9);
    let finding = Finding::new("too_little_data", Severity::Warning, statement)
        .sure(
            p,
            format!(
                "{}, log-normal; measured with 2048 nodes and 3000 epochs, and other settings move it",
                known.by
            ),
        )
        .sign("training fraction", None, own.fraction, "of all rows")
        .sign("border", None, known.at, "training fraction at which half of the runs generalise")
        .try_it("half as many rows again as the border", &[("train_fraction", key_words(wanted))])
        .showing(&held(case), Some(since));
    Outcome::told(
        finding,
        format!(
            "{} of all rows against a border of {}",
            percent(own.fraction),
            percent(known.at)
        ),
    )
}

fn held<'a>(case: &Case<'a>) -> Vec<&'a str> {
    [
        case.share(Measured::Training),
        case.share(Measured::HeldOut),
    ]
    .into_iter()
    .flatten()
    .map(|t| t.name)
    .collect()
}

fn percent(x: f64) -> String {
    super::fit::percent(x)
}

/// Why it did not generalise, by the stages it went through.
pub(super) fn does_not_generalise(case: &Case<'_>) -> Outcome {
    let Some(own) = &case.facts.own else {
        return Outcome::blind("a run of this program: stages are told by its probes");
    };
    let fate = &own.account.fate;
    let looked = format!("its fate: {}", fate.name);
    let bad = [Fate::DoesNotGeneralise.name(), Fate::StuckLazy.name()];
    if !bad.contains(&fate.name.as_str()) {
        return Outcome::clear(looked);
    }
    let stage = own.account.stages.last();
    let at = stage.map_or_else(String::new, |s| {
        format!(
            " Its last stage is `{}`, from epoch {} on: {}.",
            s.name,
            s.from.unwrap_or(0),
            s.statement
        )
    });
    let statement = format!("It does not generalise: {}.{at}", fate.statement);
    let severity = if fate.name == Fate::StuckLazy.name() {
        Severity::Failure
    } else {
        Severity::Warning
    };
    let mut finding = Finding::new("does_not_generalise", severity, statement)
        .sure(fate.confidence, "the fate of the run (docs/stages.md): how long it was followed, and whether its weights were at rest")
        .showing(&held(case), fate.from.map(|e| e as f64));
    for e in fate
        .by
        .iter()
        .chain(stage.iter().flat_map(|s| &s.by))
        .take(8)
    {
        finding = finding.sign(&e.signal, Some(e.epoch as f64), e.value, e.says.clone());
    }
    if let Some((possible, covered)) = own.features.zip(covered(case)) {
        finding = finding.sign(
            "features_covered",
            Some(case.now()),
            covered,
            format!("features that have a node of their own, of {possible}"),
        );
    }
    let advice = own.account.sentences.last().cloned().unwrap_or_default();
    Outcome::told(finding.try_it(advice, &next(case, own)), looked)
}

fn covered(case: &Case<'_>) -> Option<f64> {
    case.tracks
        .iter()
        .find(|t| t.name == "features_covered")?
        .last()
        .map(|l| l.1)
}

/// What to change first: decay if there is none, rows if it is below the border, else epochs.
fn next(case: &Case<'_>, own: &Own) -> Vec<(&'static str, String)> {
    let known = own.group.and_then(|(order, factor)| border(order, factor));
    match known {
        _ if own.weight_decay == 0.0 => more_decay(case),
        Some(b) if own.fraction < b.high => {
            vec![("train_fraction", key_words((1.5 * b.high).min(0.9)))]
        }
        _ => vec![("epochs", (4 * own.epochs).to_string())],
    }
}
