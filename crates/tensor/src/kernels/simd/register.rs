use ndarray::NdFloat;

/// The number of `f32` in the widest register.
pub(crate) const MAX_LANES: usize = 16;

/// A register of [`Simd::LANES`] elements.
pub trait Simd: Copy {
    /// The type of one element.
    type Element: NdFloat + Default;
    /// The number of elements in a register, at most [`MAX_LANES`].
    const LANES: usize;

    /// A register with `x` in each lane.
    ///
    /// # Safety
    /// The CPU has the instruction set; so for all operations below. Pointers are valid for `LANES`
    /// elements.
    unsafe fn splat(x: Self::Element) -> Self;

    /// Reads `LANES` elements, aligned or not.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn load(from: *const Self::Element) -> Self;

    /// Writes `LANES` elements, aligned or not.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn store(self, to: *mut Self::Element);

    /// Writes the first `count` elements, at most `LANES`.
    ///
    /// # Safety
    /// See [`Simd::splat`]; the pointer is valid for `count` elements.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut Self::Element, count: usize) {
        // SAFETY: `lanes` holds the widest register, and `to` is valid for `count` writes.
        unsafe {
            if count == Self::LANES {
                return self.store(to);
            }
            let mut lanes = [Self::Element::default(); MAX_LANES];
            self.store(lanes.as_mut_ptr());
            for (lane, &x) in lanes[..count].iter().enumerate() {
                *to.add(lane) = x;
            }
        }
    }

    /// Reads `count` elements, at most `LANES`; the other lanes are 0.
    ///
    /// # Safety
    /// See [`Simd::splat`]; the pointer is valid for `count` elements.
    #[inline(always)]
    unsafe fn load_first(from: *const Self::Element, count: usize) -> Self {
        // SAFETY: `lanes` holds the widest register, and `from` is valid for `count` reads.
        unsafe {
            if count == Self::LANES {
                return Self::load(from);
            }
            let mut lanes = [Self::Element::default(); MAX_LANES];
            for (lane, x) in lanes[..count].iter_mut().enumerate() {
                *x = *from.add(lane);
            }
            Self::load(lanes.as_ptr())
        }
    }

    /// `self * x + sum`, fused (rounded once) where the instruction set can.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn mul_add(self, x: Self, sum: Self) -> Self;

    /// `self + x`.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn add(self, x: Self) -> Self;

    /// `self - rate * grad`, not fused: product and difference are each rounded, as in the scalar
    /// loop `value -= rate * grad`.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn sub_scaled(self, rate: Self, grad: Self) -> Self;

    /// A mask with a bit set for each lane that is not 0; lane 0 is the lowest bit. NaN is not 0.
    ///
    /// # Safety
    /// See [`Simd::splat`].
    unsafe fn nonzero_mask(self) -> u32;

    /// The side of the block that [`transpose_block`](Simd::transpose_block) transposes; it divides
    /// the panel width.
    const TRANSPOSE: usize = 1;

    /// Writes the transpose of a block of [`TRANSPOSE`](Simd::TRANSPOSE) rows and columns. The
    /// strides are between rows.
    ///
    /// # Safety
    /// See [`Simd::splat`]. The blocks are valid for reads and for writes and do not overlap.
    #[inline(always)]
    unsafe fn transpose_block(
        from: *const Self::Element,
        _from_row: usize,
        to: *mut Self::Element,
        _to_row: usize,
    ) {
        // SAFETY: a block of one element, valid as the caller promises.
        unsafe { *to = *from }
    }

    /// Stores the lanes that are not 0 without gaps: `first` plus the lane's index to `indices`,
    /// the lane's element to `values`. Returns the number of these lanes.
    ///
    /// # Safety
    /// See [`Simd::splat`]. Both pointers are valid for writes of `LANES` elements, all of which
    /// may be overwritten.
    #[inline(always)]
    unsafe fn compress_store(
        self,
        first: u32,
        indices: *mut u32,
        values: *mut Self::Element,
    ) -> usize {
        // SAFETY: `lanes` holds the widest register, a mask has at most `LANES` bits, and the
        // pointers are valid for as many writes.
        unsafe {
            let mut lanes = [Self::Element::default(); MAX_LANES];
            self.store(lanes.as_mut_ptr());
            let mut mask = self.nonzero_mask();
            let mut nnz = 0;
            while mask != 0 {
                let lane = mask.trailing_zeros();
                *indices.add(nnz) = first + lane;
                *values.add(nnz) = lanes[lane as usize];
                nnz += 1;
                mask &= mask - 1;
            }
            nnz
        }
    }
}
