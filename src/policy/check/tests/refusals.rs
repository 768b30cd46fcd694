//! Every way to say something that the language does not mean, with the place and the hint.

use proptest::prelude::*;

use super::world::{env, refused};
use crate::policy::check::{Program, functions};

/// Asserts message, hint (empty for none) and the text that the refusal points at.
#[track_caller]
fn refuse(subject: &str, source: &str, message: &str, hint: &str, at: &str) {
    let (found, found_hint, place) = refused(subject, source);
    assert_eq!((found.as_str(), found_hint.as_deref().unwrap_or(""), place), (message, hint, at), "{source}");
}

#[test]
fn unknown_words_are_met_with_the_word_that_was_meant() {
    refuse(
        "trail",
        "trail.isMultiRegion",
        "trail has no field `isMultiRegion`",
        "did you mean `is_multi_region`?",
        "isMultiRegion",
    );
    refuse("trail", "trial.is_logging", "unknown name `trial`", "did you mean `trail`?", "trial");
    refuse(
        "trail",
        "account.id == ''",
        "unknown name `account`",
        "the names here are `trail`, `params`, `events`, `now`",
        "account",
    );
    refuse("trail", "days > 3", "unknown name `days`", "did you mean `params.days`?", "days");
    refuse("trail", "trail.records(writes)", "unknown name `writes`", "did you mean `events.writes`?", "writes");
    refuse("trail", "is_logging", "unknown name `is_logging`", "did you mean `trail.is_logging`?", "is_logging");
    refuse("trail", "params.day > 3", "there is no parameter `day`", "did you mean `days`?", "day");
    refuse("trail", "trail.records(events.write)", "there is no event `write`", "did you mean `writes`?", "write");
    refuse("trail", "trail.recrds(events.writes)", "unknown function `recrds`", "did you mean `records`?", "recrds");
    refuse("trail", "trail.covers", "trail has no field `covers`", "`covers` is a function: write `covers(...)`", "covers");
    refuse(
        "trail",
        "trail.status.all(s, s.latest_delivery_eror == null)",
        "trail_status has no field `latest_delivery_eror`",
        "did you mean `latest_delivery_error`?",
        "latest_delivery_eror",
    );
    refuse("trail", "covers(trail)", "`covers` is called on something", "write `x.covers(...)`, where x is trail", "covers");
    refuse("trail", "params", "`params` is not a value; write `params.NAME`", "", "params");
}

#[test]
fn functions_are_asked_of_what_they_are_for() {
    refuse(
        "account",
        "account.trails.exists(t, t.record(events.writes))",
        "`record` is a function of list of trail, not of trail",
        "did you mean `records`?",
        "record",
    );
    refuse("trail", "trail.covers(1)", "the region of `covers` is text, this is int", "", "1");
    refuse("account", "account.trails.recordOn(events.reads, 1)", "the resource of `recordOn` is text, this is int", "", "1");
    refuse(
        "account",
        "account.trails.recordOn(events.reads)",
        "`recordOn` takes event (event), resource (text); there are 1 arguments",
        "",
        "recordOn",
    );
    refuse("trail", "trail.covers()", "`covers` takes region (text); there are 0 arguments", "", "covers");
    refuse(
        "bucket",
        "bucket.foreignWriters(1) == 1",
        "`foreignWriters` takes no argument; there are 1 arguments",
        "",
        "foreignWriters",
    );
    refuse("trail", "size(trail.name) > 0", "`size` takes a list, this is text", "", "trail.name");
    refuse(
        "trail",
        "now - now > duration('1 day')",
        "`1 day` is not a duration",
        "write it such as `24h`, `30m` or `1h30m`",
        "'1 day'",
    );
    refuse(
        "trail",
        "now - now > duration(trail.name)",
        "`duration` takes a literal, such as `duration(\"24h\")`",
        "",
        "trail.name",
    );
    refuse(
        "trail",
        "trail.name.matches('a.*')",
        "regular expressions are not part of the check language: policies ask about meaning, not spelling",
        "use `==`, `in`, `startsWith`, `endsWith` or `contains`",
        "matches",
    );
}

