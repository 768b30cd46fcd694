//! `Fn::ForEach` of the language extensions: what it stands for is written out, where its collection is written in the template.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html>.

use std::borrow::Cow;

use super::function::Function;
use super::tree::{Entry, Kind, Value};

const NAME: &str = "Fn::ForEach::";

/// Values that are written out of one template at most.
const MOST: usize = 100_000;

/// Loops inside one another that are written out.
const DEEPEST: usize = 5;

/// Writes out the loops of a template that has the language extensions. A loop over what is not written stays as it is.
pub(super) fn write_out(root: &mut Value<'_>) {
    let transform = root.get("Transform");
    let is_named = |value: &Value<'_>| value.text() == Some("AWS::LanguageExtensions");
    if !transform.is_some_and(|t| is_named(t) || t.items().iter().any(is_named)) {
        return;
    }
    let mut left = MOST;
    let Kind::Map(sections) = &mut root.kind else { return };
    for section in sections.iter_mut().filter(|entry| matches!(entry.key.as_ref(), "Resources" | "Conditions" | "Outputs")) {
        within(&mut section.value, DEEPEST, &mut left);
    }
}

fn within(value: &mut Value<'_>, deeper: usize, left: &mut usize) {
    // The one key of a map is read as a function.
    if let Kind::Call(Function::Other(name), argument) = &value.kind
        && name.starts_with(NAME)
        && let Some(entries) = copies(argument, deeper, left)
    {
        value.kind = Kind::Map(entries);
    }
    match &mut value.kind {
        Kind::Scalar { .. } => {}
        Kind::List(items) => items.iter_mut().for_each(|item| within(item, deeper, left)),
        Kind::Call(_, argument) => within(argument, deeper, left),
        Kind::Map(entries) => {
            let mut written = Vec::with_capacity(entries.len());
            for entry in std::mem::take(entries) {
                match entry.key.starts_with(NAME).then(|| copies(&entry.value, deeper, left)).flatten() {
                    Some(copies) => written.extend(copies),
                    None => written.push(entry),
                }
            }
            *entries = written;
            entries.iter_mut().for_each(|entry| within(&mut entry.value, deeper, left));
        }
    }
}

/// What a loop stands for: nothing where its collection is not written, where two copies have one key, or where it is too much.
fn copies<'t>(argument: &Value<'t>, deeper: usize, left: &mut usize) -> Option<Vec<Entry<'t>>> {
    let deeper = deeper.checked_sub(1)?;
    let [identifier, collection, body] = argument.items() else { return None };
    let (identifier, items) = (identifier.text()?, collection.items());
    let items: Vec<&str> = items.iter().map(Value::text).collect::<Option<_>>()?;
    let once = count(body);
    if items.is_empty() || once.checked_mul(items.len())? > *left {
        return None;
    }
    *left -= once * items.len();
    let mut written: Vec<Entry<'t>> = Vec::new();
    for item in items {
        let mut copy = body.clone();
        put(&mut copy, identifier, item);
        within(&mut copy, deeper, left);
        let Kind::Map(entries) = copy.kind else { return None };
        for entry in entries {
            if written.iter().any(|other| other.key == entry.key) {
                return None;
            }
            written.push(entry);
        }
    }
    Some(written)
}

fn count(value: &Value<'_>) -> usize {
    let mut count = 0;
    value.walk(&mut |_| count += 1);
    count
}

/// Puts the item wherever the identifier stands: as `${Identifier}`, as `&{Identifier}` without what no logical id has, and as what
/// a `Ref` names.
fn put(value: &mut Value<'_>, identifier: &str, item: &str) {
    let replaced = |text: &str| -> Option<String> {
        let (plain, bare) = (format!("${{{identifier}}}"), format!("&{{{identifier}}}"));
        (text.contains(&plain) || text.contains(&bare)).then(|| {
            let letters: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
            text.replace(&plain, item).replace(&bare, &letters)
        })
    };
    if let Kind::Call(Function::Ref, argument) = &value.kind
        && argument.text() == Some(identifier)
    {
        value.kind = Kind::Scalar { text: Cow::Owned(item.to_string()), is_plain: false };
        return;
    }
    match &mut value.kind {
        Kind::Scalar { text, .. } => {
            if let Some(new) = replaced(text) {
                *text = Cow::Owned(new);
            }
        }
        Kind::List(items) => items.iter_mut().for_each(|one| put(one, identifier, item)),
        Kind::Map(entries) => {
            for entry in entries {
                if let Some(new) = replaced(&entry.key) {
                    entry.key = Cow::Owned(new);
                }
                put(&mut entry.value, identifier, item);
            }
        }
        Kind::Call(_, argument) => put(argument, identifier, item),
    }
}
