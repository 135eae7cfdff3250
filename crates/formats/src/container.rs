//! The conventions of the container of models and checkpoints, on which its reader and its writer agree.
//!
//! The checksum is the CRC-32 of all bytes of the file with the checksum's own eight hexadecimal
//! digits, after the first `"crc32":"`, taken as `0`.

pub(crate) const FORMAT: &str = "backprop";
pub(crate) const VERSION: &str = "1";
/// The metadata entry of a file that holds something other than a network.
pub(crate) const CONTENTS: &str = "contents";
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// The first bytes of a checkpoint before checkpoints were safetensors files.
pub(crate) const OLD_CHECKPOINT: &[u8] = b"BPCKPT";

/// The largest header in bytes. That of a network of a thousand layers has a tenth of it; reading
/// JSON takes some times its length of memory.
pub(crate) const MAX_HEADER: usize = 1 << 20;

/// The bytes before the digits of the checksum. Within a JSON string the quotes would be escaped.
pub(crate) const CRC_KEY: &[u8] = b"\"crc32\":\"";
pub(crate) const DIGITS: usize = 8;

/// Where the digits of the checksum are.
pub(crate) fn crc_offset(head: &[u8]) -> Option<usize> {
    let at = head.windows(CRC_KEY.len()).position(|w| w == CRC_KEY)? + CRC_KEY.len();
    (at + DIGITS <= head.len()).then_some(at)
}

pub(crate) fn checksum(bytes: &[u8], at: usize) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..at]);
    hasher.update(&[b'0'; DIGITS]);
    hasher.update(&bytes[at + DIGITS..]);
    format!("{:08x}", hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_has_all_its_digits_in_the_header() {
        assert_eq!(crc_offset(b"{\"crc32\":\"01234567\"}"), Some(10));
        assert_eq!(crc_offset(b"{\"crc32\":\"01234567"), Some(10));
        assert_eq!(crc_offset(b"{\"crc32\":\"0123456"), None);
        assert_eq!(crc_offset(b"{\"crc\":\"01234567\"}"), None);
    }
}
