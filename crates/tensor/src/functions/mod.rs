//! The exponential, the hyperbolic tangent, the logistic function, the softplus and the sign, for loops
//! over many elements.
//!
//! The functions of the C library are called element by element, and each C library rounds them
//! differently. The functions here are formulas without branches or calls, so the compiler vectorises
//! a loop over them, and [`run_with_best_simd`] gives the loop the widest registers.
//! A result has the same bits on every CPU: there are only additions, multiplications, divisions,
//! conversions, comparisons and operations on bits, and a multiplication is never fused with an
//! addition.
//!
//! NaN gives NaN, and infinities, zeros, subnormal numbers, overflow and underflow are right. An ulp
//! is the distance between the two numbers of the type around the exact result.

pub(crate) mod elementary;
mod erf;
mod exp;
mod logistic;
#[cfg(test)]
mod reference;
mod tanh;
#[cfg(test)]
mod tests;

use crate::{Scalar, SimdLoop, run_with_best_simd};

pub use erf::erf;

/// The sign of a number: -1, 0 or 1. Zeros and NaN stay what they are, so that no error is hidden.
///
/// ```
/// use backprop_tensor::sign;
///
/// assert_eq!([-2.0_f32, 0.0, 0.5].map(sign), [-1.0, 0.0, 1.0]);
/// assert!(sign(f64::NAN).is_nan());
/// ```
#[inline(always)]
pub fn sign<T: Scalar>(x: T) -> T {
    if x > T::zero() {
        T::one()
    } else if x < T::zero() {
        -T::one()
    } else {
        x
    }
}

/// The exponential function `e^x`, at most 1 ulp from it.
///
/// In `f32` the error is at most 0.502 ulp, and all 2^32 results have the bits of `f32::exp` with
/// the GNU C library on x86-64, by the same reduction and polynomial. *Source:* `expf` in ARM's optimized
/// routines; for `f64` the reduction of Cody and Waite (1980) and a minimax polynomial.
///
/// ```
/// use backprop_tensor::exp;
///
/// let values = [0.0_f32, 1.0, -1000.0, 1000.0];
/// assert_eq!(values.map(exp), [1.0, std::f32::consts::E, 0.0, f32::INFINITY]);
/// ```
#[inline(always)]
pub fn exp<T: Scalar>(x: T) -> T {
    T::element_exp(x)
}

/// The hyperbolic tangent, at most 1.1 ulp from it.
///
/// ```
/// use backprop_tensor::tanh;
///
/// assert_eq!([tanh(0.0_f64), tanh(20.0), tanh(-20.0)], [0.0, 1.0, -1.0]);
/// // Near zero tanh x = x - x^3 / 3 + ..., with all digits.
/// assert_eq!(tanh(1e-9_f32), 1e-9);
/// ```
#[inline(always)]
pub fn tanh<T: Scalar>(x: T) -> T {
    T::element_tanh(x)
}

/// The logistic function `1 / (1 + e^-x)`, at most 2 ulp from it.
///
/// ```
/// use backprop_tensor::logistic;
///
/// assert_eq!(logistic(0.0_f64), 0.5);
/// assert_eq!(logistic(-1000.0_f64), 0.0);
/// // Far below zero the function is e^x, also where e^-x would overflow.
/// assert_eq!(logistic(-100.0_f32), (-100.0_f32).exp());
/// ```
#[inline(always)]
pub fn logistic<T: Scalar>(x: T) -> T {
    T::element_logistic(x)
}

/// Replaces each element by its [`logistic`] function, in a loop on the widest registers.
///
/// ```
/// use backprop_tensor::logistic_all;
///
/// let mut values = [0.0_f32, 200.0, -200.0];
/// logistic_all(&mut values);
/// assert_eq!(values, [0.5, 1.0, 0.0]);
/// ```
#[inline(never)]
pub fn logistic_all<T: Scalar>(values: &mut [T]) {
    run_with_best_simd(LogisticAll(values));
}

struct LogisticAll<'a, T>(&'a mut [T]);

impl<T: Scalar> SimdLoop for LogisticAll<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = logistic(*x);
        }
    }
}

/// The softplus `ln(1 + e^x)`, at most 3 ulp from it (Dugas et al., 2001).
///
/// ```
/// use backprop_tensor::softplus;
///
/// assert_eq!(softplus(0.0_f64), 2.0_f64.ln());
/// assert_eq!([softplus(1000.0_f32), softplus(-1000.0)], [1000.0, 0.0]);
/// ```
#[inline(always)]
pub fn softplus<T: Scalar>(x: T) -> T {
    T::element_softplus(x)
}
