//! What may be left out of a run.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Calls about what stands beside trails, made in every enabled Region, that the owner may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// EventBridge rules on CloudTrail's events: one call a Region, and one a rule.
    EventRules,
    /// Event data stores of CloudTrail Lake: one call a Region, and one a store.
    Lake,
    /// AWS Config: three calls a Region.
    Config,
    /// GuardDuty: one call a Region, and one more where it has a detector.
    #[serde(rename = "guardduty")]
    GuardDuty,
    /// Security Hub: one call a Region.
    SecurityHub,
}

impl Family {
    pub const ALL: [Family; 5] = [Family::EventRules, Family::Lake, Family::Config, Family::GuardDuty, Family::SecurityHub];

    /// The name on the command line and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Family::EventRules => "event-rules",
            Family::Lake => "lake",
            Family::Config => "config",
            Family::GuardDuty => "guardduty",
            Family::SecurityHub => "security-hub",
        }
    }
}

impl FromStr for Family {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Family::ALL.map(Family::name).join(", ");
        Family::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| format!("it is one of {}", names()))
    }
}
