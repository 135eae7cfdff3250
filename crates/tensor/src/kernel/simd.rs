//! Registers: a few numbers that one instruction works on.

use crate::Scalar;

/// A register of [`Simd::LANES`] numbers.
///
/// Everything here is inlined into a function that enables the instructions; see
/// [`super::table`].
pub(crate) trait Simd: Copy {
    /// The type of one number.
    type Number: Scalar;
    /// Numbers in a register.
    const LANES: usize;

    /// All lanes `x`.
    ///
    /// # Safety
    /// Here and below: the CPU has the instructions, and pointers are valid for `LANES` numbers.
    unsafe fn splat(x: Self::Number) -> Self;

    /// Reads `LANES` numbers, aligned or not.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn load(from: *const Self::Number) -> Self;

    /// Writes `LANES` numbers, aligned or not.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn store(self, to: *mut Self::Number);

    /// `self * x + sum`, rounded once where the CPU can.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn mul_add(self, x: Self, sum: Self) -> Self;

    /// `self - rate * grad`, rounded twice, as where the two are numbers.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn descend(self, rate: Self, grad: Self) -> Self;

    /// A bit for each lane that is not zero (NaN is not), the first lane's lowest.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn nonzero(self) -> u32;

    /// The side of the square that [`turn`](Simd::turn) takes; it divides a panel's width.
    const SQUARE: usize = 1;

    /// Writes a square of numbers with rows and columns exchanged. The strides are those of rows.
    ///
    /// # Safety
    /// See [`Simd::splat`]; the squares are valid for reads and for writes, and do not overlap.
    #[inline(always)]
    unsafe fn turn(
        from: *const Self::Number,
        _from_row: usize,
        to: *mut Self::Number,
        _to_row: usize,
    ) {
        // SAFETY: a square of one number.
        unsafe { *to = *from }
    }

    /// Writes the lanes that are not zero, the lane's number plus `first` to `places` and what it
    /// holds to `values`, and gives how many they are.
    ///
    /// # Safety
    /// See [`Simd::splat`]; both pointers are valid for writes of `LANES` numbers, all of which may
    /// be written.
    #[inline(always)]
    unsafe fn list(self, first: u32, places: *mut u32, values: *mut Self::Number) -> usize {
        // SAFETY: as the caller promises.
        unsafe {
            let mut lanes = [Self::Number::default(); 16];
            self.store(lanes.as_mut_ptr());
            let mut mask = self.nonzero();
            let mut count = 0;
            while mask != 0 {
                let lane = mask.trailing_zeros();
                *places.add(count) = first + lane;
                *values.add(count) = lanes[lane as usize];
                count += 1;
                mask &= mask - 1;
            }
            count
        }
    }
}

/// What the compiler makes of plain loops over a few lanes: SSE2 on x86-64, NEON on ARM.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<T, const N: usize>([T; N]);

