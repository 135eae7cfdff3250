use crate::Scalar;

/// How a weight of logical shape (outputs, inputs) lies in memory.
///
/// Output columns come in panels of [`Scalar::PANEL_WIDTH`] (one cache line), each panel
/// `[inputs][PANEL_WIDTH]`; the columns that the last panel has too many are zero. The neurons of one
/// thread are then one contiguous slice of the weights, of their gradient and of the optimizer's
/// moments alike, and the right side of a product is already packed. The layout depends on the
/// number type only, never on threads or CPU.
///
/// ```
/// use backprop_tensor::PanelLayout;
///
/// let layout = PanelLayout::new(3, 2);
/// let rows = [1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let mut stored = vec![0.0; layout.len::<f64>()];
/// layout.pack(&rows, &mut stored);
/// assert_eq!(stored[layout.index::<f64>(1, 2)], 6.0);
/// let mut back = [0.0; 6];
/// layout.unpack(&stored, &mut back);
/// assert_eq!(back, rows);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanelLayout {
    inputs: usize,
    outputs: usize,
}

impl PanelLayout {
    /// The layout of a weight that maps `inputs` features to `outputs`.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        PanelLayout { inputs, outputs }
    }

    /// Features in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Features out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The number of panels: `outputs / PANEL_WIDTH`, rounded up.
    pub fn count<T: Scalar>(&self) -> usize {
        self.outputs.div_ceil(T::PANEL_WIDTH)
    }

    /// Numbers in storage, the padding of the last panel among them.
    pub fn len<T: Scalar>(&self) -> usize {
        self.count::<T>() * self.inputs * T::PANEL_WIDTH
    }

    /// Whether the weight holds nothing.
    pub fn is_empty(&self) -> bool {
        self.inputs == 0 || self.outputs == 0
    }

    /// Numbers in one panel, at least 1: the unit for [`Pool::par_split`](crate::Pool::par_split).
    pub fn unit<T: Scalar>(&self) -> usize {
        (self.inputs * T::PANEL_WIDTH).max(1)
    }

    /// Where the weight from `input` to `output` is stored.
    #[inline]
    pub fn index<T: Scalar>(&self, output: usize, input: usize) -> usize {
        (output / T::PANEL_WIDTH * self.inputs + input) * T::PANEL_WIDTH + output % T::PANEL_WIDTH
    }

    /// Copies a row-major (outputs, inputs) matrix into storage order.
    ///
    /// # Panics
    /// If a slice has another length than the layout says.
    #[track_caller]
    pub fn pack<T: Scalar>(&self, rows: &[T], stored: &mut [T]) {
        self.check(rows.len(), stored.len(), self.len::<T>());
        stored.fill(T::zero());
        for (at, &value) in rows.iter().enumerate() {
            stored[self.index::<T>(at / self.inputs, at % self.inputs)] = value;
        }
    }

    /// Copies storage order into a row-major (outputs, inputs) matrix.
    ///
    /// # Panics
    /// If a slice has another length than the layout says.
    #[track_caller]
    pub fn unpack<T: Scalar>(&self, stored: &[T], rows: &mut [T]) {
        self.check(rows.len(), stored.len(), self.len::<T>());
        for (at, value) in rows.iter_mut().enumerate() {
            *value = stored[self.index::<T>(at / self.inputs, at % self.inputs)];
        }
    }

    #[track_caller]
    fn check(&self, rows: usize, stored: usize, len: usize) {
        let PanelLayout { inputs, outputs } = *self;
        assert_eq!(
            rows,
            inputs * outputs,
            "rows of a ({outputs}, {inputs}) weight"
        );
        assert_eq!(stored, len, "storage of a ({outputs}, {inputs}) weight");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: Scalar>() {
        for outputs in 0..40 {
            for inputs in 0..5 {
                let layout = PanelLayout::new(inputs, outputs);
                let rows: Vec<T> = (1..=outputs * inputs)
                    .map(|i| T::from_f64(i as f64))
                    .collect();
                let mut stored = vec![T::nan(); layout.len::<T>()];
                layout.pack(&rows, &mut stored);
                let padding = stored.iter().filter(|x| **x == T::zero()).count();
                assert_eq!(padding, stored.len() - rows.len());
                let mut back = vec![T::nan(); rows.len()];
                layout.unpack(&stored, &mut back);
                assert_eq!(back, rows);
            }
        }
    }

    #[test]
    fn packing_and_unpacking_give_back_the_rows_and_pad_with_zeros() {
        round_trip::<f32>();
        round_trip::<f64>();
    }

    #[test]
    #[should_panic(expected = "rows of a (2, 3) weight")]
    fn a_wrong_length_is_refused() {
        PanelLayout::new(3, 2).pack(&[0.0_f32; 5], &mut [0.0; 48]);
    }
}
