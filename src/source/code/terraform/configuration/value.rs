//! Values of Terraform's language, of which any part may be unknown. They know nothing of modules and resources.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Instance;
use crate::inventory::code::{OPEN, placeholder};
use crate::inventory::{Basis, Gap, GapKind, Remedy};

/// Bytes of one text, and elements of one collection, that are made at most.
pub(super) const MOST_BYTES: usize = 4 * 1024 * 1024;
pub(super) const MOST_ELEMENTS: usize = 65_536;

/// Collections inside one another that are made at most.
const DEEPEST: u8 = 100;

/// What an expression comes to, or why it is wrong: what Terraform would refuse, where it stands, so that `try` goes on.
pub(super) type Outcome = Result<Value, Box<Gap>>;

/// A value, and how firmly it stands.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) basis: Basis,
    /// Whether a list is a set, whose elements are their own keys.
    pub(super) is_set: bool,
    /// Collections inside one another.
    depth: u8,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Rc<str>),
    /// Text in which something stands for what is open.
    Open(Rc<Open>),
    /// Lists, sets and tuples.
    List(Rc<Vec<Value>>),
    /// Maps and objects.
    Map(Rc<BTreeMap<Rc<str>, Value>>),
    /// An instance of a resource, whose attributes are asked for one by one.
    Instance(Rc<Instance>),
    /// An attribute by which a resource is named.
    Identity(Rc<Identity>),
    Unknown(Rc<Unknown>),
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) text: String,
    pub(super) gap: Gap,
}

/// An attribute by which one resource is named, or one of several.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) addresses: Vec<Rc<str>>,
    pub(super) attribute: Rc<str>,
    /// The text that it will be: whole, or with what stands for what is open.
    pub(super) text: Option<Kind>,
    /// Whether the resource is made for certain.
    pub(super) is_made: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Unknown {
    pub(super) gap: Gap,
    /// What it is the value of: the same words for the same value, where that is told.
    pub(super) label: Option<String>,
    pub(super) is_secret: bool,
    /// The one that stands for instances of which it is not known which there are.
    pub(super) instance: Option<Rc<Instance>>,
}

impl Value {
    pub(super) fn new(kind: Kind) -> Self {
        Value { kind, basis: Basis::Configured, is_set: false, depth: 0 }
    }

    pub(super) fn null() -> Self {
        Value::new(Kind::Null)
    }

    pub(super) fn bool(truth: bool) -> Self {
        Value::new(Kind::Bool(truth))
    }

    pub(super) fn number(number: f64) -> Self {
        Value::new(Kind::Number(number))
    }

