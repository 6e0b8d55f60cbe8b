//! `dunwu compare`.

use crate::args::Compare;
use crate::commands::{CANCEL, free_dir, handle_interrupt, of_updates};
use crate::exit;
use crate::output::{error_line, heading, json, line, paragraph};
use dunwu::analysis::compare::GradientCosines;
use dunwu::{CompareDir, ComparePage, CompareSpec, Control};
use indicatif::ProgressBar;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time between lines where standard error is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Letters of a side's name in the table.
const NAME: usize = 21;

pub(crate) fn run(args: &Compare) -> anyhow::Result<ExitCode> {
    let (dir, spec) = match &args.resume {
        Some(dir) => CompareDir::resume(dir, &args.overrides)?,
        None => {
            let spec = CompareSpec::from_words(&args.overrides)?;
            let free = || free_dir(&format!("compare-{}-{}", spec.keys.join("-"), spec.task()));
            let dir = args.out.clone().map_or_else(free, Ok)?;
            let held = CompareDir::create(&dir, &spec)?;
            if !args.quiet {
                spec.idle().iter().for_each(|n| error_line(n));
            }
            (held, spec)
        }
    };
    handle_interrupt();
    let control = Control {
        progress: None,
        cancel: Some(&CANCEL),
    };
    let display = Display::new(args.quiet);
    let found = dunwu::compare(&spec, &dir, &control, &|what, share| {
        display.tell(what, share)
    });
    display.bar.finish_and_clear();
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            dir.abandon();
            return Err(error.into());
        }
    };
    let Some(page) = found else {
        error_line(&format!(
            "interrupted; finished runs are saved. Go on with: dunwu compare --resume {}",
            dunwu::shell_word(dir.path().as_str())
        ));
        return Ok(ExitCode::from(exit::INTERRUPTED));
    };
    let path = dir.path().join("index.html");
    if args.json {
        let mut value = serde_json::to_value(&page)?;
        value["dir"] = dir.path().as_str().into();
        value["page"] = path.as_str().into();
        json(&value);
    } else {
        print(&page);
        line(&format!("page: {path}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// How far the work is: a bar on a terminal, else a line now and then.
struct Display {
    bar: ProgressBar,
    plain: Option<Mutex<Instant>>,
}

impl Display {
    fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if quiet || !terminal {
            ProgressBar::hidden()
        } else {
            crate::progress::steps("")
        };
        bar.set_length(10_000);
        Self {
            bar,
            plain: (!quiet && !terminal).then(|| Mutex::new(Instant::now())),
        }
    }

    fn tell(&self, what: &str, share: f64) {
        let Some(plain) = &self.plain else {
            self.bar.set_position((share * 10_000.0) as u64);
            if self.bar.prefix() != what {
                self.bar.set_prefix(what.to_owned());
            }
            return;
        };
        let mut told = plain.lock().expect("nothing panics while it tells");
        if told.elapsed() >= PLAIN_EVERY {
            *told = Instant::now();
            error_line(&format!("{what}: {:.0} % of all is done", 100.0 * share));
        }
    }
}

fn print(page: &ComparePage) {
    heading(&page.description);
    let names: Vec<&str> = page.real_sides().map(|s| s.name.as_str()).collect();
    heading(&format!(
        "{}: {} pairs of seeds, {} epochs{} each",
        names.join(" against "),
        page.seeds.len(),
        page.compared.budget,
        of_updates(page.epoch_updates().unwrap_or(0))
    ));
    line(&format!("\n{}", table(page)));
    for (shown, title) in [(true, "shown"), (false, "not shown")] {
        line(&format!("\n{title}"));
        let of = || page.conclusions.iter().filter(|c| c.shown == shown);
        of().for_each(|c| paragraph(&format!("- {}", c.text)));
        if of().next().is_none() {
            paragraph("- nothing, at these settings");
        }
    }
    gradients(page);
    likeness(page);
    line(&format!("\n{:.1} s", page.seconds));
}

/// Medians by side: of first and of sustained crossings, with how many runs crossed.
fn table(page: &ComparePage) -> String {
    let mut out = format!(
        "{:<NAME$}{:>9}{:>13}{:>13}{:>13}{:>10}",
        "median epoch (runs)", "lr", "to 99 %", "kept from", "to 50 %", "at end"
    );
    for (i, side) in page.sides.iter().enumerate() {
        let cell = |name: &str, crossing: &str| {
            let times = page.compared.measure(name, crossing).map(|m| &m.sides[i]);
            times.map_or_else(String::new, |t| {
                let median = t
                    .median
                    .map_or_else(|| "never".to_owned(), |e| e.to_string());
                format!("{median} ({}/{})", t.crossed, t.runs)
            })
        };
        let accuracy = page.compared.finals.iter().find(|f| f.name == "test_acc");
        let accuracy = accuracy.and_then(|f| f.medians[i]);
        let accuracy = accuracy.map_or_else(|| "–".to_owned(), |a| format!("{:.1} %", 100.0 * a));
        out += &format!(
            "\n{:<NAME$}{:>9}{:>13}{:>13}{:>13}{accuracy:>10}",
            cut(&side.name),
            rate(side.lr),
            cell("test_99", "first"),
            cell("test_99", "sustained"),
            cell("test_50", "first"),
        );
    }
    out
}

fn cut(name: &str) -> String {
    if name.chars().count() < NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 2).chain(['…']).collect()
}

/// A learning rate in at most eight letters.
fn rate(lr: f64) -> String {
    let plain = format!("{}", (lr * 1e6).round() / 1e6);
    if plain.len() <= 8 && lr >= 1e-5 {
        plain
    } else {
        format!("{lr:.1e}")
    }
}

fn gradients(page: &ComparePage) {
    let Some(found) = &page.gradients else {
        return;
    };
    let [a, b] = &found.losses;
    line("");
    heading(&format!(
        "cosine of what {a} and {b} send to a node, mean (5 to 95 % of nodes)"
    ));
    line(&format!(
        "{:<19}{:>6}{:>27}{:>27}",
        "along the way of", "epoch", "at activations", "at weights"
    ));
    for way in &found.along {
        let cell = |of: &[GradientCosines], epoch: u64| {
            let c = of.iter().find(|c| c.epoch == epoch);
            c.map_or_else(
                || "–".to_owned(),
                |c| {
                    format!(
                        "{:.3} ({:.3} to {:.3})",
                        c.mean, c.quantiles[0], c.quantiles[4]
                    )
                },
            )
        };
        let all: Vec<u64> = way.weights.iter().map(|c| c.epoch).collect();
        // A few moments, the first and the last among them.
        let picks = 5.min(all.len());
        for i in 0..picks {
            let epoch = all[i * (all.len() - 1) / (picks - 1).max(1)];
            let name = if i == 0 {
                cut(&way.side)
            } else {
                String::new()
            };
            line(&format!(
                "{name:<19}{epoch:>6}{:>27}{:>27}",
                cell(&way.activations, epoch),
                cell(&way.weights, epoch)
            ));
        }
    }
}

fn likeness(page: &ComparePage) {
    let Some(found) = &page.representations else {
        let why = page.no_representations.as_deref().unwrap_or_default();
        return paragraph(&format!("hidden layers were not compared: {why}"));
    };
    line("\nhidden layers at the last epoch, medians over pairs of networks");
    line(&format!(
        "{:<36}{:>6}{:>9}{:>19}{:>10}",
        "", "seeds", "aligned", "in common (chance)", "features"
    ));
    let mut told: Vec<(&str, &str, &str)> = vec![];
    for kind in ["paired", "across", "within"] {
        for pair in found.pairs.iter().filter(|p| p.kind == kind) {
            let (a, b) = (pair.first.0.as_str(), pair.second.0.as_str());
            if told.contains(&(kind, a, b)) {
                continue;
            }
            told.push((kind, a, b));
            let of: Vec<_> = found
                .pairs
                .iter()
                .filter(|p| p.kind == kind && p.first.0 == a && p.second.0 == b)
                .collect();
            let middle = |value: &dyn Fn(usize) -> Option<f64>| {
                median((0..of.len()).filter_map(value).collect())
            };
            let share = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
            let seeds = if kind == "paired" { "same" } else { "other" };
            let second = if kind == "within" { "itself" } else { b };
            let label: String = format!("{a} · {second}").chars().take(35).collect();
            let common = format!(
                "{} ({})",
                share(middle(&|i| Some(of[i].alike.overlap))),
                share(middle(&|i| Some(of[i].alike.chance)))
            );
            line(&format!(
                "{label:<36}{seeds:>6}{:>9}{common:>19}{:>10}",
                share(middle(&|i| Some(of[i].alike.cka))),
                share(middle(&|i| of[i].features.as_ref().map(|o| o.jaccard)))
            ));
        }
    }
    if let Some(why) = &found.no_features {
        paragraph(&format!("features are not named: {why}"));
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    (n > 0).then(|| f64::midpoint(values[(n - 1) / 2], values[n / 2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_names_fit_their_columns() {
        for (lr, text) in [
            (1e-3, "0.001"),
            (2.5e-4, "0.00025"),
            (1e-7, "1.0e-7"),
            (0.012_345_678, "0.012346"),
        ] {
            assert_eq!(rate(lr), text);
        }
        assert!(cut("a name that is far too long to fit").chars().count() < NAME);
        assert_eq!(cut("adam"), "adam");
    }
}
