//! Partial events: what is not written stands for every value.

use std::collections::BTreeMap;

/// The fields that CloudTrail's selectors can speak of, as policies and selectors spell them.
/// Source: AdvancedFieldSelector in the CloudTrail API.
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
