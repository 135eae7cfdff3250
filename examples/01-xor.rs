//! XOR without the trainer: layers, a loss, an optimizer, and the loop by hand.
//!
//! No straight line separates the four points, so a network without a hidden layer cannot learn
//! them. A few hidden neurons can.

use backprop::layers::{Key, Mode, Workspace};
use backprop::losses::{Loss, TargetsView};
use backprop::ndarray::array;
use backprop::optimizers::{OptimizerState, ParamInfo};
use backprop::prelude::*;
use backprop::tensor::Pool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let targets = array![[0.0], [1.0], [1.0], [0.0]];

    let mut network = Sequential::<f64>::new(2, [linear(8), tanh(), linear(1)], 0)?;
    let pool = std::sync::Arc::new(Pool::new(1));
    let mut workspace = Workspace::new(pool.clone());
    let (adam, mut state) = (Adam::new(0.05), OptimizerState::new());

    for step in 1..=500 {
        // Forward: every layer leaves its output in the workspace.
        let mode = Mode::Train(Key::new(0).derive("step", step));
        network.forward(&mut workspace, mode, inputs.view());

        // The loss, and its gradient by the network's output.
        let (output, grad) = workspace.output_and_grad();
        let targets = TargetsView::Values(targets.view());
        let loss = BinaryCrossEntropyWithLogits.value_and_grad(output, targets, None, Some(grad));

        // Backward: from that gradient to the gradients of all parameters.
        network.backward(&mut workspace, inputs.view());

        // The update: every parameter moves a little against its gradient.
        let items = network.params_with_grads(&workspace);
        let items = items.map(|p| (p.values, p.grad, ParamInfo::new(p.chunk_len)));
        state.step(&pool, &adam, 0.05, 1.0, items);

        if step == 1 || step % 100 == 0 {
            println!("step {step:3}: loss {:.4}", loss.mean());
        }
    }

    let mut answers = network.predict(inputs.view());
    Loss::activate(&BinaryCrossEntropyWithLogits, answers.view_mut());
    for (row, (input, answer)) in inputs.rows().into_iter().zip(&answers).enumerate() {
        println!("{} xor {} = {answer:.3}", input[0], input[1]);
        assert_eq!(*answer > 0.5, targets[[row, 0]] > 0.5, "row {row}");
    }
    Ok(())
}
