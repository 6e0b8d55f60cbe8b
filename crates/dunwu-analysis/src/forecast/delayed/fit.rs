//! Fits both networks to runs whose end is known.

use super::network::{DelayedModel, MEMBERS, Member, PARAMETERS, WIDE, hidden, output};
use super::numbers::{MISSING, NEAR, NUMBERS, PARTS, is_logged, numbers};
use super::{KnownRun, unit};
use crate::lbfgs::minimise;
use dunwu_core::Seed;
use std::collections::BTreeMap;

/// Moments of a run that are looked at, as shares of the time from memorising to the jump or the end.
const SHARES: [f64; 9] = [0.03, 0.06, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9];
/// Others, as multiples of the time of memorising: who asks does not know the share. Long waits of runs that have just memorised
/// are hardly foreseen by anything, and would rule the fit: so much they count, for whether and for when.
const MULTIPLES: [f64; 5] = [1.1, 1.3, 1.7, 2.5, 5.0];
const OF_MULTIPLES: (f64, f64) = (0.3, 0.1);
/// Half of the sum of squares of the weights counts this much, beside one case that counts 1.
const RIDGE: f64 = 5.0;
/// What a case counts once more as if a part of its numbers were not logged.
const HIDDEN: f64 = 0.5;
/// Deviations beyond which a case counts less (Huber).
const REACH: f64 = 1.0;
/// Steps of the fit.
const STEPS: usize = 200;
/// Parts of the cells of which one is left out, in turn.
const FOLDS: usize = 10;

/// What is hidden of a case, in turn: bits of [`PARTS`].
const WITHOUT: [usize; 5] = [0b100, 0b011, 0b111, 0b010, 0b001];

/// A run at a moment: its numbers, whether it jumped by its end, ln(time to the jump / [`unit`]), and whether the moment is one
/// of [`MULTIPLES`].
struct Case {
    numbers: [f64; NUMBERS],
    ever: bool,
    log_wait: Option<f64>,
    multiple: bool,
}

fn cases(run: &KnownRun) -> Vec<Case> {
    let Some((memorised, jumped, end)) = run.times() else {
        return vec![];
    };
    let until = jumped.unwrap_or(end);
    let shares = SHARES.map(|share| (memorised + share * (until - memorised), false));
    let multiples = MULTIPLES.map(|times| (memorised * times, true));
    let moments = shares.into_iter().chain(multiples);
    let case = |(now, multiple): (f64, bool)| {
        Some(Case {
            numbers: numbers(&run.at(now))?,
            ever: jumped.is_some(),
            log_wait: jumped.map(|j| libm::log((j - now) / unit(now, memorised))),
            multiple,
        })
    };
    moments.filter(|m| m.0 < until).filter_map(case).collect()
}

/// Fits both networks; None if no run memorised long before it generalised, or all did, or none.
pub fn learn_delayed(runs: &[&KnownRun]) -> Option<DelayedModel> {
    let deviation = missed(&folds(runs))?;
    Some(DelayedModel {
        deviation,
        ..fit(runs)?
    })
}

/// Runs in ten parts by their cells, each with the model that is fitted to the others. How wide its intervals are, is told by
/// what all of these models miss.
#[derive(Clone, Debug)]
pub struct LeftOut<'a>(pub(crate) Vec<(Vec<&'a KnownRun>, DelayedModel)>);

impl<'a> LeftOut<'a> {
    /// Fits all of these models.
    pub fn of(runs: &'a [KnownRun]) -> Self {
        let mut models = folds(&runs.iter().collect::<Vec<_>>());
        if let Some(deviation) = missed(&models) {
            models.iter_mut().for_each(|m| m.1.deviation = deviation);
        }
        Self(models)
    }
}

fn folds<'a>(runs: &[&'a KnownRun]) -> Vec<(Vec<&'a KnownRun>, DelayedModel)> {
    let mut cells: BTreeMap<&str, Vec<&KnownRun>> = BTreeMap::new();
    for run in runs {
        cells.entry(&run.cell).or_default().push(run);
    }
    let part = |k: usize| {
        let (mut of, mut others) = (vec![], vec![]);
        for (i, runs) in cells.values().enumerate() {
            if i % FOLDS == k { &mut of } else { &mut others }.extend(runs.iter().copied());
        }
        Some((of, fit(&others)?))
    };
    (0..FOLDS).filter_map(part).collect()
}

/// What ln(time to the jump) misses what was foreseen by models that did not see the run: ln of the deviation, as a line over
/// how near memorising is.
fn missed(models: &[(Vec<&KnownRun>, DelayedModel)]) -> Option<[f64; 2]> {
    let mut points = Vec::new();
    for (runs, model) in models {
        for case in runs.iter().flat_map(|r| cases(r)) {
            let off = case
                .log_wait
                .map(|w| (w - model.tell(&case.numbers).wait).abs());
            points.extend(off.map(|o| (case.numbers[NEAR], libm::log(o.max(1e-3)) - LOG_NORMAL)));
        }
    }
    let n = points.len() as f64;
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |(a, b), p| (a + p.0 / n, b + p.1 / n));
    let moments = points.iter().fold((0.0, 0.0), |(a, b), p| {
        (a + (p.0 - x) * (p.0 - x), b + (p.0 - x) * (p.1 - y))
    });
    let slope = moments.1 / moments.0.max(1e-9);
    (!points.is_empty()).then_some([y - slope * x, slope])
}

