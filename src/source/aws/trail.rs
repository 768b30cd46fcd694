//! Trails: found by two lists, described once, asked for their status Region by Region.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types as sdk;
use futures_util::future::join_all;
use tokio::join;

use super::arn::Arn;
use super::ask::{Ask, Heard, Reader, fact, not_understood, pages, stated, text, time, try_fact};
use super::log_group;
use crate::aws::operation::{
    DESCRIBE_TRAILS, GET_EVENT_SELECTORS, GET_INSIGHT_SELECTORS, GET_TRAIL_STATUS, LIST_TAGS, LIST_TRAILS,
};
use crate::aws::{Answer, Refusal};
use crate::inventory::trail::{AdvancedSelector, BasicSelector, DataResource, EventSelectors, FieldSelector, ReadWriteType};
use crate::inventory::{
    BucketRef, Fact, Gap, GapKind, Listing, LogGroupRef, Origin, Tag, TopicRef, Trail, TrailRef, TrailStatus,
};

/// A trail that was found, and its description if there is one.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) arn: String,
    pub(super) home_region: String,
    described: Heard<sdk::Trail>,
}

/// Finds the trails that record in the account.
///
/// ListTrails knows the account's own trails of every Region; DescribeTrails knows what is seen from one Region, an
/// organization's trails included. Either alone may be short, so that both must answer for the list to be whole.
pub(super) async fn find(reader: &Reader) -> (Listing<TrailRef>, Vec<Found>) {
    let region = reader.session.base_region();
    let client = reader.session.cloudtrail(region);
    let (seen, listed) = join!(
        reader.ask(Ask::new(DESCRIBE_TRAILS, region, ""), client.describe_trails().include_shadow_trails(true).send()),
        list(reader, region),
    );
    let mut trails = Listing { items: Vec::new(), gaps: Vec::from_iter(listed.gap), from: listed.from };
    let mut found = BTreeMap::new();
    match seen {
        Err(refusal) => trails.add_gap(*refusal.gap),
        Ok(answer) => {
            trails.from.push(answer.origin());
            if answer.value.trail_list.is_none() {
                trails.add_gap(not_understood(&answer, "`trailList` is missing in the answer"));
            }
            for trail in answer.value.trail_list() {
                match trail.trail_arn() {
                    Some(arn) if Arn::parse(arn).is_some() => {
                        let described = Ok(Answer { value: trail.clone(), call: answer.call.clone() });
                        found.insert(arn.to_string(), of_description(arn, trail.home_region(), described));
                    }
                    _ => trails.add_gap(not_understood(&answer, "a trail without an ARN")),
                }
            }
        }
    }
    let mut unseen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (arn, home_region) in listed.trails {
        if !found.contains_key(&arn) {
            unseen.entry(home_region).or_default().push(arn);
        }
    }
    for (home_region, arn, described) in describe(reader, unseen).await {
        found.insert(arn.clone(), of_description(&arn, Some(&home_region), described));
    }
    trails.items = found.keys().cloned().map(TrailRef).collect();
    (trails, found.into_values().collect())
}

struct Listed {
    /// ARN and home Region.
    trails: Vec<(String, String)>,
    from: Vec<Origin>,
    gap: Option<Gap>,
}

async fn list(reader: &Reader, region: &str) -> Listed {
    let client = reader.session.cloudtrail(region);
    let paged = pages(
        |token| reader.ask(Ask::new(LIST_TRAILS, region, ""), client.list_trails().set_next_token(token).send()),
        |page| page.next_token(),
    )
    .await;
    let mut listed = Listed { trails: Vec::new(), from: paged.origins(), gap: paged.gap() };
    for page in &paged.pages {
        if page.value.trails.is_none() {
            listed.gap = Some(not_understood(page, "`Trails` is missing in the answer"));
        }
        for trail in page.value.trails() {
            match trail.trail_arn().and_then(|arn| Some((arn, Arn::parse(arn)?))) {
                Some((arn, parts)) => {
                    let home_region = trail.home_region().unwrap_or(parts.region);
                    listed.trails.push((arn.to_string(), home_region.to_string()));
                }
                None => listed.gap = Some(not_understood(page, "a trail without an ARN")),
            }
        }
    }
    listed
}