    /// Text of the code. What stands for something open in our texts is nobody's to write.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.contains(OPEN) {
            return Value::unknown(wrong("the code has a sign that no name of AWS has"));
        }
        Value::new(Kind::Text(text.into()))
    }

    /// Text that may hold what stands for something open, for this reason.
    pub(super) fn texts(text: String, gap: &Gap) -> Self {
        if text.contains(OPEN) {
            Value::new(Kind::Open(Rc::new(Open { text, gap: gap.clone() })))
        } else {
            Value::new(Kind::Text(text.into()))
        }
    }

    pub(super) fn list(items: Vec<Value>) -> Self {
        let depth = items.iter().map(|item| item.depth).max().unwrap_or_default();
        Value::new(Kind::List(Rc::new(items))).around(depth)
    }

    pub(super) fn map(map: BTreeMap<Rc<str>, Value>) -> Self {
        let depth = map.values().map(|value| value.depth).max().unwrap_or_default();
        Value::new(Kind::Map(Rc::new(map))).around(depth)
    }

    /// The same list as a set, or as none.
    pub(super) fn being_set(self, is_set: bool) -> Self {
        Value { is_set, ..self }
    }

    /// A collection around others that are so deep.
    fn around(self, depth: u8) -> Self {
        match depth < DEEPEST {
            true => Value { depth: depth + 1, ..self },
            false => Value::unknown(beyond("collections inside of too many others")),
        }
    }

    pub(super) fn unknown(gap: Gap) -> Self {
        Value::new(Kind::Unknown(Rc::new(Unknown { gap, label: None, is_secret: false, instance: None })))
    }

    /// An unknown value that is told from others by what it is of.
    pub(super) fn named(gap: Gap, label: String) -> Self {
        Value::new(Kind::Unknown(Rc::new(Unknown { gap, label: Some(label), is_secret: false, instance: None })))
    }

    pub(super) fn secret() -> Self {
        let gap =
            Gap::new(GapKind::NotUnderstood, "the code marks the value as sensitive, and sensitive values are not looked at")
                .with_remedy(Remedy::Do("unmark what is no secret, such as names and switches, or scan the account".into()));
        Value::new(Kind::Unknown(Rc::new(Unknown { gap, label: None, is_secret: true, instance: None })))
    }

    /// The same, standing no firmer than what it was made by.
    pub(super) fn by(mut self, basis: Basis) -> Self {
        self.basis = self.basis.max(basis);
        self
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Why the value itself is unknown; its parts may be.
    pub(super) fn gap(&self) -> Option<&Gap> {
        match &self.kind {
            Kind::Unknown(unknown) => Some(&unknown.gap),
            _ => None,
        }
    }

    /// Why the value or a part of it may turn out otherwise, so that nothing can rest on there being no mistake in it.
    pub(super) fn doubt(&self) -> Option<Gap> {
        match &self.kind {
            Kind::Unknown(unknown) => Some(unknown.gap.clone()),
            Kind::Identity(identity) if !identity.is_made => Some(Gap::new(
                GapKind::KnownAfterApply,
                format!("whether {} is made is not known", identity.addresses.join(" or ")),
            )),
            Kind::Instance(instance) if !instance.is_made() => {
                Some(Gap::new(GapKind::KnownAfterApply, "whether it is made is not known"))
            }
            Kind::List(items) => items.iter().find_map(Value::doubt),
            Kind::Map(map) => map.values().find_map(Value::doubt),
            _ => None,
        }
    }

    /// The truth of a value.
    pub(super) fn truth(&self) -> Result<Result<bool, Gap>, Box<Gap>> {
        match &self.kind {
            Kind::Bool(truth) => Ok(Ok(*truth)),
            Kind::Text(text) if &**text == "true" => Ok(Ok(true)),
            Kind::Text(text) if &**text == "false" => Ok(Ok(false)),
            Kind::Unknown(unknown) => Ok(Err(unknown.gap.clone())),
            Kind::Open(open) => Ok(Err(open.gap.clone())),
            Kind::Identity(_) => Ok(Err(self.open_gap())),
            _ => Err(Box::new(wrong("something else than true or false"))),
        }
    }

    /// A number; nothing where it is unknown which.
    pub(super) fn to_number(&self) -> Result<Option<f64>, Box<Gap>> {
        match &self.kind {
            Kind::Number(number) => Ok(Some(*number)),
            Kind::Text(text) => text.trim().parse().map(Some).map_err(|_| Box::new(wrong("text that is no number"))),
            Kind::Unknown(_) | Kind::Open(_) | Kind::Identity(_) => Ok(None),
            _ => Err(Box::new(wrong("something else than a number"))),
        }
    }

    /// The text of a scalar, with what stands for what is open in it; the reason where it has none.
    pub(super) fn as_text(&self) -> Result<Result<String, Value>, Box<Gap>> {
        match &self.kind {
            Kind::Text(text) => Ok(Ok(text.to_string())),
            Kind::Bool(truth) => Ok(Ok(truth.to_string())),
            Kind::Number(number) => Ok(Ok(digits(*number))),
            Kind::Open(open) => Ok(Ok(open.text.clone())),
            Kind::Identity(identity) => match &identity.text {
                Some(text) => Value::new(text.clone()).as_text(),
                None => Ok(Err(Value::unknown(self.open_gap()))),
            },
            Kind::Unknown(unknown) => match (&unknown.label, unknown.is_secret) {
                (Some(label), false) => Ok(Ok(placeholder(label))),
                _ => Ok(Err(self.clone())),
            },
            Kind::Null => Err(Box::new(wrong("null where text is wanted"))),
            Kind::List(_) | Kind::Map(_) | Kind::Instance(_) => Err(Box::new(wrong("a collection where text is wanted"))),
        }
    }

    /// Why the text of a scalar is open.
    pub(super) fn open_gap(&self) -> Gap {
        match &self.kind {
            Kind::Open(open) => open.gap.clone(),
            Kind::Unknown(unknown) => unknown.gap.clone(),
            Kind::Identity(identity) => Gap::new(
                GapKind::KnownAfterApply,
                format!("`{}` of {} is known after apply", identity.attribute, identity.addresses.join(" or ")),
            )
            .with_remedy(Remedy::Do(
                "write the name out, or make a plan: `terraform plan -out tfplan && terraform show -json tfplan > plan.json`"
                    .into(),
            )),
            _ => Gap::new(GapKind::KnownAfterApply, "it is known after apply"),
        }
    }

    /// The elements of a list, or the values of a map.
    pub(super) fn elements(&self) -> Result<Vec<Value>, Value> {
        match &self.kind {
            Kind::List(items) => Ok(items.to_vec()),
            Kind::Map(map) => Ok(map.values().cloned().collect()),
            Kind::Null => Ok(Vec::new()),
            _ => Err(self.clone()),
        }
    }

    /// Whether two values are the same, where that is known.
    pub(super) fn equals(&self, other: &Value) -> Option<bool> {
        let text_of = |kind: &Kind| match kind {
            Kind::Text(text) => Some((text.to_string(), true)),
            Kind::Open(open) => Some((open.text.clone(), false)),
            Kind::Identity(identity) => match &identity.text {
                Some(Kind::Text(text)) => Some((text.to_string(), true)),
                Some(Kind::Open(open)) => Some((open.text.clone(), false)),
                _ => None,
            },
            Kind::Unknown(unknown) if !unknown.is_secret => unknown.label.as_ref().map(|label| (placeholder(label), false)),
            _ => None,
        };
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => Some(true),
            // An attribute that names a resource is never null, and neither is text with something in it.
            (Kind::Null, Kind::Unknown(_)) | (Kind::Unknown(_), Kind::Null) => None,
            (Kind::Null, _) | (_, Kind::Null) => Some(false),
            (Kind::Bool(a), Kind::Bool(b)) => Some(a == b),
            (Kind::Number(a), Kind::Number(b)) => Some(a == b),
            (Kind::List(a), Kind::List(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all(a.iter().zip(b.iter()).map(|(a, b)| a.equals(b)))
            }
            (Kind::Map(a), Kind::Map(b)) => {
                if a.len() != b.len() || a.keys().ne(b.keys()) {
                    return Some(false);
                }
                all(a.values().zip(b.values()).map(|(a, b)| a.equals(b)))
            }
            // What names a resource is never empty.
            (Kind::Identity(_), Kind::Text(text)) | (Kind::Text(text), Kind::Identity(_)) if text.is_empty() => Some(false),
            (a, b) => match (text_of(a), text_of(b)) {
                (Some((a, true)), Some((b, true))) => Some(a == b),
                (Some((a, _)), Some((b, _))) if a == b => Some(true),
                (Some((open, false)), Some((text, true))) | (Some((text, true)), Some((open, false)))
                    if !may_be(&open, &text) =>
                {
                    Some(false)
                }
                (Some(_), Some(_)) => None,
                _ if is_unknown(a) || is_unknown(b) => None,
                // Values of two types are two values.
                _ => Some(false),
            },
        }
    }

    /// What a value is whichever of two it turns out to be.
    pub(super) fn either(&self, other: &Value, why: &Gap) -> Value {
        let basis = self.basis.max(other.basis);
        if self.equals(other) == Some(true) {
            return self.clone().by(basis);
        }
        match (&self.kind, &other.kind) {
            (Kind::Identity(a), Kind::Identity(b)) if a.attribute == b.attribute => {
                let mut addresses = [a.addresses.clone(), b.addresses.clone()].concat();
                addresses.sort();
                addresses.dedup();
                let identity =
                    Identity { addresses, attribute: a.attribute.clone(), text: None, is_made: a.is_made && b.is_made };
                Value::new(Kind::Identity(Rc::new(identity))).by(basis)
            }
            (Kind::List(a), Kind::List(b)) if a.len() == b.len() => {
                Value::list(a.iter().zip(b.iter()).map(|(a, b)| a.either(b, why)).collect()).by(basis)
            }
            (Kind::Map(a), Kind::Map(b)) if a.keys().eq(b.keys()) => {
                let both = a.iter().zip(b.values()).map(|((key, a), b)| (key.clone(), a.either(b, why)));
                Value::map(both.collect()).by(basis)
            }
            (Kind::Unknown(a), _) if a.is_secret => self.clone(),
            (_, Kind::Unknown(b)) if b.is_secret => other.clone(),
            _ => Value::unknown(why.clone()),
        }
    }
}

