//! Networks and files for the tests.

use std::fmt::Write;
use std::sync::Arc;

use backprop_formats::{FormatError, Model, ModelInfo};
use backprop_layers::ndarray::Array2;
use backprop_layers::{
    Pool, Scalar, Sequential, Workspace, dropout, elu, gelu, gelu_tanh, hard_swish, leaky_relu,
    linear, mish, relu, selu, sigmoid, silu, softmax, softplus, tanh,
};

/// A network with a layer of every kind.
pub(crate) fn every_kind<T: Scalar>() -> Sequential<T> {
    let specs = [
        linear(19),
        relu(),
        dropout(0.1),
        linear(7),
        leaky_relu(0.012_345_678_901_234_567),
        linear(5),
        sigmoid(),
        tanh(),
        gelu(),
        gelu_tanh(),
        silu(),
        elu(0.25),
        selu(),
        softplus(),
        mish(),
        hard_swish(),
        linear(3),
        softmax(),
    ];
    let mut network = Sequential::new(4, specs, 1).unwrap();
    for (_, parameter) in network.parameters_mut() {
        let count = parameter.len();
        let mut rows = parameter.to_array();
        for (i, value) in rows.iter_mut().enumerate() {
            *value += T::from_f64((i as f64 - count as f64 / 2.0) / 70.0);
        }
        // Zeros with a sign and the smallest numbers have to survive as well.
        rows[0] = -T::zero();
        rows[count - 1] = T::min_positive_value() / T::from_f64(8.0);
        parameter.assign(&rows);
    }
    network
}

/// All values as they are written, sign of zero included.
pub(crate) fn bits<T: Scalar>(network: &Sequential<T>) -> Vec<(String, Vec<u8>)> {
    let parameters = network.parameters();
    parameters
        .map(|(name, parameter)| (name, le(&parameter.to_array())))
        .collect()
}

/// The bytes of the outputs for eleven inputs.
pub(crate) fn predictions<T: Scalar>(network: &Sequential<T>) -> Vec<u8> {
    let input = Array2::from_shape_fn((11, network.input_width()), |(i, j)| {
        T::from_f64((i * 5 + j) as f64 / 9.0 - 2.0)
    });
    let mut output = Array2::zeros((11, network.output_width()));
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    network.predict_into(&mut workspace, input.view(), output.view_mut());
    le(output.as_slice().unwrap())
}

/// Little-endian bytes.
pub(crate) fn le<T: Scalar>(values: &[T]) -> Vec<u8> {
    let mut bytes = vec![0; values.len() * T::SIZE];
    for (place, value) in bytes.chunks_exact_mut(T::SIZE).zip(values) {
        value.write_le(place);
    }
    bytes
}

/// A safetensors file from its header and data.
pub(crate) fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// A file of our own with these metadata entries besides those that every file has, and these
/// F32 tensors of zeros.
pub(crate) fn ours(entries: &[(&str, &str)], tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let mut header =
        r#"{"__metadata__":{"crc32":"00000000","format":"backprop","version":"1""#.to_owned();
    for (key, value) in entries {
        write!(header, ",{key:?}:{value:?}").unwrap();
    }
    header.push('}');
    let mut end = 0;
    for (name, shape) in tensors {
        let (start, size) = (end, 4 * shape.iter().product::<usize>());
        end += size;
        write!(
            header,
            r#","{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
        )
        .unwrap();
    }
    header.push('}');
    seal(file(&header, &vec![0; end]))
}

/// The file of another version, whose single digit is this.
pub(crate) fn with_version(mut bytes: Vec<u8>, version: u8) -> Vec<u8> {
    let mark = b"\"version\":\"";
    let at = bytes.windows(mark.len()).position(|w| w == mark).unwrap() + mark.len();
    bytes[at] = version;
    seal(bytes)
}

/// Sets the checksum, as the documentation says it is computed.
pub(crate) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let mark = b"\"crc32\":\"";
    let at = bytes.windows(mark.len()).position(|w| w == mark).unwrap() + mark.len();
    bytes[at..at + 8].copy_from_slice(b"00000000");
    let digits = format!("{:08x}", crc32fast::hash(&bytes));
    bytes[at..at + 8].copy_from_slice(digits.as_bytes());
    bytes
}

/// The bytes of the file of a network.
pub(crate) fn model_bytes<T: Scalar>(
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<Vec<u8>, FormatError> {
    Model::new(network.clone(), info.clone())?.to_bytes()
}

/// The network and its description in the bytes of a file.
pub(crate) fn model_from_bytes<T: Scalar>(
    name: &str,
    bytes: &[u8],
) -> Result<(Sequential<T>, ModelInfo), FormatError> {
    Ok(Model::from_bytes(name, bytes)?.into_parts())
}
