//! Filter patterns of CloudWatch Logs: parsed, and asked whether an event matches.
//!
//! All three languages of the documentation: JSON patterns in braces, terms, and space-delimited fields in brackets. What the
//! documentation leaves open is unknown and no guess. Nothing here knows of log groups, metrics or CloudTrail.
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>.

mod condition;
mod fields;
mod json;
#[cfg(test)]
mod tests;
mod words;

use serde_json::Value;

use super::Truth;

pub use condition::{Condition, Literal};
pub use fields::Fields;
pub use json::{Expression, JsonPattern, Test};
pub use words::{Term, Words};

/// CloudWatch Logs refuses longer patterns.
const MOST_CHARACTERS: usize = 1_024;

/// A parsed pattern.
#[derive(Clone, Debug)]
pub enum FilterPattern {
    /// The empty pattern, and a blank in quotes: every event.
    Everything,
    /// `{ $.eventName = "StopLogging" }`.
    Json(JsonPattern),
    /// `ERROR -Exiting`, `?ERROR ?WARN`, `%AUTHORIZED%`.
    Words(Words),
    /// `[ip, user, ..., status_code = 4*, bytes]`.
    Fields(Fields),
}

/// Why a pattern cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}, at character {}", self.character)]
pub struct ParseError {
    pub message: String,
    /// The byte of the pattern that is meant.
    pub at: usize,
    /// The character that is meant, counted from 1.
    pub character: usize,
}

impl ParseError {
    pub(super) fn new(pattern: &str, at: usize, message: impl Into<String>) -> Self {
        let before = pattern.char_indices().take_while(|(i, _)| *i < at).count();
        ParseError { message: message.into(), at, character: before + 1 }
    }
}

impl FilterPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// What the documentation does not know, with its place.
    pub fn parse(pattern: &str) -> Result<Self, ParseError> {
        if let Some((at, _)) = pattern.char_indices().nth(MOST_CHARACTERS) {
            let message = format!("a filter pattern has at most {MOST_CHARACTERS} characters");
            return Err(ParseError::new(pattern, at, message));
        }
        let trimmed = pattern.trim();
        match trimmed.as_bytes() {
            [] | b"\"\"" => Ok(FilterPattern::Everything),
            [b'"', blank @ .., b'"'] if blank.iter().all(u8::is_ascii_whitespace) => Ok(FilterPattern::Everything),
            [b'{', ..] => json::parse(pattern).map(FilterPattern::Json),
            [b'[', ..] => fields::parse(pattern).map(FilterPattern::Fields),
            _ => words::parse(pattern).map(FilterPattern::Words),
        }
    }

    /// Whether the event, a JSON text in the log, matches.
    pub fn matches(&self, event: &Value) -> Truth {
        match self {
            FilterPattern::Everything => Truth::True,
            FilterPattern::Json(json) => json.matches(event),
            FilterPattern::Words(words) => words.matches(&event.to_string()).into(),
            FilterPattern::Fields(fields) => fields.matches(&event.to_string()),
        }
    }

    /// Whether an event that is any text matches.
    pub fn matches_text(&self, event: &str) -> Truth {
        match self {
            FilterPattern::Everything => Truth::True,
            // Of what is no JSON no property is like anything, nor is it absent.
            FilterPattern::Json(json) => serde_json::from_str(event).map_or(Truth::False, |event| json.matches(&event)),
            FilterPattern::Words(words) => words.matches(event).into(),
            FilterPattern::Fields(fields) => fields.matches(event),
        }
    }
}
