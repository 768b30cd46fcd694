//! What event selectors record.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html> and
//! the pages on data events and network activity events beside it.

use crate::inventory::trail::{AdvancedSelector, BasicSelector, DataResource, EventSelectors, FieldSelector, ReadWriteType};
use crate::inventory::{Gap, GapKind, Gaps};

mod overlap;
mod resources;
mod soundness;

use super::event::{FIELDS, may_be_absent};
use super::family::{Condition, Family, Selection, TooMany, uncovered};
use super::strings::{Literal, Test};
use super::words;
use super::{Answer, PartialEvent};

pub use overlap::{record_at_most_once, records_some};
pub use resources::{LeftOut, records_except, records_on};
pub use soundness::are_sound;

/// One contributor to a union: the selectors of a trail that may or may not count.
#[derive(Clone, Debug)]
pub struct Contributor<'a> {
    /// `Err` where the selectors could not be read.
    pub selectors: Result<&'a EventSelectors, Gaps>,
    /// Why it is not certain that this trail counts at all (for example: it is not known whether it is logging); empty where it does.
    pub doubts: Gaps,
}

/// What a selector, or a part of one, records.
struct Reading {
    /// What it records for certain.
    at_least: Option<Selection>,
    /// What it does not go beyond.
    at_most: Selection,
    /// Why the two differ, where they do.
    gap: Option<Gap>,
}

