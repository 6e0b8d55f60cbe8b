//! From a start to a maximum of the energy on the unit sphere, eight starts at once.
//!
//! First along the gradient, in steps of a limited angle, so that a start ends where the gradient flow would
//! take it; then by a trust region with exact Hessian-vector products (Steihaug's truncated conjugate
//! gradients), which converges quadratically; then once more from a point nearby, since no saddle
//! survives that.

use super::kernel::Point;
use super::lanes::{LANES, Lanes, Mask, add_scaled, dot, lane, make_tangent, set_lane};
use super::problem::Problem;
use dunwu_core::Seed;

/// Largest angle of one step along the gradient.
const STRIDE: f64 = 0.15;
/// Angle and share of the gradient on the sphere below which the trust region takes over.
const NEAR: (f64, f64) = (0.01, 0.02);
/// Most steps along the gradient.
const STEPS: usize = 400;
/// Most steps of the trust region, between two shakes.
const ROUNDS: usize = 200;
/// Most conjugate directions of one step.
const DIRECTIONS: usize = 60;
/// The gradient on the sphere at a maximum, as a share of the whole gradient.
pub(crate) const TOLERANCE: f64 = 1e-10;
/// Share below which a gradient that no step makes smaller is rounding.
const ROUNDING: f64 = 1e-7;
/// How far a maximum is shaken, in radians.
const SHAKE: f64 = 0.01;
/// Most shakes of one start.
const SHAKES: usize = 8;

/// Where a start ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Summit {
    /// The node, of length 1.
    pub w: Vec<f64>,
    /// E.
    pub energy: f64,
    /// ‖(I − wwᵀ)∇E‖ / ‖∇E‖.
    pub slope: f64,
    /// Whether the slope is at most 10⁻¹⁰, and a climb from 0.01 radians away came back to the same energy.
    pub converged: bool,
}

/// The same point of eight climbs, with the tangent gradient there.
struct Here {
    w: Vec<Lanes>,
    /// (I − wwᵀ)∇E.
    g: Vec<Lanes>,
    energy: [f64; LANES],
    /// ‖g‖.
    norm: [f64; LANES],
    /// ‖∇E‖.
    full: [f64; LANES],
    /// w·∇E.
    radial: Lanes,
}

impl Here {
    fn new(dim: usize) -> Self {
        Self {
            w: vec![Lanes::ZERO; dim],
            g: vec![Lanes::ZERO; dim],
            energy: [0.0; LANES],
            norm: [0.0; LANES],
            full: [0.0; LANES],
            radial: Lanes::ZERO,
        }
    }

    /// Evaluates the energy at `self.w`.
    fn look(&mut self, problem: &Problem, point: &mut Point) {
        point.evaluate(problem, &self.w);
        self.g.copy_from_slice(&point.gradient);
        self.full = dot(&self.g, &self.g).map(f64::sqrt).0;
        self.radial = dot(&self.w, &self.g);
        make_tangent(&mut self.g, &self.w);
        self.norm = dot(&self.g, &self.g).map(f64::sqrt).0;
        self.energy = point.energy.0;
    }

    /// Takes the other's lanes where the mask holds.
    fn take(&mut self, mask: Mask, other: &Here) {
        for (mine, theirs) in [(&mut self.w, &other.w), (&mut self.g, &other.g)] {
            for (x, y) in mine.iter_mut().zip(theirs) {
                *x = y.or(mask, *x);
            }
        }
        self.radial = other.radial.or(mask, self.radial);
        for i in (0..LANES).filter(|i| mask[*i]) {
            self.energy[i] = other.energy[i];
            self.norm[i] = other.norm[i];
            self.full[i] = other.full[i];
        }
    }

    /// ‖g‖ as a share of ‖∇E‖; 0 where the energy is constant.
    fn slope(&self, i: usize) -> f64 {
        if self.full[i] > 0.0 {
            self.norm[i] / self.full[i]
        } else {
            0.0
        }
    }
}

/// Scales every lane to length 1.
fn normalise(w: &mut [Lanes]) {
    let scale = dot(w, w).map(|n| if n > 0.0 { 1.0 / n.sqrt() } else { 0.0 });
    w.iter_mut().for_each(|x| *x = *x * scale);
}

/// Climbs from every start; `shakes` seeds the shaking of start i. The bits of a climb do not depend on its
/// neighbours.
pub(crate) fn climb(
    problem: &Problem,
    starts: &[Vec<f64>],
    shakes: Seed,
    first: usize,
) -> Vec<Summit> {
    let mut near = Flow::new(problem).run(starts);
    near.iter_mut().for_each(|w| unit(w));
    Trust::new(problem, shakes, first).run(&near)
}

