//! As much of DER as a timestamp needs: values with a tag and a length, one after the other. Knows no grammar.

/// SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
/// GeneralizedTime.
pub(super) const TIME: u8 = 0x18;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// Values, read one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    /// The next value: its tag and its content.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, length, rest @ ..] = self.0 else { return None };
        let (length, rest) = match length {
            0..=0x7f => (usize::from(*length), rest),
            // The length in one to four bytes of its own.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                let length = bytes.iter().fold(0_u64, |sum, b| sum << 8 | u64::from(*b));
                (usize::try_from(length).ok()?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The content of the next value, where it has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let content = ahead.next().filter(|(t, _)| *t == tag)?.1;
        *self = ahead;
        Some(content)
    }

    /// The next value, to be read in turn.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.take(tag).map(Reader)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A value with its tag and length.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length @ 0..=0x7f) => out.push(length),
        _ => {
            let bytes = content.len().to_be_bytes();
            let bytes = &bytes[bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len() - 1)..];
            out.push(0x80 | u8::try_from(bytes.len()).unwrap_or(8));
            out.extend_from_slice(bytes);
        }
    }
    out.extend_from_slice(content);
    out
}
