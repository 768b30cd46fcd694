//! Policy documents: `aws_iam_policy_document` as the JSON that it will be, and whether what is open in a policy decides anything.

use std::rc::Rc;

use serde_json::{Value as Json, json};

use super::value::{Kind, Outcome, Value};
use super::{Env, Instance, Of, Project, Scope};
use crate::inventory::code::{OPEN, is_placeholder, placeholders};
use crate::inventory::{Gap, GapKind, Remedy};
use crate::source::code::resource::Home;
use crate::source::code::terraform::policies;

/// Attributes that hold other documents, those below first.
const BELOW: [&str; 2] = ["source_json", "source_policy_documents"];
const ABOVE: [&str; 2] = ["override_json", "override_policy_documents"];

impl<'a> Project<'a> {
    /// The text of a policy document; unknown as a whole where a statement of it is.
    pub(super) fn document(&self, scope: &Rc<Scope<'a>>, instance: &Rc<Instance>) -> Outcome {
        self.once(scope, Of::Document, &instance.address, || {
            let mut statements: Vec<Json> = Vec::new();
            let mut why = None;
            for attribute in BELOW {
                if let Some(unknown) = self.others(scope, instance, attribute, &mut statements, &mut why)? {
                    return Ok(unknown);
                }
            }
            let tree = self.document_node(scope, instance);
            match policies::statements(&tree) {
                Ok(own) => own.into_iter().for_each(|statement| lay(&mut statements, statement)),
                Err(gap) => return Ok(Value::unknown(gap)),
            }
            for attribute in ABOVE {
                if let Some(unknown) = self.others(scope, instance, attribute, &mut statements, &mut why)? {
                    return Ok(unknown);
                }
            }
            let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string().replace("&{", "${");
            self.spend(text.len() / 64)?;
            let gap =
                why.unwrap_or_else(|| Gap::new(GapKind::KnownAfterApply, format!("a part of {} is open", instance.address)));
            Ok(Value::texts(text, &gap).by(tree.basis))
        })
    }

    /// Lays the statements of other documents upon those that there are; what it is where one of them is unknown.
    fn others(
        &self,
        scope: &Rc<Scope<'a>>,
        instance: &Rc<Instance>,
        attribute: &str,
        statements: &mut Vec<Json>,
        why: &mut Option<Gap>,
    ) -> Result<Option<Value>, Box<Gap>> {
        let Some(declared) = instance.name().and_then(|name| scope.module.resources.get(&name)) else { return Ok(None) };
        let Some(written) = declared.value(attribute) else { return Ok(None) };
        let value = self.eval(&Env { scope: scope.number, each: instance.each.as_ref(), bound: None }, written)?;
        let items = match &value.kind {
            Kind::List(items) => items.to_vec(),
            Kind::Null => Vec::new(),
            _ => vec![value],
        };
        for item in items {
            let text = match &item.kind {
                Kind::Null => continue,
                Kind::Text(text) if text.is_empty() => continue,
                Kind::Text(text) => text.to_string(),
                Kind::Open(open) => {
                    why.get_or_insert_with(|| open.gap.clone());
                    open.text.clone()
                }
                _ => return Ok(Some(Value::unknown(item.doubt().unwrap_or_else(|| item.open_gap())))),
            };
            let Ok(parsed) = serde_json::from_str::<Json>(&text) else {
                let gap = Gap::new(GapKind::NotUnderstood, format!("`{attribute}` of {} holds no JSON", instance.address));
                return Ok(Some(Value::unknown(gap.with_remedy(Remedy::Do("scan a plan instead".into())))));
            };
            match parsed.get("Statement") {
                Some(Json::Array(all)) => all.iter().cloned().for_each(|statement| lay(statements, statement)),
                Some(one) => lay(statements, one.clone()),
                None => {}
            }
        }
        Ok(None)
    }

