//! Tests of `access`.

use proptest::prelude::*;

use super::*;
use crate::semantics::Truth;

fn policy(statements: &str) -> PolicyDocument {
    PolicyDocument::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)).unwrap()
}

/// A Deny statement for `arn:aws:s3:::logs`: what follows the effect, in JSON.
fn deny(rest: &str) -> String {
    format!(r#"{{"Sid": "Tls", "Effect": "Deny", {rest}}}"#)
}

const EVERYONE: &str = r#""Principal": "*""#;
const ALL: &str = r#""Action": "s3:*""#;
const BOTH: &str = r#""Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]"#;
const PLAIN: &str = r#""Condition": {"Bool": {"aws:SecureTransport": "false"}}"#;

fn ask(statements: &[String]) -> Answer {
    denies_insecure_transport(Some(&policy(&statements.join(","))), "aws", "logs")
}

fn ask_one(parts: [&str; 4]) -> Answer {
    ask(&[deny(&parts.join(", "))])
}

fn said(answer: Answer) -> Vec<String> {
    assert_eq!(answer.truth, Truth::False, "{answer:?}");
    assert!(answer.gaps.is_empty());
    answer.counterexamples
}

fn open(answer: &Answer) {
    assert_eq!(answer.truth, Truth::Unknown, "{answer:?}");
    assert!(!answer.gaps.is_empty() && answer.gaps.iter().all(|g| g.kind == GapKind::NotUnderstood));
}

#[test]
fn no_policy_denies_nothing() {
    assert_eq!(said(denies_insecure_transport(None, "aws", "logs")), ["there is no bucket policy"]);
    assert_eq!(said(ask(&[])), ["no statement denies requests over plain HTTP"]);
}

#[test]
fn every_way_to_write_the_whole_denial_is_accepted() {
    assert_eq!(ask_one([EVERYONE, ALL, BOTH, PLAIN]), Answer::yes());
    for principal in [r#""Principal": {"AWS": "*"}"#, r#""Principal": {"AWS": ["*"]}"#] {
        assert_eq!(ask_one([principal, ALL, BOTH, PLAIN]), Answer::yes());
    }
    for action in [r#""Action": "*""#, r#""Action": ["S3:*"]"#, r#""NotAction": "iam:*""#, r#""Action": ["s3:Get*", "s3:*"]"#] {
        assert_eq!(ask_one([EVERYONE, action, BOTH, PLAIN]), Answer::yes());
    }
    for resource in [
        r#""Resource": "*""#,
        r#""Resource": "arn:aws:s3:::logs*""#,
        r#""Resource": "arn:*:s3:::l?gs*""#,
        r#""NotResource": "arn:aws:s3:::other/*""#,
    ] {
        assert_eq!(ask_one([EVERYONE, ALL, resource, PLAIN]), Answer::yes());
    }
    for condition in [
        r#""Condition": {"Bool": {"aws:SecureTransport": false}}"#,
        r#""Condition": {"Bool": {"AWS:securetransport": ["False"]}}"#,
        r#""Condition": {"BoolIfExists": {"aws:SecureTransport": ["true", "false"]}}"#,
        r#""Condition": {"Null": {"aws:SecureTransport": "false"}}"#,
        r#""Condition": {}"#,
    ] {
        assert_eq!(ask_one([EVERYONE, ALL, BOTH, condition]), Answer::yes(), "{condition}");
    }
}

#[test]
fn statements_count_together() {
    let bucket = r#""Resource": "arn:aws:s3:::logs""#;
    let objects = r#""Resource": "arn:aws:s3:::logs/*""#;
    let on = |action: &str, resource: &str| deny(&[EVERYONE, action, resource, PLAIN].join(", "));
    assert_eq!(ask(&[on(ALL, bucket), on(ALL, objects)]), Answer::yes());
    assert_eq!(
        ask(&[
            on(r#""Action": "s3:Get*""#, BOTH),
            on(r#""NotAction": ["s3:Get*", "s3:PutObject"]"#, BOTH),
            on(r#""Action": "s3:put*""#, objects)
        ]),
        Answer::yes()
    );
    let halves =
        [on(ALL, bucket), on(ALL, r#""Resource": "arn:aws:s3:::logs/a*""#), on(ALL, r#""NotResource": "arn:aws:s3:::logs/a*""#)];
    assert_eq!(ask(&halves), Answer::yes());
    assert_eq!(said(ask(&halves[..2])), ["requests on objects such as arn:aws:s3:::logs/x over plain HTTP are not denied"]);
}

#[test]
fn a_denial_of_some_actions_names_one_that_is_left() {
    let answer = said(ask_one([EVERYONE, r#""Action": "s3:PutObject""#, BOTH, PLAIN]));
    assert_eq!(answer[0], "requests on the bucket over plain HTTP are not denied");
    assert_eq!(answer[1], "s3:GetObject on objects over plain HTTP is not denied");
    assert_eq!(answer.len(), 6);
    let answer = said(ask_one([EVERYONE, r#""Action": ["s3:Get*", "s3:List*"]"#, BOTH, PLAIN]));
    assert_eq!(answer[0], "s3:PutBucketPolicy on the bucket over plain HTTP is not denied");
    assert_eq!(
        said(ask_one([EVERYONE, r#""NotAction": "s3:DeleteObject""#, BOTH, PLAIN])),
        ["s3:DeleteObject on objects over plain HTTP is not denied"]
    );
}

#[test]
fn naming_every_known_action_is_not_known_to_be_every_action() {
    let actions: Vec<String> = ON_BUCKET.iter().chain(&ON_OBJECTS).map(|a| format!("\"{a}\"")).collect();
    open(&ask_one([EVERYONE, &format!(r#""Action": [{}]"#, actions.join(",")), BOTH, PLAIN]));
    open(&ask_one([EVERYONE, r#""NotAction": "s3:SomethingNew""#, BOTH, PLAIN]));
}

#[test]
fn an_action_that_is_never_asked_of_the_bucket_need_not_be_denied_on_it() {
    let on = |action: &str, resource: &str| deny(&[EVERYONE, action, resource, PLAIN].join(", "));
    let exact = [
        on(r#""NotAction": "s3:GetObject""#, r#""Resource": "arn:aws:s3:::logs""#),
        on(ALL, r#""Resource": "arn:aws:s3:::logs/*""#),
    ];
    assert_eq!(ask(&exact), Answer::yes());
    let family = [
        on(r#""NotAction": "s3:GetObject*""#, r#""Resource": "arn:aws:s3:::logs""#),
        on(ALL, r#""Resource": "arn:aws:s3:::logs/*""#),
    ];
    open(&ask(&family));
}

#[test]
fn other_resources_do_not_count() {
    assert_eq!(
        said(ask_one([EVERYONE, ALL, r#""Resource": "arn:aws:s3:::logs/*""#, PLAIN])),
        ["requests on the bucket over plain HTTP are not denied"]
    );
    assert_eq!(
        said(ask_one([EVERYONE, ALL, r#""Resource": "arn:aws:s3:::logs""#, PLAIN])),
        ["requests on objects over plain HTTP are not denied"]
    );
    let both = ["requests on the bucket over plain HTTP are not denied", "requests on objects over plain HTTP are not denied"];
    assert_eq!(said(ask_one([EVERYONE, ALL, r#""Resource": ["arn:aws:s3:::other", "arn:aws:s3:::other/*"]"#, PLAIN])), both);
    let govcloud = policy(&deny(&[EVERYONE, ALL, BOTH, PLAIN].join(", ")));
    assert_eq!(said(denies_insecure_transport(Some(&govcloud), "aws-us-gov", "logs")), both);
}

#[test]
fn principals_that_are_exempt_or_named_leave_others() {
    let answer = said(ask_one([r#""Principal": {"AWS": "111122223333"}"#, ALL, BOTH, PLAIN]));
    assert_eq!(answer[0], "statement `Tls` denies plain HTTP only for 111122223333");
    let answer = said(ask_one([r#""NotPrincipal": {"AWS": "111122223333"}"#, ALL, BOTH, PLAIN]));
    assert_eq!(answer[0], "statement `Tls` denies plain HTTP only for principals other than 111122223333");
    let on = |principal: &str| deny(&[principal, ALL, BOTH, PLAIN].join(", "));
    let two = ask(&[on(r#""Principal": {"AWS": "111122223333"}"#), on(r#""Principal": {"AWS": "444455556666"}"#)]);
    assert_eq!(two.truth, Truth::False);
    open(&ask(&[on(r#""Principal": {"AWS": "111122223333"}"#), on(r#""NotPrincipal": {"AWS": "111122223333"}"#)]));
}

#[test]
fn a_further_condition_narrows() {
    let narrow = r#""Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}"#;
    let answer = said(ask_one([EVERYONE, ALL, BOTH, narrow]));
    assert_eq!(answer[0], "statement `Tls` denies plain HTTP only where StringNotEquals aws:principalorgid is o-1");
    let both_keys = r#""Condition": {"Bool": {"aws:SecureTransport": "false", "aws:PrincipalIsAWSService": "false"}}"#;
    assert_eq!(ask_one([EVERYONE, ALL, BOTH, both_keys]).truth, Truth::False);
    let idle = r#""Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringLikeIfExists": {"aws:PrincipalArn": "*"}}"#;
    assert_eq!(ask_one([EVERYONE, ALL, BOTH, idle]), Answer::yes());
    let other = r#""Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#;
    let on = |condition: &str| deny(&[EVERYONE, ALL, BOTH, condition].join(", "));
    open(&ask(&[on(narrow), on(other)]));
    assert_eq!(ask(&[on(narrow), on(other), on(PLAIN)]), Answer::yes());
}

#[test]
fn a_least_tls_version_does_not_stop_plain_http() {
    let tls = r#""Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}"#;
    assert_eq!(said(ask_one([EVERYONE, ALL, BOTH, tls])), ["no statement denies requests over plain HTTP"]);
    let on = |condition: &str| deny(&[EVERYONE, ALL, BOTH, condition].join(", "));
    assert_eq!(ask(&[on(tls), on(PLAIN)]), Answer::yes());
    open(&ask(&[on(r#""Condition": {"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}}"#)]));
    let and = r#""Condition": {"Bool": {"aws:SecureTransport": "false"}, "NumericLessThan": {"s3:TlsVersion": "1.2"}}"#;
    assert_eq!(ask_one([EVERYONE, ALL, BOTH, and]).truth, Truth::False);
}

#[test]
fn denying_tls_or_allowing_only_tls_is_not_enough() {
    assert_eq!(ask_one([EVERYONE, ALL, BOTH, r#""Condition": {"Bool": {"aws:SecureTransport": "true"}}"#]).truth, Truth::False);
    let allow = format!(
        r#"{{"Effect": "Allow", {EVERYONE}, {ALL}, {BOTH}, "Condition": {{"Bool": {{"aws:SecureTransport": "true"}}}}}}"#
    );
    assert_eq!(said(ask(&[allow])), ["no statement denies requests over plain HTTP"]);
}

#[test]
fn what_is_not_understood_is_open_only_where_it_decides() {
    for condition in [
        r#""Condition": {"ForAnyValue:Bool": {"aws:SecureTransport": "false"}}"#,
        r#""Condition": {"StringEquals": {"aws:SecureTransport": "false"}}"#,
        r#""Condition": {"Sometimes": {"aws:SecureTransport": "false"}}"#,
        r#""Condition": {"Bool": {"aws:SecureTransport": "false"}, "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}"#,
    ] {
        open(&ask_one([EVERYONE, ALL, BOTH, condition]));
        assert_eq!(ask_one([EVERYONE, r#""Action": "s3:PutObject""#, BOTH, condition]).truth, Truth::False);
        let other = deny(&[EVERYONE, ALL, BOTH, PLAIN].join(", "));
        assert_eq!(ask(&[deny(&[EVERYONE, ALL, BOTH, condition].join(", ")), other]), Answer::yes());
    }
    open(&ask_one([EVERYONE, ALL, r#""Resource": ["arn:aws:s3:::${aws:PrincipalTag/x}", "arn:aws:s3:::logs/*"]"#, PLAIN]));
    open(&ask_one([EVERYONE, ALL, r#""Resource": "arn:aws:s3""#, PLAIN]));
}

#[test]
fn other_denials_are_not_spoken_of() {
    let kms = r#""Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}"#;
    assert_eq!(
        said(ask_one([EVERYONE, r#""Action": "s3:PutObject""#, BOTH, kms])),
        ["no statement denies requests over plain HTTP"]
    );
}

fn allow(principal: &str, action: &str, resource: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Principal": {principal}, {action}, {resource}}}"#)
}

fn writers(statements: &[String]) -> Vec<String> {
    writers_of(statements, Some("111122223333")).into_iter().map(|w| w.who).collect()
}

fn writers_of(statements: &[String], owner: Option<&str>) -> Vec<Admitted> {
    foreign_writers(Some(&policy(&statements.join(","))), "aws", "logs", owner).unwrap()
}

const PUT: &str = r#""Action": "s3:PutObject""#;
const OBJECTS: &str = r#""Resource": "arn:aws:s3:::logs/AWSLogs/*""#;

#[test]
fn cloudtrail_and_the_owner_are_not_foreign() {
    for service in [
        "cloudtrail.amazonaws.com",
        "cloudtrail.eu-west-1.amazonaws.com",
        "cloudtrail.amazonaws.com.cn",
        "cloudtrail.cn-north-1.amazonaws.com.cn",
    ] {
        assert!(writers(&[allow(&format!(r#"{{"Service": "{service}"}}"#), PUT, OBJECTS)]).is_empty(), "{service}");
    }
    let owner = allow(r#"{"AWS": ["111122223333", "arn:aws:iam::111122223333:role/x"]}"#, PUT, OBJECTS);
    assert!(writers(std::slice::from_ref(&owner)).is_empty());
    assert_eq!(writers_of(&[owner], None)[0].who, "111122223333");
    assert!(foreign_writers(None, "aws", "logs", None).unwrap().is_empty());
}

#[test]
fn everybody_else_is_listed_once() {
    let found = writers(&[
        allow(r#"{"Service": ["delivery.logs.amazonaws.com", "cloudtrail.amazonaws.com"]}"#, PUT, OBJECTS),
        allow(
            r#"{"AWS": ["arn:aws:iam::444455556666:root", "444455556666", "AIDAEXAMPLE"]}"#,
            r#""Action": "s3:Put*""#,
            r#""Resource": "*""#,
        ),
        allow(r#"{"Service": "evil-cloudtrail.amazonaws.com"}"#, r#""Action": "S3:putobject""#, OBJECTS),
        allow(r#"{"Service": "cloudtrail.evil.example.amazonaws.com"}"#, PUT, OBJECTS),
        allow(r#"{"AWS": "777788889999"}"#, r#""NotAction": "s3:GetObject""#, r#""NotResource": "arn:aws:s3:::logs/x*""#),
    ]);
    assert_eq!(
        found,
        [
            "444455556666",
            "777788889999",
            "AIDAEXAMPLE",
            "cloudtrail.evil.example.amazonaws.com",
            "delivery.logs.amazonaws.com",
            "evil-cloudtrail.amazonaws.com"
        ]
    );
    assert_eq!(writers(&[allow(r#""*""#, r#""Action": "*""#, r#""Resource": "arn:aws:s3:::lo*""#)]), ["everyone"]);
    let not = format!(r#"{{"Effect": "Allow", "NotPrincipal": {{"AWS": "111122223333"}}, {PUT}, {OBJECTS}}}"#);
    assert_eq!(writers(&[not]), ["everyone"]);
}

#[test]
fn who_may_not_write_objects_is_not_listed() {
    let other = r#"{"AWS": "444455556666"}"#;
    for (action, resource) in [
        (r#""Action": "s3:GetObject""#, OBJECTS),
        (r#""Action": "s3:PutObjectAcl""#, OBJECTS),
        (r#""NotAction": ["s3:Put*", "s3:Replicate*"]"#, OBJECTS),
        (PUT, r#""Resource": "arn:aws:s3:::logs""#),
        (PUT, r#""Resource": "arn:aws:s3:::logs2/*""#),
        (PUT, r#""Resource": "arn:aws-cn:s3:::logs/*""#),
        (PUT, r#""NotResource": "arn:aws:s3:::*""#),
    ] {
        assert!(writers(&[allow(other, action, resource)]).is_empty(), "{action} {resource}");
    }
    let deny = format!(r#"{{"Effect": "Deny", "Principal": {other}, {PUT}, {OBJECTS}}}"#);
    assert!(writers(std::slice::from_ref(&deny)).is_empty());
    assert_eq!(writers(&[deny, allow(other, PUT, r#""Resource": "arn:aws:s3:::${aws:PrincipalTag/b}/*""#)]), ["444455556666"]);
}

fn any_denial() -> impl Strategy<Value = Statement> {
    let some = |values: &'static [&'static str]| {
        (prop::sample::subsequence(values, 1..=2), any::<bool>()).prop_map(|(values, wanted)| {
            let values = values.into_iter().map(str::to_string).collect();
            if wanted { Matches::Any(values) } else { Matches::AnyExcept(values) }
        })
    };
    let action = some(&["s3:*", "s3:Get*", "s3:P*", "s3:GetObject", "s3:*Bucket*", "iam:*"]);
    let resource = some(&[
        "*",
        "arn:aws:s3:::logs",
        "arn:aws:s3:::logs/*",
        "arn:aws:s3:::logs/a*",
        "arn:aws:s3:::logs/?",
        "arn:aws:s3:::other/*",
    ]);
    let condition = prop::sample::select(vec![
        (Some("Bool"), "aws:securetransport", "false"),
        (Some("Bool"), "aws:securetransport", "false"),
        (None, "", ""),
        (Some("Bool"), "aws:securetransport", "true"),
        (Some("StringEquals"), "aws:principalorgid", "o-1"),
        (Some("Strange"), "aws:securetransport", "false"),
    ]);
    (action, resource, condition).prop_map(|(action, resource, (operator, key, value))| Statement {
        sid: None,
        effect: Effect::Deny,
        principal: Principal::Everyone,
        action,
        resource,
        condition: operator.into_iter().map(|o| (o.to_string(), [(key.to_string(), vec![value.to_string()])].into())).collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_whole_denial_agrees_with_single_requests(statements in prop::collection::vec(any_denial(), 0..5)) {
        let objects = ["a", "b", "ab", "bb"].map(|key| format!("arn:aws:s3:::logs/{key}"));
        let requests: Vec<(&str, &str)> = ON_BUCKET.iter().map(|a| (*a, "arn:aws:s3:::logs"))
            .chain(objects.iter().flat_map(|o| ON_OBJECTS.iter().map(move |a| (*a, o.as_str()))))
            .chain([("s3:SomethingNew", "arn:aws:s3:::logs"), ("s3:SomethingNew", objects[1].as_str())])
            .collect();
        let stopped = |strange: bool, (action, resource): &(&str, &str)| statements.iter().any(|s| {
            let holds = s.condition.iter().all(|(operator, keys)| keys.iter().all(|(key, values)| {
                key == "aws:securetransport" && values[0] == "false" && (strange || operator == "Bool")
            }));
            holds && super::holds(&s.action, |p| matches(&p.to_lowercase(), &action.to_lowercase()))
                && super::holds(&s.resource, |p| matches(p, resource))
        });
        let answer = denies_insecure_transport(Some(&PolicyDocument { statements: statements.clone() }), "aws", "logs");
        match answer.truth {
            Truth::True => prop_assert!(requests.iter().all(|r| stopped(false, r))),
            Truth::False => prop_assert!(requests.iter().any(|r| !stopped(true, r)), "{:?}", answer),
            Truth::Unknown => prop_assert!(!answer.gaps.is_empty()),
        }
        // What is wholly denied by statements that are understood is not left open.
        let covers = |s: &Statement| s.condition.keys().all(|o| o == "Bool") && s.condition.values().flat_map(|k| k.values()).all(|v| v[0] == "false");
        let plain = statements.iter().any(|s| covers(s) && s.action == Matches::Any(vec!["s3:*".into()]) && s.resource == Matches::Any(vec!["*".into()]));
        prop_assert!(!plain || answer.truth == Truth::True);
    }
}
