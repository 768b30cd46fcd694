//! Statements of policies: what two ways of writing have in common, and how people see them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::inventory::code::OPEN;
use crate::inventory::document::{Effect, Matches, Principal, Statement};
use crate::semantics::shown;

/// A statement without its label, and with the writings of one thing made one.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.
pub(super) fn meaning(statement: &Statement) -> Value {
    let mut statement = Statement { sid: None, ..statement.clone() };
    if let Principal::Only(of) | Principal::Not(of) = &mut statement.principal {
        for id in of.get_mut("AWS").into_iter().flatten() {
            let is_open = id.starts_with(&format!("{OPEN}account of ")) && id.ends_with('⟩');
            if is_open || (id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())) {
                *id = format!("arn:aws:iam::{id}:root");
            }
        }
    }
    let mut value = json!(statement);
    if let Some(action) = value.get_mut("action") {
        lower(action);
    }
    value
}

fn lower(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.to_lowercase(),
        Value::Array(items) => items.iter_mut().for_each(lower),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| lower(field)),
        _ => {}
    }
}

pub(super) fn label(statement: &Statement) -> String {
    statement.sid.as_ref().map_or_else(|| ".statement".into(), |sid| format!(".statement[{sid}]"))
}

/// `allow kms:Decrypt on * to Service logs.amazonaws.com where StringEquals aws:sourcearn arn:…`.
pub(super) fn words(statement: &Statement) -> String {
    let of = |ids: &BTreeMap<String, Vec<String>>| {
        ids.iter().map(|(kind, ids)| format!("{kind} {}", ids.join(", "))).collect::<Vec<_>>().join(", ")
    };
    let matching = |matches: &Matches, element: &str| match matches {
        Matches::Any(all) => all.join(", "),
        Matches::AnyExcept(all) => format!("everything but {}", all.join(", ")),
        Matches::Absent => format!("no {element}"),
    };
    let effect = match statement.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    let who = match &statement.principal {
        Principal::Everyone => "everyone".into(),
        Principal::Only(ids) => of(ids),
        Principal::Not(ids) => format!("everyone but {}", of(ids)),
        Principal::Absent => "whoever has the policy".into(),
    };
    let conditions = statement
        .condition
        .iter()
        .flat_map(|(operator, keys)| keys.iter().map(move |(key, values)| format!("{operator} {key} {}", values.join(", "))));
    let conditions: Vec<String> = conditions.collect();
    let given = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) };
    let (action, resource) = (matching(&statement.action, "action"), matching(&statement.resource, "resource"));
    shown::cut(format!("{effect} {action} on {resource} to {who}{given}"))
}
