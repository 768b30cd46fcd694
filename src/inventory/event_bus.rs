//! EventBridge: the rules of a Region's default event bus.

use super::fact::Listing;
use super::noun::{TopicRef, noun};

noun! {
    /// The default event bus of a Region, where CloudTrail's events arrive.
    pub struct EventBus("event_bus", id = region) {
        /// The Region.
        region: String,
        /// The rules of the bus that have an event pattern.
        rules: Listing<EventRule>,
    }
}

noun! {
    /// A rule of an event bus.
    pub struct EventRule("event_rule", id = arn) {
        /// The rule's ARN.
        arn: String,
        /// The rule's name.
        name: String,
        /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
        state: String,
        /// The event pattern, as it was written.
        pattern: String,
        /// What matching events are sent to.
        targets: Listing<RuleTarget>,
    }
}

noun! {
    /// What a rule sends matching events to.
    pub struct RuleTarget("rule_target", id = id) {
        /// The target's id in its rule.
        id: String,
        /// The target's ARN.
        arn: String,
        /// The SNS topic, where the target is one; null where it is something else.
        topic: Option<TopicRef>,
    }
}
