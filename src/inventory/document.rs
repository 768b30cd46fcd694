//! IAM policy documents: bucket policies, key policies, role policies, as written.
//!
//! Only the grammar lives here; what a document lets happen is asked in `semantics`.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::noun::{Kind, Opaque, View, Viewable};

/// One policy document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    pub statements: Vec<Statement>,
}

/// One statement. Lists of one element and bare strings are the same here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub effect: Effect,
    pub principal: Principal,
    pub action: Matches,
    pub resource: Matches,
    /// operator -> condition key (lower case) -> values. Booleans and numbers are written as text, as IAM compares them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Effect {
    Allow,
    Deny,
}

/// Who a statement is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// `"*"`, and `{"AWS": "*"}`, which means the same in a resource policy.
    Everyone,
    /// type (`AWS`, `Service`, `Federated`, `CanonicalUser`) -> ids.
    Only(BTreeMap<String, Vec<String>>),
    /// Everyone except these.
    Not(BTreeMap<String, Vec<String>>),
    /// No principal element: an identity policy.
    Absent,
}

/// Patterns that must match, or must not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matches {
    Any(Vec<String>),
    AnyExcept(Vec<String>),
    /// The element is not there.
    Absent,
}

/// Why a document could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("not JSON: {0}")]
    Json(String),
    #[error("statement {index}: {what}")]
    Statement { index: usize, what: String },
    #[error("{0}")]
    Shape(&'static str),
}

impl Viewable for PolicyDocument {
    fn kind() -> Kind {
        Kind::Opaque("policy_document")
    }
    fn view(&self) -> View<'_> {
        View::Opaque(Opaque::PolicyDocument(self))
    }
}

impl PolicyDocument {
    /// Reads the JSON text of a policy document.
    ///
    /// # Errors
    /// Text that is not JSON, or not a policy document. An element that this version does not know is an error too: it
    /// could change what the document means.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let value: Value = serde_json::from_str(text).map_err(|e| DocumentError::Json(e.to_string()))?;
        let object = value.as_object().ok_or(DocumentError::Shape("a policy document is a JSON object"))?;
        if let Some(key) = object.keys().find(|k| !["Version", "Id", "Statement"].contains(&k.as_str())) {
            return Err(DocumentError::Json(format!("unknown element `{key}`")));
        }
        let statements = match object.get("Statement") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            Some(_) => return Err(DocumentError::Shape("`Statement` is neither an object nor a list")),
            None => return Err(DocumentError::Shape("a policy document has a `Statement`")),
        };
        let statements = statements
            .into_iter()
            .enumerate()
            .map(|(index, s)| statement(s).map_err(|what| DocumentError::Statement { index: index + 1, what }))
            .collect::<Result<_, _>>()?;
        Ok(PolicyDocument { statements })
    }
}

fn statement(value: &Value) -> Result<Statement, String> {
    let object = value.as_object().ok_or("not an object")?;
    const KNOWN: [&str; 9] =
        ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    if let Some(key) = object.keys().find(|k| !KNOWN.contains(&k.as_str())) {
        return Err(format!("unknown element `{key}`"));
    }
    let effect = match object.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err("`Effect` is neither Allow nor Deny".into()),
    };
    let principal = match (object.get("Principal"), object.get("NotPrincipal")) {
        (None, None) => Principal::Absent,
        (Some(p), None) => match principals(p)? {
            None => Principal::Everyone,
            Some(map) => Principal::Only(map),
        },
        (None, Some(p)) => Principal::Not(principals(p)?.unwrap_or_else(|| [("AWS".to_string(), vec!["*".to_string()])].into())),
        (Some(_), Some(_)) => return Err("both `Principal` and `NotPrincipal`".into()),
    };
    let condition = match object.get("Condition") {
        None => BTreeMap::new(),
        Some(Value::Object(operators)) => operators
            .iter()
            .map(|(operator, keys)| {
                let keys = keys.as_object().ok_or_else(|| format!("condition `{operator}` is not an object"))?;
                let keys = keys.iter().map(|(k, v)| Ok((k.to_ascii_lowercase(), texts(v, k)?))).collect::<Result<_, String>>()?;
                Ok((operator.clone(), keys))
            })
            .collect::<Result<_, String>>()?,
        Some(_) => return Err("`Condition` is not an object".into()),
    };
    Ok(Statement {
        sid: object.get("Sid").and_then(Value::as_str).map(str::to_string),
        effect,
        principal,
        action: matches(object.get("Action"), object.get("NotAction"), "Action")?,
        resource: matches(object.get("Resource"), object.get("NotResource"), "Resource")?,
        condition,
    })
}

fn matches(plain: Option<&Value>, negated: Option<&Value>, name: &str) -> Result<Matches, String> {
    match (plain, negated) {
        (None, None) => Ok(Matches::Absent),
        (Some(v), None) => Ok(Matches::Any(texts(v, name)?)),
        (None, Some(v)) => Ok(Matches::AnyExcept(texts(v, name)?)),
        (Some(_), Some(_)) => Err(format!("both `{name}` and `Not{name}`")),
    }
}

/// `None` stands for everyone.
fn principals(value: &Value) -> Result<Option<BTreeMap<String, Vec<String>>>, String> {
    match value {
        Value::String(s) if s == "*" => Ok(None),
        Value::Object(map) => {
            let map = map.iter().map(|(k, v)| Ok((k.clone(), texts(v, k)?))).collect::<Result<BTreeMap<_, _>, String>>()?;
            let everyone = map.get("AWS").is_some_and(|ids| ids.iter().any(|id| id == "*"));
            Ok(if everyone { None } else { Some(map) })
        }
        _ => Err("`Principal` is neither \"*\" nor an object".into()),
    }
}

fn texts(value: &Value, name: &str) -> Result<Vec<String>, String> {
    let one = |v: &Value| match v {
        Value::String(s) => Ok(s.clone()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) => Ok(n.to_string()),
        _ => Err(format!("`{name}` holds something that is not text")),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        v => Ok(vec![one(v)?]),
    }
}
