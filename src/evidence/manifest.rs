//! `manifest.json`: what the run was, for whoever reads a bundle without the tool.
//!
//! It holds no hash of a file of the bundle, so that it can stand in `SHA256SUMS` itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The value of `kind`.
pub const KIND: &str = "trailproof-evidence";
/// The version of the form. It changes when a reader of the old form would misread the new one.
pub const SCHEMA_VERSION: &str = "1";

/// What the run was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `trailproof-evidence`.
    pub kind: String,
    pub schema_version: String,
    /// Follows from the answers, the question and the report: the same audit of the same recording has the same one.
    pub run_id: String,
    pub tool: Tool,
    /// As it was typed, less what could open a door.
    pub command_line: Vec<String>,
    /// When the first call was made, and when the last answer came, by the clock of the machine that asked.
    pub started: Timestamp,
    pub ended: Timestamp,
    /// The moment as of which the audit judged.
    pub now: Timestamp,
    /// The run was stopped before everything was asked.
    pub interrupted: bool,
    /// Made-up data, for a demonstration.
    pub synthetic: bool,
    /// The owner's settings; absent where there was no file.
    pub config: Option<Digested>,
    /// The principal that read each account.
    pub callers: Vec<Caller>,
    pub clock: Clock,
    pub scope: Scope,
    pub population: Population,
    pub coverage: Coverage,
    pub policies: Vec<PolicyDigest>,
    /// What was taken out of files before they were hashed.
    pub redactions: Vec<Redaction>,
    /// The bundle that this one follows.
    pub previous_bundle: Option<Previous>,
    /// How long the bundle is to be kept.
    pub retention: Option<Retention>,
    /// Absent where the bundle is not signed.
    pub signer: Option<SignerInfo>,
}

/// The program that made the bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub name: String,
    pub version: String,
    /// For example `x86_64-linux`.
    pub target: String,
    /// The SHA-256 of the program's file; absent where it cannot be read.
    pub binary_sha256: Option<String>,
}

/// A file outside of the bundle, or as it was before something was taken out of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digested {
    pub name: String,
    pub sha256: String,
}

/// Who read an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    pub account: String,
    /// Absent where it is not known; the report says why.
    pub arn: Option<String>,
}

/// The clock of the machine that asked, next to the services' own: local time less the `Date` of each answer, which has whole
/// seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Answers with a date.
    pub answers: usize,
    /// In milliseconds; absent where no answer has a date.
    pub least_ms: Option<i64>,
    pub median_ms: Option<i64>,
    pub most_ms: Option<i64>,
}

/// The accounts and Regions that were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    pub accounts_asked: Vec<String>,
    /// Accounts of which nothing was read, though they were asked for.
    pub accounts_not_reached: Vec<String>,
    /// Accounts that the owner left out.
    pub accounts_excluded: Vec<String>,
    pub accounts_suspended: Vec<String>,
    /// Empty where every enabled Region was asked for.
    pub regions_asked: Vec<String>,
    /// Whether the list of accounts is whole; if not, there may be accounts that nobody listed.
    pub accounts_listed_in_full: bool,
}

/// How much was found, and that all of it was judged: no sample was drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Population {
    pub accounts: usize,
    /// Account x enabled Region.
    pub regions: usize,
    pub trails: usize,
    pub buckets: usize,
    pub keys: usize,
    pub log_groups: usize,
    pub topics: usize,
    pub organizations: usize,
    /// `every item that was found`.
    pub sample: String,
}

/// How the calls ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    pub calls: usize,
    /// Answered, "there is none" among it.
    pub ok: usize,
    pub denied: usize,
    /// Any other error, and calls without an answer.
    pub error: usize,
    /// Findings, by outcome.
    pub findings: BTreeMap<String, usize>,
}

/// A policy or framework of the audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyDigest {
    /// Below `policies/`.
    pub path: String,
    pub sha256: String,
    /// Whether the program carries it; otherwise it is the owner's.
    pub built_in: bool,
    /// Whether it was asked; a framework is not, and never is.
    pub asked: bool,
}

/// What was taken out of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    pub path: String,
    /// For example `e-mail address`.
    pub what: String,
    pub count: usize,
}

