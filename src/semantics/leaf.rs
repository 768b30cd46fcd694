//! Paths into JSON events, and what stands at them.
//!
//! Nothing here knows of patterns.

use std::fmt;

use serde_json::{Number, Value};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Key(String),
    Index(usize),
    /// Each element of an array.
    AnyIndex,
    /// Each field of an object.
    AnyKey,
}

/// A path into an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Step>);

/// What stands at a path.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'a> {
    Absent,
    Null,
    Bool(bool),
    Number(&'a Number),
    Text(&'a str),
    Object,
    Array,
}

impl<'a> From<Option<&'a Value>> for Leaf<'a> {
    fn from(value: Option<&'a Value>) -> Self {
        match value {
            None => Leaf::Absent,
            Some(Value::Null) => Leaf::Null,
            Some(Value::Bool(b)) => Leaf::Bool(*b),
            Some(Value::Number(n)) => Leaf::Number(n),
            Some(Value::String(text)) => Leaf::Text(text),
            Some(Value::Object(_)) => Leaf::Object,
            Some(Value::Array(_)) => Leaf::Array,
        }
    }
}

impl Path {
    /// A path of keys alone, written with dots: `userIdentity.type`.
    pub fn of_keys(dotted: &str) -> Self {
        Path(dotted.split('.').map(|key| Step::Key(key.to_string())).collect())
    }

    /// Whether it may lead to more than one place.
    pub fn has_wildcard(&self) -> bool {
        self.0.iter().any(|step| matches!(step, Step::AnyIndex | Step::AnyKey))
    }

    /// What stands there, of a path without wildcards.
    pub fn find<'v>(&self, event: &'v Value) -> Leaf<'v> {
        let mut here = event;
        for step in &self.0 {
            let next = match (step, here) {
                (Step::Key(key), Value::Object(map)) => map.get(key),
                (Step::Index(at), Value::Array(items)) => items.get(*at),
                _ => None,
            };
            match next {
                Some(value) => here = value,
                None => return Leaf::Absent,
            }
        }
        Leaf::from(Some(here))
    }

    /// What stands at every place that it leads to.
    pub fn find_all<'v>(&self, event: &'v Value) -> Vec<Leaf<'v>> {
        let mut here = vec![event];
        for step in &self.0 {
            here = here
                .into_iter()
                .flat_map(|value| -> Vec<&Value> {
                    match (step, value) {
                        (Step::Key(key), Value::Object(map)) => map.get(key).into_iter().collect(),
                        (Step::Index(at), Value::Array(items)) => items.get(*at).into_iter().collect(),
                        (Step::AnyIndex, Value::Array(items)) => items.iter().collect(),
                        (Step::AnyKey, Value::Object(map)) => map.values().collect(),
                        _ => Vec::new(),
                    }
                })
                .collect();
        }
        here.into_iter().map(|value| Leaf::from(Some(value))).collect()
    }

    /// Whether a path without wildcards is one of those that this path stands for.
    pub fn stands_for(&self, other: &Path) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|(mine, theirs)| match (mine, theirs) {
                (Step::AnyIndex, Step::Index(_)) | (Step::AnyKey, Step::Key(_)) => true,
                _ => mine == theirs,
            })
    }

    /// Whether it leads through the other.
    pub fn is_below(&self, other: &Path) -> bool {
        self.0.len() > other.0.len() && self.0.starts_with(&other.0)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            let dot = if i > 0 { "." } else { "" };
            match step {
                Step::Key(key) if key.contains(['.', '[', ' ']) || key.is_empty() => write!(f, "{dot}['{key}']")?,
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Index(at) => write!(f, "[{at}]")?,
                Step::AnyIndex => f.write_str("[*]")?,
                Step::AnyKey => write!(f, "{dot}*")?,
            }
        }
        Ok(())
    }
}
