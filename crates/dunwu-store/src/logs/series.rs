//! Series as they come, and as they are put in order.

use std::collections::BTreeMap;

/// The metrics of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Name of the run: that in the file, else the file's.
    pub id: String,
    /// Series by the name of the metric.
    pub series: BTreeMap<String, LogSeries>,
    /// The step at which the run is to end, if the log says it.
    pub planned: Option<f64>,
    /// The learning rate at steps to come, if the plan of the run is known.
    pub schedule: Option<LogSeries>,
    /// What was odd about the file, in words.
    pub notes: Vec<String>,
}

/// One metric over steps; what was put in order is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSeries {
    /// Steps, strictly ascending and finite.
    pub steps: Vec<f64>,
    /// A finite value for each step.
    pub values: Vec<f64>,
    /// Values that were NaN, infinite or no number; the last step of such a one.
    pub not_finite: u64,
    /// Last step at which the value was not finite.
    pub last_not_finite: Option<f64>,
    /// Steps that came again at once; the later value is kept.
    pub repeated: u64,
    /// Steps that came late, and were sorted in.
    pub out_of_order: u64,
    /// Times that the run went back to an earlier step; what it did again replaces what it had done.
    pub restarts: u64,
    /// One in so many readings was kept.
    pub kept_one_in: u64,
}

impl LogSeries {
    /// What was put in order, in words; empty if nothing was.
    pub fn oddities(&self) -> Vec<String> {
        let count = |n: u64, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let thinned =
            (self.kept_one_in > 1).then(|| format!("one in {} readings kept", self.kept_one_in));
        [
            count(
                self.not_finite,
                "value that is no finite number",
                "values that are no finite number",
            ),
            count(self.repeated, "repeated step", "repeated steps"),
            count(self.out_of_order, "step out of order", "steps out of order"),
            count(self.restarts, "restart", "restarts"),
            thinned,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Points of a series in the order of the file, thinned when there are too many.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    points: Vec<(f64, f64)>,
    /// One in so many readings is kept.
    stride: u64,
    seen: u64,
    /// The newest reading, where it is not among the points.
    newest: Option<(f64, f64)>,
    not_finite: u64,
    last_not_finite: Option<f64>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            points: vec![],
            stride: 1,
            seen: 0,
            newest: None,
            not_finite: 0,
            last_not_finite: None,
        }
    }
}

/// Points of an ascending stretch from which on a step back is a restart rather than late news.
const STRETCH: usize = 3;

