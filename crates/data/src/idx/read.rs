use std::io::{self, Read};
use std::path::Path;

use byteorder::{BigEndian, ByteOrder};
use flate2::read::MultiGzDecoder;

use super::array::{Idx, Kind, Values, describe_shape, elements};
use crate::error::clause;
use crate::{DataError, Limits, limits};

/// Bytes that are read, or reserved before their contents are known, at a time.
const CHUNK: usize = 1 << 16;

const HINT_NOT_IDX: &str = "check that this is an IDX file";
const HINT_FETCH: &str = "fetch the file again";

/// Reads an IDX file, plain or compressed with gzip: its first bytes tell which.
///
/// # Errors
/// If the file cannot be read, is damaged, is not IDX, or is larger than `limits` allows.
pub fn read(path: impl AsRef<Path>, limits: Limits) -> Result<Idx, DataError> {
    let name = path.as_ref().display().to_string();
    let (file, size) = limits::open(path.as_ref())?;
    parse_sized(&name, file, size, limits)
}

/// Parses the bytes of an IDX file, plain or compressed with gzip; `name` is for errors.
///
/// # Errors
/// As [`read`].
pub fn parse(name: &str, bytes: impl Read, limits: Limits) -> Result<Idx, DataError> {
    parse_sized(name, bytes, None, limits)
}

fn parse_sized(
    name: &str,
    mut bytes: impl Read,
    size: Option<u64>,
    limits: Limits,
) -> Result<Idx, DataError> {
    let mut magic = [0; 2];
    let mut source = IdxReader {
        name: name.to_owned(),
        bytes: &mut bytes,
        gzip: false,
        offset: 0,
    };
    let length = source.read_full(&mut magic)?;
    let bytes = magic[..length].chain(bytes);
    if magic == [0x1f, 0x8b] {
        let mut bytes = MultiGzDecoder::new(bytes);
        IdxReader {
            name: name.to_owned(),
            bytes: &mut bytes,
            gzip: true,
            offset: 0,
        }
        .array(None, limits)
    } else {
        let mut bytes = bytes;
        IdxReader {
            name: name.to_owned(),
            bytes: &mut bytes,
            gzip: false,
            offset: 0,
        }
        .array(size, limits)
    }
}

/// The plain bytes of an IDX file, and how far they are read.
struct IdxReader<'a> {
    name: String,
    bytes: &'a mut dyn Read,
    gzip: bool,
    offset: u64,
}

