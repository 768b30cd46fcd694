//! Whom a topic's policy lets in.
//!
//! Pure and three-valued. Nothing here knows which trails tell the topic.

use std::collections::BTreeMap;

use crate::inventory::document::{Effect, Matches, PolicyDocument, Principal, Statement};
use crate::inventory::{Gap, GapKind, Gaps};

use super::Answer;
use super::access::{holds, is_cloudtrail, is_narrow_network};
use super::wildcard::matches;
use super::words::shorten;

/// Condition keys that say who asks, or for whom: an allow statement that fixes one of them is not open to just anybody.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
const LIMITING: [&str; 15] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:sourcevpcarn",
];

/// Those of them that CloudTrail sends when it publishes.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html>.
const OF_SERVICES: [&str; 4] = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];

/// Condition keys that do not say who asks.
const OTHERWISE: [&str; 10] = [
    "aws:securetransport",
    "aws:useragent",
    "aws:referer",
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:tokenissuetime",
    "aws:multifactorauthpresent",
    "sns:protocol",
    "sns:endpoint",
];

/// How far the conditions of an Allow statement narrow who may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Limit {
    Limited,
    Open,
    /// This is not understood.
    Unclear(String),
}

/// Whether the policy lets in neither everybody nor CloudTrail on behalf of just any account.
///
/// A statement for everybody is limited where a condition fixes the account, organization, resource or network that asks,
/// as SNS's own default does with `aws:SourceOwner`. A statement that lets CloudTrail publish is limited where one fixes
/// `aws:SourceArn`, `aws:SourceAccount` or the organization: else anybody's trail may be made to publish. Deny statements
/// may take back what is allowed; how far is not followed, but those against plain HTTP take nothing back.
pub fn is_limited(policy: &PolicyDocument, topic_arn: &str) -> Answer {
    let mut problems = Vec::new();
    let mut gaps = Gaps::new();
    for (index, statement) in policy.statements.iter().enumerate() {
        if statement.effect != Effect::Allow || !is_on(&statement.resource, topic_arn) {
            continue;
        }
        let name = match &statement.sid {
            Some(sid) if !sid.is_empty() => format!("statement `{sid}`"),
            _ => format!("statement {}", index + 1),
        };
        let (limit, what) = if is_for_everybody(&statement.principal) {
            (limit(statement, &LIMITING), "lets everybody in")
        } else if lets_cloudtrail_publish(statement) {
            (limit(statement, &OF_SERVICES), "lets CloudTrail publish on behalf of any account")
        } else {
            continue;
        };
        match limit {
            Limit::Limited => {}
            Limit::Open => problems.push(format!("{name} {what}")),
            Limit::Unclear(why) => {
                let message = format!("{name} of the topic's policy has {why}, which this version does not understand");
                gaps.insert(Gap::new(GapKind::NotUnderstood, message));
            }
        }
    }
    if problems.is_empty() {
        return if gaps.is_empty() { Answer::yes() } else { Answer::unknown(Vec::new(), gaps) };
    }
    let problems = shorten(problems);
    let takes_back = |s: &Statement| s.effect == Effect::Deny && is_on(&s.resource, topic_arn) && !is_against_plain_http(s);
    if policy.statements.iter().any(takes_back) {
        let message = "a statement of the topic's policy denies requests, and may take back what others allow";
        gaps.insert(Gap::new(GapKind::NotUnderstood, message));
        return Answer::unknown(problems, gaps);
    }
    Answer::no(problems)
}

/// Whether a Deny statement leaves every request over TLS as it is.
fn is_against_plain_http(statement: &Statement) -> bool {
    let values = statement.condition.get("Bool").and_then(|keys| keys.get("aws:securetransport"));
    values.is_some_and(|values| !values.is_empty() && values.iter().all(|v| v.eq_ignore_ascii_case("false")))
}

fn is_on(resource: &Matches, topic_arn: &str) -> bool {
    // A policy variable may stand for anything.
    *resource == Matches::Absent
        || holds(resource, |p| matches(p, topic_arn))
        || matches!(resource, Matches::Any(patterns) if patterns.iter().any(|p| p.contains("${")))
}

