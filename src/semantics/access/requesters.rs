//! Who from outside may do something, by the policy of a bucket or of a key.
//!
//! Allow and Deny statements are weighed together, requester by requester. Who is listed may do it by some request that
//! everybody of that name can make; where a statement is not understood, or where it depends on a place or on people that the
//! policy does not tell apart, the answer carries its doubts. What the requester's own account allows is out of sight.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::document::{Effect, Matches, PolicyDocument, Statement};
use crate::inventory::{Gap, GapKind, Gaps};
use crate::semantics::Answer;
use crate::semantics::s3_action::{ON_BUCKET, ON_OBJECTS};
use crate::semantics::wildcard::{classes, matches};
use crate::semantics::words::shorten;

use super::condition::{By, Holds, judge};
use super::principal::{Requester, is_about, requesters};
use super::{Target, is_plain, patterns, with_variables_open};

/// Somebody whom a policy lets do what was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// An account id, an organization's id, a service, `everyone`, `AWS services`; what is none of them as written.
    pub who: String,
    /// Why they may not be admitted after all; empty where they certainly are.
    pub doubts: Gaps,
}

/// What writes objects. A replica is written without s3:PutObject.
const WRITES: [&str; 2] = ["s3:PutObject", "s3:ReplicateObject"];

/// What reads log files.
const READS: [&str; 5] = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectTorrent",
    "s3:GetObjectVersionTorrent",
    "s3:GetObjectVersionForReplication",
];

/// What deletes log files or weakens how a bucket keeps them: on objects, and on the bucket.
const CHANGES_OBJECTS: [&str; 9] = [
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
    "s3:PutObjectRetention",
    "s3:PutObjectLegalHold",
    "s3:BypassGovernanceRetention",
    "s3:ReplicateDelete",
    "s3:ObjectOwnerOverrideToBucketOwner",
];
const CHANGES_BUCKET: [&str; 13] = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
];

/// What reads what a key encrypted, or lets somebody give themselves that right.
const DECRYPTS: [&str; 4] = ["kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:PutKeyPolicy"];

/// What uses or changes a key.
const ON_KEY: [&str; 22] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:CreateGrant",
    "kms:RevokeGrant",
    "kms:PutKeyPolicy",
    "kms:GetKeyPolicy",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion",
    "kms:DisableKeyRotation",
    "kms:EnableKeyRotation",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:DeleteImportedKeyMaterial",
];

/// Those other than the owner whom the bucket policy lets read objects, sorted, each once.
///
/// # Errors
/// A policy that has too many cases to follow.
pub fn foreign_readers(
    policy: Option<&PolicyDocument>,
    partition: &str,
    bucket: &str,
    owner: Option<&str>,
) -> Result<Vec<Admitted>, Gaps> {
    let Some(policy) = policy else { return Ok(Vec::new()) };
    Ok(foreign(&Question::on_bucket(policy, partition, bucket, &READS, &[])?, owner))
}

/// Those other than CloudTrail and the owner whom the bucket policy lets write objects, sorted, each once.
///
/// # Errors
/// A policy that has too many cases to follow.
pub fn foreign_writers(
    policy: Option<&PolicyDocument>,
    partition: &str,
    bucket: &str,
    owner: Option<&str>,
) -> Result<Vec<Admitted>, Gaps> {
    let Some(policy) = policy else { return Ok(Vec::new()) };
    Ok(foreign(&Question::on_bucket(policy, partition, bucket, &WRITES, &[])?, owner))
}

/// Those other than the owner whom the bucket policy lets delete objects or change how the bucket keeps them.
///
/// # Errors
/// A policy that has too many cases to follow.
pub fn foreign_changers(
    policy: Option<&PolicyDocument>,
    partition: &str,
    bucket: &str,
    owner: Option<&str>,
) -> Result<Vec<Admitted>, Gaps> {
    let Some(policy) = policy else { return Ok(Vec::new()) };
    Ok(foreign(&Question::on_bucket(policy, partition, bucket, &CHANGES_OBJECTS, &CHANGES_BUCKET)?, owner))
}

