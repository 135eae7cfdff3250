use std::path::Path;
use std::sync::Arc;

use backprop_layers::ndarray::{Array2, ArrayView1, ArrayView2};
use backprop_layers::{LayerSpec, Pool, Predictor, Sequential};
use backprop_tensor::{Scalar, argmax};

use crate::parameters::from_parameters;
use crate::{FormatError, ModelInfo, Rename, network, read_limited, write_atomic};

/// The largest file that [`Model::load`] reads: 1 GiB. For a larger file, use [`read_limited`] with
/// a limit of your own and [`Model::from_bytes`].
pub const MODEL_LIMIT: u64 = 1 << 30;

/// A trained network with its description, for predictions from any number of threads at once.
///
/// Inputs are rows as the network was trained on: images of bytes have to be multiplied by
/// [`ModelInfo::input_scale`] first, and the rows of a table encoded by its encoding.
///
/// ```
/// use backprop_formats::{Model, ModelInfo, OutputKind};
/// use backprop_layers::{Sequential, linear, ndarray::array};
///
/// let mut network = Sequential::<f32>::new(2, [linear(2)], 0)?;
/// for (_, parameter) in network.parameters_mut() {
///     let identity = [1.0, 0.0, 0.0, 1.0];
///     parameter.assign(if parameter.len() == 4 { &identity } else { &[0.0; 2] });
/// }
/// let info = ModelInfo::new(OutputKind::Logits).with_class_names(["left", "right"]);
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.safetensors");
/// Model::new(network, info)?.save(&path)?;
///
/// let model = Model::<f32>::load(&path)?;
/// let rows = array![[3.0, 1.0], [0.0, 2.0]];
/// assert_eq!(model.classify(rows.view())?, [0, 1]);
/// assert_eq!(model.info().class_name(1), "right");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Model<T: Scalar> {
    network: Sequential<T>,
    info: ModelInfo,
    predictor: Predictor<T>,
}

impl<T: Scalar> Model<T> {
    /// A model of a network and its description. Each call predicts on the thread of its caller.
    ///
    /// # Errors
    /// If the description does not fit the network.
    pub fn new(network: Sequential<T>, info: ModelInfo) -> Result<Self, FormatError> {
        if let Some(problem) = info.invalid_reason(network.output_width()) {
            let file = "the network".to_owned();
            let problem = format!("its description {problem}");
            return Err(FormatError::Unsavable { file, problem });
        }
        Ok(Model {
            network,
            info,
            predictor: Predictor::default(),
        })
    }

    /// Reads a model from a file of at most [`MODEL_LIMIT`] bytes.
    ///
    /// # Errors
    /// If the file cannot be read, is larger, or as [`from_bytes`](Self::from_bytes).
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FormatError> {
        let path = path.as_ref();
        let bytes = read_limited(path, MODEL_LIMIT)?;
        Self::from_bytes(&path.display().to_string(), &bytes)
    }

