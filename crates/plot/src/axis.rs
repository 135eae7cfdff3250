/// The quantity of an axis, and its scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// The quantity with its unit, such as `time (s)`.
    pub label: String,
    /// The scale.
    pub scale: Scale,
}

/// The map from the values of an axis to positions along it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scale {
    /// Linear, with ticks at 1, 2 or 5 times a power of ten.
    #[default]
    Linear,
    /// Logarithmic; values that are not positive cannot be drawn.
    Log,
    /// Linear, with ticks at whole numbers alone.
    Whole,
    /// Linear; a fraction of 0.5 is labelled 50 %.
    Percent,
    /// Categories: the value 0 is the first of these names, 1 the second.
    Names(Vec<String>),
}

impl Axis {
    /// An axis with this label and scale.
    pub fn new(label: impl Into<String>, scale: Scale) -> Self {
        Axis {
            label: label.into(),
            scale,
        }
    }
}
