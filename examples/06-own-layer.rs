//! An activation that the library does not have: SiLU, `y = x s(x)` with the logistic function `s`
//! (Elfwing, Uchibe and Doya, 2018). Its gradient is proved by central differences, then it learns
//! digits.

use backprop::layers::{
    BackwardArgs, Init, Layer, LayerSpec, Mode, PassContext, Pool, Saved, SparseIndex,
};
use backprop::ndarray::{ArrayView2, ArrayViewMut2, Zip, array};
use backprop::prelude::*;
use backprop::tensor::{Scalar, logistic};

#[derive(Clone, Copy, Debug)]
struct Silu;

// Every method but these three has a default; a layer with weights also has `parameters`.
#[rustfmt::skip]
impl<T: Scalar> Layer<T> for Silu {
    fn forward(&self, _: &PassContext<'_>, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, _: Saved<'_, T>) {
        Zip::from(y).and(x).for_each(|y, &x| *y = x * logistic(x));
    }
    fn backward(
        &self, _: &PassContext<'_>, args: BackwardArgs<'_, T>, dx: Option<ArrayViewMut2<'_, T>>, _: &mut [Box<[T]>],
    ) {
        let Some(dx) = dx else { return };
        Zip::from(dx).and(args.input).and(args.output_grad).for_each(|dx, &x, &dy| {
            let s = logistic(x);
            *dx = dy * (s + x * s * (T::one() - s)); // d(x s) / dx
        });
    }
    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("silu", "")
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (pool, mode) = (&Pool::new(1), Mode::Predict);
    let context = PassContext { pool, mode };
    let one = Sequential::<f64>::new(1, [custom(Silu)], 0)?;
    let silu = |x: f64| one.predict(array![[x]].view());
    let (x, y, dy, mut dx) = (array![[0.7]], silu(0.7), array![[1.0]], array![[0.0]]);
    let args = BackwardArgs {
        input: x.view(),
        output: y.view(),
        output_grad: dy.view(),
        saved: &[],
        sparse: &SparseIndex::default(),
    };
    Silu.backward(&context, args, Some(dx.view_mut()), &mut []);
    let differences = (silu(0.7 + 1e-5) - silu(0.7 - 1e-5)) / 2e-5;
    let (by_backward, by_differences) = (dx[[0, 0]], differences[[0, 0]]);
    println!("slope at 0.7: {by_backward:.8}, by differences {by_differences:.8}");
    assert!((by_backward - by_differences).abs() < 1e-9);

    // The weights before SiLU are drawn as before a ReLU, whose slope SiLU has far from 0.
    let network = Sequential::new(
        784,
        [
            linear(64).init(Init::He { slope: 0.0 }),
            custom(Silu),
            linear(10),
        ],
        0,
    )?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(3e-3))?;
    let (digits, test) = mnist::sample::<f32>();
    trainer.fit_with(&digits, None, &mut ())?;
    let accuracy = 100.0 * trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!("{} unseen digits: {accuracy:.1} % right", test.len());
    assert!(accuracy > 88.0);
    Ok(())
}
