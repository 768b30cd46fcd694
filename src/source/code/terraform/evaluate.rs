//! What an expression of the source comes to, where that follows for certain: literals, templates, and ways through variables,
//! locals, outputs and keys to values of the plan, or to the attribute of one resource.
//!
//! Everything else comes to nothing: no conditional is decided and no function but `jsonencode` is called.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::template::{Element, Template};
use serde_json::{Map, Value};

use super::address::{self, Address, Key, Step};
use super::plan::Plan;
use super::snapshot::Snapshot;
use crate::inventory::code::placeholder;

/// How many names an expression may lead through.
const STEPS: usize = 32;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Value(Value),
    /// An attribute of a resource, known after apply.
    Attribute {
        address: String,
        attribute: String,
    },
}

/// Where an expression stands: the module, and the key of the instance that it is for.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    pub(super) modules: &'a [Step],
    pub(super) key: Option<&'a Key>,
    /// The `for_each` of the block.
    pub(super) for_each: Option<&'a Expression>,
}

/// The source, and the values of the plan.
pub(super) struct Evaluator<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) plan: &'a Plan,
    pub(super) file: &'a str,
    /// Known values of every instance, by address. What is open is not there, and neither is what is a secret.
    pub(super) values: BTreeMap<String, Value>,
    pub(super) partition: String,
}

/// The key of a module in the source: names without keys.
pub(super) fn module_key(modules: &[Step]) -> String {
    modules.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join(".")
}

