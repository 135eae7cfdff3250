//! Activations that treat every element by itself. Each derivative is a function of the output,
//! so that the input need not be kept.

use std::ops::Range;

use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2, Zip};
use backprop_tensor::{Pool, Scalar, vectorised};

use crate::layer::{check_grad_shapes, check_shape};
use crate::{BuildError, Layer, LayerSpec, Run, Seen};

/// Numbers below which one thread does them all.
const WORTH_SPLITTING: usize = 1 << 12;

/// `y = f(x)` for all elements.
#[track_caller]
fn map<T: Scalar>(
    layer: &str,
    run: &Run<'_>,
    input: ArrayView2<'_, T>,
    mut output: ArrayViewMut2<'_, T>,
    f: impl Fn(T) -> T + Copy + Sync,
) {
    check_shape(layer, input.dim(), output.dim());
    let width = output.ncols();
    match (output.as_slice_mut(), input.as_slice()) {
        (Some(output), Some(input)) => by_rows(run.pool, width, output, move |part, output| {
            let f = f; // On the stack of the loop, where no output can lie over it.
            for (y, &x) in output.iter_mut().zip(&input[part]) {
                *y = f(x);
            }
        }),
        _ => Zip::from(output).and(input).for_each(|y, &x| *y = f(x)),
    }
}

/// `dx = f(a, dy)` for all elements, where `a` is what the derivative is a function of.
#[track_caller]
fn map_grad<T: Scalar>(
    layer: &str,
    run: &Run<'_>,
    seen: &Seen<'_, T>,
    a: ArrayView2<'_, T>,
    input_grad: Option<ArrayViewMut2<'_, T>>,
    f: impl Fn(T, T) -> T + Copy + Sync,
) {
    let Some(mut input_grad) = input_grad else {
        return;
    };
    check_grad_shapes(layer, seen, &input_grad);
    let (width, output_grad) = (input_grad.ncols(), seen.output_grad);
    match (
        input_grad.as_slice_mut(),
        a.as_slice(),
        output_grad.as_slice(),
    ) {
        (Some(dx), Some(a), Some(dy)) => by_rows(run.pool, width, dx, move |part, dx| {
            let f = f;
            for ((dx, &a), &dy) in dx.iter_mut().zip(&a[part.clone()]).zip(&dy[part]) {
                *dx = f(a, dy);
            }
        }),
        _ => {
            let zip = Zip::from(input_grad).and(a).and(output_grad);
            zip.for_each(|dx, &a, &dy| *dx = f(a, dy));
        }
    }
}

/// Calls `work` with rows of the output that a thread owns, which are those of the products.
fn by_rows<T: Scalar>(
    pool: &Pool,
    width: usize,
    output: &mut [T],
    work: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    if pool.threads() == 1 || output.len() < WORTH_SPLITTING {
        vectorised(|| work(0..output.len(), output));
    } else {
        pool.parts(width, [output], |_, part, [output]| {
            vectorised(|| work(part, output))
        });
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
        run: &Run<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _cache: &mut [T],
    ) {
        map("Sigmoid", run, input, output, |x| {
            T::one() / (T::one() + (-x).exp())
        });
    }

    fn backward(
        &self,
        run: &Run<'_>,
        seen: Seen<'_, T>,
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
        run: &Run<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _cache: &mut [T],
    ) {
        map("Tanh", run, input, output, |x| x.tanh());
    }

    fn backward(
        &self,
        run: &Run<'_>,
        seen: Seen<'_, T>,
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
        run: &Run<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _cache: &mut [T],
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
        run: &Run<'_>,
        seen: Seen<'_, T>,
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
        run: &Run<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _cache: &mut [T],
    ) {
        let slope = T::of(self.slope);
        map("LeakyReLU", run, input, output, move |x| {
            // Computed in either case: a choice between two values is no branch to guess wrong.
            let below = slope * x;
            if x > T::zero() { x } else { below }
        });
    }

    fn backward(
        &self,
        run: &Run<'_>,
        seen: Seen<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let slope = T::of(self.slope);
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
