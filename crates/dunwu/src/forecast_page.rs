//! Forecasts as a page.

use crate::forecast::RunForecast;
use dunwu_analysis::forecast::Quantiles;
use dunwu_report::{ForecastFan, ForecastJump, ForecastPage, ForecastRow};

impl RunForecast {
    /// What a page says of it.
    pub fn to_row(&self) -> ForecastRow {
        let f = &self.forecast;
        let fan = |(step, q): &(f64, Quantiles)| ForecastFan {
            step: *step,
            values: [0.05, 0.25, 0.5, 0.75, 0.95].map(|l| q.at(l)),
        };
        let points = self.seen.0.iter().zip(&self.seen.1);
        ForecastRow {
            id: self.id.clone(),
            metric: self.metric.clone(),
            points: self.points,
            seen: points.map(|(s, v)| (*s, *v)).collect(),
            horizon: self.horizon,
            fan: f.path.iter().map(fan).collect(),
            jump: f.jump.map(|j| ForecastJump {
                p: j.p,
                step: [j.step.0, j.step.1, j.step.2],
            }),
            p_better: f.p_better,
            decision: f.decision.name().to_owned(),
            reason: f.reason.clone(),
            novelty: Some(f.novelty).filter(|n| n.is_finite()),
            can_tell: f.can_tell,
            notes: self.notes.clone(),
        }
    }
}

/// The page of forecasts.
pub fn forecast_html(
    title: &str,
    command: &str,
    better_than: Option<f64>,
    runs: &[RunForecast],
    left_out: &[String],
) -> String {
    dunwu_report::forecast_page(&ForecastPage {
        title: title.to_owned(),
        command: command.to_owned(),
        better_than,
        runs: runs.iter().map(RunForecast::to_row).collect(),
        left_out: left_out.to_vec(),
    })
}
