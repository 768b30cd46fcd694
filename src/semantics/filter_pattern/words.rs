//! Patterns of terms: texts that an event contains, may contain, or must not contain.

use super::ParseError;
use crate::semantics::text::{Nfa, parse_regex};

/// A pattern of terms.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// All of these are in the event.
    pub included: Vec<Term>,
    /// At least one of these, where nothing else is asked.
    pub optional: Vec<Term>,
    /// None of these.
    pub excluded: Vec<Term>,
}

/// What is looked for in an event.
#[derive(Clone, Debug)]
pub enum Term {
    Text(String),
    Regex(Nfa),
}

impl Term {
    pub fn is_in(&self, event: &str) -> bool {
        match self {
            Term::Text(text) => event.contains(text.as_str()),
            Term::Regex(nfa) => nfa.accepts(event),
        }
    }
}

impl Words {
    pub(super) fn matches(&self, event: &str) -> bool {
        // With other terms beside them, those with a question mark have no effect.
        let alone = self.included.is_empty() && self.excluded.is_empty();
        self.included.iter().all(|t| t.is_in(event))
            && !self.excluded.iter().any(|t| t.is_in(event))
            && (!alone || self.optional.iter().any(|t| t.is_in(event)))
    }

    /// The terms of which one must be in the event, where they count.
    pub fn alternatives(&self) -> &[Term] {
        if self.included.is_empty() && self.excluded.is_empty() { &self.optional } else { &[] }
    }
}

/// Parses a pattern of terms.
pub(super) fn parse(pattern: &str) -> Result<Words, ParseError> {
    let mut words = Words::default();
    let mut at = 0;
    let error = |at, message: &str| Err(ParseError::new(pattern, at, message));
    loop {
        let rest = &pattern[at..];
        at += rest.len() - rest.trim_start().len();
        let start = at;
        let sign = pattern[at..].chars().next();
        let Some(first) = sign else { break };
        if let '?' | '-' = first {
            at += 1;
            // The documentation writes a space behind the minus once.
            let rest = &pattern[at..];
            at += if first == '-' { rest.len() - rest.trim_start().len() } else { 0 };
        }
        let rest = &pattern[at..];
        let (term, length) = if let Some(inner) = rest.strip_prefix('"') {
            let mut text = String::new();
            let mut escaped = false;
            let mut end = None;
            for (i, c) in inner.char_indices() {
                match c {
                    _ if escaped => {
                        if !"\"\\".contains(c) {
                            text.push('\\');
                        }
                        text.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => {
                        end = Some(i);
                        break;
                    }
                    c => text.push(c),
                }
            }
            let Some(end) = end else { return error(at, "this quotation mark is not closed") };
            (Term::Text(text), end + 2)
        } else if let Some(inner) = rest.strip_prefix('%') {
            let Some(end) = inner.find('%') else { return error(at, "this `%` is not closed") };
            match parse_regex(&inner[..end]) {
                Ok(nfa) => (Term::Regex(nfa), end + 2),
                Err(e) => return error(at + 1 + e.at, &e.message),
            }
        } else {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let text = &rest[..length];
            if text.is_empty() {
                return error(start, "a term is missing behind the sign");
            }
            if let Some((i, c)) = text.char_indices().find(|(_, c)| !(c.is_alphanumeric() || *c == '_')) {
                let message = match c {
                    '$' => "a property such as `$.eventName` stands in braces".to_string(),
                    _ => format!("a term with `{c}` stands in double quotation marks"),
                };
                return error(at + i, &message);
            }
            (Term::Text(text.to_string()), length)
        };
        at += length;
        match first {
            '?' => words.optional.push(term),
            '-' => words.excluded.push(term),
            _ => words.included.push(term),
        }
    }
    Ok(words)
}