/// Describes trails by ARN, one call for each home Region.
async fn describe(reader: &Reader, by_region: BTreeMap<String, Vec<String>>) -> Vec<(String, String, Heard<sdk::Trail>)> {
    let asked = by_region.into_iter().map(async |(region, arns)| {
        let client = reader.session.cloudtrail(&region);
        let about = arns.join(" ");
        let request = client.describe_trails().set_trail_name_list(Some(arns.clone())).send();
        let heard = reader.ask(Ask::new(DESCRIBE_TRAILS, &region, &about), request).await;
        let described = |arn: &str| match &heard {
            Err(refusal) => Err(refusal.clone()),
            Ok(answer) => match answer.value.trail_list().iter().find(|trail| trail.trail_arn() == Some(arn)) {
                Some(trail) => Ok(Answer { value: trail.clone(), call: answer.call.clone() }),
                None => {
                    let message = format!("DescribeTrails in {region} does not know trail {arn}, which ListTrails named");
                    let gap = Gap::new(GapKind::NotFound, message).with_call(answer.call.clone());
                    Err(Refusal::of(gap))
                }
            },
        };
        arns.iter().map(|arn| (region.clone(), arn.clone(), described(arn))).collect::<Vec<_>>()
    });
    join_all(asked).await.into_iter().flatten().collect()
}

fn of_description(arn: &str, home_region: Option<&str>, described: Heard<sdk::Trail>) -> Found {
    let of_arn = Arn::parse(arn).map_or("", |parts| parts.region);
    Found { arn: arn.to_string(), home_region: home_region.unwrap_or(of_arn).to_string(), described }
}

impl Found {
    /// The account that owns the trail, as its ARN says.
    pub(super) fn owner(&self) -> &str {
        Arn::parse(&self.arn).map_or("", |parts| parts.account)
    }

    /// Whether the trail covers every Region; not known where it was not described.
    pub(super) fn is_multi_region(&self) -> bool {
        self.described.as_ref().is_ok_and(|answer| answer.value.is_multi_region_trail() == Some(true))
    }

    /// The key as the trail names it, and the Region to ask for it.
    pub(super) fn key(&self) -> Option<(String, String)> {
        let name = text(self.described.as_ref().ok()?.value.kms_key_id())?;
        let region = Arn::parse(&name).map_or(self.home_region.as_str(), |parts| parts.region).to_string();
        Some((name, region))
    }
}

/// Reads what a trail is about. The key is joined later.
pub(super) async fn collect(reader: &Reader, found: &Found, regions: &Listing<String>) -> Trail {
    let Found { arn, home_region, described } = found;
    let parts = Arn::parse(arn).expect("a trail is found by its ARN");
    let owner = parts.account;
    let ask = |operation| Ask::new(operation, home_region, arn).owned_by(owner);
    let client = reader.session.cloudtrail(home_region);
    let is_multi_region = stated(described, "IsMultiRegionTrail", |t| t.is_multi_region_trail());
    let has_insight_selectors = stated(described, "HasInsightSelectors", |t| t.has_insight_selectors());
    let (covered, coverage_gaps) = match &is_multi_region {
        Fact::Known { value: true, .. } => (regions.items.clone(), regions.gaps.clone()),
        Fact::Unknown(gap) => (vec![home_region.clone()], vec![gap.clone()]),
        _ => (vec![home_region.clone()], Vec::new()),
    };
    // The home Region speaks for the trail as a whole, also where it lies outside the Regions that were asked for.
    let mut asked = covered;
    if !asked.contains(home_region) {
        asked.push(home_region.clone());
    }
    let statuses = join_all(asked.iter().map(async |region| {
        let client = reader.session.cloudtrail(region);
        let ask = Ask::new(GET_TRAIL_STATUS, region, arn).owned_by(owner);
        (region, reader.ask(ask, client.get_trail_status().name(arn).send()).await)
    }));
    let insights = async {
        match &has_insight_selectors {
            Fact::Known { value: false, from, .. } => Fact::observed(Vec::new(), from.clone()),
            _ => {
                let request = client.get_insight_selectors().trail_name(arn).send();
                let heard = reader.ask_or_none(ask(GET_INSIGHT_SELECTORS), &["InsightNotEnabledException"], request).await;
                try_fact(&heard, |output| insight_types(output.as_ref().map_or(&[], |o| o.insight_selectors())))
            }
        }
    };
    let (statuses, selectors, insight_types, tags) = join!(
        statuses,
        reader.ask(ask(GET_EVENT_SELECTORS), client.get_event_selectors().trail_name(arn).send()),
        insights,
        list_tags(reader, found, owner),
    );
    let home = statuses.iter().find(|(region, _)| *region == home_region).expect("the home Region was asked");
    let is_logging = stated(&home.1, "IsLogging", |s| s.is_logging());
    let items = statuses.iter().map(|(region, s)| status(region, s)).collect();
    let mut from = regions.from.clone();
    from.extend(described.as_ref().ok().map(Answer::origin));
    Trail {
        arn: arn.clone(),
        name: parts.resource.strip_prefix("trail/").unwrap_or(parts.resource).to_string(),
        owner_account: owner.to_string(),
        home_region: home_region.clone(),
        is_organization: stated(described, "IsOrganizationTrail", |t| t.is_organization_trail()),
        include_global_service_events: stated(described, "IncludeGlobalServiceEvents", |t| t.include_global_service_events()),
        log_file_validation_enabled: stated(described, "LogFileValidationEnabled", |t| t.log_file_validation_enabled()),
        bucket: stated(described, "S3BucketName", |t| text(t.s3_bucket_name()).map(BucketRef)),
        s3_key_prefix: fact(described, |t| text(t.s3_key_prefix())),
        kms_key: fact(described, |_| None),
        kms_key_id: fact(described, |t| text(t.kms_key_id())),
        sns_topic_arn: fact(described, |t| text(t.sns_topic_arn())),
        sns_topic: fact(described, |t| text(t.sns_topic_arn()).map(TopicRef)),
        cloud_watch_logs_log_group_arn: fact(described, |t| text(t.cloud_watch_logs_log_group_arn())),
        log_group: fact(described, |t| {
            text(t.cloud_watch_logs_log_group_arn()).map(|arn| LogGroupRef(log_group::id(&arn).to_string()))
        }),
        cloud_watch_logs_role_arn: fact(described, |t| text(t.cloud_watch_logs_role_arn())),
        // The role is joined later.
        cloud_watch_logs_role: fact(described, |_| None),
        has_custom_event_selectors: stated(described, "HasCustomEventSelectors", |t| t.has_custom_event_selectors()),
        is_multi_region,
        has_insight_selectors,
        is_logging,
        event_selectors: try_fact(&selectors, event_selectors),
        insight_types,
        status: Listing { items, gaps: coverage_gaps, from },
        tags,
    }
}