/// Those other than the owner whom the key policy lets decrypt, or lets give themselves that right. CloudTrail and CloudWatch
/// Logs are not among them: they keep the logs.
///
/// # Errors
/// A policy that has too many cases to follow.
pub fn foreign_decrypters(policy: &PolicyDocument, key: &str, owner: Option<&str>) -> Result<Vec<Admitted>, Gaps> {
    Ok(foreign(&Question::on_key(policy, key, &DECRYPTS)?, owner))
}

/// Whether the bucket policy lets in nobody whom it does not name, be it as principal, by account, by organization or by
/// place: what S3 calls public.
pub fn shuts_out_strangers(policy: Option<&PolicyDocument>, partition: &str, bucket: &str) -> Answer {
    let Some(policy) = policy else { return Answer::yes() };
    match Question::on_bucket(policy, partition, bucket, &ON_OBJECTS, &ON_BUCKET) {
        Ok(question) => no_stranger(&question),
        Err(gaps) => Answer::unknown(Vec::new(), gaps),
    }
}

/// Whether the key policy lets in nobody whom it does not name.
pub fn key_shuts_out_strangers(policy: &PolicyDocument, key: &str) -> Answer {
    match Question::on_key(policy, key, &ON_KEY) {
        Ok(question) => no_stranger(&question),
        Err(gaps) => Answer::unknown(Vec::new(), gaps),
    }
}

fn no_stranger(question: &Question<'_>) -> Answer {
    let (mut examples, mut gaps) = (Vec::new(), Gaps::new());
    // A request to KMS is always signed.
    let strangers = [Requester::Anonymous, Requester::Stranger];
    for requester in strangers.into_iter().filter(|r| !question.is_key || *r != Requester::Anonymous) {
        let reaches = question.reaches(&requester);
        for request in &question.requests {
            match question.may(&reaches, request) {
                May::Yes if !examples.contains(&request.example) => examples.push(request.example.clone()),
                May::Unclear(more) => gaps.extend(more),
                May::Yes | May::Placed(_) | May::No => {}
            }
        }
    }
    if !examples.is_empty() {
        Answer::no(shorten(examples.into_iter().map(|what| format!("{what} by everyone")).collect()))
    } else if gaps.is_empty() {
        Answer::yes()
    } else {
        Answer::unknown(Vec::new(), gaps)
    }
}

