//! SARIF 2.1.0: fails, waived fails and unknowns, for code scanning.
//!
//! A live account has no source file: results point to the record in the saved `inventory.json` and name the ARN as logical
//! location. An unknown is a result of kind `open`: left out, code scanning would close the alert as mended. Passes and what
//! does not apply are counted in the run's properties.
//!
//! Sources: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>,
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::entry::{Entry, entries, uuid, waiver_kind};
use super::shape::{line, page, prose, pruned};
use super::spot::{INVENTORY, spot};
use super::verdict::{Verdict, grade};
use super::{PRODUCT, Written};
use crate::finding::{Finding, Subject};
use crate::inventory::Standing;
use crate::report::{PolicyView, Report, wording};

/// Results that GitHub takes; it refuses the whole file above it. It shows the first [`SHOWN`].
const RESULTS: usize = 25_000;
const SHOWN: usize = 5_000;

/// Tags of a rule that GitHub keeps.
const TAGS: usize = 10;

/// Bytes of a message, of a name, of a rule's text.
const TEXT: usize = 1_000;

/// The saved inventory, read as text: on which line each record begins.
#[derive(Debug, Default)]
pub struct InventoryLines {
    /// By kind and id.
    lines: BTreeMap<&'static str, BTreeMap<String, usize>>,
    sha256: String,
}

impl InventoryLines {
    /// Of the text of `inventory.json`. A record that is not found has no line.
    pub fn of(text: &str) -> InventoryLines {
        const SECTIONS: [(&str, &str, &str); 9] = [
            ("  \"organizations\": [", "organization", "id"),
            ("  \"accounts\": [", "account", "id"),
            ("  \"trails\": [", "trail", "arn"),
            ("  \"buckets\": [", "bucket", "name"),
            ("  \"keys\": [", "key", "arn"),
            ("  \"log_groups\": [", "log_group", "arn"),
            ("  \"alarms\": [", "alarm", "arn"),
            ("  \"topics\": [", "topic", "arn"),
            ("  \"event_data_stores\": [", "event_data_store", "arn"),
        ];
        let mut lines: BTreeMap<&'static str, BTreeMap<String, usize>> = BTreeMap::new();
        let (mut section, mut begin) = (None, 0);
        for (at, row) in text.lines().enumerate() {
            if row == "    {" {
                begin = at + 1;
            } else if row.starts_with("  ") && !row.starts_with("   ") {
                section = SECTIONS.iter().find(|(open, ..)| *open == row);
            } else if let Some((_, kind, key)) = section
                && let Some(value) = row.strip_prefix(&format!("      \"{key}\": "))
                && let Ok(id) = serde_json::from_str::<String>(value.trim_end_matches(','))
            {
                lines.entry(*kind).or_default().entry(id).or_insert(begin);
            }
        }
        let hash = Sha256::digest(text);
        InventoryLines { lines, sha256: hash.iter().map(|b| format!("{b:02x}")).collect() }
    }

    pub(super) fn line(&self, subject: &Subject) -> Option<usize> {
        let of_kind = self.lines.get(subject.kind.as_str())?;
        // A bucket's record knows its name alone.
        of_kind.get(&subject.id).or_else(|| of_kind.get(&subject.name)).copied()
    }
}

/// One run.
pub fn write(report: &Report, inventory: &InventoryLines) -> Written {
    let entries = entries(report);
    let live: Vec<&Entry<'_>> = entries.iter().filter(|e| e.verdict.words().is_live).collect();
    let taken = &live[..live.len().min(RESULTS)];
    let rules: BTreeMap<&str, usize> = report.policies.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let mut notes = Vec::new();
    let left_out = live.len() - taken.len();
    if left_out > 0 {
        notes.push(format!(
            "the SARIF file holds the first {} of {}: {} are left out, the least severe",
            wording::count(RESULTS),
            wording::counted(live.len(), "result"),
            wording::count(left_out)
        ));
    } else if live.len() > SHOWN {
        notes.push(format!(
            "GitHub shows {} of the SARIF file's {}",
            wording::count(SHOWN),
            wording::counted(live.len(), "result")
        ));
    }
    let results: Vec<Value> = taken
        .iter()
        .map(|entry| {
            let rule = rules.get(entry.finding.policy.as_str()).copied();
            result(report, entry, rule, inventory.line(&entry.finding.subject))
        })
        .collect();
    let outcomes = &report.summary.outcomes;
    let hashes = match inventory.sha256.is_empty() {
        true => Value::Null,
        false => json!({ "sha-256": inventory.sha256 }),
    };
    let mut run = json!({
        "tool": { "driver": {
            "name": PRODUCT,
            "semanticVersion": line(&report.tool.version, 64, "0.0.0"),
            "version": line(&report.tool.version, 64, "0.0.0"),
            "rules": report.policies.values().map(|policy| rule(report, policy)).collect::<Vec<_>>(),
        }},
        "automationDetails": { "id": category(report) },
        "invocations": [{
            "executionSuccessful": !report.collected.interrupted,
            "startTimeUtc": report.collected.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "endTimeUtc": report.collected.ended.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "toolExecutionNotifications": notifications(report, &notes),
        }],
        "artifacts": [{
            "location": { "uri": INVENTORY },
            "description": { "text": "the facts that were read, as `trailproof scan --format inventory` saves them" },
            "mimeType": "application/json",
            "hashes": hashes,
        }],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "fail": outcomes.fail,
            "unknown": outcomes.unknown,
            "pass": outcomes.pass,
            "notApplicable": outcomes.not_applicable,
            "resultsLeftOut": left_out,
            "synthetic": report.collected.synthetic,
        },
    });
    run = pruned(run);
    // An empty list of results says that the rules ran and found nothing; none at all says that they did not run.
    run["results"] = Value::Array(results.into_iter().map(pruned).collect());
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    let text = page(&document);
    Written { text, notes }
}

