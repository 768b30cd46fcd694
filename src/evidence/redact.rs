//! Taking e-mail addresses out of answers before they are hashed. Knows text, not what it is of.

/// What stands where an address stood.
const REDACTED: &[u8] = b"[redacted]";

/// Takes every e-mail address out; how many there were. JSON stays JSON and XML stays XML. In bytes that are no text an
/// address becomes as many `x`, so that what counts bytes stays readable.
pub fn emails(bytes: &mut Vec<u8>) -> usize {
    let is_text = std::str::from_utf8(bytes).is_ok();
    let mut out = Vec::new();
    let mut done = 0;
    let mut count = 0;
    for at in 0..bytes.len() {
        // IAM writes policies as in a URL, where the sign is `%40`.
        let found = match &bytes[at..] {
            [b'@', ..] => address(bytes, at),
            [b'%', b'4', b'0', ..] => address_in_url(bytes, at),
            _ => None,
        };
        let Some((start, end)) = found.filter(|(start, _)| *start >= done) else { continue };
        out.extend_from_slice(&bytes[done..start]);
        match is_text {
            true => out.extend_from_slice(REDACTED),
            false => out.resize(out.len() + end - start, b'x'),
        }
        done = end;
        count += 1;
    }
    if count > 0 {
        out.extend_from_slice(&bytes[done..]);
        *bytes = out;
    }
    count
}

/// Where the address around this `@` begins and ends.
fn address(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let is_local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b) || *b >= 0x80;
    let is_domain = |b: &u8| b.is_ascii_alphanumeric() || b".-".contains(b) || *b >= 0x80;
    let mut start = at - bytes[..at].iter().rev().take_while(|b| is_local(b)).count();
    let backslashes = bytes[..start].iter().rev().take_while(|b| **b == b'\\').count();
    if !backslashes.is_multiple_of(2) {
        // `\n` or `\u00e9` of JSON, not a part of the address; a pair is a backslash by itself.
        start += if bytes[start..at].first() == Some(&b'u') { 5 } else { 1 };
    }
    let domain: &[u8] = &bytes[at + 1..];
    let domain = &domain[..domain.iter().take_while(|b| is_domain(b)).count()];
    let length = domain.len() - domain.iter().rev().take_while(|b| b".-".contains(b)).count();
    (start < at && domain[..length].contains(&b'.')).then_some((start, at + 1 + length))
}

/// As [`address`], where every other sign but a few stands as `%` with two digits.
fn address_in_url(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"._+-".contains(b);
    let mut start = at - bytes[..at].iter().rev().take_while(|b| is_part(b)).count();
    if start > 0 && bytes[start - 1] == b'%' {
        start += 2;
    }
    let domain = &bytes[at + 3..];
    let domain = &domain[..domain.iter().take_while(|b| b.is_ascii_alphanumeric() || b".-".contains(b)).count()];
    let length = domain.len() - domain.iter().rev().take_while(|b| b".-".contains(b)).count();
    (start < at && domain[..length].contains(&b'.')).then_some((start, at + 3 + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redacted(text: &str) -> (String, usize) {
        let mut bytes = text.as_bytes().to_vec();
        let count = emails(&mut bytes);
        (String::from_utf8(bytes).expect("text"), count)
    }

    #[test]
    fn addresses_are_taken_out_and_nothing_else() {
        for (text, expected, count) in [
            (r#"{"Email":"a.b+c@d.example","x":1}"#, r#"{"Email":"[redacted]","x":1}"#, 1),
            ("%22aws%3Auserid%22%3A%22AROA%3Ajane%40example.com%22%7D", "%22aws%3Auserid%22%3A%22AROA%3A[redacted]%22%7D", 1),
            ("%22jane.doe%40a.example%22 %40 %22%40x.y x%40y", "%22[redacted]%22 %40 %22%40x.y x%40y", 1),
            ("<E>o'x@y.example.</E>", "<E>o'[redacted].</E>", 1),
            (r#""line\njo@x.example""#, r#""line\n[redacted]""#, 1),
            (r#""\u00e9jo@x.example""#, r#""\u00e9[redacted]""#, 1),
            ("assumed-role/SSO/jo@x.example, arn:aws:s3:::b", "assumed-role/SSO/[redacted], arn:aws:s3:::b", 1),
            ("a@b.c@d.e, @x.y z@ z@w", "[redacted]@d.e, @x.y z@ z@w", 1),
            ("jö@bücher.example", "[redacted]", 1),
            ("nothing", "nothing", 0),
        ] {
            assert_eq!(redacted(text), (expected.to_string(), count));
        }
        let mut bytes = [&[0xff, 0x6d][..], b"jo@x.example", &[0x00]].concat();
        let length = bytes.len();
        assert_eq!((emails(&mut bytes), bytes.len()), (1, length));
    }

    proptest! {
        #[test]
        fn json_stays_json(texts in proptest::collection::vec("[a-z\\\\\n\u{e9}\"]{0,4}[a-z]@[a-z]{1,3}\\.[a-z]{2}", 1..4)) {
            let json = serde_json::to_string(&texts).expect("JSON");
            let (json, count) = redacted(&json);
            let read: Vec<String> = serde_json::from_str(&json).map_err(|e| TestCaseError::fail(format!("{json}: {e}")))?;
            prop_assert_eq!(read.len(), texts.len());
            prop_assert!(count > 0);
        }
    }
}
