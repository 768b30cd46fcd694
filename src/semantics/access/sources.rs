//! For whom CloudTrail may act: whether a policy's trust in the service is limited to the trails of certain accounts.
//!
//! A statement that lets cloudtrail.amazonaws.com in without saying for whom lets the trails of every AWS account in.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::document::{Effect, PolicyDocument, Principal, Statement};
use crate::inventory::{Gap, Gaps};

use super::is_cloudtrail;
use super::principal::{Requester, account_in, is_account};
use super::requesters::{Admitted, Question, Reach, Request, gap, name};

const EVERY: &str = "every account";

/// For whom the bucket policy lets CloudTrail write: account ids, organization ids, `every account`; sorted, each once.
/// That CloudTrail may look at the access control list for everybody, as in the policy of AWS Control Tower, delivers nothing.
///
/// # Errors
/// A policy that has too many cases to follow.
pub fn cloudtrail_sources(policy: Option<&PolicyDocument>, partition: &str, bucket: &str) -> Result<Vec<Admitted>, Gaps> {
    let Some(policy) = policy else { return Ok(Vec::new()) };
    let question = Question::on_bucket(policy, partition, bucket, &["s3:PutObject", "s3:PutObjectAcl"], &[])?;
    Ok(sources(&question))
}

/// For whom the key policy lets CloudTrail encrypt.
///
/// # Errors
/// A policy that has too many cases to follow.
pub fn cloudtrail_key_sources(policy: &PolicyDocument, key: &str) -> Result<Vec<Admitted>, Gaps> {
    let actions = ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyPair", "kms:Encrypt"];
    Ok(sources(&Question::on_key(policy, key, &actions)?))
}

/// What a condition leaves of the sources.
enum Limit {
    /// These, and no others.
    To(BTreeSet<String>),
    /// Perhaps fewer than all.
    Unclear(Gap),
}

fn sources(question: &Question<'_>) -> Vec<Admitted> {
    let mut found: BTreeMap<String, Gaps> = BTreeMap::new();
    let mut certain: BTreeSet<String> = BTreeSet::new();
    for service in services(question.policy) {
        let reaches = question.reaches(&Requester::Service(service));
        for request in &question.requests {
            for (source, doubts) in of_request(question, &reaches, request) {
                if doubts.is_empty() {
                    certain.insert(source.clone());
                }
                found.entry(source).or_default().extend(doubts);
            }
        }
    }
    let admitted = |(who, doubts): (String, Gaps)| {
        let doubts = if certain.contains(&who) { Gaps::new() } else { doubts };
        Admitted { who, doubts }
    };
    found.into_iter().map(admitted).collect()
}

/// CloudTrail's service principals that the policy may mean.
fn services(policy: &PolicyDocument) -> BTreeSet<&str> {
    let mut services = BTreeSet::new();
    for statement in policy.statements.iter().filter(|s| s.effect == Effect::Allow) {
        match &statement.principal {
            Principal::Only(map) => {
                services.extend(map.get("Service").into_iter().flatten().map(String::as_str).filter(|s| is_cloudtrail(s)));
            }
            _ => {
                services.insert("cloudtrail.amazonaws.com");
            }
        }
    }
    services
}

fn of_request(question: &Question<'_>, reaches: &[Reach], request: &Request) -> Vec<(String, Gaps)> {
    let statements = question.policy.statements.iter().enumerate();
    let taken: Vec<(usize, &Statement, &Reach, Option<bool>)> = statements
        .zip(reaches)
        .zip(&request.about)
        .filter(|((_, reach), about)| !matches!(reach, Reach::Never) && **about != Some(false))
        .map(|(((i, statement), reach), about)| (i, statement, reach, *about))
        .collect();
    let mut denied: Vec<Limit> = Vec::new();
    for (i, statement, reach, about) in taken.iter().filter(|(_, s, ..)| s.effect == Effect::Deny) {
        let limit = match (reach, about) {
            (Reach::Holds(by), Some(true)) if by.is_empty() => return Vec::new(),
            (_, Some(true)) => exception(statement),
            _ => None,
        };
        let unclear = || Limit::Unclear(question.not_understood(&format!("what {} denies in part", name(*i, statement))));
        match limit {
            Some(limit) => denied.push(Limit::To(limit)),
            None if statement.condition.values().flatten().any(|(key, _)| is_source(key)) => denied.push(unclear()),
            None if !matches!(reach, Reach::Holds(_)) || *about != Some(true) => denied.push(unclear()),
            // It is about something else than whose trail it is.
            None => {}
        }
    }
    let mut found = Vec::new();
    for (i, statement, reach, about) in taken.iter().filter(|(_, s, ..)| s.effect == Effect::Allow) {
        let mut limits = limits(&name(*i, statement), statement);
        for limit in &denied {
            limits.push(match limit {
                Limit::To(names) => Limit::To(names.clone()),
                Limit::Unclear(gap) => Limit::Unclear(gap.clone()),
            });
        }
        let mut doubts = Gaps::new();
        if let Reach::Unclear(what) = reach {
            doubts.insert(question.not_understood(what));
        }
        if about.is_none() {
            doubts.insert(question.not_understood(&format!("the action or the resource of {}", name(*i, statement))));
        }
        let mut left: Option<BTreeSet<String>> = None;
        for limit in limits {
            match limit {
                Limit::Unclear(gap) => {
                    doubts.insert(gap);
                }
                Limit::To(names) => left = Some(left.map_or_else(|| names.clone(), |known| narrowed(&known, &names))),
            }
        }
        let left = left.unwrap_or_else(|| [EVERY.to_string()].into());
        found.extend(left.into_iter().map(|source| (source, doubts.clone())));
    }
    found
}

