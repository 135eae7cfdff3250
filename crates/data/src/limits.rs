/// How much a file may ask for: set by the caller, checked before memory is taken.
///
/// ```
/// use backprop_data::Limits;
///
/// assert_eq!(Limits::default().max_bytes, 1 << 30);
/// let small = Limits { max_bytes: 1_000_000 };
/// assert!(small.max_bytes < Limits::default().max_bytes);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that the unpacked contents may have. Reading holds no more than this at a
    /// time, apart from fixed buffers and, for compressed files, the moment in which a buffer
    /// moves to a larger one.
    pub max_bytes: u64,
}

impl Default for Limits {
    /// 1 GiB.
    fn default() -> Self {
        Limits { max_bytes: 1 << 30 }
    }
}

/// Reads a whole file of at most `limits`; gives its name for errors, too.
pub(crate) fn read_all(
    path: &std::path::Path,
    limits: Limits,
) -> Result<(String, Vec<u8>), crate::DataError> {
    use std::io::Read;

    let file = path.display().to_string();
    let limit = limits.max_bytes;
    let (contents, size) = crate::idx::open(path)?;
    let mut bytes = Vec::new();
    if size.is_none_or(|size| size <= limit) {
        bytes.reserve_exact(size.unwrap_or(0) as usize);
        let read = contents
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes);
        read.map_err(|source| crate::DataError::Io {
            file: file.clone(),
            action: "read",
            source,
        })?;
    }
    let needed = size.unwrap_or(0).max(bytes.len() as u64);
    if needed > limit {
        return Err(crate::DataError::TooLarge {
            file,
            needed,
            limit,
        });
    }
    Ok((file, bytes))
}
