use backprop_tensor::{AlignedVec, PanelLayout, Scalar};

/// The role of a parameter: weight decay acts on weights alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A factor of an input.
    Weight,
    /// A summand.
    Bias,
}

/// The values of one parameter of a layer, with its logical shape.
///
/// A weight of shape (outputs, inputs) is stored in the panels of [`PanelLayout`]; everything else in
/// row-major order. [`Parameter::to_array`] gives the logical order in either case.
///
/// ```
/// use backprop_layers::Parameter;
///
/// let weight = Parameter::weight(1, 2, &[0.5_f64, -0.5]);
/// assert_eq!(weight.shape(), [1, 2]);
/// assert_eq!(weight.to_array(), [0.5, -0.5]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter<T> {
    name: &'static str,
    kind: ParameterKind,
    shape: Vec<usize>,
    layout: Option<PanelLayout>,
    values: AlignedVec<T>,
    learning_rate_factor: f64,
}

impl<T: Scalar> Parameter<T> {
    /// The weight of a linear map, called `"weight"`, from its row-major (outputs, inputs) values.
    ///
    /// # Panics
    /// If there are not `outputs * inputs` values.
    #[track_caller]
    pub fn weight(outputs: usize, inputs: usize, rows: &[T]) -> Self {
        let mut weight = Self::zero_weight(outputs, inputs);
        PanelLayout::new(inputs, outputs).pack(rows, &mut weight.values);
        weight
    }

    /// A weight of zeros.
    pub(crate) fn zero_weight(outputs: usize, inputs: usize) -> Self {
        let layout = PanelLayout::new(inputs, outputs);
        Parameter {
            name: "weight",
            kind: ParameterKind::Weight,
            shape: vec![outputs, inputs],
            layout: Some(layout),
            values: AlignedVec::zeros(layout.packed_len::<T>()),
            learning_rate_factor: 1.0,
        }
    }

    /// A bias of `outputs` zeros, called `"bias"`.
    pub fn bias(outputs: usize) -> Self {
        let values = vec![T::zero(); outputs];
        Self::new("bias", ParameterKind::Bias, vec![outputs], values)
    }

    /// A parameter in row-major order, for any layer that needs no panels.
    ///
    /// # Panics
    /// If the number of values is not the product of the shape.
    #[track_caller]
    pub fn new(name: &'static str, kind: ParameterKind, shape: Vec<usize>, values: Vec<T>) -> Self {
        assert_eq!(
            values.len(),
            shape.iter().product::<usize>(),
            "values of {name} {shape:?}"
        );
        Parameter {
            name,
            kind,
            shape,
            layout: None,
            values: AlignedVec::from_slice(&values),
            learning_rate_factor: 1.0,
        }
    }

    /// The name within the layer.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The role: weight or bias.
    pub fn kind(&self) -> ParameterKind {
        self.kind
    }

    /// The logical shape, (outputs, inputs) for a weight.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of values, padding not counted.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values in storage order.
    pub fn packed(&self) -> &[T] {
        &self.values
    }

    /// The values in storage order, for changes. Padding must stay zero.
    pub fn packed_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Elements that stay together on one thread: a panel of a weight, [`Scalar::PANEL_WIDTH`] of
    /// everything else.
    pub fn chunk_len(&self) -> usize {
        self.layout
            .map_or(T::PANEL_WIDTH, |layout| layout.panel_len::<T>())
    }

    /// Columns of the weight's last panel that no output uses; 0 for everything but a weight.
    pub fn padding(&self) -> usize {
        self.layout.map_or(0, |layout| {
            layout.outputs().next_multiple_of(T::PANEL_WIDTH) - layout.outputs()
        })
    }

    /// The factor of the learning rate for this parameter: 1 unless
    /// [`Sequential::set_learning_rate_factor`](crate::Sequential::set_learning_rate_factor) changed
    /// the factor, 0 for a frozen parameter.
    pub fn learning_rate_factor(&self) -> f64 {
        self.learning_rate_factor
    }

    /// Whether the parameter keeps its values in training: its learning rate factor is 0.
    pub fn is_frozen(&self) -> bool {
        self.learning_rate_factor == 0.0
    }

    pub(crate) fn set_learning_rate_factor(&mut self, factor: f64) {
        self.learning_rate_factor = factor;
    }

    /// The values in logical, row-major order.
    pub fn to_array(&self) -> Vec<T> {
        self.unpack(&self.values)
    }

    /// The elements of a gradient or a moment, given in this parameter's storage order, in logical,
    /// row-major order.
    ///
    /// # Panics
    /// If `stored` is not as long as [`Parameter::packed`].
    #[track_caller]
    pub fn unpack(&self, stored: &[T]) -> Vec<T> {
        let (name, shape) = (self.name, &self.shape);
        let (found, expected) = (stored.len(), self.values.len());
        assert_eq!(
            found, expected,
            "numbers in the storage of {name} {shape:?}"
        );
        match self.layout {
            None => stored.to_vec(),
            Some(layout) => {
                let mut rows = vec![T::zero(); self.len()];
                layout.unpack(stored, &mut rows);
                rows
            }
        }
    }

    /// Sets the values from logical, row-major order.
    ///
    /// # Panics
    /// If `rows` does not have [`Parameter::len`] elements.
    #[track_caller]
    pub fn assign(&mut self, rows: &[T]) {
        let (name, shape) = (self.name, &self.shape);
        assert_eq!(rows.len(), self.len(), "values of {name} {shape:?}");
        match self.layout {
            None => self.values.copy_from_slice(rows),
            Some(layout) => layout.pack(rows, &mut self.values),
        }
    }
}
