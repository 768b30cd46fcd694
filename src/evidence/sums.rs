//! `SHA256SUMS`: every file of a bundle, its SHA-256 and its path, as `sha256sum -c` reads it.
//!
//! There is one way of writing it: sorted by the path's bytes, small hex digits, two spaces, LF. Whatever is written otherwise
//! is refused, so that no two lists mean the same.

use std::collections::BTreeMap;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::layout::{PathFault, SEALS, check_path};

/// The SHA-256 of some bytes.
pub type Hash = [u8; 32];

/// path -> SHA-256.
pub type Sums = BTreeMap<String, Hash>;

/// Why a list of sums is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SumsError {
    #[error("line {0} is not `HEX  PATH`")]
    Line(usize),
    #[error("line {line} names the path `{path}`: {fault}")]
    Path { line: usize, path: String, fault: PathFault },
    #[error("line {line} names `{path}`, which vouches for the list and cannot stand in it")]
    Seal { line: usize, path: String },
    #[error("line {line} names `{path}` twice")]
    Duplicate { line: usize, path: String },
    #[error("line {0} is not in its place: the paths are to be sorted")]
    Order(usize),
    #[error("it does not end with a line feed")]
    End,
    #[error("it is empty")]
    Empty,
}

/// The SHA-256 of these bytes.
pub fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Small hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The bytes of small hex digits.
pub fn unhex(text: &str) -> Option<Hash> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let text: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? * 16 + digit(pair[1])?;
    }
    Some(out)
}

/// The SHA-256 of everything that the reader gives, with its length; each block goes to `also` too.
///
/// # Errors
/// The reader's, those of `also`, and more bytes than `limit`.
pub fn stream(
    mut from: impl Read,
    limit: u64,
    buffer: &mut [u8],
    mut also: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(Hash, u64)> {
    let mut hasher = Sha256::new();
    let mut length = 0_u64;
    loop {
        let n = match from.read(buffer) {
            Ok(0) => return Ok((hasher.finalize().into(), length)),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        length += n as u64;
        if length > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes")));
        }
        hasher.update(&buffer[..n]);
        also(&buffer[..n])?;
    }
}

/// The bytes of `SHA256SUMS`.
pub fn write(sums: &Sums) -> Vec<u8> {
    sums.iter().map(|(path, sum)| format!("{}  {path}\n", hex(sum))).collect::<String>().into_bytes()
}

/// Reads `SHA256SUMS`.
///
/// # Errors
/// Anything that [`write`] would not have written, with its line.
pub fn parse(bytes: &[u8]) -> Result<Sums, SumsError> {
    if bytes.is_empty() {
        return Err(SumsError::Empty);
    }
    let body = bytes.strip_suffix(b"\n").ok_or(SumsError::End)?;
    let mut sums = Sums::new();
    for (i, line) in body.split(|b| *b == b'\n').enumerate() {
        let n = i + 1;
        let line = std::str::from_utf8(line).map_err(|_| SumsError::Line(n))?;
        let (sum, path) = line.split_once("  ").ok_or(SumsError::Line(n))?;
        let sum = unhex(sum).ok_or(SumsError::Line(n))?;
        let path = path.to_string();
        if let Err(fault) = check_path(&path) {
            return Err(SumsError::Path { line: n, path, fault });
        }
        if SEALS.contains(&path.as_str()) {
            return Err(SumsError::Seal { line: n, path });
        }
        if sums.contains_key(&path) {
            return Err(SumsError::Duplicate { line: n, path });
        }
        if sums.last_key_value().is_some_and(|(last, _)| *last > path) {
            return Err(SumsError::Order(n));
        }
        sums.insert(path, sum);
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_way_of_writing_is_read() {
        let sum = hex(&hash(b""));
        let good = format!("{sum}  a\n{sum}  b c/d  e\n");
        assert_eq!(write(&parse(good.as_bytes()).expect("sums")), good.as_bytes());
        let cases = [
            (String::new(), SumsError::Empty),
            (format!("{sum}  a"), SumsError::End),
            (format!("{sum} *a\n"), SumsError::Line(1)),
            (format!("{}  a\n", sum.to_uppercase()), SumsError::Line(1)),
            (format!("{sum}  a\r\n"), SumsError::Path { line: 1, path: "a\r".into(), fault: PathFault::Characters }),
            (format!("{sum}  a\n\n"), SumsError::Line(2)),
            (format!("{sum}  b\n{sum}  a\n"), SumsError::Order(2)),
            (format!("{sum}  a\n{sum}  a\n"), SumsError::Duplicate { line: 2, path: "a".into() }),
            (format!("{sum}  ../a\n"), SumsError::Path { line: 1, path: "../a".into(), fault: PathFault::Steps }),
            (format!("{sum}  SHA256SUMS.sig\n"), SumsError::Seal { line: 1, path: "SHA256SUMS.sig".into() }),
            (format!("#{}  a\n", &sum[1..]), SumsError::Line(1)),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text.as_bytes()), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(sums) = parse(&bytes) {
                prop_assert_eq!(write(&sums), bytes);
            }
        }

        #[test]
        fn what_is_written_is_read_back(paths in proptest::collection::btree_set("[a-z]{1,8}(/[a-z .]{1,8}x)?", 1..20)) {
            let sums: Sums = paths.into_iter().map(|p| { let h = hash(p.as_bytes()); (p, h) }).collect();
            prop_assert_eq!(parse(&write(&sums)), Ok(sums));
        }

        #[test]
        fn a_changed_line_is_refused_or_another_list(at in 0_usize..200, to in any::<u8>()) {
            let sums: Sums = ["a", "b/c", "d"].into_iter().map(|p| (p.to_string(), hash(p.as_bytes()))).collect();
            let mut bytes = write(&sums);
            let at = at % bytes.len();
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            prop_assert_ne!(parse(&bytes), Ok(sums));
        }
    }
}
