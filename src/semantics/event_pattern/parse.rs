//! From JSON to a pattern.

use serde_json::{Map, Value};

use super::matcher::{Matcher, Order};
use super::{EventPattern, Group, Node, ParseError};
use crate::semantics::text::{Glob, Network, TextTest};

/// EventBridge takes patterns of at most this many characters.
const MOST_CHARACTERS: usize = 4_096;

type Parsed<T> = Result<T, ParseError>;

pub(super) fn parse(text: &str) -> Parsed<EventPattern> {
    let whole = |message: String| ParseError { message, field: String::new() };
    if text.chars().count() > MOST_CHARACTERS {
        return Err(whole(format!("an event pattern has at most {MOST_CHARACTERS} characters")));
    }
    let value: Value = serde_json::from_str(text).map_err(|e| whole(format!("the event pattern is no JSON: {e}")))?;
    let Value::Object(fields) = value else { return Err(whole("an event pattern is a JSON object".into())) };
    if fields.is_empty() {
        return Err(whole("an event pattern asks at least one thing".into()));
    }
    Ok(EventPattern { root: group(&fields, "")? })
}

fn wrong<T>(field: &str, message: impl Into<String>) -> Parsed<T> {
    Err(ParseError { message: message.into(), field: field.to_string() })
}

fn group(fields: &Map<String, Value>, path: &str) -> Parsed<Group> {
    let mut group = Group::default();
    for (name, value) in fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (name.as_str(), value) {
            ("$or", Value::Array(alternatives)) if alternatives.len() >= 2 && alternatives.iter().all(Value::is_object) => {
                let alternatives = alternatives.iter().filter_map(Value::as_object).map(|fields| self::group(fields, &path));
                group.alternatives.push(alternatives.collect::<Parsed<_>>()?);
            }
            (_, Value::Object(fields)) if fields.is_empty() => return wrong(&path, "an empty object asks nothing"),
            (_, Value::Object(fields)) => group.fields.push((name.clone(), Node::Object(self::group(fields, &path)?))),
            (_, Value::Array(values)) if values.is_empty() => return wrong(&path, "an empty list matches nothing"),
            (_, Value::Array(values)) => {
                let matchers = values.iter().map(|value| matcher(value, &path)).collect::<Parsed<Vec<_>>>()?;
                group.fields.push((name.clone(), Node::OneOf(matchers)));
            }
            _ => return wrong(&path, "a value stands in a list"),
        }
    }
    Ok(group)
}

fn matcher(value: &Value, path: &str) -> Parsed<Matcher> {
    match value {
        Value::String(text) => Ok(Matcher::Text(TextTest::Equals(text.clone()))),
        Value::Number(n) => Ok(Matcher::Number(n.as_f64().unwrap_or(f64::NAN))),
        Value::Bool(b) => Ok(Matcher::Bool(*b)),
        Value::Null => Ok(Matcher::Null),
        Value::Array(_) => wrong(path, "a list does not stand in a list"),
        Value::Object(operator) => {
            let mut parts = operator.iter();
            let (Some((name, operand)), None) = (parts.next(), parts.next()) else {
                return wrong(path, "a condition has one operator");
            };
            operation(name, operand, path)
        }
    }
}

fn operation(name: &str, operand: &Value, path: &str) -> Parsed<Matcher> {
    match (name, operand) {
        ("exists", Value::Bool(wanted)) => Ok(Matcher::Exists(*wanted)),
        ("exists", _) => wrong(path, "`exists` takes true or false"),
        ("numeric", Value::Array(parts)) => numeric(parts, path),
        ("numeric", _) => wrong(path, "`numeric` takes a list such as [\">\", 0, \"<=\", 5]"),
        ("cidr", Value::String(text)) => match Network::parse(text) {
            Some(network) => Ok(Matcher::Within(network)),
            None => wrong(path, format!("`{text}` is no network such as 10.0.0.0/24")),
        },
        ("cidr", _) => wrong(path, "`cidr` takes a network such as 10.0.0.0/24"),
        ("anything-but", operand) => anything_but(operand, path),
        (name, operand) => text(name, operand, path).map(Matcher::Text),
    }
}

