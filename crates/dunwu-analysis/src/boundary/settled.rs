//! Whether the fate of a run by the end of its budget is settled before that.

use crate::crossing::crossing;
use dunwu_core::Curve;
use serde::Serialize;

/// Nothing is foreseen before this share of the budget, this multiple of the epochs to memorise, this epoch.
const SHARE: f64 = 1.0 / 3.0;
const TIMES: f64 = 20.0;
const LEAST: f64 = 200.0;
/// Recent growth is taken this many times: of the accuracy, of its log odds, of the fall of the loss.
const GROWTH: f64 = 3.0;
const ODDS_GROWTH: f64 = 2.0;
const LOSS_FALL: f64 = 3.0;
/// Stretches over which growth is read, as shares of the epochs so far, and their fewest readings.
const STRETCHES: [f64; 2] = [0.125, 0.25];
const READINGS: usize = 5;
/// The forecast must leave this share of the way from chance to the threshold.
const MARGIN: f64 = 0.1;
/// Added to right and wrong before odds are taken, so that none right is a number.
const SMOOTH: f64 = 0.005;
/// Confidence of the surest forecast: none of 44 runs that generalised by epoch 3000 was stopped, which bounds
/// the share that would be at 3/44 with 95 %.
const SUREST: f64 = 0.93;

/// A fate that is settled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settled {
    /// Whether it generalises within the budget.
    pub generalises: bool,
    /// Why, with the numbers.
    pub reason: String,
    /// 1 for what was seen; for what is foreseen at most 0.93, and less the nearer the forecast comes to the
    /// threshold. It orders forecasts; it was not calibrated.
    pub confidence: f64,
}

/// Whether a run so far has its fate by epoch `budget` settled: its held-out accuracy has reached
/// `threshold`, or will not. None: it must go on.
///
/// That it will not is said from a third of the budget on, twenty times the epochs it took to memorise and
/// epoch 200, if three generous forecasts agree. Slopes are of least squares over the last eighth and
/// the last quarter of the epochs so far, two standard errors steeper than fitted, the steeper of
/// both counts, and with h epochs left:
///
/// | forecast | must stay |
/// |---|---|
/// | accuracy + 3 · slope · h | below the threshold by a tenth of its distance from `chance` |
/// | log odds of the accuracy + 2 · slope · h: growth that feeds itself | likewise |
/// | `test_loss` + 3 · slope · h, where recorded | at or above what it was at the start |
///
/// The last is what makes it safe: before held-out rows come right their loss falls for hundreds of
/// epochs, faster and faster. A run that has not memorised is never judged.
///
/// ```
/// use dunwu_analysis::boundary::settled;
/// use dunwu_core::Curve;
/// let mut curve = Curve::default();
/// for epoch in 0..=1200 {
///     curve.set(epoch, "train_acc", if epoch < 10 { 0.1 } else { 1.0 });
///     curve.set(epoch, "test_acc", 0.04);
///     curve.set(epoch, "test_loss", 1.0 + epoch as f64 * 1e-4);
/// }
/// assert_eq!(settled(&curve.prefix(900), 3000, 0.5, 0.04), None);
/// let fate = settled(&curve, 3000, 0.5, 0.04).unwrap();
/// assert!(!fate.generalises && fate.reason.contains("4.0 %"));
/// ```
pub fn settled(curve: &Curve, budget: u64, threshold: f64, chance: f64) -> Option<Settled> {
    if let Some(fate) = seen(curve, budget, threshold) {
        return Some(fate);
    }
    let now = *curve.epochs().last()?;
    let memorised = crossing(curve, "train_acc", 0.99).first?;
    let earliest = (SHARE * budget as f64).max(TIMES * memorised as f64);
    if (now as f64) < earliest.max(LEAST) {
        return None;
    }
    let accuracy = forecast_accuracy(curve, now, budget)?;
    if accuracy.reached >= threshold - MARGIN * (threshold - chance) {
        return None;
    }
    let loss = forecast_loss(curve, now, budget);
    if loss.is_some_and(|l| l.reached < l.first) {
        return None;
    }
    Some(foreseen(now, budget, threshold, &accuracy, loss))
}