    /// A model from the bytes of a file; `name` is the name of the file in errors.
    ///
    /// Values stored as f64 are rounded for a network of f32. Every change of a byte is found. The
    /// memory used grows with the bytes and not with what they claim: at most some 20 times
    /// the bytes, for a layer of one neuron, whose storage is padded.
    ///
    /// # Errors
    /// If the bytes are damaged or hold no network of this crate, or a value is not finite; for layers
    /// of your own, use [`load_parameters`](crate::load_parameters).
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        let (network, info) = network::from_bytes(name, bytes)?;
        Self::new(network, info)
    }

    /// A model of these layers from the bytes of another program's safetensors file, and what is to be known
    /// of it; `name` is the name of the file in errors.
    ///
    /// Layers and parameters have the names that PyTorch gives those of an `nn.Sequential`, `0.weight`, or
    /// others that `rename` makes agree. The number of inputs is that of the first Linear's weight. Values
    /// stored as f16, bf16 or f64 are converted.
    ///
    /// ```
    /// use backprop_formats::{Model, ModelInfo, OutputKind, Rename};
    /// use backprop_layers::parse_layers;
    ///
    /// // As torch's save_file writes a module with one layer `fc`, an nn.Linear(2, 1).
    /// let header = br#"{"fc.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
    ///     "fc.weight":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]}}"#;
    /// let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    /// bytes.extend(header);
    /// bytes.extend(0.5_f32.to_le_bytes());
    /// bytes.extend([0x00, 0x3c, 0x00, 0xc0]); // 1 and -2
    ///
    /// let layers = parse_layers("linear 1")?;
    /// let info = ModelInfo::new(OutputKind::Values);
    /// let model = Model::<f32>::from_parameters("fc", &bytes, &layers, &"fc=0".parse()?, info.clone())?;
    /// let rows = backprop_layers::ndarray::array![[3.0, 1.0]];
    /// assert_eq!(model.predict(rows.view())?[[0, 0]], 1.5);
    ///
    /// let error = Model::<f32>::from_parameters("fc", &bytes, &layers, &Rename::default(), info);
    /// assert!(error.unwrap_err().to_string().ends_with("the Rename \"fc=0\""));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the bytes are damaged, a parameter is missing, of another shape or not finite, a tensor is left over,
    /// or the description does not fit the network.
    pub fn from_parameters(
        name: &str,
        bytes: &[u8],
        layers: &[LayerSpec],
        rename: &Rename,
        info: ModelInfo,
    ) -> Result<Self, FormatError> {
        Self::new(from_parameters(name, bytes, layers, rename)?, info)
    }

    /// The model as the bytes of a safetensors file.
    ///
    /// The tensors are the parameters in row-major (out, in) order, of type F32 or F64, named by layer
    /// and parameter: `0.weight`, `0.bias`. `__metadata__` has `format` (`backprop`), `version` (`1`),
    /// `input_width`, `layers` and `info` (JSON: the list of [`LayerSpec`](backprop_layers::LayerSpec)s and the
    /// [`ModelInfo`]) and `crc32`. The same model gives the same bytes.
    ///
    /// The checksum is the CRC-32 of the whole file with its own eight digits taken as zeros. Other
    /// programs may ignore it; in Python it is
    ///
    /// ```python
    /// at = data.index(b'"crc32":"') + 9
    /// "%08x" % zlib.crc32(data[:at] + b"00000000" + data[at + 8:])
    /// ```
    ///
    /// # Errors
    /// If a parameter is not finite, or two have the same name.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        network::to_bytes("the network", &self.network, &self.info)
    }

    /// Writes [`to_bytes`](Self::to_bytes) to a file, whole or not at all.
    ///
    /// # Errors
    /// As [`to_bytes`](Self::to_bytes) and [`write_atomic`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FormatError> {
        let path = path.as_ref();
        let bytes = network::to_bytes(&path.display().to_string(), &self.network, &self.info)?;
        write_atomic(path, &bytes)
    }

    /// The network and its description, to train or change them further.
    pub fn into_parts(self) -> (Sequential<T>, ModelInfo) {
        (self.network, self.info)
    }

    /// The model with predictions on the threads of this pool. No result depends on it.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<Pool>) -> Self {
        self.predictor = Predictor::new(pool);
        self
    }

    /// The network.
    pub fn network(&self) -> &Sequential<T> {
        &self.network
    }

    /// The description of the network.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The network's output for `inputs` (B, inputs), as (B, outputs): logits, probabilities or values.
    ///
    /// # Errors
    /// If the width does not fit.
    pub fn predict(&self, inputs: ArrayView2<'_, T>) -> Result<Array2<T>, FormatError> {
        let (expected, found) = (self.network.input_width(), inputs.ncols());
        if expected != found {
            return Err(FormatError::InputWidth { expected, found });
        }
        Ok(self.predictor.predict(&self.network, inputs))
    }

    /// The predictions for `inputs`, with logits turned into probabilities.
    ///
    /// # Errors
    /// If the width does not fit.
    #[expect(
        clippy::missing_panics_doc,
        reason = "never: a new array is contiguous"
    )]
    pub fn predict_proba(&self, inputs: ArrayView2<'_, T>) -> Result<Array2<T>, FormatError> {
        let mut output = self.predict(inputs)?;
        let width = self.network.output_width();
        let values = output.as_slice_mut().expect("a new array is contiguous");
        self.info.activate(width, values);
        Ok(output)
    }

    /// The class of each row: the largest output, the first of equals.
    ///
    /// # Errors
    /// If the width does not fit, or an output is not a number.
    pub fn classify(&self, inputs: ArrayView2<'_, T>) -> Result<Vec<usize>, FormatError> {
        let output = self.predict(inputs)?;
        let class = |(row, outputs): (usize, ArrayView1<'_, T>)| {
            argmax(outputs).ok_or(FormatError::NotANumber { row })
        };
        output.rows().into_iter().enumerate().map(class).collect()
    }
}
