//! What watches the events of a trail, and stores of them: metric filters, alarms, subscriptions, rules.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.

use serde_json::{Map, Value as Json};

use super::Made;
use super::trails::advanced_selector;
use crate::inventory::alarm::{CompositeAlarm, Dimension, Evaluation, MathAlarm, MetricAlarm, MetricQuery, QueriedMetric};
use crate::inventory::code::{is_placeholder, placeholder};
use crate::inventory::trail::{AdvancedSelector, EventSelectors, FieldSelector};
use crate::inventory::{Alarm, AlarmDefinition, EventDataStore, Fact, Gap, GapKind, Metric, MetricFilter, SubscriptionFilter};
use crate::source::code::blank::{self, run_time};
use crate::source::code::cloudformation::evaluate::{Want, after};
use crate::source::code::cloudformation::reader::truth;
use crate::source::code::node::{Node, State};
use crate::source::code::resource::{
    AlarmBody, Body, EventDataStoreBody, Neighbour, Receiver, RuleBody, Setting, Subscription, Targeted,
};

/// `AWS::Logs::MetricFilter`.
pub(super) fn metric_filter(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let node = reader.properties;
    let read = || {
        let system = node.get("EmitSystemFieldDimensions").texts()?;
        let transformations = node.get("MetricTransformations").items()?.iter();
        Ok(MetricFilter {
            name: made.called("FilterName"),
            // A filter without a pattern matches every event.
            pattern: node.get("FilterPattern").text()?.unwrap_or_default(),
            applied_on_transformed_logs: truth(node.get("ApplyOnTransformedLogs"))?.unwrap_or(false),
            field_selection_criteria: node.get("FieldSelectionCriteria").text()?,
            metrics: transformations.map(|of| metric(of, &system)).collect::<Result<_, Gap>>()?,
        })
    };
    let filter = reader.fact(reader.get("FilterPattern"), read());
    Body::Setting { of: made.pointer("LogGroupName"), setting: Setting::MetricFilter(Box::new(filter)) }
}

fn metric(of: &Node, system: &[String]) -> Result<Metric, Gap> {
    let mut dimensions =
        of.get("Dimensions").items()?.iter().map(|of| required(of, "Key")).collect::<Result<Vec<String>, Gap>>()?;
    dimensions.extend(system.iter().cloned());
    dimensions.sort();
    Ok(Metric {
        namespace: required(of, "MetricNamespace")?,
        name: required(of, "MetricName")?,
        value: required(of, "MetricValue")?,
        default_value: of.get("DefaultValue").text()?,
        dimensions,
    })
}

/// `AWS::Logs::SubscriptionFilter`.
pub(super) fn subscription_filter(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let node = reader.properties;
    let destination = node.get("DestinationArn");
    let read = || {
        Ok(SubscriptionFilter {
            name: made.called("FilterName"),
            pattern: node.get("FilterPattern").text()?.unwrap_or_default(),
            destination_arn: match &destination.state {
                State::Link(to) => placeholder(&to.join(" or ")),
                _ => destination.text()?.unwrap_or_default(),
            },
        })
    };
    let filter = reader.fact(reader.get("FilterPattern"), read());
    Body::Setting { of: made.pointer("LogGroupName"), setting: Setting::SubscriptionFilter(Box::new(filter)) }
}

/// `AWS::CloudWatch::Alarm`.
pub(super) fn metric_alarm(made: &Made<'_>) -> Body {
    let node = made.reader.properties;
    alarm(made, metric_definition(node), watches(node).ok())
}

/// `AWS::CloudWatch::CompositeAlarm`.
pub(super) fn composite_alarm(made: &Made<'_>) -> Body {
    let node = made.reader.properties;
    let suppressor = node.get("ActionsSuppressor");
    let definition = || {
        Ok(AlarmDefinition::Composite(CompositeAlarm {
            rule: required(node, "AlarmRule")?,
            suppressor: match &suppressor.state {
                State::Link(to) => to.first().cloned(),
                _ => suppressor.text()?,
            },
        }))
    };
    let definition = definition();
    let watches = definition.is_ok().then(Vec::new);
    alarm(made, definition, watches)
}

fn alarm(made: &Made<'_>, definition: Result<AlarmDefinition, Gap>, watches: Option<Vec<(String, String)>>) -> Body {
    let reader = &made.reader;
    let actions = reader.get("AlarmActions");
    let record = Alarm {
        actions_enabled: reader.flag(reader.get("ActionsEnabled"), true),
        definition: reader.source.fact(reader.properties, definition),
        ..blank::alarm(&run_time("anything else of an alarm"))
    };
    let receivers = reader.list(actions, |item| Ok(made.receiver(item)));
    Body::Alarm(Box::new(AlarmBody { record, watches, actions: receivers }))
}

