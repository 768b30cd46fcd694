//! CBOR bodies, for people and for editors: as JSON, and with their text changed. Knows nothing of who sent them.
//!
//! Source: RFC 8949, as far as Smithy's RPC v2 protocol uses it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use minicbor::data::{Token, Type};
use minicbor::decode::{Error, Tokenizer};
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Number, Value};

/// How deep a body may be nested.
const DEPTH: usize = 64;
/// The tag of a time in seconds since 1970.
const TIME: u64 = 1;

/// The body as JSON: times as text, bytes as Base64. None where it is no CBOR, or not to its end.
pub(super) fn to_json(bytes: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new(bytes);
    let value = value(&mut decoder, DEPTH).ok()?;
    (decoder.position() == bytes.len()).then_some(value)
}

fn value(from: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| Error::message("nested too deep"))?;
    Ok(match from.datatype()? {
        Type::Bool => from.bool()?.into(),
        Type::Null => from.null().map(|()| Value::Null)?,
        Type::Undefined => from.undefined().map(|()| Value::Null)?,
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => from.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => from.i64()?.into(),
        Type::F16 | Type::F32 | Type::F64 => {
            let number = from.f64()?;
            Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
        }
        Type::String => from.str()?.into(),
        Type::StringIndef => from.str_iter()?.collect::<Result<String, _>>()?.into(),
        Type::Bytes => STANDARD.encode(from.bytes()?).into(),
        Type::BytesIndef => STANDARD.encode(from.bytes_iter()?.collect::<Result<Vec<_>, _>>()?.concat()).into(),
        Type::Tag => {
            let tag = from.tag()?.as_u64();
            let tagged = value(from, depth)?;
            let time = tagged.as_f64().filter(|_| tag == TIME).and_then(|seconds| Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok());
            time.map_or(tagged, |time| time.to_string().into())
        }
        Type::Array | Type::ArrayIndef => {
            let mut left = from.array()?;
            let mut items = Vec::new();
            while goes_on(from, &mut left)? {
                items.push(value(from, depth)?);
            }
            items.into()
        }
        Type::Map | Type::MapIndef => {
            let mut left = from.map()?;
            let mut members = Map::new();
            while goes_on(from, &mut left)? {
                let name = from.str()?.to_string();
                members.insert(name, value(from, depth)?);
            }
            members.into()
        }
        other => return Err(Error::type_mismatch(other)),
    })
}

/// Whether another item follows; where no length was given, a break ends them.
fn goes_on(from: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, Error> {
    match left {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None if from.datatype()? == Type::Break => from.skip().map(|()| false),
        None => Ok(true),
    }
}

/// The body with each text in it edited, and what the edits count together. None where it is no CBOR.
pub(super) fn edited(bytes: &[u8], edit: impl Fn(&mut Vec<u8>) -> usize) -> Option<(Vec<u8>, usize)> {
    to_json(bytes)?;
    let mut into = Encoder::new(Vec::with_capacity(bytes.len()));
    let mut count = 0;
    for token in Tokenizer::new(bytes) {
        match token.ok()? {
            Token::String(text) => {
                let mut text = text.as_bytes().to_vec();
                count += edit(&mut text);
                into.str(&String::from_utf8_lossy(&text)).ok()?;
            }
            other => {
                into.encode(other).ok()?;
            }
        }
    }
    Some((into.into_writer(), count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    }

    #[test]
    fn what_smithy_writes_is_read() {
        for (hex, expected) in [
            ("a0", json!({})),
            ("a161618301203903e7", json!({"a": [1, -1, -1000]})),
            ("bf61619f0203ffff", json!({"a": [2, 3]})),
            ("a26162f5616df6", json!({"b": true, "m": null})),
            ("a16174c1fb41da56f0d0000000", json!({"t": "2026-01-05T13:57:20Z"})),
            ("a16174c11a695b6c40", json!({"t": "2026-01-05T07:46:08Z"})),
            ("a16166fb3ff8000000000000", json!({"f": 1.5})),
            ("a1616642ff00", json!({"f": "/wA="})),
        ] {
            assert_eq!(to_json(&bytes(hex)), Some(expected), "{hex}");
        }
        for cut in ["", "a1", "a1616183", "a000", "bf6161", "9f", "5f41", "a10102"] {
            assert_eq!(to_json(&bytes(cut)), None, "{cut}");
        }
        assert_eq!(to_json(&[0x81; 100_000]), None, "nested without end");
    }

    #[test]
    fn text_is_edited_where_it_stands() {
        // {"who": "jo@x.example", "n": [1, "jo"]}: the byte before the address is a letter too.
        let body = bytes("a26377686f6c6a6f40782e6578616d706c65616e8201626a6f");
        let longer = |text: &mut Vec<u8>| {
            let is_address = text.contains(&b'@');
            if is_address {
                *text = b"[somebody whose name was taken out]".to_vec();
            }
            usize::from(is_address)
        };
        let (changed, count) = edited(&body, longer).expect("CBOR");
        assert_eq!(count, 1);
        assert_eq!(to_json(&changed), Some(json!({"who": "[somebody whose name was taken out]", "n": [1, "jo"]})));
        assert_eq!(edited(b"{}", |_| 0), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let read = to_json(&bytes);
            let again = edited(&bytes, |_| 0).map(|(bytes, _)| to_json(&bytes));
            prop_assert_eq!(again, read.map(Some));
        }
    }
}
