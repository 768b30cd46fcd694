//! Functions that write values as text and read them again.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::value::{Kind, MOST_BYTES, Outcome, Value, beyond, wrong};
use crate::inventory::code::OPEN;
use crate::inventory::{Gap, GapKind};

/// What the function gives; nothing where it is none of these.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Outcome> {
    let [one] = arguments else { return None };
    match name {
        "jsonencode" => Some(match json(one) {
            Ok((text, _)) if text.len() > MOST_BYTES => Err(Box::new(beyond("a text that grows too long"))),
            Ok((text, gap)) => Ok(Value::texts(text, &gap.unwrap_or_else(|| wrong("")))),
            Err(unknown) => Ok(unknown),
        }),
        "jsondecode" => Some(match &one.kind {
            Kind::Text(text) => decoded(text, None),
            Kind::Open(open) => decoded(&open.text, Some(&open.gap)),
            Kind::Unknown(_) => Ok(one.clone()),
            Kind::Identity(_) => Ok(Value::unknown(one.open_gap())),
            _ => Err(Box::new(wrong("`jsondecode` of something that is no text"))),
        }),
        _ => None,
    }
}

/// A value as JSON, with what stands for what is open in it, and why that is; what it is where there is no text of it.
pub(super) fn json(value: &Value) -> Result<(String, Option<Gap>), Value> {
    let mut gap = None;
    let made = as_json(value, &mut gap)?;
    Ok((made.to_string(), gap))
}

fn as_json(value: &Value, gap: &mut Option<Gap>) -> Result<Json, Value> {
    Ok(match &value.kind {
        Kind::Null => Json::Null,
        Kind::Bool(truth) => (*truth).into(),
        Kind::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => (*number as i64).into(),
        Kind::Number(number) => (*number).into(),
        Kind::Text(text) => text.to_string().into(),
        Kind::List(items) => Json::Array(items.iter().map(|item| as_json(item, gap)).collect::<Result<_, _>>()?),
        Kind::Map(map) => {
            let made = map.iter().map(|(key, value)| Ok((key.to_string(), as_json(value, gap)?)));
            Json::Object(made.collect::<Result<Map<_, _>, Value>>()?)
        }
        Kind::Instance(_) => return Err(Value::unknown(value.open_gap())),
        Kind::Open(_) | Kind::Identity(_) | Kind::Unknown(_) => match value.as_text() {
            Ok(Ok(text)) => {
                if text.contains(OPEN) {
                    gap.get_or_insert_with(|| value.open_gap());
                }
                text.into()
            }
            Ok(Err(unknown)) => return Err(unknown),
            Err(gap) => return Err(Value::unknown(*gap)),
        },
    })
}

fn decoded(text: &str, gap: Option<&Gap>) -> Outcome {
    match serde_json::from_str::<Json>(text) {
        Ok(value) => Ok(read(&value, gap)),
        // What stands for something open may stand for more than a text.
        Err(_) if gap.is_some() => Ok(Value::unknown(gap.cloned().unwrap_or_else(|| wrong("")))),
        Err(_) => Err(Box::new(wrong("`jsondecode` of text that is no JSON"))),
    }
}

/// The value that JSON is.
pub(super) fn of_json(value: &Json) -> Value {
    read(value, None)
}

fn read(value: &Json, gap: Option<&Gap>) -> Value {
    let foreign = || Value::unknown(Gap::new(GapKind::NotUnderstood, "the code has a sign that no name of AWS has"));
    match value {
        Json::Null => Value::null(),
        Json::Bool(truth) => Value::bool(*truth),
        Json::Number(number) => Value::number(number.as_f64().unwrap_or_default()),
        Json::String(text) => match gap {
            Some(gap) => Value::texts(text.clone(), gap),
            None => Value::text(text),
        },
        Json::Array(items) => Value::list(items.iter().map(|item| read(item, gap)).collect()),
        Json::Object(map) if map.keys().any(|key| key.contains(OPEN)) => {
            gap.map_or_else(foreign, |gap| Value::unknown(gap.clone()))
        }
        Json::Object(map) => {
            let made: BTreeMap<Rc<str>, Value> = map.iter().map(|(key, value)| (key.as_str().into(), read(value, gap))).collect();
            Value::map(made)
        }
    }
}
