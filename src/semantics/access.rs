//! What policy documents let happen.
//!
//! Questions are about every request that could be made, so an answer rests on sets of actions, of resources and of
//! circumstances, not on how a statement is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::document::{Effect, Matches, PolicyDocument, Principal, Statement};
use crate::inventory::{Gap, GapKind, Gaps};

use super::Answer;
use super::s3_action::{ON_BUCKET, ON_OBJECTS};
use super::wildcard::{TooManyStates, classes, matches};
use super::words::{listed, shorten};

mod condition;
mod log_writing;
mod principal;
mod requesters;
mod sources;

pub(super) use condition::is_narrow_network;
pub use log_writing::{LogStreams, allow_writing, lets_cloudtrail_assume};
pub use requesters::{
    Admitted, foreign_changers, foreign_decrypters, foreign_readers, foreign_writers, key_shuts_out_strangers,
    shuts_out_strangers,
};
pub use sources::{cloudtrail_key_sources, cloudtrail_sources};

/// Whether every S3 request on the bucket and its objects that does not come over TLS is denied, whoever makes it.
///
/// Deny statements count together: one may be about the bucket and another about its objects. A statement counts where it
/// is about everyone and its conditions hold whenever `aws:SecureTransport` is false. Allowing only requests over TLS is
/// not enough: other policies may allow the rest. Nor is a least `s3:TlsVersion`: a request over plain HTTP has none, so a
/// numeric comparison does not hold for it.
///
/// Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport>.
pub fn denies_insecure_transport(policy: Option<&PolicyDocument>, partition: &str, bucket: &str) -> Answer {
    let Some(policy) = policy else { return Answer::no(vec!["there is no bucket policy".to_string()]) };
    let target = Target::new(partition, bucket);
    let denials: Vec<Denial<'_>> = policy.statements.iter().enumerate().filter_map(|(i, s)| Denial::read(i, s)).collect();
    let among = |wanted: &dyn Fn(&Reach) -> bool| denials.iter().filter(|d| wanted(&d.reach)).collect::<Vec<_>>();

    let certain = among(&|r| *r == Reach::Everything);
    let open = match target.holes(&certain) {
        Ok(holes) if holes.is_empty() => return Answer::yes(),
        Ok(holes) => holes,
        Err(TooManyStates) => return Answer::unknown(Vec::new(), too_many()),
    };
    let examples = if certain.is_empty() && !denials.iter().any(Denial::is_meant) {
        vec!["no statement denies requests over plain HTTP".to_string()]
    } else {
        shorten(denials.iter().filter_map(Denial::falls_short).chain(open.examples()).collect())
    };

    let unclear: Gaps = denials.iter().filter_map(Denial::gap).collect();
    let with_unclear = among(&|r| matches!(r, Reach::Everything | Reach::Unclear(_)));
    // Two statements that each hold in part may together hold always, as `StringEquals` and `StringNotEquals` on one key do.
    let complementary = complementary(&denials);
    let with_parts: Vec<&Denial<'_>> = denials
        .iter()
        .filter(|d| match &d.reach {
            Reach::Part(limits) => limits.iter().any(|l| complementary.contains(&l.about)),
            _ => true,
        })
        .collect();
    let mut gaps = Gaps::new();
    for (possible, why) in
        [(with_unclear, unclear.clone()), (with_parts, unclear.into_iter().chain(parts(&complementary)).collect())]
    {
        if possible.len() == certain.len() {
            continue;
        }
        match target.holes(&possible) {
            Ok(holes) if holes.known.is_empty() => gaps.extend(why),
            Ok(_) => {}
            Err(TooManyStates) => gaps.extend(too_many()),
        }
        if !gaps.is_empty() {
            return Answer::unknown(examples, gaps);
        }
    }
    if open.known.is_empty() {
        let gap = Gap::new(
            GapKind::NotUnderstood,
            "the bucket policy denies plain HTTP for every S3 action that this version knows, but not for `s3:*`",
        );
        return Answer::unknown(examples, [gap].into());
    }
    Answer::no(examples)
}

fn too_many() -> Gaps {
    [Gap::new(GapKind::NotUnderstood, "the patterns of the bucket policy split requests into too many cases to follow")].into()
}

