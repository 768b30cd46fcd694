//! Every example of AWS's pages, with what the pages say of it; and what is not written there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn parse(pattern: &str) -> FilterPattern {
    FilterPattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"))
}

fn matches(pattern: &str, event: &Value) -> Truth {
    parse(pattern).matches(event)
}

fn in_text(pattern: &str, event: &str) -> bool {
    match parse(pattern).matches_text(event) {
        Truth::True => true,
        Truth::False => false,
        Truth::Unknown => panic!("{pattern} is open on {event}"),
    }
}

/// The first JSON event of the page.
fn trail_event() -> Value {
    json!({
        "eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true, "cluster.name": "c"
    })
}

/// The second.
fn user_event() -> Value {
    json!({
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
        "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]
    })
}

#[test]
fn json_examples_of_the_documentation_mean_what_it_says() {
    for pattern in [
        r#"{ $.eventType = "UpdateTrail" }"#,
        "{ $.sourceIPAddress != 123.123.* }",
        r#"{ $.arrayKey[0] = "value" }"#,
        "{ $.objectList[1].id = 2 }",
        "{ $.eventType = %Trail% }",
        "{ $.arrayKey[*] = %val.{2}% }",
        r"{ $.* = %111\.111\.111\.1[0-9]{1,2}% }",
        "{ $.['cluster.name'] = \"c\" }",
        "{ $.SomeObject IS NULL }",
        "{ $.SomeOtherObject NOT EXISTS }",
        "{ $.ThisFlag IS TRUE }",
        "{ $.eventType = * }",
        "{ $.eventType = Update* && $.eventType = *Trail && $.eventType = *date* }",
    ] {
        assert_eq!(matches(pattern, &trail_event()), Truth::True, "{pattern}");
    }
    for pattern in [
        r#"{ $.eventType = "updateTrail" }"#,
        "{ $.sourceIPAddress != 111.111.* }",
        r#"{ $.arrayKey = "value" }"#,
        r#"{ $.arrayKey != "value" }"#,
        "{ $.eventType[0] = UpdateTrail }",
        "{ $.objectList[0].id = 2 }",
        "{ $.objectList[7].id = 2 }",
        "{ $.SomeOtherObject IS NULL }",
        "{ $.SomeObject NOT EXISTS }",
        "{ $.ThisFlag IS FALSE }",
        "{ $.SomeOtherObject != 5 }",
        "{ $.SomeOtherObject = * }",
    ] {
        assert_eq!(matches(pattern, &trail_event()), Truth::False, "{pattern}");
    }
}

