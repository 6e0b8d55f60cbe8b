//! What a comparison shows and what it does not, in plain words.

use super::effects::{FinalEffect, Finals, PairEffect, Verdict};
use super::sign::sign_test;
use super::times::{Compared, Measured};
use super::tuning::{Choice, Edge};
use serde::{Deserialize, Serialize};

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// Whether it is shown; if not, the text says what is not, and why.
    pub shown: bool,
    /// The statement.
    pub text: String,
}

/// What is known of a comparison beside its times.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene<'a> {
    /// Names of the sides, the first being the one that others are compared with.
    pub sides: &'a [String],
    /// Their learning rates, as they were run.
    pub lr: &'a [f64],
    /// How they were chosen; None if they were given.
    pub choices: Option<&'a [Choice]>,
    /// Runs by which each rate was judged.
    pub tuning_runs: usize,
    /// Name of the control: the first side with a larger learning rate.
    pub control: &'a str,
    /// The side that has the control's plan, if one has.
    pub control_is: Option<&'a str>,
    /// Seeds.
    pub seeds: usize,
    /// Whether the two runs of a seed have the same training rows.
    pub same_split: bool,
    /// Whether they begin with the same weights, where shapes agree.
    pub same_start: bool,
}

/// The statements, those that are shown first.
pub fn conclude(scene: &Scene<'_>, compared: &Compared) -> Vec<Conclusion> {
    let first = scene.sides.first().map_or("", String::as_str);
    let work = Work {
        scene,
        compared,
        first,
        out: Vec::new(),
    };
    let mut out = work.all();
    // Stable: each kind keeps its order.
    out.sort_by_key(|c| !c.shown);
    out
}

struct Work<'a> {
    scene: &'a Scene<'a>,
    compared: &'a Compared,
    first: &'a str,
    out: Vec<Conclusion>,
}

