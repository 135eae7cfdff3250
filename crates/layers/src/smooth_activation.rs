//! Smooth activations, and the piecewise hard swish: relatives of the rectifier.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

use backprop_tensor::{Scalar, erf, exp, logistic, softplus, tanh};

use crate::{Activation, BuildError, DerivativeOf, LayerSpec};

/// `1 / sqrt(2 pi)`, the density of the standard normal distribution at 0.
const DENSITY: f64 = 0.398_942_280_401_432_7;
/// The cubic term of the GELU by tanh.
const CUBIC: f64 = 0.044_715;
/// SELU's constants: with them mean 0 and variance 1 are a fixed point of a layer.
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// `e^x - 1` without cancellation near 0: `tanh(x / 2) (e^x + 1)`.
#[inline(always)]
fn exp_minus_one<T: Scalar>(x: T) -> T {
    tanh(x * T::from_f64(0.5)) * (exp(x) + T::one())
}

/// The Gaussian error linear unit (Hendrycks and Gimpel, 2016): `y = x Phi(x)` with the distribution function of
/// the normal distribution, `Phi(x) = (1 + erf(x / sqrt 2)) / 2`; `dx = dy (Phi(x) + x phi(x))` with its density
/// `phi(x) = e^(-x^2 / 2) / sqrt(2 pi)`.
///
/// ```
/// use backprop_layers::{Activation, Gelu};
///
/// assert_eq!(Gelu.f(0.0), 0.0);
/// assert_eq!(Gelu.df(0.0, 1.0), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gelu;

impl Activation for Gelu {
    const NAME: &'static str = "GELU";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        x * normal_cdf(x)
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        let density = T::from_f64(DENSITY) * exp(x * x * T::from_f64(-0.5));
        dy * (normal_cdf(x) + x * density)
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Gelu
    }
}

/// The distribution function of the standard normal distribution.
#[inline(always)]
fn normal_cdf<T: Scalar>(x: T) -> T {
    T::from_f64(0.5) * (T::one() + erf(x * T::from_f64(FRAC_1_SQRT_2)))
}

/// The GELU with tanh in place of the error function (Hendrycks and Gimpel, 2016): `y = x (1 + t) / 2` with
/// `t = tanh u` and `u = sqrt(2 / pi) (x + 0.044715 x^3)`; `dx = dy ((1 + t) / 2 + x (1 - t^2) u' / 2)`.
///
/// ```
/// use backprop_layers::{Activation, GeluTanh};
///
/// assert_eq!(GeluTanh.f(0.0), 0.0);
/// assert_eq!(GeluTanh.df(0.0, 1.0), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeluTanh;

impl Activation for GeluTanh {
    const NAME: &'static str = "GELU by tanh";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        let half = T::from_f64(0.5);
        half * x * (T::one() + tanh(bent(x)))
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        let (half, t) = (T::from_f64(0.5), tanh(bent(x)));
        let slope = T::from_f64(FRAC_2_PI.sqrt()) * (T::one() + T::from_f64(3.0 * CUBIC) * x * x);
        dy * half * (T::one() + t + x * (T::one() - t * t) * slope)
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::GeluTanh
    }
}

/// `sqrt(2 / pi) (x + 0.044715 x^3)`.
#[inline(always)]
fn bent<T: Scalar>(x: T) -> T {
    T::from_f64(FRAC_2_PI.sqrt()) * (x + T::from_f64(CUBIC) * x * x * x)
}

/// The sigmoid linear unit, or swish (Elfwing, Uchibe and Doya, 2018): `y = x s` with the logistic function
/// `s = 1 / (1 + e^-x)`; `dx = dy s (1 + x (1 - s))`.
///
/// ```
/// use backprop_layers::{Activation, Silu};
///
/// assert_eq!(Silu.f(0.0), 0.0);
/// assert_eq!(Silu.df(0.0, 1.0), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silu;

impl Activation for Silu {
    const NAME: &'static str = "SiLU";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        x * logistic(x)
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        let s = logistic(x);
        dy * s * (T::one() + x * (T::one() - s))
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Silu
    }
}

/// The exponential linear unit (Clevert, Unterthiner and Hochreiter, 2016): `y = x` where `x > 0`, else
/// `alpha (e^x - 1)`; `dx = dy` where `y > 0`, else `dy (y + alpha)`.
///
/// ```
/// use backprop_layers::{Activation, Elu};
///
/// let elu = Elu::new(1.0)?;
/// assert_eq!([elu.f(2.0), elu.f(-1000.0)], [2.0, -1.0]);
/// assert_eq!([elu.df(2.0, 3.0), elu.df(-1.0, 3.0)], [3.0, 0.0]);
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elu {
    alpha: f64,
}

