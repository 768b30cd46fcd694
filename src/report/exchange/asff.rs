//! AWS Security Finding Format, 2018-10-08: one `BatchImportFindings` request a line.
//!
//! A line holds findings of one account and one Region, as the default product ARN asks for, at most 100 of them and less than
//! 6 MB. Whoever sends it does so with that account's credentials in that Region; nothing here does.
//!
//! Sources: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html>,
//! <https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::entry::{Entry, entries, waiver_kind};
use super::place::{Place, Places};
use super::shape::{json_line, line, prose};
use super::{PRODUCT, Written};
use crate::report::{Report, wording};

/// Findings of one request.
const BATCH: usize = 100;

/// Bytes of one request, well below 6 MB.
const BATCH_BYTES: usize = 5_000_000;

/// Related requirements of one finding.
const REQUIREMENTS: usize = 32;

/// One `BatchImportFindings` request.
pub struct Request {
    pub account: String,
    pub region: String,
    /// How many findings it holds.
    pub findings: usize,
    /// JSON, on one line.
    pub body: String,
}

/// One request a line, by partition, Region and account.
pub fn write(report: &Report) -> Written {
    let (requests, notes) = requests(report);
    let text = requests.iter().map(|request| format!("{}\n", request.body)).collect();
    Written { text, notes }
}

/// The requests by partition, Region and account, with what they leave out.
pub fn requests(report: &Report) -> (Vec<Request>, Vec<String>) {
    let places = Places::of(report);
    let mut by_place: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    let mut homeless = 0;
    for entry in entries(report) {
        match places.place(entry.finding) {
            Some(place) => {
                let finding = json_line(finding(report, &entry, &place));
                by_place.entry(place).or_default().push(finding);
            }
            None => homeless += 1,
        }
    }
    let requests = by_place.iter().flat_map(|(place, findings)| batches(place, findings)).collect();
    let mut notes = Vec::new();
    if homeless > 0 {
        notes
            .push(format!("the ASFF file leaves out {} that no AWS account is known for", wording::counted(homeless, "finding")));
    }
    (requests, notes)
}

fn batches(place: &Place, findings: &[String]) -> Vec<Request> {
    let mut groups: Vec<(usize, &[String])> = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (at, finding) in findings.iter().enumerate() {
        if at - from == BATCH || (at > from && bytes + finding.len() > BATCH_BYTES) {
            groups.push((bytes, &findings[from..at]));
            (from, bytes) = (at, 0);
        }
        bytes += finding.len() + 1;
    }
    groups.push((bytes, &findings[from..]));
    let request = |(bytes, group): (usize, &[String])| {
        let mut body = String::with_capacity(bytes + 20);
        body.push_str("{\"Findings\":[");
        body.push_str(&group.join(","));
        body.push_str("]}");
        Request { account: place.account.clone(), region: place.region.clone(), findings: group.len(), body }
    };
    groups.into_iter().map(request).collect()
}

fn finding(report: &Report, entry: &Entry<'_>, place: &Place) -> Value {
    let Place { partition, region, account } = place;
    let finding = entry.finding;
    let (words, grade) = (entry.verdict.words(), entry.grade());
    let policy = line(&finding.policy, 200, "policy");
    let now = report.now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let mut types = vec!["Software and Configuration Checks/AWS Security Best Practices"];
    if !entry.requirements.is_empty() {
        types.push("Software and Configuration Checks/Industry and Regulatory Standards");
    }
    let mut requirements: Vec<String> =
        entry.requirements.iter().take(REQUIREMENTS).map(|r| line(&r.aws_spelling(), 128, "-")).collect();
    requirements.dedup();
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("trailproof/{policy}/{}", entry.id),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "ProductName": PRODUCT,
        "CompanyName": PRODUCT,
        "GeneratorId": format!("trailproof/{policy}"),
        "AwsAccountId": account,
        "Region": region,
        "CreatedAt": now,
        "UpdatedAt": now,
        "LastObservedAt": report.collected.ended.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "Title": prose(entry.title(), 256, &policy),
        "Description": prose(&entry.story(), 1_024, &policy),
        "FindingProviderFields": {
            "Severity": { "Label": grade.asff, "Original": finding.severity.label() },
            "Types": types,
        },
        "Compliance": { "Status": words.asff, "RelatedRequirements": requirements },
        "Remediation": remediation(entry),
        "ProductFields": product_fields(report, entry),
        "RecordState": "ACTIVE",
        "Resources": [resource(entry, place)],
    })
}

fn remediation(entry: &Entry<'_>) -> Value {
    let url = entry.references().next();
    match entry.advice() {
        Some(advice) => json!({ "Recommendation": { "Text": prose(&advice, 512, "see the report"), "Url": url } }),
        None => url.map_or(Value::Null, |url| json!({ "Recommendation": { "Url": url } })),
    }
}

/// A waiver stands here: the workflow belongs to the customer, and an import must not set it.
fn product_fields(report: &Report, entry: &Entry<'_>) -> Value {
    let finding = entry.finding;
    let mut fields = Map::new();
    let mut say = |key: &str, value: &str| {
        if !value.trim().is_empty() {
            fields.insert(key.to_string(), Value::String(prose(value, 1_024, "-")));
        }
    };
    say("trailproof/Version", &report.tool.version);
    say("trailproof/Policy", &finding.policy);
    say("trailproof/Outcome", entry.verdict.words().word);
    say("trailproof/SubjectKind", &finding.subject.kind);
    say("trailproof/SubjectAccount", &finding.subject.account);
    for (at, gap) in finding.gaps.iter().take(3).enumerate() {
        say(&format!("trailproof/Gap.{}", at + 1), &format!("{}: {}", gap.kind.label(), gap.message));
    }
    if let Some(waiver) = &finding.waiver {
        say("waiver/Id", &waiver.id);
        say("waiver/State", if waiver.is_expired { "expired" } else { "active" });
        say("waiver/Kind", waiver_kind(waiver));
        say("waiver/Owner", &waiver.owner);
        say("waiver/ApprovedBy", &waiver.approved_by);
        say("waiver/Reason", &waiver.reason);
        say("waiver/CompensatingControl", waiver.compensating_control.as_deref().unwrap_or_default());
        say("waiver/Created", &waiver.created.to_string());
        say("waiver/Expires", &waiver.expires.to_string());
    }
    Value::Object(fields)
}

fn resource(entry: &Entry<'_>, place: &Place) -> Value {
    let subject = &entry.finding.subject;
    let kind = match subject.kind.as_str() {
        "account" => "AwsAccount",
        "trail" => "AwsCloudTrailTrail",
        "bucket" => "AwsS3Bucket",
        "key" => "AwsKmsKey",
        "topic" => "AwsSnsTopic",
        _ => "Other",
    };
    let id = match subject.kind.as_str() {
        // The form that Security Hub gives accounts.
        "account" => format!("AWS::::Account:{}", subject.id),
        "organization" if !subject.id.starts_with("arn:") => {
            format!("arn:{}:organizations::{}:organization/{}", place.partition, place.account, subject.id)
        }
        _ => subject.id.clone(),
    };
    json!({
        "Type": kind,
        "Id": line(&id, 512, "unknown"),
        "Partition": partition(&place.partition),
        "Region": place.region,
        "Tags": Value::Null,
    })
}

/// The partitions that the format knows.
fn partition(partition: &str) -> Value {
    match partition {
        "aws" | "aws-cn" | "aws-us-gov" => partition.into(),
        _ => Value::Null,
    }
}
