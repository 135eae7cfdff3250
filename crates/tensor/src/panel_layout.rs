use crate::Scalar;

/// The storage order of a weight of logical shape (O, I).
///
/// Output columns are stored in panels of [`Scalar::PANEL_WIDTH`] columns, each panel
/// `[inputs][PANEL_WIDTH]`; a row of a panel is one cache line. The last panel is padded with
/// zeros. For `f64`, I = 3 and O = 10, the weight from input `i` to output `o` being `o,i`:
///
/// ```text
///           panel 0 (64 bytes a row)          panel 1
/// input 0   0,0 1,0 2,0 3,0 4,0 ... 7,0       8,0 9,0  0 ... 0
/// input 1   0,1 1,1 2,1 3,1 4,1 ... 7,1       8,1 9,1  0 ... 0
/// input 2   0,2 1,2 2,2 3,2 4,2 ... 7,2       8,2 9,2  0 ... 0
/// ```
///
/// So the output columns of one thread are one contiguous slice of the weight, of its gradient and
/// of the optimizer's moments alike, and the right side of a product needs no packing. The layout
/// depends on the element type only, never on the threads or the CPU.
///
/// ```
/// use backprop_tensor::PanelLayout;
///
/// let layout = PanelLayout::new(3, 2);
/// let rows = [1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let mut stored = vec![0.0; layout.packed_len::<f64>()];
/// layout.pack(&rows, &mut stored);
/// assert_eq!(stored[layout.offset::<f64>(1, 2)], 6.0);
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
    /// The layout of a weight that maps `inputs` elements of a row to `outputs`.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        PanelLayout { inputs, outputs }
    }

    /// The number of inputs, I.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of outputs, O.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The number of panels: `O / PANEL_WIDTH`, rounded up.
    pub fn panel_count<T: Scalar>(&self) -> usize {
        self.outputs.div_ceil(T::PANEL_WIDTH)
    }

    /// The number of stored elements, including the padding of the last panel.
    pub fn packed_len<T: Scalar>(&self) -> usize {
        self.panel_count::<T>() * self.inputs * T::PANEL_WIDTH
    }

    /// Whether the weight has no elements.
    pub fn is_empty(&self) -> bool {
        self.inputs == 0 || self.outputs == 0
    }

    /// The number of elements in one panel, at least 1: the unit for
    /// [`Pool::par_split`](crate::Pool::par_split).
    pub fn panel_len<T: Scalar>(&self) -> usize {
        (self.inputs * T::PANEL_WIDTH).max(1)
    }

    /// The offset in storage of the weight from `input` to `output`.
    #[inline]
    pub fn offset<T: Scalar>(&self, output: usize, input: usize) -> usize {
        (output / T::PANEL_WIDTH * self.inputs + input) * T::PANEL_WIDTH + output % T::PANEL_WIDTH
    }

    /// Copies a row-major (O, I) matrix into storage order.
    ///
    /// # Panics
    /// If `rows` is not O x I long or `stored` not [`packed_len`](Self::packed_len).
    #[track_caller]
    pub fn pack<T: Scalar>(&self, rows: &[T], stored: &mut [T]) {
        self.check(rows.len(), stored.len(), self.packed_len::<T>());
        stored.fill(T::zero());
        for (index, &value) in rows.iter().enumerate() {
            stored[self.offset::<T>(index / self.inputs, index % self.inputs)] = value;
        }
    }

    /// Copies storage order into a row-major (O, I) matrix.
    ///
    /// # Panics
    /// If `rows` is not O x I long or `stored` not [`packed_len`](Self::packed_len).
    #[track_caller]
    pub fn unpack<T: Scalar>(&self, stored: &[T], rows: &mut [T]) {
        self.check(rows.len(), stored.len(), self.packed_len::<T>());
        for (index, value) in rows.iter_mut().enumerate() {
            *value = stored[self.offset::<T>(index / self.inputs, index % self.inputs)];
        }
    }

    #[track_caller]
    fn check(&self, rows: usize, stored: usize, packed_len: usize) {
        let PanelLayout { inputs, outputs } = *self;
        assert_eq!(
            rows,
            inputs * outputs,
            "rows of a ({outputs}, {inputs}) weight"
        );
        assert_eq!(
            stored, packed_len,
            "storage of a ({outputs}, {inputs}) weight"
        );
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
                let mut stored = vec![T::nan(); layout.packed_len::<T>()];
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