/// How a trail fares in Regions that only another account has enabled.
pub(super) async fn statuses(reader: &Reader, found: &Found, regions: &[String]) -> Vec<TrailStatus> {
    let asked = regions.iter().map(async |region| {
        let client = reader.session.cloudtrail(region);
        let ask = Ask::new(GET_TRAIL_STATUS, region, &found.arn).owned_by(found.owner());
        status(region, &reader.ask(ask, client.get_trail_status().name(&found.arn).send()).await)
    });
    join_all(asked).await
}

fn status(region: &str, heard: &Heard<GetTrailStatusOutput>) -> TrailStatus {
    TrailStatus {
        region: region.to_string(),
        is_logging: stated(heard, "IsLogging", |s| s.is_logging()),
        latest_delivery_time: try_fact(heard, |s| time(s.latest_delivery_time())),
        latest_delivery_error: fact(heard, |s| text(s.latest_delivery_error())),
        latest_digest_delivery_time: try_fact(heard, |s| time(s.latest_digest_delivery_time())),
        latest_digest_delivery_error: fact(heard, |s| text(s.latest_digest_delivery_error())),
        latest_cloud_watch_logs_delivery_time: try_fact(heard, |s| time(s.latest_cloud_watch_logs_delivery_time())),
        latest_cloud_watch_logs_delivery_error: fact(heard, |s| text(s.latest_cloud_watch_logs_delivery_error())),
        latest_notification_time: try_fact(heard, |s| time(s.latest_notification_time())),
        latest_notification_error: fact(heard, |s| text(s.latest_notification_error())),
        start_logging_time: try_fact(heard, |s| time(s.start_logging_time())),
        stop_logging_time: try_fact(heard, |s| time(s.stop_logging_time())),
    }
}