/// What needs no forecast.
fn seen(curve: &Curve, budget: u64, threshold: f64) -> Option<Settled> {
    let within = || curve.points("test_acc").filter(|p| p.0 <= budget);
    let reached = within().find(|p| p.1 >= threshold);
    let (generalises, reason) = match reached {
        Some((epoch, value)) => (
            true,
            format!(
                "it answers {} of the held-out rows at epoch {epoch}",
                share(value)
            ),
        ),
        None if curve.epochs().last().is_some_and(|last| *last >= budget) => {
            let most = within().map(|p| p.1).fold(f64::NAN, f64::max);
            let never = format!(
                "its budget of {budget} epochs ended, and it never answered more than {} of the held-out rows",
                share(most)
            );
            (false, never)
        }
        None => return None,
    };
    Some(Settled {
        generalises,
        reason,
        confidence: 1.0,
    })
}

/// A column now and what it could reach.
#[derive(Clone, Copy, Debug)]
struct Forecast {
    first: f64,
    now: f64,
    reached: f64,
}

fn forecast_accuracy(curve: &Curve, now: u64, budget: u64) -> Option<Forecast> {
    let points: Vec<(f64, f64)> = points(curve, "test_acc");
    let odds: Vec<(f64, f64)> = points
        .iter()
        .map(|(epoch, a)| (*epoch, libm::log((a + SMOOTH) / (1.0 - a + SMOOTH))))
        .collect();
    let left = (budget - now) as f64;
    let level = level(&points)?;
    let straight = level + GROWTH * left * steepest(&points, now)?.max(0.0);
    let feeding = self::level(&odds)? + ODDS_GROWTH * left * steepest(&odds, now)?.max(0.0);
    Some(Forecast {
        first: points[0].1,
        now: level,
        reached: straight.max(1.0 / (1.0 + libm::exp(-feeding))),
    })
}

fn forecast_loss(curve: &Curve, now: u64, budget: u64) -> Option<Forecast> {
    let falling: Vec<(f64, f64)> = points(curve, "test_loss")
        .into_iter()
        .map(|(epoch, loss)| (epoch, -loss))
        .collect();
    let level = level(&falling)?;
    let fall = steepest(&falling, now)? * (budget - now) as f64;
    Some(Forecast {
        first: -falling[0].1,
        now: -level,
        // A loss that rises is not taken to rise three times as fast.
        reached: -level - fall.max(LOSS_FALL * fall),
    })
}

fn points(curve: &Curve, column: &str) -> Vec<(f64, f64)> {
    curve.points(column).map(|(e, v)| (e as f64, v)).collect()
}

/// Mean of the last five readings.
fn level(points: &[(f64, f64)]) -> Option<f64> {
    let tail = &points[points.len().checked_sub(READINGS)?..];
    Some(tail.iter().map(|p| p.1).sum::<f64>() / tail.len() as f64)
}

/// The steeper upward slope of the last stretches.
fn steepest(points: &[(f64, f64)], now: u64) -> Option<f64> {
    let most = points.len().checked_sub(READINGS)?;
    let slope = |stretch: f64| {
        let from = points.partition_point(|p| p.0 < (1.0 - stretch) * now as f64);
        upper_slope(&points[from.min(most)..])
    };
    Some(STRETCHES.map(slope).into_iter().fold(f64::MIN, f64::max))
}

/// Slope of the line of least squares, plus two standard errors.
fn upper_slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / n;
    let (x0, y0) = (mean(|p| p.0), mean(|p| p.1));
    let xx: f64 = points.iter().map(|p| (p.0 - x0).powi(2)).sum();
    let xy: f64 = points.iter().map(|p| (p.0 - x0) * (p.1 - y0)).sum();
    let slope = xy / xx;
    let left = |p: &(f64, f64)| (p.1 - y0 - slope * (p.0 - x0)).powi(2);
    let rest: f64 = points.iter().map(left).sum();
    slope + 2.0 * (rest / (n - 2.0) / xx).sqrt()
}

fn foreseen(
    now: u64,
    budget: u64,
    threshold: f64,
    accuracy: &Forecast,
    loss: Option<Forecast>,
) -> Settled {
    let rows = format!(
        "at epoch {now} it answers {} of the held-out rows, and several times its recent growth would bring it to {} by epoch {budget}, short of {}",
        share(accuracy.now),
        share(accuracy.reached),
        share(threshold)
    );
    let losses = loss.map_or(String::new(), |l| {
        let (now, first) = (l.now, l.first);
        format!(
            "; its held-out loss, {now:.3}, would not fall to the {first:.3} that it began with"
        )
    });
    Settled {
        generalises: false,
        reason: rows + &losses,
        confidence: SUREST * (1.0 - 0.3 * (accuracy.reached / threshold).clamp(0.0, 1.0)),
    }
}

fn share(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}
