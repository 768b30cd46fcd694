//! Log groups that trails name, in the accounts that own them.

use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use tokio::join;

use super::arn::Arn;
use super::ask::{Ask, Reader, not_understood, pages, text};
use crate::aws::operation::{DESCRIBE_LOG_GROUPS, DESCRIBE_METRIC_FILTERS, DESCRIBE_SUBSCRIPTION_FILTERS};
use crate::inventory::{Fact, Gap, GapKind, Listing, LogGroup, Metric, MetricFilter, Remedy, SubscriptionFilter, TrailRef};
use crate::source::blank;

/// A log group's ARN as it identifies the group: CloudTrail writes `:*` behind it.
pub(super) fn id(arn: &str) -> &str {
    arn.strip_suffix(":*").unwrap_or(arn)
}

/// Reads a log group. Without a reader for its account nothing can be asked: CloudWatch Logs answers the owner alone.
pub(super) async fn collect(owner: Option<&Reader>, arn: &str, trails: Listing<TrailRef>) -> LogGroup {
    let parts = Arn::parse(arn);
    let name = parts.and_then(|p| p.resource.strip_prefix("log-group:"));
    let (Some(parts), Some(name)) = (parts, name) else {
        let gap = Gap::new(GapKind::NotUnderstood, format!("`{arn}` is not the ARN of a log group"));
        return unread(arn, ("", "", arn), &gap, Fact::Unknown(gap.clone()), trails);
    };
    let of_arn = (parts.account, parts.region, name);
    let Some(reader) = owner else {
        let message = format!("log group {name} is in account {}, which was not read", parts.account);
        let remedy = Remedy::ScanAccount { account: Some(parts.account.to_string()) };
        let gap = Gap::new(GapKind::OtherAccount, message).with_remedy(remedy);
        return unread(arn, of_arn, &gap, Fact::Unknown(gap.clone()), trails);
    };
    let client = reader.session.logs(parts.region);
    let paged = pages(
        |token| {
            let request = client.describe_log_groups().log_group_name_prefix(name).set_next_token(token).send();
            reader.ask(Ask::new(DESCRIBE_LOG_GROUPS, parts.region, name), request)
        },
        |page| page.next_token(),
    )
    .await;
    let found = paged.pages.iter().find_map(|page| {
        let group = page.value.log_groups().iter().find(|group| group.log_group_name() == Some(name))?;
        Some((group, page.origin()))
    });
    let Some((group, from)) = found else {
        if let Some(gap) = paged.gap() {
            return unread(arn, of_arn, &gap, Fact::Unknown(gap.clone()), trails);
        }
        let Some(last) = paged.pages.last() else {
            let gap = Gap::new(GapKind::AbsentInput, format!("log group {name} was not asked for"));
            return unread(arn, of_arn, &gap, Fact::Unknown(gap.clone()), trails);
        };
        if last.value.log_groups.is_none() {
            let gap = not_understood(last, "`logGroups` is missing in the answer");
            return unread(arn, of_arn, &gap, Fact::Unknown(gap.clone()), trails);
        }
        let message =
            format!("log group {name} does not exist in account {}, {}, though a trail names it", parts.account, parts.region);
        let remedy = Remedy::Do("create the log group, or let the trail send to another".into());
        let gap = Gap::new(GapKind::NotFound, message).with_remedy(remedy).with_call(last.call.clone());
        return unread(arn, of_arn, &gap, Fact::observed(false, last.origin()), trails);
    };
    let (metric_filters, subscription_filters) =
        join!(metric_filters(reader, parts.region, name), subscription_filters(reader, parts.region, name));
    LogGroup {
        arn: arn.to_string(),
        name: name.to_string(),
        owner_account: parts.account.to_string(),
        region: parts.region.to_string(),
        exists: Fact::observed(true, from.clone()),
        retention_days: Fact::observed(group.retention_in_days().map(i64::from), from.clone()),
        kms_key_id: Fact::observed(text(group.kms_key_id()), from.clone()),
        kms_key: Fact::observed(None, from.clone()),
        class: match group.log_group_class() {
            Some(class) => Fact::observed(class.as_str().to_string(), from),
            // Groups that are older than the classes have the first one.
            None => Fact::Known { value: "STANDARD".into(), from, basis: crate::inventory::Basis::AssumedDefault },
        },
        metric_filters,
        subscription_filters,
        alarms: Listing::unread(Gap::new(GapKind::AbsentInput, "alarms were not asked for")),
        trails,
    }
}

