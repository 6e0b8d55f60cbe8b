//! `dunwu boundary`.

use crate::args::Sweep;
use crate::commands::{CANCEL, free_dir, handle_interrupt};
use crate::exit;
use crate::output::{error_line, heading, json, line, paragraph};
use crate::sweep::{Display, options, zips};
use dunwu::analysis::boundary::LawFit;
use dunwu::boundary::{Found, Setting, SizePrediction};
use dunwu::store::Wanted;
use dunwu::sweep::{SweepProgress, Watch};
use std::process::ExitCode;

pub(crate) fn run(args: &Sweep) -> anyhow::Result<ExitCode> {
    let (options, words) = options(args)?;
    handle_interrupt();
    let display = Display::new(args.quiet);
    let tell = |progress: &SweepProgress| display.tell(progress);
    let watch = Watch {
        progress: Some(&tell),
        cancel: Some(&CANCEL),
    };
    let found = match &args.resume {
        Some(dir) => {
            if let Some(word) = words.first() {
                let why =
                    "cannot change what a directory asks for; to add borders write --out DIR --add";
                return Err(dunwu::Error::from(dunwu::PlanError::new(word, why)).into());
            }
            dunwu::boundary::resume_boundary(dir, &options, &watch)
        }
        None => {
            let dir = args.out.clone().map_or_else(|| free_dir("boundary"), Ok)?;
            let zip = zips(args);
            let wanted = Wanted { words, zip };
            dunwu::boundary::boundary(&wanted, &dir, args.add, &options, &watch)
        }
    };
    display.clear();
    let found = found?;
    if args.json {
        json(&serde_json::to_value(&found)?);
    } else {
        print(&found);
    }
    if found.detached {
        // Not on standard output, where JSON may stand.
        error_line(&format!(
            "workers go on by themselves; look again with: dunwu boundary --resume {}",
            dunwu::shell_word(&found.dir)
        ));
    } else if found.interrupted {
        error_line(&format!(
            "interrupted; what was finished is saved. Go on with: dunwu boundary --resume {}",
            dunwu::shell_word(&found.dir)
        ));
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(found: &Found) {
    line(&format!(
        "{:<14}{:>5}  {:>7}  {:>15}  {:>6}  {:>6} {:>9} {:>7}",
        "task", "M", "border", "95 % interval", "c", "runs", "epochs", "of grid"
    ));
    found.settings.iter().for_each(print_setting);
    line("");
    heading(
        "border: training fraction at which half of the runs generalise within their epochs; c: the same as a multiple \
         of log M/M; of grid: epochs against those of 20 fractions with 20 seeds, to the end.",
    );
    let caution = |s| print_cautions(s, found.interrupted);
    found.settings.iter().for_each(caution);
    if !found.laws.is_empty() {
        print_laws(&found.laws);
    } else if let (Some(why), true) = (&found.no_laws, found.settings.len() > 1) {
        line("");
        heading(&format!("no law across sizes: {why}"));
    }
    if !found.predictions.is_empty() {
        print_predictions(&found.predictions);
    }
    if let Some(why) = &found.no_predictions {
        line("");
        paragraph(why);
    }
    line(&format!("\n{:.1} s", found.seconds));
    line(&format!("page: {}/report.html", found.dir));
}

fn print_setting(setting: &Setting) {
    let (at, interval, c) = match &setting.border {
        Some(b) if b.bracketed => (
            format!("{:.4}", b.at),
            format!("{:.4}–{:.4}", b.low, b.high),
            setting
                .multiplier
                .map_or_else(String::new, |c| format!("{c:.2}")),
        ),
        Some(b) if b.generalised == 0 => ("–".to_owned(), "none did".to_owned(), String::new()),
        Some(_) => ("–".to_owned(), "all did".to_owned(), String::new()),
        None => ("–".to_owned(), "no run".to_owned(), String::new()),
    };
    line(&format!(
        "{:<14}{:>5}  {at:>7}  {interval:>15}  {c:>6}  {:>6} {:>9} {:>6.1}%",
        setting.task,
        setting.order,
        setting.observations.len(),
        setting.epochs,
        100.0 * setting.epochs as f64 / setting.grid_epochs as f64,
    ));
}

fn print_cautions(setting: &Setting, interrupted: bool) {
    let Some(border) = setting.border.filter(|b| b.bracketed) else {
        return;
    };
    if !setting.precise && !interrupted {
        paragraph(&format!(
            "{}: {} runs were not enough for the precision asked; raise runs.",
            setting.task, border.runs
        ));
    }
    let (half, shorter) = &setting.shorter_budgets[0];
    // What half of the epochs would have said tells whether the border is one of patience.
    if shorter.low > border.high {
        paragraph(&format!(
            "{}: with {half} in place of {} epochs the border would lie at {:.4} ({:.4}–{:.4}): the budget moves it.",
            setting.task, setting.budget, shorter.at, shorter.low, shorter.high
        ));
    }
}

fn print_laws(laws: &[LawFit]) {
    line(&format!(
        "\n{:<11}{:<18}{:>6}  {:<9} parameters",
        "law", "formula", "bits", ""
    ));
    for law in laws {
        let number = |name: &str, i: &Option<dunwu::analysis::known::Interval>| {
            i.as_ref().map(|i| {
                let (value, low, high) = (i.value, i.low, i.high);
                format!("{name} = {value:.3} ({low:.3}–{high:.3})")
            })
        };
        let numbers: Vec<String> = [number("c", &law.c), number("a", &law.a)]
            .into_iter()
            .flatten()
            .collect();
        let verdict = if law.survives { "survives" } else { "falls" };
        line(
            format!(
                "{:<11}{:<18}{:>6.1}  {verdict:<9} {}",
                law.form,
                law.formula,
                law.description_length,
                numbers.join(", ")
            )
            .trim_end(),
        );
        paragraph(&law.why);
    }
}

fn print_predictions(predictions: &[SizePrediction]) {
    line(&format!(
        "\n{:<14}{:>5}  {:>9}  {:>15}  {:>9}  {:>15}  {:>8}",
        "predicted", "M", "border", "95 % interval", "measured", "95 % interval", "miss"
    ));
    for p in predictions {
        let (measured, interval, miss) = match (&p.measured, p.miss) {
            (Some(b), Some(miss)) => (
                format!("{:.4}", b.at),
                format!("{:.4}–{:.4}", b.low, b.high),
                format!("{miss:+.4}"),
            ),
            _ => ("–".to_owned(), String::new(), String::new()),
        };
        line(&format!(
            "{:<14}{:>5}  {:>9.4}  {:>15}  {measured:>9}  {interval:>15}  {miss:>8}",
            p.task,
            p.order,
            p.predicted.at,
            format!("{:.4}–{:.4}", p.predicted.low, p.predicted.high),
        ));
    }
}
