//! The two number types of 16 bits that networks are stored in; every value of both is one of f32.

/// The F16 (IEEE 754 binary16: 5 bits of exponent, 10 of fraction) with these bits.
pub(crate) fn f16_to_f32(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10) & 0x1f, u32::from(bits) & 0x3ff);
    let magnitude = match exponent {
        // Subnormal: multiples of 2^-24, which are exact as products.
        0 => (fraction as f32 * f32::from_bits((127 - 24) << 23)).to_bits(),
        // Infinity and NaN.
        0x1f => 0x7f80_0000 + (fraction << 13),
        // The bias of the exponent is 15 there and 127 here.
        _ => ((exponent + 127 - 15) << 23) + (fraction << 13),
    };
    f32::from_bits((u32::from(bits & 0x8000) << 16) + magnitude)
}

/// The BF16 (the upper half of an f32) with these bits.
pub(crate) fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value by the definition of the format, in f64; NaN as `None`.
    fn defined(bits: u16, exponent_bits: u32, fraction_bits: u32) -> Option<f64> {
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        let bias = (1 << (exponent_bits - 1)) - 1;
        let highest = (1 << exponent_bits) - 1;
        let exponent = i32::from(bits >> fraction_bits) & highest;
        let fraction = f64::from(bits & ((1 << fraction_bits) - 1)) / f64::from(1 << fraction_bits);
        match exponent {
            0 => Some(sign * fraction * 2f64.powi(1 - bias)),
            e if e == highest && fraction == 0.0 => Some(sign * f64::INFINITY),
            e if e == highest => None,
            e => Some(sign * (1.0 + fraction) * 2f64.powi(e - bias)),
        }
    }

    fn check(convert: fn(u16) -> f32, exponent_bits: u32, fraction_bits: u32) {
        for bits in 0..=u16::MAX {
            let found = convert(bits);
            match defined(bits, exponent_bits, fraction_bits) {
                Some(value) => {
                    assert_eq!(f64::from(found), value, "{bits:#06x}");
                    assert_eq!(found.is_sign_negative(), bits >> 15 == 1, "{bits:#06x}");
                }
                None => assert!(found.is_nan(), "{bits:#06x}"),
            }
        }
    }

    #[test]
    fn every_value_is_that_of_the_definition() {
        check(f16_to_f32, 5, 10);
        check(bf16_to_f32, 8, 7);
    }

    /// The CRC-32 of the bits of all 65,536 values, in order.
    fn crc(convert: fn(u16) -> f32) -> u32 {
        let all = (0..=u16::MAX).flat_map(|bits| convert(bits).to_le_bytes());
        crc32fast::hash(&all.collect::<Vec<u8>>())
    }

    #[test]
    fn all_bits_are_those_of_numpy() {
        // zlib.crc32(np.arange(65536, dtype="<u2").view("<f2").astype("<f4").tobytes()), NaNs and all.
        assert_eq!(crc(f16_to_f32), 0xe0c0_69f3);
        // zlib.crc32((np.arange(65536, dtype="<u4") << 16).tobytes()), which is ml_dtypes.bfloat16 too.
        assert_eq!(crc(bf16_to_f32), 0x093b_1249);
    }
}
