//! The registers of AVX2 with FMA and of AVX-512.

use std::arch::x86_64::*;

use super::register::Simd;

macro_rules! register {
    ($name:ident, $element:ty, $lanes:literal, $register:ty,
     $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident, $sub:ident, $mul:ident, |$x:ident| $nonzero_mask:expr
     $(; $side:literal, $transpose:ident)?
     $(; |$count:ident| $mask:expr, $load_masked:ident, $store_masked:ident)?
     $(, |$self:ident, $first:ident, $indices:ident, $values:ident| $compress_store:expr)?) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name($register);

        impl Simd for $name {
            type Element = $element;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(x: $element) -> Self {
                // SAFETY: the caller promises the instruction set and the pointers.
                $name(unsafe { $splat(x) })
            }

            #[inline(always)]
            unsafe fn load(from: *const $element) -> Self {
                // SAFETY: the caller promises the instruction set and the pointers.
                $name(unsafe { $load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $element) {
                // SAFETY: the caller promises the instruction set and the pointers.
                unsafe { $store(to, self.0) }
            }

            #[inline(always)]
            unsafe fn mul_add(self, x: Self, sum: Self) -> Self {
                // SAFETY: the caller promises the instruction set and the pointers.
                $name(unsafe { $fma(self.0, x.0, sum.0) })
            }

            #[inline(always)]
            unsafe fn add(self, x: Self) -> Self {
                // SAFETY: the caller promises the instruction set and the pointers.
                $name(unsafe { $add(self.0, x.0) })
            }

            #[inline(always)]
            unsafe fn sub_scaled(self, rate: Self, grad: Self) -> Self {
                // SAFETY: the caller promises the instruction set and the pointers.
                $name(unsafe { $sub(self.0, $mul(rate.0, grad.0)) })
            }

            #[inline(always)]
            unsafe fn nonzero_mask(self) -> u32 {
                let $x = self.0;
                // SAFETY: the caller promises the instruction set and the pointers.
                unsafe { $nonzero_mask }
            }

            $(
                const TRANSPOSE: usize = $side;

                #[inline(always)]
                unsafe fn transpose_block(
                    from: *const $element,
                    from_row: usize,
                    to: *mut $element,
                    to_row: usize,
                ) {
                    // SAFETY: the caller promises the instruction set and the pointers.
                    unsafe { $transpose(from, from_row, to, to_row) }
                }
            )?

            $(
                #[inline(always)]
                unsafe fn store_first(self, to: *mut $element, $count: usize) {
                    // SAFETY: the caller promises the instruction set, and a pointer that is valid
                    // at the lanes of the mask; the others are not accessed.
                    unsafe { $store_masked(to, $mask, self.0) }
                }

                #[inline(always)]
                unsafe fn load_first(from: *const $element, $count: usize) -> Self {
                    // SAFETY: as above.
                    $name(unsafe { $load_masked($mask, from) })
                }
            )?

            $(
                #[inline(always)]
                unsafe fn compress_store(
                    self,
                    $first: u32,
                    $indices: *mut u32,
                    $values: *mut $element,
                ) -> usize {
                    let $self = self;
                    // SAFETY: the caller promises the instruction set and pointers that are valid
                    // for writes of a register.
                    unsafe { $compress_store }
                }
            )?
        }
    };
}

/// For each mask of eight lanes, the indices of the set lanes, in order, without gaps.
static COMPRESS_LUT: [[u32; 8]; 256] = {
    let mut lut = [[0; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut lane, mut count) = (0, 0);
        while lane < 8 {
            if mask >> lane & 1 == 1 {
                lut[mask][count] = lane;
                count += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    lut
};

/// Transposes an 8 x 8 block: interleaves pairs of elements, then pairs of pairs, then exchanges
/// the halves of registers.
///
/// # Safety
/// As for [`Simd::transpose_block`], on a CPU with AVX.
#[inline(always)]
unsafe fn transpose_8x8(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    // SAFETY: all rows lie within the two blocks.
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
                let (left, right) = (twos[half + k], twos[half + k + 2]);
                fours[half + 2 * k] = _mm256_shuffle_ps::<0b01_00_01_00>(left, right);
                fours[half + 2 * k + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(left, right);
            }
        }
        // Register k holds columns k and k + 4 of the first four rows, register k + 4 the same
        // columns of the last four rows.
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
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    |x| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(x, _mm256_setzero_ps())) as u32;
    8, transpose_8x8,
    |x, first, indices, values| {
        let mask = x.nonzero_mask();
        let lanes = _mm256_loadu_si256(COMPRESS_LUT[mask as usize].as_ptr().cast());
        let index = _mm256_add_epi32(lanes, _mm256_set1_epi32(first as i32));
        _mm256_storeu_si256(indices.cast(), index);
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
    _mm256_add_pd,
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
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    |x| u32::from(_mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_ps()));
    8, transpose_8x8;
    |count| ((1_u32 << count) - 1) as __mmask16, _mm512_maskz_loadu_ps, _mm512_mask_storeu_ps,
    |x, first, indices, values| {
        let mask = x.nonzero_mask() as __mmask16;
        let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let index = _mm512_add_epi32(lanes, _mm512_set1_epi32(first as i32));
        // Compress in a register: compressing into memory takes many times as long on Zen 4.
        let index = _mm512_maskz_compress_epi32(mask, index);
        _mm512_storeu_si512(indices.cast(), index);
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
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    |x| u32::from(_mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_pd()));
    |count| ((1_u32 << count) - 1) as __mmask8, _mm512_maskz_loadu_pd, _mm512_mask_storeu_pd,
    |x, first, indices, values| {
        let mask = x.nonzero_mask() as __mmask8;
        let lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
        let index = _mm512_add_epi64(lanes, _mm512_set1_epi64(i64::from(first)));
        let index = _mm512_maskz_compress_epi64(mask, index);
        _mm256_storeu_si256(indices.cast(), _mm512_cvtepi64_epi32(index));
        _mm512_storeu_pd(values, _mm512_maskz_compress_pd(mask, x.0));
        mask.count_ones() as usize
    }
);
