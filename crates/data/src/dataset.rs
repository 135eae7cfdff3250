mod check;
mod rows;
mod split;

#[cfg(feature = "csv")]
pub(crate) use split::strata_of_values;
pub use split::{split_rows, split_strata};

use check::{check_rows, check_values};
use std::fmt;
use std::sync::Arc;

use backprop_tensor::Scalar;

use crate::DataError;
#[cfg(feature = "csv")]
use crate::csv::TableEncoding;
use crate::images::ImageEncoding;

/// The targets of the rows: one class for each row, or some values for each.
///
/// A classifier learns classes, whose one-hot vectors a loss never writes out; a regression learns values.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets<T> {
    /// One class for each row.
    Classes {
        /// The classes of the rows, from 0.
        labels: Vec<u32>,
        /// The number of classes.
        num_classes: usize,
    },
    /// Values for each row, (rows, width).
    Values {
        /// The values of a row: the outputs of the network.
        width: usize,
        /// The values, row after row.
        values: Vec<T>,
    },
}

/// Rows of features with their targets, and optionally sample weights and the names of the classes.
///
/// A data set is a list of row indices into shared storage: clones, selections and splits copy no
/// features. Features are numbers, or bytes that [`gather`](Dataset::gather) multiplies by 1/255.
///
/// ```
/// use backprop_data::{Batch, Dataset, Targets};
///
/// let labels = Targets::Classes { labels: vec![1, 0], num_classes: 2 };
/// let dataset = Dataset::from_values(3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], labels)?;
/// let mut batch = Batch::new();
/// dataset.gather(&[1], &mut batch);
/// assert_eq!(batch.inputs().row(0).to_vec(), [4.0, 5.0, 6.0]);
/// assert_eq!(batch.class_labels(), Some(&[0][..]));
/// # Ok::<(), backprop_data::DataError>(())
/// ```
#[derive(Clone)]
pub struct Dataset<T> {
    storage: Arc<Storage<T>>,
    /// The rows of the storage that belong to this data set.
    rows: Arc<[u32]>,
    /// One for each of `rows`.
    weights: Option<Arc<[T]>>,
    class_names: Option<Arc<[String]>>,
    /// The encoding of the table that the rows come from.
    #[cfg(feature = "csv")]
    encoding: Option<Arc<TableEncoding>>,
    /// The pictures that the rows are.
    images: Option<Arc<ImageEncoding>>,
}

struct Storage<T> {
    width: usize,
    features: Features<T>,
    labels: Targets<T>,
}

enum Features<T> {
    Values(Vec<T>),
    Bytes(Vec<u8>),
}

impl<T: Scalar> Dataset<T> {
    /// A data set of numbers, (rows, width), row after row.
    ///
    /// ```
    /// use backprop_data::{Dataset, Targets};
    ///
    /// let targets = Targets::Values { width: 1, values: vec![0.5, -0.5] };
    /// let dataset = Dataset::from_values(2, vec![1.0, 2.0, 3.0, 4.0], targets)?;
    /// assert_eq!((dataset.len(), dataset.width(), dataset.target_width()), (2, 2, 1));
    ///
    /// let targets = Targets::Values { width: 1, values: vec![0.5, f64::NAN] };
    /// let error = Dataset::from_values(1, vec![1.0, 2.0], targets).unwrap_err().to_string();
    /// assert_eq!(error, "target value 0 of row 1 is NaN; it must be a finite number");
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If the lengths do not make as many rows of features as of targets, a number is not finite, a class is
    /// not below the number of classes, or there are more rows than a `u32` can index.
    pub fn from_values(
        width: usize,
        values: Vec<T>,
        labels: Targets<T>,
    ) -> Result<Self, DataError> {
        check_values("features", "feature", width, &values)?;
        let rows = values.len() / width;
        Self::new(width, rows, Features::Values(values), labels)
    }

