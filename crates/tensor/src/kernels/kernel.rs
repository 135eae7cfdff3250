//! The tile sizes of the loops, one implementor of [`Kernel`] for each instruction set and element
//! type.

use ndarray::NdFloat;

use super::gemm::{GemmArgs, gemm};
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};
use super::simd::{Lanes, Simd};
use super::spmm::{SpmmArgs, SpmmTransposedArgs, spmm, spmm_transposed};

/// The loops for one instruction set and one element type, with the tile sizes that suit it.
///
/// A tile is what a loop keeps in registers: some rows of some panels. A larger tile loads each
/// element of the other operands for more multiply-adds; a tile that is too large does not fit into
/// the registers.
pub trait Kernel {
    /// The type of one element.
    type Element: NdFloat + Default;
    /// The register that the loops work on.
    type Simd: Simd<Element = Self::Element>;
    /// Registers that hold one row of a panel.
    const REGS_PER_PANEL: usize;
    /// Rows in a dense tile.
    const MR: usize;
    /// Panels in a dense tile of MR rows.
    const NR_PANELS: usize;
    /// Panels that a sparse row is multiplied with at a time, block of columns after block.
    const SPARSE_PANELS: usize;
    /// Panels that a single row is multiplied with at a time, over the whole inner dimension; also
    /// the panels of the transposed sparse product.
    const TAIL_PANELS: usize;
    /// Columns in a panel.
    const PANEL_WIDTH: usize = Self::REGS_PER_PANEL * Self::Simd::LANES;

    /// The dense product.
    ///
    /// # Safety
    /// As for [`gemm`].
    unsafe fn gemm(args: &GemmArgs<Self::Element>);

    /// The sparse product.
    ///
    /// # Safety
    /// As for [`spmm`].
    unsafe fn spmm(args: &SpmmArgs<'_, Self::Element>);

    /// The transposed sparse product.
    ///
    /// # Safety
    /// As for [`spmm_transposed`].
    unsafe fn spmm_transposed(args: &SpmmTransposedArgs<'_, Self::Element>);
}

/// Implements [`Kernel`] for a new type. An associated constant of a type parameter cannot be the
/// length of an array, so the constants reach the loops as const arguments, here.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident: $element:ident in $simd:ty { $($constant:ident = $value:literal),* }) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl Kernel for $name {
            type Element = $element;
            type Simd = $simd;
            $(const $constant: usize = $value;)*

            #[inline(always)]
            unsafe fn gemm(args: &GemmArgs<$element>) {
                // SAFETY: the caller's promise.
                unsafe {
                    gemm::<
                        $simd,
                        { Self::REGS_PER_PANEL },
                        { Self::MR },
                        { Self::NR_PANELS },
                        { Self::TAIL_PANELS },
                    >(args)
                }
            }

            #[inline(always)]
            unsafe fn spmm(args: &SpmmArgs<'_, $element>) {
                // SAFETY: the caller's promise.
                unsafe {
                    spmm::<
                        $simd,
                        { Self::REGS_PER_PANEL },
                        { Self::SPARSE_PANELS },
                        { Self::TAIL_PANELS },
                    >(args)
                }
            }

            #[inline(always)]
            unsafe fn spmm_transposed(args: &SpmmTransposedArgs<'_, $element>) {
                // SAFETY: the caller's promise.
                unsafe {
                    spmm_transposed::<$simd, { Self::REGS_PER_PANEL }, { Self::TAIL_PANELS }>(args)
                }
            }
        }
    };
}

kernel! {
    /// The baseline instruction set: 16 registers of 16 bytes.
    PortableF32Kernel: f32 in Lanes<f32, 4> {
        REGS_PER_PANEL = 4, MR = 2, NR_PANELS = 1, SPARSE_PANELS = 2, TAIL_PANELS = 2
    }
}
kernel! {
    /// The baseline instruction set: 16 registers of 16 bytes.
    PortableF64Kernel: f64 in Lanes<f64, 2> {
        REGS_PER_PANEL = 4, MR = 2, NR_PANELS = 1, SPARSE_PANELS = 2, TAIL_PANELS = 2
    }
}
#[cfg(target_arch = "x86_64")]
kernel! {
    /// AVX2: 16 registers of 32 bytes, 12 of which hold the sums of a dense tile.
    Avx2F32Kernel: f32 in Avx2F32 {
        REGS_PER_PANEL = 2, MR = 6, NR_PANELS = 1, SPARSE_PANELS = 4, TAIL_PANELS = 4
    }
}
#[cfg(target_arch = "x86_64")]
kernel! {
    /// AVX2: 16 registers of 32 bytes, 12 of which hold the sums of a dense tile.
    Avx2F64Kernel: f64 in Avx2F64 {
        REGS_PER_PANEL = 2, MR = 6, NR_PANELS = 1, SPARSE_PANELS = 4, TAIL_PANELS = 4
    }
}
#[cfg(target_arch = "x86_64")]
kernel! {
    /// AVX-512: 32 registers of 64 bytes, 24 of which hold the sums of a dense tile.
    Avx512F32Kernel: f32 in Avx512F32 {
        REGS_PER_PANEL = 1, MR = 12, NR_PANELS = 2, SPARSE_PANELS = 4, TAIL_PANELS = 8
    }
}
#[cfg(target_arch = "x86_64")]
kernel! {
    /// AVX-512: 32 registers of 64 bytes, 24 of which hold the sums of a dense tile.
    Avx512F64Kernel: f64 in Avx512F64 {
        REGS_PER_PANEL = 1, MR = 12, NR_PANELS = 2, SPARSE_PANELS = 4, TAIL_PANELS = 8
    }
}