fn unread(
    arn: &str,
    (account, region, name): (&str, &str, &str),
    gap: &Gap,
    exists: Fact<bool>,
    trails: Listing<TrailRef>,
) -> LogGroup {
    LogGroup {
        arn: arn.to_string(),
        name: name.to_string(),
        owner_account: account.to_string(),
        region: region.to_string(),
        exists,
        trails,
        ..blank::log_group(gap)
    }
}

async fn metric_filters(reader: &Reader, region: &str, name: &str) -> Listing<MetricFilter> {
    let client = reader.session.logs(region);
    let paged = pages(
        |token| {
            let request = client.describe_metric_filters().log_group_name(name).set_next_token(token).send();
            reader.ask(Ask::new(DESCRIBE_METRIC_FILTERS, region, name), request)
        },
        |page| page.next_token(),
    )
    .await;
    let mut listing = Listing { items: Vec::new(), gaps: Vec::from_iter(paged.gap()), from: paged.origins() };
    for page in &paged.pages {
        if page.value.metric_filters.is_none() {
            listing.add_gap(not_understood(page, "`metricFilters` is missing in the answer"));
        }
        for filter in page.value.metric_filters() {
            let Some(filter_name) = filter.filter_name() else {
                listing.add_gap(not_understood(page, "a metric filter without a name"));
                continue;
            };
            let system = filter.emit_system_field_dimensions();
            listing.items.push(MetricFilter {
                name: filter_name.to_string(),
                // A filter without a pattern matches every event.
                pattern: filter.filter_pattern().unwrap_or_default().to_string(),
                applied_on_transformed_logs: filter.apply_on_transformed_logs(),
                field_selection_criteria: text(filter.field_selection_criteria()),
                metrics: filter.metric_transformations().iter().map(|of| metric(of, system)).collect(),
            });
        }
    }
    listing
}

fn metric(of: &MetricTransformation, system: &[String]) -> Metric {
    let own = of.dimensions().into_iter().flat_map(|dimensions| dimensions.keys().cloned());
    let mut dimensions: Vec<String> = own.chain(system.iter().cloned()).collect();
    dimensions.sort();
    Metric {
        namespace: of.metric_namespace().to_string(),
        name: of.metric_name().to_string(),
        value: of.metric_value().to_string(),
        default_value: of.default_value().map(|value| value.to_string()),
        dimensions,
    }
}

async fn subscription_filters(reader: &Reader, region: &str, name: &str) -> Listing<SubscriptionFilter> {
    let client = reader.session.logs(region);
    let paged = pages(
        |token| {
            let request = client.describe_subscription_filters().log_group_name(name).set_next_token(token).send();
            reader.ask(Ask::new(DESCRIBE_SUBSCRIPTION_FILTERS, region, name), request)
        },
        |page| page.next_token(),
    )
    .await;
    let filter = |filter: &aws_sdk_cloudwatchlogs::types::SubscriptionFilter| SubscriptionFilter {
        name: filter.filter_name().unwrap_or_default().to_string(),
        pattern: filter.filter_pattern().unwrap_or_default().to_string(),
        destination_arn: filter.destination_arn().unwrap_or_default().to_string(),
    };
    let mut listing = Listing {
        items: paged.pages.iter().flat_map(|page| page.value.subscription_filters()).map(filter).collect(),
        gaps: Vec::from_iter(paged.gap()),
        from: paged.origins(),
    };
    for page in paged.pages.iter().filter(|page| page.value.subscription_filters.is_none()) {
        listing.add_gap(not_understood(page, "`subscriptionFilters` is missing in the answer"));
    }
    listing
}

/// The key as the log group names it, and the Region to ask for it.
pub(super) fn key(group: &LogGroup) -> Option<(String, String)> {
    let name = group.kms_key_id.known()?.clone()?;
    let region = Arn::parse(&name).map_or(group.region.as_str(), |parts| parts.region).to_string();
    Some((name, region))
}
