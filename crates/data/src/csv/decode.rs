//! Tables in other encodings than UTF-8.

use encoding_rs::Encoding;

use super::rows::{shorten, table_error};
use crate::DataError;

/// The bytes of a table as UTF-8. Without a name for their encoding they are UTF-16 after its
/// byte-order mark, or else UTF-8 already, which the reader of rows checks.
pub(super) fn to_utf8(
    file: &str,
    bytes: Vec<u8>,
    encoding: Option<&str>,
) -> Result<Vec<u8>, DataError> {
    let encoding = match encoding {
        Some(label) => Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            let expected = "an encoding such as utf-8, latin1, windows-1252 or utf-16le";
            table_error(file, 1, expected, format!("\"{}\"", shorten(label)))
        })?,
        None => match Encoding::for_bom(&bytes) {
            Some((encoding, _)) if encoding != encoding_rs::UTF_8 => encoding,
            _ => return Ok(bytes),
        },
    };
    if encoding == encoding_rs::UTF_8 {
        return Ok(bytes);
    }
    let (text, encoding, is_damaged) = encoding.decode(&bytes);
    if is_damaged {
        let before = text.split('\u{fffd}').next().unwrap_or_default();
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let expected = format!("text in {}", encoding.name());
        return Err(table_error(file, line, expected, "other bytes"));
    }
    Ok(text.into_owned().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], encoding: Option<&str>) -> Result<String, String> {
        let bytes = to_utf8("t.csv", bytes.to_vec(), encoding).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn text_in_other_encodings_becomes_utf8() {
        assert_eq!(decoded(b"Z\xfcrich", Some("latin1")).unwrap(), "Zürich");
        assert_eq!(decoded(b"5 \x80", Some("windows-1252")).unwrap(), "5 €");
        assert_eq!(decoded("é".as_bytes(), Some("utf-8")).unwrap(), "é");
        assert_eq!(decoded(b"\xff\xfea\0,\0b\0", None).unwrap(), "a,b");
        assert_eq!(decoded(b"\xfe\xff\0a", None).unwrap(), "a");
        assert_eq!(decoded(b"a\0", Some("utf-16le")).unwrap(), "a");
    }

    #[test]
    fn damage_and_unknown_names_are_told() {
        let error = decoded(b"a\n\x81\xff", Some("shift_jis")).unwrap_err();
        assert_eq!(
            error,
            "t.csv, line 2: expected text in Shift_JIS, found other bytes"
        );
        let error = decoded(b"a", Some("klingon")).unwrap_err();
        let expected = "expected an encoding such as utf-8, latin1, windows-1252 or utf-16le";
        assert!(
            error.contains(expected) && error.ends_with("found \"klingon\""),
            "{error}"
        );
    }
}