fn unit(w: &mut [f64]) {
    let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
    if norm > 0.0 {
        w.iter_mut().for_each(|x| *x /= norm);
    }
}

/// Climbs along the gradient.
struct Flow<'a> {
    problem: &'a Problem,
    point: Point,
    here: Here,
    next: Here,
    angle: [f64; LANES],
    steps: [usize; LANES],
}

impl<'a> Flow<'a> {
    fn new(problem: &'a Problem) -> Self {
        Self {
            problem,
            point: Point::new(problem),
            here: Here::new(problem.dim),
            next: Here::new(problem.dim),
            angle: [STRIDE; LANES],
            steps: [0; LANES],
        }
    }

    fn run(mut self, starts: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut out = starts.to_vec();
        let mut queue = Queue::new(starts.len());
        loop {
            let fresh = queue.fill(|i, start| {
                set_lane(&mut self.next.w, i, &starts[start]);
                self.angle[i] = STRIDE;
                self.steps[i] = 0;
            });
            if queue.is_idle() {
                return out;
            }
            if fresh.contains(&true) {
                self.next.look(self.problem, &mut self.point);
                self.here.take(fresh, &self.next);
            }
            self.step();
            for i in 0..LANES {
                let near = self.angle[i] < NEAR.0 || self.here.slope(i) < NEAR.1;
                if near || self.steps[i] > STEPS {
                    queue.done(i, |start| out[start] = lane(&self.here.w, i));
                }
            }
        }
    }

    fn step(&mut self) {
        let (mut cos, mut sin) = (Lanes::ZERO, Lanes::ZERO);
        for i in 0..LANES {
            let norm = self.here.norm[i];
            let angle = if norm > 0.0 { self.angle[i] } else { 0.0 };
            cos.0[i] = libm::cos(angle);
            sin.0[i] = libm::sin(angle) / norm.max(f64::MIN_POSITIVE);
        }
        for (x, (w, g)) in self
            .next
            .w
            .iter_mut()
            .zip(self.here.w.iter().zip(&self.here.g))
        {
            *x = *w * cos + *g * sin;
        }
        normalise(&mut self.next.w);
        self.next.look(self.problem, &mut self.point);
        let turn = dot(&self.here.g, &self.next.g).0;
        let mut better = [false; LANES];
        for i in 0..LANES {
            better[i] = self.next.energy[i] > self.here.energy[i];
            let cosine = turn[i] / (self.here.norm[i] * self.next.norm[i]).max(f64::MIN_POSITIVE);
            self.angle[i] *= match (better[i], cosine) {
                (false, _) => 0.4,
                (true, c) if c > 0.8 => 1.4,
                (true, c) if c < 0.3 => 0.5,
                _ => 1.0,
            };
            self.angle[i] = self.angle[i].min(STRIDE);
            self.steps[i] += 1;
        }
        self.here.take(better, &self.next);
    }
}

/// Climbs by a trust region, then shakes.
struct Trust<'a> {
    problem: &'a Problem,
    seed: Seed,
    first: usize,
    point: Point,
    here: Here,
    next: Here,
    radius: [f64; LANES],
    rounds: [usize; LANES],
    shaken: [usize; LANES],
    best: Vec<Option<Summit>>,
    step: Vec<Lanes>,
    residual: Vec<Lanes>,
    direction: Vec<Lanes>,
}

/// What becomes of a lane that can climb no further.
enum Verdict {
    Climbing,
    Shake,
    Over(Summit),
}

impl<'a> Trust<'a> {
    fn new(problem: &'a Problem, seed: Seed, first: usize) -> Self {
        let zeros = || vec![Lanes::ZERO; problem.dim];
        Self {
            problem,
            seed,
            first,
            point: Point::new(problem),
            here: Here::new(problem.dim),
            next: Here::new(problem.dim),
            radius: [0.1; LANES],
            rounds: [0; LANES],
            shaken: [0; LANES],
            best: vec![None; LANES],
            step: zeros(),
            residual: zeros(),
            direction: zeros(),
        }
    }

