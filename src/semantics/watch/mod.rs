//! Whether somebody is told of every event of a family: filter patterns and event patterns judged by what they mean.
//!
//! A family is covered by patterns only if no event of it escapes all of them. An escape is shown by an event that was built and
//! that every pattern, asked about it as a whole, lets pass; where neither is certain the answer is left open. Nothing here knows
//! of alarms, topics or policies.

mod ask;
mod choice;
mod event;
mod model;
mod record;
mod search;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::Truth;
use super::event_pattern::EventPattern;
use super::filter_pattern::{Expression, FilterPattern, JsonPattern};
use super::leaf::Leaf;

pub use event::{Constraint, WatchedError, WatchedEvent};

/// What sees events and may tell of them.
#[derive(Clone, Copy, Debug)]
pub enum Watcher<'a> {
    /// A metric filter of a log group.
    Filter(&'a FilterPattern),
    /// A rule of an event bus.
    Rule {
        pattern: &'a EventPattern,
        /// Whether it is given read-only management events too.
        reads: bool,
        /// The account of the bus.
        account: &'a str,
    },
}

/// Whether every event of a family is seen.
#[derive(Clone, Debug)]
pub enum Coverage {
    Covered,
    /// An event of the family that nothing sees.
    Escapes(Escape),
    /// Why it could not be decided.
    Undecided(String),
}

/// How much of a family one watcher sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// No event of it, for certain.
    Nothing,
    /// Some events of it, as far as can be told.
    Part,
    /// Every event of it.
    Whole,
}

/// An event that nothing sees.
#[derive(Clone, Debug)]
pub struct Escape {
    /// What makes it escape, beyond what the family says: `userIdentity.userName is alice`. Nothing where every event does.
    pub when: Vec<String>,
    /// The event itself, as far as it matters.
    pub event: Value,
}

/// Whether every event of the family is seen by at least one of the watchers.
pub fn covers(event: &WatchedEvent, watchers: &[Watcher<'_>]) -> Coverage {
    // Most families are seen by one pattern alone, and one is asked quickly.
    if watchers.len() > 1 && watchers.iter().any(|w| matches!(search::escape(event, std::slice::from_ref(w)), Coverage::Covered))
    {
        return Coverage::Covered;
    }
    search::escape(event, watchers)
}

/// How much of the family the watcher sees by itself.
pub fn sight(event: &WatchedEvent, watcher: Watcher<'_>) -> Sight {
    // Most filters are for other events, which their names tell.
    match watcher {
        Watcher::Filter(FilterPattern::Json(pattern)) if judged(pattern, &pattern.expression, event) == Truth::False => {
            Sight::Nothing
        }
        _ => search::sight(event, watcher),
    }
}

/// What the expression comes to by what is written of the family alone.
fn judged(pattern: &JsonPattern, expression: &Expression, event: &WatchedEvent) -> Truth {
    match expression {
        Expression::All(parts) => {
            let mut all = Truth::True;
            for part in parts {
                all = all.and(judged(pattern, part, event));
                if all == Truth::False {
                    break;
                }
            }
            all
        }
        Expression::Any(parts) => {
            let mut any = Truth::False;
            for part in parts {
                any = any.or(judged(pattern, part, event));
                if any == Truth::True {
                    break;
                }
            }
            any
        }
        Expression::Test(test) => match event.fields.get(&pattern.selectors[test.selector]) {
            Some(Constraint::OneOf(texts)) => match texts.as_slice() {
                [one] if !one.contains('*') => test.condition.judge(Leaf::Text(one)),
                _ => Truth::Unknown,
            },
            _ => Truth::Unknown,
        },
    }
}

impl Watcher<'_> {
    /// Whether it sees the event, a record of CloudTrail.
    pub fn sees(&self, event: &Value) -> Truth {
        match self {
            Watcher::Filter(pattern) => pattern.matches(event),
            Watcher::Rule { pattern, reads, account } => {
                let name = event["eventName"].as_str().unwrap_or_default();
                let given = *reads || !is_read(name);
                Truth::from(given).and(pattern.matches(&enveloped(event, account)))
            }
        }
    }
}

/// Whether a rule that is given no read-only management events is not given those of this name.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html>.
fn is_read(name: &str) -> bool {
    READS.iter().any(|start| name.starts_with(start)) && !WRITES_BY_READING_NAMES.contains(&name)
}

const READS: [&str; 3] = ["Get", "List", "Describe"];
const WRITES_BY_READING_NAMES: [&str; 2] = ["GetFederationToken", "GetSessionToken"];

/// The event as EventBridge delivers it.
fn enveloped(record: &Value, account: &str) -> Value {
    let text = |field: &str, other: &str| record[field].as_str().unwrap_or(other).to_string();
    json!({
        "version": "0",
        "id": "11111111-2222-3333-4444-555555555555",
        "detail-type": delivered_as(&text("eventType", "AwsApiCall")),
        "source": source(&text("eventSource", "ec2.amazonaws.com")),
        "account": account,
        "time": "2026-01-01T00:00:00Z",
        "region": text("awsRegion", "us-east-1"),
        "resources": [],
        "detail": record,
    })
}

/// The `source` of EventBridge for an event source of CloudTrail.
fn source(event_source: &str) -> String {
    format!("aws.{}", event_source.strip_suffix(DOMAIN).unwrap_or(event_source))
}

/// How every event source of CloudTrail ends.
const DOMAIN: &str = ".amazonaws.com";

/// The `detail-type` of EventBridge for a type of event.
fn delivered_as(event_type: &str) -> &'static str {
    record::EVENT_TYPES.iter().find(|(name, _)| *name == event_type).map_or("AWS API Call via CloudTrail", |(_, as_)| as_)
}