/// What two limits leave together; where one speaks of accounts and the other of organizations, the accounts.
fn narrowed(known: &BTreeSet<String>, other: &BTreeSet<String>) -> BTreeSet<String> {
    if known.contains(EVERY) {
        return other.clone();
    }
    if other.contains(EVERY) {
        return known.clone();
    }
    let accounts = |names: &BTreeSet<String>| names.iter().all(|n| is_account(n));
    match (accounts(known), accounts(other)) {
        (false, true) => other.clone(),
        (true, false) => known.clone(),
        _ => known.intersection(other).cloned().collect(),
    }
}

fn is_source(key: &str) -> bool {
    matches!(key, "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceowner" | "aws:sourceorgid" | "aws:sourceorgpaths" | TRAIL)
}

/// CloudTrail encrypts each log file with its trail's ARN as context.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>.
const TRAIL: &str = "kms:encryptioncontext:aws:cloudtrail:arn";

fn limits(name: &str, statement: &Statement) -> Vec<Limit> {
    let mut limits = Vec::new();
    for (operator, keys) in &statement.condition {
        for (key, values) in keys.iter().filter(|(key, _)| is_source(key)) {
            limits.extend(match positive(operator, key, values) {
                Ok(names) => names.map(Limit::To),
                Err(()) => Some(Limit::Unclear(gap(format!(
                    "{name} limits CloudTrail by {operator} {key}, which this version does not understand"
                )))),
            });
        }
    }
    limits
}

/// Whom a condition leaves; nothing where it limits nobody, an error where it is not understood.
fn positive(operator: &str, key: &str, values: &[String]) -> Result<Option<BTreeSet<String>>, ()> {
    let plain = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    if plain.contains("Not") || plain == "Null" {
        // `Null` tells whether the key is there, and CloudTrail sends it; exceptions leave every other account.
        return Ok(None);
    }
    if values.is_empty() || values.iter().any(|v| v.contains("${")) {
        return Err(());
    }
    let like = match plain {
        "StringEquals" | "StringEqualsIgnoreCase" => false,
        "StringLike" | "ArnEquals" | "ArnLike" => true,
        _ => return Err(()),
    };
    Ok(Some(values.iter().filter_map(|value| source(key, value, like)).collect()))
}

/// Whom a value means; nothing where no request can have it.
fn source(key: &str, value: &str, like: bool) -> Option<String> {
    if !like && value.contains(['*', '?']) {
        return None;
    }
    let named = match key {
        "aws:sourcearn" | TRAIL => account_in(value),
        "aws:sourceaccount" | "aws:sourceowner" => Some(value).filter(|v| is_account(v)),
        _ => value.split('/').next().filter(|o| o.starts_with("o-") && !o.contains(['*', '?'])),
    };
    match named {
        Some(named) => Some(named.to_string()),
        None if value.contains(['*', '?']) => Some(EVERY.to_string()),
        None => Some(value.to_string()),
    }
}

/// Whom a Deny statement leaves, where it denies all but certain sources and says nothing else.
fn exception(statement: &Statement) -> Option<BTreeSet<String>> {
    let conditions: Vec<(&String, &String, &Vec<String>)> =
        statement.condition.iter().flat_map(|(o, keys)| keys.iter().map(move |(k, v)| (o, k, v))).collect();
    let [(operator, key, values)] = conditions.as_slice() else { return None };
    let opposite = match operator.as_str() {
        "StringNotEquals" => "StringEquals",
        "StringNotEqualsIgnoreCase" => "StringEqualsIgnoreCase",
        "StringNotLike" => "StringLike",
        "ArnNotEquals" => "ArnEquals",
        "ArnNotLike" => "ArnLike",
        _ => return None,
    };
    is_source(key).then(|| positive(opposite, key, values).ok().flatten()).flatten()
}
