//! `trailproof.yaml`: what the owner asks for, and what the owner decided.
//!
//! Typed and complete: a name that is not known is an error with its place, never a setting without effect.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Severity;
pub use crate::inventory::Family;
use crate::inventory::noun::closest;
use crate::policy::ParameterValue;
use crate::policy::catalogue::Catalogue;
use crate::yaml::{Complaint, SourceFile, Step};

/// The file's name where none is given.
pub const FILE_NAME: &str = "trailproof.yaml";

/// The name of the role that reads an account, where none is given.
pub const ROLE_NAME: &str = "TrailproofAudit";

/// `trailproof.yaml`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The version of this file's form: 1.
    pub version: Version,
    /// The AWS profile to use; `--profile` stands above it.
    #[serde(default)]
    pub profile: Option<String>,
    /// The Regions to look at; every enabled one where it is empty. `--region` stands above it.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Where the reports go; `--out` stands above it.
    #[serde(default)]
    pub out: Option<String>,
    /// The least severity whose fails make the exit code 1; `--fail-on` stands above it.
    #[serde(default)]
    pub fail_on: Option<Severity>,
    /// Whether findings that could not be evaluated leave the exit code 0; `--allow-unknown` stands above it.
    #[serde(default)]
    pub allow_unknown: bool,
    /// The file of waivers and attestations, beside this one; waivers.yaml where it is there. `--waivers` stands above it.
    #[serde(default)]
    pub waivers: Option<String>,
    #[serde(default)]
    pub accounts: Accounts,
    #[serde(default)]
    pub policies: Policies,
    /// framework id -> what the owner says of it, if only `{}`: the report shows it whole. The audit reads the same accounts either
    /// way; the report counts what is in scope.
    #[serde(default)]
    pub frameworks: BTreeMap<String, FrameworkSettings>,
}

/// What the owner says of a framework.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameworkSettings {
    /// The accounts in its scope, by their twelve digits, for example those that hold cardholder data; every account where it is
    /// not set.
    #[serde(default)]
    pub accounts: Option<Vec<String>>,
}

/// Which accounts are read. The options of the same names stand above each of these.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Whether every active account of the organization is read.
    #[serde(default)]
    pub organization: bool,
    /// Accounts to read: ids in quotes, or `{id, role}` with the ARN of the role to assume.
    #[serde(default)]
    pub include: Vec<NamedAccount>,
    /// The name of the role to assume; TrailproofAudit where it is not given.
    #[serde(default)]
    pub role_name: Option<String>,
    /// The external id that the roles ask for.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The account that keeps the logs.
    #[serde(default)]
    pub log_account: Option<String>,
    /// Units of the organization to read, with the units inside; all of it where it is empty.
    #[serde(default)]
    pub units: Vec<String>,
    /// Accounts of the organization to leave out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Units of the organization to leave out.
    #[serde(default)]
    pub exclude_units: Vec<String>,
    /// What is not asked in every Region: `event-rules`, `lake`, `config`, `guardduty`, `security-hub`. What rests on it is
    /// unknown.
    #[serde(default)]
    pub skip: BTreeSet<Family>,
}

/// An account to read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum NamedAccount {
    /// The account's twelve digits.
    Id(String),
    /// The account, and the ARN of the role to assume in it.
    WithRole { id: String, role: String },
}

impl NamedAccount {
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::WithRole { id, .. } => id,
        }
    }

    pub fn role(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::WithRole { role, .. } => Some(role),
        }
    }
}

/// The version of the file's form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
pub struct Version(u32);

impl TryFrom<u32> for Version {
    type Error = String;
    fn try_from(version: u32) -> Result<Self, String> {
        if version == 1 { Ok(Version(1)) } else { Err(format!("version {version} is not known; this program reads version 1")) }
    }
}

impl From<Version> for u32 {
    fn from(version: Version) -> u32 {
        version.0
    }
}

/// What the owner decided about policies.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// Folders with policies of your own, beside this file; `--policies` adds to them.
    #[serde(default)]
    pub directories: Vec<String>,
    /// Policies that are not asked. The report says so, with the reason.
    #[serde(default)]
    pub disable: Vec<Disabled>,
    /// policy id -> severity.
    #[serde(default)]
    pub severity: BTreeMap<String, Severity>,
    /// policy id -> parameter -> value.
    #[serde(default)]
    pub parameters: BTreeMap<String, BTreeMap<String, ParameterValue>>,
}