impl Elu {
    /// An ELU whose outputs are above `-alpha`; 1 is customary.
    ///
    /// # Errors
    /// If `alpha` is not above 0 and finite.
    pub fn new(alpha: f64) -> Result<Self, BuildError> {
        if alpha > 0.0 && alpha.is_finite() {
            Ok(Elu { alpha })
        } else {
            Err(BuildError::Alpha(alpha))
        }
    }
}

impl Activation for Elu {
    const NAME: &'static str = "ELU";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Output;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        let below = T::from_f64(self.alpha) * exp_minus_one(x);
        if x > T::zero() { x } else { below }
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, y: T, dy: T) -> T {
        let below = dy * (y + T::from_f64(self.alpha));
        if y > T::zero() { dy } else { below }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Elu { alpha: self.alpha }
    }
}

/// The self-normalising ELU (Klambauer et al., 2017): `y = s x` where `x > 0`, else `s a (e^x - 1)`, with
/// `s = 1.0507...` and `a = 1.6732...`; `dx = s dy` where `y > 0`, else `dy (y + s a)`. The weights before it are
/// drawn with variance `1 / inputs` (LeCun, Bottou, Orr and Müller, 1998).
///
/// ```
/// use backprop_layers::{Activation, Selu};
///
/// assert_eq!(Selu.f(1.0), 1.050_700_987_355_480_5);
/// assert_eq!(Selu.f(0.0), 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selu;

impl Activation for Selu {
    const NAME: &'static str = "SELU";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Output;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        let below = T::from_f64(SELU_SCALE * SELU_ALPHA) * exp_minus_one(x);
        let above = T::from_f64(SELU_SCALE) * x;
        if x > T::zero() { above } else { below }
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, y: T, dy: T) -> T {
        let below = dy * (y + T::from_f64(SELU_SCALE * SELU_ALPHA));
        let above = T::from_f64(SELU_SCALE) * dy;
        if y > T::zero() { above } else { below }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Selu
    }
}

/// The softplus (Dugas et al., 2001): `y = ln(1 + e^x)`; `dx = dy / (1 + e^-x)`.
///
/// ```
/// use backprop_layers::{Activation, Softplus};
///
/// assert_eq!(Softplus.f(0.0), 2.0_f64.ln());
/// assert_eq!(Softplus.df(0.0, 1.0), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softplus;

impl Activation for Softplus {
    const NAME: &'static str = "Softplus";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        softplus(x)
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        dy * logistic(x)
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Softplus
    }
}

/// Mish (Misra, 2020): `y = x t` with `t = tanh(ln(1 + e^x))`; `dx = dy (t + x s (1 - t^2))` with the logistic
/// function `s`.
///
/// ```
/// use backprop_layers::{Activation, Mish};
///
/// assert_eq!(Mish.f(0.0), 0.0);
/// assert!((Mish.df(0.0_f64, 1.0) - 0.6).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mish;

impl Activation for Mish {
    const NAME: &'static str = "Mish";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        x * tanh(softplus(x))
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        let t = tanh(softplus(x));
        dy * (t + x * logistic(x) * (T::one() - t * t))
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Mish
    }
}

/// The hard swish (Howard et al., 2019): `y = x max(0, min(6, x + 3)) / 6`; `dx` is 0 where `x <= -3`, `dy` where
/// `x >= 3`, and `dy (x / 3 + 1 / 2)` in between, at the kinks as in PyTorch.
///
/// ```
/// use backprop_layers::{Activation, HardSwish};
///
/// assert_eq!([HardSwish.f(-4.0), HardSwish.f(0.0), HardSwish.f(4.0)], [0.0, 0.0, 4.0]);
/// assert_eq!([HardSwish.df(-4.0, 2.0), HardSwish.df(0.0, 2.0), HardSwish.df(4.0, 2.0)], [0.0, 1.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HardSwish;

impl Activation for HardSwish {
    const NAME: &'static str = "HardSwish";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    #[inline(always)]
    fn f<T: Scalar>(&self, x: T) -> T {
        let three = T::from_f64(3.0);
        let inside = x * ((x + three) / T::from_f64(6.0));
        let above = if x < three { inside } else { x };
        if x <= -three { T::zero() } else { above }
    }

    #[inline(always)]
    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        let three = T::from_f64(3.0);
        let inside = dy * (x / three + T::from_f64(0.5));
        let above = if x < three { inside } else { dy };
        if x <= -three { T::zero() } else { above }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::HardSwish
    }
}
