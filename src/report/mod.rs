//! The one view model that every format renders, and one pure writer a format.
//!
//! A writer decides nothing: counting, sorting and wording that two formats share happen in [`Report`]. No clock, no files.

pub mod build;
pub mod foreign;
pub mod html;
pub mod json;
pub mod text;
mod wording;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Outcome, Severity, Strength};
use crate::inventory::{AccountScope, Call, CallId, Gap};
use crate::policy::framework::Class;

/// The version of `report.json`. It changes when a reader of the old form would misread the new one.
pub const SCHEMA_VERSION: &str = "1";

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
    pub summary: Summary,
    pub population: Population,
    pub frameworks: Vec<FrameworkView>,
    /// Fails by severity, then unknowns by severity, then passes, then not applicable; inside each by policy and subject.
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
pub struct Population {
    pub accounts_asked: usize,
    pub accounts_reached: usize,
    pub regions_asked: usize,
    pub regions_reached: usize,
    pub accounts: Vec<AccountView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountView {
    pub scope: AccountScope,
    /// The alias, where it is known and there is one.
    pub alias: Option<String>,
    /// Who read the account, where it is known.
    pub caller_arn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameworkView {
    pub id: String,
    pub title: String,
    pub version: String,
    pub publisher: String,
    pub url: String,
    pub note: String,
    /// `11 of 14 automatable facts hold; 2 unknown; 9 requirements stay manual`.
    pub statement: String,
    /// Findings of policies that serve the framework.
    pub facts: Counts,
    pub requirements: Vec<RequirementView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementView {
    pub id: String,
    pub title: String,
    pub class: Class,
    pub manual: Option<String>,
    pub status: RequirementStatus,
    pub facts: Counts,
    pub policies: Vec<ServedBy>,
}

/// Never "compliant": what the facts that were read say of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequirementStatus {
    /// Every direct fact holds, for the whole population.
    FactsHold,
    /// At least one direct fact does not hold.
    NotMet,
    /// None fails, and at least one direct fact is unknown.
    Unknown,
    /// Only supporting facts are there; they do not decide.
    SupportingOnly,
    /// People show it.
    Manual,
    /// AWS shows it.
    Inherited,
    /// Nothing here shows it.
    NotServed,
    /// Its policies have nothing to ask about here, or were not selected.
    NotEvaluated,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServedBy {
    pub policy: String,
    pub strength: Strength,
    pub facts: Counts,
}

/// A root cause, with what it left open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GapView {
    /// The gap, or the first of those that the same remedy would close.
    pub gap: Gap,
    /// The others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<Gap>,
    /// `kind` in words.
    pub label: String,
    /// The remedy as a sentence; absent where there is none.
    pub remedy: Option<String>,
    /// How many findings are unknown because of it.
    pub findings: usize,
    /// The policies of those findings.
    pub policies: Vec<String>,
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

/// One trail in words: `unknown` where it was not read, `none` where AWS says there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrailView {
    pub arn: String,
    pub name: String,
    pub owner_account: String,
    pub home_region: String,
    pub is_logging: String,
    pub is_multi_region: String,
    pub is_organization: String,
    pub validation: String,
    pub bucket: String,
    pub kms_key: String,
    pub log_group: String,
    pub topic: String,
    pub selectors: String,
    pub last_delivery: String,
    pub last_digest: String,
}

/// How often an operation was called, and with what result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationView {
    pub service: String,
    pub operation: String,
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
