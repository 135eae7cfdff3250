//! Activations: functions of one element, each with its derivative beside it.

use std::fmt::Debug;

use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{Scalar, logistic, tanh};

use crate::elementwise::{ElementOp, par_zip};
use crate::layer::{check_grad_shapes, check_shape};
use crate::{BackwardArgs, BuildError, Layer, LayerSpec, PassContext, Saved};

/// The value that a derivative is written as a function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivativeOf {
    /// The input of the activation.
    Input,
    /// The output of the activation, so that the backward pass need not read the input.
    Output,
}

/// A function of one element and its derivative; every activation is a [`Layer`] of any width.
///
/// A new activation derives `Clone`, `Copy` and `Debug` and has a name, `f` and `df`. The compiler
/// vectorises its loop where `f` and `df` are marked as `#[inline(always)]` and are made of arithmetic
/// and the functions of `backprop_tensor`: `exp`, `tanh`, `logistic`, `softplus`.
///
/// ```
/// use approx::abs_diff_eq;
/// use backprop_layers::{Activation, Scalar, Sequential, custom, linear};
/// use backprop_layers::ndarray::array;
///
/// /// `y = ln(1 + e^x)` (Dugas et al., 2001); `dx = dy (1 - e^-y)`.
/// #[derive(Clone, Copy, Debug)]
/// struct Softplus;
///
/// impl Activation for Softplus {
///     const NAME: &'static str = "Softplus";
///
///     fn f<T: Scalar>(&self, x: T) -> T {
///         x.exp().ln_1p()
///     }
///     fn df<T: Scalar>(&self, y: T, dy: T) -> T {
///         dy * (T::one() - (-y).exp())
///     }
/// }
///
/// let network = Sequential::<f64>::new(1, [linear(3), custom(Softplus)], 0)?;
/// let outputs = network.predict(array![[0.0]].view());
/// assert!(outputs.iter().all(|&y| abs_diff_eq!(y, 2.0_f64.ln(), epsilon = 1e-15)));
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
pub trait Activation: Copy + Debug + Send + Sync + 'static {
    /// The name in messages and, by default, in the [`LayerSpec`].
    const NAME: &'static str;

    /// The first argument of [`df`](Self::df): the output unless an activation says otherwise.
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Output;

    /// The function, `y = f(x)`.
    fn f<T: Scalar>(&self, x: T) -> T;

    /// The gradient by the input, `dx = dy f'(x)`, from the input or the output, as
    /// [`DERIVATIVE_OF`](Self::DERIVATIVE_OF) says, and the gradient `dy` by the output.
    ///
    /// The function includes the product, so that a derivative of 0 can give 0 for every `dy`, an
    /// infinite one too.
    fn df<T: Scalar>(&self, x_or_y: T, dy: T) -> T;

    /// The layer as plain data: by default [`LayerSpec::custom`] with the activation's name.
    fn spec(&self) -> LayerSpec {
        LayerSpec::custom(Self::NAME, "")
    }
}

impl<T: Scalar, A: Activation> Layer<T> for A {
    fn forward(
        &self,
        context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        check_shape(A::NAME, input.dim(), output.dim());
        par_zip(context.pool, output, input, input, Forward(*self));
    }

    fn backward(
        &self,
        context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let Some(input_grad) = input_grad else { return };
        check_grad_shapes(A::NAME, &args, &input_grad);
        let x_or_y = match A::DERIVATIVE_OF {
            DerivativeOf::Input => args.input,
            DerivativeOf::Output => args.output,
        };
        let dy = args.output_grad;
        par_zip(context.pool, input_grad, x_or_y, dy, Backward(*self));
    }

    fn spec(&self) -> LayerSpec {
        Activation::spec(self)
    }
}

/// `f` of the first element.
#[derive(Clone, Copy)]
struct Forward<A>(A);

impl<T: Scalar, A: Activation> ElementOp<T> for Forward<A> {
    #[inline(always)]
    fn apply(self, x: T, _: T) -> T {
        self.0.f(x)
    }
}

/// `df` of both elements.
#[derive(Clone, Copy)]
struct Backward<A>(A);

impl<T: Scalar, A: Activation> ElementOp<T> for Backward<A> {
    #[inline(always)]
    fn apply(self, x_or_y: T, dy: T) -> T {
        self.0.df(x_or_y, dy)
    }
}

/// The logistic function `y = 1 / (1 + e^-x)`; `dx = dy y (1 - y)`.
///
/// ```
/// use backprop_layers::{Activation, Sigmoid};
///
/// assert_eq!(Sigmoid.f(0.0), 0.5);
/// assert_eq!(Sigmoid.df(0.5, 1.0), 0.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmoid;

impl Activation for Sigmoid {
    const NAME: &'static str = "Sigmoid";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Output;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        logistic(x)
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, y: T, dy: T) -> T {
        dy * y * (T::one() - y)
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Sigmoid
    }
}

/// The hyperbolic tangent `y = tanh x`; `dx = dy (1 - y^2)`.
///
/// ```
/// use backprop_layers::{Activation, Tanh};
///
/// assert_eq!(Tanh.f(0.0), 0.0);
/// assert_eq!(Tanh.df(0.5, 1.0), 0.75);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh;

impl Activation for Tanh {
    const NAME: &'static str = "Tanh";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Output;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        tanh(x)
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, y: T, dy: T) -> T {
        dy * (T::one() - y * y)
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Tanh
    }
}

/// The rectifier `y = max(x, 0)`; `dx = dy` where `y > 0`, else 0, also at the kink, as in PyTorch.
/// NaN stays NaN.
///
/// ```
/// use backprop_layers::{Activation, Relu};
///
/// assert_eq!([Relu.f(2.0), Relu.f(-2.0)], [2.0, 0.0]);
/// assert_eq!([Relu.df(2.0, 3.0), Relu.df(0.0, 3.0)], [3.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relu;

impl Activation for Relu {
    const NAME: &'static str = "ReLU";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Output;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        if x > T::zero() || x.is_nan() {
            x
        } else {
            T::zero()
        }
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, y: T, dy: T) -> T {
        if y > T::zero() { dy } else { T::zero() }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Relu
    }
}

/// The leaky rectifier (Maas, Hannun and Ng, 2013): `y = x` where `x > 0`, else `slope x`; `dx = dy`
/// where `x > 0`, else `slope dy`.
///
/// The sign is read from the input: with a negative slope the output does not tell the sign.
///
/// ```
/// use backprop_layers::{Activation, LeakyRelu};
///
/// let leaky = LeakyRelu::new(0.5)?;
/// assert_eq!([leaky.f(2.0), leaky.f(-2.0)], [2.0, -1.0]);
/// assert_eq!([leaky.df(2.0, 3.0), leaky.df(-2.0, 3.0)], [3.0, 1.5]);
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyRelu {
    slope: f64,
}

impl LeakyRelu {
    /// A LeakyReLU with this slope below zero; 0.01 is customary.
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

impl Activation for LeakyRelu {
    const NAME: &'static str = "LeakyReLU";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        // Both sides are computed: a select between two values is no branch to mispredict.
        let below = T::from_f64(self.slope) * x;
        if x > T::zero() { x } else { below }
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        let below = T::from_f64(self.slope) * dy;
        if x > T::zero() { dy } else { below }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::LeakyRelu { slope: self.slope }
    }
}
