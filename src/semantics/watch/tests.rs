//! Coverage, held against brute force and against the patterns that AWS, CIS and Security Hub publish.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::semantics::leaf::Leaf;

fn filter(pattern: &str) -> FilterPattern {
    FilterPattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"))
}

fn texts(texts: &[&str]) -> Constraint {
    Constraint::OneOf(texts.iter().map(|t| (*t).to_string()).collect())
}

fn event(fields: &[(&str, Constraint)]) -> WatchedEvent {
    WatchedEvent::new(fields.iter().map(|(f, c)| ((*f).to_string(), c.clone()))).unwrap_or_else(|e| panic!("{e}"))
}

fn asked(event: &WatchedEvent, patterns: &[&str]) -> Coverage {
    let parsed: Vec<FilterPattern> = patterns.iter().map(|p| filter(p)).collect();
    let watchers: Vec<Watcher<'_>> = parsed.iter().map(Watcher::Filter).collect();
    covers(event, &watchers)
}

fn escape_words(event: &WatchedEvent, patterns: &[&str]) -> String {
    match asked(event, patterns) {
        Coverage::Escapes(escape) => escape.when.join(" and "),
        other => panic!("{patterns:?}: {other:?}"),
    }
}

fn stop() -> WatchedEvent {
    event(&[
        ("eventSource", texts(&["cloudtrail.amazonaws.com"])),
        ("eventName", texts(&["StopLogging"])),
        ("awsRegion", texts(&["us-east-1", "eu-west-1"])),
        ("readOnly", Constraint::Bool(false)),
    ])
}

fn is_covered(event: &WatchedEvent, patterns: &[&str]) -> bool {
    matches!(asked(event, patterns), Coverage::Covered)
}

#[test]
fn whatever_its_words_a_pattern_that_means_every_event_covers() {
    for pattern in [
        "{ $.eventName = StopLogging }",
        "{($.eventName=CreateTrail)||($.eventName=\"StopLogging\")}",
        "{ $.eventSource = cloudtrail.amazonaws.com && $.eventName = StopLogging }",
        "{ $.eventSource = cloudtrail* }",
        "{ $.eventName = Stop* }",
        "{ $.eventName = %^StopLogging$% }",
        "{ $.eventName = StopLogging && ($.errorCode = * || $.errorCode NOT EXISTS) }",
        "{ $.eventName = StopLogging && $.readOnly IS FALSE }",
        "{ $.eventName = StopLogging && $.eventType = * }",
        "{ $.eventName != DescribeTrails }",
        "{ $.eventName = StopLogging && $.sourceIPAddress = * }",
        "StopLogging",
        "?StopLogging ?StartLogging",
        "\"\\\"eventName\\\":\\\"StopLogging\\\"\"",
        "",
        "{ $.* = StopLogging }",
    ] {
        assert!(is_covered(&stop(), &[pattern]), "{pattern}: {:?}", asked(&stop(), &[pattern]));
    }
    let halves =
        ["{ $.eventName = StopLogging && $.awsRegion = us-east-1 }", "{ $.eventName = StopLogging && $.awsRegion = eu-* }"];
    assert!(is_covered(&stop(), &halves), "patterns count together");
    let halves = ["{ $.eventName = StopLogging && $.errorCode NOT EXISTS }", "{ $.eventName = StopLogging && $.errorCode = * }"];
    assert!(is_covered(&stop(), &halves));
}

