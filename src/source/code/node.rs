//! A tree of values as code gives them, each with its state and its place, and how a leaf becomes a fact.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::resource::{Pointer, Target};
use crate::inventory::{Basis, Fact, Gap, GapKind, Origin, Remedy, SourcePlace};

/// A value of code.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub state: State,
    /// Where it stands in the source, where that is known.
    pub place: Option<SourcePlace>,
    /// How firmly it stands: written, by reference, or assumed.
    pub basis: Basis,
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The code says for certain that there is none.
    Absent,
    Bool(bool),
    Int(i64),
    /// Text, and numbers that are not whole.
    Text(String),
    List(Vec<Node>),
    Map(BTreeMap<String, Node>),
    /// There is a value that must not be shown. Nothing is made of it.
    Sensitive,
    /// An attribute of a resource by which others name it (its name, id or ARN); of exactly one of them where there are several.
    Link(Vec<String>),
    Unknown(Gap),
}

static ABSENT: LazyLock<Node> = LazyLock::new(|| Node::new(State::Absent));

impl Node {
    /// A value as it is written.
    pub fn new(state: State) -> Self {
        Node { state, place: None, basis: Basis::Configured }
    }

    pub fn unknown(gap: Gap) -> Self {
        Node::new(State::Unknown(gap))
    }

    /// A value of a map; of what is unknown, open or hidden, the same; otherwise absent.
    pub fn get(&self, key: &str) -> &Node {
        match &self.state {
            State::Map(map) => map.get(key).unwrap_or(&ABSENT),
            State::Unknown(_) | State::Sensitive | State::Link(_) => self,
            _ => &ABSENT,
        }
    }

    /// The one element of a list of at most one, as Terraform writes a block; a value that is no list stands for itself.
    pub fn block(&self, key: &str) -> &Node {
        let found = self.get(key);
        match &found.state {
            State::List(items) => items.first().unwrap_or(&ABSENT),
            _ => found,
        }
    }

    /// Lets the value, and all in it, stand no firmer than what it is made by.
    pub fn raise(&mut self, basis: Basis) {
        if basis <= Basis::Configured {
            return;
        }
        self.basis = self.basis.max(basis);
        match &mut self.state {
            State::List(items) => items.iter_mut().for_each(|item| item.raise(basis)),
            State::Map(map) => map.values_mut().for_each(|value| value.raise(basis)),
            _ => {}
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self.state, State::Absent)
    }

    /// Why the value is not known; nothing where it is.
    fn gap(&self) -> Option<Gap> {
        match &self.state {
            State::Unknown(gap) => Some(gap.clone()),
            State::Sensitive => Some(sensitive()),
            State::Link(to) => Some(Gap::new(
                GapKind::KnownAfterApply,
                format!("it names {}, whose value is known after apply", to.join(" or ")),
            )),
            _ => None,
        }
    }

    fn other(&self, wanted: &str) -> Gap {
        self.gap().unwrap_or_else(|| Gap::new(GapKind::NotUnderstood, format!("the code holds something else than {wanted}")))
    }

    /// # Errors
    /// Why it is not known whether it is true.
    pub fn bool(&self) -> Result<Option<bool>, Gap> {
        match &self.state {
            State::Absent => Ok(None),
            State::Bool(value) => Ok(Some(*value)),
            State::Text(text) if text == "true" => Ok(Some(true)),
            State::Text(text) if text == "false" => Ok(Some(false)),
            _ => Err(self.other("true or false")),
        }
    }

    /// # Errors
    /// Why the number is not known.
    pub fn int(&self) -> Result<Option<i64>, Gap> {
        match &self.state {
            State::Absent => Ok(None),
            State::Int(value) => Ok(Some(*value)),
            State::Text(text) if text.is_empty() => Ok(None),
            State::Text(text) => text.parse().map(Some).map_err(|_| self.other("a whole number")),
            _ => Err(self.other("a whole number")),
        }
    }

    /// Text that is not empty.
    ///
    /// # Errors
    /// Why the text is not known.
    pub fn text(&self) -> Result<Option<String>, Gap> {
        match &self.state {
            State::Absent => Ok(None),
            State::Text(text) if text.is_empty() => Ok(None),
            State::Text(text) => Ok(Some(text.clone())),
            State::Int(value) => Ok(Some(value.to_string())),
            State::Bool(value) => Ok(Some(value.to_string())),
            _ => Err(self.other("text")),
        }
    }

    /// # Errors
    /// Why the elements are not known. Of each element it may still be unknown what it is.
    pub fn items(&self) -> Result<&[Node], Gap> {
        match &self.state {
            State::Absent => Ok(&[]),
            State::List(items) => Ok(items),
            State::Map(_) => Ok(std::slice::from_ref(self)),
            _ => Err(self.other("a list")),
        }
    }

