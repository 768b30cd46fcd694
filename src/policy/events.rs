//! The events of a policy: families that trails record, and families that must raise an alarm.
//!
//! An event that says only what trails' selectors can speak of is both; one that says more is for alarms alone. Nothing here
//! knows of files.

use std::collections::BTreeMap;

use crate::semantics::PartialEvent;
use crate::semantics::event::{EventError, FIELDS};
use crate::semantics::watch::{Constraint, WatchedError, WatchedEvent};

use super::{EventSaid, EventValue, OneOrMore};

/// Why what is written is no family of events.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) field: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// The family as selectors see it, where they can, and as those see it who watch.
pub(super) fn read(fields: &BTreeMap<String, EventValue>) -> Result<(Option<PartialEvent>, WatchedEvent), Refused> {
    let flat: Option<BTreeMap<String, String>> = fields.iter().map(|(k, v)| Some((k.clone(), plain(v)?))).collect();
    let flat = match flat.map(PartialEvent::new) {
        Some(Ok(event)) => Some(event),
        Some(Err(EventError::Value { field, allowed, value })) => {
            let message = EventError::Value { field, allowed, value }.to_string();
            let hint = Some(format!("it is one of {}", allowed.join(", ")));
            return Err(Refused { field: field.to_string(), message, hint });
        }
        // A field that selectors do not know may be one that people watch.
        Some(Err(EventError::UnknownField { .. })) | None => None,
    };
    let watched = match &flat {
        Some(event) => WatchedEvent::of(event),
        None => {
            let mut written = Vec::new();
            for (field, value) in fields {
                written.push((field.clone(), constraint(field, value)?));
            }
            WatchedEvent::new(written)
        }
    };
    watched.map(|event| (flat, event)).map_err(|e| {
        let message = e.to_string();
        match e {
            WatchedError::Unknown { field, closest } => {
                let of_selectors = crate::inventory::noun::closest(&field, FIELDS);
                let hint = match of_selectors.or(closest) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {}, and for alarms every field of CloudTrail's records", FIELDS.join(", ")),
                };
                Refused { field, message, hint: Some(hint) }
            }
            WatchedError::Impossible { field, .. } => {
                let hint = Some("no event has it, and anything is true of every event of an empty family".into());
                Refused { field, message, hint }
            }
        }
    })
}

/// A value that selectors can speak of.
fn plain(value: &EventValue) -> Option<String> {
    match value {
        EventValue::Bool(b) => Some(b.to_string()),
        EventValue::Text(text) if !text.contains('*') => Some(text.clone()),
        _ => None,
    }
}

fn constraint(field: &str, value: &EventValue) -> Result<Constraint, Refused> {
    let wrong = |message: &str| Refused { field: field.to_string(), message: message.into(), hint: None };
    Ok(match value {
        EventValue::Bool(b) => Constraint::Bool(*b),
        EventValue::Text(text) => Constraint::OneOf(vec![text.clone()]),
        EventValue::Texts(texts) => Constraint::OneOf(texts.clone()),
        EventValue::Said(EventSaid { not: Some(OneOrMore::One(text)), absent: None }) => Constraint::Not(vec![text.clone()]),
        EventValue::Said(EventSaid { not: Some(OneOrMore::More(texts)), absent: None }) => Constraint::Not(texts.clone()),
        EventValue::Said(EventSaid { not: None, absent: Some(true) }) => Constraint::Absent,
        EventValue::Said(EventSaid { not: None, absent: Some(false) }) => Constraint::Present,
        EventValue::Said(_) => return Err(wrong("write either `not` or `absent`")),
    })
}