fn is_for_everybody(principal: &Principal) -> bool {
    match principal {
        Principal::Everyone | Principal::Not(_) | Principal::Absent => true,
        Principal::Only(map) => map.values().flatten().any(|id| id == "*"),
    }
}

fn lets_cloudtrail_publish(statement: &Statement) -> bool {
    let Principal::Only(map) = &statement.principal else { return false };
    let publishes = |p: &str| matches(&p.to_ascii_lowercase(), "sns:publish");
    map.values().flatten().any(|id| is_cloudtrail(id))
        && (statement.action == Matches::Absent || holds(&statement.action, publishes))
}

fn limit(statement: &Statement, limiting: &[&str]) -> Limit {
    let mut limit = Limit::Open;
    for (operator, keys) in &statement.condition {
        for (key, values) in keys {
            match of_condition(operator, key, values, limiting) {
                Limit::Limited => return Limit::Limited,
                Limit::Open => {}
                unclear => limit = unclear,
            }
        }
    }
    limit
}

fn of_condition(operator: &str, key: &str, values: &[String], limiting: &[&str]) -> Limit {
    let operators: BTreeMap<&str, bool> = [
        ("StringEquals", false),
        ("StringEqualsIgnoreCase", false),
        ("StringLike", true),
        ("ArnEquals", true),
        ("ArnLike", true),
        ("IpAddress", false),
    ]
    .into();
    // What excludes values, or holds without the key, fixes nobody.
    if ["Not", "Null", "ForAllValues:"].iter().any(|part| operator.contains(part)) || OTHERWISE.contains(&key) {
        return Limit::Open;
    }
    let plain = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    if plain.ends_with("IfExists") {
        return Limit::Unclear(format!("the operator {operator}"));
    }
    let Some(has_wildcards) = operators.get(plain) else { return Limit::Unclear(format!("the operator {operator}")) };
    if !limiting.contains(&key) {
        let known_elsewhere = LIMITING.contains(&key);
        return if known_elsewhere { Limit::Open } else { Limit::Unclear(format!("a condition on {key}")) };
    }
    if values.iter().any(|v| v.contains("${")) {
        return Limit::Unclear("a policy variable".into());
    }
    let is_wide = |value: &String| match key {
        "aws:sourceip" | "aws:vpcsourceip" => !is_narrow_network(value),
        _ => *has_wildcards && is_wide(key, value),
    };
    if values.iter().any(is_wide) { Limit::Open } else { Limit::Limited }
}