impl IdxReader<'_> {
    /// Reads the whole array; `size` is that of the file, where it is known.
    fn array(&mut self, size: Option<u64>, limits: Limits) -> Result<Idx, DataError> {
        let mut start = [0; 4];
        match self.read_full(&mut start)? {
            0 => return Err(self.at(0, "an IDX header", "an empty file", HINT_NOT_IDX)),
            4 => {}
            _ => return Err(self.ends("an IDX header of at least 4 bytes")),
        }
        let [zero, zero_too, code, dimensions] = start;
        if [zero, zero_too] != [0, 0] {
            let found = format!("{zero:02x} {zero_too:02x}");
            return Err(self.at(
                0,
                "the bytes 00 00 that begin an IDX file",
                found,
                HINT_NOT_IDX,
            ));
        }
        let Some(kind) = Kind::from_code(code) else {
            let expected = "an element type (08, 09, 0b, 0c, 0d or 0e)";
            return Err(self.at(2, expected, format!("{code:02x}"), HINT_NOT_IDX));
        };

        let mut lengths = [0; 4 * 255];
        let lengths = &mut lengths[..4 * usize::from(dimensions)];
        if self.read_full(lengths)? < lengths.len() {
            return Err(self.ends(format!("the lengths of {dimensions} dimensions")));
        }
        let shape: Vec<usize> = lengths
            .chunks_exact(4)
            .map(|length| BigEndian::read_u32(length) as usize)
            .collect();

        let count = elements(&shape);
        let total = count
            .and_then(|count| count.checked_mul(kind.bytes()))
            .and_then(|payload| payload.checked_add(self.offset));
        let (Some(count), Some(total)) = (count, total) else {
            let expected = "dimensions whose product fits in 64 bits";
            return Err(self.at(4, expected, describe_shape(&shape), HINT_NOT_IDX));
        };
        self.check_size(&shape, kind, total, size, limits)?;
        let count = usize::try_from(count).expect("what is below the limit fits in memory");
        // A plain file has been seen to hold all this; unpacked bytes are believed when they come.
        let reserve_hint = if size.is_some() { count } else { 0 };

        let values = self.values(kind, count, reserve_hint)?;
        // Also makes the gzip decoder compare its checksum.
        if self.read_full(&mut [0])? > 0 {
            return Err(self.trailing(total, "more bytes".to_owned()));
        }
        Ok(Idx { shape, values })
    }

    /// Reads the elements of the array.
    fn values(&mut self, kind: Kind, count: usize, hint: usize) -> Result<Values, DataError> {
        Ok(match kind {
            Kind::U8 => {
                Values::U8(self.elements(count, hint, 1, |bytes, to| to.copy_from_slice(bytes))?)
            }
            Kind::I8 => Values::I8(self.elements(count, hint, 1, signed_bytes)?),
            Kind::I16 => Values::I16(self.elements(count, hint, 2, BigEndian::read_i16_into)?),
            Kind::I32 => Values::I32(self.elements(count, hint, 4, BigEndian::read_i32_into)?),
            Kind::F32 => Values::F32(self.elements(count, hint, 4, BigEndian::read_f32_into)?),
            Kind::F64 => Values::F64(self.elements(count, hint, 8, BigEndian::read_f64_into)?),
        })
    }

    /// Compares what the header claims with the limit and with the size of the file.
    fn check_size(
        &self,
        shape: &[usize],
        kind: Kind,
        total: u64,
        size: Option<u64>,
        limits: Limits,
    ) -> Result<(), DataError> {
        if let Some(size) = size.filter(|size| *size < total) {
            let (shape, kind) = (describe_shape(shape), kind.name());
            let expected = format!("{total} bytes for {kind} elements of shape {shape}");
            return Err(self.at(
                size,
                expected,
                format!("a file of {size} bytes"),
                HINT_FETCH,
            ));
        }
        if total > limits.max_bytes || usize::try_from(total).is_err() {
            return Err(DataError::TooLarge {
                file: self.name.clone(),
                needed: total,
                limit: limits.max_bytes,
            });
        }
        match size {
            Some(size) if size > total => Err(self.trailing(total, format!("{size} bytes"))),
            _ => Ok(()),
        }
    }

    /// Reads `count` elements of `size` bytes; memory for `reserve_hint` of them is reserved at once, the rest as they come.
    fn elements<V: Clone + Default>(
        &mut self,
        count: usize,
        reserve_hint: usize,
        size: usize,
        decode: fn(&[u8], &mut [V]),
    ) -> Result<Vec<V>, DataError> {
        let mut values = Vec::new();
        self.reserve(&mut values, reserve_hint)?;
        let mut chunk = vec![0; CHUNK.min(count * size)];
        while values.len() < count {
            let step = (count - values.len()).min(CHUNK / size);
            let bytes = &mut chunk[..step * size];
            if self.read_full(bytes)? < bytes.len() {
                return Err(self.ends(format!("{count} elements of {size} bytes")));
            }
            if values.len() == values.capacity() {
                // Doubled: at most as much again as has come, and never more than will come.
                let more = values.len().max(step).min(count - values.len());
                self.reserve(&mut values, more)?;
            }
            let start = values.len();
            values.resize(start + step, V::default());
            decode(&chunk[..step * size], &mut values[start..]);
        }
        Ok(values)
    }

    fn reserve<V>(&self, values: &mut Vec<V>, more: usize) -> Result<(), DataError> {
        limits::reserve(values, more).map_err(|source| DataError::Io {
            file: self.name.clone(),
            action: "read",
            source,
        })
    }

    /// Reads until `buffer` is full or the contents end; gives the number of bytes read.
    fn read_full(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        let read = limits::fill(self.bytes, buffer, &mut filled);
        self.offset += filled as u64;
        read.map_err(|error| self.failed(error))?;
        Ok(filled)
    }

    fn failed(&self, source: io::Error) -> DataError {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match source.kind() {
            InvalidData | InvalidInput | UnexpectedEof if self.gzip => DataError::Gzip {
                file: self.name.clone(),
                offset: self.offset,
                reason: clause(&source.to_string()),
            },
            _ => DataError::Io {
                file: self.name.clone(),
                action: "read",
                source,
            },
        }
    }

    fn ends(&self, expected: impl Into<String>) -> DataError {
        self.at(self.offset, expected, "the end of the file", HINT_FETCH)
    }

    fn trailing(&self, total: u64, found: String) -> DataError {
        let expected = format!("the end of the file, after {total} bytes");
        self.at(
            total,
            expected,
            found,
            "cut the rest off or fetch the file again",
        )
    }

    fn at(
        &self,
        offset: u64,
        expected: impl Into<String>,
        found: impl Into<String>,
        advice: &'static str,
    ) -> DataError {
        let unpacked = if self.gzip { " (decompressed)" } else { "" };
        DataError::Malformed {
            file: format!("{}{unpacked}", self.name),
            offset,
            expected: expected.into(),
            found: found.into(),
            advice,
        }
    }
}

/// Copies bytes as signed elements.
fn signed_bytes(bytes: &[u8], to: &mut [i8]) {
    for (to, &byte) in to.iter_mut().zip(bytes) {
        *to = byte.cast_signed();
    }
}
