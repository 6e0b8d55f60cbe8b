//! Networks: from rows to outputs, and from gradients at the outputs to gradients of the weights.

mod deep;
mod first;
mod shallow;
mod table;

pub(crate) use table::Table;

use crate::activation::Function;
use crate::order::Order;
use crate::pool::Pool;
use crate::real::Real;
use crate::score::{Rule, Scores};
use crate::weights::{Dims, Weights};
use dunwu_core::{Interaction, RunPlan, Weights as Field};

/// A network without its weights.
pub(crate) trait Stack<T: Real>: Send {
    /// Scores the rows of an order.
    fn forward(
        &mut self,
        pool: &Pool,
        net: Net<'_, T>,
        order: &Order,
        rule: &Rule<T>,
        scores: &mut Scores<T>,
    );

    /// Gradients of the table, the later hidden layers and the readout, from the gradient at the
    /// outputs of the order's rows (all of them trained on). Overwrites `grads` and `table_grad`.
    fn backward(
        &mut self,
        pool: &Pool,
        net: Net<'_, T>,
        order: &Order,
        gradient: &[T],
        table_grad: &mut [T],
        grads: &mut Weights<T>,
    );

    /// Last hidden activations of the order's rows, `stride` apart.
    fn features(&mut self, net: Net<'_, T>, order: &Order, out: &mut [T]);
}

/// What a pass reads.
#[derive(Clone, Copy)]
pub(crate) struct Net<'a, T> {
    /// First-layer rows by token, `stride` apart.
    pub table: &'a [T],
    pub weights: &'a Weights<T>,
}

/// The fastest stack for the plan.
pub(crate) fn stack<T: Real>(plan: &RunPlan, dims: Dims, pool: &Pool) -> Box<dyn Stack<T>> {
    let function = Function::from_plan(plan);
    let plain = plan.weights == Field::Real && plan.interaction == Interaction::Sum;
    if plain && plan.hidden_layers == 1 {
        Box::new(shallow::Shallow::new(dims, function, pool))
    } else {
        let first = first::First::new(plan, function);
        Box::new(deep::Deep::new(dims, function, first, pool))
    }
}
