//! Terraform: plans as `terraform show -json` writes them, and in [`configuration`] what stands in a folder without one. Both
//! come to the same instances, of which the other files here make nouns.
//!
//! Every value comes from the plan; what it refers to, where a value is only known after apply, from the configuration that
//! the plan carries. Where the plan file is given too, its source tells places, and what an expression refers to for certain.
//! Nothing is fetched.

mod address;
mod buckets;
pub mod configuration;
mod evaluate;
mod leaves;
mod links;
mod plan;
mod policies;
mod provider;
mod resources;
mod snapshot;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::address::Address;
use self::evaluate::{Evaluator, module_key};
use self::leaves::{Leaves, Written};
use self::links::Links;
use self::plan::{Plan, ResourceValues};
use self::provider::Providers;
use self::snapshot::Snapshot;
use super::node::{Node, Source};
use super::resource::{Action, Body, Home, OnlyIf, Resource, Setting, Stack, Target};
use crate::inventory::{Basis, Fact, Gap, GapKind, Remedy, SourcePlace};

pub use self::plan::PlanError;
pub use self::snapshot::SnapshotError;

const KIND: &str = "Terraform plan";

/// Stands among the values of a bucket for what resources of their own alone set: unknown where they may, and nobody saw them.
const SET_APART: &str = "set apart";

/// Whether a JSON value is a plan, of this version or of another.
pub fn is_plan(value: &Value) -> bool {
    plan::looks_like(value)
}

/// A plan that was read, before it is known whether its source is there.
pub struct Read {
    file: String,
    plan: Plan,
}

/// The source of a plan file.
pub struct PlanFile(Snapshot);

/// Reads a plan.
///
/// # Errors
/// A value that is no plan of a version that is known, or that is not whole.
pub fn read(file: &str, value: Value) -> Result<Read, PlanError> {
    Ok(Read { file: file.to_string(), plan: plan::read(value)? })
}

/// Opens a plan file.
///
/// # Errors
/// A file that is none, or that holds more than is read.
pub fn open(bytes: &[u8]) -> Result<PlanFile, SnapshotError> {
    Snapshot::open(bytes).map(PlanFile)
}

/// Reads a plan without its source.
///
/// # Errors
/// As [`read`].
pub fn load(file: &str, value: Value) -> Result<Stack, PlanError> {
    Ok(read(file, value)?.stack(None))
}

impl PlanFile {
    /// The source as it stands in folders, as [`configuration::sources`] reads it.
    pub fn of_folder(files: Vec<(String, String, Vec<u8>)>) -> Self {
        PlanFile(Snapshot::of(files))
    }

    /// The same with places as they are seen from where the plan file was named: Terraform writes it where it reads the source. An
    /// absolute path tells nothing of the project.
    #[must_use]
    pub fn named(mut self, path: &str) -> Self {
        if let Some((folder, _)) = path.rsplit_once('/').filter(|(folder, _)| !folder.starts_with('/') && !folder.is_empty()) {
            self.0.within(folder);
        }
        self
    }
}

impl Read {
    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// When the plan was made, where it says so.
    pub fn made(&self) -> Option<jiff::Timestamp> {
        self.plan.timestamp.as_deref()?.parse().ok()
    }

    /// Whether a source is that of this plan, as far as anything could tell it from another.
    pub fn is_of(&self, source: &PlanFile) -> bool {
        !self.plan.configuration.root_module.resources.is_empty() && source.0.is_of(&self.plan)
    }

    /// Whether a plan file is the one that this plan was shown from.
    ///
    /// # Errors
    /// What the plan has and the file has not.
    pub fn fits(&self, file: &PlanFile) -> Result<(), String> {
        file.0.belongs_to(&self.plan)
    }

