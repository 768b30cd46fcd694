//! CloudWatch alarms on what metric filters count.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fact::{Fact, Listing};
use super::noun::{Kind, Opaque, TopicRef, View, Viewable, noun};

noun! {
    /// An alarm on a metric that a metric filter in scope adds to, alone or in metric math, or a composite alarm over such.
    pub struct Alarm("alarm", id = arn) {
        /// The alarm's ARN.
        arn: String,
        /// The alarm's name.
        name: String,
        /// The account that owns the alarm.
        owner_account: String,
        /// The Region that the alarm lives in.
        region: String,
        /// Whether the alarm does anything when it changes state.
        actions_enabled: Fact<bool>,
        /// The ARNs of what the alarm does when it goes off.
        actions: Fact<Vec<String>>,
        /// The SNS topics among its actions.
        topics: Listing<TopicRef>,
        /// The alarm's state: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        state: Fact<String>,
        /// Since when it has this state.
        state_since: Fact<Option<Timestamp>>,
        /// The mute rules that keep its actions back now or will at times; those that have expired are not here.
        mute_rules: Listing<MuteRule>,
        /// When the alarm goes off.
        definition: Fact<AlarmDefinition>,
    }
}

noun! {
    /// A rule that keeps the actions of alarms back at times. Source: GetAlarmMuteRule of the CloudWatch API.
    pub struct MuteRule("mute_rule", id = arn) {
        /// The rule's ARN.
        arn: String,
        /// `ACTIVE` while it keeps actions back; `SCHEDULED` while it waits for its time.
        status: String,
        /// When it begins, as a cron or an at expression; null where AWS does not say.
        schedule: Option<String>,
        /// How long it lasts each time, in the form of ISO 8601; null where AWS does not say.
        duration: Option<String>,
        /// When the rule ends for good; null where it never does.
        expires: Option<Timestamp>,
    }
}

/// When an alarm goes off. Source: the MetricAlarm and CompositeAlarm types of the CloudWatch API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmDefinition {
    /// On one metric.
    Metric(MetricAlarm),
    /// On an expression over metrics.
    Math(MathAlarm),
    /// On the states of other alarms.
    Composite(CompositeAlarm),
    /// In a way that this version does not know, such as a query over metrics.
    Other(String),
}

impl Viewable for AlarmDefinition {
    fn kind() -> Kind {
        Kind::Opaque("alarm_definition")
    }
    fn view(&self) -> View<'_> {
        View::Opaque(Opaque::AlarmDefinition(self))
    }
}

impl AlarmDefinition {
    /// When the alarm goes off, in a few words.
    pub fn summary(&self) -> String {
        match self {
            AlarmDefinition::Metric(alarm) => {
                let statistic = alarm.statistic.as_ref().or(alarm.extended_statistic.as_ref()).map_or("value", String::as_str);
                format!("{statistic} of {} {} in {} s", alarm.metric, alarm.evaluation.words(), alarm.period_seconds)
            }
            AlarmDefinition::Math(alarm) => {
                let watched = alarm.queries.iter().find(|q| q.return_data);
                let expression = watched.and_then(|q| q.expression.as_deref()).unwrap_or("an expression");
                format!("{expression} {}", alarm.evaluation.words())
            }
            AlarmDefinition::Composite(alarm) => alarm.rule.clone(),
            AlarmDefinition::Other(text) => text.clone(),
        }
    }
}

/// An alarm on one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricAlarm {
    pub namespace: String,
    pub metric: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// `Sum`, `Average` and others; absent where a percentile is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// A percentile such as `p99`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    /// The unit that datapoints must have to count; absent where any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    pub period_seconds: i64,
    pub evaluation: Evaluation,
}

/// An alarm on an expression over metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MathAlarm {
    /// The metrics and the expressions over them, in the order in which they are written.
    pub queries: Vec<MetricQuery>,
    pub evaluation: Evaluation,
}

/// One line of metric math: a metric, or an expression over other lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricQuery {
    /// The name that expressions know it by.
    pub id: String,
    /// Whether the alarm watches this line.
    pub return_data: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<QueriedMetric>,
    /// The account whose metric it is, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A metric of metric math.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueriedMetric {
    pub namespace: String,
    pub metric: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    pub statistic: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    pub period_seconds: i64,
}

/// An alarm on the states of other alarms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompositeAlarm {
    /// The rule, as it was written.
    pub rule: String,
    /// The alarm that keeps this one's actions back while it is in ALARM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressor: Option<String>,
}

/// How datapoints become a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// How many of the latest periods are looked at.
    pub evaluation_periods: i64,
    /// How many of them must breach; all of them where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<i64>,
    /// Absent where the threshold is a metric of its own, as of anomaly detection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// For example `GreaterThanOrEqualToThreshold`.
    pub comparison: String,
    /// `breaching`, `notBreaching`, `ignore` or `missing`; absent means `missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<String>,
}

impl Evaluation {
    fn words(&self) -> String {
        let sign = match self.comparison.as_str() {
            "GreaterThanOrEqualToThreshold" => ">=",
            "GreaterThanThreshold" => ">",
            "LessThanThreshold" => "<",
            "LessThanOrEqualToThreshold" => "<=",
            other => other,
        };
        let threshold = self.threshold.map_or("a band".to_string(), |t| t.to_string());
        let of = self.datapoints_to_alarm.unwrap_or(self.evaluation_periods);
        match (of, self.evaluation_periods) {
            (1, 1) => format!("{sign} {threshold}"),
            (of, all) => format!("{sign} {threshold} for {of} of {all} periods"),
        }
    }
}

/// A dimension of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    pub name: String,
    pub value: String,
}
