//! Space-delimited patterns: a name for each field of a line, and conditions on some of them.

use super::ParseError;
use super::condition::{Condition, Literal};
use super::json::bare;
use crate::semantics::Truth;
use crate::semantics::leaf::Leaf;
use crate::semantics::text::{TextTest, parse_regex};

/// A pattern in brackets.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    slots: Vec<Slot>,
    /// Before which slot any number of fields is left out.
    ellipsis: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    name: String,
    /// One of these alternatives holds; each is conditions on fields, by their names.
    alternatives: Vec<Vec<(String, Condition)>>,
}

impl Fields {
    pub(super) fn matches(&self, event: &str) -> Truth {
        let fields = split(event);
        let Some(values) = self.assigned(&fields) else { return Truth::False };
        let value = |name: &str| self.slots.iter().position(|s| s.name == name).map(|i| values[i].as_str());
        self.slots.iter().filter(|s| !s.alternatives.is_empty()).fold(Truth::True, |truth, slot| {
            let any = slot.alternatives.iter().fold(Truth::False, |truth, conditions| {
                let all = conditions.iter().map(|(name, condition)| value(name).map_or(Truth::False, |v| judge(condition, v)));
                truth.or(all.fold(Truth::True, Truth::and))
            });
            truth.and(any)
        })
    }

    /// The field of each slot; the last slot takes the rest of a longer line where it asks nothing.
    fn assigned(&self, fields: &[String]) -> Option<Vec<String>> {
        let wanted = self.slots.len();
        if let Some(at) = self.ellipsis {
            let behind = wanted - at;
            return (fields.len() >= wanted)
                .then(|| fields[..at].iter().chain(&fields[fields.len() - behind..]).cloned().collect());
        }
        if fields.len() == wanted {
            return Some(fields.to_vec());
        }
        let last = self.slots.last()?;
        if fields.len() < wanted || !last.alternatives.is_empty() {
            return None;
        }
        let (kept, rest) = fields.split_at(wanted - 1);
        Some(kept.iter().cloned().chain([rest.join(" ")]).collect())
    }
}

fn judge(condition: &Condition, field: &str) -> Truth {
    match (condition, super::condition::number(field)) {
        (Condition::Equal(Literal::Number { value, .. }), Some(n)) => (n == *value).into(),
        (Condition::NotEqual(Literal::Number { value, .. }), Some(n)) => (n != *value).into(),
        (Condition::Less(bound), Some(n)) => (n < *bound).into(),
        (Condition::LessOrEqual(bound), Some(n)) => (n <= *bound).into(),
        (Condition::Greater(bound), Some(n)) => (n > *bound).into(),
        (Condition::GreaterOrEqual(bound), Some(n)) => (n >= *bound).into(),
        _ => condition.judge(Leaf::Text(field)),
    }
}

/// The fields of a line: what stands between brackets or quotation marks is one.
fn split(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        let quoted = close.and_then(|close| rest[1..].find(close).map(|end| (&rest[1..=end], &rest[end + 2..])));
        let (field, left) = quoted.unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest.split_at(end)
        });
        fields.push(field.to_string());
        rest = left.trim_start();
    }
    fields
}

pub(super) fn parse(pattern: &str) -> Result<Fields, ParseError> {
    let start = pattern.len() - pattern.trim_start().len() + 1;
    let mut parser = Parser { pattern, at: start };
    let mut fields = Fields::default();
    loop {
        parser.skip_spaces();
        let at = parser.at;
        if parser.take("...") || parser.take("\u{2026}") {
            if fields.ellipsis.replace(fields.slots.len()).is_some() {
                return parser.error_at(at, "`...` stands once");
            }
        } else {
            parser.slot(&mut fields)?;
        }
        parser.skip_spaces();
        if parser.take(",") {
            continue;
        }
        if !parser.take("]") {
            return parser.error("`,` or the closing bracket is missing here");
        }
        parser.skip_spaces();
        return if parser.at == pattern.len() { Ok(fields) } else { parser.error("nothing follows the closing bracket") };
    }
}

