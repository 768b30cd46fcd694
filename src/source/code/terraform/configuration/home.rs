//! Where resources are made: the providers of a module, those that are passed to it, and what each says of account and Region.

use std::collections::BTreeMap;
use std::rc::Rc;

use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator};

use super::folder::{Declared, Module};
use super::value::{Kind, Value};
use super::{Env, Instance, Project, Scope};
use crate::inventory::code::placeholder;
use crate::source::code::resource::Home;
use crate::source::code::terraform::provider::{self, Told};

/// A provider as it is configured.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) home: Home,
    /// The tags that it gives to all it makes.
    pub(super) tags: Option<Value>,
}

/// What data sources call the suffix of a partition's names.
pub(super) fn dns_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    }
}

impl<'a> Project<'a> {
    /// The providers that a module configures itself, with what those around it say where it is silent.
    pub(super) fn own_providers(&self, scope: &Scope<'a>) -> BTreeMap<String, Rc<Provider>> {
        let own = || scope.module.providers.iter().filter(|(key, _)| *key == "aws" || key.starts_with("aws."));
        let told: BTreeMap<String, Told> = own().map(|(key, declared)| (key.clone(), self.told_by(scope, declared))).collect();
        let prefix = super::names::prefix(scope);
        let file = if prefix.is_empty() { self.file.clone() } else { format!("{prefix}provider of {}", self.file) };
        let mut homes = provider::homes(&told, &file, &|region| provider::partition_of(region).to_string());
        own()
            .filter_map(|(key, declared)| {
                let tags = declared
                    .blocks("default_tags")
                    .first()
                    .and_then(|(_, block)| block.body.get_attribute("tags"))
                    .map(|tags| self.eval(&Env::of(scope.number), &tags.value).unwrap_or_else(|gap| Value::unknown(*gap)));
                Some((key.clone(), Rc::new(Provider { home: homes.remove(key)?, tags })))
            })
            .collect()
    }

    fn told_by(&self, scope: &Scope<'a>, declared: &Declared<'a>) -> Told {
        let env = Env::of(scope.number);
        let text = |expression: &Expression| match self.eval(&env, expression) {
            Ok(value) => match value.kind {
                Kind::Text(text) if !text.is_empty() => Some(text.to_string()),
                _ => None,
            },
            Err(_) => None,
        };
        let allowed = declared.value("allowed_account_ids").and_then(|ids| match self.eval(&env, ids).map(|ids| ids.kind) {
            Ok(Kind::List(ids)) => match ids.as_slice() {
                [one] => one.as_text().ok()?.ok().filter(|id| provider::is_account(id)),
                _ => None,
            },
            _ => None,
        });
        // Of a chain of roles the last one acts.
        let role = declared.blocks("assume_role");
        let role = role.last().filter(|(_, block)| block.ident.as_str() != "dynamic");
        let assumed = role
            .and_then(|(_, block)| text(&block.body.get_attribute("role_arn")?.value))
            .and_then(|arn| arn.split(':').nth(4).filter(|id| provider::is_account(id)).map(str::to_string));
        let mut signature = Vec::new();
        for name in provider::CREDENTIALS {
            if let Some(value) = declared.value(name) {
                // What is open is told apart by how it is written.
                signature.push(format!("{name}={}", text(value).unwrap_or_else(|| value.to_string())));
            }
            for (_, block) in declared.blocks(name) {
                let written: Vec<String> = block
                    .body
                    .attributes()
                    .map(|attribute| {
                        let value = text(&attribute.value).unwrap_or_else(|| attribute.value.to_string());
                        format!("{}={value}", attribute.key.as_str())
                    })
                    .collect();
                signature.push(format!("{name}{{{}}}", written.join(" ")));
            }
        }
        Told { signature: signature.join(" "), account: allowed.or(assumed), region: declared.value("region").and_then(text) }
    }

