//! How resources of a template are named: what `Ref` and `Fn::GetAtt` give, as links and as text.
//!
//! Source: the return values of each type in
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.

use super::evaluate::{Choices, Want, World, after};
use super::template::Declaration;
use crate::inventory::code::placeholder;
use crate::inventory::{Basis, Gap};
use crate::source::code::node::{Node, State};

/// Attributes by which a resource is told from others.
const IDENTITIES: [&str; 6] = ["Arn", "TopicArn", "TopicName", "KeyId", "AliasName", "RoleArn"];

/// The property that names a resource of this type, where it is one whose ARN follows from its name.
fn naming(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::S3::Bucket" => "BucketName",
        "AWS::CloudTrail::Trail" => "TrailName",
        "AWS::KMS::Alias" => "AliasName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::SNS::Topic" => "TopicName",
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => "AlarmName",
        "AWS::Events::Rule" => "Name",
        "AWS::IAM::Role" => "RoleName",
        "AWS::IAM::User" => "UserName",
        // A key has no name, and its id shows once it is made.
        "AWS::KMS::Key" | "AWS::KMS::ReplicaKey" => "",
        _ => return None,
    })
}

impl World<'_> {
    /// What naming a resource gives: its `Ref`, or one of its attributes.
    pub(super) fn named(&self, declaration: &Declaration<'_>, attribute: Option<&str>, want: Want) -> Node {
        let is_identity = attribute.is_none_or(|attribute| IDENTITIES.contains(&attribute));
        if want == Want::Value && is_identity {
            return Node::new(State::Link(vec![declaration.address().to_string()]));
        }
        match self.identity(declaration, attribute) {
            Some((text, basis)) => Node { basis, ..Node::new(State::Text(text)) },
            None => Node::unknown(unnamed(declaration, attribute)),
        }
    }

    /// The name that a resource is given, and how firmly; where the template gives none, what stands for it.
    pub(super) fn name(&self, declaration: &Declaration<'_>) -> (String, Basis) {
        self.given_name(declaration)
            .unwrap_or_else(|| (placeholder(&format!("{} in {}", declaration.address(), self.stage.file)), Basis::Configured))
    }

    /// The name that the template gives, the same in every world.
    pub(super) fn given_name(&self, declaration: &Declaration<'_>) -> Option<(String, Basis)> {
        let written = declaration.property(naming(declaration.kind)?)?;
        let none = Choices::new();
        let world = self.deeper(&none)?;
        let node = world.node(written, Want::Name);
        let is_open = world.open.borrow().is_some();
        node.text().ok().flatten().filter(|_| !is_open).map(|name| (name, node.basis))
    }

    fn identity(&self, declaration: &Declaration<'_>, attribute: Option<&str>) -> Option<(String, Basis)> {
        naming(declaration.kind)?;
        let (name, basis) = self.name(declaration);
        let home = &self.stage.home;
        let (partition, account, region) = (&home.partition, &home.account, &home.region);
        let within = |service: &str, rest: String| format!("arn:{partition}:{service}:{region}:{account}:{rest}");
        let text = match (declaration.kind, attribute) {
            ("AWS::SNS::Topic", None | Some("TopicArn")) => within("sns", name),
            ("AWS::SNS::Topic", Some("TopicName"))
            | ("AWS::KMS::Key" | "AWS::KMS::ReplicaKey", Some("KeyId"))
            | ("AWS::KMS::Alias", Some("AliasName"))
            | (_, None) => name,
            ("AWS::S3::Bucket", Some("Arn")) => format!("arn:{partition}:s3:::{name}"),
            ("AWS::KMS::Key" | "AWS::KMS::ReplicaKey", Some("Arn")) => within("kms", format!("key/{name}")),
            ("AWS::CloudTrail::Trail", Some("Arn")) => within("cloudtrail", format!("trail/{name}")),
            ("AWS::Logs::LogGroup", Some("Arn")) => within("logs", format!("log-group:{name}:*")),
            ("AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm", Some("Arn")) => {
                within("cloudwatch", format!("alarm:{name}"))
            }
            ("AWS::Events::Rule", Some("Arn")) => within("events", format!("rule/{name}")),
            // A path stands between, where one is given.
            ("AWS::IAM::Role", Some("Arn")) if declaration.property("Path").is_none() => {
                format!("arn:{partition}:iam::{account}:role/{name}")
            }
            ("AWS::IAM::User", Some("Arn")) if declaration.property("Path").is_none() => {
                format!("arn:{partition}:iam::{account}:user/{name}")
            }
            _ => return None,
        };
        Some((text, basis))
    }
}

fn unnamed(declaration: &Declaration<'_>, attribute: Option<&str>) -> Gap {
    let what = attribute.map_or_else(|| "the name".to_string(), |attribute| format!("`{attribute}`"));
    after(&format!("{what} of {} ({})", declaration.address(), declaration.kind))
}
