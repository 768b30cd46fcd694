//! Where the account has what the code describes: open parts of the code, filled in by the things of one name.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Placement;
use super::holes::{Bindings, Fit, fit, names_something};
use crate::inventory::code::is_placeholder;
use crate::inventory::noun::View;
use crate::inventory::{Inventory, Record};

/// By what a thing of the code was known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Placed {
    /// Its id is written in the code, or its name is, and one thing of the account has that name.
    Name,
    /// What uses it is, and uses this one in the account. That it was made by this code is likely, and not proven.
    Reference,
}

/// The nouns that are compared, those that name others first.
pub(super) const NOUNS: [&str; 7] = ["trail", "event_data_store", "bucket", "log_group", "topic", "alarm", "key"];

/// The fields that name something else, by noun.
pub(super) const REFERENCES: [(&str, &str); 7] = [
    ("trail", "bucket"),
    ("trail", "kms_key"),
    ("trail", "log_group"),
    ("trail", "sns_topic"),
    ("bucket", "default_encryption_key"),
    ("log_group", "kms_key"),
    ("event_data_store", "kms_key"),
];

/// Code, put where the account has it.
pub struct Located {
    /// The code with its open parts filled in as far as the account tells them.
    pub inventory: Inventory,
    /// What was filled in.
    pub placed: Vec<Placement>,
    /// The things that were known by what uses them, as noun and id.
    by_reference: BTreeSet<(String, String)>,
}

/// Fills in what the code leaves open and the account tells: by names first, and then by what uses a thing.
///
/// # Errors
/// None in practice: every inventory can be written and read.
pub fn locate(code: &Inventory, live: &Inventory) -> Result<Located, serde_json::Error> {
    let mut bindings = Bindings::default();
    let mut by_reference = BTreeSet::new();
    keys_by_their_ids(code, live, &mut bindings);
    // Each round fills in something more, or is the last.
    loop {
        let before = bindings.pairs().count();
        for noun in NOUNS {
            by_name(noun, code, live, &mut bindings);
        }
        if bindings.pairs().count() == before {
            through_users(code, live, &mut bindings, &mut by_reference);
        }
        if bindings.pairs().count() == before {
            break;
        }
    }
    let mut value = serde_json::to_value(code)?;
    bindings.fill_all(&mut value);
    let mut inventory: Inventory = serde_json::from_value(value)?;
    inventory.sort();
    let placed = bindings.pairs().map(|(open, is)| Placement { open: open.into(), is: is.into() }).collect();
    Ok(Located { inventory, placed, by_reference })
}

impl Located {
    pub(super) fn is_by_reference(&self, record: &dyn Record) -> bool {
        self.by_reference.contains(&(record.noun_name().to_string(), record.id().to_string()))
    }
}

/// A key may be written by its id alone, where the account has one that ends so.
fn keys_by_their_ids(code: &Inventory, live: &Inventory, bindings: &mut Bindings) {
    for key in code.keys.iter().filter(|key| !key.arn.contains([':', '/']) && !is_placeholder(&key.arn)) {
        let mut same = live.keys.iter().filter(|other| other.arn.rsplit('/').next() == Some(key.arn.as_str()));
        if let (Some(one), None) = (same.next(), same.next()) {
            bindings.rewrite(&key.arn, &one.arn);
        }
    }
}

/// Binds what is open in the names of things of which the account has one of that name.
fn by_name(noun: &str, code: &Inventory, live: &Inventory, bindings: &mut Bindings) {
    let live: Vec<&str> = live.population(noun).into_iter().filter(|record| !is_gone(*record)).map(Record::id).collect();
    let wanted: Vec<String> = code.population(noun).into_iter().map(|record| bindings.fill(record.id())).collect();
    let taken: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let free: Vec<&str> = live.into_iter().filter(|id| !taken.contains(id)).collect();
    let mut fitting: BTreeMap<&str, Vec<(&String, Fit)>> = BTreeMap::new();
    for id in wanted.iter().filter(|id| is_placeholder(id) && names_something(id)) {
        let mut fits = free.iter().map(|live| (*live, fit(id, live))).filter(|(_, fit)| *fit != Fit::Not);
        if let (Some((live, fit)), None) = (fits.next(), fits.next()) {
            fitting.entry(live).or_default().push((id, fit));
        }
    }
    let mut found = Vec::new();
    for (_, mut of) in fitting {
        if let (Some((_, Fit::Only(pairs))), true) = (of.pop(), of.is_empty()) {
            found.extend(pairs);
        }
    }
    bindings.bind(found);
}

/// Binds what is open in the ids of things that are used by what was known again.
fn through_users(code: &Inventory, live: &Inventory, bindings: &mut Bindings, by_reference: &mut BTreeSet<(String, String)>) {
    for (noun, field) in REFERENCES {
        for record in code.population(noun) {
            let user = bindings.fill(record.id());
            let Some(other) = live.find(noun, &user) else { continue };
            let (Some((used, id)), Some((_, found))) = (reference(record, field), reference(other, field)) else { continue };
            let id = bindings.fill(id);
            if !is_placeholder(&id) {
                continue;
            }
            if let Fit::Only(pairs) = fit(&id, found) {
                bindings.bind(pairs);
                by_reference.insert((used.to_string(), found.to_string()));
            }
        }
    }
}

/// What a field names, as noun and id, where that is known.
pub(super) fn reference<'a>(record: &'a dyn Record, field: &str) -> Option<(&'static str, &'a str)> {
    match record.read(field)? {
        View::Ref { noun, id } => Some((noun, id)),
        View::Known { value, .. } => match *value {
            View::Ref { noun, id } => Some((noun, id)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the account says that it is not there: something still names it.
pub(super) fn is_gone(record: &dyn Record) -> bool {
    match record.read("exists") {
        Some(View::Known { value, .. }) => matches!(*value, View::Bool(false)),
        _ => false,
    }
}