    /// A data set of bytes, (rows, width), row after row. In memory they stay bytes; a batch holds
    /// `byte / 255`.
    ///
    /// ```
    /// use backprop_data::{Batch, Dataset, Targets};
    ///
    /// let targets = Targets::Classes { labels: vec![0, 1], num_classes: 2 };
    /// let dataset = Dataset::<f64>::from_bytes(2, vec![0, 255, 51, 0], targets)?;
    /// let mut batch = Batch::new();
    /// dataset.gather(&[0, 1], &mut batch);
    /// assert_eq!(batch.inputs().row(0).to_vec(), [0.0, 1.0]);
    /// assert_eq!(batch.inputs()[[1, 0]], 51.0 * (1.0 / 255.0));
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_values`](Self::from_values); every byte is finite.
    pub fn from_bytes(width: usize, bytes: Vec<u8>, labels: Targets<T>) -> Result<Self, DataError> {
        check_rows("features", width, bytes.len())?;
        let rows = bytes.len() / width;
        Self::new(width, rows, Features::Bytes(bytes), labels)
    }

    fn new(
        width: usize,
        rows: usize,
        features: Features<T>,
        labels: Targets<T>,
    ) -> Result<Self, DataError> {
        let end = u32::try_from(rows).map_err(|_| DataError::TooManyRows(rows))?;
        let labelled = match &labels {
            Targets::Classes { num_classes: 0, .. } => {
                return Err(DataError::Zero {
                    what: "the number of classes",
                });
            }
            Targets::Classes {
                labels,
                num_classes: classes,
            } => {
                if let Some(row) = labels.iter().position(|&label| label as usize >= *classes) {
                    let (label, classes) = (labels[row], *classes);
                    return Err(DataError::Label {
                        row,
                        label,
                        classes,
                    });
                }
                labels.len()
            }
            Targets::Values { width, values } => {
                check_values("target values", "target value", *width, values)?;
                values.len() / width
            }
        };
        if labelled != rows {
            return Err(DataError::Count {
                rows,
                labels: labelled,
            });
        }
        Ok(Dataset {
            storage: Arc::new(Storage {
                width,
                features,
                labels,
            }),
            rows: (0..end).collect(),
            weights: None,
            class_names: None,
            #[cfg(feature = "csv")]
            encoding: None,
            images: None,
        })
    }

    /// The data set with these sample weights, one for each row, instead of those that it had. The loss of a
    /// batch is `sum_r w_r l_r / sum_r w_r`.
    ///
    /// # Errors
    /// If there is not one weight for each row, or a weight is negative or not finite.
    pub fn with_weights(mut self, weights: Vec<T>) -> Result<Self, DataError> {
        if weights.len() != self.len() {
            return Err(DataError::WeightCount {
                weights: weights.len(),
                rows: self.len(),
            });
        }
        let wrong = weights
            .iter()
            .position(|w| !(w.is_finite() && *w >= T::zero()));
        if let Some(row) = wrong {
            return Err(DataError::Weight {
                row,
                value: weights[row].as_f64(),
            });
        }
        self.weights = Some(weights.into());
        Ok(self)
    }

    /// The data set with weights by which all classes count the same, scikit-learn's "balanced":
    /// `w_r = rows / (classes present * rows of the class of r)`.
    ///
    /// ```
    /// use backprop_data::{Batch, Dataset, Targets};
    ///
    /// let targets = Targets::Classes { labels: vec![0, 0, 0, 1], num_classes: 2 };
    /// let dataset = Dataset::from_values(1, vec![0.0; 4], targets)?.with_balanced_weights()?;
    /// let mut batch = Batch::new();
    /// dataset.gather(&[0, 3], &mut batch);
    /// assert_eq!(batch.weights(), Some(&[4.0 / (2.0 * 3.0), 4.0 / (2.0 * 1.0)][..]));
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If the targets are values.
    pub fn with_balanced_weights(self) -> Result<Self, DataError> {
        let (Targets::Classes { labels, .. }, Some(counts)) =
            (&self.storage.labels, self.class_counts())
        else {
            return Err(DataError::NoClasses("balance"));
        };
        let present = counts.iter().filter(|count| **count > 0).count();
        let weight = |row: &u32| {
            let count = counts[labels[*row as usize] as usize];
            T::from_f64(self.len() as f64 / (present as f64 * count as f64))
        };
        let weights = self.rows.iter().map(weight).collect();
        self.with_weights(weights)
    }