#[test]
fn types_do_not_mix() {
    refuse("trail", "trail.name == 3", "`==` compares text with int", "", "==");
    refuse("trail", "trail.name", "a check must be bool, this is text", "", "trail.name");
    refuse("trail", "trail.is_logging && trail.name", "each side of `&&` must be bool, this is text", "", "trail.name");
    refuse("trail", "!trail.name", "`!` must be bool, this is text", "", "trail.name");
    refuse("trail", "trail.is_logging < true", "bool has no order: `<` does not take it", "", "<");
    refuse(
        "trail",
        "trail.bucket == trail.bucket",
        "records cannot be compared: `==` is asked of bucket",
        "compare a field that names it, or ask whether it is null",
        "==",
    );
    refuse(
        "trail",
        "trail.insight_types == ['a']",
        "lists cannot be compared: `==` is asked of list of text",
        "ask `size(list) == 0`, `x in list`, or use `all` and `exists`",
        "==",
    );
    refuse("trail", "trail.insight_types == []", "an empty list says nothing", "ask `size(list) == 0`", "[]");
    refuse("trail", "trail.name in ['a', 1]", "a list holds one type: this is int, the first is text", "", "1");
    refuse("trail", "1 in ['a', 'b']", "`in` compares int with text", "", "in");
    refuse("trail", "trail.name in trail.name", "`in` takes a list, this is text", "", "trail.name");
    refuse(
        "trail",
        "trail in [trail]",
        "records cannot be compared: `in` is asked of trail",
        "compare a field that names it, or ask whether it is null",
        "in",
    );
    refuse("trail", "trail.name + 1 == ''", "`+` does not take text and int", "", "+");
    refuse("trail", "now + now > now", "`+` does not take time and time", "", "+");
    refuse("trail", "(trail.is_logging ? 1 : 'a') == 1", "one side of `? :` is int, the other text", "", "?");
    refuse("trail", "trail.name.id == ''", "`trail.name` is text: only records have fields", "", "id");
    refuse(
        "trail",
        "trail.status.region == ''",
        "`trail.status` is list of trail_status: only records have fields",
        "ask its elements with `all`, `exists` or `filter`",
        "region",
    );
    refuse(
        "trail",
        "trail.event_selectors == trail.event_selectors",
        "event_selectors cannot be compared: only functions understand it",
        "",
        "==",
    );
    refuse("trail", "trail.is_logging.all(x, true)", "`all` takes a list, this is bool", "", "trail.is_logging");
    refuse("trail", "trail.status.all(s, s.region)", "what `all` asks must be bool, this is text", "", "s.region");
    refuse(
        "trail",
        "trail.status.all(trail, true)",
        "`trail` already means something here",
        "give the element of `all` another name",
        "all",
    );
}

#[test]
fn what_may_be_null_is_asked_first() {
    let rest = "may be null; write `trail.kms_key != null && ...`";
    refuse("trail", "trail.kms_key.rotation_enabled", &format!("`trail.kms_key` {rest}"), "", "trail.kms_key");
    refuse(
        "trail",
        "trail.kms_key != null || trail.kms_key.rotation_enabled",
        &format!("`trail.kms_key` {rest}"),
        "",
        "trail.kms_key",
    );
    refuse(
        "trail",
        "(trail.kms_key != null || trail.is_logging) && trail.kms_key.rotation_enabled",
        &format!("`trail.kms_key` {rest}"),
        "",
        "trail.kms_key",
    );
    refuse(
        "trail",
        "trail.sns_topic_arn.startsWith('a')",
        "`trail.sns_topic_arn` may be null; write `trail.sns_topic_arn != null && ...`",
        "",
        "trail.sns_topic_arn",
    );
    refuse(
        "trail",
        "trail.sns_topic_arn == trail.s3_key_prefix",
        "`trail.sns_topic_arn` may be null; write `trail.sns_topic_arn != null && ...`",
        "",
        "trail.sns_topic_arn",
    );
    refuse("trail", "trail.name == null", "`trail.name` is never null", "", "trail.name");
    refuse("trail", "has(trail.name)", "`trail.name` is never null", "", "trail.name");
    refuse("trail", "null == null", "`null` is compared with itself", "", "null == null");
    refuse("trail", "null", "`null` can only be compared", "write `x == null` or `x != null`", "null");
}

#[test]
fn a_value_known_not_to_be_null_is_used_like_any_other() {
    for source in [
        "trail.kms_key != null && trail.kms_key.rotation_enabled",
        "trail.kms_key == null || trail.kms_key.rotation_enabled",
        "trail.kms_key != null ? trail.kms_key.rotation_enabled : false",
        "trail.kms_key == null ? false : trail.kms_key.rotation_enabled",
        "!(trail.kms_key == null) && trail.kms_key.rotation_enabled",
        "has(trail.kms_key) && trail.kms_key.rotation_enabled",
        "trail.is_logging && trail.kms_key != null && trail.kms_key.is_multi_region && trail.kms_key.rotation_enabled",
        "trail.kms_key == null || trail.kms_key.rotation_period_days == null || trail.kms_key.rotation_period_days < 400",
        "trail.s3_key_prefix == 'a' && trail.s3_key_prefix.startsWith('a')",
        "trail.status.map(s, s.latest_delivery_error).all(e, e == null || e.contains('x'))",
        "trail.status.all(s, s.latest_delivery_time == null || now - s.latest_delivery_time < params.max_age)",
        "trail.kms_key != null && trail.kms_key != null",
    ] {
        assert!(Program::compile(source, &env("trail")).is_ok(), "{source}: {:?}", Program::compile(source, &env("trail")));
    }
}

