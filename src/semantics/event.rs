//! Partial events: what is not written stands for every value.

use std::collections::BTreeMap;

use crate::inventory::noun::closest;

/// The fields that CloudTrail's selectors can speak of, as policies and selectors spell them.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>.
pub const FIELDS: [&str; 11] = [
    "eventCategory",
    "readOnly",
    "eventSource",
    "eventName",
    "eventType",
    "errorCode",
    "resources.type",
    "resources.ARN",
    "userIdentity.arn",
    "sessionCredentialFromConsole",
    "vpcEndpointId",
];

/// A family of events: those that have these values, and any values elsewhere.
/// `readOnly` is written `true` or `false`; `eventCategory` is `Management`, `Data` or `NetworkActivity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialEvent {
    pub fields: BTreeMap<String, String>,
}

/// Why a map of fields is not a partial event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("unknown event field `{field}`")]
    UnknownField { field: String, closest: Option<&'static str> },
    #[error("`{field}` cannot be `{value}`")]
    Value { field: &'static str, value: String, allowed: &'static [&'static str] },
}

impl PartialEvent {
    /// The family with these values.
    ///
    /// # Errors
    /// A field that selectors cannot speak of, or a value that the field never has: such a family would hold no event, and
    /// anything is true of every event of an empty family.
    pub fn new(fields: BTreeMap<String, String>) -> Result<Self, EventError> {
        for (field, value) in &fields {
            let Some(known) = FIELDS.into_iter().find(|f| f == field) else {
                return Err(EventError::UnknownField { field: field.clone(), closest: closest(field, FIELDS) });
            };
            if let Some(allowed) = domain(known)
                && !allowed.contains(&value.as_str())
            {
                return Err(EventError::Value { field: known, value: value.clone(), allowed });
            }
        }
        Ok(PartialEvent { fields })
    }
}

/// The values that a field can have, where they are few.
///
/// CloudTrail writes `sessionCredentialFromConsole` only where it is true; selectors see its absence as not true.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
pub(super) fn domain(field: &str) -> Option<&'static [&'static str]> {
    match field {
        "eventCategory" => Some(&["Management", "Data", "NetworkActivity"]),
        "readOnly" | "sessionCredentialFromConsole" => Some(&["true", "false"]),
        _ => None,
    }
}

/// Whether there are events without the field.
pub(super) fn may_be_absent(field: &str) -> bool {
    matches!(field, "errorCode" | "userIdentity.arn" | "vpcEndpointId")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn event(field: &str, value: &str) -> Result<PartialEvent, EventError> {
        PartialEvent::new([(field.to_string(), value.to_string())].into())
    }

    #[test]
    fn a_misspelt_field_is_refused_with_a_hint() {
        let meant = |field: &str| match event(field, "x").unwrap_err() {
            EventError::UnknownField { closest, .. } => closest,
            other => panic!("{other}"),
        };
        assert_eq!(meant("eventsource"), Some("eventSource"));
        assert_eq!(meant("resource.ARN"), Some("resources.ARN"));
        assert_eq!(meant("colour"), None);
    }

    #[test]
    fn a_value_that_no_event_has_is_refused() {
        assert!(event("readOnly", "True").is_err());
        assert_eq!(event("eventCategory", "management").unwrap_err().to_string(), "`eventCategory` cannot be `management`");
        assert!(event("eventCategory", "NetworkActivity").is_ok());
        assert!(event("eventName", "anything").is_ok());
    }
}
