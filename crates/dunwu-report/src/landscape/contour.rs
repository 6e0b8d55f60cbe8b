//! Ground above a level, as the outline of a path: marching squares with linear interpolation.

use crate::svg::px;

/// A grid of heights and where its columns and rows lie.
pub(crate) struct Grid<'a> {
    pub(crate) xs: &'a [f64],
    pub(crate) ys: &'a [f64],
    /// Rows × columns.
    pub(crate) values: &'a [f64],
}

type Point = (f64, f64);

impl Grid<'_> {
    fn value(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.xs.len() + column]
    }

    /// Corners of a cell in order around it, with their heights.
    fn corners(&self, row: usize, column: usize) -> [(Point, f64); 4] {
        [(0, 0), (0, 1), (1, 1), (1, 0)].map(|(r, c)| {
            let (r, c) = (row + r, column + c);
            ((self.xs[c], self.ys[r]), self.value(r, c))
        })
    }

    /// Path data of the ground at or above a level; whole cells of a row are one rectangle.
    pub(crate) fn above(&self, level: f64) -> String {
        let mut out = String::new();
        for row in 0..self.ys.len() - 1 {
            let mut from = None;
            for column in 0..self.xs.len() - 1 {
                let corners = self.corners(row, column);
                let over = corners.iter().filter(|c| c.1 >= level).count();
                if over == 4 {
                    from.get_or_insert(column);
                    continue;
                }
                if let Some(first) = from.take() {
                    self.rectangle(&mut out, row, first, column);
                }
                if over > 0 {
                    polygon(&mut out, &clipped(&corners, level));
                }
            }
            if let Some(first) = from {
                self.rectangle(&mut out, row, first, self.xs.len() - 1);
            }
        }
        out
    }

    fn rectangle(&self, out: &mut String, row: usize, from: usize, to: usize) {
        let (x0, x1) = (self.xs[from], self.xs[to]);
        let (y0, y1) = (self.ys[row], self.ys[row + 1]);
        polygon(out, &[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]);
    }

    /// Path data of the line at a level.
    pub(crate) fn line(&self, level: f64) -> String {
        let mut out = String::new();
        for row in 0..self.ys.len() - 1 {
            for column in 0..self.xs.len() - 1 {
                let crossings = crossings(&self.corners(row, column), level);
                for pair in crossings.chunks_exact(2) {
                    let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
                    out.push_str(&format!("M{} {}L{} {}", px(x0), px(y0), px(x1), px(y1)));
                }
            }
        }
        out
    }
}

/// Where an edge meets the level.
fn between((a, u): (Point, f64), (b, v): (Point, f64), level: f64) -> Point {
    let share = (level - u) / (v - u);
    (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
}

fn crossings(corners: &[(Point, f64); 4], level: f64) -> Vec<Point> {
    (0..4)
        .map(|i| (corners[i], corners[(i + 1) % 4]))
        .filter(|(a, b)| (a.1 >= level) != (b.1 >= level))
        .map(|(a, b)| between(a, b, level))
        .collect()
}

/// The part of a cell at or above the level.
fn clipped(corners: &[(Point, f64); 4], level: f64) -> Vec<Point> {
    let mut out = Vec::with_capacity(6);
    for i in 0..4 {
        let (a, b) = (corners[i], corners[(i + 1) % 4]);
        if a.1 >= level {
            out.push(a.0);
        }
        if (a.1 >= level) != (b.1 >= level) {
            out.push(between(a, b, level));
        }
    }
    out
}

fn polygon(out: &mut String, points: &[Point]) {
    for (i, (x, y)) in points.iter().enumerate() {
        out.push(if i == 0 { 'M' } else { 'L' });
        out.push_str(&format!("{} {}", px(*x), px(*y)));
    }
    out.push('z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ground_above_a_level_has_the_area_of_a_ramp() {
        let (xs, ys) = ([0.0, 10.0, 20.0], [0.0, 10.0]);
        let grid = Grid {
            xs: &xs,
            ys: &ys,
            values: &[0.0, 1.0, 2.0, 0.0, 1.0, 2.0],
        };
        assert_eq!(grid.above(1.5), "M15 0L20 0L20 10L15 10z");
        assert_eq!(grid.line(0.5), "M5 0L5 10");
        assert_eq!(grid.above(0.0), "M0 0L20 0L20 10L0 10z");
        assert_eq!(grid.above(3.0), "");
    }
}
