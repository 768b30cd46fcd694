//! Tests of who is admitted, of strangers, and of whom CloudTrail may act for.

use super::super::{cloudtrail_key_sources, cloudtrail_sources};
use super::*;
use crate::semantics::Truth;

const OWNER: &str = "111122223333";
const BOTH: &str = r#""Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]"#;
const READ: &str = r#""Action": "s3:GetObject""#;

fn policy(statements: &[String]) -> PolicyDocument {
    PolicyDocument::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","))).unwrap()
}

fn statement(effect: &str, principal: &str, action: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(r#", "Condition": {condition}"#) };
    format!(r#"{{"Effect": "{effect}", {principal}, {action}, {BOTH}{condition}}}"#)
}

fn allow(principal: &str, condition: &str) -> String {
    statement("Allow", &format!(r#""Principal": {principal}"#), READ, condition)
}

fn deny(principal: &str, condition: &str) -> String {
    statement("Deny", &format!(r#""Principal": {principal}"#), r#""Action": "s3:*""#, condition)
}

/// Who may read; a question mark follows those of whom it is not certain.
fn readers(statements: &[String]) -> Vec<String> {
    shown(foreign_readers(Some(&policy(statements)), "aws", "logs", Some(OWNER)).unwrap())
}

fn shown(admitted: Vec<Admitted>) -> Vec<String> {
    admitted.into_iter().map(|a| format!("{}{}", a.who, if a.doubts.is_empty() { "" } else { "?" })).collect()
}

fn strangers(statements: &[String]) -> Truth {
    shuts_out_strangers(Some(&policy(statements)), "aws", "logs").truth
}

const OTHER: &str = r#"{"AWS": "arn:aws:iam::444455556666:root"}"#;
const ROLE: &str = r#"{"AWS": "arn:aws:iam::444455556666:role/siem"}"#;

#[test]
fn principals_are_listed_by_account_and_the_owner_is_not() {
    assert_eq!(readers(&[allow(OTHER, "")]), ["444455556666"]);
    assert_eq!(readers(&[allow(r#"{"AWS": "444455556666"}"#, "")]), ["444455556666"]);
    assert_eq!(readers(&[allow(ROLE, "")]), ["444455556666"]);
    assert!(readers(&[allow(r#"{"AWS": ["arn:aws:iam::111122223333:role/x", "111122223333"]}"#, "")]).is_empty());
    assert_eq!(
        readers(&[allow(r#"{"Service": ["config.amazonaws.com", "cloudtrail.amazonaws.com"]}"#, "")]),
        ["config.amazonaws.com"]
    );
    assert_eq!(readers(&[allow(r#"{"AWS": "AIDAEXAMPLE"}"#, "")]), ["AIDAEXAMPLE?"]);
    assert_eq!(readers(&[allow(r#"{"CanonicalUser": "79a5"}"#, "")]), ["79a5?"]);
    assert_eq!(readers(&[allow("\"*\"", "")]), ["everyone"]);
    assert!(readers(&[]).is_empty());
    assert!(foreign_readers(None, "aws", "logs", None).unwrap().is_empty());
}

#[test]
fn other_actions_and_resources_are_no_reading() {
    let put = statement("Allow", &format!(r#""Principal": {OTHER}"#), r#""Action": "s3:PutObject""#, "");
    assert!(readers(&[put]).is_empty());
    let elsewhere = format!(r#"{{"Effect": "Allow", "Principal": {OTHER}, {READ}, "Resource": "arn:aws:s3:::other/*"}}"#);
    assert!(readers(&[elsewhere]).is_empty());
    let on_bucket = format!(r#"{{"Effect": "Allow", "Principal": {OTHER}, "Action": "s3:*", "Resource": "arn:aws:s3:::logs"}}"#);
    assert!(readers(std::slice::from_ref(&on_bucket)).is_empty());
    let changers = |s: &[String]| shown(foreign_changers(Some(&policy(s)), "aws", "logs", Some(OWNER)).unwrap());
    assert_eq!(changers(&[on_bucket]), ["444455556666"]);
    assert!(changers(&[allow(OTHER, "")]).is_empty());
    let negated =
        format!(r#"{{"Effect": "Allow", "Principal": {OTHER}, "NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::x*"}}"#);
    assert_eq!(readers(std::slice::from_ref(&negated)), ["444455556666"]);
    assert_eq!(changers(&[negated]), ["444455556666"]);
    let variable =
        format!(r#"{{"Effect": "Allow", "Principal": {OTHER}, {READ}, "Resource": "arn:aws:s3:::logs/${{aws:username}}/*"}}"#);
    assert_eq!(readers(&[variable]), ["444455556666?"]);
}

#[test]
fn conditions_that_tell_who_narrow_everyone() {
    for (condition, expected) in [
        (r#"{"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}"#, vec!["o-abc"]),
        (r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/r-1/*"}}"#, vec!["o-abc"]),
        (r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/*"}}"#, vec!["o-abc"]),
        (r#"{"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-abc/*"}}"#, vec!["everyone"]),
        (r#"{"StringEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}}"#, vec!["444455556666"]),
        (r#"{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}"#, vec![]),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/*"}}"#, vec!["444455556666"]),
        (r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/x"}}"#, vec![]),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/siem"}}"#, vec!["everyone"]),
        (r#"{"StringLike": {"aws:PrincipalOrgID": "o-*"}}"#, vec!["everyone"]),
        (r#"{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}}"#, vec!["everyone"]),
        (r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}"#, vec!["everyone"]),
        (r#"{"Bool": {"aws:SecureTransport": "true"}}"#, vec!["everyone"]),
        (r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#, vec!["AWS services?", "everyone?"]),
        (r#"{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}"#, vec!["everyone"]),
        (r#"{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#, vec!["everyone"]),
        (r#"{"StringEquals": {"aws:username": "siem"}}"#, vec!["everyone"]),
        (r#"{"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}"#, vec!["AROAEXAMPLE:*?", "AWS services?"]),
        (r#"{"StringLike": {"aws:userid": "AROA*"}}"#, vec!["everyone"]),
        (r#"{"StringEquals": {"aws:userid": "AROAEXAMPLE:x"}}"#, vec!["AROAEXAMPLE:x?", "AWS services?"]),
        (r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#, vec!["AWS services?", "everyone?"]),
        (r#"{"StringEquals": {"aws:FutureKey": "x"}}"#, vec!["AWS services?", "everyone?"]),
        (r#"{"StringFuture": {"aws:PrincipalOrgID": "o-abc"}}"#, vec!["AWS services?", "everyone?", "o-abc?"]),
        (r#"{"StringEquals": {"aws:SourceAccount": "111122223333"}}"#, vec!["AWS services?"]),
        (r#"{"Bool": {"aws:PrincipalIsAWSService": "true"}}"#, vec!["AWS services?"]),
    ] {
        assert_eq!(readers(&[allow("\"*\"", condition)]), expected, "{condition}");
    }
}

#[test]
fn denials_take_away_what_they_surely_deny() {
    let all = [allow("\"*\"", ""), allow(OTHER, "")];
    let with = |statement: String| readers(&[all.as_slice(), &[statement]].concat());
    assert!(with(deny("\"*\"", "")).is_empty());
    assert_eq!(with(deny(OTHER, "")), ["everyone"]);
    assert_eq!(with(deny("\"*\"", r#"{"Bool": {"aws:SecureTransport": "false"}}"#)), ["444455556666", "everyone"]);
    assert_eq!(with(deny("\"*\"", r#"{"NumericLessThan": {"s3:TlsVersion": "1.2"}}"#)), ["444455556666", "everyone"]);
    let perimeter = r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}"#;
    assert_eq!(with(deny("\"*\"", perimeter)), ["444455556666?", "o-abc"]);
    let perimeter = r#"{"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}"#;
    assert!(with(deny("\"*\"", perimeter)).is_empty());
    let place = r#"{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#;
    assert_eq!(with(deny("\"*\"", place)), ["444455556666", "AWS services?", "everyone?"]);
    let other_role = r#"{"AWS": "arn:aws:iam::444455556666:role/other"}"#;
    assert_eq!(readers(&[allow(ROLE, ""), deny(other_role, "")]), ["444455556666"]);
    assert_eq!(readers(&[allow(OTHER, ""), deny(other_role, "")]), ["444455556666?"]);
    assert!(readers(&[allow(ROLE, ""), deny(OTHER, "")]).is_empty());
    assert_eq!(readers(&[allow(OTHER, ""), deny("\"*\"", r#"{"StringEquals": {"aws:FutureKey": "x"}}"#)]), ["444455556666?"]);
    let excepted = statement("Deny", r#""NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}"#, r#""Action": "s3:*""#, "");
    assert!(readers(&[allow(OTHER, ""), excepted]).is_empty());
    let excepted = statement("Deny", &format!(r#""NotPrincipal": {ROLE}"#), r#""Action": "s3:*""#, "");
    assert_eq!(readers(&[allow(ROLE, ""), excepted]), ["444455556666?"]);
}

#[test]
fn denials_that_leave_something_leave_it_open() {
    let part = format!(r#"{{"Effect": "Deny", "Principal": "*", {READ}, "Resource": "arn:aws:s3:::logs/AWSLogs/*"}}"#);
    assert_eq!(readers(&[allow(OTHER, ""), part]), ["444455556666"]);
    let versions = statement("Deny", r#""Principal": "*""#, r#""Action": "s3:GetObjectVersion""#, "");
    assert_eq!(readers(&[allow(OTHER, ""), versions]), ["444455556666"]);
    let halves = [
        deny("\"*\"", r#"{"StringEquals": {"s3:x-amz-acl": "private"}}"#),
        deny("\"*\"", r#"{"StringNotEquals": {"s3:x-amz-acl": "private"}}"#),
    ];
    assert_eq!(readers(&[allow(OTHER, ""), halves[0].clone()]), ["444455556666"]);
    assert_eq!(readers(&[[allow(OTHER, "")].as_slice(), &halves].concat()), ["444455556666?"]);
}

#[test]
fn strangers_are_those_whom_nothing_names() {
    assert_eq!(strangers(&[]), Truth::True);
    assert_eq!(shuts_out_strangers(None, "aws", "logs").truth, Truth::True);
    assert_eq!(strangers(&[allow(OTHER, "")]), Truth::True);
    assert_eq!(strangers(&[allow("\"*\"", "")]), Truth::False);
    for (condition, expected) in [
        (r#"{"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}"#, Truth::True),
        (r#"{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}}"#, Truth::False),
        (r#"{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/48"]}}"#, Truth::True),
        (r#"{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}"#, Truth::False),
        (r#"{"StringLike": {"aws:SourceVpce": "vpce-*"}}"#, Truth::False),
        (r#"{"ForAllValues:StringEquals": {"aws:SourceVpce": "vpce-1"}}"#, Truth::False),
        (r#"{"StringLike": {"aws:PrincipalArn": "*"}}"#, Truth::False),
        (r#"{"StringEquals": {"aws:SourceAccount": "111122223333"}}"#, Truth::True),
        (r#"{"StringLike": {"aws:Referer": "https://example.com/*"}}"#, Truth::False),
        (r#"{"StringEquals": {"aws:FutureKey": "x"}}"#, Truth::Unknown),
        (r#"{"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}"#, Truth::Unknown),
        (r#"{"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}"#, Truth::Unknown),
    ] {
        assert_eq!(strangers(&[allow("\"*\"", condition)]), expected, "{condition}");
    }
    let except = statement("Allow", r#""NotPrincipal": {"AWS": "444455556666"}"#, READ, "");
    assert_eq!(strangers(&[except]), Truth::False);
    let perimeter = deny("\"*\"", r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}"#);
    assert_eq!(strangers(&[allow("\"*\"", ""), perimeter]), Truth::True);
    let exempt = deny(
        "\"*\"",
        r#"{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}"#,
    );
    assert_eq!(strangers(&[allow("\"*\"", ""), exempt]), Truth::True);
}

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";

fn on_key(principal: &str, action: &str, condition: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "{action}", "Resource": "*", "Condition": {condition}}}"#)
}

#[test]
fn key_policies_speak_of_the_caller() {
    let strangers = |s: &[String]| key_shuts_out_strangers(&policy(s), KEY).truth;
    let via = r#"{"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": "111122223333"}}"#;
    assert_eq!(strangers(&[on_key(r#"{"AWS": "*"}"#, "kms:Decrypt", via)]), Truth::True);
    let via = r#"{"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}"#;
    assert_eq!(strangers(&[on_key(r#"{"AWS": "*"}"#, "kms:Decrypt", via)]), Truth::False);
    let decrypters = |s: &[String]| shown(foreign_decrypters(&policy(s), KEY, Some(OWNER)).unwrap());
    assert_eq!(decrypters(&[on_key(OTHER, "kms:*", "{}")]), ["444455556666"]);
    assert_eq!(decrypters(&[on_key(OTHER, "kms:Create*", "{}")]), ["444455556666"]);
    assert!(decrypters(&[on_key(OTHER, "kms:GenerateDataKey*", "{}")]).is_empty());
    assert!(decrypters(&[on_key(r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, "kms:*", "{}")]).is_empty());
    for (service, expected) in [
        ("cloudtrail.amazonaws.com", vec![]),
        ("logs.eu-west-1.amazonaws.com", vec![]),
        ("logs.cn-north-1.amazonaws.com.cn", vec![]),
        ("delivery.logs.amazonaws.com", vec!["delivery.logs.amazonaws.com"]),
        ("logs.evil.example.amazonaws.com", vec!["logs.evil.example.amazonaws.com"]),
        ("athena.amazonaws.com", vec!["athena.amazonaws.com"]),
    ] {
        assert_eq!(decrypters(&[on_key(&format!(r#"{{"Service": "{service}"}}"#), "kms:Decrypt*", "{}")]), expected);
    }
}

fn cloudtrail(condition: &str) -> String {
    statement(
        "Allow",
        r#""Principal": {"Service": "cloudtrail.amazonaws.com"}"#,
        r#""Action": ["s3:PutObject", "s3:GetBucketAcl"]"#,
        condition,
    )
}

fn sources(statements: &[String]) -> Vec<String> {
    shown(cloudtrail_sources(Some(&policy(statements)), "aws", "logs").unwrap())
}

#[test]
fn trust_in_cloudtrail_is_limited_by_whose_trail_it_is() {
    for (condition, expected) in [
        ("", vec!["every account"]),
        (r#"{"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}"#, vec!["every account"]),
        (r#"{"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"}}"#, vec!["111122223333"]),
        (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*"}}"#, vec!["111122223333"]),
        (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}}"#, vec!["every account"]),
        (r#"{"StringLike": {"aws:SourceArn": "*"}}"#, vec!["every account"]),
        (r#"{"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}}"#, vec![]),
        (r#"{"StringEquals": {"aws:SourceAccount": ["111122223333", "444455556666"]}}"#, vec!["111122223333", "444455556666"]),
        (r#"{"StringEquals": {"aws:SourceOrgID": "o-abc"}}"#, vec!["o-abc"]),
        (r#"{"StringLike": {"aws:SourceOrgID": "o-*"}}"#, vec!["every account"]),
        (r#"{"StringNotEquals": {"aws:SourceAccount": "444455556666"}}"#, vec!["every account"]),
        (r#"{"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}"#, vec!["every account?"]),
        (r#"{"ForAllValues:StringEquals": {"aws:SourceAccount": "111122223333"}}"#, vec!["every account?"]),
        (r#"{"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}}"#, vec!["every account?"]),
        (r#"{"StringEquals": {"aws:FutureKey": "x"}}"#, vec!["every account?"]),
        (
            r#"{"StringLike": {"aws:SourceArn": "*"}, "StringEquals": {"aws:SourceAccount": "111122223333"}}"#,
            vec!["111122223333"],
        ),
    ] {
        assert_eq!(sources(&[cloudtrail(condition)]), expected, "{condition}");
    }
    let other = statement("Allow", r#""Principal": {"Service": "config.amazonaws.com"}"#, r#""Action": "s3:PutObject""#, "");
    assert!(sources(&[other]).is_empty());
    let everyone = statement("Allow", r#""Principal": "*""#, r#""Action": "s3:*""#, "");
    assert_eq!(sources(&[everyone]), ["every account"]);
}

#[test]
fn a_denial_of_other_sources_limits_as_well() {
    let open = cloudtrail("");
    let service = r#"{"Service": "cloudtrail.amazonaws.com"}"#;
    let others = deny(service, r#"{"StringNotEquals": {"aws:SourceAccount": "111122223333"}}"#);
    assert_eq!(sources(&[open.clone(), others]), ["111122223333"]);
    assert!(sources(&[open.clone(), deny(service, "")]).is_empty());
    let unclear = deny(service, r#"{"StringNotEquals": {"aws:SourceAccount": "111122223333", "aws:FutureKey": "x"}}"#);
    assert_eq!(sources(&[open.clone(), unclear]), ["every account?"]);
    let tls = deny("\"*\"", r#"{"Bool": {"aws:SecureTransport": "false"}}"#);
    assert_eq!(sources(&[open.clone(), tls]), ["every account"]);
    let perimeter =
        deny("\"*\"", r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}"#);
    assert_eq!(sources(&[open, perimeter]), ["every account"]);
}

#[test]
fn a_key_may_be_limited_by_its_encryption_context() {
    let trust = |condition| {
        let statements = [on_key(r#"{"Service": "cloudtrail.amazonaws.com"}"#, "kms:GenerateDataKey*", condition)];
        shown(cloudtrail_key_sources(&policy(&statements), KEY).unwrap())
    };
    assert_eq!(trust("{}"), ["every account"]);
    let context = r#"{"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*"}}"#;
    assert_eq!(trust(context), ["111122223333"]);
    let open = r#"{"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:*:trail/*"}}"#;
    assert_eq!(trust(open), ["every account"]);
}

#[test]
fn hostile_policies_are_answered_or_given_up_in_time() {
    let began = std::time::Instant::now();
    let many: Vec<String> = (0..400)
        .map(|i| {
            let ids: Vec<String> = (0..50).map(|j| format!("\"{:012}\"", i * 50 + j)).collect();
            let wild = format!("arn:aws:s3:::logs/*{}*", "ab?".repeat(i % 9));
            format!(
                r#"{{"Effect": "{}", "Principal": {{"AWS": [{}]}}, "Action": "s3:*", "Resource": "{wild}"}}"#,
                if i % 3 == 0 { "Deny" } else { "Allow" },
                ids.join(",")
            )
        })
        .collect();
    let document = policy(&many);
    let _ = foreign_readers(Some(&document), "aws", "logs", None);
    let _ = foreign_changers(Some(&document), "aws", "logs", None);
    let _ = shuts_out_strangers(Some(&document), "aws", "logs");
    let _ = cloudtrail_sources(Some(&document), "aws", "logs");
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
