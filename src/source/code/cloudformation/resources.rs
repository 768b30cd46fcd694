//! Resources of a template as the nouns that they will be.

mod buckets;
mod keys;
mod receivers;
mod trails;
mod watch;

use super::evaluate::{Want, World};
use super::policy::{self, About};
use super::reader::Reader;
use super::stack::Stage;
use super::template::Declaration;
use super::tree::Value;
use super::worlds;
use crate::inventory::code::is_placeholder;
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Basis, Fact, Gap, GapKind, Remedy, SourcePlace};
use crate::source::code::node::{Node, Source, State};
use crate::source::code::resource::{Body, BucketSetting, OnlyIf, Pointer, Resource, Setting, Target};

/// What a declaration makes: nothing where it is of no kind that matters here, or not made in any world.
pub(super) fn read(stage: &Stage<'_>, declaration: &Declaration<'_>) -> Vec<Resource> {
    if !is_known(declaration.kind) || stage.is_made == Ok(false) {
        return Vec::new();
    }
    let (bodies, missing) = match worlds::every(stage, |world| in_world(world, declaration)) {
        Ok(all) => {
            let missing = all.iter().find_map(|seen| seen.missing.clone());
            (all.into_iter().filter_map(|seen| seen.bodies).collect(), missing)
        }
        Err(gap) => {
            let none = super::evaluate::Choices::new();
            let world = World::new(stage, &none);
            (vec![bodies(&world, declaration, &Node::unknown(gap.clone()))], declaration.condition.map(|_| gap))
        }
    };
    let missing = missing.or_else(|| stage.is_made.clone().err());
    each_agreed(bodies)
        .into_iter()
        .enumerate()
        .map(|(at, body)| resource(stage, declaration, at, body, missing.as_ref()))
        .collect()
}

fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "AWS::CloudTrail::Trail"
            | "AWS::S3::Bucket"
            | "AWS::S3::BucketPolicy"
            | "AWS::KMS::Key"
            | "AWS::KMS::Alias"
            | "AWS::Logs::LogGroup"
            | "AWS::SNS::Topic"
            | "AWS::SNS::TopicPolicy"
            | "AWS::SNS::TopicInlinePolicy"
            | "AWS::SNS::Subscription"
            | "AWS::Logs::MetricFilter"
            | "AWS::Logs::SubscriptionFilter"
            | "AWS::CloudWatch::Alarm"
            | "AWS::CloudWatch::CompositeAlarm"
            | "AWS::Events::Rule"
            | "AWS::CloudTrail::EventDataStore"
    ) || watch::neighbour(kind).is_some()
}

/// What a declaration makes in one world.
struct Seen {
    /// Nothing where it is not made.
    bodies: Option<Vec<Body>>,
    /// Why it may not be made.
    missing: Option<Gap>,
}

fn in_world(world: &World<'_>, declaration: &Declaration<'_>) -> Seen {
    let (mut basis, mut missing) = (Basis::Configured, None);
    if let Some(condition) = declaration.condition {
        let depends = || {
            let message = format!(
                "whether {} is made depends on the condition {}",
                declaration.address(),
                condition.text().unwrap_or("of it")
            );
            Gap::new(GapKind::AbsentInput, message)
                .with_remedy(Remedy::Do("give the parameters of the condition values with `--parameters FILE`".into()))
        };
        match condition.text().map_or_else(|| Err(depends()), |name| world.condition(name)) {
            Ok((true, firm)) => basis = firm,
            Ok((false, _)) => return Seen { bodies: None, missing: Some(depends()) },
            Err(_) => missing = Some(depends()),
        }
    }
    let mut properties = match declaration.properties {
        Some(value) => world.node(value, Want::Value),
        None => Node::new(State::Map(std::collections::BTreeMap::new())),
    };
    properties.place = Some(world.place(declaration.block, declaration.logical));
    if let Some(name) = world.stage.template.macros.first() {
        properties.state =
            State::Unknown(Gap::new(GapKind::NotUnderstood, format!("the macro `{name}` may rewrite it")).with_remedy(
                Remedy::Do("give the processed template: `aws cloudformation get-template --template-stage Processed`".into()),
            ));
    }
    raise(&mut properties, basis);
    Seen { bodies: Some(bodies(world, declaration, &properties)), missing }
}

