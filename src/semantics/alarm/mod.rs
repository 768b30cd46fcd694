//! Whether an alarm goes off when one event adds to its metric.
//!
//! Nothing here knows of filters' patterns, nor whom an alarm tells.

mod math;
mod rule;
#[cfg(test)]
mod tests;

use crate::inventory::alarm::{Evaluation, MathAlarm, MetricAlarm};

pub use rule::{Rule, RuleError, parse as parse_rule};

/// Whether one event is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fires {
    Yes,
    /// Why it is not.
    No(String),
    /// Why that is not known.
    Unknown(String),
}

/// What a metric filter adds to a metric.
#[derive(Clone, Debug)]
pub struct Emitted<'a> {
    pub namespace: &'a str,
    pub metric: &'a str,
    /// What a match adds: a number, or a field of the event.
    pub value: &'a str,
    /// What is added in a minute without a match.
    pub default: Option<&'a str>,
    pub dimensions: &'a [String],
}

/// Metric filters add once a minute. Source: the page of filter patterns for metric filters.
const MINUTE: i64 = 60;

/// How a metric becomes a datapoint.
struct Watched<'a> {
    statistic: &'a str,
    unit: Option<&'a str>,
    period: i64,
    dimensions: Vec<&'a str>,
}

/// Whether the alarm watches the metric; and whether a match of the filter in an otherwise quiet time makes it go off.
/// `None` where it watches another metric.
pub fn fires_on_one(alarm: &MetricAlarm, emitted: &Emitted<'_>) -> Option<Fires> {
    if (alarm.namespace.as_str(), alarm.metric.as_str()) != (emitted.namespace, emitted.metric) {
        return None;
    }
    let watched = Watched {
        statistic: alarm.statistic.as_deref().or(alarm.extended_statistic.as_deref()).unwrap_or("Average"),
        unit: alarm.unit.as_deref(),
        period: alarm.period_seconds,
        dimensions: alarm.dimensions.iter().map(|d| d.name.as_str()).collect(),
    };
    Some(judged(&watched, emitted, &alarm.evaluation, 0.0))
}

/// The same for an alarm on an expression: simple sums are followed, whatever else is left open.
pub fn math_fires_on_one(alarm: &MathAlarm, emitted: &Emitted<'_>) -> Option<Fires> {
    let uses = |query: &&crate::inventory::alarm::MetricQuery| {
        query.metric.as_ref().is_some_and(|m| (m.namespace.as_str(), m.metric.as_str()) == (emitted.namespace, emitted.metric))
    };
    let query = alarm.queries.iter().find(uses)?;
    let metric = query.metric.as_ref()?;
    let Some(watched) = alarm.queries.iter().find(|q| q.return_data) else {
        return Some(Fires::Unknown("the alarm's metric math returns nothing".into()));
    };
    let ids: Vec<&str> = alarm.queries.iter().filter(|q| q.metric.is_some()).map(|q| q.id.as_str()).collect();
    if let Some(expression) = &watched.expression {
        match math::sum(expression, &ids) {
            Some(terms) if terms.contains(&query.id.as_str()) => {}
            Some(_) => return Some(Fires::No(format!("the expression {expression} leaves the metric out"))),
            None => return Some(Fires::Unknown(format!("what the expression {expression} comes to is not followed"))),
        }
    } else if watched.id != query.id {
        return None;
    }
    let watched = Watched {
        statistic: &metric.statistic,
        unit: metric.unit.as_deref(),
        period: metric.period_seconds,
        dimensions: metric.dimensions.iter().map(|d| d.name.as_str()).collect(),
    };
    Some(judged(&watched, emitted, &alarm.evaluation, f64::INFINITY))
}

/// `more`: how much other metrics may add to the datapoint.
fn judged(watched: &Watched<'_>, emitted: &Emitted<'_>, evaluation: &Evaluation, more: f64) -> Fires {
    if let Some(problem) = dimensions(watched, emitted) {
        return problem;
    }
    if let Some(unit) = watched.unit.filter(|u| *u != "None") {
        return Fires::Unknown(format!(
            "the alarm counts datapoints in {unit} alone, and which unit the filter gives was not read"
        ));
    }
    let Some(threshold) = evaluation.threshold else {
        return Fires::Unknown("the alarm's threshold is a band that moves".into());
    };
    let breaches = |value: f64| match evaluation.comparison.as_str() {
        "GreaterThanOrEqualToThreshold" => Some(value >= threshold),
        "GreaterThanThreshold" => Some(value > threshold),
        "LessThanOrEqualToThreshold" => Some(value <= threshold),
        "LessThanThreshold" => Some(value < threshold),
        _ => None,
    };
    let (low, high) = match datapoint(watched, emitted) {
        Ok(range) => range,
        Err(problem) => return problem,
    };
    let rising = evaluation.comparison.starts_with("GreaterThan");
    let high = if rising { high } else { high + more };
    let words = format!("{} of one event", watched.statistic);
    match (breaches(low), breaches(high)) {
        (None, _) | (_, None) => return Fires::Unknown(format!("the comparison {} is not followed", evaluation.comparison)),
        (Some(false), Some(false)) => {
            return Fires::No(format!("{words} is {low}, and that does not reach the threshold of {threshold}"));
        }
        (Some(true), Some(true)) => {}
        _ => {
            return Fires::No(format!(
                "{words} may be as little as {low}, because minutes without a match count too, and the threshold is {threshold}"
            ));
        }
    }
    always(watched, emitted, evaluation, &breaches).or_else(|| periods(emitted, evaluation)).unwrap_or(Fires::Yes)
}

