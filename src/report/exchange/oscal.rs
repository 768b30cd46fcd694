//! OSCAL 1.2.1 Assessment Results.
//!
//! An observation is one finding of ours. An OSCAL finding is one requirement of one framework, with what the facts alone say of
//! it and the observations behind it; requirements that only people or AWS can show have none. A waiver is a risk whose
//! deviation is approved, an expired one an open risk. PCI DSS and HIPAA have no OSCAL catalogue: requirement ids are
//! tokens of our own namespace, with the framework's own id beside them. Every reference leads somewhere in the document.
//!
//! Source: <https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/json-reference/>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::entry::{Entry, entries, standard, strength_word, uuid, waiver_kind, waiver_words};
use super::shape::{line, page, prose, pruned};
use super::verdict::{Verdict, objective};
use super::{PRODUCT, Written};
use crate::finding::{Outcome, Subject};
use crate::report::{FrameworkView, Report, RequirementView, json as report_json, wording};

/// Names that OSCAL does not define.
const NAMESPACE: &str = "urn:x-trailproof:oscal:1";

/// Bytes of a property's value and of a text.
const VALUE: usize = 500;
const TEXT: usize = 2_000;

/// Facts that an observation quotes; `report.json` has all.
const FACTS: usize = 6;

/// One document with one result.
///
/// # Errors
/// None in practice: every type of the report serializes.
pub fn write(report: &Report) -> Result<Written, serde_json::Error> {
    let bytes = report_json::write(report)?;
    let hash = Sha256::digest(&bytes);
    let digest: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    let document = Document { report, entries: entries(report), digest };
    let mut value = pruned(document.value());
    let selection = &mut value["assessment-results"]["results"][0]["reviewed-controls"]["control-selections"][0];
    if selection["include-controls"].is_null() {
        // "Everything" is an empty object in OSCAL.
        selection["include-all"] = Value::Object(serde_json::Map::new());
    }
    Ok(Written::whole(page(&value)))
}

struct Document<'a> {
    report: &'a Report,
    entries: Vec<Entry<'a>>,
    /// SHA-256 of `report.json`.
    digest: String,
}

/// A requirement that the facts say something about.
struct Objective<'a> {
    framework: &'a FrameworkView,
    requirement: &'a RequirementView,
    state: &'static str,
    reason: &'static str,
}

fn tool() -> String {
    uuid(&["oscal", "tool"]).to_string()
}

fn resource() -> String {
    uuid(&["oscal", "report.json"]).to_string()
}

fn plan() -> String {
    uuid(&["oscal", "plan"]).to_string()
}

fn item(subject: &Subject) -> String {
    uuid(&["oscal", "subject", &subject.kind, &subject.id]).to_string()
}

fn observation(entry: &Entry<'_>) -> String {
    uuid(&["oscal", "observation", &entry.id.to_string()]).to_string()
}

fn risk(entry: &Entry<'_>) -> String {
    uuid(&["oscal", "risk", &entry.id.to_string()]).to_string()
}

/// An OSCAL token: a letter first, then letters, digits, `.`, `-` and `_`.
fn token(framework: &str, id: &str) -> String {
    let mut out = String::from("r_");
    for c in framework.chars().take(100).chain(['_']).chain(id.chars().take(100)) {
        match c {
            c if c.is_ascii_alphanumeric() || ".-_".contains(c) => out.push(c),
            ')' => {}
            _ => out.push('.'),
        }
    }
    out
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": line(value, VALUE, "-") })
}

impl<'a> Document<'a> {
    fn value(&self) -> Value {
        let report = self.report;
        let all: String = report.findings.iter().map(|f| format!("{}{}", f.outcome.label(), f.subject.id)).collect();
        let identity = uuid(&["oscal", "document", &report.now.to_string(), &all]).to_string();
        json!({ "assessment-results": {
            "uuid": identity,
            "metadata": {
                "title": "Audit of what decides whether AWS logs can be trusted",
                "last-modified": report.now.to_string(),
                "version": line(&report.tool.version, 64, "0"),
                "oscal-version": "1.2.1",
                "props": [
                    property("tool-version", &report.tool.version),
                    property("synthetic-data", if report.collected.synthetic { "yes" } else { "no" }),
                    property("interrupted", if report.collected.interrupted { "yes" } else { "no" }),
                ],
                "remarks": "What the facts that were read say. Whether a requirement is met an assessor decides.",
            },
            "import-ap": {
                "href": format!("#{}", plan()),
                "remarks": "There is no assessment plan in OSCAL: the resource says what was asked.",
            },
            "results": [self.result(&identity)],
            "back-matter": { "resources": [
                {
                    "uuid": plan(),
                    "title": "What was asked",
                    "description": prose(&format!(
                        "{} of Trailproof {}; accounts: {}.",
                        wording::counted(report.policies.len(), "policy"),
                        report.tool.version,
                        report.population.accounts_line()
                    ), TEXT, "policies"),
                },
                {
                    "uuid": resource(),
                    "title": "report.json",
                    "description": "Every finding with every fact that was read for it and the call that gave it.",
                    "rlinks": [{
                        "href": "report.json",
                        "media-type": "application/json",
                        "hashes": [{ "algorithm": "SHA-256", "value": self.digest }],
                    }],
                },
            ]},
        }})
    }

