//! Waivers as the page shows them: at their finding, and as a table of all.

use serde::Serialize;

use super::links::{Link, Places};
use super::size::{FINDINGS_PER_SERVING, ROWS_PER_TABLE};
use crate::finding::Waived;
use crate::report::{WaiverView, WaiversView, waivers};
use crate::waiver::{Evidence, Standing, State, Statement};

/// Resources of one waiver that are named.
const RESOURCES: usize = 5;

/// The register of an audit.
#[derive(Serialize)]
pub(super) struct Register {
    file: String,
    sha256: String,
    waived: usize,
    ended: usize,
    alarms: Vec<String>,
    warnings: Vec<String>,
    more_warnings: usize,
    rows: Vec<Row>,
    more: usize,
}

#[derive(Serialize)]
struct Row {
    id: String,
    class: &'static str,
    state: &'static str,
    standing: String,
    policy: Link,
    kind: &'static str,
    resources: Vec<String>,
    more_resources: usize,
    frameworks: Vec<String>,
    owner: String,
    approved_by: String,
    reason: String,
    control: Option<String>,
    evidence: Option<File>,
    findings: Vec<Link>,
    more_findings: usize,
    idle: Option<String>,
}

#[derive(Serialize)]
struct File {
    path: String,
    sha256: String,
}

/// A waiver at its finding.
#[derive(Serialize)]
pub(super) struct Mark {
    class: &'static str,
    label: &'static str,
    pub(super) is_expired: bool,
    id: String,
    kind: &'static str,
    owner: String,
    approved_by: String,
    reason: String,
    control: Option<String>,
    created: String,
    expires: String,
}

/// What people state of a requirement.
#[derive(Serialize)]
pub(super) struct Attestation {
    class: &'static str,
    label: &'static str,
    by: String,
    statement: String,
    date: String,
    expires: String,
    evidence: Vec<File>,
}

pub(super) fn register(view: &WaiversView, places: &Places<'_>) -> Register {
    Register {
        file: view.file.clone(),
        sha256: view.sha256.clone(),
        waived: view.waived,
        ended: view.ended,
        alarms: view.alarms.clone(),
        warnings: view.warnings.iter().take(ROWS_PER_TABLE).cloned().collect(),
        more_warnings: view.warnings.len().saturating_sub(ROWS_PER_TABLE),
        rows: view.waivers.iter().take(ROWS_PER_TABLE).map(|waiver| row(waiver, places)).collect(),
        more: view.waivers.len().saturating_sub(ROWS_PER_TABLE),
    }
}

fn row(waiver: &WaiverView, places: &Places<'_>) -> Row {
    let (class, state) = match waiver.state {
        State::Expired => ("fail", "expired"),
        State::EndsSoon => ("unknown", "ends soon"),
        State::Holds => ("manual", "holds"),
        State::NotYet => ("na", "not yet"),
    };
    let standing = match waiver.state {
        State::Expired | State::EndsSoon => format!("on {}", waiver.expires),
        State::Holds => format!("until {}", waiver.expires),
        State::NotYet => format!("from {}", waiver.created),
    };
    let finding =
        |number: &usize| Link { text: format!("F{number}"), href: places.findings.get(number).map(|id| format!("#{id}")) };
    Row {
        id: waiver.id.clone(),
        class,
        state,
        standing,
        policy: places.policy(&waiver.policy),
        kind: waivers::kind(waiver.kind),
        resources: waiver.resources.iter().take(RESOURCES).cloned().collect(),
        more_resources: waiver.resources.len().saturating_sub(RESOURCES),
        frameworks: waiver.frameworks.clone(),
        owner: waiver.owner.clone(),
        approved_by: waiver.approved_by.clone(),
        reason: waiver.reason.clone(),
        control: waiver.compensating_control.clone(),
        evidence: waiver.evidence.as_ref().map(file),
        findings: waiver.findings.iter().take(FINDINGS_PER_SERVING).map(finding).collect(),
        more_findings: waiver.findings.len().saturating_sub(FINDINGS_PER_SERVING),
        idle: waiver.idle.clone(),
    }
}

pub(super) fn mark(waived: &Waived) -> Mark {
    Mark {
        class: if waived.is_expired { "fail" } else { "manual" },
        label: if waived.is_expired { "waiver expired" } else { "waived" },
        is_expired: waived.is_expired,
        id: waived.id.clone(),
        kind: waivers::kind(waived.kind),
        owner: waived.owner.clone(),
        approved_by: waived.approved_by.clone(),
        reason: waived.reason.clone(),
        control: waived.compensating_control.clone(),
        created: waived.created.to_string(),
        expires: waived.expires.to_string(),
    }
}

pub(super) fn attestation(statement: &Statement) -> Attestation {
    let (class, label) = match statement.standing {
        Standing::Holds => ("manual", "people attest"),
        Standing::EndsSoon => ("manual", "people attest, ends soon"),
        Standing::NotYet => ("unknown", "attested for a later day"),
        Standing::Expired => ("unknown", "attestation expired"),
    };
    Attestation {
        class,
        label,
        by: statement.by.clone(),
        statement: statement.statement.clone(),
        date: statement.date.to_string(),
        expires: statement.expires.to_string(),
        evidence: statement.evidence.iter().map(file).collect(),
    }
}

fn file(evidence: &Evidence) -> File {
    File { path: evidence.path.clone(), sha256: evidence.sha256.clone() }
}
