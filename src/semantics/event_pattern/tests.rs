//! Every operator of AWS's page, with what the page says of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn matches(pattern: &Value, event: &Value) -> Truth {
    EventPattern::parse(&pattern.to_string()).unwrap_or_else(|e| panic!("{pattern}: {e}")).matches(event)
}

#[test]
fn operators_of_the_documentation_mean_what_it_says() {
    let yes_and_no = [
        (json!(["New York"]), vec![json!("New York")], vec![json!("new york"), json!(null)]),
        (json!([{"anything-but": "initializing"}]), vec![json!("running"), json!(5)], vec![json!("initializing")]),
        (json!([{"anything-but": ["stopped", "overloaded"]}]), vec![json!("x")], vec![json!("stopped"), json!("overloaded")]),
        (json!([{"anything-but": [100, 200]}]), vec![json!(300)], vec![json!(100), json!(200.0)]),
        (json!([{"anything-but": {"prefix": "us-"}}]), vec![json!("eu-west-1")], vec![json!("us-east-1")]),
        (json!([{"anything-but": {"prefix": ["us-", "eu-"]}}]), vec![json!("ap-east-1")], vec![json!("eu-west-1")]),
        (json!([{"anything-but": {"suffix": ".png"}}]), vec![json!("a.jpg")], vec![json!("a.png")]),
        (json!([{"anything-but": {"equals-ignore-case": ["a", "b"]}}]), vec![json!("c")], vec![json!("A"), json!("b")]),
        (json!([{"anything-but": {"wildcard": "*/lib/*"}}]), vec![json!("/bin/x")], vec![json!("/usr/lib/x")]),
        (json!([{"prefix": "us-"}]), vec![json!("us-east-1")], vec![json!("eu-us-")]),
        (json!([{"prefix": {"equals-ignore-case": "eventb"}}]), vec![json!("EventBridge")], vec![json!("xEventb")]),
        (json!([""]), vec![json!("")], vec![json!("x"), json!(null)]),
        (json!([{"equals-ignore-case": "alice"}]), vec![json!("ALICE")], vec![json!("alices")]),
        (json!([{"suffix": ".png"}]), vec![json!("a.png")], vec![json!("a.PNG")]),
        (json!([{"suffix": {"equals-ignore-case": ".png"}}]), vec![json!("a.PNG")], vec![json!("a.jpg")]),
        (json!([{"exists": true}]), vec![json!(""), json!(null), json!(0)], vec![]),
        (json!([{"exists": false}]), vec![], vec![json!("x"), json!(null)]),
        (json!([100]), vec![json!(100), json!(100.0), json!([1, 100])], vec![json!("100"), json!(101)]),
        (json!([{"numeric": [">", 10, "<=", 20]}]), vec![json!(20), json!(10.5)], vec![json!(10), json!(21), json!("15")]),
        (json!([{"numeric": ["=", 3e2]}]), vec![json!(300)], vec![json!(301)]),
        (json!([{"cidr": "10.0.0.0/24"}]), vec![json!("10.0.0.7")], vec![json!("10.0.1.7"), json!("cloudtrail.amazonaws.com")]),
        (json!([null]), vec![json!(null)], vec![json!("null"), json!("")]),
        (json!([true]), vec![json!(true)], vec![json!(false), json!("true")]),
        (json!(["Monday", "Tuesday"]), vec![json!("Tuesday"), json!(["x", "Monday"])], vec![json!("Friday"), json!([])]),
        (
            json!([{"wildcard": "Get*Policy"}]),
            vec![json!("GetBucketPolicy"), json!("GetPolicy")],
            vec![json!("GetBucketPolicyStatus")],
        ),
        (json!([{"wildcard": "a\\*b"}]), vec![json!("a*b")], vec![json!("axb")]),
    ];
    for (condition, yes, no) in yes_and_no {
        for value in yes {
            assert_eq!(matches(&json!({"f": condition}), &json!({"f": value})), Truth::True, "{condition} {value}");
        }
        for value in no {
            assert_eq!(matches(&json!({"f": condition}), &json!({"f": value})), Truth::False, "{condition} {value}");
        }
    }
    assert_eq!(matches(&json!({"f": [{"exists": false}]}), &json!({})), Truth::True);
    assert_eq!(matches(&json!({"f": [{"exists": true}]}), &json!({})), Truth::False);
    assert_eq!(matches(&json!({"f": [{"anything-but": "x"}]}), &json!({})), Truth::False, "the field must be there");
}

