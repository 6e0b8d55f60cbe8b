//! Multi-layer perceptrons as a model: a table of first-layer rows and the layers on top of it.

use crate::matrix::Matrix;
use crate::model::Model;
use crate::order::Order;
use crate::pool::Pool;
use crate::real::Real;
use crate::score::{Rule, Scores};
use crate::stack::{Net, Stack, Table, stack};
use crate::weights::{Dims, Weights};
use dunwu_core::{Dataset, Needs, RunPlan};

/// Any perceptron.
pub(crate) struct Perceptron<T> {
    stack: Box<dyn Stack<T>>,
    table: Table<T>,
    d: Dims,
}

impl<T: Real> Perceptron<T> {
    pub(crate) fn new(plan: &RunPlan, data: &Dataset, pool: &Pool) -> Self {
        let d = Dims::new(plan, data);
        Self {
            stack: stack(plan, d, pool),
            table: Table::new(d, &data.vocab),
            d,
        }
    }
}

impl<T: Real> Model<T> for Perceptron<T> {
    fn order(&self, data: &Dataset, rows: &[u32]) -> Order {
        Order::of(data, rows.iter().copied())
    }

    fn refresh(&mut self, weights: &Weights<T>) {
        self.table.refresh(weights);
    }

    fn forward(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        order: &Order,
        rule: &Rule<T>,
        scores: &mut Scores<T>,
    ) {
        let table = self.table.rows(weights);
        let net = Net { table, weights };
        self.stack.forward(pool, net, order, rule, scores);
    }

    fn backward(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        order: &Order,
        gradient: &[T],
        grads: &mut Weights<T>,
    ) {
        let mut rows_grad = self.table.take_grad(grads);
        let table = self.table.rows(weights);
        let net = Net { table, weights };
        self.stack
            .backward(pool, net, order, gradient, &mut rows_grad, grads);
        self.table.descend(rows_grad, weights, grads);
    }

    fn features(&mut self, weights: &Weights<T>, order: &Order, _: usize, out: &mut [T]) {
        let table = self.table.rows(weights);
        self.stack.features(Net { table, weights }, order, out);
    }

    fn look(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        data: &Dataset,
        needs: Needs,
        _: Option<&Rule<T>>,
        scale: T,
    ) -> Vec<Matrix<T>> {
        if !needs.table {
            return vec![];
        }
        let d = self.d;
        let order = Order::of(data, 0..data.len() as u32);
        let rule = Rule {
            loss: None,
            output_scale: scale,
            gradient_scale: T::ONE,
            keep_raw: 1,
            descend: false,
        };
        let mut scores = Scores::new(d.classes, d.pitch);
        self.forward(pool, weights, &order, &rule, &mut scores);
        let outputs = Matrix {
            name: "table.outputs".into(),
            rows: order.len(),
            cols: d.classes,
            stride: d.pitch,
            data: scores.raw,
        };
        let name = format!("table.nodes.{}", d.layers - 1);
        let mut nodes = Matrix::zeros(&name, [order.len(), d.width], order.len(), d.stride);
        self.features(weights, &order, 1, &mut nodes.data);
        vec![outputs, nodes]
    }
}