#[test]
fn compound_examples_follow_the_order_of_operations() {
    for (pattern, wanted) in [
        (r#"{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }"#, true),
        (r#"{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }"#, false),
        (r#"{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }"#, true),
        (r#"{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }"#, false),
        (r"{ $.users = 1 }", false),
        (r"{ $.users != 1 }", false),
        ("{$.coordinates[0][1]=1&&$.coordinates[2][2]=9}", true),
        ("{ $.users[*].id = 3 }", true),
        ("{ $.users[*].id = 4 }", false),
        ("{ $.users[*].nothing NOT EXISTS }", true),
    ] {
        assert_eq!(matches(pattern, &user_event()), wanted.into(), "{pattern}");
    }
}

#[test]
fn numbers_compare_as_numbers() {
    let event =
        json!({"latency": 500, "numbers": [1000, 0.01], "errorCode": 400, "processes": [0, 0, 0, 0, {"averageRuntime": 55.5}]});
    for (pattern, wanted) in [
        ("{ $.latency >= 500 }", true),
        ("{ $.latency > +1000 }", false),
        ("{ $.latency < 501 }", true),
        ("{ $.latency <= 4e2 }", false),
        ("{ $.numbers[0] < 10e3 }", true),
        ("{ $.numbers[0] < 10e-3 }", false),
        ("{ $.numbers[0] = 1e+3 }", true),
        ("{ $.numbers[0] != 1e-3 }", true),
        ("{ $.processes[4].averageRuntime <= 55.5 }", true),
        ("{ $.errorCode = 400}", true),
        ("{ $.errorCode != 500 }", true),
        ("{ $.errorCode = 4* }", true),
        ("{ $.errorCode = 5* }", false),
        ("{ $.errorCode = * }", true),
        ("{ $.errorCode = -400 }", false),
    ] {
        assert_eq!(matches(pattern, &event), wanted.into(), "{pattern}");
    }
    let account = json!({"recipientAccountId": "123456789012"});
    assert_eq!(matches("{ $.recipientAccountId = 123456789012 }", &account), Truth::True);
}

#[test]
fn what_no_page_tells_is_open() {
    let event = json!({"n": 400, "t": "400.0", "b": true, "z": null, "e": "EvXent", "list": ["a", "b"]});
    for pattern in [
        r#"{ $.n = "400" }"#,
        "{ $.t = 400 }",
        "{ $.t > 3 }",
        "{ $.b = true }",
        "{ $.z = * }",
        "{ $.z != a }",
        "{ $.e = Ev*ent }",
        "{ $.list[*] != a }",
    ] {
        assert_eq!(matches(pattern, &event), Truth::Unknown, "{pattern}");
    }
    assert_eq!(matches("{ $.e = Ev*ent }", &json!({"e": "Ev*ent"})), Truth::True);
    assert_eq!(matches("{ $.e = Ev*ent }", &json!({"e": "Evening"})), Truth::False);
    assert_eq!(matches("{ $.list[*] != a }", &json!({"list": ["a"]})), Truth::False);
    assert_eq!(matches("{ $.list[*] != a }", &json!({"list": ["b"]})), Truth::True);
}

#[test]
fn terms_of_the_documentation_mean_what_it_says() {
    let bad = "[ERROR 400] BAD REQUEST";
    let unauthorized = "[ERROR 401] UNAUTHORIZED REQUEST";
    let missing = "[ERROR 419] MISSING ARGUMENTS";
    let invalid = "[ERROR 420] INVALID ARGUMENTS";
    let all = [bad, unauthorized, missing, invalid];
    let found = |pattern: &str| all.map(|event| in_text(pattern, event));
    assert_eq!(found("ERROR"), [true; 4]);
    assert_eq!(found("error"), [false; 4]);
    assert_eq!(found("ERROR ARGUMENTS"), [false, false, true, true]);
    assert_eq!(found("?ERROR ?ARGUMENTS"), [true; 4]);
    assert_eq!(found("?BAD ?INVALID"), [true, false, false, true]);
    assert_eq!(found("ERROR -ARGUMENTS"), [true, true, false, false]);
    assert_eq!(found("\"ERROR\" - \"ARGUMENTS\""), [true, true, false, false]);
    assert_eq!(found("%AUTHORIZED%"), [false, true, false, false]);
    for everything in ["", "  ", "\" \"", "\"\""] {
        assert_eq!(found(everything), [true; 4], "{everything:?}");
    }
    for (event, wanted) in [
        ("[INFO] REQUEST FAILED", true),
        ("[WARN] UNAUTHORIZED REQUEST", true),
        ("[ERROR] 400 BAD REQUEST", true),
        ("ERROR", false),
    ] {
        assert_eq!(in_text("?ERROR ?ARGUMENTS REQUEST", event), wanted, "{event}");
    }
    assert!(in_text("\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR"));
    assert!(!in_text("\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR"));
    assert!(in_text("ERROR", "Exiting with ERRORCODE: -1") && !in_text("\"ERROR\" -\"Exiting\"", "Exiting with ERRORCODE: -1"));
}

#[test]
fn space_delimited_examples_of_the_documentation_mean_what_they_say() {
    let line = r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    for pattern in [
        r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
        "[..., request =*.html*, status_code = 4*, bytes]",
        "[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]",
        "[..., request=*.html*, status_code=4*,]",
        "[..., status_code, bytes]",
        "[ip, user, ..., status_code, bytes]",
        "[ip, user, ...]",
        "[ip, user, username, timestamp, request, status_code, bytes > 1000]",
        "[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]",
        "[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]",
    ] {
        assert!(in_text(pattern, line), "{pattern}");
    }
    for pattern in [
        "[ip, user, username, timestamp, request, status_code = 200, bytes]",
        "[ip, user, username, timestamp, request, status_code, bytes > 2000]",
        "[ip, user, username, timestamp, request, status_code = 4* && status_code != 404, bytes]",
        "[a, b, c, d, e, f, g, h]",
        "[a, b = Test, ...]",
    ] {
        assert!(!in_text(pattern, line), "{pattern}");
    }
    let lines = [
        "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
        "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310",
        "WARNING 09/25/2014 12:00:02 Invalid user request",
        "ERROR 09/25/2014 12:00:02 Failed to process request",
    ];
    let found = |pattern: &str| lines.map(|line| in_text(pattern, line));
    assert_eq!(found("[w1=ERROR, w2]"), [false, false, false, true]);
    assert_eq!(found("[w1=ERROR || w1=WARNING, w2]"), [false, false, true, true]);
    assert_eq!(found("[w1!=ERROR && w1!=WARNING, w2]"), [true, true, false, false]);
    assert_eq!(found("[w1=!ERROR&&w1=!WARNING, w2]"), [true, true, false, false]);
    assert_eq!(
        found("[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]"),
        [true, false, false, false]
    );
    assert_eq!(
        found("[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]"),
        [false, true, false, false]
    );
}

#[test]
fn spacing_quoting_and_parentheses_do_not_change_the_meaning() {
    let event = json!({"eventSource": "iam.amazonaws.com", "eventName": "DeletePolicy"});
    for pattern in [
        "{($.eventSource=iam.amazonaws.com)&&(($.eventName=DeletePolicy))}",
        "{ ( $.eventSource = \"iam.amazonaws.com\" ) && $.eventName = \"DeletePolicy\" }",
        "  {\n$.eventName=DeletePolicy\n&&\n$.eventSource=iam.amazonaws.com\n}\n",
        "{((((($.eventName = DeletePolicy)))))}",
    ] {
        assert_eq!(matches(pattern, &event), Truth::True, "{pattern}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    for (pattern, character, says) in [
        ("{ $.eventName = StopLogging", 28, "closing brace"),
        ("{ ($.eventName = StopLogging }", 3, "not closed"),
        ("{ $.eventName = StopLogging) }", 28, "closes nothing"),
        ("{ $.eventName == StopLogging }", 16, "one `=`"),
        ("{ $.eventName = Stop Logging }", 22, "in quotes"),
        ("{ $.eventName = 'StopLogging' }", 17, "double quotation"),
        ("{ $.eventName = \u{201c}StopLogging\u{201d} }", 17, "typographic"),
        ("{ $.eventName EXISTS }", 21, "not supported"),
        ("{ $.eventName IS NOT NULL }", 18, "NULL, TRUE or FALSE"),
        ("{ eventName = a }", 3, "a property"),
        ("{ $.a = 1 && }", 14, "a condition"),
        ("{ }", 3, "a condition"),
        ("{ $ = 1 }", 3, "`$` alone"),
        ("{ $.a[*].b[*] = 1 }", 3, "one wildcard"),
        ("{ $.a > b }", 9, "takes a number"),
        ("{ $.a = %b!% }", 11, "not supported"),
        ("{ $.a = 1 & $.b = 2 }", 11, "`&&` or `||`"),
        ("{ $.a = 1 } x", 13, "nothing follows"),
        ("$.eventName = StopLogging", 1, "in braces"),
        ("eventName=StopLogging", 10, "quotation marks"),
        ("\"abc", 1, "not closed"),
        ("[a, b", 6, "closing bracket"),
        ("[a, ..., ..., b]", 10, "once"),
        ("ERROR -", 7, "missing"),
    ] {
        let e = FilterPattern::parse(pattern).err().unwrap_or_else(|| panic!("{pattern} was read"));
        assert!(e.character == character && e.message.contains(says), "{pattern}: {e}");
    }
    let long = format!("{{ $.a = \"{}\" }}", "x".repeat(1_012));
    assert_eq!(long.len(), 1_024, "as long as may be");
    assert!(FilterPattern::parse(&long).is_ok());
    assert_eq!(FilterPattern::parse(&format!("{long} ")).unwrap_err().character, 1_025);
}

#[test]
fn deep_parentheses_cost_no_stack() {
    let deep = format!("{{{}$.a=1{}}}", "(".repeat(508), ")".repeat(508));
    assert_eq!(matches(&deep, &json!({"a": 1})), Truth::True);
    let unclosed = format!("{{{}", "(".repeat(1_000));
    assert!(FilterPattern::parse(&unclosed).is_err());
    let nested =
        (0..60).fold("$.a=1".to_string(), |inner, i| format!("({inner}{}$.b={i})", if i % 2 == 0 { "&&" } else { "||" }));
    assert!(FilterPattern::parse(&format!("{{{nested}}}")).is_ok());
}

proptest! {
    #[test]
    fn parsing_never_panics(pattern in "\\PC{0,60}", braces in any::<bool>()) {
        let pattern = if braces { format!("{{{pattern}}}") } else { pattern };
        if let Ok(parsed) = FilterPattern::parse(&pattern) {
            parsed.matches(&json!({"a": [1, "x", null], "b": {"c": true}}));
            parsed.matches_text("a b [c d] \"e f\"");
        }
    }

    #[test]
    fn parsing_what_looks_like_a_pattern_never_panics(pattern in "[{}\\[\\]()$.a=!<>&|\"%*?, 1-]{0,40}") {
        if let Ok(parsed) = FilterPattern::parse(&pattern) {
            parsed.matches(&json!({"a": [1, "x", null], "1": {"a": true}}));
            parsed.matches_text("a 1 [a] \"\" -");
        }
    }
}
