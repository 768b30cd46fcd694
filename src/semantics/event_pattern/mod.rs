//! Event patterns of EventBridge: parsed, and asked whether an event matches.
//!
//! Every operator of the documentation. Nothing here knows of rules, buses or CloudTrail.
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>.

mod matcher;
mod parse;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::Truth;
use super::leaf::Leaf;

pub use matcher::{Matcher, Order};

/// A parsed pattern: what is asked of the event as a whole.
#[derive(Clone, Debug)]
pub struct EventPattern {
    pub root: Group,
}

/// What is asked of an object: every field, and one of each list of alternatives.
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub fields: Vec<(String, Node)>,
    /// `$or`: lists of alternatives.
    pub alternatives: Vec<Vec<Group>>,
}

/// What is asked of a field.
#[derive(Clone, Debug)]
pub enum Node {
    Object(Group),
    /// One of these holds.
    OneOf(Vec<Matcher>),
}

/// Why a pattern cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", if self.field.is_empty() { String::new() } else { format!(", in `{}`", self.field) })]
pub struct ParseError {
    pub message: String,
    /// The field that is meant, with dots; empty for the text as a whole.
    pub field: String,
}

impl EventPattern {
    /// Parses a pattern, given as JSON text.
    ///
    /// # Errors
    /// What is no JSON, and what EventBridge does not know.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text)
    }

    /// Whether the event, envelope and all, matches.
    pub fn matches(&self, event: &Value) -> Truth {
        self.root.matches(event)
    }
}

impl Group {
    fn matches(&self, value: &Value) -> Truth {
        let fields = self.fields.iter().fold(Truth::True, |truth, (name, node)| match truth {
            Truth::False => truth,
            _ => truth.and(node.matches(value.get(name.as_str()))),
        });
        self.alternatives
            .iter()
            .fold(fields, |truth, groups| truth.and(groups.iter().fold(Truth::False, |any, group| any.or(group.matches(value)))))
    }
}

impl Node {
    fn matches(&self, value: Option<&Value>) -> Truth {
        match (self, value) {
            // Fields of one and the same element are asked together.
            (Node::Object(group), Some(Value::Array(items))) if !items.is_empty() => {
                items.iter().fold(Truth::False, |any, item| any.or(Node::Object(group.clone()).matches(Some(item))))
            }
            (Node::Object(group), Some(object @ Value::Object(_))) => group.matches(object),
            (Node::Object(group), _) => group.matches(&Value::Null),
            (Node::OneOf(matchers), Some(Value::Array(items))) if !items.is_empty() => {
                items.iter().fold(Truth::False, |any, item| any.or(one_of(matchers, Leaf::from(Some(item)))))
            }
            // A list without elements has no leaf.
            (Node::OneOf(matchers), Some(Value::Array(_))) => one_of(matchers, Leaf::Absent),
            (Node::OneOf(matchers), value) => one_of(matchers, Leaf::from(value)),
        }
    }
}

/// Whether one of the matchers holds.
pub fn one_of(matchers: &[Matcher], leaf: Leaf<'_>) -> Truth {
    matchers.iter().fold(Truth::False, |any, matcher| any.or(matcher.judge(leaf)))
}
