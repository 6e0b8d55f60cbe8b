//! Minimisation of a smooth function by L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.4).

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are kept.
const KEPT: usize = 10;
/// Share of the decrease that the slope promises which a step must bring (Armijo).
const ENOUGH: f64 = 1e-4;
/// Halvings of a step before the search ends.
const HALVINGS: usize = 30;

/// A step, the change of the gradient along it, and 1 over their product.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    inverse: f64,
}

/// Where a function is least that writes its gradient and returns its value: at most so many steps from a start, each of
/// which lowers it.
pub(crate) fn minimise(
    start: &[f64],
    steps: usize,
    function: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let (mut x, mut gradient) = (start.to_vec(), vec![0.0; start.len()]);
    let mut value = function(&x, &mut gradient);
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    for _ in 0..steps {
        let mut direction = direction(&gradient, &pairs);
        if dot(&direction, &gradient) >= 0.0 {
            pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
        }
        let slope = dot(&direction, &gradient);
        // The first step is of length 1: nothing is known of the scale.
        let mut length = if pairs.is_empty() {
            1.0 / (-slope).sqrt().max(1e-300)
        } else {
            1.0
        };
        let mut next = vec![0.0; x.len()];
        let found = (0..HALVINGS).find_map(|_| {
            let moved: Vec<f64> = x
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + length * d)
                .collect();
            let there = function(&moved, &mut next);
            let enough = there <= value + ENOUGH * length * slope;
            length *= 0.5;
            enough.then_some((moved, there))
        });
        let Some((moved, there)) = found else { break };
        let step: Vec<f64> = moved.iter().zip(&x).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = next.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let product = dot(&step, &change);
        // Without it the curvature would not stay positive.
        if product > 1e-12 * dot(&change, &change) {
            pairs.truncate(KEPT - 1);
            pairs.push_front(Pair {
                inverse: 1.0 / product,
                step,
                change,
            });
        }
        (x, gradient, value) = (moved, next, there);
    }
    x
}

/// −Hg, H the inverse of the curvature that the pairs tell, newest first.
fn direction(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut along = Vec::with_capacity(pairs.len());
    for p in pairs {
        let a = p.inverse * dot(&p.step, &q);
        add(&mut q, -a, &p.change);
        along.push(a);
    }
    if let Some(p) = pairs.front() {
        let scale = 1.0 / (p.inverse * dot(&p.change, &p.change));
        q.iter_mut().for_each(|x| *x *= scale);
    }
    for (p, a) in pairs.iter().zip(along).rev() {
        let b = p.inverse * dot(&p.change, &q);
        add(&mut q, a - b, &p.step);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], times: f64, of: &[f64]) {
    for (x, y) in to.iter_mut().zip(of) {
        *x += times * y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosenbrock_is_minimised() {
        let found = minimise(&[-1.2, 1.0], 100, &mut |x, g| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        });
        assert!(
            (found[0] - 1.0).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6,
            "{found:?}"
        );
    }
}
