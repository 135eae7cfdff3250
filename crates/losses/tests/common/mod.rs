//! The check of gradients that the tests of losses share.

use approx::abs_diff_eq;
use backprop_losses::{Loss, TargetsView};
use ndarray::Array2;

/// Compares the gradient of the mean with central differences in f64.
pub(crate) fn check_gradient(
    loss: &dyn Loss<f64>,
    output: &Array2<f64>,
    targets: TargetsView<'_, f64>,
    weights: Option<&[f64]>,
) {
    let mut grad = Array2::from_elem(output.dim(), f64::NAN);
    loss.value_and_grad(output.view(), targets, weights, Some(grad.view_mut()));
    let largest = grad.iter().fold(0.0_f64, |top, g| top.max(g.abs()));
    for (at, &found) in grad.indexed_iter() {
        let mean = |shift: f64| {
            let mut moved = output.clone();
            moved[at] += shift;
            loss.value_and_grad(moved.view(), targets, weights, None)
                .mean()
        };
        let step = 1e-4 * output[at].abs().max(0.1);
        // Five points: the error is of the fourth order in the step.
        let near = mean(step) - mean(-step);
        let far = mean(2.0 * step) - mean(-2.0 * step);
        let expected = (8.0 * near - far) / (12.0 * step);
        let allowed = 1e-6 * expected.abs().max(1e-3 * largest) + 1e-12;
        assert!(
            abs_diff_eq!(found, expected, epsilon = allowed),
            "{} at {at:?}: {found} but the difference is {expected}",
            loss.name()
        );
    }
}
