use super::*;

/// A file that gives its bytes in pieces, and fails at a place of its own.
struct Pieces<'a> {
    bytes: &'a [u8],
    /// Interrupted before every piece, as a system call may be.
    is_interrupted: bool,
    /// The error at the end of the bytes.
    error: Option<ErrorKind>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        if let (true, Some(kind)) = (self.bytes.is_empty(), self.error) {
            return Err(kind.into());
        }
        let count = buffer.len().min(self.bytes.len()).min(1000);
        let (piece, rest) = self.bytes.split_at(count);
        buffer[..count].copy_from_slice(piece);
        self.bytes = rest;
        Ok(count)
    }
}

#[test]
fn all_bytes_are_read_whatever_length_the_system_says() {
    let bytes: Vec<u8> = (0..30_000_u32).map(|i| (i % 251) as u8).collect();
    let read = |count: usize, length: u64, limit: u64, error| {
        let bytes = &bytes[..count];
        let mut pieces = Pieces {
            bytes,
            is_interrupted: false,
            error,
        };
        read_all(&mut pieces, length, limit).map(|found| found.map(|found| found == bytes))
    };
    for count in [0, 1, 8191, 8192, 8193, 16_384, 16_386, 30_000] {
        // A pipe says 0; a file may be cut or written to after its length was asked for.
        for length in [0, 1, count as u64 / 2, count as u64, count as u64 + 7] {
            let limit = (count as u64).max(length);
            assert_eq!(
                read(count, length, limit, None).unwrap(),
                Some(true),
                "{count} {length}"
            );
            assert_eq!(read(count, length, limit + 1, None).unwrap(), Some(true));
        }
        for length in [0, count as u64 / 2].into_iter().filter(|_| count > 0) {
            assert_eq!(read(count, length, count as u64 - 1, None).unwrap(), None);
        }
        let error = read(count, 0, 40_000, Some(ErrorKind::BrokenPipe)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_buffer_grows_by_no_more_than_it_needs() {
    let mut bytes = vec![1; 100];
    bytes.shrink_to_fit();
    grow(&mut bytes, 150).unwrap();
    assert_eq!(bytes[..100], [1; 100]);
    assert_eq!(bytes[100..], [0; 50]);
    assert!(bytes.capacity() < 200, "{}", bytes.capacity());
    let error = grow(&mut bytes, usize::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory);
}
