//! The exponential: `x = k ln 2 + r` with a whole `k`, so `e^x = 2^k e^r`.

/// The distance from `1.5 2^52` to the next `f64` is 1, so adding this number to a small one rounds
/// it to the nearest integer, whose bits are then the lowest of the sum.
const ROUND: f64 = 1.5 * (1_u64 << 52) as f64;

/// `x`, or the end of the range if `x` is outside of it. NaN stays NaN.
#[inline(always)]
fn clamp_f64(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// `e^x` of an `f32`, before it is rounded to one: with a relative error of `2^-33`, and neither
/// overflow nor underflow.
///
/// With `x = (32 k + i + r) ln 2 / 32`, `i` from 0 to 31 and `|r| <= 1/2`, the result is
/// `2^k 2^(i/32) p(r)`, where `p` is a cubic polynomial. Reduction and polynomial are those of `expf`
/// in ARM's optimized routines, which the C libraries of GNU and musl took over. The powers, there a
/// table, are products here: the compiler vectorises a loop with a table only where it knows that no
/// store can reach the table, and some CPUs read tables slowly.
#[inline(always)]
pub(super) fn exp_f32_wide(x: f32) -> f64 {
    /// `32 / ln 2`. The product of `HIGH` and an `f32` is exact, so `r` is rounded once, as by a
    /// fused multiply-add.
    const HIGH: f64 = 32.0 * 1.442_695_040_255_785;
    const LOW: f64 = 32.0 * 6.331_783_986_013_306e-10;
    const C1: f64 = 0.693_147_180_691_620_3 / 32.0;
    const C2: f64 = 0.240_228_452_244_572_2 / 1024.0;
    const C3: f64 = 0.055_503_615_593_415_35 / 32768.0;
    /// `2^(1/32)`, `2^(2/32)`, `2^(4/32)`, `2^(8/32)`, `2^(16/32)`.
    const POWERS: [f64; 5] = [
        1.021_897_148_654_116_6,
        1.044_273_782_427_413_8,
        1.090_507_732_665_257_7,
        1.189_207_115_002_721,
        std::f64::consts::SQRT_2,
    ];

    // Beyond, e^x is 0 or infinite as an f32.
    let x = clamp_f64(f64::from(x), -150.0, 150.0);
    let shifted = x * (HIGH + LOW) + ROUND;
    let index = shifted.to_bits();
    let r = (x * HIGH - (shifted - ROUND)) + x * LOW;
    let factor = |bit: usize| {
        let is_set = index & (1 << bit) != 0;
        if is_set { POWERS[bit] } else { 1.0 }
    };
    // Of the orders of these products, one whose roundings change no result.
    let power = (factor(0) * factor(2)) * (factor(1) * factor(3)) * factor(4);
    let power = f64::from_bits(power.to_bits().wrapping_add((index >> 5) << 52));
    let polynomial = (C1 * r + 1.0) + (C3 * r + C2) * (r * r);
    polynomial * power
}

/// `e^x`, at most 0.502 ulp from it.
#[inline(always)]
pub(super) fn exp_f32(x: f32) -> f32 {
    exp_f32_wide(x) as f32
}

/// `x = k ln 2 + r` with `|r| <= ln 2 / 2`.
pub(super) struct Reduced {
    /// The lowest bits are those of `k`.
    pub(super) k: u64,
    pub(super) r: f64,
    /// The part of the difference that `r` has no bits for.
    pub(super) r_low: f64,
}

/// Takes the multiple of `ln 2` off (Cody and Waite, 1980). `|x|` is below 1000.
#[inline(always)]
pub(super) fn reduce(x: f64) -> Reduced {
    /// The first 42 bits of `ln 2`: a multiple by an integer of 11 bits is exact.
    const LN_2_HIGH: f64 = 0.693_147_180_559_890_3;
    const LN_2_LOW: f64 = 5.497_923_018_708_371e-14;

    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let multiple = shifted - ROUND;
    let high = x - multiple * LN_2_HIGH;
    let low = multiple * LN_2_LOW;
    let r = high - low;
    Reduced {
        k: shifted.to_bits(),
        r,
        r_low: (high - r) - low,
    }
}

/// `(e^r - 1 - r) / r^2` for `|r| <= ln 2 / 2`: the minimax polynomial of degree 10, from
/// `tests/reference/functions.sollya`. Neglecting the
/// rest changes `e^r` by `2^-62` of itself.
#[inline(always)]
pub(super) fn exp_remainder(r: f64) -> f64 {
    const C: [f64; 11] = [
        0.5,
        0.166_666_666_666_666_7,
        0.041_666_666_666_666_68,
        0.008_333_333_333_325_88,
        0.001_388_888_888_887_697_4,
        0.000_198_412_698_754_875_55,
        2.480_158_734_246_674e-5,
        2.755_725_471_100_675_3e-6,
        2.755_725_694_886_709_6e-7,
        2.510_546_227_694_538_7e-8,
        2.092_037_287_502_839e-9,
    ];
    // In pairs (Estrin): Horner's scheme would wait for each product in turn.
    let r2 = r * r;
    let r4 = r2 * r2;
    let low = (C[0] + C[1] * r) + (C[2] + C[3] * r) * r2;
    let middle = (C[4] + C[5] * r) + (C[6] + C[7] * r) * r2;
    let high = (C[8] + C[9] * r) + C[10] * r2;
    low + (middle + high * r4) * r4
}

/// `2^k` for `-1022 <= k <= 1023`, from the lowest bits of `k`.
#[inline(always)]
pub(super) fn power_of_2(k: u64) -> f64 {
    f64::from_bits(k.wrapping_add(1023) << 52)
}

/// `e^x`, and the rounding error of its last sum. The result is at most 1 ulp from `e^x`, and the sum
/// of both about a third of an ulp.
#[inline(always)]
pub(super) fn exp_f64_parts(x: f64) -> (f64, f64) {
    // Beyond, e^x is 0 or infinite.
    let Reduced { k, r, r_low } = reduce(clamp_f64(x, -750.0, 710.0));
    let minus_1 = r + (r_low + r * r * exp_remainder(r));
    let y = 1.0 + minus_1;
    let error = minus_1 - (y - 1.0);
    // 2^k in two factors, since neither the largest nor the smallest k is an exponent. Only the last
    // product may be rounded.
    let (first, second) = (power_of_2(k >> 1), power_of_2((k + 1) >> 1));
    (y * first * second, error * first * second)
}

/// `e^x`, at most 1 ulp from it.
#[inline(always)]
pub(super) fn exp_f64(x: f64) -> f64 {
    exp_f64_parts(x).0
}