fn foreign(question: &Question<'_>, owner: Option<&str>) -> Vec<Admitted> {
    let (named, told) = requesters(question.policy);
    let mut found: BTreeMap<String, Option<Gaps>> = BTreeMap::new();
    // `None` stands for certain.
    let mut add = |who: &str, doubts: Gaps| {
        let doubts = (!doubts.is_empty()).then_some(doubts);
        let entry = found.entry(who.to_string()).or_insert_with(|| doubts.clone());
        match (entry.as_mut(), doubts) {
            (Some(known), Some(more)) => known.extend(more),
            (_, None) => *entry = None,
            (None, Some(_)) => {}
        }
    };
    let strangers = told.iter().filter(|r| r.name() == "everyone");
    let everyone = strangers.map(|r| question.admits(r)).fold(Admission::No, Admission::better);
    let open = everyone == Admission::Certain;
    match everyone {
        Admission::No => {}
        Admission::Certain => add("everyone", Gaps::new()),
        Admission::Doubtful(doubts) => add("everyone", doubts),
    }
    let others = told.iter().filter(|r| r.name() != "everyone" && !open);
    for requester in named.iter().chain(others) {
        let is_own = owner.is_some_and(|owner| requester.name() == owner);
        // CloudWatch Logs decrypts under a context of its log groups, which no log file has; it needs the key that a log group shares.
        let keeps_logs = |service: &str| super::is_cloudtrail(service) || (question.is_key && super::is_cloudwatch_logs(service));
        if is_own || matches!(requester, Requester::Service(service) if keeps_logs(service)) {
            continue;
        }
        let mut doubts = match question.admits(requester) {
            Admission::No => continue,
            Admission::Certain => Gaps::new(),
            Admission::Doubtful(doubts) => doubts,
        };
        match requester {
            Requester::AnyService => {
                doubts.insert(gap(format!("the {} lets AWS services in, for sources that conditions name", question.document())));
            }
            Requester::Other(id) => {
                doubts.insert(gap(format!("the {} does not tell the account of `{id}`", question.document())));
            }
            _ => {}
        }
        add(requester.name(), doubts);
    }
    found.into_iter().map(|(who, doubts)| Admitted { who, doubts: doubts.unwrap_or_default() }).collect()
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Admission {
    No,
    Doubtful(Gaps),
    Certain,
}

impl Admission {
    fn better(self, other: Admission) -> Admission {
        match (self, other) {
            (Admission::Certain, _) | (_, Admission::Certain) => Admission::Certain,
            (Admission::Doubtful(a), Admission::Doubtful(b)) => Admission::Doubtful(&a | &b),
            (Admission::No, other) | (other, Admission::No) => other,
        }
    }
}

/// Whether a requester may make a request.
enum May {
    No,
    Yes,
    /// Only from a place that a condition names, by the statement of this name.
    Placed(String),
    Unclear(Gaps),
}

/// A kind of request: how each statement's action and resource take it.
pub(super) struct Request {
    /// For each statement: it is about the request, is not, or that is not understood.
    pub(super) about: Vec<Option<bool>>,
    example: String,
}

/// When a statement's principal and conditions hold for a requester.
pub(super) enum Reach {
    Never,
    /// By what decides between requests, and under which keys; nothing where it always holds.
    Holds(BTreeSet<(By, String)>),
    Unclear(String),
}

/// A policy, and the requests that it is asked about.
pub(super) struct Question<'a> {
    pub(super) policy: &'a PolicyDocument,
    pub(super) requests: Vec<Request>,
    is_key: bool,
}

/// Weighing more than this is given up: statements, times kinds of requests, times requesters.
const MOST_WEIGHINGS: usize = 4_000_000;

impl<'a> Question<'a> {
    pub(super) fn on_bucket(
        policy: &'a PolicyDocument,
        partition: &str,
        bucket: &str,
        on_objects: &[&str],
        on_bucket: &[&str],
    ) -> Result<Self, Gaps> {
        let target = Target::new(partition, bucket);
        let open: Vec<String> =
            policy.statements.iter().flat_map(|s| patterns(&s.resource)).map(|p| with_variables_open(p)).collect();
        let texts: BTreeSet<&str> = open.iter().map(String::as_str).collect();
        let texts: Vec<&str> = texts.into_iter().collect();
        let mut question = Question { policy, requests: Vec::new(), is_key: false };
        let objects = classes(&target.objects_arn, &texts).map_err(|_| question.too_many())?;
        let objects: Vec<String> = objects.into_iter().map(|(_, object)| object).collect();
        question.ask(&[target.bucket_arn], on_bucket)?;
        question.ask(&objects, on_objects)?;
        question.check_size()?;
        Ok(question)
    }

    pub(super) fn on_key(policy: &'a PolicyDocument, key: &str, actions: &[&str]) -> Result<Self, Gaps> {
        let mut question = Question { policy, requests: Vec::new(), is_key: true };
        question.ask(&[key.to_string()], actions)?;
        question.check_size()?;
        Ok(question)
    }

