mod product;

use std::ops::Range;

use ndarray::ArrayView2;

use crate::kernel::ROWS;
use crate::linear::check;
use crate::pool::Start;
use crate::{PanelLayout, Pool, Scalar, SparseIndex, with_best_simd};

use product::with_product;

/// The gradient of a parameter: numbers, or what they are a product of.
///
/// The gradient of a weight is as large as the weight. Written to memory and read again by an
/// optimizer it would push both out of the cache; so it is computed piece by piece, and each piece is
/// used while it is there.
///
/// ```
/// use backprop_tensor::{Gradient, PanelLayout, Pool, ndarray::array};
///
/// let (input, output_grad) = (array![[1.0_f64], [2.0]], array![[3.0], [4.0]]);
/// let layout = PanelLayout::new(1, 1);
/// let mut weight = vec![0.0; layout.len::<f64>()];
/// let gradient = Gradient::OuterProduct {
///     layout,
///     input: input.view(),
///     output_grad: output_grad.view(),
///     index: None,
/// };
/// gradient.for_each_panel(&Pool::new(1), layout.unit::<f64>(), [&mut weight], |_, grad, [part]| {
///     part.iter_mut().zip(grad).for_each(|(w, g)| *w -= 0.1 * g);
/// });
/// assert_eq!(weight[0], -0.1 * (1.0 * 3.0 + 2.0 * 4.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Gradient<'a, T> {
    /// The numbers, in storage order.
    Values(&'a [T]),
    /// That of the weight of `output = input W^T + bias`: `output_grad^T input`. Where the input is 0
    /// the product may be left out, also where the output's gradient is NaN or infinite.
    OuterProduct {
        /// The storage order of the weight.
        layout: PanelLayout,
        /// (batch, in)
        input: ArrayView2<'a, T>,
        /// (batch, out)
        output_grad: ArrayView2<'a, T>,
        /// The index that [`affine`](crate::affine) made of this input; without it a sparse input is
        /// indexed anew.
        index: Option<&'a SparseIndex<T>>,
    },
}

impl<T: Scalar> Gradient<'_, T> {
    /// Calls `f` with piece after piece of the gradient: where the piece lies in storage order, its
    /// elements, and the same piece of each of the slices, which are as long as the gradient. Every
    /// element comes once.
    ///
    /// A piece comes to the thread that owns it: `unit` numbers stay together, and those of a weight
    /// stay with the thread that owns their panel in [`affine`](crate::affine). The padding of a
    /// weight's last panel has the gradient 0. `f` must not use the pool, which is at work.
    ///
    /// # Panics
    /// If the lengths or shapes do not fit, `unit` is 0, or `f` panics.
    #[track_caller]
    pub fn for_each_panel<const N: usize>(
        self,
        pool: &Pool,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(Range<usize>, &[T], [&mut [T]; N]) + Sync,
    ) {
        match self {
            Gradient::Values(grad) => {
                for slice in &slices {
                    assert_eq!(slice.len(), grad.len(), "numbers beside a gradient");
                }
                pool.par_split(unit, slices, |at, parts| f(at.clone(), &grad[at], parts));
            }
            Gradient::OuterProduct {
                layout,
                input,
                output_grad,
                index,
            } => {
                // Also where there are no slices: the product reads both matrices.
                let stored = layout.len::<T>();
                check::<T>(layout, input.dim(), output_grad.dim(), stored);
                for slice in &slices {
                    check::<T>(layout, input.dim(), output_grad.dim(), slice.len());
                }
                let slices = slices.map(|slice| Start(slice.as_mut_ptr()));
                with_product(pool, layout, input, output_grad, index, |product| {
                    product.each(slices, &f);
                });
            }
        }
    }

    /// `values <- values - rate * gradient`: a step of plain gradient descent, taken while the
    /// gradient is computed. The bits are those of [`for_each_panel`](Self::for_each_panel), but for the sign of a zero;
    /// the weights of an input that is 0 in the whole batch are not touched.
    ///
    /// ```
    /// use backprop_tensor::{Gradient, Pool};
    ///
    /// let mut values = [1.0_f64, 2.0];
    /// Gradient::Values(&[10.0, -10.0]).sgd_step(&Pool::new(1), 1, &mut values, 0.1);
    /// assert_eq!(values, [0.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the lengths or shapes do not fit, or `unit` is 0.
    #[track_caller]
    pub fn sgd_step(self, pool: &Pool, unit: usize, values: &mut [T], rate: T) {
        match self {
            // A sum that fits into registers until it is used.
            Gradient::OuterProduct {
                layout,
                input,
                output_grad,
                index,
            } if input.nrows() <= ROWS => {
                check::<T>(layout, input.dim(), output_grad.dim(), values.len());
                let values = Start(values.as_mut_ptr());
                with_product(pool, layout, input, output_grad, index, |product| {
                    product.descend(values, rate);
                });
            }
            _ => self.for_each_panel(pool, unit, [values], |_, grad, [values]| {
                with_best_simd(|| {
                    let pairs = values.iter_mut().zip(grad);
                    pairs.for_each(|(value, &grad)| *value -= rate * grad);
                });
            }),
        }
    }
}

#[cfg(test)]
mod tests;
