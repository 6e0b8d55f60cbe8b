//! Energy, gradient and Hessian-vector product of eight nodes at once: O(n) for one-hot inputs.

use super::lanes::{Lanes, dot};
use super::problem::{Form, Inputs, Problem, Targets};
use super::sigma::{Kind, Polynomial, Sigma};
use pulp::{Arch, Simd, WithSimd};

/// What is computed at w, lane by lane, and what is worked in.
pub(crate) struct Point {
    /// E.
    pub(crate) energy: Lanes,
    /// ∇E.
    pub(crate) gradient: Vec<Lanes>,
    /// H s.
    pub(crate) bent: Vec<Lanes>,
    z: Vec<Lanes>,
    zz: Vec<Lanes>,
}

impl Point {
    pub(crate) fn new(problem: &Problem) -> Self {
        Self {
            energy: Lanes::ZERO,
            gradient: vec![Lanes::ZERO; problem.dim],
            bent: vec![Lanes::ZERO; problem.dim],
            z: vec![Lanes::ZERO; problem.classes],
            zz: vec![Lanes::ZERO; problem.classes],
        }
    }

    /// E and ∇E at w.
    pub(crate) fn evaluate(&mut self, problem: &Problem, w: &[Lanes]) {
        self.run::<false>(problem, w, &[]);
    }

    /// E, ∇E and H s at w.
    pub(crate) fn bend(&mut self, problem: &Problem, w: &[Lanes], s: &[Lanes]) {
        self.run::<true>(problem, w, s);
    }

    fn run<const BEND: bool>(&mut self, problem: &Problem, w: &[Lanes], s: &[Lanes]) {
        self.z.fill(Lanes::ZERO);
        self.zz.fill(Lanes::ZERO);
        self.gradient.fill(Lanes::ZERO);
        self.bent.fill(Lanes::ZERO);
        match &problem.targets {
            Targets::Labels {
                labels,
                weights,
                centre,
            } => match weights {
                None => self.by_form::<_, BEND>(problem, w, s, Plain { labels, centre }),
                Some(weights) => {
                    let plain = Plain { labels, centre };
                    self.by_form::<_, BEND>(problem, w, s, Weighted { plain, weights });
                }
            },
            Targets::Dense(matrix) => {
                let columns = problem.classes;
                self.by_form::<_, BEND>(problem, w, s, Columns { matrix, columns });
            }
        }
    }

    fn by_form<T: Target, const BEND: bool>(
        &mut self,
        problem: &Problem,
        w: &[Lanes],
        s: &[Lanes],
        target: T,
    ) {
        match (problem.sigma, problem.form) {
            (kind, Form::Cross) => {
                let twice = 2.0 * kind.square().expect("the cross term is one of a square");
                self.by_inputs::<T, _, BEND>(problem, w, s, target, Cross(twice));
            }
            (Kind::Polynomial(sigma), _) => {
                self.by_inputs::<T, _, BEND>(problem, w, s, target, Sum::<Polynomial>(sigma));
            }
            (Kind::Smooth(sigma), _) => {
                self.by_inputs::<T, _, BEND>(problem, w, s, target, Sum(sigma));
            }
        }
    }

    fn by_inputs<T: Target, F: Coupling, const BEND: bool>(
        &mut self,
        problem: &Problem,
        w: &[Lanes],
        s: &[Lanes],
        target: T,
        form: F,
    ) {
        let arch = Arch::new();
        match &problem.inputs {
            Inputs::Pairs { runs, second } => arch.dispatch(Pairs::<'_, T, F, BEND> {
                runs,
                second,
                w,
                s,
                target,
                form,
                point: self,
            }),
            Inputs::Tuples { operands, tokens } => {
                let rows = OneHot {
                    operands: *operands,
                    tokens,
                };
                arch.dispatch(General::<'_, _, T, F, BEND> {
                    rows,
                    w,
                    s,
                    target,
                    form,
                    point: self,
                });
            }
            Inputs::Dense(x) => {
                let rows = Features {
                    x,
                    dim: problem.dim,
                };
                arch.dispatch(General::<'_, _, T, F, BEND> {
                    rows,
                    w,
                    s,
                    target,
                    form,
                    point: self,
                });
            }
        }
    }

    /// E = ½‖z‖² once z is whole.
    #[inline(always)]
    fn close<T: Target, const BEND: bool>(&mut self, target: &T) -> (Lanes, Lanes) {
        let mean = target.centre(&mut self.z);
        let mean_bent = if BEND {
            target.centre(&mut self.zz)
        } else {
            Lanes::ZERO
        };
        self.energy = dot(&self.z, &self.z) * 0.5;
        (mean, mean_bent)
    }
}