    fn result(&self, identity: &str) -> Value {
        let report = self.report;
        let objectives = self.objectives();
        let mut controls: Vec<Value> = objectives
            .iter()
            .map(|o| token(&o.framework.id, &o.requirement.id))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|id| json!({ "control-id": id }))
            .collect();
        let selection = match controls.is_empty() {
            true => json!({ "description": "no framework was asked about" }),
            false => json!({
                "description": "requirements that the facts say something about",
                "include-controls": std::mem::take(&mut controls),
            }),
        };
        json!({
            "uuid": uuid(&["oscal", "result", identity]).to_string(),
            "title": prose(&report.result, VALUE, "result"),
            "description": prose(&report.executive.paragraph, TEXT, &report.result),
            "start": report.collected.started.to_string(),
            "end": report.collected.ended.to_string(),
            "local-definitions": {
                "components": [{
                    "uuid": tool(),
                    "type": "software",
                    "title": PRODUCT,
                    "description": "Reads settings of AWS accounts and judges them by policies.",
                    "props": [property("version", &report.tool.version)],
                    "status": { "state": "operational" },
                }],
                "inventory-items": self.items(),
            },
            "reviewed-controls": { "control-selections": [selection] },
            "observations": self.entries.iter().map(|entry| self.observation(entry)).collect::<Vec<_>>(),
            "risks": self.entries.iter().filter_map(|entry| self.risk(entry)).collect::<Vec<_>>(),
            "findings": objectives.iter().map(|o| self.finding(o)).collect::<Vec<_>>(),
        })
    }

    fn objectives(&self) -> Vec<Objective<'a>> {
        let rows = self.report.frameworks.iter().flat_map(|f| f.requirements.iter().map(move |r| (f, r)));
        rows.filter_map(|(framework, requirement)| {
            let (state, reason) = objective(requirement.status)?;
            Some(Objective { framework, requirement, state, reason })
        })
        .collect()
    }

    fn items(&self) -> Vec<Value> {
        let subjects: BTreeMap<String, &Subject> =
            self.entries.iter().map(|e| (item(&e.finding.subject), &e.finding.subject)).collect();
        let describe = |(uuid, subject): (String, &Subject)| {
            let mut props =
                vec![property("kind", &subject.kind), property("id", &subject.id), property("account", &subject.account)];
            props.extend(subject.region.as_ref().map(|r| property("region", r)));
            json!({
                "uuid": uuid,
                "description": prose(&format!("{} {}", subject.kind, subject.name), VALUE, "subject"),
                "props": props,
            })
        };
        subjects.into_iter().map(describe).collect()
    }

    fn observation(&self, entry: &Entry<'_>) -> Value {
        let finding = entry.finding;
        let mut facts: Vec<String> = finding
            .facts
            .iter()
            .take(FACTS)
            .map(|f| match (&f.value, &f.gap) {
                (Some(value), _) => format!("{} of {} is {}", f.path, f.of, value),
                (None, Some(gap)) => format!("{} of {} is not known: {}", f.path, f.of, gap.message),
                (None, None) => format!("{} of {} is not known", f.path, f.of),
            })
            .collect();
        if finding.facts.len() > FACTS {
            facts.push(format!("{} more facts in report.json", finding.facts.len() - FACTS));
        }
        let read = if facts.is_empty() { "no fact was read".to_string() } else { facts.join("; ") };
        let mut props = vec![
            property("policy", &finding.policy),
            property("outcome", entry.verdict.words().word),
            property("severity", finding.severity.label()),
            property("finding-of-report-json", &entry.number.to_string()),
        ];
        props
            .extend(entry.requirements.iter().map(|r| property(strength_word(r.strength), &format!("{} {}", r.framework, r.id))));
        json!({
            "uuid": observation(entry),
            "title": prose(entry.title(), VALUE, &finding.policy),
            "description": prose(&entry.story(), TEXT, &finding.policy),
            "props": props,
            "methods": ["EXAMINE"],
            "types": ["control-objective"],
            "origins": [{ "actors": [{ "type": "tool", "actor-uuid": tool() }] }],
            "subjects": [{ "subject-uuid": item(&finding.subject), "type": "inventory-item" }],
            "relevant-evidence": [{ "href": format!("#{}", resource()), "description": prose(&read, TEXT, "facts") }],
            "collected": self.report.collected.ended.to_string(),
        })
    }

    /// What a waiver says.
    fn risk(&self, entry: &Entry<'_>) -> Option<Value> {
        let finding = entry.finding;
        let waiver = finding.waiver.as_ref().filter(|_| matches!(entry.verdict, Verdict::Waived | Verdict::Lapsed))?;
        let (status, title, statement) = match entry.verdict {
            Verdict::Waived => ("deviation-approved", format!("Waiver {}", waiver.id), waiver.reason.clone()),
            _ => {
                let statement = format!("{}; {}", waiver.reason, waiver_words(waiver));
                ("open", format!("Waiver {}, expired", waiver.id), statement)
            }
        };
        let log = json!([{
            "uuid": uuid(&["oscal", "risk-log", &risk(entry)]).to_string(),
            "title": prose(&format!("{title}, approved by {}", waiver.approved_by), VALUE, "waiver"),
            "start": format!("{}T00:00:00Z", waiver.created),
            "status-change": status,
        }]);
        let instead = waiver.compensating_control.as_ref().map(|control| {
            json!([{
                "uuid": uuid(&["oscal", "response", &risk(entry)]).to_string(),
                "lifecycle": "completed",
                "title": "Compensating control",
                "description": prose(control, TEXT, "-"),
            }])
        });
        Some(json!({
            "uuid": risk(entry),
            "title": prose(&title, VALUE, "waiver"),
            "description": prose(&finding.message, TEXT, &finding.policy),
            "statement": prose(&statement, TEXT, "-"),
            "props": [
                property("waiver", &waiver.id),
                property("kind", waiver_kind(waiver)),
                property("owner", &waiver.owner),
                property("approved-by", &waiver.approved_by),
                property("severity", finding.severity.label()),
            ],
            "status": status,
            "deadline": format!("{}T23:59:59Z", waiver.expires),
            "remediations": instead,
            "risk-log": { "entries": log },
            "related-observations": [{ "observation-uuid": observation(entry) }],
        }))
    }

    fn finding(&self, objective: &Objective<'_>) -> Value {
        let Objective { framework, requirement, state, reason } = objective;
        let behind = self.behind(framework, requirement);
        let waived: Vec<Value> = behind
            .iter()
            .filter(|e| matches!(e.verdict, Verdict::Waived | Verdict::Lapsed) && e.finding.waiver.is_some())
            .map(|e| json!({ "risk-uuid": risk(e) }))
            .collect();
        let related: Vec<Value> = behind.iter().map(|e| json!({ "observation-uuid": observation(e) })).collect();
        let residue = requirement.manual.as_deref().map(|m| format!(" People show beside it: {m}.")).unwrap_or_default();
        json!({
            "uuid": uuid(&["oscal", "finding", &framework.id, &requirement.id]).to_string(),
            "title": prose(&format!("{} {}", standard(framework), requirement.id), VALUE, "requirement"),
            "description": prose(
                &format!("{} ({}): {}.", requirement.title, requirement.status.label(), requirement.because), TEXT, "-"
            ),
            "props": [property("framework", &framework.id), property("requirement", &requirement.id)],
            "target": {
                "type": "objective-id",
                "target-id": token(&framework.id, &requirement.id),
                "status": { "state": state, "reason": reason },
                "remarks": prose(
                    &format!("By the facts alone; {}.{residue}", framework.scope.statement.trim_end_matches('.')), TEXT, "-"
                ),
            },
            "related-observations": related,
            "related-risks": waived,
        })
    }

    /// The findings behind a requirement: those that the matrix leaves open, and those of its scope that hold.
    fn behind(&self, framework: &FrameworkView, requirement: &RequirementView) -> Vec<&Entry<'a>> {
        let open: BTreeSet<usize> = requirement.policies.iter().flat_map(|p| p.open.iter().copied()).collect();
        let in_scope = |account: &str| framework.scope.accounts.as_ref().is_none_or(|all| all.iter().any(|a| a == account));
        let serves = |e: &&Entry<'_>| {
            open.contains(&e.number)
                || (matches!(e.finding.outcome, Outcome::Pass | Outcome::NotApplicable)
                    && in_scope(&e.finding.subject.account)
                    && e.requirements.iter().any(|r| r.framework == framework.id && r.id == requirement.id))
        };
        self.entries.iter().filter(serves).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirement_ids_become_tokens() {
        assert_eq!(token("hipaa-security-rule", "164.312(a)(2)(iv)"), "r_hipaa-security-rule_164.312.a.2.iv");
        assert_eq!(token("=1", "\u{202e}<b>"), "r_.1_..b.");
    }
}