    /// What the plan will make, what is there, and what it does to that.
    pub fn stack(self, source: Option<&PlanFile>) -> Stack {
        let Read { file, plan } = &self;
        let addresses: Vec<&str> = plan
            .planned_values
            .root_module
            .all()
            .into_iter()
            .map(|r| r.address.as_str())
            .chain(
                plan.resource_changes
                    .iter()
                    .filter(|c| !c.change.is("delete") || c.change.is("create"))
                    .map(|c| c.address.as_str()),
            )
            .chain(prior(plan).into_iter().map(|r| r.address.as_str()).filter(|a| Address::parse(a).is_some_and(|a| a.is_data)))
            .collect();
        let links = Links::new(plan, addresses.into_iter());
        let providers = Providers::new(plan, &links, file);
        let evaluator = source.map(|source| Evaluator {
            snapshot: &source.0,
            plan,
            file,
            values: values(plan),
            partition: providers.default().partition,
        });
        let reading = Reading { file, plan, links: &links, providers: &providers, evaluator: evaluator.as_ref() };
        let mut stack = reading.after();
        stack.before = reading.before().map(Box::new);
        stack.read = self.made();
        stack.actions = actions(plan);
        if !stack.is_whole {
            stack.notes.push("the plan leaves resources out that the code has, so that it is not all of it".into());
        }
        for unread in source.iter().flat_map(|source| &source.0.unread) {
            stack.notes.push(format!("{unread} could not be parsed: what it refers to is told by the plan alone"));
        }
        stack
    }
}

/// The known values of every instance, secrets left out.
fn values(plan: &Plan) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut add = |address: &str, values: &Value, sensitive: &Value| {
        let mut values = values.clone();
        if let Some(map) = values.as_object_mut() {
            let is_open = |key: &str| matches!(sensitive.get(key), None | Some(Value::Bool(false) | Value::Null));
            map.retain(|key, _| sensitive != &Value::Bool(true) && is_open(key));
        }
        all.insert(address.to_string(), values);
    };
    for resource in prior(plan).into_iter().filter(|r| Address::parse(&r.address).is_some_and(|a| a.is_data)) {
        add(&resource.address, &resource.values, &resource.sensitive_values);
    }
    for change in plan.resource_changes.iter().filter(|c| c.deposed.is_none() && !c.change.after.is_null()) {
        add(&change.address, &change.change.after, &change.change.after_sensitive);
    }
    all
}

/// What was there when the plan was made.
fn prior(plan: &Plan) -> Vec<&ResourceValues> {
    plan.prior_state.iter().filter_map(|state| state.values.as_ref()).flat_map(|values| values.root_module.all()).collect()
}

/// A resource as one of the functions below reads it.
struct Seen<'a> {
    file: &'a str,
    text: &'a str,
    address: &'a Address,
    node: &'a Node,
    home: &'a Home,
    /// Whether the plan makes it, so that what is not written takes the service's default.
    is_new: bool,
    instances: &'a BTreeMap<String, Instance>,
    place: Option<&'a SourcePlace>,
}

impl<'a> Seen<'a> {
    fn source(&self) -> Source<'a> {
        Source { file: self.file, address: self.text, place: self.place }
    }

    /// The data source at an address.
    fn document(&self, address: &str) -> Option<&'a Node> {
        let instance = self.instances.get(address)?;
        (instance.address.is_data && instance.address.r#type == "aws_iam_policy_document").then_some(&instance.node)
    }

    /// The name of the bucket at an address, where it is known.
    fn known_name(&self, address: &str) -> Option<String> {
        self.instances.get(address)?.node.get("bucket").text().ok().flatten()
    }
}

/// One instance of a resource.
struct Instance {
    address: Address,
    node: Node,
    home: Home,
    is_new: bool,
    /// Its block in the source, and the calls that lead to it.
    place: Option<SourcePlace>,
    related: Vec<SourcePlace>,
}

/// A plan with all that is needed to read a resource of it.
struct Reading<'a> {
    file: &'a str,
    plan: &'a Plan,
    links: &'a Links<'a>,
    providers: &'a Providers,
    evaluator: Option<&'a Evaluator<'a>>,
}