/// A value stands no firmer than what it is made by.
fn raise(node: &mut Node, basis: Basis) {
    if basis <= Basis::Configured {
        return;
    }
    node.basis = node.basis.max(basis);
    match &mut node.state {
        State::List(items) => items.iter_mut().for_each(|item| raise(item, basis)),
        State::Map(map) => map.values_mut().for_each(|value| raise(value, basis)),
        _ => {}
    }
}

fn bodies(world: &World<'_>, declaration: &Declaration<'_>, properties: &Node) -> Vec<Body> {
    let source = Source { file: world.stage.file, address: declaration.address(), place: properties.place.as_ref() };
    let seen = Made { world, declaration, reader: Reader { source, properties } };
    match declaration.kind {
        "AWS::CloudTrail::Trail" => vec![trails::trail(&seen)],
        "AWS::S3::Bucket" => vec![buckets::bucket(&seen)],
        "AWS::S3::BucketPolicy" => {
            let policy = seen.policy("PolicyDocument", seen.target("Bucket", "arn:", "s3", ""));
            vec![Body::Setting { of: seen.pointer("Bucket"), setting: Setting::Bucket(Box::new(BucketSetting::Policy(policy))) }]
        }
        "AWS::KMS::Key" => vec![keys::key(&seen)],
        "AWS::KMS::Alias" => vec![Body::Alias { of: seen.pointer("TargetKeyId") }],
        "AWS::Logs::LogGroup" => vec![receivers::log_group(&seen)],
        "AWS::SNS::Topic" => std::iter::once(receivers::topic(&seen)).chain(watch::own_subscriptions(&seen)).collect(),
        "AWS::SNS::TopicPolicy" => receivers::topic_policies(&seen),
        "AWS::SNS::Subscription" => vec![watch::topic_subscription(&seen)],
        "AWS::Logs::MetricFilter" => vec![watch::metric_filter(&seen)],
        "AWS::Logs::SubscriptionFilter" => vec![watch::subscription_filter(&seen)],
        "AWS::CloudWatch::Alarm" => vec![watch::metric_alarm(&seen)],
        "AWS::CloudWatch::CompositeAlarm" => vec![watch::composite_alarm(&seen)],
        "AWS::Events::Rule" => watch::event_rule(&seen),
        "AWS::CloudTrail::EventDataStore" => vec![watch::event_data_store(&seen)],
        other => match watch::neighbour(other) {
            Some(of) => vec![Body::Neighbour(of)],
            None => vec![receivers::inline_topic_policy(&seen)],
        },
    }
}

/// A resource in one world.
struct Made<'a> {
    world: &'a World<'a>,
    declaration: &'a Declaration<'a>,
    reader: Reader<'a>,
}