struct Parser<'a> {
    pattern: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, ParseError> {
        self.error_at(self.at, message)
    }

    fn error_at<T>(&self, at: usize, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError::new(self.pattern, at, message))
    }

    /// One slot: a name, or conditions. A name that none of the slots has so far stands for a slot of its own.
    fn slot(&mut self, fields: &mut Fields) -> Result<(), ParseError> {
        let mut names: Vec<String> = Vec::new();
        let mut alternatives: Vec<Vec<(String, Condition)>> = vec![Vec::new()];
        let mut asked = false;
        loop {
            self.skip_spaces();
            let name = self.name();
            if name.is_empty() && (asked || !self.rest().starts_with([',', ']'])) {
                return self.error("the name of a field is missing");
            }
            let known = names.contains(&name) || (asked && fields.slots.iter().any(|s| s.name == name));
            if !known {
                names.push(name.clone());
            }
            self.skip_spaces();
            if let Some(condition) = self.condition()? {
                if let Some(here) = alternatives.last_mut() {
                    here.push((name, condition));
                }
                asked = true;
            }
            self.skip_spaces();
            if asked && self.take("&&") {
                continue;
            }
            if asked && self.take("||") {
                alternatives.push(Vec::new());
                continue;
            }
            break;
        }
        for (i, name) in names.into_iter().enumerate() {
            let alternatives = if i == 0 && asked { std::mem::take(&mut alternatives) } else { Vec::new() };
            fields.slots.push(Slot { name, alternatives });
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let rest = self.rest().strip_prefix('$').unwrap_or(self.rest());
        let skipped = self.rest().len() - rest.len();
        let length = rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len());
        self.at += skipped + length;
        rest[..length].to_string()
    }

    fn condition(&mut self) -> Result<Option<Condition>, ParseError> {
        // The documentation writes `=!` once where it means `!=`.
        for sign in ["!=", "=!", "<=", ">=", "=", "<", ">"] {
            if !self.take(sign) {
                continue;
            }
            self.skip_spaces();
            let at = self.at;
            let value = self.value()?;
            let number = |value: &Literal| match value {
                Literal::Number { value, .. } => Ok(*value),
                Literal::Text { .. } => self.error_at(at, format!("`{sign}` takes a number")),
            };
            return Ok(Some(match sign {
                "=" => Condition::Equal(value),
                "!=" | "=!" => Condition::NotEqual(value),
                "<" => Condition::Less(number(&value)?),
                "<=" => Condition::LessOrEqual(number(&value)?),
                ">" => Condition::Greater(number(&value)?),
                _ => Condition::GreaterOrEqual(number(&value)?),
            }));
        }
        Ok(None)
    }

    fn value(&mut self) -> Result<Literal, ParseError> {
        let start = self.at;
        if self.take("\"") {
            let Some(end) = self.rest().find('"') else { return self.error_at(start, "this quotation mark is not closed") };
            let text = self.rest()[..end].to_string();
            self.at += end + 1;
            return Ok(super::condition::literal(text, true));
        }
        if self.take("%") {
            let Some(end) = self.rest().find('%') else { return self.error_at(start, "this `%` is not closed") };
            let nfa = match parse_regex(&self.rest()[..end]) {
                Ok(nfa) => nfa,
                Err(e) => return self.error_at(self.at + e.at, e.message),
            };
            self.at += end + 1;
            return Ok(Literal::Text { test: TextTest::Regex(nfa), quoted: false, literally: None });
        }
        let ends = |c: char| c.is_whitespace() || ",]&|=<>!\"%".contains(c);
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        if length == 0 {
            return self.error("a value is missing");
        }
        let text = &self.rest()[..length];
        self.at += length;
        Ok(bare(text))
    }
}
