use super::register::Simd;

/// A register as plain loops over an array, which the compiler turns into the baseline instruction
/// set of the architecture: SSE2 on x86-64, NEON on ARM.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<T, const N: usize>([T; N]);

macro_rules! lanes {
    ($type:ident, $lanes:literal) => {
        impl Simd for Lanes<$type, $lanes> {
            type Element = $type;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(x: $type) -> Self {
                Lanes([x; $lanes])
            }

            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: `from` is valid for `LANES` elements, as the caller promises.
                Lanes(unsafe { from.cast::<[$type; $lanes]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                // SAFETY: `to` is valid for `LANES` elements, as the caller promises.
                unsafe { to.cast::<[$type; $lanes]>().write_unaligned(self.0) }
            }

            #[inline(always)]
            unsafe fn mul_add(self, x: Self, sum: Self) -> Self {
                // Without the FMA instruction `mul_add` is a call of a slow library function.
                let fused = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
                let mut out = sum.0;
                for ((out, a), x) in out.iter_mut().zip(self.0).zip(x.0) {
                    *out = if fused {
                        a.mul_add(x, *out)
                    } else {
                        a * x + *out
                    };
                }
                Lanes(out)
            }

            #[inline(always)]
            unsafe fn add(self, x: Self) -> Self {
                let mut out = self.0;
                for (out, x) in out.iter_mut().zip(x.0) {
                    *out += x;
                }
                Lanes(out)
            }

            #[inline(always)]
            unsafe fn sub_scaled(self, rate: Self, grad: Self) -> Self {
                let mut out = self.0;
                for ((out, rate), grad) in out.iter_mut().zip(rate.0).zip(grad.0) {
                    *out -= rate * grad;
                }
                Lanes(out)
            }

            #[inline(always)]
            unsafe fn nonzero_mask(self) -> u32 {
                let mut mask = 0;
                for (lane, x) in self.0.into_iter().enumerate() {
                    mask |= u32::from(x != 0.0) << lane;
                }
                mask
            }
        }
    };
}

lanes!(f32, 4);
lanes!(f64, 2);
