/// Points of one kind, with a name. A value that is not finite is marked where it can be and never
/// drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The points (x, y), in the order in which a line runs through them.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A series of these points.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Series {
            name: name.into(),
            points,
        }
    }

    /// A series of values by epoch, the first at epoch 1.
    ///
    /// ```
    /// let losses = backprop_plot::Series::by_epoch("training", &[0.9, 0.4]);
    /// assert_eq!(losses.points, [(1.0, 0.9), (2.0, 0.4)]);
    /// ```
    pub fn by_epoch(name: impl Into<String>, values: &[f64]) -> Self {
        let points = values.iter().zip(1..);
        Series::new(
            name,
            points
                .map(|(&value, epoch)| (f64::from(epoch), value))
                .collect(),
        )
    }
}

/// The least and the largest finite value; `None` where no value is finite.
pub(crate) fn finite_range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|value| value.is_finite());
    finite.fold(None, |range, value| {
        Some(range.map_or((value, value), |(low, high): (f64, f64)| {
            (low.min(value), high.max(value))
        }))
    })
}
