//! What watches the events of a trail, and stores of them, in the AWS provider: metric filters, alarms, subscriptions, rules.
//!
//! Source: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>.

use super::Seen;
use super::address::Address;
use super::resources::advanced_selector;
use crate::inventory::alarm::{CompositeAlarm, Dimension, Evaluation, MathAlarm, MetricAlarm, MetricQuery, QueriedMetric};
use crate::inventory::code::placeholder;
use crate::inventory::trail::{AdvancedSelector, EventSelectors, FieldSelector};
use crate::inventory::{Alarm, AlarmDefinition, EventDataStore, Fact, Gap, GapKind, Metric, MetricFilter, SubscriptionFilter};
use crate::source::code::blank::{self, run_time};
use crate::source::code::node::{Node, State};
use crate::source::code::resource::{
    AlarmBody, Body, EventDataStoreBody, Neighbour, Receiver, RuleBody, Setting, Subscription, Targeted,
};

/// `aws_cloudwatch_log_metric_filter`.
pub(super) fn metric_filter(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let read = || {
        let system = node.get("emit_system_field_dimensions").texts()?;
        let transformations = node.get("metric_transformation").items()?.iter();
        Ok(MetricFilter {
            name: named(seen, "name"),
            // A filter without a pattern matches every event.
            pattern: node.get("pattern").text()?.unwrap_or_default(),
            applied_on_transformed_logs: node.get("apply_on_transformed_logs").bool()?.unwrap_or(false),
            field_selection_criteria: node.get("field_selection_criteria").text()?,
            metrics: transformations.map(|of| metric(of, &system)).collect::<Result<_, Gap>>()?,
        })
    };
    let filter = source.fact(node.get("pattern"), read());
    Body::Setting { of: source.pointer(node.get("log_group_name")), setting: Setting::MetricFilter(Box::new(filter)) }
}

fn metric(of: &Node, system: &[String]) -> Result<Metric, Gap> {
    let mut dimensions = keys(of.get("dimensions"))?;
    dimensions.extend(system.iter().cloned());
    dimensions.sort();
    Ok(Metric {
        namespace: required(of, "namespace")?,
        name: required(of, "name")?,
        value: required(of, "value")?,
        default_value: of.get("default_value").text()?,
        dimensions,
    })
}

/// `aws_cloudwatch_log_subscription_filter`.
pub(super) fn subscription_filter(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let destination = node.get("destination_arn");
    let read = || {
        Ok(SubscriptionFilter {
            name: named(seen, "name"),
            pattern: node.get("filter_pattern").text()?.unwrap_or_default(),
            destination_arn: match &destination.state {
                State::Link(to) => placeholder(&to.join(" or ")),
                _ => destination.text()?.unwrap_or_default(),
            },
        })
    };
    let filter = source.fact(node.get("filter_pattern"), read());
    Body::Setting { of: source.pointer(node.get("log_group_name")), setting: Setting::SubscriptionFilter(Box::new(filter)) }
}

/// `aws_cloudwatch_metric_alarm`.
pub(super) fn metric_alarm(seen: &Seen<'_>) -> Body {
    let queries = seen.node.get("metric_query");
    alarm(seen, metric_definition(seen.node), watches(seen.node, queries).ok())
}

/// `aws_cloudwatch_composite_alarm`.
pub(super) fn composite_alarm(seen: &Seen<'_>) -> Body {
    let definition = || {
        Ok(AlarmDefinition::Composite(CompositeAlarm {
            rule: required(seen.node, "alarm_rule")?,
            suppressor: seen.node.block("actions_suppressor").get("alarm").text()?,
        }))
    };
    let definition = definition();
    let watches = definition.is_ok().then(Vec::new);
    alarm(seen, definition, watches)
}

