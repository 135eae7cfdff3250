//! A layer of your own: SiLU, `y = x s(x)` with the logistic function `s` (Elfwing, Uchibe and
//! Doya, 2018). Its gradient is proved by central differences, then it learns digits.

use backprop_trainer::data::mnist;
use backprop_trainer::layers::{
    BackwardArgs, BuildError, Layer, LayerSpec, Mode, PassContext, Pool, Saved, Sequential, linear,
    relu,
};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::ndarray::{ArrayView2, ArrayViewMut2, Zip, array};
use backprop_trainer::optimizers::Adam;
use backprop_trainer::tensor::{Key, SparseIndex};
use backprop_trainer::{TrainConfig, Trainer};

#[derive(Clone, Debug)]
struct Silu;

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

// Every method but these five has a default; a layer with weights also has `parameters`.
#[rustfmt::skip]
impl Layer<f64> for Silu {
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }
    fn forward(&self, _: &PassContext<'_>, x: ArrayView2<'_, f64>, y: ArrayViewMut2<'_, f64>, _: Saved<'_, f64>) {
        Zip::from(y).and(x).for_each(|y, &x| *y = x * logistic(x));
    }
    fn backward(
        &self, _: &PassContext<'_>, seen: BackwardArgs<'_, f64>, dx: Option<ArrayViewMut2<'_, f64>>, _: &mut [Box<[f64]>],
    ) {
        let Some(dx) = dx else { return };
        Zip::from(dx).and(seen.input).and(seen.output_grad).for_each(|dx, &x, &dy| {
            let s = logistic(x);
            *dx = dy * (s + x * s * (1.0 - s)); // d(x s) / dx
        });
    }
    fn spec(&self) -> LayerSpec {
        LayerSpec::Custom { name: "silu".into(), settings: String::new() }
    }
    fn boxed_clone(&self) -> Box<dyn Layer<f64>> {
        Box::new(self.clone())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (pool, mode) = (&Pool::new(1), Mode::Predict);
    let run = PassContext { pool, mode };
    let silu = |x: f64| {
        let mut y = array![[0.0]];
        let saved = Saved {
            values: &mut [],
            sparse: &mut SparseIndex::default(),
        };
        Silu.forward(&run, array![[x]].view(), y.view_mut(), saved);
        y
    };
    let (x, y, dy, mut dx) = (array![[0.7]], silu(0.7), array![[1.0]], array![[0.0]]);
    #[rustfmt::skip]
    let seen = BackwardArgs { input: x.view(), output: y.view(), output_grad: dy.view(), saved: &[], sparse: &SparseIndex::default() };
    Silu.backward(&run, seen, Some(dx.view_mut()), &mut []);
    let differences = (silu(0.7 + 1e-5) - silu(0.7 - 1e-5)) / 2e-5;
    let (by_backward, by_differences) = (dx[[0, 0]], differences[[0, 0]]);
    println!("slope at 0.7: {by_backward:.8}, by differences {by_differences:.8}");
    assert!((by_backward - by_differences).abs() < 1e-9);

    // A network with a ReLU, for its weights, and SiLU in the ReLU's place.
    let network = Sequential::new(784, [linear(64), relu(), linear(10)], Key::new(0))?;
    let mut layers = network.layers().to_vec();
    layers[1] = Box::new(Silu);
    let network = Sequential::from_layers(784, layers)?;
    let (rule, settings) = (Adam::default(), TrainConfig::default());
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, rule, settings)?;
    let (digits, test) = mnist::sample();
    trainer.fit(&digits, None, &mut ())?;
    let accuracy = 100.0 * trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!("{} unseen digits: {accuracy:.1} % right", test.len());
    assert!(accuracy > 88.0);
    Ok(())
}
