//! Services beside CloudTrail that watch the same accounts: AWS Config, GuardDuty, Security Hub.

use super::fact::{Fact, Listing};
use super::noun::noun;

noun! {
    /// AWS Config in a Region.
    pub struct ConfigRegion("config_region", id = region) {
        /// The Region.
        region: String,
        /// The configuration recorders of the Region, those of other services included.
        recorders: Listing<ConfigRecorder>,
        /// The channels that configurations are delivered through.
        delivery_channels: Listing<DeliveryChannel>,
    }
}

noun! {
    /// A configuration recorder.
    pub struct ConfigRecorder("config_recorder", id = name) {
        /// The recorder's name.
        name: String,
        /// The service that owns it; null for one of the account's own.
        service_principal: Option<String>,
        /// Whether it records every resource type that AWS Config supports, those of the future included.
        records_all_types: bool,
        /// Whether it records the types of global services: IAM users, groups, roles and policies.
        records_global_types: bool,
        /// Whether it is recording now.
        is_recording: Fact<bool>,
        /// The result of its last recording: `Success`, `Failure`, `Pending` and others; null where it has none.
        last_status: Fact<Option<String>>,
    }
}

noun! {
    /// A channel through which AWS Config delivers.
    pub struct DeliveryChannel("delivery_channel", id = name) {
        /// The channel's name.
        name: String,
        /// The result of the last delivery of configuration history: `Success`, `Failure`, `Not_Applicable`; null where
        /// nothing was delivered so far.
        history_status: Option<String>,
        /// The result of the last delivery of a configuration snapshot; null where nothing was delivered so far.
        snapshot_status: Option<String>,
    }
}

noun! {
    /// GuardDuty in a Region.
    pub struct ThreatDetection("threat_detection", id = region) {
        /// The Region.
        region: String,
        /// Whether a detector is there and enabled.
        enabled: Fact<bool>,
    }
}

noun! {
    /// Security Hub in a Region.
    pub struct SecurityHub("security_hub", id = region) {
        /// The Region.
        region: String,
        /// Whether the account has Security Hub enabled there.
        enabled: Fact<bool>,
    }
}