impl Evaluator<'_> {
    /// What an expression comes to; nothing where that is not certain.
    pub(super) fn eval(&self, site: &Site<'_>, expression: &Expression) -> Option<Found> {
        self.at(site, expression, STEPS)
    }

    fn at(&self, site: &Site<'_>, expression: &Expression, steps: usize) -> Option<Found> {
        let steps = steps.checked_sub(1)?;
        let value = |value: Value| Some(Found::Value(value));
        match expression {
            Expression::Null(_) => value(Value::Null),
            Expression::Bool(flag) => value(Value::Bool(**flag)),
            Expression::Number(number) => value(match number.as_i64() {
                Some(number) => number.into(),
                None => number.as_f64()?.into(),
            }),
            Expression::String(text) => value(text.as_str().into()),
            Expression::Parenthesis(inner) => self.at(site, inner.inner(), steps),
            Expression::StringTemplate(template) => self.template(site, template.iter(), steps),
            Expression::HeredocTemplate(heredoc) => self.template(site, Template::iter(&heredoc.template), steps),
            Expression::Array(items) => {
                let items: Option<Vec<Value>> = items.iter().map(|item| self.text(site, item, steps)).collect();
                value(items?.into())
            }
            Expression::Object(object) => {
                let mut map = Map::new();
                for (key, item) in object.iter() {
                    let key = match key {
                        ObjectKey::Ident(ident) => ident.as_str().to_string(),
                        ObjectKey::Expression(Expression::Variable(ident)) => ident.as_str().to_string(),
                        ObjectKey::Expression(key) => self.text(site, key, steps)?.as_str()?.to_string(),
                    };
                    map.insert(key, self.text(site, item.expr(), steps)?);
                }
                value(map.into())
            }
            Expression::FuncCall(call) if call.name.namespace.is_empty() && call.name.name.as_str() == "jsonencode" => {
                let mut arguments = call.args.iter();
                let (argument, None) = (arguments.next()?, arguments.next()) else { return None };
                value(self.text(site, argument, steps)?.to_string().into())
            }
            Expression::Traversal(traversal) => self.name(site, &self.steps(site, traversal, steps)?, steps),
            _ => None,
        }
    }

    /// A value, where an attribute that is open stands as the text that it will be as far as that is known.
    fn text(&self, site: &Site<'_>, expression: &Expression, steps: usize) -> Option<Value> {
        match self.at(site, expression, steps)? {
            Found::Value(value) => Some(value),
            Found::Attribute { address, attribute } => self.stands_for(&address, &attribute).map(Value::from),
        }
    }

    /// The text of an open attribute: only what of a bucket follows from its name, or from what stands for it.
    fn stands_for(&self, address: &str, attribute: &str) -> Option<String> {
        if Address::parse(address)?.r#type != "aws_s3_bucket" {
            return None;
        }
        let written = self.values.get(address).and_then(|values| values.get("bucket")).and_then(Value::as_str);
        let name = written.map_or_else(|| placeholder(&format!("{address} in {}", self.file)), str::to_string);
        match attribute {
            "id" | "bucket" => Some(name),
            "arn" => Some(format!("arn:{}:s3:::{name}", self.partition)),
            _ => None,
        }
    }

    fn template<'e>(&self, site: &Site<'_>, elements: impl Iterator<Item = &'e Element>, steps: usize) -> Option<Found> {
        let mut text = String::new();
        let elements: Vec<&Element> = elements.collect();
        // A log group is named by its ARN with `:*` behind it.
        if let [Element::Interpolation(one), rest @ ..] = elements.as_slice()
            && rest.iter().all(|e| matches!(e, Element::Literal(text) if text.as_str() == ":*"))
            && let Some(found @ Found::Attribute { .. }) = self.at(site, &one.expr, steps)
        {
            let Found::Attribute { address, attribute } = &found else { return None };
            if rest.is_empty() || (attribute == "arn" && Address::parse(address)?.r#type == "aws_cloudwatch_log_group") {
                return Some(found);
            }
        }
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(literal.as_str()),
                Element::Interpolation(one) => match self.text(site, &one.expr, steps)? {
                    Value::String(part) => text.push_str(&part),
                    Value::Bool(part) => text.push_str(&part.to_string()),
                    Value::Number(part) => text.push_str(&part.to_string()),
                    _ => return None,
                },
                Element::Directive(_) => return None,
            }
        }
        Some(Found::Value(text.into()))
    }

    /// A traversal as steps, its indices evaluated.
    fn steps(&self, site: &Site<'_>, traversal: &Traversal, steps: usize) -> Option<Vec<Step>> {
        let Expression::Variable(root) = &traversal.expr else { return None };
        let mut path = vec![Step { name: root.as_str().to_string(), key: None }];
        for operator in &traversal.operators {
            match &**operator {
                TraversalOperator::GetAttr(name) => path.push(Step { name: name.as_str().to_string(), key: None }),
                TraversalOperator::Index(index) => {
                    let key = match self.text(site, index, steps)? {
                        Value::String(text) => Key::Text(text),
                        Value::Number(number) => Key::Number(number.as_i64()?),
                        _ => return None,
                    };
                    let last = path.last_mut()?;
                    if last.key.is_some() {
                        return None;
                    }
                    last.key = Some(key);
                }
                TraversalOperator::LegacyIndex(index) => {
                    path.last_mut()?.key = Some(Key::Number(i64::try_from(**index).ok()?));
                }
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => return None,
            }
        }
        Some(path)
    }

    fn name(&self, site: &Site<'_>, path: &[Step], steps: usize) -> Option<Found> {
        let (first, second) = (path.first()?, path.get(1)?);
        let rest = path.get(2..).unwrap_or_default();
        match first.name.as_str() {
            "each" if second.name == "key" && rest.is_empty() => match site.key? {
                Key::Text(text) => Some(Found::Value(text.as_str().into())),
                _ => None,
            },
            "count" if second.name == "index" && rest.is_empty() => match site.key? {
                Key::Number(number) => Some(Found::Value((*number).into())),
                _ => None,
            },
            "each" if second.name == "value" => self.each_value(site, rest, steps),
            "local" => {
                let local = self.snapshot.local(&module_key(site.modules), &second.name)?;
                let site = Site { modules: site.modules, key: None, for_each: None };
                below(self.at(&site, &local.value, steps)?, second.key.as_ref(), rest)
            }
            "var" => below(self.variable(site, &second.name, steps)?, second.key.as_ref(), rest),
            "module" => {
                let output = rest.first()?;
                let mut modules = site.modules.to_vec();
                modules.push(second.clone());
                let (_, block) = self.snapshot.block(&module_key(&modules), "output", &[&output.name])?;
                let site = Site { modules: &modules, key: None, for_each: None };
                below(self.at(&site, &block.body.get_attribute("value")?.value, steps)?, output.key.as_ref(), rest.get(1..)?)
            }
            "data" => self.attribute(site, "data.", second, rest.first()?, rest.get(1..)?),
            "path" | "terraform" | "self" => None,
            _ => self.attribute(site, "", first, second, rest),
        }
    }

    fn attribute(&self, site: &Site<'_>, mode: &str, r#type: &Step, name: &Step, rest: &[Step]) -> Option<Found> {
        let address = format!("{}{mode}{}.{name}", address::prefix(site.modules), r#type.name);
        let values = self.values.get(&address)?;
        let (attribute, rest) = rest.split_first()?;
        match values.get(&attribute.name) {
            Some(value) if !value.is_null() => below(Found::Value(value.clone()), attribute.key.as_ref(), rest),
            None if attribute.key.is_none() && rest.is_empty() => {
                Some(Found::Attribute { address, attribute: attribute.name.clone() })
            }
            _ => None,
        }
    }

    fn each_value(&self, site: &Site<'_>, rest: &[Step], steps: usize) -> Option<Found> {
        let Key::Text(key) = site.key? else { return None };
        match site.for_each? {
            // Of a set the value is the key.
            Expression::FuncCall(call) if call.name.name.as_str() == "toset" && rest.is_empty() => {
                Some(Found::Value(key.as_str().into()))
            }
            // Of a resource it is the instance with the key.
            Expression::Traversal(traversal) => {
                let bare = Site { for_each: None, ..site.clone() };
                let mut path = self.steps(&bare, traversal, steps)?;
                let last = path.last_mut()?;
                if path_is_name(&last.name) || last.key.is_some() {
                    return None;
                }
                last.key = Some(Key::Text(key.clone()));
                path.extend(rest.iter().cloned());
                self.name(&bare, &path, steps)
            }
            for_each @ Expression::Object(_) => {
                let Found::Value(map) = self.at(&Site { for_each: None, ..site.clone() }, for_each, steps)? else { return None };
                below(Found::Value(map.get(key)?.clone()), None, rest)
            }
            _ => None,
        }
    }

    /// What the caller gives, else the default; of the root module, what the plan was made with.
    fn variable(&self, site: &Site<'_>, name: &str, steps: usize) -> Option<Found> {
        let Some((call, parents)) = site.modules.split_last() else {
            let (_, block) = self.snapshot.block("", "variable", &[name])?;
            // What is a secret is not looked at.
            let is_sensitive = block.body.get_attribute("sensitive").is_some_and(|a| a.value.as_bool() != Some(false));
            let value = self.plan.variables.get(name).filter(|_| !is_sensitive)?;
            return Some(Found::Value(value.value.clone()));
        };
        let (_, block) = self.snapshot.block(&module_key(parents), "module", &[&call.name])?;
        match block.body.get_attribute(name) {
            Some(given) => {
                let for_each = block.body.get_attribute("for_each").map(|a| &a.value);
                self.at(&Site { modules: parents, key: call.key.as_ref(), for_each }, &given.value, steps)
            }
            None => {
                let (_, block) = self.snapshot.block(&module_key(site.modules), "variable", &[name])?;
                let site = Site { modules: site.modules, key: None, for_each: None };
                self.at(&site, &block.body.get_attribute("default")?.value, steps)
            }
        }
    }
}

fn path_is_name(name: &str) -> bool {
    ["each", "count", "key", "value"].contains(&name)
}

/// A value inside of another.
fn below(found: Found, key: Option<&Key>, rest: &[Step]) -> Option<Found> {
    if key.is_none() && rest.is_empty() {
        return Some(found);
    }
    let Found::Value(mut value) = found else { return None };
    let index = |value: Value, key: &Key| match key {
        Key::Text(text) => value.get(text).cloned(),
        Key::Number(number) => value.get(usize::try_from(*number).ok()?).cloned(),
        Key::Any => None,
    };
    if let Some(key) = key {
        value = index(value, key)?;
    }
    for step in rest {
        value = value.get(&step.name)?.clone();
        if let Some(key) = &step.key {
            value = index(value, key)?;
        }
    }
    Some(Found::Value(value))
}