fn parts(about: &BTreeSet<String>) -> Option<Gap> {
    let about = listed(about.iter().cloned().collect(), "and");
    let message =
        format!("statements of the bucket policy deny plain HTTP in part, by {about}; together they may deny it always");
    (!about.is_empty()).then(|| Gap::new(GapKind::NotUnderstood, message))
}

/// What the limits of at least two different statements are about.
fn complementary(denials: &[Denial<'_>]) -> BTreeSet<String> {
    let mut limits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for denial in denials {
        if let Reach::Part(parts) = &denial.reach {
            for limit in parts {
                limits.entry(&limit.about).or_default().insert(&limit.words);
            }
        }
    }
    let exempt = |d: &Denial<'_>| matches!(d.statement.principal, Principal::Not(_));
    limits
        .into_iter()
        .filter(|(about, different)| different.len() > 1 && (*about != "principal" || denials.iter().any(exempt)))
        .map(|(about, _)| about.to_string())
        .collect()
}

/// A Deny statement that may stop requests over plain HTTP.
struct Denial<'a> {
    statement: &'a Statement,
    /// How people call the statement.
    name: String,
    reach: Reach,
}

/// Which of the requests over plain HTTP for its actions and resources a Deny statement stops.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reach {
    Everything,
    /// Those within these limits.
    Part(Vec<Limit>),
    /// This is not understood.
    Unclear(String),
    Nothing,
}

/// What keeps a statement from being about every request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Limit {
    /// A condition key, or `principal`.
    about: String,
    words: String,
}

impl Limit {
    fn new(about: &str, words: impl Into<String>) -> Self {
        Limit { about: about.to_string(), words: words.into() }
    }
}

impl<'a> Denial<'a> {
    fn read(index: usize, statement: &'a Statement) -> Option<Self> {
        if statement.effect != Effect::Deny {
            return None;
        }
        let name = match &statement.sid {
            Some(sid) if !sid.is_empty() => format!("statement `{sid}`"),
            _ => format!("statement {}", index + 1),
        };
        let reach = reach(statement);
        (reach != Reach::Nothing).then_some(Denial { statement, name, reach })
    }

    fn gap(&self) -> Option<Gap> {
        let Reach::Unclear(what) = &self.reach else { return None };
        Some(Gap::new(
            GapKind::NotUnderstood,
            format!("{} of the bucket policy has {what}, which this version does not understand", self.name),
        ))
    }

    /// Whether it was written against plain HTTP.
    fn is_meant(&self) -> bool {
        self.statement.condition.values().any(|keys| keys.contains_key("aws:securetransport"))
    }

    fn falls_short(&self) -> Option<String> {
        let Reach::Part(limits) = &self.reach else { return None };
        if !self.is_meant() {
            return None;
        }
        let limits = limits.iter().map(|l| l.words.clone()).collect();
        Some(format!("{} denies plain HTTP only {}", self.name, listed(limits, "and")))
    }

    /// Whether it is about the resource. A resource that is not understood may be any: such a statement is never certain.
    fn is_on(&self, resource: &str) -> bool {
        let element = &self.statement.resource;
        *element == Matches::Absent || !patterns(element).iter().all(|p| is_plain(p)) || holds(element, |p| matches(p, resource))
    }

    fn acts_by(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let element = &self.statement.action;
        *element == Matches::Absent || holds(element, |p| matches(&p.to_ascii_lowercase(), &action))
    }
}

pub(super) fn holds(element: &Matches, matches: impl Fn(&str) -> bool) -> bool {
    match element {
        Matches::Any(patterns) => patterns.iter().any(|p| matches(p)),
        Matches::AnyExcept(patterns) => !patterns.iter().any(|p| matches(p)),
        Matches::Absent => false,
    }
}

fn patterns(element: &Matches) -> &[String] {
    match element {
        Matches::Any(patterns) | Matches::AnyExcept(patterns) => patterns,
        Matches::Absent => &[],
    }
}

