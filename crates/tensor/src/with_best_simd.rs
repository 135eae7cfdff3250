use crate::kernel::Isa;

/// Runs a plain loop on the widest registers that this CPU has.
///
/// A program that is built for every CPU of its kind uses the registers that all of them have. The
/// compiler makes a copy of `work` for each wider kind, and the one that fits is called. Only
/// loops that it can vectorise gain, and only what is inlined into `work` is part of the copy. The
/// result has the same bits: a multiplication and an addition are never fused here.
///
/// ```
/// use backprop_tensor::with_best_simd;
///
/// let mut numbers = [1.0_f32; 100];
/// with_best_simd(|| numbers.iter_mut().for_each(|x| *x = 1.0 / (*x + 1.0).sqrt()));
/// assert!(numbers.iter().all(|x| *x == 1.0 / 2.0_f32.sqrt()));
/// ```
#[inline(always)]
pub fn with_best_simd<R>(work: impl FnOnce() -> R) -> R {
    match Isa::best() {
        // SAFETY: `best` gives only instructions that this CPU has.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { x86::avx512(work) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { x86::avx2(work) },
        Isa::Portable => work(),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    /// # Safety
    /// The CPU has AVX-512 F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn avx512<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn avx2<R>(work: impl FnOnce() -> R) -> R {
        work()
    }
}
