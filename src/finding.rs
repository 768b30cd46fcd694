//! Findings: one policy on one subject, the outcome, and the facts that were read for it.
//!
//! A finding knows nothing of how it came about, nor of how it is shown.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inventory::{Basis, Gap, Origin, SourcePlace};

/// What one policy says about one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The good state does not hold.
    Fail,
    /// It could not be decided: something was not read.
    Unknown,
    /// The good state holds, and everything that decides it was read.
    Pass,
    /// The policy is not about this subject.
    NotApplicable,
}

impl Outcome {
    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
            Outcome::Pass => "pass",
            Outcome::NotApplicable => "not applicable",
        }
    }
}

/// How much a fail matters. Ordered: `Info < Low < Medium < High < Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Severity; 5] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    pub fn label(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// How a policy serves a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// If the policy fails, the requirement is not met in this scope.
    Direct,
    /// Needed or helpful, but not sufficient.
    Supporting,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The noun: `account`, `trail`, `bucket`, `key`.
    pub kind: String,
    /// An ARN where AWS has one for it, else the id.
    pub id: String,
    /// A short name for people.
    pub name: String,
    pub account: String,
    /// The Region that it lives in; absent for what has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where it stands in code; absent for what lives in an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Box<CodePlace>>,
}

/// Where code declares something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodePlace {
    /// The file that was read: a plan, a template.
    pub file: String,
    /// The address in it. Baselines and waivers go by the address, never by a line.
    pub address: String,
    /// The block in the source, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePlace>,
    /// Module calls that lead to it, and other blocks that have a part in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<SourcePlace>,
}

/// One fact that the check read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactRead {
    /// What the fact is about: an ARN, a bucket name, an account id.
    pub of: String,
    /// The fact's name in the inventory, for example `is_multi_region` or `status[eu-west-1].latest_delivery_error`.
    pub path: String,
    /// The value as short text, `null` where AWS says there is none; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
}

/// A requirement that a finding speaks to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementRef {
    /// For example `pci-dss-4.0.1`.
    pub framework: String,
    /// For example `10.2.1`.
    pub id: String,
    pub strength: Strength,
}

/// Remedies with the real names filled in. Empty where the policy offers none of the kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    #[serde(default)]
    pub summary: String,
    /// Shell commands for the AWS CLI; names are quoted for the shell.
    #[serde(default)]
    pub cli: String,
    #[serde(default)]
    pub terraform: String,
    #[serde(default)]
    pub cloudformation: String,
}

/// A fail that a waiver names: who answers for it, why, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The waiver's id, for example `W-2026-014`.
    pub id: String,
    pub kind: WaiverKind,
    pub owner: String,
    pub approved_by: String,
    pub reason: String,
    /// What is done instead; there where the kind is `compensating-control`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensating_control: Option<String>,
    pub created: Date,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    /// Whether that day has passed at the moment of the audit: the fail then counts as any other.
    pub is_expired: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverKind {
    RiskAccepted,
    CompensatingControl,
    FalsePositive,
}

/// That a baseline holds the fail: it was there already. Nobody answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The moment of the first audit in whose baseline it stands.
    pub since: Timestamp,
}

/// One policy on one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The policy's id.
    pub policy: String,
    pub outcome: Outcome,
    pub severity: Severity,
    pub subject: Subject,
    /// One sentence about what is so, without a final period.
    pub message: String,
    /// Where the good state holds by a declared alternative: what the policy says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// Cases that show why not, for example `management events of kms.amazonaws.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counterexamples: Vec<String>,
    /// Where the check asks who is told: every way by which an event may reach people, as far as it goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<Chain>,
    /// That the owner answers for it. The outcome stays what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waived>,
    /// That it was there already. The outcome stays what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// Every fact that the check read, in the order of reading. Findings that read the same share it.
    pub facts: Vec<Arc<FactRead>>,
    /// What was not known where it decided; empty unless the outcome is unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    pub requirements: Vec<RequirementRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// A way from a trail or an event bus to people, link by link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chain {
    pub links: Vec<ChainLink>,
    pub end: ChainEnd,
    /// The place in `links`, from 0, at which nothing comes further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<usize>,
    /// Why nothing does, a part of a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainLink {
    /// What it is, `log group`.
    pub kind: String,
    pub name: String,
}

/// How a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChainEnd {
    /// Somebody is told.
    Told,
    /// Somebody is told of some of the events alone, because its filter or rule does not see the others.
    ToldInPart,
    /// Nobody is.
    Broken,
    /// It was not read whether anybody is.
    Unknown,
}

impl Finding {
    /// Whether a waiver holds for it now.
    pub fn is_waived(&self) -> bool {
        self.outcome == Outcome::Fail && self.waiver.as_ref().is_some_and(|w| !w.is_expired)
    }

    /// Whether a baseline holds it. What a waiver names is the waiver's, also once that has expired.
    pub fn is_known(&self) -> bool {
        self.outcome == Outcome::Fail && self.known.is_some() && self.waiver.is_none()
    }

    /// Where code holds what it is about. A fail stands where what decided it does: the last fact of the subject that was read, an
    /// attribute or the block that lacks it; the block of the whole is a place beside it.
    pub fn place(&self) -> Option<CodePlace> {
        let place = self.subject.place.as_deref()?;
        let Some(block) = place.source.as_ref().filter(|_| self.outcome == Outcome::Fail) else { return Some(place.clone()) };
        let own = self.facts.first().map(|fact| &fact.of);
        let at = |fact: &Arc<FactRead>| match &fact.from {
            Some(Origin::Place { file, line, column }) if own == Some(&fact.of) && *file == block.file => Some((*line, *column)),
            _ => None,
        };
        let mut place = place.clone();
        if let Some((line, column)) = self.facts.iter().rev().find_map(at).filter(|at| *at != (block.line, block.column)) {
            let source = SourcePlace { line, column, ..block.clone() };
            place.related.extend(place.source.replace(source));
        }
        Some(place)
    }

    /// The counterexamples that the message does not name already.
    pub fn further_cases(&self) -> impl Iterator<Item = &String> {
        self.counterexamples.iter().filter(|case| !self.message.contains(case.as_str()))
    }
}
