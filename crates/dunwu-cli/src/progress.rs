//! How training goes, on standard error.

use crate::commands::of_updates;
use crate::output::error_line;
use dunwu::{Metrics, Progress, RunPlan};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time between lines where standard error is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// Time between redraws.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// Time between looks at the stage, which reads the whole curve.
const STAGE_EVERY: Duration = Duration::from_secs(1);
/// Most seeds with a line of their own.
const LINES: u64 = 8;

/// What a person sees of a training run.
pub(crate) struct Display {
    kind: Kind,
    epochs: u64,
    /// What an epoch is, where it is no pass over the training rows.
    each: String,
    seeds: Mutex<BTreeMap<u64, Seed>>,
}

enum Kind {
    Quiet,
    Plain,
    Bars(MultiProgress),
}

/// One seed's display.
struct Seed {
    bar: Option<ProgressBar>,
    from: u64,
    started: Instant,
    drawn: Option<Instant>,
    looked: Option<Instant>,
    stage: &'static str,
    test: Option<f64>,
    history: Vec<(u64, f64, f64)>,
}

/// A bar on standard error for work of a known number of steps.
pub(crate) fn steps(what: &'static str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix} {wide_bar:.cyan/blue} {percent} % left {eta}")
            .expect("the template is well formed");
    ProgressBar::new(1).with_style(style).with_prefix(what)
}

impl Display {
    pub(crate) fn new(plan: &RunPlan, quiet: bool) -> Self {
        let kind = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Kind::Quiet,
            (false, false) => Kind::Plain,
            (false, true) => Kind::Bars(MultiProgress::new()),
        };
        Self {
            kind,
            epochs: plan.epochs,
            each: of_updates(plan.epoch_updates),
            seeds: Mutex::new(BTreeMap::new()),
        }
    }

    /// Leaves the terminal as it was.
    pub(crate) fn clear(&self) {
        if let Kind::Bars(bars) = &self.kind {
            let _ = bars.clear();
        }
    }

    pub(crate) fn tell(&self, progress: &Progress<'_>) {
        if matches!(self.kind, Kind::Quiet) {
            return;
        }
        let mut seeds = self.seeds.lock().expect("no display panics while it draws");
        match progress {
            Progress::Started {
                seed, from_epoch, ..
            } => {
                let bar = self.bar(*seed, seeds.len() as u64, *from_epoch);
                seeds.insert(*seed, Seed::new(*from_epoch, bar));
            }
            Progress::Epoch {
                seed,
                metrics,
                stage,
            } => {
                if let Some(s) = seeds.get_mut(seed) {
                    s.epoch(*seed, (self.epochs, &self.each), metrics, *stage);
                }
            }
            Progress::Finished { seed, reason } => {
                if let Some(bar) = seeds.get(seed).and_then(|s| s.bar.as_ref()) {
                    bar.finish();
                } else {
                    error_line(&format!("seed {seed}: {}", reason.phrase()));
                }
            }
        }
    }

    fn bar(&self, seed: u64, lines: u64, from: u64) -> Option<ProgressBar> {
        let Kind::Bars(bars) = &self.kind else {
            return None;
        };
        if lines >= LINES {
            return Some(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template(
            "{prefix} {wide_bar:.cyan/blue} {pos}/{len} {per_sec} left {eta}\n{msg}",
        )
        .expect("the template is well formed")
        .with_key(
            "per_sec",
            |state: &indicatif::ProgressState, w: &mut dyn std::fmt::Write| {
                let _ = write!(w, "{:.0}/s", state.per_sec());
            },
        );
        let each = match self.each.as_str() {
            "" => String::new(),
            each => format!(", epochs{each}"),
        };
        let bar = bars.add(
            ProgressBar::new(self.epochs)
                .with_style(style)
                .with_prefix(format!("seed {seed}{each}")),
        );
        bar.set_position(from);
        bar.reset_eta();
        Some(bar)
    }
}

impl Seed {
    fn new(from: u64, bar: Option<ProgressBar>) -> Self {
        let started = Instant::now();
        Self {
            bar,
            from,
            started,
            drawn: None,
            looked: None,
            stage: "starting",
            test: None,
            history: vec![],
        }
    }

    fn epoch(
        &mut self,
        seed: u64,
        (epochs, each): (u64, &str),
        m: &Metrics,
        stage: &dyn Fn() -> &'static str,
    ) {
        self.test = m.test.map(|t| t.accuracy).or(self.test);
        self.history
            .push((m.epoch, m.train.accuracy, self.test.unwrap_or(f64::NAN)));
        if self.history.len() > 4096 {
            // Every second reading is enough for a drawing of a hundred columns.
            let mut keep = false;
            self.history.retain(|_| {
                keep = !keep;
                keep
            });
        }
        let every = if self.bar.is_some() {
            DRAW_EVERY
        } else {
            PLAIN_EVERY
        };
        let last = m.epoch >= epochs;
        if !last && self.drawn.is_some_and(|d| d.elapsed() < every) {
            return;
        }
        self.drawn = Some(Instant::now());
        if last || self.looked.is_none_or(|l| l.elapsed() >= STAGE_EVERY) {
            self.looked = Some(Instant::now());
            self.stage = stage();
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(m.epoch);
                bar.set_message(self.message(m, epochs));
            }
            None => error_line(&self.plain(seed, (epochs, each), m)),
        }
    }

    fn accuracies(&self, m: &Metrics) -> String {
        let test = self
            .test
            .map_or_else(|| "  –  ".to_owned(), |t| format!("{t:.3}"));
        format!(
            "train {:.3}  test {test}  loss {:.2e}  {}",
            m.train.accuracy, m.train.loss, self.stage
        )
    }

    fn message(&self, m: &Metrics, epochs: u64) -> String {
        let width = console_width().saturating_sub(9).clamp(20, 120);
        let chart =
            |pick: fn(&(u64, f64, f64)) -> f64| sparkline(&self.history, epochs, width, pick);
        format!(
            "  {}\n  train {}\n  test  {}",
            self.accuracies(m),
            chart(|h| h.1),
            chart(|h| h.2)
        )
    }

    fn plain(&self, seed: u64, (epochs, each): (u64, &str), m: &Metrics) -> String {
        let rate = (m.epoch - self.from) as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
        let left = if rate > 0.0 {
            format!("{:.0} s", (epochs - m.epoch) as f64 / rate)
        } else {
            "?".to_owned()
        };
        format!(
            "seed {seed}  epoch {}/{epochs}{each}  {}  {rate:.0} epochs/s  left {left}",
            m.epoch,
            self.accuracies(m)
        )
    }
}