/// An earlier bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    pub run_id: String,
    /// The SHA-256 of its `SHA256SUMS`.
    pub sums_sha256: String,
}

/// How long a bundle is to be kept. A statement: nothing here keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    pub until: jiff::civil::Date,
    pub basis: Option<String>,
}

/// Whose signature the bundle has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignerInfo {
    /// The SHA-256 of the public key's SubjectPublicKeyInfo.
    pub key_id: String,
    pub algorithm: String,
    pub kms_arn: Option<String>,
}

/// Why a manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("it is not what a manifest holds: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it says it is `{0}`, not evidence")]
    Kind(String),
    #[error("it has schema version {0}; this version of Trailproof reads {SCHEMA_VERSION}")]
    Version(String),
}

#[derive(Deserialize)]
struct Label {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    schema_version: String,
}

impl Manifest {
    /// Reads the file.
    ///
    /// # Errors
    /// Text of another kind or version.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let label: Label = serde_json::from_slice(bytes)?;
        if label.kind != KIND {
            return Err(ManifestError::Kind(label.kind));
        }
        if label.schema_version != SCHEMA_VERSION {
            return Err(ManifestError::Version(label.schema_version));
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// None in practice: every type of a manifest serializes.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl Clock {
    /// From the differences of single answers, in milliseconds.
    pub fn of(mut differences: Vec<i64>) -> Self {
        differences.sort_unstable();
        Clock {
            answers: differences.len(),
            least_ms: differences.first().copied(),
            median_ms: differences.get(differences.len() / 2).copied(),
            most_ms: differences.last().copied(),
        }
    }
}

/// The command line less what could open a door: the values of these options, access key ids, and what stands before the
/// host of an address.
pub fn without_secrets(arguments: impl IntoIterator<Item = String>) -> Vec<String> {
    const SECRET: [&str; 1] = ["--external-id"];
    const REDACTED: &str = "[redacted]";
    let mut hide = false;
    let one = |argument: String| {
        if std::mem::take(&mut hide) {
            return REDACTED.to_string();
        }
        if SECRET.contains(&argument.as_str()) {
            hide = true;
            return argument;
        }
        if let Some((option, _)) = argument.split_once('=').filter(|(option, _)| SECRET.contains(option)) {
            return format!("{option}={REDACTED}");
        }
        let is_key_id = |at: usize| {
            let rest = argument.as_bytes()[at..].iter().skip(4);
            rest.take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count() >= 16
        };
        if ["AKIA", "ASIA"].iter().any(|p| argument.match_indices(p).any(|(at, _)| is_key_id(at))) {
            return REDACTED.to_string();
        }
        match argument.split_once("://") {
            Some((scheme, rest)) => match rest.split_once('@') {
                Some((user, host)) if !user.contains('/') => format!("{scheme}://{REDACTED}@{host}"),
                _ => argument,
            },
            None => argument,
        }
    };
    arguments.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_command_line_are_left_out() {
        let typed = "scan --external-id S3cret --external-id=S3cret --tsa http://me:S3cret@tsa.example/x http://h/a@b AKIAIOSFODNN7EXAMPLE x"
            .split(' ')
            .map(String::from);
        let kept = without_secrets(typed).join(" ");
        assert_eq!(
            kept,
            "scan --external-id [redacted] --external-id=[redacted] --tsa http://[redacted]@tsa.example/x http://h/a@b [redacted] x"
        );
    }

    #[test]
    fn the_clock_is_summed_up() {
        assert_eq!(Clock::of(Vec::new()), Clock::default());
        let clock = Clock::of(vec![300, -20, 100]);
        assert_eq!((clock.answers, clock.least_ms, clock.median_ms, clock.most_ms), (3, Some(-20), Some(100), Some(300)));
    }

    #[test]
    fn another_kind_or_version_is_said() {
        assert!(matches!(Manifest::parse(b"{}"), Err(ManifestError::Kind(_))));
        let other = br#"{"kind":"trailproof-evidence","schema_version":"9"}"#;
        assert!(matches!(Manifest::parse(other), Err(ManifestError::Version(v)) if v == "9"));
        assert!(matches!(Manifest::parse(b"["), Err(ManifestError::Json(_))));
    }
}