#[test]
fn the_rest_of_cel_is_refused() {
    let optional = "what may be null is asked with `x != null && ...`; what was not read needs no care";
    refuse("trail", "trail.?is_logging", "optional syntax is not part of the check language", optional, ".");
    refuse(
        "trail",
        "trail.status[0].is_logging",
        "indexing is not part of the check language",
        "ask with `exists`, `all` or `in`",
        "[",
    );
    refuse("trail", "{'a': 1} == {'a': 1}", "map literals are not part of the check language", "", "{");
    refuse("trail", "a.b{c: 1}", "struct literals are not part of the check language", "", "{");
    refuse("trail", "1.5 > 1", "numbers are whole, and written without a suffix", "", "1.5");
    refuse("trail", "b'a' == b'a'", "bytes are not part of the check language", "", "b'a'");
    refuse("trail", "4 / 2 == 2", "division is not part of the check language", "", "/");
    refuse(
        "trail",
        "trail.status.all(1, true)",
        "the first argument names the element, such as `t` in `list.all(t, ...)`",
        "",
        "1",
    );
    refuse(
        "trail",
        "trail.status.all(s)",
        "`all` takes a name for the element and an expression, such as `list.all(t, ...)`",
        "",
        "all",
    );
}

#[test]
fn what_is_no_expression_is_refused_at_its_place() {
    refuse("trail", "trail.is_logging &&", "the expression ends too early", "", "");
    refuse("trail", "", "the expression ends too early", "", "");
    refuse("trail", "trail.is_logging trail", "`trail` is not expected here", "", "t");
    refuse("trail", "'ä' == 'ä' ) ", "`)` is not expected here", "", ")");
    refuse("trail", "'äöü' == trail.nme", "trail has no field `nme`", "did you mean `name`?", "nme");
}

#[test]
fn hostile_nesting_is_refused_and_overflows_nothing() {
    let deep = [
        "(".repeat(4000),
        format!("{}true{}", "(".repeat(200), ")".repeat(200)),
        format!("{}true", "!(".repeat(500)),
        "[".repeat(4000),
        format!("trail{}", ".bucket".repeat(1000)),
        format!("{}1 == 1", "1 + ".repeat(1500)),
        format!("{}true", "true ? true : ".repeat(400)),
        format!("{}true{}", "[1].all(x, ".repeat(300), ")".repeat(300)),
        "-".repeat(8000),
        "1<".repeat(4000),
    ];
    for source in &deep {
        assert!(Program::compile(source, &env("trail")).is_err(), "{}", &source[..40]);
    }
    let long = format!("{}true", "true && ".repeat(1020));
    assert!(Program::compile(&long, &env("trail")).is_ok(), "a long chain is not deep");
    refuse("trail", &"true && ".repeat(1100), "the expression is longer than 8192 bytes", "", &"true && ".repeat(1100));
}

#[test]
fn every_function_is_documented_once_for_each_receiver() {
    let docs = functions();
    assert!(docs.iter().all(|f| f.doc.ends_with('.') && !f.result.is_empty()));
    assert!(docs.iter().any(|f| f.name == "record" && f.receiver.as_deref() == Some("list of trail")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_compiler_panic_and_every_place_is_in_the_source(
        words in proptest::collection::vec(
            prop_oneof![
                Just("trail"), Just("."), Just("is_logging"), Just("("), Just(")"), Just("&&"), Just("!"), Just("all"), Just("s,"),
                Just("'ä'"), Just("=="), Just("null"), Just("has("), Just("?"), Just(":"), Just("["), Just("]"), Just("1"), Just("\n"),
                Just("// é\n"), Just("size"), Just("status"), Just("{"), Just("`"), Just("é"), Just("-"), Just("in")
            ],
            0..14,
        )
    ) {
        let source = words.concat();
        if let Err(error) = Program::compile(&source, &env("trail")) {
            prop_assert!(source.get(error.start..error.end).is_some(), "{source:?}: {error:?}");
            prop_assert!(error.message != "the parser gave up on this expression", "{source:?}");
        }
    }
}
