use super::exp;
use crate::Scalar;

/// `erf(x) / x - 1` for `|x| < 1`, by powers of `x^2`: interpolated at the 12 zeros of a Chebyshev polynomial,
/// 7e-18 off.
const NEAR: [f64; 12] = [
    0.128_379_167_095_512_56,
    -0.376_126_389_031_835_43,
    0.112_837_916_709_450_06,
    -0.026_866_170_643_237_77,
    0.005_223_977_607_116_422_5,
    -0.000_854_832_597_538_969_2,
    0.000_120_552_949_048_397_07,
    -1.492_473_690_741_966e-5,
    1.644_742_470_331_736_2e-6,
    -1.620_848_380_187_170_5e-7,
    1.372_006_454_677_768_6e-8,
    -7.795_898_827_002_142e-10,
];
/// `e^(x^2) (1 - erf(x))` for `1 <= x <= 6`, by powers of `(x - 2) / (x + 2)`: interpolated at the 17 zeros of a
/// Chebyshev polynomial, 2e-17 of it off.
const FAR: [f64; 17] = [
    0.255_395_676_310_505_75,
    -0.427_185_847_413_958_5,
    0.241_658_194_242_465_85,
    -0.078_978_581_015_706_11,
    0.003_732_892_404_397_833_6,
    0.006_997_461_736_971_578,
    -0.000_847_143_252_991_95,
    -0.000_981_976_941_103_864_2,
    4.355_558_686_575_482e-5,
    0.000_174_359_474_002_051_57,
    2.752_717_555_722_724_6e-5,
    -2.756_220_916_112_935_3e-5,
    -1.399_828_377_278_497_6e-5,
    1.305_857_712_227_801_7e-6,
    4.011_749_647_325_067e-6,
    1.272_567_661_840_228e-6,
    -1.135_257_147_727_362_7e-6,
];
/// From here on the error function is 1 in `f64`: what is missing is 2e-17.
const END: f64 = 6.0;

/// The error function `2 / sqrt(pi)` times the integral of `e^(-t^2)` from 0 to `x`: at most 1.4 ulp from it in
/// `f64`, 2 ulp in `f32`.
///
/// ```
/// use backprop_tensor::erf;
///
/// assert_eq!([erf(0.0_f64), erf(6.0), erf(-6.0)], [0.0, 1.0, -1.0]);
/// assert!((erf(0.5_f64) - 0.520_499_877_813_046_5).abs() < 1e-15);
/// ```
#[inline(always)]
pub fn erf<T: Scalar>(x: T) -> T {
    let size = x.abs();
    // Not `min`, which would turn NaN into a number.
    let end = T::from_f64(END);
    let a = if size > end { end } else { size };
    let square = a * a;
    let near = a + a * polynomial(&NEAR, square);
    let two = T::from_f64(2.0);
    let far = T::one() - exp(-square) * polynomial(&FAR, (a - two) / (a + two));
    let result = if a < T::one() { near } else { far };
    result.copysign(x)
}

/// `c_0 + c_1 x + c_2 x^2 + ...`, by Horner's rule.
#[inline(always)]
fn polynomial<T: Scalar, const N: usize>(coefficients: &[f64; N], x: T) -> T {
    let mut sum = T::zero();
    for &coefficient in coefficients.iter().rev() {
        sum = sum * x + T::from_f64(coefficient);
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_2_SQRT_PI;

    use super::*;

    /// Points and the error function there, rounded from 50 digits.
    const EXACT: [(f64, f64); 18] = [
        (1e-300, 1.128_379_167_095_512_6e-300),
        (1e-9, 1.128_379_167_095_512_7e-9),
        (0.001, 0.001_128_378_790_969_236_5),
        (0.1, 0.112_462_916_018_284_9),
        (0.25, 0.276_326_390_168_236_96),
        (0.5, 0.520_499_877_813_046_5),
        (0.75, 0.711_155_633_653_515_1),
        (0.99, 0.838_508_069_555_369_8),
        (1.0, 0.842_700_792_949_714_9),
        (1.01, 0.846_810_496_228_276_8),
        (1.5, 0.966_105_146_475_310_8),
        (2.0, 0.995_322_265_018_952_7),
        (2.5, 0.999_593_047_982_555),
        (3.0, 0.999_977_909_503_001_4),
        (4.0, 0.999_999_984_582_742_1),
        (5.0, 0.999_999_999_998_462_6),
        (5.5, 0.999_999_999_999_992_7),
        (5.9, 0.999_999_999_999_999_9),
    ];

    #[test]
    fn the_error_function_is_within_two_units_of_the_last_place() {
        for (x, exact) in EXACT {
            let unit = (exact.next_up() - exact).min(exact - exact.next_down());
            assert!(
                (erf(x) - exact).abs() <= 2.0 * unit,
                "erf({x}) = {}",
                erf(x)
            );
            assert_eq!(erf(-x), -erf(x));
        }
    }

    /// The two formulas meet at 1, where either is as good.
    #[test]
    fn the_error_function_grows_and_has_no_step() {
        let mut before = erf(0.0_f64);
        for k in 1..=60_000 {
            let value = erf(f64::from(k) * 1e-4);
            // Its slope is 2 / sqrt(pi) at most; two roundings may hide a growth of nothing.
            assert!(value >= before - 4e-16 && value - before < 1.13e-4, "{k}");
            before = value;
        }
        let (below, above) = (erf(1.0_f64.next_down()), erf(1.0_f64));
        assert!((below - above).abs() <= 3e-16, "{below} {above}");
    }

    #[test]
    fn the_error_function_of_f32_is_within_two_units_of_that_of_f64() {
        let mut worst = 0.0_f64;
        for k in 1..200_000_u32 {
            let x = k as f32 * 3e-5;
            let (found, exact) = (f64::from(erf(x)), erf(f64::from(x)));
            let rounded = exact as f32;
            let unit = f64::from(rounded) - f64::from(rounded.next_down());
            worst = worst.max((found - exact).abs() / unit);
        }
        assert!(worst <= 2.0, "{worst} ulp");
    }

    #[test]
    fn infinities_zeros_and_nan_are_right() {
        assert_eq!([erf(f64::INFINITY), erf(f64::NEG_INFINITY)], [1.0, -1.0]);
        assert_eq!(erf(-0.0_f64).to_bits(), (-0.0_f64).to_bits());
        assert!(erf(f64::NAN).is_nan() && erf(f32::NAN).is_nan());
        assert_eq!(erf(f64::MIN_POSITIVE), f64::MIN_POSITIVE * FRAC_2_SQRT_PI);
    }
}