fn reach(statement: &Statement) -> Reach {
    let mut limits = Vec::new();
    let mut unclear = None;
    match &statement.principal {
        Principal::Everyone => {}
        Principal::Only(map) => limits.push(Limit::new("principal", format!("for {}", named(map)))),
        Principal::Not(map) if map.values().all(Vec::is_empty) => {}
        Principal::Not(map) => limits.push(Limit::new("principal", format!("for principals other than {}", named(map)))),
        Principal::Absent => unclear = Some("no principal".to_string()),
    }
    for (operator, keys) in &statement.condition {
        for (key, values) in keys {
            match judge(operator, key, values) {
                Holds::Always => {}
                Holds::Never => return Reach::Nothing,
                Holds::Sometimes => {
                    let words = format!("where {operator} {key} is {}", listed(values.clone(), "or"));
                    limits.push(Limit::new(key, words));
                }
                Holds::Unclear => {
                    unclear.get_or_insert_with(|| format!("the condition {operator} {key}"));
                }
            }
        }
    }
    if !limits.is_empty() {
        return Reach::Part(limits);
    }
    for (element, name) in [(&statement.action, "action"), (&statement.resource, "resource")] {
        if *element == Matches::Absent {
            unclear.get_or_insert_with(|| format!("no {name}"));
        }
    }
    let odd = patterns(&statement.resource).iter().find(|p| !is_plain(p));
    if let Some(odd) = odd {
        unclear.get_or_insert_with(|| format!("the resource `{odd}`"));
    }
    unclear.map_or(Reach::Everything, Reach::Unclear)
}

fn named(principals: &BTreeMap<String, Vec<String>>) -> String {
    listed(principals.values().flatten().cloned().collect(), "and")
}

/// Whether a resource pattern means what its wildcards say: it has no policy variables, and IAM has no missing parts of an
/// ARN to fill in.
fn is_plain(pattern: &str) -> bool {
    !pattern.contains("${") && (pattern == "*" || pattern.matches(':').count() >= 5)
}

/// When a condition holds for requests over plain HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Always,
    Never,
    Sometimes,
    Unclear,
}

/// Judges one condition; `key` is in lower case. `aws:SecureTransport` is in every request's context, so that `IfExists`
/// and `Null` say nothing more about it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
fn judge(operator: &str, key: &str, values: &[String]) -> Holds {
    let (of_set, plain) = match operator.split_once(':') {
        Some(("ForAnyValue" | "ForAllValues", plain)) => (true, plain),
        Some(_) => return Holds::Unclear,
        None => (false, operator),
    };
    let (base, if_exists) = plain.strip_suffix("IfExists").map_or((plain, false), |base| (base, true));
    let says = |text: &str| values.iter().any(|v| v.eq_ignore_ascii_case(text));
    match (key, base) {
        ("aws:securetransport", "Bool" | "Null") if !of_set => {
            if says("false") {
                Holds::Always
            } else if says("true") || values.is_empty() {
                Holds::Never
            } else {
                Holds::Unclear
            }
        }
        ("s3:tlsversion", _) if base.starts_with("Numeric") && is_known(base) && !if_exists && !of_set => Holds::Never,
        ("aws:securetransport" | "s3:tlsversion", _) => Holds::Unclear,
        // What time it is when a request comes is not known here.
        ("aws:currenttime" | "aws:epochtime", _) => Holds::Unclear,
        (_, "StringLike" | "ArnLike") if if_exists && !of_set && says("*") => Holds::Always,
        _ if is_known(base) => Holds::Sometimes,
        _ => Holds::Unclear,
    }
}

fn is_known(operator: &str) -> bool {
    const OPERATORS: [&str; 27] = [
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "NotIpAddress",
        "ArnEquals",
        "ArnLike",
        "ArnNotEquals",
        "ArnNotLike",
        "Null",
    ];
    OPERATORS.contains(&operator)
}

/// The bucket that is asked about.
struct Target {
    bucket_arn: String,
    objects_arn: String,
}

/// What a set of Deny statements leaves open.
#[derive(Default)]
struct Holes {
    /// Known actions, by what they act on.
    known: Vec<Hole>,
    /// Whether actions that this version does not know may be left open.
    other: bool,
}

struct Hole {
    /// `the bucket`, or objects: all of them, or such as one.
    on: String,
    actions: Vec<&'static str>,
    /// Whether nothing on it is denied at all.
    all: bool,
}

impl Holes {
    fn is_empty(&self) -> bool {
        self.known.is_empty() && !self.other
    }

