//! What is known, where it was read, and why the rest is not known.
//!
//! A fact that could not be read is data: it carries its reason and its remedy to the last page of the report. Nothing
//! here knows which facts there are.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names one API call of a run: `service:Operation/account/region/hash`, where the hash covers the canonical request.
/// It is the same in every run that asks the same question, so that reports can be compared and replayed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CallId(pub String);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a fact was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The answer of one API call; the call itself is listed in the inventory's `calls`.
    Call(CallId),
    /// A place in a file, lines and columns counted from 1.
    Place { file: String, line: u32, column: u32 },
    /// A resource of a file that does not tell lines, by its address.
    Address { file: String, address: String },
    /// Said by the owner, in the configuration file named.
    Declared(String),
    /// Follows from other facts by AWS's documented rules, for example the account id inside an ARN.
    Derived,
}

/// How firmly a known value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// AWS said so.
    #[default]
    Observed,
    /// Code says it will be so.
    Configured,
    /// Code refers to one thing here; that nothing is done with the reference on the way was not seen.
    Referenced,
    /// Nothing says otherwise, and this is AWS's default.
    AssumedDefault,
}

impl Basis {
    fn is_observed(&self) -> bool {
        *self == Basis::Observed
    }
}

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The caller may not make the call.
    Denied,
    /// An organization's service control policy stops the call.
    BlockedByScp,
    /// AWS kept throttling until the last retry.
    Throttled,
    /// The call failed: no connection, timeout, server error, unreadable answer.
    Failed,
    /// AWS says that what was asked about does not exist, though something points to it.
    NotFound,
    /// It lives in an account that this run does not reach.
    OtherAccount,
    /// An input that would tell was not given, or a recording holds no answer.
    AbsentInput,
    /// The run was stopped before it was asked.
    Interrupted,
    /// Code leaves it open until it is applied.
    KnownAfterApply,
    /// Only a running account tells: no code can.
    RunTime,
    /// The code that was given does not hold it, and other code or the account may.
    NotInCode,
    /// It was read, but it uses something that this version does not understand.
    NotUnderstood,
}

impl GapKind {
    /// The words that reports use for this kind.
    pub fn label(self) -> &'static str {
        match self {
            GapKind::Denied => "access denied",
            GapKind::BlockedByScp => "blocked by SCP",
            GapKind::Throttled => "throttled",
            GapKind::Failed => "call failed",
            GapKind::NotFound => "not found",
            GapKind::OtherAccount => "other account",
            GapKind::AbsentInput => "input missing",
            GapKind::Interrupted => "interrupted",
            GapKind::KnownAfterApply => "known after apply",
            GapKind::RunTime => "run time",
            GapKind::NotInCode => "not in the code",
            GapKind::NotUnderstood => "not understood",
        }
    }
}

/// What would close a gap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Allow this IAM action, for example `s3:GetBucketPolicy`, to the auditing role of the account.
    Allow { action: String, account: String },
    /// Scan this account too, with a role in it.
    ScanAccount { account: Option<String> },
    /// Something else to do, as a sentence without a final period.
    Do(String),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::Allow { action, account } => write!(f, "allow {action} to the auditing principal in account {account}"),
            Remedy::ScanAccount { account: Some(account) } => write!(f, "scan account {account} too, with a role in it"),
            Remedy::ScanAccount { account: None } => f.write_str("scan the account that owns it too, with a role in it"),
            Remedy::Do(what) => f.write_str(what),
        }
    }
}

/// Why a fact is not known, and what would let it be known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    pub kind: GapKind,
    /// One line: what was tried and what came back, service code and message included.
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
    /// The call that gave no answer, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
}

impl Gap {
    pub fn new(kind: GapKind, message: impl Into<String>) -> Self {
        Gap { kind, message: message.into(), remedy: None, call: None }
    }

    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }

    #[must_use]
    pub fn with_call(mut self, call: CallId) -> Self {
        self.call = Some(call);
        self
    }
}

/// One fact about one thing.
///
/// "AWS says there is none" is `Known` with a value of `None`; that is decided next to the call that says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    Known {
        value: T,
        from: Origin,
        #[serde(default, skip_serializing_if = "Basis::is_observed")]
        basis: Basis,
    },
    /// Exactly one of these is true, and the source cannot tell which. Where none is listed, there is a value, and nothing more
    /// is known of it.
    OneOf {
        candidates: Vec<T>,
        from: Origin,
    },
    Unknown(Gap),
}

impl<T> Fact<T> {
    /// A value as AWS gave it.
    pub fn observed(value: T, from: Origin) -> Self {
        Fact::Known { value, from, basis: Basis::Observed }
    }

    pub fn known(&self) -> Option<&T> {
        match self {
            Fact::Known { value, .. } => Some(value),
            _ => None,
        }
    }

    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Fact::Unknown(gap) => Some(gap),
            _ => None,
        }
    }

    /// Every value that the fact may have; none where it is unknown.
    pub fn possible(&self) -> impl Iterator<Item = &T> {
        let (known, candidates) = match self {
            Fact::Known { value, .. } => (Some(value), &[][..]),
            Fact::OneOf { candidates, .. } => (None, candidates.as_slice()),
            Fact::Unknown(_) => (None, &[][..]),
        };
        known.into_iter().chain(candidates)
    }

    /// The same fact seen as another type: a gap stays the gap it was.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Fact<U> {
        match self {
            Fact::Known { value, from, basis } => Fact::Known { value: f(value), from, basis },
            Fact::OneOf { candidates, from } => Fact::OneOf { candidates: candidates.into_iter().map(f).collect(), from },
            Fact::Unknown(gap) => Fact::Unknown(gap),
        }
    }
}

/// A list as far as it was read. With a gap it is not a short list: there may be more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing<T> {
    pub items: Vec<T>,
    /// Why there may be more: a page, a Region or an account that was not read. The first such reason where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The calls that gave the list, also when it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Origin>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Listing { items: Vec::new(), gaps: Vec::new(), from: Vec::new() }
    }
}

impl<T> Listing<T> {
    /// Every item there is, read from these origins.
    pub fn complete(items: Vec<T>, from: Vec<Origin>) -> Self {
        Listing { items, gaps: Vec::new(), from }
    }

    /// Nothing was read.
    pub fn unread(gap: Gap) -> Self {
        Listing { items: Vec::new(), gaps: vec![gap], from: Vec::new() }
    }

    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Adds a reason why there may be more, once.
    pub fn add_gap(&mut self, gap: Gap) {
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }
}

/// Distinct gaps in a stable order.
pub type Gaps = BTreeSet<Gap>;
