//! The logistic function, and the softplus, which is its integral.

use super::exp::{exp_f32_wide, exp_f64, exp_f64_parts};

/// `1 / (1 + e^-x)`, at most 2 ulp from it.
#[inline(always)]
pub(super) fn logistic_f32(x: f32) -> f32 {
    /// Above, the roundings of `e^-x` and of `1 + e^-x` add up to more than 2 ulp.
    const LARGE: f32 = (1 << 23) as f32;
    const SCALE: f32 = 1.0 / (1_u64 << 40) as f32;

    let wide = exp_f32_wide(-x);
    let exp = wide as f32;
    // A large sum is rounded once, and scaled so that its reciprocal underflows where the result does.
    let is_large = exp >= LARGE;
    let scaled = ((1.0 + wide) * f64::from(SCALE)) as f32;
    let divisor = if is_large { scaled } else { 1.0 + exp };
    let scale = if is_large { SCALE } else { 1.0 };
    1.0 / divisor * scale
}

/// `1 / (1 + e^-x)`, at most 1.3 ulp from it: `e^x / (1 + e^x)` below zero, so that nothing overflows.
#[inline(always)]
pub(super) fn logistic_f64(x: f64) -> f64 {
    let (exp, exp_low) = exp_f64_parts(-x.abs());
    let divisor = 1.0 + exp;
    let divisor_low = (exp - (divisor - 1.0)) + exp_low;
    let is_negative = x < 0.0;
    let numerator = if is_negative { exp } else { 1.0 };
    let numerator_low = if is_negative { exp_low } else { 0.0 };
    let quotient = numerator / divisor;
    // The lost digits change the quotient by less than an ulp, so two digits of 1 / divisor will do:
    // the line that is closest to it from 1 to 2.
    let reciprocal = 1.457 - 0.5 * divisor;
    quotient + (numerator_low - quotient * divisor_low) * reciprocal
}

/// `ln(1 + e^x)`, at most 3 ulp from it: `max(x, 0) + ln(1 + e^-|x|)`.
///
/// `ln(1 + y) = 2 artanh s` with `s = y / (2 + y)`, which is at most 1/3. The odd series of the
/// inverse hyperbolic tangent is a minimax polynomial of degree 9 in `s^2`, from
/// `tests/reference/functions.sollya`.
#[inline(always)]
pub(super) fn softplus_f64(x: f64) -> f64 {
    /// Below, `ln(1 + y)` rounds to `y`.
    const TINY: f64 = f64::EPSILON / 4.0;
    const C: [f64; 10] = [
        0.666_666_666_666_666_6,
        0.400_000_000_000_126_26,
        0.285_714_285_673_637_5,
        0.222_222_227_023_827_74,
        0.181_817_899_127_021_6,
        0.153_855_613_147_788_56,
        0.133_142_392_745_276_9,
        0.120_004_789_380_040_35,
        0.088_026_610_685_461_96,
        0.161_616_686_321_933_18,
    ];
    let exp = exp_f64(-x.abs());
    let s = exp / (2.0 + exp);
    let z = s * s;
    let z2 = z * z;
    let z4 = z2 * z2;
    let low = (C[0] + C[1] * z) + (C[2] + C[3] * z) * z2;
    let middle = (C[4] + C[5] * z) + (C[6] + C[7] * z) * z2;
    let series = low + (middle + (C[8] + C[9] * z) * z4) * z4;
    let log = 2.0 * s + s * z * series;
    // Halves of the smallest numbers would underflow.
    let log = if exp < TINY { exp } else { log };
    // Not `x.max(0)`, which would turn a NaN into a number.
    (if x < 0.0 { 0.0 } else { x }) + log
}
