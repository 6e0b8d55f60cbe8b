//! A family of networks, as the trainer sees it: rows in, scores and gradients out.

use crate::matrix::Matrix;
use crate::order::Order;
use crate::perceptron::Perceptron;
use crate::pool::Pool;
use crate::real::Real;
use crate::score::{Rule, Scores};
use crate::transformer::Transformer;
use crate::weights::Weights;
use dunwu_core::{Dataset, Needs, RunPlan};

/// A network without its weights.
pub(crate) trait Model<T: Real>: Send {
    /// The rows named, ascending, in the order in which they are computed best.
    fn order(&self, data: &Dataset, rows: &[u32]) -> Order;

    /// Brings what is kept of the weights up to date.
    fn refresh(&mut self, weights: &Weights<T>);

    /// Scores the rows of an order.
    fn forward(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        order: &Order,
        rule: &Rule<T>,
        scores: &mut Scores<T>,
    );

    /// Gradients of all weights from the gradient at the outputs of the order's rows, all of them trained on,
    /// which the last `forward` left. Overwrites `grads`.
    fn backward(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        order: &Order,
        gradient: &[T],
        grads: &mut Weights<T>,
    );

    /// What the readout of the last of every `each` of the order's rows sees, a hidden layer's stride apart; `each` is
    /// 1 or the answers of a row of the data set.
    fn features(&mut self, weights: &Weights<T>, order: &Order, each: usize, out: &mut [T]);

    /// What the snapshot's `needs` ask for of attention and layers, which perceptrons do not have, and of the table:
    /// `table.outputs`, times `scale`, and `table.nodes.l` over all rows. Losses are the rule's, None if the loss is
    /// no mean over rows.
    fn look(
        &mut self,
        pool: &Pool,
        weights: &Weights<T>,
        data: &Dataset,
        needs: Needs,
        rule: Option<&Rule<T>>,
        scale: T,
    ) -> Vec<Matrix<T>>;
}

/// The network of a plan.
pub(crate) fn model<T: Real>(plan: &RunPlan, data: &Dataset, pool: &Pool) -> Box<dyn Model<T>> {
    match &plan.transformer {
        Some(_) => Box::new(Transformer::new(plan, data, pool)),
        None => Box::new(Perceptron::new(plan, data, pool)),
    }
}
