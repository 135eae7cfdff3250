//! safetensors files: eight bytes with the length of a JSON header, the header, the numbers.
//!
//! Reading goes through the `safetensors` crate's header type, which checks that names, types,
//! shapes and offsets agree; the length of the whole is checked here, without a sum that could
//! overflow. Writing is done here, as that crate keeps the metadata in a hash map: the same
//! network would give another file each time.
//!
//! The checksum is the CRC-32 of all bytes of the file with the checksum's own eight hexadecimal
//! digits, after the first `"crc32":"`, taken as `0`.

use std::collections::{BTreeMap, HashMap};

use backprop_tensor::Scalar;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::FormatError;
use crate::error::list;

const FORMAT: &str = "backprop";
const VERSION: &str = "1";

/// The largest header in bytes. That of a network of a thousand layers has a tenth of it; reading
/// JSON takes some times its length of memory.
const MAX_HEADER: usize = 1 << 20;

/// What precedes the digits of the checksum. Within a JSON string the quotes would be escaped.
const CRC_KEY: &[u8] = b"\"crc32\":\"";
const DIGITS: usize = 8;

/// One tensor of a file.
#[derive(Debug)]
struct Tensor<'a> {
    info: TensorInfo,
    data: &'a [u8],
}

/// A file that was read: its metadata, and the tensors that were not taken yet.
#[derive(Debug)]
pub(crate) struct SafetensorsFile<'a> {
    file: &'a str,
    metadata: HashMap<String, String>,
    names: Vec<String>,
    tensors: BTreeMap<String, Tensor<'a>>,
}

