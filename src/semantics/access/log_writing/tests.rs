//! Tests of who may assume a role and what it may write, beside the definition.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::semantics::Truth;

const GROUP: &str = "arn:aws:logs:us-east-2:111122223333:log-group:trail";
const ROLE: &str = "arn:aws:iam::111122223333:role/to-logs";
const STREAMS: LogStreams<'_> = LogStreams { log_group: GROUP, account: "111122223333", region: "us-east-2", organization: None };

fn document(statements: Value) -> PolicyDocument {
    PolicyDocument::parse(&json!({ "Statement": statements }).to_string()).unwrap()
}

fn ask(statements: Value, of: &LogStreams<'_>) -> Answer {
    allow_writing(ROLE, &[("one", Ok(&document(statements)))], &Gaps::new(), None, of)
}

#[test]
fn the_policies_of_the_documentation_do() {
    let stream = |name: &str| format!("{GROUP}:log-stream:{name}");
    let own = stream("111122223333_CloudTrail_us-east-2*");
    let each = |actions: &[&str], resources: &[&str]| -> Value {
        actions.iter().map(|action| json!({"Effect": "Allow", "Action": [action], "Resource": resources})).collect()
    };
    assert_eq!(ask(each(&WRITES, &[&own]), &STREAMS), Answer::yes());
    let of_organization = LogStreams { organization: Some("o-exampleorgid"), ..STREAMS };
    let both = [own.as_str(), &stream("o-exampleorgid_*")];
    assert_eq!(ask(each(&WRITES, &both), &of_organization), Answer::yes());
    let answer = ask(each(&WRITES, &[&own]), &of_organization);
    assert_eq!(answer.truth, Truth::False);
    assert!(answer.counterexamples[0].contains("logs:CreateLogStream on log stream o-exampleorgid_"), "{answer:?}");
    // Streams of each member by name are not those of the next one.
    let named = [stream("o-exampleorgid_111122223333_CloudTrail_us-east-2*"), stream("o-exampleorgid_444455556666_*")];
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    assert_eq!(ask(each(&WRITES, &named), &of_organization).truth, Truth::False);
    let trust = json!([{"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}]);
    assert_eq!(lets_cloudtrail_assume(&document(trust)), Answer::yes());
}

#[test]
fn trust_is_weighed() {
    let of = |effect: &str, principal: Value, action: &str| json!({"Effect": effect, "Principal": principal, "Action": action});
    let (allow, assume) = ("Allow", "sts:AssumeRole");
    let cloudtrail = json!({"Service": "cloudtrail.amazonaws.com"});
    for (statements, truth) in [
        (json!([]), Truth::False),
        (json!([of(allow, json!({"AWS": "arn:aws:iam::111122223333:root"}), assume)]), Truth::False),
        (json!([of(allow, json!({"Service": "cloudwatch.amazonaws.com"}), assume)]), Truth::False),
        (json!([of(allow, cloudtrail.clone(), "STS:Assume*")]), Truth::True),
        (json!([of(allow, cloudtrail.clone(), "sts:AssumeRoleWithSAML")]), Truth::False),
        (json!([of(allow, json!({"Service": "cloudtrail.us-east-2.amazonaws.com"}), assume)]), Truth::Unknown),
        (json!([of(allow, cloudtrail.clone(), assume), of("Deny", json!("*"), "sts:*")]), Truth::False),
        (
            json!([of(allow, cloudtrail.clone(), assume), of("Deny", json!({"Service": "ec2.amazonaws.com"}), assume)]),
            Truth::True,
        ),
        (
            json!([{"Effect": "Allow", "Principal": cloudtrail, "Action": assume, "Condition": {"StringLike": {"aws:SourceAccount": "*"}}}]),
            Truth::Unknown,
        ),
    ] {
        assert_eq!(lets_cloudtrail_assume(&document(statements.clone())).truth, truth, "{statements}");
    }
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    let effects = prop::sample::select(vec!["Allow", "Allow", "Allow", "Deny"]);
    let actions = prop::sample::select(vec!["logs:*", "logs:PutLogEvents", "logs:CreateLogStream", "LOGS:?ut*", "s3:*"]);
    let names = [
        "*",
        "111122223333_CloudTrail_us-east-2*",
        "111122223333_CloudTrail_us-east-2",
        "*_CloudTrail_us-east-2_*",
        "1*_2",
        "*east-1*",
    ];
    let resources = prop::sample::select(names.iter().map(|name| format!("{GROUP}:log-stream:{name}")).collect::<Vec<_>>());
    let (not_action, not_resource) = (prop::bool::weighted(0.15), prop::bool::weighted(0.15));
    let one = (effects, actions, resources, not_action, not_resource).prop_map(
        |(effect, action, resource, not_action, not_resource)| {
            let mut statement = json!({"Effect": effect});
            statement[if not_action { "NotAction" } else { "Action" }] = json!(action);
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resource);
            statement
        },
    );
    prop::collection::vec(one, 0..5)
}

/// Whether the request is allowed, as IAM's documentation puts it.
fn by_definition(document: &PolicyDocument, action: &str, resource: &str) -> bool {
    let about = |statement: &&Statement| {
        holds(&statement.action, |p| matches(&p.to_ascii_lowercase(), &action.to_ascii_lowercase()))
            && holds(&statement.resource, |p| matches(p, resource))
    };
    let mut of = document.statements.iter().filter(about).peekable();
    of.peek().is_some() && of.all(|statement| statement.effect == Effect::Allow)
}

proptest! {
    #[test]
    fn every_stream_is_allowed_or_one_is_shown_that_is_not(statements in statements(), boundary in prop::option::of(statements())) {
        let document = document(statements.into());
        let boundary = boundary.map(|statements| self::document(statements.into()));
        let may = |action: &str, stream: &str| {
            let resource = format!("{GROUP}:log-stream:{stream}");
            by_definition(&document, action, &resource) && boundary.as_ref().is_none_or(|b| by_definition(b, action, &resource))
        };
        let answer = allow_writing(ROLE, &[("one", Ok(&document))], &Gaps::new(), boundary.as_ref(), &STREAMS);
        if answer.truth == Truth::True {
            for action in WRITES {
                for more in ["", "_2", "_3", "_x_2"] {
                    let stream = format!("111122223333_CloudTrail_us-east-2{more}");
                    prop_assert!(may(action, &stream), "{} on {}", action, stream);
                }
            }
        } else {
            prop_assert_eq!(answer.truth, Truth::False);
            let (action, stream) = answer.counterexamples[0].split_once(" on log stream ").unwrap();
            let stream = stream.split(',').next().unwrap();
            prop_assert!(!may(action, stream), "{} on {}", action, stream);
        }
        // What was not read may turn it either way, but for what is denied.
        let unread = Gaps::from([Gap::new(GapKind::Denied, "not allowed")]);
        let less = allow_writing(ROLE, &[("one", Ok(&document)), ("other", Err(unread))], &Gaps::new(), boundary.as_ref(), &STREAMS);
        prop_assert_ne!(less.truth, Truth::True);
    }
}