/// What keeps the alerts of one population together: GitHub closes those of the same category that an upload lacks.
fn category(report: &Report) -> String {
    let asked: Vec<&str> =
        report.population.accounts.iter().filter(|a| a.scope.standing == Standing::Asked).map(|a| a.scope.id.as_str()).collect();
    match (&asked[..], &report.population.organizations[..]) {
        ([one], _) if super::place::is_account(one) => format!("trailproof/{one}/"),
        (_, [organization]) => format!("trailproof/{}/", uuid(&["organization", &organization.id])),
        _ => format!("trailproof/{}/", uuid(&asked)),
    }
}

fn rule(report: &Report, policy: &PolicyView) -> Value {
    let title = prose(&policy.title, 255, &policy.id);
    let why = prose(&policy.why, TEXT, &title);
    let grade = grade(policy.severity);
    let first = report.findings.iter().find(|f| f.policy == policy.id);
    let served = first.map_or(&[][..], |f| &f.requirements);
    let mut tags = vec!["security".to_string(), "aws".to_string()];
    for requirement in served {
        let tag = line(&requirement.framework, 64, "-");
        if !tags.contains(&tag) && tags.len() < TAGS {
            tags.push(tag);
        }
    }
    let links: Vec<&str> = policy.references.iter().map(String::as_str).filter(|url| super::entry::is_link(url)).collect();
    let pages = if links.is_empty() { String::new() } else { format!(" See {}", links.join(" ")) };
    json!({
        "id": line(&policy.id, 255, "policy"),
        "name": line(&policy.id, 255, "policy"),
        "shortDescription": { "text": title },
        "fullDescription": { "text": why },
        "help": { "text": format!("{why}{pages}") },
        "helpUri": links.first(),
        "defaultConfiguration": { "level": grade.sarif },
        "properties": { "security-severity": grade.security, "precision": "very-high", "tags": tags },
    })
}

fn result(report: &Report, entry: &Entry<'_>, rule: Option<usize>, line_of_record: Option<usize>) -> Value {
    let finding = entry.finding;
    let subject = &finding.subject;
    let words = entry.verdict.words();
    let grade = entry.grade();
    // The standard wants `none` wherever the kind is not `fail`.
    let level = if words.sarif == "fail" { grade.sarif } else { "none" };
    let logical = json!([{
        "name": line(&subject.name, 512, "-"),
        "fullyQualifiedName": line(&subject.id, 1_024, "-"),
        "kind": "resource",
    }]);
    json!({
        "ruleId": line(&finding.policy, 255, "policy"),
        "ruleIndex": rule,
        "kind": words.sarif,
        "level": level,
        "message": { "text": message(&entry.story(), &finding.policy) },
        "locations": [{ "physicalLocation": physical(report, finding, line_of_record), "logicalLocations": logical }],
        "relatedLocations": related(finding),
        "partialFingerprints": { "trailproofFinding/v1": entry.id.to_string() },
        "guid": entry.id.to_string(),
        "suppressions": suppressions(entry),
        "properties": {
            "outcome": words.word,
            "severity": finding.severity.label(),
            "account": line(&subject.account, 64, "unknown"),
            "region": subject.region.as_ref().map(|r| line(r, 64, "-")),
            "requirements": entry.requirements.iter().map(|r| line(&r.aws_spelling(), 128, "-")).collect::<Vec<_>>(),
            "advice": entry.advice().map(|a| prose(&a, TEXT, "-")),
        },
    })
}

