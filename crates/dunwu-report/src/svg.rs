//! A small SVG writer.

use crate::text::escape;

/// A picture being written; text and attribute values are escaped.
#[derive(Debug, Default)]
pub(crate) struct Svg {
    out: String,
}

impl Svg {
    /// Starts an element.
    pub(crate) fn open(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.tag(tag, attributes, ">");
    }

    /// Ends an element.
    pub(crate) fn close(&mut self, tag: &str) {
        self.out.push_str(&format!("</{tag}>"));
    }

    /// An element without content.
    pub(crate) fn leaf(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.tag(tag, attributes, "/>");
    }

    /// An element with text as its content.
    pub(crate) fn element(&mut self, tag: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(tag, attributes);
        self.out.push_str(&escape(text));
        self.close(tag);
    }

    /// A line of text; `anchor` is start, middle or end.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), class: &str, anchor: &str, text: &str) {
        let (x, y) = (px(x), px(y));
        self.element(
            "text",
            &[
                ("x", &x),
                ("y", &y),
                ("class", class),
                ("text-anchor", anchor),
            ],
            text,
        );
    }

    /// A straight line.
    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(px);
        self.leaf(
            "line",
            &[
                ("x1", &x1),
                ("y1", &y1),
                ("x2", &x2),
                ("y2", &y2),
                ("class", class),
            ],
        );
    }

    /// A rectangle.
    pub(crate) fn rect(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), class: &str) {
        let [x, y, w, h] = [x, y, w, h].map(px);
        self.leaf(
            "rect",
            &[
                ("x", &x),
                ("y", &y),
                ("width", &w),
                ("height", &h),
                ("class", class),
            ],
        );
    }

    /// A path whose data is written already.
    pub(crate) fn path(&mut self, data: &str, class: &str) {
        if !data.is_empty() {
            self.leaf("path", &[("d", data), ("class", class)]);
        }
    }

    /// Markup that is escaped already: style sheets of this crate.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn tag(&mut self, tag: &str, attributes: &[(&str, &str)], end: &str) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push_str(&format!(" {name}=\"{}\"", escape(value)));
        }
        self.out.push_str(end);
    }
}

/// A length in pixels, to a tenth.
pub(crate) fn px(x: f64) -> String {
    tenths((x * 10.0).round() as i64)
}

fn tenths(n: i64) -> String {
    let (sign, whole, part) = (if n < 0 { "-" } else { "" }, n.abs() / 10, n.abs() % 10);
    match (whole, part) {
        (w, 0) => format!("{sign}{w}"),
        (0, p) => format!("{sign}.{p}"),
        (w, p) => format!("{sign}{w}.{p}"),
    }
}

/// Path data through the points, in relative steps of a tenth of a pixel.
pub(crate) fn polyline(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    let mut at = (0i64, 0i64);
    for (i, (x, y)) in points.iter().enumerate() {
        let to = ((x * 10.0).round() as i64, (y * 10.0).round() as i64);
        out.push(if i == 0 { 'M' } else { 'l' });
        let (dx, dy) = (tenths(to.0 - at.0), tenths(to.1 - at.1));
        out.push_str(&dx);
        if !dy.starts_with('-') {
            out.push(' ');
        }
        out.push_str(&dy);
        at = to;
    }
    out
}

/// Thins a line, ascending in x, to at most four points per `column` pixels: the first, lowest, highest and last.
///
/// A line drawn from what is left covers the same pixels: no peak is lost (M4 aggregation, Jugel et al. 2014).
pub(crate) fn decimate(points: &[(f64, f64)], column: f64) -> Vec<(f64, f64)> {
    let bin = |p: &(f64, f64)| (p.0 / column).floor();
    points
        .chunk_by(|a, b| bin(a) == bin(b))
        .flat_map(extremes)
        .collect()
}