fn metric_definition(node: &Node) -> Result<AlarmDefinition, Gap> {
    if !node.get("EvaluationCriteria").is_absent() {
        return Ok(AlarmDefinition::Other("a query over metrics".into()));
    }
    let evaluation = Evaluation {
        evaluation_periods: required_int(node, "EvaluationPeriods")?,
        datapoints_to_alarm: node.get("DatapointsToAlarm").int()?,
        // The threshold of anomaly detection is a band, which another line of the alarm computes.
        threshold: match node.get("ThresholdMetricId").text()? {
            Some(_) => None,
            None => number(node.get("Threshold"))?,
        },
        comparison: closed(node, "ComparisonOperator")?,
        treat_missing_data: node.get("TreatMissingData").text()?,
    };
    let queries = node.get("Metrics").items()?;
    if !queries.is_empty() {
        let queries = queries.iter().map(query).collect::<Result<_, Gap>>()?;
        return Ok(AlarmDefinition::Math(MathAlarm { queries, evaluation }));
    }
    Ok(AlarmDefinition::Metric(MetricAlarm {
        namespace: closed(node, "Namespace")?,
        metric: closed(node, "MetricName")?,
        dimensions: dimensions(node.get("Dimensions"))?,
        statistic: node.get("Statistic").text()?,
        extended_statistic: node.get("ExtendedStatistic").text()?,
        unit: node.get("Unit").text()?,
        period_seconds: required_int(node, "Period")?,
        evaluation,
    }))
}

fn query(node: &Node) -> Result<MetricQuery, Gap> {
    let stat = node.get("MetricStat");
    let queried = || {
        let metric = stat.get("Metric");
        Ok(QueriedMetric {
            namespace: closed(metric, "Namespace")?,
            metric: closed(metric, "MetricName")?,
            dimensions: dimensions(metric.get("Dimensions"))?,
            statistic: closed(stat, "Stat")?,
            unit: stat.get("Unit").text()?,
            period_seconds: required_int(stat, "Period")?,
        })
    };
    Ok(MetricQuery {
        id: closed(node, "Id")?,
        // Absent stands for true. Source: the MetricDataQuery type of the CloudWatch API.
        return_data: truth(node.get("ReturnData"))?.unwrap_or(true),
        expression: node.get("Expression").text()?,
        metric: if stat.is_absent() { None } else { Some(queried()?) },
        account: node.get("AccountId").text()?,
    })
}

/// The metrics that an alarm watches, as namespace and name.
fn watches(node: &Node) -> Result<Vec<(String, String)>, Gap> {
    let metric = |node: &Node| Ok((closed(node, "Namespace")?, closed(node, "MetricName")?));
    match node.get("Metrics").items()? {
        [] => Ok(vec![metric(node)?]),
        queries => {
            let stats = queries.iter().map(|query| query.get("MetricStat")).filter(|stat| !stat.is_absent());
            stats.map(|stat| metric(stat.get("Metric"))).collect()
        }
    }
}

impl Made<'_> {
    /// Whom an alarm or a rule tells.
    fn receiver(&self, node: &Node) -> Receiver {
        let declarations = &self.world.stage.template.declarations;
        let declared = |to: &String| declarations.values().find(|declaration| declaration.address() == to);
        let kind = match &node.state {
            State::Link(to) => to.first().and_then(declared).and_then(|declaration| kind(declaration.kind)),
            _ => None,
        };
        let kind = kind.map(|(service, within)| (service.to_string(), within.to_string()));
        Receiver { to: self.reader.source.pointer(node), kind }
    }

    /// The name that a property gives; where it is open, what stands for it.
    fn called(&self, property: &str) -> String {
        let name = self.reader.properties.get(property).text().ok().flatten();
        name.unwrap_or_else(|| placeholder(&format!("{} in {}", self.declaration.address(), self.world.stage.file)))
    }

    /// Whether somebody who subscribes hears of a message.
    fn subscription(&self, node: &Node) -> Subscription {
        let (source, home) = (self.reader.source, &self.world.stage.home);
        // The resources of a stack are in one account.
        let is_own = || match &node.get("Endpoint").state {
            State::Link(_) => true,
            State::Text(arn) => arn.split(':').nth(4) == Some(&home.account),
            _ => false,
        };
        let open = |what: &str| Subscription::Open(source.named(run_time(what)));
        match node.get("Protocol").text() {
            Err(gap) => Subscription::Open(source.named(gap)),
            Ok(_) if !node.get("FilterPolicy").is_absent() => {
                open("whether the filter policy of a subscription lets a message through")
            }
            Ok(protocol) => match protocol.as_deref() {
                Some("lambda" | "sqs" | "firehose") if is_own() => Subscription::Confirmed,
                Some(protocol) => open(&format!("whether a subscription by {protocol} is confirmed")),
                None => open("whether a subscription is confirmed"),
            },
        }
    }
}

