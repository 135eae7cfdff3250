//! The most multiply-adds in a second that the registers allow: what `bench` holds times against.

use std::hint::black_box;

use super::Isa;
use super::simd::{Lanes, Simd};

/// Runs `rounds` times as many independent f32 multiply-adds as keep all units of the best
/// instructions busy, from registers alone; gives the number of floating-point operations, two for
/// each multiply-add.
///
/// ```
/// let start = std::time::Instant::now();
/// let operations = backprop_tensor::kernel::multiply_adds(1000);
/// let gflops = operations as f64 / start.elapsed().as_nanos() as f64;
/// assert!(operations >= 1000 * 4 * 2 && gflops > 0.0);
/// ```
pub fn multiply_adds(rounds: usize) -> u64 {
    match Isa::best() {
        // SAFETY: `best` gives only instructions that this CPU has.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { x86::avx512(rounds) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { x86::avx2(rounds) },
        // SAFETY: every CPU has these.
        Isa::Portable => unsafe { run::<Lanes<f32, 4>, 12>(rounds) },
    }
}

/// N chains, enough to hide the time that one multiply-add takes, and few enough for the registers.
///
/// # Safety
/// The CPU has the instructions of `V`.
#[inline(always)]
unsafe fn run<V: Simd<Number = f32>, const N: usize>(rounds: usize) -> u64 {
    // SAFETY: the caller's promise; `out` has room for a register.
    unsafe {
        // Each chain goes to 2, so that no number is ever subnormal.
        let half = V::splat(black_box(0.5));
        let one = V::splat(black_box(1.0));
        let mut chains = [one; N];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = chain.mul_add(half, one);
            }
        }
        for chain in chains {
            let mut out = [0.0_f32; 16];
            chain.store(out.as_mut_ptr());
            black_box(out);
        }
    }
    (2 * N * V::LANES * rounds) as u64
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::x86::{Avx2F32, Avx512F32};
    use super::run;

    /// # Safety
    /// The CPU has AVX-512 F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn avx512(rounds: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx512F32, 24>(rounds) }
    }

    /// # Safety
    /// The CPU has AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2(rounds: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx2F32, 12>(rounds) }
    }
}
