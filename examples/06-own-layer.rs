//! An activation that the library does not have: SiLU, `y = x s(x)` with the logistic function `s`
//! (Elfwing, Uchibe and Doya, 2018). Its gradient is proved by central differences, then it learns
//! digits.

use backprop_trainer::Trainer;
use backprop_trainer::data::mnist;
use backprop_trainer::layers::{
    Activation, DerivativeOf, Init, Scalar, Sequential, custom, linear,
};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::Adam;
use backprop_trainer::tensor::logistic;

#[derive(Clone, Copy, Debug)]
struct Silu;

// A layer with parameters, or one that mixes elements, implements `Layer` instead.
impl Activation for Silu {
    const NAME: &'static str = "silu";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    fn f<T: Scalar>(&self, x: T) -> T {
        x * logistic(x)
    }

    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        let s = logistic(x);
        dy * (s + x * s * (T::one() - s)) // d(x s) / dx
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let by_backward = Silu.df(0.7_f64, 1.0);
    let by_differences = (Silu.f(0.7_f64 + 1e-5) - Silu.f(0.7 - 1e-5)) / 2e-5;
    println!("slope at 0.7: {by_backward:.8}, by differences {by_differences:.8}");
    assert!((by_backward - by_differences).abs() < 1e-9);

    // The weights before it are drawn as before a ReLU, which it resembles.
    let hidden = linear(64).init(Init::He { slope: 0.0 });
    let network = Sequential::<f64>::new(784, [hidden, custom(Silu), linear(10)], 0)?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default())?;
    let (digits, test) = mnist::sample();
    trainer.fit_with(&digits, None, &mut ())?;
    let accuracy = 100.0 * trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!("{} unseen digits: {accuracy:.1} % right", test.len());
    assert!(accuracy > 88.0);
    Ok(())
}
