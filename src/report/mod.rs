//! The one view model that every format renders, and one pure writer a format.
//!
//! A writer decides nothing: counting, sorting and wording that two formats share happen in [`Report`]. No clock, no files.

mod baseline;
pub mod build;
mod code;
mod concern;
pub mod drift;
pub mod exchange;
mod executive;
pub mod foreign;
mod gaps;
mod heat;
pub mod html;
pub mod json;
mod matrix;
pub mod past;
mod population;
mod score;
pub mod text;
mod trails;
mod waivers;
pub(crate) mod wording;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Outcome, Severity};
use crate::inventory::{Call, CallId};

pub use baseline::{BaselineTurn, BaselineView, CAVEAT, TurnedEntry};
pub use code::{CodeView, Leaves, Moved, PlanChange, Reason};
pub use executive::{Executive, Risk, Step};
pub use gaps::GapView;
pub use heat::{HeatMap, HeatRow};
pub use matrix::{
    FrameworkBrief, FrameworkScope, FrameworkView, RequirementStatus, RequirementView, ServedBy, StatusCount, Unread,
};
pub use population::{AccountView, Cause, OrganizationView, OutsideAccount, Population};
pub use score::{Score, weight};
pub use trails::{Shown, TrailView};
pub use waivers::{WaiverView, WaiversView};

/// The version of `report.json`. It changes when a reader of the old form would misread the new one.
pub const SCHEMA_VERSION: &str = "2";

/// The sorted, counted view of one audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// `trailproof-report`.
    pub kind: String,
    pub schema_version: String,
    pub tool: Tool,
    /// The moment the audit speaks of.
    pub now: Timestamp,
    /// When facts were read, first and last.
    pub collected: Collected,
    /// One line: the worst first, the unknown never left out.
    pub result: String,
    /// Whom and what the report is about; every count below is of this population.
    pub population: Population,
    /// What was read of code; absent where no code was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeView>,
    pub executive: Executive,
    pub summary: Summary,
    pub score: Score,
    /// The waivers and attestations of the owner; absent where no file of them was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waivers: Option<WaiversView>,
    /// The fails that were there already; absent where no baseline was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineView>,
    pub frameworks: Vec<FrameworkView>,
    /// The frameworks that are not shown whole; none where only some policies were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_frameworks: Vec<FrameworkBrief>,
    /// The worst outcome of each policy in each account.
    pub heat_map: HeatMap,
    /// Fails by severity, then unknowns by severity, then passes, then not applicable; inside each by policy and subject.
    #[serde(serialize_with = "json::findings")]
    #[schemars(with = "Vec<Finding>")]
    pub findings: Vec<Finding>,
    /// What could not be read, each root cause once.
    pub gaps: Vec<GapView>,
    /// The policies that were asked, by id.
    pub policies: BTreeMap<String, PolicyView>,
    /// The trails found, one row each: what an assessor asks for first.
    pub trails: Vec<TrailView>,
    /// Policies that the owner switched off, with the reason that was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAside>,
    /// The calls, by operation.
    pub operations: Vec<OperationView>,
    /// The calls that findings and gaps point to, by id.
    pub calls: BTreeMap<CallId, Call>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    pub started: Timestamp,
    pub ended: Timestamp,
    /// Stopped before everything was asked.
    pub interrupted: bool,
    /// Made-up data, for a demonstration.
    pub synthetic: bool,
    /// Accounts were read at different times, and each subject is judged at the moment at which it was read, not at `now`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judged_as_read: bool,
}

/// Counts of findings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    pub pass: usize,
    pub fail: usize,
    pub unknown: usize,
    pub not_applicable: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    pub outcomes: Counts,
    /// Fails, by severity; every severity is listed.
    pub fails: BTreeMap<Severity, usize>,
    /// Findings that were decided (pass or fail), of those that apply.
    pub coverage: Coverage,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    pub evaluated: usize,
    pub in_scope: usize,
    /// In tenths of a percent, truncated: 999 is 99.9 %; absent where nothing is in scope.
    pub permille: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyView {
    pub id: String,
    pub title: String,
    pub severity: Severity,
    pub subject: String,
    pub why: String,
    pub references: Vec<String>,
    pub facts: Counts,
    /// The worst outcome; absent where the policy had nothing to ask about.
    pub outcome: Option<Outcome>,
}

/// How often an operation was called, and with what result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationView {
    pub service: String,
    pub operation: String,
    /// The IAM action that allows it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    pub calls: usize,
    /// Calls that gave no usable answer (status 4xx or 5xx that is not "there is none", or no answer).
    pub failed: usize,
}

/// A policy that the owner switched off. It is said, and never counted as good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAside {
    pub policy: String,
    pub reason: String,
}