macro_rules! lanes {
    ($type:ident, $lanes:literal) => {
        impl Simd for Lanes<$type, $lanes> {
            type Number = $type;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(x: $type) -> Self {
                Lanes([x; $lanes])
            }

            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: the caller promises that these numbers are there.
                Lanes(unsafe { from.cast::<[$type; $lanes]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                // SAFETY: as above.
                unsafe { to.cast::<[$type; $lanes]>().write_unaligned(self.0) }
            }

            #[inline(always)]
            unsafe fn mul_add(self, x: Self, sum: Self) -> Self {
                // Without the instruction `mul_add` would be a call of a slow function.
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
            unsafe fn descend(self, rate: Self, grad: Self) -> Self {
                let mut out = self.0;
                for ((out, rate), grad) in out.iter_mut().zip(rate.0).zip(grad.0) {
                    *out -= rate * grad;
                }
                Lanes(out)
            }

            #[inline(always)]
            unsafe fn nonzero(self) -> u32 {
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

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    //! AVX2 with FMA, and AVX-512.

    use std::arch::x86_64::*;

    use super::Simd;

    macro_rules! register {
        ($name:ident, $number:ty, $lanes:literal, $register:ty,
         $splat:ident, $load:ident, $store:ident, $fma:ident, $sub:ident, $mul:ident, |$x:ident| $nonzero:expr
         $(; $square:literal, $turn:ident)?
         $(, |$self:ident, $first:ident, $places:ident, $values:ident| $list:expr)?) => {
            #[derive(Clone, Copy)]
            pub(crate) struct $name($register);

            // SAFETY of all blocks: the caller promises the instructions and the pointers.
            impl Simd for $name {
                type Number = $number;
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn splat(x: $number) -> Self {
                    // SAFETY: see above.
                    $name(unsafe { $splat(x) })
                }

                #[inline(always)]
                unsafe fn load(from: *const $number) -> Self {
                    // SAFETY: see above.
                    $name(unsafe { $load(from) })
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $number) {
                    // SAFETY: see above.
                    unsafe { $store(to, self.0) }
                }

                #[inline(always)]
                unsafe fn mul_add(self, x: Self, sum: Self) -> Self {
                    // SAFETY: see above.
                    $name(unsafe { $fma(self.0, x.0, sum.0) })
                }

                #[inline(always)]
                unsafe fn descend(self, rate: Self, grad: Self) -> Self {
                    // SAFETY: see above.
                    $name(unsafe { $sub(self.0, $mul(rate.0, grad.0)) })
                }

                #[inline(always)]
                unsafe fn nonzero(self) -> u32 {
                    let $x = self.0;
                    // SAFETY: see above.
                    unsafe { $nonzero }
                }

                $(
                    const SQUARE: usize = $square;

                    #[inline(always)]
                    unsafe fn turn(
                        from: *const $number,
                        from_row: usize,
                        to: *mut $number,
                        to_row: usize,
                    ) {
                        // SAFETY: see above.
                        unsafe { $turn(from, from_row, to, to_row) }
                    }
                )?

                $(
                    #[inline(always)]
                    unsafe fn list(
                        self,
                        $first: u32,
                        $places: *mut u32,
                        $values: *mut $number,
                    ) -> usize {
                        let $self = self;
                        // SAFETY: see above; both pointers are valid for as many writes.
                        unsafe { $list }
                    }
                )?
            }
        };
    }

    /// For each mask of eight lanes the numbers of those that are set, in order.
    static CHOSEN: [[u32; 8]; 256] = {
        let mut chosen = [[0; 8]; 256];
        let mut mask = 0;
        while mask < 256 {
            let (mut lane, mut count) = (0, 0);
            while lane < 8 {
                if mask >> lane & 1 == 1 {
                    chosen[mask][count] = lane;
                    count += 1;
                }
                lane += 1;
            }
            mask += 1;
        }
        chosen
    };

    /// Turns eight rows of eight: pairs of numbers, then pairs of pairs, then halves of a register.
    ///
    /// # Safety
    /// As for [`Simd::turn`]; the CPU has AVX.
    #[inline(always)]
    unsafe fn turn_eight(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: all rows are within the squares.
        unsafe {
            let mut rows = [_mm256_setzero_ps(); 8];
            for (at, row) in rows.iter_mut().enumerate() {
                *row = _mm256_loadu_ps(from.add(at * from_row));
            }
            let mut twos = rows;
            for k in 0..4 {
                twos[2 * k] = _mm256_unpacklo_ps(rows[2 * k], rows[2 * k + 1]);
                twos[2 * k + 1] = _mm256_unpackhi_ps(rows[2 * k], rows[2 * k + 1]);
            }
            let mut fours = twos;
            for half in [0, 4] {
                for k in 0..2 {
                    let (one, two) = (twos[half + k], twos[half + k + 2]);
                    fours[half + 2 * k] = _mm256_shuffle_ps::<0b01_00_01_00>(one, two);
                    fours[half + 2 * k + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(one, two);
                }
            }
            // Register k holds columns k and k + 4 of the first four rows, k + 4 those of the others.
            for k in 0..4 {
                let low = _mm256_permute2f128_ps::<0x20>(fours[k], fours[k + 4]);
                let high = _mm256_permute2f128_ps::<0x31>(fours[k], fours[k + 4]);
                _mm256_storeu_ps(to.add(k * to_row), low);
                _mm256_storeu_ps(to.add((k + 4) * to_row), high);
            }
        }
    }

    register!(
        Avx2F32,
        f32,
        8,
        __m256,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        |x| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(x, _mm256_setzero_ps())) as u32;
        8, turn_eight,
        |x, first, places, values| {
            let mask = x.nonzero();
            let lanes = _mm256_loadu_si256(CHOSEN[mask as usize].as_ptr().cast());
            let place = _mm256_add_epi32(lanes, _mm256_set1_epi32(first as i32));
            _mm256_storeu_si256(places.cast(), place);
            _mm256_storeu_ps(values, _mm256_permutevar8x32_ps(x.0, lanes));
            mask.count_ones() as usize
        }
    );
    register!(
        Avx2F64,
        f64,
        4,
        __m256d,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        _mm256_sub_pd,
        _mm256_mul_pd,
        |x| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_NEQ_UQ>(x, _mm256_setzero_pd())) as u32
    );
    register!(
        Avx512F32,
        f32,
        16,
        __m512,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        |x| u32::from(_mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_ps()));
        8, turn_eight,
        |x, first, places, values| {
            let mask = x.nonzero() as __mmask16;
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let place = _mm512_add_epi32(lanes, _mm512_set1_epi32(first as i32));
            // To a register first: compressing into memory takes many times as long on Zen 4.
            let place = _mm512_maskz_compress_epi32(mask, place);
            _mm512_storeu_si512(places.cast(), place);
            _mm512_storeu_ps(values, _mm512_maskz_compress_ps(mask, x.0));
            mask.count_ones() as usize
        }
    );
    register!(
        Avx512F64,
        f64,
        8,
        __m512d,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        |x| u32::from(_mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_pd())),
        |x, first, places, values| {
            let mask = x.nonzero() as __mmask8;
            let lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
            let place = _mm512_add_epi64(lanes, _mm512_set1_epi64(i64::from(first)));
            let place = _mm512_maskz_compress_epi64(mask, place);
            _mm256_storeu_si256(places.cast(), _mm512_cvtepi64_epi32(place));
            _mm512_storeu_pd(values, _mm512_maskz_compress_pd(mask, x.0));
            mask.count_ones() as usize
        }
    );
}