/// Columns of the terminal.
fn console_width() -> usize {
    console::Term::stderr().size().1 as usize
}

/// The series over the logarithm of the epoch, one character a column.
fn sparkline(
    history: &[(u64, f64, f64)],
    epochs: u64,
    width: usize,
    pick: fn(&(u64, f64, f64)) -> f64,
) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = (epochs as f64 + 1.0).ln();
    let column = |epoch: u64| ((((epoch + 1) as f64).ln() / top) * (width - 1) as f64) as usize;
    let mut cells = vec![f64::NAN; width];
    let mut at = 0;
    for entry in history {
        let (c, value) = (column(entry.0).min(width - 1), pick(entry));
        // Early epochs lie many columns apart: hold the last value between them.
        let held = cells[at];
        cells[at..c].iter_mut().for_each(|x| *x = held);
        cells[c] = value;
        at = c;
    }
    let draw = |x: &f64| {
        if x.is_nan() {
            ' '
        } else {
            LEVELS[((x * 7.999) as usize).min(7)]
        }
    };
    cells
        .iter()
        .map(draw)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_rises_with_the_series() {
        let history: Vec<(u64, f64, f64)> =
            (0..=100).map(|e| (e, e as f64 / 100.0, f64::NAN)).collect();
        let line = sparkline(&history, 100, 20, |h| h.1);
        assert_eq!(line.chars().count(), 20);
        assert!(line.starts_with('▁') && line.ends_with('█'));
        assert_eq!(sparkline(&history, 100, 20, |h| h.2), "");
    }
}