/// Mean of ln|x| for a standard normal x: −(γ + ln 2)/2.
const LOG_NORMAL: f64 = -0.635_181_422_730_739_1;

/// Standardised numbers, what should come out, and how much it counts.
struct Example {
    z: [f64; NUMBERS],
    wanted: f64,
    weight: f64,
}

fn fit(runs: &[&KnownRun]) -> Option<DelayedModel> {
    let cases: Vec<Case> = runs.iter().flat_map(|r| cases(r)).collect();
    if cases.iter().all(|c| c.ever) || cases.iter().all(|c| !c.ever) {
        return None;
    }
    let (centre, spread) = standards(&cases);
    let mut model = DelayedModel {
        centre,
        spread,
        ever: vec![],
        wait: vec![],
        deviation: [0.0; 2],
    };
    let examples = |of_multiples: f64, wanted: &dyn Fn(&Case) -> Option<f64>| -> Vec<Example> {
        let of = |(i, case): (usize, &Case)| {
            let wanted = wanted(case)?;
            let weight = if case.multiple { of_multiples } else { 1.0 };
            let example = |numbers: &[f64; NUMBERS], weight: f64| Example {
                z: model.standard(numbers),
                wanted,
                weight,
            };
            let partly = hide(&case.numbers, WITHOUT[i % WITHOUT.len()]);
            Some([
                example(&case.numbers, weight),
                example(&partly, HIDDEN * weight),
            ])
        };
        cases.iter().enumerate().filter_map(of).flatten().collect()
    };
    let (ever, wait) = (
        examples(OF_MULTIPLES.0, &|c| Some(f64::from(u8::from(c.ever)))),
        examples(OF_MULTIPLES.1, &|c| c.log_wait),
    );
    model.ever = members(&ever, "whether", cross_entropy);
    model.wait = members(&wait, "when", huber);
    Some(model)
}

/// Numbers of which parts are not logged.
fn hide(numbers: &[f64; NUMBERS], which: usize) -> [f64; NUMBERS] {
    let mut out = *numbers;
    for (bit, (_, flag)) in PARTS.into_iter().enumerate() {
        if which >> bit & 1 == 1 {
            out[flag] = 1.0;
        }
    }
    out
}

/// Mean and deviation of each number, of the runs that log it.
fn standards(cases: &[Case]) -> ([f64; NUMBERS], [f64; NUMBERS]) {
    let (mut centre, mut spread) = ([0.0; NUMBERS], [1.0; NUMBERS]);
    for i in 0..MISSING {
        let logged = |c: &&Case| is_logged(&c.numbers, i);
        let values: Vec<f64> = cases.iter().filter(logged).map(|c| c.numbers[i]).collect();
        let n = values.len().max(1) as f64;
        centre[i] = values.iter().sum::<f64>() / n;
        let square: f64 = values
            .iter()
            .map(|v| (v - centre[i]) * (v - centre[i]))
            .sum();
        spread[i] = (square / n).sqrt().max(1e-3);
    }
    (centre, spread)
}

/// Loss of an output, and its derivative.
type Loss = fn(f64, f64) -> (f64, f64);

fn cross_entropy(out: f64, wanted: f64) -> (f64, f64) {
    let p = 1.0 / (1.0 + libm::exp(-out));
    let loss = out.max(0.0) - wanted * out + libm::log1p(libm::exp(-out.abs()));
    (loss, p - wanted)
}

fn huber(out: f64, wanted: f64) -> (f64, f64) {
    let (off, far) = (out - wanted, (out - wanted).abs() > REACH);
    let slope = off.clamp(-REACH, REACH);
    let loss = if far {
        REACH * (off.abs() - 0.5 * REACH)
    } else {
        0.5 * off * off
    };
    (loss, slope)
}

fn members(examples: &[Example], name: &str, loss: Loss) -> Vec<Member> {
    let member = |i: usize| {
        let start = initial(&format!("delayed generalisation, {name} {i}"));
        let found = minimise(&start, STEPS, &mut |w, gradient| {
            objective(w.try_into().expect("as many"), examples, loss, gradient)
        });
        found.try_into().expect("as many")
    };
    (0..MEMBERS).map(member).collect()
}

/// Weights of variance 1/inputs, biases of zero.
fn initial(key: &str) -> Vec<f64> {
    let mut draws = Seed(0).draws(key);
    let mut out = vec![0.0; PARAMETERS];
    let (weights, rest) = out.split_at_mut(NUMBERS * WIDE);
    weights.fill_with(|| draws.normal() / (NUMBERS as f64).sqrt());
    rest[WIDE..2 * WIDE].fill_with(|| 0.5 * draws.normal() / (WIDE as f64).sqrt());
    out
}

