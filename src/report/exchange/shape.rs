//! Text and JSON, cut to what a format takes.

use serde_json::Value;

use crate::report::foreign;

/// Foreign text as a sentence of at most `limit` bytes; where it shows nothing, `or`, which may be foreign too.
pub(super) fn prose(text: &str, limit: usize, or: &str) -> String {
    let shown = clip(foreign::prose(text).trim(), limit);
    if shown.is_empty() { line(or, limit, "-") } else { shown }
}

/// Foreign text as one line of at most `limit` bytes; where it shows nothing, `or`, which may be foreign too.
pub(super) fn line(text: &str, limit: usize, or: &str) -> String {
    let shown = |text: &str| Some(clip(foreign::line(text).trim(), limit)).filter(|shown| !shown.is_empty());
    shown(text).or_else(|| shown(or)).unwrap_or_default()
}

/// At most `limit` bytes, the last of them `…` where something is missing.
pub(super) fn clip(text: &str, limit: usize) -> String {
    const MORE: &str = "…";
    if text.len() <= limit {
        return text.to_string();
    }
    let mut end = limit.saturating_sub(MORE.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MORE}", text[..end].trim_end())
}

/// Without nulls, empty lists and empty objects: formats forbid them, or give them a meaning.
pub(super) fn pruned(value: Value) -> Value {
    let empty = |v: &Value| match v {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).filter(|v| !empty(v)).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(k, v)| (k, pruned(v))).filter(|(_, v)| !empty(v)).collect())
        }
        other => other,
    }
}

/// One line of JSON, without anything that a terminal would obey.
pub(super) fn json_line(value: Value) -> String {
    foreign::json(&pruned(value).to_string()).into_owned()
}

/// JSON for people, with a final newline, without anything that a terminal would obey.
pub(super) fn page(value: &Value) -> String {
    let mut text = foreign::json(&format!("{value:#}")).into_owned();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cut_text_stays_text_and_says_so() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcdefgh", 6), "abc…");
        assert_eq!(clip("日本語です", 10), "日本…");
        assert_eq!(prose(" \n ", 10, "-"), "-");
        assert_eq!((prose(" ", 90, "\u{2028}"), prose(" ", 90, " ")), ("\\u{2028}".into(), "-".into()));
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let value = json!({"a": null, "b": [], "c": {"d": [{"e": null}]}, "f": [0, "", false]});
        assert_eq!(pruned(value), json!({"f": [0, "", false]}));
    }
}
