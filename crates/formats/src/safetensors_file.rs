//! The container of models and checkpoints, a safetensors file: eight bytes with the length of a JSON header,
//! the header, the data of the tensors.
//!
//! Reading goes through the `safetensors` crate's header type, which checks that names, types,
//! shapes and offsets agree; the length of the whole is checked here, without a sum that could
//! overflow.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use backprop_tensor::Scalar;
use byteorder::{ByteOrder, LittleEndian};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::container::{
    CHECKPOINT, CONTENTS, DIGITS, FORMAT, MAX_HEADER, OLD_CHECKPOINT, VERSION, checksum, crc_offset,
};
use crate::error::{list, shape};
use crate::half_precision::{bf16_to_f32, f16_to_f32};
use crate::rename::{LayerShapes, listed, split};
use crate::{FormatError, Rename};

/// One tensor of a file.
#[derive(Debug)]
struct Tensor<'a> {
    /// Its name in the file.
    name: String,
    info: TensorInfo,
    data: &'a [u8],
}

/// A file that was read: its metadata, and the tensors that were not taken yet.
#[derive(Debug)]
pub(crate) struct SafetensorsFile<'a> {
    file: &'a str,
    metadata: HashMap<String, String>,
    /// The names and shapes of all tensors.
    stored: Vec<(String, Vec<usize>)>,
    /// By the names of the network's parameters.
    tensors: BTreeMap<String, Tensor<'a>>,
}

impl<'a> SafetensorsFile<'a> {
    /// Reads a safetensors file, of this crate or not.
    pub(crate) fn parse(file: &'a str, bytes: &'a [u8]) -> Result<Self, FormatError> {
        let damaged = |offset: usize, what, expected: &str, found: String| {
            FormatError::damaged(file, offset as u64, what, expected, found)
        };
        if bytes.starts_with(OLD_CHECKPOINT) {
            let file = file.to_owned();
            return Err(FormatError::OldCheckpoint { file });
        }
        let Some((length, rest)) = bytes.split_at_checked(8) else {
            let found = format!("{} bytes, cut off", bytes.len());
            return Err(damaged(0, "the file", "at least 8 bytes", found));
        };
        let length = LittleEndian::read_u64(length);
        let Some(header) = usize::try_from(length).ok().filter(|&n| n <= MAX_HEADER) else {
            let (what, found) = ("the header's length", length.to_string());
            let most = rest.len().min(MAX_HEADER);
            return Err(damaged(0, what, &format!("at most {most}"), found));
        };
        let Some((header, data)) = rest.split_at_checked(header) else {
            let found = format!("{} bytes, cut off", rest.len());
            return Err(damaged(8, "the header", &format!("{length} bytes"), found));
        };
        let parsed: Metadata = serde_json::from_slice(header)
            .map_err(|error| damaged(8, "the header", "one of safetensors", error.to_string()))?;
        let cut = match data.len().cmp(&parsed.data_len()) {
            Ordering::Equal => None,
            Ordering::Less => Some(", cut off"),
            Ordering::Greater => Some(""),
        };
        if let Some(cut) = cut {
            let (start, expected) = (8 + header.len(), format!("{} bytes", parsed.data_len()));
            let found = format!("{} bytes{cut}", data.len());
            return Err(damaged(start, "the data of the tensors", &expected, found));
        }
        let metadata = parsed.metadata().clone().unwrap_or_default();
        let metadata: HashMap<_, _> = metadata.into_iter().collect();
        let tensors: BTreeMap<_, _> = parsed
            .tensors()
            .into_iter()
            .map(|(name, info)| {
                let (info, (start, end)) = (info.clone(), info.data_offsets);
                let (data, tensor) = (&data[start..end], name.clone());
                (tensor, Tensor { name, info, data })
            })
            .collect();
        let container = SafetensorsFile {
            file,
            metadata,
            stored: tensors
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.info.shape.clone()))
                .collect(),
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

    /// Reads a file that holds a network, of this crate or not.
    pub(crate) fn parse_network(file: &'a str, bytes: &'a [u8]) -> Result<Self, FormatError> {
        let parsed = Self::parse(file, bytes)?;
        match parsed.metadata.get(CONTENTS).map(String::as_str) {
            Some(CHECKPOINT) => Err(parsed.contents("a network", "a checkpoint")),
            _ => Ok(parsed),
        }
    }