impl Raw {
    /// Takes a reading; when there would be more than `most`, every second one goes.
    pub(crate) fn push(&mut self, step: f64, value: f64, most: usize) {
        if !value.is_finite() {
            self.not_finite += 1;
            self.last_not_finite = Some(step);
            return;
        }
        if self.seen.is_multiple_of(self.stride) {
            self.points.push((step, value));
            self.newest = None;
        } else {
            self.newest = Some((step, value));
        }
        self.seen += 1;
        if self.points.len() > most.max(4) {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.stride *= 2;
        let last = self.points.last().copied();
        let mut keep = false;
        self.points.retain(|_| {
            keep = !keep;
            keep
        });
        if self.newest.is_none() && last != self.points.last().copied() {
            self.newest = last;
        }
    }

    /// Puts the points in order: what a run did again after a restart replaces what it had done, late points are
    /// sorted in, of repeated steps the later value is kept.
    pub(crate) fn tidy(mut self) -> LogSeries {
        self.points.extend(self.newest);
        let mut out = LogSeries {
            not_finite: self.not_finite,
            last_not_finite: self.last_not_finite,
            kept_one_in: self.stride,
            ..LogSeries::default()
        };
        let mut kept: Vec<(f64, f64)> = Vec::with_capacity(self.points.len());
        let mut late = Vec::new();
        for (i, &(step, value)) in self.points.iter().enumerate() {
            match kept.last() {
                Some(last) if last.0 == step => {
                    out.repeated += 1;
                    kept.pop();
                }
                Some(last) if last.0 > step => {
                    if self.is_restart(i, &kept) {
                        out.restarts += 1;
                        kept.truncate(kept.partition_point(|p| p.0 < step));
                    } else {
                        out.out_of_order += 1;
                        late.push((step, value));
                        continue;
                    }
                }
                _ => {}
            }
            kept.push((step, value));
        }
        merge(&mut kept, late);
        (out.steps, out.values) = kept.into_iter().unzip();
        out
    }

    /// Whether the step back at `i` begins a stretch that is done again.
    fn is_restart(&self, i: usize, kept: &[(f64, f64)]) -> bool {
        let from = self.points[i].0;
        let stretch = self.points[i..].windows(2).take_while(|w| w[0].0 < w[1].0);
        let length = 1 + stretch.take(STRETCH).count();
        // A late point may be followed by newer ones: those lie beyond what there was.
        let again = self.points[i..]
            .iter()
            .take(STRETCH)
            .all(|p| p.0 <= kept.last().map_or(from, |k| k.0));
        let known = kept.binary_search_by(|k| k.0.total_cmp(&from)).is_ok();
        (length >= STRETCH && (again || known)) || (known && i + 1 == self.points.len())
    }
}

/// Sorts late points in; one whose step is there already gives way to it.
fn merge(kept: &mut Vec<(f64, f64)>, late: Vec<(f64, f64)>) {
    if late.is_empty() {
        return;
    }
    kept.extend(late);
    kept.sort_by(|a, b| a.0.total_cmp(&b.0));
    kept.dedup_by(|next, first| next.0 == first.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidy(points: &[(f64, f64)]) -> LogSeries {
        let mut raw = Raw::default();
        points.iter().for_each(|p| raw.push(p.0, p.1, 1 << 18));
        raw.tidy()
    }

    #[test]
    fn a_restart_replaces_what_it_does_again() {
        let s = tidy(&[
            (0.0, 9.0),
            (10.0, 8.0),
            (20.0, 7.0),
            (30.0, 6.0),
            (20.0, 7.5),
            (30.0, 6.5),
            (40.0, 6.0),
        ]);
        assert_eq!((s.restarts, s.out_of_order, s.repeated), (1, 0, 0));
        assert_eq!(s.steps, [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(s.values, [9.0, 8.0, 7.5, 6.5, 6.0]);
    }

    #[test]
    fn late_points_are_sorted_in_and_repeats_keep_the_later_value() {
        let s = tidy(&[
            (0.0, 1.0),
            (1.0, 2.0),
            (3.0, 4.0),
            (2.0, 3.0),
            (4.0, 5.0),
            (4.0, 6.0),
        ]);
        assert_eq!((s.restarts, s.out_of_order, s.repeated), (0, 1, 1));
        assert_eq!(s.steps, [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(s.values, [1.0, 2.0, 3.0, 4.0, 6.0]);
    }

    #[test]
    fn what_is_not_finite_is_counted_and_its_place_kept() {
        let s = tidy(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY)]);
        assert_eq!(
            (s.not_finite, s.last_not_finite, s.steps.len()),
            (2, Some(2.0), 1)
        );
        assert_eq!(s.oddities(), ["2 values that are no finite number"]);
    }

    #[test]
    fn a_long_series_is_thinned_and_keeps_its_ends() {
        let mut raw = Raw::default();
        (0..1000).for_each(|i| raw.push(f64::from(i), f64::from(i), 64));
        let s = raw.tidy();
        assert!(
            s.steps.len() <= 66 && s.steps.len() > 30,
            "{}",
            s.steps.len()
        );
        assert_eq!((s.steps[0], *s.steps.last().unwrap()), (0.0, 999.0));
        assert!(
            s.steps.windows(2).all(|w| w[0] < w[1]) && s.kept_one_in == 16,
            "{}",
            s.kept_one_in
        );
    }
}