impl Work<'_> {
    fn all(mut self) -> Vec<Conclusion> {
        for other in self.scene.sides.iter().skip(1) {
            let mut levels = self.levels(other);
            let half = ("test_50", "first");
            if !levels.contains(&half)
                && self.first(other, "test_50") != self.first(other, "test_99")
            {
                levels.push(half);
            }
            for (name, crossing) in &levels {
                self.times(other, name, crossing);
            }
            for name in ["test_99", "test_50"] {
                self.flip(other, name);
            }
            self.control(other, &levels);
        }
        for finals in &self.compared.finals {
            self.finals(finals);
        }
        self.rates();
        self.limits();
        self.out
    }

    fn say(&mut self, shown: bool, text: String) {
        self.out.push(Conclusion { shown, text });
    }

    /// The measures to speak of: at 0.99, and at 0.5 where many runs do not come so far.
    fn levels(&self, other: &str) -> Vec<(&'static str, &'static str)> {
        let far = |m: &Measured| {
            let of = [self.first, other].into_iter().filter_map(|s| m.side(s));
            of.map(|s| (s.crossed, s.runs)).all(|(n, all)| 2 * n > all)
        };
        let both = |name| [(name, "first"), (name, "sustained")];
        match self.compared.measure("test_99", "first") {
            Some(m) if far(m) => both("test_99").to_vec(),
            _ => [both("test_99"), both("test_50")].concat(),
        }
    }

    /// Who comes first to a level.
    fn first(&self, other: &str, name: &str) -> Option<Verdict> {
        let measure = self.compared.measure(name, "first")?;
        Some(measure.pair(other, self.first)?.verdict)
    }

    fn times(&mut self, other: &str, name: &str, crossing: &str) {
        let Some(m) = self.compared.measure(name, crossing) else {
            return;
        };
        let Some(pair) = m.pair(other, self.first) else {
            return;
        };
        let goal = goal(name, crossing);
        if pair.neither == self.scene.seeds {
            let text = format!(
                "Nothing is known of when {goal}: no run of {} or {other} came so far in {} epochs.",
                self.first, self.compared.budget
            );
            return self.say(false, text);
        }
        let numbers = numbers(m, pair);
        let (shown, text) = match pair.verdict {
            Verdict::Earlier => (
                true,
                format!(
                    "{goal} earlier with {other} than with {}: {numbers}.",
                    self.first
                ),
            ),
            Verdict::Later => (
                true,
                format!(
                    "{goal} later with {other} than with {}: {numbers}.",
                    self.first
                ),
            ),
            Verdict::Alike => (
                true,
                format!(
                    "{goal} at about the same time with {other} and {}, within 10 % on average: {numbers}.",
                    self.first
                ),
            ),
            Verdict::CannotTell => (
                false,
                format!(
                    "Whether {goal} earlier with {other} or with {} cannot be told: {numbers}.",
                    self.first
                ),
            ),
        };
        self.say(shown, capital(&text));
    }

    /// Whether the order of first crossings is that of sustained ones.
    fn flip(&mut self, other: &str, name: &str) {
        let pair = |crossing| {
            self.compared
                .measure(name, crossing)?
                .pair(other, self.first)
        };
        let (Some(first), Some(stays)) = (pair("first"), pair("sustained")) else {
            return;
        };
        let side = |p: &PairEffect| p.earlier.cmp(&p.later);
        let turned = side(first) == side(stays).reverse() && side(first).is_ne();
        if turned {
            let text = format!(
                "The order turns when {} must be kept to the end: {other} is earlier in {} and later in {} seeds by first crossing, {} and {} by sustained crossing.",
                level(name),
                first.earlier,
                first.later,
                stays.earlier,
                stays.later
            );
            self.say(false, text);
        }
    }

    /// Whether a larger step alone would do what the other side does.
    fn control(&mut self, other: &str, levels: &[(&str, &str)]) {
        let control = self.scene.control;
        if let Some(same) = self.scene.control_is {
            if same == other {
                let text = format!("{other} is {control}: the control is this side itself.");
                self.say(false, text);
            }
            return;
        }
        for (name, crossing) in levels {
            let Some(m) = self.compared.measure(name, crossing) else {
                continue;
            };
            let (Some(of), Some(to)) = (m.pair(other, self.first), m.pair(other, control)) else {
                continue;
            };
            if of.verdict != Verdict::Earlier {
                continue;
            }
            let (goal, numbers) = (goal(name, crossing), numbers(m, to));
            let (shown, text) = match to.verdict {
                Verdict::Earlier => (
                    true,
                    format!(
                        "A larger step alone does not do it: {goal} earlier with {other} than with {control} too: {numbers}."
                    ),
                ),
                Verdict::Later => (
                    true,
                    format!(
                        "A larger step alone does more: {goal} later with {other} than with {control}: {numbers}."
                    ),
                ),
                Verdict::Alike | Verdict::CannotTell => (
                    false,
                    format!(
                        "That {other} does more than a larger step is not shown: beside {control}, whether {goal} earlier is open: {numbers}."
                    ),
                ),
            };
            self.say(shown, text);
        }
    }

    fn finals(&mut self, finals: &Finals) {
        if let Some(why) = &finals.incomparable {
            let text =
                format!("Which side ends with the lower held-out loss is no question: {why}.");
            return self.say(false, text);
        }
        let pairs = finals
            .pairs
            .iter()
            .filter(|p| p.to == self.first && p.of != self.scene.control);
        for p in pairs.cloned().collect::<Vec<_>>() {
            self.last(&finals.name, &p);
        }
    }

    fn last(&mut self, name: &str, p: &FinalEffect) {
        let what = if name == "test_loss" {
            "held-out loss"
        } else {
            "held-out accuracy"
        };
        let (Some(effect), Some(low), Some(high)) = (p.effect, p.low, p.high) else {
            let text = format!(
                "Which side ends with the lower {what} cannot be told: some scores are not finite or there are none."
            );
            return self.say(false, text);
        };
        let (neutral, size) = if name == "test_loss" {
            (
                1.0,
                format!(
                    "{} times that of {}, 95 % {} to {}",
                    short(effect),
                    p.to,
                    short(low),
                    short(high)
                ),
            )
        } else {
            let points = |x: f64| {
                // Means of equal scores differ in their last bits.
                let x = if x.abs() < 1e-12 { 0.0 } else { x };
                format!(
                    "{}{}",
                    if x < 0.0 { "−" } else { "+" },
                    short(100.0 * x.abs())
                )
            };
            (
                0.0,
                format!(
                    "{} points beside {}, 95 % {} to {}",
                    points(effect),
                    p.to,
                    points(low),
                    points(high)
                ),
            )
        };
        let clear = p.sign_p < 0.05 && (high < neutral || low > neutral);
        let counts = format!(
            "lower in {} and higher in {} seeds, sign test p = {}",
            p.lower,
            p.higher,
            short(p.sign_p)
        );
        let text = if clear {
            let word = if effect < neutral { "lower" } else { "higher" };
            format!(
                "At epoch {} the {what} of {} is {word}: {size}; {counts}.",
                self.compared.budget, p.of
            )
        } else {
            format!(
                "At epoch {} no difference of {what} is shown between {} and {}: {size}; {counts}.",
                self.compared.budget, p.of, p.to
            )
        };
        self.say(clear, text);
    }

    /// What the choice of learning rates leaves open.
    fn rates(&mut self) {
        let Some(choices) = self.scene.choices else {
            let rates: Vec<String> = self
                .scene
                .sides
                .iter()
                .zip(self.scene.lr)
                .map(|(s, lr)| format!("{s} {}", short(*lr)))
                .collect();
            let text = format!(
                "Learning rates were given, not tuned ({}): a difference may be one of learning rates.",
                rates.join(", ")
            );
            return self.say(false, text);
        };
        for (side, choice) in self.scene.sides.iter().zip(choices) {
            let end = match choice.edge {
                _ if choice.by == "nothing" => {
                    let text = format!(
                        "No learning rate of the grid of {side} is better than another: it kept {}.",
                        short(choice.lr)
                    );
                    self.say(false, text);
                    continue;
                }
                Some(Edge::High) => "largest",
                Some(Edge::Low) => "smallest",
                None => continue,
            };
            let text = format!(
                "What {side} can do at best is not shown: its best learning rate, {}, is the {end} of its grid; move the grid with tune=lr:LOW:HIGH:COUNT.",
                short(choice.lr)
            );
            self.say(false, text);
        }
        let runs = self.scene.tuning_runs;
        let text = format!(
            "Each learning rate was judged by {runs} {} only, on other seeds than these, by first crossings.",
            if runs == 1 { "run" } else { "runs" }
        );
        self.say(false, text);
    }

    fn limits(&mut self) {
        let least = sign_test(self.scene.seeds, 0);
        if least >= 0.05 {
            let text = format!(
                "{} seeds are too few: even if one side were earlier in all of them, the sign test would give p = {}; 6 seeds can reach 0.05.",
                self.scene.seeds,
                short(least)
            );
            self.say(false, text);
        }
        if !self.scene.same_split {
            let text = "Pairs share a seed but not their training rows: the sides differ in what they are trained on.";
            self.say(false, text.to_owned());
        }
        if !self.scene.same_start {
            let text = "Pairs do not begin with the same weights where shapes agree: chance in the start is part of the difference.";
            self.say(false, text.to_owned());
        }
        let text = format!(
            "Other tasks, sizes, shares of data, decays and budgets were not tried; times beyond {} epochs count as not crossed.",
            self.compared.budget
        );
        self.say(false, text);
    }
}