fn alarm(seen: &Seen<'_>, definition: Result<AlarmDefinition, Gap>, watches: Option<Vec<(String, String)>>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let (enabled, actions) = (node.get("actions_enabled"), node.get("alarm_actions"));
    let receivers = actions.items().map(|items| items.iter().map(|item| receiver(seen, item)).collect());
    let record = Alarm {
        actions_enabled: source.or_default(enabled, enabled.bool(), true),
        definition: source.fact(node, definition),
        ..blank::alarm(&run_time("anything else of an alarm"))
    };
    // A list of which not even the length is known may still be a reference to one receiver.
    let actions = match &actions.state {
        State::Link(_) => source.fact(actions, Ok(vec![receiver(seen, actions)])),
        // It stands no firmer than what is in it.
        _ => match source.fact(actions, receivers) {
            Fact::Known { value, from, basis } => {
                let basis = actions.items().iter().copied().flatten().map(|item| item.basis).fold(basis, Ord::max);
                Fact::Known { value, from, basis }
            }
            unknown => unknown,
        },
    };
    Body::Alarm(Box::new(AlarmBody { record, watches, actions }))
}

fn metric_definition(node: &Node) -> Result<AlarmDefinition, Gap> {
    if !node.get("evaluation_criteria").is_absent() {
        return Ok(AlarmDefinition::Other("a query over metrics".into()));
    }
    let evaluation = Evaluation {
        evaluation_periods: required_int(node, "evaluation_periods")?,
        datapoints_to_alarm: node.get("datapoints_to_alarm").int()?.filter(|count| *count > 0),
        // The threshold of anomaly detection is a band, which another line of the alarm computes.
        threshold: match node.get("threshold_metric_id").text()? {
            Some(_) => None,
            None => number(node.get("threshold"))?,
        },
        comparison: required(node, "comparison_operator")?,
        treat_missing_data: node.get("treat_missing_data").text()?,
    };
    let queries = node.get("metric_query").items()?;
    if !queries.is_empty() {
        let queries = queries.iter().map(query).collect::<Result<_, Gap>>()?;
        return Ok(AlarmDefinition::Math(MathAlarm { queries, evaluation }));
    }
    Ok(AlarmDefinition::Metric(MetricAlarm {
        namespace: required(node, "namespace")?,
        metric: required(node, "metric_name")?,
        dimensions: dimensions(node.get("dimensions"))?,
        statistic: node.get("statistic").text()?,
        extended_statistic: node.get("extended_statistic").text()?,
        unit: node.get("unit").text()?,
        period_seconds: required_int(node, "period")?,
        evaluation,
    }))
}

fn query(node: &Node) -> Result<MetricQuery, Gap> {
    let metric = node.block("metric");
    let queried = || {
        Ok(QueriedMetric {
            namespace: required(metric, "namespace")?,
            metric: required(metric, "metric_name")?,
            dimensions: dimensions(metric.get("dimensions"))?,
            statistic: required(metric, "stat")?,
            unit: metric.get("unit").text()?,
            period_seconds: required_int(metric, "period")?,
        })
    };
    Ok(MetricQuery {
        id: required(node, "id")?,
        // The provider sends false where nothing is written, other than the service.
        return_data: node.get("return_data").bool()?.unwrap_or(false),
        expression: node.get("expression").text()?,
        metric: if metric.is_absent() { None } else { Some(queried()?) },
        account: node.get("account_id").text()?,
    })
}

/// The metrics that an alarm watches, as namespace and name.
fn watches(node: &Node, queries: &Node) -> Result<Vec<(String, String)>, Gap> {
    let metric = |node: &Node| Ok((required(node, "namespace")?, required(node, "metric_name")?));
    match queries.items()? {
        [] => Ok(vec![metric(node)?]),
        queries => {
            let metrics = queries.iter().map(|query| query.block("metric")).filter(|metric| !metric.is_absent());
            metrics.map(metric).collect()
        }
    }
}

