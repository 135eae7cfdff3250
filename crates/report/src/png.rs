//! PNG files with a palette, uncompressed, as data addresses.

/// Red, green, blue, opacity.
pub(crate) type Rgba = [u8; 4];

/// A picture of palette indices, row after row, as a `data:` address.
///
/// There must be `width * height` indices, each within the palette of at most 256 colours.
pub(crate) fn data_uri(width: usize, height: usize, indices: &[u8], palette: &[Rgba]) -> String {
    let mut text = String::from("data:image/png;base64,");
    base64(&encode(width, height, indices, palette), &mut text);
    text
}

fn encode(width: usize, height: usize, indices: &[u8], palette: &[Rgba]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // 8 bits, palette, deflate, no filter method of its own, not interlaced.
    header.extend([8, 3, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &header);
    let colours: Vec<u8> = palette.iter().flat_map(|c| [c[0], c[1], c[2]]).collect();
    chunk(&mut file, b"PLTE", &colours);
    let opacities: Vec<u8> = palette.iter().map(|c| c[3]).collect();
    chunk(&mut file, b"tRNS", &opacities);
    // Each row begins with its filter: none.
    let mut rows = Vec::with_capacity((width + 1) * height);
    for row in indices.chunks_exact(width.max(1)) {
        rows.push(0);
        rows.extend(row);
    }
    chunk(&mut file, b"IDAT", &zlib(&rows));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let sum = crc32fast::hash(&file[start..]);
    file.extend(sum.to_be_bytes());
}

/// RFC 1950 and 1951: stored blocks and their Adler-32 sum.
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = data.chunks(65_535);
    let last = blocks.len().saturating_sub(1);
    for (k, block) in blocks.enumerate() {
        out.push(u8::from(k == last));
        let length = block.len() as u16;
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    if data.is_empty() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in data {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn base64(bytes: &[u8], text: &mut String) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for three in bytes.chunks(3) {
        let byte = |k: usize| u32::from(three.get(k).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for k in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * k)) as usize & 63];
            text.push(if k <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let of = |text: &str| {
            let mut out = String::new();
            base64(text.as_bytes(), &mut out);
            out
        };
        assert_eq!(
            [of(""), of("f"), of("fo"), of("foo"), of("foob")],
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
    }

    #[test]
    fn sums_are_those_of_the_standards() {
        // Adler-32 of "Wikipedia" is 0x11e60398.
        assert_eq!(zlib(b"Wikipedia")[16..], [0x11, 0xe6, 0x03, 0x98]);
        // The end of every PNG.
        let file = encode(1, 1, &[0], &[[0, 0, 0, 0]]);
        assert_eq!(file[file.len() - 12..], *b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