#[test]
fn a_pattern_that_leaves_events_out_says_which() {
    for (pattern, words) in [
        ("{ $.eventName = StopLogging && $.userIdentity.userName != \"alice\" }", "userIdentity.userName is alice"),
        ("{ $.eventName = StopLogging && $.userIdentity.userName = \"alice\" }", "userIdentity.userName is other than alice"),
        ("{ $.eventName = StopLogging && $.errorCode NOT EXISTS }", "errorCode is present"),
        ("{ $.eventName = StopLogging && $.errorCode = * }", "errorCode is absent"),
        ("{ $.eventName = StopLogging && $.awsRegion = us-east-1 }", "awsRegion is other than us-east-1"),
        ("{ $.eventName = StopLogging && $.userIdentity.invokedBy NOT EXISTS }", "userIdentity.invokedBy is present"),
        ("{ $.eventName = StopLogging && $.requestParameters.name = main }", "requestParameters.name is such as x"),
        ("{ $.eventName = StopLogging && $.eventName = StartLogging }", ""),
        ("{ $.eventName = StartLogging }", ""),
        ("{ $.eventName = stopLogging }", ""),
        ("{ $.eventName = StopLogging && $.eventName NOT EXISTS }", ""),
        ("{ $.eventname = StopLogging }", ""),
        ("StartLogging", ""),
        ("StopLogging -alice", ""),
        ("[a, b]", ""),
    ] {
        let said = escape_words(&stop(), &[pattern]);
        let anyhow = pattern.contains("requestParameters") || pattern.contains("eventname");
        assert!(said == words || anyhow, "{pattern}: {said}");
    }
    assert!(matches!(asked(&stop(), &[]), Coverage::Escapes(_)), "nothing sees nothing");
}

#[test]
fn what_no_page_explains_is_left_open() {
    for pattern in ["{ $.eventName = St*ging }", "{ $.eventName = StopLogging && $.managementEvent != false }"] {
        assert!(matches!(asked(&stop(), &[pattern]), Coverage::Undecided(_)), "{pattern}: {:?}", asked(&stop(), &[pattern]));
    }
}

#[test]
fn root_is_seen_as_the_benchmark_says_it() {
    let root = event(&[
        ("userIdentity.type", texts(&["Root"])),
        ("userIdentity.invokedBy", Constraint::Absent),
        ("eventType", Constraint::Not(vec!["AwsServiceEvent".into()])),
    ]);
    let published =
        r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#;
    assert!(is_covered(&root, &[published]));
    assert_eq!(
        escape_words(&root, &[&published.replace("!=", "=").replace("AwsServiceEvent", "AwsConsoleSignIn")]),
        "eventType is other than AwsConsoleSignIn"
    );
}

