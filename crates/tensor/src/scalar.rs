use std::iter::Sum;

use ndarray::NdFloat;

use crate::kernel::{self, Isa, Kernels};
use crate::pool::{Scratch, Space};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The number type of a network: `f32` or `f64`, and nothing else.
///
/// Everything that ndarray's `NdFloat` brings (arithmetic, `exp`, `ln`, `sqrt`, `tanh`, `max`,
/// `is_finite`, ...) can be called on a `T: Scalar` without a further bound.
///
/// ```
/// use backprop_tensor::Scalar;
///
/// fn logistic<T: Scalar>(x: T) -> T {
///     T::one() / (T::one() + (-x).exp())
/// }
/// assert_eq!(logistic(0.0_f32), 0.5);
/// assert_eq!(f64::from_f64(0.25).as_f64(), 0.25);
/// ```
pub trait Scalar: NdFloat + Sum + Default + sealed::Sealed {
    /// The type's name, `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The size of one number in bytes.
    const SIZE: usize = size_of::<Self>();

    /// Columns in one panel of a weight: as many numbers as fill a cache line of 64 bytes
    /// (16 for `f32`, 8 for `f64`). See [`PanelLayout`](crate::Panels).
    const PANEL_WIDTH: usize = 64 / Self::SIZE;

    /// Rounds an `f64` to this type.
    fn from_f64(value: f64) -> Self;

    /// The byte as a number, exactly.
    fn from_u8(byte: u8) -> Self;

    /// Widens to `f64`, exactly.
    fn as_f64(self) -> f64;

    /// Writes the little-endian bytes of this number into `bytes`.
    ///
    /// # Panics
    /// If `bytes` is not [`Scalar::SIZE`] long.
    fn write_le(self, bytes: &mut [u8]);

    /// Reads a number from its little-endian bytes.
    ///
    /// # Panics
    /// If `bytes` is not [`Scalar::SIZE`] long.
    fn read_le(bytes: &[u8]) -> Self;

    /// `c <- alpha a b + beta c`, by matrixmultiply; `shape` is (m, k, n).
    ///
    /// # Safety
    /// `a` (m x k), `b` (k x n) and `c` (m x n) must be valid at every element that the given
    /// (row, column) strides reach, and `c` must alias neither `a`, `b` nor itself.
    #[doc(hidden)]
    unsafe fn gemm(
        shape: (usize, usize, usize),
        alpha: Self,
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        beta: Self,
        c: (*mut Self, isize, isize),
    );

    /// The products of a layer on these instructions.
    #[doc(hidden)]
    fn kernels(isa: Isa) -> Kernels<Self>;

    /// What a thread works in with this type.
    #[doc(hidden)]
    fn space(scratch: &mut Scratch) -> &mut Space<Self>;
}

macro_rules! scalar {
    ($type:ident, $gemm:path) => {
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

            unsafe fn gemm(
                (m, k, n): (usize, usize, usize),
                alpha: Self,
                a: (*const Self, isize, isize),
                b: (*const Self, isize, isize),
                beta: Self,
                c: (*mut Self, isize, isize),
            ) {
                // SAFETY: the caller promises what matrixmultiply asks for.
                unsafe {
                    $gemm(
                        m, k, n, alpha, a.0, a.1, a.2, b.0, b.1, b.2, beta, c.0, c.1, c.2,
                    )
                }
            }

            fn kernels(isa: Isa) -> Kernels<Self> {
                kernel::$type(isa)
            }

            fn space(scratch: &mut Scratch) -> &mut Space<Self> {
                &mut scratch.$type
            }
        }
    };
}

scalar!(f32, matrixmultiply::sgemm);
scalar!(f64, matrixmultiply::dgemm);

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
