//! Functions about roles: whether CloudTrail can write to a log group by them.

use std::borrow::Cow;

use crate::inventory::document::PolicyDocument;
use crate::inventory::noun::Opaque;
use crate::inventory::{Gap, GapKind, Gaps};
use crate::policy::check::evaluate::{Evaluated, Evaluator, as_list, impossible};
use crate::policy::check::value::{Item, RecordValue, Value, Verdict};
use crate::policy::check::vocabulary::Type;
use crate::semantics::Truth;
use crate::semantics::access::{self, LogStreams};

use super::{Entry, Function};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy::check) enum Question {
    LetsCloudTrailIn,
    MayWrite,
}

/// The fields that a question reads by itself.
pub(in crate::policy::check) fn reads(question: Question) -> &'static [(&'static str, &'static str)] {
    match question {
        Question::LetsCloudTrailIn => &[("role", "trust_policy")],
        Question::MayWrite => &[
            ("trail", "cloud_watch_logs_role"),
            ("trail", "cloud_watch_logs_log_group_arn"),
            ("trail", "owner_account"),
            ("trail", "home_region"),
            ("trail", "is_organization"),
            ("account", "organization"),
            ("role", "policies"),
            ("role", "permissions_boundary"),
            ("role_policy", "document"),
        ],
    }
}

pub(super) fn table() -> Vec<Entry> {
    let entry = |question, name, noun, doc| Entry {
        function: Function::Roles(question),
        name,
        receiver: Type::Record(noun),
        arguments: Vec::new(),
        result: Type::Bool,
        doc,
    };
    vec![
        entry(
            Question::LetsCloudTrailIn,
            "letsCloudTrailIn",
            "role",
            "Whether the role's trust policy lets CloudTrail assume it.",
        ),
        entry(
            Question::MayWrite,
            "roleMayWrite",
            "trail",
            "Whether the policies of the trail's role, within its permissions boundary, let CloudTrail create the trail's log streams in its log group and put events into them.",
        ),
    ]
}

impl<'a> Evaluator<'a> {
    pub(super) fn about_role(&mut self, question: Question, receiver: Value<'a>) -> Evaluated<Value<'a>> {
        match question {
            Question::LetsCloudTrailIn => {
                let trust = self.field(receiver, "trust_policy")?;
                self.distribute(trust, |_, trust| match trust {
                    Value::Opaque(Opaque::PolicyDocument(trust)) => {
                        Ok(Value::Truth(Verdict::answered(access::lets_cloudtrail_assume(trust))))
                    }
                    Value::Unknown(gaps) => Ok(Value::Unknown(gaps)),
                    _ => impossible("a trust policy that is none"),
                })
            }
            Question::MayWrite => self.role_may_write(receiver),
        }
    }

    fn role_may_write(&mut self, trail: Value<'a>) -> Evaluated<Value<'a>> {
        let role = self.field(trail.clone(), "cloud_watch_logs_role")?;
        self.distribute(role, |this, role| {
            let (role, id) = match role {
                Value::Null => return Ok(Value::bool(false)),
                Value::Unknown(gaps) => return Ok(Value::Unknown(gaps)),
                Value::Record(role) => (Value::Record(role.clone()), role.id),
                _ => return impossible("a role that is none"),
            };
            let group = this.field(trail.clone(), "cloud_watch_logs_log_group_arn")?;
            let (account, region) = (this.text_of(&trail, "owner_account")?, this.text_of(&trail, "home_region")?);
            let organization = this.organization_of(&trail, account.as_ref().ok().copied())?;
            let mut policies = Vec::new();
            let listed = as_list(this.field(role.clone(), "policies")?)?;
            for Item { value, doubts } in listed.items {
                let name = match &value {
                    Value::Record(policy) => policy.id,
                    _ => "of the role",
                };
                let document = match this.field(value, "document")? {
                    Value::Opaque(Opaque::PolicyDocument(document)) if doubts.is_empty() => Ok(document),
                    Value::Unknown(gaps) => Err(gaps),
                    Value::OneOf { gap, .. } => Err([gap].into()),
                    Value::Opaque(Opaque::PolicyDocument(_)) => Err(doubts),
                    _ => return impossible("a policy that is none"),
                };
                policies.push((name, document));
            }
            let boundary: Result<Option<&PolicyDocument>, Gaps> = match this.field(role, "permissions_boundary")? {
                Value::Null => Ok(None),
                Value::Opaque(Opaque::PolicyDocument(boundary)) => Ok(Some(boundary)),
                Value::Unknown(gaps) => Err(gaps),
                Value::OneOf { gap, .. } => Err([gap].into()),
                _ => return impossible("a permissions boundary that is none"),
            };
            let (account, region, organization, boundary) = match (account, region, organization, boundary) {
                (Ok(account), Ok(region), Ok(organization), Ok(boundary)) => (account, region, organization, boundary),
                (account, region, organization, boundary) => {
                    let gaps = [account.err(), region.err(), organization.err(), boundary.err()];
                    return Ok(Value::Unknown(gaps.into_iter().flatten().flatten().collect()));
                }
            };
            this.distribute(group, |_, group| match group {
                Value::Null => Ok(Value::bool(false)),
                Value::Unknown(gaps) => Ok(Value::Unknown(gaps)),
                Value::Text(group) => {
                    let log_group = group.strip_suffix(":*").unwrap_or(&group);
                    let streams = LogStreams { log_group, account, region, organization };
                    Ok(Value::Truth(Verdict::answered(access::allow_writing(id, &policies, &listed.gaps, boundary, &streams))))
                }
                _ => impossible("a log group that is no text"),
            })
        })
    }

    fn text_of(&mut self, record: &Value<'a>, field: &str) -> Evaluated<Result<&'a str, Gaps>> {
        match self.field(record.clone(), field)? {
            Value::Text(Cow::Borrowed(text)) => Ok(Ok(text)),
            Value::Unknown(gaps) => Ok(Err(gaps)),
            Value::OneOf { gap, .. } => Ok(Err([gap].into())),
            _ => impossible("a text that is none"),
        }
    }

    /// Of an organization's trail the id of the organization, by which its log streams are called.
    fn organization_of(&mut self, trail: &Value<'a>, owner: Option<&'a str>) -> Evaluated<Result<Option<&'a str>, Gaps>> {
        match self.field(trail.clone(), "is_organization")? {
            Value::Truth(verdict) if verdict.truth == Truth::False => return Ok(Ok(None)),
            Value::Truth(verdict) if verdict.truth == Truth::True => {}
            Value::Truth(verdict) => return Ok(Err(verdict.gaps)),
            Value::Unknown(gaps) => return Ok(Err(gaps)),
            Value::OneOf { gap, .. } => return Ok(Err([gap].into())),
            _ => return impossible("a flag that is no bool"),
        }
        let Some(owner) = owner else { return Ok(Ok(None)) };
        let found = self.context.inventory.find("account", owner);
        let account = RecordValue { noun: "account", id: owner, found, owner, prefix: None, held_by: None };
        match self.reader.read(&account, "organization")? {
            Value::Null => {
                let message = format!("an organization's trail is of account {owner}, which is in no organization");
                Ok(Err([Gap::new(GapKind::NotUnderstood, message)].into()))
            }
            Value::Record(organization) => Ok(Ok(Some(organization.id))),
            Value::Unknown(gaps) => Ok(Err(gaps)),
            Value::OneOf { gap, .. } => Ok(Err([gap].into())),
            _ => impossible("an organization that is none"),
        }
    }
}