/// Whether text with something open in it can turn out as another: what is written of it stands there, in its order.
fn may_be(open: &str, text: &str) -> bool {
    let mut rest = text;
    let mut written = open;
    let mut is_first = true;
    loop {
        let end = written.find(OPEN);
        let part = written.get(..end.unwrap_or(written.len())).unwrap_or_default();
        match (is_first, end) {
            (true, _) => match rest.strip_prefix(part) {
                Some(after) => rest = after,
                None => return false,
            },
            (false, None) => return rest.ends_with(part),
            (false, Some(_)) => match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
                Some(after) => rest = after,
                None => return false,
            },
        }
        is_first = false;
        let Some(behind) = end.and_then(|at| written.get(at..)) else { return rest.is_empty() };
        written = behind.find('⟩').and_then(|at| behind.get(at + '⟩'.len_utf8()..)).unwrap_or_default();
    }
}

fn is_unknown(kind: &Kind) -> bool {
    matches!(kind, Kind::Unknown(_) | Kind::Open(_) | Kind::Identity(_) | Kind::Instance(_))
}

fn all(each: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut whole = Some(true);
    for one in each {
        match one {
            Some(false) => return Some(false),
            None => whole = None,
            Some(true) => {}
        }
    }
    whole
}

/// What Terraform would refuse.
pub(super) fn wrong(what: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, what)
        .with_remedy(Remedy::Do("put right what `terraform validate` complains about, or scan a plan instead".into()))
}

/// What one may be told to do where more is written than is worked out.
const LESS: &str = "scan a plan instead";
const STRAIGHT: &str = "let nothing need itself";

/// What is more than is worked out. It is no mistake of the code, so that `try` does not go past it.
pub(super) fn beyond(what: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, what).with_remedy(Remedy::Do(LESS.into()))
}

/// What leads in a circle: Terraform refuses the whole for it, so that `try` does not go past it either.
pub(super) fn circle(what: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, what).with_remedy(Remedy::Do(STRAIGHT.into()))
}

/// Whether an error is one that `try` goes past.
pub(super) fn is_mistake(gap: &Gap) -> bool {
    !matches!(&gap.remedy, Some(Remedy::Do(what)) if what == LESS || what == STRAIGHT)
}

/// A number as Terraform writes it.
pub(super) fn digits(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { number.to_string() }
}