    /// Adds the actions on the resources, one request for each way in which the statements take them.
    fn ask(&mut self, resources: &[String], actions: &[&str]) -> Result<(), Gaps> {
        let statements = &self.policy.statements;
        if resources.len().saturating_mul(statements.len()) > MOST_WEIGHINGS / 8 {
            return Err(self.too_many());
        }
        let mut on: BTreeMap<Vec<Option<bool>>, &str> = BTreeMap::new();
        for resource in resources {
            on.entry(statements.iter().map(|s| is_on(s, resource, self.is_key)).collect()).or_insert(resource);
        }
        let mut by: BTreeMap<Vec<Option<bool>>, &str> = BTreeMap::new();
        for action in actions {
            by.entry(statements.iter().map(|s| acts_by(s, action)).collect()).or_insert(action);
        }
        if on.len().saturating_mul(by.len()).saturating_mul(statements.len()) > MOST_WEIGHINGS {
            return Err(self.too_many());
        }
        let mut kinds: BTreeMap<Vec<Option<bool>>, String> = BTreeMap::new();
        for resource in on.keys() {
            for (by, action) in &by {
                let both = resource.iter().zip(by).map(|(a, b)| both(*a, *b)).collect();
                kinds.entry(both).or_insert_with(|| (*action).to_string());
            }
        }
        self.requests.extend(kinds.into_iter().map(|(about, example)| Request { about, example }));
        Ok(())
    }

    fn check_size(&self) -> Result<(), Gaps> {
        let (named, told) = requesters(self.policy);
        let work = self.requests.len().saturating_mul(self.policy.statements.len()).saturating_mul(named.len() + told.len());
        if work > MOST_WEIGHINGS { Err(self.too_many()) } else { Ok(()) }
    }

    fn document(&self) -> &'static str {
        if self.is_key { "key policy" } else { "bucket policy" }
    }

    fn too_many(&self) -> Gaps {
        [gap(format!("the {} has too many cases to follow", self.document()))].into()
    }

    pub(super) fn not_understood(&self, what: &str) -> Gap {
        gap(format!("the {} has {what}, which this version does not understand", self.document()))
    }

    /// When each statement holds for the requester.
    pub(super) fn reaches(&self, requester: &Requester<'_>) -> Vec<Reach> {
        self.policy.statements.iter().enumerate().map(|(i, s)| reach(i, s, requester)).collect()
    }

    fn admits(&self, requester: &Requester<'_>) -> Admission {
        let reaches = self.reaches(requester);
        let is_somebody = matches!(requester, Requester::Account(_) | Requester::Principal { .. } | Requester::Member(_));
        let mut best = Admission::No;
        for request in &self.requests {
            best = best.better(match self.may(&reaches, request) {
                May::No => Admission::No,
                May::Yes => Admission::Certain,
                May::Placed(_) if is_somebody => Admission::Certain,
                May::Placed(name) => Admission::Doubtful(
                    [gap(format!(
                        "{name} of the {} lets everybody in from a place that a condition names; whose it is cannot be told",
                        self.document()
                    ))]
                    .into(),
                ),
                May::Unclear(gaps) => Admission::Doubtful(gaps),
            });
            if best == Admission::Certain {
                break;
            }
        }
        best
    }

    fn may(&self, reaches: &[Reach], request: &Request) -> May {
        let (mut unclear, mut unclear_allow, mut unclear_deny) = (Gaps::new(), false, false);
        let mut denials: BTreeSet<&(By, String)> = BTreeSet::new();
        let mut allowed = Vec::new();
        for (i, statement) in self.policy.statements.iter().enumerate() {
            let name = name(i, statement);
            let what = match (request.about.get(i), reaches.get(i)) {
                (Some(Some(false)) | None, _) | (_, Some(Reach::Never) | None) => continue,
                (_, Some(Reach::Unclear(what))) => what.clone(),
                (Some(None), _) => format!("the action or the resource of {name}"),
                (Some(Some(true)), Some(Reach::Holds(by))) => match statement.effect {
                    Effect::Allow => {
                        allowed.push((name, by));
                        continue;
                    }
                    Effect::Deny if by.is_empty() => return May::No,
                    Effect::Deny => {
                        // A requester who can choose one circumstance escapes, whatever the others are.
                        let choices: Vec<&(By, String)> = by.iter().filter(|b| b.0 == By::Choice).collect();
                        let deciding = if choices.is_empty() { by.iter().collect() } else { choices };
                        // Two that each deny a part may deny all together; and people are not told apart.
                        if deciding.iter().any(|b| b.0 == By::Person || denials.iter().any(|d| d.1 == b.1)) {
                            format!("what {name} denies in part")
                        } else {
                            denials.extend(deciding);
                            continue;
                        }
                    }
                },
            };
            match statement.effect {
                Effect::Allow => unclear_allow = true,
                Effect::Deny => unclear_deny = true,
            }
            unclear.insert(self.not_understood(&what));
        }
        let mut placed = None;
        for (name, by) in &allowed {
            if by.iter().any(|b| denials.iter().any(|d| d.1 == b.1)) {
                unclear.insert(self.not_understood(&format!("what {name} allows and others deny by the same condition key")));
            } else if unclear_deny {
            } else if by.iter().chain(denials.iter().copied()).any(|b| b.0 == By::Place) {
                placed.get_or_insert_with(|| name.clone());
            } else {
                return May::Yes;
            }
        }
        match placed {
            _ if allowed.is_empty() && !unclear_allow => May::No,
            _ if !unclear.is_empty() => May::Unclear(unclear),
            Some(name) => May::Placed(name),
            None => May::No,
        }
    }
}

