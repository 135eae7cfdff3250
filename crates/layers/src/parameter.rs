use backprop_tensor::{AlignedVec, PanelLayout, Scalar};

/// What a parameter is: weight decay acts on weights alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Multiplies an input.
    Weight,
    /// Is added.
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
}

impl<T: Scalar> Parameter<T> {
    /// The weight of a linear map, called `"weight"`, from its row-major (outputs, inputs) values.
    ///
    /// # Panics
    /// If there are not `outputs * inputs` values.
    #[track_caller]
    pub fn weight(outputs: usize, inputs: usize, rows: &[T]) -> Self {
        let layout = PanelLayout::new(inputs, outputs);
        let mut values = AlignedVec::zeros(layout.packed_len::<T>());
        layout.pack(rows, &mut values);
        Parameter {
            name: "weight",
            kind: ParameterKind::Weight,
            shape: vec![outputs, inputs],
            layout: Some(layout),
            values,
        }
    }

    /// A bias of `outputs` zeros, called `"bias"`.
    pub fn bias(outputs: usize) -> Self {
        let values = vec![T::zero(); outputs];
        Self::new("bias", ParameterKind::Bias, vec![outputs], values)
    }

    /// A parameter of a layer of your own, stored in row-major order.
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
        }
    }

    /// The name within the layer.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Weight or bias.
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

    /// The values in storage order, to be changed. Padding must stay zero.
    pub fn packed_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The piece that one thread owns: a panel of a weight, [`Scalar::PANEL_WIDTH`] values of the rest.
    pub fn chunk_len(&self) -> usize {
        self.layout
            .map_or(T::PANEL_WIDTH, |layout| layout.panel_len::<T>())
    }

    /// The values in logical, row-major order.
    pub fn to_array(&self) -> Vec<T> {
        self.unpack(&self.values)
    }

    /// Brings numbers from this parameter's storage order (a gradient, a moment) to logical order.
    ///
    /// # Panics
    /// If there are not as many as the storage holds.
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
    /// If there are not [`Parameter::len`] of them.
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
