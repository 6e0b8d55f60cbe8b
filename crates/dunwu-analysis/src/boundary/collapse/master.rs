//! A rising curve through points, and how far others lie from it.

/// A point of a curve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dot {
    pub x: f64,
    pub y: f64,
}

/// A curve that never falls.
pub(super) struct Master {
    /// Ascending in both.
    knots: Vec<Dot>,
}

impl Master {
    /// The rising curve of least squares through points (pool adjacent violators), from middle to middle of
    /// its steps straight.
    pub(super) fn through(sorted: impl Iterator<Item = Dot>) -> Self {
        // Each block: sum of x, sum of y, points.
        let mut blocks: Vec<(f64, f64, f64)> = vec![];
        for dot in sorted {
            let mut block = (dot.x, dot.y, 1.0);
            while let Some(before) = blocks.last().filter(|b| b.1 * block.2 >= block.1 * b.2) {
                block = (block.0 + before.0, block.1 + before.1, block.2 + before.2);
                blocks.pop();
            }
            blocks.push(block);
        }
        let knots = blocks
            .iter()
            .map(|(x, y, n)| Dot { x: x / n, y: y / n })
            .collect();
        Self { knots }
    }

    /// Its height; beyond its ends that of the end.
    pub(super) fn at(&self, x: f64) -> f64 {
        let right = self.knots.partition_point(|k| k.x < x);
        match (
            right.checked_sub(1).map(|i| self.knots[i]),
            self.knots.get(right),
        ) {
            (Some(a), Some(b)) => {
                a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x).max(f64::MIN_POSITIVE)
            }
            (Some(end), None) => end.y,
            (None, Some(end)) => end.y,
            (None, None) => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_neighbours_are_pooled_and_the_rest_is_straight() {
        let dots = [(0.0, 0.0), (1.0, 0.6), (2.0, 0.4), (3.0, 1.0)].map(|(x, y)| Dot { x, y });
        let master = Master::through(dots.into_iter());
        assert_eq!((master.at(-1.0), master.at(9.0)), (0.0, 1.0));
        assert_eq!((master.at(1.5), master.at(0.75)), (0.5, 0.25));
    }
}