fn extremes(chunk: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let indices = 0..chunk.len();
    let low = indices
        .clone()
        .min_by(|a, b| chunk[*a].1.total_cmp(&chunk[*b].1));
    let high = indices
        .clone()
        .max_by(|a, b| chunk[*a].1.total_cmp(&chunk[*b].1));
    let mut keep: Vec<usize> = [indices.clone().next(), low, high, indices.last()]
        .into_iter()
        .flatten()
        .collect();
    keep.sort_unstable();
    keep.dedup();
    keep.into_iter().map(|i| chunk[i]).collect()
}

/// Moves labels apart to `gap` from each other inside `range`, keeping their order and staying near their places.
///
/// If they do not fit, they are spread evenly.
pub(crate) fn spread_labels(wanted: &[f64], gap: f64, range: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let gap = gap.min((range.1 - range.0) / wanted.len().saturating_sub(1).max(1) as f64);
    let mut placed = vec![0.0; wanted.len()];
    let mut next = range.0;
    for i in &order {
        placed[*i] = wanted[*i].max(next);
        next = placed[*i] + gap;
    }
    let mut limit = range.1;
    for i in order.iter().rev() {
        placed[*i] = placed[*i].min(limit);
        limit = placed[*i] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_escaped_and_closed() {
        let mut svg = Svg::default();
        svg.open("g", &[("aria-label", "a\"b")]);
        svg.text((1.25, -0.04), "t", "end", "x<y & z");
        svg.rect((0.5, 10.0), (3.1449, 2.0), "r");
        svg.path("", "none");
        svg.close("g");
        insta::assert_snapshot!(svg.finish(), @r#"<g aria-label="a&quot;b"><text x="1.3" y="0" class="t" text-anchor="end">x&lt;y &amp; z</text><rect x=".5" y="10" width="3.1" height="2" class="r"/></g>"#);
    }

    #[test]
    fn polylines_do_not_drift() {
        assert_eq!(
            polyline(&[(0.0, 1.0), (0.5, 0.0), (10.0, 2.25)]),
            "M0 1l.5-1l9.5 2.3"
        );
        let far: Vec<(f64, f64)> = (0..1000).map(|i| (i as f64 * 0.04, 0.0)).collect();
        let steps: f64 = polyline(&far)[1..]
            .split('l')
            .map(|s| s.split(' ').next().unwrap().parse::<f64>().unwrap())
            .sum();
        assert!((steps - 39.96).abs() < 0.06, "{steps}");
        assert_eq!(polyline(&[]), "");
    }

    #[test]
    fn decimation_keeps_extremes_and_ends() {
        let mut points: Vec<(f64, f64)> = (0..1_000_000)
            .map(|i| (f64::from(i) * 1e-4, f64::from(i % 7)))
            .collect();
        points[123_456].1 = 99.0;
        points[654_321].1 = -99.0;
        let kept = decimate(&points, 1.0);
        assert!(kept.len() <= 400, "{}", kept.len());
        assert!(kept.contains(&points[123_456]) && kept.contains(&points[654_321]));
        assert_eq!(
            (kept[0], *kept.last().unwrap()),
            (points[0], points[999_999])
        );
        assert!(kept.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(decimate(&points[..1], 1.0), [points[0]]);
    }

    #[test]
    fn labels_move_apart_inside_the_range() {
        assert_eq!(
            spread_labels(&[10.0, 50.0], 12.0, (0.0, 100.0)),
            [10.0, 50.0]
        );
        for wanted in [
            vec![100.0, 99.0, 98.0],
            vec![0.0, 0.0],
            vec![50.0; 20],
            vec![5.0],
        ] {
            let placed = spread_labels(&wanted, 12.0, (0.0, 100.0));
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            assert!(
                sorted[0] >= -1e-9 && *sorted.last().unwrap() <= 100.0 + 1e-9,
                "{placed:?}"
            );
            let least = 12f64.min(100.0 / (wanted.len() - 1).max(1) as f64);
            assert!(
                sorted.windows(2).all(|w| w[1] - w[0] >= least - 1e-9),
                "{placed:?}"
            );
        }
    }
}
