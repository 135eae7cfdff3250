use std::iter::Sum;

use ndarray::NdFloat;

use crate::sealed::Sealed;

/// The element type of a network: `f32` or `f64`, and nothing else.
///
/// Everything that ndarray's `NdFloat` brings (arithmetic, `exp`, `ln`, `sqrt`, `tanh`, `max`,
/// `is_finite`, ...) can be called on a `T: Scalar` without a further bound.
///
/// ```
/// use backprop_tensor::Scalar;
///
/// fn relu<T: Scalar>(x: T) -> T {
///     x.max(T::zero())
/// }
/// assert_eq!(relu(-1.5_f32), 0.0);
/// assert_eq!(f64::from_f64(0.25).as_f64(), 0.25);
/// assert_eq!((f32::NAME, f32::SIZE, f32::PANEL_WIDTH), ("f32", 4, 16));
/// ```
pub trait Scalar: NdFloat + Sum + Default + Sealed {
    /// The name of the type, `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The size of one element in bytes.
    const SIZE: usize = size_of::<Self>();

    /// The number of columns in one panel of a weight: as many elements as fill a cache line of 64
    /// bytes (16 for `f32`, 8 for `f64`). See [`PanelLayout`](crate::PanelLayout).
    const PANEL_WIDTH: usize = 64 / Self::SIZE;

    /// Rounds an `f64` to this type.
    fn from_f64(value: f64) -> Self;

    /// Converts a byte, exactly.
    fn from_u8(byte: u8) -> Self;

    /// Widens to `f64`, exactly.
    fn as_f64(self) -> f64;

    /// Writes the little-endian bytes of this element into `bytes`.
    ///
    /// # Panics
    /// If `bytes` is not [`Scalar::SIZE`] long.
    fn write_le(self, bytes: &mut [u8]);

    /// Reads an element from its little-endian bytes.
    ///
    /// # Panics
    /// If `bytes` is not [`Scalar::SIZE`] long.
    fn read_le(bytes: &[u8]) -> Self;
}

macro_rules! scalar {
    ($type:ident) => {
        impl Scalar for $type {
            const NAME: &'static str = stringify!($type);

            fn from_f64(value: f64) -> Self {
                value as $type
            }

            fn from_u8(byte: u8) -> Self {
                $type::from(byte)
            }

            fn as_f64(self) -> f64 {
                f64::from(self)
            }

            fn write_le(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }

            fn read_le(bytes: &[u8]) -> Self {
                $type::from_le_bytes(bytes.try_into().expect("as many bytes as the number has"))
            }
        }
    };
}

scalar!(f32);
scalar!(f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_one_cache_line() {
        assert_eq!(f32::PANEL_WIDTH * f32::SIZE, 64);
        assert_eq!(f64::PANEL_WIDTH * f64::SIZE, 64);
    }

    #[test]
    fn bytes_round_trip() {
        let mut bytes = [0; 4];
        (-1.5_f32).write_le(&mut bytes);
        assert_eq!(bytes, [0, 0, 0xc0, 0xbf]);
        assert_eq!(f32::read_le(&bytes), -1.5);
    }
}
