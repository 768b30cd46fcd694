//! Facts from the properties of one resource, with the place of the property, or of the block where it is missing.

use crate::inventory::code::is_placeholder;
use crate::inventory::{Basis, Fact, Gap, Tag};
use crate::source::code::node::{Node, Source, State};
use crate::source::code::resource::Pointer;

/// The properties of a resource.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    pub(super) properties: &'a Node,
}

/// A property, and the innermost block around it that is written.
#[derive(Clone, Copy)]
pub(super) struct Found<'n> {
    pub(super) node: &'n Node,
    pub(super) around: &'n Node,
}

impl<'n> Found<'n> {
    /// A property of this block; of a list of at most one, of its element.
    pub(super) fn get(self, name: &str) -> Found<'n> {
        let block = match &self.node.state {
            State::List(items) => items.first().unwrap_or(self.node),
            _ => self.node,
        };
        let around = if block.place.is_some() && !block.is_absent() { block } else { self.around };
        Found { node: block.get(name), around }
    }

    pub(super) fn is_absent(self) -> bool {
        self.node.is_absent()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn get(&self, name: &str) -> Found<'a> {
        Found { node: self.properties, around: self.properties }.get(name)
    }

    /// What is read from a property, or from the block that lacks it.
    pub(super) fn fact<T>(&self, found: Found<'_>, value: Result<T, Gap>) -> Fact<T> {
        if found.is_absent() {
            let Node { place, basis, .. } = found.around;
            return self.source.fact(&Node { state: State::Absent, place: place.clone(), basis: *basis }, value);
        }
        match self.source.fact(found.node, value) {
            Fact::Known { value, from, basis } => Fact::Known { value, from, basis: basis.max(weakest(found.node)) },
            other => other,
        }
    }

    /// What is read from a property; AWS's default where it is missing.
    pub(super) fn or_default<T>(&self, found: Found<'_>, value: Result<Option<T>, Gap>, default: T) -> Fact<T> {
        match value {
            Ok(None) => self.assumed(found, default),
            Ok(Some(value)) => self.fact(found, Ok(value)),
            Err(gap) => Fact::Unknown(self.source.named(gap)),
        }
    }

    /// AWS's default, where the block lacks a property.
    pub(super) fn assumed<T>(&self, found: Found<'_>, value: T) -> Fact<T> {
        Fact::Known { value, from: self.source.origin(found.around), basis: Basis::AssumedDefault }
    }

    pub(super) fn flag(&self, found: Found<'_>, default: bool) -> Fact<bool> {
        self.or_default(found, truth(found.node), default)
    }

    pub(super) fn text(&self, found: Found<'_>, default: &str) -> Fact<String> {
        self.or_default(found, found.node.text(), default.to_string())
    }

    pub(super) fn maybe_text(&self, found: Found<'_>) -> Fact<Option<String>> {
        self.or_default(found, found.node.text().map(|text| text.map(Some)), None)
    }

    pub(super) fn pointer(&self, found: Found<'_>) -> Pointer {
        match found.is_absent() {
            true => self.assumed(found, None),
            false => self.source.pointer(found.node),
        }
    }

    /// The text of a property that names something; where the name is open, that there is one.
    pub(super) fn text_or_set(&self, found: Found<'_>) -> Fact<Option<String>> {
        match &found.node.state {
            State::Text(text) if is_placeholder(text) => {
                Fact::OneOf { candidates: Vec::new(), from: self.source.origin(found.node) }
            }
            State::Link(_) => self.source.text_or_set(found.node),
            _ => self.maybe_text(found),
        }
    }

    /// A list, each element read by itself; empty where the property is missing.
    pub(super) fn list<T>(&self, found: Found<'_>, read: impl Fn(&Node) -> Result<T, Gap>) -> Fact<Vec<T>> {
        let all = found.node.items().and_then(|items| items.iter().map(read).collect::<Result<Vec<T>, Gap>>());
        match found.is_absent() {
            true => self.assumed(found, Vec::new()),
            false => self.fact(found, all),
        }
    }

    pub(super) fn tags(&self) -> Fact<Vec<Tag>> {
        self.list(self.get("Tags"), |node| {
            Ok(Tag { key: node.get("Key").text()?.unwrap_or_default(), value: node.get("Value").text()?.unwrap_or_default() })
        })
    }
}

/// How firmly a value stands with everything in it.
fn weakest(node: &Node) -> Basis {
    let inside = match &node.state {
        State::List(items) => items.iter().map(weakest).max(),
        State::Map(map) => map.values().map(weakest).max(),
        _ => None,
    };
    inside.map_or(node.basis, |inside| inside.max(node.basis))
}

/// CloudFormation takes `true` and `"true"`, in capitals too.
pub(super) fn truth(node: &Node) -> Result<Option<bool>, Gap> {
    match &node.state {
        State::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        State::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => node.bool(),
    }
}