/// Whom an alarm or a rule tells.
fn receiver(seen: &Seen<'_>, node: &Node) -> Receiver {
    let kind = match &node.state {
        State::Link(to) => to.first().and_then(|to| Address::parse(to)).and_then(|to| kind(&to.r#type)),
        _ => None,
    };
    let kind = kind.map(|(service, within)| (service.to_string(), within.to_string()));
    Receiver { to: seen.source().pointer(node), kind }
}

/// The service of a resource that may be told, and how its ARN goes on.
fn kind(r#type: &str) -> Option<(&'static str, &'static str)> {
    Some(match r#type {
        "aws_lambda_function" | "aws_lambda_alias" => ("lambda", "function:"),
        "aws_sqs_queue" => ("sqs", ""),
        "aws_sfn_state_machine" => ("states", "stateMachine:"),
        "aws_kinesis_firehose_delivery_stream" => ("firehose", "deliverystream/"),
        "aws_kinesis_stream" => ("kinesis", "stream/"),
        "aws_cloudwatch_log_group" => ("logs", "log-group:"),
        "aws_cloudwatch_event_bus" => ("events", "event-bus/"),
        "aws_cloudwatch_event_api_destination" => ("events", "api-destination/"),
        "aws_ssmincidents_response_plan" => ("ssm-incidents", "response-plan/"),
        _ => return None,
    })
}

/// `aws_sns_topic_subscription`.
pub(super) fn topic_subscription(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let is_own = || match &node.get("endpoint").state {
        State::Link(to) => to.iter().all(|to| seen.instances.get(to).is_some_and(|i| i.home.account == seen.home.account)),
        State::Text(arn) => arn.split(':').nth(4) == Some(&seen.home.account),
        _ => false,
    };
    let open = |what: &str| Subscription::Open(source.named(run_time(what)));
    let subscription = match node.get("protocol").text() {
        Err(gap) => Subscription::Open(source.named(gap)),
        Ok(_) if !node.get("filter_policy").is_absent() => {
            open("whether the filter policy of a subscription lets a message through")
        }
        Ok(protocol) => match protocol.as_deref() {
            Some("lambda" | "sqs" | "firehose") if is_own() => Subscription::Confirmed,
            Some(protocol) => open(&format!("whether a subscription by {protocol} is confirmed")),
            None => open("whether a subscription is confirmed"),
        },
    };
    Body::Setting { of: source.pointer(node.get("topic_arn")), setting: Setting::Subscription(subscription) }
}

/// `aws_cloudwatch_event_rule`; nothing of a bus of its own, where none of CloudTrail's events arrive.
pub(super) fn event_rule(seen: &Seen<'_>) -> Option<Body> {
    let (source, node) = (seen.source(), seen.node);
    let bus = node.get("event_bus_name");
    let is_on_default_bus = source.fact(bus, is_default_bus(bus));
    if matches!(is_on_default_bus, Fact::Known { value: false, .. }) {
        return None;
    }
    // Before there was `state` there was `is_enabled`.
    let (state, enabled) = (node.get("state"), node.get("is_enabled"));
    let written = match (state.text(), enabled.bool()) {
        (Ok(None), Ok(Some(false))) => Ok(Some("DISABLED".to_string())),
        (Ok(None), Err(gap)) => Err(gap),
        (state, _) => state,
    };
    let pattern = node.get("event_pattern");
    Some(Body::Rule(Box::new(RuleBody {
        is_on_default_bus,
        pattern: source.fact(pattern, pattern.text()),
        state: source.or_default(state, written, "ENABLED".to_string()),
        targets: source.configured(Vec::new()),
    })))
}

/// What a link names is a bus of the code, and nobody can make another default one.
fn is_default_bus(bus: &Node) -> Result<bool, Gap> {
    match &bus.state {
        State::Link(_) => Ok(false),
        _ => Ok(bus.text()?.is_none_or(|name| name == "default" || name.ends_with(":event-bus/default"))),
    }
}

/// `aws_cloudwatch_event_target`.
pub(super) fn event_target(seen: &Seen<'_>) -> Option<Body> {
    let (source, node) = (seen.source(), seen.node);
    let bus = is_default_bus(node.get("event_bus_name"));
    if bus == Ok(false) {
        return None;
    }
    let target = bus.map(|_| Targeted { id: named(seen, "target_id"), to: receiver(seen, node.get("arn")) });
    let target = source.fact(node.get("arn"), target);
    Some(Body::Setting { of: source.pointer(node.get("rule")), setting: Setting::RuleTarget(Box::new(target)) })
}

/// `aws_cloudtrail_event_data_store`.
pub(super) fn event_data_store(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let flag = |name: &str, default: bool| source.or_default(node.get(name), node.get(name).bool(), default);
    let (retention, billing, selectors) =
        (node.get("retention_period"), node.get("billing_mode"), node.get("advanced_event_selector"));
    let event_selectors = selectors.items().and_then(|items| match items {
        [] => Ok(None),
        items => Ok(Some(EventSelectors::Advanced(items.iter().map(advanced_selector).collect::<Result<_, Gap>>()?))),
    });
    let status = flag("suspend", false).map(|is_suspended| status(!is_suspended));
    let record = EventDataStore {
        status,
        is_multi_region: flag("multi_region_enabled", true),
        is_organization: flag("organization_enabled", false),
        termination_protection_enabled: flag("termination_protection_enabled", true),
        retention_days: source.or_default(retention, retention.int(), 2555),
        billing_mode: source.or_default(billing, billing.text(), "EXTENDABLE_RETENTION_PRICING".to_string()).map(Some),
        kms_key_id: source.text_or_set(node.get("kms_key_id")),
        event_selectors: source.or_default(selectors, event_selectors, management_events()),
        ..blank::event_data_store(&run_time("anything else of an event data store"))
    };
    Body::EventDataStore(Box::new(EventDataStoreBody { record, key: source.pointer(node.get("kms_key_id")) }))
}

fn status(is_ingesting: bool) -> String {
    if is_ingesting { "ENABLED" } else { "STOPPED_INGESTION" }.to_string()
}

/// What an event data store takes in where no selector is written.
pub(super) fn management_events() -> EventSelectors {
    EventSelectors::Advanced(vec![AdvancedSelector {
        name: None,
        field_selectors: vec![FieldSelector {
            field: "eventCategory".into(),
            equals: vec!["Management".into()],
            starts_with: Vec::new(),
            ends_with: Vec::new(),
            not_equals: Vec::new(),
            not_starts_with: Vec::new(),
            not_ends_with: Vec::new(),
        }],
    }])
}

/// Something of a service beside CloudTrail.
pub(super) fn neighbour(r#type: &str) -> Option<Body> {
    let services =
        [("config_", Neighbour::Config), ("guardduty_", Neighbour::ThreatDetection), ("securityhub_", Neighbour::SecurityHub)];
    let of_aws = r#type.strip_prefix("aws_")?;
    services.into_iter().find(|(begins, _)| of_aws.starts_with(begins)).map(|(_, of)| Body::Neighbour(of))
}

/// The name of something; where it is open, what stands for it.
fn named(seen: &Seen<'_>, attribute: &str) -> String {
    let name = seen.node.get(attribute).text().ok().flatten();
    name.unwrap_or_else(|| placeholder(&format!("{} in {}", seen.text, seen.file)))
}

fn missing(name: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, format!("`{name}` is missing"))
}

fn required(node: &Node, name: &str) -> Result<String, Gap> {
    node.get(name).text()?.ok_or_else(|| missing(name))
}

fn required_int(node: &Node, name: &str) -> Result<i64, Gap> {
    node.get(name).int()?.ok_or_else(|| missing(name))
}

fn number(node: &Node) -> Result<Option<f64>, Gap> {
    let parsed = |text: String| text.parse().map_err(|_| Gap::new(GapKind::NotUnderstood, "the threshold is not a number"));
    node.text()?.map(parsed).transpose()
}

fn keys(map: &Node) -> Result<Vec<String>, Gap> {
    match &map.state {
        State::Map(map) => Ok(map.keys().cloned().collect()),
        State::Absent => Ok(Vec::new()),
        _ => map.text().and_then(|_| Err(Gap::new(GapKind::NotUnderstood, "the dimensions are not a map"))),
    }
}

fn dimensions(node: &Node) -> Result<Vec<Dimension>, Gap> {
    let one = |name: String| Ok(Dimension { value: node.get(&name).text()?.unwrap_or_default(), name });
    keys(node)?.into_iter().map(one).collect()
}