/// A policy that is not asked.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disabled {
    pub id: String,
    /// Why, for the reader of the report; may not be empty.
    pub reason: String,
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// Anything that the file's form does not know, with its place.
    pub fn load(source: &mut SourceFile) -> Result<Self, Complaint> {
        let config: Config = source.parse()?;
        for (i, disabled) in config.policies.disable.iter().enumerate() {
            if disabled.reason.trim().is_empty() {
                let path = [Step::Key("policies"), Step::Key("disable"), Step::Item(i), Step::Key("reason")];
                let c = source.complain(&path, format!("policy `{}` is disabled without a reason", disabled.id));
                return Err(c.with_hint(Some("the report shows the reason to whoever reads it")));
            }
        }
        for (framework, settings) in &config.frameworks {
            let Some(accounts) = &settings.accounts else { continue };
            let path = [Step::Key("frameworks"), Step::Key(framework), Step::Key("accounts")];
            if accounts.is_empty() {
                let c = source.complain(&path, format!("no account is in the scope of `{framework}`"));
                return Err(c.with_hint(Some("leave `accounts` out where every account is in scope")));
            }
            for (i, id) in accounts.iter().enumerate() {
                let [a, b, c] = path;
                if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
                    let c = source.complain(&[a, b, c, Step::Item(i)], format!("`{id}` is no account id"));
                    return Err(c.with_hint(Some("an account id has twelve digits; write it in quotes, as it may begin with 0")));
                }
            }
        }
        Ok(config)
    }

    /// framework -> the accounts in its scope, for the frameworks of which the owner named some.
    pub fn scopes(&self) -> BTreeMap<String, BTreeSet<String>> {
        let named = self.frameworks.iter();
        named.filter_map(|(id, f)| Some((id.clone(), f.accounts.as_ref()?.iter().cloned().collect()))).collect()
    }

    /// Checks every policy, parameter and framework that the file names.
    ///
    /// # Errors
    /// Names that the catalogue does not know and values of the wrong type, each with its place.
    pub fn check(&self, source: &SourceFile, catalogue: &Catalogue) -> Result<(), Vec<Complaint>> {
        let mut complaints = Vec::new();
        let mut known = |path: &[Step<'_>], id: &str| {
            let found = catalogue.policies.contains_key(id);
            if !found {
                let hint = closest(id, catalogue.policies.keys().map(String::as_str)).map(|c| format!("did you mean `{c}`?"));
                complaints.push(source.complain(path, format!("unknown policy `{id}`")).with_hint(hint));
            }
            found
        };
        for (i, disabled) in self.policies.disable.iter().enumerate() {
            known(&[Step::Key("policies"), Step::Key("disable"), Step::Item(i), Step::Key("id")], &disabled.id);
        }
        for id in self.policies.severity.keys() {
            known(&[Step::Key("policies"), Step::Key("severity"), Step::Name(id)], id);
        }
        let with_parameters: Vec<&String> = self
            .policies
            .parameters
            .keys()
            .filter(|id| known(&[Step::Key("policies"), Step::Key("parameters"), Step::Name(id)], id))
            .collect();
        for id in with_parameters {
            let declared = &catalogue.policies[id].file.parameters;
            for (name, value) in &self.policies.parameters[id] {
                let path = [Step::Key("policies"), Step::Key("parameters"), Step::Key(id), Step::Name(name)];
                match declared.get(name) {
                    None => {
                        let hint = closest(name, declared.keys().map(String::as_str)).map(|c| format!("did you mean `{c}`?"));
                        complaints
                            .push(source.complain(&path, format!("policy `{id}` has no parameter `{name}`")).with_hint(hint));
                    }
                    Some(p) if !p.r#type.accepts(value) => {
                        complaints.push(source.complain(&path, format!("`{name}` is not {}", p.r#type.label())));
                    }
                    Some(_) => {}
                }
            }
        }
        for id in self.frameworks.keys().filter(|id| !catalogue.frameworks.contains_key(*id)) {
            let path = [Step::Key("frameworks"), Step::Name(id)];
            let hint = match closest(id, catalogue.frameworks.keys().map(String::as_str)) {
                Some(close) => format!("did you mean `{close}`?"),
                None => {
                    format!("known are {}", catalogue.frameworks.keys().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "))
                }
            };
            complaints.push(source.complain(&path, format!("unknown framework `{id}`")).with_hint(Some(hint)));
        }
        if complaints.is_empty() { Ok(()) } else { Err(complaints) }
    }
}
