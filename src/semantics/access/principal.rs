//! Who makes a request, and whom a statement is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::document::{Effect, PolicyDocument, Principal, Statement};

use super::condition::{By, Holds};

/// Somebody who could make a request, as far as a policy can tell people apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Requester<'a> {
    /// Signs nothing.
    Anonymous,
    /// Signs as somebody of an account, and perhaps an organization, that the policy does not name.
    Stranger,
    /// Somebody of an account of the organization that the policy does not name.
    Member(&'a str),
    /// Anybody of the account.
    Account(&'a str),
    /// One user, role or session of the account.
    Principal { account: &'a str, arn: &'a str },
    /// A service, by its service principal.
    Service(&'a str),
    /// A service that the policy does not name.
    AnyService,
    /// Somebody whose account the policy does not tell: federated identities, canonical and unique ids.
    Other(&'a str),
}

impl Requester<'_> {
    pub(super) fn is_service(&self) -> bool {
        matches!(self, Requester::Service(_) | Requester::AnyService)
    }

    /// How people call them: an account id, an organization's id, a service, `everyone`.
    pub(super) fn name(&self) -> &str {
        match self {
            Requester::Anonymous | Requester::Stranger => "everyone",
            Requester::AnyService => "AWS services",
            Requester::Member(name) | Requester::Account(name) | Requester::Service(name) | Requester::Other(name) => name,
            Requester::Principal { account, .. } => account,
        }
    }
}

/// The account of an ARN or of an ARN pattern that names exactly one.
pub(super) fn account_in(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:").and_then(|_| arn.split(':').nth(4))?;
    is_account(account).then_some(account)
}

pub(super) fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

fn read<'a>(kind: &str, id: &'a str) -> Requester<'a> {
    match (kind, account_in(id)) {
        ("Service", _) => Requester::Service(id),
        ("AWS", _) if is_account(id) => Requester::Account(id),
        ("AWS", Some(account)) if id.ends_with(":root") => Requester::Account(account),
        ("AWS", Some(account)) => Requester::Principal { account, arn: id },
        _ => Requester::Other(id),
    }
}

fn each(map: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = Requester<'_>> {
    map.iter().flat_map(|(kind, ids)| ids.iter().map(move |id| read(kind, id)))
}

/// Everybody whom the policy may let in, one for each way in which it tells people apart; those whom an Allow statement
/// names as its principal apart from those whom conditions alone tell.
pub(super) fn requesters(policy: &PolicyDocument) -> (BTreeSet<Requester<'_>>, BTreeSet<Requester<'_>>) {
    let (mut named, mut told) = (BTreeSet::new(), BTreeSet::new());
    for statement in &policy.statements {
        match (&statement.principal, statement.effect) {
            (Principal::Only(map), Effect::Allow) => named.extend(each(map)),
            (_, Effect::Allow) => told.extend([Requester::Anonymous, Requester::Stranger, Requester::AnyService]),
            _ => {}
        }
    }
    if !told.is_empty() {
        for statement in &policy.statements {
            tell(statement, &mut told);
        }
    }
    (named, told)
}

/// Whom the statement's conditions and exceptions tell from others.
fn tell<'a>(statement: &'a Statement, told: &mut BTreeSet<Requester<'a>>) {
    if let Principal::Not(map) | Principal::Only(map) = &statement.principal {
        told.extend(each(map).filter(|r| !matches!(r, Requester::Other(_))));
    }
    for (key, values) in statement.condition.values().flatten() {
        for value in values {
            match key.as_str() {
                "aws:principalorgid" | "aws:principalorgpaths" => {
                    let organization = value.split('/').next().unwrap_or_default();
                    if organization.starts_with("o-") && !organization.contains(['*', '?', '$']) {
                        told.insert(Requester::Member(organization));
                    }
                }
                "aws:principalaccount" | "kms:calleraccount" if is_account(value) => {
                    told.insert(Requester::Account(value));
                }
                "aws:userid" => {
                    told.insert(Requester::Other(value));
                }
                "aws:principalarn" => told.extend(account_in(value).map(Requester::Account)),
                "aws:principalservicename" if !value.contains(['*', '?', '$']) => {
                    told.insert(Requester::Service(value));
                }
                _ => {}
            }
        }
    }
}

/// Whether the principal element of a statement is about the requester.
pub(super) fn is_about(principal: &Principal, effect: Effect, requester: &Requester<'_>) -> Holds {
    match principal {
        Principal::Everyone => Holds::Always,
        Principal::Absent => Holds::Unclear,
        Principal::Only(map) => each(map).map(|named| names(&named, effect, requester)).max_by_key(rank).unwrap_or(Holds::Never),
        Principal::Not(map) => {
            let account = account_of(requester);
            let excepted = |named: Requester<'_>| match (account, account_of(&named)) {
                // Which principals of an account an exception means depends on how each of them is written.
                (Some(account), Some(named)) if account == named => Holds::Unclear,
                (Some(_), None) if matches!(named, Requester::Other(_)) => Holds::Unclear,
                _ if named == *requester => Holds::Never,
                _ => Holds::Always,
            };
            each(map).map(excepted).min_by_key(rank_of_exception).unwrap_or(Holds::Always)
        }
    }
}

fn account_of<'a>(requester: &Requester<'a>) -> Option<&'a str> {
    match requester {
        Requester::Account(account) | Requester::Principal { account, .. } => Some(account),
        _ => None,
    }
}

fn names(named: &Requester<'_>, effect: Effect, requester: &Requester<'_>) -> Holds {
    if named == requester {
        return Holds::Always;
    }
    match (named, requester) {
        (Requester::Account(named), _) if account_of(requester) == Some(named) => Holds::Always,
        (Requester::Principal { account: named, .. }, Requester::Account(account)) if named == account => {
            Holds::Sometimes(By::Person)
        }
        // The same person may be written in several ways.
        (Requester::Principal { account: named, arn }, Requester::Principal { account, .. })
            if named == account && !arn.contains(":iam:") =>
        {
            Holds::Sometimes(By::Person)
        }
        (Requester::Other(_), Requester::Account(_) | Requester::Principal { .. } | Requester::Other(_))
            if effect == Effect::Deny =>
        {
            Holds::Sometimes(By::Person)
        }
        _ => Holds::Never,
    }
}

fn rank(holds: &Holds) -> u8 {
    match holds {
        Holds::Never => 0,
        Holds::Unclear => 1,
        Holds::Sometimes(_) => 2,
        Holds::Always => 3,
    }
}

fn rank_of_exception(holds: &Holds) -> u8 {
    match holds {
        Holds::Never => 0,
        Holds::Unclear => 1,
        _ => 2,
    }
}