impl<'a> SafetensorsFile<'a> {
    /// Reads a safetensors file, of this crate or not.
    pub(crate) fn parse(file: &'a str, bytes: &'a [u8]) -> Result<Self, FormatError> {
        let damaged = |offset: usize, what, expected: &str, found: String| {
            FormatError::damaged(file, offset as u64, what, expected, found)
        };
        let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
            let found = format!("{} bytes, cut off", bytes.len());
            return Err(damaged(0, "the file", "at least 8 bytes", found));
        };
        let length = u64::from_le_bytes(*length);
        let most = rest.len().min(MAX_HEADER);
        let header = usize::try_from(length).ok().filter(|&n| n <= most);
        let Some((header, data)) = header.and_then(|n| rest.split_at_checked(n)) else {
            let expected = format!("at most {most}");
            return Err(damaged(
                0,
                "the header's length",
                &expected,
                length.to_string(),
            ));
        };
        let parsed: Metadata = serde_json::from_slice(header)
            .map_err(|error| damaged(8, "the header", "one of safetensors", error.to_string()))?;
        if parsed.data_len() != data.len() {
            let (start, expected) = (8 + header.len(), format!("{} bytes", parsed.data_len()));
            let found = format!("{} bytes", data.len());
            return Err(damaged(start, "the data of the tensors", &expected, found));
        }
        let metadata: HashMap<_, _> = parsed
            .metadata()
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect();
        let tensors: BTreeMap<_, _> = parsed
            .tensors()
            .into_iter()
            .map(|(name, info)| {
                let (info, (start, end)) = (info.clone(), info.data_offsets);
                let data = &data[start..end];
                (name, Tensor { info, data })
            })
            .collect();
        let container = SafetensorsFile {
            file,
            metadata,
            names: tensors.keys().cloned().collect(),
            tensors,
        };
        container.check(bytes, header.len())?;
        Ok(container)
    }

    /// Checks version and checksum where the file is ours, or claims to have a checksum.
    fn check(&self, bytes: &[u8], header: usize) -> Result<(), FormatError> {
        let ours = self.metadata.get("format").is_some_and(|f| f == FORMAT);
        if ours {
            let version = self.entry("version")?;
            if version != VERSION {
                return Err(FormatError::Version {
                    file: self.file.to_owned(),
                    found: version.to_owned(),
                    expected: VERSION,
                });
            }
        } else if !self.metadata.contains_key("crc32") {
            return Ok(());
        }
        let found = self.entry("crc32")?;
        let Some(at) = crc_offset(&bytes[..8 + header]).filter(|_| found.len() == DIGITS) else {
            let problem = "is not written as \"crc32\":\"xxxxxxxx\"; leave it out".to_owned();
            return Err(self.metadata("crc32", problem));
        };
        let expected = checksum(bytes, at);
        if found == expected {
            return Ok(());
        }
        let what = "the checksum of the file";
        Err(FormatError::damaged(
            self.file, at as u64, what, expected, found,
        ))
    }

    /// An entry that a network of ours has.
    pub(crate) fn entry(&self, key: &'static str) -> Result<&str, FormatError> {
        let entry = self.metadata.get(key).map(String::as_str);
        entry.ok_or_else(|| self.metadata(key, "is missing".to_owned()))
    }

    /// That the file is a network of ours.
    pub(crate) fn require_backprop(&self) -> Result<(), FormatError> {
        match self.entry("format")? {
            FORMAT => Ok(()),
            other => Err(self.metadata("format", format!("is \"{other}\", not \"{FORMAT}\""))),
        }
    }

    /// An entry that is JSON, or as plain as a number.
    pub(crate) fn json<V: serde::de::DeserializeOwned>(
        &self,
        key: &'static str,
    ) -> Result<V, FormatError> {
        serde_json::from_str(self.entry(key)?)
            .map_err(|error| self.metadata(key, format!("cannot be read: {error}")))
    }

    pub(crate) fn metadata(&self, key: &'static str, problem: String) -> FormatError {
        let file = self.file.to_owned();
        FormatError::Metadata { file, key, problem }
    }

    /// `"f64"` if one of the tensors is.
    pub(crate) fn precision(&self) -> Result<&'static str, FormatError> {
        let mut precision = f32::NAME;
        for (name, tensor) in &self.tensors {
            match tensor.info.dtype {
                Dtype::F32 => {}
                Dtype::F64 => precision = f64::NAME,
                other => return Err(self.number_type(name, other)),
            }
        }
        Ok(precision)
    }

    fn number_type(&self, parameter: &str, found: Dtype) -> FormatError {
        FormatError::NumberType {
            file: self.file.to_owned(),
            parameter: parameter.to_owned(),
            found: found.to_string(),
        }
    }

    /// Checks that the file has a parameter of this name and shape.
    pub(crate) fn check_shape(
        &self,
        parameter: &str,
        expected: &[usize],
    ) -> Result<(), FormatError> {
        let file = || self.file.to_owned();
        let Some(tensor) = self.tensors.get(parameter) else {
            return Err(FormatError::Missing {
                file: file(),
                parameter: parameter.to_owned(),
                expected: shape(expected),
                present: list(self.names.iter().map(String::as_str)),
            });
        };
        if tensor.info.shape == expected {
            return Ok(());
        }
        Err(FormatError::Shape {
            file: file(),
            parameter: parameter.to_owned(),
            expected: shape(expected),
            found: shape(&tensor.info.shape),
        })
    }

    /// Takes the values of a parameter of this shape, in row-major order.
    pub(crate) fn take<T: Scalar>(
        &mut self,
        parameter: &str,
        expected: &[usize],
    ) -> Result<Vec<T>, FormatError> {
        self.check_shape(parameter, expected)?;
        let file = || self.file.to_owned();
        let tensor = self.tensors.remove(parameter).expect("it was just there");
        let result = match tensor.info.dtype {
            Dtype::F32 => convert::<f32, T>(tensor.data),
            Dtype::F64 => convert::<f64, T>(tensor.data),
            other => return Err(self.number_type(parameter, other)),
        };
        result.map_err(|(index, value)| FormatError::NotFinite {
            file: file(),
            parameter: parameter.to_owned(),
            index,
            value,
            precision: T::NAME,
        })
    }

    /// That every tensor has been taken.
    pub(crate) fn finish(&self) -> Result<(), FormatError> {
        match self.tensors.first_key_value() {
            None => Ok(()),
            Some((name, tensor)) => Err(FormatError::Unexpected {
                file: self.file.to_owned(),
                tensor: name.clone(),
                found: shape(&tensor.info.shape),
            }),
        }
    }
}

