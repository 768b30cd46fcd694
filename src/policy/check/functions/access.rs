//! Functions about buckets, keys and the rules of buckets: who may do what, what is kept where.
//!
//! The facts that a question needs are read here; the answers come from `semantics`.

use std::borrow::Cow;

use crate::inventory::document::PolicyDocument;
use crate::inventory::noun::Opaque;
use crate::inventory::{Gap, GapKind, Gaps};
use crate::semantics::access::{self, Admitted};
use crate::semantics::log_keys::Keys;
use crate::semantics::{Answer, Truth};

use super::super::evaluate::{Evaluated, Evaluator, as_list, impossible};
use super::super::value::{Item, ListValue, RecordValue, Value, Verdict, equal};
use super::super::vocabulary::Type;
use super::{Entry, Function};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Question {
    ForeignReaders,
    ForeignChangers,
    CloudTrailSources,
    ShutsOutStrangers,
    Organizations,
    OwnerTrails,
    KeyForeignDecrypters,
    KeyCloudTrailSources,
    KeyShutsOutStrangers,
    KeyTrails,
    RuleTouches,
    RuleCovers,
    KeepsAtHand,
}

/// The fields from which it follows whom a bucket policy lets in, the owner aside.
pub(in super::super) const OF_BUCKET_POLICY: &[(&str, &str)] =
    &[("bucket", "policy"), ("bucket", "partition"), ("bucket", "owner_account"), ("bucket", "acl_owner")];

/// The fields that a question reads by itself.
pub(in super::super) fn reads(question: Question) -> &'static [(&'static str, &'static str)] {
    match question {
        Question::ForeignReaders | Question::ForeignChangers => OF_BUCKET_POLICY,
        Question::CloudTrailSources | Question::ShutsOutStrangers => {
            &[("bucket", "policy"), ("bucket", "partition"), ("bucket", "owner_account")]
        }
        Question::Organizations => &[
            ("bucket", "trails"),
            ("bucket", "owner_account"),
            ("key", "owner_account"),
            ("trail", "owner_account"),
            ("account", "trails"),
            ("account", "organization"),
            ("trail", "kms_key"),
        ],
        Question::OwnerTrails => &[("bucket", "owner_account"), ("account", "trails")],
        Question::KeyForeignDecrypters | Question::KeyCloudTrailSources | Question::KeyShutsOutStrangers => {
            &[("key", "policy"), ("key", "owner_account")]
        }
        Question::KeyTrails => &[("account", "trails"), ("trail", "kms_key")],
        Question::RuleTouches | Question::RuleCovers => &[
            ("lifecycle_rule", "is_limited"),
            ("lifecycle_rule", "prefix"),
            ("replication_rule", "prefix"),
            ("trail", "s3_key_prefix"),
            ("trail", "owner_account"),
            ("trail", "is_organization"),
        ],
        Question::KeepsAtHand => &[("transition", "storage_class")],
    }
}

