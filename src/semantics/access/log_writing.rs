//! Whether a role lets CloudTrail write to a log group: who may assume it, and what its policies allow there.
//!
//! Sources: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::document::{Effect, Matches, PolicyDocument, Principal, Statement};
use crate::inventory::{Gap, GapKind, Gaps};
use crate::semantics::Answer;
use crate::semantics::wildcard::{classes, matches};
use crate::semantics::words::shorten;

use super::condition::{Holds, judge};
use super::principal::{Requester, is_about};
use super::requesters::name;
use super::{holds, is_cloudtrail, is_plain, patterns, with_variables_open};

/// What CloudTrail does with a log group.
const WRITES: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

/// The service principal by which a role trusts CloudTrail, in every partition.
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// The log streams that CloudTrail makes for a trail.
#[derive(Clone, Debug)]
pub struct LogStreams<'a> {
    /// The log group's ARN, without the final `:*`.
    pub log_group: &'a str,
    /// The account that owns the trail.
    pub account: &'a str,
    /// The trail's home Region.
    pub region: &'a str,
    /// Of an organization's trail the organization's id.
    pub organization: Option<&'a str>,
}

impl LogStreams<'_> {
    /// The ARNs of all of them, as patterns: the first stream, and those that come beside it.
    fn patterns(&self) -> [String; 2] {
        let LogStreams { log_group, account, region, organization } = self;
        let whose = organization.map_or_else(|| (*account).to_string(), |id| format!("{id}_????????????"));
        let first = format!("{log_group}:log-stream:{whose}_CloudTrail_{region}");
        [first.clone(), format!("{first}_?*")]
    }
}

/// A policy of a role by its name, or why it was not read.
type Read<'a> = (&'a str, Result<&'a PolicyDocument, Gaps>);

/// Whether the trust policy lets CloudTrail assume the role. The service is documented not to say for whom it does so: what a
/// condition asks of `aws:SourceArn` or `aws:SourceAccount` may never hold.
pub fn lets_cloudtrail_assume(trust: &PolicyDocument) -> Answer {
    let requester = Requester::Service(CLOUDTRAIL);
    let acts = |statement: &Statement| on_action(statement, "sts:AssumeRole");
    let mut weighed = Weighed::default();
    for (at, statement) in trust.statements.iter().enumerate() {
        let who = match &statement.principal {
            // Whether IAM takes a service's other names for the same is not documented.
            Principal::Only(map) if others(map) => Holds::Unclear,
            principal => is_about(principal, statement.effect, &requester),
        };
        let conditions = conditions(statement, &requester);
        match [Some(who), acts(statement), Some(conditions)].into_iter().flatten().min_by_key(weight) {
            Some(Holds::Never) | None => {}
            Some(Holds::Always) if acts(statement).is_some() => weighed.certain(statement.effect),
            _ => weighed.perhaps(statement.effect, not_understood("the trust policy", at, statement)),
        }
    }
    weighed.answer(|| "the trust policy does not let CloudTrail assume the role".into())
}

/// Whether CloudTrail is named in another way alone.
fn others(principals: &BTreeMap<String, Vec<String>>) -> bool {
    let services = principals.get("Service").map_or(&[][..], Vec::as_slice);
    services.iter().any(|service| is_cloudtrail(service)) && services.iter().all(|service| service != CLOUDTRAIL)
}