/// The numbers, or the first that is not finite as a `T`, with its place.
fn convert<S: Scalar, T: Scalar>(data: &[u8]) -> Result<Vec<T>, (usize, f64)> {
    let mut numbers = Vec::with_capacity(data.len() / S::SIZE);
    for (index, bytes) in data.chunks_exact(S::SIZE).enumerate() {
        let value = S::read_le(bytes).as_f64();
        let rounded = T::from_f64(value);
        if !rounded.is_finite() {
            return Err((index, value));
        }
        numbers.push(rounded);
    }
    Ok(numbers)
}

/// Writes a network's file: metadata, and the tensors (name, shape, row-major values) in the order
/// given.
pub(crate) fn write<T: Scalar>(
    file: &str,
    metadata: &[(&str, String)],
    tensors: &[(String, Vec<usize>, Vec<T>)],
) -> Result<Vec<u8>, FormatError> {
    let cannot_save = |problem: String| FormatError::Unsavable {
        file: file.to_owned(),
        problem,
    };
    let json = |text: serde_json::Result<String>| text.map_err(|e| cannot_save(e.to_string()));
    let mut entries: BTreeMap<&str, &str> = metadata.iter().map(|(k, v)| (*k, &**v)).collect();
    entries.insert("crc32", "00000000");
    entries.insert("format", FORMAT);
    entries.insert("version", VERSION);

    let mut header = format!(
        "{{\"__metadata__\":{}",
        json(serde_json::to_string(&entries))?
    );
    let mut end = 0;
    for (name, shape, values) in tensors {
        let start = end;
        end += values.len() * T::SIZE;
        let info = TensorInfo {
            dtype: if T::SIZE == 4 { Dtype::F32 } else { Dtype::F64 },
            shape: shape.clone(),
            data_offsets: (start, end),
        };
        let (name, info) = (serde_json::to_string(name), serde_json::to_string(&info));
        header.push_str(&format!(",{}:{}", json(name)?, json(info)?));
    }
    header.push('}');
    // Padding, so that the elements are aligned in a file that is mapped into memory.
    let length = header.len().next_multiple_of(8);
    if length > MAX_HEADER {
        return Err(cannot_save(format!(
            "its layers, settings and names take {length} bytes but at most {MAX_HEADER} are \
             read back; shorten them"
        )));
    }
    let mut bytes = Vec::with_capacity(8 + length + end);
    bytes.extend((length as u64).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.resize(8 + length, b' ');
    for (_, _, values) in tensors {
        let start = bytes.len();
        bytes.resize(start + values.len() * T::SIZE, 0);
        for (place, value) in bytes[start..].chunks_exact_mut(T::SIZE).zip(values) {
            value.write_le(place);
        }
    }
    let at = crc_offset(&bytes[..8 + length]).expect("the header has a checksum");
    let digits = checksum(&bytes, at);
    bytes[at..at + DIGITS].copy_from_slice(digits.as_bytes());
    Ok(bytes)
}

/// Where the digits of the checksum are.
fn crc_offset(head: &[u8]) -> Option<usize> {
    let at = head.windows(CRC_KEY.len()).position(|w| w == CRC_KEY)? + CRC_KEY.len();
    (at + DIGITS <= head.len()).then_some(at)
}

fn checksum(bytes: &[u8], at: usize) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..at]);
    hasher.update(&[b'0'; DIGITS]);
    hasher.update(&bytes[at + DIGITS..]);
    format!("{:08x}", hasher.finalize())
}

/// A shape as it is written: `(10, 128)`.
fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", sizes.join(", "))
}
