//! What an inventory holds beside its facts where they were read from code: the files, and where each thing stands in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Inventory;
use super::fact::{Fact, Gap};
use super::noun::noun;

/// Begins the text that stands for a name, an account or a Region which code does not tell. AWS has no name with this sign.
pub const OPEN: char = '⟨';

/// A text that stands for what code does not tell; policies read it as unknown.
pub fn placeholder(what: &str) -> String {
    format!("{OPEN}{what}⟩")
}

/// Whether a text stands, in whole or in part, for something that code does not tell.
pub fn is_placeholder(text: &str) -> bool {
    text.contains(OPEN)
}

/// What stands in a text for what is open, one by one.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(OPEN)?;
        let end = rest[start..].find('⟩').map_or(rest.len(), |end| start + end + '⟩'.len_utf8());
        let found = &rest[start..end];
        rest = &rest[end..];
        Some(found)
    })
}

/// The Region that stands for every one that the code does not name; policies read it as unknown.
pub const OTHER_REGIONS: &str = "⟨every other Region⟩";

/// Where the facts of code were read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The files that were read.
    pub files: Vec<CodeFile>,
    /// Each thing of the inventory that code declares, sorted by noun and id.
    pub declared: Vec<Declared>,
    /// Buckets, keys, log groups and topics that the code declares and nothing of the logging chain uses: of them no facts are held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<Declared>,
    /// What was seen and is said to the reader: what was left out, what could not be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The facts as they are before the change that the code describes; absent where nothing is there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Inventory>>,
}

/// A file of code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeFile {
    pub path: String,
    /// `Terraform plan`, `CloudFormation template`, `CDK assembly`.
    pub kind: String,
    /// What wrote it, where it says so: `Terraform 1.11.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// Resources in it, of every kind.
    pub resources: usize,
}

/// A thing of the inventory that code declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// `trail`, `bucket`, `key`, `log_group`, `alarm`, `topic`, `event_data_store`, `account`.
    pub noun: String,
    /// The thing's id in the inventory.
    pub id: String,
    /// Its address in the code: `module.logs.aws_s3_bucket.this["a"]`, or a logical id. Waivers and baselines go by it.
    pub address: String,
    /// The file that declares it.
    pub file: String,
    /// Where it stands in the source, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<SourcePlace>,
    /// The calls that lead to it from the root module, outermost first, and other places that have a part in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<SourcePlace>,
    /// Why it may not be made at all; absent where it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Gap>,
}

/// A place in a source file, lines and columns counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourcePlace {
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// What stands there: an address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
}

impl SourcePlace {
    /// The place where a resource names a waiver.
    pub fn of_waiver(file: String, line: u32, column: u32, id: &str) -> Self {
        SourcePlace { file, line, column, what: format!("waiver {id}") }
    }

    pub fn names_waiver(&self, id: &str) -> bool {
        self.what.strip_prefix("waiver ") == Some(id)
    }
}

impl Code {
    pub fn declared(&self, noun: &str, id: &str) -> Option<&Declared> {
        let at = self.declared.partition_point(|d| (d.noun.as_str(), d.id.as_str()) < (noun, id));
        self.declared.get(at).filter(|d| d.noun == noun && d.id == id)
    }

    /// Puts the lists in their stable order.
    pub fn sort(&mut self) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.declared.sort_by(|a, b| (&a.noun, &a.id).cmp(&(&b.noun, &b.id)));
        self.unused.sort_by(|a, b| (&a.noun, &a.id).cmp(&(&b.noun, &b.id)));
        self.notes.sort();
        self.notes.dedup();
    }
}

noun! {
    /// What code does to something of the logging chain that is there already: a trail, its bucket, key, log group or topic, or what sets something of one.
    pub struct Change("change", id = address) {
        /// The address in the code, for example `aws_cloudtrail.main`.
        address: String,
        /// What it is: `trail`, `bucket`, `bucket setting`, `key`, `key policy`, `log group`, `topic` or `topic policy`.
        of: String,
        /// The account that it is in.
        account: String,
        /// Whether it is deleted, and not made again.
        deletes: Fact<bool>,
        /// Whether it is deleted and made anew: what it held is lost, and nothing is recorded in between.
        replaces: Fact<bool>,
        /// What protects less than before, in words; empty where nothing does.
        weakens: Fact<Vec<String>>,
    }
}
