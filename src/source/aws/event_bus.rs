//! EventBridge rules on the default event bus of each Region.

use serde_json::Value;

use super::arn::Arn;
use super::ask::{Ask, Reader, not_understood, pages};
use crate::aws::operation::{LIST_RULES, LIST_TARGETS_BY_RULE};
use crate::inventory::{EventBus, EventRule, Gap, GapKind, Listing, RuleTarget, TopicRef};

/// Reads the rules of a Region. Rules without an event pattern run by the clock, and are left out.
pub(super) async fn collect(reader: &Reader, region: &str) -> EventBus {
    let client = reader.session.events(region);
    let paged = pages(
        |token| {
            let request = client.list_rules().limit(100).set_next_token(token).send();
            reader.ask(Ask::new(LIST_RULES, region, "").beside(), request)
        },
        |page| page.next_token(),
    )
    .await;
    let mut rules = Listing { items: Vec::new(), gaps: Vec::from_iter(paged.gap()), from: paged.origins() };
    for page in &paged.pages {
        if page.value.rules.is_none() {
            rules.add_gap(not_understood(page, "`Rules` is missing in the answer"));
        }
        for rule in page.value.rules() {
            let Some(pattern) = rule.event_pattern() else { continue };
            let (Some(arn), Some(name), Some(state)) = (rule.arn(), rule.name(), rule.state()) else {
                rules.add_gap(not_understood(page, "a rule without an ARN, a name or a state"));
                continue;
            };
            let targets = match speaks_of_cloudtrail(pattern) && state.as_str() != "DISABLED" {
                true => targets(reader, region, name).await,
                false => {
                    Listing::unread(Gap::new(GapKind::AbsentInput, format!("the targets of rule {name} do not matter here")))
                }
            };
            rules.items.push(EventRule {
                arn: arn.to_string(),
                name: name.to_string(),
                state: state.as_str().to_string(),
                pattern: pattern.to_string(),
                targets,
            });
        }
    }
    EventBus { region: region.to_string(), rules }
}

/// Whether a rule may match events that come from CloudTrail: unless its pattern names other kinds of events alone.
fn speaks_of_cloudtrail(pattern: &str) -> bool {
    let Ok(pattern) = serde_json::from_str::<Value>(pattern) else { return true };
    let Some(kinds) = pattern.get("detail-type").and_then(Value::as_array) else { return true };
    kinds.iter().any(|kind| kind.as_str().is_none_or(|kind| kind.ends_with(" via CloudTrail")))
}

async fn targets(reader: &Reader, region: &str, rule: &str) -> Listing<RuleTarget> {
    let client = reader.session.events(region);
    let paged = pages(
        |token| {
            let request = client.list_targets_by_rule().rule(rule).set_next_token(token).send();
            reader.ask(Ask::new(LIST_TARGETS_BY_RULE, region, rule).beside(), request)
        },
        |page| page.next_token(),
    )
    .await;
    let target = |target: &aws_sdk_eventbridge::types::Target| {
        let is_topic = Arn::parse(target.arn()).is_some_and(|parts| parts.service == "sns");
        RuleTarget {
            id: target.id().to_string(),
            arn: target.arn().to_string(),
            topic: is_topic.then(|| TopicRef(target.arn().to_string())),
        }
    };
    Listing {
        items: paged.pages.iter().flat_map(|page| page.value.targets()).map(target).collect(),
        gaps: Vec::from_iter(paged.gap()),
        from: paged.origins(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rules_about_other_events_are_passed_over() {
        for (pattern, speaks) in [
            (r#"{"detail-type": ["AWS API Call via CloudTrail"]}"#, true),
            (r#"{"detail-type": ["EC2 Instance State-change Notification"]}"#, false),
            (r#"{"detail-type": ["EC2 Instance State-change Notification", {"suffix": "CloudTrail"}]}"#, true),
            (r#"{"source": ["aws.iam"]}"#, true),
            ("not JSON", true),
        ] {
            assert_eq!(speaks_of_cloudtrail(pattern), speaks, "{pattern}");
        }
    }
}