/// Sum of losses with the ridge, which leaves biases alone; its gradient.
fn objective(w: &Member, examples: &[Example], loss: Loss, gradient: &mut [f64]) -> f64 {
    let (readout, biases) = (NUMBERS * WIDE + WIDE, NUMBERS * WIDE);
    let mut total = 0.0;
    for (i, (g, x)) in gradient.iter_mut().zip(w).enumerate() {
        let decays = i < biases || (readout..readout + WIDE).contains(&i);
        *g = if decays { RIDGE * x } else { 0.0 };
        total += 0.5 * *g * x;
    }
    for e in examples {
        let h = hidden(w, &e.z);
        let (of, slope) = loss(output(w, &h), e.wanted);
        total += e.weight * of;
        let back = e.weight * slope;
        let mut through = [0.0; WIDE];
        for j in 0..WIDE {
            gradient[readout + j] += back * h[j];
            through[j] = back * w[readout + j] * (1.0 - h[j] * h[j]);
            gradient[biases + j] += through[j];
        }
        gradient[readout + WIDE] += back;
        for (x, row) in e.z.iter().zip(gradient.chunks_exact_mut(WIDE)) {
            for (g, t) in row.iter_mut().zip(&through) {
                *g += x * t;
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::delayed::delayed;

    /// A run that memorises at step 100 and, where its norm falls, generalises at `jump`.
    fn run(cell: usize, jump: Option<f64>) -> KnownRun {
        let steps: Vec<f64> = (0..80).map(|s| 50.0 * f64::from(s)).collect();
        let rate = jump.map_or(0.0, |j| 1.0 / j);
        let mut run = KnownRun {
            cell: cell.to_string(),
            ..KnownRun::default()
        };
        let mut add = |name: &str, f: &dyn Fn(f64) -> f64| {
            let values = steps.iter().map(|s| f(*s)).collect();
            run.series.insert(name.into(), (steps.clone(), values));
        };
        add("train_acc", &|s| if s < 100.0 { 0.2 } else { 1.0 });
        let rises = |s: f64| 0.03 + 0.9 * (2.0 * s * rate - 1.0).clamp(0.0, 1.0);
        add("test_acc", &rises);
        add("train_loss", &|s| 2.0 * libm::exp(-s / 60.0) + 1e-4);
        add("test_loss", &|s| 3.0 - s * rate);
        add("weight_norm", &|s| 40.0 * libm::exp(-s * rate));
        run
    }

    fn runs() -> Vec<KnownRun> {
        let jump = |i: usize| i.is_multiple_of(2).then_some(400.0 + 80.0 * i as f64);
        (0..12).map(|i| run(i, jump(i))).collect()
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let example = |i: usize| Example {
            z: std::array::from_fn(|k| ((i * 7 + k * 3) % 5) as f64 / 2.0 - 1.0),
            wanted: f64::from(u8::from(i.is_multiple_of(2))),
            weight: 0.5 + i as f64,
        };
        let examples: Vec<Example> = (0..4).map(example).collect();
        let member: Member = initial("a test").try_into().unwrap();
        for loss in [cross_entropy as Loss, huber] {
            let (mut gradient, mut unused) = (vec![0.0; PARAMETERS], vec![0.0; PARAMETERS]);
            objective(&member, &examples, loss, &mut gradient);
            for (p, g) in gradient.iter().enumerate() {
                let mut value = |by: f64| {
                    let mut moved = member;
                    moved[p] += by;
                    objective(&moved, &examples, loss, &mut unused)
                };
                let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
                assert!(
                    (slope - g).abs() < 1e-6 * (1.0 + g.abs()),
                    "{p}: {slope} {g}"
                );
            }
        }
    }

    #[test]
    fn what_is_learned_is_the_same_again_reads_back_and_parts_the_two_kinds() {
        let known = runs();
        let all: Vec<&KnownRun> = known.iter().collect();
        let model = learn_delayed(&all).unwrap();
        assert_eq!(Some(&model), learn_delayed(&all).as_ref());
        assert_eq!(
            Some(&model),
            DelayedModel::from_bytes(&model.to_bytes()).as_ref()
        );
        let ever = |jump| model.tell(&numbers(&run(99, jump).at(300.0)).unwrap()).ever;
        assert!(ever(Some(900.0)) > ever(None) + 2.0);
        let none: Vec<&KnownRun> = all
            .iter()
            .copied()
            .filter(|r| r.times().unwrap().1.is_none())
            .collect();
        assert!(learn_delayed(&none).is_none(), "no run generalised");
        let left = LeftOut::of(&known);
        assert_eq!(left.0.iter().map(|p| p.0.len()).sum::<usize>(), known.len());
    }

    #[test]
    fn a_log_of_accuracies_alone_is_told_about() {
        let known = run(0, Some(2000.0));
        let all = known.at(900.0);
        let scores = crate::forecast::Companions {
            train_loss: None,
            held_loss: None,
            weight_norm: None,
            ..all
        };
        for companions in [all, scores] {
            let jump = delayed(&companions, 1e5).unwrap();
            assert!(jump.can_tell && jump.step.0 < jump.step.1, "{jump:?}");
        }
    }
}
