//! What an expression of the configuration refers to, as far as the plan keeps it.
//!
//! The plan lists the references of an expression, and not the expression: a reference is no proof of identity, because a
//! template around it looks the same. What is found here stands `Referenced`. References that name a resource without its
//! instance, as those with `each.key` do, leave every instance of it; through locals nothing is left to follow.

use std::collections::BTreeMap;

use serde_json::Value;

use super::address::{self, Address, Key, Step};
use super::plan::{Configuration, ModuleConfig, Plan, ResourceConfig};
use crate::inventory::{Gap, GapKind, Remedy};

/// How many variables, outputs and `for_each` a reference may lead through.
const STEPS: usize = 32;

/// What an expression refers to: exactly one of these addresses.
pub(super) type Linked = Result<Vec<String>, Gap>;

/// The configuration, and the instances that the plan made of it.
pub(super) struct Links<'a> {
    configuration: &'a Configuration,
    /// The address of a resource without its key, and the addresses of its instances.
    instances: BTreeMap<String, Vec<String>>,
}

impl<'a> Links<'a> {
    pub(super) fn new(plan: &'a Plan, addresses: impl Iterator<Item = &'a str>) -> Self {
        let mut instances: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for text in addresses {
            if let Some(address) = Address::parse(text) {
                instances.entry(address.resource()).or_default().push(text.to_string());
            }
        }
        for list in instances.values_mut() {
            list.sort();
            list.dedup();
        }
        Links { configuration: &plan.configuration, instances }
    }