/// Whether the role's policies, within its permissions boundary, allow CloudTrail to make its log streams and to write to them.
/// Where policies were not read, they may allow and deny anything.
///
/// The role need not be of the account that owns the trail: a delegated administrator's role writes an organization's trail.
pub fn allow_writing(
    role: &str,
    policies: &[Read<'_>],
    may_be_more: &Gaps,
    boundary: Option<&PolicyDocument>,
    of: &LogStreams<'_>,
) -> Answer {
    let mut unread = may_be_more.clone();
    policies.iter().filter_map(|(_, policy)| policy.as_ref().err()).for_each(|gaps| unread.extend(gaps.clone()));
    let read: Vec<(String, &PolicyDocument)> =
        policies.iter().filter_map(|(name, policy)| Some((format!("policy {name}"), *policy.as_ref().ok()?))).collect();
    let account = role.split(':').nth(4).unwrap_or_default();
    let requester = Requester::Principal { account, arn: role };
    let none = Gaps::new();
    let (mut amiss, mut gaps) = (Vec::new(), Gaps::new());
    for action in WRITES {
        let granted = Grants::new(&read, action, &requester);
        let bounded = |boundary| Grants::new(&[("the permissions boundary".to_string(), boundary)], action, &requester);
        let within = boundary.map(bounded);
        let of_boundary = within.as_ref().map(|within| (within, &none, ", which its permissions boundary leaves out"));
        for (grants, unread, why) in [Some((&granted, &unread, "")), of_boundary].into_iter().flatten() {
            let Ok(answers) = grants.on(of, unread) else {
                gaps.insert(Gap::new(GapKind::NotUnderstood, "the policies of the role have too many cases to follow"));
                continue;
            };
            for (stream, weighed) in answers {
                let answer = weighed.answer(|| format!("{action} on {stream}{why}"));
                amiss.extend(answer.counterexamples);
                gaps.extend(answer.gaps);
            }
        }
    }
    let mut told = BTreeSet::new();
    amiss.retain(|case| told.insert(case.clone()));
    match (amiss.is_empty(), gaps.is_empty()) {
        (false, _) => Answer::no(shorten(amiss)),
        (true, true) => Answer::yes(),
        (true, false) => Answer::unknown(Vec::new(), gaps),
    }
}

/// What statements say of one request.
#[derive(Clone, Debug, Default)]
struct Weighed {
    allowed: bool,
    denied: bool,
    /// What may allow it, and what may deny it.
    may_allow: Gaps,
    may_deny: Gaps,
}

impl Weighed {
    fn certain(&mut self, effect: Effect) {
        match effect {
            Effect::Allow => self.allowed = true,
            Effect::Deny => self.denied = true,
        }
    }

    fn perhaps(&mut self, effect: Effect, gap: Gap) {
        match effect {
            Effect::Allow => self.may_allow.insert(gap),
            Effect::Deny => self.may_deny.insert(gap),
        };
    }

    fn answer(self, amiss: impl FnOnce() -> String) -> Answer {
        let Weighed { allowed, denied, may_allow, may_deny } = self;
        if denied || (!allowed && may_allow.is_empty()) {
            return Answer::no(vec![amiss()]);
        }
        let mut gaps = may_deny;
        if !allowed {
            gaps.extend(may_allow);
        }
        if gaps.is_empty() { Answer::yes() } else { Answer::unknown(Vec::new(), gaps) }
    }
}

/// The statements about an action, each with its patterns of resources.
struct Grants<'a> {
    statements: Vec<Granting<'a>>,
    patterns: Vec<String>,
}

struct Granting<'a> {
    statement: &'a Statement,
    /// Where its patterns stand among all.
    first: usize,
    /// Whether it may be about any resource, because one of its own is not understood.
    is_open: bool,
    /// Why it may not hold.
    doubt: Option<Gap>,
}

