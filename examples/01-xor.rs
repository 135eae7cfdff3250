//! XOR with three crates and no trainer: layers, losses, optimizers, and the loop by hand.
//!
//! No straight line separates the four points, so a network without a hidden layer cannot learn
//! them. A few hidden neurons can.

use std::sync::Arc;

use backprop_layers::ndarray::array;
use backprop_layers::{Key, Mode, Pool, Sequential, Workspace, linear, tanh};
use backprop_losses::{BinaryCrossEntropyWithLogits, Loss, TargetsView};
use backprop_optimizers::{Adam, OptimizerState, WeightDecay};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let targets = array![[0.0], [1.0], [1.0], [0.0]];

    let mut network = Sequential::<f64>::new(2, [linear(8), tanh(), linear(1)], 0)?;
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let (rule, mut state) = (Adam::default(), OptimizerState::new());
    let pool = Arc::clone(workspace.pool());

    for step in 1..=500 {
        // Forward: every layer leaves its output in the workspace.
        let mode = Mode::Train(Key::new(0).derive("step", step));
        network.forward(&mut workspace, mode, inputs.view());

        // The loss, and its gradient by the network's output.
        let (output, grad) = workspace.output_and_grad();
        let targets = TargetsView::Values(targets.view());
        let loss = BinaryCrossEntropyWithLogits.value_and_grad(output, targets, None, Some(grad));

        // Backward: from that gradient to those of all parameters.
        network.backward(&mut workspace, inputs.view());

        // The update: every parameter moves a little against its gradient.
        let items = network.params_with_grads(&workspace);
        let items = items.map(|item| (item.values, item.grad, item.unit, WeightDecay::NONE));
        state.step(&pool, &rule, 0.05, 1.0, items);

        if step == 1 || step % 100 == 0 {
            println!("step {step:3}: loss {:.4}", loss.mean());
        }
    }

    network.forward(&mut workspace, Mode::Predict, inputs.view());
    let mut answers = workspace.output().to_owned();
    Loss::activate(&BinaryCrossEntropyWithLogits, answers.view_mut());
    for (row, (input, answer)) in inputs.rows().into_iter().zip(&answers).enumerate() {
        println!("{} xor {} = {answer:.3}", input[0], input[1]);
        assert_eq!(*answer > 0.5, targets[[row, 0]] > 0.5, "row {row}");
    }
    Ok(())
}
