//! Trails.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html>.

use super::Made;
use crate::inventory::trail::{AdvancedSelector, BasicSelector, DataResource, EventSelectors, FieldSelector, ReadWriteType};
use crate::inventory::{Gap, GapKind, Remedy, Trail};
use crate::source::code::blank::{self, run_time};
use crate::source::code::cloudformation::evaluate::Want;
use crate::source::code::cloudformation::policy::texts_settled;
use crate::source::code::cloudformation::reader::truth;
use crate::source::code::node::{Node, State};
use crate::source::code::resource::{Body, TrailBody};

/// `AWS::CloudTrail::Trail`.
pub(super) fn trail(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let (basic, advanced) = (reader.get("EventSelectors"), reader.get("AdvancedEventSelectors"));
    let seen = if basic.is_absent() { advanced } else { basic };
    let (basic_names, advanced_names) =
        (named(made, "EventSelectors", basic.node), named(made, "AdvancedEventSelectors", advanced.node));
    let selectors = event_selectors(&basic_names, &advanced_names);
    let custom = basic.node.items().and_then(|basic| Ok(!basic.is_empty() || !advanced.node.items()?.is_empty()));
    let insights = reader.get("InsightSelectors");
    let logging = reader.get("IsLogging");
    let required = || {
        Gap::new(GapKind::NotUnderstood, "`IsLogging` is missing, without which CloudFormation makes no trail")
            .with_remedy(Remedy::Do("write `IsLogging: true`".into()))
    };
    let record = Trail {
        is_multi_region: reader.flag(reader.get("IsMultiRegionTrail"), false),
        is_organization: reader.flag(reader.get("IsOrganizationTrail"), false),
        include_global_service_events: reader.flag(reader.get("IncludeGlobalServiceEvents"), true),
        log_file_validation_enabled: reader.flag(reader.get("EnableLogFileValidation"), false),
        is_logging: reader.fact(logging, truth(logging.node).and_then(|value| value.ok_or_else(required))),
        s3_key_prefix: reader.maybe_text(reader.get("S3KeyPrefix")),
        cloud_watch_logs_role_arn: reader.text_or_set(reader.get("CloudWatchLogsRoleArn")),
        has_custom_event_selectors: reader.fact(seen, custom),
        event_selectors: match selectors {
            Ok(None) => reader.assumed(basic, EventSelectors::Basic(vec![all_management_events()])),
            Ok(Some(selectors)) => reader.fact(seen, Ok(selectors)),
            Err(gap) => reader.fact(seen, Err(gap)),
        },
        has_insight_selectors: reader.fact(insights, insights.node.items().map(|items| !items.is_empty())),
        insight_types: reader.fact(insights, insight_types(insights.node)),
        tags: reader.tags(),
        ..blank::trail(&run_time("how a trail fares"))
    };
    Body::Trail(Box::new(TrailBody {
        record,
        bucket: made.pointer("S3BucketName"),
        key: made.pointer("KMSKeyId"),
        log_group: made.pointer("CloudWatchLogsLogGroupArn"),
        topic: made.pointer("SnsTopicName"),
    }))
}

/// A property again, with the names of resources as text: selectors hold their ARNs.
fn named(made: &Made<'_>, property: &str, seen: &Node) -> Node {
    match (&seen.state, made.declaration.property(property)) {
        (State::List(_), Some(written)) => made.world.node(written, Want::Text),
        _ => seen.clone(),
    }
}

/// What CloudTrail takes where no selector is written.
fn all_management_events() -> BasicSelector {
    BasicSelector {
        read_write_type: ReadWriteType::All,
        include_management_events: true,
        exclude_management_event_sources: Vec::new(),
        data_resources: Vec::new(),
    }
}

fn event_selectors(basic: &Node, advanced: &Node) -> Result<Option<EventSelectors>, Gap> {
    match (basic.items()?, advanced.items()?) {
        ([], []) => Ok(None),
        (basic, []) => Ok(Some(EventSelectors::Basic(basic.iter().map(basic_selector).collect::<Result<_, _>>()?))),
        ([], advanced) => Ok(Some(EventSelectors::Advanced(advanced.iter().map(advanced_selector).collect::<Result<_, _>>()?))),
        _ => Err(Gap::new(GapKind::NotUnderstood, "the trail has both basic and advanced event selectors")),
    }
}

fn basic_selector(node: &Node) -> Result<BasicSelector, Gap> {
    let read_write_type = match node.get("ReadWriteType").text()?.as_deref() {
        None | Some("All") => ReadWriteType::All,
        Some("ReadOnly") => ReadWriteType::ReadOnly,
        Some("WriteOnly") => ReadWriteType::WriteOnly,
        Some(other) => ReadWriteType::Other(other.to_string()),
    };
    let resource = |node: &Node| {
        Ok(DataResource { r#type: node.get("Type").text()?.unwrap_or_default(), values: texts_settled(node.get("Values"))? })
    };
    Ok(BasicSelector {
        read_write_type,
        include_management_events: truth(node.get("IncludeManagementEvents"))?.unwrap_or(true),
        exclude_management_event_sources: node.get("ExcludeManagementEventSources").texts()?,
        data_resources: node.get("DataResources").items()?.iter().map(resource).collect::<Result<_, Gap>>()?,
    })
}

pub(super) fn advanced_selector(node: &Node) -> Result<AdvancedSelector, Gap> {
    let field = |node: &Node| {
        Ok(FieldSelector {
            field: node.get("Field").text()?.unwrap_or_default(),
            equals: texts_settled(node.get("Equals"))?,
            starts_with: texts_settled(node.get("StartsWith"))?,
            ends_with: texts_settled(node.get("EndsWith"))?,
            not_equals: texts_settled(node.get("NotEquals"))?,
            not_starts_with: texts_settled(node.get("NotStartsWith"))?,
            not_ends_with: texts_settled(node.get("NotEndsWith"))?,
        })
    };
    let field_selectors = node.get("FieldSelectors").items()?.iter().map(field).collect::<Result<_, Gap>>()?;
    // The name is a label, and may stay open.
    Ok(AdvancedSelector { name: node.get("Name").text().ok().flatten(), field_selectors })
}

fn insight_types(node: &Node) -> Result<Vec<String>, Gap> {
    let mut types = Vec::new();
    for selector in node.items()? {
        // Insights on data events alone say nothing of management events.
        let categories = selector.get("EventCategories").texts()?;
        if categories.is_empty() || categories.iter().any(|category| category == "Management") {
            types.extend(selector.get("InsightType").text()?);
        }
    }
    types.sort();
    types.dedup();
    Ok(types)
}