pub(super) fn table() -> Vec<Entry> {
    let entry = |question, name, noun, argument: Option<(&'static str, Type)>, result, doc| Entry {
        function: Function::Access(question),
        name,
        receiver: Type::Record(noun),
        arguments: argument.into_iter().collect(),
        result,
        doc,
    };
    let texts = || Type::List(Box::new(Type::Text));
    let trails = Type::List(Box::new(Type::Record("trail")));
    let trail = || Some(("trail", Type::Record("trail")));
    vec![
        entry(
            Question::ForeignReaders,
            "foreignReaders",
            "bucket",
            None,
            texts(),
            "Those other than the bucket's own account whom the bucket policy lets read objects, Deny statements and conditions weighed: account ids, organization ids, services, `everyone`.",
        ),
        entry(
            Question::ForeignChangers,
            "foreignChangers",
            "bucket",
            None,
            texts(),
            "Those other than the bucket's own account whom the bucket policy lets delete objects, or change how the bucket keeps and protects them.",
        ),
        entry(
            Question::CloudTrailSources,
            "cloudTrailSources",
            "bucket",
            None,
            texts(),
            "For whose trails the bucket policy lets CloudTrail write: account ids, organization ids, `every account`.",
        ),
        entry(
            Question::ShutsOutStrangers,
            "shutsOutStrangers",
            "bucket",
            None,
            Type::Bool,
            "Whether the bucket policy lets in nobody whom it does not name by principal, account, organization or place.",
        ),
        entry(
            Question::Organizations,
            "organizations",
            "bucket",
            None,
            texts(),
            "The organizations of the bucket's own account and of the accounts whose trails deliver to it.",
        ),
        entry(
            Question::OwnerTrails,
            "ownerTrails",
            "bucket",
            None,
            trails.clone(),
            "The trails that record in the account that owns the bucket, wherever they deliver, organization trails included.",
        ),
        entry(
            Question::KeyForeignDecrypters,
            "foreignDecrypters",
            "key",
            None,
            texts(),
            "Those other than the key's own account whom the key policy lets decrypt, or give themselves that right.",
        ),
        entry(
            Question::KeyCloudTrailSources,
            "cloudTrailSources",
            "key",
            None,
            texts(),
            "For whose trails the key policy lets CloudTrail encrypt: account ids, organization ids, `every account`.",
        ),
        entry(
            Question::KeyShutsOutStrangers,
            "shutsOutStrangers",
            "key",
            None,
            Type::Bool,
            "Whether the key policy lets in nobody whom it does not name by principal, account, organization or place.",
        ),
        entry(
            Question::Organizations,
            "organizations",
            "key",
            None,
            texts(),
            "The organizations of the key's own account and of the accounts whose trails encrypt with it.",
        ),
        entry(Question::KeyTrails, "trails", "key", None, trails, "The trails of the scope that encrypt with the key."),
        entry(
            Question::RuleTouches,
            "touchesLogsOf",
            "lifecycle_rule",
            trail(),
            Type::Bool,
            "Whether the rule is about some of the files that the trail writes. Not known where tags or sizes limit the rule.",
        ),
        entry(
            Question::RuleCovers,
            "coversLogsOf",
            "lifecycle_rule",
            trail(),
            Type::Bool,
            "Whether the rule is about every file that the trail writes.",
        ),
        entry(
            Question::RuleCovers,
            "coversLogsOf",
            "replication_rule",
            trail(),
            Type::Bool,
            "Whether the rule copies every file that the trail writes.",
        ),
        entry(
            Question::KeepsAtHand,
            "keepsAtHand",
            "transition",
            None,
            Type::Bool,
            "Whether objects of the storage class can be read at once, without restoring them first.",
        ),
    ]
}