    fn run(mut self, starts: &[Vec<f64>]) -> Vec<Summit> {
        let mut out: Vec<Option<Summit>> = vec![None; starts.len()];
        let mut queue = Queue::new(starts.len());
        let mut moved = [false; LANES];
        loop {
            let fresh = queue.fill(|i, start| {
                set_lane(&mut self.next.w, i, &starts[start]);
                (self.radius[i], self.rounds[i], self.shaken[i]) = (0.1, 0, 0);
                self.best[i] = None;
            });
            if queue.is_idle() {
                let all = out.into_iter().collect::<Option<Vec<_>>>();
                return all.expect("a queue is idle when every start is done");
            }
            let look: Mask = std::array::from_fn(|i| fresh[i] || moved[i]);
            if look.contains(&true) {
                self.next.look(self.problem, &mut self.point);
                self.here.take(look, &self.next);
            }
            moved = [false; LANES];
            let mut over = false;
            for (i, moved) in moved.iter_mut().enumerate() {
                let Some(start) = queue.lane[i] else { continue };
                match self.judge(i) {
                    Verdict::Climbing => {}
                    Verdict::Shake => {
                        self.shake(i, start);
                        *moved = true;
                    }
                    Verdict::Over(summit) => {
                        queue.done(i, |start| out[start] = Some(summit));
                        over = true;
                    }
                }
            }
            if !over && !moved.contains(&true) {
                self.solve();
                self.advance();
            }
        }
    }

    fn judge(&mut self, i: usize) -> Verdict {
        let slope = self.here.slope(i);
        let stuck = self.radius[i] < 1e-12 || self.rounds[i] >= ROUNDS;
        if slope > TOLERANCE && !stuck {
            return Verdict::Climbing;
        }
        let converged = slope <= TOLERANCE || self.radius[i] < 1e-12 && slope < ROUNDING;
        let summit = Summit {
            w: lane(&self.here.w, i),
            energy: self.here.energy[i],
            slope,
            converged,
        };
        // Where the energy is constant there is nowhere to climb.
        if self.here.full[i] == 0.0 {
            return Verdict::Over(summit);
        }
        let same = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
        match self.best[i].take() {
            Some(best) if same(summit.energy, best.energy) => Verdict::Over(best),
            best if self.shaken[i] >= SHAKES => Verdict::Over(Summit {
                converged: false,
                ..best.unwrap_or(summit)
            }),
            Some(best) if best.energy > summit.energy => {
                // Shaken off a narrow peak: back, and less hard.
                set_lane(&mut self.here.w, i, &best.w);
                self.best[i] = Some(best);
                Verdict::Shake
            }
            _ => {
                self.best[i] = Some(summit);
                Verdict::Shake
            }
        }
    }

    /// Puts the lane's next point a little off.
    fn shake(&mut self, i: usize, start: usize) {
        let count = self.shaken[i];
        let mut draws = self
            .seed
            .draws(&format!("shake {} {count}", self.first + start));
        let best = self.best[i]
            .as_ref()
            .expect("a summit is kept before it is shaken");
        let noise: Vec<f64> = best.w.iter().map(|_| draws.normal()).collect();
        let along: f64 = noise.iter().zip(&best.w).map(|(x, w)| x * w).sum();
        let mut away: Vec<f64> = noise
            .iter()
            .zip(&best.w)
            .map(|(x, w)| x - along * w)
            .collect();
        unit(&mut away);
        let size = SHAKE * 0.25f64.powi((count / 2) as i32);
        let mut w: Vec<f64> = best
            .w
            .iter()
            .zip(&away)
            .map(|(w, x)| w + size * x)
            .collect();
        unit(&mut w);
        set_lane(&mut self.next.w, i, &w);
        self.shaken[i] += 1;
        (self.radius[i], self.rounds[i]) = (0.1, 0);
    }

    /// (I − wwᵀ)H s − (w·∇E)s, the negative of it: what the quadratic model of the energy loses along s.
    fn bend(&mut self, out: &mut Vec<Lanes>) {
        self.point.bend(self.problem, &self.here.w, &self.direction);
        out.clear();
        out.extend_from_slice(&self.point.bent);
        make_tangent(out, &self.here.w);
        for (x, d) in out.iter_mut().zip(&self.direction) {
            *x = self.here.radial * *d - *x;
        }
    }

