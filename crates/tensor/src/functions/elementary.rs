use super::exp::{exp_f32, exp_f64};
use super::logistic::{logistic_f32, logistic_f64, softplus_f64};
use super::tanh::{tanh_f32, tanh_f64};

/// The functions of one element type. Each one is a formula without branches, of operations that
/// IEEE 754 defines to the last bit, so the compiler vectorises a loop that the formula is inlined into.
pub trait Elementary: Sized {
    /// `e^x`.
    fn element_exp(x: Self) -> Self;

    /// `tanh x`.
    fn element_tanh(x: Self) -> Self;

    /// `1 / (1 + e^-x)`.
    fn element_logistic(x: Self) -> Self;

    /// `ln(1 + e^x)`.
    fn element_softplus(x: Self) -> Self;
}

impl Elementary for f32 {
    #[inline(always)]
    fn element_exp(x: f32) -> f32 {
        exp_f32(x)
    }

    #[inline(always)]
    fn element_tanh(x: f32) -> f32 {
        tanh_f32(x)
    }

    #[inline(always)]
    fn element_logistic(x: f32) -> f32 {
        logistic_f32(x)
    }

    #[inline(always)]
    fn element_softplus(x: f32) -> f32 {
        softplus_f64(f64::from(x)) as f32
    }
}

impl Elementary for f64 {
    #[inline(always)]
    fn element_exp(x: f64) -> f64 {
        exp_f64(x)
    }

    #[inline(always)]
    fn element_tanh(x: f64) -> f64 {
        tanh_f64(x)
    }

    #[inline(always)]
    fn element_logistic(x: f64) -> f64 {
        logistic_f64(x)
    }

    #[inline(always)]
    fn element_softplus(x: f64) -> f64 {
        softplus_f64(x)
    }
}