impl Made<'_> {
    /// The text of a property, as names are told apart.
    fn name_of(&self, property: &str) -> Option<String> {
        let written: &Value<'_> = self.declaration.property(property)?;
        self.world.node(written, Want::Name).text().ok().flatten()
    }

    /// What a property names. Text that is open names a resource where it is the very text by which that is named.
    fn pointer(&self, property: &str) -> Pointer {
        let found = self.reader.get(property);
        if let (State::Unknown(_), Some(name)) = (&found.node.state, self.name_of(property)) {
            let mut names = self.world.stage.template.declarations.values().filter_map(|other| self.world.given_name(other));
            if names.any(|(other, _)| is_placeholder(&other) && name.contains(&other)) {
                return self.reader.fact(found, Ok(Some(Target::Named(name))));
            }
        }
        self.reader.pointer(found)
    }

    /// The ARN of what a property names: its text where that is an ARN, else built of service and name.
    fn target(&self, property: &str, arn: &str, service: &str, within: &str) -> Option<String> {
        let name = self.name_of(property)?;
        let home = &self.world.stage.home;
        match name.starts_with(arn) {
            true => Some(name),
            false if service == "s3" => Some(format!("arn:{}:s3:::{name}", home.partition)),
            false => Some(format!("arn:{}:{service}:{}:{}:{within}{name}", home.partition, home.region, home.account)),
        }
    }

    /// The ARN of the bucket that a link names.
    fn arn_of(&self, to: &[String]) -> Result<String, Gap> {
        let declarations = &self.world.stage.template.declarations;
        let found = declarations.values().find(|declaration| to.iter().all(|to| to == declaration.address()));
        match found {
            Some(declaration) => Ok(self.world.named(declaration, Some("Arn"), Want::Name).text()?.unwrap_or_default()),
            None => Err(Gap::new(GapKind::NotUnderstood, "it names no resource of the template")),
        }
    }

    /// The policy that a property holds; null where it is missing.
    fn policy(&self, property: &str, own: Option<String>) -> Fact<Option<PolicyDocument>> {
        let found = self.reader.get(property);
        let home = &self.world.stage.home;
        let about = About { account: &home.account, region: &home.region, file: self.world.stage.file, own };
        let read = match (&found.node.state, self.declaration.property(property)) {
            (State::Unknown(_) | State::Sensitive, _) if !self.world.stage.template.macros.is_empty() => {
                policy::document(found.node, &about)
            }
            (_, Some(written)) => {
                let mut node = self.world.node(written, Want::Name);
                raise(&mut node, found.node.basis);
                policy::document(&node, &about)
            }
            (_, None) => policy::document(found.node, &about),
        };
        match read {
            Ok(None) if found.is_absent() => self.reader.assumed(found, None),
            other => self.reader.fact(found, other),
        }
    }
}

/// The bodies of every world, each with its like.
fn each_agreed(mut all: Vec<Vec<Body>>) -> Vec<Body> {
    let Some(most) = all.iter().map(Vec::len).max() else { return Vec::new() };
    let mut agreed = Vec::new();
    for at in 0..most {
        // Of a list that is shorter in some worlds, what they lack is there in others alone.
        let is_in_all = all.iter().all(|bodies| bodies.len() > at);
        let alike: Vec<Body> = all.iter_mut().filter_map(|bodies| bodies.get(at).cloned()).collect();
        if let Some(body) = worlds::agreed(alike) {
            let gap = Gap::new(GapKind::AbsentInput, "which of several values a parameter has decides it");
            agreed.push(if is_in_all { body } else { worlds::conditional(body, &gap) });
        }
    }
    agreed
}

/// The waivers that the metadata of a resource name: `Trailproof: {Waiver: ID}`, or a list of ids.
fn waivers(stage: &Stage<'_>, declaration: &Declaration<'_>) -> Vec<SourcePlace> {
    let named = declaration.metadata.and_then(|metadata| metadata.get("Trailproof")?.get("Waiver"));
    let each = named.iter().flat_map(|named| if named.text().is_some() { std::slice::from_ref(*named) } else { named.items() });
    each.filter_map(|id| Some(SourcePlace::of_waiver(stage.file.to_string(), id.at.line, id.at.column, id.text()?))).collect()
}

fn resource(stage: &Stage<'_>, declaration: &Declaration<'_>, at: usize, body: Body, missing: Option<&Gap>) -> Resource {
    let none = super::evaluate::Choices::new();
    let world = World::new(stage, &none);
    let name = world.given_name(declaration).map(|(name, _)| name);
    let arn = match (declaration.kind, &name) {
        ("AWS::KMS::Alias", Some(name)) => {
            Some(format!("arn:{}:kms:{}:{}:{name}", stage.home.partition, stage.home.region, stage.home.account))
        }
        _ => None,
    };
    let body = match missing {
        Some(gap) => worlds::conditional(body, gap),
        None => body,
    };
    let address = declaration.address();
    Resource {
        // A resource that sets something of several stands there once for each.
        address: if at == 0 { address.to_string() } else { format!("{address}[{at}]") },
        name,
        arn,
        home: stage.home.clone(),
        place: Some(world.place(declaration.at, declaration.logical)),
        related: waivers(stage, declaration),
        body,
        only_if: missing.map(|gap| OnlyIf {
            condition: format!("{}: {}", stage.file, declaration.condition.and_then(Value::text).unwrap_or_default()),
            gap: gap.clone(),
        }),
    }
}