/// Whether a pattern leaves open whose it is: an ARN whose account has a wildcard, a bucket's name that has one, because
/// anybody may make a bucket of that name, or the part of another value that names somebody.
fn is_wide(key: &str, pattern: &str) -> bool {
    let is_wild = |part: &str| part.contains(['*', '?']);
    match pattern.strip_prefix("arn:") {
        // A session is `ROLE_ID:NAME`, a path begins with the organization's id.
        None => is_wild(match key {
            "aws:userid" => pattern.split(':').next().unwrap_or_default(),
            "aws:sourceorgpaths" | "aws:principalorgpaths" => pattern.split('/').next().unwrap_or_default(),
            _ => pattern,
        }),
        Some(_) => {
            let mut parts = pattern.splitn(6, ':').skip(4);
            match (parts.next(), parts.next()) {
                // Buckets have no account in their ARN; their names are one of a kind.
                (Some(""), Some(resource)) => resource.split('/').next().is_none_or(is_wild),
                (Some(account), Some(_)) => is_wild(account),
                _ => true,
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::semantics::Truth;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:trail";

    fn ask(statements: Value) -> Answer {
        is_limited(&PolicyDocument::parse(&json!({ "Statement": statements }).to_string()).unwrap(), TOPIC)
    }

    fn cloudtrail(condition: Value) -> Truth {
        let answer = ask(json!([{"Sid": "CloudTrail", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "SNS:Publish", "Resource": TOPIC, "Condition": condition}]));
        answer.truth
    }

    fn everybody(condition: Value) -> Truth {
        ask(json!([{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["SNS:Subscribe"], "Resource": TOPIC, "Condition": condition}]))
            .truth
    }

    #[test]
    fn cloudtrail_is_limited_by_trail_account_or_organization() {
        assert_eq!(cloudtrail(json!({})), Truth::False);
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
        assert_eq!(cloudtrail(json!({"StringEquals": {"aws:SourceArn": arn}})), Truth::True);
        assert_eq!(cloudtrail(json!({"ArnLike": {"AWS:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*"}})), Truth::True);
        assert_eq!(cloudtrail(json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}})), Truth::False);
        assert_eq!(cloudtrail(json!({"ArnLike": {"aws:SourceArn": ["*", arn]}})), Truth::False);
        assert_eq!(cloudtrail(json!({"StringEquals": {"aws:SourceAccount": "111122223333"}})), Truth::True);
        assert_eq!(cloudtrail(json!({"StringEquals": {"aws:SourceOrgID": "o-example"}})), Truth::True);
        assert_eq!(cloudtrail(json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}})), Truth::False);
        assert_eq!(cloudtrail(json!({"Bool": {"aws:SecureTransport": "true"}})), Truth::False);
        assert_eq!(cloudtrail(json!({"StringEqualsIfExists": {"aws:SourceArn": arn}})), Truth::Unknown);
    }

    #[test]
    fn everybody_is_let_in_unless_a_condition_says_who() {
        assert_eq!(everybody(json!({})), Truth::False);
        assert_eq!(everybody(json!({"StringEquals": {"AWS:SourceOwner": "111122223333"}})), Truth::True);
        assert_eq!(everybody(json!({"StringEquals": {"aws:PrincipalOrgID": "o-example"}})), Truth::True);
        assert_eq!(everybody(json!({"StringLike": {"aws:PrincipalArn": "*"}})), Truth::False);
        assert_eq!(everybody(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})), Truth::False);
        assert_eq!(everybody(json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})), Truth::False);
        assert_eq!(everybody(json!({"IpAddress": {"aws:SourceIp": "::/1"}})), Truth::False);
        assert_eq!(everybody(json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})), Truth::True);
        assert_eq!(everybody(json!({"StringEquals": {"sns:Protocol": "https"}})), Truth::False);
        assert_eq!(everybody(json!({"StringEquals": {"aws:PrincipalTag/team": "audit"}})), Truth::Unknown);
        assert_eq!(everybody(json!({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}})), Truth::Unknown);
    }

    #[test]
    fn a_wildcard_in_what_names_somebody_limits_nobody() {
        for (key, wide, narrow) in [
            ("aws:PrincipalOrgID", "o-*", "o-example"),
            ("aws:PrincipalOrgPaths", "o-*/r-ab12/*", "o-example/*"),
            ("aws:SourceAccount", "1111*", "111122223333"),
            ("aws:SourceVpce", "vpce-*", "vpce-0123456789abcdef0"),
            ("aws:userid", "AROA*", "AROAEXAMPLEID:*"),
            ("aws:SourceArn", "arn:aws:s3:::logs-*", "arn:aws:s3:::logs/*"),
        ] {
            assert_eq!(everybody(json!({"StringLike": {key: wide}})), Truth::False, "{key} {wide}");
            assert_eq!(everybody(json!({"StringLike": {key: narrow}})), Truth::True, "{key} {narrow}");
        }
        assert_eq!(cloudtrail(json!({"StringLike": {"aws:SourceOrgID": "o-*"}})), Truth::False);
    }

    #[test]
    fn a_denial_of_plain_http_takes_nothing_back() {
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": "*"});
        let deny = |value: &str| json!({"Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": value}}});
        assert_eq!(ask(json!([open, deny("false")])).truth, Truth::False);
        assert_eq!(ask(json!([open, deny("true")])).truth, Truth::Unknown);
    }

    #[test]
    fn a_denial_may_take_back_what_is_allowed() {
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": "*"});
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}});
        assert_eq!(ask(json!([open])).truth, Truth::False);
        assert_eq!(ask(json!([open, deny])).truth, Truth::Unknown);
    }

    #[test]
    fn statements_about_others_do_not_open_the_topic() {
        let other_topic = json!({"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:111122223333:other"});
        let reader = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sns:*", "Resource": TOPIC});
        let subscribes = json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sns:GetTopicAttributes", "Resource": TOPIC});
        assert_eq!(ask(json!([other_topic, reader, subscribes])).truth, Truth::True);
        assert_eq!(ask(json!([])).truth, Truth::True);
    }
}