impl Reading {
    fn exact(conditions: Vec<(&'static str, Condition)>) -> Self {
        let selection = Selection::new(conditions);
        Reading { at_least: Some(selection.clone()), at_most: selection, gap: None }
    }
}

/// Whether every event of the family is recorded by at least one contributor.
///
/// `may_be_more` says why there may be contributors that are not listed. True only if true whatever the unknown turns out
/// to be; false only if no completion of the unknown could cover the family. A family that holds no event is not decided.
///
/// Sources: the EventSelector, DataResource and AdvancedFieldSelector types of the CloudTrail API, for example
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>.
pub fn records(contributors: &[Contributor<'_>], may_be_more: &Gaps, event: &PartialEvent) -> Answer {
    match Family::of(event) {
        Some(family) => covered(contributors, may_be_more, family),
        None => no_such_event(),
    }
}

fn no_such_event() -> Answer {
    Answer::unknown(Vec::new(), not_understood("the partial event has a field or a value that no event has").into())
}

/// Whether every event of the family is recorded by at least one contributor.
fn covered(contributors: &[Contributor<'_>], may_be_more: &Gaps, family: Family) -> Answer {
    let readings: Vec<Result<Vec<Reading>, &Gaps>> =
        contributors.iter().map(|c| c.selectors.as_ref().map(|selectors| read(selectors))).collect();
    let certain: Vec<&Selection> = contributors
        .iter()
        .zip(&readings)
        .filter(|(c, _)| c.doubts.is_empty())
        .filter_map(|(_, r)| r.as_ref().ok())
        .flat_map(|readings| readings.iter().filter_map(|r| r.at_least.as_ref()))
        .collect();
    let remainder = match uncovered(vec![family], &certain) {
        Ok(remainder) if remainder.is_empty() => return Answer::yes(),
        Ok(remainder) => remainder,
        Err(TooMany) => return Answer::unknown(Vec::new(), too_many().into()),
    };

    let mut gaps = may_be_more.clone();
    let mut unlimited = !may_be_more.is_empty();
    let mut possible = Vec::new();
    for (contributor, readings) in contributors.iter().zip(&readings) {
        match readings {
            Err(unread) => {
                unlimited = true;
                gaps.extend(unread.iter().chain(&contributor.doubts).cloned());
                if unread.is_empty() {
                    gaps.insert(Gap::new(GapKind::AbsentInput, "the event selectors of a trail were not read"));
                }
            }
            Ok(readings) => {
                let open = readings.iter().filter(|r| !contributor.doubts.is_empty() || r.gap.is_some());
                for reading in open.filter(|r| remainder.iter().any(|f| f.meets(&r.at_most))) {
                    possible.push(&reading.at_most);
                    gaps.extend(contributor.doubts.iter().chain(&reading.gap).cloned());
                }
            }
        }
    }
    if unlimited {
        return Answer::unknown(words::cases(&remainder), gaps);
    }
    match uncovered(remainder.clone(), &possible) {
        Ok(never) if !never.is_empty() => Answer::no(words::cases(&never)),
        Ok(_) => Answer::unknown(words::cases(&remainder), gaps),
        Err(TooMany) => {
            gaps.extend(too_many());
            Answer::unknown(words::cases(&remainder), gaps)
        }
    }
}

fn not_understood(message: impl Into<String>) -> [Gap; 1] {
    [Gap::new(GapKind::NotUnderstood, message)]
}

fn too_many() -> [Gap; 1] {
    not_understood("the event selectors split the events into too many cases to follow")
}

/// Selectors with more values than this are not followed: telling every case apart would take minutes. CloudTrail takes at
/// most 500 values a trail.
const MOST_VALUES: usize = 1_000;

fn count_values(selectors: &EventSelectors) -> usize {
    match selectors {
        EventSelectors::Basic(list) => {
            let resources = |s: &BasicSelector| s.data_resources.iter().map(|r| 1 + r.values.len()).sum::<usize>();
            list.iter().map(|s| 1 + s.exclude_management_event_sources.len() + resources(s)).sum()
        }
        EventSelectors::Advanced(list) => {
            let values = |f: &FieldSelector| {
                [&f.equals, &f.starts_with, &f.ends_with, &f.not_equals, &f.not_starts_with, &f.not_ends_with]
                    .into_iter()
                    .map(Vec::len)
                    .sum::<usize>()
            };
            list.iter().flat_map(|s| &s.field_selectors).map(values).sum()
        }
    }
}

fn read(selectors: &EventSelectors) -> Vec<Reading> {
    if count_values(selectors) > MOST_VALUES {
        let [gap] = not_understood(format!("the event selectors have more than {MOST_VALUES} values, which are not followed"));
        return vec![Reading { at_least: None, at_most: Selection::new(Vec::new()), gap: Some(gap) }];
    }
    match selectors {
        EventSelectors::Basic(list) => list.iter().flat_map(read_basic).collect(),
        EventSelectors::Advanced(list) => list.iter().map(read_advanced).collect(),
    }
}

fn equals(value: &str) -> Condition {
    Condition { alternatives: vec![Literal::new(Test::Equals, value)], ..Condition::default() }
}

fn read_basic(selector: &BasicSelector) -> Vec<Reading> {
    let (access, gap) = match &selector.read_write_type {
        ReadWriteType::All => (None, None),
        ReadWriteType::ReadOnly => (Some(("readOnly", equals("true"))), None),
        ReadWriteType::WriteOnly => (Some(("readOnly", equals("false"))), None),
        ReadWriteType::Other(other) => {
            let [gap] =
                not_understood(format!("an event selector has the read-write type `{other}`, which this version does not know"));
            (None, Some(gap))
        }
    };
    let mut readings = Vec::new();
    if selector.include_management_events {
        let excluded = &selector.exclude_management_event_sources;
        let excluded = excluded.iter().map(|source| Literal::new(Test::Equals, source)).collect();
        let mut conditions = vec![("eventCategory", equals("Management"))];
        conditions.push(("eventSource", Condition { excluded, ..Condition::default() }));
        readings.push(Reading::exact(conditions.into_iter().chain(access.clone()).collect()));
    }
    readings.extend(selector.data_resources.iter().flat_map(|r| read_data_resource(r, access.as_ref())));
    if let Some(gap) = gap {
        for reading in &mut readings {
            reading.at_least = None;
            reading.gap.get_or_insert_with(|| gap.clone());
        }
    }
    readings
}

/// Basic selectors know three resource types, each with its own reading of the values.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html>.
fn read_data_resource(resource: &DataResource, access: Option<&(&'static str, Condition)>) -> Vec<Reading> {
    let of_type = |alternatives: Vec<Literal>| {
        let on = (!alternatives.is_empty()).then(|| ("resources.ARN", Condition { alternatives, ..Condition::default() }));
        let base = [("eventCategory", equals("Data")), ("resources.type", equals(&resource.r#type))];
        base.into_iter().chain(access.cloned()).chain(on).collect::<Vec<_>>()
    };
    if resource.values.iter().any(|v| is_whole_service(&resource.r#type, v)) {
        return vec![Reading::exact(of_type(Vec::new()))];
    }
    let mut certain = Vec::new();
    let mut readings = Vec::new();
    for value in &resource.values {
        let (least, most, what) = match resource.r#type.as_str() {
            "AWS::S3::Object" if value.contains('*') => (None, None, "wildcards, which CloudTrail does not document"),
            // A bare bucket name may be read as one bucket, or as the beginning of the names of several.
            "AWS::S3::Object" if !value.contains('/') => {
                let least = Literal::new(Test::StartsWith, format!("{value}/"));
                (Some(least), Some(Literal::new(Test::StartsWith, value)), "no slash after the bucket")
            }
            "AWS::S3::Object" => {
                certain.push(Literal::new(Test::StartsWith, value));
                continue;
            }
            "AWS::Lambda::Function" | "AWS::DynamoDB::Table" => {
                certain.push(Literal::new(Test::Equals, value));
                continue;
            }
            _ => (None, None, "a resource type that basic selectors are not known to have"),
        };
        let [gap] = not_understood(format!("the data resource `{value}` of {} has {what}", resource.r#type));
        readings.push(Reading {
            at_least: least.map(|l| Selection::new(of_type(vec![l]))),
            at_most: Selection::new(of_type(most.into_iter().collect())),
            gap: Some(gap),
        });
    }
    if !certain.is_empty() {
        readings.push(Reading::exact(of_type(certain)));
    }
    readings
}

/// Whether an ARN or the beginning of one names every resource of the type, in whatever partition: a trail sees the
/// resources of its own partition alone. `arn:aws:s3`, `arn:aws:s3:::` and `arn:aws-us-gov:lambda` do.
fn is_whole_service(resource_type: &str, value: &str) -> bool {
    let (service, most_colons) = match resource_type {
        "AWS::S3::Object" => ("s3", 3),
        "AWS::Lambda::Function" => ("lambda", 1),
        "AWS::DynamoDB::Table" => ("dynamodb", 1),
        _ => return false,
    };
    let Some((partition, rest)) = value.strip_prefix("arn:").and_then(|v| v.split_once(':')) else { return false };
    let tail = rest.strip_prefix(service);
    (partition == "aws" || partition.starts_with("aws-"))
        && tail.is_some_and(|t| t.len() <= most_colons && t.bytes().all(|b| b == b':'))
}

fn read_advanced(selector: &AdvancedSelector) -> Reading {
    let mut least = Vec::new();
    let mut most = Vec::new();
    let mut certain = true;
    let mut gap = None;
    // CloudTrail refuses a selector that does not say its category with `Equals`: one is not known to mean anything.
    if !selector.field_selectors.iter().any(|f| f.field == "eventCategory" && !f.equals.is_empty()) {
        certain = false;
        gap = not_understood("an advanced event selector does not say its eventCategory").into_iter().next();
    }
    for field_selector in &selector.field_selectors {
        let Some(field) = FIELDS.into_iter().find(|f| *f == field_selector.field) else {
            certain = false;
            let what = &field_selector.field;
            let [unknown] =
                not_understood(format!("an advanced event selector has the field `{what}`, which this version does not know"));
            gap.get_or_insert(unknown);
            continue;
        };
        // CloudTrail refuses a condition without values: here is an operator that this version does not know.
        if alternatives(field_selector).is_empty() && excluded(field_selector).is_empty() {
            certain = false;
            let [unknown] = not_understood(format!(
                "an advanced event selector has a condition on `{field}` without any value that this version knows"
            ));
            gap.get_or_insert(unknown);
        }
        let alternatives = if field == "resources.ARN" && is_of_whole_service(selector, field_selector) {
            Vec::new()
        } else {
            alternatives(field_selector)
        };
        let excluded = excluded(field_selector);
        if alternatives.is_empty() && excluded.is_empty() {
            continue;
        }
        let open = alternatives.is_empty() && may_be_absent(field);
        if open {
            let [absent] = not_understood(format!(
                "it is not documented whether excluding values of `{field}` also excludes events without it"
            ));
            gap.get_or_insert(absent);
        }
        most.push((field, Condition { alternatives: alternatives.clone(), excluded: excluded.clone(), absent: open }));
        least.push((field, Condition { alternatives, excluded, absent: false }));
    }
    Reading { at_least: certain.then(|| Selection::new(least)), at_most: Selection::new(most), gap }
}

fn alternatives(field: &FieldSelector) -> Vec<Literal> {
    literals([(Test::Equals, &field.equals), (Test::StartsWith, &field.starts_with), (Test::EndsWith, &field.ends_with)])
}

fn excluded(field: &FieldSelector) -> Vec<Literal> {
    literals([
        (Test::Equals, &field.not_equals),
        (Test::StartsWith, &field.not_starts_with),
        (Test::EndsWith, &field.not_ends_with),
    ])
}

fn literals(lists: [(Test, &Vec<String>); 3]) -> Vec<Literal> {
    lists.into_iter().flat_map(|(test, values)| values.iter().map(move |v| Literal::new(test, v))).collect()
}

/// Whether a condition on `resources.ARN` lets every resource of the selector's one type through.
fn is_of_whole_service(selector: &AdvancedSelector, field: &FieldSelector) -> bool {
    selector.field_selectors.iter().any(|f| {
        f.field == "resources.type"
            && matches!(f.equals.as_slice(), [one] if field.starts_with.iter().any(|v| is_whole_service(one, v)))
            && f.starts_with.is_empty()
            && f.ends_with.is_empty()
    })
}

/// What the selectors record, in a few words for a table: `write management events; S3 data events (read and write)`.
pub fn describe(selectors: &EventSelectors) -> String {
    let mut parts: Vec<String> = Vec::new();
    let all = match selectors {
        EventSelectors::Basic(list) => list.iter().flat_map(describe_basic).collect::<Vec<_>>(),
        EventSelectors::Advanced(list) => list.iter().map(describe_advanced).collect(),
    };
    for part in all {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() { "nothing".to_string() } else { parts.join("; ") }
}

fn describe_basic(selector: &BasicSelector) -> Vec<String> {
    let (access, unknown) = match &selector.read_write_type {
        ReadWriteType::All => ("", String::new()),
        ReadWriteType::ReadOnly => ("true", String::new()),
        ReadWriteType::WriteOnly => ("false", String::new()),
        ReadWriteType::Other(other) => ("", format!(", read-write type {other}")),
    };
    let mut parts = Vec::new();
    if selector.include_management_events {
        let text = describe_management(access, selector.exclude_management_event_sources.clone());
        let text = if unknown.is_empty() { text } else { text.trim_start_matches("all ").to_string() };
        parts.push(format!("{text}{unknown}"));
    }
    for resource in selector.data_resources.iter().filter(|r| !r.values.is_empty()) {
        let whole = resource.values.iter().any(|v| is_whole_service(&resource.r#type, v));
        let prefix = if resource.r#type == "AWS::S3::Object" { "..." } else { "" };
        let on = resource.values.iter().map(|v| format!("{v}{prefix}")).collect();
        let on = if whole { String::new() } else { format!(" on {}", words::listed(on, "or")) };
        parts.push(format!("{}{on}{unknown}", describe_data(&resource.r#type, access)));
    }
    parts
}

fn describe_management(access: &str, excluded: Vec<String>) -> String {
    let all = if access.is_empty() && excluded.is_empty() { "all " } else { "" };
    let except = if excluded.is_empty() { String::new() } else { format!(" except {}", words::listed(excluded, "and")) };
    format!("{all}{}{except}", words::kind_of_events(&[access], &["Management"]))
}

fn describe_data(resource_type: &str, access: &str) -> String {
    let short = match resource_type {
        "AWS::S3::Object" => "S3",
        "AWS::Lambda::Function" => "Lambda",
        "AWS::DynamoDB::Table" => "DynamoDB",
        other => other,
    };
    let access = match access {
        "true" => "read",
        "false" => "write",
        _ => "read and write",
    };
    format!("{short} data events ({access})")
}

fn describe_advanced(selector: &AdvancedSelector) -> String {
    let only = |field: &str| match selector.field_selectors.iter().filter(|f| f.field == field).collect::<Vec<_>>()[..] {
        [f] if excluded(f).is_empty() && f.starts_with.is_empty() && f.ends_with.is_empty() => match f.equals.as_slice() {
            [one] => Some(one.as_str()),
            _ => None,
        },
        _ => None,
    };
    let (category, resource_type) = (only("eventCategory"), only("resources.type"));
    let access = only("readOnly").unwrap_or_default();
    let mut said = vec!["eventCategory"];
    if ["true", "false"].contains(&access) {
        said.push("readOnly");
    }
    let sources: Vec<_> = selector.field_selectors.iter().filter(|f| f.field == "eventSource").collect();
    let mut text = match (category, resource_type) {
        (Some("Management"), _) => match sources[..] {
            [s] if alternatives(s).is_empty() && !excluded(s).is_empty() => {
                said.push("eventSource");
                describe_management(access, excluded(s).iter().map(words::literal).collect())
            }
            _ if selector.field_selectors.iter().all(|f| said.contains(&f.field.as_str())) => {
                describe_management(access, Vec::new())
            }
            _ => words::kind_of_events(&[access], &["Management"]),
        },
        (Some("Data"), Some(one)) => {
            said.push("resources.type");
            describe_data(one, access)
        }
        (Some(category @ ("Data" | "NetworkActivity")), _) => words::kind_of_events(&[access], &[category]),
        (Some(other), _) => format!("{other} events"),
        (None, _) if selector.field_selectors.iter().any(|f| f.field == "eventCategory") => {
            said.retain(|f| *f != "eventCategory");
            words::kind_of_events(&[access], &[])
        }
        (None, _) => format!("{} of no stated category", words::kind_of_events(&[access], &[])),
    };
    for field in selector.field_selectors.iter().filter(|f| !said.contains(&f.field.as_str())) {
        let chosen =
            if is_of_whole_service(selector, field) && field.field == "resources.ARN" { Vec::new() } else { alternatives(field) };
        let typed = said.contains(&"resources.type");
        let words::Wording { lead, others_lead, .. } = words::Wording::of(&field.field, typed);
        if !chosen.is_empty() {
            text.push_str(&format!(" {lead} {}", words::listed(chosen.iter().map(words::literal).collect(), "or")));
        }
        let excluded = excluded(field);
        if !excluded.is_empty() {
            let excluded = words::listed(excluded.iter().map(words::literal).collect(), "and");
            let lead = if chosen.is_empty() { format!(" {others_lead}") } else { String::new() };
            text.push_str(&format!("{lead} other than {excluded}"));
        }
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