    /// A list of texts; a bare text is a list of one.
    ///
    /// # Errors
    /// Why one of them is not known.
    pub fn texts(&self) -> Result<Vec<String>, Gap> {
        if let State::Text(text) = &self.state {
            return Ok(vec![text.clone()]);
        }
        self.items()?.iter().map(|item| Ok(item.text()?.unwrap_or_default())).collect()
    }
}

fn sensitive() -> Gap {
    Gap::new(GapKind::NotUnderstood, "the code marks the value as sensitive, and sensitive values are not looked at")
        .with_remedy(Remedy::Do("unmark what is no secret, such as names and switches, or scan the account".into()))
}

/// Where nodes of one resource were read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub file: &'a str,
    pub address: &'a str,
    /// Where the resource stands, for what is not written in it.
    pub place: Option<&'a SourcePlace>,
}

impl Source<'_> {
    /// The place of a value, or the address of its resource.
    pub fn origin(&self, node: &Node) -> Origin {
        match node.place.as_ref().or(self.place) {
            Some(place) => Origin::Place { file: place.file.clone(), line: place.line, column: place.column },
            None => Origin::Address { file: self.file.to_string(), address: self.address.to_string() },
        }
    }

    /// A fact that is read from a node.
    pub fn fact<T>(&self, node: &Node, value: Result<T, Gap>) -> Fact<T> {
        match value {
            Ok(value) => Fact::Known { value, from: self.origin(node), basis: node.basis },
            Err(gap) => Fact::Unknown(self.named(gap)),
        }
    }

    /// A fact that is read from a node, with AWS's default where the node is absent.
    pub fn or_default<T>(&self, node: &Node, value: Result<Option<T>, Gap>, default: T) -> Fact<T> {
        match value {
            Ok(Some(value)) => Fact::Known { value, from: self.origin(node), basis: node.basis },
            Ok(None) => self.assumed(default),
            Err(gap) => Fact::Unknown(self.named(gap)),
        }
    }

    /// AWS's default, where the code says nothing.
    pub fn assumed<T>(&self, value: T) -> Fact<T> {
        Fact::Known { value, from: self.origin(&ABSENT), basis: Basis::AssumedDefault }
    }

    /// A value that follows from the code as a whole.
    pub fn configured<T>(&self, value: T) -> Fact<T> {
        Fact::Known { value, from: self.origin(&ABSENT), basis: Basis::Configured }
    }

    /// What a node names: another resource, or something by its name.
    pub fn pointer(&self, node: &Node) -> Pointer {
        let from = self.origin(node);
        match &node.state {
            State::Link(to) => match to.as_slice() {
                [one] => Fact::Known { value: Some(Target::Resource(one.clone())), from, basis: node.basis },
                many => Fact::OneOf { candidates: many.iter().cloned().map(|to| Some(Target::Resource(to))).collect(), from },
            },
            _ => self.fact(node, node.text().map(|text| text.map(Target::Named))),
        }
    }

    /// The text that a node gives; where it names a resource whose name is not known, that there is one.
    pub fn text_or_set(&self, node: &Node) -> Fact<Option<String>> {
        match &node.state {
            State::Link(_) => Fact::OneOf { candidates: Vec::new(), from: self.origin(node) },
            _ => self.fact(node, node.text()),
        }
    }

    /// The gap, with the resource that it is about.
    pub fn named(&self, gap: Gap) -> Gap {
        if gap.message.contains(self.address) {
            return gap;
        }
        Gap { message: format!("{}: {}", self.address, gap.message), ..gap }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_stays_unknown_all_the_way_down() {
        let node = Node::unknown(Gap::new(GapKind::KnownAfterApply, "later"));
        assert_eq!(node.block("versioning").get("status").text().unwrap_err().message, "later");
        assert!(Node::new(State::Sensitive).bool().is_err());
        assert!(Node::new(State::Link(vec!["aws_s3_bucket.a".into()])).block("x").get("y").bool().is_err());
        assert_eq!(Node::new(State::Absent).get("x").bool(), Ok(None));
    }

    #[test]
    fn a_link_is_set_and_no_text() {
        let source = Source { file: "plan.json", address: "aws_cloudtrail.a", place: None };
        let link = Node::new(State::Link(vec!["aws_iam_role.b".into()]));
        assert_eq!(source.text_or_set(&link), Fact::OneOf { candidates: vec![], from: source.origin(&link) });
        assert!(source.fact(&link, link.text()).gap().is_some());
    }
}