impl<'a> Evaluator<'a> {
    pub(super) fn access(&mut self, question: Question, receiver: Value<'a>, argument: Value<'a>) -> Evaluated<Value<'a>> {
        match question {
            Question::ForeignReaders => self.about_policy(receiver, |this, record, policy, partition, name| {
                this.but_the_buckets_owner(record, |owner| access::foreign_readers(policy, partition, name, owner))
            }),
            Question::ForeignChangers => self.about_policy(receiver, |this, record, policy, partition, name| {
                this.but_the_buckets_owner(record, |owner| access::foreign_changers(policy, partition, name, owner))
            }),
            Question::CloudTrailSources => self.about_policy(receiver, |_, _, policy, partition, name| {
                Ok(admitted(access::cloudtrail_sources(policy, partition, name), &Gaps::new()))
            }),
            Question::ShutsOutStrangers => self.about_policy(receiver, |_, _, policy, partition, name| {
                Ok(Value::Truth(Verdict::answered(access::shuts_out_strangers(policy, partition, name))))
            }),
            Question::Organizations => self.organizations(receiver),
            Question::OwnerTrails => self.owner_trails(receiver),
            Question::KeyForeignDecrypters => self.about_key(receiver, |this, record, policy| {
                this.but_the_owner(record, |owner| access::foreign_decrypters(policy, record.id, owner))
            }),
            Question::KeyCloudTrailSources => self.about_key(receiver, |_, record, policy| {
                Ok(admitted(access::cloudtrail_key_sources(policy, record.id), &Gaps::new()))
            }),
            Question::KeyShutsOutStrangers => self.about_key(receiver, |_, record, policy| {
                Ok(Value::Truth(Verdict::answered(access::key_shuts_out_strangers(policy, record.id))))
            }),
            Question::KeyTrails => self.users_of(&receiver).map(Value::List),
            Question::RuleTouches => self.touches(receiver, argument),
            Question::RuleCovers => self.covers_logs(receiver, argument),
            Question::KeepsAtHand => {
                let class = self.field(receiver, "storage_class")?;
                self.distribute(class, |_, class| match class {
                    Value::Text(class) => Ok(Value::Truth(Verdict::answered(at_hand(&class)))),
                    Value::Unknown(gaps) => Ok(Value::Unknown(gaps)),
                    _ => impossible("a storage class that is no text"),
                })
            }
        }
    }

    /// Lists whom a policy admits, less the owner; where the owner is not known, an account may be the owner.
    fn but_the_owner(
        &mut self,
        record: &RecordValue<'a>,
        ask: impl Fn(Option<&str>) -> Result<Vec<Admitted>, Gaps>,
    ) -> Evaluated<Value<'a>> {
        let (owner, doubts) = match self.reader.read(record, "owner_account")? {
            Value::Text(owner) => (Some(owner), Gaps::new()),
            Value::Unknown(gaps) => (None, gaps),
            Value::OneOf { gap, .. } => (None, [gap].into()),
            _ => return impossible("an owner that is no text"),
        };
        Ok(admitted(ask(owner.as_deref()), &doubts))
    }

    /// As for any owner. A bucket's owner may also be named by the canonical id that the access control list shows.
    pub(super) fn but_the_buckets_owner(
        &mut self,
        record: &RecordValue<'a>,
        ask: impl Fn(Option<&str>) -> Result<Vec<Admitted>, Gaps>,
    ) -> Evaluated<Value<'a>> {
        let is_canonical = |item: &Item<'a>| matches!(&item.value, Value::Text(who) if who.len() == 64 && who.bytes().all(|b| b.is_ascii_hexdigit()));
        let ListValue { mut items, gaps } = as_list(self.but_the_owner(record, ask)?)?;
        if items.iter().any(is_canonical) {
            let owner = self.reader.read(record, "acl_owner")?;
            items.retain(|item| !is_canonical(item) || equal(&item.value, &owner).truth != Truth::True);
        }
        Ok(Value::List(ListValue { items, gaps }))
    }

    fn about_key(
        &mut self,
        key: Value<'a>,
        ask: impl Fn(&mut Self, &RecordValue<'a>, &'a PolicyDocument) -> Evaluated<Value<'a>>,
    ) -> Evaluated<Value<'a>> {
        let record = match key {
            Value::Record(record) => record,
            Value::Unknown(gaps) => return Ok(Value::Unknown(gaps)),
            _ => return impossible("a key that is none"),
        };
        let policy = self.reader.read(&record, "policy")?;
        self.distribute(policy, |this, policy| match policy {
            Value::Opaque(Opaque::PolicyDocument(policy)) => ask(this, &record, policy),
            Value::Unknown(gaps) => Ok(Value::Unknown(gaps)),
            _ => impossible("a policy that is none"),
        })
    }

    /// The organizations of the account that owns a bucket or a key, and of those whose trails use it.
    fn organizations(&mut self, of: Value<'a>) -> Evaluated<Value<'a>> {
        let is_key = matches!(&of, Value::Record(record) if record.noun == "key");
        let trails = if is_key { self.users_of(&of)? } else { as_list(self.field(of.clone(), "trails")?)? };
        let mut owners = vec![(self.field(of, "owner_account")?, Gaps::new())];
        let mut gaps = trails.gaps;
        for Item { value, doubts } in trails.items {
            owners.push((self.field(value, "owner_account")?, doubts));
        }
        let mut items: Vec<Item<'a>> = Vec::new();
        for (owner, doubts) in owners {
            let account = match owner {
                Value::Text(Cow::Borrowed(id)) => id,
                Value::Unknown(more) => {
                    gaps.extend(more);
                    continue;
                }
                Value::OneOf { gap, .. } => {
                    gaps.insert(gap);
                    continue;
                }
                _ => return impossible("an owner that is no text"),
            };
            let found = self.context.inventory.find("account", account);
            let record = RecordValue { noun: "account", id: account, found, owner: account, prefix: None, held_by: None };
            match self.reader.read(&record, "organization")? {
                Value::Null => {}
                Value::Record(organization) => {
                    items.push(Item { value: Value::Text(Cow::Borrowed(organization.id)), doubts });
                }
                Value::Unknown(more) => gaps.extend(more),
                Value::OneOf { gap, .. } => {
                    gaps.insert(gap);
                }
                _ => return impossible("an organization that is none"),
            }
        }
        Ok(Value::List(ListValue { items, gaps }))
    }

    /// The trails that record in the account that owns the bucket.
    fn owner_trails(&mut self, bucket: Value<'a>) -> Evaluated<Value<'a>> {
        let account = match self.field(bucket, "owner_account")? {
            Value::Text(Cow::Borrowed(id)) => id,
            Value::Unknown(gaps) => return Ok(Value::List(ListValue::unread(gaps))),
            Value::OneOf { gap, .. } => return Ok(Value::List(ListValue::unread([gap].into()))),
            _ => return impossible("an owner that is no text"),
        };
        let found = self.context.inventory.find("account", account);
        let record = RecordValue { noun: "account", id: account, found, owner: account, prefix: None, held_by: None };
        Ok(Value::List(as_list(self.field(Value::Record(record), "trails")?)?))
    }

    /// The trails that name the key; those that may, where which key a trail names was not read.
    fn users_of(&mut self, key: &Value<'a>) -> Evaluated<ListValue<'a>> {
        let wanted = match key {
            Value::Record(record) => record.id,
            Value::Unknown(gaps) => return Ok(ListValue::unread(gaps.clone())),
            _ => return impossible("a key that is none"),
        };
        let users = self.reader.key_users();
        let mut gaps = users.gaps.clone();
        for account in &users.unlisted {
            let trails = self.field(Value::Record(RecordValue::listed(*account)), "trails")?;
            gaps.extend(as_list(trails)?.gaps);
        }
        let mut items = Vec::new();
        for trail in users.of_key(wanted) {
            let value = Value::Record(RecordValue::listed(trail));
            let doubts = match self.field(value.clone(), "kms_key")? {
                Value::Record(record) if record.id == wanted => Gaps::new(),
                Value::Unknown(gaps) => gaps,
                Value::OneOf { gap, .. } => [gap].into(),
                _ => continue,
            };
            items.push(Item { value, doubts });
        }
        // The trails that name other keys are too many to be told one by one, of each key.
        let named = items.iter().filter(|item| item.doubts.is_empty()).count();
        let read = self.context.inventory.trails.len();
        self.reader.conclude(wanted, "trails()", format!("{named} of the {read} trails that were read"));
        Ok(ListValue { items, gaps })
    }

    fn touches(&mut self, rule: Value<'a>, trail: Value<'a>) -> Evaluated<Value<'a>> {
        let limited = self.truth_of(rule.clone(), "is_limited")?;
        let answer =
            self.about_keys(
                rule,
                trail,
                |keys, prefix| {
                    if keys.touched_by(prefix) { Answer::yes() } else { Answer::no(Vec::new()) }
                },
            )?;
        let may_touch = || {
            let message = "the lifecycle rule is limited by tags or sizes of objects; which log files it is about was not read";
            Verdict::unknown([Gap::new(GapKind::NotUnderstood, message)].into())
        };
        Ok(Value::Truth(match limited.truth {
            Truth::True if answer.truth == Truth::True => may_touch(),
            Truth::True | Truth::False => answer,
            Truth::Unknown => limited.and(answer),
        }))
    }

    fn covers_logs(&mut self, rule: Value<'a>, trail: Value<'a>) -> Evaluated<Value<'a>> {
        let is_lifecycle = matches!(&rule, Value::Record(record) if record.noun == "lifecycle_rule");
        let whole = if is_lifecycle { !self.truth_of(rule.clone(), "is_limited")? } else { Verdict::known(true) };
        let covered = self.about_keys(rule, trail, |keys, prefix| keys.covered_by(prefix))?;
        Ok(Value::Truth(whole.and(covered)))
    }

    /// Asks about a trail's keys and a rule's prefix; where something of the trail was not read, what is so either way.
    fn about_keys(&mut self, rule: Value<'a>, trail: Value<'a>, ask: impl Fn(&Keys<'_>, &str) -> Answer) -> Evaluated<Verdict> {
        let prefix = match self.field(rule, "prefix")? {
            Value::Text(prefix) => prefix,
            Value::Unknown(gaps) => return Ok(Verdict::unknown(gaps)),
            Value::OneOf { gap, .. } => return Ok(Verdict::unknown([gap].into())),
            _ => return impossible("a prefix that is no text"),
        };
        let own = match self.field(trail.clone(), "s3_key_prefix")? {
            Value::Null => None,
            Value::Text(own) => Some(own),
            Value::Unknown(gaps) => return Ok(Verdict::unknown(gaps)),
            Value::OneOf { gap, .. } => return Ok(Verdict::unknown([gap].into())),
            _ => return impossible("a prefix that is no text"),
        };
        let (owners, open): (Vec<String>, Gaps) = match self.field(trail.clone(), "owner_account")? {
            Value::Text(owner) => (vec![owner.into_owned()], Gaps::new()),
            Value::Unknown(gaps) => (any_owner(&prefix), gaps),
            Value::OneOf { gap, .. } => (any_owner(&prefix), [gap].into()),
            _ => return impossible("an owner that is no text"),
        };
        let of_organization = self.truth_of(trail, "is_organization")?;
        let judge = |is_organization| {
            let verdicts = owners.iter().map(|owner_account| {
                let keys = Keys { prefix: own.as_deref(), owner_account, is_organization };
                Verdict::answered(ask(&keys, &prefix))
            });
            let mut verdicts: Vec<Verdict> = verdicts.collect();
            let first = verdicts.pop().unwrap_or_else(|| Verdict::unknown(open.clone()));
            if verdicts.iter().all(|other| other.truth == first.truth) { first } else { Verdict::unknown(open.clone()) }
        };
        Ok(match of_organization.truth {
            Truth::True => judge(true),
            Truth::False => judge(false),
            Truth::Unknown => {
                let (with, without) = (judge(true), judge(false));
                if with.truth == without.truth { with } else { Verdict::unknown(of_organization.gaps) }
            }
        })
    }
}

/// Account ids that stand for every one, where a prefix is all that they are held against: those that its parts may name, and
/// one that none of them does.
fn any_owner(prefix: &str) -> Vec<String> {
    let is_digits = |part: &&str| !part.is_empty() && part.len() <= 12 && part.bytes().all(|b| b.is_ascii_digit());
    let named: Vec<&str> = prefix.split('/').filter(is_digits).collect();
    let mut owners: Vec<String> = named.iter().map(|part| format!("{part:0<12}")).collect();
    let other = ('0'..='9').find(|digit| !named.iter().any(|part| part.starts_with(*digit)));
    owners.extend(other.map(|digit| digit.to_string().repeat(12)));
    if other.is_none() { Vec::new() } else { owners }
}

fn admitted<'a>(found: Result<Vec<Admitted>, Gaps>, unknown_owner: &Gaps) -> Value<'a> {
    let found = match found {
        Ok(found) => found,
        Err(gaps) => return Value::List(ListValue::unread(gaps)),
    };
    let items = found.into_iter().map(|Admitted { who, mut doubts }| {
        if who.len() == 12 && who.bytes().all(|b| b.is_ascii_digit()) {
            doubts.extend(unknown_owner.iter().cloned());
        }
        Item { value: Value::Text(Cow::Owned(who)), doubts }
    });
    Value::List(ListValue { items: items.collect(), gaps: Gaps::new() })
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>. The archive tiers of
/// INTELLIGENT_TIERING begin after 90 days without access at the earliest.
fn at_hand(class: &str) -> Answer {
    match class {
        "GLACIER" | "DEEP_ARCHIVE" => Answer::no(vec![class.to_string()]),
        "STANDARD" | "STANDARD_IA" | "ONEZONE_IA" | "INTELLIGENT_TIERING" | "GLACIER_IR" | "REDUCED_REDUNDANCY" => Answer::yes(),
        _ => {
            let message = format!("whether storage class {class} can be read at once is not known to this version");
            Answer::unknown(Vec::new(), [Gap::new(GapKind::NotUnderstood, message)].into())
        }
    }
}
