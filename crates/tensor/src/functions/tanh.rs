//! The hyperbolic tangent: below a limit `x + x^3 P(x^2) / Q(x^2)`, above it `1 - 2 / (e^2x + 1)`,
//! with one division for both.
//!
//! Near zero `1 - 2 / (e^2x + 1)` would lose all digits. Above the limit the quotient is less than
//! half of the result, so its own errors count less than half. `P / Q` equals the function at
//! Chebyshev nodes; its coefficients are from `tests/reference/functions.py`.

use super::exp::{Reduced, exp_remainder, power_of_2, reduce};

/// `tanh x`, at most 1.1 ulp from it.
#[inline(always)]
pub(super) fn tanh_f32(x: f32) -> f32 {
    const LIMIT: f32 = 0.8;
    /// As for `f64` in `exp.rs`: `1.5 2^23`.
    const ROUND: f32 = 12_582_912.0;
    /// The first 15 bits of `ln 2`: a multiple by an integer of 9 bits is exact.
    const LN_2_HIGH: f32 = 0.693_145_75;
    const LN_2_LOW: f32 = 1.428_606_8e-6;

    let a = x.abs();
    let z = a * a;
    let numerator = (-0.933_845_46 * z - 21.109_253) * z * a;
    let denominator = (z + 28.132_639) * z + 63.327_76;

    // e^2a + 1 = 2^k (e^r - 1) + (2^k + 1). From 10 on the result is 1.
    let clamped = if a > 10.0 { 10.0 } else { a };
    let doubled = clamped + clamped;
    let shifted = doubled * std::f32::consts::LOG2_E + ROUND;
    let multiple = shifted - ROUND;
    let r = (doubled - multiple * LN_2_HIGH) - multiple * LN_2_LOW;
    let r2 = r * r;
    let remainder = (0.5 + 0.166_665_76 * r)
        + ((0.041_666_463 + 0.008_363_265 * r) + 0.001_393_533_2 * r2) * r2;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    let exp_plus_1 = (r + r2 * remainder) * power + (power + 1.0);

    let is_below = a < LIMIT;
    let base = if is_below { a } else { 1.0 };
    let numerator = if is_below { numerator } else { -2.0 };
    let denominator = if is_below { denominator } else { exp_plus_1 };
    (base + numerator / denominator).copysign(x)
}

/// `tanh x`, at most 1.1 ulp from it.
#[inline(always)]
pub(super) fn tanh_f64(x: f64) -> f64 {
    const LIMIT: f64 = 0.7;

    let a = x.abs();
    let z = a * a;
    let numerator = (-0.964_410_182_042_734_3 * z - 99.315_729_209_127_48) * z;
    let numerator = (numerator - 1_615.265_839_853_735_4) * z * a;
    let denominator = (z + 112.842_015_084_873_22) * z + 2_236.266_195_451_812_6;
    let denominator = denominator * z + 4_845.797_519_561_206;

    // e^2a + 1 = 2^k (e^r - 1) + (2^k + 1). From 20 on the result is 1.
    let clamped = if a > 20.0 { 20.0 } else { a };
    let Reduced { k, r, .. } = reduce(clamped + clamped);
    let power = power_of_2(k);
    let exp_plus_1 = (r + r * r * exp_remainder(r)) * power + (power + 1.0);

    let is_below = a < LIMIT;
    let base = if is_below { a } else { 1.0 };
    let numerator = if is_below { numerator } else { -2.0 };
    let denominator = if is_below { denominator } else { exp_plus_1 };
    (base + numerator / denominator).copysign(x)
}
