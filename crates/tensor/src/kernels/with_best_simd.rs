use super::dispatch::{InstructionSet, Isa};

/// Runs a plain loop on the widest registers that this CPU has.
///
/// A program that is built for every CPU of an architecture uses only the baseline instruction set
/// of that architecture. Here the compiler makes one copy of `work` for each instruction set, and
/// the best one that the CPU has is called. Only loops that the compiler can vectorise gain, and
/// only code that is inlined into `work` belongs to the copies. The result has the same bits: a
/// multiplication and an addition are never fused here.
///
/// ```
/// use backprop_tensor::with_best_simd;
///
/// let mut values = [1.0_f32; 100];
/// with_best_simd(|| values.iter_mut().for_each(|x| *x = 1.0 / (*x + 1.0).sqrt()));
/// assert!(values.iter().all(|x| *x == 1.0 / 2.0_f32.sqrt()));
/// ```
#[inline(always)]
pub fn with_best_simd<R>(work: impl FnOnce() -> R) -> R {
    match Isa::best().set() {
        // SAFETY: an `Isa` is an instruction set that this CPU has.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => unsafe { x86::avx512(work) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => unsafe { x86::avx2(work) },
        InstructionSet::Portable => work(),
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
