//! Policies: a text that the plan knows, or a document that it describes statement by statement.

use serde_json::{Map, Value, json};

use crate::inventory::document::PolicyDocument;
use crate::inventory::{Gap, GapKind, Remedy};
use crate::source::code::node::{Node, State};

/// A policy attribute; nothing where there is none. `document` finds the data source that a link names.
pub(super) fn policy<'n>(node: &Node, document: impl Fn(&str) -> Option<&'n Node>) -> Result<Option<PolicyDocument>, Gap> {
    match &node.state {
        State::Link(to) => match to.as_slice() {
            [one] => match document(one) {
                Some(tree) => of_document(tree).map(Some),
                None => Err(open(&format!("the policy is taken from {one}, which is known after apply"))),
            },
            _ => Err(open("which of several documents is the policy is known after apply")),
        },
        _ => node.text()?.map(|text| parse(&text)).transpose(),
    }
}

/// The text of a policy.
pub(super) fn parse(text: &str) -> Result<PolicyDocument, Gap> {
    PolicyDocument::parse(text).map_err(|error| Gap::new(GapKind::NotUnderstood, format!("the policy: {error}")))
}

/// `aws_iam_policy_document`, from its statements. What is unknown of a statement could change whom it lets in: then nothing
/// is said of the policy.
pub(super) fn of_document(tree: &Node) -> Result<PolicyDocument, Gap> {
    if let Ok(Some(text)) = tree.get("json").text() {
        return parse(&text);
    }
    for other in ["source_policy_documents", "override_policy_documents", "source_json", "override_json"] {
        let node = tree.get(other);
        if !node.is_absent() && node.items().map_or(true, |items| !items.is_empty()) {
            return Err(open(&format!("the policy document is put together by `{other}`")));
        }
    }
    parse(&json!({ "Statement": statements(tree)? }).to_string())
}

/// The statements of a document, as JSON.
pub(super) fn statements(tree: &Node) -> Result<Vec<Value>, Gap> {
    let mut statements = Vec::new();
    for (index, statement) in tree.get("statement").items()?.iter().enumerate() {
        let written = self::statement(statement).map_err(|gap| {
            let sid = statement.get("sid").text().ok().flatten();
            let name = sid.map_or_else(|| format!("statement {}", index + 1), |sid| format!("statement `{sid}`"));
            let remedy = gap.remedy.or(open("").remedy);
            Gap { message: format!("{name} of the policy: {}", gap.message), remedy, ..gap }
        })?;
        statements.push(written);
    }
    Ok(statements)
}

fn statement(tree: &Node) -> Result<Value, Gap> {
    let mut out = Map::new();
    if let Some(sid) = tree.get("sid").text()? {
        out.insert("Sid".into(), sid.into());
    }
    out.insert("Effect".into(), tree.get("effect").text()?.unwrap_or_else(|| "Allow".into()).into());
    for (from, to) in
        [("actions", "Action"), ("not_actions", "NotAction"), ("resources", "Resource"), ("not_resources", "NotResource")]
    {
        let texts = tree.get(from).texts()?;
        if !texts.is_empty() {
            out.insert(to.into(), texts.into());
        }
    }
    for (from, to) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        let mut by_type: Map<String, Value> = Map::new();
        for principal in tree.get(from).items()? {
            let kind = principal.get("type").text()?.unwrap_or_default();
            let ids = principal.get("identifiers").texts()?;
            if kind == "*" {
                by_type.insert("AWS".into(), json!(["*"]));
                continue;
            }
            let list = by_type.entry(kind).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.extend(ids.into_iter().map(Value::from));
            }
        }
        if !by_type.is_empty() {
            out.insert(to.into(), Value::Object(by_type));
        }
    }
    let mut conditions: Map<String, Value> = Map::new();
    for condition in tree.get("condition").items()? {
        let test = condition.get("test").text()?.unwrap_or_default();
        let variable = condition.get("variable").text()?.unwrap_or_default();
        let values = condition.get("values").texts()?;
        let keys = conditions.entry(test).or_insert_with(|| json!({}));
        if let Some(list) = keys.as_object_mut().map(|keys| keys.entry(variable).or_insert_with(|| json!([])))
            && let Some(list) = list.as_array_mut()
        {
            list.extend(values.into_iter().map(Value::from));
        }
    }
    if !conditions.is_empty() {
        out.insert("Condition".into(), Value::Object(conditions));
    }
    Ok(Value::Object(out))
}

fn open(why: &str) -> Gap {
    Gap::new(GapKind::KnownAfterApply, why)
        .with_remedy(Remedy::Do("give the plan file beside its JSON, or scan the account once the plan is applied".into()))
}