    /// The providers that a module sees: those that its caller passes, or the caller's default.
    pub(super) fn passed(&self, scope: &Scope<'a>, call: &Declared<'a>, module: &Module<'a>) -> BTreeMap<String, Rc<Provider>> {
        let above = scope.homes.borrow();
        let mut seen: BTreeMap<String, Rc<Provider>> = BTreeMap::new();
        match call.value("providers") {
            Some(Expression::Object(object)) => {
                for (key, value) in object.iter() {
                    let key = match key {
                        ObjectKey::Ident(ident) => Some(ident.as_str().to_string()),
                        ObjectKey::Expression(key) => provider_name(key),
                    };
                    let found = provider_name(value.expr()).and_then(|name| above.get(&name).cloned());
                    if let (Some(key), Some(found)) = (key, found) {
                        seen.insert(key, found);
                    }
                }
            }
            Some(_) => {}
            None => {
                if let Some(default) = above.get("aws") {
                    seen.insert("aws".into(), default.clone());
                }
            }
        }
        // One that is not configured anywhere is one for all.
        if above.is_empty() && module.providers.is_empty() {
            return BTreeMap::new();
        }
        seen
    }

    /// The provider that makes an instance.
    pub(super) fn provider(&self, scope: &Scope<'a>, instance: &Instance) -> Option<Rc<Provider>> {
        let declared = scope.module.resources.get(&instance.name()?)?;
        let name = match declared.value("provider") {
            Some(expression) => provider_name(expression)?,
            None => "aws".to_string(),
        };
        scope.homes.borrow().get(&name).cloned()
    }

    /// Where an instance is made. The AWS provider of version 6 lets each resource name its Region.
    pub(super) fn home(&self, scope: &Scope<'a>, instance: &Instance) -> Home {
        let declared = instance.name().and_then(|name| scope.module.resources.get(&name));
        let mut home = match self.provider(scope, instance) {
            Some(provider) => provider.home.clone(),
            None if declared.is_some_and(|declared| declared.value("provider").is_none()) && self.has_no_provider() => {
                self.nowhere("")
            }
            None => {
                let written = declared.and_then(|declared| declared.value("provider")).map(|written| written.to_string());
                self.nowhere(&format!("{} of {}", written.as_deref().unwrap_or("aws").trim(), super::names::prefix(scope)))
            }
        };
        if let Some(region) = declared.and_then(|declared| declared.value("region")) {
            let env = Env { scope: scope.number, each: instance.each.as_ref(), bound: None };
            match self.eval(&env, region).map(|value| value.kind) {
                Ok(Kind::Text(region)) if !region.is_empty() => home.region = region.to_string(),
                Ok(Kind::Null | Kind::Text(_)) => {}
                _ => home.region = placeholder(&format!("Region of {} of {}", instance.address, self.file)),
            }
        }
        home
    }

    /// Whether the root module configures no provider of AWS.
    fn has_no_provider(&self) -> bool {
        self.scope(0).is_some_and(|root| root.homes.borrow().is_empty())
    }

    /// What stands for a place of which nothing is told.
    pub(super) fn nowhere(&self, whose: &str) -> Home {
        let whose = if whose.is_empty() { self.file.clone() } else { format!("provider {} in {}", whose.trim(), self.file) };
        Home {
            account: placeholder(&format!("account of {whose}")),
            partition: "aws".into(),
            region: placeholder(&format!("Region of {whose}")),
        }
    }

    /// Where what no other provider makes is made.
    pub(super) fn default_home(&self) -> Home {
        let root = self.scope(0);
        let default = root.and_then(|root| root.homes.borrow().get("aws").map(|provider| provider.home.clone()));
        default.unwrap_or_else(|| self.nowhere(""))
    }
}

/// `aws` or `aws.ALIAS`, as an expression names it.
fn provider_name(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Variable(name) => Some(name.as_str().to_string()),
        Expression::String(text) => Some(text.as_str().to_string()),
        Expression::Traversal(traversal) => match (&traversal.expr, traversal.operators.as_slice()) {
            (Expression::Variable(name), [one]) => match &**one {
                TraversalOperator::GetAttr(alias) => Some(format!("{}.{}", name.as_str(), alias.as_str())),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
