//! Waivers and attestations: what people answer for, read from one file, checked, and laid upon findings.
//!
//! Pure: which day it is and what the evidence files hold is told. Nothing here knows of reports, and nothing here ever
//! changes an outcome.

mod apply;
mod attest;
mod check;
mod resource;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finding::WaiverKind;
use crate::yaml::{Complaint, SourceFile};

pub use apply::{Applied, AppliedWaiver, State};
pub use attest::{Attested, Frequency, Standing, Statement};
pub use check::Basis;
pub use resource::{Resource, ResourceError};

/// The file's name where none is given, beside `trailproof.yaml`.
pub const FILE_NAME: &str = "waivers.yaml";

/// Days before its end from which a waiver or an attestation is announced to end.
pub const WARNING_DAYS: i32 = 30;

/// Days that a waiver may hold at most, and one of a critical policy.
pub const LONGEST_DAYS: i32 = 365;
pub const LONGEST_DAYS_CRITICAL: i32 = 30;

/// Characters of a reason or a statement that says anything.
pub const LEAST_REASON: usize = 20;

/// The file, as written.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverFile {
    /// Fails that the owner answers for.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// What people state about requirements that no configuration shows.
    #[serde(default)]
    pub attestations: Vec<Attestation>,
}

/// Fails that the owner answers for, until a day. They stay fails: a waiver marks, and hides nothing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Unique in the file and never used again, for example `W-2026-014`.
    pub id: String,
    /// The id of the one policy.
    pub policy: String,
    /// What may fail: ARNs or ids as findings name them. `*` and `?` stand for a part of the name or of the Region, never
    /// for an account, and never alone. `named-in-code` stands for what a CloudFormation template names the waiver for, in
    /// `Metadata: {Trailproof: {Waiver: ID}}` of a resource.
    pub resources: Vec<String>,
    /// The account of the resources, by its twelve digits in quotes; needed where their names hold none, as those of buckets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Holds only where no framework beside these is asked about; all of them where it is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frameworks: Vec<String>,
    /// Who answers for it.
    pub owner: String,
    /// Who approved it: somebody else than the owner.
    pub approved_by: String,
    /// Why, in at least twenty characters.
    pub reason: String,
    pub r#type: WaiverKind,
    /// What is done instead; needed for `compensating-control`, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensating_control: Option<String>,
    /// The day, in UTC, from which it holds.
    pub created: Date,
    /// The last day, in UTC, on which it holds: at most 365 days after `created`, for a critical policy at most 30.
    pub expires: Date,
    /// A file that shows it, relative to this one; it must exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// What somebody states about a requirement that people must show.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    pub attests: Attests,
    /// Who states it.
    pub by: String,
    /// What is so, in at least twenty characters.
    pub statement: String,
    /// Files that show it, relative to this one; each must exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The day, in UTC, on which it was so.
    pub date: Date,
    /// How often it must be stated anew.
    pub frequency: Frequency,
}

/// A requirement of a framework.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attests {
    pub framework: String,
    pub requirement: String,
}

/// A file that somebody named as evidence, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The path, as it was written.
    pub path: String,
    /// Of its bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub bytes: u64,
}

/// Tells of an evidence file by its path, or why it cannot be read.
pub type EvidenceReader<'a> = dyn Fn(&str) -> Result<Evidence, String> + 'a;

/// A checked file: everything in it may be laid upon findings.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// The file's name, as it was given.
    pub file: String,
    /// Of its text, in lower-case hexadecimal.
    pub sha256: String,
    pub waivers: Vec<Checked>,
    /// In the order of the file.
    pub attestations: Vec<(Attestation, Vec<Evidence>)>,
}

/// A waiver that passed every rule.
#[derive(Clone, Debug)]
pub struct Checked {
    pub waiver: Waiver,
    pub resources: Vec<Resource>,
    pub evidence: Option<Evidence>,
}

impl Register {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place: a waiver that is not understood is never skipped.
    pub fn load(source: &mut SourceFile, basis: &Basis<'_>) -> Result<Register, Vec<Complaint>> {
        // An empty file says that there are none.
        let file = if source.is_blank() { WaiverFile::default() } else { source.parse().map_err(|c| vec![c])? };
        let sha256 = Sha256::digest(source.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Register { sha256, ..check::file(source, file, basis)? })
    }

    /// Every file that the waivers and attestations name as evidence.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        let of_waivers = self.waivers.iter().filter_map(|checked| checked.evidence.as_ref());
        of_waivers.chain(self.attestations.iter().flat_map(|(_, files)| files))
    }
}
