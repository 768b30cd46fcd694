//! The fields of an event, and the kinds of values that each can have.

use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::ask::Ask;
use super::event::Constraint;
use super::record::{Shape, Texts, familiar};
use crate::semantics::leaf::{Leaf, Path};
use crate::semantics::text::{TextTest, classes};

/// One kind of value that a field can have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Choice {
    Absent,
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Object,
    Array,
}

impl Choice {
    pub(super) fn leaf(&self) -> Leaf<'_> {
        match self {
            Choice::Absent => Leaf::Absent,
            Choice::Null => Leaf::Null,
            Choice::Bool(b) => Leaf::Bool(*b),
            Choice::Number(n) => Leaf::Number(n),
            Choice::Text(text) => Leaf::Text(text),
            Choice::Object => Leaf::Object,
            Choice::Array => Leaf::Array,
        }
    }

    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Choice::Absent => None,
            Choice::Null => Some(Value::Null),
            Choice::Bool(b) => Some(Value::Bool(*b)),
            Choice::Number(n) => Some(Value::Number(n.clone())),
            Choice::Text(text) => Some(Value::String(text.clone())),
            Choice::Object => Some(Value::Object(serde_json::Map::new())),
            Choice::Array => Some(Value::Array(Vec::new())),
        }
    }
}

/// A field that the family or a pattern speaks of.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) path: Path,
    pub(super) choices: Vec<Choice>,
    /// Whether there may be kinds of values beside the choices.
    pub(super) is_open: bool,
    /// The texts that patterns name, and whether that is all they say of texts.
    pub(super) literals: BTreeSet<String>,
    pub(super) only_literals: bool,
    /// Whether its texts are few, and all of them are choices.
    pub(super) is_finite: bool,
    /// The texts that a choice can be by name, every other one standing for many.
    pub(super) exact: BTreeSet<String>,
    /// The family's patterns of its text.
    pub(super) patterns: Vec<String>,
}

impl Variable {
    /// Whether the choice is one value, and not one of a kind.
    pub(super) fn is_one(&self, choice: &Choice) -> bool {
        match choice {
            Choice::Text(text) => self.is_finite || self.exact.contains(text),
            Choice::Number(_) => false,
            _ => true,
        }
    }

    /// Whether every text of the choice's kind contains the wanted one: it stands in a fixed part of a pattern that all match.
    pub(super) fn always_contains(&self, text: &str, wanted: &str) -> bool {
        let matching = self.patterns.iter().filter(|p| TextTest::of_pattern(p).holds(text));
        // Terms are looked for in the event as it is written, where quotes and backslashes stand escaped.
        matching.flat_map(|p| p.split('*')).any(|piece| Value::from(piece).to_string().trim_matches('"').contains(wanted))
    }
}

/// One text of each kind that the tests tell apart, and whether these are all kinds.
pub(super) fn texts(path: &Path, shape: &Shape, constraint: Option<&Constraint>, tests: &[TextTest]) -> (Vec<String>, bool) {
    let holds = |patterns: &[String], text: &str| patterns.iter().any(|p| TextTest::of_pattern(p).holds(text));
    let wanted = |text: &str| match constraint {
        None | Some(Constraint::Present) => true,
        Some(Constraint::OneOf(patterns)) => holds(patterns, text),
        Some(Constraint::Not(patterns)) => !holds(patterns, text),
        Some(Constraint::Bool(_) | Constraint::Absent) => false,
    };
    let within = match (&shape.texts, constraint) {
        (None, _) | (_, Some(Constraint::Bool(_) | Constraint::Absent)) => return (Vec::new(), true),
        (Some(Texts::OneOf(all)), _) => {
            return (all.iter().filter(|t| wanted(t)).map(|t| (*t).to_string()).collect(), true);
        }
        (_, Some(Constraint::OneOf(patterns))) if patterns.iter().all(|p| !p.contains('*')) => {
            return (patterns.clone(), true);
        }
        (Some(Texts::Within(within)), _) => within,
    };
    let mut unique: Vec<&TextTest> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for test in tests {
        if test.literal().is_none_or(|text| seen.insert(text)) {
            unique.push(test);
        }
    }
    let (found, exact) = classes(&unique, &[within]);
    let mut texts = Vec::new();
    for class in found {
        let alike =
            |text: &&&str| within.holds(text) && unique.iter().zip(&class.holds).all(|(test, holds)| test.holds(text) == *holds);
        let text = familiar(path).iter().find(alike).map_or(class.example.clone(), |text| (*text).to_string());
        if wanted(&text) {
            texts.push(text);
        }
    }
    (texts, exact)
}

/// One number of each kind that the questions tell apart: those that they name, and one between each two.
pub(super) fn numbers(asks: &[Ask<'_>]) -> Vec<Number> {
    let mut named: Vec<f64> = asks.iter().flat_map(Ask::numbers).filter(|n| n.is_finite()).collect();
    named.sort_by(f64::total_cmp);
    named.dedup();
    let (Some(first), Some(last)) = (named.first(), named.last()) else { return vec![Number::from(7)] };
    let ends = [first - 1.0, last + 1.0];
    let between = named.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    let mut all: Vec<f64> = named.iter().copied().chain(between).chain(ends).collect();
    all.dedup();
    let whole = |n: f64| n.fract() == 0.0 && n.abs() < 9e15;
    all.into_iter().filter_map(|n| if whole(n) { Some(Number::from(n as i64)) } else { Number::from_f64(n) }).collect()
}
