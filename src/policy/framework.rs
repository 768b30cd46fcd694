//! Requirement catalogues: genuine, versioned ids with our own paraphrase.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A framework file, as written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// For example `pci-dss-4.0.1`; equals the file's name.
    pub id: String,
    /// For example `PCI DSS`.
    pub title: String,
    pub version: String,
    /// Who publishes it, and where.
    pub publisher: String,
    pub url: String,
    /// Whether a report shows it whole only where it was asked for by name, and otherwise in one line.
    #[serde(default)]
    pub on_request: bool,
    /// What a reader must know before reading the rows, such as what an audit can never show.
    pub note: String,
    pub requirements: Vec<Requirement>,
}

/// One requirement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    pub id: String,
    /// In our words, at most 120 characters.
    pub title: String,
    pub class: Class,
    /// The only part of what it asks about that facts speak to, such as `log buckets` of all buckets: facts can refute it, and
    /// cannot show it.
    #[serde(default)]
    pub only: Option<String>,
    /// What stays to be shown by people, or why nothing here shows it.
    #[serde(default)]
    pub manual: Option<String>,
}

/// Who can show that a requirement is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Facts of the account show it, or a part of it.
    Automated,
    /// Only people can show it.
    Manual,
    /// AWS shows it in its own attestations.
    Inherited,
    /// Nothing here shows it, though other tools say so.
    None,
}
