//! Policy documents of templates as the typed policy, where nothing that is open could matter.

use serde_json::{Map, Value as Json, json};

use crate::inventory::code::{OPEN, is_placeholder, placeholders};
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Gap, GapKind, Remedy};
use crate::source::code::node::{Node, State};

/// What the names in a policy are held against.
pub(super) struct About<'a> {
    /// The account of the stack.
    pub(super) account: &'a str,
    /// The Region of the stack.
    pub(super) region: &'a str,
    pub(super) file: &'a str,
    /// The ARN of what the policy is of, where it is known which that is.
    pub(super) own: Option<String>,
}

/// Reads a policy document. It was worked out as [`Name`](super::evaluate::Want::Name)s.
///
/// # Errors
/// Why it is not known what it says.
pub(super) fn document(node: &Node, about: &About<'_>) -> Result<Option<PolicyDocument>, Gap> {
    let parsed = match &node.state {
        State::Absent => return Ok(None),
        State::Text(text) if is_placeholder(text) => return Err(open("the whole policy", text)),
        State::Text(text) => parse(text)?,
        _ => {
            let mut statements = Vec::new();
            for statement in node.get("Statement").items()? {
                statements.push(json_of(statement, "")?);
            }
            statements.iter().try_for_each(|statement| about.check(statement))?;
            parse(&json!({ "Statement": statements }).to_string())?
        }
    };
    Ok(Some(parsed))
}

/// # Errors
/// It is none.
pub(super) fn parse(text: &str) -> Result<PolicyDocument, Gap> {
    PolicyDocument::parse(text)
        .map_err(|error| Gap::new(GapKind::NotUnderstood, format!("the policy is not understood: {error}")))
}

fn json_of(node: &Node, key: &str) -> Result<Json, Gap> {
    Ok(match &node.state {
        State::Absent => Json::Null,
        State::Bool(truth) => (*truth).into(),
        State::Int(number) => (*number).into(),
        State::Text(text) => text.clone().into(),
        State::List(items) => {
            let mut list = Vec::new();
            for item in items {
                match json_of(item, "")? {
                    // A list in a list comes of a function in it that gives several.
                    Json::Array(inner) => list.extend(inner),
                    one => list.push(one),
                }
            }
            list.into()
        }
        State::Map(map) => {
            let mut object = Map::new();
            for (name, value) in map {
                match json_of(value, name) {
                    Ok(value) => object.insert(name.clone(), value),
                    // A label that says nothing.
                    Err(_) if name == "Sid" => None,
                    Err(gap) => return Err(gap),
                };
            }
            object.into()
        }
        State::Sensitive | State::Link(_) | State::Unknown(_) => {
            let gap = node.text().err().unwrap_or_else(|| Gap::new(GapKind::NotUnderstood, "a value that is not known"));
            let element = if key.is_empty() { "an element".to_string() } else { format!("`{key}`") };
            return Err(Gap { message: format!("{element} of the policy: {}", gap.message), ..gap });
        }
    })
}

impl About<'_> {
    /// Whether every name that is open in a statement is open in a way that decides nothing.
    fn check(&self, statement: &Json) -> Result<(), Gap> {
        let Some(elements) = statement.as_object() else { return Ok(()) };
        for (element, value) in elements {
            let mut wrong = None;
            texts(value, &mut |text| {
                if is_placeholder(text) && !self.is_settled(element, text) {
                    wrong.get_or_insert_with(|| text.to_string());
                }
            });
            if let Some(text) = wrong {
                return Err(open(&format!("`{element}` of the policy"), &text));
            }
        }
        Ok(())
    }

    fn is_settled(&self, element: &str, text: &str) -> bool {
        let is_resource = matches!(element, "Resource" | "NotResource");
        if is_resource && let Some(own) = &self.own {
            let rest = text.strip_prefix(own.as_str());
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '*'])) {
                return true;
            }
        }
        let settled = |name: &str| self.is_declared(name) || (!is_resource && (name == self.account || name == self.region));
        matches!(element, "Resource" | "NotResource" | "Principal" | "NotPrincipal" | "Condition" | "Sid")
            && placeholders(text).all(settled)
    }

    /// Whether it stands for the name of a resource of the template.
    fn is_declared(&self, name: &str) -> bool {
        !name.starts_with("⟨parameter ") && name.ends_with(&format!(" in {}⟩", self.file))
    }
}

fn texts(value: &Json, see: &mut impl FnMut(&str)) {
    match value {
        Json::String(text) => see(text),
        Json::Array(items) => items.iter().for_each(|item| texts(item, see)),
        Json::Object(map) => map.values().for_each(|value| texts(value, see)),
        _ => {}
    }
}

fn open(what: &str, text: &str) -> Gap {
    let name = text.find(OPEN).map_or(text, |at| &text[at..]);
    let name = name.split('⟩').next().unwrap_or_default().trim_start_matches(OPEN);
    let gap = |kind, remedy: String| Gap::new(kind, format!("{what} depends on {name}")).with_remedy(Remedy::Do(remedy));
    match name.strip_prefix("parameter ").and_then(|rest| rest.split(' ').next()) {
        Some(parameter) => gap(GapKind::AbsentInput, format!("give {parameter} a value with `--parameters FILE`")),
        None => gap(GapKind::KnownAfterApply, "name `AWS::AccountId` and `AWS::Region` in the file of `--parameters`".into()),
    }
}

/// Texts that are held against ARNs: whole, or with the names of resources of the template in them.
///
/// # Errors
/// Why one of them is not known.
pub(super) fn texts_settled(node: &Node) -> Result<Vec<String>, Gap> {
    let texts = node.texts()?;
    let is_named = |name: &str| name.contains(" in ") && !name.starts_with("⟨parameter ");
    match texts.iter().find(|text| !placeholders(text).all(is_named)) {
        Some(text) => Err(open("what is selected", text)),
        None => Ok(texts),
    }
}