    /// Whether what is open in the text of a policy decides nothing. `own` is the ARN of what it is of.
    ///
    /// # Errors
    /// What it depends on.
    pub(super) fn settled(&self, text: &str, own: Option<&str>, home: &Home) -> Result<(), Gap> {
        if !is_placeholder(text) {
            return Ok(());
        }
        let open = |what: &str, text: &str| self.depends(what, text);
        let Ok(parsed) = serde_json::from_str::<Json>(text) else { return Err(open("the policy", text)) };
        let statements = match parsed.get("Statement") {
            Some(Json::Array(all)) => all.clone(),
            Some(one) => vec![one.clone()],
            None => return Err(open("the policy", text)),
        };
        for statement in &statements {
            let Some(elements) = statement.as_object() else { return Err(open("the policy", text)) };
            for (element, value) in elements {
                let mut wrong = None;
                texts(value, &mut |text| {
                    if is_placeholder(text) && !self.is_settled(element, text, own, home) {
                        wrong.get_or_insert_with(|| text.to_string());
                    }
                });
                if let Some(text) = wrong {
                    return Err(open(&format!("`{element}` of the policy"), &text));
                }
            }
        }
        Ok(())
    }

    fn is_settled(&self, element: &str, text: &str, own: Option<&str>, home: &Home) -> bool {
        let is_resource = matches!(element, "Resource" | "NotResource");
        if is_resource && let Some(own) = own {
            let rest = text.strip_prefix(own);
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '*'])) {
                return true;
            }
        }
        // The ARN of a trail, or the name of something of the code, as it stands there.
        if self.open_names.borrow().contains(text) {
            return true;
        }
        let settled = |name: &str| self.is_declared(name) || (!is_resource && (name == home.account || name == home.region));
        matches!(element, "Resource" | "NotResource" | "Principal" | "NotPrincipal" | "Condition" | "Sid")
            && placeholders(text).all(settled)
    }

    /// Whether it stands for the name of a resource of the code.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        let is_place = name.starts_with("⟨account of ") || name.starts_with("⟨Region of ");
        !is_place && name.ends_with(&format!(" in {}⟩", self.file))
    }

    /// Why something that depends on what is open is not known.
    pub(super) fn depends(&self, what: &str, text: &str) -> Gap {
        let name = text.find(OPEN).and_then(|at| text.get(at..)).unwrap_or(text);
        let name = name.split('⟩').next().unwrap_or_default().trim_start_matches(OPEN);
        let gap = |kind, remedy: String| Gap::new(kind, format!("{what} depends on {name}")).with_remedy(Remedy::Do(remedy));
        match name.strip_prefix("var.").and_then(|rest| rest.split([' ', '.', '[']).next()) {
            Some(variable) => {
                gap(GapKind::AbsentInput, format!("give it with `--var {variable}=...`, or with `--var-file FILE`"))
            }
            None if name.starts_with("account of") || name.starts_with("Region of") => gap(
                GapKind::KnownAfterApply,
                "name it in the provider (`allowed_account_ids`, `region`), or scan a plan instead".into(),
            ),
            None => gap(GapKind::KnownAfterApply, "write it out, or scan a plan instead".into()),
        }
    }
}

/// A statement upon others: in place of the one of the same name, or behind them.
fn lay(statements: &mut Vec<Json>, statement: Json) {
    let sid = statement.get("Sid").and_then(Json::as_str).filter(|sid| !sid.is_empty());
    let same = sid.and_then(|sid| statements.iter().position(|known| known.get("Sid").and_then(Json::as_str) == Some(sid)));
    match same.and_then(|at| statements.get_mut(at)) {
        Some(known) => *known = statement,
        None => statements.push(statement),
    }
}

fn texts(value: &Json, see: &mut impl FnMut(&str)) {
    match value {
        Json::String(text) => see(text),
        Json::Array(items) => items.iter().for_each(|item| texts(item, see)),
        Json::Object(map) => {
            for (key, value) in map {
                see(key);
                texts(value, see);
            }
        }
        _ => {}
    }
}
