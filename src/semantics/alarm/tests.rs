//! Alarms that go off on one event, and alarms that do not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;
use crate::inventory::alarm::{Dimension, MetricQuery, QueriedMetric};
use crate::semantics::Truth;

fn emitted() -> Emitted<'static> {
    Emitted { namespace: "CIS", metric: "StopLogging", value: "1", default: None, dimensions: &[] }
}

fn evaluation() -> Evaluation {
    Evaluation {
        evaluation_periods: 1,
        datapoints_to_alarm: None,
        threshold: Some(1.0),
        comparison: "GreaterThanOrEqualToThreshold".into(),
        treat_missing_data: None,
    }
}

fn alarm() -> MetricAlarm {
    MetricAlarm {
        namespace: "CIS".into(),
        metric: "StopLogging".into(),
        dimensions: Vec::new(),
        statistic: Some("Sum".into()),
        extended_statistic: None,
        unit: None,
        period_seconds: 300,
        evaluation: evaluation(),
    }
}

fn yes(change: impl FnOnce(&mut MetricAlarm, &mut Emitted<'_>)) {
    let (mut alarm, mut emitted) = (alarm(), emitted());
    change(&mut alarm, &mut emitted);
    assert_eq!(fires_on_one(&alarm, &emitted), Some(Fires::Yes), "{alarm:?} {emitted:?}");
}

fn no(says: &str, change: impl FnOnce(&mut MetricAlarm, &mut Emitted<'_>)) {
    let (mut alarm, mut emitted) = (alarm(), emitted());
    change(&mut alarm, &mut emitted);
    match fires_on_one(&alarm, &emitted) {
        Some(Fires::No(why)) => assert!(why.contains(says), "{why}"),
        other => panic!("{other:?}: {alarm:?} {emitted:?}"),
    }
}

fn open(change: impl FnOnce(&mut MetricAlarm, &mut Emitted<'_>)) {
    let (mut alarm, mut emitted) = (alarm(), emitted());
    change(&mut alarm, &mut emitted);
    let answer = fires_on_one(&alarm, &emitted);
    assert!(matches!(answer, Some(Fires::Unknown(_))), "{answer:?}: {alarm:?} {emitted:?}");
}

#[test]
fn one_event_is_enough() {
    yes(|_, _| {});
    yes(|_, e| e.default = Some("0"));
    yes(|a, _| (a.evaluation.comparison, a.evaluation.threshold) = ("GreaterThanThreshold".into(), Some(0.0)));
    yes(|a, _| a.statistic = Some("Average".into()));
    yes(|a, _| a.statistic = Some("Maximum".into()));
    yes(|a, e| (a.statistic, e.default) = (Some("Maximum".into()), Some("0")));
    yes(|a, e| (a.statistic, e.default, a.period_seconds) = (Some("Average".into()), Some("0"), 60));
    yes(|a, e| (a.statistic, e.default, a.period_seconds) = (Some("Minimum".into()), Some("0"), 60));
    yes(|a, e| (a.statistic, e.value) = (Some("SampleCount".into()), "$.bytes"));
    yes(|a, _| (a.statistic, a.extended_statistic) = (None, Some("p99".into())));
    yes(|a, _| (a.evaluation.evaluation_periods, a.evaluation.datapoints_to_alarm) = (5, Some(1)));
    yes(|_, e| e.value = "5");
    yes(|a, _| a.unit = Some("None".into()));
    yes(|a, _| a.evaluation.treat_missing_data = Some("notBreaching".into()));
}

#[test]
fn one_event_is_not_enough() {
    no("does not reach the threshold of 10", |a, _| a.evaluation.threshold = Some(10.0));
    no("does not reach", |a, _| a.evaluation.comparison = "GreaterThanThreshold".into());
    no("does not reach", |_, e| e.value = "0");
    no("does not reach", |_, e| e.value = "0.5");
    no("minutes without a match", |a, e| (a.statistic, e.default) = (Some("Average".into()), Some("0")));
    no("minutes without a match", |a, e| (a.statistic, e.default) = (Some("Minimum".into()), Some("0")));
    no("minutes without a match", |a, e| (a.extended_statistic, a.statistic, e.default) = (Some("p50".into()), None, Some("0")));
    no("periods", |a, e| (a.evaluation.evaluation_periods, e.default) = (3, Some("0")));
    no("2 of 3 periods", |a, _| {
        a.evaluation.evaluation_periods = 3;
        a.evaluation.datapoints_to_alarm = Some(2);
        a.evaluation.treat_missing_data = Some("notBreaching".into());
    });
    no("while nothing happens", |a, _| a.evaluation.treat_missing_data = Some("breaching".into()));
    no("while nothing happens", |a, e| (a.evaluation.threshold, e.default) = (Some(0.0), Some("0")));
    no("while nothing happens", |a, e| (a.statistic, e.default) = (Some("SampleCount".into()), Some("0")));
    no("does not reach", |a, _| a.evaluation.comparison = "LessThanThreshold".into());
    static DIMENSIONS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec!["user".to_string()]);
    no("other dimensions (user) than the alarm watches (none)", |_, e| e.dimensions = &DIMENSIONS);
    no("other dimensions (none)", |a, _| a.dimensions = vec![Dimension { name: "user".into(), value: "x".into() }]);
}

#[test]
fn what_cannot_be_told_is_open() {
    open(|_, e| e.value = "$.bytes");
    open(|a, _| a.unit = Some("Count".into()));
    open(|a, _| a.evaluation.threshold = None);
    open(|a, _| a.evaluation.comparison = "GreaterThanUpperThreshold".into());
    open(|a, _| (a.statistic, a.extended_statistic) = (None, Some("tm90".into())));
    open(|a, _| a.evaluation.evaluation_periods = 3);
}

#[test]
fn another_metric_is_none_of_the_filters() {
    let mut other = alarm();
    other.namespace = "Other".into();
    assert_eq!(fires_on_one(&other, &emitted()), None, "the same name in another namespace");
}

fn math(expression: Option<&str>) -> Option<Fires> {
    let metric = |id: &str, name: &str| MetricQuery {
        id: id.into(),
        return_data: expression.is_none() && id == "m1",
        expression: None,
        metric: Some(QueriedMetric {
            namespace: "CIS".into(),
            metric: name.into(),
            dimensions: Vec::new(),
            statistic: "Sum".into(),
            unit: None,
            period_seconds: 300,
        }),
        account: None,
    };
    let mut queries = vec![metric("m1", "StopLogging"), metric("m2", "DeleteTrail")];
    queries.extend(expression.map(|e| MetricQuery {
        id: "e1".into(),
        return_data: true,
        expression: Some(e.into()),
        metric: None,
        account: None,
    }));
    math_fires_on_one(&MathAlarm { queries, evaluation: evaluation() }, &emitted())
}

#[test]
fn simple_sums_are_followed() {
    for sum in
        ["m1", "FILL(m1, 0)", "SUM(FILL(METRICS(), 0))", "FILL(m1,0) + FILL(m2,0)", "SUM([FILL(m1,0), FILL(m2,0)])", "(m1)"]
    {
        assert_eq!(math(Some(sum)), Some(Fires::Yes), "{sum}");
    }
    assert_eq!(math(None), Some(Fires::Yes));
    assert!(matches!(math(Some("m2")), Some(Fires::No(_))));
    for open in ["m1 + m2", "m1 / m2", "IF(m1 > 5, 1, 0)", "m1 * 0", "SUM(", "RATE(m1)"] {
        assert!(matches!(math(Some(open)), Some(Fires::Unknown(_))), "{open}");
    }
}

fn holds(rule: &str) -> Truth {
    parse_rule(rule).unwrap_or_else(|e| panic!("{rule}: {e}")).holds_with(&|name| name == "stop logging" || name == "s")
}

#[test]
fn a_composite_alarm_goes_off_only_if_nothing_can_keep_it_back() {
    for rule in [
        "ALARM(\"stop logging\")",
        "ALARM(\"stop logging\") OR ALARM(other)",
        "NOT OK(s)",
        "TRUE AND ALARM(s)",
        "(ALARM(a) OR ALARM(s)) AND (ALARM(s) OR OK(b))",
        "ALARM(s) AND (ALARM(a) OR NOT ALARM(a))",
        "AT_LEAST(1, ALARM, (s, b, c))",
        "alarm('stop logging')",
    ] {
        assert_eq!(holds(rule), Truth::True, "{rule}");
    }
    for rule in [
        "ALARM(s) AND ALARM(other)",
        "ALARM(s) AND NOT ALARM(maintenance)",
        "ALARM(other)",
        "AT_LEAST(2, ALARM, (s, b, c))",
        "OK(b)",
    ] {
        assert_eq!(holds(rule), Truth::Unknown, "{rule}");
    }
    for rule in ["OK(s)", "FALSE", "NOT ALARM(s)", "ALARM(s) AND FALSE", "ALARM(a) AND OK(a)"] {
        assert_eq!(holds(rule), Truth::False, "{rule}");
    }
    let many: Vec<String> = (0..40).map(|i| format!("ALARM(a{i})")).collect();
    assert_eq!(holds(&format!("ALARM(s) OR {}", many.join(" OR "))), Truth::True);
    assert_eq!(holds(&format!("ALARM(s) AND {}", many.join(" AND "))), Truth::Unknown);
}

#[test]
fn what_is_no_rule_is_told_with_its_place() {
    for (rule, character) in
        [("", 1), ("ALARM(a", 8), ("ALARM a", 7), ("ALARM(a) ALARM(b)", 10), ("ALARM(\"a)", 7), ("NOT", 4), ("(", 2)]
    {
        assert_eq!(parse_rule(rule).unwrap_err().character, character, "{rule}");
    }
    assert!(parse_rule(&"(".repeat(5_000)).is_err() && parse_rule(&"NOT ".repeat(5_000)).is_err());
}

proptest! {
    #[test]
    fn parsing_never_panics(rule in "(ALARM|OK|AND|OR|NOT|AT_LEAST|[()\", 1a]){0,20}", expression in "(SUM|FILL|m1|[(),+\\[\\]0]){0,12}") {
        if let Ok(rule) = parse_rule(&rule) {
            rule.holds_with(&|name| name == "a");
        }
        let _ = math(Some(&expression));
    }
}
