//! Alarms on what metric filters count, in the accounts and Regions of the log groups.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::operation::get_alarm_mute_rule::GetAlarmMuteRuleOutput;
use aws_sdk_cloudwatch::types as sdk;

use super::arn::Arn;
use super::ask::{Ask, Reader, not_understood, pages, text, time};
use crate::aws::Answer;
use crate::aws::operation::{DESCRIBE_ALARMS, GET_ALARM_MUTE_RULE, LIST_ALARM_MUTE_RULES};
use crate::inventory::alarm::{CompositeAlarm, Dimension, Evaluation, MathAlarm, MetricAlarm, MetricQuery, QueriedMetric};
use crate::inventory::noun::AlarmRef;
use crate::inventory::{Alarm, AlarmDefinition, Fact, Gap, Listing, LogGroup, MuteRule, Origin, TopicRef};

/// A metric: namespace and name.
type Counted = (String, String);

/// The alarms of an account and Region that watch what its log groups count; the groups are told which.
pub(super) async fn collect(reader: &Reader, region: &str, groups: &mut [&mut LogGroup]) -> Vec<Alarm> {
    // Without a filter nothing is counted; where filters may be missing, any alarm may be on what they count.
    let counted: Vec<BTreeSet<Counted>> = groups.iter().map(|group| counted(group)).collect();
    if counted.iter().all(BTreeSet::is_empty) {
        for group in groups {
            group.alarms =
                Listing { items: Vec::new(), gaps: group.metric_filters.gaps.clone(), from: group.metric_filters.from.clone() };
        }
        return Vec::new();
    }
    let mut found = describe(reader, region).await;
    let mut kept: BTreeMap<String, Alarm> = BTreeMap::new();
    for (group, counted) in groups.iter_mut().zip(&counted) {
        // What nothing is counted for, nothing watches.
        let names = if counted.is_empty() { BTreeSet::new() } else { watching(&found.alarms, counted) };
        let items: Vec<&Alarm> = found.alarms.iter().filter(|a| names.contains(&a.name)).collect();
        kept.extend(items.iter().map(|alarm| (alarm.arn.clone(), (*alarm).clone())));
        let mut gaps = found.gaps.clone();
        gaps.extend(group.metric_filters.gaps.iter().cloned());
        gaps.sort();
        gaps.dedup();
        group.alarms =
            Listing { items: items.iter().map(|alarm| AlarmRef(alarm.arn.clone())).collect(), gaps, from: found.from.clone() };
    }
    found.alarms = kept.into_values().collect();
    mute(reader, region, &mut found.alarms).await;
    found.alarms
}

fn counted(group: &LogGroup) -> BTreeSet<Counted> {
    let metrics = group.metric_filters.items.iter().flat_map(|filter| &filter.metrics);
    metrics.map(|metric| (metric.namespace.clone(), metric.name.clone())).collect()
}

/// The names of the alarms that watch one of the metrics, and of composite alarms whose rule names such an alarm.
fn watching(alarms: &[Alarm], counted: &BTreeSet<Counted>) -> BTreeSet<String> {
    let is_counted = |namespace: &String, metric: &String| counted.contains(&(namespace.clone(), metric.clone()));
    let mut names: BTreeSet<String> = BTreeSet::new();
    for alarm in alarms {
        let watches = match alarm.definition.known() {
            Some(AlarmDefinition::Metric(on)) => is_counted(&on.namespace, &on.metric),
            Some(AlarmDefinition::Math(on)) => {
                on.queries.iter().filter_map(|q| q.metric.as_ref()).any(|m| is_counted(&m.namespace, &m.metric))
            }
            // An alarm that this version cannot read may watch anything.
            Some(AlarmDefinition::Other(_)) | None => true,
            Some(AlarmDefinition::Composite(_)) => false,
        };
        if watches {
            names.insert(alarm.name.clone());
        }
    }
    loop {
        let more: Vec<String> = alarms
            .iter()
            .filter(|alarm| !names.contains(&alarm.name))
            .filter(|alarm| match alarm.definition.known() {
                Some(AlarmDefinition::Composite(on)) => names.iter().any(|name| on.rule.contains(name.as_str())),
                _ => false,
            })
            .map(|alarm| alarm.name.clone())
            .collect();
        if more.is_empty() {
            return names;
        }
        names.extend(more);
    }
}

#[derive(Default)]
struct Found {
    alarms: Vec<Alarm>,
    gaps: Vec<Gap>,
    from: Vec<Origin>,
}

