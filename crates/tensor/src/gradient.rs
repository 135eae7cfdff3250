use std::ops::Range;

use ndarray::ArrayView2;

use crate::executor::Executor;
use crate::linear::StreamedWeightGrad;
use crate::{PanelLayout, Pool, Scalar, SparseIndex, with_best_simd};

/// The gradient of the loss by a parameter: its values, or the two matrices that it is the product
/// of.
///
/// The gradient of a weight is as large as the weight. Written to memory and read again by an
/// optimizer, it would evict both from the cache. So the gradient of a weight is passed on as a
/// product that is not computed yet, and [`for_each_panel`](Self::for_each_panel) computes it piece
/// by piece and hands each piece over while it is in the cache.
///
/// ```
/// use backprop_tensor::{Gradient, PanelLayout, Pool, ndarray::array};
///
/// let (input, output_grad) = (array![[1.0_f64], [2.0]], array![[3.0], [4.0]]);
/// let layout = PanelLayout::new(1, 1);
/// let mut weight = vec![0.0; layout.packed_len::<f64>()];
/// let gradient = Gradient::OuterProduct {
///     layout,
///     input: input.view(),
///     output_grad: output_grad.view(),
///     index: None,
/// };
/// let unit = layout.panel_len::<f64>();
/// gradient.for_each_panel(&Pool::new(1), unit, [&mut weight], |_, grad, [weight]| {
///     weight.iter_mut().zip(grad).for_each(|(w, g)| *w -= 0.1 * g);
/// });
/// assert_eq!(weight[0], -0.1 * (1.0 * 3.0 + 2.0 * 4.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Gradient<'a, T> {
    /// The elements of the gradient, in storage order.
    Values(&'a [T]),
    /// The gradient of the weight of `output = input W^T + bias`, `output_grad^T input`, not
    /// computed yet. Products with elements of `input` that are 0 may be left out, also where the
    /// output gradient is NaN or infinite.
    OuterProduct {
        /// The storage order of the weight.
        layout: PanelLayout,
        /// The layer's input, (B, I).
        input: ArrayView2<'a, T>,
        /// The gradient of the loss by the layer's output, (B, O).
        output_grad: ArrayView2<'a, T>,
        /// The index of `input` that [`affine`](crate::affine) filled. With `None`, or an index
        /// that no product has filled, the input is indexed anew, for which memory is allocated if
        /// it is sparse.
        index: Option<&'a SparseIndex<T>>,
    },
}

impl<T: Scalar> Gradient<'_, T> {
    /// Calls `f` with each piece of the gradient, its range in storage order, and the same piece of
    /// each of the slices, which are as long as the gradient. Every element is in one piece.
    ///
    /// A piece goes to the thread that owns it: `unit` elements of [`Gradient::Values`] stay
    /// together, and the weights of a panel go to the thread that owns the panel in
    /// [`affine`](crate::affine); of a weight with fewer panels than threads each thread owns some
    /// inputs. The gradient of the padding in a weight's last panel is 0. `f`
    /// must not use the pool, which is at work.
    ///
    /// ```
    /// use backprop_tensor::{Gradient, Pool};
    ///
    /// let mut squares = [0.0; 3];
    /// let gradient = Gradient::Values(&[1.0, -2.0, 3.0]);
    /// gradient.for_each_panel(&Pool::new(1), 1, [&mut squares], |_, grad, [squares]| {
    ///     squares.iter_mut().zip(grad).for_each(|(square, g)| *square = g * g);
    /// });
    /// assert_eq!(squares, [1.0, 4.0, 9.0]);
    /// ```
    ///
    /// # Panics
    /// If the lengths or shapes do not fit, the index is that of an input of another shape, `unit`
    /// is 0, or `f` panics.
    #[track_caller]
    pub fn for_each_panel<const N: usize>(
        self,
        pool: &Pool,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(Range<usize>, &[T], [&mut [T]; N]) + Sync,
    ) {
        self.for_each_panel_on(Executor::new(pool), unit, slices, f);
    }

    #[track_caller]
    fn for_each_panel_on<const N: usize>(
        self,
        exec: Executor<'_>,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(Range<usize>, &[T], [&mut [T]; N]) + Sync,
    ) {
        match self {
            Gradient::Values(grad) => {
                for slice in &slices {
                    assert_eq!(slice.len(), grad.len(), "elements beside a gradient");
                }
                let pool = exec.pool;
                pool.par_split(unit, slices, |range, chunks| {
                    f(range.clone(), &grad[range], chunks);
                });
            }
            Gradient::OuterProduct {
                layout,
                input,
                output_grad,
                index,
            } => {
                let matrices = [input, output_grad];
                StreamedWeightGrad::with(exec, layout, matrices, index, |product| {
                    product.for_each_panel(slices, &f);
                });
            }
        }
    }

    /// A step of plain gradient descent, taken while the gradient is computed:
    /// `values <- values - rate * gradient`.
    ///
    /// The bits are those of [`for_each_panel`](Self::for_each_panel), except for the sign of a
    /// zero. The weights of an input that is 0 in the whole batch are not touched.
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
    /// If the lengths or shapes do not fit, the index is that of an input of another shape, or
    /// `unit` is 0.
    #[track_caller]
    pub fn sgd_step(self, pool: &Pool, unit: usize, values: &mut [T], rate: T) {
        self.sgd_step_on(Executor::new(pool), unit, values, rate);
    }

    #[track_caller]
    fn sgd_step_on(self, exec: Executor<'_>, unit: usize, values: &mut [T], rate: T) {
        match self {
            Gradient::OuterProduct {
                layout,
                input,
                output_grad,
                index,
            } if StreamedWeightGrad::<T>::fits_registers(input.nrows()) => {
                let matrices = [input, output_grad];
                StreamedWeightGrad::with(exec, layout, matrices, index, |product| {
                    product.sgd_step(values, rate);
                });
            }
            _ => self.for_each_panel_on(exec, unit, [values], |_, grad, [values]| {
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
