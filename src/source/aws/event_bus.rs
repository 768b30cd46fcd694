//! EventBridge rules on the default event bus of each Region.

use futures_util::future::join_all;

use super::arn::Arn;
use super::ask::{Ask, Reader, not_understood, pages};
use crate::aws::operation::{LIST_RULES, LIST_TARGETS_BY_RULE};
use crate::inventory::{EventBus, EventRule, Gap, GapKind, Listing, RuleTarget, TopicRef};
use crate::source::rule::speaks_of_cloudtrail;

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
        let with_pattern = page.value.rules().iter().filter_map(|rule| Some((rule, rule.event_pattern()?)));
        let read = join_all(with_pattern.map(async |(of, pattern)| rule(reader, region, of, pattern).await)).await;
        for rule in read {
            match rule {
                Some(rule) => rules.items.push(rule),
                None => rules.add_gap(not_understood(page, "a rule without an ARN, a name or a state")),
            }
        }
    }
    EventBus { region: region.to_string(), rules }
}

/// A rule, with its targets where they may be told of what CloudTrail sends. None where the answer does not say what it is.
async fn rule(reader: &Reader, region: &str, of: &aws_sdk_eventbridge::types::Rule, pattern: &str) -> Option<EventRule> {
    let (arn, name, state) = (of.arn()?, of.name()?, of.state()?);
    let targets = match speaks_of_cloudtrail(pattern) && state.as_str() != "DISABLED" {
        true => targets(reader, region, name).await,
        false => Listing::unread(Gap::new(GapKind::AbsentInput, format!("the targets of rule {name} do not matter here"))),
    };
    let (arn, name, state) = (arn.to_string(), name.to_string(), state.as_str().to_string());
    Some(EventRule { arn, name, state, pattern: pattern.to_string(), targets })
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
    let mut listing = Listing {
        items: paged.pages.iter().flat_map(|page| page.value.targets()).map(target).collect(),
        gaps: Vec::from_iter(paged.gap()),
        from: paged.origins(),
    };
    for page in paged.pages.iter().filter(|page| page.value.targets.is_none()) {
        listing.add_gap(not_understood(page, "`Targets` is missing in the answer"));
    }
    listing
}
