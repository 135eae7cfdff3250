//! The writer of safetensors files. The `safetensors` crate keeps the metadata in a hash map: the same
//! network would give another file each time.

use std::collections::BTreeMap;

use backprop_tensor::Scalar;
use byteorder::{ByteOrder, LittleEndian};
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;

use crate::container::{DIGITS, FORMAT, MAX_HEADER, VERSION, checksum, crc_offset};

/// Writes the data of a tensor into its bytes of the file.
pub(crate) type WriteData<'a> = Box<dyn Fn(&mut [u8]) + 'a>;

/// A tensor to be written: its description, and what writes its data into the bytes of the file.
pub(crate) struct TensorToWrite<'a> {
    pub(crate) name: &'a str,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    /// Bytes of the data.
    pub(crate) len: usize,
    pub(crate) write: WriteData<'a>,
}

impl<'a> TensorToWrite<'a> {
    /// A tensor of floating-point values in row-major order.
    pub(crate) fn values<T: Scalar>(name: &'a str, shape: &[usize], values: &'a [T]) -> Self {
        let write = move |data: &mut [u8]| {
            let elements = data.chunks_exact_mut(T::SIZE).zip(values);
            elements.for_each(|(element, value)| value.write_le(element));
        };
        TensorToWrite {
            name,
            dtype: if T::SIZE == 4 { Dtype::F32 } else { Dtype::F64 },
            shape: shape.to_vec(),
            len: values.len() * T::SIZE,
            write: Box::new(write),
        }
    }

    /// A tensor of bytes.
    pub(crate) fn bytes(name: &'a str, bytes: &'a [u8]) -> Self {
        TensorToWrite {
            name,
            dtype: Dtype::U8,
            shape: vec![bytes.len()],
            len: bytes.len(),
            write: Box::new(|data| data.copy_from_slice(bytes)),
        }
    }
}

/// The bytes of a file: metadata, and the tensors in the order given.
///
/// # Errors
/// A sentence for the reader of an error: the header is larger than [`SafetensorsFile::parse`] reads.
pub(crate) fn write(
    metadata: &[(&str, String)],
    tensors: &[TensorToWrite<'_>],
) -> Result<Vec<u8>, String> {
    let json = |text: serde_json::Result<String>| text.map_err(|error| error.to_string());
    let mut entries: BTreeMap<&str, &str> = metadata.iter().map(|(k, v)| (*k, &**v)).collect();
    entries.insert("crc32", "00000000");
    entries.insert("format", FORMAT);
    entries.insert("version", VERSION);

    let mut header = format!(
        "{{\"__metadata__\":{}",
        json(serde_json::to_string(&entries))?
    );
    let mut end = 0;
    for tensor in tensors {
        let start = end;
        end += tensor.len;
        let info = TensorInfo {
            dtype: tensor.dtype,
            shape: tensor.shape.clone(),
            data_offsets: (start, end),
        };
        let (name, info) = (
            serde_json::to_string(tensor.name),
            serde_json::to_string(&info),
        );
        header.push_str(&format!(",{}:{}", json(name)?, json(info)?));
    }
    header.push('}');
    // Padding, so that the elements are aligned in a file that is mapped into memory.
    let length = header.len().next_multiple_of(8);
    if length > MAX_HEADER {
        return Err(format!(
            "its layers, settings and names take {length} bytes but at most {MAX_HEADER} are \
             read back; shorten them"
        ));
    }
    let mut bytes = vec![b' '; 8 + length + end];
    LittleEndian::write_u64(&mut bytes, length as u64);
    bytes[8..8 + header.len()].copy_from_slice(header.as_bytes());
    let mut rest = &mut bytes[8 + length..];
    for tensor in tensors {
        let (data, after) = rest.split_at_mut(tensor.len);
        (tensor.write)(data);
        rest = after;
    }
    let at = crc_offset(&bytes[..8 + length]).expect("the header has a checksum");
    let digits = checksum(&bytes, at);
    bytes[at..at + DIGITS].copy_from_slice(digits.as_bytes());
    Ok(bytes)
}
