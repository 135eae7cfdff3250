//! An optimizer of your own: Lion (Chen et al., 2023), which steps by the sign of a running mean
//! of the gradients. A rule says how many numbers it remembers an element, and what one step is;
//! L2, decay, clipping, schedules, checkpoints and threads come with the trainer.

use backprop_trainer::data::mnist;
use backprop_trainer::layers::{Sequential, linear, relu};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::{Adam, Optimizer, Schedule, Step};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{TrainConfig, Trainer};

#[derive(Debug)]
struct Lion {
    beta1: f64,
    beta2: f64,
}

impl<T: Scalar> Optimizer<T> for Lion {
    fn name(&self) -> &'static str {
        "lion"
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
            // Not `signum`, for which 0 is positive: the padding of a weight must stay 0.
            let sign = T::from_f64(f64::from(
                i8::from(direction > T::zero()) - i8::from(direction < T::zero()),
            ));
            *p = step.decayed(*p) - step.learning_rate * sign;
            *m = b2 * *m + (one - b2) * g;
        }
    }
}

type Answer<T> = Result<T, Box<dyn std::error::Error>>;

fn accuracy(rule: impl Optimizer<f32> + 'static, learning_rate: f64) -> Answer<f64> {
    let (digits, test) = mnist::sample::<f32>();
    let settings = TrainConfig {
        epochs: 5,
        batch_size: 50,
        learning_rate,
        schedule: Schedule::Cosine,
        ..TrainConfig::default()
    };
    let network = Sequential::new(784, [linear(64), relu(), linear(10)], 0)?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, rule, settings)?;
    trainer.fit(&digits, None, &mut ())?;
    Ok(trainer.evaluate(&test)?.accuracy.unwrap_or(0.0))
}

fn main() -> Answer<()> {
    let lion = accuracy(
        Lion {
            beta1: 0.9,
            beta2: 0.99,
        },
        5e-4,
    )?;
    let adam = accuracy(Adam::default(), 3e-3)?;
    println!(
        "Lion: {:.1} % of unseen digits, Adam: {:.1} %",
        100.0 * lion,
        100.0 * adam
    );
    assert!(lion > 0.87 && adam > 0.87);
    Ok(())
}
