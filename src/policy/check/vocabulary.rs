//! The types of the check language, and the words that the inventory's tables give it.
//!
//! Nothing here knows of syntax or of values.

use std::fmt;

use crate::inventory::noun::{Kind, Noun};
use crate::inventory::nouns;

use super::ParameterType;

/// The type of an expression. That something may be unknown is no type: an unknown is a value of every type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Text,
    Time,
    Duration,
    Null,
    Nullable(Box<Type>),
    List(Box<Type>),
    Record(&'static str),
    Opaque(&'static str),
    /// An event as selectors see it: only fields that they can speak of.
    Event,
    /// An event as those see it who watch: any field of the record. Every event is one of these too.
    WatchedEvent,
}

impl Type {
    /// Whether two values of the type can be told equal by `==`.
    pub(super) fn is_scalar(&self) -> bool {
        matches!(self, Type::Bool | Type::Int | Type::Text | Type::Time | Type::Duration)
    }

    pub(super) fn is_ordered(&self) -> bool {
        self.is_scalar() && *self != Type::Bool
    }

    fn of(kind: &Kind) -> Type {
        match kind {
            Kind::Bool => Type::Bool,
            Kind::Int => Type::Int,
            Kind::Text => Type::Text,
            Kind::Time => Type::Time,
            Kind::Nullable(inner) => Type::Nullable(Box::new(Type::of(inner))),
            Kind::List(inner) => Type::List(Box::new(Type::of(inner))),
            Kind::Record(noun) | Kind::Ref(noun) => Type::Record(noun),
            Kind::Opaque(name) => Type::Opaque(name),
        }
    }
}

impl From<ParameterType> for Type {
    fn from(of: ParameterType) -> Type {
        match of {
            ParameterType::Bool => Type::Bool,
            ParameterType::Int => Type::Int,
            ParameterType::Text => Type::Text,
            ParameterType::Texts => Type::List(Box::new(Type::Text)),
            ParameterType::Duration => Type::Duration,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Text => f.write_str("text"),
            Type::Time => f.write_str("time"),
            Type::Duration => f.write_str("duration"),
            Type::Null => f.write_str("null"),
            Type::Nullable(inner) => write!(f, "{inner} or null"),
            Type::List(inner) => write!(f, "list of {inner}"),
            Type::Record(name) | Type::Opaque(name) => f.write_str(name),
            Type::Event => f.write_str("event"),
            Type::WatchedEvent => f.write_str("watched event"),
        }
    }
}

/// The nouns of the inventory, by name.
pub(super) struct Vocabulary {
    nouns: Vec<&'static Noun>,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        Vocabulary { nouns: nouns() }
    }

    /// The noun's own name, which lives as long as the program.
    pub(super) fn noun(&self, name: &str) -> Option<&'static str> {
        self.nouns.iter().find(|n| n.name == name).map(|n| n.name)
    }

    pub(super) fn field(&self, noun: &str, field: &str) -> Option<(&'static str, Type)> {
        let noun = self.nouns.iter().find(|n| n.name == noun)?;
        noun.fields.iter().find(|f| f.name == field).map(|f| (f.name, Type::of(&f.kind)))
    }

    pub(super) fn fields(&self, noun: &str) -> Vec<&'static str> {
        self.nouns.iter().filter(|n| n.name == noun).flat_map(|n| n.fields.iter().map(|f| f.name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_give_every_field_its_type() {
        let words = Vocabulary::new();
        assert_eq!(words.field("trail", "bucket"), Some(("bucket", Type::Record("bucket"))));
        assert_eq!(words.field("trail", "kms_key"), Some(("kms_key", Type::Nullable(Box::new(Type::Record("key"))))));
        assert_eq!(words.field("trail", "nothing"), None);
        assert_eq!(words.field("account", "trails").map(|(_, t)| t.to_string()), Some("list of trail".into()));
    }
}