fn dimensions(watched: &Watched<'_>, emitted: &Emitted<'_>) -> Option<Fires> {
    let mut theirs: Vec<&str> = emitted.dimensions.iter().map(String::as_str).collect();
    let mut ours = watched.dimensions.clone();
    theirs.sort_unstable();
    ours.sort_unstable();
    if ours != theirs {
        let words = |names: &[&str]| if names.is_empty() { "none".to_string() } else { names.join(", ") };
        return Some(Fires::No(format!(
            "the filter gives the metric other dimensions ({}) than the alarm watches ({})",
            words(&theirs),
            words(&ours)
        )));
    }
    let message = "the alarm watches one value of the metric's dimensions, and which events have it is not followed";
    (!ours.is_empty()).then(|| Fires::Unknown(message.into()))
}

/// What one event may make of the datapoint of its period, the least and the most.
fn datapoint(watched: &Watched<'_>, emitted: &Emitted<'_>) -> Result<(f64, f64), Fires> {
    // Minutes of the period beside the event's own: none, or all of them have log events without a match.
    let others = f64::from(u32::try_from((watched.period - 1).max(0) / MINUTE).unwrap_or(u32::MAX));
    let default = match emitted.default.map(str::parse::<f64>) {
        Some(Ok(default)) => Some(default),
        Some(Err(_)) => return Err(Fires::Unknown("the filter's default value is no number".into())),
        None => None,
    };
    let others = if default.is_some() { others } else { 0.0 };
    let quiet = default.unwrap_or_default();
    if watched.statistic == "SampleCount" {
        return Ok((1.0, 1.0 + others));
    }
    let Ok(value) = emitted.value.parse::<f64>() else {
        let message = format!("what an event adds is its field {}, which may be anything", emitted.value);
        return Err(Fires::Unknown(message));
    };
    let around = |a: f64, b: f64| Ok((a.min(b), a.max(b)));
    match watched.statistic {
        "Sum" => around(value, value + others * quiet),
        "Average" => around(value, (value + others * quiet) / (1.0 + others)),
        "Minimum" if others > 0.0 => around(value, value.min(quiet)),
        "Maximum" if others > 0.0 => around(value, value.max(quiet)),
        "Minimum" | "Maximum" => Ok((value, value)),
        percentile if is_percentile(percentile) => around(value, if others > 0.0 { value.min(quiet) } else { value }),
        other => Err(Fires::Unknown(format!("the statistic {other} is not followed"))),
    }
}

fn is_percentile(statistic: &str) -> bool {
    statistic.strip_prefix('p').is_some_and(|n| n.parse::<f64>().is_ok())
}

/// An alarm that is in ALARM without any event tells nobody of one.
fn always(
    watched: &Watched<'_>,
    emitted: &Emitted<'_>,
    evaluation: &Evaluation,
    breaches: &dyn Fn(f64) -> Option<bool>,
) -> Option<Fires> {
    let missing = evaluation.treat_missing_data.as_deref();
    let quiet = match emitted.default.and_then(|d| d.parse::<f64>().ok()) {
        Some(_) if watched.statistic == "SampleCount" => breaches(1.0) == Some(true),
        Some(default) => breaches(default) == Some(true),
        None => missing == Some("breaching"),
    };
    let message = "the alarm is in ALARM while nothing happens, so that an event changes nothing";
    quiet.then(|| Fires::No(message.into()))
}

/// Whether one breaching period is enough.
fn periods(emitted: &Emitted<'_>, evaluation: &Evaluation) -> Option<Fires> {
    let all = evaluation.evaluation_periods;
    let needed = evaluation.datapoints_to_alarm.unwrap_or(all);
    if needed <= 1 {
        return None;
    }
    let words = format!("{needed} of {all} periods must reach the threshold, and one event reaches it in one");
    let missing = evaluation.treat_missing_data.as_deref().unwrap_or("missing");
    Some(match (emitted.default, missing) {
        (Some(_), _) | (None, "notBreaching") => Fires::No(words),
        // A breaching datapoint with nothing but missing ones after it does set an alarm off, once it is old enough:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
        _ => Fires::Unknown(format!("{words}; whether it is enough hangs on how CloudWatch treats the periods without data")),
    })
}
