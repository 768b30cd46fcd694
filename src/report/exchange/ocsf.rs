//! OCSF 1.5.0, Compliance Finding (class 2003): one event a finding, one JSON object a line.
//!
//! Lines, because that is what collects security events: log shippers, lakes and SIEMs read a file event by event, and a
//! line can be read before the file is whole. `jq -s .` makes one array of them. Times are milliseconds since 1970.
//!
//! Source: <https://schema.ocsf.io/1.5.0/classes/compliance_finding>.

use serde_json::{Value, json};

use super::entry::{Entry, entries, strength_word, waiver_kind};
use super::place::Places;
use super::shape::{json_line, line, prose};
use super::{PRODUCT, Written};
use crate::inventory::Origin;
use crate::report::Report;

/// Facts that an event shows; `report.json` has all.
const FACTS: usize = 12;

/// Bytes of a name or an id, and of a sentence.
const NAME: usize = 2_048;
const TEXT: usize = 2_000;

/// One event a line.
pub fn write(report: &Report) -> Written {
    let places = Places::of(report);
    let mut text = String::new();
    for entry in entries(report) {
        text.push_str(&json_line(event(report, &places, &entry)));
        text.push('\n');
    }
    Written::whole(text)
}

fn event(report: &Report, places: &Places<'_>, entry: &Entry<'_>) -> Value {
    let finding = entry.finding;
    let (words, grade) = (entry.verdict.words(), entry.grade());
    let place = places.place(finding);
    let account = place.as_ref().map(|p| p.account.as_str());
    let story = prose(&entry.story(), TEXT, &finding.policy);
    let mut standards: Vec<String> = entry.requirements.iter().map(|r| line(&r.standard(), 256, "-")).collect();
    standards.dedup();
    let requirements: Vec<String> = entry.requirements.iter().map(|r| line(&r.aws_spelling(), 256, "-")).collect();
    json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_301,
        "type_name": "Compliance Finding: Create",
        "time": report.now.as_millisecond(),
        "start_time": report.collected.started.as_millisecond(),
        "end_time": report.collected.ended.as_millisecond(),
        "severity_id": grade.ocsf.0,
        "severity": grade.ocsf.1,
        "status_id": words.ocsf_status.0,
        "status": words.ocsf_status.1,
        "status_detail": words.word,
        "message": story,
        "comment": finding.waiver.as_ref().map(|w| prose(&super::entry::waiver_words(w), TEXT, "waived")),
        "metadata": {
            "version": "1.5.0",
            "product": { "name": PRODUCT, "vendor_name": PRODUCT, "version": line(&report.tool.version, 64, "0") },
            "event_code": line(&finding.policy, NAME, "policy"),
            "profiles": ["cloud"],
            "uid": entry.id.to_string(),
        },
        "cloud": {
            "provider": "AWS",
            "region": finding.subject.region.as_ref().map(|r| line(r, 64, "-")),
            "account": account.map(|id| json!({
                "uid": id,
                "name": line(places.account_name(id).unwrap_or(id), 256, id),
                "type_id": 10,
                "type": "AWS Account",
            })),
            "org": match &report.population.organizations[..] {
                [one] => json!({ "uid": line(&one.id, 128, "-"), "name": line(&one.id, 128, "-") }),
                _ => Value::Null,
            },
        },
        "finding_info": {
            "uid": entry.id.to_string(),
            "title": prose(entry.title(), 512, &finding.policy),
            "desc": story,
            "created_time": report.now.as_millisecond(),
            "last_seen_time": report.now.as_millisecond(),
            "types": ["Compliance"],
            "data_sources": ["AWS API"],
        },
        "compliance": {
            "control": line(&finding.policy, NAME, "policy"),
            "desc": prose(entry.title(), 512, &finding.policy),
            "standards": standards,
            "requirements": requirements,
            "status_id": words.ocsf_compliance.0,
            "status": words.ocsf_compliance.1,
        },
        "resources": [resource(places, entry, account.unwrap_or_default())],
        "remediation": entry.advice().map(|advice| json!({
            "desc": prose(&advice, TEXT, "see the report"),
            "references": entry.references().collect::<Vec<_>>(),
        })),
        "evidences": evidences(report, entry),
        "unmapped": unmapped(entry),
    })
}

/// What OCSF has no place for.
fn unmapped(entry: &Entry<'_>) -> Value {
    let finding = entry.finding;
    json!({
        "outcome": entry.verdict.words().word,
        "policy_severity": finding.severity.label(),
        "strengths": entry.requirements.iter().map(|r| strength_word(r.strength)).collect::<Vec<_>>(),
        "subject_account": line(&finding.subject.account, 64, "unknown"),
        "waiver": finding.waiver.as_ref().map(|w| json!({
            "id": line(&w.id, 128, "-"),
            "kind": waiver_kind(w),
            "owner": line(&w.owner, 256, "-"),
            "approved_by": line(&w.approved_by, 256, "-"),
            "reason": prose(&w.reason, TEXT, "-"),
            "compensating_control": w.compensating_control.as_ref().map(|c| prose(c, TEXT, "-")),
            "created": w.created.to_string(),
            "expires": w.expires.to_string(),
            "is_expired": w.is_expired,
        })),
    })
}

fn resource(places: &Places<'_>, entry: &Entry<'_>, account: &str) -> Value {
    let subject = &entry.finding.subject;
    let (kind, service) = match subject.kind.as_str() {
        "account" => ("AWS::::Account", "account"),
        "organization" => ("AWS::Organizations::Organization", "organizations"),
        "trail" => ("AWS::CloudTrail::Trail", "cloudtrail"),
        "bucket" => ("AWS::S3::Bucket", "s3"),
        "key" => ("AWS::KMS::Key", "kms"),
        "log_group" => ("AWS::Logs::LogGroup", "logs"),
        "alarm" => ("AWS::CloudWatch::Alarm", "cloudwatch"),
        "topic" => ("AWS::SNS::Topic", "sns"),
        "event_data_store" => ("AWS::CloudTrail::EventDataStore", "cloudtrail"),
        other => (other, "aws"),
    };
    json!({
        "uid": line(&subject.id, NAME, "-"),
        "name": line(&subject.name, NAME, "-"),
        "type": line(kind, 128, "-"),
        "group": { "name": service },
        "region": subject.region.as_ref().map(|r| line(r, 64, "-")),
        "cloud_partition": places.partition(subject, account),
    })
}

fn evidences(report: &Report, entry: &Entry<'_>) -> Value {
    let finding = entry.finding;
    let shown: Vec<Value> = finding
        .facts
        .iter()
        .take(FACTS)
        .map(|fact| {
            json!({
                "of": line(&fact.of, 512, "-"),
                "path": line(&fact.path, 512, "-"),
                "value": fact.value.as_ref().map(|v| line(v, 512, "\"\"")),
                "not_known": fact.gap.as_ref().map(|g| prose(&format!("{}: {}", g.kind.label(), g.message), 512, "-")),
                "from": fact.from.as_ref().map(|o| line(&super::super::wording::origin(report, o), 512, "-")),
                "request_id": match &fact.from {
                    Some(Origin::Call(id)) => report.calls.get(id).and_then(|c| c.request_id.as_ref()).map(|r| line(r, 128, "-")),
                    _ => None,
                },
            })
        })
        .collect();
    if shown.is_empty() {
        return Value::Null;
    }
    json!([{
        "name": "facts read",
        "data": { "facts": shown, "facts_in_all": finding.facts.len(), "finding_of_report_json": entry.number },
    }])
}
