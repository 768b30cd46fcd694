//! The bytes of a file as text: UTF-8 with or without a byte order mark, and UTF-16.

use std::borrow::Cow;

use super::TemplateError;

/// Bytes of a file that are read at most. CloudFormation takes templates of up to 1 MiB.
pub(super) const LARGEST: usize = 16 << 20;

/// # Errors
/// A file that is too large, or no text.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, TemplateError> {
    if bytes.len() > LARGEST {
        return Err(TemplateError::whole(format!("it has more than {} MiB", LARGEST >> 20))
            .hint("split it: CloudFormation itself takes no template of more than 1 MiB"));
    }
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // Without a mark, the first character of a template is of ASCII, and one of its two bytes is zero.
        [0, first, ..] if *first != 0 => utf16(bytes, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, TemplateError> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let (line, column) = place(&bytes[..error.valid_up_to()]);
        TemplateError::at(line, column, "this is no UTF-8").hint("save the file as UTF-8")
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, TemplateError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
        _ => Err(TemplateError::whole("it looks like UTF-16, and is not").hint("save the file as UTF-8")),
    }
}

/// Line and column, counted from 1, of what comes after these bytes.
fn place(before: &[u8]) -> (u32, u32) {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let column = String::from_utf8_lossy(last).chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_sixteen_bits_are_read() {
        let units: Vec<u16> = "Résources: {}".encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|u| u.to_be_bytes()).collect();
        let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        for bytes in [
            marked(&[0xEF, 0xBB, 0xBF], "Résources: {}".as_bytes()),
            marked(&[0xFF, 0xFE], &little),
            marked(&[0xFE, 0xFF], &big),
            little.clone(),
            big.clone(),
        ] {
            assert_eq!(decode(&bytes).ok().as_deref(), Some("Résources: {}"));
        }
    }

    #[test]
    fn what_is_no_text_has_a_place() {
        let error = decode(b"a: 1\nb: \xFF").expect_err("no text");
        assert_eq!((error.line, error.column), (2, 4));
        assert!(decode(&[0xFF, 0xFE, 0x00]).is_err());
    }
}