async fn describe(reader: &Reader, region: &str) -> Found {
    let client = reader.session.cloudwatch(region);
    let paged = pages(
        |token| {
            let request = client
                .describe_alarms()
                .alarm_types(sdk::AlarmType::MetricAlarm)
                .alarm_types(sdk::AlarmType::CompositeAlarm)
                .max_records(100)
                .set_next_token(token)
                .send();
            reader.ask(Ask::new(DESCRIBE_ALARMS, region, "").beside(), request)
        },
        |page| page.next_token(),
    )
    .await;
    let mut found = Found { gaps: Vec::from_iter(paged.gap()), from: paged.origins(), ..Found::default() };
    for page in &paged.pages {
        if page.value.metric_alarms.is_none() && page.value.composite_alarms.is_none() {
            found.gaps.push(not_understood(page, "`MetricAlarms` and `CompositeAlarms` are missing in the answer"));
        }
        let alarms = page.value.metric_alarms().iter().map(|alarm| metric_alarm(alarm, page));
        for alarm in alarms.chain(page.value.composite_alarms().iter().map(|alarm| composite_alarm(alarm, page))) {
            match alarm {
                Some(alarm) => found.alarms.push(alarm),
                None => found.gaps.push(not_understood(page, "an alarm without a name or without an ARN")),
            }
        }
    }
    found
}

/// What both kinds of alarm tell alike.
struct Common<'a> {
    arn: Option<&'a str>,
    name: Option<&'a str>,
    actions_enabled: Option<bool>,
    actions: &'a [String],
    state: Option<&'a sdk::StateValue>,
    since: Option<&'a aws_smithy_types::DateTime>,
}

fn alarm<T>(of: &Common<'_>, page: &Answer<T>, definition: Fact<AlarmDefinition>) -> Option<Alarm> {
    let (arn, name) = (of.arn?, of.name?);
    let parts = Arn::parse(arn)?;
    let from = page.origin();
    let missing = |field: &str| not_understood(page, &format!("`{field}` of alarm {name} is missing in the answer"));
    let topics: Vec<TopicRef> =
        of.actions.iter().filter(|a| Arn::parse(a).is_some_and(|p| p.service == "sns")).cloned().map(TopicRef).collect();
    Some(Alarm {
        arn: arn.to_string(),
        name: name.to_string(),
        owner_account: parts.account.to_string(),
        region: parts.region.to_string(),
        actions_enabled: match of.actions_enabled {
            Some(enabled) => Fact::observed(enabled, from.clone()),
            None => Fact::Unknown(missing("ActionsEnabled")),
        },
        actions: Fact::observed(of.actions.to_vec(), from.clone()),
        topics: Listing::complete(topics, vec![from.clone()]),
        state: match of.state {
            Some(state) => Fact::observed(state.as_str().to_string(), from.clone()),
            None => Fact::Unknown(missing("StateValue")),
        },
        state_since: match time(of.since) {
            Ok(since) => Fact::observed(since, from),
            Err(why) => Fact::Unknown(not_understood(page, &why)),
        },
        mute_rules: Listing::default(),
        definition,
    })
}

fn metric_alarm<T>(of: &sdk::MetricAlarm, page: &Answer<T>) -> Option<Alarm> {
    let common = Common {
        arn: of.alarm_arn(),
        name: of.alarm_name(),
        actions_enabled: of.actions_enabled(),
        actions: of.alarm_actions(),
        state: of.state_value(),
        since: of.state_transitioned_timestamp().or(of.state_updated_timestamp()),
    };
    let definition = match definition(of) {
        Ok(definition) => Fact::observed(definition, page.origin()),
        Err(field) => {
            let name = of.alarm_name().unwrap_or_default();
            Fact::Unknown(not_understood(page, &format!("`{field}` of alarm {name} is missing in the answer")))
        }
    };
    alarm(&common, page, definition)
}

/// # Errors
/// The name of a field that such an alarm always has.
fn definition(of: &sdk::MetricAlarm) -> Result<AlarmDefinition, &'static str> {
    if of.evaluation_criteria().is_some() {
        return Ok(AlarmDefinition::Other("a query over metrics".into()));
    }
    let evaluation = Evaluation {
        evaluation_periods: of.evaluation_periods().map(i64::from).ok_or("EvaluationPeriods")?,
        datapoints_to_alarm: of.datapoints_to_alarm().map(i64::from),
        // The threshold of anomaly detection is a band, which another line of the alarm computes.
        threshold: of.threshold().filter(|_| of.threshold_metric_id().is_none()),
        comparison: of.comparison_operator().ok_or("ComparisonOperator")?.as_str().to_string(),
        treat_missing_data: text(of.treat_missing_data()),
    };
    if !of.metrics().is_empty() {
        let queries = of.metrics().iter().map(query).collect::<Result<_, _>>()?;
        return Ok(AlarmDefinition::Math(MathAlarm { queries, evaluation }));
    }
    Ok(AlarmDefinition::Metric(MetricAlarm {
        namespace: of.namespace().ok_or("Namespace")?.to_string(),
        metric: of.metric_name().ok_or("MetricName")?.to_string(),
        dimensions: dimensions(of.dimensions()),
        statistic: of.statistic().map(|statistic| statistic.as_str().to_string()),
        extended_statistic: text(of.extended_statistic()),
        unit: of.unit().map(|unit| unit.as_str().to_string()),
        period_seconds: of.period().map(i64::from).ok_or("Period")?,
        evaluation,
    }))
}