    /// Truncated conjugate gradients: the step of each lane, within its radius.
    fn solve(&mut self) {
        self.step.fill(Lanes::ZERO);
        self.residual.copy_from_slice(&self.here.g);
        self.direction.copy_from_slice(&self.here.g);
        let mut size = dot(&self.residual, &self.residual);
        let goal: [f64; LANES] = std::array::from_fn(|i| {
            let norm = self.here.norm[i];
            (norm * self.here.slope(i).min(0.1)).max(0.1 * TOLERANCE * self.here.full[i])
        });
        let mut active: Mask = std::array::from_fn(|i| size.0[i] > 0.0);
        let mut bent = Vec::with_capacity(self.problem.dim);
        for _ in 0..DIRECTIONS.min(self.problem.dim) {
            if !active.contains(&true) {
                return;
            }
            self.bend(&mut bent);
            let loss = dot(&self.direction, &bent).0;
            let reach = self.reach();
            let (mut alpha, mut whole) = ([0.0; LANES], active);
            for i in (0..LANES).filter(|i| active[*i]) {
                let full = size.0[i] / loss[i];
                whole[i] = loss[i] > 0.0 && full < reach[i];
                alpha[i] = if whole[i] { full } else { reach[i] };
            }
            let alpha = Lanes(alpha);
            add_scaled(&mut self.step, alpha, &self.direction);
            add_scaled(&mut self.residual, -alpha, &bent);
            let after = dot(&self.residual, &self.residual);
            let mut beta = Lanes::ZERO;
            for i in 0..LANES {
                active[i] = active[i] && whole[i] && after.0[i].sqrt() > goal[i];
                beta.0[i] = if active[i] {
                    after.0[i] / size.0[i]
                } else {
                    0.0
                };
            }
            for (d, r) in self.direction.iter_mut().zip(&self.residual) {
                *d = *r + beta * *d;
            }
            size = after;
        }
    }

    /// How far each lane can go along its direction before it leaves its radius.
    fn reach(&self) -> [f64; LANES] {
        let (ss, sd) = (
            dot(&self.step, &self.step).0,
            dot(&self.step, &self.direction).0,
        );
        let dd = dot(&self.direction, &self.direction).0;
        std::array::from_fn(|i| {
            let room = (self.radius[i].powi(2) - ss[i]).max(0.0);
            let root = (sd[i] * sd[i] + dd[i] * room).sqrt();
            // The root without cancellation.
            if dd[i] == 0.0 {
                0.0
            } else if sd[i] > 0.0 {
                room / (sd[i] + root)
            } else {
                (root - sd[i]) / dd[i]
            }
        })
    }

    /// Takes the steps that raise the energy and adapts the radii.
    fn advance(&mut self) {
        // g·s − ½sᵀAs with As = g − residual.
        let gained = dot(&self.step, &self.here.g).0;
        let left = dot(&self.step, &self.residual).0;
        let length = dot(&self.step, &self.step).map(f64::sqrt).0;
        for (x, (w, s)) in self
            .next
            .w
            .iter_mut()
            .zip(self.here.w.iter().zip(&self.step))
        {
            *x = *w + *s;
        }
        normalise(&mut self.next.w);
        self.next.look(self.problem, &mut self.point);
        let mut take = [false; LANES];
        for i in 0..LANES {
            self.rounds[i] += 1;
            let expected = 0.5 * (gained[i] + left[i]);
            let actual = self.next.energy[i] - self.here.energy[i];
            if expected.abs() <= 1e-13 * self.here.energy[i].abs() {
                // Below the energy's rounding only the slope can judge.
                take[i] = self.next.norm[i] < self.here.norm[i];
                self.radius[i] *= if take[i] { 1.0 } else { 0.1 };
                continue;
            }
            let ratio = actual / expected;
            take[i] = ratio > 0.05;
            if ratio < 0.25 {
                self.radius[i] = 0.25 * length[i];
            } else if ratio > 0.75 && length[i] > 0.9 * self.radius[i] {
                self.radius[i] = (2.0 * self.radius[i]).min(0.5);
            }
        }
        self.here.take(take, &self.next);
    }
}

/// Which start each lane works on.
struct Queue {
    next: usize,
    count: usize,
    lane: [Option<usize>; LANES],
}

impl Queue {
    fn new(count: usize) -> Self {
        Self {
            next: 0,
            count,
            lane: [None; LANES],
        }
    }

    /// Gives every free lane a start; returns which lanes have a new one.
    fn fill(&mut self, mut begin: impl FnMut(usize, usize)) -> Mask {
        let mut fresh = [false; LANES];
        for (i, lane) in self.lane.iter_mut().enumerate() {
            if lane.is_none() && self.next < self.count {
                begin(i, self.next);
                *lane = Some(self.next);
                self.next += 1;
                fresh[i] = true;
            }
        }
        fresh
    }

    fn is_idle(&self) -> bool {
        self.lane.iter().all(Option::is_none)
    }

    fn done(&mut self, i: usize, keep: impl FnOnce(usize)) {
        if let Some(start) = self.lane[i].take() {
            keep(start);
        }
    }
}