/// T of z = Tᵀf and r = Tz.
trait Target: Copy {
    /// z += Tᵢ f.
    fn gather(&self, i: usize, f: Lanes, z: &mut [Lanes]);
    /// What is left of z = Tᵀf once all rows are gathered; returns what `spread` wants.
    fn centre(&self, z: &mut [Lanes]) -> Lanes;
    /// rᵢ = Tᵢ·z.
    fn spread(&self, i: usize, z: &[Lanes], mean: Lanes) -> Lanes;
}

#[derive(Clone, Copy)]
struct Plain<'a> {
    labels: &'a [u32],
    centre: &'a [f64],
}

impl Target for Plain<'_> {
    #[inline(always)]
    fn gather(&self, i: usize, f: Lanes, z: &mut [Lanes]) {
        z[self.labels[i] as usize] += f;
    }

    #[inline(always)]
    fn centre(&self, z: &mut [Lanes]) -> Lanes {
        let mut total = Lanes::ZERO;
        for x in z.iter() {
            total += *x;
        }
        let mut mean = Lanes::ZERO;
        for (x, p) in z.iter_mut().zip(self.centre) {
            *x = *x - total * *p;
            mean += *x * *p;
        }
        mean
    }

    #[inline(always)]
    fn spread(&self, i: usize, z: &[Lanes], mean: Lanes) -> Lanes {
        z[self.labels[i] as usize] - mean
    }
}

#[derive(Clone, Copy)]
struct Weighted<'a> {
    plain: Plain<'a>,
    weights: &'a [f64],
}

impl Target for Weighted<'_> {
    #[inline(always)]
    fn gather(&self, i: usize, f: Lanes, z: &mut [Lanes]) {
        self.plain.gather(i, f * self.weights[i], z);
    }

    #[inline(always)]
    fn centre(&self, z: &mut [Lanes]) -> Lanes {
        self.plain.centre(z)
    }

    #[inline(always)]
    fn spread(&self, i: usize, z: &[Lanes], mean: Lanes) -> Lanes {
        self.plain.spread(i, z, mean) * self.weights[i]
    }
}

#[derive(Clone, Copy)]
struct Columns<'a> {
    matrix: &'a [f64],
    columns: usize,
}

impl Columns<'_> {
    #[inline(always)]
    fn row(&self, i: usize) -> &[f64] {
        &self.matrix[i * self.columns..(i + 1) * self.columns]
    }
}

impl Target for Columns<'_> {
    #[inline(always)]
    fn gather(&self, i: usize, f: Lanes, z: &mut [Lanes]) {
        for (x, t) in z.iter_mut().zip(self.row(i)) {
            *x += f * *t;
        }
    }

    #[inline(always)]
    fn centre(&self, _: &mut [Lanes]) -> Lanes {
        Lanes::ZERO
    }

    #[inline(always)]
    fn spread(&self, i: usize, z: &[Lanes], _: Lanes) -> Lanes {
        let mut sum = Lanes::ZERO;
        for (x, t) in z.iter().zip(self.row(i)) {
            sum += *x * *t;
        }
        sum
    }
}

/// How two operands' weights u and v become an activation f.
trait Coupling: Copy {
    /// Whether f depends on u + v alone, so that any number of operands will do.
    const IS_SUM: bool;
    /// f.
    fn value(self, u: Lanes, v: Lanes) -> Lanes;
    /// The change of f along (s, t).
    fn along(self, u: Lanes, v: Lanes, s: Lanes, t: Lanes) -> Lanes;
    /// (∂f/∂u, ∂f/∂v)·r.
    fn slopes(self, u: Lanes, v: Lanes, r: Lanes) -> [Lanes; 2];
    /// Second derivatives of f along (s, t), times r.
    fn curvatures(self, u: Lanes, v: Lanes, s: Lanes, t: Lanes, r: Lanes) -> [Lanes; 2];
}

#[derive(Clone, Copy)]
struct Sum<S>(S);

impl<S: Sigma> Coupling for Sum<S> {
    const IS_SUM: bool = true;

    #[inline(always)]
    fn value(self, u: Lanes, v: Lanes) -> Lanes {
        let mut x = u + v;
        for a in &mut x.0 {
            *a = self.0.value(*a);
        }
        x
    }