impl<'a> Grants<'a> {
    fn new(documents: &[(String, &'a PolicyDocument)], action: &str, requester: &Requester<'_>) -> Self {
        let mut grants = Grants { statements: Vec::new(), patterns: Vec::new() };
        let statements = documents.iter().flat_map(|(whose, document)| {
            document.statements.iter().enumerate().map(move |(at, statement)| (whose, at, statement))
        });
        for (whose, at, statement) in statements {
            let (acts, conditions) = (on_action(statement, action), conditions(statement, requester));
            if acts == Some(Holds::Never) || conditions == Holds::Never {
                continue;
            }
            let own: Vec<String> = patterns(&statement.resource).iter().map(|pattern| completed(pattern)).collect();
            let is_open = own.iter().any(|pattern| !is_plain(pattern) && !pattern.contains("${"));
            let is_understood = acts.is_some()
                && conditions == Holds::Always
                && statement.resource != Matches::Absent
                && own.iter().all(|pattern| is_plain(pattern));
            let doubt = (!is_understood).then(|| not_understood(whose, at, statement));
            grants.statements.push(Granting { statement, first: grants.patterns.len(), is_open, doubt });
            grants.patterns.extend(own.iter().map(|pattern| with_variables_open(pattern)));
        }
        grants
    }

    /// What they say of the streams, each kind of them once, with a stream of the kind.
    fn on(&self, of: &LogStreams<'_>, unread: &Gaps) -> Result<Vec<(String, Weighed)>, ()> {
        let (start, own) = (format!("{}:log-stream:", of.log_group), of.patterns());
        let all: Vec<&str> = own.iter().chain(&self.patterns).map(String::as_str).collect();
        let kinds = classes(&start, &all).map_err(|_| ())?;
        let wanted = kinds.into_iter().filter(|(matching, _)| matching.contains(&0) || matching.contains(&1));
        Ok(wanted
            .map(|(matching, example)| {
                let stream = example.strip_prefix(&format!("{}:", of.log_group)).unwrap_or(&example);
                (stream.replacen("log-stream:", "log stream ", 1), self.weigh(&matching, unread))
            })
            .collect())
    }

    fn weigh(&self, matching: &BTreeSet<usize>, unread: &Gaps) -> Weighed {
        let mut weighed = Weighed { may_allow: unread.clone(), may_deny: unread.clone(), ..Weighed::default() };
        for Granting { statement, first, is_open, doubt } in &self.statements {
            let of_streams = 2;
            let hits = (0..patterns(&statement.resource).len()).any(|at| matching.contains(&(of_streams + first + at)));
            let is_on = match &statement.resource {
                _ if *is_open => true,
                Matches::Any(_) => hits,
                Matches::AnyExcept(_) => !hits || doubt.is_some(),
                Matches::Absent => true,
            };
            match doubt {
                _ if !is_on => {}
                None => weighed.certain(statement.effect),
                Some(gap) => weighed.perhaps(statement.effect, gap.clone()),
            }
        }
        weighed
    }
}

/// An ARN of an identity policy that ends early means all that may follow.
fn completed(pattern: &str) -> String {
    let missing = 5_usize.saturating_sub(pattern.matches(':').count());
    if pattern.starts_with("arn:") { format!("{pattern}{}", ":*".repeat(missing)) } else { pattern.to_string() }
}

/// Whether a statement is about an action; `None` where it names none.
fn on_action(statement: &Statement, action: &str) -> Option<Holds> {
    let action = action.to_ascii_lowercase();
    let is_about = || holds(&statement.action, |pattern| matches(&pattern.to_ascii_lowercase(), &action));
    (statement.action != Matches::Absent).then(|| if is_about() { Holds::Always } else { Holds::Never })
}

/// Whether all conditions of a statement hold.
fn conditions(statement: &Statement, requester: &Requester<'_>) -> Holds {
    let each =
        statement.condition.iter().flat_map(|(operator, keys)| keys.iter().map(move |(key, values)| (operator, key, values)));
    let judged = |operator: &str, key: &str, values: &[String]| match is_judged(requester, operator, key, values) {
        true => judge(requester, statement.effect, operator, key, values),
        false => Holds::Unclear,
    };
    each.map(|(operator, key, values)| judged(operator, key, values)).min_by_key(weight).unwrap_or(Holds::Always)
}

/// Whether it is known what a request of CloudTrail says under a key: keys of other services are not in it, and of a service
/// itself little is documented.
fn is_judged(requester: &Requester<'_>, operator: &str, key: &str, values: &[String]) -> bool {
    if requester.is_service() {
        return ["aws:principalisawsservice", "aws:principalservicename", "aws:securetransport"].contains(&key);
    }
    // The parts of an ARN are compared one by one: a wildcard in an early one does not reach over a colon.
    let is_whole = |arn: &String| {
        let early: String = arn.splitn(6, ':').take(5).collect();
        arn.matches(':').count() >= 5 && !early.contains(['*', '?'])
    };
    key.starts_with("aws:") && (!operator.contains("Arn") || values.iter().all(is_whole))
}

/// Of several that must all hold, the least counts.
fn weight(holds: &Holds) -> u8 {
    match holds {
        Holds::Never => 0,
        Holds::Unclear => 1,
        Holds::Sometimes(_) => 2,
        Holds::Always => 3,
    }
}

fn not_understood(whose: &str, at: usize, statement: &Statement) -> Gap {
    let keys: BTreeSet<&str> = statement.condition.values().flat_map(|keys| keys.keys().map(String::as_str)).collect();
    let of = name(at, statement);
    let what = match keys.is_empty() {
        true => format!("whether {of} of {whose} is about CloudTrail's log streams is not understood"),
        false => {
            let keys = keys.into_iter().collect::<Vec<_>>().join(" and ");
            format!("{of} of {whose} asks for {keys}, and what CloudTrail's requests say there is not known")
        }
    };
    Gap::new(GapKind::NotUnderstood, what)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
