//! The logarithms of a softmax, for losses of more than its cross-entropy.

use backprop_tensor::{Scalar, exp, row_max};
use ndarray::ArrayView1;

/// The logarithms of the softmax of logits: `z_j - log sum_k e^z_k`, shifted by the largest logit.
pub(crate) struct LogSoftmax<'a, T> {
    logits: ArrayView1<'a, T>,
    max: T,
    log_sum: f64,
}

impl<'a, T: Scalar> LogSoftmax<'a, T> {
    /// Of the logits of a row.
    pub(crate) fn new(logits: ArrayView1<'a, T>) -> Self {
        let max = row_max(logits);
        let exps = logits.iter().map(|&z| exp(z - max).as_f64());
        let log_sum = exps.sum::<f64>().ln();
        LogSoftmax {
            logits,
            max,
            log_sum,
        }
    }

    /// `log softmax(z)_j`.
    pub(crate) fn log_probability(&self, j: usize) -> f64 {
        (self.logits[j] - self.max).as_f64() - self.log_sum
    }
}