impl Reading<'_> {
    /// What will be there once the plan is applied.
    fn after(&self) -> Stack {
        let plan = self.plan;
        let mut instances: BTreeMap<String, Instance> = BTreeMap::new();
        // Data that was read when the plan was made is in the state that it began with; what is managed stands below.
        for resource in prior(plan) {
            if let Some(address) = Address::parse(&resource.address).filter(|a| a.is_data) {
                let trees = (&resource.values, &Value::Null, &resource.sensitive_values);
                instances.insert(resource.address.clone(), self.instance(address, trees, false));
            }
        }
        // What the plan tells nothing else of: of what is open here, only the configuration says that there is something.
        let changed: BTreeSet<&str> =
            plan.resource_changes.iter().filter(|c| c.deposed.is_none()).map(|c| c.address.as_str()).collect();
        for resource in plan.planned_values.root_module.all().into_iter().filter(|r| !changed.contains(r.address.as_str())) {
            if let Some(address) = Address::parse(&resource.address) {
                let open = match self.links.config(&address) {
                    Some(config) => leaves::left_out(&resource.values, &config.expressions),
                    None if address.is_data => Value::Null,
                    None => Value::Bool(true),
                };
                let trees = (&resource.values, &open, &resource.sensitive_values);
                instances.insert(resource.address.clone(), self.instance(address, trees, false));
            }
        }
        for change in plan.resource_changes.iter().filter(|c| c.deposed.is_none()) {
            let Some(address) = Address::parse(&change.address) else { continue };
            let change_of = &change.change;
            if (change_of.is("delete") && !change_of.is("create")) || change_of.is("forget") {
                instances.remove(&change.address);
                continue;
            }
            let trees = (&change_of.after, &change_of.after_unknown, &change_of.after_sensitive);
            let is_new = change_of.is("create");
            instances.insert(change.address.clone(), self.instance(address, trees, is_new));
        }
        let put_off = self.put_off(&mut instances);
        let mut stack = self.stack(&instances);
        for (address, gap) in put_off {
            let mine = stack.resources.iter_mut().filter(|resource| resource.address == address);
            for resource in mine {
                resource.only_if = Some(OnlyIf { condition: address.clone(), gap: gap.clone() });
                stack.is_whole = false;
                if matches!(resource.body, Body::Trail(_)) {
                    stack.hides.push(gap.clone());
                }
            }
        }
        stack.resources.extend(self.deletions());
        stack
    }

    /// What the plan puts off: nothing of it is known. With the reason for each.
    fn put_off(&self, instances: &mut BTreeMap<String, Instance>) -> Vec<(String, Gap)> {
        let mut gaps = Vec::new();
        for deferred in &self.plan.deferred_changes {
            let (text, reason) = (&deferred.resource_change.address, deferred.reason.replace('_', " "));
            let Some(address) = Address::parse(text).filter(|address| !address.is_data) else { continue };
            let message = format!("the plan puts {text} off to a later one ({reason}), so that nothing of it is planned");
            let remedy = Remedy::Do("apply what can be applied, and make the plan again".into());
            gaps.push((text.clone(), Gap::new(GapKind::KnownAfterApply, message).with_remedy(remedy)));
            let trees = (&Value::Null, &Value::Bool(true), &Value::Null);
            instances.insert(text.clone(), self.instance(address, trees, false));
        }
        gaps
    }

    /// What is there, as the state shows it.
    fn before(&self) -> Option<Stack> {
        let plan = self.plan;
        let mut instances = BTreeMap::new();
        for resource in prior(plan) {
            if let Some(address) = Address::parse(&resource.address) {
                let trees = (&resource.values, &Value::Null, &resource.sensitive_values);
                instances.insert(resource.address.clone(), self.instance(address, trees, false));
            }
        }
        instances.values().any(|i| !i.address.is_data).then(|| self.stack(&instances))
    }

    fn instance(&self, address: Address, (after, unknown, sensitive): (&Value, &Value, &Value), is_new: bool) -> Instance {
        let config = self.links.config(&address);
        let home = self.providers.home(config.map(|c| c.provider_config_key.as_str()), after);
        let null = Value::Null;
        let source = self.written(&address);
        let place = source.and_then(|source| source.file.place(source.block, &address.resource()));
        let leaves =
            // Where the plan came without its configuration, nothing tells what is left to the service.
            Leaves { address: &address, links: self.links, config: config.map_or(&null, |c| &c.expressions), is_new: is_new && config.is_some(), source };
        let node = leaves.read(after, unknown, sensitive);
        let related = self.calls(&address);
        Instance { node, home, is_new, place, related, address }
    }

    /// The block of a resource in the source.
    fn written(&self, address: &Address) -> Option<Written<'_>> {
        let evaluator = self.evaluator?;
        let ident = if address.is_data { "data" } else { "resource" };
        let labels = [address.r#type.as_str(), address.name.as_str()];
        let (file, block) = evaluator.snapshot.block(&module_key(&address.modules), ident, &labels)?;
        Some(Written { evaluator, file, block })
    }

    /// The module calls that lead to a resource, outermost first.
    fn calls(&self, address: &Address) -> Vec<SourcePlace> {
        let Some(evaluator) = self.evaluator else { return Vec::new() };
        let call = |depth: usize| {
            let (parents, rest) = address.modules.split_at_checked(depth)?;
            let call = rest.first()?;
            let (file, block) = evaluator.snapshot.block(&module_key(parents), "module", &[&call.name])?;
            file.place(block, &format!("called as module {call}"))
        };
        (0..address.modules.len()).filter_map(call).collect()
    }

    fn stack(&self, instances: &BTreeMap<String, Instance>) -> Stack {
        let (file, plan, providers) = (self.file, self.plan, self.providers);
        Stack {
            file: file.to_string(),
            kind: KIND,
            written_by: plan.terraform_version.as_ref().map(|version| format!("Terraform {version}")),
            count: instances.values().filter(|i| !i.address.is_data).count(),
            home: providers.default(),
            resources: resources_of(file, instances),
            is_whole: plan.complete != Some(false),
            notes: Vec::new(),
            hides: Vec::new(),
            read: None,
            before: None,
            actions: Vec::new(),
        }
    }
    /// Settings whose resources the plan deletes: AWS then goes back to what is so without them.
    fn deletions(&self) -> Vec<Resource> {
        let (file, plan) = (self.file, self.plan);
        let values: BTreeMap<&str, &ResourceValues> = prior(plan).into_iter().map(|r| (r.address.as_str(), r)).collect();
        let mut found = Vec::new();
        for change in plan.resource_changes.iter().filter(|c| c.deposed.is_none()) {
            if !change.change.is("delete") || change.change.is("create") {
                continue;
            }
            let (Some(address), Some(was)) = (Address::parse(&change.address), values.get(change.address.as_str())) else {
                continue;
            };
            let trees = (&was.values, &Value::Null, &was.sensitive_values);
            let Instance { address, node, home, .. } = self.instance(address, trees, false);
            let none = BTreeMap::new();
            let seen = Seen {
                file,
                text: &change.address,
                address: &address,
                node: &node,
                home: &home,
                is_new: false,
                instances: &none,
                place: None,
            };
            let left = match buckets::deleted(&seen) {
                Some(setting) => Some(("bucket", Setting::Bucket(Box::new(setting)))),
                None => resources::deleted(&seen),
            };
            let Some((attribute, setting)) = left else { continue };
            let Ok(Some(named)) = node.get(attribute).text() else { continue };
            let of =
                Fact::Known { value: Some(Target::Named(named)), from: seen.source().origin(&node), basis: Basis::Configured };
            found.push(Resource {
                address: format!("{} (deleted)", change.address),
                name: None,
                arn: None,
                home,
                place: None,
                related: Vec::new(),
                body: Body::Setting { of, setting },
                only_if: None,
            });
        }
        found
    }
}

