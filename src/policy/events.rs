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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::check::{Env, Program};

    fn text(text: &str) -> EventValue {
        EventValue::Text(text.into())
    }

    fn read_one(field: &str, value: EventValue) -> Result<bool, Refused> {
        read(&[(field.to_string(), value)].into()).map(|(flat, _)| flat.is_some())
    }

    #[test]
    fn selectors_understand_what_they_can_speak_of_and_no_more() {
        let names = EventValue::Texts(vec!["CreateTrail".into(), "StopLogging".into()]);
        let said = |not: Option<&str>, absent| EventValue::Said(EventSaid { not: not.map(|n| OneOrMore::One(n.into())), absent });
        for (field, value, flat) in [
            ("readOnly", EventValue::Bool(false), true),
            ("eventSource", text("kms.amazonaws.com"), true),
            ("eventName", text("*Trail"), false),
            ("eventName", names, false),
            ("eventName", said(Some("HeadBucket"), None), false),
            ("errorCode", said(None, Some(true)), false),
            ("userIdentity.type", text("Root"), false),
            ("requestParameters.bucketName", text("logs"), false),
        ] {
            assert_eq!(read_one(field, value).ok(), Some(flat), "{field}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_what_was_meant() {
        let said = EventValue::Said(EventSaid { not: None, absent: None });
        for (field, value, says, hints) in [
            ("eventname", text("a"), "unknown event field `eventname`", "did you mean `eventName`?"),
            ("useridentity.type", text("Root"), "unknown event field", "did you mean `userIdentity"),
            ("colour", text("red"), "unknown event field", "every field of CloudTrail's records"),
            ("readOnly", text("no"), "`readOnly` cannot be `no`", "one of true, false"),
            ("eventType", text("ApiCall"), "`eventType` cannot be `ApiCall`", "no event has it"),
            ("eventName", said, "write either `not` or `absent`", ""),
        ] {
            let refused = read_one(field, value).err().unwrap_or_else(|| panic!("{field} was read"));
            assert!(refused.message.contains(says), "{field}: {}", refused.message);
            assert!(refused.hint.unwrap_or_default().contains(hints), "{field}");
        }
    }

    #[test]
    fn trails_are_not_asked_about_events_that_selectors_cannot_speak_of() {
        let env = Env {
            subject: "account".into(),
            events: vec!["root".into(), "writes".into()],
            watched_alone: vec!["root".into()],
            ..Env::default()
        };
        for right in
            ["account.raisesAlarm(events.root)", "account.raisesAlarm(events.writes)", "account.trails.record(events.writes)"]
        {
            assert!(Program::compile(right, &env).is_ok(), "{right}");
        }
        for wrong in ["account.trails.record(events.root)", "events.all(e, account.trails.record(e))"] {
            let error = Program::compile(wrong, &env).err().unwrap_or_else(|| panic!("{wrong} was taken"));
            assert!(error.message.contains("selectors of trails cannot speak of"), "{wrong}: {error}");
            assert!(error.hint.is_some_and(|h| h.contains("raisesAlarm")), "{wrong}");
        }
    }
}