fn query(of: &sdk::MetricDataQuery) -> Result<MetricQuery, &'static str> {
    let metric = of.metric_stat().map(|stat| -> Result<QueriedMetric, &'static str> {
        let metric = stat.metric().ok_or("Metric")?;
        Ok(QueriedMetric {
            namespace: metric.namespace().ok_or("Namespace")?.to_string(),
            metric: metric.metric_name().ok_or("MetricName")?.to_string(),
            dimensions: dimensions(metric.dimensions()),
            statistic: stat.stat().ok_or("Stat")?.to_string(),
            unit: stat.unit().map(|unit| unit.as_str().to_string()),
            period_seconds: stat.period().map(i64::from).ok_or("Period")?,
        })
    });
    Ok(MetricQuery {
        id: of.id().ok_or("Id")?.to_string(),
        // Absent stands for true. Source: the MetricDataQuery type of the CloudWatch API.
        return_data: of.return_data().unwrap_or(true),
        expression: text(of.expression()),
        metric: metric.transpose()?,
        account: text(of.account_id()),
    })
}

fn dimensions(of: &[sdk::Dimension]) -> Vec<Dimension> {
    let plain = |text: Option<&str>| text.unwrap_or_default().to_string();
    let mut dimensions: Vec<Dimension> =
        of.iter().map(|d| Dimension { name: plain(d.name()), value: plain(d.value()) }).collect();
    dimensions.sort_by(|a, b| a.name.cmp(&b.name));
    dimensions
}

fn composite_alarm<T>(of: &sdk::CompositeAlarm, page: &Answer<T>) -> Option<Alarm> {
    let common = Common {
        arn: of.alarm_arn(),
        name: of.alarm_name(),
        actions_enabled: of.actions_enabled(),
        actions: of.alarm_actions(),
        state: of.state_value(),
        since: of.state_transitioned_timestamp().or(of.state_updated_timestamp()),
    };
    let definition = match of.alarm_rule() {
        Some(rule) => {
            let composite = CompositeAlarm { rule: rule.to_string(), suppressor: text(of.actions_suppressor()) };
            Fact::observed(AlarmDefinition::Composite(composite), page.origin())
        }
        None => Fact::Unknown(not_understood(page, "a composite alarm without a rule")),
    };
    alarm(&common, page, definition)
}

/// Tells the alarms which rules mute them.
async fn mute(reader: &Reader, region: &str, alarms: &mut [Alarm]) {
    if alarms.is_empty() {
        return;
    }
    let client = reader.session.cloudwatch(region);
    let paged = pages(
        |token| {
            let request = client
                .list_alarm_mute_rules()
                .statuses(sdk::AlarmMuteRuleStatus::Active)
                .statuses(sdk::AlarmMuteRuleStatus::Scheduled)
                .set_next_token(token)
                .send();
            reader.ask(Ask::new(LIST_ALARM_MUTE_RULES, region, "").beside(), request)
        },
        |page| page.next_token(),
    )
    .await;
    let mut gaps = Vec::from_iter(paged.gap());
    let mut from = paged.origins();
    let mut by_alarm: BTreeMap<String, Vec<MuteRule>> = BTreeMap::new();
    for page in &paged.pages {
        if page.value.alarm_mute_rule_summaries.is_none() {
            gaps.push(not_understood(page, "`AlarmMuteRuleSummaries` is missing in the answer"));
        }
        for summary in page.value.alarm_mute_rule_summaries() {
            let Some(arn) = summary.alarm_mute_rule_arn() else {
                gaps.push(not_understood(page, "a mute rule without an ARN"));
                continue;
            };
            let name = arn.split_once(":alarm-mute-rule:").map_or(arn, |(_, name)| name);
            let request = client.get_alarm_mute_rule().alarm_mute_rule_name(name).send();
            match reader.ask(Ask::new(GET_ALARM_MUTE_RULE, region, name).beside(), request).await {
                Err(refusal) => gaps.push(*refusal.gap),
                Ok(answer) => match mute_rule(arn, &answer.value) {
                    Err(why) => gaps.push(not_understood(&answer, &why)),
                    Ok(rule) => {
                        from.push(answer.origin());
                        let targets = answer.value.mute_targets().map_or(&[][..], |targets| targets.alarm_names());
                        targets.iter().for_each(|name| by_alarm.entry(name.clone()).or_default().push(rule.clone()));
                    }
                },
            }
        }
    }
    for alarm in alarms {
        let items = by_alarm.get(&alarm.name).cloned().unwrap_or_default();
        alarm.mute_rules = Listing { items, gaps: gaps.clone(), from: from.clone() };
    }
}

fn mute_rule(arn: &str, of: &GetAlarmMuteRuleOutput) -> Result<MuteRule, String> {
    let schedule = of.rule().and_then(|rule| rule.schedule());
    Ok(MuteRule {
        arn: arn.to_string(),
        status: of.status().ok_or("a mute rule without a status")?.as_str().to_string(),
        schedule: schedule.and_then(|s| text(s.expression())),
        duration: schedule.and_then(|s| text(s.duration())),
        expires: time(of.expire_date())?,
    })
}