#[test]
fn fields_are_asked_together_and_alternatives_one_by_one() {
    let pattern = json!({"source": ["aws.iam"], "$or": [{"detail": {"c": [5]}}, {"detail": {"d": [{"prefix": "x"}]}}]});
    for (event, wanted) in [
        (json!({"source": "aws.iam", "detail": {"c": 5}}), true),
        (json!({"source": "aws.iam", "detail": {"d": "xy"}}), true),
        (json!({"source": "aws.iam", "detail": {"c": 6}}), false),
        (json!({"source": "aws.s3", "detail": {"c": 5}}), false),
    ] {
        assert_eq!(matches(&pattern, &event), wanted.into(), "{event}");
    }
    let of_one = json!({"detail": {"resources": {"type": ["a"], "id": ["1"]}}});
    assert_eq!(matches(&of_one, &json!({"detail": {"resources": [{"type": "a", "id": "1"}]}})), Truth::True);
    assert_eq!(
        matches(&of_one, &json!({"detail": {"resources": [{"type": "a", "id": "2"}, {"type": "b", "id": "1"}]}})),
        Truth::False,
        "two elements do not make one"
    );
    assert_eq!(matches(&json!({"a": {"b": [{"exists": false}]}}), &json!({})), Truth::True);
}

#[test]
fn what_cannot_be_read_is_told_with_its_field() {
    for (pattern, field, says) in [
        ("{", "", "no JSON"),
        ("[]", "", "JSON object"),
        ("{}", "", "at least one"),
        (r#"{"source": "aws.iam"}"#, "source", "in a list"),
        (r#"{"detail": {"eventName": []}}"#, "detail.eventName", "matches nothing"),
        (r#"{"detail": {"eventName": [["a"]]}}"#, "detail.eventName", "in a list"),
        (r#"{"detail": {}}"#, "detail", "asks nothing"),
        (r#"{"a": [{"prefix": 5}]}"#, "a", "takes a text"),
        (r#"{"a": [{"preefix": "x"}]}"#, "a", "unknown operator `preefix`"),
        (r#"{"a": [{"numeric": [">"]}]}"#, "a", "one or two"),
        (r#"{"a": [{"numeric": ["!", 1]}]}"#, "a", "takes ="),
        (r#"{"a": [{"cidr": "10.0.0.0"}]}"#, "a", "no network"),
        (r#"{"a": [{"exists": "yes"}]}"#, "a", "true or false"),
        (r#"{"a": [{"wildcard": "a**b"}]}"#, "a", "two stars"),
        (r#"{"a": [{"prefix": "x", "suffix": "y"}]}"#, "a", "one operator"),
        (r#"{"a": [{"anything-but": []}]}"#, "a", "of nothing"),
    ] {
        let e = EventPattern::parse(pattern).unwrap_err();
        assert!(e.field == field && e.message.contains(says), "{pattern}: {e}");
    }
    assert!(EventPattern::parse(&format!("{{\"a\": [\"{}\"]}}", "x".repeat(5_000))).is_err());
    assert!(EventPattern::parse(&format!("{}{}", "{\"a\":".repeat(500), "}".repeat(500))).is_err());
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "[{}\\[\\]\":,a$or*prefixnumeric\\\\<> 0-9-]{0,60}") {
        if let Ok(pattern) = EventPattern::parse(&text) {
            pattern.matches(&json!({"a": [1, {"a": "x"}]}));
        }
    }
}