#[test]
fn an_open_error_code_is_followed_through_its_stars() {
    let denied = event(&[
        ("errorCode", texts(&["AccessDenied*", "*UnauthorizedOperation"])),
        ("sourceIPAddress", Constraint::Not(vec!["delivery.logs.amazonaws.com".into()])),
        ("eventName", Constraint::Not(vec!["HeadBucket".into()])),
    ]);
    for pattern in [
        r#"{ ($.errorCode ="*UnauthorizedOperation") || ($.errorCode ="AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }"#,
        r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#,
        r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") || ($.sourceIPAddress!="delivery.logs.amazonaws.com") || ($.eventName!="HeadBucket") }"#,
    ] {
        assert!(is_covered(&denied, &[pattern]), "{pattern}");
    }
    let said = escape_words(&denied, &[r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied") }"#]);
    assert!(said.starts_with("errorCode is such as AccessDenied"), "{said}");
}

mod rules {
    use super::*;

    fn asked(event: &WatchedEvent, pattern: &Value, reads: bool) -> Coverage {
        let pattern = EventPattern::parse(&pattern.to_string()).unwrap_or_else(|e| panic!("{e}"));
        covers(event, &[Watcher::Rule { pattern: &pattern, reads, account: "111122223333" }])
    }

    fn says(coverage: &Coverage) -> String {
        match coverage {
            Coverage::Covered => "covered".into(),
            Coverage::Escapes(escape) => escape.when.join(" and "),
            Coverage::Undecided(why) => format!("undecided: {why}"),
        }
    }

    fn call() -> WatchedEvent {
        let mut event = stop().with("awsRegion", vec!["us-east-1".into()]);
        event.fields.insert(crate::semantics::leaf::Path::of_keys("eventType"), texts(&["AwsApiCall"]));
        event
    }

    #[test]
    fn rules_see_what_filters_see() {
        for (pattern, words) in [
            (
                json!({"source": ["aws.cloudtrail"], "detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["StopLogging"]}}),
                "covered",
            ),
            (json!({"source": [{"prefix": "aws."}], "detail": {"eventName": [{"wildcard": "St*ging"}]}}), "covered"),
            (json!({"detail": {"eventSource": ["cloudtrail.amazonaws.com"]}}), "covered"),
            (json!({"source": ["aws.cloudtrail"], "account": ["111122223333"], "region": ["us-east-1"]}), "covered"),
            (
                json!({"source": ["aws.cloudtrail"], "detail": {"eventName": [{"anything-but": {"prefix": "Describe"}}]}}),
                "covered",
            ),
            (
                json!({"source": ["aws.cloudtrail"], "$or": [{"detail": {"errorCode": [{"exists": true}]}}, {"detail": {"errorCode": [{"exists": false}]}}]}),
                "covered",
            ),
            (json!({"source": ["aws.cloudtrail"], "detail-type": ["AWS Console Sign In via CloudTrail"]}), ""),
            (json!({"source": ["aws.iam"]}), ""),
            (json!({"source": ["aws.cloudtrail"], "account": ["444455556666"]}), ""),
            (json!({"source": ["aws.cloudtrail"], "detail": {"errorCode": [{"exists": false}]}}), "errorCode is present"),
            (
                json!({"source": ["aws.cloudtrail"], "detail": {"userIdentity": {"userName": [{"anything-but": "alice"}]}}}),
                "userIdentity.userName is alice",
            ),
            (json!({"source": ["aws.cloudtrail"], "resources": ["x"]}), ""),
        ] {
            assert_eq!(says(&asked(&call(), &pattern, false)), words, "{pattern}");
        }
    }

    #[test]
    fn a_rule_is_not_given_what_reads_unless_it_says_so() {
        let denied = event(&[("eventType", texts(&["AwsApiCall"])), ("errorCode", texts(&["AccessDenied"]))]);
        let pattern = json!({"detail-type": ["AWS API Call via CloudTrail"], "detail": {"errorCode": ["AccessDenied"]}});
        assert_eq!(says(&asked(&denied, &pattern, true)), "covered");
        let said = says(&asked(&denied, &pattern, false));
        assert!(said.starts_with("eventName is such as "), "{said}");
    }

    #[test]
    fn addresses_are_told_apart_or_left_open() {
        let pattern = json!({"source": ["aws.cloudtrail"], "detail": {"sourceIPAddress": [{"cidr": "10.0.0.0/8"}]}});
        let said = says(&asked(&call(), &pattern, false));
        assert!(said.contains("sourceIPAddress"), "{said}");
    }
}

/// Small events over a small record, all of them.
fn small_world() -> Vec<Value> {
    let optional = |values: &[Value]| -> Vec<Option<Value>> { values.iter().cloned().map(Some).chain([None]).collect() };
    let names = [json!("A"), json!("B"), json!("AB")];
    let codes = optional(&[json!("A"), json!("AB"), json!("x")]);
    let users = optional(&[json!("A"), json!("B"), json!("x")]);
    let anything = optional(&[
        json!("A"),
        json!("x"),
        json!(1),
        json!(2),
        json!(1.5),
        json!(0),
        json!(true),
        json!(false),
        json!(null),
        json!([]),
        json!({}),
    ]);
    let mut world = Vec::new();
    for name in &names {
        for code in &codes {
            for user in &users {
                for other in &anything {
                    let mut event = json!({
                        "eventVersion": "1.11", "eventTime": "2026-11-01T12:00:00Z", "eventType": "AwsApiCall",
                        "eventCategory": "Management", "managementEvent": true, "eventSource": "x.amazonaws.com",
                        "awsRegion": "x", "eventID": "x", "recipientAccountId": "x", "sourceIPAddress": "x",
                        "eventName": name, "userIdentity": {"type": "x"},
                    });
                    if let Some(code) = code {
                        event["errorCode"] = code.clone();
                    }
                    if let Some(user) = user {
                        event["userIdentity"]["userName"] = user.clone();
                    }
                    if let Some(other) = other {
                        event["apiParameters"] = other.clone();
                    }
                    world.push(event);
                }
            }
        }
    }
    world
}

fn belongs(event: &WatchedEvent, value: &Value) -> bool {
    event.fields.iter().all(|(path, constraint)| {
        let holds = |patterns: &[String], text: &str| {
            patterns.iter().any(|p| crate::semantics::text::TextTest::of_pattern(p).holds(text))
        };
        match (constraint, path.find(value)) {
            (Constraint::OneOf(patterns), Leaf::Text(text)) => holds(patterns, text),
            (Constraint::Not(patterns), Leaf::Text(text)) => !holds(patterns, text),
            (Constraint::Bool(b), Leaf::Bool(is)) => *b == is,
            (Constraint::Absent, leaf) => matches!(leaf, Leaf::Absent),
            (Constraint::Present, leaf) => !matches!(leaf, Leaf::Absent),
            _ => false,
        }
    })
}

fn condition() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        3 => Just("$.eventName"),
        2 => Just("$.errorCode"),
        2 => Just("$.userIdentity.userName"),
        2 => Just("$.apiParameters"),
        1 => Just("$.userIdentity"),
        1 => Just("$.*"),
        1 => Just("$.apiParameters[0]"),
    ];
    let asked = prop_oneof![
        4 => prop_oneof!["A", "B", "AB", "A\\*", "\\*B", "\\*", "\"A\"", "1", "%\\^A%", "%B\\|x%"].prop_map(|v| format!("= {v}")),
        2 => prop_oneof!["A", "AB", "\\*B", "1"].prop_map(|v| format!("!= {v}")),
        1 => Just("NOT EXISTS".to_string()),
        1 => Just("IS NULL".to_string()),
        1 => Just("IS TRUE".to_string()),
        1 => Just(">= 1".to_string()),
        1 => Just("< 2".to_string()),
    ];
    (selector, asked).prop_map(|(selector, asked)| format!("{selector} {asked}"))
}

fn pattern() -> impl Strategy<Value = String> {
    let json = condition().prop_recursive(3, 12, 3, |inner| {
        (prop::collection::vec(inner, 1..4), any::<bool>())
            .prop_map(|(parts, all)| format!("({})", parts.join(if all { " && " } else { " || " })))
    });
    prop_oneof![9 => json.prop_map(|e| format!("{{ {e} }}")), 1 => Just("AB".to_string()), 1 => Just("A -x".to_string())]
}

fn family() -> impl Strategy<Value = WatchedEvent> {
    let name = prop_oneof![
        Just(None),
        Just(Some(texts(&["A", "B"]))),
        Just(Some(texts(&["A*"]))),
        Just(Some(Constraint::Not(vec!["A".into()])))
    ];
    let code =
        prop_oneof![Just(None), Just(Some(Constraint::Absent)), Just(Some(Constraint::Present)), Just(Some(texts(&["A*"])))];
    let user = prop_oneof![Just(None), Just(Some(Constraint::Absent)), Just(Some(texts(&["A"])))];
    (name, code, user).prop_map(|(name, code, user)| {
        let fields = [("eventName", name), ("errorCode", code), ("userIdentity.userName", user)];
        event(&fields.into_iter().filter_map(|(f, c)| Some((f, c?))).collect::<Vec<_>>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Never covered where an event escapes; and an escape is an event of the family that nothing sees.
    #[test]
    fn coverage_agrees_with_brute_force(family in family(), patterns in prop::collection::vec(pattern(), 1..3)) {
        let parsed: Vec<FilterPattern> = patterns.iter().map(|p| filter(p)).collect();
        let watchers: Vec<Watcher<'_>> = parsed.iter().map(Watcher::Filter).collect();
        let sees = |event: &Value| watchers.iter().fold(Truth::False, |any, w| any.or(w.sees(event)));
        match covers(&family, &watchers) {
            Coverage::Covered => {
                for event in small_world().iter().filter(|e| belongs(&family, e)) {
                    prop_assert_eq!(sees(event), Truth::True, "{:?} does not see {}", patterns, event);
                }
            }
            Coverage::Escapes(escape) => {
                prop_assert!(belongs(&family, &escape.event), "{:?} is not of the family", escape);
                prop_assert_eq!(sees(&escape.event), Truth::False, "{:?} sees {:?}", patterns, escape);
            }
            Coverage::Undecided(_) => {}
        }
        for (pattern, watcher) in patterns.iter().zip(&watchers) {
            let sight = sight(&family, *watcher);
            prop_assert_eq!(sight == Sight::Whole, matches!(covers(&family, &[*watcher]), Coverage::Covered), "{}", pattern);
            if sight == Sight::Nothing {
                for event in small_world().iter().filter(|e| belongs(&family, e)) {
                    prop_assert_eq!(watcher.sees(event), Truth::False, "{} sees {}", pattern, event);
                }
            }
        }
    }
}