pub(super) fn gap(message: String) -> Gap {
    Gap::new(GapKind::NotUnderstood, message)
}

/// How people call a statement.
pub(super) fn name(index: usize, statement: &Statement) -> String {
    match &statement.sid {
        Some(sid) if !sid.is_empty() => format!("statement `{sid}`"),
        _ => format!("statement {}", index + 1),
    }
}

fn reach(index: usize, statement: &Statement, requester: &Requester<'_>) -> Reach {
    let name = name(index, statement);
    let mut by = BTreeSet::new();
    let mut unclear = None;
    match is_about(&statement.principal, statement.effect, requester) {
        Holds::Never => return Reach::Never,
        Holds::Always => {}
        Holds::Sometimes(what) => {
            by.insert((what, "principal".to_string()));
        }
        Holds::Unclear => unclear = Some(format!("the principal of {name}")),
    }
    for (operator, keys) in &statement.condition {
        for (key, values) in keys {
            match judge(requester, statement.effect, operator, key, values) {
                Holds::Never => return Reach::Never,
                Holds::Always => {}
                Holds::Unclear => {
                    unclear.get_or_insert_with(|| format!("the condition {operator} {key} of {name}"));
                }
                Holds::Sometimes(what) => {
                    // Two conditions on one key may exclude each other.
                    if by.iter().any(|(_, known)| known == key) {
                        unclear.get_or_insert_with(|| format!("several conditions on {key} in {name}"));
                    }
                    by.insert((what, key.clone()));
                }
            }
        }
    }
    unclear.map_or(Reach::Holds(by), Reach::Unclear)
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn is_on(statement: &Statement, resource: &str, is_key: bool) -> Option<bool> {
    let hit = |pattern: &String| match (is_plain(pattern), matches(&with_variables_open(pattern), resource)) {
        (true, is) => Some(is),
        // A key's alias or id in its own policy may mean it; so may a variable.
        (false, true) => None,
        (false, false) if is_key || !pattern.contains("${") => None,
        (false, false) => Some(false),
    };
    taken(&statement.resource, hit)
}

fn acts_by(statement: &Statement, action: &str) -> Option<bool> {
    let action = action.to_ascii_lowercase();
    taken(&statement.action, |pattern| Some(matches(&pattern.to_ascii_lowercase(), &action)))
}

fn taken(element: &Matches, hit: impl Fn(&String) -> Option<bool>) -> Option<bool> {
    let any = |patterns: &Vec<String>| {
        let hits: Vec<Option<bool>> = patterns.iter().map(hit).collect();
        if hits.contains(&Some(true)) {
            Some(true)
        } else if hits.contains(&None) {
            None
        } else {
            Some(false)
        }
    };
    match element {
        Matches::Any(patterns) => any(patterns),
        Matches::AnyExcept(patterns) => any(patterns).map(|is| !is),
        Matches::Absent => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
