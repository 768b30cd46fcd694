//! Policies and frameworks: the YAML that says what good practice is, read, checked and ready to be asked.
//!
//! Nothing here knows of findings, reports or where facts came from.

pub mod catalogue;
pub mod check;
mod embedded;
mod events;
pub mod framework;
pub mod message;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Severity, Strength};

/// The noun that a policy is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    Account,
    Trail,
    Bucket,
    Key,
    LogGroup,
    Alarm,
    Topic,
    EventDataStore,
    Organization,
    Change,
}

impl SubjectKind {
    /// The noun's name in the inventory.
    pub fn noun(self) -> &'static str {
        match self {
            SubjectKind::Account => "account",
            SubjectKind::Trail => "trail",
            SubjectKind::Bucket => "bucket",
            SubjectKind::Key => "key",
            SubjectKind::LogGroup => "log_group",
            SubjectKind::Alarm => "alarm",
            SubjectKind::Topic => "topic",
            SubjectKind::EventDataStore => "event_data_store",
            SubjectKind::Organization => "organization",
            SubjectKind::Change => "change",
        }
    }
}

/// What it means that there is nothing to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfEmpty {
    Fail,
    NotApplicable,
}

/// A policy file, as written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Names the good state, in kebab case; equals the file's name.
    pub id: String,
    /// The good state as a sentence.
    pub title: String,
    pub severity: Severity,
    pub subject: SubjectKind,
    /// CEL; where false, the policy is not about the subject.
    #[serde(default)]
    pub applies: Option<String>,
    /// What an empty population means.
    pub if_empty: IfEmpty,
    /// Values that the owner may set, by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// Partial events, by name: what is not written stands for every value.
    #[serde(default)]
    pub events: BTreeMap<String, BTreeMap<String, EventValue>>,
    /// CEL; true where the good state holds.
    pub check: String,
    /// Declared alternatives, asked where `check` is not true.
    #[serde(default)]
    pub accept: Vec<Accept>,
    /// A minijinja sentence for a fail.
    pub message: String,
    /// Why it matters, for people.
    pub why: String,
    /// Whether the owner may waive a fail; not where nothing else can be trusted without it.
    #[serde(default = "waivable")]
    pub waivable: bool,
    #[serde(default)]
    pub fix: FixTemplates,
    /// framework id -> how the policy serves its requirements.
    #[serde(default)]
    pub requirements: BTreeMap<String, Serves>,
    /// Pages to read on: AWS's documentation of what is asked, and of what puts it right.
    #[serde(default)]
    pub references: Vec<String>,
}

fn waivable() -> bool {
    true
}

impl PolicyFile {
    /// What a built-in policy must not lack, though a policy of somebody's own may.
    pub fn lacks(&self) -> Vec<&'static str> {
        let serves = self.requirements.values().any(|s| s.each().next().is_some());
        let rules = [
            (!serves && self.severity > Severity::Low, "serves no requirement, with a severity above `low`"),
            (self.references.is_empty(), "names no reference (`references`)"),
            (self.why.trim().is_empty(), "does not say why"),
            (self.fix.summary.trim().is_empty(), "does not say how to put it right (`fix.summary`)"),
            (self.title.trim().ends_with('.'), "has a final period in its title"),
            (self.message.trim().ends_with('.'), "has a final period in its message"),
        ];
        rules.into_iter().filter(|(broken, _)| *broken).map(|(_, what)| what).collect()
    }
}

/// A value that the owner may set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub r#type: ParameterType,
    pub default: ParameterValue,
    /// What it is, for people.
    pub doc: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    Bool,
    Int,
    Text,
    /// A list of texts.
    Texts,
    /// For example `24h` or `30m`.
    Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParameterValue {
    Bool(bool),
    Int(i64),
    Text(String),
    Texts(Vec<String>),
}

/// A value of a partial event's field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EventValue {
    Bool(bool),
    /// For alarms, `*` stands for any characters.
    Text(String),
    /// One of several texts; for alarms alone.
    Texts(Vec<String>),
    /// For alarms alone.
    Said(EventSaid),
}

/// What else can be said of a field of an event that must raise an alarm: one of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventSaid {
    /// The field is there, and is none of these texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not: Option<OneOrMore>,
    /// Whether the field is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<bool>,
}

/// A text, or a list of texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// A declared alternative to the check.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    pub check: String,
    /// What the report says where it is the alternative that holds.
    pub says: String,
}

/// minijinja templates; every value in them is quoted for the language.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixTemplates {
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub cli: String,
    #[serde(default)]
    pub terraform: String,
    #[serde(default)]
    pub cloudformation: String,
}

/// How a policy serves a framework.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Serves {
    /// Requirements that are not met where the policy fails.
    #[serde(default)]
    pub direct: Vec<String>,
    /// Requirements that it helps to show.
    #[serde(default)]
    pub supporting: Vec<String>,
    /// The severity where a scan asks for this framework by name.
    #[serde(default)]
    pub severity: Option<Severity>,
}

impl Serves {
    /// The requirements with their strengths.
    pub fn each(&self) -> impl Iterator<Item = (&str, Strength)> {
        let direct = self.direct.iter().map(|id| (id.as_str(), Strength::Direct));
        direct.chain(self.supporting.iter().map(|id| (id.as_str(), Strength::Supporting)))
    }
}

impl std::fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ParameterValue::Bool(b) => write!(f, "{b}"),
            ParameterValue::Int(i) => write!(f, "{i}"),
            ParameterValue::Text(t) => f.write_str(t),
            ParameterValue::Texts(list) => f.write_str(&list.join(", ")),
        }
    }
}

impl ParameterType {
    /// Whether the value is of the type; a duration must be one that can be read.
    pub fn accepts(self, value: &ParameterValue) -> bool {
        match (self, value) {
            (ParameterType::Bool, ParameterValue::Bool(_))
            | (ParameterType::Int, ParameterValue::Int(_))
            | (ParameterType::Text, ParameterValue::Text(_))
            | (ParameterType::Texts, ParameterValue::Texts(_)) => true,
            (ParameterType::Duration, ParameterValue::Text(text)) => check::parse_duration(text).is_some(),
            _ => false,
        }
    }

    /// The type in words.
    pub fn label(self) -> &'static str {
        match self {
            ParameterType::Bool => "true or false",
            ParameterType::Int => "a whole number",
            ParameterType::Text => "a text",
            ParameterType::Texts => "a list of texts",
            ParameterType::Duration => "a duration such as `24h`, `90m` or `7d`",
        }
    }
}