/// What is reached, as the beginning of a sentence.
fn goal(name: &str, crossing: &str) -> String {
    let stays = if crossing == "sustained" {
        " for good"
    } else {
        ""
    };
    format!("{} is reached{stays}", level(name))
}

fn level(name: &str) -> &'static str {
    if name == "test_50" {
        "50 % held-out accuracy"
    } else {
        "99 % held-out accuracy"
    }
}

/// Counts, ratios, means and tests of one comparison.
fn numbers(m: &Measured, p: &PairEffect) -> String {
    let pairs = p.earlier + p.later + p.same + p.neither;
    let mut out = format!("earlier in {} of {pairs} seeds", p.earlier);
    for (n, what) in [
        (p.later, "later"),
        (p.same, "the same"),
        (p.neither, "neither"),
    ] {
        if n > 0 {
            out += &format!(", {what} in {n}");
        }
    }
    out += &format!("; ratio of times {}", median_ratio(p));
    if let Some(r) = p.mean_ratio {
        let mean = |name: &str| {
            m.side(name)
                .and_then(|s| s.restricted_mean)
                .map_or_else(|| "?".to_owned(), |x| format!("{x:.0}"))
        };
        out += &format!(
            "; mean up to the budget {} against {} epochs, ratio {} (95 % {} to {})",
            mean(&p.of),
            mean(&p.to),
            short(r.value),
            short(r.low),
            short(r.high)
        );
    }
    let adjusted = if p.holm_p > p.sign_p {
        format!(" ({} after Holm)", short(p.holm_p))
    } else {
        String::new()
    };
    out + &format!(
        "; sign test p = {}{adjusted}, log-rank p = {}",
        short(p.sign_p),
        short(p.log_rank.p)
    )
}

/// The median ratio of times with its interval.
fn median_ratio(p: &PairEffect) -> String {
    let r = p.median_ratio;
    let value = match r.at_most {
        Some(most) if most == r.at_least => short(r.at_least),
        Some(most) if r.at_least == 0.0 => format!("at most {}", short(most)),
        Some(most) => format!("{} to {}", short(r.at_least), short(most)),
        None if r.at_least == 0.0 => "unknown".to_owned(),
        None => format!("at least {}", short(r.at_least)),
    };
    let interval = match (r.low, r.high) {
        (Some(low), Some(high)) => format!(" (95 % {} to {})", short(low), short(high)),
        (Some(low), None) => format!(" (95 % from {})", short(low)),
        _ => String::new(),
    };
    value + &interval
}

/// A number in three digits.
fn short(x: f64) -> String {
    let plain = |digits: usize| {
        let text = format!("{x:.digits$}");
        let cut = text.trim_end_matches('0').trim_end_matches('.');
        if text.contains('.') {
            cut.to_owned()
        } else {
            text.clone()
        }
    };
    match x.abs() {
        0.0 => "0".to_owned(),
        a if !(1e-4..1e5).contains(&a) => format!("{x:.1e}"),
        a if a < 0.001 => plain(6),
        a if a < 0.01 => plain(5),
        a if a < 0.1 => plain(4),
        a if a < 10.0 => plain(3),
        a if a < 100.0 => plain(1),
        _ => plain(0),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
