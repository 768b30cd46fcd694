//! RFC 3161: asking a timestamping authority about a hash, and reading what it answered.
//!
//! What is read is the hash and the time. Whether the authority is one, that is whether its certificate and signature are
//! good, is for `openssl ts -verify` with the authority's certificate: nothing here vouches for it.

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::der::{CONTEXT_0, INTEGER, OCTETS, OID, Reader, SEQUENCE, TIME, value};
use super::sums::Hash;

/// `2.16.840.1.101.3.4.2.1`.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// `1.2.840.113549.1.7.2`.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// `1.2.840.113549.1.9.16.1.4`.
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

/// Why an answer is no timestamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    #[error("it is not what a timestamping authority answers")]
    Form,
    #[error("the authority refused: {0}")]
    Refused(String),
    #[error("it is about something hashed otherwise than by SHA-256")]
    Algorithm,
    #[error("its time cannot be read")]
    Time,
}

/// What an authority stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The SHA-256 that it is about.
    pub imprint: Hash,
    /// When the authority saw it.
    pub time: Timestamp,
    /// The nonce of the question; absent where it had none. Without leading zeros.
    pub nonce: Option<Vec<u8>>,
}

/// The question about a hash: a TimeStampReq that asks for the authority's certificate too.
pub fn request(digest: &Hash, nonce: u64) -> Vec<u8> {
    let algorithm = value(SEQUENCE, &[value(OID, SHA256), vec![0x05, 0x00]].concat());
    let imprint = value(SEQUENCE, &[algorithm, value(OCTETS, digest)].concat());
    let whole = [
        value(INTEGER, &[1]),
        imprint,
        value(INTEGER, &integer(nonce)),
        // certReq TRUE
        vec![0x01, 0x01, 0xff],
    ];
    value(SEQUENCE, &whole.concat())
}

/// A number as the content of an INTEGER: as short as can be, and not negative.
fn integer(n: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
    if bytes.first().is_none_or(|b| *b > 0x7f) {
        bytes.insert(0, 0);
    }
    bytes
}

impl Statement {
    /// Reads an authority's whole answer, a TimeStampResp.
    ///
    /// # Errors
    /// A refusal, and anything that is no such answer.
    pub fn read(answer: &[u8]) -> Result<Self, TimestampError> {
        let mut outer = Reader::new(answer);
        let mut response = outer.enter(SEQUENCE).filter(|_| outer.is_empty()).ok_or(TimestampError::Form)?;
        let mut status = response.enter(SEQUENCE).ok_or(TimestampError::Form)?;
        match status.take(INTEGER).ok_or(TimestampError::Form)? {
            // Granted, or granted with changes.
            [0 | 1] => {}
            code => return Err(TimestampError::Refused(refusal(code, status))),
        }
        Self::granted(response).ok_or(TimestampError::Form)?
    }

    fn granted(mut response: Reader<'_>) -> Option<Result<Self, TimestampError>> {
        let mut content = response.enter(SEQUENCE)?;
        if content.take(OID)? != SIGNED_DATA || !response.is_empty() {
            return None;
        }
        let mut signed = content.enter(CONTEXT_0)?.enter(SEQUENCE)?;
        signed.take(INTEGER)?;
        // The algorithms that the signatures hash by.
        signed.take(0x31)?;
        let mut encapsulated = signed.enter(SEQUENCE)?;
        if encapsulated.take(OID)? != TST_INFO {
            return None;
        }
        let mut info = Reader::new(encapsulated.enter(CONTEXT_0)?.take(OCTETS)?).enter(SEQUENCE)?;
        info.take(INTEGER)?;
        info.take(OID)?;
        let mut imprint = info.enter(SEQUENCE)?;
        if imprint.enter(SEQUENCE)?.take(OID)? != SHA256 {
            return Some(Err(TimestampError::Algorithm));
        }
        let imprint: Hash = imprint.take(OCTETS)?.try_into().ok()?;
        info.take(INTEGER)?;
        let Some(time) = time(info.take(TIME)?) else { return Some(Err(TimestampError::Time)) };
        // Accuracy and ordering may stand before the nonce.
        info.take(SEQUENCE);
        info.take(0x01);
        let nonce = info.take(INTEGER).map(|n| n.iter().copied().skip_while(|b| *b == 0).collect());
        Some(Ok(Statement { imprint, time, nonce }))
    }

    /// Whether this answers the question with that nonce.
    pub fn answers(&self, digest: &Hash, nonce: u64) -> bool {
        let asked: Vec<u8> = nonce.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
        self.imprint == *digest && self.nonce.as_ref() == Some(&asked)
    }
}

/// `20261101120000Z`, with or without a fraction of a second.
fn time(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let n = |range: std::ops::Range<usize>| whole[range].parse::<i8>().ok();
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    let year = whole[..4].parse().ok()?;
    let civil = DateTime::new(year, n(4..6)?, n(6..8)?, n(8..10)?, n(10..12)?, n(12..14)?, nanoseconds).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// The status in words, with the authority's own.
fn refusal(code: &[u8], mut rest: Reader<'_>) -> String {
    let meaning = match code {
        [2] => "rejection",
        [3] => "waiting",
        [4] => "a revocation is about to come",
        [5] => "a revocation has come",
        _ => "an unknown status",
    };
    let own = rest.enter(SEQUENCE).and_then(|mut texts| texts.next()).map(|(_, text)| String::from_utf8_lossy(text).into_owned());
    own.map_or_else(|| meaning.to_string(), |own| format!("{meaning}, `{}`", own.chars().take(200).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_read() {
        let read = |t: &str| time(t.as_bytes()).map(|t| t.to_string());
        assert_eq!(read("20261101120003Z").as_deref(), Some("2026-11-01T12:00:03Z"));
        assert_eq!(read("20261101120003.25Z").as_deref(), Some("2026-11-01T12:00:03.25Z"));
        for bad in ["20261101120003", "20261301120003Z", "2026110112000Z", "20261101120003.Z", "+0261101120003Z", ""] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_of_every_size_are_written_and_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let bytes = vec![7; length];
            let der = value(OCTETS, &bytes);
            let mut reader = Reader::new(&der);
            assert_eq!(reader.take(OCTETS), Some(&bytes[..]), "{length}");
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn a_nonce_is_never_negative() {
        assert_eq!(integer(0), [0]);
        assert_eq!(integer(0x80), [0, 0x80]);
        assert_eq!(integer(0x7fff), [0x7f, 0xff]);
    }

    #[test]
    fn a_refusal_is_said() {
        let text = value(0x0c, "no such policy".as_bytes());
        let status = value(SEQUENCE, &[value(INTEGER, &[2]), value(SEQUENCE, &text)].concat());
        let error = Statement::read(&value(SEQUENCE, &status)).expect_err("refused");
        assert_eq!(error.to_string(), "the authority refused: rejection, `no such policy`");
    }

    proptest! {
        #[test]
        fn foreign_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Statement::read(&bytes);
            let _ = Statement::read(&value(SEQUENCE, &[value(SEQUENCE, &value(INTEGER, &[0])), bytes].concat()));
        }
    }
}
