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