async fn list_tags(reader: &Reader, found: &Found, owner: &str) -> Fact<Vec<Tag>> {
    let Found { arn, home_region, .. } = found;
    let client = reader.session.cloudtrail(home_region);
    let paged = pages(
        |token| {
            let request = client.list_tags().resource_id_list(arn).set_next_token(token).send();
            reader.ask(Ask::new(LIST_TAGS, home_region, arn).owned_by(owner), request)
        },
        |page| page.next_token(),
    )
    .await;
    if let Some(gap) = paged.gap() {
        return Fact::Unknown(gap);
    }
    let lists = paged.pages.iter().flat_map(|page| page.value.resource_tag_list());
    let of_trail = lists.filter(|list| list.resource_id().is_none_or(|id| id == arn));
    let mut tags: Vec<Tag> = of_trail
        .flat_map(sdk::ResourceTag::tags_list)
        .map(|tag| Tag { key: tag.key().to_string(), value: tag.value().unwrap_or_default().to_string() })
        .collect();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    match paged.origins().pop() {
        Some(from) => Fact::observed(tags, from),
        None => Fact::Unknown(Gap::new(GapKind::AbsentInput, "the tags were not listed")),
    }
}

/// Insights on data events alone say nothing of management events. A selector without categories is about these.
fn insight_types(selectors: &[sdk::InsightSelector]) -> Result<Vec<String>, String> {
    let of_management = |s: &&sdk::InsightSelector| {
        s.event_categories().is_empty() || s.event_categories().contains(&sdk::SourceEventCategory::Management)
    };
    let kinds = selectors.iter().filter(of_management).map(|s| s.insight_type().map(|kind| kind.as_str().to_string()));
    let mut kinds = kinds.collect::<Option<Vec<_>>>().ok_or("an Insights selector without a type")?;
    kinds.sort();
    kinds.dedup();
    Ok(kinds)
}

fn event_selectors(output: &GetEventSelectorsOutput) -> Result<EventSelectors, String> {
    if output.event_selectors.is_none() && output.advanced_event_selectors.is_none() {
        return Err("neither kind of event selectors is in the answer".into());
    }
    match (output.event_selectors(), output.advanced_event_selectors()) {
        // CloudTrail gives the default selector where none was set, so that two empty lists mean nothing that is documented.
        ([], []) => Err("both kinds of event selectors are empty".into()),
        (basic, []) => Ok(EventSelectors::Basic(basic.iter().map(basic_selector).collect::<Result<_, _>>()?)),
        ([], advanced) => Ok(EventSelectors::Advanced(advanced.iter().map(advanced_selector).collect())),
        _ => Err("the trail has both basic and advanced event selectors".into()),
    }
}

/// What is not written takes CloudTrail's default: all events, management events included.
fn basic_selector(selector: &sdk::EventSelector) -> Result<BasicSelector, String> {
    let read_write_type = match selector.read_write_type() {
        None | Some(sdk::ReadWriteType::All) => ReadWriteType::All,
        Some(sdk::ReadWriteType::ReadOnly) => ReadWriteType::ReadOnly,
        Some(sdk::ReadWriteType::WriteOnly) => ReadWriteType::WriteOnly,
        Some(other) => ReadWriteType::Other(other.as_str().to_string()),
    };
    let data_resources = selector.data_resources().iter().map(|resource| {
        let r#type = resource.r#type().ok_or("a data resource without a type")?.to_string();
        Ok(DataResource { r#type, values: resource.values().to_vec() })
    });
    Ok(BasicSelector {
        read_write_type,
        include_management_events: selector.include_management_events().unwrap_or(true),
        exclude_management_event_sources: selector.exclude_management_event_sources().to_vec(),
        data_resources: data_resources.collect::<Result<_, String>>()?,
    })
}

pub(super) fn advanced_selector(selector: &sdk::AdvancedEventSelector) -> AdvancedSelector {
    let field_selectors = selector.field_selectors().iter().map(|field| FieldSelector {
        field: field.field().to_string(),
        equals: field.equals().to_vec(),
        starts_with: field.starts_with().to_vec(),
        ends_with: field.ends_with().to_vec(),
        not_equals: field.not_equals().to_vec(),
        not_starts_with: field.not_starts_with().to_vec(),
        not_ends_with: field.not_ends_with().to_vec(),
    });
    AdvancedSelector { name: text(selector.name()), field_selectors: field_selectors.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insights_on_data_events_are_none_on_management_events() {
        let rate = || sdk::InsightSelector::builder().insight_type(sdk::InsightType::ApiCallRateInsight);
        let of = |category| rate().event_categories(category).build();
        assert_eq!(insight_types(&[of(sdk::SourceEventCategory::Data)]), Ok(Vec::new()));
        let found = Ok(vec!["ApiCallRateInsight".to_string()]);
        assert_eq!(insight_types(&[of(sdk::SourceEventCategory::Management)]), found);
        assert_eq!(insight_types(&[rate().build()]), found);
    }
}