/// The operators on texts.
fn text(name: &str, operand: &Value, path: &str) -> Parsed<TextTest> {
    let (inner, ignore_case) = match operand {
        Value::Object(map) if map.len() == 1 && ["prefix", "suffix"].contains(&name) => match map.get("equals-ignore-case") {
            Some(inner) => (inner, true),
            None => return wrong(path, format!("`{name}` takes a text or equals-ignore-case")),
        },
        plain => (plain, false),
    };
    let Value::String(text) = inner else {
        return match name {
            "prefix" | "suffix" | "wildcard" | "equals-ignore-case" => wrong(path, format!("`{name}` takes a text")),
            other => wrong(path, format!("unknown operator `{other}`")),
        };
    };
    match name {
        "prefix" => Ok(TextTest::Prefix { text: text.clone(), ignore_case }),
        "suffix" => Ok(TextTest::Suffix { text: text.clone(), ignore_case }),
        "equals-ignore-case" => Ok(TextTest::EqualsIgnoringCase(text.clone())),
        "wildcard" => wildcard(text, path),
        other => wrong(path, format!("unknown operator `{other}`")),
    }
}

/// `*` for any characters; `\*` and `\\` for themselves.
fn wildcard(text: &str, path: &str) -> Parsed<TextTest> {
    let mut pieces = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next_if(|next| ['*', '\\'].contains(next)) } else { None };
        match (c, escaped) {
            ('*', _) if chars.peek() == Some(&'*') => return wrong(path, "two stars in a row"),
            ('*', _) => pieces.push(String::new()),
            ('\\', None) => return wrong(path, "`\\` stands before a star or another `\\`"),
            (c, escaped) => pieces.last_mut().map_or((), |piece| piece.push(escaped.unwrap_or(c))),
        }
    }
    Ok(match pieces.len() {
        1 => TextTest::Equals(pieces.swap_remove(0)),
        _ => TextTest::Glob(Glob::of_pieces(pieces)),
    })
}

fn anything_but(operand: &Value, path: &str) -> Parsed<Matcher> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(Matcher::Text(TextTest::Equals(text.clone()))),
        Value::Number(n) => Ok(Matcher::Number(n.as_f64().unwrap_or(f64::NAN))),
        _ => wrong(path, "`anything-but` takes texts or numbers"),
    };
    let excluded = match operand {
        Value::Array(values) if values.is_empty() => return wrong(path, "`anything-but` of nothing"),
        Value::Array(values) => values.iter().map(scalar).collect::<Parsed<Vec<_>>>()?,
        Value::Object(map) => {
            let mut parts = map.iter();
            let (Some((name, operand)), None) = (parts.next(), parts.next()) else {
                return wrong(path, "`anything-but` has one operator");
            };
            match operand {
                Value::Array(values) if values.is_empty() => return wrong(path, "`anything-but` of nothing"),
                Value::Array(values) => {
                    values.iter().map(|value| text(name, value, path).map(Matcher::Text)).collect::<Parsed<Vec<_>>>()?
                }
                value => vec![Matcher::Text(text(name, value, path)?)],
            }
        }
        value => vec![scalar(value)?],
    };
    Ok(Matcher::AnythingBut(excluded))
}

fn numeric(parts: &[Value], path: &str) -> Parsed<Matcher> {
    if parts.is_empty() || parts.len() > 4 || parts.len() % 2 == 1 {
        return wrong(path, "`numeric` takes one or two operators, each with a number");
    }
    let bounds = parts.chunks(2).map(|pair| {
        let order = match pair[0].as_str() {
            Some("=") => Order::Equal,
            Some("<") => Order::Less,
            Some("<=") => Order::LessOrEqual,
            Some(">") => Order::Greater,
            Some(">=") => Order::GreaterOrEqual,
            _ => return wrong(path, "`numeric` takes =, <, <=, > and >="),
        };
        match pair[1].as_f64() {
            Some(bound) => Ok((order, bound)),
            None => wrong(path, "`numeric` compares with numbers"),
        }
    });
    bounds.collect::<Parsed<Vec<_>>>().map(Matcher::Numeric)
}
