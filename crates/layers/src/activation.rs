//! Activations that treat every element by itself. Each derivative is a function of the output,
//! so that the input need not be kept.

use backprop_tensor::Scalar;
use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};

use crate::elementwise::zip_rows;
use crate::layer::{check_grad_shapes, check_shape};
use crate::{BackwardArgs, BuildError, Layer, LayerSpec, PassContext, Saved};

/// `y = f(x)` for all elements.
#[track_caller]
fn map<T: Scalar>(
    layer: &str,
    run: &PassContext<'_>,
    input: ArrayView2<'_, T>,
    output: ArrayViewMut2<'_, T>,
    f: impl Fn(T) -> T + Copy + Sync,
) {
    check_shape(layer, input.dim(), output.dim());
    zip_rows(run.pool, output, input, input, move |x, _| f(x));
}

/// `dx = f(a, dy)` for all elements, where `a` is what the derivative is a function of.
#[track_caller]
fn map_grad<T: Scalar>(
    layer: &str,
    run: &PassContext<'_>,
    seen: &BackwardArgs<'_, T>,
    a: ArrayView2<'_, T>,
    input_grad: Option<ArrayViewMut2<'_, T>>,
    f: impl Fn(T, T) -> T + Copy + Sync,
) {
    if let Some(input_grad) = input_grad {
        check_grad_shapes(layer, seen, &input_grad);
        zip_rows(run.pool, input_grad, a, seen.output_grad, f);
    }
}

/// The logistic function `y = 1 / (1 + e^-x)`, element by element; `dx = dy y (1 - y)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sigmoid;

impl<T: Scalar> Layer<T> for Sigmoid {
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }

    fn forward(
        &self,
        run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        map("Sigmoid", run, input, output, |x| {
            T::one() / (T::one() + (-x).exp())
        });
    }

    fn backward(
        &self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        map_grad("Sigmoid", run, &seen, seen.output, input_grad, |y, g| {
            g * y * (T::one() - y)
        });
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Sigmoid
    }

    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}

/// The hyperbolic tangent, element by element; `dx = dy (1 - y^2)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tanh;

impl<T: Scalar> Layer<T> for Tanh {
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }

    fn forward(
        &self,
        run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        map("Tanh", run, input, output, |x| x.tanh());
    }

    fn backward(
        &self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        map_grad("Tanh", run, &seen, seen.output, input_grad, |y, g| {
            g * (T::one() - y * y)
        });
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Tanh
    }

    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}

/// The rectifier `y = max(x, 0)`, element by element; `dx = dy` where `y > 0`, else 0, also at the
/// kink, as in PyTorch. NaN stays NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Relu;

impl<T: Scalar> Layer<T> for Relu {
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }

    fn forward(
        &self,
        run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        map("ReLU", run, input, output, |x| {
            if x > T::zero() || x.is_nan() {
                x
            } else {
                T::zero()
            }
        });
    }

    fn backward(
        &self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        map_grad("ReLU", run, &seen, seen.output, input_grad, |y, g| {
            if y > T::zero() { g } else { T::zero() }
        });
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Relu
    }

    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}

/// `y = x` where `x > 0`, else `slope x`; `dx = dy` where `x > 0`, else `slope dy`.
///
/// The sign is read from the input, as with a negative slope the output would not tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct LeakyRelu {
    slope: f64,
}

impl LeakyRelu {
    /// With this slope below zero; 0.01 is customary.
    ///
    /// # Errors
    /// If the slope is not finite.
    pub fn new(slope: f64) -> Result<Self, BuildError> {
        if slope.is_finite() {
            Ok(LeakyRelu { slope })
        } else {
            Err(BuildError::Slope(slope))
        }
    }
}

impl<T: Scalar> Layer<T> for LeakyRelu {
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }

    fn forward(
        &self,
        run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        let slope = T::from_f64(self.slope);
        map("LeakyReLU", run, input, output, move |x| {
            // Computed in either case: a choice between two values is no branch to guess wrong.
            let below = slope * x;
            if x > T::zero() { x } else { below }
        });
    }

    fn backward(
        &self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let slope = T::from_f64(self.slope);
        map_grad(
            "LeakyReLU",
            run,
            &seen,
            seen.input,
            input_grad,
            move |x, dy| {
                let below = slope * dy;
                if x > T::zero() { dy } else { below }
            },
        );
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::LeakyRelu { slope: self.slope }
    }

    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}
