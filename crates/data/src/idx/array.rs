//! An array in memory, and its bytes.

use std::io::Write;

use byteorder::{BigEndian, ByteOrder, WriteBytesExt};

use crate::DataError;

/// An array: its dimensions and its elements in row-major order.
///
/// ```
/// use backprop_data::idx::{self, Idx, Limits, Values};
///
/// let labels = Idx { shape: vec![3], values: Values::U8(vec![5, 0, 4]) };
/// let bytes = labels.to_bytes()?;
/// assert_eq!(bytes, [0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]);
/// assert_eq!(idx::parse("labels", &bytes[..], Limits::default())?, labels);
/// # Ok::<(), backprop_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Idx {
    /// The dimensions, outermost first; none for a single element.
    pub shape: Vec<usize>,
    /// The elements.
    pub values: Values,
}

/// The elements of an [`Idx`], in one of the six types that the format knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Unsigned bytes, type code 0x08.
    U8(Vec<u8>),
    /// Signed bytes, type code 0x09.
    I8(Vec<i8>),
    /// 16-bit integers, type code 0x0B.
    I16(Vec<i16>),
    /// 32-bit integers, type code 0x0C.
    I32(Vec<i32>),
    /// 32-bit floating point numbers, type code 0x0D.
    F32(Vec<f32>),
    /// 64-bit floating point numbers, type code 0x0E.
    F64(Vec<f64>),
}

impl Values {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Values::U8(values) => values.len(),
            Values::I8(values) => values.len(),
            Values::I16(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }

    /// Returns true if there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type by its name in Rust, such as `"u8"`.
    pub fn type_name(&self) -> &'static str {
        self.kind().name()
    }

    /// The bytes of an element in a file.
    pub(crate) fn element_bytes(&self) -> u64 {
        self.kind().bytes()
    }

    fn kind(&self) -> Kind {
        match self {
            Values::U8(_) => Kind::U8,
            Values::I8(_) => Kind::I8,
            Values::I16(_) => Kind::I16,
            Values::I32(_) => Kind::I32,
            Values::F32(_) => Kind::F32,
            Values::F64(_) => Kind::F64,
        }
    }
}

/// An element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    U8 = 0x08,
    I8 = 0x09,
    I16 = 0x0b,
    I32 = 0x0c,
    F32 = 0x0d,
    F64 = 0x0e,
}

impl Kind {
    pub(super) fn from_code(code: u8) -> Option<Self> {
        [
            Kind::U8,
            Kind::I8,
            Kind::I16,
            Kind::I32,
            Kind::F32,
            Kind::F64,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == code)
    }

    pub(super) fn bytes(self) -> u64 {
        match self {
            Kind::U8 | Kind::I8 => 1,
            Kind::I16 => 2,
            Kind::I32 | Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::U8 => "u8",
            Kind::I8 => "i8",
            Kind::I16 => "i16",
            Kind::I32 => "i32",
            Kind::F32 => "f32",
            Kind::F64 => "f64",
        }
    }
}

impl Idx {
    /// The bytes of the array as an IDX file, not compressed.
    ///
    /// # Errors
    /// If the values do not fill the shape, there are more than 255 dimensions, or a dimension does not fit in
    /// 32 bits.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DataError> {
        let header = self.header()?;
        let size = header.len() + self.values.len() * self.values.kind().bytes() as usize;
        let mut bytes = Vec::with_capacity(size);
        self.write_to("memory", &mut bytes)?;
        Ok(bytes)
    }

    /// Writes the bytes of [`to_bytes`](Idx::to_bytes) to `out`, a few thousand elements at a time; `name` is
    /// for errors.
    ///
    /// # Errors
    /// As `to_bytes`, or if `out` cannot be written.
    pub fn write_to(&self, name: &str, mut out: impl Write) -> Result<(), DataError> {
        let header = self.header()?;
        let result = out.write_all(&header).and_then(|()| match &self.values {
            Values::U8(values) => out.write_all(values),
            Values::I8(values) => write(out, values, 1, BigEndian::write_i8_into),
            Values::I16(values) => write(out, values, 2, BigEndian::write_i16_into),
            Values::I32(values) => write(out, values, 4, BigEndian::write_i32_into),
            Values::F32(values) => write(out, values, 4, BigEndian::write_f32_into),
            Values::F64(values) => write(out, values, 8, BigEndian::write_f64_into),
        });
        result.map_err(|source| DataError::Io {
            file: name.to_owned(),
            action: "written",
            source,
        })
    }

    fn header(&self) -> Result<Vec<u8>, DataError> {
        let refuse = |why: String| Err(DataError::Shape(why));
        let Ok(dimensions) = u8::try_from(self.shape.len()) else {
            return refuse(format!("{} dimensions, at most 255", self.shape.len()));
        };
        let mut header = vec![0, 0, self.values.kind() as u8, dimensions];
        for &length in &self.shape {
            let Ok(length) = u32::try_from(length) else {
                return refuse(format!("a dimension of {length}, at most {}", u32::MAX));
            };
            header
                .write_u32::<BigEndian>(length)
                .expect("memory takes it");
        }
        if elements(&self.shape) != Some(self.values.len() as u64) {
            let shape = describe_shape(&self.shape);
            return refuse(format!(
                "{} values do not fill the shape {shape}",
                self.values.len()
            ));
        }
        Ok(header)
    }
}

/// Writes elements of `size` bytes, a few thousand at a time.
fn write<V>(
    mut out: impl Write,
    values: &[V],
    size: usize,
    encode: fn(&[V], &mut [u8]),
) -> std::io::Result<()> {
    let mut buffer = vec![0; size * values.len().min(4096)];
    for chunk in values.chunks(4096) {
        let bytes = &mut buffer[..size * chunk.len()];
        encode(chunk, bytes);
        out.write_all(bytes)?;
    }
    Ok(())
}

/// The number of elements of a shape; `None` if 64 bits cannot hold it.
pub(super) fn elements(shape: &[usize]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(1_u64, |product, &length| product.checked_mul(length as u64))
}

/// A shape for an error: its first dimensions.
pub fn describe_shape(shape: &[usize]) -> String {
    let mut text: Vec<String> = shape.iter().take(8).map(usize::to_string).collect();
    if shape.len() > 8 {
        text.push("...".to_owned());
    }
    format!("({})", text.join(", "))
}