    fn module(&self, modules: &[Step]) -> Option<&'a ModuleConfig> {
        modules.iter().try_fold(&self.configuration.root_module, |module, step| {
            module.module_calls.get(&step.name).map(|call| &call.module)
        })
    }

    /// The configuration of a resource.
    pub(super) fn config(&self, address: &Address) -> Option<&'a ResourceConfig> {
        let mode = if address.is_data { "data" } else { "managed" };
        self.module(&address.modules)?
            .resources
            .iter()
            .find(|r| r.r#type == address.r#type && r.name == address.name && (r.mode == mode || r.mode.is_empty()))
    }

    /// What an expression of a resource refers to.
    pub(super) fn of(&self, at: &Address, expression: &Value) -> Linked {
        self.follow(&at.modules, Some(at), &references(expression), STEPS)
    }

    fn follow(&self, modules: &[Step], at: Option<&Address>, references: &[Vec<Step>], steps: usize) -> Linked {
        let Some(steps) = steps.checked_sub(1) else { return Err(unresolved("its references lead in a circle")) };
        // `each.key` and `count.index` only choose among the instances of what else is referred to.
        let chooses = |r: &&Vec<Step>| is(r, "each", "key") || is(r, "count", "index");
        let rest: Vec<&Vec<Step>> = references.iter().filter(|r| !chooses(r)).collect();
        let is_open = rest.len() < references.len();
        match rest.as_slice() {
            [] => Err(unresolved("the plan does not keep what it refers to")),
            [one] => self.one(modules, at, one, is_open, steps),
            many => {
                let names: Vec<String> = many.iter().map(|r| text(r)).collect();
                Err(unresolved(&format!("it is made of {}", names.join(" and "))))
            }
        }
    }

    fn one(&self, modules: &[Step], at: Option<&Address>, reference: &[Step], is_open: bool, steps: usize) -> Linked {
        let Some(first) = reference.first() else { return Err(unresolved("the plan does not keep what it refers to")) };
        match (first.name.as_str(), reference.get(1)) {
            ("local", Some(name)) => {
                Err(unresolved(&format!("it is taken from local.{}, which the plan does not keep", name.name)))
            }
            ("var", Some(name)) => self.variable(modules, name, steps),
            ("each", Some(value)) if value.name == "value" => {
                let config = at.and_then(|at| self.config(at));
                let collection = config.map(|c| references_of(&c.for_each_expression)).unwrap_or_default();
                // Which instance goes with which key is not told: the collection may have been made in another order.
                self.follow(modules, None, &collection, steps).and_then(|found| self.every_instance(found))
            }
            ("module", Some(call)) => self.output(modules, call, reference.get(2), is_open, steps),
            ("data", Some(r#type)) => {
                let Some(name) = reference.get(2) else { return Err(unresolved("it refers to no data source")) };
                let resource = format!("{}data.{}.{}", address::prefix(modules), r#type.name, name.name);
                self.pick(&resource, name.key.as_ref(), is_open)
            }
            (_, Some(name)) => {
                if let Some(attribute) = reference.get(2)
                    && !is_identity(&attribute.name)
                {
                    return Err(unresolved(&format!("it refers to {}", text(reference))));
                }
                let resource = format!("{}{}.{}", address::prefix(modules), first.name, name.name);
                self.pick(&resource, name.key.as_ref(), is_open)
            }
            _ => Err(unresolved(&format!("it refers to {}", text(reference)))),
        }
    }

    /// The instances that a reference may mean.
    fn pick(&self, resource: &str, key: Option<&Key>, is_open: bool) -> Linked {
        let all = self.instances.get(resource).map_or(&[][..], Vec::as_slice);
        let exact = |instance: &&String| Address::parse(instance).is_some_and(|a| a.key.as_ref() == key);
        let found: Vec<String> = match key {
            Some(Key::Number(_) | Key::Text(_)) if !is_open => all.iter().filter(exact).cloned().collect(),
            _ => all.to_vec(),
        };
        if found.is_empty() {
            return Err(unresolved(&format!("it refers to {resource}, of which the plan makes no such instance")));
        }
        Ok(found)
    }

    fn every_instance(&self, found: Vec<String>) -> Linked {
        let mut all = Vec::new();
        for instance in found {
            let resource = Address::parse(&instance).map(|a| a.resource()).unwrap_or_default();
            all.extend(self.instances.get(&resource).cloned().unwrap_or_default());
        }
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// What the caller of a module gives it.
    fn variable(&self, modules: &[Step], name: &Step, steps: usize) -> Linked {
        let Some((call, parents)) = modules.split_last() else {
            return Err(unresolved(&format!("it is taken from variable `{}`", name.name)));
        };
        let expression =
            self.module(parents).and_then(|m| m.module_calls.get(&call.name)).and_then(|c| c.expressions.get(&name.name));
        match expression {
            None => Err(unresolved(&format!("it is taken from variable `{}` of module {}", name.name, call.name))),
            Some(expression) => self.follow(parents, None, &references(expression), steps),
        }
    }

    /// What a module gives out.
    fn output(&self, modules: &[Step], call: &Step, name: Option<&Step>, is_open: bool, steps: usize) -> Linked {
        let Some(name) = name else {
            return Err(unresolved(&format!("it refers to module {}, and the plan does not keep to which output", call.name)));
        };
        let config = self.module(modules).and_then(|m| m.module_calls.get(&call.name));
        let Some(output) = config.and_then(|c| c.module.outputs.get(&name.name)) else {
            return Err(unresolved(&format!("module {} has no output `{}`", call.name, name.name)));
        };
        let references = references(&output.expression);
        let mut found = Vec::new();
        for instance in self.module_instances(modules, call, is_open) {
            let mut below = modules.to_vec();
            below.push(instance);
            found.extend(self.follow(&below, None, &references, steps)?);
        }
        if found.is_empty() {
            return Err(unresolved(&format!("module {} makes nothing", call.name)));
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The instances of a module that a reference may mean.
    fn module_instances(&self, modules: &[Step], call: &Step, is_open: bool) -> Vec<Step> {
        if call.key.is_some() && call.key != Some(Key::Any) && !is_open {
            return vec![call.clone()];
        }
        let mut found: Vec<Step> = self
            .instances
            .values()
            .flatten()
            .filter_map(|instance| Address::parse(instance))
            .filter(|a| a.modules.starts_with(modules))
            .filter_map(|a| a.modules.get(modules.len()).cloned())
            .filter(|step| step.name == call.name)
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The references of an expression, each at its longest: a reference is listed with all that it begins with.
fn references(expression: &Value) -> Vec<Vec<Step>> {
    references_of(expression)
}

fn references_of(expression: &Value) -> Vec<Vec<Step>> {
    let listed = expression.get("references").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut all: Vec<Vec<Step>> = listed.iter().filter_map(Value::as_str).filter_map(address::steps).collect();
    all.sort();
    all.dedup();
    let longest = |r: &Vec<Step>| !all.iter().any(|other| other.len() > r.len() && begins(other, r));
    all.iter().filter(|r| longest(r)).cloned().collect()
}

/// Whether a reference is the beginning of another; `aws_x.a` is one of `aws_x.a[0].id`.
fn begins(long: &[Step], short: &[Step]) -> bool {
    let same = |(a, b): (&Step, &Step)| a.name == b.name && (b.key.is_none() || a.key == b.key);
    long.iter().zip(short).all(same)
}

fn is(reference: &[Step], first: &str, second: &str) -> bool {
    matches!(reference, [a, b] if a.name == first && b.name == second)
}

fn text(reference: &[Step]) -> String {
    reference.iter().map(Step::to_string).collect::<Vec<_>>().join(".")
}

/// Attributes by which AWS or Terraform names a resource.
pub(super) fn is_identity(attribute: &str) -> bool {
    const NAMES: [&str; 11] = [
        "id",
        "arn",
        "name",
        "bucket",
        "key_id",
        "key_arn",
        "target_key_id",
        "target_key_arn",
        "json",
        "minified_json",
        "topic_arn",
    ];
    NAMES.contains(&attribute)
}

fn unresolved(why: &str) -> Gap {
    Gap::new(GapKind::KnownAfterApply, why).with_remedy(Remedy::Do(
        "give the plan file beside its JSON, write the name out, or scan the account once the plan is applied".into(),
    ))
}