/// The service of a resource that may be told, and how its ARN goes on.
fn kind(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "AWS::Lambda::Function" | "AWS::Lambda::Alias" | "AWS::Lambda::Version" => ("lambda", "function:"),
        "AWS::SQS::Queue" => ("sqs", ""),
        "AWS::StepFunctions::StateMachine" => ("states", "stateMachine:"),
        "AWS::KinesisFirehose::DeliveryStream" => ("firehose", "deliverystream/"),
        "AWS::Kinesis::Stream" => ("kinesis", "stream/"),
        "AWS::Logs::LogGroup" => ("logs", "log-group:"),
        "AWS::Events::EventBus" => ("events", "event-bus/"),
        "AWS::Events::ApiDestination" => ("events", "api-destination/"),
        "AWS::SSMIncidents::ResponsePlan" => ("ssm-incidents", "response-plan/"),
        _ => return None,
    })
}

/// `AWS::SNS::Subscription`.
pub(super) fn topic_subscription(made: &Made<'_>) -> Body {
    let subscription = made.subscription(made.reader.properties);
    Body::Setting { of: made.pointer("TopicArn"), setting: Setting::Subscription(subscription) }
}

/// The subscriptions that a topic has in itself.
pub(super) fn own_subscriptions(made: &Made<'_>) -> Vec<Body> {
    let (source, written) = (&made.reader.source, made.reader.properties.get("Subscription"));
    let own = Node { basis: written.basis, ..Node::new(State::Link(vec![made.declaration.address().to_string()])) };
    let body = |subscription| Body::Setting { of: source.pointer(&own), setting: Setting::Subscription(subscription) };
    match written.items() {
        Ok(items) => items.iter().map(|item| body(made.subscription(item))).collect(),
        Err(gap) => vec![body(Subscription::Open(source.named(gap)))],
    }
}

/// `AWS::Events::Rule`; nothing of a bus of its own, where none of CloudTrail's events arrive.
pub(super) fn event_rule(made: &Made<'_>) -> Vec<Body> {
    let reader = &made.reader;
    let bus = reader.get("EventBusName");
    let is_default = match &bus.node.state {
        State::Link(_) => Ok(false),
        // A name that is open is not the word.
        State::Text(name) if is_placeholder(name) => Err(after("the name of the event bus")),
        _ => bus.node.text().map(|name| name.is_none_or(|name| name == "default" || name.ends_with(":event-bus/default"))),
    };
    let is_on_default_bus = reader.fact(bus, is_default);
    if matches!(is_on_default_bus, Fact::Known { value: false, .. }) {
        return Vec::new();
    }
    let pattern = reader.get("EventPattern");
    let as_text = match (&pattern.node.state, made.declaration.property("EventPattern")) {
        (State::Map(_), Some(written)) => made.world.node(written, Want::Text),
        _ => pattern.node.clone(),
    };
    let text = match &as_text.state {
        State::Map(_) => json(&as_text, false).map(|json| Some(json.to_string())),
        _ => as_text.text(),
    };
    let targeted = |item: &Node| {
        let id = item.get("Id").text().ok().flatten();
        Ok(Targeted { id: id.unwrap_or_else(|| made.called("Name")), to: made.receiver(item.get("Arn")) })
    };
    vec![Body::Rule(Box::new(RuleBody {
        is_on_default_bus,
        pattern: reader.fact(pattern, text),
        state: reader.text(reader.get("State"), "ENABLED"),
        targets: reader.list(reader.get("Targets"), targeted),
    }))]
}

