//! The one tag of Exif data that matters here: how the camera was held.

use byteorder::{BigEndian, ByteOrder, LittleEndian};

use crate::image::Orientation;

const ORIENTATION: u16 = 0x0112;
/// The type of numbers of 16 bits.
const SHORT: u16 = 3;
/// Bytes of an entry: a tag, a type, a count, and the value where it fits.
const ENTRY: usize = 12;

/// The orientation in Exif data, a TIFF header and a list of entries; upright where it has none, or is
/// damaged.
pub(super) fn orientation(exif: &[u8]) -> Orientation {
    let found = match exif.get(..4) {
        Some(b"II\x2a\0") => number::<LittleEndian>(exif),
        Some(b"MM\0\x2a") => number::<BigEndian>(exif),
        _ => None,
    };
    found.map_or(Orientation::Upright, Orientation::of_number)
}

fn number<B: ByteOrder>(exif: &[u8]) -> Option<u16> {
    let start = usize::try_from(B::read_u32(exif.get(4..8)?)).ok()?;
    let list = exif.get(start..)?;
    let count = usize::from(B::read_u16(list.get(..2)?));
    let entries = list[2..].chunks_exact(ENTRY).take(count);
    let mut entries = entries.filter(|entry| {
        B::read_u16(entry) == ORIENTATION
            && B::read_u16(&entry[2..]) == SHORT
            && B::read_u32(&entry[4..]) == 1
    });
    entries.next().map(|entry| B::read_u16(&entry[8..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exif data of these entries, each a tag, a type and a number.
    fn exif<B: ByteOrder>(magic: &[u8; 4], start: u32, entries: &[(u16, u16, u16)]) -> Vec<u8> {
        let mut bytes = magic.to_vec();
        bytes.resize(start as usize + 2 + ENTRY * entries.len(), 0);
        B::write_u32(&mut bytes[4..], start);
        let list = &mut bytes[start as usize..];
        B::write_u16(list, entries.len() as u16);
        for (entry, &(tag, kind, value)) in list[2..].chunks_exact_mut(ENTRY).zip(entries) {
            B::write_u16(entry, tag);
            B::write_u16(&mut entry[2..], kind);
            B::write_u32(&mut entry[4..], 1);
            B::write_u16(&mut entry[8..], value);
        }
        bytes
    }

    #[test]
    fn the_tag_is_found_in_either_byte_order() {
        let entries = [(0x010f, 2, 9), (ORIENTATION, 3, 6), (ORIENTATION, 3, 2)];
        for (bytes, expected) in [
            (exif::<BigEndian>(b"MM\0\x2a", 8, &entries), 6),
            (exif::<LittleEndian>(b"II\x2a\0", 20, &entries), 6),
            (exif::<LittleEndian>(b"MM\0\x2a", 8, &entries), 1),
            (exif::<BigEndian>(b"MM\0\x2a", 8, &entries[..1]), 1),
            (exif::<BigEndian>(b"MM\0\x2a", 8, &[(ORIENTATION, 4, 6)]), 1),
            (exif::<BigEndian>(b"MM\0\x2b", 8, &entries), 1),
        ] {
            assert_eq!(orientation(&bytes) as u16, expected, "{bytes:02x?}");
        }
        let whole = exif::<BigEndian>(b"MM\0\x2a", 8, &entries[1..2]);
        for length in 0..whole.len() {
            assert_eq!(
                orientation(&whole[..length]),
                Orientation::Upright,
                "{length}"
            );
        }
    }
}