    /// The name of each tensor and the range of its bytes in the file, for a checkpoint.
    pub(crate) fn sections(
        file: &'a str,
        bytes: &'a [u8],
    ) -> Result<BTreeMap<String, Range<usize>>, FormatError> {
        let parsed = Self::parse(file, bytes)?;
        if parsed.metadata.get(CONTENTS).map(String::as_str) != Some(CHECKPOINT) {
            return Err(parsed.contents("a checkpoint", "a network or something else"));
        }
        let data_len: usize = parsed.tensors.values().map(|t| t.data.len()).sum();
        let start = bytes.len() - data_len;
        let range = |tensor: Tensor<'_>| {
            let (from, to) = tensor.info.data_offsets;
            start + from..start + to
        };
        let tensors = parsed.tensors.into_iter();
        Ok(tensors
            .map(|(name, tensor)| (name, range(tensor)))
            .collect())
    }

    fn contents(&self, expected: &'static str, found: &'static str) -> FormatError {
        let file = self.file.to_owned();
        FormatError::Contents {
            file,
            expected,
            found,
        }
    }

    /// An entry that a network of ours has.
    pub(crate) fn entry(&self, key: &'static str) -> Result<&str, FormatError> {
        let entry = self.metadata.get(key).map(String::as_str);
        entry.ok_or_else(|| self.metadata(key, "is missing".to_owned()))
    }

    /// That the file is a network of ours.
    pub(crate) fn require_backprop(&self) -> Result<(), FormatError> {
        if !self.metadata.contains_key("format") {
            return Err(FormatError::OtherProgram {
                file: self.file.to_owned(),
                present: listed(&self.layers()),
            });
        }
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
        for tensor in self.tensors.values() {
            match tensor.info.dtype {
                Dtype::F32 | Dtype::F16 | Dtype::BF16 => {}
                Dtype::F64 => precision = f64::NAME,
                other => return Err(self.number_type(&tensor.name, other)),
            }
        }
        Ok(precision)
    }

    /// The shape of the tensor that is a parameter of this name.
    pub(crate) fn shape_of(&self, parameter: &str) -> Option<&[usize]> {
        let tensor = self.tensors.get(parameter)?;
        Some(&tensor.info.shape)
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
        match self.shape_of(parameter) {
            Some(found) if found == expected => Ok(()),
            _ => Err(self.mismatch(parameter, shape(expected))),
        }
    }

    /// The error of a parameter that is not there, or is of another shape.
    pub(crate) fn mismatch(&self, parameter: &str, expected: String) -> FormatError {
        let (file, parameter) = (self.file.to_owned(), parameter.to_owned());
        match self.shape_of(&parameter).map(shape) {
            Some(found) => FormatError::Shape {
                file,
                parameter,
                expected,
                found,
            },
            None => FormatError::Missing {
                file,
                parameter,
                expected,
                present: list(self.stored.iter().map(|(name, _)| name.as_str())),
            },
        }
    }

    /// Gives layers the names of the network's: `fc1.weight` becomes `0.weight`.
    pub(crate) fn rename(&mut self, rename: &Rename) -> Result<(), FormatError> {
        let error = |problem: String| FormatError::Parameters {
            file: self.file.to_owned(),
            problem,
        };
        let mut renamed = Vec::new();
        for (layer, index) in rename.pairs() {
            let names: Vec<String> = self
                .tensors
                .keys()
                .filter(|name| split(name).0 == layer)
                .cloned()
                .collect();
            if names.is_empty() {
                let names: Vec<String> = self.layers().into_iter().map(|l| l.name).collect();
                let present = list(names.iter().map(String::as_str));
                return Err(error(format!(
                    "there is no layer {layer} to be layer {index}, only {present}; name one of these"
                )));
            }
            for name in names {
                let tensor = self.tensors.remove(&name).expect("it is there");
                renamed.push((format!("{index}.{}", split(&name).1), tensor));
            }
        }
        for (name, tensor) in renamed {
            if self.tensors.contains_key(&name) {
                return Err(error(format!(
                    "its tensor {} is to be {name}, which it has already; rename that layer too",
                    tensor.name
                )));
            }
            self.tensors.insert(name, tensor);
        }
        Ok(())
    }

    /// The layers of the file by its own names, with the shapes of their parameters.
    pub(crate) fn layers(&self) -> Vec<LayerShapes> {
        let stored = self.stored.iter();
        LayerShapes::of(stored.map(|(name, shape)| (name.as_str(), shape.as_slice())))
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
        let data = tensor.data;
        let half = |of_bits: fn(u16) -> f32| {
            numbers(data, 2, |bytes| {
                of_bits(LittleEndian::read_u16(bytes)).into()
            })
        };
        let result = match tensor.info.dtype {
            Dtype::F32 => numbers(data, 4, |bytes| LittleEndian::read_f32(bytes).into()),
            Dtype::F64 => numbers(data, 8, LittleEndian::read_f64),
            Dtype::F16 => half(f16_to_f32),
            Dtype::BF16 => half(bf16_to_f32),
            other => return Err(self.number_type(&tensor.name, other)),
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
        match self.tensors.values().next() {
            None => Ok(()),
            Some(tensor) => Err(FormatError::Unexpected {
                file: self.file.to_owned(),
                tensor: tensor.name.clone(),
                found: shape(&tensor.info.shape),
            }),
        }
    }
}

/// The numbers of `size` bytes each, or the first that is not finite as a `T`, with its place.
fn numbers<T: Scalar>(
    data: &[u8],
    size: usize,
    read: impl Fn(&[u8]) -> f64,
) -> Result<Vec<T>, (usize, f64)> {
    let mut numbers = Vec::with_capacity(data.len() / size);
    for (index, bytes) in data.chunks_exact(size).enumerate() {
        let value = read(bytes);
        let rounded = T::from_f64(value);
        if !rounded.is_finite() {
            return Err((index, value));
        }
        numbers.push(rounded);
    }
    Ok(numbers)
}