    #[inline(always)]
    fn along(self, u: Lanes, v: Lanes, s: Lanes, t: Lanes) -> Lanes {
        let mut x = u + v;
        for a in &mut x.0 {
            *a = self.0.slope(*a);
        }
        x * (s + t)
    }

    #[inline(always)]
    fn slopes(self, u: Lanes, v: Lanes, r: Lanes) -> [Lanes; 2] {
        let mut x = u + v;
        for a in &mut x.0 {
            *a = self.0.slope(*a);
        }
        [x * r; 2]
    }

    #[inline(always)]
    fn curvatures(self, u: Lanes, v: Lanes, s: Lanes, t: Lanes, r: Lanes) -> [Lanes; 2] {
        let mut x = u + v;
        for a in &mut x.0 {
            *a = self.0.curvature(*a);
        }
        [x * r * (s + t); 2]
    }
}

/// f = κ·u·v.
#[derive(Clone, Copy)]
struct Cross(f64);

impl Coupling for Cross {
    const IS_SUM: bool = false;

    #[inline(always)]
    fn value(self, u: Lanes, v: Lanes) -> Lanes {
        u * v * self.0
    }

    #[inline(always)]
    fn along(self, u: Lanes, v: Lanes, s: Lanes, t: Lanes) -> Lanes {
        (u * t + s * v) * self.0
    }

    #[inline(always)]
    fn slopes(self, u: Lanes, v: Lanes, r: Lanes) -> [Lanes; 2] {
        let scaled = r * self.0;
        [v * scaled, u * scaled]
    }

    #[inline(always)]
    fn curvatures(self, _: Lanes, _: Lanes, s: Lanes, t: Lanes, r: Lanes) -> [Lanes; 2] {
        let scaled = r * self.0;
        [t * scaled, s * scaled]
    }
}

/// Two one-hot operands: what belongs to the first stays in registers through its run.
struct Pairs<'a, T, F, const BEND: bool> {
    runs: &'a [(u32, u32)],
    second: &'a [u32],
    w: &'a [Lanes],
    s: &'a [Lanes],
    target: T,
    form: F,
    point: &'a mut Point,
}

impl<T: Target, F: Coupling, const BEND: bool> WithSimd for Pairs<'_, T, F, BEND> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let zero = Lanes::ZERO;
        let mut start = 0;
        for (a, end) in self.runs {
            let (a, end) = (*a as usize, *end as usize);
            let (u, s) = (self.w[a], if BEND { self.s[a] } else { zero });
            for i in start..end {
                let b = self.second[i] as usize;
                let v = self.w[b];
                self.target
                    .gather(i, self.form.value(u, v), &mut self.point.z);
                if BEND {
                    let along = self.form.along(u, v, s, self.s[b]);
                    self.target.gather(i, along, &mut self.point.zz);
                }
            }
            start = end;
        }
        let (mean, mean_bent) = self.point.close::<T, BEND>(&self.target);
        let mut start = 0;
        for (a, end) in self.runs {
            let (a, end) = (*a as usize, *end as usize);
            let (u, s) = (self.w[a], if BEND { self.s[a] } else { zero });
            let (mut of_u, mut bent_u) = (zero, zero);
            for i in start..end {
                let b = self.second[i] as usize;
                let v = self.w[b];
                let r = self.target.spread(i, &self.point.z, mean);
                let [gu, gv] = self.form.slopes(u, v, r);
                of_u += gu;
                self.point.gradient[b] += gv;
                if BEND {
                    let rr = self.target.spread(i, &self.point.zz, mean_bent);
                    let [hu, hv] = self.form.slopes(u, v, rr);
                    let [cu, cv] = self.form.curvatures(u, v, s, self.s[b], r);
                    bent_u += hu + cu;
                    self.point.bent[b] += hv + cv;
                }
            }
            self.point.gradient[a] += of_u;
            if BEND {
                self.point.bent[a] += bent_u;
            }
            start = end;
        }
    }
}

/// Rows of X of any kind.
trait RowsOfX: Copy {
    fn len(&self) -> usize;
    /// xᵢ·w.
    fn dot(&self, i: usize, w: &[Lanes]) -> Lanes;
    /// out += g xᵢ.
    fn add(&self, i: usize, g: Lanes, out: &mut [Lanes]);
}

#[derive(Clone, Copy)]
struct OneHot<'a> {
    operands: usize,
    tokens: &'a [u32],
}