/// An event pattern as JSON. Of a number only its text is known, and in a pattern numbers stand in comparisons.
fn json(node: &Node, in_numbers: bool) -> Result<Json, Gap> {
    Ok(match &node.state {
        State::Absent => Json::Null,
        State::Bool(truth) => (*truth).into(),
        State::Int(number) => (*number).into(),
        State::Text(text) => match text.parse::<serde_json::Number>() {
            Ok(number) if in_numbers => Json::Number(number),
            _ => text.clone().into(),
        },
        State::List(items) => items.iter().map(|item| json(item, in_numbers)).collect::<Result<Vec<Json>, Gap>>()?.into(),
        State::Map(map) => {
            let mut object = Map::new();
            for (key, value) in map {
                object.insert(key.clone(), json(value, key == "numeric")?);
            }
            object.into()
        }
        State::Sensitive | State::Link(_) | State::Unknown(_) => {
            return Err(node.text().err().unwrap_or_else(|| after("a part of the event pattern")));
        }
    })
}

/// `AWS::CloudTrail::EventDataStore`.
pub(super) fn event_data_store(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let flag = |name: &str, default: bool| reader.flag(reader.get(name), default);
    let (retention, billing, selectors) =
        (reader.get("RetentionPeriod"), reader.get("BillingMode"), reader.get("AdvancedEventSelectors"));
    let named = match (&selectors.node.state, made.declaration.property("AdvancedEventSelectors")) {
        (State::List(_), Some(written)) => made.world.node(written, Want::Text),
        _ => selectors.node.clone(),
    };
    let event_selectors = named.items().and_then(|items| match items {
        [] => Ok(None),
        items => Ok(Some(EventSelectors::Advanced(items.iter().map(advanced_selector).collect::<Result<_, Gap>>()?))),
    });
    // What the service takes where nothing is written is not documented.
    let days = retention.node.int().and_then(|days| days.ok_or_else(|| run_time("for how long the store keeps events")));
    let record = EventDataStore {
        name: made.called("Name"),
        status: flag("IngestionEnabled", true)
            .map(|is_ingesting| if is_ingesting { "ENABLED" } else { "STOPPED_INGESTION" }.to_string()),
        is_multi_region: flag("MultiRegionEnabled", true),
        is_organization: flag("OrganizationEnabled", false),
        termination_protection_enabled: flag("TerminationProtectionEnabled", true),
        retention_days: reader.fact(retention, days),
        billing_mode: reader.text(billing, "EXTENDABLE_RETENTION_PRICING").map(Some),
        kms_key_id: reader.text_or_set(reader.get("KmsKeyId")),
        event_selectors: reader.or_default(selectors, event_selectors, management_events()),
        ..blank::event_data_store(&run_time("anything else of an event data store"))
    };
    Body::EventDataStore(Box::new(EventDataStoreBody { record, key: made.pointer("KmsKeyId") }))
}

/// What an event data store takes in where no selector is written.
fn management_events() -> EventSelectors {
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
pub(super) fn neighbour(kind: &str) -> Option<Neighbour> {
    let services = [
        ("AWS::Config::", Neighbour::Config),
        ("AWS::GuardDuty::", Neighbour::ThreatDetection),
        ("AWS::SecurityHub::", Neighbour::SecurityHub),
    ];
    services.into_iter().find(|(begins, _)| kind.starts_with(begins)).map(|(_, of)| of)
}

fn required(node: &Node, name: &str) -> Result<String, Gap> {
    node.get(name).text()?.ok_or_else(|| Gap::new(GapKind::NotUnderstood, format!("`{name}` is missing")))
}

/// A text that is compared with others: of one that is open nothing is known.
fn closed(node: &Node, name: &str) -> Result<String, Gap> {
    match required(node, name)? {
        text if is_placeholder(&text) => Err(after(&format!("`{name}`"))),
        text => Ok(text),
    }
}

fn required_int(node: &Node, name: &str) -> Result<i64, Gap> {
    node.get(name).int()?.ok_or_else(|| Gap::new(GapKind::NotUnderstood, format!("`{name}` is missing")))
}

fn number(node: &Node) -> Result<Option<f64>, Gap> {
    let parsed = |text: String| text.parse().map_err(|_| Gap::new(GapKind::NotUnderstood, "the threshold is not a number"));
    node.text()?.map(parsed).transpose()
}

fn dimensions(node: &Node) -> Result<Vec<Dimension>, Gap> {
    let one = |of: &Node| Ok(Dimension { name: required(of, "Name")?, value: required(of, "Value")? });
    let mut dimensions = node.items()?.iter().map(one).collect::<Result<Vec<Dimension>, Gap>>()?;
    dimensions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(dimensions)
}
