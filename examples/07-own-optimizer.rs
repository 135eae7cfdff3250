//! An optimizer of your own: Lion (Chen et al., 2023), which steps by the sign of a running mean
//! of the gradients. A rule has a learning rate, a number of state slots, and one step; L2, decay,
//! clipping, schedules, checkpoints and threads come with the trainer.

use backprop::optimizers::{Optimizer, Step};
use backprop::prelude::*;
use backprop::tensor::Scalar;

#[derive(Debug)]
struct Lion {
    learning_rate: f64,
    beta1: f64,
    beta2: f64,
}

impl<T: Scalar> Optimizer<T> for Lion {
    fn name(&self) -> &'static str {
        "lion"
    }
    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }
    fn state_slots(&self) -> usize {
        1
    }
    /// `p <- p - lr sign(b1 m + (1 - b1) g); m <- b2 m + (1 - b2) g`.
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let (b1, b2, one) = (T::from_f64(self.beta1), T::from_f64(self.beta2), T::one());
        let [m] = state else {
            panic!("lion has 1 state buffer, not {}", state.len())
        };
        for ((p, &grad), m) in value.iter_mut().zip(grad).zip(m.iter_mut()) {
            let g = step.gradient(*p, grad);
            let direction = b1 * *m + (one - b1) * g;
            // Not `signum` alone, for which 0 is positive: a weight without a gradient stays.
            let sign = match direction == T::zero() {
                true => T::zero(),
                false => direction.signum(),
            };
            *p = step.decayed(*p) - step.learning_rate * sign;
            *m = b2 * *m + (one - b2) * g;
        }
    }
}

type Answer<T> = Result<T, Box<dyn std::error::Error>>;

fn accuracy(optimizer: impl Optimizer<f32> + 'static) -> Answer<f64> {
    let (digits, test) = mnist::sample::<f32>();
    let network = Sequential::new(784, [linear(64), relu(), linear(10)], 0)?;
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, optimizer)?;
    let mut trainer = trainer.epochs(5).batch_size(50).schedule(Schedule::Cosine);
    trainer.fit_with(&digits, None, &mut ())?;
    Ok(100.0 * trainer.evaluate(&test)?.accuracy.unwrap_or(0.0))
}

fn main() -> Answer<()> {
    let lion = accuracy(Lion {
        learning_rate: 5e-4,
        beta1: 0.9,
        beta2: 0.99,
    })?;
    let adam = accuracy(Adam::new(3e-3))?;
    println!("Lion: {lion:.1} % of unseen digits, Adam: {adam:.1} %");
    assert!(lion > 87.0 && adam > 87.0);
    Ok(())
}