/// The instances that are nouns, as resources.
fn resources_of(file: &str, instances: &BTreeMap<String, Instance>) -> Vec<Resource> {
    let mut resources = Vec::new();
    for (text, instance) in instances.iter().filter(|(_, i)| !i.address.is_data) {
        let Instance { address, node, home, is_new, place, related } = instance;
        let seen = Seen { file, text, address, node, home, is_new: *is_new, instances, place: place.as_ref() };
        let Some(body) = body(&seen) else { continue };
        resources.push(Resource {
            address: text.clone(),
            name: name(&seen),
            arn: node.get("arn").text().ok().flatten().filter(|arn| arn.starts_with("arn:")),
            home: home.clone(),
            place: place.clone(),
            related: related.clone(),
            body,
            only_if: None,
        });
    }
    resources
}

/// Whether resources of a type are looked at.
fn is_looked_at(kind: &str) -> bool {
    let address = Address { modules: Vec::new(), is_data: false, r#type: kind.to_string(), name: String::new(), key: None };
    let home = Home { account: String::new(), partition: String::new(), region: String::new() };
    let (node, none) = (Node::new(super::node::State::Absent), BTreeMap::new());
    let seen =
        Seen { file: "", text: "", address: &address, node: &node, home: &home, is_new: true, instances: &none, place: None };
    body(&seen).is_some()
}

/// The resource as a noun; nothing where it is none that is looked at.
fn body(seen: &Seen<'_>) -> Option<Body> {
    Some(match seen.address.r#type.as_str() {
        "aws_cloudtrail" => resources::trail(seen),
        "aws_s3_bucket" => buckets::bucket(seen),
        "aws_s3_account_public_access_block" => buckets::account_block(seen),
        "aws_kms_key" => resources::key(seen),
        "aws_kms_key_policy" => resources::key_policy(seen),
        "aws_kms_alias" => resources::alias(seen),
        "aws_cloudwatch_log_group" => resources::log_group(seen),
        "aws_sns_topic" => resources::topic(seen),
        "aws_sns_topic_policy" => resources::topic_policy(seen),
        "aws_sns_topic_subscription" => watch::topic_subscription(seen),
        "aws_cloudwatch_log_metric_filter" => watch::metric_filter(seen),
        "aws_cloudwatch_log_subscription_filter" => watch::subscription_filter(seen),
        "aws_cloudwatch_metric_alarm" => watch::metric_alarm(seen),
        "aws_cloudwatch_composite_alarm" => watch::composite_alarm(seen),
        "aws_cloudwatch_event_rule" => return watch::event_rule(seen),
        "aws_cloudwatch_event_target" => return watch::event_target(seen),
        "aws_cloudtrail_event_data_store" => watch::event_data_store(seen),
        other => return buckets::setting(seen).or_else(|| watch::neighbour(other)),
    })
}