/// A message of plain text: SARIF reads links of the form `[text](place)` and placeholders `{0}` even there.
///
/// Source: SARIF 2.1.0, sections 3.11.5 and 3.11.6.
fn message(text: &str, or: &str) -> String {
    let mut shown = prose(text, TEXT, or);
    if shown.contains("](") {
        shown = shown.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
    }
    let placeholder = |(at, _): (usize, &str)| shown[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    if shown.match_indices('{').any(placeholder) {
        shown = shown.replace('{', "{{").replace('}', "}}");
    }
    shown
}

/// The place in the code that the finding read, else the record in the saved inventory.
fn physical(report: &Report, finding: &Finding, line_of_record: Option<usize>) -> Value {
    let spot = spot(report, finding, line_of_record);
    let index = (spot.file == INVENTORY).then_some(0);
    json!({
        "artifactLocation": { "uri": relative_uri(&spot.file), "index": index },
        "region": { "startLine": spot.line, "startColumn": spot.column },
    })
}

/// The module calls that lead to a resource, and what else has a part in it.
fn related(finding: &Finding) -> Value {
    let place = finding.place();
    let places: Vec<Value> = place
        .iter()
        .flat_map(|place| &place.related)
        .take(20)
        .map(|place| {
            json!({
                "physicalLocation": {
                    "artifactLocation": { "uri": relative_uri(&place.file) },
                    "region": { "startLine": place.line.max(1), "startColumn": place.column.max(1) },
                },
                "message": { "text": message(&place.what, "related") },
            })
        })
        .collect();
    if places.is_empty() { Value::Null } else { Value::Array(places) }
}

/// A path as a relative URI: what is not plain is written as its bytes.
fn relative_uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.trim_start_matches(['/', '\\']).bytes().take(2_048) {
        match byte {
            b'\\' => uri.push('/'),
            b if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) => uri.push(char::from(b)),
            b => uri.push_str(&format!("%{b:02X}")),
        }
    }
    if uri.is_empty() { "unknown".into() } else { uri }
}

fn suppressions(entry: &Entry<'_>) -> Value {
    let waiver = entry.finding.waiver.as_ref().filter(|_| entry.verdict == Verdict::Waived);
    waiver.map_or(Value::Null, |w| {
        let compensating = w.compensating_control.as_ref().map(|c| prose(c, TEXT, "-"));
        json!([{
            "kind": "external",
            "status": "accepted",
            "justification": prose(&w.reason, TEXT, "-"),
            "properties": {
                "waiver": line(&w.id, 128, "-"),
                "kind": waiver_kind(w),
                "owner": line(&w.owner, 256, "-"),
                "approvedBy": line(&w.approved_by, 256, "-"),
                "expires": w.expires.to_string(),
                "compensatingControl": compensating,
            },
        }])
    })
}

/// What could not be read, each root cause once, and what this file leaves out.
fn notifications(report: &Report, notes: &[String]) -> Vec<Value> {
    let gaps = report.gaps.iter().take(1_000).map(|view| {
        let text = format!("{}: {}", view.label, view.gap.message);
        json!({
            "level": "warning",
            "message": { "text": message(&text, "something could not be read") },
            "descriptor": { "id": "not-read" },
            "properties": { "findings": view.findings, "remedy": view.remedy.as_ref().map(|r| prose(r, TEXT, "-")) },
        })
    });
    let own = notes.iter().map(|note| json!({ "level": "warning", "message": { "text": note } }));
    gaps.chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_no_link_and_no_placeholder() {
        assert_eq!(message("[click](javascript:alert(1))", "-"), "\\[click\\](javascript:alert(1))");
        assert_eq!(message("status[us-east-1] {x}", "-"), "status[us-east-1] {x}");
        assert_eq!(message("{0} {x}", "-"), "{{0}} {{x}}");
    }

    #[test]
    fn paths_become_relative_uris() {
        assert_eq!(relative_uri("/modules/a b/<main>.tf"), "modules/a%20b/%3Cmain%3E.tf");
        assert_eq!(relative_uri("javascript:alert(1)"), "javascript%3Aalert%281%29");
    }

    #[test]
    fn records_are_found_by_their_line() {
        let text = "{\n  \"accounts\": [\n    {\n      \"id\": \"1\",\n      \"x\": {\n        \"id\": \"2\"\n      }\n    }\n  ],\n  \"buckets\": [\n    {\n      \"name\": \"a\\\"b\"\n    }\n  ]\n}";
        let lines = InventoryLines::of(text);
        let subject = |kind: &str, id: &str, name: &str| Subject {
            kind: kind.into(),
            id: id.into(),
            name: name.into(),
            account: String::new(),
            region: None,
            place: None,
        };
        assert_eq!(lines.line(&subject("account", "1", "one")), Some(3));
        assert_eq!(lines.line(&subject("account", "2", "two")), None);
        assert_eq!(lines.line(&subject("bucket", "arn:aws:s3:::a\"b", "a\"b")), Some(11));
    }
}