    /// The data set with names for its classes.
    ///
    /// # Errors
    /// If the targets are values, or there is not one name for each class.
    pub fn with_class_names(mut self, names: Vec<String>) -> Result<Self, DataError> {
        let classes = self.num_classes().ok_or(DataError::NoClasses("names"))?;
        if names.len() != classes {
            return Err(DataError::ClassNames {
                names: names.len(),
                classes,
            });
        }
        self.class_names = Some(names.into());
        Ok(self)
    }
}

impl<T> Dataset<T> {
    /// The names of the classes; `None` for values, and for classes without names.
    pub fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// With the encoding that made features and targets of the cells of a table.
    #[cfg(feature = "csv")]
    pub(crate) fn with_encoding(mut self, encoding: TableEncoding) -> Self {
        self.encoding = Some(Arc::new(encoding));
        self
    }

    /// The encoding of the table that the rows come from; `None` for rows of another source.
    #[cfg(feature = "csv")]
    pub fn encoding(&self) -> Option<&TableEncoding> {
        self.encoding.as_deref()
    }

    /// The data set with the description of the pictures that are its rows: their size, and the label of each
    /// class in files.
    ///
    /// # Errors
    /// If a row has another number of features than such a picture, or the labels are not those of the
    /// classes.
    pub fn with_image_encoding(mut self, images: ImageEncoding) -> Result<Self, DataError> {
        images.check(self.width(), self.target_width())?;
        self.images = Some(Arc::new(images));
        Ok(self)
    }

    /// The description of the pictures that are the rows; `None` for rows of another source.
    pub fn image_encoding(&self) -> Option<&ImageEncoding> {
        self.images.as_deref()
    }

    /// The factor that [`gather`](Self::gather) multiplies stored features by: 1/255 for bytes, 1 for numbers.
    /// A model keeps the factor, so that raw inputs are scaled for it as in training.
    pub fn input_scale(&self) -> f64 {
        match self.storage.features {
            Features::Values(_) => 1.0,
            Features::Bytes(_) => 1.0 / 255.0,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns true if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The features of a row: the inputs that a network needs.
    pub fn width(&self) -> usize {
        self.storage.width
    }

    /// The outputs that a network needs: the number of classes, or the target values of a row.
    pub fn target_width(&self) -> usize {
        match self.storage.labels {
            Targets::Classes {
                num_classes: classes,
                ..
            } => classes,
            Targets::Values { width, .. } => width,
        }
    }

    /// The number of classes; `None` if the targets are values.
    pub fn num_classes(&self) -> Option<usize> {
        match self.storage.labels {
            Targets::Classes {
                num_classes: classes,
                ..
            } => Some(classes),
            Targets::Values { .. } => None,
        }
    }

    /// The number of rows of each class; `None` if the targets are values.
    pub fn class_counts(&self) -> Option<Vec<usize>> {
        let Targets::Classes {
            labels,
            num_classes: classes,
        } = &self.storage.labels
        else {
            return None;
        };
        let mut counts = vec![0; *classes];
        for &row in self.rows.iter() {
            counts[labels[row as usize] as usize] += 1;
        }
        Some(counts)
    }
}

/// Shapes and counts, not the data.
impl<T> fmt::Debug for Dataset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("rows", &self.len())
            .field("width", &self.width())
            .field("target_width", &self.target_width())
            .field("classes", &self.num_classes().is_some())
            .field("weights", &self.weights.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests;