    fn examples(&self) -> Vec<String> {
        let mut examples = Vec::new();
        for hole in &self.known {
            if hole.all {
                examples.push(format!("requests on {} over plain HTTP are not denied", hole.on));
            } else {
                examples
                    .extend(hole.actions.iter().map(|action| format!("{action} on {} over plain HTTP is not denied", hole.on)));
            }
        }
        if self.known.is_empty() && self.other {
            examples.push("an S3 action that the statements do not name".to_string());
        }
        examples
    }
}

impl Target {
    fn new(partition: &str, bucket: &str) -> Self {
        let bucket_arn = format!("arn:{partition}:s3:::{bucket}");
        Target { objects_arn: format!("{bucket_arn}/"), bucket_arn }
    }

    /// Which requests the statements leave open, taken together and each as if it were about every request over plain HTTP.
    fn holes(&self, denials: &[&Denial<'_>]) -> Result<Holes, TooManyStates> {
        let mut holes = Holes::default();
        self.look(denials, &self.bucket_arn, "the bucket", &ON_BUCKET, &ON_OBJECTS, &mut holes)?;

        let all: Vec<&str> = denials.iter().flat_map(|d| patterns(&d.statement.resource)).map(String::as_str).collect();
        let mut seen: Vec<Vec<bool>> = Vec::new();
        let objects: Vec<String> = classes(&self.objects_arn, &all)?.into_iter().map(|(_, object)| object).collect();
        let mut kinds = Vec::new();
        for object in objects {
            let about: Vec<bool> = denials.iter().map(|d| d.is_on(&object)).collect();
            if !seen.contains(&about) {
                seen.push(about);
                kinds.push(object);
            }
        }
        for object in &kinds {
            let on = if kinds.len() == 1 { "objects".to_string() } else { format!("objects such as {object}") };
            self.look(denials, object, &on, &ON_OBJECTS, &ON_BUCKET, &mut holes)?;
        }
        Ok(holes)
    }

    fn look(
        &self,
        denials: &[&Denial<'_>],
        resource: &str,
        on: &str,
        actions: &[&'static str],
        elsewhere: &[&'static str],
        holes: &mut Holes,
    ) -> Result<(), TooManyStates> {
        let about: Vec<&&Denial<'_>> = denials.iter().filter(|d| d.is_on(resource)).collect();
        let open: Vec<&str> = actions.iter().copied().filter(|a| !about.iter().any(|d| d.acts_by(a))).collect();
        if !open.is_empty() {
            holes.known.push(Hole { on: on.to_string(), all: open.len() == actions.len(), actions: open });
            return Ok(());
        }
        let patterns: Vec<String> =
            about.iter().flat_map(|d| patterns(&d.statement.action)).map(|p| p.to_ascii_lowercase()).collect();
        let elsewhere: Vec<String> = elsewhere.iter().map(|a| a.to_ascii_lowercase()).collect();
        let mut texts: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let left_open = |action: &str| !about.iter().any(|d| d.acts_by(action));
        if classes("s3:", &texts)?.iter().any(|(_, action)| left_open(action)) {
            // Actions that are never asked of this resource need not be denied on it. As patterns they are classes of their own.
            texts.extend(elsewhere.iter().map(String::as_str));
            let classes = classes("s3:", &texts)?;
            holes.other |= classes.iter().any(|(_, action)| left_open(action) && !elsewhere.contains(action));
        }
        Ok(())
    }
}

fn with_variables_open(pattern: &str) -> String {
    let mut open = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        open.push_str(before);
        open.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    open + rest
}

/// CloudTrail's service principal, also with a Region and with the suffix of the China Regions.
pub(super) fn is_cloudtrail(principal: &str) -> bool {
    is_service("cloudtrail", principal)
}

/// The service principal of CloudWatch Logs, as CloudTrail's.
pub(super) fn is_cloudwatch_logs(principal: &str) -> bool {
    is_service("logs", principal)
}

fn is_service(service: &str, principal: &str) -> bool {
    let Some(rest) = principal.strip_prefix(service).and_then(|rest| rest.strip_prefix('.')) else { return false };
    let rest = rest.strip_suffix(".cn").unwrap_or(rest);
    let is_region = |r: &str| !r.is_empty() && r.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    rest == "amazonaws.com" || rest.strip_suffix(".amazonaws.com").is_some_and(is_region)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