impl RowsOfX for OneHot<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.tokens.len() / self.operands
    }

    #[inline(always)]
    fn dot(&self, i: usize, w: &[Lanes]) -> Lanes {
        let mut sum = Lanes::ZERO;
        for t in &self.tokens[i * self.operands..(i + 1) * self.operands] {
            sum += w[*t as usize];
        }
        sum
    }

    #[inline(always)]
    fn add(&self, i: usize, g: Lanes, out: &mut [Lanes]) {
        for t in &self.tokens[i * self.operands..(i + 1) * self.operands] {
            out[*t as usize] += g;
        }
    }
}

#[derive(Clone, Copy)]
struct Features<'a> {
    x: &'a [f64],
    dim: usize,
}

impl RowsOfX for Features<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.x.len() / self.dim
    }

    #[inline(always)]
    fn dot(&self, i: usize, w: &[Lanes]) -> Lanes {
        let mut sum = Lanes::ZERO;
        for (x, w) in self.x[i * self.dim..(i + 1) * self.dim].iter().zip(w) {
            sum += *w * *x;
        }
        sum
    }

    #[inline(always)]
    fn add(&self, i: usize, g: Lanes, out: &mut [Lanes]) {
        for (x, o) in self.x[i * self.dim..(i + 1) * self.dim].iter().zip(out) {
            *o += g * *x;
        }
    }
}

/// Any rows; activations of sums only.
struct General<'a, R, T, F, const BEND: bool> {
    rows: R,
    w: &'a [Lanes],
    s: &'a [Lanes],
    target: T,
    form: F,
    point: &'a mut Point,
}

impl<R: RowsOfX, T: Target, F: Coupling, const BEND: bool> WithSimd for General<'_, R, T, F, BEND> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        assert!(F::IS_SUM, "the cross term is one of two sorted operands");
        let zero = Lanes::ZERO;
        for i in 0..self.rows.len() {
            let a = self.rows.dot(i, self.w);
            self.target
                .gather(i, self.form.value(a, zero), &mut self.point.z);
            if BEND {
                let along = self.form.along(a, zero, self.rows.dot(i, self.s), zero);
                self.target.gather(i, along, &mut self.point.zz);
            }
        }
        let (mean, mean_bent) = self.point.close::<T, BEND>(&self.target);
        for i in 0..self.rows.len() {
            let a = self.rows.dot(i, self.w);
            let r = self.target.spread(i, &self.point.z, mean);
            let [g, _] = self.form.slopes(a, zero, r);
            self.rows.add(i, g, &mut self.point.gradient);
            if BEND {
                let rr = self.target.spread(i, &self.point.zz, mean_bent);
                let [h, _] = self.form.slopes(a, zero, rr);
                let [c, _] = self
                    .form
                    .curvatures(a, zero, self.rows.dot(i, self.s), zero, r);
                self.rows.add(i, h + c, &mut self.point.bent);
            }
        }
    }
}

impl Problem {
    /// E(w).
    ///
    /// # Panics
    /// If w has another length than [`Problem::dim`].
    pub fn energy(&self, w: &[f64]) -> f64 {
        self.at(w, None).energy.0[0]
    }

    /// ∇E(w) = Xᵀ(σ′(Xw) ∘ r) with r = TTᵀσ(Xw).
    ///
    /// # Panics
    /// If w has another length than [`Problem::dim`].
    pub fn gradient(&self, w: &[f64]) -> Vec<f64> {
        super::lanes::lane(&self.at(w, None).gradient, 0)
    }

    /// H s with H = Xᵀ[diag(σ″(Xw) ∘ r) + D TTᵀ D]X, D = diag σ′(Xw).
    ///
    /// # Panics
    /// If w or s has another length than [`Problem::dim`].
    pub fn hessian_vector(&self, w: &[f64], s: &[f64]) -> Vec<f64> {
        assert_eq!(s.len(), self.dim, "a direction has one entry a weight");
        super::lanes::lane(&self.at(w, Some(s)).bent, 0)
    }

    fn at(&self, w: &[f64], s: Option<&[f64]>) -> Point {
        assert_eq!(w.len(), self.dim, "a node has one entry a weight");
        let spread = |x: &[f64]| -> Vec<Lanes> { x.iter().map(|v| Lanes::all(*v)).collect() };
        let mut point = Point::new(self);
        match s {
            Some(s) => point.bend(self, &spread(w), &spread(s)),
            None => point.evaluate(self, &spread(w)),
        }
        point
    }
}