/// The name that AWS will know it by.
fn name(seen: &Seen<'_>) -> Option<String> {
    let attribute = match seen.address.r#type.as_str() {
        "aws_s3_bucket" => "bucket",
        "aws_kms_key" => "key_id",
        "aws_cloudtrail"
        | "aws_kms_alias"
        | "aws_cloudwatch_log_group"
        | "aws_sns_topic"
        | "aws_cloudwatch_event_rule"
        | "aws_cloudtrail_event_data_store" => "name",
        "aws_cloudwatch_metric_alarm" | "aws_cloudwatch_composite_alarm" => "alarm_name",
        _ => return None,
    };
    seen.node.get(attribute).text().ok().flatten()
}

/// What the plan does to what is there.
fn actions(plan: &Plan) -> Vec<(String, Action)> {
    let mut actions = Vec::new();
    for change in plan.resource_changes.iter().filter(|c| c.deposed.is_none()) {
        let of = &change.change;
        let was = change.previous_address.clone().unwrap_or_else(|| change.address.clone());
        match (of.is("delete"), of.is("create"), of.is("forget")) {
            (true, false, _) => actions.push((was, Action::Delete)),
            (true, true, _) => actions.push((was, Action::Replace)),
            (_, _, true) => actions.push((was, Action::Forget)),
            _ if was != change.address => actions.push((was, Action::Move(change.address.clone()))),
            _ => {}
        }
    }
    actions
}
